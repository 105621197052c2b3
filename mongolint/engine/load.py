"""From paths to a linked project: read, choose, parse (in worker processes when it pays), link."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread

from mongolint.config import Config
from mongolint.engine import relevance, scripts
from mongolint.engine.workers import Workers, default_jobs
from mongolint.facts.shapes import ModuleFacts
from mongolint.link.imports import ImportMap
from mongolint.project.indexes import IndexDeclaration
from mongolint.project.model import Project
from mongolint.source.deepstack import with_deep_stack
from mongolint.source.files import Discovery, Problem, discover, relative
from mongolint.source.text import SourceError, decode_source

# Characters. Small enough to share out evenly, big enough that a message costs nothing.
_BATCH = 40_000
Progress = Callable[[int, int], None]


@dataclass(slots=True)
class Broken:
    """A file that was to be read as code and is not Python. Line and column are 1-based."""

    path: str
    message: str
    line: int
    column: int


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
) -> Loaded:
    """Load the project around ``paths``.

    Args:
        overlay: contents of files by absolute path that win over the disk (standard input, editor buffers).
        tokens: a target that holds one of these is read as code even where the driver is out of reach.
        jobs: processes that parse; default: one per core. With 1, this process parses.
        previous: an earlier state of the project; only files that differ from it are parsed, by this process.
        meanwhile: what this process may do while others parse.
        external: indexes that no file of the project declares: those of a snapshot.
    """
    with _crew(1 if previous else default_jobs() if jobs is None else jobs) as workers:
        aside = Thread(target=meanwhile) if workers and meanwhile else None
        if aside:
            aside.start()
        try:
            return _load(paths, config, cwd, overlay or {}, tokens, workers, progress, previous, external)
        finally:
            if aside:
                aside.join()


def _load(
    paths: Sequence[Path],
    config: Config,
    cwd: Path,
    overlay: Mapping[str, bytes],
    tokens: Sequence[str],
    workers: Workers | None,
    progress: Progress | None,
    previous: Loaded | None,
    external: Sequence[IndexDeclaration],
) -> Loaded:
    chosen = _discover(paths, config, cwd)
    targets = list(dict.fromkeys([*(p.as_posix() for p in chosen.files), *overlay]))
    around = _discover([config.root], config, cwd)
    everything = list(dict.fromkeys([*targets, *(p.as_posix() for p in around.files if not config.is_test(p))]))
    sources, problems = _read(everything, overlay, set(targets), cwd)
    roots = [Path(config.root, root).as_posix() for root in config.src]
    imports = ImportMap(sources, Path(config.root).as_posix(), roots)
    wanted = relevance.relevant(sources, imports)
    declared = _scripts(chosen, around, config, cwd, previous) if wanted else ()
    needles = [token.encode() for token in tokens]
    wanted.update(t for t in targets if t in sources and any(n in sources[t] for n in needles))
    order = [path for path in sources if path in wanted]
    texts, broken = _decode(order, sources)
    held = _unchanged(previous, sources) if previous else {}
    parsed, unparsed = _parse({path: text for path, text in texts.items() if path not in held}, workers, progress)
    new = {facts.path: facts for facts in parsed}
    facts = [found for path in texts if (found := held.get(path) or new.get(path))]
    display = {path: relative(path, cwd) for path in sources}
    indexes = [*declared, *external]
    project = Project(facts, imports, config, display, relevance.uses_driver(sources.values()), indexes)
    shown = set(targets)
    return Loaded(
        project,
        [t for t in targets if t in sources],
        sources,
        [b for b in (*broken, *unparsed) if b.path in shown],
        [*chosen.problems, *chosen.skipped, *problems],
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


def _decode(paths: Sequence[str], sources: Mapping[str, bytes]) -> tuple[dict[str, str], list[Broken]]:
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


@contextmanager
def _crew(jobs: int) -> Iterator[Workers | None]:
    if jobs == 1:
        yield None
        return
    workers = Workers(jobs, _import_parser, extract_batch)
    try:
        yield workers
    finally:
        workers.close()


def _import_parser() -> None:
    import mongolint.facts.extract  # noqa: F401


def _parse(
    texts: Mapping[str, str], workers: Workers | None, progress: Progress | None
) -> tuple[list[ModuleFacts], list[Broken]]:
    """The facts of each file that is Python, and the errors of the others."""
    results: dict[str, ModuleFacts | Broken] = {}

    def done(found: Sequence[ModuleFacts | Broken]) -> None:
        results.update((result.path, result) for result in found)
        if progress:
            progress(len(results), len(texts))

    batches = _batches(texts)
    if workers is None:
        for batch in batches:
            done(extract_batch(batch))
    else:
        workers.run(batches, done)
    ordered = [results[path] for path in texts]
    return (
        [r for r in ordered if isinstance(r, ModuleFacts)],
        [r for r in ordered if isinstance(r, Broken)],
    )


def _batches(texts: Mapping[str, str]) -> list[list[tuple[str, str]]]:
    """The files in groups, the largest first, so that no process is left alone with a big one at the end."""
    batches: list[list[tuple[str, str]]] = []
    size = _BATCH
    for item in sorted(texts.items(), key=lambda item: -len(item[1])):
        if size >= _BATCH:
            batches.append([])
            size = 0
        batches[-1].append(item)
        size += len(item[1])
    return batches


def extract_batch(batch: Sequence[tuple[str, str]]) -> list[ModuleFacts | Broken]:
    """The facts of some files; for one that is not Python, the error."""
    from mongolint.facts.extract import extract
    from mongolint.source.tree import ParseError

    def work() -> list[ModuleFacts | Broken]:
        found: list[ModuleFacts | Broken] = []
        for path, text in batch:
            try:
                found.append(extract(path, text))
            except ParseError as error:
                found.append(Broken(path, error.message, error.line, error.column))
            except RecursionError:
                found.append(Broken(path, "too deeply nested to be read", 1, 1))
            except Exception as error:  # a fault of ours in one file must not end the run
                found.append(Broken(path, f"mongolint failed on this file: {type(error).__name__}: {error}", 1, 1))
        return found

    return with_deep_stack(work)
