"""The baseline: findings that a project lives with for now, in a file that is made to be committed and merged.

One finding a line, sorted by file, each line ending alike (the last element is ``null``), so that lines of two
branches can stand in any order, and twice. A finding is known again by its fingerprint; where its function was
renamed, by its text; where its text was rewritten, by its function and what it says; where its file is gone, in any
other file. What a run makes of one file does not depend on which other files it was given.
"""

from __future__ import annotations

import json
import os
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import field, fields, replace
from pathlib import Path
from typing import Any

from mongolint.engine.load import Loaded
from mongolint.engine.run import SYNTAX_ERROR
from mongolint.fastclasses import dataclass
from mongolint.finding import Finding
from mongolint.fingerprints import fingerprints, settings
from mongolint.source.files import relative

NAME = ".mongolint-baseline.json"
VERSION = 1
_CONFLICT = ("<<<<<<<", "=======", ">>>>>>>")


class BaselineError(Exception):
    """Why a file is no baseline: one line, with its place."""


@dataclass(frozen=True, slots=True, order=True)
class Entry:
    """One finding of the baseline. ``file`` is relative to the directory of the baseline, with ``/`` between names.

    ``fingerprint``: as `mongolint.fingerprints` makes it, whatever the file; ``text`` and ``scope``: its parts.
    ``also``: the codes of other findings at the place, which this one stands for.
    """

    file: str
    code: str
    fingerprint: str
    text: str
    scope: str
    message: str
    also: tuple[str, ...] = ()
    reason: str = ""

    @property
    def codes(self) -> tuple[str, ...]:
        return (self.code, *self.also)


@dataclass(slots=True)
class Sifted:
    """``new``: findings that no entry is for. ``held``: those with an entry. ``used``: these entries."""

    new: list[Finding] = field(default_factory=list)
    held: list[Finding] = field(default_factory=list)
    used: set[Entry] = field(default_factory=set)


class Baseline:
    """The entries of one file, which may not exist yet."""

    def __init__(self, path: Path, entries: Iterable[Entry] = ()) -> None:
        self.path = path
        # A merge may have left a line twice, once with a reason
        unique = {(e.file, e.code, e.fingerprint): e for e in sorted(entries, key=lambda entry: bool(entry.reason))}
        self.entries = sorted(unique.values())
        self._by_file: dict[str, list[Entry]] = defaultdict(list)
        for entry in self.entries:
            self._by_file[entry.file].append(entry)
        # What became of a file's findings: as long as neither they nor its text change
        self._memo: dict[str, tuple[bytes, list[Finding], list[Entry], list[Entry | None]]] = {}

    @property
    def keys(self) -> set[tuple[str, str, str]]:
        """What an entry is known by."""
        return {(entry.file, entry.code, entry.fingerprint) for entry in self.entries}

    def sift(self, loaded: Loaded, findings: Sequence[Finding]) -> Sifted:
        """Tell the findings of a run apart."""
        sifted = Sifted()
        moved = _Moved(self, loaded)
        for path, held in _by_file(loaded, findings).items():
            for finding, entry in zip(held, self._matches(path, loaded, held, moved), strict=True):
                if entry is None:
                    sifted.new.append(finding)
                else:
                    sifted.held.append(finding)
                    sifted.used.add(entry)
        return sifted

    def _matches(self, path: str, loaded: Loaded, findings: list[Finding], moved: _Moved) -> Sequence[Entry | None]:
        """The entry of each finding of one file."""
        own = self._by_file.get(self._name(path), ())
        data = loaded.sources[path]
        kept = self._memo.get(path)
        if kept is None or kept[0] is not data or kept[1] != findings:
            made = self._made(path, loaded, findings)
            kept = self._memo[path] = (data, findings, made, _pair(made, own))
        _, _, made, found = kept
        if None in found and moved.entries:
            return [old or moved.entries.get((new.code, new.fingerprint)) for old, new in zip(found, made, strict=True)]
        return found

    def _made(self, path: str, loaded: Loaded, findings: Sequence[Finding]) -> list[Entry]:
        """New entries for the findings of one file."""
        text = loaded.text(path) or ""
        # Where a file lies is not part of what is known of its findings
        placeless = [finding._replace(span=finding.span._replace(file="")) for finding in findings]
        prints = fingerprints(placeless, lambda _: text)
        file = self._name(path)
        return [
            Entry(file, finding.code, fingerprint, lines, scope, " ".join(finding.message.split()), finding.also)
            for finding, fingerprint, (scope, lines) in zip(findings, prints, settings(placeless, text), strict=True)
        ]

    def _name(self, path: str) -> str:
        return relative(path, self.path.parent)

    def place(self, entry: Entry) -> str:
        """The absolute path of the file that an entry is of."""
        return os.path.normpath(self.path.parent / entry.file).replace(os.sep, "/")

    def gone(self, sifted: Sifted, scope: Scope) -> list[Entry]:
        """The entries that nothing was found for, of those that a run would have found."""
        return [entry for entry in self.entries if entry not in sifted.used and scope.covers(self.place(entry), entry)]

    def renewed(self, loaded: Loaded, sifted: Sifted, scope: Scope, reason: str = "") -> Baseline:
        """The baseline with all that a run has found, and what it could not have found; reasons are kept."""
        moved = _Moved(self, loaded)
        entries: list[Entry] = []
        for path, findings in _by_file(loaded, [*sifted.held, *sifted.new]).items():
            made = self._made(path, loaded, findings)
            for new, old in zip(made, self._matches(path, loaded, findings, moved), strict=True):
                entries.append(replace(new, reason=old.reason if old else reason))
        gone = {*sifted.used, *self.gone(sifted, scope)}
        return Baseline(self.path, [*entries, *(entry for entry in self.entries if entry not in gone)])

    def pruned(self, sifted: Sifted, scope: Scope) -> Baseline:
        """The baseline without what is gone."""
        gone = set(self.gone(sifted, scope))
        return Baseline(self.path, [entry for entry in self.entries if entry not in gone])


