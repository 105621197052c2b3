"""What answers at once loads no parser, and nothing of the directory that it is started in."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import click
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


def test_imports_nothing_from_where_it_is_started(tmp_path: Path) -> None:
    for name in ("click", "typing"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('imported')\n")
    run = _started(tmp_path)
    assert run.returncode == 0, run.stderr


@pytest.mark.parametrize("place", [Path(os.__file__).parent, Path(click.__file__).parents[1]], ids=["Python", "site"])
def test_starts_where_modules_are_installed(place: Path) -> None:
    run = _started(place)
    assert run.returncode == 0, run.stderr


def _started(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [Path(sys.executable).with_name("mongolint"), "--version"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
