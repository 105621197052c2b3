"""The processes that parse. They can be started before anything else is imported, and import what they need."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from mongolint.engine.workers import Workers, default_jobs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mongolint.engine.parsing import Broken
    from mongolint.facts.kept.store import Store


def crew(jobs: int, step: int = 1, store: Store | None = None) -> Workers:
    """Processes that parse. They import the parser at once while this one goes on, unless they will hardly need it.

    Args:
        step: see `mongolint.facts.extract`.
        store: what gets the facts of all files that they parsed, in the end.
    """
    parser, is_warm = _Parser(step, store), store is not None and store.is_warm(os.getcwd())
    return Workers(jobs, None if is_warm else _import_parser, parser.extract, parser.keep)


def early(command: Sequence[str]) -> Workers | None:
    """A crew for what this command line will want parsed, if it will."""
    jobs = default_jobs()
    if jobs == 1 or command[:1] != ["check"] or {"-h", "--help"} & set(command):
        return None
    if "--no-cache" in command:
        return crew(jobs)
    from mongolint.facts.kept import store

    return crew(jobs, 1, store.default())


def _import_parser() -> None:
    from mongolint.source.plainnodes import import_libcst

    import_libcst()
    import mongolint.engine.parsing
    import mongolint.facts.extract
    import mongolint.facts.kept.plain  # noqa: F401


class _Parser:
    """What one process parses. Facts are handed on as bytes, which are what is kept, too."""

    def __init__(self, step: int, store: Store | None) -> None:
        self._step = step
        self._store = store
        self._parsed: list[tuple[str, str, bytes]] = []

    def extract(self, batch: Sequence[tuple[str, str]]) -> list[bytes | Broken]:
        _import_parser()
        from mongolint.engine.parsing import Broken, extract_batch
        from mongolint.facts.kept import plain

        results: list[bytes | Broken] = []
        for (path, text), found in zip(batch, extract_batch(batch, self._step), strict=True):
            if isinstance(found, Broken):
                results.append(found)
                continue
            try:
                data = plain.dump(found)
            except ValueError as error:  # a fault of ours in one file must not end the run
                results.append(Broken(path, f"mongolint failed on this file: {error}", 1, 1))
                continue
            results.append(data)
            self._parsed.append((path, text, data))
        return results

    def keep(self) -> None:
        """Keep what was parsed: nobody waits for that any more."""
        if self._store is not None:
            for path, text, data in self._parsed:
                self._store.put(path, text, self._step, data)
