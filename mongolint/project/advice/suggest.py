"""The smallest set of new indexes with which every known query of the application is served.

First what the data needs (unique keys, expiry), then what the queries need, in equality, sort, range order, merged by
prefix; what no query's best plan reads, and what another index makes needless, is left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field, replace
from typing import TYPE_CHECKING, Any, Literal

from mongolint.coverage import Index, Plan, QueryError
from mongolint.fastclasses import NamedTuple, dataclass
from mongolint.link.atoms import Collection, Database
from mongolint.project.advice.lean import in_pages, is_worth_one, lean_patterns
from mongolint.project.advice.merging import merge
from mongolint.project.advice.patterns import Keys, Pattern, constants
from mongolint.project.advice.redundancy import redundant
from mongolint.project.coveragemap.asked import requests_asked
from mongolint.project.indexes import IndexDeclaration
from mongolint.project.operations import Operation
from mongolint.project.pipelines import Lookup
from mongolint.project.verdicts import (
    Query,
    as_index,
    ask,
    is_clear,
    judge_query,
    query_of_lookup,
)

if TYPE_CHECKING:
    from mongolint.project.model import Project
    from mongolint.project.tracing.asked import Asked as HelperCall


# What a query costs now: it reads the whole collection, sorts in memory what it finds, reads more than it returns;
# idle: it would read the whole collection, and nothing runs it
Cost = Literal["scan", "sort", "rest", "idle", ""]


class Asked(NamedTuple):
    """A query of the application: an operation, or what a stage of its pipeline asks of another collection.

    ``call``: of a helper that takes the filter as keyword arguments, the call that asks.
    """

    query: Query
    operation: Operation
    lookup: Lookup | None = None
    call: HelperCall | None = None


@dataclass(frozen=True, slots=True)
class Suggestion:
    """An index to make. ``serves``: the queries whose best plan reads it; ``writes``: operations that maintain it.

    ``why``: what asks for it: "unique", "expiry", "query", or "flag" when only True or False is asked of its fields.
    ``costs``: what each of ``serves`` costs without it.
    ``replaces``: a declared index on the same keys, which has to be dropped first, and whose declaration has to change.
    ``patterns``: what of the queries it is made of.
    """

    collection: Collection
    keys: Keys
    options: Mapping[str, Any]
    why: str
    serves: list[Asked] = field(default_factory=list)
    costs: tuple[Cost, ...] = ()
    writes: int = 0
    replaces: IndexDeclaration | None = None
    patterns: tuple[Pattern, ...] = ()

    @property
    def index(self) -> Index:
        return Index(self.keys, self.options)

    @property
    def scans(self) -> bool:
        """Whether a query reads the whole collection without it."""
        return "scan" in self.costs

    @property
    def reason(self) -> str:
        """Why it is needed, in one line."""
        fields = ", ".join(name for name, _ in self.keys)
        if self.why == "unique":
            one = len(self.serves) == 1
            reads = f"; {_queries(len(self.serves))} look{'s' if one else ''} it up" if self.serves else ""
            return f"{fields} has to be unique, and nothing keeps it so{reads}"
        if self.why == "expiry":
            return f"documents end at {fields}, and nothing deletes them"
        told = [
            f"{_queries(count)} {one if count == 1 else many}"
            for cost, one, many in _COSTS
            if (count := self.costs.count(cost))
        ]
        if not told:
            return f"the best plan of {_queries(len(self.serves))} reads it"
        only = "; only yes or no is asked of it, so it helps where few documents have the value that is asked for"
        return f"without it {' and '.join(told)}{only if self.why == 'flag' else ''}"


_COSTS = (
    ("scan", "reads the whole collection", "read the whole collection"),
    ("sort", "sorts in memory what an index finds", "sort in memory what an index finds"),
    ("rest", "reads more than it returns", "read more than they return"),
    ("idle", "that nothing runs would read the whole collection", "that nothing runs would read the whole collection"),
)


def _queries(count: int) -> str:
    return f"{count} quer{'y' if count == 1 else 'ies'}"


def suggest(project: Project, name: str, asked: Sequence[Asked]) -> list[Suggestion]:
    """The indexes that a collection lacks; those for which most queries ask first."""
    declared = project.declarations().on(name)
    if not all(is_clear(index) for index in declared.own):
        return []
    return _Collection(project, name, asked).suggestions()


def questions(project: Project) -> list[Asked]:
    """What the application asks; tests, scripts and migrations, and what only they call, come and go."""
    found: list[Asked] = []
    for operation in project.operations:
        if operation.module in project.tests or project.is_script(operation.module):
            continue
        if project.reached(operation.module, operation.scope, operation.context).runner == "script":
            continue
        if operation.method.kind in ("read", "write") and not project.fields.finds_nothing(operation):
            found.append(Asked(project.query(operation), operation))
        found += [Asked(query_of_lookup(lookup), operation, lookup) for lookup in operation.lookups]
        if operation.name == "bulk_write":
            found += [Asked(request.query, operation) for request in requests_asked(project, operation) or ()]
    for call in project.asked_of_helpers:
        by = project.reached(call.module, call.scope, call.context).runner
        if not project.is_script(call.module) and by != "script":
            found.append(Asked(project.query(call.operation), call.operation, None, call))
    return found


class _Collection:
    """The suggestions for one collection."""

    def __init__(self, project: Project, name: str, asked: Sequence[Asked]) -> None:
        self.project = project
        self.name = name
        self.standing = project.declarations().on(name)
        self.asked = [one for one in asked if self._is_judged(one.query)]
        self.declared = [as_index(index) for index in self.standing.own]
        found = [o.collection for o in project.operations_on(name) if o.collection]
        database = found[0].database if found else Database(None, None, "unknown")
        if database.name is None:  # elsewhere the code may say what it is called
            database = database._replace(name=next((o.database.name for o in found if o.database.name), None))
        self.collection = Collection(database, name)

    def suggestions(self) -> list[Suggestion]:
        fixed = [
            self._named(
                Suggestion(need.collection, need.keys, need.options, "expiry" if _expires(need.options) else "unique")
            )
            for need in self.project.writes.constraints
            if need.name == self.name
        ]
        made = [*fixed, *(self._named(each) for each in self._for_queries(fixed) if not self._is_taken(each, fixed))]
        return self._used(self._without_redundant(made))

    def _is_judged(self, query: Query) -> bool:
        if query.open or query.unclear or not (query.filter or (query.sort and not query.optional)):
            return False
        return judge_query(query, self.standing).verdict != "unknown"

    def _for_queries(self, fixed: Sequence[Suggestion]) -> list[Suggestion]:
        """What the queries need that neither the declared indexes nor the fixed suggestions serve."""
        there = [*self.declared, *(each.index for each in fixed)]
        wanted: dict[Pattern, list[Asked]] = {}
        for one in self.asked:
            is_served = _is_served(one.query, there)
            patterns = [] if is_served else lean_patterns(self.project, one.query)
            patterns = in_pages(self.project, patterns, one.operation) if one.lookup is None else patterns
            if not is_worth_one(self.project, one.operation, patterns):
                continue
            # An index that is read almost whole helps nobody, and one branch of an $or without one reads everything
            for pattern in () if any(pattern.weak for pattern in patterns) else patterns:
                wanted.setdefault(pattern, []).append(one)
        chosen = merge(wanted)
        found: dict[tuple[Keys, Any], list[Pattern]] = {}
        for pattern, keys in chosen.items():
            found.setdefault((keys, pattern.collation), []).append(pattern)
        return [
            self._made(keys, patterns, [one for pattern in patterns for one in wanted[pattern]])
            for (keys, _), patterns in found.items()
        ]

    def _made(self, keys: Keys, patterns: Sequence[Pattern], asked: Sequence[Asked]) -> Suggestion:
        """A partial index where all queries compare a field with the same constant, and no other needs its order."""
        same = dict.items(dict(constants(asked[0].query)))
        shared = {n: v for n, v in same if all(constants(one.query).get(n) == v for one in asked)}
        partial = {name: value for name, value in shared.items() if isinstance(value, bool)}
        rest = tuple(key for key in keys if key[0] not in partial)
        why = "flag" if all(p.is_flag for p in patterns) else "query"
        whole = Suggestion(self.collection, keys, patterns[0].options, why, patterns=tuple(patterns))
        if not partial or not rest:
            return whole
        smaller = replace(whole, keys=rest, options={**whole.options, "partialFilterExpression": partial})
        plain = replace(whole, keys=rest)
        there = [*self.declared, smaller.index]
        if any(_orders(one.query, [plain.index]) and not _orders(one.query, there) for one in self.asked):
            return plain
        return smaller if all(_is_served(one.query, [smaller.index]) for one in asked) else whole

    def _named(self, made: Suggestion) -> Suggestion:
        """With a name of its own beside a declared index on the same keys, or in the place of that one."""
        same = next((index for index in self.standing.own if tuple(index.keys or ()) == made.keys), None)
        if same is None:
            return made
        duties = ("unique", "expireAfterSeconds", "partialFilterExpression", "sparse", "collation")
        if made.options.get("collation") or any(duty in same.options for duty in duties):
            return replace(made, options={**made.options, "name": f"{made.index.name}_{_suffix(made)}"})
        return replace(made, replaces=same)

    def _is_taken(self, made: Suggestion, fixed: Sequence[Suggestion]) -> bool:
        """Whether another index has its keys, beside which servers before 5.0 make none unless by another collation."""
        indexes = [*(as_index(index) for index in self.standing.own), *(each.index for each in fixed)]
        return any(is_taken(index, made.keys, made.options) for index in indexes)

    def _without_redundant(self, made: Sequence[Suggestion]) -> list[Suggestion]:
        replaced = {each.replaces.name for each in made if each.replaces is not None}
        declared = [index for index in self.declared if index.name not in replaced]
        every = [*declared, *(each.index for each in made)]
        gone = [id(index) for index, _, _ in redundant(every)]
        return [each for each, index in zip(made, every[len(declared) :], strict=True) if id(index) not in gone]

    def _used(self, made: Sequence[Suggestion]) -> list[Suggestion]:
        """Those that some query's best plan reads, and those that keep the data right."""
        kept = list(made)
        while True:
            served = [self._best(one.query, kept) for one in self.asked]
            reads = {
                id(each): [one for one, best in zip(self.asked, served, strict=True) if each in best] for each in kept
            }
            left = [each for each in kept if reads[id(each)] or each.why in ("unique", "expiry")]
            if len(left) == len(kept):
                break
            kept = left
        writes = self._count_writes()
        done = [
            replace(
                each,
                serves=reads[id(each)],
                costs=tuple(self._cost(one, kept) for one in reads[id(each)]),
                writes=writes,
            )
            for each in kept
        ]
        return sorted(done, key=lambda each: (-len(each.serves), each.keys))

    def _cost(self, one: Asked, made: Sequence[Suggestion]) -> Cost:
        """What a query costs that is cheaper with what is suggested."""
        plan = _plan(one.query, [*self.declared, *(each.index for each in made)])
        if plan is None or not (plan.selective or plan.orders):
            return ""
        verdict, operation = judge_query(one.query, self.standing), one.operation
        if verdict.verdict == "unserved":
            place = one.call or operation
            reached = self.project.reached(place.module, place.scope, place.context)
            has_start = self.project.reachability.loading.has_start
            return "idle" if has_start and reached.runner == "nothing" else "scan"
        if verdict.verdict != "partial" or verdict.plan is None:
            return ""
        return "sort" if verdict.plan.bounds and one.query.sort and not verdict.plan.orders else "rest"

    def _best(self, query: Query, made: Sequence[Suggestion]) -> list[Suggestion]:
        plan = _plan(query, [*self.declared, *(each.index for each in made)])
        return [each for each in made if plan is not None and each.index in plan.best]

    def _count_writes(self) -> int:
        return sum(
            operation.method.kind == "write" and operation.module not in self.project.tests
            for operation in self.project.operations_on(self.name)
        )


