"""What `mongolint new-rule` writes."""

RULE = '''\
"""{title}.

What it flags
    Say it in one or two sentences, in the terms of whoever wrote the code.

Why it hurts
    What happens in production, with numbers where there are any.

What it leaves alone
    What looks like a case and is none. What the model does not know, a rule does not claim.

Fix and its safety
    None yet: a person has to do it.

Sources
    The page of the documentation that says so.
"""

from collections.abc import Iterator

from mongolint.rule import Bad, Finding, Good, Project, Query, Rule, Severity

rule = Rule("{code}", "{name}", Severity.MEDIUM, fix=None, preview=True, since="{since}")


@rule.on(Query)
def check(query: Query, project: Project) -> Iterator[Finding]:
    if query.name != "find_one":
        return
    # Ask the query and the project. Where it is as it should be, return; else:
    # yield rule.finding(project.operation_span(query), f"{{query.name}} on {{query.target}} …; it hurts; do this")
    yield from ()


EXAMPLES = [
    # Fails until the check finds it: begin here
    Bad(
        """\\
        from pymongo import MongoClient

        orders = MongoClient(timeoutMS=5000).shop.orders
        orders.find_one({{"_id": 1}})
        """,
        at=("find_one",),
        message="find_one on orders",
    ),
    Good(
        """\\
        from pymongo import MongoClient

        orders = MongoClient(timeoutMS=5000).shop.orders
        orders.estimated_document_count(maxTimeMS=100)
        """,
        why="say why it is none",
    ),
]
'''

PROJECT = """\
[build-system]
requires = ["setuptools>=77"]
build-backend = "setuptools.build_meta"

[project]
name = "{distribution}"
version = "0.1.0"
description = "Rules for mongolint"
requires-python = ">=3.10"
dependencies = ["mongolint"]

[project.entry-points."mongolint.rules"]
{package} = "{package}"

[tool.setuptools]
packages = ["{package}"]
"""

TESTS = '''\
"""Every example of every rule of this plugin, under every law of mongolint."""

import pytest

from mongolint.testing import cases

CASES = cases("{prefix}")


@pytest.mark.parametrize(("rule", "example", "law"), CASES.values(), ids=CASES)
def test_law(rule, example, law, tmp_path):
    law(rule, example, tmp_path)
'''
