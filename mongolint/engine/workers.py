"""Processes that turn texts into facts while this one reads on.

One process is forked before anything else is done. It imports the parser, which takes as long as finding and reading
the files does, and forks the others. So the parser is imported once, beside other work, and this process, which
never needs it, does without.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterable, Sequence
from multiprocessing import get_all_start_methods, get_context
from multiprocessing.connection import Connection
from queue import SimpleQueue
from threading import Thread
from typing import Any

_MOST = 8
_NO_MORE = object()


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
        self._pending: SimpleQueue[Any] = SimpleQueue()
        self._done: SimpleQueue[Any] = SimpleQueue()
        self._open = 0
        self._hands: list[Thread] = []

    @property
    def count(self) -> int:
        return len(self._ours)

    def submit(self, batches: Iterable[Any]) -> None:
        """Hand batches in; threads pass them on, so that no worker waits for this process to look."""
        for batch in batches:
            self._pending.put(batch)
            self._open += 1
        if self._open and not self._hands:
            self._hands = [Thread(target=self._hand_over, args=(end,), daemon=True) for end in self._ours]
            for hand in self._hands:
                hand.start()

    def finish(self, done: Callable[[Any], object]) -> None:
        """Wait until every batch is worked on, and call ``done`` with the results of each as they come.

        Raises:
            WorkerError: a worker was killed.
        """
        while self._open:
            result = self._done.get()
            if isinstance(result, WorkerError):
                raise result
            self._open -= 1
            done(result)
        for _ in self._hands:
            self._pending.put(_NO_MORE)
        for hand in self._hands:
            hand.join()
        self._hands = []

    def run(self, batches: Iterable[Any], done: Callable[[Any], object]) -> None:
        """`submit` and `finish`."""
        self.submit(batches)
        self.finish(done)

    def close(self) -> None:
        """Let the crew end; without a connection there is nothing to wait for."""
        for end in self._ours:
            end.close()
        self._first.join()

    def _hand_over(self, end: Connection) -> None:
        """Keep one worker busy until there is no more to do."""
        while (batch := self._pending.get()) is not _NO_MORE:
            try:
                end.send(batch)
                self._done.put(end.recv())
            except Exception:  # of many kinds, where `close` comes in between; `finish` has to hear of each
                self._done.put(WorkerError("a worker process ended early (killed, or out of memory)"))
                return


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
        except (EOFError, ConnectionError):  # reset, where the other end closed with a batch unread
            return
        try:
            end.send(work(batch))
        except ConnectionError:
            return
