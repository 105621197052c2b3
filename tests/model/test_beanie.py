"""Indexes of Beanie's documents. What each model makes was compared with Beanie 2.2.0 on a server."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mongolint.project.indexes import IndexDeclaration
from mongolint.source.deepstack import with_deep_stack
from mongolint.testing import project

Told = tuple[str | None, dict[str, Any] | None, dict[str, Any]]
HEAD = """\
from datetime import datetime
from typing import Annotated, Optional

import pymongo
from beanie import Document, Indexed, UnionDoc
from pydantic import BaseModel, Field
from pymongo import ASCENDING, IndexModel

"""


def declared(files: str | dict[str, str], root: Path) -> list[IndexDeclaration]:
    loaded = project(HEAD + files if isinstance(files, str) else files, root)
    return with_deep_stack(lambda: loaded.project.indexes)


def told(files: str | dict[str, str], root: Path) -> list[Told]:
    found = declared(files, root)
    assert {index.source for index in found} <= {"beanie"}
    return [(i.collection_name, dict(i.keys) if i.keys else None, i.options) for i in found]


FIELDS = {
    "wrapped": ("email: Indexed(str, unique=True)", {"email": 1}, {"unique": True}),
    "of a type": ("email: Indexed(str, pymongo.TEXT)", {"email": "text"}, {}),
    "annotated": (
        "email: Annotated[str, Indexed(unique=True, sparse=True)]",
        {"email": 1},
        {"unique": True, "sparse": True},
    ),
    "beside others": ("at: Annotated[Optional[datetime], Field(), Indexed(index_type=-1)] = None", {"at": -1}, {}),
    "optional": ("age: Optional[Indexed(int)] = None", {"age": 1}, {}),
    "in a string": ('email: "Indexed(str)"', {"email": 1}, {}),
    "an alias of the type": ("email: UniqueText", {"email": 1}, {"unique": True}),
    "stored under another name": ('email: Indexed(str) = Field(alias="mail")', {"mail": 1}, {}),
    "an option only the program knows": (
        "at: Indexed(datetime, expireAfterSeconds=DAYS)",
        {"at": 1},
        {"expireAfterSeconds": None},
    ),
}


@pytest.mark.parametrize("form", FIELDS)
def test_fields(form: str, tmp_path: Path) -> None:
    text, keys, options = FIELDS[form]
    head = "from app import DAYS\n\nUniqueText = Annotated[str, Indexed(unique=True)]\n\n"
    assert told(f"{head}class User(Document):\n    plain: str\n    {text}\n", tmp_path) == [("User", keys, options)]


def test_settings(tmp_path: Path) -> None:
    models = """
class User(Document):
    class Settings:
        name = "users"
        indexes = [
            "email",
            [("a", 1), ("b", pymongo.DESCENDING)],
            IndexModel([("c", ASCENDING)], name="by_c", unique=True),
            IndexModel("d", expireAfterSeconds=60),
        ]
"""
    assert told(models, tmp_path) == [
        ("users", {"email": 1}, {}),
        ("users", {"a": 1, "b": -1}, {}),
        ("users", {"c": 1}, {"name": "by_c", "unique": True}),
        ("users", {"d": 1}, {"expireAfterSeconds": 60}),
    ]


def test_settings_win_over_a_field(tmp_path: Path) -> None:
    models = """
class User(Document):
    email: Indexed(str)

    class Settings:
        indexes = [IndexModel([("email", -1)], unique=True)]
"""
    assert told(models, tmp_path) == [("User", {"email": -1}, {"unique": True})]


def test_inherited(tmp_path: Path) -> None:
    """A class inherits fields, and the settings of its parent if it has none of its own."""
    models = """
class Stamped(BaseModel):
    created: Indexed(datetime)


class Parent(Stamped, Document):
    p: Indexed(int)

    class Settings:
        name = "parents"
        indexes = ["q"]


class Child(Parent):
    created: datetime


class Renamed(Parent):
    class Settings(Parent.Settings):
        name = "renamed"


class Merged(Parent):
    class Settings:
        name = "merged"
        indexes = ["r"]
        merge_indexes = True
"""
    found = told(models, tmp_path)
    by_name = {name: [keys for held, keys, _ in found if held == name] for name, _, _ in found}
    assert by_name == {
        "parents": [{"created": 1}, {"p": 1}, {"q": 1}],
        "renamed": [{"created": 1}, {"p": 1}, {"q": 1}],
        "merged": [{"created": 1}, {"p": 1}, {"q": 1}, {"r": 1}],
    }


def test_shared_collections(tmp_path: Path) -> None:
    models = """
class Thing(Document):
    class Settings:
        is_root = True


class Car(Thing):
    wheels: Indexed(int)

    class Settings:
        name = "cars"


class Any(UnionDoc):
    class Settings:
        name = "union"


class One(Document):
    one: Indexed(int)

    class Settings:
        union_doc = Any
