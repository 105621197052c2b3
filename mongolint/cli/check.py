"""``mongolint check``: findings in files and directories."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mongolint import __version__
from mongolint.cli import terminal
from mongolint.cli.checking import output
from mongolint.cli.main import VERBOSE
from mongolint.cli.project import Part, files_of, indexes_elsewhere, known_rules, parts, read_config, warn
from mongolint.cli.request import STDIN, Request, options
from mongolint.config import Config
from mongolint.engine.load import Loaded, load
from mongolint.engine.registry import all_rules, tiers
from mongolint.engine.workers import Workers, default_jobs
from mongolint.finding import Confidence, Finding, Severity
from mongolint.report import json, text
from mongolint.report.formats.run import Note
from mongolint.report.paint import visible
from mongolint.report.text import Source
from mongolint.selectors import resolve_selection
from mongolint.source.files import Problem, relative

if TYPE_CHECKING:
    from mongolint.cli.fix import Changes
    from mongolint.engine.run import Result

_EPILOG = """\
\b
Exit codes:
  0  no more findings as severe as --fail-on than --max-findings are left, or
     --exit-zero; with --diff: nothing would be fixed
  1  more findings, a file that is not Python (MDB000) among them;
     with --diff: something would be fixed
  2  a mistake in the command line or the configuration; a given path that
     does not exist, cannot be read or written; a report that cannot be
     written; a rule that failed; a fix that would have spoilt the file, which
     was left as it was. Whatever else was asked for is done and reported
     nevertheless.

What lies below a given directory and cannot be read (no permission, a link to
nowhere, in circles or out of the given paths) is told on standard error and
does not change the exit code.

\b
Examples:
  mongolint check                             the working directory
  mongolint check backend/ --fail-on high     only severe findings fail
  mongolint check --select MDB1,print-call    a family and a rule, no others
  mongolint check --diff                      what --fix would change
  mongolint check --fix --unsafe-fixes        all that needs no person
  mongolint check --statistics                how often each rule reports
  mongolint check app.py --format json        for programs
  mongolint check --format sarif:out.sarif --format github
                                              two reports, one into a file
  mongolint check --stdin-filename app/db.py - < draft.py

\b
Suppression:
  # mongolint: ignore[n-plus-one-query] five ids at most
  # noqa: MDB101
  # mongolint: ignore-file[MDB503] a script     (on a line of its own)

\b
Environment:
  NO_COLOR, FORCE_COLOR   as --color never, --color always
  CI                      no progress line
  GITHUB_STEP_SUMMARY     a file that --format github adds a summary to
  GITHUB_WORKSPACE, CI_PROJECT_DIR
                          the directory that the files in the formats github,
                          gitlab and sarif are named from, if it is further up
