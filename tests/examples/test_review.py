"""``examples/bookshelf_review.md`` is the review of the example, as it comes out today."""

from __future__ import annotations

import difflib
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = ROOT / "examples" / "bookshelf_review.md"
REFRESH = "mongolint review examples/bookshelf -o examples/bookshelf_review.md"


def test_review() -> None:
    command = [sys.executable, "-m", "mongolint", "review", "examples/bookshelf"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    golden = GOLDEN.read_text(encoding="utf-8")
    shown = "\n".join(difflib.unified_diff(golden.splitlines(), done.stdout.splitlines(), "golden", "now", lineterm=""))
    assert done.stdout == golden, f"{shown}\n\nIf that is right: {REFRESH}"
