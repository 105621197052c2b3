"""mongolint's own JSON is what its schemas say: bare arrays, no field more and no field less."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from mongolint.engine.explained import explained
from mongolint.engine.listing import indexes, queries, schema, unresolved
from mongolint.engine.registry import all_rules, examples
from mongolint.project.explained.answer import answer
from mongolint.source.deepstack import with_deep_stack
from mongolint.testing import findings, project

ROOT = Path(__file__).parents[2]
COMMANDS = {
    "check": ["check"],
    "check-statistics": ["check", "--statistics"],
    "queries": ["queries"],
    "queries-unresolved": ["queries", "--unresolved"],
    "indexes": ["indexes"],
    "schema": ["schema"],
}
Check = Callable[[str, Any], None]


@pytest.fixture(scope="module")
def shown(schema_of: Callable[[str], Any]) -> Check:
    def check(name: str, items: Any) -> None:
        wrong = list(schema_of(name).iter_errors(json.loads(json.dumps(items))))
        assert not [f"{error.json_path}: {error.message[:300]}" for error in wrong]

    return check


@pytest.mark.parametrize("name", [*COMMANDS, "explain"])
def test_schema(name: str, schema_of: Callable[[str], Any]) -> None:
    """It is one, it says what each field is, and it is strict enough to refuse something."""
    found = schema_of(name)
    jsonschema.Draft202012Validator.check_schema(found.schema)
    assert found.schema["title"].startswith("mongolint ")
    assert not found.is_valid({})
    assert not found.is_valid([{}])
    assert found.is_valid([])


@pytest.mark.parametrize("name", COMMANDS)
def test_examples(name: str, shown: Check, mongolint: Callable[..., str]) -> None:
    items = json.loads(mongolint(*COMMANDS[name], "examples/bookshelf", "--format", "json"))
    assert items or name == "queries-unresolved"
    shown(name, items)


def test_each_operation_of_the_example_explained(shown: Check, mongolint: Callable[..., str]) -> None:
    places = json.loads(mongolint("queries", "examples/bookshelf", "--format", "json"))
    assert len(places) > 50
    # One process for each would take a minute; the other operations are explained below
    for each in places[::20]:
        items = json.loads(mongolint("explain", f"{each['file']}:{each['line']}", "--format", "json"))
        assert items
        shown("explain", items)


def cases() -> Iterator[Any]:
    for rule in all_rules():
        for number, example in enumerate(examples()[rule.code], 1):
            yield pytest.param(rule, example, id=f"{rule.name}-{number}")


@pytest.mark.parametrize(("rule", "example"), list(cases()))
def test_examples_of_rules(rule: Any, example: Any, shown: Check, tmp_path: Path) -> None:
    loaded = project(example.code, tmp_path)

    def check() -> None:
        shown("queries", queries(loaded))
        shown("queries-unresolved", unresolved(loaded))
        shown("indexes", indexes(loaded))
        shown("schema", schema(loaded))
        operations = loaded.project.operations
        shown("explain", explained(loaded.project, [answer(loaded.project, each) for each in operations]))

    with_deep_stack(check)
    shown("check", [each.json() for each in findings(example.code, tmp_path / "again", rules={rule.code})])
