"""How a request names a handler, and which calls get to a place of a function."""

from __future__ import annotations

from pathlib import Path

import pytest

from mongolint.source.deepstack import with_deep_stack
from mongolint.testing import project

FASTAPI = """\
from fastapi import APIRouter, FastAPI

from settings import PREFIX, unknown

app, inner, outer = FastAPI(), APIRouter(prefix="/inner/"), APIRouter()
outer.include_router(inner, prefix="/v1")
app.include_router(outer, prefix={prefix})


@{decorator}
async def handler():
    pass
"""
FLASK = """\
from flask import Blueprint, Flask

app, api, lost = Flask(__name__), Blueprint("api", __name__), Blueprint("lost", __name__)
app.register_blueprint(api, url_prefix="/api")


@{decorator}
def handler():
    pass
"""
CLASSFUL = """\
from flask_classful import FlaskView, route


class FilesView(FlaskView):
    {base}

    @route("/<id>/scan", methods=["POST"])
    def handler(self, id):
        pass
"""
SETTINGS = 'import os\n\nPREFIX = "/api"\nunknown = os.environ["PREFIX"]\n'


def route(tmp_path: Path, code: str) -> str:
    found = project(
        {"app.py": code, "settings.py": SETTINGS, "db.py": "import pymongo\nimport app\n"}, tmp_path
    ).project

    def of() -> str:
        for module, facts in enumerate(found.modules):
            for scope in facts.scopes:
                if scope.name == "handler":
                    return found.reachability.routes.of(module, scope.index)
        raise AssertionError

    return with_deep_stack(of)


@pytest.mark.parametrize(
    ("decorator", "prefix", "expected"),
    [
        ('app.get("/x/{id}")', '""', "GET /x/{id}"),
        ('inner.post("/x")', '"/api"', "POST /api/v1/inner/x"),
        ('inner.delete("")', "PREFIX", "DELETE /api/v1/inner"),
        ('inner.get("/")', "PREFIX", "GET /api/v1/inner/"),
        ('inner.put("/x")', "unknown", "PUT …/v1/inner/x"),
        ('app.api_route(path="/x", methods=["GET", "POST"])', '""', "GET/POST /x"),
        ('unknown.get("/x")', '""', "GET …/x"),
        ('app.get("/")', '""', "GET /"),
        ("app.get(unknown)", '""', ""),
        ('app.on_event("startup")', '""', ""),
    ],
)
def test_fastapi(tmp_path: Path, decorator: str, prefix: str, expected: str) -> None:
    assert route(tmp_path, FASTAPI.format(decorator=decorator, prefix=prefix)) == expected


@pytest.mark.parametrize(
    ("decorator", "expected"),
    [
        ('app.route("/x")', "GET /x"),
        ('api.route("/x", methods=["OPTIONS", "PUT"])', "PUT /api/x"),
        ('lost.route("/x")', "GET …/x"),
    ],
)
def test_flask(tmp_path: Path, decorator: str, expected: str) -> None:
    assert route(tmp_path, FLASK.format(decorator=decorator)) == expected


@pytest.mark.parametrize(
    ("base", "expected"), [("", "POST /files/<id>/scan"), ('route_base = "/f"', "POST /f/<id>/scan")]
)
def test_flask_classful(tmp_path: Path, base: str, expected: str) -> None:
    assert route(tmp_path, CLASSFUL.format(base=base)) == expected


TESTED = """\
from fastapi import Depends, FastAPI
from pymongo import MongoClient

app, db = FastAPI(), MongoClient().app


class User:
    pass


class Many:
    def __len__(self):
        return 0


def find(mail=None, *, wide=False, kind="a"):
    {test}
        db.users.find_one({{"mail": mail}})


def current() -> User | None:
    return None


@app.get("/")
def handler(mail, rest: dict, user: User = Depends(current), maybe: User | None = Depends(current)):
    find({arguments})
"""


@pytest.mark.parametrize(
    ("test", "arguments", "reaches"),
    [
        ("if mail:", "", False),
        ("if mail:", "mail", True),
        ("if mail:", "mail=mail", True),
        ("if mail:", "**rest", True),
        ("if not mail:", "", True),
        ("if not mail:", '"a@b.c"', False),
        ("if not mail:", "User()", False),
        ("if not mail:", "Many()", True),
        ("if not mail:", "user", False),
        ("if not mail:", "mail=maybe", True),
        ("if wide:", "mail", False),
        ("if wide:", "mail, wide=True", True),
        ("if mail and wide:", "mail", False),
        ("if mail or wide:", "wide=True", True),
        ("if mail is None:", "", True),
        ("if mail is None:", "mail", True),
        ("if mail is not None:", "", False),
        ("if kind:", "", True),
        ("if not kind:", "", False),
        ("if mail and other(mail):", "", False),
        ("if other():", "", True),
        ("if wide:\n        return\n    if True:", "wide=True", False),
    ],
)
def test_what_a_call_passes_rules_ways_out(tmp_path: Path, test: str, arguments: str, reaches: bool) -> None:
    found = project(TESTED.format(test=test, arguments=arguments), tmp_path).project

    def path() -> object:
        (operation,) = found.operations
        return found.reachability.request_path(operation.module, operation.scope, row=operation.row)

    assert (with_deep_stack(path) is not None) is reaches
