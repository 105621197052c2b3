"""From texts to facts, in other processes where that pays (`mongolint.engine.reading.parsers`)."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from mongolint.engine.workers import Workers
from mongolint.facts.kept import plain
from mongolint.facts.kept.store import Store
from mongolint.fastclasses import dataclass
from mongolint.source.deepstack import with_deep_stack

if TYPE_CHECKING:
    from mongolint.facts.extract import Trees
    from mongolint.facts.shapes import ModuleFacts

# Characters. Small enough to share out evenly, big enough that a message costs nothing.
_BATCH = 40_000
Progress = Callable[[int, int], None]
# The share of files with known facts from which on it does not pay to import a parser ahead
_NEARLY_ALL = 0.9


@dataclass(slots=True)
class Broken:
    """A file that was to be read as code and is not Python. Line and column are 1-based."""

    path: str
    message: str
    line: int
    column: int


class Parsing:
    """The parsing of a project's files: some are handed in before it is known which others are needed."""

    def __init__(self, workers: Workers | None, step: int = 1, store: Store | None = None) -> None:
        self._workers = workers
        self._step = step
        self._store = store
        self._given: set[str] = set()
        self._kept: list[ModuleFacts] = []
        self._batches: list[list[tuple[str, str]]] = []

    def add(self, texts: Mapping[str, str]) -> None:
        """Have these files parsed, if they are not yet, or their facts are kept."""
        batches = _batches(self._unknown(texts))
        self._given.update(texts)
        if self._workers is None:
            self._batches += batches
        else:
            self._workers.submit(batches)

    def _unknown(self, texts: Mapping[str, str]) -> Iterator[tuple[str, str]]:
        """What has to be parsed."""
        for path, text in texts.items():
            if path not in self._given:
                kept = self._store.get(path, text, self._step) if self._store is not None else None
                if kept is None:
                    yield path, text
                else:
                    self._kept.append(kept)

    def results(self, progress: Progress | None) -> tuple[dict[str, ModuleFacts], dict[str, Broken]]:
        """By path the facts of each file that is Python, and the errors of the others."""
        facts: dict[str, ModuleFacts] = {}
        broken: dict[str, Broken] = {}

        def done(found: Iterable[ModuleFacts | bytes | Broken]) -> None:
            for result in found:
                if isinstance(result, Broken):
                    broken[result.path] = result
                else:
                    read = plain.load(result) if isinstance(result, bytes) else result
                    facts[read.path] = read
            if progress:
                progress(len(facts) + len(broken), len(self._given))

        done(self._kept)
        for batch in self._batches:
            found = extract_batch(batch, self._step)
            done(found)
            self._keep(batch, found)
        if self._workers is not None:
            self._workers.finish(done)
        if self._store is not None and self._given:
            self._store.note(os.getcwd(), warm=len(self._kept) >= _NEARLY_ALL * len(self._given))
        return facts, broken

    def _keep(self, batch: Sequence[tuple[str, str]], found: Sequence[ModuleFacts | Broken]) -> None:
        for (path, text), result in zip(batch, found, strict=True):
            if self._store is not None and not isinstance(result, Broken):
                with suppress(ValueError):  # what cannot be written as bytes is read anew each time
                    self._store.put(path, text, self._step, plain.dump(result))


def _batches(texts: Iterable[tuple[str, str]]) -> list[list[tuple[str, str]]]:
    """The files in groups, the largest first and in the end small ones, so that all processes end at the same time."""
    batches: list[list[tuple[str, str]]] = []
    items = sorted(texts, key=lambda item: -len(item[1]))
    left, room = sum(len(text) for _, text in items), 0
    for item in items:
        if room <= 0:
            batches.append([])
            room = _BATCH if left > 2 * _BATCH else _BATCH // 4
        batches[-1].append(item)
        room -= len(item[1])
        left -= len(item[1])
    return batches


def extract_batch(
    batch: Sequence[tuple[str, str]], step: int = 1, trees: Mapping[str, Trees] | None = None
) -> list[ModuleFacts | Broken]:
    """The facts of some files; for one that is not Python, the error. ``trees``: of earlier states, by path."""
    earlier = trees or {}
    from mongolint.facts.extract import extract
    from mongolint.source.syntax import ParseError

    def work() -> list[ModuleFacts | Broken]:
        found: list[ModuleFacts | Broken] = []
        for path, text in batch:
            try:
                found.append(extract(path, text, step, earlier.get(path)))
            except ParseError as error:
                found.append(Broken(path, error.message, error.line, error.column))
            except RecursionError:
                found.append(Broken(path, "too deeply nested to be read", 1, 1))
            except Exception as error:  # a fault of ours in one file must not end the run
                found.append(Broken(path, f"mongolint failed on this file: {type(error).__name__}: {error}", 1, 1))
        return found

    return with_deep_stack(work)
