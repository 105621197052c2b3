"""``try`` statements around driver calls that stand in several functions of a module, word for word."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from mongolint.facts.shapes import ModuleFacts
from mongolint.fastclasses import NamedTuple
from mongolint.link.rowtools import operands
from mongolint.project.handlers import ExceptSite, is_inside

if TYPE_CHECKING:
    from mongolint.project.model import Project

_LEAST = 3
_LEAST_CALLS = 2
_MAX_SIZE = 400


class Repeated(NamedTuple):
    """The copies of one ``try``, each by its first clause, in order."""

    copies: tuple[ExceptSite, ...]


def find(project: Project) -> Iterator[Repeated]:
    """The statements of which there are at least three, each in a function of its own."""
    seen: set[tuple[int, int]] = set()
    groups: dict[Any, list[ExceptSite]] = {}
    for site in project.handlers:
        facts = project.modules[site.module]
        attempt = facts.contexts[site.handler.context].ref
        key = (site.module, attempt)
        if key in seen or site.module in project.tests or facts.scopes[site.scope].kind != "function":
            continue
        seen.add(key)
        if any(not call.chain for call in site.calls):
            form = _form(facts, site, attempt)
            if form is not None:
                groups.setdefault((site.module, form), []).append(site)
    for copies in groups.values():
        apart = list({copy.scope: copy for copy in copies}.values())
        if len(apart) >= _LEAST and len(apart) == len(copies):
            yield Repeated(tuple(apart))


def _form(facts: ModuleFacts, site: ExceptSite, attempt: int) -> Any:
    """What a ``try`` is, in words that two copies have in common; None for one that returns, or is too small."""
    parts = [
        number
        for number, entry in enumerate(facts.contexts)
        if entry.kind in ("try", "handler", "try-else", "finally") and entry.ref == attempt
    ]
    inner = [n for n in range(len(facts.contexts)) if any(n >= part and is_inside(facts, n, part) for part in parts)]
    held = set(inner)
    if any(context in held for _, context in facts.scopes[site.scope].returns):
        return None
    calls = [call for call in facts.calls if call.context in held and call.scope == site.scope]
    if len(calls) < _LEAST_CALLS:
        return None
    place = {number: index for index, number in enumerate(inner)}
    blocks = tuple(
        (entry.kind, place.get(entry.parent), _reference(facts, entry.kind, entry.ref))
        for entry in (facts.contexts[number] for number in inner)
    )
    did = tuple((place[call.context], _expression(facts, call.row)) for call in calls)
    clauses = tuple(
        (handler.name, _expression(facts, handler.types) if handler.types is not None else None)
        for handler in facts.tries[attempt].handlers
    )
    raised = tuple(
        (place[each.context], _expression(facts, each.value) if each.value is not None else None)
        for each in facts.raises
        if each.context in held
    )
    return blocks, did, clauses, raised, _names(facts, site, attempt)


def _names(facts: ModuleFacts, site: ExceptSite, attempt: int) -> Any:
    """The variables that the body sets, and to what."""
    begin = facts.contexts[facts.tries[attempt].context].begins
    end = facts.contexts[facts.tries[attempt].handlers[0].context].begins
    return tuple(
        (name, _expression(facts, row))
        for name, rows in sorted(facts.scopes[site.scope].defs.items())
        for row in rows
        if begin <= row < end
    )


def _reference(facts: ModuleFacts, kind: str, ref: int) -> Any:
    if kind in ("with", "then", "otherwise"):
        return _expression(facts, ref)
    if kind in ("loop", "comp", "while-test", "else"):
        iterable = facts.loops[ref].iterable
        return _expression(facts, iterable) if iterable is not None else None
    return None


def _expression(facts: ModuleFacts, row: int) -> Any:
    """An expression without the numbers of its rows; too long a one is only itself."""
    budget = [_MAX_SIZE]

    def of(current: int, around: tuple[int, ...]) -> Any:
        budget[0] -= 1
        if budget[0] < 0 or current in around:
            return ("row", current)
        node = facts.nodes[current]
        below = tuple(of(each, (*around, current)) for each in operands(node))
        match node[0]:
            case "free" | "param":
                return (node[0], node[2])
            case "attr":
                return ("attr", node[2], below)
            case "call":
                return ("call", tuple(keyword for keyword, _ in node[2]), below)
            case "const":
                return ("const", type(node[1]).__name__, node[1])
            case "from" | "module" | "unknown":
                return node
            case "func" | "class":
                return ("row", current)
            case "seq" | "binop" | "bool" | "compare" | "comp":
                return (node[0], node[1], below)
        return (node[0], below)

    return of(row, ())
