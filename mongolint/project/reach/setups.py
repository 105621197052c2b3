"""The functions that make indexes: what each of them makes, and which of them the application never runs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from mongolint.fastclasses import NamedTuple
from mongolint.link.atoms import Cursor
from mongolint.link.rowtools import depends_on, reached_rows
from mongolint.project.callgraph import Reach
from mongolint.project.indexes import IndexDeclaration
from mongolint.project.operations import Operation, names_of
from mongolint.project.reach.reachability import Reached
from mongolint.project.tracing.narrowing import narrowed

if TYPE_CHECKING:
    from mongolint.project.model import Project


class Setup(NamedTuple):
    """A function that makes indexes, or what a module does by itself (``scope`` 0).

    ``indexes`` are those it declares; ``calls`` the operations that make them, in order.
    """

    module: int
    scope: int
    indexes: tuple[IndexDeclaration, ...]
    calls: tuple[Operation, ...]

    @property
    def context(self) -> int:
        return self.calls[0].context

    @property
    def words(self) -> str:
        """How many indexes, and on what: "2 indexes on users"."""
        return in_words(self.indexes)


def in_words(indexes: Sequence[IndexDeclaration]) -> str:
    """How many indexes, and on what: "2 indexes on users", "the indexes on users" where their keys are not known."""
    names = list(dict.fromkeys(index.collection_name or "a collection" for index in indexes))
    *others, last = names if len(names) <= 3 else [*names[:3], f"{len(names) - 3} more"]
    where = f"{', '.join(others)} and {last}" if others else last
    if any(index.keys is None for index in indexes):
        return f"the indexes on {where}"
    return f"{len(indexes)} indexes on {where}" if len(indexes) > 1 else f"an index on {where}"


def find_setups(project: Project) -> Iterator[Setup]:
    """The functions that make indexes, in the order of files and lines; a module's main block is one of its own."""
    held: dict[tuple[int, int, bool], list[tuple[IndexDeclaration, Operation]]] = {}
    for index in project.declared_in_code:
        operation = project.operation_at(index.module, index.row)
        if operation is not None:
            in_main = not operation.scope and project.is_main_block(operation.module, operation.context)
            held.setdefault((operation.module, operation.scope, in_main), []).append((index, operation))
    for (module, scope, _), declared in held.items():
        calls = sorted({(op.module, op.row): op for _, op in declared}.values(), key=project.operation_span)
        yield Setup(module, scope, tuple(index for index, _ in declared), tuple(calls))


def idle_setups(project: Project, setups: Sequence[Setup]) -> Iterator[Setup]:
    """Those that only scripts run, or nothing, with the indexes that are missed.

    That is not so of an index which something else makes or a snapshot of the database holds, nor of one on a
    collection that the application has no query for, that is known only at run time, or that is filled by the script
    which makes the index, and by no other code; nor where the start of a container runs the script.
    """
    made = {(index.collection_name, index.keys) for index in project.indexes if index.source != "code"}
    idle: list[Setup] = []
    for setup in setups:
        reached = project.reached(setup.module, setup.scope, setup.context)
        if reached.runner in ("nothing", "script") and not _is_launched(project, setup, reached):
            idle.append(setup)
        else:
            made |= {(index.collection_name, index.keys) for index in setup.indexes}
    used = _used(project) if idle else set()
    for setup in idle:
        wanted = used - _filled_with(project, setup)
        missed = [
            index
            for index in setup.indexes
            if index.collection_name in wanted
            and (index.keys is None or (index.collection_name, index.keys) not in made)
        ]
        rows = {index.row for index in missed}
        calls = [call for call in setup.calls if call.row in rows]
        if missed:
            yield setup._replace(indexes=tuple(missed), calls=tuple(calls))


def _is_launched(project: Project, setup: Setup, reached: Reached) -> bool:
    """Whether a shell script, an image or a service runs what makes the indexes, before the application or as it."""
    functions = ((setup.module, setup.scope), *reached.callers, *reached.by)
    return any(project.launched.runs(project, *function) for function in functions)


