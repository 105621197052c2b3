"""The checklist of ``review``: a topic is ticked by what shows the thing itself, and by nothing less."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mongolint.engine.review.operations.checklist import checklist
from mongolint.source.deepstack import with_deep_stack
from mongolint.testing import project

CODE = """\
from pymongo import MongoClient

db = MongoClient("mongodb://db/shop").shop


def orders():
    return list(db.orders.find({"state": "new"}).limit(5))
"""
COMPOSE = """\
services:
  db:
    image: mongo:7.0
    command: mongod --auth --bind_ip_all
"""


def items(tmp_path: Path, files: dict[str, str]) -> list[dict[str, Any]]:
    loaded = project({"shop/orders.py": CODE, **files}, tmp_path)
    sources = {loaded.display[path]: loaded.text(path) or "" for path in loaded.sources}
    return with_deep_stack(lambda: checklist(loaded.project, tmp_path, tmp_path, sources))


def checked(tmp_path: Path, files: dict[str, str]) -> dict[str, tuple[list[str], list[str]]]:
    """Of each topic where it is shown, and where else the repository says something of it."""
    found = items(tmp_path, files)
    assert all(bool(item["note"]) == bool(item["bearing"]) for item in found if item["topic"] != "version")

    def at(places: list[Any]) -> list[str]:
        return [f"{place['file']}:{place['line']}" for place in places]

    return {item["topic"]: (at(item["shown"]), at(item["bearing"])) for item in found}


SHOWN: list[tuple[str, dict[str, str], str]] = [
    ("backup", {"k8s/dump.yaml": "kind: CronJob\nspec:\n  command: [mongodump, --archive=x]\n"}, "k8s/dump.yaml:3"),
    ("backup", {"ops/crontab": "0 3 * * * mongodump --out /backup\n"}, "ops/crontab:1"),
    ("backup", {"atlas.tf": "  cloud_backup = true\n"}, "atlas.tf:1"),
    (
        "backup",
        {".github/workflows/n.yml": "on:\n  schedule:\njobs:\n  run: mongodump --uri $URI\n"},
        ".github/workflows/n.yml:4",
    ),
    (
        "restore",
        {".github/workflows/n.yml": "on:\n  schedule:\nrun: mongorestore --dryRun dump\n"},
        ".github/workflows/n.yml:3",
    ),
    ("replica set", {"compose.yml": "image: mongo:7\ncommand: mongod --replSet rs0\n"}, "compose.yml:2"),
    ("replica set", {"shop/db.py": 'URL = "mongodb://a,b/?replicaSet=rs0"\n'}, "shop/db.py:1"),
    ("monitoring", {"compose.yml": "image: percona/mongodb_exporter:0.40\n"}, "compose.yml:1"),
    ("version", {"compose.yml": COMPOSE}, "compose.yml:3"),
    ("login", {"compose.yml": COMPOSE}, "compose.yml:4"),
    ("login", {"compose.yml": "image: mongo:7\nMONGO_INITDB_ROOT_USERNAME_FILE: /run/user\n"}, "compose.yml:2"),
    ("encryption", {"shop/db.py": 'URL = "mongodb://a,b/?tls=true"\n'}, "shop/db.py:1"),
    ("encryption", {"compose.yml": "image: mongo:7\ncommand: mongod --tlsMode requireTLS\n"}, "compose.yml:2"),
]


@pytest.mark.parametrize(("topic", "files", "place"), SHOWN, ids=[f"{t} {next(iter(f))}" for t, f, _ in SHOWN])
def test_shown(tmp_path: Path, topic: str, files: dict[str, str], place: str) -> None:
    files = {file: text if not file.endswith(".py") else f"{text}\n\n{CODE}" for file, text in files.items()}
    assert checked(tmp_path, files)[topic] == ([place], [])


BEARING: list[tuple[str, dict[str, str], str]] = [
    ("backup", {"teardown.yml": "- command: mongodump --archive=last.gz\n"}, "teardown.yml:1"),
    ("restore", {"restore.sh": "mongorestore --archive=$1\n"}, "restore.sh:1"),
    ("replica set", {"compose.yml": COMPOSE}, "compose.yml:3"),
    ("replica set", {"compose.yml": "services:\n  db:\n    image: mongo\n"}, "compose.yml:3"),
    ("version", {"compose.yml": "services:\n  db:\n    image: mongo:latest\n"}, "compose.yml:3"),
    ("login", {"compose.yml": "services:\n  db:\n    image: mongo:7\n    ports: ['27017:27017']\n"}, "compose.yml:3"),
    ("rights", {"init.sh": "mongosh --eval \"db.createUser({user: 'a', roles: ['readWrite']})\"\n"}, "init.sh:1"),
    ("rights", {"own.sh": "mongosh --eval \"db.createUser({user: 'a', roles: ['root']})\"\n"}, "own.sh:1"),
    (
        "rights",
        {"shop/db.py": f'import os\n\nUSER = os.environ["MONGO_INITDB_ROOT_USERNAME"]\n\n{CODE}'},
        "shop/db.py:3",
    ),
    (
        "rights",
        {"shop/db.py": f'class Settings:\n    MONGO_INITDB_ROOT_USERNAME: str = "root"\n\n{CODE}'},
        "shop/db.py:2",
    ),
    (
        "health",
        {"k8s/db.yaml": "readinessProbe:\n  command: [mongosh, --eval, db.adminCommand('ping')]\n"},
        "k8s/db.yaml:2",
    ),
    (
        "encryption",
        {
            "app.env": "URI=mongodb+srv://shop@db\n",
            "shop/db.py": f"import pymongo\n\nC = pymongo.MongoClient(tlsAllowInvalidCertificates=True)\n\n{CODE}",
        },
        "shop/db.py:3",
    ),
    ("encryption", {"app.env": "URI=mongodb://db/?tls=true&tlsInsecure=true\n"}, "app.env:1"),
]


@pytest.mark.parametrize(("topic", "files", "place"), BEARING, ids=[f"{t} {next(iter(f))}" for t, f, _ in BEARING])
def test_what_only_bears_on_it(tmp_path: Path, topic: str, files: dict[str, str], place: str) -> None:
    assert checked(tmp_path, files)[topic] == ([], [place])


NOTHING: list[tuple[str, dict[str, str]]] = [
    ("backup", {"play.yml": "- name: install mongodump\n  apt:\n    - mongodump\n"}),
    ("backup", {"run.sh": "# mongodump --out x\necho done\n"}),
    ("replica set", {".env.example": "URI=mongodb+srv://user:password@cluster\n"}),
    ("replica set", {"tests/compose.yml": COMPOSE}),
    ("replica set", {".github/workflows/tests.yml": COMPOSE}),
    ("replica set", {"shop/db.py": f'"""Takes mongodb://a/?replicaSet=rs0 as well."""\n\n{CODE}'}),
    ("version", {"docker-compose.test.yml": COMPOSE}),
    ("login", {"compose.yml": "image: mongo:7\n", "app.env": "URI=mongodb://shop:$PASSWORD@db/shop\n"}),
    ("login", {"compose.yml": "image: mongo:7\ncommand: mongod --keyFile /key\n"}),
    ("login", {"fame.env.template": "MONGO_INITDB_ROOT_USERNAME=admin\n"}),
    ("rights", {"compose.yml": "MONGO_INITDB_ROOT_USERNAME: admin\n"}),
    ("encryption", {"shop/db.py": f"OPTIONS = {{'tlsAllowInvalidCertificates': False}}\n\n{CODE}"}),
    ("health", {"wait.py": f'{CODE}\n\ndef wait():\n    db.command("ping")\n\n\nwait()\n'}),
]


