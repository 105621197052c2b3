"""Processes that turn texts into facts while this one reads on.

One process is forked before anything else is done. It imports the parser, which takes as long as finding and reading
the files does, and forks the others. So the parser is imported once, beside other work, and this process, which
never needs it, does without.
"""

from __future__ import annotations

import os
import signal
from collections import deque
from collections.abc import Callable, Iterable, Sequence
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

    Batches are handed in by `submit` and come back in `finish`; what lies between is time for other work.

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
        self._idle = list(self._ours)
        self._busy: list[Connection] = []
        self._pending: deque[Any] = deque()

    @property
    def count(self) -> int:
        return len(self._ours)

    def submit(self, batches: Iterable[Any]) -> None:
        """Hand batches in.

        Raises:
            WorkerError: a worker was killed.
        """
        self._pending.extend(batches)
        while self._pending and self._idle:
            self._busy.append(self._idle.pop())
            _send(self._busy[-1], self._pending.popleft())

    def finish(self, done: Callable[[Any], object]) -> None:
        """Wait until every batch is worked on, and call ``done`` with the results of each as they come.

        Raises:
            WorkerError: a worker was killed.
        """
        while self._busy:
            for ready in wait(self._busy):
                assert isinstance(ready, Connection)
                done(_receive(ready))
                self._busy.remove(ready)
                self._idle.append(ready)
                self.submit(())

    def run(self, batches: Iterable[Any], done: Callable[[Any], object]) -> None:
        """`submit` and `finish`."""
        self.submit(batches)
        self.finish(done)

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
