"""Calls that begin sessions and transactions."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING

from mongolint.facts.shapes import Call
from mongolint.link.atoms import UNKNOWN, Client, Session
from mongolint.link.atoms import Method as BoundMethod

if TYPE_CHECKING:
    from mongolint.link.linker import Linker

TRANSACTIONS = frozenset(["start_transaction", "with_transaction"])
STARTS = TRANSACTIONS | {"start_session"}


def is_start(link: Linker, module: int, row: int, names: Collection[str] = STARTS) -> bool:
    """Whether the call at ``row`` is one of these methods of a client or session.

    Nobody else has methods of these names, so that of an object that is not known they count as well.
    """
    function = link.node(module, row)[1]
    node = link.node(module, function)
    if node[0] != "attr" or node[2] not in names:
        return False
    value = link.value(module, function)
    return all(
        atom == UNKNOWN or (type(atom) is BoundMethod and isinstance(atom.receiver, Client | Session)) for atom in value
    )


def starts_among(link: Linker, module: int, calls: Iterable[Call], names: Collection[str] = STARTS) -> list[int]:
    """Those of the calls that begin a session or transaction, as rows."""
    return [call.row for call in calls if is_start(link, module, call.row, names)]
