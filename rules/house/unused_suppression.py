"""A suppression comment that suppresses nothing.

What it flags
    ``# mongolint: ignore[…]`` and ``# noqa: MDB…`` where the rule named finds nothing, and names that no rule has.

Why it hurts
    It reads as if there were a known problem here, and it will silently swallow the next real one.

What it leaves alone
    Codes of other linters, bare ``# noqa``, and rules that did not run.

Fix and its safety
    The comment, or the code in it, is taken out; neighbours stay. Safe.

Sources
    Ruff's RUF100, whose behaviour users know.
"""

from mongolint.rule import Applicability, Bad, Good, Rule, Severity

rule = Rule("MDB900", "unused-suppression", Severity.LOW, fix=Applicability.SAFE, in_tests=True)

EXAMPLES = [
    Bad(
        """\
        from pymongo import MongoClient

        client = MongoClient(timeoutMS=5000)
        users = client.app.users
        users.find_one({"_id": 1})  # mongolint: ignore[n-plus-one-query] not any more
        """,
        at=("# mongolint: ignore[n-plus-one-query] not any more",),
        message="no such finding",
        fixed="""\
        from pymongo import MongoClient

        client = MongoClient(timeoutMS=5000)
        users = client.app.users
        users.find_one({"_id": 1})
        """,
    ),
    Bad(
        """\
        from pymongo import MongoClient

        users = MongoClient(timeoutMS=5000).app.users
        users.find_one({"_id": 1})  # noqa: E501, MDB101
        """,
        at=("MDB101",),
        fixed="""\
        from pymongo import MongoClient

        users = MongoClient(timeoutMS=5000).app.users
        users.find_one({"_id": 1})  # noqa: E501
        """,
    ),
    Good(
        """\
        from pymongo import MongoClient

        users = MongoClient(timeoutMS=5000).app.users


        def names(ids):
            return [users.find_one({"_id": i}) for i in ids]  # mongolint: ignore[MDB101] five ids at most
        """,
        why="it suppresses a finding",
    ),
    Good(
        """\
        from pymongo import MongoClient

        users = MongoClient(timeoutMS=5000).app.users
        users.find_one({"_id": 1})  # noqa: E501
        """,
        why="another linter's code",
    ),
]
