"""Which files can matter, as far as bytes tell."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mongolint.engine.reading.relevance import Memo, certain, relevant, uses_driver
from mongolint.link.imports import ImportMap

ROOT = "/p"


def chosen(files: dict[str, str]) -> set[str]:
    sources = {f"{ROOT}/{name}": text.encode() for name, text in files.items()}
    found = relevant(sources, ImportMap(sources, ROOT), Memo())
    return {path.removeprefix(f"{ROOT}/") for path in found}


@pytest.mark.parametrize(
    "text",
    [
        "import pymongo\n",
        "import os, pymongo.errors as errors\n",
        "try:\n    from motor.motor_asyncio import AsyncIOMotorClient\nexcept ImportError:\n    pass\n",
        "from \\\n    bson import ObjectId\n",
        "from pymongo \\\r\n    import MongoClient\r\n",
        "from flask.ext.pymongo import PyMongo\n",
        'important = 1; reimported = 2\nimport_it = "import x"\nimport gridfs\n',
    ],
)
def test_files_that_import_the_driver_are_certain(text: str) -> None:
    assert certain({"a.py": text.encode()}, Memo()) == ["a.py"]
    assert uses_driver({"a": b"", "b": text.encode()}, Memo())


@pytest.mark.parametrize(
    "text",
    [
        "import pymongo_inmemory\n",
        "from .bson import x\n",
        "x = 1  # import pymongo\n",
        "from app.motor import wheel\n",
        "",
    ],
)
def test_others_are_not(text: str) -> None:
    assert certain({"a.py": text.encode()}, Memo()) == []
    assert not uses_driver({"a": text.encode()}, Memo())


def test_who_imports_and_is_imported_by_a_user_of_the_driver_matters() -> None:
    files = {
        "db.py": "import pymongo\nfrom app.names import (\n    USERS,  # the users\n)\n",
        "app/__init__.py": "",
        "app/names.py": "USERS = 'users'\n",
        "web.py": "from \\\n  db import users\n",
        "alone.py": "import os\n",
    }
    assert chosen(files) == {"db.py", "app/__init__.py", "app/names.py", "web.py"}
    assert chosen({name: text.replace("pymongo", "sqlite3") for name, text in files.items()}) == set()


_LINE = re.compile(rb"^[ \t]*(?:from[ \t]+(\w+)[ \t]+import\b|import[ \t]+(\w+))", re.MULTILINE)
PIECES = ["import ", "from ", "pymongo", "a", " ", "\n", "\t", ".", ",", ";", "#", "(", ")", '"', "important"]


@given(st.lists(st.sampled_from(PIECES), max_size=14).map("".join))
def test_looking_for_the_word_finds_what_looking_at_each_line_does(text: str) -> None:
    data = text.encode()
    inside = any(
        match.start() < each.start() < match.end()
        for match in re.finditer(rb"\([^)]*\)", data)
        for each in _LINE.finditer(data)
    )
    if not inside and any(b"pymongo" in match.groups() for match in _LINE.finditer(data)):
        assert uses_driver({"a": data}, Memo())
