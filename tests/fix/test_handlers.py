"""``except`` clauses get the class that was meant, and dropped errors a log line."""

from __future__ import annotations

import logging
import sys
import textwrap
import types
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from mongolint.engine.load import Loaded, load
from mongolint.engine.mend import mend
from mongolint.engine.registry import all_rules
from mongolint.engine.run import Result, check
from mongolint.finding import Fix
from mongolint.testing import project

RULES = {"MDB501", "MDB502", "MDB503"}
HEAD = """\
import logging

import pymongo
from pymongo import MongoClient

logger = logging.getLogger(__name__)
users = MongoClient(timeoutMS=5000).app.users


"""


def run(loaded: Loaded, rules: set[str]) -> Result:
    result = check(loaded, rules, loaded.project.config, fixes=True)
    assert not result.crashes
    return result


def mended(code: str, folder: Path, rules: set[str]) -> tuple[str, list[str]]:
    """The code after all fixes, and the codes of what is found in it still."""
    loaded = project({"app/service.py": code}, folder)
    config = loaded.project.config
    tokens = [token for rule in all_rules() for token in rule.tokens]

    def reload(overlay: Mapping[str, bytes], previous: Loaded) -> Loaded:
        return load([folder], config, folder, overlay=overlay, tokens=tokens, previous=previous)

    state = mend(loaded, lambda each: run(each, rules), reload, unsafe=True)
    assert not state.failures
    content = state.changed.get(str(folder / "app" / "service.py"))
    left = [finding.code for finding in run(state.loaded, RULES).findings]
    return content.decode() if content is not None else textwrap.dedent(code), left


def fixed(body: str, folder: Path, rules: set[str] | None = None, left: int = 0) -> str:
    """The body after the fixes of the rules, by default of those for clauses."""
    text, found = mended(HEAD + body, folder, rules or {"MDB501", "MDB502"})
    assert len(found) == left
    compile(text, "service", "exec")
    return text.partition("users = MongoClient(timeoutMS=5000).app.users\n\n\n")[2]


def reason(code: str, folder: Path) -> str:
    loaded = project({"app/service.py": code}, folder)
    fix = run(loaded, {"MDB501", "MDB502"}).findings[0].fix
    assert isinstance(fix, Fix)
    assert not fix.edits
    return fix.reason


def clause(attempt: str, handler: str) -> str:
    """A function with a try statement around one statement."""
    return f"def work(key, x):\n    try:\n        {attempt}\n{textwrap.indent(handler, '    ')}\n"


FIND = 'return users.find_one({"_id": key})'
TOLD = 'logger.exception("find_one on users failed")'

