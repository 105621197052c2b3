"""What an ``except`` clause does with an error, through what it calls."""

from __future__ import annotations

from pathlib import Path

import pytest

from mongolint.engine.run import check
from mongolint.testing import findings, project

HEAD = """\
import sys
from pymongo import MongoClient

db = MongoClient(timeoutMS=5000).app


class Refused(Exception):
    pass


def stop(text, code=1, leave=True):
    if leave:
        sys.exit(code)


def refuse(text):
    raise Refused(text)


def complain(text):
    if not text:
        raise Refused(text)


def note(key):
    db.notes.insert_one({"key": key})


"""
ANSWERED = {
    "a helper leaves": "stop('no')",
    "a helper leaves, for it is told to": "stop('no', leave=True)",
    "a helper raises": "refuse('no')",
    "the database is asked again": "print('no')\ndb.users.update_one({'_id': key}, {'$inc': {'failed': 1}})",
    "by a helper": "note(key)",
    "and again, as the answer": "return db.old.find_one({'_id': key})",
    "and again, for many": "return list(db.old.find({'key': key}))",
    "the answer says that it failed": "return {'error': 'could not load', 'status': 1}",
    "through a helper": "return answered({'failure': 'try again'})",
    "it is tried again": "time.sleep(1)",
    "a message is flashed": "flash('An error occurred', 'warning')",
    "the answer that is made tells": "answer = {}\nanswer['error'] = 'no users'\nreturn answer",
}
DROPPED = {
    "a helper is told not to leave": "stop('no', leave=False)",
    "a helper leaves or not": "stop('no', leave=key)",
    "a helper raises or not": "complain(key)",
    "the database is asked again, or not": "if key:\n    db.users.delete_one({'_id': key})",
    "nothing": "return None",
    "the answer blames what was asked": "return {'error': 'user not found'}",
    "a message that blames what was asked": "flash('This user is invalid')",
    "a message says what was not found": "flash(f'Could not find {key}')",
    "an answer is empty": "return {'error': None}",
    "the answer tells of no error": "answer = {}\nanswer['errors'] = []\nreturn answer",
    "an exception is made, and not raised": "Refused('no')",
}


def _messages(body: str, tmp_path: Path) -> list[str]:
    lines = "".join(f"        {line}\n" for line in body.splitlines())
    tried = "    try:\n        return db.users.find_one({'_id': key})\n    except Exception:\n"
    text = f"{HEAD}def ask(key):\n{tried}{lines}"
    return [finding.message for finding in findings(text, tmp_path, rules={"MDB502"})]


@pytest.mark.parametrize("body", ANSWERED.values(), ids=ANSWERED)
def test_the_error_goes_further(body: str, tmp_path: Path) -> None:
    assert _messages(body, tmp_path) == []


@pytest.mark.parametrize("body", DROPPED.values(), ids=DROPPED)
def test_the_error_is_dropped(body: str, tmp_path: Path) -> None:
    (message,) = _messages(body, tmp_path)
    assert "an error of find_one on users is dropped here" in message


# What is made of the error in the clause, and what stands behind it
MADE = {
    "kept and returned": ("answer = {'problem': str(error)}", "return answer", 0),
    "kept, filled and returned": (
        "answer = {'problem': str(error)}",
        "answer['time'] = 1\n    return jsonify(answer)",
        0,
    ),
    "kept and forgotten": ("answer = str(error)", "return None", 1),
    "returned at once": ("return repr(error)", "return None", 0),
    "something else is returned": ("answer = str(error)", "answer = 2\n    return answer", 1),
}


@pytest.mark.parametrize(("body", "behind", "count"), MADE.values(), ids=MADE)
def test_what_is_made_of_the_error_tells(body: str, behind: str, count: int, tmp_path: Path) -> None:
    tried = "    try:\n        db.users.find_one({'_id': key})\n        answer = 1\n    except Exception as error:\n"
    text = f"{HEAD}def ask(key):\n{tried}        {body}\n    {behind}\n"
    assert len(findings(text, tmp_path, rules={"MDB502"})) == count


# An attempt with indexes: the class caught, the clause, what is behind it, and how often an error is dropped
INDEXES = {
    "made again": ("Exception", "pass", "db.users.create_index('name')", 0),
    "made again, or not": ("Exception", "pass", "if key:\n        db.users.create_index('name')", 1),
    "left before": ("Exception", "return", "db.users.create_index('name')", 1),
    "nothing behind": ("Exception", "pass", "return key", 1),
    "refused": ("errors.OperationFailure", "pass", "return key", 0),
    "out of reach": ("errors.ConnectionFailure", "pass", "return key", 1),
}


