"""What is worked out once in `project/` is kept so that an editor knows what it was made of."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2] / "mongolint" / "project"
# They depend on nothing but what they were made with
PURE = {"_Parents", "Query", "Declared", "OperationFinder"}
DATA = {
    "list",
    "dict",
    "set",
    "frozenset",
    "tuple",
    "bool",
    "str",
    "int",
    "Sequence",
    "Mapping",
    "Iterable",
    "Hashable",
}


def plainly_cached(text: str) -> Iterator[str]:
    """The properties that hold data of an object that asks others, and note nothing."""
    for cls in (node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.ClassDef)):
        for each in (node for node in cls.body if isinstance(node, ast.FunctionDef) and cls.name not in PURE):
            names = {node.id for entry in each.decorator_list for node in ast.walk(entry) if isinstance(node, ast.Name)}
            kinds = {node.id for node in ast.walk(each.returns or each) if isinstance(node, ast.Name)}
            if names & {"cached_property", "cache", "lru_cache"} and kinds & DATA:
                yield f"{cls.name}.{each.name}"


@pytest.mark.parametrize("file", sorted(PROJECT.rglob("*.py")), ids=lambda file: str(file.relative_to(PROJECT)))
def test_data_is_held(file: Path) -> None:
    assert not list(plainly_cached(file.read_text(encoding="utf-8")))


def test_the_test() -> None:
    code = "class Answers:\n    @cached_property\n    def all(self) -> list[Operation]:\n        return []\n"
    assert list(plainly_cached(code)) == ["Answers.all"]
    assert not list(plainly_cached(code.replace("list[Operation]", "Other")))
