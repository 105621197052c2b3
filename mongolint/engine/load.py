"""From paths to a linked project: read, choose, parse (in worker processes when it pays), link."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import field
from functools import partial
from pathlib import Path

from mongolint.config import Config
from mongolint.engine.parsing import Broken, Parsing, Progress
from mongolint.engine.reading import files, parsers, relevance, scripts, settings
from mongolint.engine.reading.files import Contents, Reading
from mongolint.engine.workers import Workers, default_jobs
from mongolint.facts.kept import store
from mongolint.facts.kept.store import Store
from mongolint.facts.renumbered import STEP
from mongolint.facts.shapes import ModuleFacts
from mongolint.fastclasses import dataclass
from mongolint.link.states.journal import Journal
from mongolint.project.indexes import IndexDeclaration
from mongolint.project.model import Project
from mongolint.source.files import Problem, is_script, relative
from mongolint.source.text import SourceError, decode_source

# What makes a target worth reading as code, or what tells it of all targets
Tokens = Sequence[str] | Callable[[Sequence[str]], Sequence[str]]


@dataclass(slots=True)
class Loaded:
    """A project and what it was made of. ``targets``: the absolute paths to report on, in order.

    ``scripts``: the indexes that scripts declare; ``script_files``: the paths of all that were looked at;
    ``shown_scripts``: the paths of those asked for, as they are shown.
    """

    project: Project
    targets: list[str]
    sources: dict[str, bytes]
    broken: list[Broken]
    problems: list[Problem]
    display: dict[str, str] = field(default_factory=dict)
    scripts: Sequence[IndexDeclaration] = ()
    script_files: Sequence[Path] = ()
    shown_scripts: frozenset[str] = frozenset()

    @property
    def paths(self) -> dict[str, str]:
        """The absolute path of each file that findings may be of, by how they show it."""
        return {self.display[path]: path for path in self.targets}

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
    overlay: Contents | None = None,
    instead: Contents | None = None,
    tokens: Tokens = (),
    jobs: int | None = None,
    progress: Progress | None = None,
    previous: Loaded | None = None,
    meanwhile: Callable[[], object] | None = None,
    external: Sequence[IndexDeclaration] = (),
    workers: Workers | None = None,
    reading: Reading | None = None,
    journal: Journal | None = None,
    keep: bool = True,
) -> Loaded:
    """Load the project around ``paths``.

    Args:
        overlay: contents of files by absolute path that win over the disk (standard input, editor buffers), and are
            reported on like the given paths.
        instead: the same for files that nobody asked for by that: what a commit holds of a project.
        tokens: a target that holds one of these is read as code even where the driver is out of reach; or a function
            that gives them for the paths of all targets.
        jobs: processes that parse; default: one per core. With 1, this process parses.
        previous: an earlier state of the project; only files that differ from it are parsed, by this process.
        meanwhile: what this process may do while others parse.
        external: indexes that no file of the project declares: those of a snapshot.
        workers: a crew of `jobs` that was started before; else one is started, if it takes one.
        reading: these paths and contents as they were read before, with their parsing under way.
        journal: of earlier states. What was not parsed before is numbered so that rows of later states find room.
        keep: take the facts of files that an earlier run read from the user's store, and keep those of the others.
    """
    step = 1 if journal is None else STEP
    kept = store.default() if keep and previous is None else None

    def read(parsing: Parsing) -> Reading:
        return files.read(paths, config, cwd, overlay or {}, parsing, begin=previous is None, instead=instead)

    if reading is not None:
        return _load(reading, config, cwd, tokens, progress, None, external, meanwhile, journal)
    wanted = 1 if previous else default_jobs() if jobs is None else jobs
    with _crew(wanted, workers, step, kept) as crew:
        aside, parsing = meanwhile if crew else None, Parsing(crew, step, kept)
        return _load(read(parsing), config, cwd, tokens, progress, previous, external, aside, journal)


@contextmanager
def _crew(jobs: int, given: Workers | None, step: int, kept: Store | None) -> Iterator[Workers | None]:
    if jobs == 1:
        yield None
    elif given is not None and given.count == jobs:
        yield given
    else:
        workers = parsers.crew(jobs, step, kept)
        try:
            yield workers
        finally:
            workers.close()


def _load(
    reading: Reading,
    config: Config,
    cwd: Path,
    tokens: Tokens,
    progress: Progress | None,
    previous: Loaded | None,
    external: Sequence[IndexDeclaration],
    meanwhile: Callable[[], object] | None,
    journal: Journal | None,
) -> Loaded:
    sources, parse = reading.sources, reading.parsing
    declared = _scripts(reading, cwd, previous) if reading.wanted else ()
    needles = [token.encode() for token in (tokens(reading.targets) if callable(tokens) else tokens)]
    telling = {t for t in reading.targets if t not in reading.wanted and any(n in sources[t] for n in needles)}
    texts, broken = files.decode((path for path in sources if path in reading.wanted or path in telling), sources)
    held = _unchanged(previous, sources) if previous else {}
    parse.add({path: text for path, text in texts.items() if path not in held})
    if meanwhile:
        meanwhile()
    new, unparsed = parse.results(progress)
    facts = [found for path in texts if (found := held.get(path) or new.get(path))]
    display = {path: relative(path, cwd) for path in sources}
    indexes = [*declared, *external]
    uses_driver = relevance.uses_driver(sources, relevance.Memo())
    configured, starters = settings.of(config, reading.contents), partial(_starters, config, cwd, reading.targets)
    project = Project(facts, reading.imports, config, display, uses_driver, indexes, journal, configured, starters)
    shown = set(reading.targets)
    return Loaded(
        project,
        reading.targets,
        sources,
        [b for b in (*broken, *(unparsed[path] for path in texts if path in unparsed)) if b.path in shown],
        reading.problems,
        display,
        declared,
        reading.scripts,
        frozenset(relative(path, cwd) for path in reading.chosen_scripts),
    )


def _scripts(reading: Reading, cwd: Path, previous: Loaded | None) -> Sequence[IndexDeclaration]:
    """What scripts declare; no fix changes one, so that they are read once, unless their contents are given."""
    if previous is not None and not any(map(is_script, reading.contents)):
        return previous.scripts
    return list(scripts.declarations(reading.scripts, cwd, reading.contents))


def _starters(config: Config, cwd: Path, targets: Sequence[str]) -> list[str]:
    """The texts of the files that start containers and services; a Makefile is for people."""
    if not config.is_marked and not targets:
        return []
    root = config.root if config.is_marked else Path(os.path.commonpath([os.path.dirname(each) for each in targets]))
    # Most projects make their indexes themselves
    from mongolint.engine.review.operations.files import texts

    found = texts(root, cwd, {})
    return [each.text for each in found if each.kind == "file" and "makefile" not in each.file.lower()]


def _unchanged(previous: Loaded, sources: Mapping[str, bytes]) -> dict[str, ModuleFacts]:
    """The facts of files that are what they were."""
    return {
        facts.path: facts
        for facts in previous.project.modules
        if previous.sources[facts.path] == sources.get(facts.path)
    }
