"""What ``mongolint check`` lets pass: the baseline, what is older than a change, what is given a comment."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from pathlib import Path
from typing import TYPE_CHECKING

from mongolint.cli.project import Part, fail, warn
from mongolint.config import Config
from mongolint.config.perfile import Settings
from mongolint.engine.load import Loaded
from mongolint.fastclasses import dataclass
from mongolint.finding import Finding
from mongolint.project.indexes import IndexDeclaration
from mongolint.report.paint import visible
from mongolint.source.files import relative

if TYPE_CHECKING:
    from mongolint.cli.checking.request import Request
    from mongolint.engine.gate.baseline import Baseline, Scope
    from mongolint.engine.gate.change import Change
    from mongolint.engine.mend import Check, Reload
    from mongolint.engine.run import Result

DEFAULT_REASON = "not reviewed yet"
# Loads another state of the project, given what is different in it and the indexes of its snapshot
Other = Callable[[Mapping[str, "bytes | None"], Loaded, Sequence[IndexDeclaration]], Loaded]


@dataclass
class Passed:
    """How many findings a run did not show: those in baselines, and others that are older than a change."""

    baselined: int = 0
    older: int = 0

    def remark(self, first: str, revision: str | None) -> str:
        """What the last line adds to what is shown, after what it adds anyway."""
        parts = [first] if first else []
        if self.baselined:
            parts.append(f"{self.baselined} in the baseline")
        if self.older:
            parts.append(f"{self.older} older than the change since {visible(revision or '').removesuffix('...')}")
        return ", ".join(parts)


@dataclass
class Gate:
    """What one part of a run lets pass.

    ``instead``: what git's index has in place of the disk's.
    ``failed``: something that was asked for could not be done.
    """

    part: Part
    config: Config
    request: Request
    settings: Settings
    baseline: Baseline | None = None
    change: Change | None = None
    instead: dict[str, bytes | None] = field(default_factory=dict)
    failed: bool = False

    def __post_init__(self) -> None:
        self.baseline = _baseline(self.config, self.request)

    def begin(self, loaded: Loaded, reload: Other, external: Sequence[IndexDeclaration]) -> Loaded:
        """The project as it is to be judged, and what it is to be compared with."""
        if not self.request.staged and self.request.diff_base is None:
            return loaded
        from mongolint.source.git import GitError

        option = "--staged"
        try:
            if self.request.staged:
                loaded = self._stage(loaded, reload, external)
            option = "--diff-base"
            if self.request.diff_base is not None:
                self._compare(loaded, self.request.diff_base, reload, external)
        except GitError as error:
            fail(f"{option}: {visible(str(error))}")
        return loaded

    def _stage(self, loaded: Loaded, reload: Other, external: Sequence[IndexDeclaration]) -> Loaded:
        """The project as the next commit has it."""
        from mongolint.engine.gate import history

        self.instead = history.index(loaded, self.config)
        return reload({}, loaded, external) if self.instead else loaded

    def _compare(self, loaded: Loaded, revision: str, reload: Other, external: Sequence[IndexDeclaration]) -> None:
        """Prepare to tell what a change brought."""
        from mongolint.engine import run
        from mongolint.engine.gate import change

        before = change.before(loaded, self.config, revision, self.instead)

        def earlier() -> tuple[Loaded, Result]:
            then = reload(before.contents, loaded, before.indexes(self.config, Path.cwd(), external))
            selected = self.settings.selected(then.targets)
            return then, run.check(then, selected, self.config, settings=self.settings)

        self.change = change.Change(before, loaded, earlier)

    def sift(self, loaded: Loaded, findings: Sequence[Finding]) -> Sequence[Finding]:
        """The findings to show."""
        if self.baseline is not None:
            findings = self.baseline.sift(loaded, findings).new
        return self.change.sift(loaded, findings) if self.change is not None else findings

    def silence(self, loaded: Loaded, result: Result, check: Check, reload: Reload) -> tuple[Loaded, Result]:
        """Silence all that is shown by comments on the disk; the state after that."""
        from mongolint.engine.gate.ignoring import silence
        from mongolint.engine.mend import WriteError, write

        reason = DEFAULT_REASON if self.request.reason is None else self.request.reason
        done = silence(loaded, result, check, reload, reason)
        failures = list(done.failures)
        for path, content in done.contents.items():
            try:
                write({path: content}, loaded.sources)
            except WriteError as error:
                failures.append(f"{loaded.display[path]}: cannot write: {error.reason}")
        for failure in failures:
            warn(f"mongolint: {visible(failure)}")
        self.failed |= bool(failures)
        after = reload({}, loaded)
        left = check(after)
        silenced = len(result.findings) - len(left.findings)
        if silenced:
            warn(f"Silenced {silenced} finding{'' if silenced == 1 else 's'} by comments.")
        return after, left

    def close(self, loaded: Loaded, result: Result, passed: Passed) -> bool:
        """Count what is not shown, and tell what is to be told of it; whether something went wrong."""
        held = 0
        if self.baseline is not None:
            sifted = self.baseline.sift(loaded, [*result.findings, *result.hidden])
            held = len(sifted.held)
            request = self.request
            if not (request.quiet or request.overlay or request.min_confidence or result.crashes):
                self._tell_gone(len(self.baseline.gone(sifted, scope(self.part, loaded, self.settings))))
        passed.baselined += held
        passed.older += len(result.hidden) - held
        crashes = self.change.crashes if self.change else []
        for crash in crashes:
            warn(f"mongolint: before the change: {visible(crash)}")
        return self.failed or bool(crashes)

    def _tell_gone(self, count: int) -> None:
        assert self.baseline is not None
        if count:
            default = self.request.baseline is None
            file = "" if default else f" --output {relative(self.baseline.path, Path.cwd())}"
            what = "1 finding of the baseline is" if count == 1 else f"{count} findings of the baseline are"
            warn(f"{what} gone: run 'mongolint baseline --prune{visible(file)}'")


def scope(part: Part, loaded: Loaded, settings: Settings) -> Scope:
    """What a run over these paths could have found."""
    from mongolint.engine.gate.baseline import Scope

    tops = [Path(os.path.abspath(path)) for path in part.paths]
    unread = {os.path.abspath(problem.path).replace(os.sep, "/") for problem in loaded.problems}
    return Scope(tops, lambda path: settings.of(path).selected, {*(broken.path for broken in loaded.broken), *unread})


def _baseline(config: Config, request: Request) -> Baseline | None:
    given = Path(os.path.abspath(request.baseline)) if request.baseline else None
    wanted = given or (config.baseline_file if config.baseline is not None else None)
    file = wanted or config.baseline_file
    if request.no_baseline or (wanted is None and not os.path.lexists(file)):
        return None
    return read_baseline(file)


def read_baseline(file: Path) -> Baseline:
    """The baseline in a file; one that is none ends the run with exit code 2."""
    from mongolint.engine.gate import baseline

    try:
        return baseline.read(file, visible(relative(os.path.abspath(file), Path.cwd())))
    except baseline.BaselineError as error:
        fail(str(error))
