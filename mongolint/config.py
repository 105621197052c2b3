"""Options: where they are written, what they may hold, which rules and files they name.

`Config` is the schema: each field is an option with its kind and its line of help; the parser, the checks and
"did you mean" come from it. May not know rules beyond their codes, names and option defaults, nor read any
file but the two that hold options.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import lru_cache
from pathlib import Path
from typing import Any

from mongolint.finding import Confidence, Severity
from mongolint.globs import Globs
from mongolint.selectors import RuleInfo as RuleInfo
from mongolint.selectors import did_you_mean as did_you_mean
from mongolint.selectors import resolve_selection as resolve_selection
from mongolint.selectors import rule_hint, specificity

DEFAULT_EXCLUDE = (
    *(".bzr/", ".direnv/", ".eggs/", ".git/", ".hg/", ".hypothesis/", ".ipynb_checkpoints/", ".mypy_cache/"),
    *(".nox/", ".pants.d/", ".pytest_cache/", ".pytype/", ".ruff_cache/", ".svn/", ".tox/", ".venv/"),
    *("__pycache__/", "__pypackages__/", "_build/", "buck-out/", "build/", "dist/", "node_modules/"),
    *("site-packages/", "venv/"),
)
FORMATS = (
    *("full", "concise", "grouped", "json", "jsonl", "markdown"),
    *("sarif", "github", "gitlab", "junit", "rdjson"),
)
INDEX_SOURCES = ("code", "external")

_TOML_PLACE = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)")
_TOML_KEY = r"""(?:[\w-]+|"[^"]*"|'[^']*')"""
_TOML_TABLE = re.compile(rf"\s*\[+\s*({_TOML_KEY}(?:\s*\.\s*{_TOML_KEY})*)\s*\]")
_TOML_ENTRY = re.compile(rf"\s*({_TOML_KEY}(?:\s*\.\s*{_TOML_KEY})*)\s*=")


