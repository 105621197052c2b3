"""The files of a project, found, read and chosen, so that parsing can begin.

Imports nothing of the model: a command that parses in other processes reads first and imports the rest meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mongolint.config import Config
from mongolint.engine.parsing import Broken, Parsing
from mongolint.engine.reading import relevance
from mongolint.link.imports import ImportMap
from mongolint.source.files import Discovery, Problem, discover, relative
from mongolint.source.text import SourceError, decode_source

# Files in a directory that nothing marks as a project, so that a stray file in a big one does not take it all
_MOST_UNMARKED = 3000


@dataclass(slots=True)
class Reading:
    """A project's files.

    ``targets``: the absolute paths to report on, in order. ``sources``: the bytes of all that were read, by path.
    ``wanted``: the paths of those that the model needs. ``parsing``: where these are under way, if `read` was told to.
    """

    targets: list[str]
    sources: dict[str, bytes]
    problems: list[Problem]
    imports: ImportMap
    wanted: set[str]
    chosen_scripts: list[Path]
    scripts: list[Path]
    parsing: Parsing


def read(
    paths: Sequence[Path],
    config: Config,
    cwd: Path,
    overlay: Mapping[str, bytes],
    parsing: Parsing,
    *,
    begin: bool = True,
) -> Reading:
    """Read the project around ``paths`` and, with ``begin``, have the files parsed that the model needs.

    Args:
        overlay: contents of files by absolute path that win over the disk.
    """
    chosen = _discover(paths, config, cwd)
    targets = list(dict.fromkeys([*(p.as_posix() for p in chosen.files), *overlay]))
    sources, problems = _read(targets, overlay, set(targets), cwd)
    around = _discover([config.root], config, cwd)
    is_project = config.is_marked or len(around.files) <= _MOST_UNMARKED
    others = [p.as_posix() for p in around.files if is_project and not config.is_test(p)]
    more, more_problems = _read([path for path in dict.fromkeys(others) if path not in sources], overlay, set(), cwd)
    sources.update(more)
    roots = [Path(config.root, root).as_posix() for root in config.src]
    imports = ImportMap(sources, Path(config.root).as_posix(), roots)
    wanted = relevance.relevant(sources, imports)
    if begin:
        parsing.add(decode((path for path in sources if path in wanted), sources)[0])
    return Reading(
        [target for target in targets if target in sources],
        sources,
        [*chosen.problems, *chosen.skipped, *problems, *more_problems],
        imports,
        wanted,
        chosen.scripts,
        around.scripts,
        parsing,
    )


def decode(paths: Iterable[str], sources: Mapping[str, bytes]) -> tuple[dict[str, str], list[Broken]]:
    """The texts of files by path, and what is wrong with those that have none."""
    texts: dict[str, str] = {}
    broken: list[Broken] = []
    for path in paths:
        try:
            texts[path] = decode_source(sources[path], path).text
        except SourceError as error:
            broken.append(Broken(path, str(error), error.line, error.column))
    return texts, broken


def _discover(paths: Sequence[Path], config: Config, cwd: Path) -> Discovery:
    return discover(
        paths,
        cwd=cwd,
        exclude=config.excluded,
        exclude_root=config.root,
        force_exclude=config.force_exclude,
        respect_gitignore=config.respect_gitignore,
    )


def _read(
    paths: Sequence[str], overlay: Mapping[str, bytes], targets: set[str], cwd: Path
) -> tuple[dict[str, bytes], list[Problem]]:
    sources: dict[str, bytes] = {}
    problems: list[Problem] = []
    for path in paths:
        if path in overlay:
            sources[path] = overlay[path]
            continue
        try:
            with open(path, "rb") as file:
                sources[path] = file.read()
        except OSError as error:
            if path in targets:
                reason = (error.strerror or str(error)).lower()
                problems.append(Problem(relative(path, cwd), f"cannot read: {reason}"))
    return sources, problems
