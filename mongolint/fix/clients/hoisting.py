"""A client that its function makes at each call, made once where the module is loaded."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import libcst as cst

from mongolint.fix.nofix import NoFix
from mongolint.fix.trees import SourceFile, Tree, descendants, line_start

if TYPE_CHECKING:
    from mongolint.fix.draft import Draft
    from mongolint.project.clients.percall import PerCall

_DECORATOR = re.compile(r"^@", re.MULTILINE)


def hoist(draft: Draft, made: PerCall) -> None:
    """See `Draft.hoist_client`."""
    if made.own_loop:
        raise NoFix("it is bound to the event loop of its task")
    module = made.site.module
    tree, call = draft.call(module, made.site.row)
    line = tree.statement(call)
    name = _name(tree, line, call)
    function = tree.nearest(call, cst.FunctionDef)
    _check_scope(draft, made, function, name)
    _check_arguments(draft, made, call)
    _check_uses(tree, function, line, name)
    file, text = draft.file(module), tree.file_text
    start, end = tree.line_start(line), tree.line_end(line)
    if "#" in text[tree.span(line)[1] : end] or "#" in _between(text, start, end, tree, call):
        raise NoFix("a comment beside it would be lost")
    _remove(draft, module, tree, line)
    value = tree.text(call).replace("\r\n", "\n")
    if '"""' not in value and "'''" not in value:
        value = value.replace("\n" + tree.indent(line), "\n")
    draft.insert(module, _before(file, tree, function), f"{name} = {value}\n\n\n")


def _name(tree: Tree, line: cst.CSTNode, call: cst.Call) -> str:
    """The variable that the client is assigned to, by a statement of its own."""
    small = line.body[0] if isinstance(line, cst.SimpleStatementLine) and len(line.body) == 1 else None
    if isinstance(small, cst.Assign) and small.value is call and len(small.targets) == 1:
        target = small.targets[0].target
        if isinstance(target, cst.Name):
            return target.value
    raise NoFix("the client is not assigned to a variable by a statement of its own")


def _check_scope(draft: Draft, made: PerCall, function: cst.FunctionDef | None, name: str) -> None:
    facts = draft.project.modules[made.site.module]
    scope = facts.scopes[made.scope]
    if function is None or scope.parent != 0:
        raise NoFix("the function stands in a class or in another function")
    if name in facts.scopes[0].final or name in facts.scopes[0].defs:
        raise NoFix(f"the module has another {name}")
    if len(scope.defs.get(name, ())) != 1:
        raise NoFix(f"the function assigns {name} more than once")


def _check_arguments(draft: Draft, made: PerCall, call: cst.Call) -> None:
    """What is given has to mean the same outside of the function."""
    scope = draft.project.modules[made.site.module].scopes[made.scope]
    used = {part.value for part in descendants(call) if isinstance(part, cst.Name)}
    if used & set(scope.defs):
        raise NoFix("its arguments are made in the function")
    if any(isinstance(part, cst.Await | cst.NamedExpr | cst.Yield) for part in descendants(call)):
        raise NoFix("its arguments are made in the function")


def _check_uses(tree: Tree, function: cst.FunctionDef, line: cst.CSTNode, name: str) -> None:
    """The shared client must not be closed, nor be a context manager that closes it."""
    for part in descendants(function):
        if isinstance(part, cst.Attribute) and part.attr.value in ("close", "aclose") and _is(part.value, name):
            raise NoFix("the function closes it, which has to move to where the application ends")
        if isinstance(part, cst.WithItem) and _is(part.item, name):
            raise NoFix("the with block closes it, which has to move to where the application ends")
        if isinstance(part, cst.FunctionDef) and part is not function and name in tree.text(part):
            raise NoFix("an inner function uses it")


def _is(node: cst.CSTNode, name: str) -> bool:
    return isinstance(node, cst.Name) and node.value == name


def _between(text: str, start: int, end: int, tree: Tree, call: cst.Call) -> str:
    """The lines of the statement without the call, whose comments go with it."""
    first, last = tree.span(call)
    return text[start:first] + text[last:end]


def _remove(draft: Draft, module: int, tree: Tree, line: cst.CSTNode) -> None:
    block = tree.parent(line)
    if not isinstance(block, cst.IndentedBlock) or len(block.body) < 2:
        raise NoFix("nothing else stands in its block")
    draft.replace(module, (tree.line_start(line), tree.line_end(line)), "")


def _before(file: SourceFile, tree: Tree, function: cst.FunctionDef) -> int:
    """Where a function of the module begins: the line of its first decorator, which its part leaves out."""
    start = tree.line_start(function)
    starts = [line_start(file.text, begin) for begin, _ in file.facts.parts]
    if start not in starts or tree.indent(function):
        raise NoFix("the function stands under a condition")
    number = starts.index(start)
    behind = file.facts.parts[number - 1][1] if number else 0
    decorator = _DECORATOR.search(file.text, behind, start)
    return decorator.start() if decorator else start
