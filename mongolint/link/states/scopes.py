"""What the code of one scope says by itself: pure questions to the facts of a module."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator

from mongolint.facts.shapes import Call, ModuleFacts, Row, Scope
from mongolint.fastclasses import NamedTuple
from mongolint.link.rowtools import reached_rows

Said = Callable[[ModuleFacts, int], object]


class Bound(NamedTuple):
    """What a scope binds a name to: rows of definitions, the last one, and of an annotation."""

    defs: tuple[int, ...]
    final: int | None
    annotation: int | None


def bound(scope: Scope, name: str) -> Bound:
    """What a scope itself binds a name to."""
    return Bound(tuple(scope.defs.get(name, ())), scope.final.get(name), scope.annotations.get(name))


def annotated_names(facts: ModuleFacts, index: int) -> list[str]:
    """The names that the body of a class annotates."""
    return list(facts.scopes[index].annotations)


def nested_classes(facts: ModuleFacts, index: int) -> dict[str, int]:
    """The classes defined in the body of a class."""
    nodes = {name: facts.nodes[row] for name, row in facts.scopes[index].final.items()}
    return {name: node[1] for name, node in nodes.items() if node[0] == "class"}


def calls_by_row(facts: ModuleFacts, index: int) -> dict[int, Call]:
    """All calls of a module."""
    return {call.row: call for call in facts.calls}


def star_imports(facts: ModuleFacts, index: int) -> list[tuple[str, int]]:
    """The star imports of the module."""
    return facts.star_imports


def decorators(facts: ModuleFacts, index: int) -> frozenset[str]:
    """The last names of a function's decorators: ``app.get("/")`` is ``get``."""
    names = (_last_name(facts, row) for row in facts.scopes[index].decorators)
    return frozenset(name for name in names if name)


def _last_name(facts: ModuleFacts, row: int) -> str | None:
    node = facts.nodes[row]
    while node[0] == "call":
        node = facts.nodes[node[1]]
    return node[2] if node[0] in ("attr", "free", "from") else None


def is_empty(facts: ModuleFacts, index: int) -> bool:
    """Whether the body of a method does nothing, or only raises."""
    scope = facts.scopes[index]
    if scope.name.startswith("__") or any(facts.nodes[row] != ("const", None) for row, _ in scope.returns):
        return False
    raises = [r for r in facts.raises if r.scope == scope.index]
    calls = [c for c in facts.calls if c.scope == scope.index]
    stores = [s for s in facts.stores if s.scope == scope.index]
    return (
        not stores
        and not scope.yields
        and len(calls) <= len(raises)
        and not scope.defs.keys() - {p.name for p in scope.params}
    )


def needed_params(facts: ModuleFacts, index: int) -> frozenset[str] | None:
    """The parameters that what a function returns, yields or stores depends on; None for all of them."""
    scope = facts.scopes[index]
    rows = [row for row, _ in scope.returns] + scope.yields
    rows += [store.value for store in facts.stores if store.scope == scope.index]
    for call in facts.calls:
        function = facts.nodes[facts.nodes[call.row][1]]
        if call.scope == scope.index and function[0] == "attr" and function[2] in ("__init__", "__new__"):
            rows.append(call.row)
    found: set[str] = set()
    for row in rows:
        for node in reached_rows(facts, row).values():
            if node[0] in ("func", "class"):
                return None
            if node[0] == "param" and node[1] == scope.index:
                found.add(node[2])
    return frozenset(found)


def init_calls(facts: ModuleFacts, index: int) -> list[int]:
    """The calls of another ``__init__`` in a function."""
    found = []
    for entry in facts.calls:
        function = facts.nodes[facts.nodes[entry.row][1]]
        if entry.scope == index and function[0] == "attr" and function[2] == "__init__":
            found.append(entry.row)
    return found


SAID: tuple[Said, ...] = (
    annotated_names,
    nested_classes,
    star_imports,
    decorators,
    is_empty,
    needed_params,
    init_calls,
)

# What of a module a question has seen

# A row is a number: that of its module and its own. Modules differ in the last bits, too, by which sets tell apart
_APART = (1 << 40) + 1_000_003


def row_token(module: int, row: int, kind_only: bool = False) -> int:
    """The token of a row; of its kind, where only that was seen."""
    token = module * _APART + row
    return ~token if kind_only else token


def changed_tokens(module: int, old: ModuleFacts, new: ModuleFacts) -> Iterator[Hashable]:
    """The tokens of what two states of a module say differently."""
    before, after = dict(old.numbered()), dict(new.numbered())
    for row in before.keys() | after.keys():
        mine, other = before.get(row, _GONE), after.get(row, _GONE)
        if mine != other or (mine[0] == "const" and not _same_constant(mine[1], other[1])):
            yield row_token(module, row)
            if mine[0] != other[0]:
                yield row_token(module, row, kind_only=True)
    calls, others = calls_by_row(old, 0), calls_by_row(new, 0)
    yield from (("call", module, row) for row in calls.keys() | others.keys() if calls.get(row) != others.get(row))
    for index in range(max(len(old.scopes), len(new.scopes))):
        if index >= min(len(old.scopes), len(new.scopes)):
            scope = max(old.scopes, new.scopes, key=len)[index]
            names = _names(scope)
            yield ("scope", module, index)
            yield from ((question, module, index) for question in SAID)
        else:
            mine_, other_ = old.scopes[index], new.scopes[index]
            names = _names(mine_) | _names(other_)
            if _head(mine_) != _head(other_):
                yield ("scope", module, index)
            yield from ((question, module, index) for question in SAID if question(old, index) != question(new, index))
            names = {name for name in names if bound(mine_, name) != bound(other_, name)}
        yield from (("bound", module, index, name) for name in names)


_GONE: Row = ("gone", None)


def _same_constant(one: object, other: object) -> bool:
    """Whether two equal values are the same, as 1 and True, 0.0 and -0.0 are not."""
    return type(one) is type(other) and (type(one) is not float or repr(one) == repr(other))


def _names(scope: Scope) -> set[str]:
    return {*scope.defs, *scope.final, *scope.annotations}


def _head(scope: Scope) -> tuple[object, ...]:
    """A scope without what its names are bound to, its rows and its places."""
    return (
        scope.kind,
        scope.name,
        scope.parent,
        scope.is_async,
        scope.params,
        scope.decorators,
        scope.return_annotation,
        [row for row, _ in scope.returns],
        scope.yields,
        scope.bases,
        scope.keywords,
    )
