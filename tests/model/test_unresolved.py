"""``queries --unresolved`` names the method that could not be traced, and the annotation that would help."""

from __future__ import annotations

from pathlib import Path

from mongolint.engine.listing import queries, unresolved
from mongolint.source.deepstack import with_deep_stack
from mongolint.testing import project

UNTYPED = 'from pymongo import MongoClient\n\n\ndef load(coll):\n    return coll.find({"a": 1})\n'
TYPED = UNTYPED.replace("load(coll)", "load(coll: Collection)").replace(
    "import MongoClient", "import MongoClient\nfrom pymongo.collection import Collection"
)


def test_place_and_hint(tmp_path: Path) -> None:
    loaded = project(UNTYPED, tmp_path)
    (item,) = with_deep_stack(lambda: unresolved(loaded))
    assert (item["line"], item["column"], item["method"]) == (5, 17, "find")
    assert "annotate parameter coll of load" in item["hint"]


def test_the_annotation_resolves_it(tmp_path: Path) -> None:
    loaded = project(TYPED, tmp_path)
    assert with_deep_stack(lambda: unresolved(loaded)) == []
    (operation,) = with_deep_stack(lambda: queries(loaded))
    assert (operation["method"], operation["confidence"]) == ("find", "known")
