"""The documentation builds without a warning, with a page of each rule."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from mongolint.engine.registry import all_rules

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    build = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(folder)]
    done = subprocess.run(build, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def test_every_rule_has_a_page(site: Path) -> None:
    index = (site / "rules" / "index.html").read_text(encoding="utf-8")
    for rule in all_rules():
        page = (site / "rules" / rule.name / "index.html").read_text(encoding="utf-8")
        assert f"{rule.code} {rule.name}" in page
        assert f'href="{rule.name}/"' in index


def test_files_of_the_root_are_pages(site: Path) -> None:
    for name in ("changelog", "contributing"):
        assert (site / name / "index.html").is_file()


def test_nothing_is_loaded_from_elsewhere(site: Path) -> None:
    """Reading the documentation tells no third party so."""
    page = (site / "index.html").read_text(encoding="utf-8")
    assert "fonts.googleapis" not in page
