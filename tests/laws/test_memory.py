"""What is kept from state to state is what would be worked out anew."""

from __future__ import annotations

from collections.abc import Hashable
from copy import deepcopy
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, NamedTuple, cast
from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mongolint.link.states import memory
from mongolint.link.states.memory import Answer, Memory, held, held_by
from mongolint.link.states.same import same

CELLS = 4
# Each answer adds up some cells and some answers below it; the last of those only if the sum so far is even
SHAPES = st.lists(
    st.tuples(st.lists(st.integers(0, CELLS - 1), max_size=2), st.lists(st.integers(0, 30), max_size=4)), max_size=40
)
EDITS = st.lists(st.tuples(st.dictionaries(st.integers(0, CELLS - 1), st.integers(0, 2)), st.sets(st.integers(0, 39))))


class Sheet:
    """Cells, and answers made of them."""

    def __init__(self, shapes: list[tuple[list[int], list[int]]], *, remembers: bool) -> None:
        self.link = self
        self.record: Any = None
        self.memory = Memory(cast(Any, self)) if remembers else None
        self.cells = [0] * CELLS
        self.shapes = shapes
        self.worked = 0

    def cell(self, number: int) -> int:
        if self.record is not None:
            self.record.tokens.add(number)
        return self.cells[number]

    @held_by
    def answer(self, number: int) -> list[int]:
        self.worked += 1
        cells, below = self.shapes[number]
        total = sum(map(self.cell, cells))
        for count, each in enumerate(below):
            if number and (count < len(below) - 1 or total % 2 == 0):
                total += self.answer(each % number)[0] // 2
        if total == 7:
            raise ValueError("seven")
        return [total]


def told(sheet: Sheet, number: int) -> object:
    try:
        return sheet.answer(number)
    except ValueError as error:
        return str(error)


@settings(max_examples=300, deadline=None)
@given(SHAPES, EDITS, st.sampled_from([1, 3, 100]))
def test_the_law(
    shapes: list[tuple[list[int], list[int]]], edits: list[tuple[dict[int, int], set[int]]], many: int
) -> None:
    """``many``: from how many users on an answer is worked out before they are doubted."""
    with mock.patch.object(memory, "_MANY_USERS", many):
        obey(shapes, edits)


def obey(shapes: list[tuple[list[int], list[int]]], edits: list[tuple[dict[int, int], set[int]]]) -> None:
    sheet = Sheet(shapes, remembers=True)
    assert sheet.memory is not None
    for cells, asked in edits:
        changed = [number for number, value in cells.items() if sheet.cells[number] != value]
        for number in changed:
            sheet.cells[number] = cells[number]
        sheet.memory.forget(cast("list[Hashable]", changed))
        anew = Sheet(shapes, remembers=False)
        anew.cells = sheet.cells
        for number in sorted(asked):
            if number < len(shapes):
                assert told(sheet, number) == told(anew, number)


def test_only_what_differs_is_worked_out() -> None:
    # Many are made of the first, which is the sum of two cells, and of another cell
    sheet = Sheet([([0, 1], []), *[([2], [0]) for _ in range(20)]], remembers=True)
    assert sheet.memory is not None
    for number in range(21):
        sheet.answer(number)
    assert sheet.worked == 21
    sheet.cells = [1, -1, 0, 0]
    sheet.memory.forget([0, 1])
    assert [sheet.answer(number) for number in range(21)] == [[0]] * 21
    assert sheet.worked == 22  # the first came out as it was
    sheet.cells = [1, 1, 0, 0]
    sheet.memory.forget([1])
    assert sheet.answer(0) == [2]
    assert sheet.answer(20) == [1]
    assert sheet.worked == 22 + 2


def test_what_is_known_already_is_not_worked_out() -> None:
    sheet = Sheet([([0], []), ([], [0])], remembers=True)
    assert sheet.memory is not None
    kept: dict[Hashable, Answer] = {}
    first = sheet.memory.ask(kept, "list", lambda: [SimpleNamespace(), 1])
    again = sheet.memory.ask(kept, "list", lambda: pytest.fail("it is kept"))
    assert first is again
    sheet.memory.forget([], kept, {"list": [first[0], 2], "other": 3})
    assert sheet.memory.ask(kept, "list", lambda: pytest.fail("it is known")) == [first[0], 2]


def test_what_stays_the_same_stays_the_same_object() -> None:
    lists = [[[1], [2], [3]], [[1], [9], [2], [3]], [[3], [1]]]
    sheet = Sheet([([0], [])], remembers=True)
    assert sheet.memory is not None
    kept: dict[Hashable, Answer] = {}
    before: list[Any] = []
    for number, each in enumerate(lists):
        sheet.cells[0] = number
        sheet.memory.forget([0])
        found = sheet.memory.ask(kept, "", lambda: [lists[sheet.cell(0)], {"all": lists[sheet.cell(0)]}][1])["all"]
        assert found == each
        assert all(any(one is other for other in before) for one in found if one in before)
        before = found


def test_a_memory_of_dead_answers_is_full() -> None:
    sheet = Sheet([], remembers=True)
    assert sheet.memory is not None
    kept: dict[Hashable, Answer] = {}
    for number in range(30_001):
        assert not sheet.memory.is_full
        sheet.memory.ask(kept, number, lambda: None)
    assert sheet.memory.is_full


def test_without_a_memory_a_property_is_worked_out_once() -> None:
    class Holder:
        link = SimpleNamespace(memory=None)

        @held
        def value(self) -> list[int]:
            """Documented."""
            return []

    holder = Holder()
    assert holder.value is holder.value
    assert Holder.value.__doc__ == "Documented."


class Pair(NamedTuple):
    one: object
    other: object


@dataclass
class Kept:
    value: object
    place: int = field(default=0, compare=False)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (1, True),
        (0.0, -0.0),
        ([1], (1,)),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
        ({"a": [1]}, {"a": [True]}),
        (Pair(1, [2]), Pair(1, [2.0])),
        (Kept({"a": 1}), Kept({"a": True})),
        (Kept(1, 1), Kept(1, 2)),
        ([1, 2], [1]),
    ],
)
def test_equal_is_not_always_the_same(one: object, other: object) -> None:
    assert not same(one, other)
    assert same(one, one)


def around(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    lists = st.lists(inner) | st.tuples(inner, inner)
    return lists | st.dictionaries(st.text(), inner) | st.builds(Kept, inner) | st.builds(Pair, inner, inner)


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(), around))
def test_a_copy_is_the_same(value: object) -> None:
    assert same(value, deepcopy(value))
