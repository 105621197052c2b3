"""What is known at a place of the code: which values are there and which are not, and which look-ups found nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import field
from typing import TYPE_CHECKING, Any

from mongolint.facts.shapes import ModuleFacts
from mongolint.fastclasses import NamedTuple, dataclass
from mongolint.link.atoms import ClassRef, External
from mongolint.link.rowtools import reached_rows
from mongolint.project.operations import Operation
from mongolint.project.tracing.tracer import Frame, Spot, Term

if TYPE_CHECKING:
    from mongolint.project.tracing.tracer import Tracer

# Operations whose result says whether a document is there
LOOKING = frozenset(["find_one", "count_documents", "count", "find"])
_COUNTING = frozenset(["count", "to_list"])
_CONFIGURING = frozenset(["limit", "sort", "batch_size", "max_time_ms", "hint"])
_TRANSPARENT = frozenset(["builtins.bool", "builtins.len", "builtins.list", "builtins.next"])


class Point(NamedTuple):
    """A place in a function: in a context, before a row, or at the context's end."""

    module: int
    context: int
    before: int | None
    frame: Frame | None


class Known(NamedTuple):
    """A value that is there (true, or other than None) or is not."""

    spot: Spot
    present: bool


@dataclass(frozen=True, slots=True)
class Lookup:
    """A query whose result tells whether a document is there; ``spot`` is its call, in the frame that leads to it."""

    spot: Spot
    operation: Operation = field(compare=False)

    @property
    def site(self) -> tuple[int, int]:
        """The call (module, row) that leads to it in the function that asks."""
        frame = self.spot.frame
        if frame is None:
            return self.spot[:2]
        while frame.outer is not None:
            frame = frame.outer
        return frame.site_module, frame.site


def known(tracer: Tracer, point: Point, some: bool = False) -> Iterator[Known]:
    """The values that the tests on each way to a place (or on ``some`` of them) say to be there or not."""
    for row, outcome in tracer.branches(point.module).holding(point.context, point.before, some):
        yield from said(tracer, Spot(point.module, row, point.frame), outcome)


def said(tracer: Tracer, spot: Spot, outcome: bool) -> Iterator[Known]:
    """What the outcome of a test says of the values in it."""
    node = tracer.node(spot)
    if node[0] == "not":
        yield from said(tracer, spot.at(node[1]), not outcome)
    elif node[0] == "bool":
        if outcome == (node[1] == "and"):
            for row in node[2]:
                yield from said(tracer, spot.at(row), outcome)
        elif node[1] == "and":
            yield from _second(tracer, spot, node[2], outcome)
    elif node[0] == "typed" and node[2] is not None:
        yield from said(tracer, spot.at(node[2]), outcome)
    elif node[0] == "compare":
        yield from _compared(tracer, spot, node, outcome)
    elif node[0] == "call" and (items := _of_all(tracer, spot, node, outcome)):
        for row in items:
            yield from said(tracer, spot.at(row), outcome)
    else:
        yield Known(spot, outcome)


def _second(tracer: Tracer, spot: Spot, rows: tuple[int, int], outcome: bool) -> Iterator[Known]:
    """``email and find_one({"email": email})`` that is false: without an email there is nothing to find."""
    first, second = (spot.at(row) for row in rows)
    tests = [each.spot for each in said(tracer, first, True)]
    inner = reached_rows(tracer.facts(spot.module), second.row)
    terms = {tracer.term(spot.at(row)) for row, node in inner.items() if node[0] in ("param", "attr", "item", "call")}
    if tests and all(tracer.term(each) in terms for each in tests):
        yield from said(tracer, second, outcome)


def _of_all(tracer: Tracer, spot: Spot, node: Any, outcome: bool) -> tuple[int, ...]:
    """The items of ``all([…])`` that is true, or of ``any([…])`` that is false."""
    listed = tracer.node(spot.at(node[2][0][1])) if len(node[2]) == 1 else ("none",)
    name = External("builtins.all" if outcome else "builtins.any")
    return listed[2] if listed[0] == "seq" and tracer.value(spot.at(node[1])) == (name,) else ()


