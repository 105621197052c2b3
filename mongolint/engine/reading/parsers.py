"""The processes that parse. They can be started before anything else is imported, and import what they need."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from mongolint.engine.workers import Workers, default_jobs

if TYPE_CHECKING:
    from collections.abc import Sequence


def crew(jobs: int, step: int = 1) -> Workers:
    """Processes that parse, and import the parser while this one goes on. ``step``: see `mongolint.facts.extract`."""
    return Workers(jobs, _import_parser, partial(_extract, step=step))


def early(command: Sequence[str]) -> Workers | None:
    """A crew for what this command line will want parsed, if it will."""
    jobs = default_jobs()
    if jobs == 1 or command[:1] != ["check"] or {"-h", "--help"} & set(command):
        return None
    return crew(jobs)


def _import_parser() -> None:
    from mongolint.source.plainnodes import import_libcst

    import_libcst()
    import mongolint.engine.parsing
    import mongolint.facts.extract  # noqa: F401


def _extract(batch: Sequence[tuple[str, str]], step: int) -> Any:
    from mongolint.engine.parsing import extract_batch

    return extract_batch(batch, step)
