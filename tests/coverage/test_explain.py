"""The static explain against facts of MongoDB's own planner tests, and what it says in words."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import bson
import pytest

from mongolint.coverage import ANY, Index, Plan, QueryError, explain, explain_once

CASES = json.loads((Path(__file__).parent / "planner_cases.json").read_text())


def _plan(case: dict[str, Any]) -> Plan | None:
    indexes = [Index([tuple(key) for key in index["keys"]], index["options"]) for index in case["indexes"]]
    hint = [tuple(key) for key in case["hint"]] if case.get("hint") else None
    try:
        return explain(
            case["filter"],
            indexes,
            sort=[tuple(each) for each in case["sort"]],
            projection=case["projection"],
            hint=hint,
            collation=case.get("collation"),
            command="count" if "count" in case["tags"] else "find",
        )
    except QueryError:
        return None


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_agrees_with_the_planners_own_tests(case: dict[str, Any]) -> None:
    plan = _plan(case)
    if plan is None:
        assert case["usable"] is False
        return
    if case["usable"] is not None:
        assert plan.usable is case["usable"], plan.reason
    if case["sort_in_memory"] is not None:
        assert plan.sort_in_memory is case["sort_in_memory"], plan.reason
    if case["covered"] is not None:
        assert plan.covered is case["covered"], plan.reason
    used = [[list(key) for key in index.keys] for index in plan.indexes]
    assert [keys for keys in case["index_used"] if keys not in used] == []


A = Index([("a", 1)])


@pytest.mark.parametrize(
    ("filter", "selective"),
    [
        ({"a": 1}, True),
        ({"a": {"$in": [1, 2]}}, True),
        ({"a": {"$gt": 1}}, True),
        ({"a": {"$regex": "^x"}}, True),
        ({"a": None}, True),
        ({"a": ANY}, True),
        ({"a": {"$elemMatch": {"$gt": 1}}}, True),
        ({"$or": [{"a": 1}, {"a": 2}]}, True),
        ({"a": {"$regex": "x"}}, False),
        ({"a": {"$regex": "^x", "$options": "i"}}, False),
        ({"a": {"$regex": ANY}}, False),
        ({"a": {"$ne": 1}}, False),
        ({"a": {"$nin": [1]}}, False),
        ({"a": {"$exists": True}}, False),
        ({"$or": [{"a": 1}, {"a": {"$ne": 2}}]}, False),
    ],
    ids=str,
)
def test_says_what_reads_most_of_an_index(filter: dict[str, Any], selective: bool) -> None:
    plan = explain(filter, [A])
    assert (plan.usable, plan.selective) == (True, selective)


def test_says_which_fields_bound_the_scan_and_what_the_order_costs() -> None:
    index = Index([("user", 1), ("at", -1), ("kind", 1)], {"name": "by_user"})
    plan = explain({"user": ANY, "kind": {"$in": ANY}}, [A, index], sort=[("at", 1)])
    assert (plan.bounds, plan.indexes, plan.sort_in_memory) == (("user", "kind"), (index,), False)
    assert plan.reason == "by_user bounds user, kind and gives the order"
    assert explain({"user": {"$gt": 1}}, [index], sort={"at": 1}).reason == "by_user bounds user; sorted in memory"


def test_unknown_members_of_a_list_are_several() -> None:
    index = Index([("a", 1)])
    assert explain({"a": {"$in": [ANY, ANY]}}, [index], sort=[("a", 1)]).sort_in_memory is False
    assert explain({"a": {"$in": [ANY, ANY]}}, [Index([("a", 1), ("b", 1)])], sort=[("b", 1)]).sort_in_memory is False
    assert explain({"a": {"$in": [ANY, ANY]}, "b": 1}, [Index([("b", 1)])], sort=[("a", 1)]).sort_in_memory is True


def test_an_unknown_value_may_be_a_string() -> None:
    index = Index([("a", 1)], {"collation": {"locale": "en"}})
    assert not explain({"a": ANY}, [index]).usable
    assert explain({"a": ANY}, [index], collation={"locale": "en"}).usable
    assert explain({"a": 1}, [index]).usable


def test_an_unknown_value_implies_no_partial_filter_but_that_the_field_is_there() -> None:
    def usable(expression: dict[str, Any]) -> bool:
        return explain({"a": ANY}, [Index([("a", 1)], {"partialFilterExpression": expression})]).usable

    assert usable({"a": {"$exists": True}})
    assert not usable({"a": {"$gt": 0}})
    assert not usable({"a": {"$type": "string"}})


@pytest.mark.parametrize(
    ("filter", "message"),
    [
        ({"$foo": 1}, "unknown top level operator: $foo"),
        ({"a": {"$foo": 1}}, "unknown operator: $foo"),
        ({"$or": []}, "$or must be a nonempty array"),
        ({"a": {"$in": 1}}, "$in needs an array"),
        ({"a": {"$not": 1}}, "$not needs"),
        ({"$text": {"$search": "x"}}, "needs a text index"),
        ({"a": {"$near": [0, 0]}}, "needs a geo index"),
        ({"$nor": [{"$text": {"$search": "x"}}]}, "cannot be negated"),
    ],
)
def test_refuses_what_the_server_refuses(filter: dict[str, Any], message: str) -> None:
    with pytest.raises(QueryError) as refusal:
        explain(filter, [A])
    assert message in str(refusal.value)


def test_a_hint_decides() -> None:
    other = Index([("b", 1)], {"name": "other"})
    assert explain({"a": 1}, [A, other], hint="other").indexes == (other,)
    assert explain({"a": 1}, [A, other], hint=[("b", 1)]).indexes == (other,)
    assert not explain({"a": 1}, [A], hint="$natural").usable
    with pytest.raises(QueryError):
        explain({"a": 1}, [A], hint="missing")


def test_distinct_reads_the_keys_of_its_field() -> None:
    plan = explain({}, [A], projection={"_id": 0, "a": 1}, command="distinct")
    assert (plan.usable, plan.covered) == (True, True)
    assert not explain({}, [Index([("b", 1), ("a", 1)])], projection={"_id": 0, "a": 1}, command="distinct").usable


def test_what_was_asked_before_is_told_again_and_only_of_the_same_question() -> None:
    sparse, hidden = Index([("a", 1)], {"sparse": True}), Index([("a", 1)], {"hidden": True})
    questions: list[tuple[Any, list[Index], dict[str, Any]]] = [
        *(({"a": value}, [A], {}) for value in (1, True, 1.0, None, "x", {"$gt": 1}, [1], (1,), {"$in": [1]}, ANY)),
        *(({"a": None}, [index], {}) for index in (A, sparse, hidden)),
        *(({}, [A], {"sort": (("a", order),)}) for order in (1, -1)),
        *(({"a": 1, "b": 1}, [A], {"hint": hint}) for hint in ("a_1", (("a", 1),), "none")),
        ({"b": 1, "a": 1}, [A], {"command": "count"}),
        ({"a": {"$in": {"set"}}}, [A], {}),  # a value that cannot be hashed
    ]

    for kind in (1, 1.0, True):
        questions.append(({"a": 1}, [Index([("a", kind)])], {}))

    def answers(ask: Any) -> list[Any]:
        found = []
        for filter, indexes, options in questions:
            try:
                plan = ask(filter, indexes, **options)
                found.append((plan, [index.name for index in plan.indexes]))
            except QueryError as refusal:
                found.append(str(refusal))
        return found

    assert answers(explain_once) == answers(explain_once) == answers(explain)


def test_a_refusal_that_is_kept_holds_on_to_nobody() -> None:
    refusals = []
    for _ in range(3):
        with pytest.raises(QueryError) as refused:
            explain_once({"$text": {"$search": "x"}, "a": 1}, [A])
        refusals.append(refused.value)
    assert len({id(each) for each in refusals}) == 3
    assert len({str(each) for each in refusals}) == 1


@pytest.mark.parametrize("filter", [{"a": 1}, {"a": {"$gt": 1}}, {"a": {"$exists": True}}, {"a.x": 1}], ids=str)
def test_a_wildcard_below_a_field_holds_the_field_itself(filter: dict[str, Any]) -> None:
    index = Index([("a.$**", 1)])
    assert explain(filter, [index]).usable
    assert not explain({name.replace("a", "ab"): value for name, value in filter.items()}, [index]).usable


@pytest.mark.parametrize(
    ("constant", "usable"),
    [
        ("$$NOW", True),
        ({"$subtract": ["$$NOW", 3600]}, True),
        ({"$dateSubtract": {"startDate": "$$NOW", "unit": "day", "amount": 1}}, True),
        ({"x": 1, "y": [1]}, True),
        ({"$toLower": "A"}, True),
        ({"$literal": [1]}, False),
        ([1], False),
        ("$$CLUSTER_TIME", False),
        ({"$rand": {}}, False),
        ({"x": "$b"}, False),
        ({"$subtract": ["$$NOW", "$b"]}, False),
        ({"$dateSubtract": {"startDate": "$b", "unit": "day", "amount": 1}}, False),
    ],
    ids=str,
)
def test_what_the_server_works_out_before_it_plans_is_a_constant(constant: Any, usable: bool) -> None:
    for index in (A, Index([("a", "hashed")])):
        assert explain({"$expr": {"$eq": ["$a", constant]}}, [index]).usable is usable
    assert explain({"$expr": {"$gt": [constant, "$a"]}}, [A]).usable is usable


@pytest.mark.parametrize(
    ("branches", "usable"),
    [
        ([{"$eq": ["$a", 1]}, {"$eq": ["$a", 2]}], True),
        ([{"$eq": ["$a", 1]}, {"$and": [{"$lt": ["$a", 2]}, {"$ne": ["$b", 1]}]}], True),
        ([{"$eq": ["$a", 1]}, {"$eq": ["$b", 2]}], False),
        ([{"$eq": ["$a", 1]}, {"$ne": ["$a", 2]}], False),
    ],
    ids=str,
)
def test_each_branch_of_an_or_in_an_expression_needs_an_index(branches: Any, usable: bool) -> None:
    assert explain({"$expr": {"$or": branches}}, [A]).usable is usable


@pytest.mark.parametrize(
    ("index", "serves"),
    [
        (A, True),
        (Index([("a", -1), ("b", 1)]), True),
        (Index([("a", 1)], {"sparse": True}), True),
        (Index([("a", 1)], {"multikey": True, "multikey_paths": ["a"]}), True),
        (Index([("a", "hashed")]), False),
        (Index([("a.$**", 1)]), False),
        (Index([("a", 1)], {"collation": {"locale": "en"}}), False),
        (Index([("a", 1)], {"partialFilterExpression": {"a": {"$exists": True}}}), False),
        (Index([("b", 1), ("a", 1)]), False),
    ],
    ids=str,
)
def test_all_values_of_a_field_are_the_keys_that_an_index_begins_with(index: Index, serves: bool) -> None:
    plan = explain({}, [index], projection={"_id": 0, "a": 1}, command="distinct")
    assert (plan.usable, plan.covered) == (serves, serves)


def test_scans_whose_documents_are_tested_further_are_not_merged() -> None:
    indexes = [Index([("c", 1), ("a", 1)]), Index([("f", 1), ("a", 1)])]

    def sorts(filter: dict[str, Any]) -> bool | None:
        return explain(filter, indexes, sort=[("a", 1)]).sort_in_memory

    several: list[dict[str, Any]] = [{"c": {"$in": [1, 2]}}, {"f": 3}]
    assert sorts({"$or": several}) is False
    assert sorts({"e": 1, "$or": several}) is True
    assert sorts({"e": 1, "$or": [{"c": 1, "d": 1}, {"f": 3}]}) is False  # in order as they are
    assert sorts({"e": 1, "$or": [{"c": {"$in": [1, 2]}}, {"c": 3}]}) is False  # one scan
    assert sorts({"e": 1, "$or": [{"c": {"$in": [1, 2]}, "d": 1}, {"c": 3}]}) is True


def test_null_is_two_points_on_a_server_6() -> None:
    index = Index([("a", 1), ("b", -1)])

    def sorts(sort: list[tuple[str, int]], server: str) -> bool | None:
        return explain({"a": None}, [index], sort=sort, server=server).sort_in_memory

    assert sorts([("b", 1), ("a", 1)], "latest") is False
    assert sorts([("b", 1), ("a", 1)], "6.0") is True
    assert sorts([("b", 1)], "6.0") is False  # merged


def test_a_hinted_index_that_the_filter_bounds_is_not_read_whole_for_the_order() -> None:
    index = Index([("a", 1)], {"multikey": True, "multikey_paths": ["a"]})
    for server in ("6.0", "latest"):
        plan = explain({"a": {"$gt": 1}}, [index], sort=[("a", 1)], hint=index.name, server=server)
        assert plan.sort_in_memory is True


def test_an_element_of_an_array_at_a_number_is_not_in_a_wildcard_index() -> None:
    index = Index([("$**", 1)])
    assert explain({"a.0": {"$gt": 1}}, [index]).usable
    assert explain({"a.x": {"$elemMatch": {"$gt": 1}}}, [index]).usable
    assert not explain({"a.0": {"$elemMatch": {"$gt": 1}}}, [index]).usable


def test_an_array_above_the_path_that_elem_match_names_bounds_one_field() -> None:
    index = Index([("n.p.q", 1), ("n.p.r", 1)], {"multikey": True, "multikey_paths": ["n.p"]})
    both = {"q": 1, "r": 1}
    assert explain({"n.p": {"$elemMatch": both}}, [index]).bounds == ("n.p.q", "n.p.r")
    assert explain({"n": {"$elemMatch": {"p": {"$elemMatch": both}}}}, [index]).bounds == ("n.p.q",)


@pytest.mark.parametrize("comparison", [None, {"$lte": None}, {"$gte": None}, {"$gt": None}], ids=str)
def test_a_range_at_null_is_the_comparison_with_it(comparison: Any) -> None:
    index = Index([("a", 1), ("b", 1)])
    for server in ("6.0", "latest"):
        assert explain({"a": 1, "b": comparison}, [index], command="count", server=server).covered
    assert not explain({"a": 1, "b": {"$ne": 1}, "c": comparison}, [index], command="count").covered
    sparse = Index([("b", 1)], {"sparse": True})
    assert not explain({"b": {"$gte": None}}, [sparse], command="count").covered


def test_what_follows_the_place_in_a_2d_index_is_tested_and_gives_no_order() -> None:
    filter = {"at": {"$geoWithin": {"$center": [[1, 1], 1]}}, "a": 1}
    plan = explain(filter, [Index([("at", "2d"), ("a", 1)])], sort=[("a", 1)])
    assert (plan.usable, plan.sort_in_memory) == (True, True)


@pytest.mark.parametrize(
    ("filter", "expression", "usable"),
    [
        ({"b": {"$size": 2}}, {"b": {"$exists": True}}, True),
        ({"b": {"$bitsAllSet": 1}}, {"b": {"$exists": True}}, False),
        ({"b": {"$type": ["string"]}}, {"b": {"$type": "string"}}, True),
        ({"b": {"$type": 2}}, {"b": {"$type": "string"}}, True),
        ({"b": {"$type": ["string", "int"]}}, {"b": {"$type": "string"}}, False),
        ({"b": 1}, {"b": {"$in": [1, 2]}}, True),
        ({"b": {"$in": [2, 1]}}, {"b": {"$in": [1, 2]}}, True),
        ({"b": {"$in": [1, 2]}}, {"b": {"$in": [1, 2, 3]}}, False),
        ({"b": {"$in": [1, 2]}}, {"$or": [{"b": 1}, {"b": 2}]}, True),
        ({"b": 1}, {"$or": [{"b": 1}, {"c": 2}]}, True),
        ({"$or": [{"b": 1}, {"c": 2}]}, {"$or": [{"b": 1}, {"c": 2}]}, False),
        ({"b": {"$in": [1, 2]}}, {"$or": [{"b": {"$lt": 5}}, {"c": 2}]}, True),
    ],
    ids=str,
)
def test_one_alternative_of_a_partial_index_is_implied_by_the_whole_filter(
    filter: dict[str, Any], expression: dict[str, Any], usable: bool
) -> None:
    index = Index([("a", 1)], {"partialFilterExpression": expression})
    assert explain({"a": 1, **filter}, [index]).usable is usable


def test_numbers_of_all_types_compare() -> None:
    index = Index([("a", 1)], {"partialFilterExpression": {"a": {"$gt": 9}}})
    values = [bson.Decimal128("10"), 10.5, bson.Int64(10), bson.Decimal128("9"), bson.Decimal128("NaN"), 9]
    assert [explain({"a": value}, [index]).usable for value in values] == [True, True, True, False, False, False]


def test_of_fields_in_one_array_the_one_that_the_index_has_first_is_bounded() -> None:
    index = Index([("a", 1), ("d.x", 1), ("d.y", 1)], {"multikey": True, "multikey_paths": ["d"]})
    for filter in ({"a": 1, "d.x": {"$gt": 1}, "d.y": 1}, {"a": 1, "d.y": 1, "d.x": {"$gt": 1}}):
        assert explain(filter, [index]).bounds == ("a", "d.x")


def test_the_empty_document_is_a_key_of_a_wildcard_index() -> None:
    index = Index([("$**", 1)])
    assert explain({"a": {}}, [index], command="count").covered
    assert explain({"a": {"$in": [1, {}]}}, [index], projection={"_id": 0, "a": 1}).covered
    assert not explain({"a": {"$ne": None}}, [index], command="count").covered
