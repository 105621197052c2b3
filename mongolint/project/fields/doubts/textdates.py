"""Dates that are stored as text, in fields by which documents are ordered or compared."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from mongolint.fastclasses import NamedTuple
from mongolint.link.atoms import External
from mongolint.project.fields import types
from mongolint.project.fields.shapes import KnownField, Use
from mongolint.project.tracing import terms
from mongolint.project.tracing.tracer import Spot

if TYPE_CHECKING:
    from mongolint.project.fields.known import Fields
    from mongolint.project.model import Project
    from mongolint.project.tracing.tracer import Tracer

# Functions that give the time it is, of the standard library and of those that stand in for it
_NOW = frozenset(["utcnow", "now"])
# A day alone is a key, by which documents are grouped
_DAYS = frozenset(["date", "today"])
_MOST_STEPS = 12


class TextDate(NamedTuple):
    """A field that holds dates as text: ``writes`` store them, ``asked`` are the places that order or compare it."""

    collection: str
    field: str
    writes: tuple[Use, ...]
    asked: tuple[Use, ...]


def text_dates(project: Project, fields: Fields) -> Iterator[TextDate]:
    """Only where all that is seen to write the field, but for null, stores a date as text."""
    tracer = project.writes.tracer
    for collection in fields.collections:
        for name, known in fields.of(collection).fields.items():
            asked = tuple(use for use in known.uses if _is_order(use))
            writes = _writes(tracer, known) if asked else ()
            if writes:
                yield TextDate(collection, name, writes, asked)


def _is_order(use: Use) -> bool:
    return use.operation is not None and (use.how == "sort" or (use.how == "filter" and use.operator == "range"))


def _writes(tracer: Tracer, known: KnownField) -> tuple[Use, ...]:
    """The places that store a date as text; none where some may store anything else."""
    found = [use for use in known.written if use.operator != "$unset" and use.kinds != ("null",)]
    if not all(use.operation is not None and use.values and not use.astray for use in found):
        return ()
    return tuple(found) if all(_is_text(tracer, spot, _MOST_STEPS) for use in found for spot in use.values) else ()


def _is_text(tracer: Tracer, spot: Spot, steps: int) -> bool:
    """Whether a value is the text of a moment: ``str(utcnow())``, ``at.isoformat()``."""
    node = tracer.node(spot)
    if steps == 0:
        return False
    match node[0]:
        case "typed" if node[2] is not None:
            return _is_text(tracer, spot.at(node[2]), steps - 1)
        case "param" if (passed := tracer.parameter(spot)) is not None:
            return _is_text(tracer, passed, steps - 1)
        case "call":
            function = tracer.node(spot.at(node[1]))
            if function[0] == "attr" and function[2] == "isoformat":
                return not _is_day(tracer, spot.at(function[1]))
            if len(node[2]) == 1 and tracer.value(spot.at(node[1])) == (External("builtins.str"),):
                return _is_moment(tracer, spot.at(node[2][0][1]))
            # A helper that says what time it is: ``now_iso()``
            given = list(terms.returns(tracer, frame)) if (frame := tracer.enter(spot)) is not None else []
            return bool(given) and all(_is_text(tracer, each, steps - 1) for each in given)
    return False


def _is_moment(tracer: Tracer, spot: Spot) -> bool:
    node = tracer.node(spot)
    if node[0] == "call" and tracer.node(spot.at(node[1]))[-1] in _NOW:
        return True
    return types.at(tracer, spot) == ("date",) and not _is_day(tracer, spot)


def _is_day(tracer: Tracer, spot: Spot) -> bool:
    node = tracer.node(spot)
    if node[0] == "param" and (passed := tracer.parameter(spot)) is not None:
        return _is_day(tracer, passed)
    return node[0] == "call" and tracer.node(spot.at(node[1]))[-1] in _DAYS
