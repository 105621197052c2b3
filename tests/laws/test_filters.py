"""What the model reads off code that builds a filter must agree with the dict that the code really builds."""

from __future__ import annotations

import copy
import itertools
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from hypothesis import given, note, settings
from hypothesis import strategies as st

from mongolint.project.documents import Document
from mongolint.project.operations import Operation
from mongolint.source.deepstack import with_deep_stack
from mongolint.testing import project

FIELDS = ["a", "b", "c", "d", "e.f"]
OPERATORS = ["$and", "$or", "$nor"]
MOST_FLAGS = 6
# What loops build is known less well, and whether a dict or list that is tested is empty is not asked
BLURRING = ["for _", " or ", " and ", "if (", "if parts"]
# Helpers that do not see what is in ``dict(q, a=1)`` when they are given that
GIVEN = ["narrowed", "wrapped"]
HEADER = "from pymongo import MongoClient\n\nusers = MongoClient().app.users\n\n\n"
# What the programs may call. Every parameter named ``flag`` is a path of its own.
HELPERS = """\
import copy
from contextlib import nullcontext


def built(flag):
    made = {"h": 1}
    if flag:
        made["b"] = 2
    return made


def one_of(flag):
    if flag:
        return {"$or": [{"a": 1}, {"k": 1}]}
    return {"a": 1, "c": 1}


def narrowed(query, flag):
    if flag:
        query["n"] = 1
    return query


def wrapped(query, extra):
    return {"$and": [query, extra]}


class Filters:
    BASE = {"base": 1}

    def _both(self, flag):
        return {**self.BASE, **({"d": 1} if flag else {})}

    def _branches(self, *, flag=False):
        query = dict(self.BASE)
        query.setdefault("$or", []).append({"a": 1})
        if flag:
            query["$or"].append({"c": 1})
        return query

    @classmethod
    def _made(cls, flag):
        return cls()._both(flag) | {"m": 1}


filters = Filters()
"""

fields = st.sampled_from(FIELDS)
plain = fields.filter(str.isidentifier)
flat = st.lists(fields, max_size=3).map(lambda names: "{" + ", ".join(f'"{n}": 1' for n in names) + "}")
lists = st.lists(flat, max_size=3).map(lambda texts: "[" + ", ".join(texts) + "]")
operators = st.sampled_from(OPERATORS)
clauses = st.tuples(operators, lists).map(lambda parts: f'"{parts[0]}": {parts[1]}')
literals = st.one_of(
    flat,
    clauses.map(lambda text: "{" + text + "}"),
    st.tuples(fields, clauses).map(lambda parts: f'{{"{parts[0]}": 1, {parts[1]}}}'),
)
helpers = st.sampled_from(
    [
        "built(FLAG)",
        "one_of(FLAG)",
        "narrowed({}, FLAG)",
        "filters._both(FLAG)",
        "filters._branches(flag=FLAG)",
        "Filters._made(FLAG)",
    ]
)
documents = st.one_of(literals, helpers, flat.map(lambda text: f"({text} if FLAG else {{}})"))


def form(template: str, **parts: st.SearchStrategy[str]) -> st.SearchStrategy[list[str]]:
    """Lines with drawn texts in the place of ``<name>``."""

    def filled(drawn: dict[str, str]) -> list[str]:
        text = template
        for name, part in drawn.items():
            text = text.replace(f"<{name}>", part)
        return text.split("\n")

    return st.fixed_dictionaries(parts).map(filled)


