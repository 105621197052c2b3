"""What is read of Ruff's configuration is what the installed Ruff does with it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mongolint.beside.ruff import Ruff

# One line for each of E722, BLE001 and T201
CODE = "try:\n    work()\nexcept:\n    print(1)\ntry:\n    work()\nexcept Exception:\n    pass\n"
CODES = ("E722", "BLE001", "T201")
FILES = (
    *("a.py", "app/a.py", "app/deep/a.py", "app/deep/b.py", "tests/a.py", "tests/test_a.py", "build/a.py"),
    *("app/scripts/a.py", "x.y/a.py", "venv/a.py"),
)


def told(root: Path) -> set[tuple[str, str]]:
    """File and code of what Ruff reports; nothing where it refuses its configuration."""
    done = subprocess.run(
        [sys.executable, "-m", "ruff", "check", "--no-cache", "--output-format", "json", "."],
        cwd=root,
        capture_output=True,
        text=True,
        env={**os.environ, "XDG_CONFIG_HOME": str(root / "none"), "HOME": str(root / "none")},
    )
    found = json.loads(done.stdout) if done.returncode in (0, 1) else []
    return {(Path(each["filename"]).relative_to(root).as_posix(), each["code"]) for each in found}


def agree(root: Path, configuration: Mapping[str, str]) -> None:
    # Whether BLE001 runs where nothing is selected depends on Ruff's version
    codes = CODES if any("lint.select" in text for text in configuration.values()) else ("E722", "T201")
    for file in FILES:
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        (root / file).write_text(CODE)
    for name, text in configuration.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    (root / ".git").mkdir(exist_ok=True)
    ruff = Ruff()
    read = {(file, code) for file in FILES for code in codes if ruff.selects(code, (root / file).as_posix())}
    assert read == {(file, code) for file, code in told(root) if code in codes}


@pytest.mark.parametrize(
    "configuration",
    [
        {},
        {"pyproject.toml": "[project]\nname = 'ruff-user'\n"},
        {"pyproject.toml": "[tool.ruff]\nline-length = 100\n"},
        {"ruff.toml": "lint.select = ['ALL']\n"},
        {"ruff.toml": "lint.select = ['ALL']\nlint.ignore = ['E7', 'BLE']\nlint.extend-select = ['E722']\n"},
        {"ruff.toml": "lint.select = ['B', 'T']\n"},
        {"ruff.toml": "lint.select = ['T2', 'BLE0']\n"},
        {"ruff.toml": "lint.select = ['T20', 'BLE']\nlint.ignore = ['ALL']\n"},
        {"ruff.toml": "select = ['T201']\nignore = ['E']\n"},
        {"ruff.toml": "select = ['T201']\nlint.extend-select = ['E']\n"},
        {"ruff.toml": "lint.select = []\n"},
        {"ruff.toml": "lint.select = ['NOPE1']\n"},
        {"ruff.toml": "lint.select = [\n"},
        {".ruff.toml": "lint.select = ['T']\n", "ruff.toml": "lint.select = ['BLE']\n"},
        {"ruff.toml": "lint.select = ['T']\n", "pyproject.toml": "[tool.ruff.lint]\nselect = ['BLE']\n"},
        {"ruff.toml": "lint.select = ['T']\n", "app/ruff.toml": "lint.select = ['BLE']\n"},
        {"ruff.toml": "lint.select = ['T']\n", "app/ruff.toml": "extend = '../ruff.toml'\n"},
        {
            "base.toml": "lint.select = ['ALL']\nlint.ignore = ['T201']\nlint.per-file-ignores = {'app/*' = ['BLE']}\n",
            "ruff.toml": "extend = 'base.toml'\nlint.extend-select = ['T']\nlint.ignore = ['E722']\n",
        },
        {
            "conf/base.toml": "exclude=['deep']\nlint.select = ['ALL']\nlint.per-file-ignores = {'app/*' = ['BLE']}\n",
            "ruff.toml": "extend = 'conf/base.toml'\nlint.extend-per-file-ignores = {'tests/*' = ['E']}\n",
        },
        {
            "base.toml": "lint.select = []\nlint.ignore = ['T201']\n",
            "ruff.toml": "extend = 'base.toml'\nlint.select = ['T']\n",
        },
        {"ruff.toml": "lint.select = ['ALL']\nextend-exclude = ['deep', 'tests/']\n"},
        {"ruff.toml": "lint.select = ['ALL']\nexclude = ['app/*']\n"},
        {"ruff.toml": "lint.select = ['ALL']\nlint.exclude = ['test_*.py', 'app/deep']\n"},
        {"ruff.toml": "lint.select = ['ALL']\ninclude = ['app/**/*.py']\n"},
    ],
)
def test_reads_what_ruff_reads(tmp_path: Path, configuration: dict[str, str]) -> None:
    agree(tmp_path, configuration)


@pytest.mark.parametrize(
    "pattern",
    [
        *("a.py", "app", "app/", "app/*", "app/**", "app/*.py", "*.py", "**/deep/*", "**/a.py", "deep/*", "./app/a.py"),
        *("!app/*", "!a.py", "app/deep/[ab].py", "app/{deep,scripts}/*", "tests/test_?.py", "scripts", "**/scripts/**"),
        *("app/**/a.py", "test_*.py", "x.y/*", "app/deep/[!b].py", "*/a.py"),
    ],
)
def test_patterns_for_files(tmp_path: Path, pattern: str) -> None:
    agree(tmp_path, {"ruff.toml": f"lint.select = ['ALL']\n[lint.per-file-ignores]\n'{pattern}' = ['E722', 'T']\n"})


@pytest.mark.parametrize("word", ["../gone.toml", "ruff.toml"])
def test_a_configuration_that_ruff_refuses_selects_nothing(tmp_path: Path, word: str) -> None:
    (tmp_path / "ruff.toml").write_text("lint.select = ['T']\n")
    (tmp_path / "app").mkdir()
    (tmp_path / "app/ruff.toml").write_text(f"extend = '{word}'\n")
    assert told(tmp_path) == set()
    assert not Ruff().selects("T201", (tmp_path / "app/a.py").as_posix())
    assert Ruff().selects("T201", (tmp_path / "a.py").as_posix())


SELECTORS = st.lists(st.sampled_from(["ALL", "E", "E7", "E72", "E722", "B", "T", "T2", "T20", "T201", "F"]), max_size=3)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.none() | SELECTORS, SELECTORS, SELECTORS, st.none() | SELECTORS, SELECTORS, SELECTORS)
def test_selectors_of_two_files(
    tmp_path_factory: pytest.TempPathFactory,
    select: list[str] | None,
    more: list[str],
    ignore: list[str],
    above: list[str] | None,
    more_above: list[str],
    ignore_above: list[str],
) -> None:
    def text(chosen: list[str] | None, more: list[str], ignore: list[str]) -> str:
        own = "" if chosen is None else f"lint.select = {chosen}\n"
        return own + f"lint.extend-select = {more}\nlint.ignore = {ignore}\n"

    agree(
        tmp_path_factory.mktemp("ruff"),
        {
            "base.toml": text(select, more, ignore),
            "ruff.toml": "extend = 'base.toml'\n" + text(above, more_above, ignore_above),
        },
    )
