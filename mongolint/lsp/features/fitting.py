"""What fits into a slot: field names below which path, which operators.

Sources: MongoDB manual, "Query Predicates", "Update Operators", "Aggregation Stages"; the tables are
`mongolint.mongo.operators`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from mongolint.fastclasses import dataclass
from mongolint.lsp.features.slots import ITEM, TUPLE, Slot, sibling, stages_before
from mongolint.lsp.features.typed import Around, Frame
from mongolint.mongo.operators import (
    PIPELINE_STAGES,
    PUSH_MODIFIERS,
    QUERY_OPERATORS,
    UPDATE_OPERATORS,
    UPDATE_STAGES,
)
from mongolint.project.fields.shapes import plain_path

_TOP = tuple(name for name, operator in QUERY_OPERATORS.items() if operator.top)
_OF_FIELDS = tuple(name for name, operator in QUERY_OPERATORS.items() if not operator.top)
_BRANCHING = ("$and", "$or", "$nor")
# Stages behind which documents still have the fields that they are stored with
_KEEPING = frozenset(
    [name for name, keeps in PIPELINE_STAGES.items() if keeps] + ["$addFields", "$set", "$lookup", "$unwind"]
)
_NAMING = ("$project", "$addFields", "$set", "$sort", "$unset")
_COMPUTING = (
    *("$group", "$project", "$addFields", "$set", "$replaceRoot", "$replaceWith"),
    *("$bucket", "$bucketAuto", "$sortByCount", "$unwind", "$match"),
)
_LOCAL, _FOREIGN = ("localField", "connectFromField"), ("foreignField", "connectToField")


@dataclass(frozen=True, slots=True)
class Fitting:
    """What may be put in a place.

    Attributes:
        fields: whether field names; ``below``: only those under this path, without it.
        flat: only names without dots, as stored documents have them; ``dollar``: as expressions name them.
        operators: names that begin with a dollar sign.
        names: whether names of collections; ``hints``: names of indexes.
        collections: of which the fields and indexes are.
    """

    collections: tuple[str, ...] = ()
    fields: bool = False
    below: str = ""
    flat: bool = False
    dollar: bool = False
    operators: tuple[str, ...] = ()
    names: bool = False
    hints: bool = False


_NOTHING = Fitting()


def fitting(here: Around, slot: Slot) -> Fitting:
    """What fits into a slot."""
    found = _in_role(here, slot, list(slot.path))
    return replace(found, collections=found.collections or slot.collections)


def _in_role(here: Around, slot: Slot, path: list[str | None]) -> Fitting:
    fields = Fitting(fields=True)
    match slot.role:
        case "filter":
            return _filter(path) if slot.kind == "key" else _NOTHING
        case "update" if path[:1] == [ITEM]:
            return _pipeline(here, slot, path, tuple(sorted(UPDATE_STAGES)))
        case "update":
            return _update(path) if slot.kind == "key" else _NOTHING
        case "pipeline":
            return _pipeline(here, slot, path, tuple(PIPELINE_STAGES))
        case "document":
            below = [step for step in path if step != ITEM]
            return _nested(below) if slot.kind == "key" else _NOTHING
        case "projection":
            return fields if (slot.kind, path) in (("key", []), ("item", [ITEM])) else _NOTHING
        case "sort" | "keys":
            return fields if _names_field(slot, path) else _NOTHING
        case "hint" if slot.kind == "argument":
            return Fitting(hints=True)
        case "hint":
            return fields if _names_field(slot, path) else _NOTHING
        case "distinct" if slot.kind == "argument":
            return fields
    return _NOTHING


def _names_field(slot: Slot, path: Sequence[str | None]) -> bool:
    """Whether a place in a key pattern is that of a field: ``"f"``, ``["f"]``, ``[("f", 1)]``, ``{"f": 1}``."""
    if slot.kind in ("key", "argument"):
        return not path
    is_first = path[-1:] != [TUPLE] or len(slot.frames[-1].parts) == 1
    return slot.kind == "item" and is_first and len(path) <= 2


def _filter(path: Sequence[str | None], below: str = "", *, within: bool = False) -> Fitting:
    """A key in a filter; ``within``: of an ``$elemMatch``, which may compare the elements themselves, too."""
    if path:
        step, rest = path[0], path[1:]
        if step in _BRANCHING:
            return _filter(rest[1:], below, within=within) if rest[:1] == [ITEM] else _NOTHING
        if step is None:
            return Fitting(operators=_OF_FIELDS) if not rest else _NOTHING
        if step.startswith("$") or step in (ITEM, TUPLE):
            return _NOTHING
        return _comparison(rest, f"{below}{plain_path(step)}.")
    operators = _OF_FIELDS if within else _TOP
    return Fitting(fields=True, below=below, operators=(*operators, *(_BRANCHING if within else ())))


def _comparison(path: Sequence[str | None], below: str) -> Fitting:
    """A key in what a field is compared with."""
    if not path:
        return Fitting(operators=_OF_FIELDS)
    if path[0] == "$not":
        return _comparison(path[1:], below)
    return _filter(path[1:], below, within=True) if path[0] == "$elemMatch" else _NOTHING


def _update(path: Sequence[str | None]) -> Fitting:
    if not path:
        return Fitting(operators=tuple(UPDATE_OPERATORS))
    operator, rest = path[0], path[1:]
    if operator not in UPDATE_OPERATORS:
        return _NOTHING
    if not rest:
        return Fitting(fields=True)
    if operator == "$pull":
        return _filter(rest[1:], f"{rest[0]}.", within=True) if rest[0] else _NOTHING
    if operator in ("$push", "$addToSet") and rest[0]:
        deeper = [step for step in rest[1:] if step != ITEM]
        modifiers = tuple(sorted(PUSH_MODIFIERS)) if operator == "$push" else ("$each",)
        is_first = len(rest) == 1
        found = _nested([rest[0], *(deeper[1:] if deeper[:1] == ["$each"] else deeper)])
        return replace(found, operators=modifiers if is_first else ())
    return _nested(rest) if operator in ("$set", "$setOnInsert") else _NOTHING


def _nested(path: Sequence[str | None]) -> Fitting:
    """A key of a document that is stored under a path."""
    if any(step is None or step.startswith("$") or step == TUPLE for step in path):
        return _NOTHING
    below = "".join(f"{plain_path(str(step))}." for step in path if step != ITEM)
    return Fitting(fields=True, below=below, flat=True)


# Pipelines


def _pipeline(
    here: Around, slot: Slot, path: Sequence[str | None], stages: tuple[str, ...], *, keeps: bool = True
) -> Fitting:
    """A place in a list of stages, with which ``path`` begins; ``keeps``: documents that come to it are as stored."""
    if path[:1] != [ITEM]:
        return _NOTHING
    depth = len(slot.path) - len(path)
    if len(path) == 1:
        return Fitting(operators=stages) if slot.kind == "key" else _NOTHING
    stage, rest = path[1], path[2:]
    keeps = keeps and all(before in _KEEPING for before in stages_before(here, slot.frames[depth]))
    if stage == "$facet" and rest:
        return _pipeline(here, slot, rest[1:], stages, keeps=keeps)
    if stage in ("$lookup", "$graphLookup", "$unionWith"):
        return _joining(here, slot, rest, slot.frames[depth + 2] if len(slot.frames) > depth + 2 else None, keeps)
    if stage == "$match" and "$expr" not in rest:
        found = _filter(rest) if slot.kind == "key" else _NOTHING
        return found if keeps else replace(found, fields=False)
    if not keeps:
        return _NOTHING
    if stage in _NAMING and slot.kind == "key" and not rest:
        return Fitting(fields=True)
    if stage == "$unset":
        return Fitting(fields=True) if slot.kind in ("value", "item") else _NOTHING
    is_expression = stage in _COMPUTING and slot.kind in ("value", "item")
    return Fitting(fields=True, dollar=True) if is_expression else _NOTHING


def _joining(here: Around, slot: Slot, path: Sequence[str | None], frame: Frame | None, keeps: bool) -> Fitting:
    """A place in a stage that asks another collection; ``frame``: the brackets of its document."""
    if not path:
        is_name = slot.kind == "value" and slot.path[-1] == "$unionWith"
        return Fitting(names=True) if is_name else _NOTHING
    key = path[0]
    other = None if frame is None else sibling(here, frame, "coll" if "$unionWith" in slot.path else "from")
    collections = (other,) if other else ()
    if slot.kind == "value" and len(path) == 1:
        if key in ("from", "coll"):
            return Fitting(names=True)
        if key in _LOCAL:
            is_own = key == "localField"
            known = (slot.collections if is_own else collections) if keeps else ()
            return Fitting(known, fields=bool(known))
        return Fitting(collections, fields=bool(other)) if key in _FOREIGN else _NOTHING
    if key == "pipeline" and other:
        found = _pipeline(here, slot, path[1:], tuple(PIPELINE_STAGES))
        return replace(found, collections=found.collections or collections)
    return _NOTHING
