"""``mongolint schema``: the fields of each collection, and a validator for it."""

from __future__ import annotations

from pathlib import Path

import click

from mongolint.cli.project import load_for_listing, paths_argument, write_json
from mongolint.engine.listing import schema
from mongolint.report.schema import mongosh, table
from mongolint.source.deepstack import with_deep_stack


@click.command()
@paths_argument
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "json", "jsonschema", "mongosh"]),
    default="table",
    show_default=True,
    help="jsonschema and mongosh: the validators only, as data or as a script.",
)
@click.option("--collection", "names", multiple=True, metavar="NAME", help="Only this collection; may be repeated.")
def command(paths: tuple[Path, ...], form: str, names: tuple[str, ...]) -> None:
    """List the fields that the code stores in each collection, and reads from it.

    PATH may be files or directories; without one, the working directory. Shows the types of each field, where it
    is written and read, and what only one side knows. All documents that the code writes satisfy the validators; what
    it does not show, they leave free. Collections are those that the files asked for name, their fields those of
    the whole project.
    """
    loaded = load_for_listing(paths)
    items = [item for item in with_deep_stack(lambda: schema(loaded)) if not names or item["collection"] in names]
    if form == "json":
        write_json(items)
    elif form == "jsonschema":
        write_json([{"collection": i["collection"], **i["validator"]} for i in items if i["validator"] is not None])
    else:
        text = mongosh(items) if form == "mongosh" else table(items)
        if text:
            click.echo(text)