@dataclass(frozen=True, slots=True)
class Scope:
    """What a run could have found. ``tops``: the absolute paths that it was given.

    ``selected``: the rules that run in a file, by its path. ``broken``: files that are no Python, of which nothing else
    is known.
    """

    tops: Sequence[Path]
    selected: Callable[[str], Collection[str]]
    broken: Collection[str] = ()

    def covers(self, path: str, entry: Entry) -> bool:
        return (
            entry.code in self.selected(path)
            and (entry.code == SYNTAX_ERROR or path not in self.broken)
            and any(Path(path).is_relative_to(top) for top in self.tops)
        )


class _Moved:
    """The entries of files that are gone, by code and fingerprint: looked for once, and only if something is new."""

    def __init__(self, baseline: Baseline, loaded: Loaded) -> None:
        self._baseline = baseline
        self._loaded = loaded
        self._entries: dict[tuple[str, str], Entry] | None = None

    @property
    def entries(self) -> Mapping[tuple[str, str], Entry]:
        if self._entries is None:
            self._entries = {}
            for held in self._baseline._by_file.values():
                path = self._baseline.place(held[0])
                if path not in self._loaded.sources and not os.path.lexists(path):
                    self._entries.update(((entry.code, entry.fingerprint), entry) for entry in held)
        return self._entries


def _pair(found: Sequence[Entry], held: Sequence[Entry]) -> list[Entry | None]:
    """Which entry each finding of one file has, each entry once: first come those that are surely the same."""
    ways: list[Callable[[Entry], tuple[str, ...]]] = [
        lambda entry: (entry.code, entry.fingerprint),
        lambda entry: (entry.text,),
        lambda entry: (entry.scope, entry.message),
    ]
    result: list[Entry | None] = [None] * len(found)
    left = list(held)
    for way in ways:
        offered: dict[tuple[str, ...], list[Entry]] = defaultdict(list)
        for entry in left:
            offered[way(entry)].append(entry)
        for index, new in enumerate(found):
            fitting = [entry for entry in offered[way(new)] if new.code in entry.codes]
            if result[index] is None and fitting:
                result[index] = fitting[0]
                offered[way(new)].remove(fitting[0])
        left = [entry for held in offered.values() for entry in held]
    return result


def _by_file(loaded: Loaded, findings: Iterable[Finding]) -> dict[str, list[Finding]]:
    """The findings by the absolute path of their file, in order."""
    paths = loaded.paths
    grouped: dict[str, list[Finding]] = defaultdict(list)
    for finding in sorted(findings, key=lambda finding: finding.sort_key):
        grouped[paths[finding.span.file]].append(finding)
    return grouped


def read(path: Path, shown: str) -> Baseline:
    """The baseline in a file; ``shown`` is how messages call it.

    Raises:
        BaselineError: it cannot be read, or is not such a file.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise BaselineError(f"{shown}: cannot read: {(error.strerror or str(error)).lower()}") from None
    except UnicodeDecodeError:
        raise BaselineError(f"{shown}: not UTF-8 text") from None
    try:
        document: Any = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BaselineError(_mistake(text, shown, error)) from None
    version = document.get("version") if isinstance(document, dict) else None
    if version != VERSION:
        raise BaselineError(f"{shown}: not a baseline of this version of mongolint")
    findings = document.get("findings")
    if not isinstance(findings, list):
        raise BaselineError(f"{shown}: 'findings' has to be a list")
    return Baseline(path, [_entry(item, number, shown) for number, item in enumerate(findings, 1) if item is not None])


def _mistake(text: str, shown: str, error: Exception) -> str:
    for number, line in enumerate(text.split("\n"), 1):
        if line.startswith(_CONFLICT):
            advice = "keep the lines of both sides, then run 'mongolint baseline --prune'"
            return f"{shown}:{number}: a merge conflict: {advice}"
    place = f":{error.lineno}:{error.colno}" if isinstance(error, json.JSONDecodeError) else ""
    return f"{shown}{place}: not JSON: {getattr(error, 'msg', error)}"


def _entry(item: Any, number: int, shown: str) -> Entry:
    values: dict[str, Any] = item if isinstance(item, dict) else {}
    texts = {
        name: values.get(name, "") for name in ("file", "code", "fingerprint", "text", "scope", "message", "reason")
    }
    also = values.get("also", [])
    if not all(isinstance(text, str) for text in texts.values()) or not isinstance(also, list):
        raise BaselineError(f"{shown}: finding {number} has values of a wrong kind")
    if not texts["file"] or not texts["code"] or not texts["fingerprint"]:
        raise BaselineError(f"{shown}: finding {number} lacks 'file', 'code' or 'fingerprint'")
    return Entry(**texts, also=tuple(str(code) for code in also))


def render(baseline: Baseline) -> str:
    """The text of the file."""
    lines = [f"{json.dumps(_plain(entry), ensure_ascii=False)},\n" for entry in baseline.entries]
    return f'{{\n"version": {VERSION},\n"findings": [\n{"".join(lines)}null\n]\n}}\n'


def _plain(entry: Entry) -> dict[str, Any]:
    """What is written of an entry: all that is not empty."""
    held = ((item.name, getattr(entry, item.name)) for item in fields(Entry))
    return {name: list(value) if isinstance(value, tuple) else value for name, value in held if value}