def test_indexes_that_are_made_again_after_a_loop(tmp_path: Path) -> None:
    tried = "        try:\n            db.users.drop_index(name)\n        except Exception:\n            pass\n"
    text = f"{HEAD}def setup(names):\n    for name in names:\n{tried}    db.users.create_index('name')\n"
    assert findings(text, tmp_path, rules={"MDB502"}) == []


@pytest.mark.parametrize(("caught", "clause", "behind", "count"), INDEXES.values(), ids=INDEXES)
def test_errors_with_indexes(caught: str, clause: str, behind: str, count: int, tmp_path: Path) -> None:
    tried = f"    try:\n        db.users.drop_index('name_1')\n    except {caught}:\n        {clause}\n"
    text = f"from pymongo import errors\n{HEAD}def setup(key):\n{tried}    {behind}\n"
    found = findings(text, tmp_path, rules={"MDB502"})
    assert len(found) == count
    assert all(("PyMongoError" in each.message) is (caught == "Exception") for each in found)


# A function whose answer is only whether the database is there, and one that does something
PROBES = {
    "its name asks": ("def test_db_connection(c):", "c.app.auth.drop()\n        return True", 0),
    "another name that asks": ("def is_database_up(c):", "c.app.users.find_one()\n        return True", 0),
    "it gives what it found": ("def can_connect(c):", "return c.app.users.find_one()", 1),
    "it does something": ("def clear_sessions(c):", "c.app.sessions.drop()\n        return True", 1),
    "it is about something else": ("def is_set_up(c):", "c.app.users.delete_many({})\n        return c", 1),
}


@pytest.mark.parametrize(("head", "body", "count"), PROBES.values(), ids=PROBES)
def test_a_probe_of_the_connection_answers(head: str, body: str, count: int, tmp_path: Path) -> None:
    text = f"{HEAD}{head}\n    try:\n        {body}\n    except Exception:\n        return False\n\n\n"
    text += f"{head[4:].split('(')[0]}(MongoClient(timeoutMS=5000))\n"
    assert len(findings(text, tmp_path, rules={"MDB502"})) == count


@pytest.mark.parametrize(("made", "is_told"), [("Refused(str(error))", True), ("raise Refused(str(error))", False)])
def test_an_exception_that_is_not_raised_tells_nobody(made: str, is_told: bool, tmp_path: Path) -> None:
    tried = "    try:\n        return db.users.find_one({'_id': key})\n    except Exception as error:\n"
    text = f"{HEAD}def ask(key):\n{tried}        {made}\n"
    assert bool(findings(text, tmp_path, rules={"MDB502"})) is is_told


@pytest.mark.parametrize(("raised", "is_told"), [("return None", False), ("raise", True)])
def test_a_helper_that_catches_its_error_raises_none(raised: str, is_told: bool, tmp_path: Path) -> None:
    text = (
        f"{HEAD}def name_of(key):\n    try:\n        return db.users.find_one({{'_id': key}})['name']\n"
        f"    except Exception as error:\n        print(error)\n        {raised}\n\n\n"
        "def ask(key):\n    try:\n        return name_of(key)\n    except Exception:\n        return 'nobody'\n"
    )
    lines = [finding.span.line for finding in findings(text, tmp_path, rules={"MDB502"})]
    assert (max(lines) > text[: text.index("def ask")].count("\n")) is is_told


@pytest.mark.parametrize(("raised", "is_told"), [("return None", False), ("raise", True)])
def test_a_clause_around_one_that_catches_all_gets_no_error(raised: str, is_told: bool, tmp_path: Path) -> None:
    text = (
        f"{HEAD}def ask(key, load):\n    try:\n        found = load(key)\n        try:\n"
        "            db.users.update_one({'_id': key}, {'$set': found})\n        except Exception as error:\n"
        f"            print(error)\n            {raised}\n    except Exception:\n        return None\n"
    )
    lines = [finding.span.line for finding in findings(text, tmp_path, rules={"MDB502"})]
    assert (max(lines) == text.count("\n") - 1) is is_told


@pytest.mark.parametrize(("path", "is_told"), [("report.py", False), ("migrations/m1.py", True)])
def test_what_a_program_prints_tells_who_runs_it(path: str, is_told: bool, tmp_path: Path) -> None:
    text = (
        f"{HEAD}try:\n    db.users.find_one({{'_id': sys.argv[1]}})\n"
        "except Exception as error:\n    print('no database:', error)\n"
    )
    built = project({path: text, "main.py": "from fastapi import FastAPI\n\napp = FastAPI()\n"}, tmp_path)
    found = check(built, {"MDB502"}, built.project.config).findings
    assert bool(found) is is_told


