"""The static explain against a real server's, on random collections and queries."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from pymongo.collection import Collection
from pymongo.database import Database
from pymongo.errors import OperationFailure

from mongolint.coverage import Index, QueryError, explain

# 500 queries in CI; MONGOLINT_DRAWS=10000 asks for more
QUERIES = int(os.environ.get("MONGOLINT_DRAWS", "500"))
SEED = int(os.environ.get("MONGOLINT_SEED", "1"))
# Queries of each collection: asking is cheaper than building
QUERIES_EACH = 8
FIELDS = ("a", "b", "c", "d.x", "d.y", "e")
_scalars = st.sampled_from([0, 1, 2, 5, "x", "xy", True])
_values = st.one_of(_scalars, _scalars, _scalars, st.none(), st.just([1, 2]), st.just([]), st.just({"x": 1}))
_fields = st.sampled_from(FIELDS)


@dataclass(frozen=True)
class Drawn:
    """A collection with its indexes, and queries to ask of it."""

    arrays: frozenset[str]
    indexes: tuple[Index, ...]
    queries: tuple[dict[str, Any], ...]


def documents(arrays: frozenset[str]) -> list[dict[str, Any]]:
    """Documents in which the fields named in ``arrays`` hold arrays."""
    found: list[dict[str, Any]] = []
    for i in range(3):
        document: dict[str, Any] = {"_id": i, "d": {"x": i, "y": i}, "g": {"type": "Point", "coordinates": [i, i]}}
        for name in ("a", "b", "c", "e"):
            document[name] = [i, i + 1] if name in arrays else i
        if "d" in arrays:
            document["d"] = [{"x": i, "y": i}, {"x": i + 1, "y": 0}]
        elif "d.x" in arrays:
            document["d"] = {"x": [i, i + 1], "y": i}
        found.append(document)
    return found


def _comparisons() -> st.SearchStrategy[Any]:
    regex = st.sampled_from([{"$regex": "^x"}, {"$regex": "x"}, {"$regex": "^x", "$options": "i"}, {"$regex": "^xy.*"}])
    members = st.lists(_values, max_size=3)
    plain = st.one_of(
        _values,
        _scalars,
        st.builds(lambda op, v: {op: v}, st.sampled_from(["$gt", "$gte", "$lt", "$lte", "$eq", "$ne"]), _values),
        st.builds(lambda low, high: {"$gt": low, "$lt": high}, _scalars, _scalars),
        members.map(lambda v: {"$in": v}),
        members.map(lambda v: {"$nin": v}),
        regex,
        st.booleans().map(lambda v: {"$exists": v}),
        st.sampled_from([{"$mod": [2, 0]}, {"$type": "string"}, {"$type": "array"}, {"$size": 2}, {"$all": [1, 2]}]),
    )
    operators = plain.filter(lambda v: isinstance(v, dict) and next(iter(v), "").startswith("$"))
    ranges = st.builds(lambda low, high: {"$gt": low, "$lt": high}, _scalars, _scalars)
    return st.one_of(
        plain,
        plain,
        plain,
        operators.map(lambda v: {"$not": v}),
        st.one_of(ranges, operators).map(lambda v: {"$elemMatch": v}),
    )


def _filters() -> st.SearchStrategy[dict[str, Any]]:
    comparison = _comparisons()
    inner = st.dictionaries(st.sampled_from(["x", "y"]), comparison, min_size=1, max_size=2)
    flat = st.one_of(
        st.dictionaries(_fields, comparison, min_size=1, max_size=3),
        st.dictionaries(_fields, _scalars, min_size=1, max_size=3),
        inner.map(lambda v: {"d": {"$elemMatch": v}}),
        st.builds(
            lambda op, f, v: {"$expr": {op: [f"${f}", v]}},
            st.sampled_from(["$eq", "$gt", "$lte", "$ne"]),
            _fields,
            st.sampled_from([1, "x", None]),
        ),
    )
    branches = st.lists(flat, min_size=1, max_size=3)
    joined = st.one_of(
        branches.map(lambda v: {"$or": v}),
        st.builds(lambda own, v: {**own, "$or": v}, flat, branches),
        st.builds(lambda own, v: {**own, "$and": [{"$or": v}, own]}, flat, branches),
        branches.map(lambda v: {"$nor": v}),
        st.builds(lambda own, v: {**own, "$nor": v}, flat, branches),
    )
    circle = {"$geoWithin": {"$centerSphere": [[0, 0], 1]}}
    near = {"$near": {"$geometry": {"type": "Point", "coordinates": [0, 0]}}}
    special = st.one_of(
        flat.map(lambda v: {**v, "g": circle}),
        flat.map(lambda v: {**v, "g": near}),
        flat.map(lambda v: {**v, "$text": {"$search": "x"}}),
        branches.map(lambda v: {"$or": [*v, {"g": circle}]}),
        branches.map(lambda v: {"$or": [*v, {"$text": {"$search": "x"}}]}),
    )
    return st.one_of(st.just({}), *[flat] * 8, *[joined] * 3, special)


def _indexes() -> st.SearchStrategy[Index]:
    direction = st.sampled_from([1, 1, -1])
    keys = st.lists(st.tuples(_fields, direction), min_size=1, max_size=3, unique_by=lambda key: key[0])
    options = st.sampled_from(
        [
            {},
            {},
            {},
            {},
            {"sparse": True},
            {"hidden": True},
            {"partialFilterExpression": {"a": {"$gt": 0}}},
            {"partialFilterExpression": {"b": {"$exists": True}}},
            {"partialFilterExpression": {"c": 1}},
            {"collation": {"locale": "en", "strength": 2}},
            {"unique": True},
        ]
    )
    plain = st.builds(lambda k, o: Index(k, o), keys, options)
    hashed = st.builds(lambda k, at: _hashed(k, at), keys, st.integers(0, 2))
    wildcard = st.sampled_from(
        [
            Index([("$**", 1)]),
            Index([("d.$**", 1)]),
            Index([("$**", 1)], {"wildcardProjection": {"a": 1, "d": 1}}),
            Index([("$**", 1)], {"wildcardProjection": {"a": 0}}),
        ]
    )
    geo = st.builds(lambda k, at: Index(_placed(k, at, ("g", "2dsphere"))), keys, st.integers(0, 2))
    text = st.builds(lambda k, at: Index(_placed(k, at, ("t", "text"))), keys, st.integers(0, 2))
    return st.one_of(plain, plain, plain, plain, plain, plain, hashed, wildcard, geo, text)


def _placed(keys: list[tuple[str, Any]], at: int, special: tuple[str, str]) -> list[tuple[str, Any]]:
    return [*keys[: at % 3], special, *keys[at % 3 :]][:3]


def _hashed(keys: list[tuple[str, Any]], at: int) -> Index:
    return Index([(name, "hashed" if i == at % len(keys) else kind) for i, (name, kind) in enumerate(keys)])


def _sorts() -> st.SearchStrategy[tuple[tuple[str, int], ...]]:
    part = st.tuples(st.sampled_from([*FIELDS, "_id"]), st.sampled_from([1, -1]))
    return st.lists(part, max_size=2, unique_by=lambda each: each[0]).map(tuple)


@st.composite
def draws(draw: st.DrawFn) -> Drawn:
    arrays = draw(st.sets(st.sampled_from(["a", "b", "d", "d.x"]), max_size=2))
    found = draw(st.lists(_indexes(), min_size=1, max_size=3, unique_by=lambda index: (index.keys, str(index.options))))
    projection = st.sampled_from([None, None, {"_id": 0, "a": 1}, {"a": 1}, {"_id": 0, "a": 1, "b": 1}, {"a": 0}])
    collation = st.sampled_from([None, None, None, {"locale": "en", "strength": 2}])
    query = st.builds(_query, _filters(), _sorts(), projection, collation, st.integers(0, 9), st.sampled_from(found))
    return Drawn(
        frozenset(arrays), tuple(found), tuple(draw(st.lists(query, min_size=QUERIES_EACH, max_size=QUERIES_EACH)))
    )


def _query(
    filter: dict[str, Any], sort: Any, projection: Any, collation: Any, which: int, index: Index
) -> dict[str, Any]:
    """A find; one in ten is a count, one in ten has a hint."""
    if which == 0:
        return {"filter": filter, "sort": (), "projection": None, "collation": collation, "command": "count"}
    made = {"filter": filter, "sort": sort, "projection": projection, "collation": collation}
    return {**made, "hint": index.keys} if which == 1 else made


def judge(query: dict[str, Any], indexes: list[Index]) -> Said | None:
    """What mongolint says; None where the server would refuse the query."""
    try:
        plan = explain(query["filter"], indexes, server="6.0", **{k: v for k, v in query.items() if k != "filter"})
    except QueryError:
        return None
    return Said(plan.usable, plan.sort_in_memory, plan.covered)


def build(collection: Collection[dict[str, Any]], drawn: Drawn) -> list[Index]:
    """Make the collection on the server; the indexes that it accepted, with the arrays that they hold."""
    collection.drop()
    held = documents(drawn.arrays)
    collection.insert_many(held)
    made: list[Index] = []
    for index in drawn.indexes:
        try:
            collection.create_index(list(index.keys), **index.options)
        except OperationFailure:
            continue  # two of the same keys, parallel arrays, a hashed array
        paths = sorted(_array_paths(index, held))
        made.append(
            Index(index.keys, {**index.options, **({"multikey": True, "multikey_paths": paths} if paths else {})})
        )
    return made


def _array_paths(index: Index, held: list[dict[str, Any]]) -> Iterator[str]:
    names = [name for name, _ in index.keys]
    for prefix in ("a", "b", "d", "d.x"):
        if any(_covers(index, name, prefix) for name in names) and any(
            _is_array(document, prefix) for document in held
        ):
            yield prefix


def _covers(index: Index, name: str, prefix: str) -> bool:
    if name.endswith("$**"):
        projection = index.options.get("wildcardProjection", {})
        kept = {key for key, value in projection.items() if value}
        dropped = {key for key, value in projection.items() if not value}
        top = prefix.partition(".")[0]
        return prefix.startswith(name[:-4]) and (not kept or top in kept) and top not in dropped
    return name == prefix or name.startswith(prefix + ".")


def _is_array(document: dict[str, Any], path: str) -> bool:
    value: Any = document
    for part in path.split("."):
        if not isinstance(value, dict):
            return False
        value = value.get(part)
    return isinstance(value, list)


@dataclass(frozen=True)
class Said:
    """What the server says: of the winning plan and of those that lost to it."""

    usable: bool
    sort_in_memory: bool | None
    covered: bool


class RefusedError(Exception):
    """The server refuses the query."""


class OneOfSeveralError(Exception):
    """The server shows one plan of several."""


def ask(collection: Collection[dict[str, Any]], query: dict[str, Any]) -> Said:
    """The server's own explain.

    Raises:
        RefusedError: the server refuses the query.
        OneOfSeveralError: it chose a plan for each branch of an ``$or``, and does not show the others.
    """
    try:
        told = collection.database.command("explain", _command(collection, query), verbosity="queryPlanner")
    except OperationFailure as refusal:
        raise RefusedError from refusal
    plans = [
        set(_stages(plan)) for plan in [told["queryPlanner"]["winningPlan"], *told["queryPlanner"]["rejectedPlans"]]
    ]
    if any("SUBPLAN" in plan for plan in plans):
        raise OneOfSeveralError
    indexed = [plan for plan in plans if plan & _INDEXED]
    in_order = any("SORT" not in plan for plan in indexed)
    is_covered = any(not plan & {"FETCH", "IDHACK", "TEXT_MATCH", "GEO_NEAR_2DSPHERE"} for plan in indexed)
    return Said(bool(indexed), (not in_order) if query["sort"] else None, is_covered)


_INDEXED = {"IXSCAN", "IDHACK", "COUNT_SCAN", "DISTINCT_SCAN", "TEXT_MATCH", "GEO_NEAR_2DSPHERE"}


def _command(collection: Collection[dict[str, Any]], query: dict[str, Any]) -> dict[str, Any]:
    if query.get("command") == "count":
        return {"count": collection.name, "query": query["filter"]} | _given(query, "collation")
    made = {"find": collection.name, "filter": query["filter"]}
    if query["sort"]:
        made["sort"] = dict(query["sort"])
    if query.get("hint"):
        made["hint"] = dict(query["hint"])
    return made | _given(query, "projection", "collation")


def _given(query: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: query[name] for name in names if query[name]}


def _stages(plan: dict[str, Any]) -> Iterator[str]:
    plan = plan.get("queryPlan", plan)
    yield plan["stage"]
    for inner in [*plan.get("inputStages", ()), *([plan["inputStage"]] if "inputStage" in plan else ())]:
        yield from _stages(inner)


def test_agrees_with_a_real_server(server_db: Database[dict[str, Any]]) -> None:
    """Draws collections and queries; every difference is shown with what would repeat it."""
    asked = 0

    @seed(SEED)
    @settings(
        max_examples=QUERIES // QUERIES_EACH,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate],
    )
    @given(draws())
    def compare(drawn: Drawn) -> None:
        nonlocal asked
        made = build(server_db["drawn"], drawn)
        for query in drawn.queries:
            try:
                said = ask(server_db["drawn"], query)
            except RefusedError:
                said = None
            except OneOfSeveralError:
                continue
            asked += 1
            assert judge(query, made) == said, (made, query)

    compare()
    assert asked > QUERIES * 0.8
