"""Expressions of a tree, turned into rows of the table (see `mongolint.facts.shapes`)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import libcst as cst

from mongolint.facts import uses
from mongolint.facts.build import Builder
from mongolint.facts.shapes import MUTATORS, Call, Loop, Param, Reference, Store
from mongolint.mongo.methods import TABLES

_COLLECTION_METHODS = frozenset(n for n, m in TABLES["collection"].items() if m.kind in ("read", "write", "index"))


def expression(b: Builder, node: cst.BaseExpression) -> int:
    """The row of an expression."""
    handler = _HANDLERS.get(type(node))
    return handler(b, node) if handler else _other(b, node)


def _other(b: Builder, node: cst.CSTNode) -> int:
    for child in node.children:
        if isinstance(child, cst.BaseExpression):
            uses.lost(b, expression(b, child))
    return b.unknown()


def _name(b: Builder, node: cst.Name) -> int:
    if node.value in _NAMED_CONSTANTS:
        return b.const(_NAMED_CONSTANTS[node.value])
    row = b.env.get(node.value) if b.env is not None else None
    return b.free(node.value) if row is None else row


_NAMED_CONSTANTS = {"None": None, "True": True, "False": False}


def _attribute(b: Builder, node: cst.Attribute) -> int:
    row = _plain_attribute(b, node)
    if node.attr.value in _COLLECTION_METHODS:
        reference = Reference(row, b.scope, b.context, None, -1)
        b.reference_of_row[row] = reference
        b.facts.references.append(reference)
    return row


def _plain_attribute(b: Builder, node: cst.Attribute) -> int:
    row = b.add(("attr", expression(b, node.value), node.attr.value))
    b.mark_token(node.attr, row)
    return row


def _call(b: Builder, node: cst.Call) -> int:
    func = node.func
    function = _plain_attribute(b, func) if isinstance(func, cst.Attribute) else expression(b, func)
    token = func.attr if isinstance(func, cst.Attribute) else func
    args = tuple((_keyword(arg), expression(b, arg.value)) for arg in node.args)
    row = b.add(("call", function, args))
    for written, (keyword, given) in zip(node.args, args, strict=True):
        if keyword == "*":
            uses.iterated(b, written.value, given)
    for position, (_, arg) in enumerate(args):
        reference = b.reference_of_row.get(arg)
        if reference is not None and reference.call is None:
            reference.call, reference.position = row, position
    call = Call(row, b.scope, b.context)
    b.call_of_row[row] = call
    b.facts.calls.append(call)
    b.mark_span(node, row)
    b.mark_token(token, row)
    if isinstance(func, cst.Attribute) and func.attr.value in MUTATORS:
        _note_mutation(b, func.value, row)
    return row


def _keyword(arg: cst.Arg) -> str | None:
    return arg.keyword.value if arg.keyword else (arg.star or None)


def _note_mutation(b: Builder, target: cst.BaseExpression, call: int) -> None:
    if isinstance(target, cst.Name) and b.env is not None and target.value in b.env:
        b.bind(target.value, b.add(("mutated", b.env[target.value], call)))
    elif isinstance(target, cst.Subscript) and isinstance(target.value, cst.Name):
        base = b.nodes[b.nodes[call][1]][1]
        assign_item(b, target, b.add(("mutated", base, call)))
    elif isinstance(target, cst.Call):
        base = b.nodes[b.nodes[call][1]][1]
        _assign_default(b, target, base, b.add(("mutated", base, call)))
    elif isinstance(target, cst.Subscript):
        base = b.nodes[b.nodes[call][1]][1]
        assign_inside(b, target, base, b.add(("mutated", base, call)))


def assign_inside(b: Builder, target: cst.Subscript, row: int, value: int) -> None:
    """``target``, read at ``row``, is now ``value``, in which something was changed: ``d["a"]["b"].append(x)``."""
    _, held, key = b.nodes[row]
    holder = target.value
    if isinstance(holder, cst.Subscript):
        assign_inside(b, holder, held, b.add(("setitem", held, key, value)))
    elif isinstance(holder, cst.Name) and b.env is not None and holder.value in b.env:
        b.bind(holder.value, b.add(("setitem", b.env[holder.value], key, value)))


def assign_item(b: Builder, target: cst.Subscript, value: int) -> None:
    """``target = value`` for a subscription: the variable at its root now holds the changed object."""
    key = _slice(b, target.slice)
    holder = target.value
    if isinstance(holder, cst.Name) and b.env is not None and holder.value in b.env:
        # Either a document being built, or an application object that something is hung on
        b.facts.item_stores.append(Store(b.env[holder.value], key, value, b.scope, b.context))
        b.bind(holder.value, b.add(("setitem", b.env[holder.value], key, value)))
    elif isinstance(holder, cst.Subscript):
        assign_item(b, holder, b.add(("setitem", expression(b, holder), key, value)))
    elif isinstance(holder, cst.Call):
        row = expression(b, holder)
        _assign_default(b, holder, row, b.add(("setitem", row, key, value)))
    else:
        base = expression(b, holder)
        b.facts.item_stores.append(Store(base, key, value, b.scope, b.context))
        b.add(("setitem", base, key, value))


def _assign_default(b: Builder, given: cst.Call, row: int, value: int) -> None:
    """What ``document.setdefault(key, default)``, the call ``given`` at ``row``, gives is now ``value``."""
    function, args = given.func, b.nodes[row][2]
    if not isinstance(function, cst.Attribute) or function.attr.value != "setdefault" or not args:
        return
    holder, key = function.value, args[0][1]
    if isinstance(holder, cst.Name) and b.env is not None and holder.value in b.env:
        b.facts.item_stores.append(Store(b.env[holder.value], key, value, b.scope, b.context))
        b.bind(holder.value, b.add(("setitem", b.env[holder.value], key, value)))
    elif isinstance(holder, cst.Subscript):
        assign_item(b, holder, b.add(("setitem", expression(b, holder), key, value)))
    elif isinstance(holder, cst.Call):
        inner = b.nodes[b.nodes[row][1]][1]
        _assign_default(b, holder, inner, b.add(("setitem", inner, key, value)))


def _subscript(b: Builder, node: cst.Subscript) -> int:
    row = b.add(("item", expression(b, node.value), _slice(b, node.slice)))
    b.mark_span(node, row)
    return row


def _slice(b: Builder, elements: Sequence[cst.SubscriptElement]) -> int:
    rows = []
    for element in elements:
        part = element.slice
        if isinstance(part, cst.Index):
            rows.append(expression(b, part.value))
        else:
            _other(b, part)
            rows.append(b.add(("slice", _most(part) if isinstance(part, cst.Slice) else None)))
    return rows[0] if len(rows) == 1 else b.add(("seq", "tuple", tuple(rows)))


def _most(part: cst.Slice) -> int | None:
    """How many a slice takes at most, where the source says it: ``[:3]``, ``[2:5]``, ``[-1:]``."""
    lower = _whole_number(part.lower) if part.lower is not None else 0
    upper = _whole_number(part.upper) if part.upper is not None else None
    if lower is None or part.step is not None:
        return None
    if part.upper is None:
        return -lower if lower < 0 else None
    return max(upper - lower, 0) if upper is not None and (lower < 0) == (upper < 0) else None


def _whole_number(node: cst.BaseExpression) -> int | None:
    if isinstance(node, cst.UnaryOperation) and isinstance(node.operator, cst.Minus):
        number = _whole_number(node.expression)
        return -number if number is not None else None
    return node.evaluated_value if isinstance(node, cst.Integer) else None


def _string(b: Builder, node: cst.SimpleString) -> int:
    return b.const(_string_value(node))


def _string_value(node: cst.SimpleString) -> str | bytes | None:
    text = node.value
    if "\\" not in text and text[0] in "'\"":
        width = 3 if text[:3] in ('"""', "'''") else 1
        return text[width:-width]
    try:
        return node.evaluated_value
    except (SyntaxError, ValueError):
        return None


