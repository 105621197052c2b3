"""A thread for work that recurses deeply, with the garbage collector off."""

from __future__ import annotations

import gc
import sys
import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

_STACK_BYTES = 512 * 1024 * 1024
_RECURSION_LIMIT = 100_000


def with_deep_stack(work: Callable[[], T]) -> T:
    """Run ``work`` where long chains and deep nesting cannot overflow the stack, collector off.

    LibCST's trees are big and free of garbage while they are built: with the collector on, a third of
    the time goes into looking for it.
    """
    outcome: list[T] = []
    failure: list[BaseException] = []

    def run() -> None:
        try:
            outcome.append(work())
        except BaseException as error:
            failure.append(error)

    limit, collecting, size = sys.getrecursionlimit(), gc.isenabled(), threading.stack_size(_STACK_BYTES)
    sys.setrecursionlimit(_RECURSION_LIMIT)
    gc.disable()
    try:
        thread = threading.Thread(target=run, name="mongolint-deep")
        thread.start()
        thread.join()
    finally:
        sys.setrecursionlimit(limit)
        threading.stack_size(size)
        if collecting:
            gc.enable()
    if failure:
        raise failure[0]
    return outcome[0]