BY_HAND = """\
from pymongo import MongoClient

db = MongoClient().app


def fill():
    print(db.users.count_documents({"b": 1}))
    try:
        db.users.find_one({})
    except Exception:
        pass
    try:
        db.users.insert_one({"b": 1})
    except Exception:
        pass
"""
MAIN = '\n\nif __name__ == "__main__":\n    fill()\n'
SERVED = """\
import indexes
from fastapi import FastAPI
from tools.fill import fill

app = FastAPI()


@app.get("/")
def run():
    SERVED
"""


@pytest.mark.parametrize("path", ["scripts/fill.py", "tools/fill.py", "served"])
def test_what_a_person_runs_weighs_little(path: str, tmp_path: Path) -> None:
    is_served = path == "served"
    files = {
        "tools/fill.py" if is_served else path: BY_HAND + ("" if is_served else MAIN),
        "main.py": SERVED.replace("SERVED", "fill()" if is_served else "pass").replace(
            "from tools.fill import fill\n", "from tools.fill import fill\n" if is_served else ""
        ),
        "indexes.py": 'from pymongo import MongoClient\n\nMongoClient().app.users.create_index("c")\n',
    }
    found = {
        (each.code, each.span.line): each.severity.value
        for each in findings(files, tmp_path, rules={"MDB103", "MDB104", "MDB502"})
        if each.span.file.endswith("fill.py") and each.span.line > 3
    }
    # A write that is lost is as wrong in a script
    usual = ("medium", "high", "medium", "medium") if is_served else ("low", "low", "low", "medium")
    assert found == dict(zip([("MDB103", 7), ("MDB104", 7), ("MDB502", 10), ("MDB502", 14)], usual, strict=True))


@pytest.mark.parametrize(
    ("call", "body", "is_told"),
    [
        ("db.users.update_one({'_id': key}, {'$set': {'a': 1}})", "print(f'failed: {error}')", True),
        ("db.users.update_one({'_id': key}, {'$set': {'a': 1}})", "return False", False),
        ("db.users.find_one({'_id': key})", "print(f'failed: {error}')", False),
        ("db.users.create_index('a')", "print(f'failed: {error}')", False),
    ],
)
def test_a_write_that_is_refused_and_printed(call: str, body: str, is_told: bool, tmp_path: Path) -> None:
    text = (
        f"{HEAD}from fastapi import FastAPI\nfrom pymongo.errors import OperationFailure\n\napp = FastAPI()\n\n\n"
        f"@app.post('/')\ndef f(key: str):\n    try:\n        {call}\n    except OperationFailure as error:\n"
        f"        {body}\n    return True\n"
    )
    assert bool(findings(text, tmp_path, rules={"MDB502"})) is is_told


def test_a_read_that_still_returns_nothing(tmp_path: Path) -> None:
    text = (
        "from pymongo import MongoClient\n\nusers = MongoClient().app.users\n\n\ndef load(key):\n    try:\n"
        '        return users.find_one({"_id": key})\n    except Exception:\n        return None\n'
    )
    loaded = project(text, tmp_path)
    (found,) = check(loaded, {"MDB502"}, loaded.project.config, fixes=True).findings
    assert found.fix is not None
    assert "may take it for missing data" in found.fix.reason


@pytest.mark.parametrize(
    ("before", "is_async", "stoppable"),
    [
        ("except (KeyboardInterrupt, SystemExit):\n        raise", False, True),
        ("except SystemExit:\n        raise\n    except KeyboardInterrupt:\n        raise", False, True),
        ("except BaseException:\n        raise", True, True),
        ("except KeyboardInterrupt:\n        raise", False, False),
        ("except (KeyboardInterrupt, SystemExit):\n        pass", False, False),
        ("except (KeyboardInterrupt, SystemExit):\n        raise", True, False),
        ("except (KeyboardInterrupt, SystemExit, asyncio.CancelledError):\n        raise", True, True),
    ],
)
def test_a_clause_before_lets_a_stop_through(before: str, is_async: bool, stoppable: bool, tmp_path: Path) -> None:
    define = "async def" if is_async else "def"
    code = f"import asyncio\n\n\n{define} read(x):\n    try:\n        x()\n    {before}\n    except:\n        pass\n"
    *_, last = project({"app.py": code}, tmp_path).project.handlers
    assert last.stoppable is stoppable


