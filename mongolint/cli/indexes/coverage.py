"""``mongolint indexes coverage``: which index serves which query, and what is served by none."""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any

import click

from mongolint.cli.project import fail, load_for_listing, paths_argument, warn
from mongolint.cli.terminal import paint
from mongolint.engine.coverage import coverage
from mongolint.live.replace import replace
from mongolint.report.coverage import table
from mongolint.report.coverage.words import counted
from mongolint.report.paint import Paint, visible
from mongolint.source.deepstack import with_deep_stack

_EPILOG = """\
\b
Verdicts:
  served    an index bounds all of the filter, and gives the order
  partial   an index helps: with a part of the filter, or only with the order
  unserved  the whole collection is read
  unknown   which, only the running program knows

\b
{user_id, at: range, [state]} is equality on user_id, a range of at, and on
some paths equality on state; … stands for fields that the code does not show.
docs/coverage.md describes the JSON.

\b
Examples:
  mongolint indexes coverage backend/
  mongolint indexes coverage backend/ --format html -o coverage.html
"""


@click.command("coverage", epilog=_EPILOG)
@paths_argument
@click.option("--format", "form", type=click.Choice(["table", "json", "html"]), default="table", show_default=True)
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="The file to write, at once or not at all; default: standard output.",
)
def command(paths: tuple[Path, ...], form: str, output: Path | None) -> None:
    """Show for each collection what is asked of it, which index serves that, and which index serves nothing.

    PATH may be files or directories; without one, the working directory. Shown are the queries of these files; an
    index is judged by those of the whole project. Tests and scripts are told apart: what only they ask needs no index.
    """
    if output is not None and not os.path.isdir(output.absolute().parent):
        fail(f"{visible(str(output))}: cannot write: there is no such directory")
    loaded = load_for_listing(paths)
    record = with_deep_stack(lambda: coverage(loaded))
    colours = paint() if output is None else Paint(False)
    # A name in the code may hold what no encoding can
    text = _render(record, form, colours, _width(output)).encode("utf-8", "backslashreplace").decode()
    if output is None:
        click.echo(text, nl=False, color=colours.enabled)
        return
    try:
        replace(text, output)
    except OSError as error:
        fail(f"{visible(str(output))}: cannot write: {(error.strerror or str(error)).lower()}")
    warn(f"{counted(len(record['collections']), 'collection')} written to {visible(str(output))}")


def _width(output: Path | None) -> int:
    """That of a terminal, within bounds; else the whole."""
    if output is not None or not sys.stdout.isatty():
        return table.WIDTH
    return min(table.WIDTH, max(shutil.get_terminal_size().columns, table.LEAST))


def _render(record: dict[str, Any], form: str, colours: Paint, width: int) -> str:
    if form == "json":
        return json.dumps(record, ensure_ascii=False, indent=2, default=str) + "\n"
    if form == "html":
        from mongolint.report.coverage import page

        return page.render(record)
    return table.render(record, colours, width)
