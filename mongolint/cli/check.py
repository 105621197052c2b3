"""``mongolint check``: findings in files and directories."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import click

from mongolint import __version__
from mongolint.cli import terminal
from mongolint.cli.main import VERBOSE
from mongolint.cli.project import (
    ANY_PATH,
    Decorator,
    Part,
    complete_rule,
    fail,
    files_of,
    known_rules,
    parts,
    paths_argument,
    read_config,
    warn,
)
from mongolint.config import FORMATS, Config, ConfigError, check_selectors
from mongolint.engine.load import Loaded, load
from mongolint.engine.registry import all_rules, tiers
from mongolint.finding import Confidence, Finding, Severity
from mongolint.report import json, statistics, text
from mongolint.report.paint import visible
from mongolint.report.text import Source
from mongolint.selectors import resolve_selection
from mongolint.source.files import Problem, relative

_SELECTORS = "codes, prefixes, names or ALL"
_STDIN = Path("-")

_EPILOG = """\
\b
Exit codes:
  0  no finding as severe as --fail-on, or --exit-zero
  1  findings, a file that is not Python (MDB000) among them
  2  a mistake in the command line or the configuration; a given path that
     does not exist or cannot be read; a rule that failed. Whatever else was
     asked for is checked and reported nevertheless.

What lies below a given directory and cannot be read (no permission, a link to
nowhere, in circles or out of the given paths) is told on standard error and
does not change the exit code.

