"""What a change brought: findings on its lines, and findings elsewhere that were not there before it.

The state before is loaded and checked as any other. A finding on lines that are as they were is old if the same was
found there then: lines are compared, not fingerprints, as both texts are at hand.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from mongolint.config import Config
from mongolint.engine.gate.history import differing, files_of, kept_lines, renames, repository_of
from mongolint.engine.load import Loaded
from mongolint.engine.reading.files import Contents
from mongolint.engine.run import Result
from mongolint.fastclasses import dataclass
from mongolint.finding import Finding
from mongolint.project.indexes import IndexDeclaration
from mongolint.source.files import relative
from mongolint.source.git import Tree, contents
from mongolint.source.text import SourceError, decode_source

# A file, a line, a column, and the code of a rule
_Place = tuple[str, int, int, str]


@dataclass(frozen=True, slots=True)
class Before:
    """The project before a change. ``contents``: what was different. ``renamed``: old paths by new ones.

    ``snapshot``: the text of the file of indexes that the configuration names, if it was another.
    """

    contents: Contents
    renamed: Mapping[str, str]
    snapshot: str | None = None

    def indexes(self, config: Config, cwd: Path, now: Sequence[IndexDeclaration]) -> Sequence[IndexDeclaration]:
        """The indexes of the snapshot as it was; those of the one of today where that is the same, or was none."""
        if self.snapshot is None or config.indexes_file is None:
            return now
        from mongolint.live import declarations, snapshot

        shown = relative(os.path.abspath(config.indexes_file), cwd)
        try:
            return declarations.declarations(snapshot.parse_snapshot(self.snapshot, shown), shown)
        except snapshot.SnapshotError:
            return now


def before(loaded: Loaded, config: Config, revision: str, instead: Contents) -> Before:
    """The project as it was where a revision and the one checked out part.

    Args:
        loaded: the project as it is now.
        revision: as git names it; three dots may follow, as git writes it too.
        instead: the contents that ``loaded`` has in place of the disk's.

    Raises:
        mongolint.source.git.GitError: there is no such state, or it is not here.
    """
    repository = repository_of(config)
    tree = repository.tree(repository.fork(revision.removesuffix("...")))
    files = files_of(loaded, instead)
    different = differing(tree, files, config, instead)
    gone = {path: data for path, data in different.items() if data is not None and path not in files}
    come = {path: files[path] for path, data in different.items() if data is None}
    return Before(different, renames(gone, come), _snapshot(tree, config))


def _snapshot(tree: Tree, config: Config) -> str | None:
    """One that the commit does not have may be made anew for each run: it counts as it is."""
    file = config.indexes_file
    blob = tree.files.get(Path(os.path.abspath(file)).as_posix()) if file else None
    if file is None or blob is None:
        return None
    try:
        if blob.is_of(file.read_bytes()):
            return None
        return contents([blob])[blob].decode("utf-8-sig")
    except (OSError, UnicodeDecodeError):
        return None


class Change:
    """What is new since a state before.

    Args:
        state: that one, and ``now`` the project that it was compared with.
        check: loads and checks it; called once, and only if that is needed to judge a finding.
    """

    def __init__(self, state: Before, now: Loaded, check: Callable[[], tuple[Loaded, Result]]) -> None:
        self._state = state
        self._now = now
        self._check = check
        self._places: set[_Place] | None = None
        self._lines: dict[str, tuple[bytes, Mapping[int, int]]] = {}
        self.crashes: list[str] = []

    def sift(self, loaded: Loaded, findings: Sequence[Finding]) -> list[Finding]:
        """Those of the findings that are on changed lines, or were not there before."""
        paths = {shown: path for path, shown in loaded.display.items()}
        return [finding for finding in findings if self._is_new(finding, paths, loaded)]

    def _is_new(self, finding: Finding, paths: Mapping[str, str], loaded: Loaded) -> bool:
        span = finding.span
        path = paths[span.file]
        kept = self._kept_lines(path, loaded)
        if not all(line in kept for line in range(span.line, span.end_line + 1)):
            return True
        # The loop around a query is as much a part of the finding as the query; so is another with the same filter
        for place in finding.related:
            other = paths.get(place.span.file)
            if other is not None and place.span.line not in self._kept_lines(other, loaded):
                return True
        old = self._state.renamed.get(path, path)
        return (old, kept[span.line], span.column, finding.code) not in self._found_before()

    def _kept_lines(self, path: str, loaded: Loaded) -> Mapping[int, int]:
        data = loaded.sources[path]
        held = self._lines.get(path)
        if held is None or held[0] is not data:
            held = self._lines[path] = (data, self._compared(path, data))
        return held[1]

    def _compared(self, path: str, data: bytes) -> Mapping[int, int]:
        old = self._state.renamed.get(path, path)
        earlier = self._state.contents.get(old, self._now.sources.get(path))
        if earlier is None:
            return {}
        return kept_lines(_text(earlier, old), _text(data, path))

    def _found_before(self) -> set[_Place]:
        if self._places is None:
            loaded, result = self._check()
            paths = loaded.paths
            self.crashes = result.crashes
            self._places = {
                (paths[f.span.file], f.span.line, f.span.column, code)
                for f in result.findings
                for code in (f.code, *f.also)
            }
        return self._places


def _text(data: bytes, path: str) -> str:
    """The text of a file; of one that cannot be decoded, enough to compare its lines."""
    try:
        return decode_source(data, path).text
    except SourceError:
        return data.decode("latin-1")