def is_taken(index: Index, keys: Keys, options: Mapping[str, Any]) -> bool:
    """Whether an index has the keys of another one and serves other queries, so that old servers refuse both.

    Source: MongoDB manual, "Index Build Constraints" of createIndexes: since 5.0 several unique, sparse or partial
    indexes may have one key pattern; since 3.4 those of several collations.
    """
    is_same = tuple(index.keys) == keys and index.options.get("collation") == options.get("collation")
    return is_same and any(name in index.options for name in _PARTING)


_PARTING = ("unique", "sparse", "partialFilterExpression", "expireAfterSeconds", "hidden")


def _suffix(made: Suggestion) -> str:
    return str(made.options["collation"].get("locale", "collated")) if "collation" in made.options else "all"


def _expires(options: Mapping[str, Any]) -> bool:
    return "expireAfterSeconds" in options


def _plan(query: Query, indexes: Iterable[Index]) -> Plan | None:
    try:
        return ask(query, list(indexes))
    except QueryError:
        return None


def _orders(query: Query, indexes: Sequence[Index]) -> bool:
    """Whether an index gives the order that a query asks for."""
    plan = _plan(query, indexes) if query.sort else None
    return plan is not None and bool(plan.orders)


def _is_served(query: Query, indexes: Sequence[Index]) -> bool:
    """Whether an index bounds a query well, and gives its order unless the filter varies."""
    plan = _plan(query, indexes)
    if plan is None or not plan.usable:
        return plan is None  # what the server refuses no ordinary index mends
    if query.sort and not plan.orders and not query.optional and any(best.name != "_id_" for best in plan.best):
        return False
    return bool(plan.bounds) or not query.filter
