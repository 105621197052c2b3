"""A validator, given to a collection behind the indexes that the code makes on it, which make the collection."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import libcst as cst

from mongolint.fix.declarations.placing import asks_for_absence
from mongolint.fix.nofix import NoFix
from mongolint.fix.trees import Tree

if TYPE_CHECKING:
    from mongolint.fix.draft import Draft


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
            told = json.dumps(validator, indent=unit, ensure_ascii=False).replace("\n", f"\n{indent}{unit}")
            lines = [
                f"{wait}{tree.text(call.func.value)}.database.command(",
                f'{unit}"collMod",',
                f"{unit}{json.dumps(collection, ensure_ascii=False)},",
                f'{unit}validationLevel="moderate",',
                f"{unit}validator={told},",
                ")",
            ]
            draft.insert(index.module, tree.line_end(after), "".join(f"{indent}{line}\n" for line in lines))
            return
    raise NoFix("no index of the collection is made where it could stand beside")


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