@pytest.mark.parametrize(("topic", "files"), NOTHING, ids=[f"{t} {next(iter(f))}" for t, f in NOTHING])
def test_what_shows_nothing(tmp_path: Path, topic: str, files: dict[str, str]) -> None:
    assert checked(tmp_path, files)[topic] == ([], [])


HEALTH = """\
from fastapi import APIRouter, FastAPI

from shop.orders import db

app = FastAPI()
router = APIRouter(prefix="/internal")
app.include_router(router)


@router.get("/{path}")
def check():
    {body}


@app.get("/orders/{{order}}/status")
def state(order):
    return db.orders.find_one({{"_id": order}})
"""


@pytest.mark.parametrize(
    ("path", "body", "expected"),
    [
        ("healthz", 'return db.command("ping")', (["shop/main.py:13"], [])),
        ("ready", 'return db.orders.count_documents({"_id": 1})', (["shop/main.py:13"], [])),
        ("healthz", 'return "ok"', ([], ["shop/main.py:11"])),
        ("healthz", "return STORE.is_alive", (["shop/main.py:11", "shop/asking.py:11"], [])),
        ("healthz", "return count()", (["shop/main.py:11", "shop/asking.py:5"], [])),
        ("menu", 'return "ok"', ([], [])),
    ],
)
def test_health_checks_are_what_they_run(tmp_path: Path, path: str, body: str, expected: Any) -> None:
    asking = "from shop.orders import db\n\n\ndef count():\n    return db.orders.find_one()\n"
    asking += "\n\nclass Store:\n    @property\n    def is_alive(self):\n        return bool(db.command('ping'))\n"
    asking += "\n\nSTORE = Store()\n"
    head = "from shop.asking import STORE, count\n" if "healthz" in path else "\n"
    files = {"shop/main.py": head + HEALTH.format(path=path, body=body), "shop/asking.py": asking}
    found = checked(tmp_path, files)
    assert found["health"] == expected


