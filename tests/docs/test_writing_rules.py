"""A rule in 15 minutes: every command of the page, with what it tells to write; and the tables of options."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
APP = """\
from pymongo import MongoClient

orders = MongoClient(timeoutMS=5000).shop.orders


def reset():
    orders.delete_many({})
"""


def blocks(page: str, language: str) -> list[str]:
    return re.findall(
        rf"^```{language}\n(.*?)^```", (DOCS / page).read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE
    )


def commands(page: str) -> list[str]:
    lines = [line for block in blocks(page, "sh") for line in block.splitlines()]
    return [re.split(r"\s+# ", line)[0] for line in lines]


@pytest.fixture
def app(tmp_path: Path) -> Path:
    (tmp_path / "app").mkdir()
    (tmp_path / "app/db.py").write_text(APP)
    (tmp_path / "pyproject.toml").write_text("[project]\nname = 'shop'\n")
    (tmp_path / ".git").mkdir()
    return tmp_path


def run(line: str, cwd: Path, site: str = "") -> subprocess.CompletedProcess[str]:
    program, *words = shlex.split(line)
    options: list[str] = []
    if program == "pytest":
        options = ["-p", "no:cacheprovider", "-q"]
    if program == "pip":
        # Offline, into a directory of the test, which comes after the sources
        options = ["--no-deps", "--no-build-isolation", "--no-index", "--quiet", "--target", str(cwd / "site")]
        words = [f"./{word}" if (cwd / word).is_dir() else word for word in words if word != "-e"]
    env = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PYTEST_XDIST_WORKER")}
    command = [sys.executable, "-m", program, *words, *options]
    return subprocess.run(command, cwd=cwd, env={**env, "PYTHONPATH": site}, capture_output=True, text=True)


def test_the_tables_of_the_page_are_options(app: Path) -> None:
    """Each block of TOML is a configuration, save for the user's own."""
    for number, block in enumerate(blocks("configuration.md", "toml")):
        if "allow-local-rules" not in block and "extends" not in block:
            folder = app / f"n{number}"
            folder.mkdir()
            (folder / ".git").mkdir()
            (folder / "pyproject.toml").write_text(block)
            done = run("mongolint config", folder)
            assert done.returncode == 0, done.stderr


def test_write_a_rule_in_15_minutes(app: Path) -> None:
    site = f"{app / 'mongolint-shop'}{os.pathsep}{app / 'site'}"
    new, install, page, first, second, check = commands("writing-rules.md")
    assert run(new, app, site).returncode == 0
    assert run(install, app, site).returncode == 0
    assert "drop-in-code" in run(page, app, site).stdout
    failing = run(first, app, site)
    assert failing.returncode == 1
    assert "findings at (), not at ('find_one',)" in failing.stdout
    [code] = [block for block in blocks("writing-rules.md", "python") if "EXAMPLES" in block]
    (app / "mongolint-shop/mongolint_shop/drop_in_code.py").write_text(code)
    passing = run(second, app, site)
    assert passing.returncode == 0, passing.stdout
    found = run(check, app, site)
    assert (found.returncode, "delete_many on orders deletes every document" in found.stdout) == (1, True)
