"""Which reports a run of ``check`` gives, and where each of them goes."""

from __future__ import annotations

import os
import posixpath
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mongolint import __version__
from mongolint.cli import terminal
from mongolint.cli.checking.targets import SUMMARY, Target
from mongolint.cli.project import fail, warn
from mongolint.engine.registry import all_rules
from mongolint.finding import Finding, Fix, Span
from mongolint.fix.apply import rewrite
from mongolint.report import formats, statistics, text
from mongolint.report.formats.run import Run
from mongolint.report.paint import visible
from mongolint.source.files import relative

if TYPE_CHECKING:
    from mongolint.cli.checking.request import Request
    from mongolint.cli.checking.run import Outcome
    from mongolint.ruledoc import Page

# For a person, with a summary below
_TEXTS = ("full", "concise", "grouped")
# Whoever reads these looks for files from the root of the repository, and says in the environment where that is
_ROOTED = ("github", "gitlab", "sarif")
_ROOTS = ("GITHUB_WORKSPACE", "CI_PROJECT_DIR")


def resolve(request: Request, default: str) -> tuple[Target, ...]:
    """The reports to give, the default where none is asked for; ends the run where one cannot be given."""
    found = list(request.formats)
    if all(target.file for target in found) and (not found or request.output_file):
        found.append(Target(default))
    printed = [target.form for target in found if target.file is None]
    if len(printed) > 1:
        told = " and ".join(printed)
        raise click.UsageError(f"{told} cannot both be printed: name a file, as in --format {printed[-1]}:FILE")
    if request.statistics and printed and printed[0] not in (*_TEXTS, "json") and not request.output_file:
        raise click.UsageError(f"--statistics can be shown as text and as json, not as {printed[0]}")
    if request.output_file:
        found = [target._replace(file=target.file or request.output_file) for target in found]
    files = [target.file for target in found if target.file]
    if request.diff and files:
        raise click.UsageError("--diff shows no findings: there is no report to write to a file")
    for file in files:
        if len({os.path.abspath(each) for each in files}) < len(files):
            raise click.UsageError("two reports cannot go to one file")
        _check_writable(file)
    return tuple(found)


def _check_writable(file: Path) -> None:
    """Said now rather than after the run."""
    if file.is_dir():
        fail(f"{visible(str(file))}: cannot write: it is a directory")
    if not os.path.isdir(file.absolute().parent):
        fail(f"{visible(str(file))}: cannot write: there is no such directory")


def publish(outcome: Outcome, request: Request) -> None:
    """Write the files, then print the rest."""
    run = _run(outcome, request)
    rooted = _from_root(run)
    for target in request.formats:
        if target.file:
            _write(target, rooted if target.form in _ROOTED else run, outcome)
    if os.environ.get(SUMMARY) and any(target.form == "github" for target in request.formats):
        _add_summary(os.environ[SUMMARY], rooted, outcome)
    if request.quiet < 2:
        _print(outcome, request, rooted if request.form in _ROOTED else run)


def _run(outcome: Outcome, request: Request) -> Run:
    pages = _pages(outcome.selected) if any(target.form == "sarif" for target in request.formats) else []
    notes = tuple(dict.fromkeys(outcome.notes))
    return Run(outcome.findings, outcome.source(), rewrite, pages=pages, notes=notes, version=__version__)


def _pages(selected: set[str]) -> list[Page]:
    from mongolint.engine.rulebook.pages import page_of

    return [page_of(rule) for rule in sorted(all_rules(), key=lambda rule: rule.code) if rule.code in selected]


def _write(target: Target, run: Run, outcome: Outcome) -> None:
    # Most runs write no file
    from mongolint.live.replace import replace as replace_file

    assert target.file is not None
    body = formats.render(target.form, run)
    try:
        # A name in the code may hold what no encoding can
        written = (body + "\n" if body else "").encode("utf-8", "backslashreplace").decode()
        replace_file(written, target.file)
    except OSError as error:
        warn(f"{visible(str(target.file))}: cannot write: {(error.strerror or str(error)).lower()}")
        outcome.errors = True


def _add_summary(file: str, run: Run, outcome: Outcome) -> None:
    """GitHub shows the file, to which other steps of the job add too."""
    from mongolint.report.formats import markdown

    try:
        with open(file, "a", encoding="utf-8", errors="backslashreplace") as stream:
            stream.write(markdown.summary(run) + "\n")
    except OSError as error:
        warn(f"{visible(file)}: cannot write: {(error.strerror or str(error)).lower()}")
        outcome.errors = True


def _print(outcome: Outcome, request: Request, run: Run) -> None:
    to_err, form = request.echoes, request.form
    paint = terminal.paint(request.color, sys.stderr if to_err else sys.stdout)

    def echo(words: str) -> None:
        click.echo(words, err=to_err, color=paint.enabled)

    findings = outcome.findings
    if request.statistics:
        body = statistics.json(findings) if form == "json" else statistics.text(findings, paint)
    else:
        body = formats.render(form, replace(run, paint=paint)) if form else ""
    if body:
        echo(body)
    # "All checks passed" would be a lie where some were not made
    if form in (*_TEXTS, None) and not request.quiet and (findings or not outcome.errors):
        gap = "\n" if body and form in ("full", "grouped") and not request.statistics else ""
        echo(
            gap
            + text.summary(findings, paint, outcome.passed.remark(_remark(outcome), request.diff_base), outcome.fixed)
        )
        if findings and (request.shows_fixes or request.mends):
            echo(text.hint(findings, request.unsafe_fixes))


def _remark(outcome: Outcome) -> str:
    """Why findings do not fail the run."""
    if outcome.failing or not outcome.findings:
        return ""
    return f"no more than {outcome.allowed} may be left" if outcome.severe else "none is severe enough to fail"


def _from_root(run: Run) -> Run:
    """The same with files named from the root of the repository, where a CI system says which that is."""
    roots = [os.path.realpath(os.environ[name]) for name in _ROOTS if os.environ.get(name)]
    here = os.path.realpath(Path.cwd())
    root = next((root for root in roots if here.startswith(os.path.join(root, ""))), None)
    if root is None:
        return run
    below, shown = relative(here, root), dict[str, str]()

    def move(file: str) -> str:
        if posixpath.isabs(file):
            return file
        moved = posixpath.normpath(posixpath.join(below, file))
        shown[moved] = file
        return moved

    findings = [_moved(finding, move) for finding in run.findings]
    notes = [note._replace(path=note.path and move(note.path)) for note in run.notes]
    return replace(run, findings=findings, notes=notes, source=lambda file: run.source(shown.get(file, file)))


def _moved(finding: Finding, move: Callable[[str], str]) -> Finding:
    def at(span: Span) -> Span:
        return span._replace(file=move(span.file))

    fix = finding.fix
    if isinstance(fix, Fix):
        fix = fix._replace(edits=tuple(edit._replace(span=at(edit.span)) for edit in fix.edits))
    related = tuple(place._replace(span=at(place.span)) for place in finding.related)
    return finding._replace(span=at(finding.span), related=related, fix=fix)
