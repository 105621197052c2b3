"""What a diff adds to one that is shown already: two fixes that write the same function are read as one."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping, Sequence
from difflib import SequenceMatcher
from typing import Any

Record = Mapping[str, Any]
Row = tuple[str, str]

# Rows of what is shown already that stand above each new one
_BEFORE = 2


def added(hunk: Record, shown: Iterable[Record]) -> list[Row] | None:
    """The rows of a hunk that others at its place do not have, below some that they have; None where it stands alone.

    Only of hunks that put whole statements of one line in: what else they have in common, they have by chance.
    """
    rows = [tuple(row) for row in hunk["rows"]]
    for other in shown:
        found = _added(rows, [tuple(row) for row in other["rows"]])
        if found is not None:
            return found
    return None


def _added(rows: Sequence[Any], known: Sequence[Any]) -> list[Row] | None:
    if _kept(rows) != _kept(known) or any(mark == "-" for mark, _ in rows):
        return None
    matching = SequenceMatcher(None, known, rows, autojunk=False).get_opcodes()
    new = [at for tag, _, _, start, end in matching if tag in ("insert", "replace") for at in range(start, end)]
    shared = sum(mark == "+" and bool(text.strip()) for mark, text in rows) - len(new)
    if not new or shared < len(new) or not all(_is_statement(rows[at][1]) for at in new):
        return None
    shown = sorted({near for at in new for near in range(max(at - _BEFORE, 0), at)} | set(new))
    return [("+" if at in new else " ", rows[at][1]) for at in shown]


def _kept(rows: Sequence[Any]) -> list[Any]:
    return [row for row in rows if row[0] != "+"]


def _is_statement(text: str) -> bool:
    """Whether a line is a whole statement: an import, an assignment, or a call for what it does."""
    try:
        (found,) = ast.parse(text.strip()).body
    except (SyntaxError, ValueError):
        return False
    if isinstance(found, ast.Expr):
        return isinstance(found.value, ast.Await | ast.Call)
    return isinstance(found, ast.Import | ast.ImportFrom | ast.Assign)
