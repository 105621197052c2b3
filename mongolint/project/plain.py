"""Documents as plain data: what the code shows of a filter, with `ANY` for what only the running program knows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from mongolint.coverage import ANY
from mongolint.link.atoms import NONE, Const, External, ExternalObject, Literal, informative
from mongolint.mongo import drivers
from mongolint.project.documents import REGEXES, Document, Place, Reader

_MAX_DEPTH = 12
_LETTERS = {
    f"re.{name}": letter
    for letter, names in {
        "i": ("IGNORECASE", "I"),
        "m": ("MULTILINE", "M"),
        "s": ("DOTALL", "S"),
        "x": ("VERBOSE", "X"),
        "": ("UNICODE", "U", "ASCII", "A"),
    }.items()
    for name in names
}
_PART = "\ue000"
# A comparison of each operator class, for a value that is not written as one document
_TYPICAL: dict[str, Callable[[], Any]] = {
    "in": lambda: {"$in": ANY},
    "range": lambda: {"$gt": ANY},
    "negation": lambda: {"$ne": ANY},
    "regex": lambda: {"$regex": ANY},
    "exists": lambda: {"$exists": True},
    "type": lambda: {"$type": ANY},
    "mod": lambda: {"$mod": ANY},
    "bits": lambda: {"$bitsAllSet": ANY},
    "null": lambda: None,
    "array": lambda: {"$all": ANY},
    "elem-match": lambda: {"$elemMatch": ANY},
    "geo": lambda: {"$geoWithin": {"$geometry": ANY}},
}


def filter_of(reader: Reader, document: Document) -> dict[str, Any]:
    """What is sure of a filter: `ANY` for unknown values; what is optional or not shown left out."""
    return _filter(reader, document, _MAX_DEPTH)


def _filter(reader: Reader, document: Document, depth: int) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, kind in document.required.items():
        place = document.places.get(name)
        value = _value(reader, place, depth) if place is not None else ANY
        found[name] = _TYPICAL[kind]() if value is ANY and kind in _TYPICAL else value
    for operator, place in document.clauses:
        for clause in _clauses(reader, operator, place, depth):
            if operator in found:
                found.setdefault("$and", []).append(clause)
            else:
                found.update(clause)
    return found


def _clauses(reader: Reader, operator: str, place: Place | None, depth: int) -> Iterator[dict[str, Any]]:
    if operator == "$text":
        yield {"$text": {"$search": ANY}}
    elif place is None:
        yield {"$expr": ANY}  # one of several: a test on each document, for all that is known
    elif operator in ("$or", "$nor"):
        items, is_open = reader.items(*place)
        if is_open or not items or not all(item.certain for item in items) or not depth:
            yield {"$expr": ANY}  # branches that the code does not show: a test on each document
        else:
            yield {operator: [_filter(reader, reader.document(*item.place), depth - 1) for item in items]}
    else:
        yield {operator: _value(reader, place, depth)}


def value_of(reader: Reader, place: Place) -> Any:
    """A value; `ANY` in the places that are not known."""
    return _value(reader, place, _MAX_DEPTH)


def _value(reader: Reader, place: Place, depth: int) -> Any:
    if reader.constructed(place) in REGEXES:
        return _regex(reader, place)
    if reader.is_none(place):
        return None
    value = reader.link.value(*place)
    if value == (NONE,):
        return ANY
    if len(value) != 1 or not depth:
        return ANY
    atom = value[0]
    if type(atom) is Const:
        return ANY if _is_guessed(reader, place) else atom.value
    if type(atom) is External:
        return drivers.CONSTANTS.get(atom.name, ANY)
    if type(atom) is ExternalObject and atom.name in drivers.COLLATIONS:
        return collation_of(reader, place) or ANY
    return _literal(reader, atom, depth) if type(atom) is Literal else ANY


def _is_guessed(reader: Reader, place: Place) -> bool:
    """Whether a value is taken out of what is not known, by a key under which other code puts a constant."""
    node = reader.link.node(place.module, place.row)
    return node[0] == "item" and not informative(reader.link.value(place.module, node[1], place.env))


def _literal(reader: Reader, atom: Literal, depth: int) -> Any:
    node = reader.link.node(atom.module, atom.row)
    if node[0] in ("seq", "binop"):
        items, is_open = reader.items(*atom)
        if is_open or not all(item.certain for item in items):
            return ANY
        return [_value(reader, item.place, depth - 1) for item in items]
    if node[0] not in ("dict", "setitem"):
        return ANY
    if not _names_all(reader, atom.module, node):
        return ANY
    return {
        name: _pattern(reader, at) if name == "$regex" else _value(reader, at, depth - 1)
        for name, at in reader.entries(*atom)
    }


def _names_all(reader: Reader, module: int, node: Any) -> bool:
    """Whether a document's keys are all written out, or at least none spread into it."""
    return node[0] != "dict" or all(key is not None for key, _ in node[1])


