"""What a row is made of: the rows below it, and whether it depends on one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from operator import itemgetter

from mongolint.facts.shapes import ModuleFacts, Row

# Kinds of rows that refer to no other
LEAVES = frozenset(["const", "free", "param", "from", "func", "class", "module", "exc", "slice", "unknown"])


def operands(node: Row) -> Sequence[int]:
    """The rows that a row refers to."""
    of = _OPERANDS.get(node[0])
    return of(node) if of is not None else ()


def _of_call(node: Row) -> Sequence[int]:
    return (node[1], *[row for _, row in node[2]])


def _of_dict(node: Row) -> Sequence[int]:
    return [row for key, value in node[1] for row in (value, key) if row is not None]


def _of_typed(node: Row) -> Sequence[int]:
    return node[2:3] if node[2] is not None else ()


# Asked of all rows of a module, by each kind
_OPERANDS: dict[str, Callable[[Row], Sequence[int]]] = {
    **dict.fromkeys(("attr", "await", "iter", "star", "ctx", "not", "unpack"), itemgetter(slice(1, 2))),
    **dict.fromkeys(("item", "mutated", "delitem"), itemgetter(slice(1, 3))),
    **dict.fromkeys(("seq", "comp", "bool", "compare"), itemgetter(2)),
    **dict.fromkeys(("phi", "fstr"), itemgetter(1)),
    **dict.fromkeys(("ifexp", "setitem"), itemgetter(slice(1, 4))),
    "binop": itemgetter(slice(2, 4)),
    "call": _of_call,
    "dict": _of_dict,
    "typed": _of_typed,
}


def reached_rows(facts: ModuleFacts, row: int, through: Callable[[Row], Iterable[int]] = operands) -> dict[int, Row]:
    """All rows at and below ``row``; ``through``: the rows below one, where not all of them count."""
    found: dict[int, Row] = {}
    pending = [row]
    while pending:
        current = pending.pop()
        if current not in found:
            found[current] = facts.nodes[current]
            pending.extend(through(found[current]))
    return found


def own_element(facts: ModuleFacts, comprehension: int) -> int | None:
    """The element that a comprehension is made of, the ``iter`` row of its clause; None where it has several."""
    clauses = {loop.iterable for loop in facts.loops if loop.kind == "comprehension"}
    above = reached_rows(facts, comprehension, lambda node: () if node[0] == "iter" else operands(node))
    found = [row for row, node in above.items() if node[0] == "iter" and node[1] in clauses]
    return found[0] if len(found) == 1 else None


def comprehension_through(facts: ModuleFacts, element: int) -> int | None:
    """The comprehension that goes through a list, by the row of its element; None where something else does."""
    through = facts.nodes[element][1]
    if {loop.kind for loop in facts.loops if loop.iterable == through} != {"comprehension"}:
        return None
    # The rows of a comprehension stand between that of its first element and its own
    return next((row for row, _ in facts.of_kind("comp") if row > element), None)


def alternatives(facts: ModuleFacts, row: int) -> list[int]:
    """The rows that a variable may stand for, by the path taken; the row itself when there is no choice."""
    if facts.nodes[row][0] not in ("phi", "ifexp"):
        return [row]
    found: list[int] = []
    pending, seen = [row], {row}
    while pending:
        current = pending.pop()
        node = facts.nodes[current]
        choices = node[1] if node[0] == "phi" else node[2:4] if node[0] == "ifexp" else None
        if choices is None:
            found.append(current)
            continue
        pending.extend(choice for choice in choices if choice not in seen)
        seen.update(choices)
    return found


def depends_on(facts: ModuleFacts, row: int, node: Row) -> bool:
    """Whether a row equal to ``node`` lies at or below ``row``."""
    return node in reached_rows(facts, row).values()


def is_set_once(facts: ModuleFacts, name: str) -> bool:
    """Whether a module sets attributes of a name in one place, to a literal to which nothing is added."""
    values = [facts.nodes[store.value] for store in facts.stores if store.name == name]
    if len(values) != 1 or values[0][0] not in ("seq", "dict"):
        return False
    return name not in added_to(facts)


def added_to(facts: ModuleFacts, index: int = 0) -> set[str]:
    """The attributes to which a module adds: ``self.filters.append(…)``, ``self.query["kind"] = kind``."""
    called = (facts.nodes[facts.nodes[call.row][1]] for call in facts.calls)
    changed = [node[1] for node in called if node[0] == "attr" and node[2] in _ADDING]
    changed += [store.base for store in facts.item_stores]
    return {str(facts.nodes[row][2]) for row in changed if facts.nodes[row][0] == "attr"}


_ADDING = frozenset(["append", "extend", "insert", "add", "update", "setdefault"])
