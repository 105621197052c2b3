"""``mongolint indexes pull``: the indexes of a running server, as a file to lint against."""

from __future__ import annotations

import os
from pathlib import Path

import click

from mongolint.cli.indexes.server import ask_server, server_options
from mongolint.cli.project import fail, warn
from mongolint.live.replace import replace
from mongolint.live.snapshot import Snapshot, render
from mongolint.report.paint import visible

_EPILOG = """\
\b
Exit codes:
  0  the snapshot is written, perhaps without what a line on standard error
     names
  2  a mistake in the command line; the server cannot be reached in time,
     refuses the login or the lists; the file cannot be written

\b
Examples:
  MONGODB_URI=mongodb://localhost/shop mongolint indexes pull -o indexes.json
  mongolint check backend/ --indexes indexes.json
  mongolint indexes diff backend/ --indexes indexes.json

\b
Rights: "read" on each database; "clusterMonitor" for how often each index is
used. Nothing is written to the server, and no login to the file.
"""


@click.command("pull", epilog=_EPILOG)
@server_options
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="The file to write, at once or not at all; default: standard output.",
)
def command(uri: str | None, databases: tuple[str, ...], timeout: float, output: Path | None) -> None:
    """Write what indexes a running server has to a file, for check --indexes and indexes diff.

    For each collection: its type, about how many documents it holds, its indexes with keys and options as the
    server lists them, and how often each was used since when. Sorted, one index a line.
    """
    if not uri:
        raise click.UsageError("which server? Give --uri URI, or set MONGODB_URI")
    if output is not None and not os.path.isdir(output.absolute().parent):
        fail(f"{visible(str(output))}: cannot write: there is no such directory")
    snapshot = ask_server(uri, databases, timeout)
    if output is None:
        click.echo(render(snapshot), nl=False)
        return
    try:
        replace(render(snapshot), output)
    except OSError as error:
        fail(f"{visible(str(output))}: cannot write: {(error.strerror or str(error)).lower()}")
    warn(_summary(snapshot, output))


def _summary(snapshot: Snapshot, output: Path) -> str:
    collections = [held for _, held in snapshot.collections()]
    indexes = sum(len(held.indexes or ()) for held in collections)
    return f"{indexes} indexes of {len(collections)} collections written to {visible(str(output))}"
