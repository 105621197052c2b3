"""From paths to a linked project: read, choose, parse (in worker processes when it pays), link."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread

from mongolint.config import Config
from mongolint.engine import parsing, relevance, scripts
from mongolint.engine.parsing import Broken, Parsing, Progress
from mongolint.engine.workers import Workers, default_jobs
from mongolint.facts.shapes import ModuleFacts
from mongolint.link.imports import ImportMap
from mongolint.project.indexes import IndexDeclaration
from mongolint.project.model import Project
from mongolint.source.files import Discovery, Problem, discover, relative
from mongolint.source.text import SourceError, decode_source

# Files in a directory that nothing marks as a project, so that a stray file in a big one does not take it all
_MOST_UNMARKED = 3000


@dataclass(slots=True)
class Loaded:
    """A project and what it was made of. ``targets``: the absolute paths to report on, in order.

    ``scripts``: the indexes that scripts declare; ``shown_scripts``: the paths of those asked for, as they are shown.
    """

    project: Project
    targets: list[str]
    sources: dict[str, bytes]
    broken: list[Broken]
    problems: list[Problem]
    display: dict[str, str] = field(default_factory=dict)
    scripts: Sequence[IndexDeclaration] = ()
    shown_scripts: frozenset[str] = frozenset()

    def text(self, path: str) -> str | None:
        """The text of a file; None where it cannot be decoded."""
        try:
            return decode_source(self.sources[path], path).text
        except SourceError:
            return None


def load(
    paths: Sequence[Path],
    config: Config,
    cwd: Path,
    *,
    overlay: Mapping[str, bytes] | None = None,
    tokens: Sequence[str] = (),
    jobs: int | None = None,
    progress: Progress | None = None,
    previous: Loaded | None = None,
    meanwhile: Callable[[], object] | None = None,
    external: Sequence[IndexDeclaration] = (),
    workers: Workers | None = None,
) -> Loaded:
    """Load the project around ``paths``.

    Args:
        overlay: contents of files by absolute path that win over the disk (standard input, editor buffers).
        tokens: a target that holds one of these is read as code even where the driver is out of reach.
        jobs: processes that parse; default: one per core. With 1, this process parses.
        previous: an earlier state of the project; only files that differ from it are parsed, by this process.
        meanwhile: what this process may do while others parse.
        external: indexes that no file of the project declares: those of a snapshot.
        workers: a crew of `jobs` that was started before; else one is started, if it takes one.
    """
    wanted = 1 if previous else default_jobs() if jobs is None else jobs
    with _crew(wanted, workers) as crew:
        aside = Thread(target=meanwhile) if crew and meanwhile else None
        if aside:
            aside.start()
        try:
            return _load(paths, config, cwd, overlay or {}, tokens, Parsing(crew), progress, previous, external)
        finally:
            if aside:
                aside.join()


@contextmanager
def _crew(jobs: int, given: Workers | None) -> Iterator[Workers | None]:
    if jobs == 1:
        yield None
    elif given is not None and given.count == jobs:
        yield given
    else:
        workers = parsing.crew(jobs)
        try:
            yield workers
        finally:
            workers.close()


def _load(
    paths: Sequence[Path],
    config: Config,
    cwd: Path,
    overlay: Mapping[str, bytes],
    tokens: Sequence[str],
    parse: Parsing,
    progress: Progress | None,
    previous: Loaded | None,
    external: Sequence[IndexDeclaration],
) -> Loaded:
    chosen = _discover(paths, config, cwd)
    targets = list(dict.fromkeys([*(p.as_posix() for p in chosen.files), *overlay]))
    sources, problems = _read(targets, overlay, set(targets), cwd)
    needles = [token.encode() for token in tokens]
    telling = [t for t in targets if t in sources and any(n in sources[t] for n in needles)]
    if previous is None:  # these are needed whatever the others hold, so that parsing can begin
        parse.add(_decode(telling, sources)[0])
    around = _discover([config.root], config, cwd)
    is_project = config.is_marked or len(around.files) <= _MOST_UNMARKED
    others = [p.as_posix() for p in around.files if is_project and not config.is_test(p)]
    more, more_problems = _read([path for path in dict.fromkeys(others) if path not in sources], overlay, set(), cwd)
    sources.update(more)
    roots = [Path(config.root, root).as_posix() for root in config.src]
    imports = ImportMap(sources, Path(config.root).as_posix(), roots)
    wanted = relevance.relevant(sources, imports)
    declared = _scripts(chosen, around, config, cwd, previous) if wanted else ()
    wanted.update(telling)
    texts, broken = _decode([path for path in sources if path in wanted], sources)
    held = _unchanged(previous, sources) if previous else {}
    parse.add({path: text for path, text in texts.items() if path not in held})
    new, unparsed = parse.results(progress)
    facts = [found for path in texts if (found := held.get(path) or new.get(path))]
    display = {path: relative(path, cwd) for path in sources}
    indexes = [*declared, *external]
    project = Project(facts, imports, config, display, relevance.uses_driver(sources.values()), indexes)
    shown = set(targets)
    return Loaded(
        project,
        [t for t in targets if t in sources],
        sources,
        [b for b in (*broken, *(unparsed[path] for path in texts if path in unparsed)) if b.path in shown],
        [*chosen.problems, *chosen.skipped, *problems, *more_problems],
        display,
        declared,
        frozenset(relative(path, cwd) for path in chosen.scripts),
    )


def _scripts(
    chosen: Discovery, around: Discovery, config: Config, cwd: Path, previous: Loaded | None
) -> Sequence[IndexDeclaration]:
    """What scripts declare that are no tests; no fix changes one, so that they are read once."""
    if previous is not None:
        return previous.scripts
    found = dict.fromkeys([*chosen.scripts, *around.scripts])
    return list(scripts.declarations((path for path in found if not config.is_test(path)), cwd))


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


def _decode(paths: Iterable[str], sources: Mapping[str, bytes]) -> tuple[dict[str, str], list[Broken]]:
    texts: dict[str, str] = {}
    broken: list[Broken] = []
    for path in paths:
        try:
            texts[path] = decode_source(sources[path], path).text
        except SourceError as error:
            broken.append(Broken(path, str(error), error.line, error.column))
    return texts, broken


def _unchanged(previous: Loaded, sources: Mapping[str, bytes]) -> dict[str, ModuleFacts]:
    """The facts of files that are what they were."""
    return {
        facts.path: facts
        for facts in previous.project.modules
        if previous.sources[facts.path] == sources.get(facts.path)
    }
