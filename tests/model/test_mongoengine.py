"""Indexes of MongoEngine's documents. What each model makes was compared with MongoEngine 0.29.3 on a server."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mongolint.source.deepstack import with_deep_stack
from mongolint.testing import project

Told = tuple[str | None, dict[str, Any] | None, dict[str, Any]]
HEAD = "from mongoengine import *\n\n\n"


def told(files: str | dict[str, str], root: Path) -> list[Told]:
    loaded = project(HEAD + files if isinstance(files, str) else files, root)
    found = with_deep_stack(lambda: loaded.project.indexes)
    assert {index.source for index in found} <= {"mongoengine"}
    return [(i.collection_name, dict(i.keys) if i.keys else None, i.options) for i in found]


SPECS = {
    '"name"': ({"name": 1}, {}),
    '"+name"': ({"name": 1}, {}),
    '"-mail"': ({"m": -1}, {}),
    '"#name"': ({"name": "hashed"}, {}),
    '"$name"': ({"name": "text"}, {}),
    '"(place"': ({"place": "2dsphere"}, {}),
    '"*place"': ({"place": "2d"}, {}),
    '("name", "pk")': ({"name": 1, "_id": 1}, {}),
    '("name", "-mail")': ({"name": 1, "m": -1}, {}),
    '["name", "address.zip_code"]': ({"name": 1, "addr.zip": 1}, {}),
    '"more.0.zip_code"': ({"more.0.zip": 1}, {}),
    '"free.form"': ({"free.form": 1}, {}),
    '{"fields": ["-mail"], "unique": True, "name": "u"}': ({"m": -1}, {"unique": True, "name": "u"}),
    '{"fields": ("name",), "cls": False, "expireAfterSeconds": 0}': ({"name": 1}, {"expireAfterSeconds": 0}),
    '{"fields": [("name", 1), ("mail", -1)]}': ({"name": 1, "mail": -1}, {}),
    '{"fields": ["$name", "$mail"], "weights": {"name": 2}}': ({"name": "text", "m": "text"}, {"weights": {"name": 2}}),
    "make()": (None, {}),
    '{"fields": make()}': (None, {}),
    '("name", make())': (None, {}),
}


@pytest.mark.parametrize("spec", SPECS)
def test_specifications(spec: str, tmp_path: Path) -> None:
    models = f"""
class Address(EmbeddedDocument):
    zip_code = StringField(db_field="zip")


class UserProfile(DynamicDocument):
    name = StringField()
    mail: str = EmailField(db_field="m")
    address = EmbeddedDocumentField(Address, db_field="addr")
    more = ListField(EmbeddedDocumentField("Address"))
    place = ListField(FloatField())
    meta = {{"indexes": [{spec}]}}
"""
    keys, options = SPECS[spec]
    assert told(models, tmp_path) == [("user_profile", keys, options)]


def test_a_template_declares_no_index(tmp_path: Path) -> None:
    models = """
class New(DynamicDocument):
    meta = {"collection": "", "indexes": [{"fields": [""], "name": ""}]}
"""
    assert told(models, tmp_path) == []


def test_fields(tmp_path: Path) -> None:
    models = """
class Address(EmbeddedDocument):
    zip_code = StringField(db_field="zip", unique=True)


class HTTPLog(Document):
    code = StringField(primary_key=True)
    name = StringField(unique=True, sparse=True)
    mail = StringField(db_field="m", unique_with=["name", "code"])
    address = EmbeddedDocumentField(Address, db_field="addr")
    place = PointField()
    nowhere = PointField(auto_index=False)
    meta = {"collection": "logs", "indexes": ["name"], "index_opts": {"sparse": False}}
"""
    assert told(models, tmp_path) == [
        ("logs", {"name": 1}, {"sparse": True, "unique": True}),
        ("logs", {"place": "2dsphere"}, {"sparse": False}),
        ("logs", {"m": 1, "name": 1, "_id": 1}, {"sparse": False, "unique": True}),
        ("logs", {"address.zip": 1}, {"sparse": False, "unique": True}),
    ]


def test_inheritance(tmp_path: Path) -> None:
    models = """
class Base(Document):
    created = DateTimeField(db_field="c")
    meta = {"abstract": True, "indexes": ["created"]}


class Page(Base):
    title = StringField()
    meta = {
        "collection": "pages",
        "allow_inheritance": True,
        "indexes": ["title", {"fields": ["-title"], "cls": False}, {"fields": ["+title", "created"], "sparse": True}],
    }


class Sub(Page):
    extra = StringField()
    meta = {"indexes": ["extra"]}
