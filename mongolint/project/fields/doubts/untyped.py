"""Fields of models that may hold any object, and are stored."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from mongolint.fastclasses import NamedTuple
from mongolint.link.atoms import ClassRef
from mongolint.project.fields.shapes import Use
from mongolint.project.tracing import nulls
from mongolint.project.tracing.tracer import Spot

if TYPE_CHECKING:
    from mongolint.project.fields.known import Fields
    from mongolint.project.model import Project
    from mongolint.project.tracing.tracer import Tracer

_OBJECTS = ("dict", "Dict", "Mapping", "MutableMapping")
_WRAPPERS = ("Optional", "Union", "Annotated")
_ANYTHING = ("Any", "object")


class UntypedField(NamedTuple):
    """``cls.name`` is annotated ``dict`` or ``Dict[str, Any]``; ``uses`` store it, in ``collection`` first.

    ``annotation`` has the place of the field's name as its token.
    """

    cls: ClassRef
    name: str
    collection: str
    annotation: Spot
    uses: tuple[Use, ...]


def untyped(project: Project, fields: Fields) -> Iterator[UntypedField]:
    """Each such field once."""
    tracer = project.writes.tracer
    found: dict[tuple[ClassRef, str], list[tuple[str, Use]]] = {}
    for collection in fields.collections:
        for each in fields.of(collection).fields.values():
            for use in each.written:
                if use.declared is not None:
                    found.setdefault(_owner(tracer, *use.declared), []).append((collection, use))
    for (cls, name), uses in found.items():
        annotation = nulls.annotation_of(tracer, cls, name)
        if annotation is not None and _is_untyped(tracer, annotation):
            yield UntypedField(cls, name, uses[0][0], annotation, tuple(use for _, use in uses))


def _owner(tracer: Tracer, cls: ClassRef, name: str) -> tuple[ClassRef, str]:
    """The class that annotates a field, which may be a base."""
    owners = tracer.link.hierarchy.order(cls)
    return next((owner for owner in owners if name in tracer.link.fields(*owner)), cls), name


def _is_untyped(tracer: Tracer, annotation: Spot) -> bool:
    node: Any = tracer.node(annotation)
    if node[0] == "binop":
        return any(_is_untyped(tracer, annotation.at(row)) for row in node[2:4])
    if node[0] == "item":
        name = _last(tracer.node(annotation.at(node[1])))
        key = tracer.node(annotation.at(node[2]))
        parts = list(key[2]) if key[0] == "seq" else [node[2]]
        if name in _WRAPPERS:
            return any(_is_untyped(tracer, annotation.at(row)) for row in parts)
        return name in _OBJECTS and len(parts) == 2 and _last(tracer.node(annotation.at(parts[1]))) in _ANYTHING
    return _last(node) in _OBJECTS


def _last(node: Any) -> str:
    return str(node[2]) if node[0] in ("attr", "free", "from") else ""
