"""What a piece of code reads, binds and changes: the preconditions of fixes that move code."""

from __future__ import annotations

import builtins
import datetime
import logging
from collections.abc import Iterable, Iterator

import libcst as cst

from mongolint.fix.nofix import NoFix
from mongolint.fix.trees import Tree, children, descendants

# Calls that only turn their arguments into a value
_PURE_FUNCTIONS = frozenset(["str", "int", "float", "bool", "ObjectId", "UUID", "tuple", "len", "bytes"])
_PURE_METHODS = frozenset(["get", "lower", "upper", "strip", "hex"])
_CHANGING = frozenset(
    [
        *("append", "extend", "insert", "remove", "pop", "popleft", "popitem", "clear", "sort", "reverse", "update"),
        *("setdefault", "add", "discard", "appendleft"),
    ]
)
# Names of methods that Python's own types and loggers have: whoever is called, it is none of the project's
_ORDINARY = frozenset(
    name
    for kind in (str, bytes, dict, list, set, int, float, datetime.datetime, datetime.timedelta, logging.Logger)
    for name in dir(kind)
)
_BUILTINS = frozenset(dir(builtins))
# Those of them whose answer to some data is an error, or that run what they are given
_REFUSING = frozenset(
    [
        *("int", "float", "complex", "bytes", "open", "next", "iter", "eval", "exec", "compile", "getattr", "super"),
        *("map", "filter", "__import__", "exit", "quit", "input", "index", "remove", "pop", "popitem", "decode"),
        *("encode", "strptime", "fromisoformat", "fromtimestamp", "utcfromtimestamp", "fromhex", "format_map"),
    ]
)


def names_read(node: cst.CSTNode) -> set[str]:
    """The names that an expression refers to."""
    return {name.value for name in _names(node)}


def _names(node: cst.CSTNode) -> Iterator[cst.Name]:
    if isinstance(node, cst.Name):
        yield node
    elif isinstance(node, cst.Attribute | cst.Arg):
        yield from _names(node.value)
    else:
        for child in children(node):
            yield from _names(child)


def name_nodes(node: cst.CSTNode) -> Iterator[cst.Name]:
    """The nodes of the names that an expression refers to."""
    return _names(node)


def root(node: cst.CSTNode) -> str | None:
    """The name that a chain of attributes, subscripts and calls begins with."""
    while isinstance(node, cst.Attribute | cst.Subscript | cst.Call | cst.Await):
        node = (
            node.func if isinstance(node, cst.Call) else node.expression if isinstance(node, cst.Await) else node.value
        )
    return node.value if isinstance(node, cst.Name) else None


def names_bound(nodes: Iterable[cst.CSTNode]) -> set[str]:
    """The names that statements bind, those of nested functions left out."""
    found: set[str] = set()
    for node in nodes:
        for inner in own_nodes(node):
            if isinstance(inner, cst.AssignTarget | cst.AnnAssign | cst.AugAssign | cst.NamedExpr | cst.For):
                found |= _target_names(inner.target)
            elif isinstance(inner, cst.AsName):
                found |= _target_names(inner.name)
            elif isinstance(inner, cst.FunctionDef | cst.ClassDef):
                found.add(inner.name.value)
            elif isinstance(inner, cst.ImportAlias):
                found.add(inner.evaluated_alias or inner.evaluated_name.partition(".")[0])
            elif isinstance(inner, cst.Del):
                found |= _target_names(inner.target)
    return found


def target_names(target: cst.CSTNode) -> set[str]:
    """The names that an assignment target binds."""
    return _target_names(target)


def _target_names(target: cst.CSTNode) -> set[str]:
    if isinstance(target, cst.Name):
        return {target.value}
    if isinstance(target, cst.Tuple | cst.List):
        return {name for element in target.elements for name in _target_names(element.value)}
    return set()


