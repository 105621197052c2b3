"""Every mongolint command in the documentation runs, in a project like the one that it speaks of."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sysconfig
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
# All in a row, with what has to be written between them: test_writing_rules.py
PAGES.remove(ROOT / "docs" / "writing-rules.md")
_BLOCK = re.compile(r"^```(?:sh|console)\n(.*?)^```", re.MULTILINE | re.DOTALL)
# 1: findings, differences, something to fix
_FINE = {0, 1}
_QUERY = """\
from app.db.base import get_collection
{blank}
async def by_name(name):
    users = await get_collection("users")
    return await users.find_one({{"email": name}})
"""


def blocks() -> list[tuple[str, tuple[str, ...]]]:
    """Page and commands of each block that has any; a later one may need what an earlier one wrote."""
    found = []
    for page in PAGES:
        for block in _BLOCK.findall(page.read_text(encoding="utf-8")):
            lines = [line.removeprefix("$ ").split("  # ")[0].rstrip() for line in block.splitlines()]
            commands = tuple(line for line in lines if line.startswith("mongolint "))
            if commands:
                found.append((page.name, commands))
    return list(dict.fromkeys(found))


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory, mongod_uri: str) -> Path:
    """The example as ``backend/`` of a repository, with a query at the line that pages speak of, and a snapshot."""
    root = tmp_path_factory.mktemp("template")
    backend = root / "backend"
    shutil.copytree(ROOT / "examples" / "bookshelf" / "app", backend / "app")
    (backend / "users.py").write_text(_QUERY.format(blank="\n" * 37))
    assert "find_one" in (backend / "users.py").read_text().splitlines()[41]
    assert _run("git init -q . && git add -A && git -c user.name=A -c user.email=a@b commit -q -m start", root, {}) == 0
    assert _run("git update-ref refs/remotes/origin/main HEAD", root, {}) == 0
    assert _run("mongolint indexes pull -o indexes.json", root, _server(mongod_uri)) == 0
    return root


@pytest.fixture
def project(template: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(template, tmp_path / "project"))


@pytest.mark.parametrize(
    ("page", "commands"), blocks(), ids=lambda value: value if isinstance(value, str) else value[0]
)
def test_commands(page: str, commands: tuple[str, ...], project: Path, mongod_uri: str) -> None:
    for command in commands:
        assert _run(command, project, _server(mongod_uri)) in _FINE, f"{page}: {command}"


def test_there_are_commands() -> None:
    assert sum(len(commands) for _, commands in blocks()) > 20


def _server(uri: str) -> dict[str, str]:
    return {"MONGODB_URI": uri.replace("/?", "/shop?")}


def _run(command: str, cwd: Path, environment: dict[str, str]) -> int:
    """The exit code; what the command says goes to that of the test."""
    path = f"{sysconfig.get_path('scripts')}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["sh", "-c", command.partition(" | ")[0]],  # what a page hands the output to need not be installed
        cwd=cwd,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=120,
        env={**os.environ, "PATH": path, **environment},
    )
    print(done.stdout[-2000:], done.stderr)
    assert "Traceback" not in done.stderr
    return done.returncode
