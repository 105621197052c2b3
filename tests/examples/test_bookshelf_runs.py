"""The example backend answers real requests on a real server, which has the validators that its own code has.

Only answers are asserted that hold before and after its planted faults are fixed.
"""

from __future__ import annotations

import importlib
import uuid
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pymongo
import pytest
from pymongo.database import Database
from pymongo.errors import WriteError

from mongolint.cli.project import load_for_listing
from mongolint.engine.listing import schema

BOOKSHELF = Path(__file__).resolve().parents[2] / "examples" / "bookshelf"
PASSWORD = "correct horse"
LONG_AGO = datetime(2020, 1, 1, tzinfo=timezone.utc)


@pytest.fixture(scope="module")
def database(mongod_uri: str) -> Iterator[Database[dict[str, Any]]]:
    """The application's database, to look behind its answers."""
    client: pymongo.MongoClient[dict[str, Any]] = pymongo.MongoClient(mongod_uri)
    with client:
        db = client[f"bookshelf_{uuid.uuid4().hex}"]
        yield db
        client.drop_database(db.name)


@pytest.fixture(scope="module")
def validated(database: Database[dict[str, Any]]) -> dict[str, Any]:
    """The validators of its collections, which refuse what the code does not write."""
    found = {item["collection"]: item["validator"] for item in schema(load_for_listing([BOOKSHELF]))}
    for name, validator in found.items():
        database.create_collection(name, validator=validator, validationLevel="moderate")
    return found


@pytest.fixture(scope="module")
def api(running: Any, database: Database[dict[str, Any]], validated: dict[str, Any]) -> Iterator[Any]:
    """The running application."""
    with running("bookshelf", database.name) as app:
        yield app


class Author:
    """One signed-in account and its requests."""

    def __init__(self, api: Any, **form: Any) -> None:
        self.api = api
        self.handle = f"a{uuid.uuid4().hex[:12]}"
        self.email = f"{self.handle}@example.org"
        self.headers: dict[str, str] = {}
        form = {
            "email": self.email,
            "handle": self.handle,
            "display_name": "Ada",
            "password": PASSWORD,
        } | form
        self.id: str = self.call("POST", "/users", 201, form)["id"]
        self.sign_in()

    def sign_in(self) -> str:
        login = {"email": self.email, "password": PASSWORD}
        token: str = self.call("POST", "/sessions", 201, login)["token"]
        self.headers = {"X-Session-Token": token}
        return token

    def call(self, method: str, path: str, status: int = 200, body: object = None) -> Any:
        """The decoded answer to a request that must end with this status."""
        answer = self.api.request(method, path, json=body, headers=self.headers)
        assert answer.status_code == status, answer.text
        return answer.json() if answer.content else None

    def add_book(self, title: str, chapters: tuple[str, ...] = (), **form: Any) -> dict[str, Any]:
        book: dict[str, Any] = self.call("POST", "/books", 201, {"title": title, **form})
        for chapter in chapters:
            book["table_of_contents"] = self.call("POST", f"/books/{book['id']}/chapters", 201, {"title": chapter})
        return book

    def add_questions(self, book: dict[str, Any], *texts: str) -> tuple[str, list[dict[str, Any]]]:
        """Questions in the first chapter, with the path they live under."""
        path = f"/books/{book['id']}/chapters/{chapter_ids(book)[0]}/questions"
        return path, self.call("POST", path, 201, {"questions": [{"text": text} for text in texts]})


@pytest.fixture
def author(api: Any) -> Author:
    return Author(api)


def chapter_ids(book: dict[str, Any]) -> list[str]:
    return [chapter["id"] for chapter in book["table_of_contents"]["chapters"]]


def titles(items: list[dict[str, Any]]) -> list[str]:
    return [item["title"] for item in items]


def test_validators_hold(author: Author, database: Database[dict[str, Any]], validated: dict[str, Any]) -> None:
    """What the application writes passes them, as all tests here show; what it does not, they refuse."""
    assert all(len(validator["$jsonSchema"]["properties"]) > 5 for validator in validated.values())
    with pytest.raises(WriteError):
        database["users"].update_one({"handle": author.handle}, {"$set": {"is_active": "yes"}})
    with pytest.raises(WriteError):
        database["books"].insert_one({"title": "No owner"})


def test_health(api: Any) -> None:
    assert api.request("GET", "/health").json() == {"status": "ok"}


