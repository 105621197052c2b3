"""A text is put in the place of a file; what is no file is written to."""

from __future__ import annotations

import os
import stat
import threading
from pathlib import Path

import pytest

from mongolint.live.replace import replace


def test_a_file_keeps_its_mode_and_links_stay_links(tmp_path: Path) -> None:
    target, link = tmp_path / "review.md", tmp_path / "link.md"
    target.write_text("before")
    target.chmod(0o600)
    link.symlink_to(target)
    replace("after\n", link)
    assert (target.read_text(), stat.S_IMODE(target.stat().st_mode), link.is_symlink()) == ("after\n", 0o600, True)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["link.md", "review.md"]


def test_a_pipe_stays_a_pipe(tmp_path: Path) -> None:
    """As /dev/null stays what it is: ``-o /dev/null`` by root must not put a file there."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read: list[str] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_text()))
    reader.start()
    replace("text\n", pipe)
    reader.join(10)
    assert read == ["text\n"]
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_a_directory_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError):
        replace("text", tmp_path)