def own_nodes(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    """A node and all below it, without the bodies of nested functions and classes."""
    yield node
    if not isinstance(node, cst.FunctionDef | cst.ClassDef | cst.Lambda):
        for child in children(node):
            yield from own_nodes(child)


def changed_names(nodes: Iterable[cst.CSTNode]) -> set[str]:
    """The names whose objects statements change: ``x[k] = v``, ``x.f = v``, ``x.append(v)``, ``x += v``."""
    found: set[str | None] = set()
    for node in nodes:
        for inner in descendants(node):
            if isinstance(inner, cst.AssignTarget | cst.AnnAssign | cst.AugAssign | cst.Del):
                for target in _targets(inner.target):
                    if not isinstance(target, cst.Name) or isinstance(inner, cst.AugAssign):
                        found.add(root(target))
            elif isinstance(inner, cst.Call) and isinstance(inner.func, cst.Attribute):
                if inner.func.attr.value in _CHANGING:
                    found.add(root(inner.func.value))
    return {name for name in found if name is not None}


def _targets(target: cst.CSTNode) -> Iterator[cst.CSTNode]:
    if isinstance(target, cst.Tuple | cst.List):
        for element in target.elements:
            yield from _targets(element.value)
    else:
        yield target


def is_pure(node: cst.CSTNode) -> bool:
    """Whether an expression only looks things up: no call that could do anything, no await, no walrus."""
    if isinstance(node, cst.Call):
        return _is_pure_call(node)
    return isinstance(node, _PURE_NODES) and all(map(is_pure, children(node)))


_PURE_NODES = (
    *(cst.Name, cst.Attribute, cst.Subscript, cst.SubscriptElement, cst.Index, cst.Arg, cst.Dot),
    *(cst.SimpleString, cst.ConcatenatedString, cst.Integer, cst.Float, cst.Tuple, cst.Element, cst.Comma),
    *(cst.FormattedString, cst.FormattedStringText, cst.FormattedStringExpression, cst.LeftSquareBracket),
    *(cst.RightSquareBracket, cst.BinaryOperation, cst.UnaryOperation, cst.BooleanOperation, cst.Comparison),
    *(cst.ComparisonTarget, cst.BaseBinaryOp, cst.BaseUnaryOp, cst.BaseBooleanOp, cst.BaseCompOp, cst.IfExp),
    *(cst.Dict, cst.DictElement, cst.List, cst.LeftCurlyBrace, cst.RightCurlyBrace, cst.AssignEqual, cst.Colon),
)


def _is_pure_call(node: cst.Call) -> bool:
    if any(arg.star for arg in node.args) or not all(is_pure(arg.value) for arg in node.args):
        return False
    if isinstance(node.func, cst.Name):
        return node.func.value in _PURE_FUNCTIONS
    if isinstance(node.func, cst.Attribute):
        name = node.func.attr.value
        return (name in _PURE_FUNCTIONS - {"str"} and root(node.func) in ("bson", "objectid", "uuid")) or (
            name in _PURE_METHODS and is_pure(node.func.value)
        )
    return False


def may_raise(node: cst.CSTNode) -> bool:
    """Whether evaluating an expression can fail for some data; ``["_id"]`` is taken to be there."""
    for inner in descendants(node):
        if isinstance(inner, cst.Subscript) and not _is_id(inner):
            return True
        if isinstance(inner, cst.Call) and not _cannot_fail(inner):
            return True
        if isinstance(inner, cst.BinaryOperation | cst.Raise | cst.Assert | cst.Await | cst.Yield):
            return True
        if isinstance(inner, cst.Attribute) and not isinstance(inner.value, cst.Name):
            return True
    return False


def may_refuse(node: cst.CSTNode) -> bool:
    """Whether an expression may refuse data, as a call does; that an item has no such field is a bug either way."""
    return any(
        isinstance(inner, cst.Raise | cst.Assert | cst.Await | cst.Yield | cst.Divide | cst.FloorDivide)
        or (isinstance(inner, cst.Call) and not _cannot_fail(inner) and not _takes_all(inner))
        for inner in descendants(node)
    )


def _takes_all(call: cst.Call) -> bool:
    name = call.func.value if isinstance(call.func, cst.Name) else None
    name = call.func.attr.value if isinstance(call.func, cst.Attribute) else name
    return is_ordinary_call(call) and name not in _REFUSING


def _is_id(node: cst.Subscript) -> bool:
    index = node.slice[0].slice
    return isinstance(index, cst.Index) and string_value(index.value) == "_id"


def _cannot_fail(call: cst.Call) -> bool:
    if isinstance(call.func, cst.Name):
        return call.func.value in ("str", "len", "bool", "print", "repr")
    return isinstance(call.func, cst.Attribute) and call.func.attr.value in (
        *("get", "append", "add", "info", "debug", "warning", "error", "exception", "utcnow", "now"),
    )


def string_value(node: cst.CSTNode | None) -> str | None:
    """The value of a plain string literal."""
    if isinstance(node, cst.SimpleString):
        value = node.evaluated_value
        return value if isinstance(value, str) else None
    return None


def is_ordinary_call(call: cst.Call) -> bool:
    """Whether the callee's name is one of Python's own: a builtin, a method of a string, list, logger …"""
    if isinstance(call.func, cst.Name):
        return call.func.value in _BUILTINS
    return isinstance(call.func, cst.Attribute) and call.func.attr.value in _ORDINARY


def holds_comment(tree: Tree, start: int, end: int) -> bool:
    """Whether a stretch of code may hold a comment. A ``#`` in a string counts too: better no fix than a lost word."""
    return "#" in tree.file_text[start:end]


def spans_lines(node: cst.CSTNode, tree: Tree) -> bool:
    """Whether a string in the code runs over several lines, so that indenting it would change it."""
    return any(
        isinstance(inner, cst.SimpleString | cst.FormattedString) and "\n" in tree.text(inner)
        for inner in descendants(node)
    )


def arguments(tree: Tree, call: cst.Call) -> tuple[list[cst.Arg], dict[str, cst.Arg]]:
    """Positional and keyword arguments.

    Raises:
        NoFix: there are starred ones.
    """
    if any(arg.star for arg in call.args):
        raise NoFix("its arguments are not written out")
    positional = [arg for arg in call.args if arg.keyword is None]
    return positional, {arg.keyword.value: arg for arg in call.args if arg.keyword is not None}