def _compared(tracer: Tracer, spot: Spot, node: Any, outcome: bool) -> Iterator[Known]:
    _, comparisons, rows = node
    if len(rows) != 2:
        return
    operator, left, right = comparisons[0], spot.at(rows[0]), spot.at(rows[1])
    if operator in ("In", "NotIn") and tracer.node(left)[0] == "const":
        # ``"email" in data``: as good as its value, for the question whether there is one
        if outcome == (operator == "In"):
            yield Known(spot, True)
        return
    given = tracer.node(right)
    if given[0] != "const":
        return
    bound = given[1]
    if bound is None or bound is False:
        is_absent = {"Is": True, "Equal": True, "IsNot": False, "NotEqual": False}.get(operator)
    elif bound is True:
        is_absent = {"Is": False, "Equal": False, "IsNot": True, "NotEqual": True}.get(operator)
    elif type(bound) is int:
        is_absent = _COUNTED.get((operator, bound))
    else:
        is_absent = None
    if is_absent is not None:
        yield from said(tracer, left, is_absent != outcome)


# Whether a count is zero when the comparison holds
_COUNTED = {
    ("Equal", 0): True,
    ("LessThan", 1): True,
    ("LessThanEqual", 0): True,
    ("NotEqual", 0): False,
    ("GreaterThan", 0): False,
    ("GreaterThanEqual", 1): False,
}


def present(tracer: Tracer, point: Point) -> set[Term]:
    """The terms of the values that are known to be there at a place."""
    found: set[Term] = set()
    for each in known(tracer, point):
        if each.present:
            node = tracer.node(each.spot)
            if node[0] == "compare":
                key, held = (tracer.term(each.spot.at(row)) for row in node[2])
                found.add(tracer.member(held, str(key[2])))
            else:
                found.add(tracer.term(each.spot))
    return found


def tested(tracer: Tracer, module: int, scope: int, frame: Frame | None) -> set[Term]:
    """The terms of the values of which some ``if`` of a function asks whether they are there."""
    facts = tracer.facts(module)
    asked = {
        entry.ref for number, entry in enumerate(facts.contexts) if entry.kind == "then" and _in(facts, number, scope)
    }
    return {term for row in asked for term in _asked(tracer, Spot(module, row, frame))}


def _in(facts: ModuleFacts, context: int, scope: int) -> bool:
    """Whether a context is in the body of a function itself."""
    while facts.contexts[context].kind != "root":
        context = facts.contexts[context].parent
    return facts.contexts[context].ref == scope


def _asked(tracer: Tracer, spot: Spot) -> Iterator[Term]:
    node = tracer.node(spot)
    if node[0] in ("not", "bool"):
        for row in (node[1],) if node[0] == "not" else node[2]:
            yield from _asked(tracer, spot.at(row))
    elif node[0] == "compare":
        if node[1] in (("Is",), ("IsNot",)) and tracer.node(spot.at(node[2][1])) == ("const", None):
            yield tracer.term(spot.at(node[2][0]))
    else:
        yield tracer.term(spot)


# Look-ups


def absent(tracer: Tracer, point: Point, is_asked: Callable[[int], bool] = lambda row: False) -> list[Lookup]:
    """The look-ups that found nothing when the code comes to a place, on some way to it.

    ``is_asked`` says which calls before the place may have looked without telling, and raise if they find something.
    """
    found: dict[Lookup, None] = {}
    tested: set[Spot] = set()
    for each in known(tracer, point, some=True):
        found.update(dict.fromkeys(told_by_known(tracer, each)))
        tested.add(_called(tracer, each.spot))
    for row in passed_calls(tracer, point):
        call = Spot(point.module, row, point.frame)
        if call not in tested and is_asked(row):
            found.update(dict.fromkeys(completed(tracer, call)))
    return list(found)


def told_by_known(tracer: Tracer, each: Known) -> list[Lookup]:
    """The look-ups that found nothing if a value is there, or is not."""
    if not each.present:
        return told_by(tracer, each.spot)
    call = _called(tracer, each.spot)
    frame = tracer.enter(call) if tracer.node(call)[0] == "call" else None
    return told_by_result(tracer, frame, True) if frame else []


def _called(tracer: Tracer, spot: Spot) -> Spot:
    """The call that is awaited."""
    node = tracer.node(spot)
    return _called(tracer, spot.at(node[1])) if node[0] == "await" else spot


def told_by(tracer: Tracer, spot: Spot) -> list[Lookup]:
    """The look-ups that found nothing if the value at ``spot`` is false or None."""
    return tracer.once(("told", spot), lambda: _told_by(tracer, spot), [])


def _told_by(tracer: Tracer, spot: Spot) -> list[Lookup]:
    node = tracer.node(spot)
    match node[0]:
        case "await" | "star":
            return told_by(tracer, spot.at(node[1]))
        case "typed" if node[2] is not None:
            return told_by(tracer, spot.at(node[2]))
        case "not" | "compare" | "bool":
            return [one for each in said(tracer, spot, False) for one in _of_known(tracer, each, spot)]
        case "phi" | "ifexp":
            rows = node[1] if node[0] == "phi" else node[2:4]
            return [one for row in rows for one in told_by(tracer, spot.at(row))]
        case "param":
            passed = tracer.parameter(spot)
            return told_by(tracer, passed) if passed else []
        case "call":
            return _told_by_call(tracer, spot, node)
    return []


