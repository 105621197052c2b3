"""``mongolint indexes diff``: the declared indexes against those of a server."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from mongolint.cli.indexes.server import URI_VARIABLE, ask_server, server_options
from mongolint.cli.project import (
    ANY_PATH,
    load_for_listing,
    paths_argument,
    read_config,
    read_snapshot,
    table,
    warn,
    write_json,
)
from mongolint.engine.load import Loaded
from mongolint.finding import Span
from mongolint.live.diff import DRIFT, KINDS, Difference, compare, show_keys
from mongolint.live.snapshot import Snapshot
from mongolint.report.paint import visible
from mongolint.source.deepstack import with_deep_stack
from mongolint.source.files import relative

_EPILOG = """\
\b
Kinds:
  missing     declared, and the server does not have it
  different   on both sides, with other keys or options
  undeclared  on the server, and no code declares it
  unused      on the server, and no query has used it since its member
              started to count (members of a replica set count by themselves)
  unknown     declared, but which index it is shows only at run time

\b
Exit codes:
  0  no index is missing, different or undeclared
  1  some are
  2  a mistake in the command line, the configuration or the snapshot; a
     server that cannot be asked

\b
Examples:
  mongolint indexes diff backend/ --indexes indexes.json
  MONGODB_URI=mongodb://localhost/shop mongolint indexes diff backend/
"""


@click.command("diff", epilog=_EPILOG)
@paths_argument
@click.option(
    "--indexes", "file", type=ANY_PATH, metavar="FILE", help="A snapshot; default: that of the configuration."
)
@server_options
@click.option("--format", "form", type=click.Choice(["table", "json"]), default="table", show_default=True)
@click.pass_context
def command(
    ctx: click.Context,
    paths: tuple[Path, ...],
    file: Path | None,
    uri: str | None,
    databases: tuple[str, ...],
    timeout: float,
    form: str,
) -> None:
    """Compare the indexes that the code declares with those of a server or of a snapshot of one.

    PATH may be files or directories; without one, the working directory. Of the declared indexes, those in these
    files are reported; the indexes of the server are compared with all that the project declares.
    """
    given = ctx.get_parameter_source("uri") is not click.core.ParameterSource.ENVIRONMENT
    if file and uri and given:
        raise click.UsageError("--indexes and --uri: which of the two?")
    file = file or (None if uri and given else read_config((paths or (Path.cwd(),))[0]).indexes_file)
    if file is None and not uri:
        raise click.UsageError(f"compare with what? Give --indexes FILE or --uri URI, or set {URI_VARIABLE}")
    if file is not None and databases:
        raise click.UsageError("--database chooses what to read from a server; a snapshot is compared as a whole")
    snapshot = read_snapshot(file) if file is not None else ask_server(uri or "", databases, timeout)
    shown = relative(file.absolute(), Path.cwd()) if file is not None else ""
    loaded = load_for_listing(paths, with_snapshot=False)
    found = with_deep_stack(lambda: _compare(loaded, snapshot))
    if form == "json":
        write_json([_record(each, _place(loaded, each, shown)) for each in found])
    else:
        table([_row(each, _place(loaded, each, shown)) for each in found])
        warn(_summary(found))
    ctx.exit(1 if any(each.kind in DRIFT for each in found) else 0)


def _compare(loaded: Loaded, snapshot: Snapshot) -> list[Difference]:
    shown = {loaded.display[path] for path in loaded.targets}
    found = compare(loaded.project.indexes, snapshot)
    return [each for each in found if each.declared is None or loaded.project.index_span(each.declared).file in shown]


def _place(loaded: Loaded, difference: Difference, snapshot: str) -> Span | None:
    """Where the index is declared, else where the snapshot has it; None for a server that was asked itself."""
    if difference.declared is not None:
        return loaded.project.index_span(difference.declared)
    line = difference.stored.line if difference.stored else 0
    return Span(snapshot, line, 1, line, 1) if snapshot else None


def _row(difference: Difference, place: Span | None) -> list[str]:
    where = f"{difference.database or '?'}.{difference.collection or '?'}"
    spot = f"{place.file}:{place.line}" if place else "-"
    cells = [difference.kind, spot, where, difference.name or "?", show_keys(difference.keys)]
    return [visible(cell) for cell in (*cells, difference.reason)]


def _record(difference: Difference, place: Span | None) -> dict[str, Any]:
    stored = difference.stored
    usage = stored.usage if stored is not None else None
    return {
        "kind": difference.kind,
        "database": difference.database,
        "collection": difference.collection,
        "name": difference.name,
        "keys": [list(pair) for pair in difference.keys] if difference.keys else None,
        "reason": difference.reason,
        "file": place and place.file,
        "line": place and place.line,
        "column": place and place.column,
        "options": [
            {"option": each.option, "declared": each.declared, "server": each.stored} for each in difference.options
        ],
        "uses": usage and usage.ops,
        "since": usage and usage.since.isoformat(),
        "days": difference.days,
    }


def _summary(found: Sequence[Difference]) -> str:
    counts = Counter(each.kind for each in found)
    told = ", ".join(f"{counts[kind]} {kind}" for kind in KINDS if counts[kind])
    return told or "The server has exactly the indexes that the code declares."
