"""``mongolint indexes``: the declared indexes, as a table, JSON, mongosh or Python."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from mongolint.cli.project import load_for_listing, paths_argument, table, write_json
from mongolint.engine.listing import indexes
from mongolint.source.deepstack import with_deep_stack

_FORMATS = ["table", "json", "mongosh", "python"]


class DefaultGroup(click.Group):
    """A group in which a first argument that is no subcommand belongs to ``list``."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not args or (args[0] not in self.commands and args[0] not in ("-h", "--help")):
            args = ["list", *args]
        return super().parse_args(ctx, args)


@click.group(cls=DefaultGroup)
def command() -> None:
    """List the indexes that the code declares (``list`` may be left out)."""


@command.command("list")
@paths_argument
@click.option("--format", "form", type=click.Choice(_FORMATS), default="table", show_default=True)
def list_command(paths: tuple[Path, ...], form: str) -> None:
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
                click.echo(_mongosh(item) if form == "mongosh" else _python(item))


def _row(item: dict[str, Any]) -> list[str]:
    keys = ", ".join(f"{name}: {direction}" for name, direction in item["keys"] or ()) or "?"
    options = ", ".join(f"{name}={value!r}" for name, value in item["options"].items())
    return [f"{item['file']}:{item['line']}", item["collection"] or "?", "{" + keys + "}", options]


def _known(options: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in options.items() if value is not None}


def _mongosh(item: dict[str, Any]) -> str:
    keys, options = json.dumps(dict(item["keys"])), _known(item["options"])
    rest = f", {json.dumps(options)}" if options else ""
    return f"db.getCollection({json.dumps(item['collection'])}).createIndex({keys}{rest});"


def _python(item: dict[str, Any]) -> str:
    pairs = [(name, direction) for name, direction in item["keys"]]
    options = "".join(f", {name}={value!r}" for name, value in _known(item["options"]).items())
    return f"db[{item['collection']!r}].create_index({pairs!r}{options})"