def _concatenated(b: Builder, node: cst.ConcatenatedString) -> int:
    left, right = expression(b, node.left), expression(b, node.right)
    first, second = (b.nodes[row][1] if b.nodes[row][0] == "const" else None for row in (left, right))
    if isinstance(first, str) and isinstance(second, str):
        return b.const(first + second)
    parts: list[int] = []
    for row in (left, right):
        parts.extend(b.nodes[row][1] if b.nodes[row][0] == "fstr" else (row,))
    return b.add(("fstr", tuple(parts)))


def _fstring(b: Builder, node: cst.FormattedString) -> int:
    rows = []
    for part in node.parts:
        if isinstance(part, cst.FormattedStringText):
            rows.append(b.const(part.value.replace("{{", "{").replace("}}", "}")))
        elif isinstance(part, cst.FormattedStringExpression):
            rows.append(expression(b, part.expression))
    return b.add(("fstr", tuple(rows)))


def _integer(b: Builder, node: cst.Integer) -> int:
    try:
        return b.const(int(node.value, 0))
    except ValueError:
        return b.unknown()


def _float(b: Builder, node: cst.Float) -> int:
    return b.const(float(node.value.replace("_", "")))


def _dict(b: Builder, node: cst.Dict) -> int:
    pairs: list[tuple[int | None, int]] = []
    for element in node.elements:
        key = expression(b, element.key) if isinstance(element, cst.DictElement) else None
        pairs.append((key, expression(b, element.value)))
    row = b.add(("dict", tuple(pairs)))
    b.mark_span(node, row)
    return row