"""
    assert told(models, tmp_path) == [
        ("pages", {"_cls": 1, "c": 1}, {}),
        ("pages", {"_cls": 1, "title": 1}, {}),
        ("pages", {"title": -1}, {}),
        ("pages", {"title": 1, "c": 1}, {"sparse": True}),
        ("pages", {"_cls": 1, "extra": 1}, {}),
    ]


@pytest.mark.parametrize(
    ("meta", "keys"),
    [
        ('"allow_inheritance": True', [{"_cls": 1}]),
        ('"allow_inheritance": True, "index_cls": False, "indexes": ["a"]', [{"a": 1}]),
        (
            '"allow_inheritance": True, "index_cls": False, "indexes": [{"fields": ["a"], "cls": True}]',
            [{"_cls": 1, "a": 1}],
        ),
        ('"allow_inheritance": True, "indexes": ["*a"]', [{"a": "2d"}, {"_cls": 1}]),
        ('"indexes": ["a", "a"]', [{"a": 1}]),
        ('"abstract": True, "indexes": ["a"]', []),
        ('"auto_create_index": False, "indexes": ["a"]', []),
    ],
)
def test_meta(meta: str, keys: list[dict[str, Any]], tmp_path: Path) -> None:
    models = f"class One(Document):\n    a = StringField()\n    meta = {{{meta}}}\n"
    assert [found for _, found, _ in told(models, tmp_path)] == keys


def test_indexes_that_a_call_makes(tmp_path: Path) -> None:
    models = """
class One(Document):
    a = StringField()
    meta = {"auto_create_index": False, "indexes": ["a"]}


def start():
    One.ensure_indexes()
"""
    assert told(models, tmp_path) == [("one", {"a": 1}, {})]


NAMES = {
    "a module": "import mongoengine as me\n\n\nclass One(me.Document):\n    a = me.StringField(unique=True)\n",
    "names": "from mongoengine import *\n\n\nclass One(Document):\n    a = StringField(unique=True)\n",
    "submodules": """\
from mongoengine.document import Document
from mongoengine.fields import StringField


class One(Document):
    a = StringField(unique=True)
""",
    "a field of the project": """\
from mongoengine import Document, StringField


class Slug(StringField):
    def __init__(self, **kwargs):
        kwargs.setdefault("unique", True)
        super().__init__(**kwargs)


class One(Document):
    a = Slug()
    b = Slug(unique=False)
""",
    "a field handed through": """\
from mongoengine import Document, StringField


def shown(field, label):
    field.label = label
    return field


class One(Document):
    a = shown(StringField(unique=True), label="A")
""",
    "a mixin": """\
from mongoengine import Document, StringField


class Mixin:
    a = StringField(unique=True)


class One(Mixin, Document):
    b = StringField()
""",
}


@pytest.mark.parametrize("form", NAMES)
def test_names(form: str, tmp_path: Path) -> None:
    assert told({"models.py": NAMES[form]}, tmp_path) == [("one", {"a": 1}, {"unique": True})]


def test_flask(tmp_path: Path) -> None:
    files = {
        "app/extensions.py": "from flask_mongoengine import MongoEngine\n\ndb = MongoEngine()\n",
        "app/models.py": """\
from flask_login import UserMixin

from app.extensions import db


class User(UserMixin, db.Document):
    mail = db.StringField(unique=True)
    meta = {"indexes": ["-mail"]}
""",
    }
    assert told(files, tmp_path) == [("user", {"mail": -1}, {}), ("user", {"mail": 1}, {"unique": True})]


@pytest.mark.parametrize(
    "models",
    [
        'class One(EmbeddedDocument):\n    a = StringField(unique=True)\n    meta = {"indexes": ["a"]}\n',
        'class Document:\n    pass\n\n\nclass One(Document):\n    meta = {"indexes": ["a"]}\n',
        'class One:\n    a = StringField(unique=True)\n    meta = {"indexes": ["a"]}\n',
    ],
)
def test_what_is_no_document(models: str, tmp_path: Path) -> None:
    assert told(models, tmp_path) == []


@pytest.mark.parametrize(
    ("models", "name"),
    [
        ("class One(Document):\n    meta = make()\n", "one"),
        ('class One(Document):\n    meta = {"collection": make(), "indexes": ["a"]}\n', None),
        ("class One(mongo_mixins.Base, Document):\n    pass\n", "one"),
    ],
)
def test_what_is_known_only_at_run_time(models: str, name: str | None, tmp_path: Path) -> None:
    found = told("import mongo_mixins\nfrom settings import make\n\n\n" + models, tmp_path)
    assert [collection for collection, _, _ in found] == [name]


def test_places(tmp_path: Path) -> None:
    models = """
class One(Document):
    a = StringField(unique_with="b")
    b = StringField()
    meta = {
        "allow_inheritance": True,
        "index_cls": True,
        "indexes": ["*a", ("*b", "*a"), {"fields": ["(b"]}],
    }
"""
    loaded = project(HEAD + models, tmp_path)
    lines = (HEAD + models).splitlines()
    spans = [loaded.project.index_span(index) for index in with_deep_stack(lambda: loaded.project.indexes)]
    assert [lines[s.line - 1][s.column - 1 : s.end_column - 1] for s in spans] == [
        '["*a", ("*b", "*a"), {"fields": ["(b"]}]',
        '"*b", "*a"',
        '{"fields": ["(b"]}',
        'StringField(unique_with="b")',
        "One",
    ]
