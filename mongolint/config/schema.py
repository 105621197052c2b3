"""The options: what each may hold, its default and its line of help; and what they decide.

`Config` is the schema. The parser, "did you mean", the JSON Schema, `mongolint config` and the table in the
documentation come from its fields. May not read files.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import field, fields
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from mongolint.config.kinds import Bool, Choice, Choices, Ignores, Kind, Patterns, Rules, Selectors, Text, Texts
from mongolint.fastclasses import NamedTuple, dataclass
from mongolint.finding import Confidence, Severity
from mongolint.globs import Globs
from mongolint.selectors import RuleInfo, resolve_selection

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
BASELINE = ".mongolint-baseline.json"
NEIGHBOURS = ("ruff",)

_CONFIDENCE = Choice([item.value for item in Confidence], Confidence)
_SEVERITY = Choice([item.value for item in Severity], Severity)

# ``file``: a configuration nearer to a file decides; ``project``: that of the whole project does
Scope = Literal["file", "project"]


class Origin(NamedTuple):
    """Where an option was written; ``file`` is None for the command line."""

    file: Path | None = None
    line: int | None = None


@lru_cache(maxsize=10_000)
def _covered(patterns: tuple[str, ...], root: str, path: str) -> bool:
    # Of a file outside the root only the name counts: "tests/" is about the project's own directories.
    relative = path[len(root) :] if path.startswith(root) else os.path.basename(path)
    return _globs(patterns).covers(relative.replace(os.sep, "/"))


@lru_cache(maxsize=256)
def _globs(patterns: tuple[str, ...]) -> Globs:
    return Globs(patterns)


def _spec(kind: Kind, text: str, scope: Scope = "project") -> dict[str, Any]:
    """The part of an option that a dataclass field has no place for."""
    return {"kind": kind, "help": text, "scope": scope}


def _option(default: Any, kind: Kind, text: str, scope: Scope = "project") -> Any:
    return field(default=default, metadata=_spec(kind, text, scope))


@dataclass(frozen=True)
class Config:
    """All options, checked. Globs and source roots are relative to ``root``.

    ``root`` is the absolute directory of the file that holds the options, else the project's; ``file`` is
    that file. ``origins`` says where each option was written, by its key, and for tables also by ``key.entry``.
    ``rules`` holds, per rule name, every option that the rule has, given or default. Methods that ask about a path
    take it absolute or relative to the working directory.
    """

    root: Path = field(default_factory=Path.cwd)
    file: Path | None = None
    origins: Mapping[str, Origin] = field(default_factory=dict, compare=False, repr=False)
    extends: str | None = _option(
        None, Text("path"), "A file of the project whose options hold where this one says nothing.", "file"
    )
    select: tuple[str, ...] | None = _option(
        None,
        Selectors(),
        "Rules to run: codes, prefixes, names or ALL; default: those of the default tier.",
        "file",
    )
    ignore: tuple[str, ...] = _option((), Selectors(), "Rules not to run; the more specific selector wins.", "file")
    extend_select: tuple[str, ...] = _option((), Selectors(adds=True), "Rules to run besides those selected.", "file")
    extend_ignore: tuple[str, ...] = _option(
        (), Selectors(adds=True), "Rules not to run besides those ignored.", "file"
    )
    preview: bool = _option(False, Bool(), "Run rules that are in preview, too.", "file")
    fixable: tuple[str, ...] = _option(("ALL",), Selectors(), "Rules whose fixes may be applied.", "file")
    unfixable: tuple[str, ...] = _option((), Selectors(), "Rules whose fixes are never applied.", "file")
    extend_safe_fixes: tuple[str, ...] = _option(
        (), Selectors(adds=True), "Rules whose unsafe fixes are applied as if they were safe.", "file"
    )
    per_file_ignores: tuple[tuple[str, tuple[str, ...]], ...] = _option(
        (), Ignores(), "Table of globs, each with rules not to run there; !glob: everywhere else.", "file"
    )
    defer_to: tuple[str, ...] = _option(
        (), Choices(NEIGHBOURS), "Linters to leave findings to that their own configuration selects, too.", "file"
    )
    min_confidence: Confidence = field(
        default=Confidence.INFERRED,
        metadata=_spec(_CONFIDENCE, "Lowest confidence at which a finding is shown.", "file"),
    )
    fail_on: Severity = field(
        default=Severity.LOW, metadata=_spec(_SEVERITY, "Lowest severity that makes the exit code 1.")
    )
    output_format: str = _option("full", Choice(FORMATS), f"How findings are shown: {', '.join(FORMATS)}.")
    exclude: tuple[str, ...] = _option(DEFAULT_EXCLUDE, Patterns(), "Files and directories to leave out.")
    extend_exclude: tuple[str, ...] = _option((), Patterns(adds=True), "Files and directories to leave out besides.")
    force_exclude: bool = _option(False, Bool(), "Leave excluded files out even when they are named.")
    respect_gitignore: bool = _option(True, Bool(), "Leave out what git ignores.")
    src: tuple[str, ...] = _option((), Texts(), "Directories that imports start from; default: found.")
    test_patterns: tuple[str, ...] = _option(
        ("tests/", "test_*.py", "*_test.py", "conftest.py"), Patterns(), "Test files, where few rules report."
    )
    cli_files: tuple[str, ...] = _option(
        ("__main__.py", "cli.py", "cli/", "manage.py"), Patterns(), "Console programs, where print is fine."
    )
    script_files: tuple[str, ...] = _option(
        ("scripts/", "migrations/"), Patterns(), "Scripts and migrations, where speed matters less."
    )
    indexes: str | None = _option(
        None, Text("path"), "A snapshot that mongolint indexes pull wrote: these indexes exist too."
    )
    index_source: str = _option(
        "code", Choice(INDEX_SOURCES), "Where indexes are declared: code, or external: a snapshot has to tell."
    )
    baseline: str | None = _option(
        None, Text("path"), f"The baseline that mongolint baseline writes; default: {BASELINE}, if it is there."
    )
    local_rules: tuple[str, ...] = _option(
        (), Texts("list of paths"), "Directories of the project that hold rules; loaded only where the user allows it."
    )
    rules: Mapping[str, Mapping[str, Any]] = field(
        default_factory=dict, metadata=_spec(Rules(), "A table of options for each rule.")
    )

    @property
    def excluded(self) -> tuple[str, ...]:
        """``exclude`` and ``extend_exclude`` together."""
        return self.exclude + self.extend_exclude

    @property
    def indexes_file(self) -> Path | None:
        """The file that ``indexes`` names, relative to the directory of the file that says so."""
        return None if self.indexes is None else (self.file.parent if self.file else self.root) / self.indexes

    @property
    def baseline_file(self) -> Path:
        """Where the baseline is, or would be."""
        return self.root / BASELINE if self.baseline is None else (self.file or self.root / "-").parent / self.baseline

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
        """The codes to run: this configuration's, and on them the selectors of the command line.

        None of a rule that is in preview without ``preview``, nor of one that another project brings along.
        """
        base = resolve_selection(rules, tiers, self.select, self.ignore, self.extend_select, self.extend_ignore)
        codes = resolve_selection(rules, tiers, select, ignore, extend_select, base=base)
        return {code for code in codes if self._may_run(rules[code])}

    def narrows(self, rules: Mapping[str, RuleInfo], tiers: Mapping[str, str], selected: Collection[str]) -> bool:
        """Whether rules are left out that run without any selectors."""
        return any(code not in selected and self._may_run(rules[code]) for code in resolve_selection(rules, tiers))

    def _may_run(self, rule: RuleInfo) -> bool:
        at_home = rule.home is None or self.root.is_relative_to(rule.home)
        return at_home and (self.preview or not rule.preview)

    def _covered(self, patterns: tuple[str, ...], path: str | Path) -> bool:
        return _covered(patterns, os.path.join(self.root, ""), os.path.abspath(path))


@dataclass(frozen=True, slots=True)
class Option:
    """One row of the schema. ``key`` is how the option is spelled in TOML, ``field`` its name in `Config`."""

    key: str
    kind: Kind
    default: Any
    help: str
    scope: Scope

    @property
    def field(self) -> str:
        return self.key.replace("-", "_")


OPTIONS = tuple(
    Option(
        item.name.replace("_", "-"),
        item.metadata["kind"],
        {} if item.name == "rules" else item.default,
        item.metadata["help"],
        item.metadata["scope"],
    )
    for item in fields(Config)
    if "kind" in item.metadata
)


def rule_defaults(known_rules: Mapping[str, RuleInfo]) -> dict[str, Mapping[str, Any]]:
    """The options of each rule that has any, by the rule's name."""
    return {rule.name: dict(rule.options) for rule in known_rules.values() if rule.options}