def _sequence(b: Builder, node: cst.List | cst.Tuple | cst.Set) -> int:
    rows = []
    for element in node.elements:
        row = expression(b, element.value)
        if isinstance(element, cst.StarredElement):
            uses.iterated(b, element.value, row)
            row = b.add(("star", row))
        rows.append(row)
    found = b.add(("seq", type(node).__name__.lower(), tuple(rows)))
    b.mark_span(node, found)
    return found


def _binary(b: Builder, node: cst.BinaryOperation) -> int:
    left, right = expression(b, node.left), expression(b, node.right)
    return b.add(("binop", OPERATORS.get(type(node.operator), "?"), left, right))


OPERATORS: dict[type[cst.CSTNode], str] = {
    cst.Add: "+",
    cst.AddAssign: "+",
    cst.BitOr: "|",
    cst.BitOrAssign: "|",
    cst.Modulo: "%",
    cst.ModuloAssign: "%",
    cst.Subtract: "-",
    cst.Multiply: "*",
    cst.Divide: "/",
}


def _boolean(b: Builder, node: cst.BooleanOperation) -> int:
    operator = "and" if isinstance(node.operator, cst.And) else "or"
    left = expression(b, node.left)
    uses.tested(b, node.left, left)
    return b.add(("bool", operator, (left, expression(b, node.right))))


def _unary(b: Builder, node: cst.UnaryOperation) -> int:
    row = expression(b, node.expression)
    if isinstance(node.operator, cst.Not):
        uses.tested(b, node.expression, row)
        return b.add(("not", row))
    uses.lost(b, row)
    value = b.nodes[row][1] if b.nodes[row][0] == "const" else None
    if isinstance(value, int | float) and isinstance(node.operator, cst.Minus | cst.Plus):
        return b.const(-value if isinstance(node.operator, cst.Minus) else +value)
    return b.unknown()


def _comparison(b: Builder, node: cst.Comparison) -> int:
    rows = [expression(b, node.left)]
    for target in node.comparisons:
        rows.append(expression(b, target.comparator))
        if isinstance(target.operator, cst.In | cst.NotIn):
            uses.iterated(b, target.comparator, rows[-1])
    operators = tuple(type(target.operator).__name__ for target in node.comparisons)
    return b.add(("compare", operators, tuple(rows)))


def _conditional(b: Builder, node: cst.IfExp) -> int:
    test = expression(b, node.test)
    uses.tested(b, node.test, test)
    return b.add(("ifexp", test, expression(b, node.body), expression(b, node.orelse)))


def _await(b: Builder, node: cst.Await) -> int:
    inner = expression(b, node.expression)
    call = b.call_of_row.get(inner)
    if call is not None:
        call.awaited = True
    return b.add(("await", inner))


def _lambda(b: Builder, node: cst.Lambda) -> int:
    scope = b.new_scope("lambda", "<lambda>")
    scope.params = parameters(b, node.params)
    own = {p.name: b.add(("param", scope.index, p.name)) for p in scope.params}
    scope.defs = {name: [row] for name, row in own.items()}
    env = {**(b.env or {}), **own}
    with b.entered(scope, env):
        scope.returns.append((expression(b, node.body), b.context))
    return b.add(("func", scope.index))


def parameters(b: Builder, node: cst.Parameters) -> list[Param]:
    """Parameters in order; annotations and defaults are read in the scope outside the function."""
    found = []

    def take(param: cst.Param, kind: str) -> None:
        hint = annotation(b, param.annotation.annotation) if param.annotation else None
        default = expression(b, param.default) if param.default else None
        found.append(Param(param.name.value, kind, hint, default))

    for param in [*node.posonly_params, *node.params]:
        take(param, "positional")
    if isinstance(node.star_arg, cst.Param):
        take(node.star_arg, "*")
    for param in node.kwonly_params:
        take(param, "keyword")
    if node.star_kwarg:
        take(node.star_kwarg, "**")
    return found


