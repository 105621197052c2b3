"""What would serve a query better than what is declared: keys in the order equality, sort, range.

Source: MongoDB manual, "The ESR (Equality, Sort, Range) Guideline".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from typing import Any

from mongolint.fastclasses import dataclass
from mongolint.project.explained.roles import Role
from mongolint.project.indexes import IndexDeclaration
from mongolint.project.verdicts import Declared, Query, Verdict, is_live, judge_query

Keys = tuple[tuple[str, Any], ...]
_RANKS = {"unserved": 0, "partial": 1, "served": 2}
_GEO = ("geo", "geo, by distance")
# The server takes no more fields in an index
_MAX_FIELDS = 32


@dataclass(frozen=True, slots=True)
class Better:
    """Indexes to declare, and the verdict with them; without keys, why none would help."""

    keys: tuple[Keys, ...]
    verdict: Verdict
    options: Mapping[str, Any] = field(default_factory=dict)


def better(query: Query, roles: Sequence[Role], declared: Declared, verdict: Verdict) -> Better | None:
    """The indexes that serve a query better than the declared ones do, if there are any."""
    if verdict.verdict not in ("partial", "unserved") or query.hint is not None:
        return None
    sure = [
        role for role in roles if not role.optional and not (role.kind == "equality" and is_live(query, role.field))
    ]
    if any(role.role == "text" for role in sure):
        return None  # which fields are searched, the query does not say
    if (query.open or query.optional) and all(role.kind == "sort" for role in sure):
        return None
    # An index serves comparisons of strings by its own collation only
    options = {"collation": dict(query.collation)} if query.collation else {}
    best, idle = Better((), verdict), verdict
    for candidate in _candidates(sure):
        added = [IndexDeclaration(-1, -1, None, None, keys, options) for keys in candidate]
        found = judge_query(query, Declared([*declared.own, *added], declared.homeless))
        if found.plan is None or not (found.plan.selective or found.plan.orders):
            idle = found
        elif _worth(found) > _worth(best.verdict):
            best = Better(candidate, found, options)
    return best if best.keys else Better((), idle)


def _worth(verdict: Verdict) -> tuple[int, ...]:
    plan = verdict.plan
    merits = () if plan is None else (int(plan.selective), int(plan.orders), int(plan.exact), len(plan.bounds))
    return (_RANKS.get(verdict.verdict, 0), *merits)


def _candidates(roles: Sequence[Role]) -> Iterator[tuple[Keys, ...]]:
    """One index for what holds together; one for each branch of an ``$or``."""
    outer = [role for role in roles if not role.within.startswith("$or")]
    branches = list(dict.fromkeys(role.within for role in roles if role.within.startswith("$or")))
    alone = pattern(outer)
    if any(role.kind not in ("sort", "") for role in outer) or not branches:
        yield from [(alone,)] if alone else []
    each = [pattern([*outer, *(role for role in roles if role.within == branch)]) for branch in branches]
    if each and all(each):
        yield tuple(dict.fromkeys(each))


def pattern(roles: Sequence[Role]) -> Keys:
    """The key pattern for fields in these roles; empty where none of them can be in one."""
    equal = dict.fromkeys(role.field for role in roles if role.kind == "equality")
    order = [(role.field, -1 if "descending" in role.role else 1) for role in roles if role.kind == "sort"]
    order = [(name, direction) for name, direction in order if name not in equal]
    held = {*equal, *(name for name, _ in order)}
    ranges = {role.field: "2dsphere" if role.role in _GEO else 1 for role in roles if role.kind == "range"}
    others = {role.field: 1 for role in roles if role.kind == "other" and role.field not in ranges}
    rest = [(name, kind) for name, kind in (*ranges.items(), *others.items()) if name not in held]
    found = (*((name, 1) for name in equal), *order, *rest)
    return found if len(found) <= _MAX_FIELDS else ()
