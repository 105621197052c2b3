"""Processes that turn texts into facts while this one reads on.

One process is forked before anything else is done. It imports the parser, which takes as long as finding and reading
the files does, and forks the others. So the parser is imported once, beside other work, and this process, which
never needs it, does without.

Begun before all imports, with what each Python has loaded anyway: `multiprocessing` would take longer to import than
the crew to start.
"""

from __future__ import annotations

import gc
import os
import pickle
import signal
import sys
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from functools import partial
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any

from mongolint.fastclasses import NamedTuple

_MOST = 8
_NO_MORE, _LAST = object(), object()
# Seconds
_TURN = 0.0005


def default_jobs() -> int:
    """As many as there are cores; 1 where processes cannot be forked."""
    return min(os.cpu_count() or 1, _MOST) if hasattr(os, "fork") else 1


class WorkerError(Exception):
    """A worker ended before its work did."""


class _End:
    """One end of a connection between two processes: objects go in and come out pickled."""

    def __init__(self, incoming: int, outgoing: int) -> None:
        self._incoming = os.fdopen(incoming, "rb")
        self._outgoing = os.fdopen(outgoing, "wb")

    def send(self, message: Any) -> None:
        pickle.dump(message, self._outgoing, pickle.HIGHEST_PROTOCOL)
        self._outgoing.flush()

    def receive(self) -> Any:
        """What the other end sent; EOFError where it is closed."""
        return pickle.load(self._incoming)

    def close(self) -> None:
        for file in (self._incoming, self._outgoing):
            with suppress(OSError):  # what cannot be sent any more
                file.close()


def _connection() -> tuple[_End, _End]:
    (one_in, other_out), (other_in, one_out) = os.pipe(), os.pipe()
    return _End(one_in, one_out), _End(other_in, other_out)


def _fork(work: Callable[[], None]) -> int:
    """Do ``work`` in a process of its own; gives its number."""
    process = os.fork()
    if process:
        return process
    code = 1
    try:
        gc.disable()  # it keeps nearly all it makes, and ends soon
        work()
        code = 0
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        os._exit(code)


class Workers:
    """A crew that runs one function over batches, each batch in one of ``count`` processes.

    Batches are handed in by `submit` and come back in `finish`; what lies between is time for other work.

    Args:
        warm: called once before the crew is split up, to import what the work needs, if anything.
        work: from a batch to its results; both must be picklable.
        last: called in each worker that ends because there is nothing more to do, when all have their results.
    """

    def __init__(
        self,
        count: int,
        warm: Callable[[], object] | None,
        work: Callable[[Any], Any],
        last: Callable[[], object] | None = None,
    ) -> None:
        ends = [_connection() for _ in range(count)]
        self._ours = [ours for ours, _ in ends]
        theirs = [end for _, end in ends]
        self._first = _fork(lambda: _lead(self._ours, theirs, warm, _Work(work, last)))
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
            # While this process imports, a hand waits that long for its turn, and so does its worker
            sys.setswitchinterval(_TURN)
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

    def dismiss(self) -> None:
        """No more batches will come: each worker ends after its last one, and frees its memory while others work."""
        for _ in self._hands:
            self._pending.put(_LAST)
        if not self._hands:
            self._close_ends()

    def run(self, batches: Iterable[Any], done: Callable[[Any], object]) -> None:
        """`submit` and `finish`."""
        self.submit(batches)
        self.finish(done)

    def close(self) -> None:
        """Let the crew end, each with the batch that it is working on."""
        while not self._pending.empty():
            with suppress(Empty):
                self._pending.get_nowait()
        for _ in self._hands:
            self._pending.put(_NO_MORE)
        for hand in self._hands:
            hand.join()
        self._close_ends()
        os.waitpid(self._first, 0)

    def _close_ends(self) -> None:
        for end in self._ours:
            end.close()

    def _hand_over(self, end: _End) -> None:
        """Keep one worker busy until there is no more to do."""
        while (batch := self._pending.get()) is not _NO_MORE:
            if batch is _LAST:
                end.close()
                return
            try:
                end.send(batch)
                self._done.put(end.receive())
            except Exception:  # of many kinds, where `close` comes in between; `finish` has to hear of each
                self._done.put(WorkerError("a worker process ended early (killed, or out of memory)"))
                return


class _Work(NamedTuple):
    """What a worker does: with each batch, and at the end."""

    each: Callable[[Any], Any]
    last: Callable[[], object] | None


def _lead(ours: Sequence[_End], theirs: Sequence[_End], warm: Callable[[], object] | None, work: _Work) -> None:
    """The first process of the crew: forks the others and then works like them."""
    # Ctrl-C goes to the whole group; the crew ends when the other end of its connections does
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for end in ours:
        end.close()
    if warm is not None:
        warm()
    crew = []
    for place, end in enumerate(theirs[1:], 1):
        # An end that a second process held open would never tell of the first one's death
        others = [theirs[0], *theirs[place + 1 :]]
        crew.append(_fork(partial(_work, end, others, work)))
        end.close()
    _work(theirs[0], (), work)
    for process in crew:
        os.waitpid(process, 0)


def _work(end: _End, others: Sequence[_End], work: _Work) -> None:
    for other in others:
        other.close()
    while True:
        try:
            batch = end.receive()
        except (EOFError, ConnectionError):
            break
        try:
            end.send(work.each(batch))
        except ConnectionError:
            return
    if work.last is not None:
        work.last()