def test_links_are_not_followed(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    outside = tmp_path_factory.mktemp("outside") / "restore.sh"
    outside.write_text("mongorestore --archive=x\n")
    (tmp_path / "restore.sh").symlink_to(outside)
    (tmp_path / "more").symlink_to(outside.parent)
    assert checked(tmp_path, {})["restore"] == ([], [])


@pytest.mark.parametrize(
    ("call", "asked", "is_told"),
    [
        ("db.orders.save({'_id': 1})", "pymongo==3.6.1\n", True),
        ("db.orders.save({'_id': 1})", "pymongo>=4\n", False),  # a finding
        ("db.orders.insert_one({'_id': 1})", "pymongo==3.6.1\n", False),
    ],
)
def test_calls_that_keep_an_old_driver_are_asked_about(tmp_path: Path, call: str, asked: str, is_told: bool) -> None:
    files = {"shop/db.py": f"{CODE}\n\ndef keep():\n    {call}\n", "requirements.txt": asked}
    found = checked(tmp_path, files)
    assert ("driver" in found) is is_told
    if is_told:
        assert [place.rpartition(":")[0] for place in found["driver"][1]] == ["shop/db.py"]


def test_motor_is_asked_about(tmp_path: Path) -> None:
    code = "from motor.motor_asyncio import AsyncIOMotorClient\n\ndb = AsyncIOMotorClient().shop\n"
    assert checked(tmp_path, {"shop/db.py": code})["driver"] == ([], ["shop/db.py:3"])
    assert "driver" not in checked(tmp_path / "tests", {"tests/test_db.py": code})


@pytest.mark.parametrize(
    ("tag", "ended"),
    [("6.0", "July 2025"), ("6.0.14-jammy", "July 2025"), ("6", "July 2025"), ("4.4", "2024"), ("8.0", ""), ("4", "")],
)
def test_servers_whose_support_has_ended(tmp_path: Path, tag: str, ended: str) -> None:
    (version,) = [
        item
        for item in items(tmp_path, {"compose.yml": f"services:\n  db:\n    image: mongo:{tag}\n"})
        if item["topic"] == "version"
    ]
    assert [place["line"] for place in version["shown"]] == [3]
    assert bool(version["note"]) is bool(ended)
    assert ended in version["note"]