def test_sign_up_and_profile(author: Author) -> None:
    me = author.call("GET", "/users/me")
    assert (me["id"], me["email"], me["role"]) == (author.id, author.email, "author")

    changed = author.call("PATCH", "/users/me", body={"display_name": "Ada L.", "preferences": {"dark": True}})
    assert (changed["display_name"], changed["preferences"]) == ("Ada L.", {"dark": True})

    profile = author.call("GET", f"/users/{author.handle}")
    assert profile == {"handle": author.handle, "display_name": "Ada L.", "books": 0}


def test_address_and_handle_are_taken_once(author: Author) -> None:
    form = {"email": author.email, "handle": "someone_else", "display_name": "B", "password": PASSWORD}
    assert author.call("POST", "/users", 409, form) == {"detail": "Address already registered"}

    form |= {"email": f"other-{author.email}", "handle": author.handle}
    assert author.call("POST", "/users", 409, form) == {"detail": "Handle already taken"}


def test_sign_up_with_starter_books(api: Any) -> None:
    author = Author(api, starter_books=True)
    assert titles(author.call("GET", "/books/shelf")) == ["My first novel", "Notebook"]


def test_books_are_listed_searched_changed_and_archived(author: Author) -> None:
    word = f"Voyage{uuid.uuid4().hex[:6]}"
    first = author.add_book(f"{word} out", genre="travel")
    second = author.add_book(f"{word} home", genre="travel")
    assert author.call("POST", "/books", 409, {"title": f"{word} out"})["detail"].startswith("You already")

    assert titles(author.call("GET", "/books?skip=1&limit=5")) == [f"{word} home"]
    assert titles(author.call("GET", "/books/shelf")) == [f"{word} out", f"{word} home"]
    assert author.call("GET", f"/books/catalogue?q={word}") == []

    author.call("PATCH", f"/books/{second['id']}", body={"status": "published"})
    (entry,) = author.call("GET", f"/books/catalogue?q={word.lower()}&genre=travel")
    assert (entry["id"], entry["author"]) == (second["id"], "Ada")

    assert author.call("POST", "/books/archive", body={"book_ids": [first["id"]]}) == {"archived": 1}
    assert author.call("GET", f"/books/{first['id']}")["status"] == "archived"
    assert author.call("GET", "/users/me/statistics") == {"genres": {"travel": 2}, "words": 0}
    author.call("GET", "/books/not-an-id", 404)


def test_outline(author: Author) -> None:
    book = author.add_book("Outline", ("One", "Two", "Three"))
    path, ids = f"/books/{book['id']}/chapters", chapter_ids(book)

    toc = author.call("PUT", f"{path}/order", body={"chapter_ids": [ids[2], ids[0], ids[1]]})
    assert titles(toc["chapters"]) == ["Three", "One", "Two"]

    author.call("PATCH", f"{path}/{ids[0]}", 204, {"title": "First"})
    toc = author.call("DELETE", f"{path}/{ids[1]}")
    assert titles(toc["chapters"]) == ["Three", "First"]

    replacement = {"expected_version": toc["version"], "chapters": [{"title": "All"}]}
    assert author.call("PUT", path, body=replacement) == {"version": toc["version"] + 1}
    author.call("PUT", path, 409, replacement)
    author.call("POST", f"/books/{author.id}/chapters", 404, {"title": "Nowhere"})


def test_questions_and_responses(author: Author, database: Database[dict[str, Any]]) -> None:
    book = author.add_book("Asked", ("One",))
    path, created = author.add_questions(book, "Who is it about?", "Where does it start?")
    who, where = (question["id"] for question in created)
    assert [question["order"] for question in created] == [1, 2]

    author.call("PUT", f"/questions/{who}/response", body={"text": "A clerk", "status": "draft"})
    saved = author.call("PUT", f"/questions/{who}/response", body={"text": "A tired clerk", "status": "final"})
    assert saved == {"question_id": who, "text": "A tired clerk", "status": "final", "word_count": 3}
    assert database["question_responses"].count_documents({"question_id": who}) == 1

    author.call("PUT", f"{path}/order", 204, {"question_ids": [where, who]})
    listed = author.call("GET", path)
    assert [(item["id"], item["response"], item["response_status"]) for item in listed] == [
        (where, None, "open"),
        (who, "A tired clerk", "final"),
    ]
    assert author.call("GET", "/users/me/statistics")["words"] == 3

    assert author.call("DELETE", path) == {"deleted": 2}
    assert author.call("GET", path) == []
    assert database["question_responses"].count_documents({"question_id": who}) == 0


