"""A state that was tested, put into the filter of the update, so that one of two requests makes the transition."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import libcst as cst

from mongolint.fix.nofix import NoFix
from mongolint.fix.trees import Tree, descendants
from mongolint.fix.updates import dicts
from mongolint.project.updates.states import StateRace
from mongolint.project.writes.needs import plain

if TYPE_CHECKING:
    from mongolint.fix.draft import Draft

_RESULT = "changed"


def claim(draft: Draft, race: StateRace) -> None:
    """See `Draft.claim`."""
    if not race.is_direct:
        raise NoFix("the helper that writes it is not given the state")
    if race.admits is None:
        raise NoFix("what the test asks is no plain filter")
    if not race.comes_first:
        raise NoFix("what happens twice comes before the update")
    if race.operation.name != "update_one":
        raise NoFix("what the update gives is used otherwise")
    tree, call = draft.call(race.module, race.row)
    filters = call.args[0].value if call.args and call.args[0].keyword is None else None
    if not isinstance(filters, cst.Dict) or not filters.elements:
        raise NoFix("the filter is not written out in the call")
    statement = tree.statement(call)
    function = tree.nearest(call, cst.FunctionDef)
    if not _is_plain(statement, call) or not isinstance(function, cst.FunctionDef):
        raise NoFix("the result of the update is used")
    if any(isinstance(each, cst.Name) and each.value == _RESULT for each in descendants(function)):
        raise NoFix(f"{_RESULT} is another variable")
    left = _left(tree, statement, race.field.rpartition(".")[2])
    operator, value = race.admits
    asked = plain(value) if not operator else plain({operator: value})
    last = filters.elements[-1]
    if not isinstance(last, cst.DictElement) or dicts.entry(filters, race.field) is not None:
        raise NoFix("the filter is not written out in the call")
    dicts.put_behind(draft, race.module, tree, last, f'"{race.field}": {asked}')
    draft.insert(race.module, tree.span(statement)[0], f"{_RESULT} = ")
    indent = tree.indent(statement)
    step = draft.file(race.module).step
    lines = tree.text(left).split("\n")
    before = tree.indent(left)
    body = "\n".join(f"{indent}{step}{line.removeprefix(before)}" if line.strip() else line for line in lines)
    draft.insert(race.module, tree.line_end(statement), f"{indent}if {_RESULT}.matched_count == 0:\n{body}\n")


def _is_plain(statement: cst.CSTNode, call: cst.Call) -> bool:
    """Whether a statement is nothing but a call."""
    if not isinstance(statement, cst.SimpleStatementLine) or len(statement.body) != 1:
        return False
    only = statement.body[0]
    held = only.value if isinstance(only, cst.Expr) else None
    return held is call or (isinstance(held, cst.Await) and held.expression is call)


def _left(tree: Tree, statement: cst.CSTNode, field: str) -> cst.SimpleStatementLine:
    """The statement by which those leave that do not pass the test, before the update.

    Raises:
        NoFix: there is none, or not one only.
    """
    found = [body for test, body in _leaving(tree, statement) if _names(test, field)]
    if len(found) != 1:
        raise NoFix("what those get that do not pass the test is not plain")
    text = tree.text(found[0])
    if '"""' in text or "'''" in text or "#" in text:
        raise NoFix("what those get that do not pass the test is not plain")
    return found[0]


def _leaving(tree: Tree, statement: cst.CSTNode) -> Iterator[tuple[cst.BaseExpression, cst.SimpleStatementLine]]:
    """The tests before a statement, in the blocks around it, by which one statement leaves the function."""
    current: cst.CSTNode | None = statement
    while current is not None and not isinstance(current, cst.FunctionDef):
        block = tree.parent(current)
        if isinstance(block, cst.IndentedBlock):
            for each in block.body:
                if each is current:
                    break
                body = each.body.body if isinstance(each, cst.If) and each.orelse is None else ()
                only = body[0] if len(body) == 1 else None
                if isinstance(only, cst.SimpleStatementLine) and isinstance(only.body[-1], cst.Raise | cst.Return):
                    if isinstance(each, cst.If) and len(only.body) == 1:
                        yield each.test, only
        current = block


def _names(test: cst.BaseExpression, field: str) -> bool:
    for each in [test, *descendants(test)]:
        if isinstance(each, cst.SimpleString) and each.evaluated_value == field:
            return True
        if isinstance(each, cst.Attribute) and each.attr.value == field:
            return True
    return False
