"""``$inc`` and ``$push`` in the place of a value that is read, changed and written back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import libcst as cst

from mongolint.fastclasses import dataclass
from mongolint.fix.nofix import NoFix
from mongolint.fix.trees import Tree, descendants
from mongolint.fix.updates import dicts, wholes
from mongolint.project.operations import Operation
from mongolint.project.updates.lost import LostUpdate

if TYPE_CHECKING:
    from mongolint.fix.draft import Draft

_NUMBERS = (cst.Integer, cst.Float)
_NUMERIC = frozenset(["int", "float"])
# Changes of what lies in a value, which ``$set`` and ``$unset`` do by its path
_PARTS = frozenset(["setitem", "delitem", "pop", "update"])


def change_in_place(draft: Draft, lost: LostUpdate) -> None:
    """See `Draft.change_in_place`."""
    if not lost.operator and not lost.field:
        wholes.set_changed(draft, lost)
        return
    if not lost.operator and lost.changes[0] in _PARTS:
        raise NoFix("only a part of the value changes")
    if lost.is_computed:
        raise NoFix("the expression has to be written for the database")
    if not lost.operator:
        raise NoFix("what is done to the value has no operator that does it in the database")
    if not lost.is_direct:
        raise NoFix("the helper that writes it sets whole values")
    if lost.changes not in (("+",), ("-",), ("append",)):
        raise NoFix(f"{lost.operator} has to be written by hand")
    tree, call = draft.call(lost.module, lost.row)
    update = update_of(lost.operation, call)
    holder = dicts.entry(update, "$set")
    element = dicts.entry(holder.value, lost.field) if holder is not None else None
    function = tree.nearest(call, cst.FunctionDef)
    if element is None or function is None:
        raise NoFix("the update is not written out in the call")
    site = _Site(draft, lost, tree, function, call, element)
    operator, value = ("$push", site.appended()) if lost.changes == ("append",) else ("$inc", site.added())
    draft.title = f"let {operator} change it in the database"
    dicts.move_operator(draft, lost.module, tree, update, lost.field, operator, value)
    site.tidy()


def update_of(operation: Operation, call: cst.Call) -> cst.Dict:
    """The update that a call spells out.

    Raises:
        NoFix: it does not.
    """
    name = operation.method.update
    position = operation.method.params.index(name) if name in operation.method.params else -1
    for number, arg in enumerate(call.args):
        is_it = arg.keyword.value == name if arg.keyword is not None else number == position
        if is_it and isinstance(arg.value, cst.Dict):
            return arg.value
    raise NoFix("the update is not written out in the call")


@dataclass(slots=True)
class _Site:
    """The update in its function."""

    draft: Draft
    lost: LostUpdate
    tree: Tree
    function: cst.FunctionDef
    call: cst.Call
    element: cst.DictElement
    # Statements that only made the value
    spent: tuple[cst.CSTNode, ...] = ()

    # $inc

    def added(self) -> str:
        """What is added to the number."""
        value = self.element.value
        if isinstance(value, cst.BinaryOperation):
            return self._operand(value)
        if not isinstance(value, cst.Name):
            raise NoFix("the value is not written out")
        bindings = list(self._bindings(value.value))
        assigned = [each for each in bindings if isinstance(each, cst.Assign)]
        augmented = [each for each in bindings if isinstance(each, cst.AugAssign)]
        if len(assigned) != 1 or len(bindings) > 2:
            raise NoFix(f"{value.value} is set in several places")
        if len(augmented) == 1 and self._is_read(assigned[0].value):
            delta = self._signed(augmented[0].value, isinstance(augmented[0].operator, cst.SubtractAssign))
            self._check(augmented[0].value, assigned[0].value)
        elif not augmented and isinstance(assigned[0].value, cst.BinaryOperation):
            delta = self._operand(assigned[0].value)
        else:
            raise NoFix("how it is computed is not plain")
        self._is_straight(bindings)
        if self._uses(value.value) == 1 + len(bindings):
            self.spent = tuple(bindings)
        return delta

    def _operand(self, node: cst.BinaryOperation) -> str:
        """The other operand than the value that was read, with its sign."""
        subtracts = isinstance(node.operator, cst.Subtract)
        if self._is_read(node.left):
            other, read = node.right, node.left
        elif self._is_read(node.right) and not subtracts:
            other, read = node.left, node.right
        else:
            raise NoFix("how it is computed is not plain")
        self._check(other, read)
        return self._signed(other, subtracts)

    def _check(self, other: cst.BaseExpression, read: cst.BaseExpression) -> None:
        """That it is a number, and the same at the update."""
        if any(isinstance(each, cst.Call | cst.Await | cst.Yield | cst.NamedExpr) for each in descendants(other)):
            raise NoFix("what is added is computed by a call")
        for each in descendants(other):
            if isinstance(each, cst.Name) and len(list(self._bindings(each.value))) > 1:
                raise NoFix(f"{each.value} is set in several places")
        if not (isinstance(other, _NUMBERS) or self._is_annotated(other) or _default(read) is not None):
            raise NoFix("the code does not show that it is a number")

    def _signed(self, other: cst.BaseExpression, subtracts: bool) -> str:
        text = self.tree.text(other)
        if not subtracts:
            return text
        return f"-{text}" if isinstance(other, (*_NUMBERS, cst.Name, cst.Attribute, cst.Subscript)) else f"-({text})"

    def _is_annotated(self, node: cst.BaseExpression) -> bool:
        params = [*self.function.params.params, *self.function.params.kwonly_params]
        hints = {each.name.value: each.annotation.annotation for each in params if each.annotation}
        hint = hints.get(node.value) if isinstance(node, cst.Name) else None
        return isinstance(hint, cst.Name) and hint.value in _NUMERIC

    # $push

    def appended(self) -> str:
        """What is appended to the list."""
        value = self.element.value
        text = self.tree.text(value)
        calls = [
            each for each in descendants(self.function) if isinstance(each, cst.Call) and self._changes(each, text)
        ]
        if len(calls) != 1 or len(calls[0].args) != 1 or calls[0].args[0].star:
            raise NoFix("what is appended is not plain")
        arg = calls[0].args[0].value
        statement = self.tree.parent(calls[0])
        if not isinstance(statement, cst.Expr):
            raise NoFix("what is appended is not plain")
        bindings = list(self._bindings(value.value)) if isinstance(value, cst.Name) else []
        if isinstance(value, cst.Name):
            if len(bindings) != 1 or not isinstance(bindings[0], cst.Assign) or not self._is_read(bindings[0].value):
                raise NoFix(f"{text} is not just the list that was read")
            if self._uses(value.value) == 3:
                self.spent = (bindings[0], statement)
        elif not self._is_read(value):
            raise NoFix("what is appended is not plain")
        if not self.spent and any(isinstance(each, cst.Call | cst.Await) for each in descendants(arg)):
            raise NoFix("what is appended is made by a call, and used elsewhere, too")
        self._is_straight([*bindings, statement])
        return self.tree.text(arg)

    def _changes(self, call: cst.Call, text: str) -> bool:
        function = call.func
        return (
            isinstance(function, cst.Attribute)
            and function.attr.value == "append"
            and self.tree.text(function.value) == text
        )

    # Common

    def _is_read(self, node: cst.BaseExpression) -> bool:
        """``doc["n"]``, ``doc.get("n", 0)``, ``doc.get("n") or 0``, or a variable that holds just that."""
        name = self.lost.field.rpartition(".")[2]
        if isinstance(node, cst.Subscript) and len(node.slice) == 1:
            index = node.slice[0].slice
            key = index.value if isinstance(index, cst.Index) else None
            return isinstance(key, cst.SimpleString) and key.evaluated_value == name
        if isinstance(node, cst.BooleanOperation) and isinstance(node.operator, cst.Or):
            return self._is_read(node.left) and _is_empty(node.right)
        if isinstance(node, cst.Call) and isinstance(node.func, cst.Attribute) and node.func.attr.value == "get":
            key = node.args[0].value if node.args else None
            if not isinstance(key, cst.SimpleString) or key.evaluated_value != name:
                return False
            return len(node.args) == 1 or _is_empty(node.args[1].value)
        if isinstance(node, cst.Name):
            bindings = list(self._bindings(node.value))
            return (
                len(bindings) == 1
                and isinstance(bindings[0], cst.Assign)
                and not isinstance(bindings[0].value, cst.Name)
                and self._is_read(bindings[0].value)
            )
        return False

    def _bindings(self, name: str) -> Iterator[cst.CSTNode]:
        """The statements of the function that give a variable its value."""
        for each in descendants(self.function):
            if isinstance(each, cst.Assign | cst.AugAssign | cst.AnnAssign | cst.For | cst.With | cst.NamedExpr):
                targets = [target.target for target in each.targets] if isinstance(each, cst.Assign) else [each]
                for target in targets:
                    held = target if isinstance(each, cst.Assign) else getattr(target, "target", None)
                    if isinstance(held, cst.Name) and held.value == name:
                        yield each

    def _uses(self, name: str) -> int:
        return sum(isinstance(each, cst.Name) and each.value == name for each in descendants(self.function))

    def _is_straight(self, statements: list[cst.CSTNode]) -> None:
        """That the statements always run before the update, each once."""
        around = {id(above) for above in self.tree.ancestors(self.call)}
        for each in statements:
            block = self.tree.parent(self.tree.statement(each))
            if block is None or id(block) not in around:
                raise NoFix("it is changed on some ways only")

    def tidy(self) -> None:
        """Take out the statements that only made the value, unless a comment says something of them."""
        text = self.tree.file_text
        for each in self.spent:
            line = self.tree.statement(each)
            start, end = self.tree.line_start(line), self.tree.line_end(line)
            assert isinstance(line, cst.SimpleStatementLine)
            owner = self.tree.parent(line)
            if len(line.body) != 1 or "#" in text[start:end] or len(getattr(owner, "body", ())) < 2:
                continue
            self.draft.replace(self.lost.module, (start, end), "")


def _default(read: cst.BaseExpression) -> cst.BaseExpression | None:
    """The number that stands for a field that is not there."""
    node = read.right if isinstance(read, cst.BooleanOperation) else None
    if isinstance(read, cst.Call) and len(read.args) == 2:
        node = read.args[1].value
    return node if isinstance(node, _NUMBERS) else None


def _is_empty(node: cst.BaseExpression) -> bool:
    """0, or []: what an operator starts from where the field is not there."""
    if isinstance(node, _NUMBERS):
        return float(node.evaluated_value) == 0
    return isinstance(node, cst.List) and not node.elements
