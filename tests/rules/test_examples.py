"""Every example of every rule, under every law."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mongolint.engine.registry import all_rules, examples
from mongolint.rule import (
    Applicability,
    Bad,
    Draft,
    Example,
    Finding,
    Good,
    Project,
    Query,
    Rule,
    Severity,
    Todo,
)
from mongolint.testing import Law, check_example, laws


def cases() -> Iterator[Any]:
    for rule in all_rules():
        seen: Counter[str] = Counter()
        for example in examples()[rule.code]:
            kind = type(example).__name__.lower()
            seen[kind] += 1
            for name, law in laws(example).items():
                yield pytest.param(rule, example, law, id=f"{rule.name}-{kind}{seen[kind]}-{name}")


@pytest.mark.parametrize(("rule", "example", "law"), list(cases()))
def test_law(rule: Rule, example: Example, law: Law, tmp_path: Path) -> None:
    law(rule, example, tmp_path)


SOUND = Bad(
    """\
    from pymongo import MongoClient

    users = MongoClient(timeoutMS=5000).app.users


    def load(ids):
        return [users.find_one({"_id": i}) for i in ids]
    """,
    at=("find_one",),
    message="find_one on users",
)
BROKEN = {
    "a place too many": replace(SOUND, at=("find_one", "find_one")),
    "another place": replace(SOUND, at=("users",)),
    "another message": replace(SOUND, message="find_one on orders"),
    "an unknown option": replace(SOUND, options={"no-such-option": True}),
    "not good at all": Good(SOUND.code),
    "no longer to do": Todo(SOUND.code, why="", at=("find_one",)),
}


def test_harness_accepts_a_sound_example(tmp_path: Path) -> None:
    check_example(rule_101(), SOUND, tmp_path)
    check_example(rule_101(), Todo(SOUND.code, why="at the loop instead", at=("for",)), tmp_path)


@pytest.mark.parametrize("example", BROKEN.values(), ids=BROKEN)
def test_harness_refuses(example: Example, tmp_path: Path) -> None:
    with pytest.raises(AssertionError):
        check_example(rule_101(), example, tmp_path)


def test_harness_refuses_another_text(tmp_path: Path) -> None:
    rule = next(rule for rule in all_rules() if rule.code == "MDB900")
    sound = next(example for example in examples()["MDB900"] if isinstance(example, Bad))
    check_example(rule, sound, tmp_path / "sound")
    with pytest.raises(AssertionError, match="and not to"):
        check_example(rule, replace(sound, fixed=sound.code), tmp_path / "wrong")


CALL = Bad(
    """\
    from pymongo import MongoClient

    users = MongoClient(timeoutMS=5000).app.users
    users.find_one({"_id": 1})  # the only one
    """,
    at=("find_one",),
)
LINE = (79, 105)
BAD_FIXES = {
    "no Python": ((0, 4), "from from", "would be no Python"),
    "a comment lost": ((LINE[0], 121), "pass", "loses"),
    "a finding of another rule": (LINE, "print(1)", "new finding of MDB503"),
    "the finding stays": (LINE, 'users.find_one({"_id": 2})', "comes back"),
}


@pytest.mark.parametrize(("place", "content", "reason"), BAD_FIXES.values(), ids=BAD_FIXES)
def test_harness_refuses_a_bad_fix(
    place: tuple[int, int], content: str, reason: str, install: Callable[[Rule], None], tmp_path: Path
) -> None:
    rule = Rule("XYZ001", "found", Severity.LOW, fix=Applicability.UNSAFE, doc="Found.")

    @rule.on(Query)
    def find(query: Query, project: Project) -> Iterator[Finding]:
        def write(draft: Draft) -> None:
            draft.replace(query.module, place, content)

        yield rule.finding(project.operation_span(query), "found", fix=rule.repair("do it", write))

    install(rule)
    with pytest.raises(AssertionError, match=reason):
        laws(CALL)["fixed-as-is"](rule, CALL, tmp_path / "bad")


def rule_101() -> Rule:
    return next(rule for rule in all_rules() if rule.code == "MDB101")
