"""Edits are text: whatever the texts, they go together or wait, and the end of all fixes is an end."""

from __future__ import annotations

import itertools
import random
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from mongolint.engine.load import Loaded, load
from mongolint.engine.mend import Mended, mend
from mongolint.engine.registry import rule_infos, tiers
from mongolint.engine.run import check
from mongolint.finding import Applicability, Confidence, Edit, Finding, Fix, Severity
from mongolint.fix.apply import choose, rewrite
from mongolint.selectors import resolve_selection
from mongolint.source.text import LineTable
from mongolint.testing import project

texts = st.text(alphabet="ab \n\r\x0cé", max_size=40)
contents = st.sampled_from(["", "x", "yy\n", "z\r\n"])
# Start, length, content, shared
rough = st.tuples(st.integers(0, 40), st.integers(0, 6), contents, st.booleans())


def edits_of(text: str, parts: Sequence[tuple[int, int, str, bool]]) -> list[Edit]:
    table, found = LineTable(text), []
    for start, length, content, shared in parts:
        first = min(start, len(text))
        last = first if shared else min(first + length, len(text))
        found.append(Edit(table.span("a.py", first, last), content, shared))
    return found


def finding(edits: Sequence[Edit]) -> Finding:
    fix = Fix(Applicability.SAFE, "do it", edits=tuple(edits))
    return Finding(edits[0].span, "MDB999", "thing", Severity.LOW, Confidence.KNOWN, "thing", fix=fix)


def offsets(text: str, edit: Edit) -> tuple[int, int]:
    table, span = LineTable(text), edit.span
    return table.offset(span.line, span.column), table.offset(span.end_line, span.end_column)


@given(texts, st.lists(rough, max_size=8))
def test_chosen_edits_never_overlap(text: str, parts: list[tuple[int, int, str, bool]]) -> None:
    """And made together they are what they are one after the other, from the end."""
    found = choose([finding([edit]) for edit in edits_of(text, parts)])
    chosen = [f.fix.edits[0] for f in found if isinstance(f.fix, Fix)]
    places = sorted({offsets(text, edit) for edit in chosen})
    assert all(end <= start for (_, end), (start, _) in itertools.pairwise(places))
    expected = text
    plain = [edit for edit in chosen if not edit.shared]
    for edit in sorted(plain, key=lambda edit: offsets(text, edit), reverse=True):
        start, end = offsets(text, edit)
        expected = expected[:start] + edit.content + expected[end:]
    assert rewrite(text, plain) == expected


@given(texts, st.lists(rough, max_size=8), st.randoms(use_true_random=False))
def test_order_does_not_matter(text: str, parts: list[tuple[int, int, str, bool]], dice: random.Random) -> None:
    edits = edits_of(text, parts)
    chosen = choose([finding([edit]) for edit in edits])
    shuffled = list(chosen)
    dice.shuffle(shuffled)
    # Whatever goes together goes together in any order
    assert len(choose(shuffled)) == len(chosen)
    lines = [edit for edit in edits if not edit.shared]
    kept = [f.fix.edits[0] for f in choose([finding([edit]) for edit in lines]) if isinstance(f.fix, Fix)]
    mixed = list(kept)
    dice.shuffle(mixed)
    assert rewrite(text, mixed) == rewrite(text, kept)


names = st.lists(
    st.sampled_from(["InsertOne", "UpdateOne", "DeleteOne", "errors"]), min_size=1, max_size=3, unique=True
)
packages = st.sampled_from(["pymongo", "pymongo.errors", "bson"])


@given(st.lists(st.tuples(packages, names), min_size=1, max_size=6), st.randoms(use_true_random=False))
def test_imports_merge(wanted: list[tuple[str, list[str]]], dice: random.Random) -> None:
    """One line a package with all its names, in whatever order they are asked for."""
    lines = [f"from {package} import {', '.join(sorted(held))}\n" for package, held in wanted]
    edits = [Edit(LineTable("").span("a.py", 0, 0), line, True) for line in lines]
    once = rewrite("", edits)
    dice.shuffle(edits)
    assert rewrite("", edits) == once
    for package in {package for package, _ in wanted}:
        assert once.count(f"from {package} import ") == 1
    space: dict[str, set[str]] = {}
    for line in once.splitlines():
        _, package, _, rest = line.split(" ", 3)
        space[package] = set(rest.split(", "))
    for package, held in wanted:
        assert set(held) <= space[package]


HEADER = """\
from pymongo import MongoClient

db = MongoClient().shop


"""
STATEMENTS = [
    'print("x")',
    'print("x", key, sep="")  # noqa: MDB503',
    "print(key)  # why not",
    "x = 1  # noqa: MDB101, E501",
    "# mongolint: ignore[MDB104] no more",
    "x = list(db.users.find({}))",
    'x = db.users.find({"_id": key}, batch_size=5)',
    "x = db.users.count_documents({})  # mongolint: ignore[missing-time-limit]",
    'x = [db.users.find_one({"_id": k}) for k in key]',
    "pass",
]
HEADS = ["if key:", "for k in key:", "with db.client.start_session():", "try:"]
simple = st.sampled_from(STATEMENTS).map(lambda line: [line, *(["pass"] if line.startswith("#") else [])])


def nested(blocks: st.SearchStrategy[list[str]]) -> st.SearchStrategy[list[str]]:
    return st.one_of(
        st.tuples(blocks, blocks).map(lambda both: both[0] + both[1]),
        st.tuples(st.sampled_from(HEADS), blocks).map(_under),
    )


def _under(parts: tuple[str, list[str]]) -> list[str]:
    head, block = parts
    tail = ["except Exception:", "    pass"] if head == "try:" else []
    return [head, *("    " + line for line in block), *tail]


functions = st.lists(st.recursive(simple, nested, max_leaves=5), min_size=1, max_size=3)


@settings(max_examples=40, deadline=None)
@given(functions, st.sampled_from(["\n", "\r\n"]))
def test_fixes_come_to_an_end(bodies: list[list[str]], newline: str) -> None:
    """The module compiles, nothing had to be refused, and a second run changes nothing."""
    lines = [
        line
        for number, body in enumerate(bodies)
        for line in (f"def run{number}(key):", *("    " + line for line in body), "", "")
    ]
    text = (HEADER + "\n".join(lines)).rstrip() + "\n"
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder).resolve()
        first = fixed(project(text.replace("\n", newline), root), root)
        after = first.changed.get((root / "example.py").as_posix(), text.encode()).decode()
        compile(after, "<after>", "exec")
        assert not first.failures
        assert not first.result.crashes
        assert newline == "\r\n" or "\r" not in after
        (root / "example.py").write_bytes(after.encode())
        assert not fixed(load([root], first.loaded.project.config, root, jobs=1), root).changed


def fixed(loaded: Loaded, root: Path) -> Mended:
    codes, config = resolve_selection(rule_infos(), tiers()), loaded.project.config

    def reload(changed: Mapping[str, bytes], previous: Loaded) -> Loaded:
        return load([root], config, root, overlay=changed, jobs=1, previous=previous)

    return mend(loaded, lambda state: check(state, codes, config, fixes=True), reload, unsafe=True)
