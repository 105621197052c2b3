"""A client that nothing limits in time.

What it flags
    Clients made with none of ``timeoutMS``, ``socketTimeoutMS``, ``serverSelectionTimeoutMS`` and
    ``connectTimeoutMS``, neither as a keyword nor in the connection string that the code shows. Medium where it shows
    none; a string that only the running program knows may set one, and the message says so. Low where only scripts
    and commands make the client. Also where Flask-PyMongo makes it, told where that is given the application.

Why it hurts
    An answer is waited for without end (``socketTimeoutMS`` has no default), a server for 30 seconds. When a server
    stalls, each request takes a connection and keeps it, until the pool of 100 is empty and the application stands
    still.

What it leaves alone
    Options that are not plain to see (``**options``); clients all of whose operations are limited by themselves;
    scripts, migrations, tests. A pool without a size of its own is no reason: 100 is the default.

Fix and its safety
    ``timeoutMS=5000`` (option ``milliseconds``). Unsafe: an operation that takes longer now raises, the build of a
    large index too, and a keyword overrides the connection string. For Flask-PyMongo, which takes the string from the
    configuration, it is shown only.

Sources
    PyMongo documentation, ``MongoClient`` (defaults of these options) and "Client-Side Operation Timeout".
    Flask-PyMongo documentation, "Configuration".
"""

from collections.abc import Iterator

from mongolint.rule import Applicability, Bad, ClientSite, Draft, Finding, Good, NoFix, Project, Rule, Severity

rule = Rule(
    "MDB301",
    "client-without-limits",
    Severity.HIGH,
    fix=Applicability.UNSAFE,
    concern="resilience",
    supersedes=("MDB103",),
    clears=("MDB103",),
    options={"milliseconds": 5000},
)

_UNLESS = ", unless the connection string does"
_WAITS = "without end for an answer, 30 s for a server, so one that stalls uses up the pool"


@rule.on(ClientSite)
def check(client: ClientSite, project: Project) -> Iterator[Finding]:
    made = project.made_clients
    options = made.options(client)
    if options.open or options.limits_time or made.is_by_hand(client):
        return
    queries = project.operations_of(client)
    if made.is_meant_to_limit(client.module, client.row):
        return  # unknown-client-option
    if queries and all(query.time_limit for query in queries):
        return
    milliseconds = project.option(rule.name, "milliseconds")
    names = _names(project, client.module)
    unless = "" if options.uri == "all" else _UNLESS
    yield rule.finding(
        project.token(client.module, client.row),
        f"nothing limits how long this client waits{unless}: {_WAITS}; set "
        f"{' and '.join(f'{name}={milliseconds}' for name in names)}",
        severity=project.severity(
            Severity.MEDIUM if options.uri == "nothing" else rule.severity, client.module, client.row
        ),
        fix=rule.repair(
            "limit the time of every operation",
            lambda draft: draft.limit_client(client.module, client.row, milliseconds),
            text=f"pass {' and '.join(names)} to the client",
            reason="an operation that takes longer raises instead, the first build of a large index too",
        ),
    )


@rule.on(Project)
def check_extensions(project: Project) -> Iterator[Finding]:
    limited = [operation.time_limit for operation in project.operations if operation.module not in project.tests]
    places = [] if limited and all(limited) else project.made_clients.unlimited_extensions
    for made in places[:1]:  # one setting limits them all
        options = [f"{name}={project.option(rule.name, 'milliseconds')}" for name in _names(project, made.module)]
        severity = rule.severity if made.shows_uri else Severity.MEDIUM
        others = [(project.token(each.module, each.row), "another one is made here") for each in places[1:]]
        yield rule.finding(
            project.token(made.module, made.row),
            f"nothing limits how long the client that Flask-PyMongo makes waits{_UNLESS}: {_WAITS}; put "
            f"{' and '.join(options)} into MONGO_URI",
            severity=project.severity(severity, made.module, made.row),
            related=project.related(others),
            fix=rule.repair(
                "limit the time of every operation",
                _configured,
                text=f'MONGO_URI = "mongodb://…/…?{"&".join(options)}"',
            ),
        )


def _names(project: Project, module: int) -> tuple[str, ...]:
    knows = project.made_clients.knows_timeout(module)
    return ("timeoutMS",) if knows else ("socketTimeoutMS", "serverSelectionTimeoutMS")


def _configured(draft: Draft) -> None:
    raise NoFix("the connection string comes from the configuration")


EXAMPLES = [
    Bad(
        """\
        import pymongo

        client = pymongo.MongoClient("mongodb://localhost", maxPoolSize=50)


        def load(user_id):
            return client.app.users.find_one({"_id": user_id})
        """,
        at=("MongoClient",),
        message="nothing limits how long this client waits: without end for an answer",
        fixed="""\
        import pymongo

        client = pymongo.MongoClient("mongodb://localhost", maxPoolSize=50, timeoutMS=5000)


        def load(user_id):
            return client.app.users.find_one({"_id": user_id})
        """,
    ),
    Bad(
        """\
        import os

        from motor.motor_asyncio import AsyncIOMotorClient

        client = AsyncIOMotorClient(os.getenv("MONGODB_URI", "mongodb://localhost/?retryWrites=true"))
        """,
        at=("AsyncIOMotorClient",),
        message="nothing limits how long this client waits, unless the connection string does",
        fixed="""\
        import os

        from motor.motor_asyncio import AsyncIOMotorClient

        client = AsyncIOMotorClient(os.getenv("MONGODB_URI", "mongodb://localhost/?retryWrites=true"), timeoutMS=5000)
        """,
    ),
    Good(
        {
            "app.py": """\
            from pymongo import AsyncMongoClient, MongoClient

            OPTIONS = {"serverSelectionTimeoutMS": 2000}
            first = MongoClient("mongodb://localhost/?socketTimeoutMS=2000")
            second = MongoClient(**OPTIONS)
            third = AsyncMongoClient("mongodb://localhost", timeoutms=2000)


            def connect(uri, **options):
                return MongoClient(uri, **options)
            """,
            "scripts/clean.py": """\
            from pymongo import MongoClient

            MongoClient("mongodb://localhost").app.users.drop()
            """,
        },
        why="limited in the connection string, in a dict, whatever the case; options that are not known; a script",
    ),
    Bad(
        """\
        from flask import Flask
        from flask_pymongo import PyMongo

        mongo = PyMongo()


        def create_app():
            app = Flask(__name__)
            app.config["MONGO_URI"] = "mongodb://localhost/app"
            mongo.init_app(app)
            return app
        """,
        at=("init_app",),
        message="nothing limits how long the client that Flask-PyMongo makes waits, unless the connection string does",
    ),
    Good(
        """\
        from flask import Flask
        from flask_pymongo import PyMongo

        app = Flask(__name__)
        app.config["MONGO_URI"] = "mongodb://localhost/app?timeoutMS=5000"
        mongo = PyMongo(app)
        """,
        why="the connection string that the configuration holds sets a limit",
    ),
    Good(
        """\
        from flask import Flask
        from flask_pymongo import PyMongo

        mongo = PyMongo()


        def create_app(settings):
            app = Flask(__name__)
            app.config.from_mapping(settings)
            mongo.init_app(app, timeoutMS=5000)
            return app
        """,
        why="other arguments go to the client",
    ),
]
