"""Receivers of which nothing is known: whether one is a collection, which one, and what is done to its cursor.

A method that only the driver has tells it. Methods that other things have, too, count where the same name is asked for
such a one in the same module: ``self.collection.find(…)`` beside ``self.collection.find_one(…)``. That one is asked of
``db.users`` tells the same of ``db.orders``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from mongolint.facts.shapes import Call, ModuleFacts, Row
from mongolint.link.atoms import NONE, UNKNOWN, ClassRef, Collection, Database, Env, Value, strings
from mongolint.link.rowtools import alternatives
from mongolint.mongo.methods import DRIVER_ONLY

if TYPE_CHECKING:
    from mongolint.link.linker import Linker

_DATABASE_NAMES = frozenset(["db", "database", "mongo", "mongodb", "mdb", "_db", "_database", "mongo_db", "_mongo"])
# Of the methods that other things have, those whose arguments mean the same wherever a receiver has the others
_SHARED = frozenset(["find", "aggregate", "distinct", "bulk_write"])
# Other databases make indexes by these names, too: what is no collection by its name is none
_INDEXING = frozenset(["create_index", "create_indexes"])
# ``self.collection`` as its names, from the first on
Dotted = tuple[str, ...]


def is_untraced(value: Value) -> bool:
    """Whether nothing is known of a receiver that would rule a driver object out."""
    return all(atom in (UNKNOWN, NONE) for atom in value)


def asks_collection(link: Linker, module: int, row: int, method: str) -> bool:
    """Whether a call of ``method`` on what is not traced at ``row`` can only be meant for a collection."""
    if method in DRIVER_ONLY:
        return True
    if method in _INDEXING:
        return guessed(link, module, row)[0].name is not None
    if method not in _SHARED:
        return False
    facts = link.modules[module]
    asked = link.of_module(_asked, module)
    names = {*_dotted(facts, row), *_of_database(facts, row)} & asked.keys()
    return any(is_untraced(link.value(module, each)) for name in names for each in asked[name])


def asks_mapper(link: Linker, module: int, call: int) -> bool:
    """Whether a call asks an object mapper: ``engine.find_one(User, …)``, ``User.objects(…).update_one(…)``."""
    node = link.node(module, call)
    first = next((row for keyword, row in node[2] if keyword is None), None)
    # Only a name that looks like a class is asked for: questions take of the work that others may do
    if first is not None and _last_name(link, module, first)[:1].isupper():
        if any(type(atom) is ClassRef for atom in link.value(module, first)):
            return True
    node = link.node(module, node[1])
    while node[0] in ("attr", "call"):
        if node[0] == "attr" and node[2] == "objects":
            return True
        node = link.node(module, node[1])
    return False


def guessed(link: Linker, module: int, row: int, env: Env | None = None) -> tuple[Collection, ...]:
    """The collection that ``db.users`` or ``db["users"]`` names, where ``db`` itself is not traced."""
    node = link.node(module, row)
    unnamed = (Collection(Database(None, None, "unknown"), None),)
    if (cls := _of_self(link, module, node)) is not None:  # what the constructor has named
        stores = (store for store in link.modules[module].stores if store.name == node[2])
        kept = [store.value for store in stores if _of_self(link, module, ("attr", store.base)) == cls]
        is_made = len(kept) == 1 and _of_self(link, module, link.node(module, kept[0])) is None
        return guessed(link, module, kept[0]) if is_made else unnamed
    if node[0] not in ("attr", "item") or _last_name(link, module, node[1]) not in _DATABASE_NAMES:
        return unnamed
    if node[0] == "attr":
        return (Collection(Database(None, None, "unknown"), node[2]),)
    names = strings(link.value(module, node[2], env))
    return tuple(Collection(Database(None, None, "unknown"), name) for name in names) or unnamed


def chained(facts: ModuleFacts, calls: Iterable[tuple[Call, int, str]], row: int) -> Iterator[tuple[Call, str]]:
    """Of the calls of cursor methods, with receivers and names, those on the cursor of the call at ``row``."""
    held = {row}
    for call, receiver, name in calls:
        if any(each in held for each in alternatives(facts, receiver)):
            held.add(call.row)
            yield call, name


def _of_self(link: Linker, module: int, node: Row) -> ClassRef | None:
    """The class on whose ``self`` an attribute is."""
    base = link.node(module, node[1]) if node[0] == "attr" else ("none",)
    return link.method_class(module, base[1]) if base[0] == "param" and base[2] == "self" else None


def _last_name(link: Linker, module: int, row: int) -> str:
    node = link.node(module, row)
    return str(node[2]) if node[0] in ("attr", "param", "free", "from") else ""


def _asked(facts: ModuleFacts, index: int) -> dict[Dotted, list[int]]:
    """What a module calls methods on that only the driver has, by name."""
    found: dict[Dotted, list[int]] = {}
    for call in facts.calls:
        node = facts.nodes[facts.nodes[call.row][1]]
        if node[0] == "attr" and node[2] in DRIVER_ONLY:
            for name in (*_dotted(facts, node[1]), *_of_database(facts, node[1])):
                found.setdefault(name, []).append(node[1])
    return found


def _of_database(facts: ModuleFacts, row: int) -> Iterator[Dotted]:
    """The names of what is called like a database, where a collection of it is asked for by name or key."""
    node = facts.nodes[row]
    if node[0] in ("attr", "item"):
        yield from ((*name, "[]") for name in _dotted(facts, node[1]) if name[-1] in _DATABASE_NAMES)


def _dotted(facts: ModuleFacts, row: int) -> Iterator[Dotted]:
    """The names by which the source calls a value: of a parameter, a global or their attributes."""
    for each in alternatives(facts, row):
        names: list[str] = []
        node = facts.nodes[each]
        while node[0] == "attr":
            names.append(node[2])
            node = facts.nodes[node[1]]
        if node[0] in ("param", "free", "from"):
            yield (node[2], *reversed(names))
