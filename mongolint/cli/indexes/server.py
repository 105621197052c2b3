"""Which server to ask, and asking it: what the commands that want a running one share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import click

from mongolint.cli.project import fail, warn
from mongolint.live.snapshot import Snapshot
from mongolint.live.uri import LiveError, Uri
from mongolint.report.paint import visible

URI_VARIABLE = "MONGODB_URI"

_OPTIONS = (
    click.option(
        "--uri",
        metavar="URI",
        envvar=URI_VARIABLE,
        help=f"The server to ask, read-only; also ${URI_VARIABLE}, which no process list shows.",
    ),
    click.option(
        "--database",
        "databases",
        multiple=True,
        metavar="NAME",
        help="A database to read, repeatable; default: that of the URI, else all but admin, local and config.",
    ),
    click.option(
        "--timeout",
        type=click.FloatRange(min=0, min_open=True),
        default=10.0,
        show_default=True,
        metavar="SECONDS",
        help="How long all of it may take.",
    ),
)


def server_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options that say which server to ask."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def ask_server(uri: str, databases: Sequence[str], timeout: float) -> Snapshot:
    """What the server has; a line on standard error for what could not be read, or one and exit code 2."""
    from mongolint.live.pull import pull

    try:
        pulled = pull(Uri(uri), databases, timeout)
    except LiveError as error:
        fail(visible(str(error)))
    for note in pulled.notes:
        warn(f"mongolint: {visible(note)}")
    return pulled.snapshot
