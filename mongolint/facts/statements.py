"""Statements of a tree: follows variables through branches, loops and handlers, and notes what it meets."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import libcst as cst
from libcst.helpers import get_full_name_for_node

from mongolint.facts import uses
from mongolint.facts.build import Builder, Env, LoopFrame
from mongolint.facts.expressions import (
    OPERATORS,
    annotation,
    assign_inside,
    assign_item,
    expression,
    parameters,
)
from mongolint.facts.shapes import MUTATORS, Handler, Loop, Raise, Store, Try


def block(b: Builder, body: Iterable[cst.CSTNode]) -> None:
    """Walk statements in order."""
    for node in body:
        handler = _HANDLERS.get(type(node))
        if handler:
            handler(b, node)


def _suite(b: Builder, node: Any) -> None:
    block(b, node.body)


def _expr(b: Builder, node: cst.Expr) -> None:
    row = expression(b, node.value)
    if b.nodes[row][0] == "await":
        row = b.nodes[row][1]
    call = b.call_of_row.get(row)
    if call is not None:
        call.statement = True


# Binding


def _assign(b: Builder, node: cst.Assign) -> None:
    row = expression(b, node.value)
    for target in node.targets:
        if isinstance(target.target, cst.Tuple | cst.List):
            uses.iterated(b, node.value, row)
        bind_target(b, target.target, row)


def bind_target(b: Builder, target: cst.BaseExpression, row: int, hint: int | None = None) -> None:
    """Bind ``target = row``: a name, a tuple, an attribute or a subscription."""
    if isinstance(target, cst.Name):
        b.bind(target.value, row)
    elif isinstance(target, cst.Attribute):
        base, name = expression(b, target.value), target.attr.value
        b.facts.stores.append(Store(base, name, row, b.scope, b.context, hint))
        b.add(("setattr", base, name, row))
    elif isinstance(target, cst.Subscript):
        assign_item(b, target, row)
    elif isinstance(target, cst.Tuple | cst.List):
        count = len(target.elements)
        for index, element in enumerate(target.elements):
            bind_target(b, element.value, _unpacked(b, row, index, count))


def _unpacked(b: Builder, row: int, index: int, count: int) -> int:
    node = b.nodes[row]
    if node[0] == "seq" and len(node[2]) == count and all(b.nodes[r][0] != "star" for r in node[2]):
        return int(node[2][index])
    return b.add(("unpack", row, index, count))


def _annotated(b: Builder, node: cst.AnnAssign) -> None:
    hint = annotation(b, node.annotation.annotation)
    target = node.target
    if isinstance(target, cst.Name):
        scope = b.facts.scopes[b.scope]
        if scope.kind == "class":
            # A name has one row, however often it stands in a class; each field has a place of its own
            hint = b.add(b.nodes[hint]) if b.nodes[hint][0] in ("free", "from", "const") else hint
            b.mark_token(target, hint)
        scope.annotations[target.value] = hint
    value = expression(b, node.value) if node.value else None
    if isinstance(target, cst.Attribute):
        bind_target(b, target, b.add(("typed", hint, value)), hint)
    elif value is not None:
        bind_target(b, target, b.add(("typed", hint, value)))


def _augmented(b: Builder, node: cst.AugAssign) -> None:
    value = expression(b, node.value)
    row = b.add(("binop", OPERATORS.get(type(node.operator), "?"), expression(b, node.target), value))
    bind_target(b, node.target, row)


def _delete(b: Builder, node: cst.Del) -> None:
    targets = node.target.elements if isinstance(node.target, cst.Tuple) else [node.target]
    for target in targets:
        place = getattr(target, "value", None) if isinstance(target, cst.Element) else target
        if isinstance(place, cst.Subscript) and isinstance(place.value, cst.Name):
            name = place.value.value
            if b.env is not None and name in b.env:
                item = b.nodes[expression(b, place)]
                b.bind(name, b.add(("delitem", b.env[name], item[2])))
        elif isinstance(place, cst.Subscript) and isinstance(place.value, cst.Subscript):
            _, held, key = b.nodes[expression(b, place)]
            assign_inside(b, place.value, held, b.add(("delitem", held, key)))
        elif isinstance(place, cst.Subscript) and isinstance(place.value, cst.Attribute):
            b.add(("delitem", *b.nodes[expression(b, place)][1:]))


def _global(b: Builder, node: cst.Global) -> None:
    for item in node.names:
        b.outer_names[item.name.value] = 0
        if b.env is not None:
            b.env[item.name.value] = b.free(item.name.value)


def _nonlocal(b: Builder, node: cst.Nonlocal) -> None:
    owner = b.facts.scopes[b.scope].parent
    for item in node.names:
        b.outer_names[item.name.value] = max(owner, 0)


def _import(b: Builder, node: cst.Import) -> None:
    for alias in node.names:
        dotted = get_full_name_for_node(alias.name) or ""
        b.facts.imports.append((dotted, "", 0))
        if alias.asname and isinstance(alias.asname.name, cst.Name):
            b.bind(alias.asname.name.value, b.add(("module", dotted)))
        else:
            top = dotted.partition(".")[0]
            b.bind(top, b.add(("module", top)))


def _import_from(b: Builder, node: cst.ImportFrom) -> None:
    module = get_full_name_for_node(node.module) if node.module else ""
    level = len(node.relative)
    if isinstance(node.names, cst.ImportStar):
        b.facts.star_imports.append((module or "", level))
        b.facts.imports.append((module or "", "*", level))
        return
    for alias in node.names:
        name = alias.evaluated_name
        b.facts.imports.append((module or "", name, level))
        bound = alias.evaluated_alias or name
        b.bind(bound, b.add(("from", module or "", name, level)))


# Control flow


def _if(b: Builder, node: cst.If) -> None:
    ends: list[Env | None] = []
    outer = b.context
    branch: Any = node
    while isinstance(branch, cst.If):
        test = expression(b, branch.test)
        uses.tested(b, branch.test, test)
        before = b.env
        b.env = None if before is None else dict(before)
        with b.inside("then", test) as context:
            block(b, branch.body.body)
        b.facts.contexts[context].leaves = b.env is None
        ends.append(b.env)
        b.env = before
        b.context = b.new_context(b.context, "otherwise", test)
        branch = branch.orelse
    if branch is not None:
        block(b, branch.body.body)
        b.facts.contexts[b.context].leaves = b.env is None
    ends.append(b.env)
    b.context = outer
    b.env = b.join(ends)


def _for(b: Builder, node: cst.For) -> None:
    iterable = expression(b, node.iter)
    loop = Loop("for", b.scope, b.context, iterable, node.asynchronous is not None)
    if not loop.is_async:
        uses.iterated(b, node.iter, iterable)
    b.mark_object(node, loop, node.iter)
    element = b.add(("iter", iterable))
    _loop(b, loop, node, lambda: bind_target(b, node.target, element))


def _while(b: Builder, node: cst.While) -> None:
    loop = Loop("while", b.scope, b.context, None, False)
    b.mark_object(node, loop, node.test)
    _loop(b, loop, node, lambda: _while_test(b, node, len(b.facts.loops) - 1))


def _while_test(b: Builder, node: cst.While, index: int) -> None:
    with b.inside("while-test", index):
        row = b.facts.loops[index].iterable = expression(b, node.test)
        uses.tested(b, node.test, row)


def _loop(b: Builder, loop: Loop, node: cst.For | cst.While, enter: Callable[[], None]) -> None:
    index = len(b.facts.loops)
    b.facts.loops.append(loop)
    entry = b.env or {}
    heads = {name: b.add(("phi", ())) for name in sorted(touched(node)) if name in entry}
    head: Env = {**entry, **heads}
    b.env = dict(head) if b.env is not None else None
    enter()
    frame = LoopFrame(index)
    b.loops.append(frame)
    with b.inside("loop", index):
        block(b, node.body.body)
    b.loops.pop()
    backs = [env for env in (b.env, *frame.continues) if env is not None]
    loop.repeats = bool(backs)
    for name, row in heads.items():
        values = dict.fromkeys([entry[name], *(env[name] for env in backs if name in env)])
        values.pop(row, None)
        b.nodes[row] = ("phi", tuple(values))
    if _is_endless(node):
        b.leave([head, *backs])
    else:
        b.env = b.join([head, *backs])
    if node.orelse:
        with b.inside("else", index):
            block(b, node.orelse.body.body)
    b.env = b.join([b.env, *frame.breaks])


def _is_endless(node: cst.For | cst.While) -> bool:
    """``while True:``, which only ``break`` ends."""
    test = node.test if isinstance(node, cst.While) else None
    return (isinstance(test, cst.Name) and test.value == "True") or (
        isinstance(test, cst.Integer) and test.value == "1"
    )


def _break(b: Builder, node: cst.Break) -> None:
    if b.loops and b.env is not None:
        b.loops[-1].breaks.append(b.env)
        b.facts.loops[b.loops[-1].index].exits.append(("break", b.context))
    b.env = None


def _continue(b: Builder, node: cst.Continue) -> None:
    if b.loops and b.env is not None:
        b.loops[-1].continues.append(b.env)
    b.env = None


def _return(b: Builder, node: cst.Return) -> None:
    row = expression(b, node.value) if node.value else b.const(None)
    b.facts.scopes[b.scope].returns.append((row, b.context))
    for frame in b.loops:
        b.facts.loops[frame.index].exits.append(("return", b.context))
    b.env = None


def _raise(b: Builder, node: cst.Raise) -> None:
    value = expression(b, node.exc) if node.exc else None
    cause = expression(b, node.cause.item) if node.cause else None
    b.facts.raises.append(Raise(value, b.scope, b.context, cause))
    b.leave([b.env])


def _try(b: Builder, node: cst.Try | cst.TryStar) -> None:
    index = len(b.facts.tries)
    entry = b.env
    moments: list[Env | None] = [None if entry is None else dict(entry)]
    with b.inside("try", index) as context:
        record = Try(b.scope, context)
        b.facts.tries.append(record)
        for statement in node.body.body:
            block(b, [statement])
            moments.append(None if b.env is None else dict(b.env))
    after_body = b.env
    ends = [_handler(b, index, handler, moments) for handler in node.handlers]
    b.env = after_body
    if node.orelse:
        with b.inside("try-else", index):
            block(b, node.orelse.body.body)
    ends.append(b.env)
    b.env = b.join(ends)
    if node.finalbody:
        reachable = b.env is not None
        if not reachable:
            b.env = b.join(moments)
        with b.inside("finally", index):
            block(b, node.finalbody.body.body)
        if not reachable:
            b.env = None


def _handler(b: Builder, index: int, node: Any, moments: Sequence[Env | None]) -> Env | None:
    b.env = b.join(moments)
    b.env = None if b.env is None else dict(b.env)
    types = expression(b, node.type) if node.type else None
    name = node.name.name.value if node.name and isinstance(node.name.name, cst.Name) else None
    with b.inside("handler", index) as context:
        record = Handler(types, name, context)
        b.facts.tries[index].handlers.append(record)
        b.mark_object(node, record, node.type)
        if name:
            b.bind(name, b.add(("exc", types)))
        block(b, node.body.body)
        b.facts.contexts[context].leaves = b.env is None
    return b.env


def _with(b: Builder, node: cst.With) -> None:
    outer = b.context
    for item in node.items:
        row = expression(b, item.item)
        if item.asname:
            bind_target(b, item.asname.name, b.add(("ctx", row)))
        b.context = b.new_context(b.context, "with", row)
    block(b, node.body.body)
    b.context = outer


def _match(b: Builder, node: cst.Match) -> None:
    subject = expression(b, node.subject)
    before = b.env
    ends: list[Env | None] = [] if any(map(_takes_all, node.cases)) else [before]
    for case in node.cases:
        b.env = None if before is None else dict(before)
        for name in _captured(case.pattern):
            b.bind(name, b.unknown())
        with b.inside("then", subject):
            if case.guard:
                uses.tested(b, case.guard, expression(b, case.guard))
            block(b, case.body.body)
        ends.append(b.env)
    b.env = b.join(ends)


def _takes_all(case: cst.MatchCase) -> bool:
    """``case _:`` and ``case name:``, which match whatever comes."""
    return case.guard is None and isinstance(case.pattern, cst.MatchAs) and case.pattern.pattern is None


def _captured(pattern: cst.CSTNode) -> Iterator[str]:
    if isinstance(pattern, cst.MatchAs | cst.MatchStar) and pattern.name:
        yield pattern.name.value
    for child in pattern.children:
        yield from _captured(child)


# Definitions


def _function(b: Builder, node: cst.FunctionDef) -> None:
    decorators = [expression(b, d.decorator) for d in node.decorators]
    params = parameters(b, node.params)
    hint = annotation(b, node.returns.annotation) if node.returns else None
    scope = b.new_scope("function", node.name.value)
    scope.params, scope.decorators, scope.return_annotation = params, decorators, hint
    scope.is_async = node.asynchronous is not None
    b.mark_object(node.name, scope, node.name)
    row = b.add(("func", scope.index))
    b.bind(node.name.value, row)
    env = {p.name: b.add(("param", scope.index, p.name)) for p in params}
    scope.defs = {name: [row] for name, row in env.items()}
    with b.entered(scope, env):
        block(b, node.body.body)
        if b.env is not None:
            scope.returns.append((b.const(None), scope.context))


def _class(b: Builder, node: cst.ClassDef) -> None:
    decorators = [expression(b, decorator.decorator) for decorator in node.decorators]
    bases = [expression(b, arg.value) for arg in node.bases]
    keywords = [(arg.keyword.value, expression(b, arg.value)) for arg in node.keywords if arg.keyword]
    scope = b.new_scope("class", node.name.value)
    scope.decorators, scope.bases, scope.keywords = decorators, bases, keywords
    b.mark_object(node.name, scope, node.name)
    with b.entered(scope, {}):
        block(b, node.body.body)
    b.bind(node.name.value, b.add(("class", scope.index)))


def touched(node: cst.CSTNode) -> set[str]:
    """Names that a loop may bind or change, in its header or body."""
    names: set[str] = set()
    _touched(node, names)
    return names


def _touched(node: Any, names: set[str]) -> None:
    parts = _PARTS.get(type(node))
    if parts is not None:  # what most nodes are
        for name in parts:
            part = getattr(node, name)
            for child in part if isinstance(part, list | tuple) else (part,):
                _touched(child, names)
    elif isinstance(node, cst.Assign):
        for target in node.targets:
            _target_names(target.target, names)
        _touched(node.value, names)
    elif isinstance(node, cst.AnnAssign | cst.AugAssign):
        _target_names(node.target, names)
    elif isinstance(node, cst.For):
        _target_names(node.target, names)
        _touched(node.body, names)
        if node.orelse:
            _touched(node.orelse, names)
    elif isinstance(node, cst.Call | cst.Await | cst.Expr):
        _mutated_name(node, names)
    elif isinstance(node, cst.With):
        for item in node.items:
            if item.asname:
                _target_names(item.asname.name, names)
        _touched(node.body, names)
    elif isinstance(node, cst.FunctionDef | cst.ClassDef):
        names.add(node.name.value)
    elif isinstance(node, cst.Del):
        _target_names(node.target, names)


# What is run in a statement, and in the suites of one
_PARTS: dict[type, tuple[str, ...]] = {
    cst.IndentedBlock: ("body",),
    cst.SimpleStatementSuite: ("body",),
    cst.SimpleStatementLine: ("body",),
    cst.If: ("test", "body", "orelse"),
    cst.Else: ("body",),
    cst.While: ("test", "body", "orelse"),
    cst.Try: ("body", "handlers", "orelse", "finalbody"),
    cst.TryStar: ("body", "handlers", "orelse", "finalbody"),
    cst.ExceptHandler: ("body",),
    cst.ExceptStarHandler: ("body",),
    cst.Finally: ("body",),
}


def _mutated_name(node: Any, names: set[str]) -> None:
    while isinstance(node, cst.Expr | cst.Await):
        node = node.value if isinstance(node, cst.Expr) else node.expression
    called = node.func if isinstance(node, cst.Call) else None
    if isinstance(called, cst.Attribute) and called.attr.value in MUTATORS:
        _target_names(called.value, names)


def _target_names(target: Any, names: set[str]) -> None:
    while isinstance(target, cst.Subscript) or _is_default(target):
        target = target.value if isinstance(target, cst.Subscript) else target.func.value
    if isinstance(target, cst.Name):
        names.add(target.value)
    elif isinstance(target, cst.Tuple | cst.List):
        for element in target.elements:
            _target_names(element.value, names)


def _is_default(node: Any) -> bool:
    """``document.setdefault(key, [])``, through which the document is changed."""
    called = node.func if isinstance(node, cst.Call) else None
    return isinstance(called, cst.Attribute) and called.attr.value == "setdefault"


def _assert(b: Builder, node: cst.Assert) -> None:
    uses.tested(b, node.test, expression(b, node.test))


_HANDLERS: dict[type[cst.CSTNode], Callable[[Builder, Any], None]] = {
    cst.SimpleStatementLine: _suite,
    cst.Expr: _expr,
    cst.Assign: _assign,
    cst.AnnAssign: _annotated,
    cst.AugAssign: _augmented,
    cst.Del: _delete,
    cst.Global: _global,
    cst.Nonlocal: _nonlocal,
    cst.Import: _import,
    cst.ImportFrom: _import_from,
    cst.If: _if,
    cst.For: _for,
    cst.While: _while,
    cst.Break: _break,
    cst.Continue: _continue,
    cst.Return: _return,
    cst.Raise: _raise,
    cst.Try: _try,
    cst.TryStar: _try,
    cst.With: _with,
    cst.Match: _match,
    cst.FunctionDef: _function,
    cst.ClassDef: _class,
    cst.Assert: _assert,
}
