"""What `python -m build` makes installs and runs on each Python that is here, alone in a new environment."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Collection, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "bookshelf"
VERSIONS = ("3.10", "3.11", "3.12", "3.13", "3.14")


def interpreters() -> dict[str, str]:
    """By version the program that runs it: of the PATH, or where pyenv keeps them."""
    found: dict[str, str] = {}
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"), "versions")
    for version in VERSIONS:
        kept = sorted(map(str, pyenv.glob(f"{version}.*/bin/python")), reverse=True)
        programs = filter(None, [shutil.which(f"python{version}"), *kept])
        program = next((program for program in programs if _works(program, version)), None)
        if program:
            found[version] = program
    return found


def _works(program: str, version: str) -> bool:
    """A shim may stand for a Python that is not there, and Debian's has no pip."""
    done = subprocess.run([program, "-c", "import sys, ensurepip; print(sys.version)"], capture_output=True, text=True)
    return done.returncode == 0 and done.stdout.startswith(version)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel and the sdist, made of a copy: setuptools leaves files in the tree it builds."""
    root = tmp_path_factory.mktemp("release")
    tree = shutil.copytree(ROOT, root / "tree", ignore=_ignore, symlinks=True)
    _run(sys.executable, "-m", "build", "--outdir", str(root / "dist"), str(tree))
    return root / "dist"


def test_both_are_built(built: Path) -> None:
    assert sorted(path.name.rpartition(".")[2] for path in built.iterdir()) == ["gz", "whl"]


@pytest.fixture(scope="module")
def findings() -> list[tuple[str, int, str]]:
    """What this Python finds in the example."""
    return _findings(sys.executable, "-m", "mongolint")


@pytest.mark.parametrize("version", interpreters())
def test_wheel(version: str, built: Path, tmp_path: Path, findings: list[tuple[str, int, str]]) -> None:
    (wheel,) = built.glob("*.whl")
    assert _findings(str(_installed(interpreters()[version], wheel, tmp_path))) == findings


def test_sdist(built: Path, tmp_path: Path, findings: list[tuple[str, int, str]]) -> None:
    (sdist,) = built.glob("*.tar.gz")
    assert _findings(str(_installed(sys.executable, sdist, tmp_path))) == findings


def _installed(python: str, package: Path, folder: Path) -> Path:
    """The command of a new environment that holds the package and what it needs, and nothing else."""
    _run(python, "-m", "venv", str(folder / "venv"))
    own = folder / "venv" / "bin"
    _run(str(own / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", str(package))
    return own / "mongolint"


def _findings(*command: str) -> list[tuple[str, int, str]]:
    done = subprocess.run(
        [*command, "check", "--format", "json", "."], cwd=EXAMPLE, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1, done.stderr
    assert done.stderr == ""
    found = json.loads(done.stdout)
    assert found
    return [(finding["file"], finding["line"], finding["code"]) for finding in found]


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr + done.stdout


def _ignore(folder: str, names: Collection[str]) -> Iterator[str]:
    left = (".git", ".venv", "build", "dist", "site", "node_modules", "__pycache__")
    return (name for name in names if name in left or name.endswith(("_cache", ".egg-info")))
