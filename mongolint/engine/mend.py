"""Applies fixes, round after round, and lets nothing through that is worse than before.

A round takes the fixes that do not touch each other, rewrites the texts in memory, and reads and checks the
project anew. Where a file would no longer compile, or a rule would find more than before, the fixes to blame are found
by halves and left out: those of that rule in that file. Nothing is written before the last round is over.
"""

from __future__ import annotations

import gc
import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import field

from mongolint.engine.load import Loaded
from mongolint.engine.run import UNUSED_SUPPRESSION, Result
from mongolint.fastclasses import dataclass
from mongolint.finding import Applicability, Finding, Fix
from mongolint.fix.apply import by_file, choose, rewrite
from mongolint.source.syntax import python_error
from mongolint.source.text import SourceError, decode_source, encode

# A fix may take a finding away in steps: of nested loops, the inner one first. These many rounds may not show it
_PATIENCE = 5
# States of the project that may wait to be freed
_STATES = 8
Check = Callable[[Loaded], Result]
# Writes the fixes of what was found, where `Check` leaves that: most tries of many fixes are not for good
Write = Callable[[Loaded, Result], object]
# Loads the project with these contents in the place of what is on the disk
Reload = Callable[[Mapping[str, bytes], Loaded], Loaded]
# A file, as findings show it, and the code of a rule
Pair = tuple[str, str]


@dataclass(slots=True)
class Mended:
    """What is left after the fixes.

    ``first``: how many findings there were before. ``changed``: new contents by absolute path. ``fixed``: how many
    fixes of each rule changed each file's findings. ``groups``: the changed files, those together that one fix
    changed. ``failures``: a line for each fix refused.
    """

    loaded: Loaded
    result: Result
    first: int = 0
    changed: dict[str, bytes] = field(default_factory=dict)
    fixed: Counter[Pair] = field(default_factory=Counter)
    groups: list[set[str]] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)


def mend(loaded: Loaded, check: Check, reload: Reload, *, unsafe: bool, write_fixes: Write | None = None) -> Mended:
    """Apply all fixes that may be applied, until there are none."""
    write_fixes = write_fixes or (lambda loaded, result: None)
    first = check(loaded)
    write_fixes(loaded, first)
    barred: dict[Pair, str] = {}
    while True:
        work = _Work(Mended(loaded, first, len(first.findings)), check, reload, unsafe, barred, write_fixes)
        restless = work.run()
        if not restless:
            return work.finish(loaded.sources)
        # What such fixes did round after round is of no use to anybody: once more without them
        barred |= dict.fromkeys(restless, "what they fix comes back each time")


def applicable(finding: Finding, unsafe: bool) -> bool:
    """Whether the finding has a fix that a run with or without ``--unsafe-fixes`` applies."""
    fix = finding.fix
    return (
        isinstance(fix, Fix)
        and bool(fix.edits)
        and (fix.applicability is Applicability.SAFE or (unsafe and fix.applicability is Applicability.UNSAFE))
    )


def _told(result: Result) -> Counter[Pair]:
    """How often each rule reports on each file, shown or not."""
    found = (*result.findings, *result.hidden)
    return Counter((finding.span.file, code) for finding in found for code in (finding.code, *finding.also))


def _pair(finding: Finding) -> Pair:
    return finding.span.file, finding.code


@dataclass(slots=True)
class _Trial:
    """A state of the project with some fixes in it, and what is worse in it, if anything."""

    fixes: list[Finding]
    contents: dict[str, bytes]
    loaded: Loaded
    result: Result
    harm: str = ""


class _Work:
    """One way from the first state to one without fixes to apply."""

    def __init__(
        self, state: Mended, check: Check, reload: Reload, unsafe: bool, barred: dict[Pair, str], write_fixes: Write
    ) -> None:
        self.state = state
        self.check = check
        self.write_fixes = write_fixes
        self.reload = reload
        self.unsafe = unsafe
        self.barred = barred
        self._idle: Counter[Pair] = Counter()
        self._tries = 0

    def run(self) -> set[Pair]:
        """Round after round; the result names the fixes that do not come to an end."""
        while chosen := choose(filter(self._usable, self.state.result.findings)):
            groups: dict[Pair, list[Finding]] = {}
            for finding in chosen:
                groups.setdefault(_pair(finding), []).append(finding)
            before = Counter(map(_pair, self.state.result.findings))
            nothing = _Trial([], {}, self.state.loaded, self.state.result)
            self._commit(self._sift(nothing, list(groups.values())))
            after = Counter(map(_pair, self.state.result.findings))
            self._idle.update(pair for pair in groups if pair not in self.barred and after[pair] >= before[pair])
            restless = {pair for pair, count in self._idle.items() if count > _PATIENCE}
            if restless:
                return restless
        return set()

    def finish(self, before: Mapping[str, bytes]) -> Mended:
        """The end state, in which nobody may apply what was refused."""
        state = self.state
        for path in [path for path, content in state.changed.items() if content == before[path]]:
            del state.changed[path]
        state.failures = [
            f"the fixes of {code} leave {file} as it was: {harm}" for (file, code), harm in self.barred.items()
        ]
        state.result.findings = [self._closed(finding) for finding in state.result.findings]
        return state

    def _closed(self, finding: Finding) -> Finding:
        if _pair(finding) not in self.barred or not applicable(finding, self.unsafe):
            return finding
        assert isinstance(finding.fix, Fix)
        reason = f"refused: {self.barred[_pair(finding)]}"
        return finding._replace(fix=finding.fix._replace(applicability=Applicability.DISPLAY, reason=reason))

    def _usable(self, finding: Finding) -> bool:
        return applicable(finding, self.unsafe) and _pair(finding) not in self.barred

    def _sift(self, kept: _Trial, groups: Sequence[list[Finding]]) -> _Trial:
        """Those of the groups of fixes that do no harm, on top of those kept already."""
        trial = self._try([*kept.fixes, *(finding for group in groups for finding in group)])
        if not trial.harm:
            return trial
        if len(groups) == 1:
            self.barred[_pair(groups[0][0])] = trial.harm
            return kept
        half = len(groups) // 2
        return self._sift(self._sift(kept, groups[:half]), groups[half:])

    def _try(self, fixes: list[Finding]) -> _Trial:
        self._tries += 1
        if self._tries % _STATES == 0:
            gc.collect()  # of a run of the command line nobody else does
        old = self.state.loaded
        paths = {old.display[path]: path for path in old.targets}
        contents: dict[str, bytes] = {}
        for file, edits in by_file(finding.fix for finding in fixes if isinstance(finding.fix, Fix)).items():
            path = paths[file]
            try:
                source = decode_source(old.sources[path], path)
                text = rewrite(source.text, edits)
                contents[path] = encode(source, text)
            except (SourceError, ValueError) as error:
                return _Trial(fixes, {}, old, self.state.result, f"{file} cannot be rewritten: {error}")
            wrong = python_error(text)
            if wrong and not python_error(source.text):
                harm = f"{file}:{wrong.line} would be no Python: {wrong.message}"
                return _Trial(fixes, {}, old, self.state.result, harm)
        loaded = self.reload({**self.state.changed, **contents}, old)
        result = self.check(loaded)
        return _Trial(fixes, contents, loaded, result, self._harm(loaded, result))

    def _harm(self, loaded: Loaded, result: Result) -> str:
        """What is worse than before."""
        known = {broken.path for broken in self.state.loaded.broken}
        for broken in loaded.broken:
            if broken.path not in known:
                return f"{loaded.display[broken.path]}:{broken.line} would be no Python: {broken.message}"
        if len(result.crashes) > len(self.state.result.crashes):
            return f"with them a {result.crashes[-1]}"
        # A fix may bring to light what its finding stood for; and a comment may have silenced what is fixed now
        before, after = _told(self.state.result), _told(result)
        for (file, code), count in sorted(after.items()):
            if count > before[file, code] and code != UNUSED_SUPPRESSION:
                return f"{file} would have a new finding of {code}"
        return ""

    def _commit(self, trial: _Trial) -> None:
        state = self.state
        if trial.fixes:
            self.write_fixes(trial.loaded, trial.result)
        state.loaded, state.result = trial.loaded, trial.result
        state.changed.update(trial.contents)
        state.fixed.update(map(_pair, trial.fixes))
        paths = {trial.loaded.display[path]: path for path in trial.contents}
        for finding in trial.fixes:
            assert isinstance(finding.fix, Fix)
            files = {paths[edit.span.file] for edit in finding.fix.edits}
            touched = [group for group in state.groups if group & files]
            state.groups = [*(group for group in state.groups if not group & files), files.union(*touched)]


class WriteError(Exception):
    """A file that cannot be replaced, and why."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(reason)
        self.path = path
        self.reason = reason


def write(changed: Mapping[str, bytes], before: Mapping[str, bytes]) -> None:
    """Replace files by new contents: all are written beside the old ones first, then each takes its place at once.

    Raises:
        WriteError: a file cannot be written, or is not what was read any more. Then none is replaced.
    """
    ready: list[tuple[str, str]] = []
    path = ""
    try:
        for path, content in changed.items():
            ready.append((path, _beside(path, content, before[path])))
        while ready:
            path, draft = ready[0]
            os.replace(draft, os.path.realpath(path))
            ready.pop(0)
    except OSError as error:
        raise WriteError(path, (error.strerror or str(error)).lower()) from error
    finally:
        for _, draft in ready:
            os.unlink(draft)


def _beside(path: str, content: bytes, before: bytes) -> str:
    """A file beside another (where a link leads to), with new content and that one's mode and owner."""
    target = os.path.realpath(path)
    with open(target, "rb") as file:
        if file.read() != before:
            raise OSError(None, "changed on disk while it was checked")
    if not os.access(target, os.W_OK):
        raise OSError(None, "permission denied")
    handle, draft = tempfile.mkstemp(dir=os.path.dirname(target), prefix=".mongolint-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        held = os.stat(target)
        if hasattr(os, "chown"):
            with suppress(OSError):
                os.chown(draft, held.st_uid, held.st_gid)
        shutil.copymode(target, draft)
    except BaseException:
        os.unlink(draft)
        raise
    return draft
