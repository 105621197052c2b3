"""What is inside of a value that is stored: the documents that it is, or that an array of it holds."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from mongolint.fastclasses import NamedTuple
from mongolint.link.atoms import ClassRef, Elements, Instance
from mongolint.project.fields import types
from mongolint.project.tracing import stored
from mongolint.project.tracing.stored import Content, Stored
from mongolint.project.tracing.tracer import Spot

if TYPE_CHECKING:
    from mongolint.project.tracing.tracer import Tracer

_PARTS = ("seq", "comp")


class Inside(NamedTuple):
    """``closed``: these are all documents that may be in it, and their fields all fields."""

    contents: tuple[Content, ...] = ()
    closed: bool = False


NOTHING = Inside(closed=True)


def of(tracer: Tracer, value: Stored, kinds: types.Types) -> Inside:
    """What is inside of a stored value, which may be of these types."""
    if not {types.ANY, "object", "array"} & set(kinds):
        return NOTHING
    if value.spots:
        return _joined(_at(tracer, spot) for spot in value.spots)
    return _of_model(tracer, value) if value.declared is not None else Inside()


def _joined(found: Iterable[Inside]) -> Inside:
    every = list(found)
    contents = dict.fromkeys(id(content) for each in every for content in each.contents)
    by_id = {id(content): content for each in every for content in each.contents}
    return Inside(tuple(by_id[each] for each in contents), all(each.closed for each in every))


def _at(tracer: Tracer, spot: Spot) -> Inside:
    return tracer.once(("inside", spot), lambda: _find(tracer, spot), NOTHING)


def _find(tracer: Tracer, spot: Spot) -> Inside:
    kinds = set(types.at(tracer, spot)) - {"null"}
    if kinds == {"object"}:
        content = stored.read(tracer, spot)
        return Inside((content,), not (content.open or content.sources))
    node = tracer.node(spot)
    if node[0] in _PARTS and node[1] != "dict":
        parts = [spot.at(row) for row in node[2]]
        return _joined(_at(tracer, each) for each in parts) if parts else NOTHING
    if node[0] in ("phi", "ifexp"):
        rows = node[1] if node[0] == "phi" else node[2:4]
        return _joined(_at(tracer, spot.at(row)) for row in rows)
    if kinds == {"array"}:
        return _of_list(tracer, spot)
    return NOTHING if not {types.ANY, "object", "array"} & kinds else Inside()


def _of_list(tracer: Tracer, spot: Spot) -> Inside:
    """A list that is put together, or that a parameter or a helper gives."""
    env = spot.frame.env if spot.frame else None
    items, is_open = tracer.reader.items(spot.module, spot.row, env)
    found = _joined(_at(tracer, Spot(item.place.module, item.place.row, spot.frame)) for item in items)
    return Inside(found.contents, found.closed and (not is_open or is_listed(tracer, spot)))


def is_listed(tracer: Tracer, spot: Spot) -> bool:
    """Whether the code shows all that a list may hold, however many there are of each."""
    return tracer.once(("listed", spot), lambda: _is_listed(tracer, spot), True)


def _is_listed(tracer: Tracer, spot: Spot) -> bool:
    node = tracer.node(spot)
    match node[0]:
        case "comp":
            return bool(node[1] != "dict")
        case "seq":
            stars = [tracer.node(spot.at(row)) for row in node[2] if tracer.node(spot.at(row))[0] == "star"]
            return all(is_listed(tracer, spot.at(star[1])) for star in stars)
        case "phi":
            return all(is_listed(tracer, spot.at(row)) for row in node[1])
        case "binop" if node[1] == "+":
            return all(is_listed(tracer, spot.at(row)) for row in node[2:4])
        case "typed" if node[2] is not None:
            return is_listed(tracer, spot.at(node[2]))
        case "param":
            passed = tracer.parameter(spot)
            return passed is not None and is_listed(tracer, passed)
        case "mutated":
            call = tracer.node(spot.at(node[2]))
            method, given = tracer.node(spot.at(call[1]))[2], [row for _, row in call[2]]
            if method in ("extend", "update") and not all(is_listed(tracer, spot.at(row)) for row in given):
                return False
            return is_listed(tracer, spot.at(node[1]))
    return False


# Models


def _of_model(tracer: Tracer, value: Stored) -> Inside:
    """The models that a field of a model is annotated with: ``Address``, ``list[Address]``."""
    assert value.declared is not None
    cls, name = value.declared
    for owner in tracer.link.hierarchy.order(cls):
        row = tracer.link.bound(*owner, name).annotation
        if row is not None:
            atoms = [
                each
                for atom in tracer.link.annotated(owner.module, row)
                for each in (atom.items if type(atom) is Elements else (atom,))
            ]
            classes = [ClassRef(*atom[:2]) for atom in atoms if type(atom) is Instance]
            found = [stored.of_class(tracer, each) for each in dict.fromkeys(classes)]
            contents = tuple(content for content in found if content is not None)
            is_closed = len(contents) == len(atoms) and not any(content.open for content in contents)
            return Inside(contents, is_closed)
    return Inside()
