"""A declaration that goes: the statement of a driver's call, or an element of a list of indexes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import libcst as cst

from mongolint.fix.declarations import sites
from mongolint.fix.declarations.sites import Site
from mongolint.fix.nofix import NoFix
from mongolint.fix.options import pieces
from mongolint.project.indexes import IndexDeclaration

if TYPE_CHECKING:
    from mongolint.fix.draft import Draft

_HELD = "its name is used afterwards"
_COMMENT = "the comment above it says more than it would without it"


def remove(draft: Draft, index: IndexDeclaration) -> None:
    """See `Draft.remove_index`."""
    site = sites.find(draft, index)
    here = [other for other in draft.project.declared_in_code if other.spelled[:2] == index.spelled[:2]]
    if any(other.keys != index.keys for other in here):
        raise NoFix("other indexes are declared by the same call")
    if site.container is not None:
        _remove_element(draft, site, site.container)
    elif site.declared.spelled[:2] == (index.module, index.row):
        _remove_statement(draft, site)
    else:
        raise NoFix("what else the function does that declares it is not clear")


def _remove_element(draft: Draft, site: Site, container: cst.List | cst.Tuple) -> None:
    least = 2 if isinstance(container, cst.List) else 3
    if len(container.elements) < least:
        raise NoFix("nothing else stands in its list")
    pieces.cut(draft, site.module, site.tree, container, pieces.find(container.elements, site.spec))


def _remove_statement(draft: Draft, site: Site) -> None:
    tree, line = site.tree, site.statement
    small = line.body[0]
    value = small.value if isinstance(small, cst.Expr) else None
    if isinstance(value, cst.Await):
        value = value.expression
    if value is not site.spec:
        raise NoFix(
            _HELD if isinstance(small, cst.Assign | cst.AnnAssign | cst.Return) else "it is part of another statement"
        )
    block = tree.parent(line)
    body = list(block.body) if isinstance(block, cst.IndentedBlock) else []
    if len(body) < 2 and not isinstance(block, cst.Module):
        raise NoFix("nothing else stands in its block")
    start, end = tree.line_start(line), tree.line_end(line)
    text = tree.file_text
    later_lines = text[text.find("\n", start) + 1 : end]
    if text.count("\n", start, end) > 1 and "#" in later_lines:
        raise NoFix("a comment in it would be lost")
    before, after = _line_before(text, start), text[end : _end_of_line(text, end)]
    is_alone = not after.strip() or line in body[-1:]
    if before.strip().startswith("#") and is_alone:
        raise NoFix(_COMMENT)
    if is_alone and start and not before.strip():
        start = _without_blank_lines(text, start)
    elif not after.strip() and line in body[:1]:
        end = _behind_blank_lines(text, end)
    draft.replace(site.module, (start, end), "")


def _line_before(text: str, start: int) -> str:
    return text[_before(text, start) : start]


def _before(text: str, start: int) -> int:
    """Where the line before a line starts."""
    return text.rfind("\n", 0, max(start - 1, 0)) + 1


def _end_of_line(text: str, start: int) -> int:
    found = text.find("\n", start)
    return len(text) if found < 0 else found + 1


def _without_blank_lines(text: str, start: int) -> int:
    """Before the blank lines that stand before a line."""
    while start and not _line_before(text, start).strip():
        start = _before(text, start)
    return start


def _behind_blank_lines(text: str, end: int) -> int:
    while end < len(text) and not text[end : _end_of_line(text, end)].strip():
        end = _end_of_line(text, end)
    return end
