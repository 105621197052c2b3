"""What the model reads off code that builds a filter must agree with the dict that the code really builds."""

from __future__ import annotations

import itertools
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from mongolint.engine.listing import queries
from mongolint.source.deepstack import with_deep_stack
from mongolint.testing import project

FIELDS = ["a", "b", "c", "d", "e.f"]
HEADER = "from pymongo import MongoClient\n\nusers = MongoClient().app.users\n\n\n"

fields = st.sampled_from(FIELDS)
literals = st.lists(fields, max_size=3).map(lambda names: "{" + ", ".join(f'"{n}": 1' for n in names) + "}")
plain = fields.filter(str.isidentifier)
simple = st.one_of(
    fields.map(lambda name: [f'q["{name}"] = 1']),
    literals.map(lambda text: [f"q.update({text})"]),
    plain.map(lambda name: [f"q.update({name}=1)"]),
    plain.map(lambda name: [f"q = dict(q, {name}=1)"]),
    fields.map(lambda name: [f'q.setdefault("{name}", 1)']),
    fields.map(lambda name: [f'q.pop("{name}", None)']),
    literals.map(lambda text: [f"q |= {text}"]),
    literals.map(lambda text: [f"q = {{**q, **{text}}}"]),
    literals.map(lambda text: [f"q = {text}"]),
    literals.map(lambda text: [f"q = q if FLAG else {text}"]),
    literals.map(lambda text: [f"q = {text} | q"]),
)


def indented(block: list[str]) -> list[str]:
    return ["    " + line for line in block]


def compound(blocks: st.SearchStrategy[list[str]]) -> st.SearchStrategy[list[str]]:
    return st.one_of(
        st.tuples(blocks, blocks).map(lambda b: b[0] + b[1]),
        blocks.map(lambda b: ["if FLAG:", *indented(b)]),
        st.tuples(blocks, blocks).map(lambda b: ["if FLAG:", *indented(b[0]), "else:", *indented(b[1])]),
        blocks.map(lambda b: ["for _ in range(FLAG):", *indented(b)]),
        blocks.map(lambda b: ["if FLAG:", *indented([*b, "return None"])]),
        blocks.map(lambda b: ["with nullcontext():", *indented(b)]),
    )


programs = st.tuples(literals, st.recursive(simple, compound, max_leaves=8)).map(
    lambda parts: [f"q = {parts[0]}", *parts[1]]
)


def numbered(lines: list[str]) -> tuple[list[str], int]:
    """Every FLAG a parameter of its own, so that all paths can be taken."""
    count = itertools.count()
    done = [line.replace("FLAG", f"f{next(count)}") if "FLAG" in line else line for line in lines]
    return done, next(count)


def built(lines: list[str], flags: tuple[int, ...]) -> dict[str, Any] | None:
    """The filter that the program passes to ``find_one`` when it runs."""
    passed: list[dict[str, Any]] = []

    class Users:
        def find_one(self, q: dict[str, Any]) -> None:
            passed.append(dict(q))

    names = ", ".join(f"f{i}" for i in range(len(flags)))
    code = "\n".join([f"def run({names}):", *indented([*lines, "users.find_one(q)"])])
    from contextlib import nullcontext

    space: dict[str, Any] = {"users": Users(), "nullcontext": nullcontext}
    exec(code, space)
    space["run"](*flags)
    return passed[0] if passed else None


@settings(max_examples=150, deadline=None)
@given(programs)
def test_required_and_optional_fields(program: list[str]) -> None:
    lines, flags = numbered(program)
    if flags > 6:
        return
    outcomes = [built(lines, values) for values in itertools.product((0, 1), repeat=flags)]
    reached = [set(outcome) for outcome in outcomes if outcome is not None]
    if not reached:
        return
    names = ", ".join(f"f{i}" for i in range(flags))
    body = "\n".join([f"def run({names}):", *indented([*lines, "users.find_one(q)"])])
    with tempfile.TemporaryDirectory() as folder:
        loaded = project(HEADER + "from contextlib import nullcontext\n\n\n" + body + "\n", Path(folder))
        found = with_deep_stack(lambda: queries(loaded))[0]["filter"]
    always, sometimes = set.intersection(*reached), set.union(*reached)
    assert set(found["required"]) <= always
    assert sometimes <= {*found["required"], *found["optional"]}
    assert not found["open"]
    assert not set(found["required"]) & set(found["optional"])
