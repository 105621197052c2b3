"""The batched form of a loop as text, for a person to finish: with the names, fields and keys of that very place."""

from __future__ import annotations

import itertools
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

import libcst as cst

from mongolint.fix.batches.bulk import REQUESTS
from mongolint.fix.batches.expressions import names_bound, names_read, string_value, target_names
from mongolint.fix.batches.keys import LoopKey
from mongolint.fix.batches.loopsite import LoopSite
from mongolint.fix.nofix import NoFix
from mongolint.fix.trees import Tree
from mongolint.project.loops import Repetition

if TYPE_CHECKING:
    from mongolint.fix.draft import Draft


def sketch(draft: Draft, repetition: Repetition) -> str:
    """A few lines that say what to write; empty where the loop is not written out."""
    tree, call = draft.call(repetition.module, repetition.row)
    loop = _loop(tree, call, repetition)
    if loop is None or not isinstance(call.func, cst.Attribute | cst.Name):
        return ""
    asynchronous = "async " if loop.asynchronous is not None else ""
    clause = f"{asynchronous}for {tree.text(loop.target)} in {tree.text(loop.iter)}"
    wait = "await " if isinstance(tree.parent(call), cst.Await) else ""
    if not repetition.is_direct:
        return _helper(draft, tree, call, loop, clause, wait, repetition)
    if not isinstance(call.func, cst.Attribute):
        return ""
    receiver = tree.text(call.func.value)
    operation = repetition.reaches[0].operation
    name = operation.name
    if any(step.name == "limit" for step in operation.steps):
        return ""
    if name in REQUESTS:
        made = isinstance(loop, cst.For) and _depends_on_body(tree, call, loop)
        return (_collect if made else _write)(tree, call, name, receiver, clause, wait)
    if isinstance(loop, cst.CompFor):
        return _read(tree, call, name, receiver, clause, wait, _varying(tree, call, target_names(loop.target)))
    return _prefetch(draft, repetition, name, clause, wait)


def _loop(tree: Tree, call: cst.Call, repetition: Repetition) -> cst.For | cst.CompFor | None:
    start = repetition.loop.span[0]
    for node in tree.ancestors(call):
        if isinstance(node, cst.For) and tree.span(node)[0] == start:
            return node
        if isinstance(node, cst.BaseComp) and tree.span(node.for_in.target)[0] == start:
            return node.for_in
    return None


def _write(tree: Tree, call: cst.Call, name: str, receiver: str, clause: str, wait: str) -> str:
    given = ", ".join(_short(tree.text(arg.value)) for arg in call.args)
    if name == "insert_one":
        return f"{wait}{receiver}.insert_many({_gathered(given, clause)})"
    return f"writes = [{REQUESTS[name]}({given}) {clause}]\nif writes:\n    {wait}{receiver}.bulk_write(writes)"


def _depends_on_body(tree: Tree, call: cst.Call, loop: cst.For) -> bool:
    """Whether the body of the loop makes what a write takes, or decides whether to write."""
    if names_read(call) & names_bound(loop.body.body):
        return True
    around = itertools.takewhile(lambda node: node is not loop, tree.ancestors(call))
    return any(isinstance(node, cst.BaseCompoundStatement | cst.IfExp | cst.BooleanOperation) for node in around)


def _collect(tree: Tree, call: cst.Call, name: str, receiver: str, clause: str, wait: str) -> str:
    """Where it stands in the loop, a write is collected instead."""
    given = ", ".join(_short(tree.text(arg.value)) for arg in call.args)
    held, request, send = ("writes", f"{REQUESTS[name]}({given})", "bulk_write")
    if name == "insert_one":
        held, request, send = ("documents", given, "insert_many")
    body = f"    …\n    {held}.append({request})"
    return f"{held} = []\n{clause}:\n{body}\nif {held}:\n    {wait}{receiver}.{send}({held})"


