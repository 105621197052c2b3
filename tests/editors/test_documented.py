"""The configurations of docs/editors.md are well-formed, and name what there is."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "editors.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)
SECTIONS = re.split(r"^## ", TEXT, flags=re.MULTILINE)[1:]


def blocks(language: str) -> list[str]:
    return [text for name, text in BLOCKS if name == language]


@pytest.mark.parametrize("text", blocks("json"))
def test_json(text: str) -> None:
    assert json.loads(text)


@pytest.mark.parametrize("text", blocks("toml"))
def test_toml(text: str) -> None:
    assert tomllib.loads(text)


@pytest.mark.parametrize("language", ["lua", "elisp", "rust"])
def test_brackets(language: str) -> None:
    assert blocks(language)
    for text in blocks(language):
        code = re.sub(r'"(?:\\.|[^"\\])*"', '""', text)
        for opening, closing in ("()", "[]", "{}"):
            assert code.count(opening) == code.count(closing), text


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.partition("\n")[0])
def test_command(section: str) -> None:
    """Each editor starts the command that there is."""
    assert re.search(r"mongolint\W{1,5}lsp|mongolint lsp|\"lsp\"\.into|args = \[\"lsp\"\]|npm run package", section)


def test_settings() -> None:
    manifest: dict[str, Any] = json.loads((ROOT / "editors" / "vscode" / "package.json").read_text(encoding="utf-8"))
    known = manifest["contributes"]["configuration"]["properties"]
    used = {name for text in blocks("json") for name in json.loads(text) if name.startswith("mongolint.")}
    assert used
    assert used <= known.keys()


def test_kind() -> None:
    """The action that fixes all is asked for alike, here and by the extension, whose test asks the server for it."""
    extension = (ROOT / "editors" / "vscode" / "src" / "extension.ts").read_text(encoding="utf-8")
    (kind,) = re.findall(r"kind: \"([\w.]+)\"", extension)
    assert set(re.findall(r"source\.fixAll[\w.]*", TEXT)) == {kind}
