"""The index judge: what MongoDB's planner can do with a query and a set of indexes, without a server."""

from mongolint.coverage.explain import Plan, explain, explain_once
from mongolint.coverage.indexes import Index
from mongolint.coverage.predicates import QueryError
from mongolint.coverage.values import ANY

__all__ = ["ANY", "Index", "Plan", "QueryError", "explain", "explain_once"]