simple = st.one_of(
    form('q["<name>"] = 1', name=fields),
    form('q["<name>"] = <list>', name=operators, list=lists),
    form("q.update(<document>)", document=documents),
    form("q.update(<name>=1)", name=plain),
    form("q.update(<document>, <name>=1)", document=documents, name=plain),
    form("q = dict(q, <name>=1)", name=plain),
    form("q = dict(q, **<document>)", document=documents),
    form('q.setdefault("<name>", 1)', name=fields),
    form('q.setdefault("<name>", []).append(<document>)', name=operators, document=documents),
    form('q.setdefault("<name>", <list>)', name=operators, list=lists),
    form('q["<name>"].append(<document>)', name=operators, document=documents),
    form('q["<name>"] += [<document>]', name=operators, document=documents),
    form('q["<name>"] = [*q.get("<name>", []), <document>]', name=operators, document=documents),
    form('q["<name>"] = q.get("<name>", []) + <list>', name=operators, list=lists),
    form('q.pop("<name>", None)', name=st.one_of(fields, operators)),
    form('del q["<name>"]', name=st.one_of(fields, operators)),
    form("q |= <document>", document=documents),
    form("q = {**q, **<document>}", document=documents),
    form("q = {**<document>, **q}", document=documents),
    form("q = <document>", document=documents),
    form("q = q if FLAG else <document>", document=documents),
    form("q = <document> | q", document=documents),
    form('q = {"$and": [q, <document>]}', document=documents),
    form('q = {"<name>": [q, *<list>]}', name=operators, list=lists),
    form("q = wrapped(q, <document>)", document=documents),
    form("q = narrowed(q, FLAG)"),
    form("q = copy.deepcopy(q)"),
    form("q = q.copy()"),
    form("if (found := <document>):\n    q = {**q, **found}", document=documents),
    form("q = (found := q) and {**found, **<document>}", document=documents),
    form("q = q or <document>", document=documents),
    form("parts.append(<document>)", document=documents),
    form("parts += [<document>]", document=documents),
    form("parts.insert(0, <document>)", document=documents),
    form("parts.extend(<list>)", list=lists),
    form("parts = [*parts, <document>]", document=documents),
    form("parts = <list>", list=lists),
    form('q["<name>"] = list(parts)', name=operators),
    form('if parts:\n    q["<name>"] = [*parts]', name=operators),
    form('q = {"$and": [*parts, q]}'),
    form('q = {"$and": parts.copy()} if parts else {}'),
)


def indented(block: list[str]) -> list[str]:
    return ["    " + line for line in block]


def compound(blocks: st.SearchStrategy[list[str]]) -> st.SearchStrategy[list[str]]:
    two = st.tuples(blocks, blocks)
    return st.one_of(
        two.map(lambda b: b[0] + b[1]),
        blocks.map(lambda b: ["if FLAG:", *indented(b)]),
        two.map(lambda b: ["if FLAG:", *indented(b[0]), "else:", *indented(b[1])]),
        two.map(lambda b: ["if FLAG:", *indented(b[0]), "elif FLAG:", *indented(b[1])]),
        blocks.map(lambda b: ["for _ in range(FLAG):", *indented(b)]),
        blocks.map(lambda b: ["if FLAG:", *indented([*b, "return None"])]),
        blocks.map(lambda b: ["with nullcontext():", *indented(b)]),
        blocks.map(lambda b: ["try:", *indented(b), "finally:", "    pass"]),
        two.map(
            lambda b: (
                ["match FLAG:", "    case 1:", *indented(indented(b[0])), "    case _:", *indented(indented(b[1]))]
            )
        ),
    )


programs = st.tuples(literals, st.recursive(simple, compound, max_leaves=8)).map(
    lambda parts: ["parts = []", f"q = {parts[0]}", *parts[1]]
)


def numbered(lines: list[str]) -> tuple[list[str], int]:
    """Every FLAG a parameter of its own, so that all paths can be taken."""
    count = itertools.count()
    text = "\n".join(lines).split("FLAG")
    numbers = [f"f{next(count)}" for _ in text[1:]]
    done = "".join(part for pair in itertools.zip_longest(text, numbers, fillvalue="") for part in pair)
    return done.split("\n"), next(count)


class Sent(NamedTuple):
    """The dict that one path builds: its fields in words of `Document`."""

    sure: set[str]
    any: set[str]
    clauses: set[str]


def read(document: dict[str, Any]) -> Sent:
    sent = Sent(set(), set(), set())
    for name, value in document.items():
        if not name.startswith("$"):
            sent.sure.add(name)
            sent.any.add(name)
            continue
        if name != "$and":
            sent.clauses.add(name)
        for inner in map(read, value):
            sent.any.update(inner.any)
            if name == "$and":
                sent.sure.update(inner.sure)
                sent.clauses.update(inner.clauses)
    return sent


def function(lines: list[str], flags: int) -> str:
    names = ", ".join(f"f{i}" for i in range(flags))
    return "\n".join([f"def run({names}):", *indented([*lines, "users.find_one(q)"])]) + "\n"


def outcomes(lines: list[str], flags: int, read: Callable[[Any], Sent] = read) -> Iterator[Sent | None]:
    """What each path of the program passes to ``find_one`` when it runs; None for one that fails."""
    passed: list[Any] = []

    class Users:
        def find_one(self, q: Any) -> None:
            passed.append(copy.deepcopy(q))

    space: dict[str, Any] = {"users": Users()}
    exec(HELPERS + "\n\n" + function(lines, flags), space)
    for values in itertools.product((0, 1), repeat=flags):
        passed.clear()
        try:
            space["run"](*values)
        except (KeyError, IndexError):
            yield None
        yield from map(read, passed)


