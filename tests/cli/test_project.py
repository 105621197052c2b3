"""Which project, which options, which comments hold for the paths given."""

from __future__ import annotations

from typing import Any

import pytest

SUPPRESSED = """\
from pymongo import MongoClient

db = MongoClient(connectTimeoutMS=5000).shop  # noqa: E501, MDB103


def names(orders):
    for order in orders:
        # mongolint: ignore[n-plus-one-query] ten orders at most
        print(db.customers.find_one({"_id": order}))  # mongolint: ignore[print-call]
"""
TRACKER = {
    "app/base.py": """\
        from pymongo import MongoClient

        db = MongoClient(connectTimeoutMS=5000).shop


        class Orders:
            def load(self, key):
                return db.orders.find_one({"number": key})
        """,
    "app/indexes.py": """\
        from app.base import db


        def create():
            db.orders.create_index("number")
        """,
    "app/report.py": """\
        from app.base import Orders, db


        def report(keys, orders: Orders):
            found = [orders.load(key) for key in keys]
            return found, db.orders.find_one({"state": "open"}), db.orders.find_one({"number": 1})
        """,
    "app/__init__.py": "",
    "main.py": """\
        from app.report import report


        def main(batches, orders):
            for batch in batches:
                report(batch, orders)
        """,
}


def findings(place: Any, *paths: Any) -> list[dict[str, Any]]:
    """What is found. Not the fixes: one that changes another file too cannot be applied to this one alone."""
    return [{**finding, "fix": None} for finding in place.check(*paths, "--format", "json").json]


def test_paths_one_by_one(place: Any) -> None:
    """A file has the same findings alone as among others, wherever its model lies."""
    place.write(TRACKER)
    everything = findings(place, ".")
    assert {"MDB101", "MDB103", "MDB104"} <= {finding["code"] for finding in everything}
    for file in ("app/base.py", "app/report.py", "main.py"):
        own = [finding for finding in everything if finding["file"] == file]
        assert own
        assert findings(place, file) == own
    named = ("main.py", place.root / "app/report.py", "app/base.py")
    assert findings(place, *named) == [found for found in everything if found["file"] != "app/indexes.py"]


def test_from_another_directory(place: Any) -> None:
    """Paths are shown relative to the working directory; a marked project is the same from everywhere."""
    place.write({**TRACKER, "mongolint.toml": "", "other/x": ""})
    here = place.check("app", "--format", "concise").out
    assert place.check("../app", "--format", "concise", cwd="other").out == here.replace("app/", "../app/")
    assert place.check("--format", "concise", cwd="app").out == here.replace("app/", "")


def test_home_directory_is_no_project(place: Any) -> None:
    """A file alone in somebody's home does not make mongolint read all that is there."""
    place.write({"a/one.py": "from pymongo import MongoClient\ndb = MongoClient().x\n", "b/two.py": "import pymongo\n"})
    for home, parsed in ((str(place.root), 1), ("/nonexistent", 2)):
        run = place.check("a/one.py", "-v", env={"HOME": home, "USERPROFILE": home})
        assert f": 1 files checked, {parsed} files of the project read as code" in run.err


def test_two_projects_in_one_run(shop: Any) -> None:
    """Each has its own configuration."""
    code = (shop.root / "shop/orders.py").read_text()
    shop.write({"one/app.py": code, "one/mongolint.toml": 'ignore = ["MDB1"]\n'})
    shop.write({"two/app.py": code, "two/pyproject.toml": '[tool.mongolint]\nselect = ["MDB101"]\n'})
    run = shop.check("two", "one", "--format", "json")
    assert [(f["file"], f["code"]) for f in run.json] == [("one/app.py", "MDB503"), ("two/app.py", "MDB101")]


def test_options_of_the_configuration(shop: Any) -> None:
    options = 'select = ["MDB1"]\nfail-on = "high"\noutput-format = "json"\n'
    shop.write({"pyproject.toml": f"[tool.other]\n[tool.mongolint]\n{options}"})
    run = shop.check()
    assert (run.code, run.codes) == (1, ["MDB103", "MDB101"])
    run = shop.check("--ignore", "MDB101", "--extend-select", "print-call")
    assert (run.code, run.codes) == (0, ["MDB103", "MDB503"])
    run = shop.check("--fail-on", "low", "--ignore", "MDB101", "--format", "concise")
    assert run.code == 1
    assert run.lines[-1] == "Found 1 finding (1 low) in 1 file."


