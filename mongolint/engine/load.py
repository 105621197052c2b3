"""From paths to a linked project: read, choose, parse (in worker processes when it pays), link."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from mongolint.config import Config
from mongolint.engine import relevance
from mongolint.facts.shapes import ModuleFacts
from mongolint.link.imports import ImportMap
from mongolint.project.model import Project
from mongolint.source.files import Discovery, Problem, discover, relative
from mongolint.source.text import SourceError, decode_source

# Below this, starting workers costs more than it saves (two workers, measured by the benchmark).
_PARALLEL_BYTES = 400_000
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
    """A project and what it was made of. ``targets``: the absolute paths to report on, in order."""

    project: Project
    targets: list[str]
    sources: dict[str, bytes]
    broken: list[Broken]
    problems: list[Problem]
    display: dict[str, str] = field(default_factory=dict)

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
) -> Loaded:
    """Load the project around ``paths``.

    Args:
        overlay: contents of files by absolute path that win over the disk (standard input, editor buffers).
        tokens: a target that holds one of these is read as code even where the driver is out of reach.
        jobs: worker processes; default: one per core, none for a small project.
    """
    overlay = overlay or {}
    chosen = _discover(paths, config, cwd)
    targets = list(dict.fromkeys([*(p.as_posix() for p in chosen.files), *overlay]))
    around = _discover([config.root], config, cwd)
    everything = list(dict.fromkeys([*targets, *(p.as_posix() for p in around.files if not config.is_test(p))]))
    sources, problems = _read(everything, overlay, set(targets), cwd)
    roots = [Path(config.root, root).as_posix() for root in config.src]
    imports = ImportMap(sources, Path(config.root).as_posix(), roots)
    wanted = relevance.relevant(sources, imports)
    needles = [token.encode() for token in tokens]
    wanted.update(t for t in targets if t in sources and any(n in sources[t] for n in needles))
    order = [path for path in sources if path in wanted]
    texts, broken = _decode(order, sources)
    facts, unparsed = _parse(texts, jobs, progress)
    display = {path: relative(path, cwd) for path in sources}
    project = Project(facts, imports, config, display, relevance.uses_driver(sources.values()))
    shown = set(targets)
    return Loaded(
        project,
        [t for t in targets if t in sources],
        sources,
        [b for b in (*broken, *unparsed) if b.path in shown],
        [*chosen.problems, *chosen.skipped, *problems],
        display,
    )


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


def _parse(
    texts: Mapping[str, str], jobs: int | None, progress: Progress | None
) -> tuple[list[ModuleFacts], list[Broken]]:
    """The facts of each file that is Python, and the errors of the others."""
    items = list(texts.items())
    size = sum(len(text) for text in texts.values())
    workers = jobs or (min(os.cpu_count() or 1, 8) if size > _PARALLEL_BYTES else 1)
    batches = _batches(items, workers)
    results: list[ModuleFacts | Broken] = []
    if workers == 1 or len(batches) < 2 or "fork" not in multiprocessing.get_all_start_methods():
        for batch in batches:
            results.extend(extract_batch(batch))
            if progress:
                progress(len(results), len(items))
    else:
        results = _in_workers(batches, workers, len(items), progress)
    by_path = {result.path: result for result in results}
    ordered = [by_path[path] for path in texts]
    return (
        [r for r in ordered if isinstance(r, ModuleFacts)],
        [r for r in ordered if isinstance(r, Broken)],
    )


def _in_workers(
    batches: list[list[tuple[str, str]]], workers: int, total: int, progress: Progress | None
) -> list[ModuleFacts | Broken]:
    # Imported before forking, so that each worker has it already
    import mongolint.facts.extract  # noqa: F401

    results: list[ModuleFacts | Broken] = []
    context = multiprocessing.get_context("fork")
    with ProcessPoolExecutor(workers, mp_context=context) as pool:
        for found in pool.map(extract_batch, batches):
            results.extend(found)
            if progress:
                progress(len(results), total)
    return results


def _batches(items: list[tuple[str, str]], workers: int) -> list[list[tuple[str, str]]]:
    """The files in groups of about equal size, the largest files first."""
    if workers == 1:
        return [items[start : start + 50] for start in range(0, len(items), 50)]
    count = workers * 4
    groups: list[list[tuple[str, str]]] = [[] for _ in range(count)]
    sizes = [0] * count
    for item in sorted(items, key=lambda item: -len(item[1])):
        smallest = sizes.index(min(sizes))
        groups[smallest].append(item)
        sizes[smallest] += len(item[1])
    return [group for group in groups if group]


def extract_batch(batch: Sequence[tuple[str, str]]) -> list[ModuleFacts | Broken]:
    """The facts of some files; for one that is not Python, the error."""
    from mongolint.facts.extract import extract
    from mongolint.source.tree import ParseError, with_deep_stack

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
