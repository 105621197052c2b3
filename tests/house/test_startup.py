"""What answers at once loads no parser."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = {"libcst", "multiprocessing", "pymongo", "pathspec"}


@pytest.mark.parametrize("option", ["--version", "--help"])
def test_loads_nothing_heavy(option: str, tmp_path: Path) -> None:
    command = [sys.executable, "-X", "importtime", "-m", "mongolint", option]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert "mongolint" in run.stdout
    loaded = {name.partition(".")[0] for name in re.findall(r"\| +([\w.]+)$", run.stderr, re.MULTILINE)}
    assert "click" in loaded
    assert not loaded & HEAVY
