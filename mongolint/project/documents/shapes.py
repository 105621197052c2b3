"""What is known of a document, and how that changes as code puts more into it.

A document is built like a dict: an operator that is set again replaces the one before, as a field does. So it keeps
what each of its operators holds, and what they come down to together is found anew where one is replaced.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import field, replace

from mongolint.fastclasses import NamedTuple, dataclass
from mongolint.link.atoms import Env
from mongolint.mongo import operators

# The rows that a document is built of
DOCUMENT_ROWS = ("dict", "setitem", "mutated", "delitem")


class Place(NamedTuple):
    """A row to be read in an environment."""

    module: int
    row: int
    env: Env | None


class Item(NamedTuple):
    """An item of a list; ``certain`` when it is there on every path."""

    place: Place
    certain: bool


class Clause(NamedTuple):
    """An operator beside the fields that is surely there; ``place``: its value, None where it is one of several."""

    operator: str
    place: Place | None


class Part(NamedTuple):
    """An operator of a document. ``places``: the values that it may have, ``document``: the fields in them.

    ``sure``: it is there on every path.
    """

    document: Document
    places: tuple[Place, ...]
    sure: bool = True

    def held(self) -> Document:
        return self.document if self.sure else self.document.maybe()


@dataclass(frozen=True, slots=True)
class Document:
    """What is known of a document.

    ``required`` and ``optional`` map dotted fields to their operator class (`mongolint.mongo.operators`),
    in the order met. ``open``: other fields may be in it. ``places``: where the value of each field stands.
    ``clauses``: the operators beside fields that are surely there (``$or``, ``$nor``, ``$expr`` …), with their values.
    ``parts``: all operators at the top of it, each with its fields; ``plain``: the document without them.
    """

    required: dict[str, str] = field(default_factory=dict)
    optional: dict[str, str] = field(default_factory=dict)
    open: bool = False
    text: bool = False
    places: dict[str, Place] = field(default_factory=dict)
    clauses: tuple[Clause, ...] = ()
    parts: Mapping[str, Part] = field(default_factory=dict)
    plain: Document | None = None

    def with_field(self, name: str, kind: str, place: Place) -> Document:
        optional = {key: value for key, value in self.optional.items() if key != name}
        places = {**self.places, name: place}
        plain = None if self.plain is None else self.plain.with_field(name, kind, place)
        return replace(self, required={**self.required, name: kind}, optional=optional, places=places, plain=plain)

    def with_part(self, name: str, part: Part) -> Document:
        """This document after ``document[name] = value`` of an operator."""
        return self.updated(_together(EMPTY, {name: part}))

    def without(self, name: str) -> Document:
        """This document after ``del document[name]``."""
        plain = self.plain or self
        required = {key: value for key, value in plain.required.items() if key != name}
        optional = {key: value for key, value in plain.optional.items() if key != name}
        parts = {key: part for key, part in self.parts.items() if key != name}
        return _together(replace(plain, required=required, optional=optional), parts)

    def merged(self, other: Document) -> Document:
        """A document that asks for what this one and ``other`` ask for."""
        required = {**self.required, **other.required}
        optional = {k: v for k, v in {**self.optional, **other.optional}.items() if k not in required}
        return Document(
            required,
            optional,
            self.open or other.open,
            self.text or other.text,
            {**self.places, **other.places},
            tuple(dict.fromkeys((*self.clauses, *other.clauses))),
        )

    def updated(self, other: Document) -> Document:
        """This document after ``document.update(other)``."""
        plain = (self.plain or self).merged(other.plain or other)
        parts = {**self.parts, **other.parts}
        replaced = self.parts.keys() & other.parts.keys()
        for name in replaced:
            if not other.parts[name].sure:
                held = self.parts[name]
                parts[name] = _one_of([held, other.parts[name]])._replace(sure=held.sure)
        if replaced:
            return _together(plain, parts)
        return replace(self.merged(other), parts=parts, plain=plain) if parts else plain

    def maybe(self) -> Document:
        """This document when it only may be there."""
        parts = {name: part._replace(sure=False) for name, part in self.parts.items()}
        plain = None if self.plain is None else self.plain.maybe()
        optional = {**self.optional, **self.required}
        return Document({}, optional, self.open, self.text, self.places, (), parts, plain)


EMPTY = Document()
OPEN = Document(open=True)


def either(documents: Iterable[Document]) -> Document:
    """One of several documents: what all have is sure, the rest may be there."""
    found = list(documents)
    if len(found) < 2:
        return found[0] if found else EMPTY
    names = dict.fromkeys(name for document in found for name in document.parts)
    parts: dict[str, Part] = {}
    for name in names:
        held = [document.parts[name] for document in found if name in document.parts]
        parts[name] = _one_of(held)._replace(sure=len(held) == len(found) and all(part.sure for part in held))
    united = replace(_either_field(found), clauses=_either_clause(found))
    return replace(united, parts=parts, plain=_either_field([d.plain or d for d in found])) if parts else united


def _either_field(found: list[Document]) -> Document:
    """The fields of one of several documents."""
    required = {k: v for k, v in found[0].required.items() if all(k in d.required for d in found)}
    optional: dict[str, str] = {}
    places: dict[str, Place] = {}
    for document in found:
        optional.update({**document.optional, **document.required})
        places = {**document.places, **places}
    optional = {k: v for k, v in optional.items() if k not in required}
    return Document(required, optional, any(d.open for d in found), any(d.text for d in found), places)


def _either_clause(found: list[Document]) -> tuple[Clause, ...]:
    """The operators that each of several documents has; without a value where they have different ones."""
    clauses = [clause for clause in found[0].clauses if all(clause in d.clauses for d in found)]
    everywhere = [{clause.operator for clause in document.clauses} for document in found]
    known = {clause.operator for clause in clauses}
    several = (
        c.operator for c in found[0].clauses if c.operator not in known and all(c.operator in e for e in everywhere)
    )
    return (*clauses, *(Clause(name, None) for name in dict.fromkeys(several)))


def _one_of(parts: list[Part]) -> Part:
    """An operator that has one of several values."""
    places = tuple(dict.fromkeys(place for part in parts for place in part.places))
    return Part(either(part.document for part in parts), places)


def _together(plain: Document, parts: Mapping[str, Part]) -> Document:
    """A document with these fields and operators."""
    found = plain
    for name, part in parts.items():
        found = found.merged(part.held())
        if part.sure and name != "$and":
            place = part.places[0] if len(part.places) == 1 else None
            found = replace(found, clauses=(*found.clauses, Clause(name, place)))
    return replace(found, parts=parts, plain=plain) if parts else plain


# What bounds an index scan best, first: the class that a field with several operators counts as.
_STRENGTH = ("equality", "in", "elem-match", "array", "range", "geo", "regex", "exists", "type", "negation")


def comparison_class(names: Iterable[str]) -> str:
    """The operator class of a field compared by the operators ``names``."""
    found = {operators.QUERY_OPERATORS[n].operator_class for n in names if n in operators.QUERY_OPERATORS}
    return next((kind for kind in _STRENGTH if kind in found), next(iter(found), "equality"))