def _filled_with(project: Project, setup: Setup) -> set[str]:
    """The collections that only scripts write to, one of which fills it and makes the indexes as well."""
    scripts = {module for module, _ in project.reached(setup.module, setup.scope, setup.context).by}
    names = {index.collection_name for index in setup.indexes if index.collection_name is not None}
    filled: set[str] = set()
    for operation in project.operations if scripts else ():
        if operation.method.kind != "write" or operation.module in project.tests:
            continue
        for held, place in _written(project, operation) if names & set(operation.collection_names) else ():
            found = names & held
            reached = project.reached(*place) if found else None
            if reached is not None and reached.runner not in ("script", "nothing"):
                names -= found
            elif reached is not None and _fills(project, operation) and scripts & {module for module, _ in reached.by}:
                filled |= found
    return filled & names


def _written(project: Project, operation: Operation) -> Iterator[tuple[set[str], tuple[int, int, int]]]:
    """The collections that a write is for, and where; each of its calls, of a helper that is told the collection."""
    link, helper = project.link, (operation.module, operation.scope)
    sites = [(module, row) for module, row, _ in link.sites.of(*helper) if module not in project.tests]
    if len(operation.collections) < 2 or not sites:
        yield set(operation.collection_names), (*helper, operation.context)
        return
    for module, row in sites:
        if (call := link.call_at(module, row)) is not None:
            for reach in narrowed(link, module, row, [Reach(operation, ())]):
                yield set(names_of(reach.collections)), (module, call.scope, call.context)


def _fills(project: Project, operation: Operation) -> bool:
    """Whether a write brings new documents."""
    if operation.name in _FILLING:
        return True
    node = project.modules[operation.module].nodes[operation.row]
    return node[0] == "call" and any(keyword == "upsert" for keyword, _ in node[2])


_FILLING = frozenset(["insert", "insert_one", "insert_many", "bulk_write", "save"])


def makes_only_indexes(project: Project, module: int, scope: int) -> bool:
    """Whether to call a function makes indexes, and changes nothing else: a command by another name may do anything."""
    facts = project.modules[module]
    reached = project.reached(module, scope)
    if (module, scope) in reached.by and "index" not in project.function_name(module, scope).lower():
        return False
    rows = [call.row for call in facts.calls if call.scope == scope]
    found = [project.operation_at(module, row) for row in rows]
    found += [reach.operation for row in rows for reach in project.reach(module, row)]
    return all(each is None or (each.method.kind != "write" and each.name not in _EMPTYING) for each in found)


# What takes documents away, though its kind is not that of a write
_EMPTYING = frozenset(["drop", "drop_collection", "drop_database", "rename"])


def document_loop(project: Project, call: Operation) -> int | None:
    """The loop over documents in which a call makes the same index each time, as its number."""
    facts = project.modules[call.module]
    for entry in facts.chain(call.context):
        iterable = facts.loops[entry.ref].iterable if entry.kind in ("loop", "comp") else None
        if iterable is not None and not depends_on(facts, call.row, ("iter", iterable)):
            if any(type(atom) is Cursor for atom in project.link.value(call.module, iterable)):
                return entry.ref
    return None


def getter_sites(project: Project, setup: Setup) -> list[tuple[int, int]]:
    """The calls, as (module, row), of a function that hands a collection out each time an operation is run on it.

    Empty where it is not called by several functions, or may make its indexes only once.
    """
    if not setup.scope or not all(map(project.runs_each_time, setup.calls)):
        return []
    found: dict[tuple[int, int], tuple[int, int]] = {}
    for module, row, _ in project.link.sites.of(setup.module, setup.scope):
        facts = project.modules[module]
        for operation in project.operations:
            if operation.module == module and operation.scope and operation.method.kind in ("read", "write"):
                node = facts.nodes[operation.row]
                if node[0] == "call" and row in reached_rows(facts, node[1]) and not project.is_script(module):
                    found.setdefault((module, operation.scope), (module, row))
    return list(found.values()) if len(found) > 1 else []


def _used(project: Project) -> set[str]:
    """The collections that the application reads or writes."""
    return {
        name
        for operation in project.operations
        if operation.method.kind != "index"
        and operation.module not in project.tests
        and not project.is_script(operation.module)
        for name in operation.collection_names
    }
