"""What code keeps in a dict that outlives a call: databases by tenant, collections by name, repositories by kind.

A dict that a function fills says nothing where it is written (``{}``), so its entries are looked up among the
assignments to it, wherever they stand.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from mongolint.facts.shapes import ModuleFacts, Store
from mongolint.link.atoms import DRIVER_ATOMS, UNKNOWN, Const, Env, Instance, Literal, Value, join
from mongolint.link.states.gathered import Gather

if TYPE_CHECKING:
    from mongolint.link.linker import Linker


def kept(link: Linker, module: int, row: int, env: Env | None) -> Value:
    """The objects of the driver or the project that ``holder[key]`` at ``row`` was given anywhere, by its key."""
    _, holder, key_row = link.node(module, row)
    node = link.node(module, holder)
    if node[0] not in _HOLDERS:
        return ()
    dicts = {atom[:2] for atom in link.value(module, holder, env) if type(atom) is Literal}
    dicts = {place for place in dicts if link.node(*place) == _EMPTY}
    if not dicts:
        return ()
    key = link.value(module, key_row, env)
    found = []
    for other, store in link.gathered(_KEPT, node[2]):
        held = link.value(other, store.base)
        if any(type(atom) is Literal and atom[:2] in dicts for atom in held):
            found.append(_entry(link, other, store, key, env))
    return tuple(atom for atom in join(found) if isinstance(atom, (*DRIVER_ATOMS, Instance)))


def _entry(link: Linker, module: int, store: Store, key: Value, env: Env | None) -> Value:
    """What one assignment puts under ``key``; of a loop that fills the dict, the round that does."""
    row = int(store.name)
    stored = link.value(module, row, env)
    if not stored or not key or UNKNOWN in stored or UNKNOWN in key:
        return link.value(module, store.value, env)
    common = [atom for atom in stored if atom in key]
    if link.node(module, row)[0] == "iter" and all(type(atom) is Const for atom in common):
        return join(link.value(module, store.value, link.pin(module, row, atom, env)) for atom in common)
    return link.value(module, store.value, env) if common else ()


_HOLDERS = ("attr", "free", "from")
_EMPTY = ("dict", ())


def _kept(module: int, facts: ModuleFacts) -> Iterator[tuple[str, Store]]:
    """Assignments to an item of an attribute or a global, by the name of that."""
    for store in facts.item_stores:
        node = facts.nodes[store.base]
        if node[0] in _HOLDERS:
            yield node[2], store


def _plain(store: Store) -> tuple[object, ...]:
    return store.base, store.name, store.value, store.scope


_KEPT = Gather(_kept, tests=False, plain=_plain)
