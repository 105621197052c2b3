"""Documents and lists as the code builds them: what is in them in order, on which paths, and what may be besides.

`mongolint.project.documents` tells which fields a document has; here its structure is kept, as it is sent.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from mongolint.facts.shapes import Row
from mongolint.link import functions
from mongolint.link.atoms import (
    NONE,
    Const,
    Env,
    External,
    ExternalObject,
    FunctionRef,
    Literal,
    Method,
    Unknown,
    Value,
    strings,
)
from mongolint.mongo import drivers
from mongolint.project.documents import Place, Reader
from mongolint.project.explained.constructed import made, template
from mongolint.project.explained.shown import Entry, Gap, Listed, Name, Object, flat
from mongolint.project.explained.source import source

if TYPE_CHECKING:
    from mongolint.link.linker import Linker

_MAX_DEPTH = 60
_CHOICES = 3
_LENGTH = 30
# What is held by an object, which may be set where the model does not see it
_HELD = ("attr", "item")
_MAPPINGS = frozenset(("builtins.dict", "bson.SON", "bson.son.SON", "collections.OrderedDict"))
_COPIES = frozenset(("copy.copy", "copy.deepcopy"))
_RETURNED = {"pymongo.ReturnDocument.BEFORE": False, "pymongo.ReturnDocument.AFTER": True}
_EMPTY, _OPEN = Object(), Object(open=True)


class Transcriber:
    """Reads rows as values of `mongolint.project.explained.shown`."""

    def __init__(self, reader: Reader) -> None:
        self.reader = reader
        self.link: Linker = reader.link
        self._active: set[tuple[str, Place]] = set()

    def value(self, place: Place, otherwise: str = "…") -> Any:
        """A value; a gap called ``otherwise`` where not even its expression is known."""
        key = ("value", place)
        if key in self._active or len(self._active) > _MAX_DEPTH:
            return Gap(otherwise)
        self._active.add(key)
        try:
            found = template(self.link, place, self.value)
            found = made(self.link, place, self.value) if found is None else found
            return self._value(place, otherwise) if found is None else found
        finally:
            self._active.discard(key)

    def _value(self, place: Place, otherwise: str) -> Any:
        if self._is_given(place):
            return self.gap(place, otherwise)
        value = self.link.value(*place)
        kinds = {self._kind(atom) if type(atom) is Literal else "" for atom in value if type(atom) is not Unknown}
        if kinds == {"dict"}:
            return self.document(place, otherwise)
        if kinds == {"seq"}:
            return self.listed(place, otherwise)
        if len(value) == 1:
            atom = value[0]
            if type(atom) is Const and not isinstance(atom.value, bytes) and not self._is_unset(place, atom):
                return atom.value
            known = {**drivers.CONSTANTS, **_RETURNED}
            if type(atom) is External and atom.name in known:
                return known[atom.name]
            if type(atom) is ExternalObject and atom.name in drivers.COLLATIONS and atom.module >= 0:
                # Kept under a name, as on an object: what it is made of says more than where it is kept
                return made(self.link, Place(atom.module, atom.row, None), self.value)
        return self.gap(place, otherwise, value)

    def gap(self, place: Place, otherwise: str, value: Value = ()) -> Gap:
        """What is not known: the few constants that it can be, else its expression."""
        is_held = self.link.node(place.module, place.row)[0] in _HELD
        if not is_held and 1 < len(value) <= _CHOICES and all(type(atom) is Const for atom in value):
            return Gap(" or ".join(_cut(flat(atom.value)) for atom in value))
        return Gap(source(self.link, place, otherwise))

    def _is_unset(self, place: Place, atom: Const) -> bool:
        """Whether a constant is only what an attribute begins with, or the default of a setting."""
        node = self.link.node(place.module, place.row)
        if node[0] == "call":
            callee = self.link.value(place.module, node[1], place.env)
            return any(type(each) is External and not each.name.startswith("builtins.") for each in callee)
        return atom == NONE and node[0] in _HELD

    def _is_given(self, place: Place) -> bool:
        """Whether a value comes from the caller: what callers pass in this project is not all that it can be."""
        node = self.link.node(place.module, place.row)
        return node[0] == "param" and not (place.env and place.env.lookup(place.module, node[1]))

    def _kind(self, literal: Literal, depth: int = 4) -> str:
        """What a literal is below all that is put into it: dict, seq, comp."""
        node = self.link.node(literal.module, literal.row)
        row = literal.row
        for _ in range(_MAX_DEPTH):
            if node[0] not in ("setitem", "mutated", "delitem", "phi"):
                break
            row = node[1][0] if node[0] == "phi" else node[1]
            node = self.link.node(literal.module, row)
        below = self.link.value(literal.module, row, literal.env) if node[0] == "item" and depth else ()
        kinds = {self._kind(atom, depth - 1) for atom in below if type(atom) is Literal}
        own = {("comp", "dict"): "dict", ("binop", "+"): "seq"}.get(node[:2], str(node[0]))
        return kinds.pop() if len(kinds) == 1 else own

    def listed(self, place: Place, otherwise: str = "…") -> Any:
        """A list with all that the code puts into it; a gap where nothing of it is shown."""
        items, is_open = self.reader.items(*place)
        if is_open and not items:
            return self.gap(place, otherwise)
        return Listed(tuple((self.value(item.place), item.certain) for item in items), is_open)

    # Documents

    def document(self, place: Place, otherwise: str = "") -> Any:
        """The document that an expression builds; a gap where nothing of it is shown."""
        found = self._document(place)
        return self.gap(place, otherwise or "document") if found == _OPEN else found

    def _document(self, place: Place) -> Object:
        key = ("document", place)
        if key in self._active:
            return self._before_loop(place)
        if len(self._active) > _MAX_DEPTH:
            return _OPEN
        self._active.add(key)
        try:
            return self._built(place, self.link.node(place.module, place.row))
        finally:
            self._active.discard(key)

    def _before_loop(self, place: Place) -> Object:
        """That with which a loop that builds the document begins."""
        node = self.link.node(place.module, place.row)
        first = Place(place.module, node[1][0], place.env) if node[0] == "phi" and node[1] else place
        return _OPEN if ("document", first) in self._active else self._document(first)

    def _at(self, place: Place, row: int) -> Object:
        return self._document(Place(place.module, row, place.env))

    def _built(self, place: Place, node: Row) -> Object:
        match node[0]:
            case "dict":
                return self._dict(place, node[1])
            case "phi" | "ifexp" | "bool":
                return self._choice(place, node)
            case "setitem":
                return _merged(self._at(place, node[1]), self._entry(place, node[2], node[3]))
            case "delitem":
                return self._without(self._at(place, node[1]), Place(place.module, node[2], place.env))
            case "mutated":
                return self._mutated(place, node)
            case "binop" if node[1] == "|":
                return _merged(self._at(place, node[2]), self._at(place, node[3]))
            case "typed" if node[2] is not None:
                return self._at(place, node[2])
            case "await":
                return self._at(place, node[1])
            case "call":
                return self._called(place, node)
            case "param" if self._is_given(place):
                return _OPEN
        return self._of_value(self.link.value(*place), place)

    def _choice(self, place: Place, node: Row) -> Object:
        if node[0] == "phi":
            rows = [row for row in node[1] if ("document", Place(place.module, row, place.env)) not in self._active]
            return self._either(self._at(place, row) for row in rows)
        if node[0] == "ifexp":
            return self._either(self._at(place, row) for row in node[2:4])
        if node[1] == "and":
            return self._at(place, node[2][-1])
        return self._either(self._at(place, row) for row in node[2])

    def _of_value(self, value: Value, place: Place) -> Object:
        return self._either(self._of_atom(atom, place) for atom in value) if value else _OPEN

    def _of_atom(self, atom: Any, place: Place) -> Object:
        if type(atom) is Literal and Place(*atom) != place:
            return self._document(Place(*atom))
        return _EMPTY if atom == NONE else _OPEN

    def _dict(self, place: Place, pairs: Iterable[tuple[int | None, int]]) -> Object:
        found = _EMPTY
        for key, row in pairs:
            found = _merged(found, self._at(place, row) if key is None else self._entry(place, key, row))
        return found

    def _entry(self, place: Place, key: int, row: int) -> Object:
        """The document of one field."""
        at = Place(place.module, key, place.env)
        value = self.link.value(*at)
        names = strings(value)
        name = names[0] if len(names) == len(value) == 1 else self._name(at, value)
        otherwise = name.rpartition(".")[2] if isinstance(name, str) else "…"
        return Object((Entry(name, self.value(Place(place.module, row, place.env), otherwise)),))

    def _name(self, place: Place, value: Value) -> Name:
        return template(self.link, place, self.value) or self.gap(place, "field", value)

    def _without(self, base: Object, key: Place) -> Object:
        removed = strings(self.link.value(*key))
        return replace(base, entries=tuple(entry for entry in base.entries if entry.name not in removed))

    def _mutated(self, place: Place, node: Row) -> Object:
        base = self._at(place, node[1])
        _, function, args = self.link.node(place.module, node[2])
        name = self.link.node(place.module, function)[2]
        if name == "clear":
            return _EMPTY
        if name == "pop" and args:
            return self._without(base, Place(place.module, args[0][1], place.env))
        if name == "setdefault" and args:
            return _merged(self._default(place, args), base)
        return _merged(base, self._arguments(place, args)) if name == "update" else base

    def _default(self, place: Place, args: Any) -> Object:
        """What ``setdefault`` puts in. An empty document is one that something is then put into."""
        found = self._entry(place, args[0][1], args[-1][1]) if len(args) > 1 else _EMPTY
        entries = (replace(e, value=_OPEN) if e.value == _EMPTY else e for e in found.entries)
        return replace(found, entries=tuple(entries))

    def _arguments(self, place: Place, args: Iterable[tuple[str | None, int]]) -> Object:
        """What ``dict(…)`` and ``update(…)`` make of their arguments."""
        found = _EMPTY
        for keyword, row in args:
            if keyword is None or keyword == "**":
                found = _merged(found, self._mapping(Place(place.module, row, place.env)))
            elif keyword == "*":
                found = _merged(found, _OPEN)
            else:
                value = self.value(Place(place.module, row, place.env), keyword)
                found = _merged(found, Object((Entry(keyword, value),)))
        return found

    def _mapping(self, place: Place) -> Object:
        """A dict, or the list of pairs that ``dict`` and ``SON`` take."""
        value = self.link.value(*place)
        literal = value[0] if len(value) == 1 and type(value[0]) is Literal else None
        node = self.link.node(literal.module, literal.row) if literal else ("unknown",)
        if literal is None or node[0] != "seq":
            return self._document(place)
        found = _EMPTY
        for row in node[2]:
            pair = self.link.node(literal.module, row)
            if pair[0] != "seq" or len(pair[2]) != 2:
                return _OPEN
            found = _merged(found, self._entry(Place(*literal), *pair[2]))
        return found

    def _called(self, place: Place, node: Row) -> Object:
        value = self.link.value(place.module, node[1], place.env)
        return self._either(self._made_by(atom, place, node) for atom in value) if value else _OPEN

    def _made_by(self, atom: Any, place: Place, node: Row) -> Object:
        """What calling a function, a method or a class gives."""
        if type(atom) is FunctionRef:
            bound = functions.bind(self.link, atom, place.module, place.row, place.env)
            return self._either(self._returned(atom, bound))
        if type(atom) is External and atom.name in _MAPPINGS:
            return self._arguments(place, node[2])
        if type(atom) is External and atom.name in _COPIES and node[2]:
            return self._at(place, node[2][0][1])
        if type(atom) is Method and atom.name == "copy" and type(atom.receiver) is Literal:
            return self._document(Place(*atom.receiver))
        return _OPEN

    def _returned(self, atom: FunctionRef, env: Env | None) -> Iterator[Object]:
        returns = self.link.scope(atom.module, atom.scope).returns
        for row, _ in returns:
            if self.link.node(atom.module, row) != ("const", None):
                yield self._document(Place(atom.module, row, env))

    def _either(self, documents: Iterable[Object]) -> Object:
        return _one_document(list(documents)) or _OPEN


def _one_document(documents: list[Object]) -> Object | None:
    """One of several documents: what all have is certain, the rest may be there."""
    found = list(dict.fromkeys(documents))
    if len(found) < 2:
        return found[0] if found else None
    names = dict.fromkeys(entry.name for document in found for entry in document.entries)
    return Object(tuple(_of_all(name, found) for name in names), any(document.open for document in found))


def _of_all(name: Name, documents: list[Object]) -> Entry:
    entries = [entry for document in documents for entry in document.entries if entry.name == name]
    certain = len(entries) == len(documents) and all(entry.certain for entry in entries)
    return Entry(name, _one_of([entry.value for entry in entries]), certain)


def _merged(base: Object, other: Object) -> Object:
    """A document with all of another put into it. What is put in on some paths stands beside what it replaces."""
    held = {entry.name: entry for entry in base.entries}
    for entry in other.entries:
        before = held.get(entry.name)
        if before is not None and not entry.certain:
            entry = Entry(entry.name, _one_of([before.value, entry.value]), before.certain)
        held[entry.name] = entry
    return Object(tuple(held.values()), base.open or other.open)


def _one_of(values: list[Any]) -> Any:
    """A value that depends on the path."""
    distinct = {repr(value): value for value in values}
    if len(distinct) == 1:
        return values[0]
    if all(isinstance(value, Object) for value in values):
        return _one_document(values)
    if all(isinstance(value, Listed) for value in values):
        return _one_list(values)
    texts = [_cut(value.text if isinstance(value, Gap) else flat(value)) for value in distinct.values()]
    return Gap(" or ".join(texts) if len(texts) <= _CHOICES else "…")


def _one_list(lists: list[Listed]) -> Listed:
    """One of several lists: what is in all of them is certain."""
    items = list(dict.fromkeys(item for held in lists for item, _ in held.items))
    sure = [{item for item, certain in held.items if certain} for held in lists]
    return Listed(tuple((item, all(item in each for each in sure)) for item in items), any(held.open for held in lists))


def _cut(text: str) -> str:
    return text if len(text) <= _LENGTH else text[: _LENGTH - 1] + "…"