@pytest.mark.parametrize(
    ("inner", "lost"),
    [
        ("pass", ["an index on users", "the unique index on users"]),
        ("raise", ["2 unique indexes on users"]),
    ],
)
def test_an_inner_clause_ends_the_error_of_a_build(inner: str, lost: list[str], tmp_path: Path) -> None:
    text = (
        "from pymongo import MongoClient\n\nusers = MongoClient().app.users\n\n\ndef prepare():\n    try:\n"
        '        users.create_index("name")\n        try:\n'
        f'            users.create_index("slug", unique=True)\n        except Exception:\n            {inner}\n'
        "    except Exception:\n        pass\n\n\nprepare()\n"
    )
    if inner == "raise":
        text = text.replace('"name"', '"name", unique=True')
    assert sorted(each.words for each in project(text, tmp_path).project.lost_builds) == lost


HANDED_ON = """\
import time
from pymongo import MongoClient

db = MongoClient(timeoutMS=5000).app


def again(function):
    def run(*args):
        return function(*args)

    return run


def load(key):
    BODY


def main(keys):
    for key in keys:
        try:
            load(key)
        except Exception:
            pass
"""


@pytest.mark.parametrize(
    ("body", "lines"),
    [
        ("return again(db.users.find_one)({'_id': key})", [22]),
        ("try:\n        again(db.users.find_one)({'_id': key})\n    except Exception:\n        return None", []),
    ],
)
def test_a_method_that_is_handed_on_is_caught_where_it_stands(body: str, lines: list[int], tmp_path: Path) -> None:
    found = findings(HANDED_ON.replace("BODY", body), tmp_path, rules={"MDB502"})
    assert [finding.span.line for finding in found] == lines


def test_a_method_that_is_handed_on_has_no_arguments(tmp_path: Path) -> None:
    found = findings(HANDED_ON.replace("BODY", "again(db.users.find_one)({'_id': key})"), tmp_path, rules={"MDB101"})
    assert len(found) == 1


def test_the_operation_is_named_and_not_the_session_around_it(tmp_path: Path) -> None:
    body = "with db.client.start_session() as s, s.start_transaction():\n            db.notes.insert_one({}, session=s)"
    text = f"{HEAD}def put():\n    try:\n        {body}\n    except Exception:\n        return None\n"
    (finding,) = findings(text, tmp_path, rules={"MDB502"})
    assert finding.message.startswith("an error of insert_one on notes is dropped here, so a write may be lost")


HUSHED = {
    "nothing": ("pass", "", True),
    "the function says it": ("return False", "return True", False),
    "an answer that may say it": ("item = None", "return item", False),
    "a name that is used behind": ("done = False", "return done", False),
    "an attribute": ("key.done = False", "", False),
    "an entry": ("key['done'] = False", "", False),
    "a call": ("key.clear()", "", False),
}


@pytest.mark.parametrize(("body", "behind", "is_hushed"), HUSHED.values(), ids=HUSHED)
def test_whether_anybody_learns_of_a_lost_write(body: str, behind: str, is_hushed: bool, tmp_path: Path) -> None:
    code = "def f(key, item):\n    done = True\n    try:\n        db.users.insert_one({'_id': key, **item})\n"
    code += f"    except Exception:\n        {body}\n    {behind}\n"
    (found,) = findings(HEAD + code, tmp_path, rules={"MDB502"})
    told = "even that the _id is taken, so a write may be lost, and neither a log nor the caller learns of it"
    assert (told in found.message) == is_hushed
    assert ("so a write may be lost, and no log says why" in found.message) != is_hushed


FETCHED = {
    "a list": ("return list(db.users.find({'key': key}))", 1),
    "a list of a cursor made before": ("found = db.users.find({'key': key}).sort('at')\nreturn list(found)", 1),
    "the first": ("return next(db.users.find({'key': key}))", 1),
    "a cursor, which sends nothing": ("return db.users.find({'key': key})", 0),
    "a list of something else": ("return list(key)", 0),
}


@pytest.mark.parametrize(("body", "count"), FETCHED.values(), ids=FETCHED)
def test_what_fetches_documents_may_fail(body: str, count: int, tmp_path: Path) -> None:
    tried = "".join(f"        {line}\n" for line in body.splitlines())
    code = f"{HEAD}def ask(key):\n    try:\n{tried}    except Exception:\n        return []\n"
    told = [each.message for each in findings(code, tmp_path, rules={"MDB502"})]
    assert [each.partition(" is dropped")[0] for each in told] == ["an error of find on users"] * count
