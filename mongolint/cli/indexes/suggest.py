"""``mongolint indexes suggest``: the smallest set of new indexes that serves all known queries."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from mongolint.cli.project import load_for_listing, paths_argument, table, write_json
from mongolint.engine.listing import suggestions
from mongolint.report import writing
from mongolint.source.deepstack import with_deep_stack

_FORMATS = ["table", "json", "mongosh", "python"]


@click.command("suggest")
@paths_argument
@click.option("--format", "form", type=click.Choice(_FORMATS), default="table", show_default=True)
def command(paths: tuple[Path, ...], form: str) -> None:
    """List the indexes that the code lacks: unique keys, expiry, and what its queries need.

    Every query of the application in PATH is served by these and the declared ones: equality, sort, range order,
    merged by prefix. Tests, scripts and migrations are not asked. Without PATH, the working directory.
    """
    loaded = load_for_listing(paths)
    items = with_deep_stack(lambda: suggestions(loaded))
    if form == "json":
        write_json(items)
    elif form == "table":
        table([_row(item) for item in items])
        click.echo(_total(items))
    else:
        is_shell = form == "mongosh"
        mark, write = ("//", writing.mongosh) if is_shell else ("#", writing.python)
        drop = writing.mongosh_drop if is_shell else writing.python_drop
        for item in items:
            for line in (item["reason"], *_sites(item)):
                click.echo(f"{mark} {line}")
            if item["replaces"]:
                click.echo(f"{mark}   its declaration at {_at(item['declared'])} has to change too")
                click.echo(drop(item["collection"], item["replaces"]))
            click.echo(write(item))


def _row(item: dict[str, Any]) -> list[str]:
    change = ""
    if item["replaces"]:
        change = f" (drop {item['replaces']} first, and change its declaration at {_at(item['declared'])})"
    return [item["collection"], writing.pattern(item), writing.options(item), item["reason"] + change]


def _at(place: dict[str, Any]) -> str:
    return f"{place['file']}:{place['line']}"


def _sites(item: dict[str, Any]) -> Iterator[str]:
    for site in item["serves"]:
        yield f"  {site['file']}:{site['line']} {site['stage'] or site['method']}"
    yield f"  {item['writes']} write operation{'' if item['writes'] == 1 else 's'} in the code will maintain it"


def _total(items: list[dict[str, Any]]) -> str:
    if not items:
        return "No index is missing."
    count, collections = len(items), len({item["collection"] for item in items})
    on = f"on {collections} collection{'' if collections == 1 else 's'}"
    return f"{count} index{'' if count == 1 else 'es'} to make {on}."