def _of_known(tracer: Tracer, each: Known, asked: Spot) -> list[Lookup]:
    return told_by_known(tracer, each) if each.spot != asked else []


def _told_by_call(tracer: Tracer, spot: Spot, node: Any) -> list[Lookup]:
    operation = tracer.operation(spot.module, spot.row)
    if operation is not None:
        # A cursor is there, whatever it finds
        return [Lookup(spot, operation)] if operation.name in LOOKING and operation.name != "find" else []
    function = tracer.node(spot.at(node[1]))
    if function[0] == "attr" and function[2] in _COUNTING:
        found = of_cursor(tracer, spot.at(function[1]))
        if found:
            return found
    called = tracer.value(spot.at(node[1]))
    if len(called) == 1 and type(called[0]) is External and called[0].name in _TRANSPARENT and node[2]:
        given = spot.at(node[2][0][1])
        return of_cursor(tracer, given) or told_by(tracer, given)
    frame = tracer.enter(spot)
    return told_by_result(tracer, frame, False) if frame else []


def of_cursor(tracer: Tracer, spot: Spot) -> list[Lookup]:
    """The look-up of a cursor, through what only configures it."""
    node = tracer.node(spot)
    while node[0] == "call":
        operation = tracer.operation(spot.module, spot.row)
        if operation is not None:
            return [Lookup(spot, operation)] if operation.name == "find" else []
        function = tracer.node(spot.at(node[1]))
        if function[0] != "attr" or function[2] not in _CONFIGURING:
            return []
        spot = spot.at(function[1])
        node = tracer.node(spot)
    return []


def told_by_result(tracer: Tracer, frame: Frame, outcome: bool | None) -> list[Lookup]:
    """The look-ups that found nothing, on some way, if a function returns what is true or false; None: whatever."""
    return tracer.once(("result", frame, outcome), lambda: _told_by_result(tracer, frame, outcome), [])


def _told_by_result(tracer: Tracer, frame: Frame, outcome: bool | None) -> list[Lookup]:
    found: dict[Lookup, None] = {}
    for row, context in tracer.facts(frame.module).scopes[frame.scope].returns:
        returned, point = Spot(frame.module, row, frame), Point(frame.module, context, None, frame)
        if outcome is None:
            found.update(dict.fromkeys([*absent(tracer, point), *completed(tracer, returned)]))
        elif _may_be(tracer, returned, outcome) and not _contradicts(tracer, point, returned, outcome):
            told = [one for each in said(tracer, returned, outcome) for one in told_by_known(tracer, each)]
            found.update(dict.fromkeys([*absent(tracer, point), *told]))
    return list(found)


def _may_be(tracer: Tracer, spot: Spot, outcome: bool) -> bool:
    """Whether a value may be true, or false."""
    node = tracer.node(spot)
    if node[0] == "const":
        return bool(node[1]) is outcome
    if node[0] in ("dict", "seq"):
        return bool(node[1] if node[0] == "dict" else node[2]) is outcome
    if node[0] == "call" and not outcome:
        # An object of a class is true
        function = tracer.node(spot.at(node[1]))
        called = tracer.value(spot.at(node[1]))
        return not all(type(atom) is ClassRef for atom in called) and function[-1] not in _MAKING
    return True


# Methods of models that make one
_MAKING = ("model_validate", "parse_obj", "from_orm", "model_construct", "construct")


def _contradicts(tracer: Tracer, point: Point, returned: Spot, outcome: bool) -> bool:
    """Whether the tests on the way to a ``return`` say the opposite of what it returns."""
    term = tracer.term(returned)
    return any(each.present is not outcome and tracer.term(each.spot) == term for each in known(tracer, point))


def completed(tracer: Tracer, spot: Spot) -> list[Lookup]:
    """The look-ups that found nothing if the call at ``spot`` returns and does not raise."""
    spot = _called(tracer, spot)
    frame = tracer.enter(spot) if tracer.node(spot)[0] == "call" else None
    return told_by_result(tracer, frame, None) if frame else []


def passed_calls(tracer: Tracer, point: Point) -> Iterator[int]:
    """The calls that may have run when the code comes to a place, each a row."""
    branches = tracer.branches(point.module)
    for context, before in branches.blocks(point.context, point.before):
        yield from (row for row in branches.calls.get(context, ()) if before is None or row < before)
