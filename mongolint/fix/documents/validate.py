"""A validator, given to a collection behind the indexes that the code makes on it, which make the collection."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import libcst as cst

from mongolint.fix.declarations.placing import asks_for_absence
from mongolint.fix.nofix import NoFix
from mongolint.fix.trees import Tree

if TYPE_CHECKING:
    from mongolint.fix.draft import Draft

_WIDTH = 88


def validate(draft: Draft, collection: str, validator: dict[str, Any] | None) -> None:
    """See `Draft.validate`."""
    if collection in draft.project.fields.edited:
        raise NoFix("people change its documents in Flask-Admin, and what that stores the code does not show")
    if validator is None:
        raise NoFix(_untold(draft, collection))
    made: dict[tuple[int, int], set[str | None]] = {}
    for index in draft.project.declared_in_code:
        made.setdefault((index.module, index.row), set()).add(index.collection_name)
    for index in reversed(draft.project.declared_in_code):
        if index.collection_name != collection:
            continue
        try:
            tree, call = draft.call(index.module, index.row)
        except NoFix:
            continue
        statement = tree.statement(call)
        is_repeated = any(isinstance(above, cst.For | cst.While) for above in tree.ancestors(statement))
        if is_repeated or len(made[index.module, index.row]) > 1:
            continue  # for each of several indexes, perhaps of other collections: before this one is made, too
        if isinstance(call.func, cst.Attribute) and isinstance(statement, cst.SimpleStatementLine):
            after = _behind(tree, statement)
            indent = tree.indent(after)
            wait = "await " if isinstance(tree.parent(call), cst.Await) else ""
            unit = draft.file(index.module).step
            database = f"{wait}{tree.text(call.func.value)}.database"
            lines = command(database, collection, validator, unit, len(indent))
            draft.insert(index.module, tree.line_end(after), "".join(f"{indent}{line}\n" for line in lines))
            return
    raise NoFix("no index of the collection is made where it could stand beside")


def command(database: str, collection: str, validator: dict[str, Any], unit: str, used: int = 0) -> list[str]:
    """The lines of a call that gives a collection its validator; ``used``: how far they will be indented."""
    return [
        f"{database}.command(",
        f'{unit}"collMod",',
        f"{unit}{json.dumps(collection, ensure_ascii=False)},",
        f'{unit}validationLevel="moderate",',
        *_laid_out(f"{unit}validator=", validator, unit, unit, _WIDTH - used),
        ")",
    ]


def _laid_out(head: str, value: Any, indent: str, unit: str, width: int) -> Iterator[str]:
    """An argument, item or value of a key with the comma behind it, on as few lines as are wide enough."""
    flat = f"{head}{json.dumps(value, ensure_ascii=False)},"
    if not isinstance(value, dict | list) or len(flat) <= width:
        yield flat
        return
    inner = indent + unit
    yield head + ("{" if isinstance(value, dict) else "[")
    for key, each in value.items() if isinstance(value, dict) else ((None, each) for each in value):
        start = inner if key is None else f"{inner}{json.dumps(key, ensure_ascii=False)}: "
        yield from _laid_out(start, each, inner, unit, width)
    yield indent + ("}," if isinstance(value, dict) else "],")


def _untold(draft: Draft, collection: str) -> str:
    """Why there is nothing that holds for all documents."""
    opened = draft.project.fields.of(collection).opened
    if not opened:
        return "no field is seen to get one type in every write"
    names = {use.operation.name: None for use in opened if use.operation is not None}
    place = f"{opened[0].span.file}:{opened[0].span.line}"
    return f"not all fields are seen that {' and '.join(list(names)[:2]) or 'a write'} may store ({place})"


def _behind(tree: Tree, statement: cst.CSTNode) -> cst.CSTNode:
    """What to stand behind: also of an ``if name not in existing:``, which would leave it out where the index is."""
    guards = (node for node in tree.ancestors(statement) if isinstance(node, cst.If) and asks_for_absence(node))
    return next(guards, statement)
