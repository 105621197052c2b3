"""The files of a project, found, read and chosen, so that parsing can begin.

Imports nothing of the model: a command that parses in other processes reads first and imports the rest meanwhile.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import field
from pathlib import Path

from mongolint.config import Config
from mongolint.engine.parsing import Broken, Parsing
from mongolint.engine.reading import relevance
from mongolint.fastclasses import dataclass
from mongolint.link.imports import ImportMap
from mongolint.source.files import Discovery, Problem, discover, is_script, relative
from mongolint.source.text import SourceError, decode_source

# Files in a directory that nothing marks as a project, so that a stray file in a big one does not take it all
_MOST_UNMARKED = 3000
# By absolute path; None: there is no such file
Contents = Mapping[str, "bytes | None"]


@dataclass(slots=True)
class Reading:
    """A project's files.

    ``targets``: the absolute paths to report on, in order. ``sources``: the bytes of all that were read, by path.
    ``wanted``: the paths of those that the model needs. ``parsing``: where these are under way, if `read` was told to.
    ``contents``: what counted in the place of the disk's. ``scripts``: that may declare indexes, no tests among them.
    ``asked``: what decided about all that (`asked_of`).
    """

    targets: list[str]
    sources: dict[str, bytes]
    problems: list[Problem]
    imports: ImportMap
    wanted: set[str]
    chosen_scripts: list[Path]
    scripts: list[Path]
    parsing: Parsing
    contents: Contents = field(default_factory=dict)
    asked: tuple[object, ...] = ()

    def is_of(self, paths: Sequence[Path], config: Config) -> bool:
        """Whether reading these paths from the disk under this configuration would give the same."""
        return not self.contents and self.asked == asked_of(paths, config)


def asked_of(paths: Sequence[Path], config: Config) -> tuple[object, ...]:
    """What decides which files a project has."""
    options = (config.excluded, config.force_exclude, config.respect_gitignore, config.src, config.test_patterns)
    return (tuple(paths), config.root, config.is_marked, *options)


def read(
    paths: Sequence[Path],
    config: Config,
    cwd: Path,
    overlay: Contents,
    parsing: Parsing,
    *,
    begin: bool = True,
    instead: Contents | None = None,
) -> Reading:
    """Read the project around ``paths`` and, with ``begin``, have the files parsed that the model needs.

    Args:
        overlay: contents of files by absolute path that win over the disk; they are reported on like given paths.
        instead: the same for files that nobody asked for by that: what a commit holds of a project.
    """
    held, memo = _Held(cwd, overlay, instead or {}), relevance.Memo()
    chosen = held.discover(paths, config)
    targets = list(dict.fromkeys([*(p.as_posix() for p in chosen.files), *held.asked]))
    sources, problems = held.read(targets, set(targets))
    if begin:
        parsing.add(decode(relevance.certain(sources, memo), sources)[0])
    around = held.discover([config.root], config)
    is_project = config.is_marked or len(around.files) <= _MOST_UNMARKED
    others = [*(p.as_posix() for p in around.files if is_project), *held.below(config.root, scripts=False)]
    untested = [path for path in dict.fromkeys(others) if path not in sources and not config.is_test(path)]
    more, more_problems = held.read(untested, ())
    sources.update(more)
    roots = [Path(config.root, root).as_posix() for root in config.src]
    imports = ImportMap(sources, Path(config.root).as_posix(), roots)
    wanted = relevance.relevant(sources, imports, memo)
    if begin:
        parsing.add(decode((path for path in sources if path in wanted), sources)[0])
    found = [*chosen.scripts, *around.scripts, *map(Path, held.below(config.root, scripts=True))]
    return Reading(
        [target for target in targets if target in sources],
        sources,
        [*chosen.problems, *chosen.skipped, *problems, *more_problems],
        imports,
        wanted,
        chosen.scripts,
        [path for path in dict.fromkeys(found) if not config.is_test(path)],
        parsing,
        held.contents,
        asked_of(paths, config),
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


class _Held:
    """The disk, save for the contents of some files."""

    def __init__(self, cwd: Path, overlay: Contents, instead: Contents) -> None:
        self.cwd = cwd
        self.contents = {**instead, **overlay}
        self.asked = [path for path, data in overlay.items() if data is not None and not is_script(path)]

    def discover(self, paths: Sequence[Path], config: Config) -> Discovery:
        found = discover(
            paths,
            cwd=self.cwd,
            exclude=config.excluded,
            exclude_root=config.root,
            force_exclude=config.force_exclude,
            respect_gitignore=config.respect_gitignore,
        )
        gone = {Path(path) for path, data in self.contents.items() if data is None}
        if gone:
            found.files = [path for path in found.files if path not in gone]
            found.scripts = [path for path in found.scripts if path not in gone]
        return found

    def below(self, root: Path, *, scripts: bool) -> list[str]:
        """The files in a directory that have contents here."""
        top = os.path.join(root.as_posix(), "")
        held = (path for path, data in self.contents.items() if data is not None and is_script(path) == scripts)
        return [path for path in held if path.startswith(top)]

    def read(self, paths: Iterable[str], wanted: Collection[str]) -> tuple[dict[str, bytes], list[Problem]]:
        """The files' bytes, and what is wrong with those of them that have to be read."""
        sources: dict[str, bytes] = {}
        problems: list[Problem] = []
        for path in paths:
            data = self.contents.get(path)
            if data is not None:
                sources[path] = data
                continue
            try:
                with open(path, "rb") as file:
                    sources[path] = file.read()
            except OSError as error:
                if path in wanted:
                    reason = (error.strerror or str(error)).lower()
                    problems.append(Problem(relative(path, self.cwd), f"cannot read: {reason}"))
        return sources, problems
