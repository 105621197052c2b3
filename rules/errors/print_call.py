"""``print`` in a backend, where a log line was meant.

What it flags
    Calls of the builtin ``print`` in a project that uses the driver.

Why it hurts
    No level, no time, no logger name: it cannot be filtered, routed or turned off, is lost where standard output is
    not kept, and it often shows documents with personal data.

What it leaves alone
    Programs that are run from a shell: files with ``if __name__ == "__main__":`` or that parse their arguments, which
    nothing imports and in which nothing serves, and those in ``bin/``, ``tools/`` or ``examples/``; what only they run
    beside an application; functions that ask a person or are named after printing; commands; console programs
    (``cli-files``), scripts and migrations (``script-files``), tests, a ``print`` of the project's own or of another
    library, projects without the driver. Where standard output is a file (``fileinput`` in place, ``redirect_stdout``),
    log handlers, which a log line of their own would call again, and what configures the logs.

Fix and its safety
    ``logger.info(…)`` with lazy arguments, of loguru where the project logs by that; the level follows the context.
    Unsafe: nothing shows unless logging is configured.

Sources
    Python documentation, "Logging HOWTO": when to use logging.
"""

from collections.abc import Iterator

from mongolint.rule import Applicability, Bad, Finding, Good, Project, Rule, Severity

rule = Rule(
    "MDB503",
    "print-call",
    Severity.LOW,
    fix=Applicability.UNSAFE,
    tokens=("print(", "print ("),
    concern="visibility",
    same_as={"ruff": ("T201",)},
)


@rule.on(Project)
def check(project: Project) -> Iterator[Finding]:
    if not project.uses_driver:
        return
    for module, call in project.builtin_calls("print"):
        # Who runs a program by hand reads what it prints
        if not project.prints_output(module, call.scope, call.context):
            yield _finding(project, module, call.row)


def _finding(project: Project, module: int, row: int) -> Finding:
    return rule.finding(
        project.token(module, row),
        "print cannot be filtered, routed or turned off in production; use logger.info(…) "
        "with logger = logging.getLogger(__name__)",
        fix=rule.repair(
            "log instead of printing",
            lambda draft: draft.log_instead_of_print(module, row),
            text='logger.info("… %s", value) with logger = logging.getLogger(__name__)',
            reason="nothing shows unless logging is configured",
        ),
    )


EXAMPLES = [
    Bad(
        """\
        from pymongo import MongoClient

        users = MongoClient(timeoutMS=5000).app.users


        def create(user):
            users.insert_one(user)
            print("created", user["_id"])
        """,
        at=("print",),
        fixed="""\
        import logging

        from pymongo import MongoClient

        logger = logging.getLogger(__name__)

        users = MongoClient(timeoutMS=5000).app.users


        def create(user):
            users.insert_one(user)
            logger.info("created %s", user["_id"])
        """,
    ),
    Bad(
        """\
        import logging

        from pymongo import MongoClient

        log = logging.getLogger(__name__)
        users = MongoClient(timeoutMS=5000).app.users


        def parse(text, total):
            try:
                share = int(text) / total
            except ValueError as error:
                print("no number:", text, error)
                return 0
            print(f"{text!r} is {100 * share:.1f}% of {total:,}", flush=True)
            return share
        """,
        at=("print", "print"),
        fixed="""\
        import logging

        from pymongo import MongoClient

        log = logging.getLogger(__name__)
        users = MongoClient(timeoutMS=5000).app.users


        def parse(text, total):
            try:
                share = int(text) / total
            except ValueError as error:
                log.exception("no number: %s %s", text, error)
                return 0
            log.info("%r is %.1f%% of %s", text, 100 * share, format(total, ","))
            return share
        """,
    ),
    Good(
        """\
        from pymongo import MongoClient

        users = MongoClient(timeoutMS=5000).app.users

        if __name__ == "__main__":
            print(users.estimated_document_count(maxTimeMS=100))
        """,
        why="a program's own output",
    ),
    Good(
        {
            "app/main.py": """\
            from fastapi import FastAPI
            from pymongo import MongoClient

            users = MongoClient(timeoutMS=5000).app.users
            app = FastAPI()
            """,
            "check_names.py": """\
            from app.main import users


            class Check:
                def run(self):
                    print(users.name)


            def main():
                print("names:")
                Check().run()


            if __name__ == "__main__":
                main()
            """,
        },
        why="beside an application, a program that somebody runs by hand",
    ),
    Good(
        {
            "app/main.py": """\
            from fastapi import FastAPI
            from pymongo import MongoClient

            users = MongoClient(timeoutMS=5000).app.users
            app = FastAPI()
            """,
            "show_names.py": """\
            from optparse import OptionParser

            from app.main import users

            parser = OptionParser()
            options, names = parser.parse_args()


            def show(user):
                print("name:", user["name"])


            for user in users.find({"_id": {"$in": names}}):
                show(user)
            """,
        },
        why="a program that parses what it is started with",
    ),
    Good(
        """\
        import fileinput
        import logging

        from pymongo import MongoClient

        users = MongoClient(timeoutMS=5000).app.users


        class Console(logging.Handler):
            def emit(self, record):
                print(self.format(record))


        def fill_in(path, prefix):
            for line in fileinput.input(path, inplace=True):
                print(line.replace("%PREFIX%", prefix), end="")
        """,
        why="a log handler, and a file that is written by printing",
    ),
    Good('def hello():\n    print("hello")\n', why="a project without the driver"),
    Good(
        {
            "app/cli.py": """\
            from pymongo import MongoClient

            def show():
                print(MongoClient(timeoutMS=5000).app.name)
            """
        },
        why="a console program",
    ),
    Good(
        """\
        from pymongo import MongoClient
        from rich import print

        print(MongoClient(timeoutMS=5000).app.name)
        """,
        why="not the builtin",
    ),
    Good(
        """\
        from pymongo import MongoClient

        users = MongoClient(timeoutMS=5000).app.users


        def choose(names):
            print("one of", names)
            return users.find_one({"_id": input("which? ")})
        """,
        why="it asks a person, who reads it",
    ),
]