"""
    assert told(models, tmp_path) == [("Thing", {"wheels": 1}, {}), ("union", {"one": 1}, {})]


def test_the_inner_class_of_old(tmp_path: Path) -> None:
    models = 'class Old(Document):\n    class Collection:\n        name = "olds"\n        indexes = ["x"]\n'
    assert told(models, tmp_path) == [("olds", {"x": 1}, {})]


def test_across_modules(tmp_path: Path) -> None:
    files = {
        "app/base.py": "from beanie import Document\n\n\nclass Base(Document):\n    pass\n",
        "app/names.py": 'USERS = "users"\n',
        "app/user.py": """\
from beanie import Indexed

from app import base, names


class User(base.Base):
    email: Indexed(str)

    class Settings:
        name = names.USERS
""",
    }
    assert told(files, tmp_path) == [("users", {"email": 1}, {})]


@pytest.mark.parametrize(
    "models",
    [
        "class Plain(BaseModel):\n    email: Indexed(str)\n",
        "class Document:\n    pass\n\n\nclass User(Document):\n    email: Indexed(str)\n",
        "class User(Document):\n    indexes = ['email']\n",
        "class A(Document): ...\n\n\nclass B(Document): ...\n\n\nclass Both(A, B):\n    email: Indexed(str)\n",
    ],
)
def test_what_is_no_document(models: str, tmp_path: Path) -> None:
    assert told(models, tmp_path) == []


@pytest.mark.parametrize(
    ("models", "name"),
    [
        ("class User(Document):\n    class Settings:\n        indexes = make()\n", "User"),
        (
            "class User(Document):\n    class Settings:\n        name = NAME\n        indexes = [f(x) for x in y]\n",
            None,
        ),
        (
            "from fastapi_users_db_beanie import BeanieBaseUser\n\n\nclass User(BeanieBaseUser, Document):\n    pass\n",
            "User",
        ),
        (
            "from fastapi_users_db_beanie import BeanieBaseUser\n\n\nclass User(BeanieBaseUser, Document):\n"
            '    class Settings(BeanieBaseUser.Settings):\n        name = "users"\n',
            "users",
        ),
    ],
)
def test_what_cannot_be_read(models: str, name: str | None, tmp_path: Path) -> None:
    head = "from fastapi_users_db_beanie import BeanieBaseUser\nfrom settings import NAME, make\n\n\n"
    assert told(head + models, tmp_path)[-1] == (name, None, {})


def test_places(tmp_path: Path) -> None:
    models = """
class User(Document):
    email: Indexed(str)
    nick: "Indexed(str)"

    class Settings:
        indexes = ["a", [("b", 1)], IndexModel("c")]
"""
    loaded = project(HEAD + models, tmp_path)
    lines = (HEAD + models).splitlines()
    spans = [loaded.project.index_span(index) for index in with_deep_stack(lambda: loaded.project.indexes)]
    assert [lines[s.line - 1][s.column - 1 : s.end_column - 1] for s in spans] == [
        "Indexed(str)",
        "User",
        '["a", [("b", 1)], IndexModel("c")]',
        '[("b", 1)]',
        'IndexModel("c")',
    ]


def test_they_serve_queries_and_no_fix_edits_them(tmp_path: Path) -> None:
    models = """
class User(Document):
    email: Indexed(str)

    class Settings:
        name = "users"


def by_email(email):
    return pymongo.MongoClient().shop.users.find_one({"email": email})
"""
    loaded = project(HEAD + models, tmp_path)
    (query,) = loaded.project.operations
    assert with_deep_stack(lambda: loaded.project.verdict(query).verdict) == "served"
    assert loaded.project.declared_in_code == []


def test_a_project_that_imports_no_driver(tmp_path: Path) -> None:
    models = "from beanie import Document, Indexed\n\n\nclass User(Document):\n    email: Indexed(str)\n"
    assert told({"models.py": models}, tmp_path) == [("User", {"email": 1}, {})]


def test_tests_declare_nothing_for_the_application(tmp_path: Path) -> None:
    models = HEAD + "class User(Document):\n    email: Indexed(str)\n"
    loaded = project({"tests/models.py": models}, tmp_path)
    assert with_deep_stack(lambda: (loaded.project.indexes, len(loaded.project.test_indexes))) == ([], 1)


REACHED = """\
from beanie import Document
from mongoengine import Document as Mapped, StringField


class User(Document):
    name: str

    class Settings:
        name = "users"

    @classmethod
    async def named(cls, name):
        return await cls.get_pymongo_collection().find_one({"name": name})


class Admin(User):
    pass


class Shop(Mapped):
    name = StringField()
    meta = {"collection": "shops"}


class Plain(Document):
    name: str


async def ask(name):
    coll = User.get_motor_collection()
    await coll.update_many({"name": name}, {"$set": {"seen": 1}})
    Shop._get_collection().find({"name": name})
    await Plain.get_motor_collection().find_one({"name": name})
"""


def test_the_collection_that_a_class_hands_out(tmp_path: Path) -> None:
    operations = with_deep_stack(lambda: project(REACHED, tmp_path).project.operations)
    found = [(each.name, each.collection_names, each.confidence) for each in operations]
    assert found == [
        ("find_one", ["users"], "known"),
        ("update_many", ["users"], "known"),
        ("find", ["shops"], "known"),
        ("find_one", [], "known"),
    ]
    assert {each.collection.database.flavour for each in operations[1:2] if each.collection} == {"motor"}
