"""Which fields of a repeated filter the loop changes, and the filter that asks for all iterations at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from mongolint.facts.shapes import Context, ModuleFacts, Row
from mongolint.fastclasses import NamedTuple
from mongolint.link.rowtools import operands, reached_rows
from mongolint.project.documents import Document
from mongolint.project.tracing import repeated
from mongolint.project.tracing.tracer import Spot, Tracer

if TYPE_CHECKING:
    from mongolint.project.callgraph import Reach
    from mongolint.project.loops.repetitions import Repetition
    from mongolint.project.model import Project

_EQUAL = ("equality", "null")
_GATHERING = ("gather", "as_completed")
_ADDING = ("sum", "len")
# Fields that a message shows beside the key
_MAX_BESIDE = 3


class LoopKey(NamedTuple):
    """The field of a repeated filter whose value comes from the loop.

    ``compared``: "equality"; "in" where each iteration passes a list of its own; "other" where it makes a condition
    that is no comparison with one value, or several of them. ``together``: the filter for all iterations at once.
    """

    name: str
    compared: str
    together: str

    @property
    def is_id(self) -> bool:
        """Whether each iteration is about the one document with its id."""
        return self.name == "_id" and self.compared == "equality"


def loop_key(project: Project, repetition: Repetition) -> LoopKey | None:
    """The key of the first query that is seen to have one, or else the one field that all leave open."""
    reads = [reach for reach in repetition.reaches if reach.operation.method.kind == "read"]
    guesses: dict[str, LoopKey] = {}
    # First what the loop passes, then what a helper found by a query of its own for that
    for through in (False, True):
        for reach in reads or repetition.reaches:
            asked = _Asked(project, repetition, reach, through)
            if asked.changing:
                # A field that is asked for under an ``if`` is one more that varies
                return asked.key([*asked.changing, *asked.may_change])
            if len(asked.may_change) == 1:
                return asked.key(asked.may_change)
            for name in asked.open:
                guesses.setdefault(name, asked.key([name]))
    return next(iter(guesses.values())) if len(guesses) == 1 else None


def varies_collection(project: Project, repetition: Repetition) -> bool:
    """Whether helpers ask another collection each round: ``db[name]`` with something of the loop's item."""
    return not repetition.is_direct and all(_varies(project, repetition, reach) for reach in repetition.reaches)


def _varies(project: Project, repetition: Repetition, reach: Reach) -> bool:
    tracer, operation = project.writes.tracer, reach.operation
    item: Row = ("iter", repetition.loop.iterable)
    frame = repeated.frame_of(tracer, repetition, reach)
    if frame is None:
        return False
    facts = project.modules[operation.module]
    function = facts.nodes[operation.row][1]
    return any(
        node[0] == "item" and _comes_from(project, Spot(operation.module, node[2], frame), item)
        for node in reached_rows(facts, function).values()
    )


def is_sent_at_once(project: Project, repetition: Repetition) -> bool:
    """Whether all are under way before the first has its answer: not awaited in the loop, but gathered after it."""
    facts = project.modules[repetition.module]
    call = project.link.call_at(repetition.module, repetition.row)
    if call is None or call.awaited:
        return False
    for other in facts.calls:
        name = facts.nodes[facts.nodes[other.row][1]]
        if other.scope == call.scope and name[0] in ("attr", "free", "from") and name[2] in _GATHERING:
            around = (entry for entry in facts.chain(other.context) if entry.kind in ("loop", "comp"))
            if all(facts.loops[entry.ref] is not repetition.loop for entry in around):
                return True
    return False


def _is_answer_used(project: Project, repetition: Repetition) -> bool:
    """Whether the code looks at what the repeated call gives."""
    facts = project.modules[repetition.module]
    users = [(row, node) for row, node in facts.numbered() if repetition.row in operands(node)]
    rows = {repetition.row, *(row for row, node in users if node[0] == "await")}
    if any(node[0] != "await" for _, node in users) or any(entry.ref in rows for entry in _tests(facts)):
        return True
    return any(row in operands(node) for row in rows - {repetition.row} for _, node in facts.numbered())


def told_apart(project: Project, repetition: Repetition) -> str:
    """How to learn what each of the repeated writes did, once they are sent together; empty where nobody asks."""
    operations = [reach.operation for reach in repetition.reaches]
    is_asked = repeated.is_asked(project, repetition)
    # By more than a key: a task that is still new, which the write takes
    filters = [operation.filter for operation in operations]
    if is_asked and any(len(each.required) + len(each.optional) > 1 for each in filters):
        return (
            ", which only tells how many it changed: store a token of this run with each, and find those that hold it"
        )
    reads = all(operation.name.startswith("find_one_and_") for operation in operations)
    if reads and _is_answer_used(project, repetition):
        return ", and read the documents with one find"
    return ", and ask with one find which of the documents are there" if is_asked else ""


def _tests(facts: ModuleFacts) -> Iterator[Context]:
    return (entry for entry in facts.contexts if entry.kind in ("then", "otherwise"))


def adds_up(project: Project, repetition: Repetition) -> bool:
    """Whether the documents that a query finds are only counted or added up.

    ``sum(o["total"] for o in find(…))``, or ``total += o["total"]`` in a loop over them.
    """
    if repetition.reaches[0].operation.name != "find":
        return False
    facts = project.modules[repetition.module]
    for node in facts.body(facts.scopes[_scope(project, repetition)]):
        added: Iterable[int] = ()
        if node[0] == "call" and facts.nodes[node[1]][0] == "free" and facts.nodes[node[1]][2] in _ADDING:
            added = (row for _, row in node[2])
        elif node[0] == "binop" and node[1].startswith("+") and facts.nodes[node[2]][0] == "phi":
            added = (node[3],)
        if any(_is_made_of(facts, row, repetition.row) for row in added):
            return True
    return False


