"""Lists that are cut off, of which Python makes one number: ``sum(doc["n"] for doc in find(…).to_list(100))``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from mongolint.fastclasses import NamedTuple
from mongolint.link.rowtools import comprehension_through
from mongolint.project.results import counted, unbounded
from mongolint.project.results.flow import flow
from mongolint.project.results.lists.firsts import field_of
from mongolint.project.results.partial import is_call_of

if TYPE_CHECKING:
    from mongolint.facts.shapes import ModuleFacts
    from mongolint.project.model import Project
    from mongolint.project.operations import Operation

# What makes one number of many
_WAYS = {"sum": "sum", "fsum": "sum", "mean": "avg", "fmean": "avg", "min": "min", "max": "max"}
# Names of lists that are meant to be no more than a part
_PARTS = ("recent", "latest", "last", "newest", "oldest", "top", "first", "best", "sample", "page", "preview", "batch")
# Who takes so many means all that there are
_ALL = 10_000


class Total(NamedTuple):
    """A number that is made of a list of at most ``most`` documents, in no order, of those that a query finds.

    ``way``: "count", "sum", "avg", "min" or "max"; ``field``: what is added up or compared, "" where that is not one.
    """

    operation: Operation
    most: int
    way: str
    field: str


def total(project: Project, operation: Operation) -> Total | None:
    """The number that a list which is cut off gives in the place of that of all documents."""
    if operation.name != "find" or operation.sort or operation.module in project.tests:
        return None
    most = unbounded.listed_at_most(project, operation)
    step = next((step for step in operation.steps if step.name == "to_list"), None)
    if most is None or not 1 < most < _ALL or step is None or step.module != operation.module:
        return None
    if _is_part(project, operation) or not unbounded.grows(project, operation):
        return None
    module, facts = operation.module, project.modules[operation.module]
    found = flow(project, module, step.row)
    if _is_named_part(facts, found.rows):
        return None
    made = [each for user, used in found.users for each in _made(project, module, user, used)]
    if not made:
        return Total(operation, most, "count", "") if _is_count(project, module, step.row) else None
    way, field = made[0]
    is_average = way == "sum" and _is_divided(facts, found.rows)
    return Total(operation, most, "avg" if is_average else way, field)


def _is_part(project: Project, operation: Operation) -> bool:
    """Whether the query asks for a page, or for documents whose keys it knows."""
    named = {*operation.filter.required.values(), *operation.filter.optional.values()}
    skips = any(step.name in ("skip", "sort") for step in operation.steps)
    args = project.link.node(operation.module, operation.row)[2]
    skips = skips or any(keyword in ("skip", "sort", "*", "**") for keyword, _ in args)
    return skips or "in" in named or "_id" in operation.filter.required or project.names_its_documents(operation)


def _is_named_part(facts: ModuleFacts, rows: set[int]) -> bool:
    """Whether a variable that holds the list says that it is a part."""
    names = {name for scope in facts.scopes for name, held in scope.defs.items() if rows & {*held}}
    return any(word in _PARTS for name in names for word in name.lower().split("_"))


def _made(project: Project, module: int, user: int, used: int) -> Iterator[tuple[str, str]]:
    """What is made of a list where it is gone through, or given to ``max``."""
    facts = project.modules[module]
    node = facts.nodes[user]
    if node[0] == "call" and (None, used) in node[2] and _way(facts, user) in ("min", "max"):
        yield _way(facts, user), ""
    if node[0] != "iter" or any(loop.iterable == used and loop.exits for loop in facts.loops):
        return
    documents = flow(project, module, user).rows
    comp = comprehension_through(facts, user)
    if comp is not None and facts.nodes[comp][1] in ("generator", "list", "set"):
        value = facts.nodes[comp][2][0]
        field = "" if facts.constant(value) == 1 else _field(facts, value, documents)
        for call, _ in flow(project, module, comp).users:
            if field is not None and _way(facts, call):
                yield _way(facts, call), field
    for row, added in facts.of_kind("binop"):
        field = _field(facts, added[3], documents) if added[1] == "+" else None
        if field is not None and _is_carried(facts, row, added[2]):
            yield "sum", field


def _way(facts: ModuleFacts, row: int) -> str:
    """What a call makes of many values, ``sum(values)``, ``max(values, default=0)``."""
    node = facts.nodes[row]
    if node[0] != "call" or [keyword for keyword, _ in node[2]].count(None) != 1:
        return ""
    function = facts.nodes[node[1]]
    return _WAYS.get(str(function[2]), "") if function[0] in ("free", "attr", "from") else ""


def _field(facts: ModuleFacts, row: int, documents: set[int]) -> str | None:
    """The field of a document whose value a row is, be it as a number or with another for none.

    "" for what is worked out of fields, and for 1, which counts; None for what is neither.
    """
    node = facts.nodes[row]
    if node[0] == "call" and facts.nodes[node[1]][-1] in ("int", "float", "abs", "Decimal") and len(node[2]) == 1:
        return _field(facts, node[2][0][1], documents)
    if node[0] == "bool" and node[1] == "or" and len(node[2]) == 2 and facts.nodes[node[2][1]][0] == "const":
        return _field(facts, node[2][0], documents)
    if node[0] == "binop" and node[1] in ("*", "/", "-"):
        parts = [_field(facts, part, documents) for part in node[2:]]
        return "" if any(part is not None for part in parts) else None
    return field_of(facts, row, documents)


def _is_carried(facts: ModuleFacts, row: int, before: int) -> bool:
    """Whether what is added to is a number before the loop, and what was added in it (a text grows so, too)."""
    found, pending = {before}, [before]
    while pending:
        node = facts.nodes[pending.pop()]
        below = {*node[1]} - found if node[0] == "phi" else set()
        found |= below
        pending += below
    return row in found and any(type(facts.constant(each)) in (int, float) for each in found)


def _is_divided(facts: ModuleFacts, documents: set[int]) -> bool:
    """Whether something is divided by the length of the list."""
    calls = [row for row, _ in facts.of_kind("call")]
    lengths = {row for row in calls if any(is_call_of(facts, "len", row, each) for each in documents)}
    return any(node[1] == "/" and node[3] in lengths for _, node in facts.of_kind("binop"))


def _is_count(project: Project, module: int, row: int) -> bool:
    """Whether nothing but the number of documents is used, and that is not held against a bound."""
    facts = project.modules[module]
    if not counted.counts_of(project, module, row):
        return False
    for user, _ in flow(project, module, row).users:
        found = flow(project, module, user)
        if found.tested or any(facts.nodes[above][0] in ("compare", "not", "bool") for above, _ in found.users):
            return False
    return True
