"""Which rules Ruff runs on a file, by the project's own configuration.

Sources: Ruff's documentation, "Configuring Ruff" (discovery, ``extend``), "Settings" (``select``, ``ignore``,
``per-file-ignores``, ``exclude``, ``include``) and "The Ruff Linter" (which selector wins); the tests hold it to what
the installed Ruff reports. May know no rule of mongolint.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from functools import lru_cache
from pathlib import Path
from typing import Any

from mongolint.config import toml
from mongolint.fastclasses import dataclass

_FILES = (".ruff.toml", "ruff.toml", "pyproject.toml")
# What runs without ``select`` in every version of Ruff; 0.16 and later run more, of which nothing is deferred
_DEFAULT_SELECT = ("E4", "E7", "E9", "F")
_DEFAULT_EXCLUDE = (
    *(".bzr", ".direnv", ".eggs", ".git", ".git-rewrite", ".hg", ".ipynb_checkpoints", ".mypy_cache", ".nox"),
    *(".pants.d", ".pyenv", ".pytest_cache", ".pytype", ".ruff_cache", ".svn", ".tox", ".venv", ".vscode"),
    *("__pypackages__", "_build", "buck-out", "dist", "node_modules", "site-packages", "venv"),
)
# Bytes of a configuration: ``extend`` may name anything
_LARGEST = 1_000_000
# Selectors that Ruff takes for others
_RENAMED = {"T2": "T20"}
_Ignores = tuple[tuple[str, tuple[str, ...]], ...]


@dataclass(frozen=True, slots=True)
class _Selection:
    """The selectors of one file; None for a ``select`` that is not there."""

    select: tuple[str, ...] | None
    extend: tuple[str, ...]
    ignore: tuple[str, ...]


@dataclass(frozen=True)
class _Settings:
    """What one configuration says. Patterns are relative to ``root``; those of other files are absolute already."""

    root: str
    selections: tuple[_Selection, ...] = (_Selection(None, (), ()),)
    per_file: _Ignores | None = None
    extend_per_file: _Ignores = ()
    exclude: tuple[str, ...] | None = None
    extend_exclude: tuple[str, ...] = ()
    lint_exclude: tuple[str, ...] | None = None
    include: tuple[str, ...] | None = None
    _selected: dict[str, bool] = field(default_factory=dict, compare=False)

    def selects(self, code: str, path: str) -> bool:
        if code not in self._selected:
            self._selected[code] = _chosen(code, self.selections)
        return self._selected[code] and not self._leaves_out(path) and not self._ignored(code, path)

    def _leaves_out(self, path: str) -> bool:
        excluded = (*(_DEFAULT_EXCLUDE if self.exclude is None else self.exclude), *self.extend_exclude)
        ways = [path, *(str(parent) for parent in Path(path).parents if len(str(parent)) > len(self.root))]
        if any(self._means(excluded, way) for way in ways) or self._means(self.lint_exclude or (), path):
            return True
        return self.include is not None and not self._means(self.include, path)

    def _means(self, patterns: Sequence[str], path: str) -> bool:
        return any(_matches(pattern, path, self.root) for pattern in patterns)

    def _ignored(self, code: str, path: str) -> bool:
        for pattern, selectors in (*(self.per_file or ()), *self.extend_per_file):
            if any(_rank(selector, code) for selector in selectors):
                bare = pattern.removeprefix("!")
                if _matches(bare, path, self.root) != pattern.startswith("!"):
                    return True
        return False


class Ruff:
    """Ruff in this project; files are read once."""

    def __init__(self) -> None:
        self._by_folder: dict[str, _Settings | None] = {}

    def selects(self, code: str, path: str) -> bool:
        """Whether Ruff looks for this rule in the file of this absolute path.

        Without any configuration it runs its defaults. With one that it would refuse it reports nothing.
        """
        settings = self._of(os.path.dirname(path))
        return settings is not None and settings.selects(code, path)

    def _of(self, folder: str) -> _Settings | None:
        if folder not in self._by_folder:
            found = configuration(Path(folder))
            above = os.path.dirname(folder)
            if found is not None:
                self._by_folder[folder] = _read(found, ())
            else:
                self._by_folder[folder] = self._of(above) if above != folder else _Settings(folder)
        return self._by_folder[folder]


def configuration(folder: Path) -> Path | None:
    """The file of this directory that configures Ruff, if any."""
    for name in _FILES:
        file = folder / name
        if os.path.isfile(file) and (name != "pyproject.toml" or _has_table(file)):
            return file
    return None


def _has_table(file: Path) -> bool:
    try:
        data = file.read_bytes()
        return b"ruff" in data and "ruff" in toml.parse(data.decode("utf-8")).get("tool", {})
    except (OSError, ValueError, TypeError, AttributeError):
        return False


def _read(file: Path, seen: tuple[str, ...]) -> _Settings | None:
    """The settings of a file and of those that it extends; None where Ruff would refuse them."""
    try:
        if os.path.getsize(file) > _LARGEST or not os.path.isfile(file):
            return None
        table: Any = toml.parse(file.read_bytes().decode("utf-8"))
        table = table["tool"]["ruff"] if file.name == "pyproject.toml" else table
        own = _settings(table, file.parent.as_posix())
        extended = table.get("extend")
        if extended is None:
            return own
        target = file.parent / os.path.expandvars(os.path.expanduser(extended))
        real = os.path.realpath(target)
        if real in seen or len(seen) > 20:
            return None
        below = _read(target, (*seen, real))
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None
    return _over(own, below) if below else None


def _settings(table: Mapping[str, Any], root: str) -> _Settings:
    lint = table.get("lint", {})

    def get(key: str) -> Any:
        # Linter settings at the top level are deprecated, and still read
        return lint.get(key, table.get(key))

    def texts(value: Any) -> tuple[str, ...]:
        return tuple(str(item) for item in value or ())

    def ignores(key: str) -> _Ignores:
        return tuple((str(glob), texts(codes)) for glob, codes in (get(key) or {}).items())

    def absolute(patterns: Any) -> tuple[str, ...]:
        return tuple(_anchored(pattern, root) for pattern in texts(patterns))

    select = get("select")
    chosen = None if select is None else texts(select)
    selection = _Selection(chosen, texts(get("extend-select")), texts(get("ignore")) + texts(get("extend-ignore")))
    include = table.get("include")
    if include is not None or table.get("extend-include"):
        usual = ("*.py", "*.pyi", "*.ipynb")
        include = (*(usual if include is None else include), *table.get("extend-include", ()))
    exclude, lint_exclude = table.get("exclude"), lint.get("exclude")
    return _Settings(
        root,
        (selection,),
        None if get("per-file-ignores") is None else _anchor_all(ignores("per-file-ignores"), root),
        _anchor_all(ignores("extend-per-file-ignores"), root),
        None if exclude is None else absolute(exclude),
        absolute(table.get("extend-exclude")),
        None if lint_exclude is None else absolute(lint_exclude),
        None if include is None else absolute(include),
    )


def _over(own: _Settings, below: _Settings) -> _Settings:
    """The settings of a file on those that it extends."""

    def first(name: str) -> Any:
        value = getattr(own, name)
        return getattr(below, name) if value is None else value

    return _Settings(
        own.root,
        (*below.selections, *own.selections),
        first("per_file"),
        below.extend_per_file + own.extend_per_file,
        first("exclude"),
        below.extend_exclude + own.extend_exclude,
        first("lint_exclude"),
        first("include"),
    )


def _chosen(code: str, selections: Sequence[_Selection]) -> bool:
    """Whether the selectors of a chain of files, the outermost extended one first, choose a rule.

    Within a file the more specific selector wins, between equals ``ignore``; a file with ``select`` begins anew.
    """
    chosen = any(_rank(selector, code) for selector in _DEFAULT_SELECT)
    carried: tuple[str, ...] = ()
    for selection in selections:
        wanted = max((_rank(item, code) for item in (*(selection.select or ()), *selection.extend)), default=0)
        dropped = max((_rank(item, code) for item in (*selection.ignore, *carried)), default=0)
        carried = ()
        if selection.select is not None:
            chosen = wanted > dropped
            carried = selection.ignore if not (selection.select or selection.extend) else ()
        elif wanted or dropped:
            chosen = wanted > dropped
    return chosen


def _rank(selector: str, code: str) -> int:
    """How closely a selector names a rule: 0 not at all. ``B`` is another linter than ``BLE``."""
    if selector == "ALL":
        return 1
    selector = _RENAMED.get(selector, selector)
    letters = re.match("[A-Z]*", selector)
    same = letters and letters[0] == code.rstrip("0123456789") and code.startswith(selector)
    return 1 + len(selector) if same else 0


def _anchor_all(ignores: _Ignores, root: str) -> _Ignores:
    return tuple((_anchored(glob, root), codes) for glob, codes in ignores)


def _anchored(pattern: str, root: str) -> str:
    """A pattern of several names, relative to the directory of the file that says it; one of a name stays."""
    bare = pattern.removeprefix("!")
    sign = pattern[: len(pattern) - len(bare)]
    bare = os.path.expanduser(bare)
    if os.path.isabs(bare):
        return pattern
    # A name alone is meant wherever it stands, and at the root as a path: both are tried
    return sign + bare.removeprefix("./").rstrip("/") if "/" not in bare.rstrip("/") else f"{sign}{root}/{_plain(bare)}"


def _plain(path: str) -> str:
    return "/".join(name for name in path.split("/") if name not in ("", "."))


def _matches(pattern: str, path: str, root: str) -> bool:
    """Whether a pattern means a path: as a whole, or by its last name."""
    if "/" not in pattern:
        return bool(_regex(pattern).fullmatch(os.path.basename(path)) or _regex(f"{root}/{pattern}").fullmatch(path))
    return bool(_regex(pattern).fullmatch(path))


@lru_cache(maxsize=512)
def _regex(pattern: str) -> re.Pattern[str]:
    """A glob in which ``*`` also crosses ``/``, as Ruff's does."""
    try:
        return re.compile("".join(_translated(pattern)), re.DOTALL)
    except re.error:
        return re.compile(r"(?!)")


def _translated(pattern: str) -> Iterator[str]:
    index, depth = 0, 0
    while index < len(pattern):
        here = pattern[index]
        if pattern.startswith("**/", index) and (index == 0 or pattern[index - 1] == "/"):
            yield "(?:.*/)?"
            index += 3
            continue
        if here == "[" and "]" in pattern[index + 2 :]:
            end = pattern.index("]", index + 2)
            inner = pattern[index + 1 : end].replace("\\", "\\\\")
            yield f"[{'^' + inner[1:] if inner[0] in '!^' else inner}]"
            index = end + 1
            continue
        if here in "{},":
            depth += {"{": 1, "}": -1, ",": 0}[here]
            yield {"{": "(?:", "}": ")", ",": "|" if depth else ","}[here]
        elif here == "\\" and index + 1 < len(pattern):
            index += 1
            yield re.escape(pattern[index])
        else:
            yield {"*": ".*", "?": "."}.get(here, re.escape(here))
        index += 1
