"""``mongolint indexes list``: the declared indexes, as a table, JSON, mongosh or Python."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from mongolint.cli.project import load_for_listing, paths_argument, table, write_json
from mongolint.engine.listing import indexes
from mongolint.report import writing
from mongolint.source.deepstack import with_deep_stack

_FORMATS = ["table", "json", "mongosh", "python"]


@click.command("list")
@paths_argument
@click.option("--format", "form", type=click.Choice(_FORMATS), default="table", show_default=True)
def command(paths: tuple[Path, ...], form: str) -> None:
    """List the declared indexes, keys as declared.

    PATH may be files or directories; without one, the working directory.
    """
    loaded = load_for_listing(paths)
    items = with_deep_stack(lambda: indexes(loaded))
    if form == "json":
        write_json(items)
    elif form == "table":
        table([_row(item) for item in items])
    else:
        for item in items:
            if item["collection"] and item["keys"]:
                click.echo(writing.mongosh(item) if form == "mongosh" else writing.python(item))


def _row(item: dict[str, Any]) -> list[str]:
    place = f"{item['file']}:{item['line']}"
    return [place, item["collection"] or "?", writing.pattern(item), writing.options(item)]
