"""Collections whose names a configuration file of the project gives."""

from __future__ import annotations

import json
from pathlib import Path
from textwrap import dedent

import pytest

from mongolint.lsp.model import Model
from mongolint.testing import findings, project
from mongolint.testing.projects import config_of

HEAD = """\
import configparser
import json
import os
from pathlib import Path

import toml
import tomllib
import yaml
from pymongo import MongoClient

db = MongoClient(timeoutMS=5000).app

"""
HELD = {"mongo": {"users": "people", "port": 27017}}
FILES = {
    "config.json": json.dumps(HELD),
    "config.yaml": "mongo:\n  users: people\n  port: 27017\n",
    "config.toml": '[mongo]\nusers = "people"\n',
    "config.ini": "[mongo]\nUsers = people\n",
}


def _names(code: str, tmp_path: Path, files: dict[str, str] = FILES, at: str = "app.py") -> list[list[str]]:
    """The collections of each operation."""
    operations = project({at: HEAD + dedent(code), **files}, tmp_path).project.operations
    assert all((each.confidence == "inferred") == bool(each.collection_names) for each in operations)
    return [each.collection_names for each in operations]


READ = {
    "opened": """
        with open("config.json") as file:
            config = json.load(file)
        """,
    "opened and closed": """
        file = open("./config.yaml", encoding="utf-8")
        config = yaml.safe_load(file)
        file.close()
        """,
    "read": """config = json.loads(Path("config.json").read_text())""",
    "beside the module": """config = yaml.load(open(os.path.join(os.path.dirname(__file__), "config.yaml")))""",
    "beside the module, by a path": """
        HERE = Path(__file__).resolve().parent
        config = tomllib.loads((HERE / "config.toml").read_text())
        """,
    "by its path": """config = toml.load("config.toml")""",
    "parsed": """
        config = configparser.ConfigParser()
        config.read("config.ini")
        """,
    "by a class": """
        class Config:
            def __init__(self):
                self.path = "./config.yaml"
                self.held = {}
                with open(self.path) as file:
                    self.held = yaml.safe_load(file)

            def get(self):
                return self.held


        config = Config().get()
        """,
    "by a helper with a default": """
        def load(path=None):
            if path is None:
                path = "config.yaml"
            with open(path) as file:
                return yaml.safe_load(file) or {}


        config = load()
        """,
}
ASKED = ['db[config["mongo"]["users"]]', 'db.get_collection(config["mongo"].get("users"))']


@pytest.mark.parametrize("asked", ASKED)
@pytest.mark.parametrize("read", READ.values(), ids=READ)
def test_named(read: str, asked: str, tmp_path: Path) -> None:
    assert _names(f"{dedent(read)}\n\ndef f(): return {asked}.find_one({{}})\n", tmp_path) == [["people"]]


def test_option_of_a_parser(tmp_path: Path) -> None:
    code = """
        config = configparser.ConfigParser()
        config.read("config.ini")
        db[config.get("mongo", "users")].find_one({})
        """
    assert _names(code, tmp_path) == [["people"]]


OPENED = 'config = json.load(open("config.json"))'
ASK = 'db[config["mongo"]["users"]].find_one({})'
# Where files are, and in which of them the code opens which one, and whether it is clear which is meant
PLACES = {
    "in the folder of a service": ({"one/config.json": HELD}, "one/app/db.py", "config.json", True),
    "in that of another service": ({"two/config.json": HELD}, "one/app/db.py", "config.json", False),
    "in both": ({"config.json": HELD, "one/config.json": HELD}, "one/db.py", "config.json", False),
    "nowhere": ({}, "app.py", "config.json", False),
    "elsewhere": ({"config.json": HELD}, "app.py", "/etc/config.json", False),
    "above": ({"config.json": HELD}, "app/db.py", "../config.json", True),
    "below": ({"etc/config.json": HELD}, "app/db.py", "etc/config.json", True),
    "without the key": ({"config.json": {"mongo": {}}}, "app.py", "config.json", False),
    "as a number": ({"config.json": {"mongo": {"users": 1}}}, "app.py", "config.json", False),
}


