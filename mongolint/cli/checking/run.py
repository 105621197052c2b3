"""A run of ``mongolint check``, from the configuration to the exit code."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mongolint import __version__
from mongolint.cli import terminal
from mongolint.cli.baseline.gate import Gate, Passed
from mongolint.cli.checking import output
from mongolint.cli.checking.judge import Judge
from mongolint.cli.checking.request import Request
from mongolint.cli.project import (
    Part,
    files_of,
    indexes_elsewhere,
    known_rules,
    parts,
    read_config,
    refuse,
    warn,
    warn_once,
)
from mongolint.config import Config, ConfigError
from mongolint.config.perfile import Settings
from mongolint.engine.load import Loaded
from mongolint.engine.reading.files import Contents, Reading
from mongolint.engine.registry import tiers
from mongolint.engine.workers import Workers
from mongolint.fastclasses import dataclass
from mongolint.finding import Finding
from mongolint.project.indexes import IndexDeclaration
from mongolint.report import json, text
from mongolint.report.formats.run import Note
from mongolint.report.paint import visible
from mongolint.report.text import Source
from mongolint.source.files import Problem, relative

if TYPE_CHECKING:
    from mongolint.cli.checking.fix import Changes
    from mongolint.engine.mend import Check, Reload, Write
    from mongolint.engine.parsing import Broken
    from mongolint.engine.run import Result


@dataclass
class Outcome:
    """What all parts of a run gave together. ``errors``: something that was asked for could not be done.

    ``changes``: None where nothing is to be fixed. ``severe``: the findings that make the run fail, if there are
    more than ``allowed``.
    """

    changes: Changes | None
    allowed: int = 0
    findings: list[Finding] = field(default_factory=list)
    severe: set[Finding] = field(default_factory=set)
    selected: set[str] = field(default_factory=set)
    notes: list[Note] = field(default_factory=list)
    errors: bool = False
    suppressed: int = 0
    passed: Passed = field(default_factory=Passed)
    loaded: list[Loaded] = field(default_factory=list)
    laps: dict[str, float] = field(default_factory=dict)

    @property
    def failing(self) -> bool:
        return len(self.severe) > self.allowed

    @property
    def fixed(self) -> int:
        return self.changes.count if self.changes else 0

    def lap(self, phase: str, start: float) -> None:
        self.laps[phase] = self.laps.get(phase, 0.0) + time.perf_counter() - start

    def source(self) -> Source:
        """Gives the text of a file by the path shown."""
        held = {loaded.display[path]: (loaded, path) for loaded in self.loaded for path in loaded.sources}
        held |= {loaded.display[path]: (loaded, path) for loaded in self.loaded for path in loaded.targets}

        def text_of(file: str) -> str | None:
            loaded, path = held.get(file, (None, ""))
            return loaded.text(path) if loaded else None

        return text_of


def run(request: Request, workers: Workers | None, ahead: Reading | None, started: float) -> int:
    """The exit code of a run, which has told what it found.

    Args:
        workers: processes that parse.
        ahead: the files of the project that the paths belong to, if they have been read.
        started: when the run began, for ``--verbose``.
    """
    chosen = _parts(request)
    request = request.spelled()
    if request.show_settings:
        from mongolint.cli.setup.config import show_settings

        return show_settings(_settings(chosen[0].config, request), request.show_settings)
    if request.show_files:
        return _show_files(chosen, request)
    request = request._replace(formats=output.resolve(request, chosen[0].config.output_format))
    data = sys.stdin.buffer.read() if request.overlay else b""
    outcome = _check(chosen, request, data, workers, ahead, started)
    _tell(outcome, request, data)
    if request.diff:
        failing = bool(outcome.fixed)
    else:
        failing = outcome.failing or (request.exit_non_zero_on_fix and bool(outcome.fixed))
    return 2 if outcome.errors else 1 if failing and not request.exit_zero else 0


def _parts(request: Request) -> list[Part]:
    file, allow = request.show_settings or request.overlay, request.allow_local_rules
    if file is None:
        return parts(request.paths or (Path.cwd(),), request.config_file, allow_local=allow)
    return [Part(read_config(file, request.config_file, allow_local=allow), ())]


def _show_files(chosen: Sequence[Part], request: Request) -> int:
    files, errors = [], False
    for part in chosen:
        found = files_of(part.config, part.paths)
        files += [relative(file, Path.cwd()) for file in found.files]
        errors |= _tell_problems([*found.problems, *found.skipped], request)
    if request.overlay:
        files.append(relative(request.overlay, Path.cwd()))
    files = list(dict.fromkeys(files))
    if request.quiet < 2:
        click.echo(json.array(files) if request.form == "json" else "\n".join(map(visible, files)))
    return 2 if errors else 0


def _check(
    chosen: Sequence[Part],
    request: Request,
    data: bytes,
    workers: Workers | None,
    ahead: Reading | None,
    started: float,
) -> Outcome:
    outcome = Outcome(_no_changes() if request.mends else None, request.max_findings)
    overlay = _overlay(request, chosen[0], data)
    progress = terminal.Progress(not request.quiet)
    outcome.lap("set up", started)
    try:
        for part in chosen:
            _check_part(part, request, overlay, progress, outcome, workers, ahead, last=part is chosen[-1])
    finally:
        progress.close()
    for error in outcome.changes.errors if outcome.changes else ():
        warn(visible(error))
        outcome.notes.append(Note(error))
        outcome.errors = True
    outcome.findings = sorted(dict.fromkeys(outcome.findings), key=lambda finding: finding.sort_key)
    return outcome


def _no_changes() -> Changes:
    # Like all that fixes, it brings the parser along
    from mongolint.cli.checking.fix import Changes

    return Changes()


def _overlay(request: Request, part: Part, data: bytes) -> dict[str, bytes]:
    """What standard input stands for."""
    file = request.overlay
    if file is None:
        return {}
    if part.config.force_exclude and file.exists() and not files_of(part.config, [file]).files:
        return {}  # an editor checks whatever it opens; the project wants this file left out
    return {file.as_posix(): data}


def _check_part(
    part: Part,
    request: Request,
    overlay: Mapping[str, bytes],
    progress: terminal.Progress,
    outcome: Outcome,
    workers: Workers | None,
    ahead: Reading | None,
    *,
    last: bool,
) -> None:
    mistakes: list[ConfigError] = []
    settings = _settings(part.config, request, mistakes.append)
    config = settings.top.config
    external = indexes_elsewhere(config)
    changes = outcome.changes
    selected = partial(_selected, settings)
    fixes, keep = request.mends or request.shows_fixes, not request.no_cache
    judge = Judge(settings, part.paths, selected, fixes, request.jobs, external, keep)
    contents = {**overlay, **(changes.below(part) if changes else {})}
    gate = Gate(part, config, request, settings)

    def reload(more: Contents, previous: Loaded | None, indexes: Sequence[IndexDeclaration] = external) -> Loaded:
        fresh = previous is None and not contents and not more
        return judge.load(
            overlay={**contents, **more},
            instead=gate.instead,
            progress=None if previous else progress,
            previous=previous,
            external=indexes,
            workers=workers,
            reading=ahead if fresh and ahead and ahead.is_of(part.paths, config) else None,
        )

    def check(loaded: Loaded) -> Result:
        return judge.check(loaded, gate.sift, fixes=False if changes is not None else None)

    start = time.perf_counter()
    loaded = reload({}, None)
    if workers is not None and last:
        workers.dismiss()
    for mistake in mistakes:  # not before: those who parse are at work
        refuse(mistake)
    loaded = gate.begin(loaded, reload, external)
    outcome.lap("read and parse", start)
    start = time.perf_counter()
    progress.say("checking")
    loaded, result = _judged(loaded, check, judge.write, reload, request, changes, gate)
    outcome.lap("link, check and fix" if changes else "link and check", start)
    progress.close()
    _add(outcome, loaded, result, request, settings)
    outcome.errors |= gate.close(loaded, result, outcome.passed)


def _judged(
    loaded: Loaded,
    check: Check,
    write: Write,
    reload: Reload,
    request: Request,
    changes: Changes | None,
    gate: Gate,
) -> tuple[Loaded, Result]:
    """What is found, after what was asked to be done about it."""
    if changes is not None:
        from mongolint.cli.checking.fix import apply

        return apply(loaded, check, write, reload, request, changes)
    result = check(loaded)
    return gate.silence(loaded, result, check, reload) if request.add_ignore else (loaded, result)


def _add(outcome: Outcome, loaded: Loaded, result: Result, request: Request, settings: Settings) -> None:
    """Add what one part gave, and tell what went wrong in it."""
    untold = [each for each in loaded.broken if not _reports_broken(settings, each.path)]
    _tell_broken(untold, loaded, request, outcome)
    fail_on = settings.top.config.fail_on
    outcome.severe |= {found for found in result.findings if found.severity.rank >= fail_on.rank}
    outcome.selected |= settings.selected(loaded.targets)
    outcome.errors |= _tell_problems(loaded.problems, request)
    outcome.notes += [Note(each.message, each.path, each.path in _given(request)) for each in loaded.problems]
    outcome.notes += map(Note, result.crashes)
    for crash in result.crashes:
        warn(f"mongolint: {visible(crash)}")
    outcome.errors |= bool(result.crashes)
    outcome.findings += result.findings
    outcome.suppressed += result.suppressed
    outcome.loaded.append(loaded)


def _settings(config: Config, request: Request, complain: Callable[[ConfigError], object] | None = None) -> Settings:
    """What holds for each file of a project, by its configurations and the command line."""
    only = request.config_file is not None
    return Settings(config, known_rules(), tiers(), request.overrides, only=only, complain=complain)


def _selected(settings: Settings, targets: Sequence[str]) -> set[str]:
    """The rules that run in any of these files; what their configurations say in vain is told."""
    selected = settings.selected(targets)
    named = {*(settings.given.select or ()), *settings.given.extend_select}
    for rule in known_rules().values():
        if rule.preview and named & {rule.code, rule.name} and not settings.top.config.preview:
            warn_once(f"mongolint: {rule.code} {rule.name} is in preview: it runs with --preview only")
    for key, origin in settings.without_effect():
        assert origin.file is not None
        place = f"{relative(origin.file, Path.cwd())}:{origin.line}"
        warn_once(visible(f"{place}: {key!r} is an option of the whole project, and has no effect in this place"))
    return selected


def _tell_problems(problems: Sequence[Problem], request: Request) -> bool:
    """One line for each path that is not read; whether any of them was given, which is an error."""
    given = _given(request)
    for problem in dict.fromkeys(problems):
        if problem.path in given or not request.quiet:
            warn(f"{visible(problem.path)}: {visible(problem.message)}")
    return any(problem.path in given for problem in problems)


def _given(request: Request) -> set[str]:
    """The paths of the command line as they are shown."""
    return {relative(os.path.abspath(path), Path.cwd()) for path in request.paths}


def _reports_broken(settings: Settings, path: str) -> bool:
    from mongolint.engine import run

    return run.SYNTAX_ERROR in settings.of(path).selected


def _tell_broken(untold: Sequence[Broken], loaded: Loaded, request: Request, outcome: Outcome) -> None:
    """Whoever asks for one rule still has to know that a file was not checked for it."""
    outcome.notes += [Note(each.message, loaded.display[each.path], error=False) for each in untold]
    for broken in () if request.quiet else untold:
        place = f"{visible(loaded.display[broken.path])}:{broken.line}:{broken.column}"
        warn(f"{place}: {visible(broken.message)}")


def _tell(outcome: Outcome, request: Request, data: bytes) -> None:
    """Print the report, and for whom it interests how it came about."""
    start = time.perf_counter()
    if outcome.changes:
        from mongolint.cli.checking import fix

        fix.show(outcome.changes, request, data)
    if request.diff:
        _say_what_would_be(outcome, request)
    else:
        output.publish(outcome, request)
    files = sum(len(loaded.targets) for loaded in outcome.loaded)
    if not files and not outcome.errors and not request.quiet:
        warn("mongolint: no Python files found under the given paths")
    if request.verbose:
        parsed = sum(len(loaded.project.modules) for loaded in outcome.loaded)
        warn(f"mongolint {__version__}: {files} files checked, {parsed} files of the project read as code")
        warn(f"{len(outcome.findings)} findings shown, {outcome.suppressed} suppressed by comments")
        outcome.lap("report", start)
        warn(", ".join(f"{seconds:.2f} s {phase}" for phase, seconds in outcome.laps.items()))


def _say_what_would_be(outcome: Outcome, request: Request) -> None:
    if not request.quiet:
        warn(text.would(outcome.fixed, outcome.findings))