def _prefetch(draft: Draft, repetition: Repetition, name: str, clause: str, wait: str) -> str:
    """The query before a ``for``: nothing in it may come from what only the body of the loop makes."""
    try:
        site = LoopSite(draft, repetition)
        asked = _varying(site.tree, site.call, site.bound)
        if asked is None:
            return ""
        asked = asked._replace(key=LoopKey(site, asked.node).text)
        return _read(site.tree, site.call, name, site.receiver, clause, wait, asked)
    except NoFix:
        return ""


class _Asked(NamedTuple):
    """A filter of which one field varies. ``key``: its value, as text; ``filter``: the whole for all keys."""

    field: str
    node: cst.BaseExpression
    key: str
    filter: str


def _read(tree: Tree, call: cst.Call, name: str, receiver: str, clause: str, wait: str, asked: _Asked | None) -> str:
    if asked is None:
        return ""
    field, many = asked.field, asked.filter
    keys = f"keys = {_gathered(asked.key, clause)}"
    asynchronous = bool(wait) or getattr(tree.parent(tree.parent(call) or call), "asynchronous", None) is not None
    each = "async for" if asynchronous else "for"
    if name == "find_one":
        return f'{keys}\nfound = {{d["{field}"]: d {each} d in {receiver}.find({many})}}'
    if name in ("count_documents", "count"):
        pipeline = f'[{{"$match": {many}}}, {{"$group": {{"_id": "${field}", "n": {{"$sum": 1}}}}}}]'
        return f"{keys}\n{receiver}.aggregate({pipeline})"
    if name == "find":
        fill = f"{each} d in {receiver}.find({many}):"
        return f'{keys}\ngroups = defaultdict(list)\n{fill}\n    groups[d["{field}"]].append(d)'
    return ""


def _varying(tree: Tree, call: cst.Call, names: set[str]) -> _Asked | None:
    """What the filter asks, if the value of one field comes from the item and the others stay as they are."""
    condition = call.args[0].value if call.args else None
    if not isinstance(condition, cst.Dict):
        return None
    entries = [each for each in condition.elements if names_read(each.value) & names]
    entry = entries[0] if len(entries) == 1 else None
    field = string_value(entry.key) if isinstance(entry, cst.DictElement) else None
    if entry is None or not field or field.startswith("$"):
        return None
    shown = [f'"{field}": {{"$in": keys}}' if e is entry else _element(tree, e) for e in condition.elements]
    return _Asked(field, entry.value, tree.text(entry.value), f"{{{', '.join(shown)}}}")


def _element(tree: Tree, element: cst.BaseDictElement) -> str:
    value = _short(tree.text(element.value))
    return f"{tree.text(element.key)}: {value}" if isinstance(element, cst.DictElement) else f"**{value}"


def _helper(
    draft: Draft,
    tree: Tree,
    call: cst.Call,
    loop: cst.For | cst.CompFor,
    clause: str,
    wait: str,
    repetition: Repetition,
) -> str:
    """What a helper runs per item, and how its twin would be called if it runs one query."""
    callee = tree.text(call.func)
    if len(repetition.reaches) > 1:
        counts = Counter(draft.project.queries_of(repetition))
        lines = [f"{count} x {what}" if count > 1 else what for what, count in counts.most_common(8)]
        more = len(counts) - len(lines)
        return "\n".join([f"{callee} runs for each item:", *lines, *([f"and {more} more"] if more > 0 else [])])
    names = target_names(loop.target)
    varying = [arg.value for arg in call.args if names_read(arg.value) & names]
    if len(varying) != 1:
        return ""
    return f"found = {wait}{callee}_many({_gathered(tree.text(varying[0]), clause)})"


def _gathered(made: str, clause: str) -> str:
    """What is made of each item, as a list."""
    items = clause.removeprefix(f"for {made} in ")
    return f"list({items})" if items != clause else f"[{made} {clause}]"


def _short(text: str) -> str:
    """An argument on one line."""
    return " ".join(text.split())
