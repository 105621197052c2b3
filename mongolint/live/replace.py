"""Writing a file so that nobody ever reads a half of it."""

from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path


def replace(text: str, path: Path) -> None:
    """Put a text in the place of a file at once: a reader sees the old one or the new one, never a half.

    A device or a pipe is written to, and stays what it is.

    Raises:
        OSError: the directory is not there, or may not be written.
    """
    target = os.path.realpath(path)
    if os.path.exists(target) and not os.path.isfile(target):
        with open(target, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
        return
    handle, draft = tempfile.mkstemp(dir=os.path.dirname(target), prefix=".mongolint-")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
        os.chmod(draft, _mode(target))
        os.replace(draft, target)
    except BaseException:
        os.unlink(draft)
        raise


def _mode(target: str) -> int:
    """The mode of the file to be replaced, else that of any new file."""
    try:
        return stat.S_IMODE(os.stat(target).st_mode)
    except FileNotFoundError:
        mask = os.umask(0)
        os.umask(mask)
        return 0o666 & ~mask
