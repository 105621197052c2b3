"""With the suggested indexes no operation of the example that has a filter scans a collection."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pymongo
import pytest
from pymongo.collection import Collection
from pymongo.database import Database
from pymongo.errors import OperationFailure

from mongolint.cli.project import load_for_listing
from mongolint.coverage import ANY
from mongolint.coverage.values import Unknown
from mongolint.engine.load import Loaded
from mongolint.project.advice.suggest import Asked, questions
from mongolint.project.verdicts import as_index
from mongolint.source.deepstack import with_deep_stack

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "bookshelf"
Start = Callable[[list[str]], AbstractContextManager[tuple[subprocess.Popen[bytes], int]]]
FLAGS = ["--bind_ip", "127.0.0.1", "--nounixsocket", "--nojournal", "--setParameter", "notablescan=1"]


@pytest.fixture(scope="module")
def loaded() -> Loaded:
    return load_for_listing((EXAMPLE,))


@pytest.fixture
def without_scans(start_mongod: Start) -> Iterator[Database[dict[str, Any]]]:
    """A database on a server of its own that refuses collection scans."""
    with start_mongod(FLAGS) as (_, port):
        client: pymongo.MongoClient[dict[str, Any]] = pymongo.MongoClient("127.0.0.1", port, directConnection=True)
        with client:
            yield client["bookshelf"]


def test_no_collection_scan(loaded: Loaded, without_scans: Database[dict[str, Any]]) -> None:
    db = without_scans
    asked = [one for one in with_deep_stack(lambda: questions(loaded.project)) if one.query.filter]
    assert len(asked) > 30
    for name in {str(one.query.collection) for one in asked}:
        db.create_collection(name)
    for index in loaded.project.indexes:
        if not loaded.project.index_span(index).file.startswith("examples/"):
            continue  # of the project around it
        made = as_index(index)
        db[str(index.collection_name)].create_index(list(made.keys), **made.options)
    refused = [one for one in asked if not _runs(db, one)]
    assert refused, "without the suggestions some are scans"

    command = [sys.executable, "-m", "mongolint", "indexes", "suggest", "--format", "python", str(EXAMPLE)]
    script = subprocess.run(command, cwd=EXAMPLE.parent, capture_output=True, text=True, check=True)
    exec(compile(script.stdout, "suggested", "exec"), {"db": db})
    assert [one.query for one in asked if not _runs(db, one)] == []


def _runs(db: Database[dict[str, Any]], one: Asked) -> bool:
    """Whether the server runs a query; it refuses one that would scan the collection."""
    collection = db[str(one.query.collection)]
    try:
        _run(collection, one)
    except OperationFailure as refusal:
        if refusal.code == 291:
            return False
        raise
    return True


def _run(collection: Collection[dict[str, Any]], one: Asked) -> None:
    """The operation itself, with values in the place of those that only the running program knows."""
    filter, sort = _sample(dict(one.query.filter)), list(one.query.sort)
    name = one.operation.name if one.lookup is None else "find"
    update: dict[str, Any] = {"$set": {"touched": True}}
    if name == "aggregate":
        sorting = [{"$sort": dict(sort)}] if sort else []
        list(collection.aggregate([{"$match": filter}, *sorting]))
    elif name in ("update_one", "update_many"):
        getattr(collection, name)(filter, update)
    elif name == "find_one_and_update":
        collection.find_one_and_update(filter, update, sort=sort or None)
    elif name in ("delete_one", "delete_many", "count_documents", "find_one_and_delete"):
        getattr(collection, name)(filter)
    else:
        assert name in ("find", "find_one"), name
        list(collection.find(filter, sort=sort or None))


def _sample(value: Any, operator: str = "") -> Any:
    if isinstance(value, Unknown):
        return ["x", "y"] if operator in ("$in", "$nin", "$all") else "x"
    if isinstance(value, dict):
        return {name: _sample(each, name) for name, each in value.items()}
    return [_sample(each, operator) for each in value] if isinstance(value, list) else value


def test_samples_stand_for_unknown_values() -> None:
    assert _sample({"a": {"$in": ANY}, "b": [ANY, 1]}) == {"a": {"$in": ["x", "y"]}, "b": ["x", 1]}
