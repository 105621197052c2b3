"""Nothing grows until nobody can read it."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MODULE_LINES = 600
RULE_LINES = 300
FUNCTION_LINES = 60
FOLDER_FILES = 14

FILES = sorted(file for top in ("mongolint", "rules") for file in (ROOT / top).rglob("*.py"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.relative_to(ROOT).as_posix())
def test_file(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    limit = RULE_LINES if file.is_relative_to(ROOT / "rules") else MODULE_LINES
    assert text.count("\n") <= limit
    functions = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    lengths = [(node.name, (node.end_lineno or 0) - node.lineno + 1) for node in functions]
    assert not [(name, length) for name, length in lengths if length > FUNCTION_LINES]


@pytest.mark.parametrize(
    "folder", sorted({file.parent for file in FILES}), ids=lambda folder: folder.relative_to(ROOT).as_posix()
)
def test_folder(folder: Path) -> None:
    files = [file for file in FILES if file.parent == folder]
    assert len(files) <= FOLDER_FILES