def test_removed_chapter_detaches_its_questions(author: Author) -> None:
    book = author.add_book("Detached", ("One",))
    _, (question,) = author.add_questions(book, "Still here?")
    author.call("DELETE", f"/books/{book['id']}/chapters/{chapter_ids(book)[0]}")
    author.call("PUT", f"/questions/{question['id']}/response", 404, {"text": "No"})


def test_progress(author: Author) -> None:
    author.add_book("Untouched")
    book = author.add_book("Begun", ("One", "Two"))
    _, (first, _second) = author.add_questions(book, "Who is it?", "Where is it?")
    author.call("PUT", f"/questions/{first['id']}/response", body={"text": "Me", "status": "final"})

    rows = {row.pop("title"): row for row in author.call("GET", "/books/progress")}
    assert rows["Begun"] == {"id": book["id"], "chapters": 2, "questions": 2, "answered": 1}
    assert (rows["Untouched"]["questions"], rows["Untouched"]["answered"]) == (0, 0)


def test_sessions(author: Author) -> None:
    author.call("POST", "/sessions", 401, {"email": author.email, "password": "wrong password"})
    for _device in range(6):
        author.sign_in()
    sessions = author.call("GET", "/sessions")
    assert len(sessions) == 5
    assert [session["current"] for session in sessions].count(True) == 1

    author.call("DELETE", "/sessions/current", 204)
    author.call("GET", "/users/me", 401)
    author.sign_in()
    assert author.call("DELETE", "/sessions") == {"ended": 5}
    author.call("GET", "/sessions", 401)


def test_transfer(api: Any, author: Author) -> None:
    heir = Author(api)
    book = author.add_book("Inherited")
    assert author.call("POST", f"/books/{book['id']}/transfer", body={"handle": heir.handle}) == {"owner": heir.handle}
    assert author.call("GET", "/books/shelf") == []
    assert titles(heir.call("GET", "/books/shelf")) == ["Inherited"]
    author.call("POST", f"/books/{book['id']}/transfer", 404, {"handle": heir.handle})


def test_delete_book_and_account(author: Author) -> None:
    book = author.add_book("Short-lived", ("One",))
    author.add_questions(book, "Left behind?")
    author.call("DELETE", f"/books/{book['id']}", 204)
    author.call("GET", f"/books/{book['id']}", 404)
    author.call("DELETE", f"/books/{book['id']}", 404)
    assert author.call("GET", "/users/me")["book_ids"] == []

    author.call("DELETE", "/users/me", 204)
    author.call("GET", "/users/me", 401)
    author.call("GET", f"/users/{author.handle}", 404)


def test_administration(author: Author, database: Database[dict[str, Any]]) -> None:
    author.call("GET", "/admin/activity", 403)
    database["users"].update_one({"handle": author.handle}, {"$set": {"role": "admin"}})
    book = author.add_book("Watched")

    newest = author.call("GET", "/admin/activity?limit=1")[0]
    assert (newest["who"], newest["action"], newest["resource_id"]) == ("Ada", "create", book["id"])
    assert author.call("GET", f"/admin/books/{book['id']}/history") == [f"{author.id} create"]
    assert author.call("GET", "/admin/totals")["users"] == database["users"].count_documents({})


def test_unscheduled_work(api: Any, author: Author, database: Database[dict[str, Any]]) -> None:
    """What no request reaches still runs: the clean-up, the index manager and the migration."""
    sessions = importlib.import_module("app.db.session")
    database["sessions"].update_many({"user_id": author.id}, {"$set": {"expires_at": LONG_AGO}})
    api.run(sessions.delete_expired_sessions())
    assert database["sessions"].count_documents({"user_id": author.id}) == 0

    migration = importlib.import_module("app.scripts.migrate_word_counts")
    answers = database["question_responses"]
    old = answers.insert_one({"text": "two words"}, bypass_document_validation=True).inserted_id
    assert api.run(migration.migrate(dry_run=True)) == 1
    assert api.run(migration.migrate(dry_run=False)) == 1
    migrated = answers.find_one({"_id": old})
    assert migrated is not None
    assert migrated["word_count"] == 2

    indexing, base = importlib.import_module("app.db.indexing"), importlib.import_module("app.db.base")
    manager = indexing.IndexManager(base.database)
    assert "books_owner_updated" in api.run(manager.create_all())
    assert not any(api.run(manager.missing()).values())