class ConfigError(Exception):
    """A mistake in a configuration file, or in selectors given elsewhere (then ``file`` is None).

    ``message`` is one line; `str` puts the place before it, as far as it is known.
    """

    def __init__(
        self, message: str, file: Path | None = None, line: int | None = None, column: int | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.file = file
        self.line = line
        self.column = column

    def __str__(self) -> str:
        return ": ".join([*self._place(), self.message])

    def _place(self) -> list[str]:
        numbers = [str(number) for number in (self.line, self.column) if number is not None]
        return [":".join([str(self.file), *numbers])] if self.file is not None else []


@lru_cache(maxsize=256)
def _globs(patterns: tuple[str, ...]) -> Globs:
    return Globs(patterns)


def _spec(kind: str, text: str) -> dict[str, str]:
    """The part of an option that a dataclass field has no place for."""
    return {"kind": kind, "help": text}


@dataclass(frozen=True)
class Config:
    """All options, checked. Globs and source roots are relative to ``root``.

    ``root`` is the absolute directory of the file that holds the options, else the project's; ``file`` is
    that file. ``rules`` holds, per rule name, every option that the rule has, given or default. Methods that
    ask about a path take it absolute or relative to the working directory.
    """

    root: Path = field(default_factory=Path.cwd)
    file: Path | None = None
    select: tuple[str, ...] | None = field(
        default=None,
        metadata=_spec("selectors", "Rules to run: codes, prefixes, names or ALL; default: those of the default tier."),
    )
    ignore: tuple[str, ...] = field(
        default=(), metadata=_spec("selectors", "Rules not to run; the more specific selector wins.")
    )
    extend_select: tuple[str, ...] = field(
        default=(), metadata=_spec("selectors", "Rules to run besides those selected.")
    )
    extend_ignore: tuple[str, ...] = field(
        default=(), metadata=_spec("selectors", "Rules not to run besides those ignored.")
    )
    fixable: tuple[str, ...] = field(default=("ALL",), metadata=_spec("selectors", "Rules whose fixes may be applied."))
    unfixable: tuple[str, ...] = field(default=(), metadata=_spec("selectors", "Rules whose fixes are never applied."))
    extend_safe_fixes: tuple[str, ...] = field(
        default=(), metadata=_spec("selectors", "Rules whose unsafe fixes are applied as if they were safe.")
    )
    exclude: tuple[str, ...] = field(
        default=DEFAULT_EXCLUDE, metadata=_spec("globs", "Files and directories to leave out.")
    )
    extend_exclude: tuple[str, ...] = field(
        default=(), metadata=_spec("globs", "Files and directories to leave out besides.")
    )
    force_exclude: bool = field(
        default=False, metadata=_spec("bool", "Leave excluded files out even when they are named.")
    )
    respect_gitignore: bool = field(default=True, metadata=_spec("bool", "Leave out what git ignores."))
    src: tuple[str, ...] = field(
        default=(), metadata=_spec("strings", "Directories that imports start from; default: found.")
    )
    fail_on: Severity = field(
        default=Severity.LOW, metadata=_spec("severity", "Lowest severity that makes the exit code 1.")
    )
    min_confidence: Confidence = field(
        default=Confidence.INFERRED,
        metadata=_spec("confidence", "Lowest confidence at which a finding is shown."),
    )
    output_format: str = field(
        default="full", metadata=_spec("format", f"How findings are shown: {', '.join(FORMATS)}.")
    )
    per_file_ignores: tuple[tuple[str, tuple[str, ...]], ...] = field(
        default=(),
        metadata=_spec("ignores", "Table of globs, each with rules not to run there; !glob: everywhere else."),
    )
    test_patterns: tuple[str, ...] = field(
        default=("tests/", "test_*.py", "*_test.py", "conftest.py"),
        metadata=_spec("globs", "Test files, where few rules report."),
    )
    cli_files: tuple[str, ...] = field(
        default=("__main__.py", "cli.py", "cli/", "manage.py"),
        metadata=_spec("globs", "Console programs, where print is fine."),
    )
    script_files: tuple[str, ...] = field(
        default=("scripts/", "migrations/"),
        metadata=_spec("globs", "Scripts and migrations, where speed matters less."),
    )
    indexes: str | None = field(
        default=None,
        metadata=_spec("string", "A snapshot that mongolint indexes pull wrote: these indexes exist too."),
    )
    index_source: str = field(
        default="code",
        metadata=_spec("index_source", "Where indexes are declared: code, or external: a snapshot has to tell."),
    )
    rules: Mapping[str, Mapping[str, Any]] = field(
        default_factory=dict, metadata=_spec("rules", "A table of options for each rule.")
    )

    @property
    def excluded(self) -> tuple[str, ...]:
        """``exclude`` and ``extend_exclude`` together."""
        return self.exclude + self.extend_exclude

    @property
    def indexes_file(self) -> Path | None:
        """The file that ``indexes`` names, relative to the directory of the file that says so."""
        return None if self.indexes is None else (self.file.parent if self.file else self.root) / self.indexes

    def rule_options(self, name: str) -> Mapping[str, Any]:
        """The options of a rule by its name; empty for a rule that has none."""
        return self.rules.get(name, {})

    @property
    def is_marked(self) -> bool:
        """Whether a configuration or a repository says where the project begins."""
        return self.file is not None or os.path.exists(self.root / ".git")

    def is_test(self, path: str | Path) -> bool:
        return self._covered(self.test_patterns, path)

    def is_cli(self, path: str | Path) -> bool:
        return self._covered(self.cli_files, path)

    def is_script(self, path: str | Path) -> bool:
        return self._covered(self.script_files, path)

    def ignored_in(self, path: str | Path, rules: Mapping[str, RuleInfo]) -> set[str]:
        """The codes that ``per-file-ignores`` turns off in a file."""
        codes: set[str] = set()
        for glob, selectors in self.per_file_ignores:
            if self._covered((glob.removeprefix("!"),), path) != glob.startswith("!"):
                codes |= resolve_selection(rules, {}, selectors)
        return codes

    def selected(
        self,
        rules: Mapping[str, RuleInfo],
        tiers: Mapping[str, str],
        *,
        select: Sequence[str] | None = None,
        ignore: Sequence[str] = (),
        extend_select: Sequence[str] = (),
    ) -> set[str]:
        """The codes to run: this configuration's, and on them the selectors of the command line."""
        base = resolve_selection(rules, tiers, self.select, self.ignore, self.extend_select, self.extend_ignore)
        return resolve_selection(rules, tiers, select, ignore, extend_select, base=base)

    def _covered(self, patterns: tuple[str, ...], path: str | Path) -> bool:
        absolute, root = os.path.abspath(path), os.path.join(self.root, "")
        # Of a file outside the root only the name counts: "tests/" is about the project's own directories.
        relative = absolute[len(root) :] if absolute.startswith(root) else os.path.basename(absolute)
        return _globs(patterns).covers(relative.replace(os.sep, "/"))


@dataclass(frozen=True, slots=True)
class Option:
    """One row of the schema. ``key`` is how the option is spelled in TOML."""

    key: str
    kind: str
    default: Any
    help: str


OPTIONS = tuple(
    Option(
        item.name.replace("_", "-"),
        item.metadata["kind"],
        {} if item.name == "rules" else item.default,
        item.metadata["help"],
    )
    for item in fields(Config)
    if "kind" in item.metadata
)


def load(start: Path, known_rules: Mapping[str, RuleInfo]) -> Config:
    """The configuration for a file or directory: of the nearest file that holds options, else defaults.

    Raises:
        ConfigError: TOML that does not parse, unknown keys or rules, values of a wrong type.
    """
    folder = _folder(start)
    for candidate in (folder, *folder.parents):
        file = _options_file(candidate)
        if file is not None:
            return load_file(file, known_rules)
    return Config(root=project_root(start), rules=_rule_defaults(known_rules))


def load_file(file: Path, known_rules: Mapping[str, RuleInfo]) -> Config:
    """The configuration in a file: of ``[tool.mongolint]`` in a ``pyproject.toml``, else of its top level.

    Raises:
        ConfigError: as `load`, or the file cannot be read.
    """
    file = Path(os.path.abspath(file))
    try:
        text = file.read_bytes().decode("utf-8-sig")
        document = _parse_toml(text)
    except OSError as error:
        raise ConfigError(f"cannot read: {(error.strerror or str(error)).lower()}", file) from error
    except UnicodeDecodeError as error:
        raise ConfigError("not UTF-8 text, which TOML has to be", file) from error
    except ValueError as error:
        place = _TOML_PLACE.search(str(error))
        line, column = (int(place[1]), int(place[2])) if place and place[1] else (text.count("\n") + 1, None)
        raise ConfigError(f"invalid TOML: {_TOML_PLACE.sub('', str(error))}", file, line, column) from error
    inside = ("tool", "mongolint") if file.name == "pyproject.toml" else ()
    reader = _Reader(file, text, inside, known_rules)
    table: Any = document
    for depth, key in enumerate(inside, 1):
        table = reader.table(table.get(key, {}), inside[:depth])
    return Config(root=file.parent, file=file, **reader.options(table))


def project_root(path: Path) -> Path:
    """The directory a file or directory belongs to: nearest above it that holds options or ``.git``.

    Where there is none: the topmost package around it, or its own directory.
    """
    folder = _folder(path)
    for candidate in (folder, *folder.parents):
        if _options_file(candidate) is not None or os.path.exists(candidate / ".git"):
            return candidate
    while os.path.isfile(folder / "__init__.py") and os.path.isfile(folder.parent / "__init__.py"):
        folder = folder.parent
    return folder


def check_selectors(selectors: Iterable[str], known_rules: Mapping[str, RuleInfo], where: str) -> tuple[str, ...]:
    """Selectors in the spelling that `resolve_selection` knows; ``where`` is for the message: ``--select``.

    Raises:
        ConfigError: a selector names no rule.
    """
    checked = []
    for selector in selectors:
        spellings = (selector, selector.upper(), selector.lower())
        found = (word for word in spellings if any(specificity(word, rule) for rule in known_rules.values()))
        spelling = next(found, None)
        if spelling is None:
            hint = rule_hint(selector, known_rules)
            raise ConfigError(f"unknown rule {selector!r} in {where}{hint}")
        checked.append(spelling)
    return tuple(checked)


class _Reader:
    """Checks the table of one file against the schema; every mistake is a `ConfigError` with its line."""

    def __init__(self, file: Path, text: str, inside: tuple[str, ...], known_rules: Mapping[str, RuleInfo]) -> None:
        self.file = file
        self.text = text
        self.inside = inside
        self.known = known_rules

    def options(self, table: Mapping[str, Any]) -> dict[str, Any]:
        """Field values of `Config`, by field name."""
        schema = {option.key: option for option in OPTIONS}
        values: dict[str, Any] = {"rules": _rule_defaults(self.known)}
        for key, value in table.items():
            if key not in schema:
                hint = did_you_mean(key, schema)
                if not self.inside and key == "tool":
                    hint = "; here options stand at the top level, not in [tool.mongolint]"
                raise self.error(f"unknown option {key!r}{hint}", (key,))
            values[key.replace("-", "_")] = getattr(self, f"_{schema[key].kind}")(key, value)
        return values

    def table(self, value: Any, path: tuple[str, ...]) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise ConfigError(f"[{'.'.join(path)}] has to be a table, not {_kind(value)}", self.file, self._line(path))
        return value

    def error(self, message: str, path: tuple[str, ...]) -> ConfigError:
        return ConfigError(message, self.file, self._line(self.inside + path))

    def _wrong(self, path: tuple[str, ...], expected: str, value: Any) -> ConfigError:
        return self.error(f"option {'.'.join(path)!r} has to be {expected}, not {_kind(value)}", path)

    def _bool(self, key: str, value: Any) -> bool:
        if not isinstance(value, bool):
            raise self._wrong((key,), "true or false", value)
        return value

    def _strings(self, key: str, value: Any) -> tuple[str, ...]:
        return self._list((key,), value)

    def _globs(self, key: str, value: Any) -> tuple[str, ...]:
        return self._patterns((key,), self._list((key,), value))

    def _selectors(self, key: str, value: Any) -> tuple[str, ...]:
        return self._rule_list((key,), value)

    def _severity(self, key: str, value: Any) -> Severity:
        return Severity(self._choice(key, value, [item.value for item in Severity]))

    def _confidence(self, key: str, value: Any) -> Confidence:
        return Confidence(self._choice(key, value, [item.value for item in Confidence]))

    def _format(self, key: str, value: Any) -> str:
        return self._choice(key, value, FORMATS)

    def _index_source(self, key: str, value: Any) -> str:
        return self._choice(key, value, INDEX_SOURCES)

    def _string(self, key: str, value: Any) -> str:
        if not isinstance(value, str):
            raise self._wrong((key,), "a string", value)
        return value

    def _ignores(self, key: str, value: Any) -> tuple[tuple[str, tuple[str, ...]], ...]:
        if not isinstance(value, dict):
            raise self._wrong((key,), "a table of globs and lists of rules", value)
        self._patterns((key,), [glob.removeprefix("!") for glob in value])
        return tuple((glob, self._rule_list((key, glob), rules)) for glob, rules in value.items())

    def _rules(self, key: str, value: Any) -> dict[str, Mapping[str, Any]]:
        if not isinstance(value, dict):
            raise self._wrong((key,), "a table of rules", value)
        result: dict[str, Mapping[str, Any]] = _rule_defaults(self.known)
        for word, options in value.items():
            rule = next((item for item in self.known.values() if word in (item.name, item.code)), None)
            if rule is None:
                raise self.error(f"unknown rule {word!r} in {key!r}{rule_hint(word, self.known)}", (key, word))
            if not isinstance(options, dict):
                raise self._wrong((key, word), "a table of the rule's options", options)
            result[rule.name] = {**result.get(rule.name, {}), **self._rule_options(key, word, rule, options)}
        return result

    def _rule_options(self, key: str, word: str, rule: RuleInfo, options: Mapping[str, Any]) -> dict[str, Any]:
        values = {}
        for name, value in options.items():
            path = (key, word, name)
            if name not in rule.options:
                hint = did_you_mean(name, rule.options) if rule.options else ": the rule has no options"
                raise self.error(f"unknown option {name!r} of rule {rule.name!r}{hint}", path)
            default = rule.options[name]
            if isinstance(default, (list, tuple)):
                value = type(default)(self._list(path, value))
            elif isinstance(default, float) and type(value) is int:
                value = float(value)
            elif default is not None and type(value) is not type(default):
                raise self._wrong(path, _kind(default), value)
            values[name] = value
        return values

    def _choice(self, key: str, value: Any, choices: Sequence[str]) -> str:
        if self._string(key, value) not in choices:
            hint = did_you_mean(value, choices)
            raise self.error(f"option {key!r} has to be one of {', '.join(choices)}, not {value!r}{hint}", (key,))
        return str(value)

    def _list(self, path: tuple[str, ...], value: Any) -> tuple[str, ...]:
        if not isinstance(value, list):
            raise self._wrong(path, "a list of strings", value)
        for item in value:
            if not isinstance(item, str):
                raise self.error(f"option {'.'.join(path)!r} holds {_kind(item)} among its strings", path)
        return tuple(value)

    def _rule_list(self, path: tuple[str, ...], value: Any) -> tuple[str, ...]:
        selectors = self._list(path, value)
        try:
            return check_selectors(selectors, self.known, repr(".".join(path)))
        except ConfigError as error:
            raise self.error(error.message, path) from None

    def _patterns(self, path: tuple[str, ...], globs: Sequence[str]) -> tuple[str, ...]:
        try:
            Globs(globs)
        except ValueError as error:
            raise self.error(f"{error} in {'.'.join(path)!r}", path) from error
        return tuple(globs)

    def _line(self, path: tuple[str, ...]) -> int | None:
        """The line that writes a key, or the nearest table around it: the TOML parser keeps no places."""
        for size in range(len(path), 0, -1):
            table: tuple[str, ...] = ()
            for number, line in enumerate(self.text.split("\n"), 1):
                here: tuple[str, ...] = ()
                if header := _TOML_TABLE.match(line):
                    here = table = _toml_keys(header[1])
                elif entry := _TOML_ENTRY.match(line):
                    here = table + _toml_keys(entry[1])
                if here[:size] == path[:size]:
                    return number
        return None


def _toml_keys(dotted: str) -> tuple[str, ...]:
    return tuple(key.strip("\"'") for key in re.findall(_TOML_KEY, dotted))


def _kind(value: Any) -> str:
    kinds = {bool: "true or false", int: "an integer", float: "a number", str: "a string"}
    kinds |= {list: "a list", dict: "a table"}
    return kinds.get(type(value), f"a {type(value).__name__}")


def _rule_defaults(known_rules: Mapping[str, RuleInfo]) -> dict[str, Mapping[str, Any]]:
    return {rule.name: dict(rule.options) for rule in known_rules.values() if rule.options}


def _folder(path: Path) -> Path:
    path = Path(os.path.abspath(path))
    return path if os.path.isdir(path) else path.parent


def _options_file(folder: Path) -> Path | None:
    """The file of a directory that holds options, ``mongolint.toml`` first."""
    own = folder / "mongolint.toml"
    # Unlike the methods of a path, this raises nothing where a directory may not be searched
    if os.path.isfile(own):
        return own
    shared = folder / "pyproject.toml"
    try:
        data = shared.read_bytes()
        # A search for the word spares nearly all projects the parser and its import.
        if b"mongolint" not in data:
            return None
        document = _parse_toml(data.decode("utf-8-sig"))
    except OSError:
        return None
    except ValueError:
        return shared  # `load_file` says what is wrong with it
    tool = document.get("tool")
    return shared if isinstance(tool, dict) and "mongolint" in tool else None


def _parse_toml(text: str) -> dict[str, Any]:
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    return tomllib.loads(text)
