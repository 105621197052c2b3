"""Processes that turn texts into facts while this one reads on.

One process is forked before anything else is done. It imports the parser, which takes as long as finding and reading
the files does, and forks the others. So the parser is imported once, beside other work, and this process, which
never needs it, does without.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Sequence
from multiprocessing import get_all_start_methods, get_context
from multiprocessing.connection import Connection, wait
from typing import Any

_MOST = 8


def default_jobs() -> int:
    """As many as there are cores; 1 where processes cannot be forked."""
    return min(os.cpu_count() or 1, _MOST) if "fork" in get_all_start_methods() else 1


class WorkerError(Exception):
    """A worker ended before its work did."""


class Workers:
    """A crew that runs one function over batches, each batch in one of ``count`` processes.

    Args:
        warm: called once before the crew is split up, to import what the work needs.
        work: from a batch to its results; both must be picklable.
    """

    def __init__(self, count: int, warm: Callable[[], object], work: Callable[[Any], Any]) -> None:
        context = get_context("fork")
        pipes = [context.Pipe() for _ in range(count)]
        self._ours: list[Connection] = [ours for ours, _ in pipes]
        theirs = [end for _, end in pipes]
        self._first = context.Process(target=_lead, args=(self._ours, theirs, warm, work))
        self._first.start()
        for end in theirs:
            end.close()

    def run(self, batches: Sequence[Any], done: Callable[[Any], object]) -> None:
        """Have every batch worked on, and call ``done`` with the results of each as they come.

        Raises:
            WorkerError: a worker was killed.
        """
        pending = list(reversed(batches))
        idle = list(self._ours)
        busy: list[Connection] = []
        while pending or busy:
            while pending and idle:
                busy.append(idle.pop())
                _send(busy[-1], pending.pop())
            for ready in wait(busy):
                assert isinstance(ready, Connection)
                done(_receive(ready))
                busy.remove(ready)
                idle.append(ready)

    def close(self) -> None:
        """Let the crew end; without a connection there is nothing to wait for."""
        for end in self._ours:
            end.close()
        self._first.join()


def _send(end: Connection, batch: Any) -> None:
    try:
        end.send(batch)
    except OSError:
        raise WorkerError("a worker process ended early") from None


def _receive(end: Connection) -> Any:
    try:
        return end.recv()
    except (EOFError, OSError):
        raise WorkerError("a worker process ended early (killed, or out of memory)") from None


def _lead(
    ours: Sequence[Connection], theirs: Sequence[Connection], warm: Callable[[], object], work: Callable[[Any], Any]
) -> None:
    """The first process of the crew: forks the others and then works like them."""
    # Ctrl-C goes to the whole group; the crew ends when the other end of its pipes does
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for end in ours:
        end.close()
    warm()
    context = get_context("fork")
    crew = []
    for place, end in enumerate(theirs[1:], 1):
        # An end that a second process held open would never tell of the first one's death
        others = [theirs[0], *theirs[place + 1 :]]
        crew.append(context.Process(target=_work, args=(end, others, work)))
        crew[-1].start()
        end.close()
    _work(theirs[0], (), work)
    for process in crew:
        process.join()


def _work(end: Connection, others: Sequence[Connection], work: Callable[[Any], Any]) -> None:
    for other in others:
        other.close()
    while True:
        try:
            batch = end.recv()
        except EOFError:
            return
        try:
            end.send(work(batch))
        except BrokenPipeError:
            return
