"""Nothing watches which commands the clients send, and how long they take.

What it flags
    A project with clients, and neither ``event_listeners``, ``pymongo.monitoring`` or the driver's log of commands,
    nor a tracing package that instruments the driver, nor the server's profiler switched on by code. Once a project.

Why it hurts
    A query that gets slower with the data is noticed when requests time out, and then nothing says which it is.

What it leaves alone
    Projects that do any of it anywhere. Monitoring that the hosting brings is not visible: hence the review tier.

Fix and its safety
    PyMongo's own ``CommandLogger``, which logs name and duration of each command. Unsafe: at level INFO that is two
    lines for each.

Sources
    PyMongo documentation, "Monitoring" and ``pymongo.event_loggers``.
"""

from collections.abc import Iterator

from mongolint.rule import Applicability, Bad, Draft, Finding, Good, NoFix, Project, Rule, Severity

rule = Rule(
    "MDB801",
    "no-command-monitoring",
    Severity.LOW,
    tier="review",
    fix=Applicability.UNSAFE,
    concern="visibility",
    tokens=("event_listeners", "opentelemetry", "ddtrace", "elasticapm", "newrelic", "sentry_sdk", "logfire"),
)


@rule.on(Project)
def check(project: Project) -> Iterator[Finding]:
    made = project.made_clients
    extensions = made.extensions
    clients = [(client.module, client.row) for client in project.clients if not made.is_by_hand(client)] or extensions
    if not clients or made.watched:
        return
    client = min(clients, key=lambda each: project.token(*each))

    def write(draft: Draft) -> None:
        if client in extensions:
            draft.text = (
                "pymongo.monitoring.register(pymongo.event_loggers.CommandLogger())  # before the client is made"
            )
            raise NoFix("the client is made by Flask-PyMongo")
        logger = draft.need(client[0], "pymongo.event_loggers", "CommandLogger")
        draft.add_argument(*client, "event_listeners", f"[{logger}()]")

    yield rule.finding(
        project.token(*client),
        "nothing in this project watches which commands its clients send and how long they take; pass event_listeners, "
        "or instrument the driver with a tracing package",
        fix=rule.repair(
            "log commands", write, text="pass event_listeners", reason="it logs two lines for each command"
        ),
    )


EXAMPLES = [
    Bad(
        """\
        from pymongo import MongoClient

        db = MongoClient("mongodb://localhost", timeoutMS=5000).app
        """,
        at=("MongoClient",),
        message="nothing in this project watches which commands its clients send",
        fixed="""\
        from pymongo import MongoClient
        from pymongo.event_loggers import CommandLogger

        db = MongoClient("mongodb://localhost", timeoutMS=5000, event_listeners=[CommandLogger()]).app
        """,
    ),
    Good(
        """\
        from opentelemetry.instrumentation.pymongo import PymongoInstrumentor
        from pymongo import MongoClient

        PymongoInstrumentor().instrument()
        db = MongoClient("mongodb://localhost", timeoutMS=5000).app
        """,
        why="traced",
    ),
    Good(
        """\
        from pymongo import MongoClient, monitoring


        class SlowQueries(monitoring.CommandListener):
            def started(self, event):
                pass


        monitoring.register(SlowQueries())
        db = MongoClient("mongodb://localhost", timeoutMS=5000).app
        """,
        why="a listener for all clients",
    ),
    Bad(
        """\
        from flask import Flask
        from flask_pymongo import PyMongo

        app = Flask(__name__)
        app.config["MONGO_URI"] = "mongodb://localhost/app?timeoutMS=5000"
        mongo = PyMongo(app)
        """,
        at=("PyMongo",),
        message="nothing in this project watches which commands its clients send",
    ),
]