"""


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


@click.command(epilog=_EPILOG)
@options
@click.pass_context
def command(ctx: click.Context, /, **options: Any) -> None:
    """Report findings in files and directories.

    PATH may be files or directories; without one, the working directory; - is standard input. Whatever
    paths are given, the whole project around them supplies the model, so that a file has the same findings
    alone as among others. Files that git ignores are left out, given ones are not.

    Options of the command line win over those of the configuration.
    """
    request = Request(**options)
    ctx.meta[VERBOSE] = bool(request.verbose)
    started = time.perf_counter()
    if request.stdin_filename and set(request.paths) - {STDIN}:
        raise click.UsageError("--stdin-filename leaves no room for another path than '-'")
    if STDIN in request.paths and len(request.paths) > 1:
        raise click.UsageError("'-' cannot be combined with other paths")
    chosen = _parts(request)
    if request.show_files:
        ctx.exit(_show_files(chosen, request))
    request = replace(request, formats=output.resolve(request, chosen[0].config.output_format))
    data = sys.stdin.buffer.read() if request.overlay else b""
    outcome = _check(chosen, request, data, ctx.obj, started)
    _tell(outcome, request, data)
    if request.diff:
        failing = bool(outcome.fixed)
    else:
        failing = outcome.failing or (request.exit_non_zero_on_fix and bool(outcome.fixed))
    ctx.exit(2 if outcome.errors else 1 if failing and not request.exit_zero else 0)


def _parts(request: Request) -> list[Part]:
    file = request.overlay
    if file is None:
        return parts(request.paths or (Path.cwd(),), request.config_file)
    return [Part(read_config(file, request.config_file), ())]


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


def _check(chosen: Sequence[Part], request: Request, data: bytes, workers: Workers | None, started: float) -> Outcome:
    outcome = Outcome(_no_changes() if request.mends else None, request.max_findings)
    overlay = _overlay(request, chosen[0], data)
    progress = terminal.Progress(not request.quiet)
    outcome.lap("set up", started)
    try:
        for part in chosen:
            _check_part(part, request, overlay, progress, outcome, workers)
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
    from mongolint.cli.fix import Changes

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
) -> None:
    # Brings the parser along, which a usage error or a list of files can do without
    from mongolint.engine import run
    from mongolint.engine.fixes import import_parser

    config, selected = _narrowed(part.config, request)
    tokens = [token for rule in all_rules() if rule.code in selected for token in rule.tokens]
    leaves_out = not resolve_selection(known_rules(), tiers()) <= selected
    external = indexes_elsewhere(config)
    changes = outcome.changes
    fixes = request.mends or request.shows_fixes
    contents = {**overlay, **(changes.below(part) if changes else {})}

    def reload(more: Mapping[str, bytes], previous: Loaded | None) -> Loaded:
        return load(
            part.paths,
            config,
            Path.cwd(),
            overlay={**contents, **more},
            tokens=tokens,
            jobs=request.jobs,
            progress=None if previous else progress,
            previous=previous,
            meanwhile=import_parser if fixes else None,
            external=external,
            workers=workers,
        )

    def check(loaded: Loaded) -> Result:
        jobs = request.jobs or default_jobs()
        return run.check(loaded, selected, config, narrowed=leaves_out, fixes=fixes, jobs=jobs)

    start = time.perf_counter()
    loaded = reload({}, None)
    outcome.lap("read and parse", start)
    start = time.perf_counter()
    progress.say("checking")
    if changes is None:
        result = check(loaded)
    else:
        from mongolint.cli.fix import apply

        loaded, result = apply(loaded, check, reload, request, changes)
    outcome.lap("link, check and fix" if changes else "link and check", start)
    progress.close()
    if run.SYNTAX_ERROR not in selected:
        _tell_broken(loaded, request)
        outcome.notes += [Note(each.message, loaded.display[each.path], error=False) for each in loaded.broken]
    outcome.severe |= {found for found in result.findings if found.severity.rank >= config.fail_on.rank}
    outcome.selected |= selected
    _add(outcome, loaded, result, request)


def _add(outcome: Outcome, loaded: Loaded, result: Result, request: Request) -> None:
    """Add what one part gave, and tell what went wrong in it."""
    outcome.errors |= _tell_problems(loaded.problems, request)
    outcome.notes += [Note(each.message, each.path, each.path in _given(request)) for each in loaded.problems]
    outcome.notes += map(Note, result.crashes)
    for crash in result.crashes:
        warn(f"mongolint: {visible(crash)}")
    outcome.errors |= bool(result.crashes)
    outcome.findings += result.findings
    outcome.suppressed += result.suppressed
    outcome.loaded.append(loaded)


def _narrowed(config: Config, request: Request) -> tuple[Config, set[str]]:
    """The configuration with what the command line says, and the codes of the rules to run."""
    if request.indexes:
        config = replace(config, indexes=os.path.abspath(request.indexes))
    if request.fail_on:
        config = replace(config, fail_on=Severity(request.fail_on))
    if request.min_confidence:
        config = replace(config, min_confidence=Confidence(request.min_confidence))
    selected = config.selected(
        known_rules(),
        tiers(),
        select=request.select,
        ignore=request.ignore or (),
        extend_select=request.extend_select or (),
    )
    return config, selected


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


def _tell_broken(loaded: Loaded, request: Request) -> None:
    """Whoever asks for one rule still has to know that a file was not checked for it."""
    for broken in () if request.quiet else loaded.broken:
        place = f"{visible(loaded.display[broken.path])}:{broken.line}:{broken.column}"
        warn(f"{place}: {visible(broken.message)}")


def _tell(outcome: Outcome, request: Request, data: bytes) -> None:
    """Print the report, and for whom it interests how it came about."""
    start = time.perf_counter()
    if outcome.changes:
        from mongolint.cli import fix

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
        warn(f"mongolint {__version__}: {files} files checked, {parsed} files of the project parsed")
        warn(f"{len(outcome.findings)} findings shown, {outcome.suppressed} suppressed by comments")
        outcome.lap("report", start)
        warn(", ".join(f"{seconds:.2f} s {phase}" for phase, seconds in outcome.laps.items()))


def _say_what_would_be(outcome: Outcome, request: Request) -> None:
    if not request.quiet:
        warn(text.would(outcome.fixed, outcome.findings))