SWALLOWED = [
    (FIND, "except Exception:\n    return None", f"except PyMongoError:\n    {TOLD}\n    return None"),
    (FIND, "except:\n    return None", f"except PyMongoError:\n    {TOLD}\n    return None"),
    (FIND, "except :\n    return None", f"except PyMongoError:\n    {TOLD}\n    return None"),
    (FIND, "except(Exception):\n    return None", f"except PyMongoError:\n    {TOLD}\n    return None"),
    (FIND, "except (Exception):\n    return None", f"except PyMongoError:\n    {TOLD}\n    return None"),
    (FIND, "except (KeyError, Exception) as e:\n    x = 1", f"except PyMongoError as e:\n    {TOLD}\n    x = 1"),
    (FIND, "except Exception:\n    pass", f"except PyMongoError:\n    {TOLD}"),
    (FIND, "except Exception:\n    pass  # why", f"except PyMongoError:\n    {TOLD}  # why"),
    (FIND, "except Exception:\n    # why\n    ...", f"except PyMongoError:\n    # why\n    {TOLD}"),
    (FIND, "except Exception: return None", f"except PyMongoError:\n    {TOLD}\n    return None"),
    (FIND, "except Exception: pass", f"except PyMongoError:\n    {TOLD}"),
    (FIND, "except Exception: x = 1; y = 2  # z", f"except PyMongoError:\n    {TOLD}\n    x = 1; y = 2  # z"),
    (
        FIND,
        "except Exception:  # noqa: BLE001\n    # nothing there\n    return None",
        f"except PyMongoError:  # noqa: BLE001\n    {TOLD}\n    # nothing there\n    return None",
    ),
    (
        FIND,
        'except Exception as e:\n    print(f"no: {e}")\n    return None',
        'except PyMongoError as e:\n    logger.exception("no: %s", e)\n    return None',
    ),
    (
        FIND,
        "except Exception:\n    traceback.print_exc()\n    return None",
        f"except PyMongoError:\n    {TOLD}\n    return None",
    ),
    (
        FIND,
        'except Exception as e:\n    print(f"no: {e}")\n    traceback.print_exc()\n    return None',
        'except PyMongoError as e:\n    logger.error("no: %s", e)\n    traceback.print_exc()\n    return None',
    ),
    # A collection exists each time but the first
    (
        'users.database.create_collection("logs", capped=True)',
        "except Exception:\n    # there already\n    pass",
        "except CollectionInvalid:\n    # there already\n    pass\n"
        'except PyMongoError:\n    logger.exception("create_collection failed")',
    ),
    (
        'users.database.create_collection("logs")',
        "except Exception:\n    return False",
        "except CollectionInvalid:\n    return False\n"
        'except PyMongoError:\n    logger.exception("create_collection failed")\n    return False',
    ),
    # Other code may fail
    (
        "return parse(users.find_one({}))",
        "except Exception:\n    return None",
        'except Exception:\n    logger.exception("error in work")\n    return None',
    ),
    (
        "return users.find_one({})[key]",
        "except:\n    return None",
        'except Exception:\n    logger.exception("error in work")\n    return None',
    ),
    (
        "return users.find_one({}), x / 2",
        "except BaseException:\n    return None",
        'except BaseException:\n    logger.exception("error in work")\n    return None',
    ),
    # The class is the driver's already
    (
        FIND,
        "except pymongo.errors.PyMongoError:\n    return None",
        f"except pymongo.errors.PyMongoError:\n    {TOLD}\n    return None",
    ),
    # Ids that are none
    (
        'return users.find_one({"_id": ObjectId(key)})',
        "except Exception:\n    # no such user\n    return None",
        f"except (InvalidId, TypeError):\n    # no such user\n    return None\n"
        f"except PyMongoError:\n    {TOLD}\n    # no such user\n    return None",
    ),
    (
        'return users.find_one({"_id": PyObjectId(key)})',
        "except Exception:\n    return None",
        f"except (InvalidId, TypeError):\n    return None\nexcept PyMongoError:\n    {TOLD}\n    return None",
    ),
    (
        'return parse(users.find_one({"_id": ObjectId(key)}))',
        "except: return None",
        "except (InvalidId, TypeError): return None\n"
        'except Exception:\n    logger.exception("error in work")\n    return None',
    ),
    (
        'return users.find_one({"_id": ObjectId(key)})',
        "except Exception:\n    x.append(key)\n    return None",
        f"except (InvalidId, TypeError, PyMongoError):\n    {TOLD}\n    x.append(key)\n    return None",
    ),
    (
        'return users.find_one({"_id": ObjectId("650000000000000000000000")})',
        "except Exception:\n    return None",
        f"except PyMongoError:\n    {TOLD}\n    return None",
    ),
    # A result without documents is an error, too, and no outage
    (
        "return list(users.aggregate(x))[0]",
        "except Exception:\n    return None",
        'except PyMongoError:\n    logger.exception("aggregate on users failed")\n    return None\n'
        "except Exception:\n    return None",
    ),
    (
        "return list(users.aggregate(x))[-1]",
        "except:  # none\n    pass",
        'except PyMongoError:\n    logger.exception("aggregate on users failed")\nexcept Exception:  # none\n    pass',
    ),
    (
        "return list(users.aggregate(x))[0]",
        "except Exception as error:\n    print(error)\n    return None",
        'except Exception as error:\n    logger.exception("%s", error)\n    return None',
    ),
    # What the answer says
    (
        "users.insert_one(x)",
        'except Exception:\n    return {"error": "already there"}',
        'except DuplicateKeyError:\n    return {"error": "already there"}',
    ),
    (
        "users.insert_one(x)",
        'except Exception:\n    return {"error": "does not exist"}',
        'except PyMongoError:\n    logger.exception("insert_one on users failed")\n'
        '    return {"error": "does not exist"}',
    ),
    (
        "users.insert_one(x); users.find_one({})",
        'except Exception:\n    return "exists"',
        'except PyMongoError:\n    logger.exception("insert_one on users or find_one on users failed")\n'
        '    return "exists"',
    ),
]