def modelled(code: str) -> Operation:
    with tempfile.TemporaryDirectory() as folder:
        loaded = project(HEADER + code, Path(folder))
        (operation,) = with_deep_stack(lambda: loaded.project.operations)
        return operation


@settings(max_examples=150, deadline=None)
@given(programs)
def test_required_and_optional_fields(program: list[str]) -> None:
    lines, flags = numbered(program)
    if flags > MOST_FLAGS:
        return
    all_sent = list(outcomes(lines, flags))
    reached = [sent for sent in all_sent if sent is not None]
    if not reached:
        return
    note("\n".join(lines))
    found = modelled(HELPERS + "\n\n" + function(lines, flags)).filter
    note(f"required {list(found.required)}, optional {list(found.optional)}, clauses {found.clauses}")
    agree(found, reached)
    if None in all_sent or any(word in line for line in lines for word in BLURRING):
        return
    if any("dict(q" in line for line in lines) and any(f"{helper}(q" in line for line in lines for helper in GIVEN):
        return
    assert not found.open
    assert exact(found, reached)


def agree(found: Document, reached: list[Sent]) -> None:
    always, sometimes = set.intersection(*(s.sure for s in reached)), set.union(*(s.any for s in reached))
    clauses = {clause.operator for clause in found.clauses}
    assert set(found.required) <= always
    assert found.open or sometimes <= {*found.required, *found.optional}
    assert clauses <= set.intersection(*(s.clauses for s in reached))
    assert not set(found.required) & set(found.optional)


def exact(found: Document, reached: list[Sent]) -> bool:
    """Whether nothing that all paths have is lost."""
    always, sometimes = set.intersection(*(s.sure for s in reached)), set.union(*(s.any for s in reached))
    clauses = {clause.operator for clause in found.clauses}
    return (
        set(found.required) == always
        and {*found.required, *found.optional} == sometimes
        and clauses == set.intersection(*(s.clauses for s in reached))
    )


stages = st.one_of(
    documents.map(lambda text: f'{{"$match": {text}}}'),
    documents.map(lambda text: f'{{"$match": {text}}}'),
    st.sampled_from(['{"$match": match}', '{"$limit": 5}', '{"$unwind": "$z"}', '{"$group": {"_id": "$z"}}']),
)
steps = st.one_of(
    form("p.append(<stage>)", stage=stages),
    form("p.insert(0, <stage>)", stage=stages),
    form("p.insert(1, <stage>)", stage=stages),
    form("p += [<stage>]", stage=stages),
    form("p = [<stage>] + p", stage=stages),
    form("p = [<stage>, *p]", stage=stages),
    form("p = [*p, <stage>]", stage=stages),
    form("p.extend([<stage>, <other>])", stage=stages, other=stages),
    form("p = p + ([<stage>] if FLAG else [])", stage=stages),
    form("p = [*p, *([<stage>] if FLAG else [])]", stage=stages),
    form("p = p if FLAG else [<stage>, *p]", stage=stages),
    form("p = list(p)"),
    form("p[0] = <stage>", stage=stages),
    form('p[0]["$match"]["<name>"] = 1', name=fields),
    form('p[0]["$match"].update(<document>)', document=documents),
    form("p = []"),
    form('match = {**match, "<name>": 1}', name=fields),
    form("match = <document>", document=documents),
)
pipelines = st.tuples(stages, st.recursive(steps, compound, max_leaves=6)).map(
    lambda parts: ["match = {}", f"p = [{parts[0]}]", *parts[1], "q = copy.deepcopy(p)"]
)


def leading(pipeline: list[dict[str, Any]]) -> Sent:
    """What the ``$match`` stages at the front of a pipeline ask for."""
    matches = itertools.takewhile(lambda stage: "$match" in stage, pipeline)
    return read({"$and": [stage["$match"] for stage in matches]})


@settings(max_examples=150, deadline=None)
@given(pipelines)
def test_stages_at_the_front(program: list[str]) -> None:
    lines, flags = numbered(program)
    if flags > MOST_FLAGS:
        return
    reached = [sent for sent in outcomes(lines, flags, leading) if sent is not None]
    if not reached:
        return
    note("\n".join(lines))
    code = function(lines, flags).replace("find_one(q)", "aggregate(p)")
    found = modelled(HELPERS + "\n\n" + code).filter
    note(f"required {list(found.required)}, optional {list(found.optional)}, clauses {found.clauses}")
    agree(found, reached)
