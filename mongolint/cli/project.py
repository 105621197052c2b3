"""What every command that reads a project shares: configuration, loading, and lines on standard error.

Imports rules and the model only where they are asked for: `check` begins to read before it has them.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from mongolint.config import Config, ConfigError, load_file, load_project, project_root
from mongolint.fastclasses import NamedTuple
from mongolint.report.paint import visible
from mongolint.selectors import RuleInfo
from mongolint.source.files import Discovery, discover, relative

if TYPE_CHECKING:
    from mongolint.engine.load import Loaded
    from mongolint.live.snapshot import Snapshot
    from mongolint.project.indexes import IndexDeclaration

# Whether it can be read shows when it is read: one path that cannot must not stop the others
ANY_PATH = click.Path(path_type=Path, readable=False)
Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


class Part(NamedTuple):
    """Paths of a run that belong to one project: one configuration, one model."""

    config: Config
    paths: tuple[Path, ...]


def paths_argument(command: Callable[..., Any]) -> Callable[..., Any]:
    """The PATH… argument; without one, the working directory."""
    return click.argument("paths", nargs=-1, metavar="[PATH]...", type=ANY_PATH)(command)


def known_rules() -> Mapping[str, RuleInfo]:
    """Every installed rule by code; a rule package that is broken ends the run with exit code 2."""
    from mongolint.engine.registry import RegistryError, rule_infos

    try:
        return rule_infos()
    except RegistryError as error:
        fail(str(error))


def rules_here() -> Mapping[str, RuleInfo]:
    """Every installed rule, and those of the project around the working directory that the user allows."""
    from mongolint.engine.registry import RegistryError, use_local

    try:
        use_local(Path.cwd())
    except ConfigError as error:
        refuse(error)
    except RegistryError as error:
        fail(visible(str(error)))
    return known_rules()


def read_config(path: Path, file: Path | None = None, *, allow_local: bool = False) -> Config:
    """The configuration of the project around a path, of ``file`` if given; a wrong one ends the run with exit code 2.

    The rules that the project brings along are found from now on, if they are allowed.
    """
    from mongolint.engine.registry import RegistryError, use_local

    path = path.absolute()
    try:
        note = use_local(path, allowed=allow_local, file=file)
        config = load_file(file, known_rules()) if file else load_project(path, known_rules())
    except ConfigError as error:
        refuse(error)
    except RegistryError as error:
        fail(visible(str(error)))
    if note:
        warn_once(visible(f"mongolint: {note}"))
    return placed(config, path, file)


def placed(config: Config, path: Path, file: Path | None) -> Config:
    """The configuration with the directory that a project with this absolute path in it has."""
    if file and not path.is_relative_to(config.root):
        # Options from elsewhere: their globs are about this project
        return replace(config, root=project_root(path))
    return config if config.is_marked else replace(config, root=_unmarked_root(path, config.root))


def _unmarked_root(path: Path, found: Path) -> Path:
    """Where nothing marks a project, it is the working directory, as long as that holds the path.

    So paths given one by one see the model of the whole. But nobody's home directory is a project.
    """
    here, home = Path.cwd(), Path(os.path.expanduser("~"))
    return here if path.is_relative_to(here) and not home.is_relative_to(here) else found


def parts(paths: Sequence[Path], file: Path | None = None, *, allow_local: bool = False) -> list[Part]:
    """The paths by the project that they belong to, in the order given."""
    configs: dict[tuple[Path | None, Path | None], Config] = {}
    grouped: dict[tuple[Path | None, Path | None], list[Path]] = {}
    for path in paths:
        config = read_config(path, file, allow_local=allow_local)
        key = (config.file, config.root if config.is_marked else None)
        configs.setdefault(key, config)
        grouped.setdefault(key, []).append(path)
    return [Part(configs[key], tuple(held)) for key, held in grouped.items()]


def files_of(config: Config, paths: Sequence[Path]) -> Discovery:
    """The files that a run over these paths reports on."""
    return discover(
        paths,
        cwd=Path.cwd(),
        exclude=config.excluded,
        exclude_root=config.root,
        force_exclude=config.force_exclude,
        respect_gitignore=config.respect_gitignore,
    )


def complete_rule(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Codes and names of rules that begin so, for the shell; in a comma list, of its last entry."""
    from mongolint.engine.registry import rule_infos

    head, comma, word = incomplete.rpartition(",")
    rules = rule_infos().values()
    names = [*(rule.name for rule in rules), *(rule.code for rule in rules)]
    return [head + comma + name for name in names if name.lower().startswith(word.lower())]


def read_snapshot(file: Path) -> Snapshot:
    """The indexes of a server in a file; one that is no snapshot ends the run with exit code 2."""
    from mongolint.live import snapshot  # most projects have none

    try:
        return snapshot.read(file, visible(relative(file.absolute(), Path.cwd())))
    except snapshot.SnapshotError as error:
        fail(str(error))


def indexes_elsewhere(config: Config) -> list[IndexDeclaration]:
    """The indexes of the snapshot that the configuration names, if any."""
    file = config.indexes_file
    if file is None:
        return []
    from mongolint.live.declarations import declarations

    return declarations(read_snapshot(file), relative(file.absolute(), Path.cwd()))


def load_for_listing(paths: Sequence[Path], *, with_snapshot: bool = True) -> Loaded:
    """A project for a command that lists; what cannot be read is told on standard error."""
    from mongolint.engine.load import load

    chosen = list(paths) or [Path.cwd()]
    missing = [path for path in chosen if not os.path.lexists(path)]
    if missing:
        fail(f"{missing[0]}: no such file or directory")
    config = read_config(chosen[0])
    external = indexes_elsewhere(config) if with_snapshot else []
    loaded = load(chosen, config, Path.cwd(), external=external)
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


@lru_cache(maxsize=64)
def warn_once(message: str) -> None:
    warn(message)


def refuse(error: ConfigError) -> NoReturn:
    """End the run because of a mistake in a configuration."""
    if error.file:
        error.file = Path(relative(error.file, Path.cwd()))
    fail(str(error))


def fail(message: str) -> NoReturn:
    """End the run: usage, configuration or internal error."""
    warn(f"mongolint: {message}")
    sys.exit(2)