@pytest.mark.parametrize(("attempt", "before", "after"), SWALLOWED)
def test_swallowed(attempt: str, before: str, after: str, tmp_path: Path) -> None:
    assert fixed(clause(attempt, before), tmp_path) == clause(attempt, after)


def test_print_that_may_not_run(tmp_path: Path) -> None:
    """It stays: the log line is one that always comes."""
    text = fixed(clause(FIND, "except Exception:\n    if x:\n        print('no')"), tmp_path, left=1)
    assert text == clause(FIND, f"except PyMongoError:\n    {TOLD}\n    if x:\n        print('no')")


def test_print_that_cannot_be_logged(tmp_path: Path) -> None:
    text = fixed(clause(FIND, "except Exception:\n    print('.', end='')"), tmp_path, left=1)
    assert text == clause(FIND, f"except PyMongoError:\n    {TOLD}\n    print('.', end='')")


def test_all_rules_together(tmp_path: Path) -> None:
    """The traceback is told once."""
    body = clause(FIND, "except:\n    print('no')\n    print('really')\n    return None")
    told = "except PyMongoError:\n    logger.exception('no')\n    logger.error('really')\n    return None"
    assert fixed(body, tmp_path, RULES) == clause(FIND, told)


def test_module_level(tmp_path: Path) -> None:
    body = "try:\n    users.find_one({})\nexcept Exception:\n    pass\n"
    assert fixed(body, tmp_path) == f"try:\n    users.find_one({{}})\nexcept PyMongoError:\n    {TOLD}\n"


def test_nested_and_tabs(tmp_path: Path) -> None:
    body = "def work():\n\tfor x in y:\n\t\ttry:\n\t\t\tusers.find_one({})\n\t\texcept Exception: continue\n"
    told = body.replace("Exception: continue", f"PyMongoError:\n\t\t\t{TOLD}\n\t\t\tcontinue")
    assert fixed(body, tmp_path) == told


def test_cursor_chain_and_subscript(tmp_path: Path) -> None:
    """Methods of cursors, and the collection taken from a database, fail as the driver does."""
    code = """\
        from motor.motor_asyncio import AsyncIOMotorClient

        db = AsyncIOMotorClient().app


        async def page(limit):
            try:
                found = await db["users"].find({"a": 1}).sort("a", -1).limit(limit).to_list(limit)
                return {"users": found, "total": await db["users"].count_documents({})}
            except Exception:
                return {}
    """
    text, left = mended(code, tmp_path, {"MDB502"})
    assert "except PyMongoError:\n        logger.exception(" in text
    assert not left


BARE = [
    ("return int(x)", "return None", "Exception"),
    ("return ObjectId(x)", "return None", "(InvalidId, TypeError)"),
    (FIND, "logger.info('no')", "PyMongoError"),
    ("return parse(users.find_one({}))", "logger.info('no')", "Exception"),
    ("import fastjson", "fastjson = None", "Exception"),
    ("yield", "return", ""),
    ("x()", "return sys.exc_info()", ""),
]


@pytest.mark.parametrize(("attempt", "answer", "name"), BARE)
def test_bare(attempt: str, answer: str, name: str, tmp_path: Path) -> None:
    body = clause(attempt, f"except:\n    {answer}")
    if name:
        assert fixed(body, tmp_path) == clause(attempt, f"except {name}:\n    {answer}")
    else:
        assert "interrupts the program" in reason(body, tmp_path)


def test_ids_answered_before(tmp_path: Path) -> None:
    body = clause("return ObjectId(x)", "except ValueError:\n    return 1\nexcept:\n    return None")
    assert fixed(body, tmp_path) == body.replace("except:", "except Exception:")


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("try:\n    f()\nexcept Exception:\n    g()\nexcept:\n    h()\n", "before it catches Exception"),
        ("try:\n    f()\nexcept:\n    if isinstance(e, KeyboardInterrupt):\n        h()\n", "interrupts"),
        (HEAD + clause(FIND, "except* Exception:\n    x = 1").replace("return ", ""), "groups of errors"),
        (HEAD + clause(FIND, "except Exception:\n    logger = x"), "means something else here"),
        (HEAD.replace("logger = ", "PyMongoError = ") + clause(FIND, "except Exception:\n    x = 1"), "something else"),
    ],
)
def test_left_alone(code: str, why: str, tmp_path: Path) -> None:
    assert why in reason(code, tmp_path)