\b
Examples:
  mongolint check                             the working directory
  mongolint check backend/ --fail-on high     only severe findings fail
  mongolint check --select MDB1,print-call    a family and a rule, no others
  mongolint check --statistics                how often each rule reports
  mongolint check app.py --format json        for programs
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
"""


@dataclass(frozen=True)
class Request:
    """The command line, as given."""

    paths: tuple[Path, ...]
    select: tuple[str, ...] | None
    ignore: tuple[str, ...] | None
    extend_select: tuple[str, ...] | None
    fail_on: str | None
    min_confidence: str | None
    form: str | None
    exit_zero: bool
    statistics: bool
    show_files: bool
    stdin_filename: Path | None
    config_file: Path | None
    jobs: int | None
    color: str
    quiet: int
    verbose: int

    @property
    def overlay(self) -> Path | None:
        """The file that standard input stands for."""
        if self.stdin_filename or self.paths == (_STDIN,):
            return Path(os.path.abspath(self.stdin_filename or "stdin.py"))
        return None


@dataclass
class Outcome:
    """What all parts of a run gave together. ``errors``: something that was asked for could not be done."""

    findings: list[Finding] = field(default_factory=list)
    failing: bool = False
    errors: bool = False
    suppressed: int = 0
    loaded: list[Loaded] = field(default_factory=list)
    laps: dict[str, float] = field(default_factory=dict)

    def source(self) -> Source:
        """Gives the text of a file by the path shown."""
        held = {loaded.display[path]: (loaded, path) for loaded in self.loaded for path in loaded.targets}

        def text_of(file: str) -> str | None:
            loaded, path = held.get(file, (None, ""))
            return loaded.text(path) if loaded else None

        return text_of


def _split(ctx: click.Context, param: click.Parameter, values: Sequence[str]) -> tuple[str, ...] | None:
    """Comma lists of an option that may be repeated; None where it is not given."""
    if not values:
        return None
    words = tuple(word.strip() for value in values for word in value.split(",") if word.strip())
    if not words:
        raise click.BadParameter("names no rule", ctx, param)
    try:
        return check_selectors(words, known_rules(), param.opts[0])
    except ConfigError as error:
        fail(str(error))


def _selectors(name: str, text: str) -> Decorator:
    return click.option(name, multiple=True, metavar="RULES", callback=_split, shell_complete=complete_rule, help=text)


@click.command(epilog=_EPILOG)
@paths_argument
@_selectors("--select", f"Rules to run, and no others: {_SELECTORS}, with commas between.")
@_selectors("--ignore", "Rules not to run; the more specific selector wins.")
@_selectors("--extend-select", "Rules to run besides those selected.")
@click.option(
    "--fail-on",
    type=click.Choice([s.value for s in Severity]),
    help="Lowest severity that makes the exit code 1 (default: low).",
)
@click.option(
    "--min-confidence",
    type=click.Choice([c.value for c in Confidence]),
    help="Lowest confidence at which a finding is shown (default: inferred).",
)
@click.option("--format", "form", type=click.Choice(FORMATS), help="How findings are shown (default: full).")
@click.option("--exit-zero", is_flag=True, help="Exit with 0 even if there are findings.")
@click.option("--statistics", is_flag=True, help="Show how often each rule reports instead of the findings.")
@click.option("--show-files", is_flag=True, help="List the files that would be checked, and check none.")
@click.option(
    "--stdin-filename",
    type=ANY_PATH,
    metavar="FILE",
    help="Check standard input as the content of FILE, in its project; PATH is - or left out.",
)
@click.option(
    "--config",
    "config_file",
    type=ANY_PATH,
    metavar="FILE",
    help="Read options from FILE instead of the nearest pyproject.toml or mongolint.toml.",
)
@click.option(
    "--jobs",
    type=click.IntRange(min=1),
    metavar="N",
    help="Worker processes (default: one per core; none for a small project).",
)
@click.option(
    "--color", type=click.Choice(["auto", "always", "never"]), default="auto", help="Colours (default: auto)."
)
@click.option("-q", "--quiet", count=True, help="No summary and no notes; twice: no findings either.")
@click.option("-v", "--verbose", count=True, help="Files, seconds per phase; tracebacks of internal errors.")
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
    if request.stdin_filename and set(request.paths) - {_STDIN}:
        raise click.UsageError("--stdin-filename leaves no room for another path than '-'")
    if _STDIN in request.paths and len(request.paths) > 1:
        raise click.UsageError("'-' cannot be combined with other paths")
    chosen = _parts(request)
    if request.show_files:
        ctx.exit(_show_files(chosen, request))
    outcome = _check(chosen, request, started)
    _tell(outcome, chosen[0], request)
    found = outcome.failing and not request.exit_zero
    ctx.exit(2 if outcome.errors else 1 if found else 0)


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


def _check(chosen: Sequence[Part], request: Request, started: float) -> Outcome:
    outcome = Outcome()
    overlay = _read_stdin(request, chosen[0])
    progress = terminal.Progress(not request.quiet)
    outcome.laps["set up"] = time.perf_counter() - started
    try:
        for part in chosen:
            _check_part(part, request, overlay, progress, outcome)
    finally:
        progress.close()
    outcome.findings = sorted(dict.fromkeys(outcome.findings), key=lambda finding: finding.sort_key)
    return outcome


def _read_stdin(request: Request, part: Part) -> dict[str, bytes]:
    file = request.overlay
    if file is None:
        return {}
    content = sys.stdin.buffer.read()
    if part.config.force_exclude and file.exists() and not files_of(part.config, [file]).files:
        return {}  # an editor checks whatever it opens; the project wants this file left out
    return {file.as_posix(): content}


def _check_part(
    part: Part,
    request: Request,
    overlay: Mapping[str, bytes],
    progress: terminal.Progress,
    outcome: Outcome,
) -> None:
    # Brings the parser along, which a usage error or a list of files can do without
    from mongolint.engine import run

    config, selected = _narrowed(part.config, request)
    tokens = [token for rule in all_rules() if rule.code in selected for token in rule.tokens]
    start = time.perf_counter()
    loaded = load(
        part.paths,
        config,
        Path.cwd(),
        overlay=overlay,
        tokens=tokens,
        jobs=request.jobs,
        progress=progress,
    )
    parsed = time.perf_counter()
    progress.say("checking")
    leaves_out = not resolve_selection(known_rules(), tiers()) <= selected
    result = run.check(loaded, selected, config, narrowed=leaves_out)
    checked = time.perf_counter()
    progress.close()
    outcome.errors |= _tell_problems(loaded.problems, request)
    if run.SYNTAX_ERROR not in selected:
        _tell_broken(loaded, request)
    for crash in result.crashes:
        warn(f"mongolint: {visible(crash)}")
    outcome.errors |= bool(result.crashes)
    outcome.failing |= run.failing(result.findings, config.fail_on)
    outcome.findings += result.findings
    outcome.suppressed += result.suppressed
    outcome.loaded.append(loaded)
    for phase, seconds in (("read and parse", parsed - start), ("link and check", checked - parsed)):
        outcome.laps[phase] = outcome.laps.get(phase, 0.0) + seconds


def _narrowed(config: Config, request: Request) -> tuple[Config, set[str]]:
    """The configuration with what the command line says, and the codes of the rules to run."""
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
    here = Path.cwd()
    given = {relative(os.path.abspath(path), here) for path in request.paths}
    for problem in dict.fromkeys(problems):
        if problem.path in given or not request.quiet:
            warn(f"{visible(problem.path)}: {visible(problem.message)}")
    return any(problem.path in given for problem in problems)


def _tell_broken(loaded: Loaded, request: Request) -> None:
    """Whoever asks for one rule still has to know that a file was not checked for it."""
    for broken in () if request.quiet else loaded.broken:
        place = f"{visible(loaded.display[broken.path])}:{broken.line}:{broken.column}"
        warn(f"{place}: {visible(broken.message)}")


def _tell(outcome: Outcome, part: Part, request: Request) -> None:
    """Print the report, and for whom it interests how it came about."""
    start = time.perf_counter()
    form = request.form or part.config.output_format
    if request.quiet < 2:
        _print_report(outcome, form, request)
    files = sum(len(loaded.targets) for loaded in outcome.loaded)
    if not files and not outcome.errors and not request.quiet:
        warn("mongolint: no Python files found under the given paths")
    if request.verbose:
        parsed = sum(len(loaded.project.modules) for loaded in outcome.loaded)
        warn(f"mongolint {__version__}: {files} files checked, {parsed} files of the project parsed")
        warn(f"{len(outcome.findings)} findings shown, {outcome.suppressed} suppressed by comments")
        laps = {**outcome.laps, "report": time.perf_counter() - start}
        warn(", ".join(f"{seconds:.2f} s {phase}" for phase, seconds in laps.items()))


def _print_report(outcome: Outcome, form: str, request: Request) -> None:
    findings, paint = outcome.findings, terminal.paint(request.color)
    if form == "json":
        click.echo(statistics.json(findings) if request.statistics else json.render(findings))
        return
    if request.statistics:
        body = statistics.text(findings, paint)
    elif form == "concise":
        body = text.concise(findings, paint)
    else:
        body = text.full(findings, outcome.source(), paint)
    if body:
        click.echo(body, color=paint.enabled)
    # "All checks passed" would be a lie where some were not made
    if not request.quiet and (findings or not outcome.errors):
        gap = "\n" if findings and form == "full" and not request.statistics else ""
        remark = "" if outcome.failing or not findings else "none is severe enough to fail"
        click.echo(gap + text.summary(findings, paint, remark), color=paint.enabled)