def _regex(reader: Reader, place: Place) -> dict[str, Any]:
    """A regular expression that is constructed in place."""
    arguments = _arguments(reader, place, ("pattern", "flags"))
    source = _pattern(reader, arguments["pattern"]) if "pattern" in arguments else ANY
    return {"$regex": source, "$options": _flags(reader, arguments["flags"]) if "flags" in arguments else ""}


def collation_of(reader: Reader, place: Place) -> dict[str, Any] | None:
    """The collation that a value is, as a document; None where it is none, or not all of it is known."""
    value = reader.link.value(*place)
    if len(value) != 1 or type(value[0]) is not ExternalObject or value[0].name not in drivers.COLLATIONS:
        return None
    made = Place(value[0].module, value[0].row, None)
    arguments = _arguments(reader, made, ("locale", "caseLevel", "caseFirst", "strength"))
    found = {name: value_of(reader, at) for name, at in arguments.items()}
    return None if any(value is ANY for value in found.values()) else found


def _flags(reader: Reader, place: Place) -> str:
    """The flags of a regular expression as the letters of ``$options``; "?" for others."""
    node = reader.link.node(place.module, place.row)
    if node[0] == "binop" and node[1] == "|":
        return "".join(_flags(reader, Place(place.module, row, place.env)) for row in node[2:4])
    names = [atom.name for atom in reader.link.value(*place) if type(atom) is External]
    return _LETTERS.get(names[0], "?") if len(names) == 1 else "?"


def _arguments(reader: Reader, place: Place, names: tuple[str, ...]) -> dict[str, Place]:
    """The arguments of a call by name; ``names`` are those of the first positions."""
    node = reader.link.node(place.module, place.row)
    given = node[2] if node[0] == "call" else ()
    positional = [row for keyword, row in given if keyword is None]
    found = dict(zip(names, positional, strict=False))
    found.update((keyword, row) for keyword, row in given if keyword not in (None, "*", "**"))
    return {name: Place(place.module, row, place.env) for name, row in found.items()}


def _pattern(reader: Reader, place: Place) -> Any:
    """The source of a regular expression, unknown parts as one letter: what stands before them may anchor it."""
    text = _text(reader, place, _MAX_DEPTH)
    return ANY if text == _PART else text


def _text(reader: Reader, place: Place, depth: int) -> str:
    node = reader.link.node(place.module, place.row)
    if node[0] == "fstr" and depth:
        return "".join(_text(reader, Place(place.module, row, place.env), depth - 1) for row in node[1])
    if node[0] == "binop" and node[1] == "+" and depth:
        return "".join(_text(reader, Place(place.module, row, place.env), depth - 1) for row in node[2:4])
    value = reader.link.value(*place)
    if len(value) == 1 and type(value[0]) is Const and isinstance(value[0].value, str):
        return value[0].value
    return _PART
