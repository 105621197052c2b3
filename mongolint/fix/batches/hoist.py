"""A query that is the same for all iterations moves out of the loop (shape A4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import libcst as cst

from mongolint.fix.batches.expressions import is_pure, names_bound, names_read, own_nodes
from mongolint.fix.batches.loopsite import LoopSite
from mongolint.fix.batches.results import is_only_read
from mongolint.fix.nofix import NoFix
from mongolint.project.loops.repetitions import Repetition

if TYPE_CHECKING:
    from mongolint.fix.draft import Draft


def depends_on_loop(site: LoopSite) -> bool:
    """Whether the arguments of the call have anything of the loop."""
    return any(names_read(arg.value) & site.bound for arg in site.call.args)


def hoist(draft: Draft, repetition: Repetition) -> None:
    """Move ``name = coll.find_one(…)`` before its loop.

    Raises:
        NoFix: the loop may change the answer, or needs its own copy of it.
    """
    site = LoopSite(draft, repetition)
    tree, line = site.tree, site.statement
    site.check_awaited()
    assign = tree.parent(site.expression)
    if site.operation.name not in ("find_one", "count_documents", "estimated_document_count", "distinct"):
        raise NoFix(f"{site.operation.name} gives what each iteration uses up")
    if not isinstance(assign, cst.Assign) or len(assign.targets) != 1 or tree.parent(line) is not site.loop.body:
        raise NoFix("the answer is not kept in a variable at the top of the loop")
    target = assign.targets[0].target
    if not isinstance(target, cst.Name) or not isinstance(line, cst.SimpleStatementLine) or len(line.body) != 1:
        raise NoFix("the answer is not kept in a variable at the top of the loop")
    _check(site, target.value, assign)
    start, end = tree.line_start(line), tree.line_end(line)
    text = tree.file_text[start:end].removeprefix(tree.indent(line))
    if "\n" in text.rstrip() or len(site.body) < 2:
        raise NoFix("the query runs over several lines")
    draft.replace(site.module, (start, end), "")
    draft.insert(site.module, site.before_loop(), site.indent + text)
    draft.title = f"ask {site.operation.target} once, before the loop"
    draft.reason = "it is asked even if there is no item, and no longer sees what others change meanwhile"


def _check(site: LoopSite, name: str, assign: cst.Assign) -> None:
    tree = site.tree
    if not all(is_pure(arg.value) for arg in site.call.args) or not site.receiver:
        raise NoFix("its arguments are computed anew for each item")
    if site.repetition.elsewhere:
        raise NoFix("each iteration also talks to another system, so that the answer may be old")
    around = tree.nearest(site.loop, cst.FunctionDef, cst.Module)
    before = [node for node in own_nodes_of(around) if isinstance(node, cst.Name) and node.value == name]
    if any(tree.span(node)[0] < tree.span(site.loop)[0] for node in before):
        raise NoFix(f"{name} has another value before the loop")
    if len([1 for each in site.body if name in names_bound([each])]) > 1:
        raise NoFix(f"{name} is set again in the loop")
    if not is_only_read(tree, site.expression, site.body) and site.operation.name == "find_one":
        raise NoFix(f"{name} may be changed, and each iteration has its own")
    unclear = site.unclear_call()
    if unclear:
        raise NoFix(f"{unclear}() may write what is asked")
    for _, operation in site.other_operations():
        if operation.method.kind == "write" and site.same_collection(operation):
            raise NoFix(f"{operation.name} in the same loop may change the answer")


def own_nodes_of(node: cst.CSTNode) -> list[cst.CSTNode]:
    """What is in a function or module, its parameters too."""
    if isinstance(node, cst.FunctionDef):
        return [*own_nodes(node.params), *own_nodes(node.body)]
    return list(own_nodes(node))
