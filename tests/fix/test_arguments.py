"""An argument that a fix adds stands where the author would put it: the lines stay as long as those of the file."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from pathlib import Path

import pytest

from mongolint.engine.load import Loaded, load
from mongolint.engine.mend import mend
from mongolint.engine.run import Result, check
from mongolint.finding import Fix
from mongolint.testing import project

HEAD = "from pymongo import MongoClient\n\ndb = MongoClient('uri', timeoutMS=5000).app\n\n\ndef work(key, name, x):\n"
UNLIMITED = HEAD.replace(", timeoutMS=5000", "")
# A file of which the longest line says how long one may be
SHORT = "".join(f"# {number}\n" for number in range(60))


def fixed(body: str, folder: Path, rule: str, head: str = HEAD) -> str:
    """The body of a function after the fixes of a rule."""
    loaded = project({"app/service.py": head + textwrap.indent(body, "    ") + "\n"}, folder)
    config = loaded.project.config

    def look(loaded: Loaded) -> Result:
        return check(loaded, {rule}, config, fixes=True)

    def reload(overlay: Mapping[str, bytes], previous: Loaded) -> Loaded:
        return load([folder], config, folder, overlay=overlay, previous=previous)

    state = mend(loaded, look, reload, unsafe=True)
    assert not state.failures
    text = state.changed[str(folder / "app" / "service.py")].decode()
    compile(text, "service", "exec")
    return textwrap.dedent(text.partition("x):\n")[2]).rstrip("\n")


LONG = 'if not db.tasks.count_documents({"reference.id": key, "reference.name": name, "done": x}):\n    return key'
ARGUMENTS = [
    ("return db.a.count_documents({}) > 0", "return db.a.count_documents({}, limit=1) > 0"),
    # An argument on a line of its own gets company, if it is a short one
    (
        'if db.a.count_documents(\n    {"key": key}\n) == 0:\n    return key',
        'if db.a.count_documents(\n    {"key": key}, limit=1\n) == 0:\n    return key',
    ),
    (
        'if db.a.count_documents(\n    {\n        "key": key,\n    }\n) == 0:\n    return key',
        'if db.a.count_documents(\n    {\n        "key": key,\n    },\n    limit=1\n) == 0:\n    return key',
    ),
    (
        'x(\n    1,\n)\nif db.a.count_documents(\n    {\n        "key": key,\n    }\n) == 0:\n    return key',
        "x(\n    1,\n)\n"
        'if db.a.count_documents(\n    {\n        "key": key,\n    },\n    limit=1,\n) == 0:\n    return key',
    ),
    (LONG, LONG.replace("x})", "x}, limit=1)")),
]


@pytest.mark.parametrize(("before", "after"), ARGUMENTS)
def test_argument(before: str, after: str, tmp_path: Path) -> None:
    assert fixed(before, tmp_path, "MDB112") == after


def test_no_longer_than_the_file(tmp_path: Path) -> None:
    """The arguments get a line where that of the call would be the longest of all; none where it is not alone."""
    after = LONG.replace("({", "(\n    {").replace("x})", "x}, limit=1\n)")
    assert fixed(LONG, tmp_path, "MDB112", SHORT + HEAD) == after
    crowded = LONG.replace("if not ", "x = [d for d in x if ").replace(":\n    return key", " > 0]")
    assert fixed(crowded, tmp_path, "MDB112", SHORT + HEAD) == crowded.replace("x})", "x}, limit=1)")
    wide = SHORT + f'"""{"x" * 110}"""\n' + HEAD
    assert fixed(LONG, tmp_path, "MDB112", wide) == LONG.replace("x})", "x}, limit=1)")


def test_each_argument_gets_a_line_where_one_line_is_too_short(tmp_path: Path) -> None:
    names = 'return [(each["first_name"], each["family_name"], each["telephone"]) for each in found]'
    before = 'found = db.people.find({"owner_identifier": key, "project_identifier": name})\n' + names
    after = (
        'found = db.people.find(\n    {"owner_identifier": key, "project_identifier": name},\n'
        '    projection={"first_name": 1, "family_name": 1, "telephone": 1, "_id": 0},\n)\n'
    )
    assert fixed(before, tmp_path, "MDB109", SHORT + HEAD) == after + names


def test_step_or_argument(tmp_path: Path) -> None:
    """A limit is a step of a chain, or an argument where the line would get too long."""
    short = 'return list(db.a.find({"x": {"$gt": key}}).sort("x", 1))'
    assert ".max_time_ms(5000).sort(" in fixed(short, tmp_path, "MDB103", SHORT + UNLIMITED)
    long = 'return list(db.a.find({"first": {"$gt": key}, "second": {"$gt": name}}).sort("x", 1))'
    after = long.replace("({", "(\n    {").replace("}}).", "}}, max_time_ms=5000\n).")
    assert fixed(long, tmp_path, "MDB103", SHORT + UNLIMITED) == after


def test_quotes(tmp_path: Path) -> None:
    body = "return db.a.find({'x': key}).skip(x).limit(9)"
    assert fixed(body, tmp_path, "MDB108") == "return db.a.find({'x': key}).sort('_id', 1).skip(x).limit(9)"


def test_no_gap_is_left_before_a_read_that_updates(tmp_path: Path) -> None:
    update = 'x["n"] = 1\n\ndb.a.update_one({"_id": key}, {"$set": x})\n\n'
    after = fixed(update + 'return db.a.find_one({"_id": key})', tmp_path, "MDB111")
    assert after.startswith('x["n"] = 1\n\nreturn db.a.find_one_and_update(')


def test_comment_above_a_loop(tmp_path: Path) -> None:
    """What is said of the loop stands above all that becomes of it."""
    loop = "# 2. Names\nfor each in x:\n    db.a.update_one({'k': each['k']}, {'$set': {'n': int(each['n'])}})\n"
    after = fixed(loop, tmp_path, "MDB101")
    assert after.startswith("# 2. Names\na_writes = []\ntry:\n    for each in x:\n")


def test_scripts_take_their_time(tmp_path: Path) -> None:
    code = HEAD.replace(", timeoutMS=5000", "") + "    return list(db.a.find({'x': {'$gt': key}}))\n"
    loaded = project({"scripts/service.py": code}, tmp_path)
    found = check(loaded, {"MDB103"}, loaded.project.config, fixes=True).findings
    assert found
    for finding in found:
        assert isinstance(finding.fix, Fix)
        assert "may take its time" in finding.fix.reason


# What the requirements ask for, and whether ``find`` takes the keyword there
DRIVERS = {"pymongo>=2.2,<3.0.0": False, "pymongo==3.4.0": False, "pymongo==3.5.1": True, "pymongo": True}


@pytest.mark.parametrize(("required", "has_keyword"), DRIVERS.items(), ids=DRIVERS)
def test_an_old_driver_limits_the_cursor(required: str, has_keyword: bool, tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text(required + "\n")
    before = "def load(state):\n    return list(db.users.find({'state': state}))\n"
    after = fixed(before, tmp_path, "MDB103", UNLIMITED)
    limited = ", max_time_ms=5000))" if has_keyword else ").max_time_ms(5000))"
    assert f"find({{'state': state}}{limited}" in after
