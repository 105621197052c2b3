"""Writes that PyMongo 2 and 3 queue and send together: ``bulk.find({…}).upsert().update_one({…})``, ``bulk.execute()``.

Source: PyMongo 3.13.0, ``bulk.py``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from mongolint.facts.shapes import Call, ModuleFacts
from mongolint.fastclasses import NamedTuple
from mongolint.link.atoms import Bulk
from mongolint.link.driver import bulk_methods
from mongolint.mongo.methods import BULK, BULK_FIND, BULK_STARTS, Method

if TYPE_CHECKING:
    from mongolint.link.linker import Linker

_NAMES = {method.name for method in (*BULK.values(), *BULK_FIND.values()) if method.kind != "plain"}


class Queued(NamedTuple):
    """A call that queues a write, or sends what is queued. ``bulks``: what it may be called on."""

    call: Call
    method: Method
    bulks: tuple[Bulk, ...]


def starts_any(link: Linker) -> bool:
    """Whether the project has bulk operations at all: ``execute`` and ``insert`` are names of many things."""
    return any(link.of_module(_starts, module) for module in range(len(link.modules)))


def found_in(link: Linker, module: int) -> Iterator[Queued]:
    for call, receiver, name in link.of_module(_calls, module):
        bulks = tuple(atom for atom in link.value(module, receiver) if type(atom) is Bulk)
        methods = {method for atom in bulks if (method := bulk_methods(atom).get(name))}
        if len(methods) == 1:
            yield Queued(call, methods.pop(), bulks)


def _starts(facts: ModuleFacts, index: int) -> bool:
    functions = (facts.nodes[facts.nodes[call.row][1]] for call in facts.calls)
    return any(node[0] == "attr" and node[2] in BULK_STARTS for node in functions)


def _calls(facts: ModuleFacts, index: int) -> list[tuple[Call, int, str]]:
    """The calls of methods that bulk operations have, with their receivers and names."""
    functions = ((call, facts.nodes[facts.nodes[call.row][1]]) for call in facts.calls)
    return [(call, node[1], node[2]) for call, node in functions if node[0] == "attr" and node[2] in _NAMES]
