"""A query on a collection that several tenants share, without the tenant in its filter.

What it flags
    Reads, updates and deletes on the collections that the option ``collections`` names, whose filter surely lacks the
    field of the option ``field``.

Why it hurts
    The query sees the documents of all tenants: one customer gets the data of another.

What it leaves alone
    Filters that may hold more fields than the code shows, inserts, pipelines, collections that are not named.

Fix and its safety
    None: only a person knows which tenant is meant.

Sources
    MongoDB documentation, "Build a Multi-Tenant Architecture": a shared collection needs the tenant in each query.
"""

from collections.abc import Iterator

from mongolint.rule import Bad, Finding, Good, Project, Query, Rule, Severity

rule = Rule(
    "TEN001",
    "missing-tenant-filter",
    Severity.HIGH,
    fix=None,
    options={"collections": (), "field": "tenant_id"},
)
_READS = {"find", "find_one", "count_documents", "distinct"}
_WRITES = {"update_one", "update_many", "replace_one", "delete_one", "delete_many"}
_BOTH = {"find_one_and_delete", "find_one_and_replace", "find_one_and_update"}


@rule.on(Query)
def check(query: Query, project: Project) -> Iterator[Finding]:
    shared = set(query.collection_names) & set(project.option(rule.name, "collections"))
    field, document = project.option(rule.name, "field"), query.filter
    if query.name not in _READS | _WRITES | _BOTH or not shared or document.open:
        return
    if field in document.required or field in document.optional:
        return
    yield rule.finding(
        project.operation_span(query),
        f"{query.name} on {query.target} has no {field} in its filter, so it sees the documents of all tenants; "
        f'add "{field}" to the filter',
        confidence=query.confidence,
    )


_OPTIONS = {"collections": ["orders"]}

EXAMPLES = [
    Bad(
        """\
        from pymongo import MongoClient

        orders = MongoClient(timeoutMS=5000).shop.orders


        def load(order_id):
            return orders.find_one({"_id": order_id})
        """,
        at=("find_one",),
        message="find_one on orders has no tenant_id",
        options=_OPTIONS,
    ),
    Bad(
        """\
        from pymongo import MongoClient

        db = MongoClient(timeoutMS=5000).shop


        def cancel(order_id, customer):
            selected = {"_id": order_id, "customer": customer}
            db.orders.update_one(selected, {"$set": {"cancelled": True}})
        """,
        at=("update_one",),
        message='add "customer_id" to the filter',
        options={"collections": ["orders"], "field": "customer_id"},
    ),
    Good(
        """\
        from pymongo import MongoClient

        orders = MongoClient(timeoutMS=5000).shop.orders


        def load(tenant_id, order_id):
            query = {"_id": order_id}
            query["tenant_id"] = tenant_id
            return orders.find_one(query)
        """,
        why="the tenant is in the filter",
        options=_OPTIONS,
    ),
    Good(
        """\
        from pymongo import MongoClient

        orders = MongoClient(timeoutMS=5000).shop.orders


        def load(order_id, more):
            return orders.find_one({"_id": order_id, **more})
        """,
        why="the filter may hold it",
        options=_OPTIONS,
    ),
    Good(
        """\
        from pymongo import MongoClient

        MongoClient(timeoutMS=5000).shop.settings.find_one({"_id": 1})
        """,
        why="a collection that tenants do not share",
        options=_OPTIONS,
    ),
]
