"""Steps and stages put into queries: a sort before a skip, a limit where all is read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import libcst as cst

from mongolint.fix.limits import add_keyword
from mongolint.fix.nofix import NoFix
from mongolint.fix.trees import Tree, line_start

if TYPE_CHECKING:
    from mongolint.fix.draft import Draft
    from mongolint.project.results.lists.pages import UnsortedPage
    from mongolint.project.results.partial import PartialUse
    from mongolint.project.results.unbounded import Unbounded


def sort_page(draft: Draft, page: UnsortedPage) -> None:
    """See `Draft.sort_page`."""
    operation = page.operation
    if page.form == "keyword":
        quote = _quote(draft.file(operation.module).text)
        add_keyword(draft, operation.module, operation.row, "sort", f"[({quote}_id{quote}, 1)]")
    elif page.form == "step":
        tree, call = draft.call(operation.module, operation.row)
        end = tree.span(call)[1]
        quote = _quote(tree.file_text)
        draft.insert(operation.module, end, f"{_gap(tree, call)}.sort({quote}_id{quote}, 1)")
    else:
        _insert_stage(draft, page)


def _gap(tree: Tree, call: cst.Call) -> str:
    """The line break before the next step of a chain, where each stands on a line of its own."""
    parent = tree.parent(call)
    if not isinstance(parent, cst.Attribute):
        return ""
    between = tree.file_text[tree.span(call)[1] : tree.span(parent.attr)[0]]
    gap = between.partition(".")[0]
    return gap if "\n" in gap and not gap.strip() else ""


def _quote(text: str) -> str:
    """The quotation mark that a file uses."""
    return "'" if text.count("'") > text.count('"') else '"'


def _insert_stage(draft: Draft, page: UnsortedPage) -> None:
    """``{"$sort": {"_id": 1}}`` before the stage that skips, in the list that it is written in."""
    module, row, _ = page.place
    facts = draft.project.modules[module]
    held = [
        number
        for number, node in facts.of_kind("dict")
        if len(node[1]) == 1 and facts.constant(node[1][0][0]) == "$skip" and node[1][0][1] == row
    ]
    offsets = facts.spans.get(held[0]) if len(held) == 1 else None
    if offsets is None:
        raise NoFix("the stage is not written in the pipeline by itself")
    tree = draft.file(module).tree(offsets[0])
    stage = tree.at(offsets, cst.Dict)
    if not isinstance(tree.parent(tree.parent(stage) or stage), cst.List):
        raise NoFix("the stage is not written in the pipeline by itself")
    start = offsets[0]
    lead = tree.file_text[line_start(tree.file_text, start) : start]
    gap = "\n" + lead if not lead.strip() else " "
    stage_code = '{"$sort": {"_id": 1}},'.replace('"', _quote(tree.file_text))
    draft.insert(module, start, stage_code + gap)


_NO_LIMIT = {
    "written": "the list is written out whole, and a limit would leave documents out",
    "counted": "a limit would make the number wrong",
    "worked": "a limit would leave some undone",
    "sliced": "how many it wants, the slice says",
    "drawn": "a limit would leave some that are never drawn",
    "asked": "what is counted or changed by these documents would lack some",
    "given": "other callers of the helper ask for what is bounded",
}


def bound(draft: Draft, found: Unbounded, count: int) -> None:
    """See `Draft.bound_result`."""
    operation = found.operation
    if found.use:
        raise NoFix(_NO_LIMIT[found.use])
    if found.by == "to_list":
        _bound_list(draft, found.place.module, found.place.row, count)
    elif operation.name == "find":
        add_keyword(draft, operation.module, operation.row, "limit", str(count))
    else:
        raise NoFix("where in the pipeline the limit belongs is for a person to say")


def _bound_list(draft: Draft, module: int, row: int, count: int) -> None:
    tree, call = draft.call(module, row)
    if not call.args:
        draft.insert(module, tree.span(call)[1] - 1, str(count))
        return
    value = call.args[0].value
    if len(call.args) != 1 or not (isinstance(value, cst.Name) and value.value == "None"):
        raise NoFix("its length is known only at run time")
    draft.replace(module, tree.span(value), str(count))


def project_fields(draft: Draft, found: PartialUse) -> None:
    """See `Draft.project_fields`."""
    fields = found.fields or ("_id",)
    if any(set(name) & set("'\"\\") or name.startswith("$") or "." in name for name in fields):
        raise NoFix("a field's name is one that a projection reads in another way")
    quote = _quote(draft.file(found.operation.module).text)
    named = [f"{quote}{name}{quote}: 1" for name in fields]
    if "_id" not in fields and not found.tested:
        named.append(f"{quote}_id{quote}: 0")
    projection = "{" + ", ".join(named) + "}"
    if found.projected:
        _replace_projection(draft, found.operation.module, found.operation.row, projection)
    else:
        add_keyword(draft, found.operation.module, found.operation.row, "projection", projection)


def _replace_projection(draft: Draft, module: int, row: int, projection: str) -> None:
    """In the place of the dict that is given, by name or as the second argument."""
    tree, call = draft.call(module, row)
    named = [arg.value for arg in call.args if arg.keyword is not None and arg.keyword.value == "projection"]
    second = [arg.value for arg in call.args[1:2] if arg.keyword is None and not arg.star]
    given = (named or second)[:1]
    if not given or not isinstance(given[0], cst.Dict):
        raise NoFix("the projection is not written at the call")
    draft.replace(module, tree.span(given[0]), projection)
