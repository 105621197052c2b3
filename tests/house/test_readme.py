"""What the README shows is what the commands print, and its set-up commands are those that CI runs."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_shown_findings() -> None:
    shown = re.search(r"```\n(examples/bookshelf.*?)```", README, re.DOTALL)
    assert shown is not None
    command = [sys.executable, "-m", "mongolint", "check", "examples/bookshelf"]
    printed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert printed.returncode == 1
    head, _, tail = shown[1].partition("…\n")
    assert head in printed.stdout
    assert printed.stdout.endswith(tail)


def test_set_up_commands() -> None:
    for command in ("sh examples/run.sh", "sh tests/run.sh"):
        assert command in README
        assert (ROOT / command.split()[1]).is_file()
    assert "tests/run.sh" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")