def _is_made_of(facts: ModuleFacts, row: int, query: int) -> bool:
    """Whether an expression is about what a query finds, not about what was gathered from that."""
    return query in reached_rows(facts, row, lambda node: () if node[0] in ("mutated", "setitem") else operands(node))


def _scope(project: Project, repetition: Repetition) -> int:
    call = project.link.call_at(repetition.module, repetition.row)
    return call.scope if call is not None else 0


class _Asked:
    """The filter of one operation: the fields that surely change with the loop, and those that may."""

    def __init__(self, project: Project, repetition: Repetition, reach: Reach, through: bool) -> None:
        tracer, self.reader = project.writes.tracer, project.reader
        item: Row = ("iter", repetition.loop.iterable)
        self.filters, spots = repeated.asked(project, repetition, reach)
        changing = [name for name, spot in spots.items() if _comes_from(project, spot, item, through)]
        self.changing = [name for name in self.filters.required if name in changing]
        # Of one document or another, it is not known which one is asked for
        self.may_change = [name for name in self.filters.optional if name in changing]
        # Of a helper that asks several collections, the key is that of one
        self.is_alone = len({each.operation.target for each in repetition.reaches}) == 1
        # What is followed to the loop and does not come from its item is no key; a ``while`` has none
        same = spots if repetition.loop.kind != "while" else repeated.same_fields(project, repetition, reach)
        written = {name: Spot(*place[:2], None) for name, place in self.filters.places.items()} | spots
        self.open = [
            name
            for name in self.filters.required
            if name not in same and (name not in written or not _is_written_out(tracer, written[name]))
        ]

    def key(self, names: list[str]) -> LoopKey:
        kinds = {**self.filters.optional, **self.filters.required}
        if "_id" in names and kinds["_id"] in _EQUAL:
            return LoopKey("_id", "equality", _together(self.filters, ["_id", *names], "equality", self.is_alone))
        compared = kinds[names[0]] if len(names) == 1 else "several"
        if compared not in _EQUAL and (compared != "in" or not self._is_one(names[0])):
            compared = "in" if compared == "in" else "other"
        else:
            compared = "equality"
        return LoopKey(names[0], compared, _together(self.filters, names, compared, self.is_alone))

    def _is_one(self, name: str) -> bool:
        """``{"$in": [key]}``, which is a comparison with the key."""
        place = self.filters.places.get(name)
        if place is None:
            return False
        link = self.reader.link
        for operator, listed in self.reader.entries(*place):
            node = link.node(listed.module, listed.row)
            if operator == "$in" and node[0] == "seq" and len(node[2]) == 1:
                return bool(link.node(listed.module, node[2][0])[0] != "star")
        return False


def _together(filters: Document, names: list[str], compared: str, is_alone: bool) -> str:
    """``{"owner": …, "name": {"$in": keys}}``: fields that stay the same keep the index, and other documents out."""
    beside = [name for name in filters.required if name not in names]
    shown = beside[:_MAX_BESIDE]
    keys = "all keys" if compared == "in" else "keys"
    asked = {name: f'"{name}": …' for name in shown}
    has_own = compared == "other" and bool(filters.clauses)
    one = "{" + ", ".join(f'"{name}": …' for name in names) + "}, " if is_alone and len(names) <= _MAX_BESIDE else ""
    if has_own:
        asked["$and"] = f'"$and": [{{"$or": [{one}…]}}, …]'  # a second $or of a dict would take the place of the first
    elif compared == "other":
        asked["$or"] = f'"$or": [{one}…]'
    else:
        asked[names[0]] = f'"{names[0]}": {{"$in": {keys}}}'
    order = [name for name in filters.required if name in asked] + [
        name for name in asked if name not in filters.required
    ]
    unseen = not has_own and (
        filters.open
        or filters.text
        or filters.clauses
        or len(shown) < len(beside)
        or any(name not in names for name in filters.optional)
    )
    return "{" + ", ".join([*(asked[name] for name in order), *(["…"] if unseen else [])]) + "}"


def _comes_from(project: Project, spot: Spot, item: Row, through: bool = False) -> bool:
    """Whether an expression is made of the item of a loop of the function that asks.

    ``through``: also by way of what a query of a helper finds.
    """
    tracer = project.writes.tracer
    pending, seen = [spot], {spot}
    while pending:
        current = pending.pop()
        node = tracer.node(current)
        if current.frame is None and node == item:
            return True
        if not through and current.frame is not None and node[0] == "call" and _asks(project, current):
            continue
        passed = tracer.parameter(current) if node[0] == "param" and current.frame else None
        below = [passed] if passed is not None else [current.at(row) for row in operands(node)]
        pending += [each for each in below if each not in seen]
        seen.update(below)
    return False


def _asks(project: Project, call: Spot) -> bool:
    """Whether a call is a query, or runs one."""
    if project.writes.tracer.operation(call.module, call.row) is not None:
        return True
    return bool(project.reach(call.module, call.row))


def _is_written_out(tracer: Tracer, spot: Spot) -> bool:
    """Whether a value is made of constants only: ``{"$in": ["a", "b"]}``."""
    node = tracer.node(spot)
    if node[0] in ("dict", "seq"):
        return all(_is_written_out(tracer, spot.at(row)) for row in operands(node))
    return bool(tracer.term(spot)[0] == "const")
