"""An update and the read after it made one: ``find_one_and_update`` that returns the new document."""

from __future__ import annotations

from typing import TYPE_CHECKING

import libcst as cst

from mongolint.fix.nofix import NoFix
from mongolint.fix.trees import Tree, line_end, line_start

if TYPE_CHECKING:
    from mongolint.fix.draft import Draft
    from mongolint.project.results.rereads import Reread

# Keywords of update_one that find_one_and_update has as well
_KEPT = frozenset(["filter", "update", "upsert", "array_filters", "hint", "session", "let", "comment"])
# Columns beyond which arguments get lines of their own
_LONG = 120
_READ = frozenset(["filter", "projection", "session"])


def read_back(draft: Draft, found: Reread) -> None:
    """See `Draft.read_back`."""
    write, read = found.write, found.read
    if found.kind == "insert":
        raise NoFix("what of the document the code goes on with is not known")
    if found.checked:
        raise NoFix("the result of the write is used, so what it says has to come from the document")
    module = write.module
    tree, update = draft.call(module, write.row)
    _, fetch = draft.call(module, read.row)
    first, second = tree.statement(update), tree.statement(fetch)
    block = tree.parent(first)
    if not isinstance(block, cst.IndentedBlock) or block is not tree.parent(second):
        raise NoFix("the read stands in another block")
    if list(block.body).index(second) != list(block.body).index(first) + 1:  # type: ignore[arg-type]
        raise NoFix("other statements stand in between")
    _check_awaits(tree, update, fetch, first)
    args = [*_arguments(tree, update, _KEPT, 2), *_projection(tree, fetch)]
    after = draft.need(module, "pymongo", "ReturnDocument")
    receiver = tree.text(update.func.value) if isinstance(update.func, cst.Attribute) else ""
    text = tree.file_text
    start, end = tree.line_start(first), tree.line_end(first)
    if "#" in text[start:end] or "#" in tree.text(fetch):
        raise NoFix("a comment beside it would be lost")
    # Blank lines before it stay, those behind it went with it
    while end < tree.line_start(second) and not text[end : line_end(text, end + 1)].strip():
        end = line_end(text, end + 1)
    draft.replace(module, (start, end), "")
    args.append(f"return_document={after}.AFTER")
    called = f"{receiver}.find_one_and_update"
    step = draft.file(module).step
    draft.replace(module, tree.span(fetch), f"{called}({_joined(tree, update, fetch, called, args, step)})")


def _check_awaits(tree: Tree, update: cst.Call, fetch: cst.Call, first: cst.CSTNode) -> None:
    """Both calls have to be awaited, or neither; the update is a statement of its own."""
    small = first.body[0] if isinstance(first, cst.SimpleStatementLine) and len(first.body) == 1 else None
    value = small.value if isinstance(small, cst.Expr) else None
    awaited = isinstance(value, cst.Await)
    if (value.expression if isinstance(value, cst.Await) else value) is not update:
        raise NoFix("the result of the write is kept")
    if awaited is not isinstance(tree.parent(fetch), cst.Await):
        raise NoFix("only one of the two is awaited")


def _arguments(tree: Tree, call: cst.Call, known: frozenset[str], positional: int) -> list[str]:
    given = [arg for arg in call.args if arg.keyword is None]
    if any(arg.star for arg in call.args) or len(given) > positional:
        raise NoFix("not all of its arguments are plain to see")
    if any(arg.keyword is not None and arg.keyword.value not in known for arg in call.args):
        raise NoFix("find_one_and_update does not take one of its arguments")
    return [_text(tree, arg) for arg in call.args]


def _projection(tree: Tree, fetch: cst.Call) -> list[str]:
    given = [arg for arg in fetch.args if arg.keyword is None]
    if any(arg.star for arg in fetch.args) or len(given) > 2:
        raise NoFix("not all of the arguments of the read are plain to see")
    if any(arg.keyword is not None and arg.keyword.value not in _READ for arg in fetch.args):
        raise NoFix("find_one_and_update does not take one of the arguments of the read")
    found = [f"projection={tree.text(given[1].value)}"] if len(given) == 2 else []
    return found + [_text(tree, arg) for arg in fetch.args if arg.keyword and arg.keyword.value == "projection"]


def _text(tree: Tree, arg: cst.Arg) -> str:
    start, end = tree.outer_span(arg.value)
    value = tree.file_text[start:end]
    return f"{arg.keyword.value}={value}" if arg.keyword is not None else value


def _joined(tree: Tree, update: cst.Call, fetch: cst.Call, called: str, args: list[str], step: str) -> str:
    """The arguments on one line, or each on its own where those of the update are, or where it gets long."""
    text = tree.file_text
    start, end = tree.span(update)
    if update.args and "\n" in text[start : tree.outer_span(update.args[0].value)[0]]:
        first = tree.outer_span(update.args[0].value)[0]
        lead = text[line_start(text, first) : first]
        last = text[line_start(text, end) : end - 1]
    else:
        line = ", ".join(args)
        before = tree.span(fetch)[0] - line_start(text, tree.span(fetch)[0])
        if "\n" in line or before + len(called) + len(line) + 2 <= _LONG:
            return line
        last = tree.indent(tree.statement(fetch))
        lead = last + step
    return "".join(f"\n{lead}{arg}," for arg in args) + "\n" + last
