"""A bound on an array that an update adds to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import libcst as cst

from mongolint.fix.nofix import NoFix
from mongolint.fix.trees import Tree
from mongolint.project.operations import Operation

if TYPE_CHECKING:
    from mongolint.fix.draft import Draft


def bound(draft: Draft, operation: Operation, field: str, limit: int) -> None:
    """See `Draft.bound_array`."""
    tree, call = draft.call(operation.module, operation.row)
    value = _pushed(call, field)
    if value is None:
        raise NoFix("what is added is not spelled out in the call")
    text = tree.text(value)
    if isinstance(value, cst.Dict):
        keys = [_text(element.key) for element in value.elements if isinstance(element, cst.DictElement)]
        if "$each" in keys:
            _add_slice(draft, operation.module, tree, value, limit)
            return
        if any(str(key).startswith("$") for key in keys):
            raise NoFix("it has other modifiers")
    quote = "'" if text.count("'") > text.count('"') else '"'
    start, end = tree.outer_span(value)
    draft.insert(operation.module, start, f"{{{quote}$each{quote}: [")
    draft.insert(operation.module, end, f"], {quote}$slice{quote}: -{limit}}}")


def _add_slice(draft: Draft, module: int, tree: Tree, value: cst.Dict, limit: int) -> None:
    last = value.elements[-1]
    end = tree.outer_span(last.value)[1]
    quote = "'" if tree.text(value).count("'") > tree.text(value).count('"') else '"'
    draft.insert(module, end, f", {quote}$slice{quote}: -{limit}")


def _pushed(call: cst.Call, field: str) -> cst.BaseExpression | None:
    """The value of ``{"$push": {field: value}}`` in the arguments of a call."""
    for arg in call.args:
        pushed = _value(arg.value, "$push")
        found = _value(pushed, field) if pushed is not None else None
        if found is not None:
            return found
    return None


def _value(document: cst.BaseExpression, key: str) -> cst.BaseExpression | None:
    if isinstance(document, cst.Dict):
        for element in document.elements:
            if isinstance(element, cst.DictElement) and _text(element.key) == key:
                return element.value
    return None


def _text(key: cst.BaseExpression) -> str:
    return str(key.evaluated_value) if isinstance(key, cst.SimpleString) else ""