@pytest.mark.parametrize(("files", "at", "opened", "known"), PLACES.values(), ids=PLACES)
def test_which_file(files: dict[str, object], at: str, opened: str, known: bool, tmp_path: Path) -> None:
    texts = {path: json.dumps(held) for path, held in files.items()}
    code = f"config = json.load(open({opened!r}))\n{ASK}\n"
    assert _names(code, tmp_path, texts, at) == [["people"] if known else []]


def test_a_path_that_others_pass(tmp_path: Path) -> None:
    """The files are those around who names them, not around the helper that opens them."""
    files = {
        "shared/reading.py": "import json\n\ndef load(path):\n    return json.load(open(path))\n",
        "one/config.json": json.dumps(HELD),
        "config.json": json.dumps({"mongo": {"users": "others"}}),
    }
    code = f"""
        from shared.reading import load

        config = load("config.json")
        {ASK}
        """
    assert _names(code, tmp_path, files, "one/app.py") == [[]]
    del files["config.json"]
    (tmp_path / "config.json").unlink()
    assert _names(code, tmp_path, files, "one/app.py") == [["people"]]


@pytest.mark.parametrize(("ignored", "known"), [("config.json\n", False), ("!config.json\n", True)])
def test_a_file_that_git_ignores_is_another_one_on_each_machine(ignored: str, known: bool, tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    files = {".gitignore": ignored, **FILES}
    assert _names(f"{OPENED}\n{ASK}\n", tmp_path, files) == [["people"] if known else []]


def test_a_file_that_a_link_leads_to_outside_is_not_read(tmp_path: Path) -> None:
    code = """
        with open("config.json") as file:
            config = json.load(file)
        db[config["mongo"]["users"]].find_one({"email": "a"})
        """
    outside = tmp_path / "secrets.json"
    outside.write_text(json.dumps(HELD), encoding="utf-8")
    place = tmp_path / "project"
    place.mkdir()
    (place / "config.json").symlink_to(outside)
    assert _names(code, place, {}) == [[]]
    (place / "config.json").unlink()
    (place / "held.json").write_text(json.dumps(HELD), encoding="utf-8")
    (place / "config.json").symlink_to(place / "held.json")
    assert _names(code, place, {}) == [["people"]]


def test_what_is_set_over_it(tmp_path: Path) -> None:
    code = f"""
        def f(name):
            {OPENED}
            config["mongo"] = name
            {ASK}
        """
    assert _names(code, tmp_path) == [[]]


def test_no_more_than_a_name(tmp_path: Path) -> None:
    """What a file says of limits, switches and addresses may be otherwise where the program runs."""
    files = {"config.json": json.dumps({"uri": "mongodb://h/?timeoutMS=5", "db": "app", "key": "name"})}
    code = f"""
        {OPENED}
        client = MongoClient(config["uri"])
        users = client[config["db"]].users
        users.create_index(config["key"], unique=True)
        users.find({{config["key"]: 1}})
        """
    loaded = project({"app.py": HEAD + dedent(code), **files}, tmp_path).project
    (index,) = loaded.indexes
    assert index.keys is None
    assert not any(each.time_limit or each.filter.required for each in loaded.operations)
    assert {each.database.name for operation in loaded.operations for each in operation.collections} == {None}


def test_told_as_inferred_and_not_written_down(tmp_path: Path) -> None:
    code = f"""
        {OPENED}
        db.orders.create_index("day")


        def f(name):
            users = db[config["mongo"]["users"]]
            if users.find_one({{"name": name}}):
                raise ValueError(name)
            users.insert_one({{"name": name}})
        """
    (found,) = findings({"app.py": HEAD + dedent(code), **FILES}, tmp_path, rules={"MDB202"})
    assert "looks in people for name" in found.message
    assert found.confidence.value == "inferred"


def test_a_file_that_changes_while_an_editor_is_open(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps(HELD))
    app = tmp_path / "app.py"
    app.write_text(f"{HEAD}{OPENED}\n{ASK}\n")
    model = Model([tmp_path], config_of(tmp_path), tmp_path)

    def names() -> list[list[str]]:
        assert model.loaded is not None
        return [each.collection_names for each in model.loaded.project.operations]

    model.read({})
    assert names() == [["people"]]
    (tmp_path / "config.json").write_text(json.dumps({"mongo": {"users": "others"}}))
    model.edit({app.as_posix(): app.read_bytes() + b"a = 1\n"})
    assert names() == [["others"]]