def test_imports_of_mixed_sections(tmp_path: Path) -> None:
    """What a clause needs stands beside what it belongs to, and no section of its own is made."""
    head = HEAD.replace(
        "import logging\n\n", "import logging\nfrom bson import ObjectId\nfrom datetime import datetime\n\n"
    )
    head = head.replace("import pymongo\nfrom pymongo import MongoClient\n\n", "from app.base import users\n\n")
    head = head.replace("users = MongoClient(timeoutMS=5000).app.users\n", "")
    base = "from pymongo import MongoClient\n\nusers = MongoClient(timeoutMS=5000).app.users\n"
    code = head + clause('return users.find_one({"_id": ObjectId(key)})', "except Exception:\n    return None")
    loaded = project({"app/service.py": code, "app/base.py": base, "app/__init__.py": ""}, tmp_path)
    fix = run(loaded, {"MDB502"}).findings[0].fix
    assert isinstance(fix, Fix)
    places = {edit.span.line for edit in fix.edits if "import" in edit.content}
    assert places == {3}


@pytest.mark.parametrize(
    ("early", "line"),
    [("", 5), ("import bson\nimport pymongo.errors as e\n\n", 8), ("print(shared.count_documents({}))\n", 2)],
)
def test_imports_below_the_head(early: str, line: int, tmp_path: Path) -> None:
    """A head that ends early: what a fix needs of the driver stands beside the driver, unless that is used before."""
    code = (
        "from dotenv import load_dotenv\nload_dotenv()\n\nfrom base import shared\nfrom pymongo import MongoClient\n\n"
        "users = MongoClient(timeoutMS=5000).app.users\n\n\ndef work(key):\n"
        '    users.update_one({"_id": key}, {"$set": {"a": 1}})\n    return users.find_one({"_id": key})\n'
    ).replace("from pymongo", f"{early}from pymongo")
    base = "from pymongo import MongoClient\n\nshared = MongoClient(timeoutMS=5000).app.users\n"
    loaded = project({"service.py": code, "base.py": base}, tmp_path)
    (found,) = run(loaded, {"MDB111"}).findings
    assert found.fix is not None
    assert [edit.span.line for edit in found.fix.edits if "ReturnDocument\n" in f"{edit.content}\n"] == [line]


def test_no_more_than_was_meant(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The fixed code answers outages and wrong ids as before, tells the former, and lets mistakes rise."""
    code = HEAD.replace("from pymongo", "from bson import ObjectId\nfrom pymongo") + clause(
        'return users.find_one({"_id": ObjectId(key)})', "except:\n    return None"
    )
    text, _ = mended(code, tmp_path, RULES)
    names = _fakes(monkeypatch)
    space: dict[str, Any] = {"__name__": "service"}
    exec(compile(text, "service", "exec"), space)
    with caplog.at_level(logging.INFO):
        for error, messages in ((names["InvalidId"], []), (names["PyMongoError"], ["find_one on users failed"])):
            caplog.clear()
            assert space["work"](error, 1) is None
            assert [record.getMessage() for record in caplog.records] == messages
    with pytest.raises(ZeroDivisionError):
        space["work"](ZeroDivisionError, 1)


def _fakes(monkeypatch: pytest.MonkeyPatch) -> dict[str, type[Exception]]:
    """Modules in the place of the driver, whose ids and queries fail as told."""
    names: dict[str, type[Exception]] = {
        "PyMongoError": type("PyMongoError", (Exception,), {}),
        "InvalidId": type("InvalidId", (Exception,), {}),
    }

    def fail(what: Any) -> None:
        raise what["_id"]()

    def object_id(what: Any) -> Any:
        if what is names["InvalidId"]:
            raise what()
        return what

    users = types.SimpleNamespace(find_one=fail)
    client = types.SimpleNamespace(app=types.SimpleNamespace(users=users))
    contents: dict[str, dict[str, Any]] = {
        "pymongo": {"MongoClient": lambda **_: client},
        "pymongo.errors": names,
        "bson": {"ObjectId": object_id},
        "bson.errors": names,
    }
    for name, content in contents.items():
        module = types.ModuleType(name)
        vars(module).update(content)
        monkeypatch.setitem(sys.modules, name, module)
    return names
