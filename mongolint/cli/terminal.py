"""What depends on the terminal: colour, and progress on a long run."""

from __future__ import annotations

import os
import sys
import time
from typing import TextIO

from mongolint.report.paint import Paint

# A run shorter than this shows no progress: a line that flashes up only disturbs.
_PATIENCE = 1.0


def paint(when: str = "auto", stream: TextIO | None = None) -> Paint:
    """Colours for a stream, default: standard output. As in Python itself, NO_COLOR wins over FORCE_COLOR."""
    if when != "auto":
        return Paint(when == "always")
    if os.environ.get("NO_COLOR"):
        return Paint(False)
    if os.environ.get("FORCE_COLOR", "0") not in ("", "0"):
        return Paint(True)
    return Paint(_is_terminal(stream or sys.stdout))


def _is_terminal(stream: TextIO) -> bool:
    return stream.isatty() and os.environ.get("TERM") != "dumb"


class Progress:
    """One line on standard error that is rewritten; nothing where no person watches."""

    def __init__(self, wanted: bool = True, stream: TextIO | None = None, patience: float = _PATIENCE) -> None:
        self._stream = stream or sys.stderr
        self._wanted = wanted and _is_terminal(self._stream) and not os.environ.get("CI")
        self._start = time.monotonic() + patience
        self._width = 0

    def __call__(self, done: int, total: int) -> None:
        self.say(f"read {done} of {total} files")

    def say(self, words: str) -> None:
        if self._wanted and time.monotonic() >= self._start:
            self._write(f"mongolint: {words} …")

    def close(self) -> None:
        if self._width:
            self._write("")
            self._stream.write("\r")
            self._stream.flush()

    def _write(self, line: str) -> None:
        self._stream.write("\r" + line.ljust(self._width))
        self._stream.flush()
        self._width = len(line)