def annotation(b: Builder, node: cst.BaseExpression) -> int:
    """The row of an annotation; one written as a string is read as the expression it holds."""
    if isinstance(node, cst.SimpleString):
        text = _string_value(node)
        try:
            return expression(b, cst.parse_expression(text)) if isinstance(text, str) else b.unknown()
        except cst.ParserSyntaxError:
            return b.unknown()
    if isinstance(node, cst.Subscript):
        rows = [annotation(b, e.slice.value) if isinstance(e.slice, cst.Index) else b.unknown() for e in node.slice]
        key = rows[0] if len(rows) == 1 else b.add(("seq", "tuple", tuple(rows)))
        return b.add(("item", expression(b, node.value), key))
    if isinstance(node, cst.BinaryOperation):
        return b.add(("binop", "|", annotation(b, node.left), annotation(b, node.right)))
    return expression(b, node)


def _comprehension(b: Builder, node: cst.BaseComp) -> int:
    kind = {cst.ListComp: "list", cst.SetComp: "set", cst.DictComp: "dict"}.get(type(node), "generator")
    saved_env, saved_context = b.env, b.context
    b.env = dict(b.env or {})
    first = expression(b, node.for_in.iter)
    clause: cst.CompFor | None = node.for_in
    while clause is not None:
        iterable = first if clause is node.for_in else expression(b, clause.iter)
        _enter_clause(b, clause, iterable)
        for test in clause.ifs:
            row = expression(b, test.test)
            uses.tested(b, test.test, row)
            b.context = b.new_context(b.context, "then", row)
        clause = clause.inner_for_in
    if isinstance(node, cst.DictComp):
        rows: tuple[int, ...] = (expression(b, node.key), expression(b, node.value))
    else:
        rows = (expression(b, node.elt),)  # type: ignore[attr-defined]  # the other comprehensions have one
    b.env, b.context = saved_env, saved_context
    return b.add(("comp", kind, rows))


def _enter_clause(b: Builder, clause: cst.CompFor, iterable: int) -> None:
    loop = Loop("comprehension", b.scope, b.context, iterable, clause.asynchronous is not None)
    if not loop.is_async:
        uses.iterated(b, clause.iter, iterable)
    b.mark_object(clause.target, loop, clause.iter)
    b.facts.loops.append(loop)
    b.context = b.new_context(b.context, "comp", len(b.facts.loops) - 1)
    bind_comprehension_target(b, clause.target, b.add(("iter", iterable)))


def bind_comprehension_target(b: Builder, target: cst.BaseExpression, row: int) -> None:
    assert b.env is not None
    if isinstance(target, cst.Name):
        b.env[target.value] = row
    elif isinstance(target, cst.Tuple | cst.List):
        for index, element in enumerate(target.elements):
            part = b.add(("unpack", row, index, len(target.elements)))
            bind_comprehension_target(b, element.value, part)


def _walrus(b: Builder, node: cst.NamedExpr) -> int:
    row = expression(b, node.value)
    if isinstance(node.target, cst.Name):
        b.bind(node.target.value, row)
    return row


def _yield(b: Builder, node: cst.Yield) -> int:
    value = node.value
    if value is None:
        row: int | None = None
    elif isinstance(value, cst.From):
        row = expression(b, value.item)
        uses.iterated(b, value.item, row)
        row = b.add(("iter", row))
    else:
        row = expression(b, value)
    if row is not None:
        b.facts.scopes[b.scope].yields.append(row)
    return b.add(("yield", row))


_HANDLERS: dict[type[cst.CSTNode], Callable[[Builder, Any], int]] = {
    cst.Name: _name,
    cst.Attribute: _attribute,
    cst.Call: _call,
    cst.Subscript: _subscript,
    cst.SimpleString: _string,
    cst.ConcatenatedString: _concatenated,
    cst.FormattedString: _fstring,
    cst.Integer: _integer,
    cst.Float: _float,
    cst.Dict: _dict,
    cst.List: _sequence,
    cst.Tuple: _sequence,
    cst.Set: _sequence,
    cst.BinaryOperation: _binary,
    cst.BooleanOperation: _boolean,
    cst.UnaryOperation: _unary,
    cst.Comparison: _comparison,
    cst.IfExp: _conditional,
    cst.Await: _await,
    cst.Lambda: _lambda,
    cst.ListComp: _comprehension,
    cst.SetComp: _comprehension,
    cst.DictComp: _comprehension,
    cst.GeneratorExp: _comprehension,
    cst.NamedExpr: _walrus,
    cst.Yield: _yield,
}
