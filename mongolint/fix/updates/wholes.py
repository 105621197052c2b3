"""``$set`` and ``$inc`` of the fields that change, in the place of a document that is written back whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

import libcst as cst

from mongolint.fastclasses import NamedTuple
from mongolint.fix.nofix import NoFix
from mongolint.fix.trees import Tree, descendants
from mongolint.project.updates.lost import LostUpdate

if TYPE_CHECKING:
    from mongolint.fix.draft import Draft

_UNKNOWN = "which fields change is for the author to say"
_NUMBERS = (cst.Integer, cst.Float)
# Where a field of the document is looked at, and nothing gets hold of what lies in it
_LOOKING = (cst.ComparisonTarget, cst.Comparison, cst.BinaryOperation, cst.BooleanOperation, cst.UnaryOperation, cst.If)


class _Change(NamedTuple):
    """A field that is set by a statement; ``added``: what is added to its old value, "" for another value."""

    field: str
    statement: cst.CSTNode
    value: str
    added: str


def set_changed(draft: Draft, lost: LostUpdate) -> None:
    """Let the call that writes the document back set the fields that the function changes."""
    tree, call = draft.call(lost.module, lost.row)
    function = tree.nearest(call, cst.FunctionDef)
    document = call.args[-1].value if call.args else None
    taken = {"save": 1, "replace_one": 2}.get(lost.operation.name)
    plain = taken == len(call.args) and not any(arg.keyword or arg.star for arg in call.args)
    if not (lost.is_direct and plain and isinstance(document, cst.Name) and function is not None):
        raise NoFix(_UNKNOWN)
    if not isinstance(call.func, cst.Attribute) or not isinstance(tree.parent(_awaited(tree, call)), cst.Expr):
        raise NoFix(_UNKNOWN)
    found = _changes(draft, lost, tree, function, call, document.value)
    update = ", ".join(
        f'"{operator}": {{{", ".join(entries)}}}'
        for operator, entries in (
            ("$set", [f'"{each.field}": {each.value}' for each in found if not each.added]),
            ("$inc", [f'"{each.field}": {each.added}' for each in found if each.added]),
        )
        if entries
    )
    by = tree.text(call.args[0].value) if taken == 2 else f'{{"_id": {document.value}["_id"]}}'
    draft.replace(lost.module, tree.span(call.func.attr), "update_one")
    start, end = tree.span(call.args[0])[0], tree.span(call.args[-1])[1]
    draft.replace(lost.module, (start, end), f"{by}, {{{update}}}")


def _awaited(tree: Tree, call: cst.Call) -> cst.CSTNode:
    above = tree.parent(call)
    return above if isinstance(above, cst.Await) else call


def _changes(
    draft: Draft, lost: LostUpdate, tree: Tree, function: cst.FunctionDef, call: cst.Call, name: str
) -> list[_Change]:
    """What is done to the document before the call, if that is all plain, and done on each way to it."""
    _, reading = draft.call(*lost.read)
    found: list[_Change] = []
    made = 0
    for use in descendants(function):
        if not (isinstance(use, cst.Name) and use.value == name) or tree.span(use)[0] >= tree.span(call)[0]:
            continue
        above = tree.parent(use)
        if isinstance(above, cst.AssignTarget):
            statement = tree.parent(above)
            value = statement.value if isinstance(statement, cst.Assign) else None
            value = value.expression if isinstance(value, cst.Await) else value
            made += 1 if value is reading else 2
        elif isinstance(above, cst.Subscript) and (change := _set(tree, above, name)) is not None:
            found.append(change)
        elif not _is_looked_at(tree, use):
            raise NoFix(_UNKNOWN)
    around = {id(above) for above in tree.ancestors(call)}
    blocks = [tree.parent(tree.statement(each.statement)) for each in found]
    fields = [each.field for each in found]
    if made != 1 or not found or len(set(fields)) < len(fields) or any(id(block) not in around for block in blocks):
        raise NoFix(_UNKNOWN)
    return found


def _set(tree: Tree, item: cst.Subscript, name: str) -> _Change | None:
    """The change that a statement makes: ``doc["done"] = True``, ``doc["n"] += 1``; None of what is only read."""
    statement = tree.parent(item)
    if isinstance(statement, cst.AssignTarget):
        statement = tree.parent(statement)
    field = _key(item)
    if isinstance(statement, cst.AugAssign) and statement.target is item:
        sign = {cst.AddAssign: "", cst.SubtractAssign: "-"}.get(type(statement.operator))
        if sign is None or not isinstance(statement.value, _NUMBERS):
            raise NoFix(_UNKNOWN)
        return _Change(field, statement, "", sign + tree.text(statement.value))
    if not isinstance(statement, cst.Assign) or statement.value is item:
        return None
    if len(statement.targets) != 1:
        raise NoFix(_UNKNOWN)
    value = statement.value
    added = _added(tree, value, name, field) if isinstance(value, cst.BinaryOperation) else ""
    is_constant = isinstance(value, (*_NUMBERS, cst.SimpleString)) or (
        isinstance(value, cst.Name) and value.value in ("True", "False", "None")
    )
    return _Change(field, statement, tree.text(value) if is_constant else tree.text(item), added)


def _key(item: cst.Subscript) -> str:
    index = item.slice[0].slice if len(item.slice) == 1 else None
    key = index.value if isinstance(index, cst.Index) else None
    field = key.evaluated_value if isinstance(key, cst.SimpleString) else None
    if not isinstance(field, str) or not field.isidentifier() or field == "_id":
        raise NoFix(_UNKNOWN)
    return field


def _added(tree: Tree, value: cst.BinaryOperation, name: str, field: str) -> str:
    """What is added to the old value, which counts from 0 where there is none; "" of another value."""
    sign = {cst.Add: "", cst.Subtract: "-"}.get(type(value.operator))
    read = tree.text(value.left).replace("'", '"').replace(" ", "")
    plain = (f'{name}["{field}"]', f'{name}.get("{field}",0)')
    if sign is None or read not in plain or not isinstance(value.right, _NUMBERS):
        return ""
    return sign + tree.text(value.right)


def _is_looked_at(tree: Tree, use: cst.Name) -> bool:
    """Whether the document, or a field of it, is only compared or tested, so that nothing changes it unseen."""
    held: cst.CSTNode = use
    above = tree.parent(use)
    if isinstance(above, cst.Subscript) and above.value is use:
        held = above
    elif isinstance(above, cst.Attribute) and above.attr.value == "get":
        call = tree.parent(above)
        if not isinstance(call, cst.Call):
            return False
        held = call
    return isinstance(tree.parent(held), _LOOKING)
