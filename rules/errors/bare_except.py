"""A bare ``except:``, which catches far more than was meant.

What it flags
    ``except:`` without a class, unless its body raises again. Low where nothing in the body talks to MongoDB.

Why it hurts
    It also catches KeyboardInterrupt, SystemExit and asyncio.CancelledError: the worker cannot be stopped, a timed-out
    request goes on, and a typo looks like the failure that was expected.

What it leaves alone
    A bare ``except:`` that re-raises, or behind a clause that re-raises what ends the program. Where the body around
    it talks to MongoDB and the error goes no further, swallowed-database-error tells it instead.

Fix and its safety
    ``except PyMongoError:`` where only driver calls can fail, ``except Exception:`` elsewhere. Unsafe: errors outside
    the class named now pass.

Sources
    Python documentation, "Built-in Exceptions" (exception hierarchy); PyMongo documentation, ``pymongo.errors``.
"""

from collections.abc import Iterator

from mongolint.rule import Applicability, Bad, ExceptSite, Finding, Good, Project, Rule, Severity

rule = Rule(
    "MDB501",
    "bare-except",
    Severity.MEDIUM,
    fix=Applicability.UNSAFE,
    tokens=("except:", "except :"),
    concern="visibility",
    same_as={"ruff": ("E722",)},
)


@rule.on(ExceptSite)
def check(site: ExceptSite, project: Project) -> Iterator[Finding]:
    if site.catches != "bare" or site.raises or site.stoppable:
        return
    span = project.offsets_span(site.module, site.handler.span)
    lost = "so the process cannot be stopped here" if site.calls else "so a stop that comes meanwhile is lost"
    driver = "except PyMongoError: where only the driver can fail, else " if site.calls else ""
    yield rule.finding(
        span,
        f"bare except also catches KeyboardInterrupt and CancelledError, {lost}; write {driver}except Exception:",
        severity=None if site.calls else Severity.LOW,
        fix=rule.repair(
            "name the class of errors",
            lambda draft: draft.name_error_class(site),
            text="write the class that the body may raise: except PyMongoError: or except Exception:",
            reason="errors outside the class now rise",
        ),
    )


EXAMPLES = [
    Bad(
        """\
        def read(path):
            try:
                return open(path).read()
            except:
                return ""
        """,
        at=("except",),
        message="except Exception:",
        fixed="""\
        def read(path):
            try:
                return open(path).read()
            except Exception:
                return ""
        """,
    ),
    Bad(
        """\
        import logging

        from pymongo import MongoClient

        orders = MongoClient(timeoutMS=5000).shop.orders


        def cancel(order_id):
            try:
                orders.delete_one({"_id": order_id})
            except:
                logging.exception("cannot cancel %s", order_id)
        """,
        at=("except",),
        message="except PyMongoError:",
        fixed="""\
        import logging

        from pymongo import MongoClient
        from pymongo.errors import PyMongoError

        orders = MongoClient(timeoutMS=5000).shop.orders


        def cancel(order_id):
            try:
                orders.delete_one({"_id": order_id})
            except PyMongoError:
                logging.exception("cannot cancel %s", order_id)
        """,
    ),
    Bad(
        """\
        from bson import ObjectId


        def parse(text):
            try:
                return ObjectId(text)
            except:
                return None
        """,
        at=("except",),
        fixed="""\
        from bson import ObjectId
        from bson.errors import InvalidId


        def parse(text):
            try:
                return ObjectId(text)
            except (InvalidId, TypeError):
                return None
        """,
    ),
    Good(
        """\
        def read(path):
            try:
                return open(path).read()
            except:
                print(path)
                raise
        """,
        why="it raises again",
    ),
    Good(
        """\
        def read(path):
            try:
                return open(path).read()
            except (KeyboardInterrupt, SystemExit):
                raise
            except:
                return ""
        """,
        why="what ends the program is raised again before",
    ),
    Good(
        """\
        def read(path):
            try:
                return open(path).read()
            except OSError:
                return ""
        """,
    ),
]