def test_given_configuration(shop: Any) -> None:
    """Wherever the file lies, its globs speak of the project."""
    shop.write({"mongolint.toml": 'select = ["MDB503"]\n'})
    shop.write({"etc/strict.toml": 'select = ["MDB1"]\nper-file-ignores = {"shop/orders.py" = ["MDB103"]}\n'})
    run = shop.check("shop", "--config", "etc/strict.toml", "--format", "json")
    assert run.codes == ["MDB101"]


def test_per_file_ignores(shop: Any) -> None:
    shop.write({"mongolint.toml": 'per-file-ignores = {"shop/*.py" = ["MDB1"], "!shop/" = ["print-call"]}\n'})
    shop.write({"old.py": (shop.root / "shop/orders.py").read_text()})
    run = shop.check("--format", "json")
    assert [(f["file"], f["code"]) for f in run.json] == [
        *(("old.py", "MDB103"), ("old.py", "MDB101"), ("shop/orders.py", "MDB503"))
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('selct = ["MDB1"]\n', "mongolint.toml:1: unknown option 'selct'; did you mean 'select'?"),
        ('\nselect = ["MDB1O1"]\n', "mongolint.toml:2: unknown rule 'MDB1O1' in 'select'; did you mean 'MDB101'?"),
        ("fail-on = 1\n", "mongolint.toml:1: option 'fail-on' has to be a string, not an integer"),
        ("[rules.print-cal]\n", "mongolint.toml:1: unknown rule 'print-cal' in 'rules'; did you mean 'print-call'?"),
    ],
)
def test_mistakes_in_the_configuration(shop: Any, text: str, message: str) -> None:
    """One line with file and line, relative to the working directory, for every command that reads a project."""
    shop.write({"mongolint.toml": text})
    run = shop.check("shop")
    assert (run.code, run.out, run.err.count("\n")) == (2, "", 1)
    assert run.err.startswith(f"mongolint: {message}")
    if "selct" in text:
        assert shop.run("queries", "shop") == run
        assert shop.run("indexes", "shop") == run
        below = shop.check(cwd="shop")
        assert (below.code, below.err) == (2, run.err.replace("mongolint.toml", "../mongolint.toml"))


def test_suppressions(place: Any) -> None:
    place.write({"app.py": SUPPRESSED})
    run = place.check("-v")
    assert (run.code, run.out) == (0, "All checks passed.\n")
    assert "0 findings shown, 3 suppressed by comments" in run.err
    # Rules that did not run say nothing of their suppressions
    assert place.check("--select", "MDB503,MDB900").code == 0
    unused = SUPPRESSED.replace("find_one", "watch").replace("print(", "str(")
    place.write({"app.py": unused})
    run = place.check("--format", "json", "--ignore", "MDB103")
    assert run.codes == ["MDB900", "MDB900"]
    assert place.check("--format", "json", "--select", "MDB1,MDB5").codes == []
    place.write({"app.py": "# mongolint: ignore-file[MDB1, print-call] a demonstration\n" + unused})
    assert place.check("--format", "json", "--select", "MDB1,MDB5").codes == []


def test_bare_suppression_in_a_narrowed_run(place: Any) -> None:
    """Where rules of the default tier did not run, a comment for every rule may still be of use."""
    place.write({"app.py": "import pymongo\n\nx = pymongo.version  # mongolint: ignore\n"})
    assert place.check("--format", "json").codes == ["MDB900"]
    assert place.check("--format", "json", "--select", "MDB1,MDB900").codes == []
    assert place.check("--format", "json", "--ignore", "MDB503").codes == []


def test_what_git_ignores(shop: Any) -> None:
    shop.write({".git/HEAD": "", ".gitignore": "orders.py\n"})
    assert shop.check().out == "All checks passed.\n"
    assert shop.check("shop/orders.py").code == 1


def test_a_stray_file_does_not_take_a_big_directory(place: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing marks a project there: a few neighbours are its model, thousands are anybody's."""
    from mongolint.cli.project import read_config
    from mongolint.engine import load as loading
    from mongolint.engine.reading import files

    place.write({"base.py": "from pymongo import MongoClient\n\ndb = MongoClient().app\n", "other.py": "import base\n"})
    stray = place.root / "stray.py"
    stray.write_text("from base import db\n\ndb.users.find_one({})\n")
    monkeypatch.chdir(place.root)
    config = read_config(stray)
    assert len(loading.load([stray], config, place.root, jobs=1).project.operations) == 1
    monkeypatch.setattr(files, "_MOST_UNMARKED", 2)
    assert loading.load([stray], config, place.root, jobs=1).project.operations == []
