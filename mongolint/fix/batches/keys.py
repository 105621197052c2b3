"""The key that a loop looks up by, as an expression of the loop's item: what it is before the loop has run."""

from __future__ import annotations

import libcst as cst

from mongolint.fix.batches.expressions import (
    changed_names,
    is_pure,
    name_nodes,
    names_bound,
    names_read,
    own_nodes,
    string_value,
)
from mongolint.fix.batches.iterables import goes_through_documents, has_distinct_items
from mongolint.fix.batches.loopsite import LoopSite, Patch
from mongolint.fix.nofix import NoFix

_MAX_DEPTH = 4
_PLAIN_TYPES = frozenset(["str", "int", "ObjectId", "UUID", "PyObjectId"])


class LoopKey:
    """A key in the body of a loop.

    ``text``: as an expression of the item and of what the loop leaves alone. ``node``: the expression that it comes
    from. ``distinct``: no two items have the same.

    Raises:
        NoFix: it cannot be computed before the loop.
    """

    def __init__(self, site: LoopSite, node: cst.BaseExpression) -> None:
        self.site = site
        self.tree = site.tree
        self._moved: set[int] = set()
        self.text = self.expanded(node)
        self._check_item_is_kept(node)
        self.node = self._origin(node)
        self.distinct = self._is_distinct()

    def same(self, node: cst.BaseExpression) -> bool:
        """Whether another expression of the body is this key."""
        try:
            return self.expanded(node) == self.text
        except NoFix:
            return False

    def expanded(self, node: cst.BaseExpression, depth: int = 0) -> str:
        """An expression with what the body computes from the item put in."""
        stored = self._stored(node)
        if stored is not None:
            return self._expanded_value(stored, depth)
        if not is_pure(node):
            raise NoFix("the key is more than a lookup in the item")
        patch = Patch(self.tree)
        for name in name_nodes(node):
            if name.value in self.site.targets:
                if name.value in names_bound(self.site.body):
                    raise NoFix(f"{name.value} is set anew in the loop")
                continue
            if name.value not in self.site.bound:
                if name.value in changed_names(self.site.body):
                    raise NoFix(f"{name.value} is changed in the loop")
                continue
            value = self._local(name.value)
            if value is None:
                raise NoFix(f"the key comes from {name.value}, which the loop computes")
            inner = self._expanded_value(value, depth)
            simple = isinstance(value, cst.Name | cst.Subscript | cst.Call | cst.Attribute)
            patch.replace(*self.tree.span(name), inner if simple else f"({inner})")
        return patch.render(*self.tree.span(node))

    def _expanded_value(self, value: cst.BaseExpression, depth: int) -> str:
        if depth >= _MAX_DEPTH:
            raise NoFix("the key is computed in many steps")
        popped = _popped(value)
        if popped is None:
            return self.expanded(value, depth + 1)
        # ``str(item.pop("_id"))``: the same without taking it out
        call, key = popped
        assert isinstance(call.func, cst.Attribute)
        if names_read(call.func.value) - self.site.targets:
            raise NoFix("the key is taken out of something else than the item")
        patch = Patch(self.tree)
        patch.replace(*self.tree.span(call), f"{self.tree.text(call.func.value)}[{self.tree.text(key)}]")
        return patch.render(*self.tree.span(value))

    def _local(self, name: str) -> cst.BaseExpression | None:
        """What a local of the body stands for, if it is set once, before the query."""
        return self._set_once(lambda target: name in names_read(target), cst.Name)

    def _stored(self, node: cst.BaseExpression) -> cst.BaseExpression | None:
        """What was stored into the item under the key that ``node`` reads."""
        if not isinstance(node, cst.Subscript):
            return None
        text = self.tree.text(node)
        return self._set_once(lambda target: self.tree.text(target) == text, cst.Subscript)

    def _set_once(self, matches: object, kind: type[cst.CSTNode]) -> cst.BaseExpression | None:
        assert callable(matches)
        found = [
            node
            for each in self.site.body
            for node in own_nodes(each)
            if isinstance(node, cst.Assign | cst.AugAssign | cst.AnnAssign)
            if any(matches(target) for target in _targets(node))
        ]
        if len(found) != 1 or not isinstance(found[0], cst.Assign) or len(found[0].targets) != 1:
            return None
        if not isinstance(found[0].targets[0].target, kind):
            return None
        line = self.tree.parent(found[0])
        if line is None or self.tree.parent(line) is not self.site.loop.body:
            return None
        if self.tree.span(found[0])[1] >= self.tree.span(self.site.call)[0]:
            return None
        self._moved.add(id(line))
        return found[0].value

    def _check_item_is_kept(self, node: cst.BaseExpression) -> None:
        """The key is computed before the loop: what it is computed from must not change in the loop."""
        before = [line for line in self.site.before_call() if id(line) not in self._moved]
        changed = changed_names(before) & self.site.targets
        if changed:
            raise NoFix(f"{min(changed)} is changed before the query")

    def _origin(self, node: cst.BaseExpression) -> cst.BaseExpression:
        for _ in range(_MAX_DEPTH):
            value = self._stored(node)
            if value is None and isinstance(node, cst.Name) and node.value not in self.site.targets:
                value = self._local(node.value)
            if value is None:
                break
            node = value
        return node

    @property
    def is_plain_item(self) -> bool:
        """Whether the key is the item, and the loop goes through a list of texts or numbers, as its annotation says."""
        site = self.site
        iterable = site.repetition.loop.iterable
        if self.text not in site.targets or iterable is None:
            return False
        node = site.facts.nodes[iterable]
        if node[0] != "param":
            return False
        param = next((p for p in site.facts.scopes[node[1]].params if p.name == node[2]), None)
        hint = site.facts.nodes[param.annotation] if param and param.annotation is not None else ("none",)
        if hint[0] != "item":
            return False
        element = site.facts.nodes[hint[2]]
        return bool(element[0] in ("free", "from") and element[2] in _PLAIN_TYPES)

    def _is_distinct(self) -> bool:
        site, project = self.site, self.site.draft.project
        iterable = site.repetition.loop.iterable
        if iterable is None:
            return False
        if self.text in site.targets and isinstance(site.loop.target, cst.Name):
            return has_distinct_items(project, site.module, iterable)
        own_ids = [f"{name}[{quote}_id{quote}]" for name in site.targets for quote in "\"'"]
        own_ids += [f'{name}.get("_id")' for name in site.targets]
        keys = {made for own in own_ids for made in (own, f"str({own})", f"ObjectId({own})")}
        return self.text in keys and goes_through_documents(project, site.module, iterable)


def _targets(node: cst.Assign | cst.AugAssign | cst.AnnAssign) -> list[cst.BaseExpression]:
    if isinstance(node, cst.Assign):
        return [target.target for target in node.targets]
    return [node.target]


def _popped(value: cst.BaseExpression) -> tuple[cst.Call, cst.BaseExpression] | None:
    """The ``item.pop("_id")`` in ``str(item.pop("_id"))``, or alone."""
    inner = value
    if isinstance(value, cst.Call) and isinstance(value.func, cst.Name) and value.func.value in ("str", "ObjectId"):
        if len(value.args) != 1:
            return None
        inner = value.args[0].value
    if isinstance(inner, cst.Call) and isinstance(inner.func, cst.Attribute) and inner.func.attr.value == "pop":
        if len(inner.args) == 1 and string_value(inner.args[0].value) is not None:
            return inner, inner.args[0].value
    return None
