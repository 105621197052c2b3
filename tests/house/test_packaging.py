"""What is installed: rules are ``mongolint.rules``, found by their entry point, never a module ``rules``.

Built and installed from a copy, because setuptools leaves files in the tree it builds.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Collection
from pathlib import Path
from typing import Any

import pytest

from mongolint.engine.registry import all_rules

ROOT = Path(__file__).parents[2]

PROBE = """
import importlib.util, json, sys
from importlib.metadata import distribution, entry_points
sys.path[:] = [path for path in sys.path if path]
import mongolint, mongolint.rules
from mongolint.engine.registry import all_rules
entries = [e.value for e in entry_points(group="mongolint.rules") if e.dist.name == "mongolint"]
print(json.dumps({
    "rules": importlib.util.find_spec("rules") is not None,
    "package": mongolint.__file__,
    "rules package": mongolint.rules.__file__,
    "metadata": str(distribution("mongolint").locate_file("")),
    "entries": entries,
    "codes": [rule.code for rule in all_rules()],
    "typed": importlib.util.find_spec("mongolint").submodule_search_locations[0] + "/py.typed",
}))
"""


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what a checkout holds."""
    return Path(shutil.copytree(ROOT, tmp_path_factory.mktemp("tree") / "mongolint", ignore=_ignore, symlinks=True))


@pytest.fixture(scope="module")
def wheel(tree: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    _run(sys.executable, "-m", "pip", "wheel", "--no-deps", "--wheel-dir", str(folder), str(tree))
    return next(folder.glob("mongolint-*.whl"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _environment(tmp_path_factory.mktemp("installed"), str(wheel))


@pytest.fixture(scope="module")
def editable(tree: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _environment(tmp_path_factory.mktemp("editable"), "--editable", str(tree))


def test_wheel(installed: Path, tmp_path: Path) -> None:
    told = _probe(installed, tmp_path)
    folder = Path(told["metadata"])
    assert folder.is_relative_to(installed)
    assert Path(told["package"]) == folder / "mongolint" / "__init__.py"
    assert Path(told["rules package"]) == folder / "mongolint" / "rules" / "__init__.py"
    assert Path(told["typed"]).is_file()
    _check_rules(told)


def test_templates(installed: Path, tmp_path: Path) -> None:
    page = _run(str(installed / "bin" / "mongolint"), "indexes", "coverage", "--format", "html", cwd=tmp_path)
    assert "<h1>Index coverage</h1>" in page


def test_schemas(installed: Path, tmp_path: Path) -> None:
    """Where the documentation says that they are."""
    page = (ROOT / "docs" / "formats.md").read_text(encoding="utf-8")
    command = re.search(r'^python -c "(.*)"$', page, re.MULTILINE)
    assert command
    folder = Path(_run(str(installed / "bin" / "python"), "-c", command[1], cwd=tmp_path).strip())
    assert folder.is_relative_to(installed)
    names = {path.name for path in folder.glob("*.json")}
    assert names == set(re.findall(r"^\| `.*` \| `(\S+\.json)` \|$", page, re.MULTILINE))


def test_editable(editable: Path, tree: Path, tmp_path: Path) -> None:
    told = _probe(editable, tmp_path)
    assert Path(told["metadata"]).is_relative_to(editable)
    assert Path(told["package"]) == tree / "mongolint" / "__init__.py"
    assert Path(told["rules package"]) == tree / "rules" / "__init__.py"
    _check_rules(told)


@pytest.mark.parametrize("kind", ["installed", "editable"])
def test_linted_tree_is_never_imported(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    """Neither the console script nor ``-m`` runs modules that lie in the working directory."""
    environment = request.getfixturevalue(kind)
    (tmp_path / "rules").mkdir()
    for name in ("rules/__init__.py", "click.py", "libcst.py"):
        (tmp_path / name).write_text("raise SystemExit('imported from the linted tree')\n")
    (tmp_path / "app.py").write_text(
        "from pymongo import MongoClient\n\nMongoClient().shop.orders.find_one({'_id': 1})\n"
    )
    for command in ([environment / "bin" / "mongolint"], [environment / "bin" / "python", "-m", "mongolint"]):
        out = _run(*map(str, command), "queries", ".", "--format", "json", cwd=tmp_path)
        assert [item["collection"] for item in json.loads(out)] == ["orders"]


def _check_rules(told: dict[str, Any]) -> None:
    assert not told["rules"]
    assert told["entries"] == ["mongolint.rules"]
    assert told["codes"] == [rule.code for rule in all_rules()]


def _environment(folder: Path, *what: str) -> Path:
    """A new environment with mongolint in it, and its dependencies as this one has them."""
    _run(sys.executable, "-m", "venv", str(folder))
    python = folder / "bin" / "python"
    _run(str(python), "-m", "pip", "install", "--no-deps", *what)
    # A .pth file rather than PYTHONPATH: this way the new environment's own packages come first, and an
    # editable install of mongolint in the present one stays out, because its own .pth file is not read.
    own = _run(str(python), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip()
    lines = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    Path(own, "dependencies.pth").write_text("\n".join(sorted(lines)) + "\n", encoding="utf-8")
    return folder


def _probe(environment: Path, cwd: Path) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(_run(str(environment / "bin" / "python"), "-c", PROBE, cwd=cwd))
    return told


def _run(*command: str, cwd: Path | None = None) -> str:
    run = subprocess.run(command, cwd=cwd, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr + run.stdout
    return run.stdout


def _ignore(folder: str, names: Collection[str]) -> set[str]:
    """Environments, caches and what a build left behind: nothing of it belongs to a checkout."""
    left = (".git", ".venv", "build", "dist", "node_modules", "__pycache__")
    return {name for name in names if name in left or name.endswith(("_cache", ".egg-info"))}
