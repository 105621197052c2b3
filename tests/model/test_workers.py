"""Parsing in several processes gives what parsing in one gives, and a killed process is an error, not a hang."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from mongolint.config import load as load_config
from mongolint.engine.load import load
from mongolint.engine.workers import WorkerError, Workers, default_jobs

pytestmark = pytest.mark.skipif(default_jobs() == 1, reason="this platform cannot fork, or has one core")
BOOKSHELF = Path(__file__).parents[2] / "examples" / "bookshelf"


def test_the_same_facts_from_one_process_and_from_three() -> None:
    config = load_config(BOOKSHELF, {})
    one = load([BOOKSHELF], config, BOOKSHELF, jobs=1)
    three = load([BOOKSHELF], config, BOOKSHELF, jobs=3)
    assert len(one.project.modules) > 10
    assert one.project.modules == three.project.modules


def _double(batch: list[int]) -> list[int]:
    return [2 * number for number in batch]


def _die(batch: list[int]) -> list[int]:
    os.kill(os.getpid(), signal.SIGKILL)
    return batch


@pytest.mark.parametrize("count", [1, 2, 5])
@pytest.mark.parametrize("batches", [0, 1, 40])
@pytest.mark.parametrize("dismissed", [False, True])
def test_every_batch_comes_back_once(count: int, batches: int, *, dismissed: bool) -> None:
    found: list[int] = []
    workers = Workers(count, int, _double)
    try:
        workers.submit([[number] for number in range(batches)])
        if dismissed:
            workers.dismiss()
        workers.finish(found.extend)
        if dismissed:  # they have ended, or are about to
            os.waitid(os.P_PID, workers._first, os.WEXITED | os.WNOWAIT)
    finally:
        workers.close()
    assert sorted(found) == [2 * number for number in range(batches)]


def test_a_killed_worker_is_told() -> None:
    workers = Workers(3, int, _die)
    try:
        with pytest.raises(WorkerError, match="ended early"):
            workers.run([[number] for number in range(9)], print)
    finally:
        workers.close()
