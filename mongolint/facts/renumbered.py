"""Numbers of rows that outlive an edit: what the new table shares with the old one keeps its number.

Only who remembers what he was told of the old table needs it. A number that passes to another row does no harm: what
the row says tells.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from mongolint.facts.shapes import Context, Handler, ModuleFacts, Param, Row, Scope, Store

# From a row to the next at the first look at a module. Odd: sets and dicts tell numbers apart by their last bits
STEP = 4_099
# From a new row to the next, if there is room
_NEAR = 16
# Rows looked at on both sides to find where two tables go on alike
_AHEAD = 12

Numbers = Mapping[int, int]
# Where a row is now; None stands for none
At = Callable[[int | None], Any]


def follow(old: ModuleFacts, new: ModuleFacts) -> ModuleFacts:
    """``new`` with the numbers of ``old``, which is an earlier state of the same module."""
    numbers = _numbers(old, new)
    return new if numbers is None else renumber(new, numbers)


def _numbers(old: ModuleFacts, new: ModuleFacts) -> dict[int, int] | None:
    """The numbers of the new rows, in order; None where there is no room for them."""
    mine, other = _labelled(old), _labelled(new)
    kept = _alike(mine, other)
    numbers: dict[int, int] = {}
    waiting: list[int] = []
    last = -1
    for row, _ in other:
        if row not in kept:
            waiting.append(row)
            continue
        if not _between(numbers, waiting, last, kept[row]):
            return None
        last = numbers[row] = kept[row]
    _between(numbers, waiting, last, last + STEP * (len(waiting) + 1))
    return numbers


def _between(numbers: dict[int, int], rows: list[int], last: int, following: int) -> bool:
    """Give numbers to new rows between two that keep theirs."""
    step = min(_NEAR, (following - last) // (len(rows) + 1))
    if step < 1:
        return False
    for count, row in enumerate(rows, 1):
        numbers[row] = last + count * step
    rows.clear()
    return True


def _alike(old: Sequence[tuple[int, Row]], new: Sequence[tuple[int, Row]]) -> dict[int, int]:
    """The rows that both tables have, new number to old one: from both ends, past what differs in a few places."""
    kept: dict[int, int] = {}
    first = 0
    while first < min(len(old), len(new)) and old[first][1] == new[first][1]:
        kept[new[first][0]] = old[first][0]
        first += 1
    here, there = len(old) - 1, len(new) - 1
    while here >= first and there >= first:
        if old[here][1] != new[there][1]:
            found = _resumed(old, new, here, there, first)
            if found is None:
                break
            here, there = found
        kept[new[there][0]] = old[here][0]
        here, there = here - 1, there - 1
    return kept


def _resumed(
    old: Sequence[tuple[int, Row]], new: Sequence[tuple[int, Row]], here: int, there: int, first: int
) -> tuple[int, int] | None:
    """The nearest place before from which on two rows are alike in both tables."""
    for apart in range(1, _AHEAD):
        for skipped in range(apart + 1):
            mine, other = here - skipped, there - (apart - skipped)
            if min(mine, other) > first and all(old[mine - n][1] == new[other - n][1] for n in (0, 1)):
                return mine, other
    return None


def _labelled(facts: ModuleFacts) -> list[tuple[int, Row]]:
    """The rows by number, each with what the rows that it refers to say by themselves in place of their numbers."""
    alone: dict[int | None, Row | None] = {None: None}
    alone.update((row, _alone(node)) for row, node in facts.numbered())
    return [(row, _row(node, alone.__getitem__)) for row, node in facts.numbered()]


def _alone(node: Row) -> Row:
    """What a row says without what it refers to."""
    if node[0] not in _ROWS:
        return node
    return (node[0], node[2]) if node[0] == "attr" else (node[0],)


def renumber(facts: ModuleFacts, numbers: Numbers) -> ModuleFacts:
    """The same facts with other numbers of rows; their order is to stay."""
    known: dict[int | None, Any] = {None: None}
    known.update(numbers.items())
    at = known.__getitem__
    behind = max(numbers.values(), default=-STEP) + STEP

    def place(row: int) -> int:
        """A number from which on rows stand somewhere; the one behind the last, too."""
        return numbers.get(row, behind)

    return replace(
        facts,
        nodes={at(row): _row(node, at) for row, node in facts.numbered()},
        scopes=[_scope(scope, at, place) for scope in facts.scopes],
        contexts=[_context(context, at, place) for context in facts.contexts],
        loops=[replace(loop, iterable=at(loop.iterable)) for loop in facts.loops],
        tries=[replace(held, handlers=[_handler(each, at) for each in held.handlers]) for held in facts.tries],
        calls=[replace(call, row=at(call.row)) for call in facts.calls],
        references=[replace(each, row=at(each.row), call=at(each.call)) for each in facts.references],
        stores=[_store(store, at) for store in facts.stores],
        item_stores=[replace(_store(store, at), name=at(int(store.name))) for store in facts.item_stores],
        raises=[replace(each, value=at(each.value), cause=at(each.cause)) for each in facts.raises],
        uses=[replace(use, row=at(use.row)) for use in facts.uses],
        spans={at(row): span for row, span in facts.spans.items()},
        tokens={at(row): span for row, span in facts.tokens.items()},
    )


def _scope(scope: Scope, at: At, place: Callable[[int], int]) -> Scope:
    return replace(
        scope,
        params=[_param(param, at) for param in scope.params],
        decorators=[*map(at, scope.decorators)],
        return_annotation=at(scope.return_annotation),
        returns=[(at(row), context) for row, context in scope.returns],
        yields=[*map(at, scope.yields)],
        bases=[*map(at, scope.bases)],
        keywords=[(name, at(row)) for name, row in scope.keywords],
        defs={name: [*map(at, rows)] for name, rows in scope.defs.items()},
        final={name: at(row) for name, row in scope.final.items()},
        annotations={name: at(row) for name, row in scope.annotations.items()},
        rows=(place(scope.rows[0]), place(scope.rows[1])),
    )


def _param(param: Param, at: At) -> Param:
    return replace(param, annotation=at(param.annotation), default=at(param.default))


def _context(context: Context, at: At, place: Callable[[int], int]) -> Context:
    ref = at(context.ref) if context.kind in ("with", "then", "otherwise") else context.ref
    return replace(context, ref=ref, begins=place(context.begins))


def _handler(handler: Handler, at: At) -> Handler:
    return replace(handler, types=at(handler.types))


def _store(store: Store, at: At) -> Store:
    return replace(store, base=at(store.base), value=at(store.value), annotation=at(store.annotation))


def _row(node: Row, at: At) -> Row:
    handler = _ROWS.get(node[0])
    return handler(node, at) if handler else node


def _first(node: Row, at: At) -> Row:
    return (node[0], at(node[1]), *node[2:])


def _each(node: Row, at: At) -> Row:
    return (node[0], *map(at, node[1:]))


def _but_first(node: Row, at: At) -> Row:
    return (node[0], node[1], *map(at, node[2:]))


def _set(node: Row, at: At) -> Row:
    return (node[0], at(node[1]), node[2], at(node[3]))


def _list(node: Row, at: At) -> Row:
    return (node[0], tuple(map(at, node[1])))


def _kind_and_list(node: Row, at: At) -> Row:
    return (node[0], node[1], tuple(map(at, node[2])))


def _dict(node: Row, at: At) -> Row:
    return ("dict", tuple((at(key), at(value)) for key, value in node[1]))


def _call(node: Row, at: At) -> Row:
    return ("call", at(node[1]), tuple((name, at(value)) for name, value in node[2]))


_ROWS: dict[str, Callable[[Row, At], Row]] = {
    "attr": _first,
    "item": _each,
    "call": _call,
    "dict": _dict,
    "seq": _kind_and_list,
    "fstr": _list,
    "binop": _but_first,
    "bool": _kind_and_list,
    "not": _each,
    "compare": _kind_and_list,
    "ifexp": _each,
    "await": _each,
    "phi": _list,
    "iter": _each,
    "unpack": _first,
    "ctx": _each,
    "setitem": _each,
    "delitem": _each,
    "setattr": _set,
    "mutated": _each,
    "comp": _kind_and_list,
    "star": _each,
    "typed": _each,
    "yield": _each,
    "exc": _each,
}
