"""Reads a project before anything is known of rules, so that its files are parsed while the model is imported."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from mongolint.cli.checking.request import Request
from mongolint.cli.project import placed
from mongolint.config import Config, ConfigError, load_file, load_project
from mongolint.engine.parsing import Parsing
from mongolint.engine.reading import files

if TYPE_CHECKING:
    from mongolint.engine.reading.files import Reading
    from mongolint.engine.workers import Workers


def reading_ahead(request: Request, workers: Workers | None) -> Reading | None:
    """The files around the given paths, on their way to the parsers; None where that takes more to tell."""
    if workers is None or request.jobs not in (None, workers.count) or not request.reads_disk:
        return None
    paths = request.paths or (Path.cwd(),)
    config = _config(paths[0], request.config_file)
    if config is None:
        return None
    return files.read(paths, config, Path.cwd(), {}, Parsing(workers, store=request.store))


def _config(path: Path, file: Path | None) -> Config | None:
    """What is read of the configuration before its rules are known; None if there is anything wrong with it."""
    path = path.absolute()
    try:
        config = load_file(file, {}, lenient=True) if file else load_project(path, {}, lenient=True)
    except ConfigError:
        return None  # it is told when all is read
    return placed(config, path, file)
