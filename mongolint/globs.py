"""Patterns for paths, as git reads them in a ``.gitignore``. May not touch the file system."""

from __future__ import annotations

import fnmatch
import re
import warnings
from collections.abc import Callable, Iterable, Sequence

# What `fnmatch` reads as git does: stars, question marks and plain sets of characters, as in "*.py[cod]"
_SIMPLE = re.compile(r"(?:[^\[\\]|\[[A-Za-z0-9_]+\])+")
# The place of a pattern among the others, whether it is of directories alone, and its test on (path, name)
_Test = tuple[int, bool, Callable[[str, str], bool]]


class Globs:
    """Patterns as in a ``.gitignore``, of which the last that matches decides.

    Paths are relative to the directory that the patterns belong to, with ``/`` between the names. A pattern
    speaks of the path itself and never of what lies below it: callers go down level by level, as git does.
    """

    __slots__ = ("_below", "_negated", "_others", "_paths", "_plain")

    def __init__(self, patterns: Iterable[str], *, strict: bool = True) -> None:
        """Compile patterns; of a malformed one, raise ValueError or, as git does, let it match nothing."""
        self._negated: list[bool] = []
        # A pattern that is one name or path, or "*.py" and the like, is looked up; only the others are tried in turn:
        # those of so many names, of which the first is plain ("docs/*.py"), on paths that are so, too.
        self._plain: dict[str, list[tuple[int, bool]]] = {}
        self._paths: dict[str, list[tuple[int, bool]]] = {}
        self._below: dict[tuple[str, int], list[_Test]] = {}
        self._others: list[_Test] = []
        for pattern in patterns:
            try:
                self._add(pattern)
            except (ValueError, re.error) as error:
                if strict:
                    raise ValueError(f"malformed pattern {pattern!r}") from error

    def match(self, path: str, *, is_dir: bool = False) -> bool | None:
        """Whether the last matching pattern includes the path or, negated, does not; None without a match."""
        name = path.rpartition("/")[2]
        best = -1
        _, dot, suffix = name.rpartition(".")
        looked_up = [*self._plain.get(name, ()), *self._paths.get(path, ())]
        if dot:
            looked_up += self._plain.get("*." + suffix, ())
        for index, dir_only in looked_up:
            if index > best and (is_dir or not dir_only):
                best = index
        for tests in (self._others, self._below.get((path.partition("/")[0], path.count("/")), ())):
            for index, dir_only, test in reversed(tests):
                if index < best:
                    break
                if (is_dir or not dir_only) and test(path, name):
                    best = index
                    break
        return None if best < 0 else not self._negated[best]

    def covers(self, path: str) -> bool:
        """Whether a file, or a directory above it, is matched."""
        ends = (index for index, character in enumerate(path) if character == "/")
        return any(self.match(path[:end], is_dir=True) for end in ends) or bool(self.match(path))

    def _add(self, pattern: str) -> None:
        pattern = pattern.rstrip("\r\n")
        while pattern.endswith(" ") and not pattern.endswith("\\ "):
            pattern = pattern[:-1]
        negated = pattern.startswith("!")
        stem = pattern[negated:]
        dir_only = stem.endswith("/")
        stem = stem[:-1] if dir_only else stem
        if not stem or pattern.startswith("#"):
            return
        extension = stem[2:] if stem.startswith("*.") else ""
        index = len(self._negated)
        if not re.search(r"[*?\[\\/]", stem) or (extension and not re.search(r"[*?\[\\/.]", extension)):
            self._plain.setdefault(stem, []).append((index, dir_only))
        elif not re.search(r"[*?\[\\]", stem):
            self._paths.setdefault(stem.lstrip("/"), []).append((index, dir_only))
        else:
            first, slash, rest = stem.lstrip("/").partition("/")
            is_keyed = slash and "**" not in rest and not re.search(r"[*?\[\\]", first)
            tests = self._below.setdefault((first, rest.count("/") + 1), []) if is_keyed else self._others
            tests.append((index, dir_only, _glob(stem)))
        self._negated.append(negated)


def _glob(stem: str) -> Callable[[str, str], bool]:
    """The test of one pattern on (path, name).

    `pathspec` reads each name in it. A whole pattern it would also match with whatever lies below a match,
    which is wrong for a negation: in git that does not bring back what another pattern drops.
    """
    if "/" not in stem:
        whole = _name_test(stem)
        return lambda _, name: whole(name)
    # One "**" after another adds nothing but ways to try.
    names = re.sub(r"(?<![^/])\*\*(?:/\*\*)+(?![^/])", "**", stem.lstrip("/")).split("/")
    tests = [None if name == "**" else _name_test(name) for name in names]
    return lambda path, _: _match_names(tests, path.split("/"))


def _match_names(tests: Sequence[Callable[[str], bool] | None], names: Sequence[str]) -> bool:
    """Whether each name passes its test; None stands for any number of names, at the end for one or more."""
    if not tests:
        return not names
    if tests[0] is not None:
        return bool(names) and tests[0](names[0]) and _match_names(tests[1:], names[1:])
    if len(tests) == 1:
        return bool(names)
    return any(_match_names(tests[1:], names[start:]) for start in range(len(names)))


def _name_test(name: str) -> Callable[[str], bool]:
    if not re.search(r"[*?\[\\]", name):
        return name.__eq__
    if _SIMPLE.fullmatch(name):
        matches = re.compile(fnmatch.translate(name)).match
        return lambda candidate: matches(candidate) is not None
    from pathspec import GitIgnoreSpec  # not needed by most runs, and slow to import

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # of re, on brackets in brackets
        spec = GitIgnoreSpec.from_lines(["\\" + name if name.startswith(("!", "#")) else name])
    pattern = next(iter(spec.patterns))
    return lambda candidate: pattern.include is not None and pattern.match_file(candidate) is not None
