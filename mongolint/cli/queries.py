"""``mongolint queries``: every operation on a collection, and what could not be traced."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from mongolint.cli.project import load_for_listing, paths_argument, table, write_json
from mongolint.engine.listing import queries, unresolved
from mongolint.source.deepstack import with_deep_stack


@click.command()
@paths_argument
@click.option("--format", "form", type=click.Choice(["table", "json"]), default="table", show_default=True)
@click.option("--unresolved", "only_unresolved", is_flag=True, help="List what could not be traced instead.")
def command(paths: tuple[Path, ...], form: str, only_unresolved: bool) -> None:
    """List every operation that the code runs on a collection.

    PATH may be files or directories; without one, the working directory. Shows the collection, the fields
    of the filter, and which declared index serves it. A file that is not Python is told on standard error.
    """
    loaded = load_for_listing(paths)
    listed = unresolved if only_unresolved else queries
    items = with_deep_stack(lambda: listed(loaded))
    if form == "json":
        write_json(items)
    elif only_unresolved:
        table([[_place(item), item["method"], item["hint"]] for item in items])
    else:
        table([_row(item) for item in items])


def _place(item: dict[str, Any]) -> str:
    return f"{item['file']}:{item['line']}:{item['column']}"


def _row(item: dict[str, Any]) -> list[str]:
    names = item["collection"] or " or ".join(item.get("collections", ())) or "?"
    held = item["filter"]
    fields = [
        *held["required"],
        *(f"[{name}]" for name in held["optional"]),
        *(["…"] if held["open"] else []),
    ]
    index = item["index"]
    verdict = index["verdict"] + (f" by {index['name']}" if index["name"] else "")
    return [_place(item), f"{names}.{item['method']}", "{" + ", ".join(fields) + "}", verdict]
