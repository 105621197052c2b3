"""A call of a method that PyMongo 4 no longer has.

What it flags
    ``insert``, ``save``, ``update``, ``remove``, ``count`` (also of a cursor), ``find_and_modify``, ``ensure_index``,
    ``group``, ``map_reduce``, the bulk API, ``collection_names``, ``database_names``, ``add_user``, ``eval`` and the
    others that PyMongo 4.0 (Motor 3.0) took away, where requirement or lock files say that such a driver is installed.

Why it hurts
    The driver takes the old name for that of a collection, and calling it raises TypeError: the code fails each time
    it runs, and where an ``except Exception`` stands around it nobody hears of that.

What it leaves alone
    Projects that install an older driver, or do not say which; objects that may be something else than the driver's.

Fix and its safety
    The call of what took its place. Safe for new names of the same (``ensure_index``, ``collection_names``,
    ``database_names``) and for ``insert`` of what surely is one document, or a list: the call could only raise. Unsafe
    for ``update``, ``remove`` and ``count``, which fail today and will write or read then. The rest is left to a
    person.

Sources
    PyMongo 4, "Migration Guide: PyMongo 3 to PyMongo 4"; Motor 3.0 changelog. Tried on PyMongo 4.16.
"""

from collections.abc import Iterator

from mongolint.rule import Applicability, Bad, Finding, Good, Project, Rule, Severity

rule = Rule(
    "MDB702",
    "removed-pymongo-api",
    Severity.HIGH,
    fix=Applicability.SAFE,
    in_tests=True,
    concern="resilience",
    breaks=True,
)


@rule.on(Project)
def check(project: Project) -> Iterator[Finding]:
    for found in project.made_clients.removed_calls:
        kind = Applicability.SAFE if found.has_twin else Applicability.UNSAFE
        yield rule.finding(
            project.token(found.module, found.row),
            f"{found.name} is gone since PyMongo 4, which this project installs: calling it raises TypeError; use "
            f"{found.instead}",
            severity=project.severity(Severity.HIGH, found.module, found.row),
            fix=rule.repair(
                f"call what took the place of {found.name}",
                lambda draft, found=found: draft.call_successor(found),  # type: ignore[misc]
                text=f"use {found.instead}",
                reason="" if found.has_twin else "a call that failed reads or writes now",
                applicability=kind,
            ),
        )


EXAMPLES = [
    Bad(
        {
            "requirements.txt": "pymongo==4.10.1\n",
            "app.py": """\
            from pymongo import MongoClient

            client = MongoClient(timeoutMS=5000)
            db = client.app
            db.users.ensure_index([("email", 1)])


            def add(user):
                return db.log.insert({"user": user})


            def add_all(users):
                db.log.insert([{"user": user} for user in users])


            def names():
                return client.database_names() + db.collection_names()
            """,
        },
        at=("ensure_index", "insert", "insert", "database_names", "collection_names"),
        message="ensure_index is gone since PyMongo 4, which this project installs: calling it raises TypeError; use "
        "create_index",
        fixed={
            "app.py": """\
            from pymongo import MongoClient

            client = MongoClient(timeoutMS=5000)
            db = client.app
            db.users.create_index([("email", 1)])


            def add(user):
                return db.log.insert_one({"user": user}).inserted_id


            def add_all(users):
                db.log.insert_many([{"user": user} for user in users])


            def names():
                return client.list_database_names() + db.list_collection_names()
            """,
        },
    ),
    Bad(
        {
            "requirements.txt": "motor>=3.3\n",
            "app.py": """\
            from pymongo import MongoClient

            db = MongoClient(timeoutMS=5000).app


            def close(order_id):
                db.orders.update({"_id": order_id}, {"$set": {"open": False}})


            def close_all(customer):
                db.orders.update({"customer": customer}, {"$set": {"open": False}}, upsert=False, multi=True)


            def forget(customer):
                db.orders.remove({"customer": customer})


            def tell(customer):
                orders = db.orders.find({"customer": customer}).count()
                return f"{orders} of {db.orders.count()}"


            def keep(order):
                db.orders.save(order)
            """,
        },
        at=("update", "update", "remove", "count", "count", "save"),
        message="update is gone since PyMongo 4",
        fixed={
            "app.py": """\
            from pymongo import MongoClient

            db = MongoClient(timeoutMS=5000).app


            def close(order_id):
                db.orders.update_one({"_id": order_id}, {"$set": {"open": False}})


            def close_all(customer):
                db.orders.update_many({"customer": customer}, {"$set": {"open": False}}, upsert=False)


            def forget(customer):
                db.orders.delete_many({"customer": customer})


            def tell(customer):
                orders = db.orders.count_documents({"customer": customer})
                return f"{orders} of {db.orders.estimated_document_count()}"


            def keep(order):
                db.orders.save(order)
            """,
        },
    ),
    Good(
        {
            "requirements.txt": "pymongo==3.12.3\n",
            "app.py": """\
            from pymongo import MongoClient

            db = MongoClient(socketTimeoutMS=5000).app


            def add(user):
                db.log.insert({"user": user})
            """,
        },
        why="PyMongo 3 has it",
    ),
    Good(
        """\
        from pymongo import MongoClient

        db = MongoClient(socketTimeoutMS=5000).app


        def add(user):
            db.log.insert({"user": user})
        """,
        why="nothing says which driver is installed",
    ),
    Good(
        {
            "requirements.txt": "pymongo==4.10.1\n",
            "app.py": """\
            from pymongo import MongoClient

            db = MongoClient(timeoutMS=5000).app


            class Orders:
                def update(self, spec, document):
                    return db.orders.update_one(spec, document)

                def insert(self, order):
                    return db.orders.insert_one(order).inserted_id


            def store(kept, order, seen):
                orders = Orders() if kept else db.orders
                orders.update({"_id": order["_id"]}, {"$set": {"seen": seen}})
                Orders().insert(order)
                seen.update({"last": order})
            """,
        },
        why="methods of other objects",
    ),
]
