"""``mongolint explain``: one query of the code, field by field, what serves it, and what a server makes of it."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from mongolint.cli import terminal
from mongolint.cli.project import ANY_PATH, fail, indexes_elsewhere, read_config, warn, write_json
from mongolint.engine.explained import explained
from mongolint.engine.load import Loaded, load
from mongolint.engine.served import add_server
from mongolint.fastclasses import dataclass
from mongolint.live.uri import LiveError, Uri
from mongolint.project.explained.answer import Answer, answer
from mongolint.project.explained.places import none_at, operations_at
from mongolint.project.model import Project
from mongolint.report import explain as report
from mongolint.report.paint import visible
from mongolint.source.deepstack import with_deep_stack

_PLACE = re.compile(r"(.+?):(\d+)(?::(\d+))?", re.DOTALL)
_VARIABLE = "MONGODB_URI"

_EPILOG = """\
\b
Fields: what each does (equality, in, range, sort …), and where the best plan
decides it.
  bounds the index      only keys with that value are read
  checked on the keys   keys are read that do not match
  checked on documents  documents are read that do not match

\b
With --uri the server is asked for its plan (explain, queryPlanner): the query
itself is not run, a write is asked as the find of its filter, and values that
the code leaves open are replaced by samples. --uri without a value takes
MONGODB_URI. The role "read" is enough.

\b
Exit codes:
  0  explained, whatever the verdict and the server say
  2  no query there, a mistake in the command line or the configuration, or a
     server that cannot be asked

\b
Examples:
  mongolint explain app/db/users.py:42
  mongolint explain app/db/users.py:42 --uri mongodb://localhost/shop
  mongolint explain app/db/users.py:42:19 --format json
"""


@dataclass(frozen=True, slots=True)
class _Place:
    """Where to look for a query; ``text`` as it was given."""

    text: str
    file: Path
    line: int
    column: int | None


@click.command(epilog=_EPILOG)
@click.argument("place", metavar="FILE:LINE[:COLUMN]", required=False)
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option(
    "--uri", is_flag=False, flag_value="", metavar="[URI]", help=f"The server to ask; without a value: ${_VARIABLE}."
)
@click.option(
    "--database", metavar="NAME", help="The database to ask; default: that of the URI, else that of the code."
)
@click.option(
    "--timeout",
    type=click.FloatRange(min=0, min_open=True),
    default=10.0,
    show_default=True,
    metavar="SECONDS",
    help="How long asking may take.",
)
@click.option(
    "--indexes",
    type=ANY_PATH,
    metavar="FILE",
    help="A snapshot of 'mongolint indexes pull': its indexes serve queries besides the declared ones.",
)
def command(
    place: str | None, form: str, uri: str | None, database: str | None, timeout: float, indexes: Path | None
) -> None:
    """Explain the query at FILE:LINE: what it sends, the role of each field, and which index serves it.

    A place is what 'mongolint queries' shows, or any line of the call. Shows the query as mongosh, with <…> for what
    only the running program knows; with --uri also how a server would run it, and where that differs.
    """
    if uri and place is None:  # ``--uri FILE:LINE`` takes the place for its value
        place, uri = uri, ""
    if place is None:
        raise click.UsageError("explain what? Give FILE:LINE")
    where = _parsed(place)
    server = _server(uri)
    if server is None and database is not None:
        raise click.UsageError("--database chooses what to ask a server for; give --uri too")
    loaded = _load(where, indexes)
    items = with_deep_stack(lambda: _explained(loaded, where, server, database, timeout))
    if form == "json":
        write_json(items)
    else:
        paint = terminal.paint()
        click.echo(report.text(items, paint), color=paint.enabled)


def _parsed(text: str) -> _Place:
    found = _PLACE.fullmatch(text)
    if found is None or int(found[2]) < 1:
        raise click.UsageError(f"{visible(text)!r} is no place: it has to be FILE:LINE or FILE:LINE:COLUMN")
    return _Place(visible(text), Path(found[1]), int(found[2]), int(found[3]) if found[3] else None)


def _server(given: str | None) -> Uri | None:
    if given is None:
        return None
    text = given or os.environ.get(_VARIABLE, "")
    if not text:
        raise click.UsageError(f"which server? Give --uri URI, or set {_VARIABLE}")
    try:
        return Uri(text)
    except LiveError as error:
        fail(visible(str(error)))


def _load(where: _Place, indexes: Path | None) -> Loaded:
    """The project of the file; a file that cannot be read ends the run with exit code 2."""
    shown = visible(str(where.file))
    if not where.file.is_file():
        fail(f"{shown}: {'is a directory' if where.file.is_dir() else 'no such file'}")
    config = read_config(where.file)
    if indexes is not None:
        config = replace(config, indexes=os.path.abspath(indexes))
    # Read as code, whether or not it has to do with the driver
    loaded = load([where.file], config, Path.cwd(), external=indexes_elsewhere(config), tokens=[""])
    for problem in loaded.problems:
        fail(f"{problem.path}: {problem.message}")
    for broken in loaded.broken:
        fail(f"{loaded.display[broken.path]}:{broken.line}:{broken.column}: {broken.message}")
    return loaded


def _explained(
    loaded: Loaded, where: _Place, server: Uri | None, database: str | None, timeout: float
) -> list[dict[str, Any]]:
    project = loaded.project
    module = next((n for n, facts in enumerate(project.modules) if facts.path in loaded.targets), None)
    if module is None:
        fail(f"{where.text}: the file is not read: it is excluded, or no Python")
    found = operations_at(project, module, where.line, where.column)
    if not found:
        fail(f"{where.text}: {visible(none_at(project, module, where.line))}")
    answers = [answer(project, operation) for operation in found]
    items = explained(project, answers)
    if server is not None:
        _ask(project, answers, items, server, database, timeout)
    return items


def _ask(
    project: Project,
    answers: Sequence[Answer],
    items: Sequence[dict[str, Any]],
    server: Uri,
    database: str | None,
    timeout: float,
) -> None:
    try:
        add_server(project, answers, items, server, database, timeout)
    except LiveError as error:
        fail(visible(str(error)))
    if not any(each["server"] for item in items for each in (item, *item["inner"])):
        warn("mongolint: the server was not asked: there is no filter, or a collection known only at run time")
