"""What the quick dataclasses and named tuples do is what the standard library's do."""

from __future__ import annotations

import copy
import dataclasses
import pickle
import typing
from collections.abc import Callable
from dataclasses import asdict, field, fields, is_dataclass, replace
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mongolint import fastclasses

BOTH = pytest.mark.parametrize("library", [dataclasses, fastclasses], ids=["standard", "quick"])


def _made(library: ModuleType, **options: Any) -> Any:
    @library.dataclass(**options)
    class Place:
        """Somewhere."""

        name: str
        line: int = 1
        notes: list[str] = field(default_factory=list)
        seen: bool = field(default=False, compare=False, repr=False)
        words: tuple[str, ...] = field(init=False, default=())
        _key: str = field(init=False, repr=False, compare=False)

        def __post_init__(self) -> None:
            object.__setattr__(self, "_key", self.name.lower())

        @property
        def key(self) -> str:
            return self._key

    return Place


@BOTH
@pytest.mark.parametrize("slots", [False, True])
def test_what_is_not_given_has_its_default(library: ModuleType, slots: bool) -> None:
    make = _made(library, slots=slots)
    one, other = make("A"), make("A", 2, seen=True)
    assert (one.line, one.notes, one.seen, one.words, one.key) == (1, [], False, (), "a")
    assert (other.line, other.seen) == (2, True)
    assert one.notes is not other.notes
    assert (make.__name__, make.__doc__) == ("Place", "Somewhere.")
    assert repr(one).endswith("Place(name='A', line=1, notes=[], words=())")


@BOTH
@pytest.mark.parametrize("wrong", [(), ("A", 1, [], True, ())])
def test_wrong_arguments_are_refused(library: ModuleType, wrong: tuple[Any, ...]) -> None:
    with pytest.raises(TypeError, match="__init__"):
        _made(library)(*wrong)


@BOTH
def test_a_class_with_slots_takes_nothing_else(library: ModuleType) -> None:
    one = _made(library, slots=True)("A")
    with pytest.raises(AttributeError):
        one.other = 1


@BOTH
def test_equal_are_those_of_one_class_with_the_same_fields(library: ModuleType) -> None:
    make, alike = _made(library), _made(library)
    assert make("A", seen=True) == make("A")
    assert make("A") != make("A", 2)
    assert make("A") != alike("A")
    assert make("A") != ("A", 1, [], ())
    assert _made(library, eq=False)("A") != _made(library, eq=False)("A")


@BOTH
def test_frozen_ones_can_be_keys(library: ModuleType) -> None:
    @library.dataclass(frozen=True, slots=True)
    class Span:
        first: int
        last: int = 0
        note: Any = field(default=None, compare=False)

    assert {Span(1): "a"}[Span(1, note=[])] == "a"
    assert hash(Span(1)) != hash(Span(2))
    with pytest.raises(TypeError, match="unhashable"):
        hash(_made(library)("A"))


@BOTH
@given(st.tuples(st.integers(0, 3), st.integers(0, 3)), st.tuples(st.integers(0, 3), st.integers(0, 3)))
def test_order_is_that_of_the_fields(library: ModuleType, one: tuple[int, int], other: tuple[int, int]) -> None:
    @library.dataclass(frozen=True, slots=True, order=True)
    class Version:
        major: int
        minor: int

    mine, its = Version(*one), Version(*other)
    assert [mine < its, mine <= its, mine > its, mine >= its] == [one < other, one <= other, one > other, one >= other]
    assert hash(mine) == hash(Version(*one))
    with pytest.raises(TypeError):
        _ = mine < one


@BOTH
def test_methods_of_the_class_stay(library: ModuleType) -> None:
    @library.dataclass(frozen=True)
    class Keys:
        names: list[str]

        def __hash__(self) -> int:
            return hash(tuple(self.names))

        def __repr__(self) -> str:
            return "keys"

    assert {Keys(["a"]), Keys(["a"])} == {Keys(["a"])}
    assert repr(Keys([])) == "keys"


@BOTH
def test_some_fields_can_be_replaced(library: ModuleType) -> None:
    one = _made(library, slots=True)("A", 2, ["x"], seen=True)
    other = replace(one, name="B")
    assert (other.name, other.key, other.line, other.notes, other.seen) == ("B", "b", 2, ["x"], True)
    assert [each.name for each in fields(one)] == ["name", "line", "notes", "seen", "words", "_key"]
    assert is_dataclass(one)
    assert asdict(one)["notes"] == ["x"]


@fastclasses.dataclass(frozen=True, slots=True)
class Sent:
    """As it goes from process to process."""

    name: str
    numbers: list[int] = field(default_factory=list)


@pytest.mark.parametrize("through", [copy.copy, copy.deepcopy, lambda one: pickle.loads(pickle.dumps(one))])
def test_copies_are_equal(through: Callable[[Sent], Sent]) -> None:
    assert through(Sent("a", [1])) == Sent("a", [1])


@pytest.mark.parametrize("library", [typing, fastclasses], ids=["standard", "quick"])
def test_named_tuples(library: ModuleType) -> None:
    class Edit(library.NamedTuple):  # type: ignore[misc, name-defined]
        """A change."""

        span: tuple[int, int]
        text: str = ""

        @property
        def size(self) -> int:
            return len(self.text)

        @classmethod
        def of(cls, text: str) -> Any:
            return cls((0, 0), text)

    made = Edit.of("abc")
    assert made == ((0, 0), "abc")
    assert (made.size, Edit((1, 2)).text) == (3, "")
    assert made._replace(text="x") == ((0, 0), "x")
    assert repr(made).endswith("Edit(span=(0, 0), text='abc')")
    assert (Edit.__doc__, Edit.__module__, Edit._fields) == ("A change.", __name__, ("span", "text"))
