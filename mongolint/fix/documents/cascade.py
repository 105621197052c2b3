"""The deletes that go with another, before it: what fails between them leaves no orphan."""

from __future__ import annotations

from typing import TYPE_CHECKING

import libcst as cst

from mongolint.fix.nofix import NoFix
from mongolint.fix.trees import Tree
from mongolint.link.rowtools import reached_rows
from mongolint.project.operations import Operation
from mongolint.project.references.links import Reference
from mongolint.project.references.orphans import Orphans

if TYPE_CHECKING:
    from mongolint.fix.draft import Draft


def delete_too(draft: Draft, orphans: Orphans) -> None:
    """See `Draft.delete_too`."""
    operation = orphans.operation
    tree, call = draft.call(operation.module, operation.row)
    key = _key(tree, call, orphans.left[0].key)
    statement = tree.statement(call)
    if not isinstance(statement, cst.SimpleStatementLine):
        raise NoFix("the delete is part of a longer statement")
    wait = "await " if isinstance(tree.parent(call), cst.Await) else ""
    session = next(
        (f", session={tree.text(a.value)}" for a in call.args if a.keyword and a.keyword.value == "session"), ""
    )
    indent = tree.indent(statement)
    lines = []
    for each in orphans.left:
        filed = draft.project.deletes.with_files(each.child)
        if filed is not None:
            name = draft.project.function_name(filed.module, filed.scope)
            raise NoFix(f"the documents of {each.child} have files in GridFS, which {name} deletes with them")
    beside = draft.project.deletes.beside
    receivers = [_receiver(tree, call, each, beside(operation, each.child)) for each in orphans.left]
    draft.text = "\n".join(
        f'{wait}{receiver}.delete_many({{"{each.field}": …}}{session})  # the {each.key} that is deleted'
        for receiver, each in zip(receivers, orphans.left, strict=True)
    )
    for receiver, each in zip(receivers, orphans.left, strict=True):
        value = _value(draft, operation, tree, key, each)
        lines.append(f'{wait}{receiver}.delete_many({{"{each.field}": {value}}}{session})')
    draft.insert(operation.module, tree.line_start(statement), "".join(f"{indent}{line}\n" for line in lines))


def _key(tree: Tree, call: cst.Call, name: str) -> cst.BaseExpression:
    """The value of the one field of the filter."""
    condition = next((arg.value for arg in call.args if arg.keyword is None or arg.keyword.value == "filter"), None)
    if not isinstance(condition, cst.Dict) or len(condition.elements) != 1:
        raise NoFix("the filter has other conditions, on which the rest would have to depend")
    element = condition.elements[0]
    if isinstance(element, cst.DictElement) and isinstance(element.key, cst.SimpleString):
        if element.key.evaluated_value == name and not isinstance(element.value, cst.Dict):
            return element.value
    raise NoFix("the key is not spelled out in the call")


def _value(draft: Draft, operation: Operation, tree: Tree, key: cst.BaseExpression, reference: Reference) -> str:
    """The key as the documents that refer to it hold it."""
    known = draft.project.fields.of(reference.child).fields.get(reference.field)
    kinds = [kind for kind in (known.kinds if known is not None else ()) if kind != "null"]
    is_converted = isinstance(key, cst.Call) and tree.text(key.func).rpartition(".")[2] == "ObjectId"
    if is_converted and kinds == ["string"]:
        assert isinstance(key, cst.Call)
        return tree.text(key.args[0].value)
    if is_converted and kinds == ["objectId"]:
        return tree.text(key)
    if not is_converted and isinstance(key, cst.Name | cst.Attribute | cst.Subscript) and reference.key != "_id":
        return tree.text(key)
    if isinstance(key, cst.Name) and len(kinds) == 1 and _is_annotated(tree, key, kinds[0]):
        return key.value
    if isinstance(key, cst.Name) and kinds == ["objectId"] and _is_converted(draft, operation, key.value):
        return key.value
    raise NoFix("whether it is stored as text or as ObjectId is not known")


def _is_annotated(tree: Tree, key: cst.Name, kind: str) -> bool:
    """Whether a key is a parameter of the type that the field has, by its annotation."""
    function = tree.nearest(key, cst.FunctionDef)
    for param in function.params.params if function is not None else ():
        if param.name.value == key.value and param.annotation is not None:
            text = tree.text(param.annotation.annotation)
            return {"str": "string", "ObjectId": "objectId", "int": "number"}.get(text) == kind
    return False


def _is_converted(draft: Draft, operation: Operation, name: str) -> bool:
    """Whether Flask-PyMongo makes an ObjectId of what each path of the route takes: ``/posts/<ObjectId:post_id>``."""
    facts = draft.project.modules[operation.module]
    rows = [row for each in facts.scopes[operation.scope].decorators for row in reached_rows(facts, each).values()]
    paths = [node[1] for node in rows if node[0] == "const" and isinstance(node[1], str)]
    taking = [path for path in paths if f"{name}>" in path]
    return bool(taking) and all(f"<ObjectId:{name}>" in path for path in taking)


def _receiver(tree: Tree, call: cst.Call, reference: Reference, held: str | None) -> str:
    """The other collection, beside the one that is deleted from: ``db.questions`` for ``db.books``.

    ``held``: how the object that holds the one holds the other.
    """
    if held is None:
        raise NoFix("how this function reaches the other collection is not known")
    if held:
        return held
    own = call.func.value if isinstance(call.func, cst.Attribute) else None
    if isinstance(own, cst.Attribute) and own.attr.value == reference.parent and reference.child.isidentifier():
        return f"{tree.text(own.value)}.{reference.child}"
    if isinstance(own, cst.Subscript) and tree.text(own).endswith(
        (f'["{reference.parent}"]', f"['{reference.parent}']")
    ):
        quote = tree.text(own)[-2]
        return f"{tree.text(own.value)}[{quote}{reference.child}{quote}]"
    raise NoFix("how this function reaches the other collection is not known")
