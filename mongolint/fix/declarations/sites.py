"""Where a project spells out an index, as a tree: a statement of its own, or an element of a list."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import libcst as cst

from mongolint.fastclasses import dataclass
from mongolint.fix.nofix import NoFix
from mongolint.fix.trees import Tree
from mongolint.project.indexes import IndexDeclaration

if TYPE_CHECKING:
    from mongolint.fix.draft import Draft

_KEY_ARGUMENTS = ("keys", "key_or_list", "key")


@dataclass(frozen=True, slots=True)
class Site:
    """One index as it is written. ``spec``: what holds its keys and options; ``container``: the list it is in."""

    declared: IndexDeclaration
    tree: Tree
    keys: cst.BaseExpression
    spec: cst.BaseExpression
    container: cst.List | cst.Tuple | None = None

    @property
    def module(self) -> int:
        return self.declared.spelled.module

    @property
    def start(self) -> int:
        return self.tree.span(self.spec)[0]

    @property
    def statement(self) -> cst.SimpleStatementLine:
        """Raises: NoFix: the site shares its line."""
        found = self.tree.statement(self.spec)
        if not isinstance(found, cst.SimpleStatementLine) or len(found.body) != 1:
            raise NoFix("the indexes are declared within another statement")
        return found

    @property
    def siblings(self) -> list[cst.BaseExpression]:
        """The specs of the list that this one is in."""
        return [element.value for element in self.container.elements] if self.container is not None else [self.spec]


def find(draft: Draft, declared: IndexDeclaration) -> Site:
    """Where an index is written.

    Raises:
        NoFix: its keys are put together from parts.
    """
    facts = draft.project.modules[declared.spelled.module]
    offsets = facts.spans.get(declared.spelled.row)
    if offsets is None or declared.keys is None:
        raise NoFix("the keys of the declared indexes are made while the program runs")
    tree = draft.file(declared.spelled.module).tree(offsets[0])
    if declared.spelled[:2] == (declared.module, declared.row) or facts.nodes[declared.spelled.row][0] == "call":
        call = tree.at(offsets, cst.Call)
        keys = _keys_of(call, declared)
        container = tree.parent(tree.parent(call) or call)
        if isinstance(container, cst.List) and isinstance(tree.parent(call), cst.Element):
            return Site(declared, tree, keys, call, container)
        return Site(declared, tree, keys, call)
    return _around(declared, tree, tree.at(offsets, cst.BaseExpression))  # type: ignore[type-abstract]  # any expression will do


def find_all(draft: Draft, declarations: Sequence[IndexDeclaration]) -> Iterator[Site]:
    """The sites of those indexes that are spelled out."""
    for declared in declarations:
        try:
            yield find(draft, declared)
        except NoFix:
            continue


def _keys_of(call: cst.Call, declared: IndexDeclaration) -> cst.BaseExpression:
    """The argument that spells out the keys."""
    assert declared.keys is not None
    for arg in call.args:
        value = arg.value
        if isinstance(value, cst.SimpleString):
            if len(declared.keys) == 1 and value.evaluated_value == declared.keys[0][0] and not _is_option(arg):
                return value
        elif isinstance(value, cst.List | cst.Tuple | cst.Dict) and not _is_option(arg):
            return value
    raise NoFix("the keys of the declared indexes are not spelled out in the call")


def _is_option(arg: cst.Arg) -> bool:
    return bool(arg.star) or (arg.keyword is not None and arg.keyword.value not in _KEY_ARGUMENTS)


def _around(declared: IndexDeclaration, tree: Tree, keys: cst.BaseExpression) -> Site:
    """The site of keys that stand outside of the call that declares them."""
    spec = keys
    while True:
        holder = tree.parent(spec)
        outer = tree.parent(holder) if holder is not None else None
        if isinstance(holder, cst.Element) and isinstance(outer, cst.List | cst.Tuple):
            if isinstance(outer, cst.Tuple) and _is_element(tree, outer):
                spec = outer
                continue
            return _in_list(declared, tree, keys, spec, outer)
        if isinstance(holder, cst.DictElement) and isinstance(outer, cst.Dict) and spec is keys:
            key = holder.key
            if isinstance(key, cst.SimpleString) and key.evaluated_value in _KEY_ARGUMENTS:
                spec = outer
                continue
        elif isinstance(holder, cst.Arg) and isinstance(outer, cst.Call) and spec is keys:
            spec = outer
            if isinstance(tree.parent(outer), cst.Expr | cst.Await):
                return Site(declared, tree, keys, spec)
            continue
        raise NoFix("where another declared index would go is not clear")


def _is_element(tree: Tree, node: cst.CSTNode) -> bool:
    holder = tree.parent(node)
    return isinstance(holder, cst.Element) and isinstance(tree.parent(holder), cst.List | cst.Tuple)


def _in_list(
    declared: IndexDeclaration,
    tree: Tree,
    keys: cst.BaseExpression,
    spec: cst.BaseExpression,
    container: cst.List | cst.Tuple,
) -> Site:
    """Raises: NoFix: the list holds other things than indexes."""
    kinds = (cst.List, cst.Tuple, cst.SimpleString) if spec is keys else (type(spec),)
    for element in container.elements:
        value = element.value
        alike = isinstance(value, kinds) and isinstance(element, cst.Element)
        if alike and isinstance(value, cst.Call) and isinstance(spec, cst.Call):
            alike = value.func.deep_equals(spec.func)
        if not alike:
            raise NoFix("the list of indexes holds other things as well")
    if isinstance(container, cst.Tuple) and len(container.elements) < 2:
        raise NoFix("where another declared index would go is not clear")
    return Site(declared, tree, keys, spec, container)


def outer_text(tree: Tree, node: cst.CSTNode) -> str:
    start, end = tree.outer_span(node)
    return tree.file_text[start:end]


def given_name(spec: cst.BaseExpression) -> str | None:
    """The name that a spec gives to its index."""
    for key, value in options(spec):
        if key == "name" and isinstance(value, cst.SimpleString):
            found = value.evaluated_value
            return found if isinstance(found, str) else None
    return None


def options(spec: cst.BaseExpression) -> Iterator[tuple[str, cst.BaseExpression]]:
    """The options that a spec names: keywords of a call, entries of a dict, also of one within a tuple."""
    if isinstance(spec, cst.Call):
        for arg in spec.args:
            if arg.keyword is not None:
                yield arg.keyword.value, arg.value
    elif isinstance(spec, cst.Dict):
        for element in spec.elements:
            if isinstance(element, cst.DictElement) and isinstance(element.key, cst.SimpleString):
                yield str(element.key.evaluated_value), element.value
    elif isinstance(spec, cst.Tuple):
        for each in spec.elements:
            if isinstance(each.value, cst.Dict):
                yield from options(each.value)
