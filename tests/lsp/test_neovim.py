"""The server in a real Neovim without a window, set up as docs/editors.md says."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
NVIM = shutil.which("nvim")
PATIENCE = 60
CODE = "MDB503"
_BLOCK = re.compile(r"^```lua\n-- Neovim (\d+)\.(\d+)\n(.*?)^```", re.MULTILINE | re.DOTALL)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the example that is a project of its own."""
    folder = tmp_path / "bookshelf"
    shutil.copytree(ROOT / "examples" / "bookshelf", folder)
    (folder / "pyproject.toml").write_text("[tool.mongolint]\n", encoding="utf-8")
    return folder


@pytest.mark.skipif(NVIM is None, reason="needs Neovim on the PATH")
def test_neovim(project: Path, tmp_path: Path) -> None:
    """Findings are shown, a code action fixes one, the file is saved, and no server is left."""
    file = project / "app" / "db" / "audit_log.py"
    by_command = Path(shutil.copytree(project, tmp_path / "by_command")) / file.relative_to(project)
    before = _check(project, file)
    _mongolint(by_command.parents[2], "check", "--fix", "--unsafe-fixes", "--select", CODE, str(by_command))

    seen = _edit(file, tmp_path)

    assert "problem" not in seen, seen
    assert [(each["name"], Path(each["root"])) for each in seen["clients"]] == [("mongolint", project)]
    assert _places(seen["before"]) == before
    assert CODE in {code for _, code in before}
    assert file.read_text(encoding="utf-8") == by_command.read_text(encoding="utf-8")
    assert _places(seen["after"]) == _check(project, file)
    assert _servers(tmp_path) == []


def test_configurations() -> None:
    assert "vim.lsp.start_client" in _configuration((0, 7))
    assert "vim.lsp.start_client" in _configuration((0, 10))
    assert "vim.lsp.enable" in _configuration((0, 11))
    assert "vim.lsp.start_client" not in _configuration((0, 12))


def _edit(file: Path, folder: Path) -> dict[str, Any]:
    """What was seen in Neovim."""
    assert NVIM is not None
    task, report, config = folder / "task.json", folder / "report.json", folder / "init.lua"
    task.write_text(json.dumps({"file": str(file), "code": CODE, "report": str(report), "patience": PATIENCE}))
    version = re.search(r"v(\d+)\.(\d+)", subprocess.check_output([NVIM, "--version"], text=True))
    assert version is not None
    config.write_text(_configuration((int(version[1]), int(version[2]))), encoding="utf-8")
    environment = {
        **os.environ,
        # The configuration has but the name of the command
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
        **{f"XDG_{kind}_HOME": str(folder / kind) for kind in ("CONFIG", "DATA", "STATE", "CACHE")},
        "MONGOLINT_TASK": str(task),
    }
    script = Path(__file__).with_name("neovim.lua")
    run = subprocess.run(
        [NVIM, "--headless", "-n", "-i", "NONE", "-u", str(config), "-c", f"luafile {script}"],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=5 * PATIENCE,
        check=False,
    )
    assert report.is_file(), run.stderr + run.stdout
    seen: dict[str, Any] = json.loads(report.read_text(encoding="utf-8"))
    return seen


def _configuration(version: tuple[int, int]) -> str:
    """The blocks of docs/editors.md for this version of Neovim: those of the newest one that is not newer."""
    blocks: dict[tuple[int, int], str] = {}
    for major, minor, text in _BLOCK.findall((ROOT / "docs" / "editors.md").read_text(encoding="utf-8")):
        blocks[int(major), int(minor)] = blocks.get((int(major), int(minor)), "") + text
    return blocks[max(each for each in blocks if each <= version)]


def _check(project: Path, file: Path) -> list[tuple[int, str]]:
    """Lines and codes of what the command line finds in a file."""
    found = json.loads(_mongolint(project, "check", "--format", "json", str(file)))
    return sorted((each["line"], each["code"]) for each in found)


def _places(findings: list[dict[str, Any]]) -> list[tuple[int, str]]:
    assert {each["source"] for each in findings} <= {"mongolint"}
    return sorted((each["line"], each["code"]) for each in findings)


def _mongolint(project: Path, *words: str) -> str:
    run = subprocess.run(
        [sys.executable, "-m", "mongolint", *words], cwd=project, capture_output=True, text=True, check=False
    )
    assert run.returncode in (0, 1), run.stderr
    return run.stdout


def _servers(folder: Path) -> list[str]:
    """Processes that still run for the editor, after some time to end; known by the task in their environment."""
    mark = f"MONGOLINT_TASK={folder / 'task.json'}".encode()
    end = time.monotonic() + 10
    while True:
        left = [process.parent.name for process in Path("/proc").glob("[0-9]*/environ") if mark in _bytes(process)]
        if not left or time.monotonic() > end:
            return left
        time.sleep(0.1)


def _bytes(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError:
        return b""
