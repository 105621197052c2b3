"""What an operation asks and how it is answered, in a few signs: ``{owner_id, updated_at↓}``, ``IXSCAN owner``."""

from __future__ import annotations

from mongolint.project.coveragemap.shapes import items_of, names_in
from mongolint.project.model import Project
from mongolint.project.operations import Operation
from mongolint.project.verdicts import Query, Verdict


def shape_text(project: Project, operation: Operation) -> str:
    """The fields of the filter, what is there on some paths only in brackets, and those of the sort with arrows."""
    if operation.method.kind not in ("read", "write") or not (operation.method.filter or operation.method.pipeline):
        return ""
    query = project.query(operation)
    sure = list(dict.fromkeys(names_in(items_of(query.filter))))
    parts = [*sure, *(f"[{name}]" for name in query.optional if name not in sure), *_sort(query)]
    return "{" + ", ".join([*parts, *(["…"] if query.open else [])]) + "}"


def _sort(query: Query) -> list[str]:
    return [
        f"{name}{'↓' if direction < 0 else '↑'}" for name, direction in query.sort if isinstance(direction, int | float)
    ]


def plan_text(operation: Operation, verdict: Verdict) -> str:
    """How the server finds the documents, in its own words; "" where that is not known."""
    plan = verdict.plan
    sorts = " + SORT" if operation.sort and plan is not None and not plan.orders else ""
    if verdict.verdict in ("served", "partial") and verdict.name:
        return f"IXSCAN {verdict.name.replace(' and ', ', ')}{sorts}"
    return f"COLLSCAN{sorts}" if verdict.verdict == "unserved" else ""
