"""What linking costs where everything hangs together, and what a long chain of branches does: steps, not time."""

from __future__ import annotations

from pathlib import Path

import pytest

from mongolint.link.linker import Linker
from mongolint.project.tracing.branches import Branches
from mongolint.source.deepstack import with_deep_stack
from mongolint.testing import project

# Each function passes on what it got, to two others and to itself, and gives back one of several things or nothing
MODULE = """\
from app.part{after} import Part{after}, change{after}, pick{after}
from app.part{far} import Part{far}, change{far}, pick{far}


class Part{number}:
    def __init__(self, store, rest=None):
        self.store = store
        self.rest = rest or Part{after}(store)

    def find(self, key, other=None):
        if not key:
            return other
        found = self.store.find_one({{"key": key}}) or self.rest.find(other, key)
        for each in pick{after}(found, self):
            found = change{far}(each, found or other)
        return found or None

    def joined(self, other):
        return Part{number}(self.store, other.joined(self) if other else None)


def pick{number}(value, part=None):
    if part is None:
        return None
    made = [change{after}(value, part), pick{far}(value, part.rest), None]
    made.append(part.joined(Part{far}(part.store, part)))
    return made if value else pick{after}(made, part)


def change{number}(value, part):
    held = {{"value": value, "part": part, "next": None}}
    while value:
        held["next"] = pick{far}(held, part) or held["next"]
        value = change{after}(held["next"], part.rest or part)
    return held["value"] or held.get("part")
"""
MAIN = """\
from pymongo import MongoClient

from app.part0 import Part0, change0, pick0

store = MongoClient(timeoutMS=5000).app.things


def run(keys):
    part = Part0(store)
    for key in keys:
        store.update_one({"key": key}, {"$set": {"found": change0(pick0(part.find(key), part), part)}})
"""


def _questions(size: int, folder: Path, monkeypatch: pytest.MonkeyPatch) -> int:
    """The questions that are worked out for a ring of ``size`` modules."""
    files = {"app/__init__.py": "", "app/main.py": MAIN}
    for number in range(size):
        after, far = (number + 1) % size, (number * 3 + 2) % size
        files[f"app/part{number}.py"] = MODULE.format(number=number, after=after, far=far)
    count = 0
    ask = Linker._ask

    def counted(*args: object) -> object:
        nonlocal count
        count += 1
        return ask(*args)  # type: ignore[arg-type]

    folder.mkdir()
    with monkeypatch.context() as patch:
        patch.setattr(Linker, "_ask", counted)
        model = project(files, folder).project
        assert any(operation.name == "update_one" for operation in model.operations)
        assert model.repetitions
        _ = model.writes.constraints, model.handlers
    return count


def test_the_questions_grow_with_the_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    few, many = (
        with_deep_stack(lambda size=size: _questions(size, tmp_path / str(size), monkeypatch))  # type: ignore[misc]
        for size in (10, 40)
    )
    assert many < 4 * few


def test_a_long_chain_of_branches_is_gone_through_once(tmp_path: Path) -> None:
    """Each ``elif`` stands within the other branch of the one before."""
    chain = "".join(f"    {'el' if number else ''}if kind == {number}:\n        return None\n" for number in range(40))
    code = f"""\
from pymongo import MongoClient

users = MongoClient(timeoutMS=5000).app.users


def add(name, kind):
{chain}    if not users.find_one({{"name": name}}):
        users.insert_one({{"name": name}})
"""
    with_deep_stack(lambda: _chain(code, tmp_path))


def _chain(code: str, folder: Path) -> None:
    model = project({"app.py": code}, folder).project
    steps = 0
    passed = Branches._passed

    def counted(*args: object) -> object:
        nonlocal steps
        steps += 1
        assert steps < 10_000
        return passed(*args)  # type: ignore[arg-type]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Branches, "_passed", counted)
        assert [each.constraint.fields for each in model.writes.look_then_inserts] == ["name"]
