"""Results that are read whole into memory, however many they are.

Sources: Motor 3.6 changelog and PyMongo documentation, ``to_list(length=None)``: no length means all documents.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Literal

from mongolint.fastclasses import NamedTuple
from mongolint.link.atoms import NONE, Const, External
from mongolint.link.rowtools import operands, reached_rows
from mongolint.mongo.methods import TABLES
from mongolint.project import pipelines
from mongolint.project.documents import Document, Place
from mongolint.project.loops.repetitions import sends_each
from mongolint.project.results.flow import flow
from mongolint.project.tracing import stored
from mongolint.project.tracing.stored import Stored
from mongolint.project.writes import inserts

if TYPE_CHECKING:
    from mongolint.facts.shapes import ModuleFacts, Row
    from mongolint.project.model import Project
    from mongolint.project.operations import Operation
    from mongolint.project.reach.reachability import RequestPath
    from mongolint.project.tracing.tracer import Tracer

Use = Literal["", "written", "sliced", "counted", "drawn", "worked", "given", "asked"]

_COLLECTING = frozenset(["list", "tuple", "sorted", "set", "frozenset"])
_COUNTING = ("len", "any", "all", "bool")
# What puts a value into a file, whole
_WRITING = frozenset(["write", "writelines", "writerows", "write_text", "write_bytes", "dump"])
# What takes some of a list by chance
_DRAWING = frozenset(["random.choice", "random.choices", "random.sample", "random.shuffle"])
# What puts a value into a cache, under a key
_KEEPING = frozenset(["set", "setex", "set_cache"])
_STEPS = frozenset(name for name, method in TABLES["cursor"].items() if method.kind == "cursor-step")
# What adds documents. Upserts do not count: often there is one for each of a few keys.
_INSERTING = ("insert_one", "insert_many", "insert", "save")
# What gives or does something wrong where a key is left out of its filter
_TELLING = ("count_documents", "aggregate", "distinct", "update_many", "delete_many")
# Stages that leave each document what it is, so that as many come out as go in
_PASSING = frozenset(
    [
        *("$match", "$sort", "$project", "$addFields", "$set", "$unset", "$lookup", "$unwind"),
        *("$replaceRoot", "$replaceWith", "$skip"),
    ]
)


class Unbounded(NamedTuple):
    """An operation all of whose results are kept at once in code that a request reaches.

    ``by``: what collects them: to_list, list, a comprehension, a loop. ``place``: the row of that; ``path``: the way
    from the request. ``narrow``: the filter asks for something, so that it is not the whole collection. ``use``: what
    becomes of the list, where any number as a limit would be wrong: it is written to a file, a slice of it taken,
    nothing but its length asked for, some of it drawn by chance, the same request changes such documents, or counts or
    changes others by them, or other callers give another filter.
    """

    operation: Operation
    by: str
    place: Place
    path: RequestPath
    narrow: bool
    use: Use = ""


def unbounded(project: Project, operation: Operation) -> Unbounded | None:
    """Where an operation that nothing bounds is read whole; None where something may bound it."""
    if operation.name not in ("find", "aggregate") or operation.bounded or operation.collection is None:
        return None
    if project.link.node(operation.module, operation.row)[0] != "call" or _may_be_limited(project, operation):
        return None
    collecting = _collected(project, operation)
    if collecting is None or not grows(project, operation):
        return None
    path, narrow, is_given = _asked_widely(project, operation)
    if path is None or _is_for_all(project, operation, collecting[1]) or _is_kept(project, operation, collecting[1]):
        return None
    use = _use(project, operation, collecting[1]) or ("worked" if _is_worked_on(project, operation, path) else "")
    use = use or ("given" if is_given else "")
    return Unbounded(operation, *collecting, path, narrow, use)


def _asked_widely(project: Project, operation: Operation) -> tuple[RequestPath | None, bool, bool]:
    """The way from a request on which nothing bounds the filter, whether that asks for anything, and is given.

    Where callers give the filter, one that bounds it says nothing of the others.
    """
    if not _is_narrowed(project, operation):
        return project.request_path(operation.module, operation.scope), bool(operation.filter.required), False
    tracer = project.writes.tracer
    for way in inserts.ways(tracer, operation, project.writes.left_out) if _is_given(project, operation) else ():
        filter = inserts.given(tracer, operation, way.frame, operation.method.filter)
        content = stored.read(tracer, filter) if filter is not None and way.frame is not None else None
        if content is None or content.open or content.sources:
            continue
        if all(_is_wide(tracer, name, value) for name, value in content.fields.items()):
            path = project.request_path(way.point.module, way.scope)
            if path is not None:
                call = (way.point.module, way.row)
                return path._replace(calls=(*path.calls, call)), bool(content.fields), True
    return None, False, False


def _is_given(project: Project, operation: Operation) -> bool:
    """Whether a parameter is the filter, as it is."""
    place = project.results.argument(operation, operation.method.filter)
    return place is not None and project.link.node(place.module, place.row)[0] == "param"


def _is_wide(tracer: Tracer, name: str, value: Stored) -> bool:
    """Whether a field of a filter is compared with a constant of the code only, as a status is."""
    return not name.startswith("$") and name != "_id" and value.sure and value.term[0] == "const"


def _may_be_limited(project: Project, operation: Operation) -> bool:
    """Whether a limit, or what the model does not see of it, may bound the results."""
    keywords = {keyword for keyword, _ in project.link.node(operation.module, operation.row)[2]}
    if keywords & {"limit", "*", "**", "cursor_type"} or any(step.name == "limit" for step in operation.steps):
        return True
    limit = project.results.argument(operation, operation.method.limit)
    if limit is not None and project.link.value(*limit) != (NONE,):
        return True
    return operation.name == "aggregate" and not _passes_all(project, operation)


def _is_narrowed(project: Project, operation: Operation) -> bool:
    """Whether the filter names documents, or may ask for what is given, or for more than the model sees."""
    filter = operation.filter
    if filter.open or "_id" in filter.optional or project.names_its_documents(operation):
        return True
    if filter.text or filter.clauses or {"in", "geo"} & {*filter.required.values(), *filter.optional.values()}:
        return True
    if any(kind == "equality" and not _is_constant(project, filter.places.get(name)) for name, kind in _all(filter)):
        return True  # what belongs to one user or order
    return any(
        kind == "elem-match" and _names_an_element(project, filter.places.get(name)) for name, kind in _all(filter)
    )


def _all(filter: Document) -> list[tuple[str, str]]:
    return [*filter.required.items(), *filter.optional.items()]


def _names_an_element(project: Project, place: Place | None) -> bool:
    """Whether an element of a list is asked for by a value that is given: ``{"$elemMatch": {"$eq": group}}``."""
    entries = project.reader.entries
    for name, inner in entries(*place) if place is not None else ():
        for key, value in entries(*inner) if name == "$elemMatch" else ():
            kind = "in" if key == "$in" else "equality" if key == "$eq" else ""
            kind = kind if key.startswith("$") else project.reader.operator_class(*value)
            if kind == "in" or (kind == "equality" and not _is_constant(project, value)):
                return True
    return False


def _is_constant(project: Project, place: Place | None) -> bool:
    """Whether a value is one of the code, as a status is."""
    value = project.link.value(*place) if place is not None else ()
    return bool(value) and all(type(atom) is Const for atom in value) and _is_written(project, place)


def _is_written(project: Project, place: Place | None) -> bool:
    """Whether a value stands in the code, and is not a parameter, whose callers the model may not all know."""
    return place is not None and project.link.node(place.module, place.row)[0] != "param"


def _passes_all(project: Project, operation: Operation) -> bool:
    """Whether a pipeline is known, and gives as many documents as its filter finds."""
    place = project.results.argument(operation, operation.method.pipeline)
    if place is None:
        return False
    stages, is_open = pipelines.stages_of(project.reader, place)
    return not is_open and all(stage.name in _PASSING for stage in stages)


# How the results are kept


def _collected(project: Project, operation: Operation) -> tuple[str, Place] | None:
    """What collects all results of an operation at once, if all that is known of its cursor is that."""
    for step in operation.steps:
        if step.name == "to_list":
            args = project.link.node(step.module, step.row)[2]
            length = project.link.value(step.module, args[0][1]) if args else (NONE,)
            return ("to_list", Place(step.module, step.row, None)) if length == (NONE,) else None
    return _collected_here(project, operation)


def listed_at_most(project: Project, operation: Operation) -> int | None:
    """How many documents ``to_list(100)`` takes of a cursor that nothing else bounds."""
    steps = {step.name: step for step in operation.steps}
    step = steps.get("to_list")
    if step is None or "limit" in steps or project.results.argument(operation, operation.method.limit) is not None:
        return None
    args = project.link.node(step.module, step.row)[2]
    length = project.modules[step.module].constant(args[0][1]) if len(args) == 1 else None
    return length if type(length) is int else None


def _collected_here(project: Project, operation: Operation) -> tuple[str, Place] | None:
    """A call of ``list`` and the like, or a comprehension, in the function that runs the operation."""
    facts, module = project.modules[operation.module], operation.module
    pending, seen = [operation.row], {operation.row}
    while pending:
        for user, used in flow(project, module, pending.pop()).users:
            node = facts.nodes[user]
            if node[0] == "attr" and node[2] in _STEPS:
                steps = [row for row, _ in flow(project, module, user).users if facts.nodes[row][0] == "call"]
                pending += [row for row in steps if row not in seen]
                seen.update(steps)
            elif node[0] == "call" and (None, used) in node[2] and _is_collecting(project, module, node[1]):
                return str(facts.nodes[node[1]][2]), Place(module, user, None)
            elif node[0] == "iter":
                kept = _kept_elements(project, operation, used, user)
                if kept is not None:
                    return kept
    return None


def _is_collecting(project: Project, module: int, row: int) -> bool:
    node = project.link.node(module, row)
    if node[0] != "free" or node[2] not in _COLLECTING:
        return False
    return any(type(atom) is External for atom in project.link.value(module, row))


def _kept_elements(project: Project, operation: Operation, iterable: int, element: int) -> tuple[str, Place] | None:
    """A list made of the elements: a comprehension over them, or an ``append`` in each turn of the loop."""
    facts = project.modules[operation.module]
    number = next((n for n, loop in enumerate(facts.loops) if loop.iterable == iterable), None)
    if number is None or facts.loops[number].exits:
        return None
    place = Place(operation.module, operation.row, None)
    if facts.loops[number].kind == "comprehension":
        return ("a comprehension", place) if _makes_list(project, operation.module, element) else None
    for call in facts.calls:
        node = facts.nodes[facts.nodes[call.row][1]]
        if node[0] == "attr" and node[2] == "append" and _runs_in(facts, call.context, number):
            if any(_holds(facts, given, element) for _, given in facts.nodes[call.row][2]):
                return "a loop that appends each", place
    return None


def _holds(facts: ModuleFacts, row: int, element: int) -> bool:
    """Whether a value is made of a document or its fields: what a call makes of single fields is something else."""

    def parts(node: Row) -> Iterable[int]:
        return [given for _, given in node[2] if given == element] if node[0] == "call" else operands(node)

    return element in reached_rows(facts, row, parts)


def _runs_in(facts: ModuleFacts, context: int, number: int) -> bool:
    """Whether a place runs in each turn of a loop, and in no other loop inside of it."""
    for entry in facts.chain(context):
        if entry.kind in ("loop", "comp"):
            return entry.kind == "loop" and entry.ref == number
        if entry.kind in ("then", "otherwise", "handler"):
            return False
    return False


def _makes_list(project: Project, module: int, element: int) -> bool:
    """Whether the first comprehension over an element makes a list, set or dict, at once or by a call around it."""
    facts = project.modules[module]
    comps = [row for row, _ in facts.of_kind("comp") if element in reached_rows(facts, row)]
    if not comps:
        return False
    if facts.nodes[comps[0]][1] != "generator":
        return not any(facts.nodes[row][1] == "generator" and comps[0] in reached_rows(facts, row) for row in comps[1:])
    users = flow(project, module, comps[0]).users
    return any(facts.nodes[u][0] == "call" and _is_collecting(project, module, facts.nodes[u][1]) for u, _ in users)


def _is_for_all(project: Project, operation: Operation, place: Place) -> bool:
    """Whether each document gets something sent, here or by a caller: a broadcast leaves nobody out."""
    callers = project.link.sites.of(operation.module, operation.scope)
    for module, row in [(place.module, place.row), *((site[0], site[1]) for site in callers)]:
        facts = project.modules[module]
        gone_through = {used for user, used in flow(project, module, row).users if facts.nodes[user][0] == "iter"}
        elements = {("iter", used) for used in gone_through}
        for loop in facts.loops if elements else ():
            rows = reached_rows(facts, loop.iterable) if loop.iterable is not None else {}
            # What is gone through, or a list that was made of it before
            if (loop.iterable in gone_through or elements & set(rows.values())) and sends_each(
                project.link, module, loop
            ):
                return True
    return False


def _is_kept(project: Project, operation: Operation, place: Place) -> bool:
    """Whether the list is what a cache holds for the next requests, and asked for only where the cache does not."""
    if project.runs_each_time(operation):
        return False
    facts = project.modules[place.module]
    kept = [store.value for store in facts.item_stores if store.scope == operation.scope]
    for call in facts.calls:
        _, function, args = facts.nodes[call.row]
        node = facts.nodes[function]
        if call.scope == operation.scope and node[0] == "attr" and node[2] in _KEEPING and len(args) > 1:
            kept += [given for _, given in args]
    return any(_is_made_of(facts, value, place.row) for value in kept)


def _use(project: Project, operation: Operation, place: Place) -> Use:
    """Whether the list is written out or drawn from, here or by a caller, or only a part or the number of it wanted."""
    facts = project.modules[place.module]
    if _is_counted(project, place):
        return "counted"
    for _, node in facts.of_kind("item"):
        if facts.nodes[node[2]][0] == "slice" and _is_made_of(facts, node[1], place.row):
            return "sliced"
    callers = project.link.sites.of(operation.module, operation.scope)
    for module, row in [(place.module, place.row), *((site[0], site[1]) for site in callers)]:
        facts = project.modules[module]
        for call in facts.calls:
            _, function, args = facts.nodes[call.row]
            node = facts.nodes[function]
            use: Use = "written" if node[0] == "attr" and node[2] in _WRITING else ""
            use = use or ("drawn" if _is_drawing(project, module, function) else "")
            if use and any(_is_made_of(facts, each, row, by_element=True) for _, each in args):
                return use
    return "asked" if _is_asked_by(project, operation) else ""


def _is_asked_by(project: Project, operation: Operation) -> bool:
    """Whether the function counts or changes other documents by those that were read: ``{"$in": ids}``."""
    facts = project.modules[operation.module]
    return any(
        operation.row in reached_rows(facts, given)
        for call in facts.calls
        if call.scope == operation.scope and call.row != operation.row
        for other in [project.operation_at(operation.module, call.row)]
        if other is not None and other.name in _TELLING
        for _, given in facts.nodes[call.row][2]
    )


def _is_drawing(project: Project, module: int, function: int) -> bool:
    node = project.link.node(module, function)
    if node[0] not in ("attr", "from") or node[2] not in ("choice", "choices", "sample", "shuffle"):
        return False
    return any(type(atom) is External and atom.name in _DRAWING for atom in project.link.value(module, function))


def _is_worked_on(project: Project, operation: Operation, path: RequestPath) -> bool:
    """Whether the request that reads a list also changes or deletes documents of the same collection."""
    module, scope = path.handler
    rows = [call.row for call in project.modules[module].calls if call.scope == scope]
    runs = [project.operation_at(module, row) for row in rows]
    runs += [reach.operation for row in rows for reach in project.reach(module, row)]
    return any(
        each.method.kind == "write" and each.name not in _INSERTING and each.collection == operation.collection
        for each in runs
        if each is not None
    )


def _is_counted(project: Project, place: Place) -> bool:
    """Whether all that is asked of a list is how long it is."""
    facts = project.modules[place.module]
    found = flow(project, place.module, place.row)
    elements = {user for user, _ in found.users if facts.nodes[user][0] == "iter"}
    if elements and len(elements) == len(found.users):
        # The list is the comprehension's; the place is that of the cursor
        lists = [row for row, _ in facts.of_kind("comp") if not elements.isdisjoint(reached_rows(facts, row))]
        found = flow(project, place.module, lists[0]) if lists else found
    users = [facts.nodes[user] for user, _ in found.users]
    return (
        bool(users)
        and not (found.leaves or found.tested)
        and all(node[0] == "call" and facts.nodes[node[1]][0] == "free" for node in users)
        and all(facts.nodes[node[1]][2] == "len" for node in users)
    )


def _is_made_of(facts: ModuleFacts, row: int, part: int, *, by_element: bool = False) -> bool:
    """Whether a value holds what stands at another row, and not only its number.

    ``by_element``: or something of each of its elements, as a text does to which a loop adds a line for each.
    """

    def parts(node: Row) -> Iterable[int]:
        if node[0] == "comp":
            return [each for inner in node[2] for each in reached_rows(facts, inner)]
        if by_element and node[0] == "item" and facts.nodes[node[1]][0] == "iter":
            return (node[1],)
        if node[0] in ("item", "attr") or (node[0] == "call" and facts.nodes[node[1]][-1] in _COUNTING):
            return ()
        return [given for _, given in node[2]] if node[0] == "call" else operands(node)

    return part in reached_rows(facts, row, parts)


# Whether there will be more and more


def grows(project: Project, operation: Operation) -> bool:
    """Whether the application itself puts documents into the collection, which a few settings are not."""
    return any(
        other.name in _INSERTING
        and other.module not in project.tests
        and project.reached(other.module, other.scope, other.context).runner in ("app", "unknown")
        for name in operation.collection_names
        for other in project.operations_on(name)
    )
