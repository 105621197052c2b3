"""The batched form of a loop as text, for a person to finish: with the names, fields and keys of that very place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import libcst as cst

from mongolint.fastclasses import NamedTuple
from mongolint.fix.batches.bulk import REQUESTS
from mongolint.fix.batches.expressions import (
    changed_names,
    names_bound,
    names_read,
    own_nodes,
    string_value,
    target_names,
)
from mongolint.fix.batches.keys import LoopKey
from mongolint.fix.batches.loopsite import LoopSite
from mongolint.fix.nofix import NoFix
from mongolint.fix.trees import Tree
from mongolint.project.loops.repetitions import Repetition

if TYPE_CHECKING:
    from mongolint.fix.draft import Draft

# Operations of a helper that are told, and signs of an argument that is the same for all items
_MOST = 8
_WIDTH = 60


def sketch(draft: Draft, repetition: Repetition) -> str:
    """A few lines that say what to write; empty where the loop is not written out."""
    tree, call = draft.call(repetition.module, repetition.row)
    loop = _loop(tree, call, repetition)
    if loop is None or not isinstance(call.func, cst.Attribute | cst.Name):
        return ""
    clause = _clause(tree, loop, call)
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
        bound = target_names(loop.target) | (names_bound([loop.body]) if isinstance(loop, cst.For) else set())
        is_read = name.startswith("find_one_and") and not _is_statement(tree, call)
        if names_read(call.func) & bound or is_read:
            return ""
        return _write(tree, call, name, receiver, clause, wait, loop)
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


def _clause(tree: Tree, loop: cst.For | cst.CompFor, call: cst.Call) -> str:
    """``for item in items``, with what a comprehension asks of them before it comes to the call."""
    asynchronous = "async " if loop.asynchronous is not None else ""
    tests = list(loop.ifs) if isinstance(loop, cst.CompFor) else []
    around = set(tree.ancestors(call))
    tests = tests[: next((number for number, test in enumerate(tests) if test in around), len(tests))]
    asked = "".join(f" if {_short(tree.text(each.test))}" for each in tests)
    items = _short(tree.text(loop.iter))
    whole = f"({items})" if isinstance(loop.iter, cst.IfExp) and not loop.iter.lpar else items
    return f"{asynchronous}for {tree.text(loop.target)} in {whole}{asked}"


def _chosen(tree: Tree, call: cst.Call, loop: cst.For | cst.CompFor, used: Sequence[cst.BaseExpression]) -> str | None:
    """The conditions under which a loop comes to a call, as the end of a comprehension.

    None where one cannot be written without the rest of the body: it ends or skips the round somewhere, chooses
    between more than this call and nothing, or makes or changes what the call (``used``) or a condition reads.
    """
    tests: list[cst.BaseExpression] = []
    inner: cst.CSTNode = call
    for node in tree.ancestors(call):
        if node is loop or (isinstance(loop, cst.CompFor) and isinstance(node, cst.BaseComp)):
            break
        if isinstance(node, cst.If) and inner is node.body:
            tests.append(node.test)
        elif isinstance(node, _CHOOSING):
            return None
        inner = node
    if isinstance(loop, cst.CompFor):
        return None if loop.inner_for_in is not None else ""
    nodes = list(own_nodes(loop.body))
    start = tree.span(call)[0]
    skipping = [node for node in nodes if isinstance(node, cst.Continue | cst.Raise) and tree.span(node)[0] < start]
    if skipping or any(isinstance(node, cst.Break | cst.Return) for node in nodes):
        return None
    made = names_bound([loop.body]) | changed_names([loop.body])
    if any(names_read(each) & made for each in (*used, *tests)):
        return None
    texts = [_short(tree.text(test)) for test in reversed(tests)]
    return f" if {texts[0]}" if len(texts) == 1 else "".join(f" if ({text})" for text in texts)


_CHOOSING = (
    *(cst.If, cst.Else, cst.IfExp, cst.BooleanOperation, cst.ExceptHandler, cst.ExceptStarHandler, cst.MatchCase),
    *(cst.For, cst.While, cst.BaseComp, cst.FunctionDef, cst.Lambda),
)


def _is_statement(tree: Tree, call: cst.Call) -> bool:
    """Whether nothing takes what a call gives."""
    parent = tree.parent(call)
    return isinstance(tree.parent(parent) if isinstance(parent, cst.Await) else parent, cst.Expr)


# What a bulk_write takes itself, and no request does
_OF_ALL = ("session", "comment", "let", "bypass_document_validation")


def _write(
    tree: Tree, call: cst.Call, name: str, receiver: str, clause: str, wait: str, loop: cst.For | cst.CompFor
) -> str:
    """The writes as a list; where the body of the loop makes what they take, or decides, they are collected in it."""
    apart = [arg for arg in call.args if arg.keyword is not None and arg.keyword.value in _OF_ALL]
    own = [arg for arg in call.args if arg not in apart]
    more = "".join(f", {_argument(tree, arg)}" for arg in apart)
    held, send, request = "writes", "bulk_write", f"{REQUESTS[name]}({', '.join(_argument(tree, a) for a in own)})"
    if name == "insert_one":
        held, send, request = "documents", "insert_many", ", ".join(_short(tree.text(arg.value)) for arg in own)
    sent = f"{wait}{receiver}.{send}({held}{more})"
    if _chosen(tree, call, loop, [arg.value for arg in call.args]) == "":
        if name == "insert_one":
            return f"{wait}{receiver}.insert_many({_gathered(request, clause)}{more})"
        return f"writes = [{request} {clause}]\nif writes:\n    {sent}"
    if isinstance(loop, cst.CompFor) or any(isinstance(node, cst.Return) for node in own_nodes(loop.body)):
        return ""
    return f"{held} = []\n{clause}:\n    …\n    {held}.append({request})\nif {held}:\n    {sent}"


def _argument(tree: Tree, arg: cst.Arg) -> str:
    name = f"{arg.keyword.value}=" if arg.keyword is not None else arg.star
    return name + _short(tree.text(arg.value))


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
    """What a helper may run per item, and how its twin would be called if it runs one query."""
    callee = _short(tree.text(call.func))
    if len(repetition.reaches) > 1:
        # How often each runs, the branches of the helper decide
        held = list(dict.fromkeys(draft.project.loops.queries(repetition)))
        more = [f"and {len(held) - _MOST} more"] if len(held) > _MOST else []
        return "\n".join([f"{callee} may run for each item:", *held[:_MOST], *more]) if len(held) > 1 else ""
    names = target_names(loop.target)
    varying = [arg for arg in call.args if names_read(arg.value) & names]
    if len(varying) != 1 or varying[0].star or names_read(call.func) & names:
        return ""
    chosen = _chosen(tree, call, loop, [call.func, *(arg.value for arg in call.args)])
    if chosen is None and repetition.reaches[0].operation.method.kind == "write":
        return ""
    gathered = _gathered(_short(tree.text(varying[0].value)), clause + (chosen or ""))
    keyword = varying[0].keyword
    whole = f"{keyword.value}={gathered}" if keyword is not None else gathered
    given = [whole if arg is varying[0] else _brief(_argument(tree, arg)) for arg in call.args]
    return f"found = {wait}{callee}_many({', '.join(given)})"


def _gathered(made: str, clause: str) -> str:
    """What is made of each item, as a list."""
    items = clause.removeprefix(f"for {made} in ")
    return f"list({items})" if items != clause and " if " not in items else f"[{made} {clause}]"


def _short(text: str) -> str:
    """An argument on one line."""
    return " ".join(text.split())


def _brief(text: str) -> str:
    """An argument that stays as it is: a long one is left out, as the reader has it before their eyes."""
    name, sign, _ = text.partition("=") if "=" in text[:_WIDTH] and text.split("=")[0].isidentifier() else ("", "", "")
    return text if len(text) <= _WIDTH else f"{name}{sign}…"
