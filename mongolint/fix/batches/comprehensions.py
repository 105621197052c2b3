"""Lookups in comprehensions and under ``gather``: one query before the statement."""

from __future__ import annotations

from typing import TYPE_CHECKING

import libcst as cst

from mongolint.fix.batches.expressions import is_pure, may_raise, names_read, own_nodes, target_names
from mongolint.fix.batches.iterables import is_repeatable
from mongolint.fix.batches.lookups import check_key, read_lookup
from mongolint.fix.batches.results import is_only_read
from mongolint.fix.batches.writing import Names, collection_word, query_lines
from mongolint.fix.nofix import NoFix
from mongolint.fix.trees import Tree
from mongolint.project.loops.repetitions import Repetition

if TYPE_CHECKING:
    from mongolint.fix.draft import Draft

# What goes through a generator expression at once and to its end
_CONSUMERS = frozenset(["sum", "list", "set", "dict", "tuple", "max", "min", "sorted", "len"])


def prefetch(draft: Draft, repetition: Repetition) -> None:
    """Fetch before a statement what a comprehension in it looks up one by one.

    Raises:
        NoFix: that would change what the statement does.
    """
    _Comprehension(draft, repetition).rewrite()


class _Comprehension:
    def __init__(self, draft: Draft, repetition: Repetition) -> None:
        self.draft = draft
        self.repetition = repetition
        self.module = repetition.module
        self.operation = repetition.reaches[0].operation
        self.tree, self.call = draft.call(self.module, repetition.row)
        self.node = self._comprehension()
        self.clause = self.node.for_in
        if self.clause.inner_for_in is not None:
            raise NoFix("the comprehension has more than one for")
        self.targets = target_names(self.clause.target)
        self.lookup = read_lookup(draft.project, self.tree, self.call, self.operation, self.targets)
        self.gather = self._gather()
        parent = self.tree.parent(self.call)
        self.awaited = isinstance(parent, cst.Await)
        self.expression = parent if isinstance(parent, cst.Await) else self.call
        self._check()
        self.statement = self._statement()

    def _comprehension(self) -> cst.BaseComp:
        start = self.repetition.loop.span[0]
        for node in self.tree.ancestors(self.call):
            if isinstance(node, cst.BaseComp) and self.tree.span(node.for_in.target)[0] == start:
                if node.for_in.asynchronous is not None:
                    raise NoFix("the comprehension goes through a cursor")
                return node
            if isinstance(node, cst.CompIf | cst.CompFor):
                raise NoFix("the query is in a condition of the comprehension")
            if isinstance(node, cst.FunctionDef | cst.Lambda):
                break
        raise NoFix("the repeated code is not the body of a for statement")

    def _gather(self) -> cst.Await | None:
        """The ``await gather(*[…])`` that only waits for the queries of the comprehension."""
        arg = self.tree.parent(self.node)
        call = self.tree.parent(arg) if arg else None
        if not isinstance(arg, cst.Arg) or not isinstance(call, cst.Call) or arg.star != "*":
            return None
        name = call.func.attr if isinstance(call.func, cst.Attribute) else call.func
        waiting = self.tree.parent(call)
        if isinstance(name, cst.Name) and name.value == "gather" and isinstance(waiting, cst.Await):
            if len(call.args) > 1:
                raise NoFix("gather waits for other work too")
            return waiting
        return None

    def _check(self) -> None:
        asynchronous = {c.database.flavour != "sync" for c in self.operation.collections}
        waits = self.awaited or (self.gather is not None and self.expression is self._element())
        if asynchronous != {waits}:
            raise NoFix("it is not clear when the queries are waited for")
        if isinstance(self.node, cst.GeneratorExp) and self.gather is None and not self._is_consumed():
            raise NoFix("the generator may be read later, or not to its end")
        if not is_pure(self.lookup.key):
            raise NoFix("the key is more than a lookup in the item")
        check_key(self.lookup.field, self.lookup.key, text_items=False)
        if not self.lookup.unique and not self.operation.time_limit:
            raise NoFix("one query for all may take long, so set a time limit first")
        if not all(is_pure(each.test) for each in self.clause.ifs):
            raise NoFix("the condition of the comprehension does more than to look at the item")
        if self._is_conditional() and may_raise(self.lookup.key):
            raise NoFix("the key is looked up only under a condition")
        func = self.call.func
        if not isinstance(func, cst.Attribute) or names_read(func.value) & self.targets:
            raise NoFix("the collection is another for each item")

    def _element(self) -> cst.CSTNode | None:
        return getattr(self.node, "elt", None)

    def _is_consumed(self) -> bool:
        arg = self.tree.parent(self.node)
        call = self.tree.parent(arg) if arg else None
        return isinstance(call, cst.Call) and isinstance(call.func, cst.Name) and call.func.value in _CONSUMERS

    def _is_conditional(self) -> bool:
        for node in self.tree.ancestors(self.call):
            if node is self.node:
                return False
            if isinstance(node, cst.IfExp | cst.BooleanOperation):
                return True
        return False

    def _statement(self) -> cst.CSTNode:
        """The statement before which the query can be made."""
        for node in self.tree.ancestors(self.node):
            if isinstance(node, cst.Lambda | cst.BaseComp | cst.FunctionDef | cst.ClassDef | cst.While):
                raise NoFix("the comprehension is evaluated later, or more than once")
            if isinstance(node, cst.BaseSmallStatement):
                if any(isinstance(each, cst.NamedExpr) for each in own_nodes(node)):
                    raise NoFix("the statement assigns within an expression")
                self._check_class(node)
                return self.tree.statement(node)
            if isinstance(node, cst.If | cst.For | cst.With):
                above = self.tree.parent(node)
                if isinstance(above, cst.If) and above.orelse is node:
                    raise NoFix("the comprehension is in the test of an elif")
                self._check_class(node)
                return node
        raise NoFix("the statement was not found again")

    def _check_class(self, node: cst.CSTNode) -> None:
        if isinstance(self.tree.nearest(node, cst.FunctionDef, cst.ClassDef), cst.ClassDef):
            raise NoFix("the comprehension is in the body of a class")

    # Writing

    def rewrite(self) -> None:
        draft, tree, lookup = self.draft, self.tree, self.lookup
        names = Names(draft, self.module, tree)
        word = collection_word(self.operation)
        keys, found = names.new(f"{word}_keys"), names.new(f"{word}_by_{lookup.field.strip('_')}")
        iterable = self.repetition.loop.iterable
        items = tree.text(self.clause.iter)
        lines: list[str] = []
        if iterable is None or not is_repeatable(draft.project, self.module, iterable):
            if isinstance(self.clause.iter, cst.Name):
                lines.append(f"{items} = list({items})")
            else:
                name = names.new(f"{word}_items")
                lines.append(f"{name} = list({items})")
                draft.replace(self.module, tree.span(self.clause.iter), name)
                items = name
        conditions = "".join(f" if {tree.text(each.test)}" for each in self.clause.ifs)
        made = f"{tree.text(lookup.key)} for {tree.text(self.clause.target)} in {items}{conditions}"
        func = self.call.func
        assert isinstance(func, cst.Attribute)
        step, document = draft.file(self.module).step, names.new("document")
        asynchronous = self.awaited or self.gather is not None
        lines += query_lines(lookup, tree.text(func.value), keys, found, made, document, asynchronous, step)
        replaced = f"{found}.get({tree.text(lookup.key)})"
        only_read = is_only_read(tree, self.expression, ())
        if lookup.widened and not only_read:
            raise NoFix(f"the documents would hold {lookup.field}, which the projection leaves out")
        if not only_read:
            replaced = f"{draft.need(self.module, 'copy')}.deepcopy({replaced})"
        indent = tree.indent(self.statement)
        draft.insert(self.module, tree.line_start(self.statement), "".join(f"{indent}{line}\n" for line in lines))
        draft.replace(self.module, tree.span(self.expression), replaced)
        if self.gather is not None:
            start, end = tree.span(self.gather)
            first, last = tree.span(self.node)
            opening, closing = ("", "") if isinstance(self.node, cst.ListComp) else ("[", "]")
            draft.replace(self.module, (start, first), opening)
            draft.replace(self.module, (last, end), closing)
        draft.title = f"fetch the documents of {self.operation.target} before the statement"
        draft.reason = (
            "all documents are read at one moment"
            if lookup.unique or lookup.sorted
            else f"no unique index on {lookup.field} is declared: of several documents another one may come first"
        )


def is_comprehension(tree: Tree, call: cst.Call) -> bool:
    """Whether a call is in a comprehension of its function."""
    return tree.nearest(call, cst.BaseComp, cst.For, cst.While, cst.FunctionDef).__class__ in (
        cst.ListComp,
        cst.SetComp,
        cst.DictComp,
        cst.GeneratorExp,
    )
