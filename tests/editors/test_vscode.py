"""The extension for VS Code: its parts checked and tested without the editor, and the package that is installed."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from mongolint import __version__

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "editors" / "vscode"
NPM = shutil.which("npm")
MANIFEST: dict[str, Any] = json.loads((SOURCE / "package.json").read_text(encoding="utf-8"))
LOCK: dict[str, Any] = json.loads((SOURCE / "package-lock.json").read_text(encoding="utf-8"))
README = (SOURCE / "README.md").read_text(encoding="utf-8")


@pytest.mark.skipif(NPM is None, reason="needs npm on the PATH")
def test_extension(tmp_path: Path) -> None:
    """Types, unit tests, a talk with the real server, the bundle, and what is in the package.

    One test, because installing what builds it takes most of the time.
    """
    folder = tmp_path / "vscode"
    shutil.copytree(SOURCE, folder, ignore=shutil.ignore_patterns("node_modules", "dist", "*.vsix"))
    # Nothing that is installed needs its install script on the way to the package
    _npm(folder, "ci", "--ignore-scripts", "--prefer-offline")
    _npm(folder, "run", "package")
    told = _npm(folder, "test")
    assert re.search(r"fail 0\b", told), told
    assert re.search(r"skipped 0\b", told), told
    with zipfile.ZipFile(folder / "mongolint.vsix") as package:
        names = {name.removeprefix("extension/") for name in package.namelist()}
        installed = json.loads(package.read("extension/package.json"))
        head = ElementTree.fromstring(package.read("extension.vsixmanifest"))
        bundle = package.read("extension/dist/extension.js").decode()
        notices = package.read("extension/dist/NOTICES.txt").decode()
    documents = {"LICENSE.txt", "readme.md", "package.json", "dist/extension.js", "dist/NOTICES.txt"}
    assert names == {*documents, "[Content_Types].xml", "extension.vsixmanifest"}
    assert Path(installed["main"]).as_posix() in names
    identity = next(each for each in head.iter() if each.tag.endswith("}Identity"))
    assert (identity.get("Publisher"), identity.get("Id"), identity.get("Version")) == (
        MANIFEST["publisher"],
        "mongolint",
        __version__,
    )
    # What is not in the bundle has to be part of the editor or of Node.js
    needed = set(re.findall(r"\brequire\(\"([^\"]+)\"\)", bundle))
    builtin = json.loads(_run(folder, "node", "-p", "JSON.stringify(require('module').builtinModules)"))
    assert {name.removeprefix("node:") for name in needed} - set(builtin) == {"vscode"}
    assert "vscode-languageclient" in notices


def test_manifest() -> None:
    assert MANIFEST["version"] == __version__
    assert MANIFEST["engines"]["vscode"] == f"^{MANIFEST['devDependencies']['@types/vscode']}"
    assert (SOURCE / "LICENSE").read_bytes() == (ROOT / "LICENSE").read_bytes()
    contributed = MANIFEST["contributes"]
    for command in contributed["commands"]:
        assert command["command"].startswith("mongolint.")
        assert f"*{command['category']}: {command['title']}*" in README
    for name, setting in contributed["configuration"]["properties"].items():
        assert name.startswith("mongolint.")
        assert _has_type(setting["default"], setting["type"])
        assert setting["default"] in setting.get("enum", [setting["default"]])
        assert f"| `{name}` |" in README


def test_lockfile() -> None:
    """Each package is pinned by its hash, and named by no address."""
    packages = {name: entry for name, entry in LOCK["packages"].items() if name}
    assert LOCK["version"] == MANIFEST["version"]
    assert LOCK["packages"][""]["devDependencies"] == MANIFEST["devDependencies"]
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in MANIFEST["devDependencies"].values())
    assert [name for name, entry in packages.items() if "integrity" not in entry] == []
    assert [name for name, entry in packages.items() if "resolved" in entry] == []


def _has_type(value: object, name: str) -> bool:
    return isinstance(value, {"boolean": bool, "string": str, "array": list}[name])


def _npm(folder: Path, *words: str) -> str:
    assert NPM is not None
    return _run(folder, NPM, *words)


def _run(folder: Path, *command: str) -> str:
    program = Path(sys.executable).with_name("mongolint")
    environment = {**os.environ, "MONGOLINT": str(program), "npm_config_update_notifier": "false"}
    run = subprocess.run(
        command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout
