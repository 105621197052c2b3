"""What every command that reads a project shares: configuration, loading, and lines on standard error."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from mongolint.config import Config, ConfigError
from mongolint.config import load as load_config
from mongolint.engine.load import Loaded, load
from mongolint.engine.registry import rule_infos


def paths_argument(command: Any) -> Any:
    """The PATH… argument; without one, the working directory."""
    return click.argument("paths", nargs=-1, type=click.Path(path_type=Path))(command)


def read_config(paths: Sequence[Path]) -> Config:
    """The configuration that holds for the first path; a wrong one ends the run with exit code 2."""
    start = paths[0] if paths else Path.cwd()
    try:
        return load_config(start.absolute(), rule_infos())
    except ConfigError as error:
        fail(str(error))


def load_for_listing(paths: Sequence[Path]) -> Loaded:
    """A project for a command that lists; what cannot be read is told on standard error."""
    chosen = list(paths) or [Path.cwd()]
    missing = [path for path in chosen if not path.exists() and not path.is_symlink()]
    if missing:
        fail(f"{missing[0]}: no such file or directory")
    loaded = load(chosen, read_config(chosen), Path.cwd())
    for problem in loaded.problems:
        warn(f"{problem.path}: {problem.message}")
    for broken in loaded.broken:
        warn(f"{loaded.display[broken.path]}:{broken.line}:{broken.column}: {broken.message}")
    return loaded


def write_json(items: Sequence[Any]) -> None:
    """A bare array, one item a line."""
    lines = ",\n".join(json.dumps(item, ensure_ascii=False) for item in items)
    click.echo(f"[\n{lines}\n]" if items else "[]")


def table(rows: Sequence[Sequence[str]]) -> None:
    """Columns of equal width."""
    if rows:
        widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
        for row in rows:
            click.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def warn(message: str) -> None:
    click.echo(message, err=True)


def fail(message: str) -> Any:
    """End the run: usage, configuration or internal error."""
    warn(f"mongolint: {message}")
    sys.exit(2)
