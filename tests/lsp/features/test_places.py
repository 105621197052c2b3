"""A buffer beside the text that the model has read."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mongolint.lsp.features.places import Buffer

FEATURES = Path(__file__).parents[3] / "mongolint" / "lsp" / "features"
TEXTS = st.text("ab\né𝒳", max_size=12)


@given(before=TEXTS, after=TEXTS, old=TEXTS, new=TEXTS)
def test_what_is_not_changed_is_found_again(shop, before: str, after: str, old: str, new: str) -> None:
    path = shop.path("shop/models.py")
    loaded = shop.loaded
    read = before + old + after
    buffer = _buffer(loaded, path, read, before + new + after)
    for at in range(len(buffer.text) + 1):
        there = buffer.read(at)
        if there is not None:
            assert buffer.text[:at] == read[:there] or buffer.text[at:] == read[there:]
            assert 0 <= there <= len(read)
    for at in range(len(read) + 1):
        there = buffer.shown(at)
        if there is not None:
            assert read[:at] == buffer.text[:there] or read[at:] == buffer.text[there:]


def _buffer(loaded, path: str, read: str, text: str) -> Buffer:
    """A buffer with ``text`` over a model that has read ``read``."""
    held = loaded.sources[path]
    loaded.sources[path] = read.encode()
    try:
        return Buffer(loaded, path, text)
    finally:
        loaded.sources[path] = held


@given(text=st.text("ab\r\né𝒳", max_size=20), at=st.integers(0, 20))
def test_offsets_and_ranges(shop, text: str, at: int) -> None:
    at = min(at, len(text))
    buffer = Buffer(shop.loaded, shop.path("shop/models.py"), text)
    place = buffer.range(at, at)
    found = buffer.offset(place.line, place.column)
    # The middle of a line break is the end of its line
    assert found == at or text[found:at] == "\r"
    assert buffer.offset(place.line + 100, 0) == len(text)


@pytest.mark.parametrize("file", sorted(FEATURES.glob("*.py")), ids=lambda file: file.name)
def test_features_know_no_protocol(file: Path) -> None:
    tree = ast.parse(file.read_text())
    names = [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    names += [alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]
    assert not [name for name in names if name.partition(".")[0] in ("pygls", "lsprotocol")]
    own = [name for name in names if name.startswith("mongolint.lsp")]
    assert all(name.startswith("mongolint.lsp.features") for name in own)
