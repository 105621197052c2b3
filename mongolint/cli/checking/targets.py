"""``--format`` and ``--output-file``, as they are given."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from mongolint.cli.project import ANY_PATH, Decorator
from mongolint.config import FORMATS
from mongolint.fastclasses import NamedTuple
from mongolint.selectors import did_you_mean

# Those that show what a fix changes, or how many there are
WITH_FIXES = ("full", "json", "jsonl", "sarif", "rdjson")
# A file that GitHub shows, which is written beside its format
SUMMARY = "GITHUB_STEP_SUMMARY"


class Target(NamedTuple):
    """A report to give: its format, and the file to write; None is standard output."""

    form: str
    file: Path | None = None


def _targets(ctx: click.Context, param: click.Parameter, values: Sequence[str]) -> tuple[Target, ...]:
    found = []
    for value in values:
        form, colon, file = value.partition(":")
        if form not in FORMATS:
            choices = ", ".join(map(repr, FORMATS))
            raise click.BadParameter(f"{form!r} is not one of {choices}{did_you_mean(form, FORMATS)}", ctx, param)
        if colon and not file:
            raise click.BadParameter(f"{value!r} names no file after the colon", ctx, param)
        found.append(Target(form, Path(file) if file else None))
    return tuple(found)


def _complete(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    return [form for form in FORMATS if form.startswith(incomplete)]


OPTIONS: tuple[Decorator, ...] = (
    click.option(
        "--format",
        "formats",
        multiple=True,
        metavar="FORMAT[:FILE]",
        callback=_targets,
        shell_complete=_complete,
        help=f"How findings are shown: {', '.join(FORMATS)} (default: full). With :FILE it is written there; may be "
        "given several times, once without a file.",
    ),
    click.option("--output-file", type=ANY_PATH, metavar="FILE", help="Write the report to FILE, not to the terminal."),
)
