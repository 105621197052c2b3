"""An editor numbers the rows of a module with room between them: whatever is asked of them gets the same answer."""

from __future__ import annotations

from pathlib import Path

import pytest

from mongolint.engine.load import Loaded, load
from mongolint.engine.registry import all_rules
from mongolint.link.states.journal import Journal
from mongolint.project.reach.health import health_checks
from mongolint.source.deepstack import with_deep_stack
from mongolint.testing import project
from mongolint.testing.projects import config_of, run

BOOKSHELF = Path(__file__).parents[2] / "examples" / "bookshelf"


def _both(folder: Path) -> tuple[Loaded, Loaded]:
    held = [load([folder], config_of(folder), folder, jobs=1, journal=journal) for journal in (None, Journal())]
    assert [isinstance(loaded.project.modules[0].nodes, dict) for loaded in held] == [False, True]
    return held[0], held[1]


def test_all_rules_tell_the_same() -> None:
    close, wide = _both(BOOKSHELF)
    codes = [rule.code for rule in all_rules()]
    found = [[(each.span, each.code, each.message) for each in run(loaded, codes)] for loaded in (close, wide)]
    assert found[0]
    assert found[0] == found[1]


HEALTH = """\
from fastapi import FastAPI
from pymongo import MongoClient

app = FastAPI()


class Store:
    def __init__(self):
        self.client = MongoClient()

    @property
    def is_alive(self):
        return bool(self.client.admin.command("ping"))


store = Store()


@app.get("/health")
def health():
    return {"ok": store.is_alive}
"""
WATCHED = "from pymongo import MongoClient\n\nclient = MongoClient(event_listeners=[])\n"


@pytest.mark.parametrize("watched", [True, False])
def test_what_no_rule_of_the_example_asks(watched: bool, tmp_path: Path) -> None:
    project({"app.py": HEALTH, "more.py": WATCHED if watched else ""}, tmp_path)
    for loaded in _both(tmp_path):
        (check,) = with_deep_stack(lambda loaded=loaded: list(health_checks(loaded.project)))  # type: ignore[misc]
        assert check.asks is not None
        assert loaded.project.made_clients.watched is watched
