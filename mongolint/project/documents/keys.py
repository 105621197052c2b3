"""Sorts and key patterns of indexes, in the forms that the driver takes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from mongolint.link.atoms import Const, External, Literal, strings
from mongolint.link.rowtools import own_element
from mongolint.mongo import drivers
from mongolint.project.documents.shapes import DOCUMENT_ROWS, Item, Place

if TYPE_CHECKING:
    from mongolint.project.documents.reader import Reader


def key_pattern(reader: Reader, place: Place, direction: Place | None = None) -> list[tuple[str, Any]] | None:
    """``"f"``, ``[("f", -1)]``, ``["f"]`` or ``{"f": 1}`` as pairs; None where a part is not known."""
    value = reader.link.value(*place)
    names = strings(value)
    if len(names) == 1 and len(value) == 1:
        given = [1] if direction is None else directions(reader, direction)
        return [(names[0], given[0])] if given else None
    if len(value) != 1 or type(value[0]) is not Literal:
        return None
    literal = Place(*value[0])
    if reader.link.node(literal.module, literal.row)[0] in DOCUMENT_ROWS:
        return None if reader.document(*literal).open else _pairs(reader, reader.entries(*literal))
    return _listed(reader, literal)


def _listed(reader: Reader, place: Place) -> list[tuple[str, Any]] | None:
    node = reader.link.node(place.module, place.row)
    if node[0] == "comp" and node[1] != "dict":
        return _made_of_each(reader, place) or _texts(reader, place)
    items, is_open = reader.items(*place)
    if is_open or not items or not all(item.certain for item in items):
        return None
    return _key_list(reader, items)


def _made_of_each(reader: Reader, place: Place) -> list[tuple[str, Any]] | None:
    """``[(name, 1) for name in ("shop", "sku")]``, where the source lists the names and all of them are taken."""
    facts, (part,) = reader.link.modules[place.module], reader.link.node(place.module, place.row)[2]
    element = own_element(facts, place.row)
    if element is None or reader.is_chosen(place.module, source := facts.nodes[element][1]):
        return None
    listed = reader.link.value(place.module, source, place.env)
    if len(listed) != 1 or type(listed[0]) is not Literal:
        return None
    names, is_open = reader.items(*listed[0])
    if is_open or not names or not all(name.certain for name in names):
        return None
    found: list[Item] = []
    for name in names:
        value = reader.link.value(*name.place)
        if len(value) != 1:
            return None
        pinned = reader.link.pin(place.module, element, value[0], place.env)
        found.append(Item(Place(place.module, part, pinned), True))
    return _key_list(reader, found)


def _texts(reader: Reader, place: Place) -> list[tuple[str, Any]] | None:
    """``[(name, "text") for name in names]``: a text index, whichever its fields are; named as the server lists it."""
    module, (part,), env = place.module, reader.link.node(place.module, place.row)[2], place.env
    node = reader.link.node(module, part)
    if node[0] != "seq" or len(node[2]) != 2 or directions(reader, Place(module, node[2][1], env)) != ["text"]:
        return None
    return [("_fts", "text")]


def _pairs(reader: Reader, entries: Iterable[tuple[str, Place]]) -> list[tuple[str, Any]] | None:
    found = []
    for name, at in entries:
        given = directions(reader, at)
        if not given:
            return None
        found.append((name, given[0]))
    return found or None


def _key_list(reader: Reader, items: Iterable[Item]) -> list[tuple[str, Any]] | None:
    found: list[tuple[str, Any]] = []
    for item in items:
        module, row, env = item.place
        value = reader.link.value(module, row, env)
        names = strings(value)
        if len(names) == 1 and len(value) == 1:
            found.append((names[0], 1))
            continue
        if len(value) != 1 or type(value[0]) is not Literal:
            return None
        literal = value[0]
        node = reader.link.node(literal.module, literal.row)
        if node[0] in DOCUMENT_ROWS:
            pairs = _pairs(reader, reader.entries(*literal))
            if pairs is None:
                return None
            found.extend(pairs)
            continue
        if node[0] != "seq" or not 1 <= len(node[2]) <= 2:
            return None
        fields = strings(reader.link.value(literal.module, node[2][0], literal.env))
        given: list[Any] = [1]
        if len(node[2]) == 2:
            given = directions(reader, Place(literal.module, node[2][1], literal.env))
        if len(fields) != 1 or not given:
            return None
        found.append((fields[0], given[0]))
    return found


def directions(reader: Reader, place: Place) -> list[Any]:
    """The index directions or types that a value can be: 1, -1, "text" …"""
    found: list[Any] = []
    for atom in reader.link.value(*place):
        if type(atom) is Const and atom.kind in ("int", "float", "str"):
            found.append(int(atom.value) if atom.kind == "float" else atom.value)
        elif type(atom) is External and atom.name in drivers.CONSTANTS:
            found.append(drivers.CONSTANTS[atom.name])
        elif type(atom) is Literal:
            found.append({name: _text(reader, at) for name, at in reader.entries(*atom)})
    return found


def _text(reader: Reader, place: Place) -> str | bool:
    """The one text that stands there, as "textScore" in ``{"$meta": "textScore"}``; True for anything else."""
    names = strings(reader.link.value(*place))
    return names[0] if len(names) == 1 else True
