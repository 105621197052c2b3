"""Which rules are asked when, and in which process, makes no difference to what they find."""

from __future__ import annotations

import random
from functools import cached_property
from pathlib import Path

import pytest

from mongolint.engine import asking
from mongolint.engine.load import Loaded, load
from mongolint.engine.registry import all_rules
from mongolint.engine.workers import default_jobs
from mongolint.finding import Finding
from mongolint.project.fields.known import Fields
from mongolint.rule import Rule
from mongolint.testing.projects import config_of

BOOKSHELF = Path(__file__).parents[2] / "examples" / "bookshelf"


def _bookshelf() -> Loaded:
    return load([BOOKSHELF], config_of(BOOKSHELF), BOOKSHELF, jobs=1)


def _told(findings: list[Finding]) -> set[tuple[object, ...]]:
    return {(each.code, each.span, each.message, each.related, each.confidence) for each in findings}


@pytest.fixture(scope="module")
def in_order() -> set[tuple[object, ...]]:
    crashes: list[str] = []
    found = _told(asking.ask(all_rules(), _bookshelf().project, crashes))
    assert len(found) > 50
    assert not crashes
    return found


@pytest.mark.parametrize("seed", range(4))
def test_once_operations_are_known_no_rule_depends_on_another(seed: int, in_order: set[tuple[object, ...]]) -> None:
    project = _bookshelf().project
    assert project.operations
    rules = list(all_rules())
    random.Random(seed).shuffle(rules)
    assert _told(asking.ask(rules, project, [])) == in_order


needs_fork = pytest.mark.skipif(default_jobs() == 1, reason="this platform cannot fork, or has one core")


@needs_fork
def test_two_processes_find_what_one_does(in_order: set[tuple[object, ...]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "_MANY", 1)
    crashes: list[str] = []
    assert _told(asking.ask_beside(all_rules(), _bookshelf().project, crashes)) == in_order
    assert not crashes


@needs_fork
def test_a_rule_that_fails_in_the_other_process_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(self: Fields) -> list[str]:
        raise ValueError("no fields")

    monkeypatch.setattr(asking, "_MANY", 1)
    monkeypatch.setattr(Fields, "collections", property(fail))
    crashes: list[str] = []
    found = asking.ask_beside(all_rules(), _bookshelf().project, crashes)
    assert found
    assert crashes
    assert all(crash.endswith("ValueError: no fields") for crash in crashes)


def test_a_rule_that_asks_for_fields_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: set[str] = set()
    project = _bookshelf().project

    def ask(rule: Rule) -> None:
        def noting(self: object) -> Fields:
            asked.add(rule.code)
            return Fields(project)

        monkeypatch.setattr(type(project), "fields", property(noting))
        asking.ask([rule], project, [])

    assert isinstance(type(project).__dict__["fields"], cached_property)
    for rule in all_rules():
        ask(rule)
    assert asked >= {"MDB104", "MDB225"}
    assert asked <= {rule.code for rule in all_rules() if rule.asks_documents}
