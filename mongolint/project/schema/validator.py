"""The ``$jsonSchema`` that all documents satisfy which the code writes.

What the code does not show is left free: a field that some write gives a type that is not known, everything inside of
an object whose fields are not all named, all types where updates may set any field. Sources: MongoDB manual, "Specify
JSON Schema Validation" and "$jsonSchema" (``bsonType`` and its aliases; a keyword about objects or arrays holds for
these only).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import field
from typing import TYPE_CHECKING, Any

from mongolint.fastclasses import dataclass
from mongolint.project.fields.shapes import KnownField, KnownFields, Use

if TYPE_CHECKING:
    from mongolint.project.tracing.stored import Content

Schema = dict[str, Any]
_LEAVING_OUT = ("$unset", "$rename")


@dataclass(slots=True)
class _Node:
    """A field, and those inside of it by name."""

    known: KnownField | None = None
    inner: dict[str, _Node] = field(default_factory=dict)


def validator(known: KnownFields, documents: Iterable[Content], wrong: Collection[str] = ()) -> Schema | None:
    """The schema; None where nothing can be said, or nothing is written.

    Args:
        known: the fields of the collection.
        documents: the whole documents that the code makes.
        wrong: fields with a type that is a mistake, which the schema must not keep as it is.
    """
    root = _Node()
    for name, each in known.fields.items():
        left_out = any(f"{name}.".startswith(f"{other}.") for other in ("_id", *wrong))
        if each.written and not left_out:
            _place(root, name).known = each
    required = _required(known, list(documents))
    properties = {} if known.open else _properties(root.inner)
    if not properties and not required:
        return None
    return {
        "bsonType": "object",
        **({"required": required} if required else {}),
        **({"properties": properties} if properties else {}),
    }


def _place(root: _Node, name: str) -> _Node:
    node = root
    for part in name.split("."):
        node = node.inner.setdefault(part, _Node())
    return node


def _required(known: KnownFields, documents: list[Content]) -> list[str]:
    """The fields that every document has: each that is made has them, and nothing takes them out."""
    if not documents or any(content.open or content.sources for content in documents):
        return []
    if any(use.operator in _LEAVING_OUT for use in known.opened):
        return []
    sure = [{name for name, value in content.fields.items() if value.sure} for content in documents]
    names = sure[0].intersection(*sure[1:])
    return [
        name
        for name, each in known.fields.items()
        if name in names and name != "_id" and not any(use.operator in _LEAVING_OUT for use in each.written)
    ]


def _properties(inner: Mapping[str, _Node]) -> Schema:
    return {name: schema for name, node in inner.items() if (schema := _of(node))}


def _of(node: _Node) -> Schema:
    written = [use for use in node.known.written if use.operator != "$unset"] if node.known is not None else []
    schema: Schema = {}
    kinds = _kinds(written)
    if kinds:
        schema["bsonType"] = kinds[0] if len(kinds) == 1 else list(kinds)
    if node.inner and all(use.closed for use in written):
        inner = _properties(node.inner)
        if inner and (not kinds or "object" in kinds):
            schema["properties"] = inner
        if inner and (not kinds or "array" in kinds):
            schema["items"] = {"properties": inner}
    return schema


def _kinds(written: list[Use]) -> tuple[str, ...]:
    """All types of a field; none where one is not known."""
    if not written or not all(use.exact and use.kinds for use in written):
        return ()
    found = tuple(dict.fromkeys(kind for use in written for kind in use.kinds))
    return () if found == ("null",) else found  # it is there to be filled one day
