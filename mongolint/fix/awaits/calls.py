"""A call that is awaited at last, and an ``await`` that goes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import libcst as cst

from mongolint.fix.awaits import iterating, places
from mongolint.fix.nofix import NoFix
from mongolint.fix.trees import Tree
from mongolint.project.awaiting.needless import Needless
from mongolint.project.awaiting.unawaited import Unawaited

if TYPE_CHECKING:
    from mongolint.fix.draft import Draft

_CURSORS = ("cursor", "command-cursor")


def add(draft: Draft, found: Unawaited) -> None:
    """See `Draft.await_call`."""
    tree, call = draft.call(found.module, found.row)
    places.check_async(tree, call)
    if found.outer is not None:
        if found.results is None:
            raise NoFix("whether what is taken from it has to be awaited too is not known")
        outer = places.awaiting_around(tree, call)
        if found.is_misplaced:
            if outer is None:
                raise NoFix("the await stands elsewhere, and has to go from there")
            draft.insert(found.module, tree.span(outer)[0], "(")
            draft.insert(found.module, tree.outer_span(call)[1], ")")
            return
    cursors = bool(found.results) and all(thing.kind in _CURSORS for thing in found.results or ())
    if not cursors and any(misuse.kind == "async-iteration" for misuse in found.misuses):
        if found.results is None:
            raise NoFix("what it gives may be nothing to go through, and then no loop is needed")
        raise NoFix("what comes of it is no cursor, and goes with a plain for")
    own = tree.span(call)
    is_awaited = False
    for misuse in found.misuses if cursors else ():
        if misuse.use is not None and misuse.kind == "iteration":
            direct = misuse.use.span == own
            node = tree.expression(misuse.use.span)
            is_awaited |= iterating.iterate(draft, found.module, tree, node, found.thing.flavour, pending=direct)
        elif misuse.kind == "argument":
            raise NoFix("a cursor comes of it, which has to be read as well")
    if not is_awaited:
        places.insert_await(draft, found.module, tree, call)


def drop(draft: Draft, needless: Needless) -> None:
    """See `Draft.drop_await`."""
    tree, inner = _inner(draft, needless)
    outer = tree.parent(inner)
    if not isinstance(outer, cst.Await):
        raise NoFix("its place in the code was not found again")
    if needless.wants_documents:
        draft.insert(needless.module, tree.outer_span(inner)[1], iterating.reading(needless.thing.flavour))
        return
    start, begin = tree.span(outer)[0], tree.outer_span(inner)[0]
    if "#" in tree.file_text[start:begin]:
        raise NoFix("a comment stands behind the await")
    whole = tree.outer_span(outer)
    if len(outer.lpar) == 1 and _is_tight(tree, outer, whole):
        draft.replace(needless.module, (whole[0], begin), "")
        draft.replace(needless.module, (tree.span(outer)[1], whole[1]), "")
    else:
        draft.replace(needless.module, (start, begin), "")


def _is_tight(tree: Tree, outer: cst.Await, whole: tuple[int, int]) -> bool:
    """Whether the brackets around ``(await x)`` are there for the ``await`` alone."""
    start, end = tree.span(outer)
    return (
        (start - whole[0], whole[1] - end) == (1, 1)
        and isinstance(tree.parent(outer), cst.Attribute | cst.Subscript | cst.Call)
        and "\n" not in tree.file_text[start:end]
    )


def _inner(draft: Draft, needless: Needless) -> tuple[Tree, cst.BaseExpression]:
    facts = draft.project.modules[needless.module]
    kind = facts.nodes[needless.inner][0]
    if kind == "call":
        return draft.call(needless.module, needless.inner)
    offsets = facts.tokens.get(needless.inner) or facts.spans.get(needless.inner)
    if offsets is None:
        raise NoFix("its place in the code is not known")
    tree = draft.file(needless.module).tree(offsets[0])
    if kind == "item":
        return tree, tree.at(offsets, cst.Subscript)
    name = tree.parent(tree.at(offsets, cst.Name))
    if not isinstance(name, cst.Attribute):
        raise NoFix("its place in the code was not found again")
    return tree, name
