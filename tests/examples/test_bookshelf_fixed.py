"""``examples/bookshelf_fixed`` is what ``--fix --unsafe-fixes`` leaves of the example, and it answers as before."""

from __future__ import annotations

import contextlib
import difflib
import importlib
import json
import logging
import re
import shutil
import subprocess
import sys
import uuid
from collections import Counter
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import pymongo
import pytest
from bson import ObjectId
from pymongo.database import Database

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
GIVEN, FIXED = EXAMPLES / "bookshelf", EXAMPLES / "bookshelf_fixed"
REFRESH = (
    "cp -r examples/bookshelf/app examples/bookshelf_fixed/ && "
    "mongolint check --diff --unsafe-fixes -q examples/bookshelf | patch -p2 -d examples/bookshelf_fixed"
)
PASSWORD = "correct horse"
# Each with two writes: more than one batch
MANY = 600

_ID = re.compile(r"(?<![\w-])(?:[0-9a-f]{24}|[0-9a-f]{32}|[0-9a-f]{64}|[\w-]{43})(?![\w-])")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+(?:Z|\+00:00)?")


def texts(folder: Path) -> dict[str, str]:
    return {file.relative_to(folder).as_posix(): file.read_text(encoding="utf-8") for file in folder.rglob("*.py")}


def test_fixes(tmp_path: Path) -> None:
    """Fixed by the command line on a copy: once, because there is nothing left to do for a second run."""
    copy = shutil.copytree(GIVEN, tmp_path / "bookshelf", ignore=shutil.ignore_patterns("__pycache__"))

    def run(*options: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "mongolint", "check", "--unsafe-fixes", "-q", *options, "bookshelf"]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    first = run("--fix")
    assert (first.returncode, first.stderr) == (1, ""), "what needs a person is left, and no fix is refused"
    golden, fixed = texts(FIXED), texts(copy)
    differing = [name for name in sorted({*golden, *fixed}) if golden.get(name) != fixed.get(name)]
    shown = "\n".join(line for name in differing for line in _difference(name, golden, fixed))
    assert not differing, f"{shown}\n\nIf that is right: {REFRESH}"
    for name, text in fixed.items():
        compile(text, name, "exec", dont_inherit=True)

    second = run("--diff")
    assert (second.returncode, second.stdout, second.stderr) == (0, "", "")


def _difference(name: str, golden: dict[str, str], fixed: dict[str, str]) -> Iterator[str]:
    old, new = golden.get(name, ""), fixed.get(name, "")
    return difflib.unified_diff(old.splitlines(), new.splitlines(), f"golden/{name}", f"fixed/{name}", lineterm="")


@dataclass
class Step:
    """A request, or work beside the requests: what came of it, and what it took.

    ``batched``: its queries ran in a loop. ``failed``: the database refused something.
    """

    title: str
    result: Any
    batched: bool
    failed: bool
    commands: list[str]
    errors: int


class Errors(logging.Handler):
    """Collects what is logged as an error."""

    def __init__(self, records: list[logging.LogRecord]) -> None:
        super().__init__(logging.ERROR)
        self.records = records

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)


class Story:
    """All that happens to one backend. Generated ids are told by the order in which they appear."""

    def __init__(self, app: Any, db: Database[dict[str, Any]]) -> None:
        self.app = app
        self.db = db
        self.steps: list[Step] = []
        self.errors: list[logging.LogRecord] = []
        self._ids: dict[str, str] = {}

    def ask(
        self, method: str, path: str, body: object = None, who: User | None = None, *, batched: bool = False
    ) -> Any:
        """The decoded answer to a request."""
        before, seen = len(self.app.commands.sent), len(self.errors)
        answer = self.app.request(method, path, json=body, headers=who.headers if who else {})
        decoded = answer.json() if answer.content else None
        if path.startswith("/books?"):  # has no sort: with an index the books come in another order
            decoded.sort(key=lambda book: book["title"])
        self._add(f"{method} {path}", [answer.status_code, decoded], before, seen, batched)
        return decoded

    def work(self, title: str, work: Coroutine[Any, Any, Any], *, batched: bool = False) -> None:
        before, seen = len(self.app.commands.sent), len(self.errors)
        self._add(title, self.app.run(work), before, seen, batched)

    def _add(self, title: str, result: object, before: int, seen: int, batched: bool) -> None:
        commands, errors = self.app.commands.sent[before:], len(self.errors) - seen
        step = Step(self.plain(title), self.plain(result), batched, False, commands, errors)
        self.steps.append(step)

    @contextmanager
    def refusal(self, command: str, collection: str) -> Iterator[None]:
        """One command on a collection fails in the server."""
        admin, place = self.db.client.admin, f"{self.db.name}.{collection}"
        data = {"failCommands": [command], "namespace": place, "errorCode": 96}
        fired = admin.command({"configureFailPoint": "failCommand", "mode": {"times": 1}, "data": data})["count"]
        yield
        off = admin.command({"configureFailPoint": "failCommand", "mode": "off"})
        assert off["count"] == fired + 1
        self.steps[-1].failed = True

    def contents(self) -> dict[str, Any]:
        """What is in the database, in the order it was stored."""
        names = sorted(self.db.list_collection_names())
        return {name: [self.plain(document) for document in self.db[name].find()] for name in names}

    def indexes(self) -> set[tuple[str, str]]:
        names = self.db.list_collection_names()
        return {(name, index) for name in names for index in self.db[name].index_information()}

    def plain(self, value: Any) -> Any:
        match value:
            case dict():
                return {key: self.plain(item) for key, item in value.items()}
            case list():
                return [self.plain(item) for item in value]
            case datetime():
                return "<time>"
            case str() | ObjectId():
                named = _ID.sub(lambda found: self._ids.setdefault(found[0], f"<{len(self._ids)}>"), str(value))
                return _TIME.sub("<time>", named)
        return value


@dataclass
class User:
    """An account of a story, signed in."""

    story: Story
    handle: str
    form: dict[str, Any] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    id: str = ""

    @property
    def login(self) -> dict[str, str]:
        return {"email": f"{self.handle}@example.org", "password": PASSWORD}

    def sign_up(self) -> User:
        form = {**self.login, "handle": self.handle, "display_name": self.handle.title(), **self.form}
        self.id = self.story.ask("POST", "/users", form)["id"]
        self.sign_in()
        return self

    def sign_in(self, *, batched: bool = False) -> None:
        token = self.story.ask("POST", "/sessions", self.login, batched=batched)["token"]
        self.headers = {"X-Session-Token": token}

    def ask(self, method: str, path: str, body: object = None, *, batched: bool = False) -> Any:
        return self.story.ask(method, path, body, self, batched=batched)

    def add_book(self, title: str, *chapters: str, **form: Any) -> tuple[str, list[str]]:
        """The paths of a new book and of its chapters."""
        path = f"/books/{self.ask('POST', '/books', {'title': title, **form})['id']}"
        outline = [self.ask("POST", f"{path}/chapters", {"title": chapter}) for chapter in chapters]
        return path, [f"{path}/chapters/{chapter['id']}" for toc in outline[-1:] for chapter in toc["chapters"]]


def accounts(story: Story) -> tuple[User, User]:
    ada = User(story, "ada", {"starter_books": True}).sign_up()
    bob = User(story, "bob").sign_up()
    form = {**ada.login, "handle": "someone", "display_name": "S"}
    story.ask("POST", "/users", {**form, "email": "ADA@example.org"})
    story.ask("POST", "/users", {**form, "email": "other@example.org", "handle": "bob"})
    for wrong in ({"password": "wrong"}, {"email": "nobody@example.org"}):
        story.ask("POST", "/sessions", {**ada.login, **wrong})
    story.ask("GET", "/users/me")
    return ada, bob


def books(ada: User, bob: User) -> None:
    path, (first, second, third) = ada.add_book("Voyage out", "One", "Two", "Three", genre="travel")
    draft, _ = ada.add_book("Voyage home", genre="travel")
    ada.ask("POST", "/books", {"title": "Voyage home"})
    bob.ask("POST", "/books", {"title": "Voyage home"})
    ada.ask("PATCH", path, {"status": "published"})
    for page in (path, draft, "/books/not-an-id", f"/books/{ada.id}"):
        ada.ask("GET", page)
        bob.ask("GET", page)
    ada.ask("DELETE", second)
    ada.ask("DELETE", f"/books/{ada.id}/chapters/x")
    ada.ask("POST", f"/books/{ada.id}/chapters", {"title": "Nowhere"})
    ada.ask("PUT", f"{path}/chapters/order", {"chapter_ids": [third.rpartition("/")[2], first.rpartition("/")[2]]})
    ada.ask("POST", "/books/archive", {"book_ids": [draft.rpartition("/")[2]]})
    for listing in ("?limit=50", "/shelf", "/progress", "/catalogue?q=voyage"):
        ada.ask("GET", f"/books{listing}")
    ada.ask("GET", "/users/me/statistics")
    ada.ask("POST", f"{draft}/transfer", {"handle": "bob"})


def questions(ada: User, bob: User) -> None:
    responses = ada.story.db["question_responses"]
    path, (first, second) = ada.add_book("Asked", "One", "Two")
    asked = {"questions": [{"text": f"What is {thing}?"} for thing in ("it", "this", "that", "there", "missing")]}
    ids = [question["id"] for question in ada.ask("POST", f"{first}/questions", asked)]
    (other,) = ada.ask("POST", f"{second}/questions", {"questions": [{"text": "And here?"}]})
    for number, question in enumerate(ids[:3]):
        ada.ask("PUT", f"/questions/{question}/response", {"text": "a tired clerk", "status": "draft"})
        if number:
            ada.ask("PUT", f"/questions/{question}/response", {"text": "a clerk", "status": "final"})
            bob.ask("PUT", f"/questions/{question}/response", {"text": f"not {number}"})
    responses.insert_one({"question_id": ids[1], "user_id": "somebody", "text": "late", "status": "draft"})

    ada.ask("GET", f"{first}/questions", batched=True)
    ada.ask("GET", f"{first}/questions?limit=2", batched=True)
    bob.ask("GET", f"{first}/questions", batched=True)
    ada.ask("GET", f"{path}/chapters/none/questions")
    order = [*reversed(ids), other["id"], ids[2]]
    ada.ask("PUT", f"{first}/questions/order", {"question_ids": order}, batched=True)
    ada.ask("PUT", f"{first}/questions/order", {"question_ids": [*ids, "not-an-id"]})
    ada.ask("PUT", f"{path}/chapters/none/questions/order", {"question_ids": ids})
    ada.ask("GET", f"{first}/questions", batched=True)
    ada.ask("GET", "/books/progress")
    ada.ask("GET", "/users/me/statistics")

    ada.ask("DELETE", f"{first}/questions", batched=True)
    ada.ask("DELETE", f"{first}/questions")
    ada.ask("GET", f"{first}/questions")
    book, chapter = second.split("/")[2::2]
    stored = [{"book_id": book, "chapter_id": chapter, "order": number} for number in range(MANY)]
    for question in ada.story.db["questions"].insert_many(stored).inserted_ids[::100]:
        responses.insert_one({"question_id": str(question), "user_id": ada.id, "text": "x", "word_count": 1})
    ada.ask("DELETE", f"{second}/questions", batched=True)


def sessions(ada: User, bob: User) -> None:
    for _device in range(4):
        ada.sign_in()
    ada.sign_in()
    settings = importlib.import_module("app.core.config").settings
    settings.max_sessions_per_user = 2
    ada.sign_in(batched=True)
    ada.ask("GET", "/sessions")
    ada.ask("DELETE", "/sessions/current")
    ada.ask("GET", "/sessions")
    ada.sign_in()
    ada.ask("DELETE", "/sessions")
    ada.sign_in()
    work = importlib.import_module("app.db.session").delete_expired_sessions
    ada.story.work("delete_expired_sessions", work())


def refusals(ada: User, bob: User) -> None:
    """The database fails where the backend goes on without it."""
    story = ada.story
    with story.refusal("insert", "audit_logs"):
        path, _ = ada.add_book("Unwatched")
    with story.refusal("find", "books"):
        ada.ask("GET", path)
    with story.refusal("delete", "books"):
        ada.ask("DELETE", path)
    with story.refusal("find", "users"):
        ada.ask("GET", "/users/me")
    with story.refusal("delete", "users"):
        bob.ask("DELETE", "/users/me")
    ada.ask("DELETE", path)
    ada.ask("DELETE", path)


def administration(ada: User, bob: User) -> None:
    story = ada.story
    story.ask("GET", "/health")
    ada.ask("GET", "/admin/totals")
    story.db["users"].update_one({"handle": "ada"}, {"$set": {"role": "admin"}})
    ada.ask("GET", "/admin/totals")
    bob.sign_in()
    bob.ask("DELETE", "/users/me")
    ada.ask("GET", "/admin/activity?limit=100")
    shelf = ada.ask("GET", "/books/shelf")
    ada.ask("GET", f"/admin/books/{shelf[-1]['id']}/history")

    migrate = importlib.import_module("app.scripts.migrate_word_counts").migrate
    story.db["question_responses"].insert_many(
        {"question_id": str(number), "user_id": "reader", "text": "two words " * (number % 3)} for number in range(120)
    )
    story.work("migrate, dry run", migrate(dry_run=True))
    story.work("migrate", migrate(dry_run=False), batched=True)
    story.work("migrate again", migrate(dry_run=False))


@dataclass
class Told:
    steps: list[Step]
    contents: dict[str, Any]
    indexes: set[tuple[str, str]]


@pytest.fixture(scope="module")
def told(running: Any, mongod_uri: str) -> list[Told]:
    """The same story of the backend as it is given and as it is fixed."""
    client: pymongo.MongoClient[dict[str, Any]] = pymongo.MongoClient(mongod_uri)
    with client:
        return [_tell(running, client[f"bookshelf_{uuid.uuid4().hex}"], folder.name) for folder in (GIVEN, FIXED)]


def _tell(running: Any, db: Database[dict[str, Any]], example: str) -> Told:
    logger = logging.getLogger("app")
    with running(example, db.name) as app:
        story = Story(app, db)
        handler = Errors(story.errors)
        logger.addHandler(handler)
        try:
            importlib.import_module("app.core.config").settings.password_rounds = 100
            users = accounts(story)
            for chapter in (books, questions, sessions, refusals, administration):
                chapter(*users)
            told = Told(story.steps, story.contents(), story.indexes())
        finally:
            logger.removeHandler(handler)
            db.client.drop_database(db.name)
    return told


def test_answers_are_the_same(told: list[Told]) -> None:
    given, fixed = (
        [f"{step.title}: {json.dumps(step.result, sort_keys=True)}" for step in each.steps] for each in told
    )
    assert fixed == given


def test_stored_documents_are_the_same(told: list[Told]) -> None:
    given, fixed = told
    assert fixed.contents == given.contents
    assert fixed.indexes > given.indexes


def test_loops_take_fewer_commands(told: list[Told]) -> None:
    given, fixed = told
    for before, after in zip(given.steps, fixed.steps, strict=True):
        if before.batched:
            assert len(after.commands) < len(before.commands), before.title
        else:
            assert Counter(after.commands) == Counter(before.commands), before.title


def test_failures_are_logged(told: list[Told]) -> None:
    given, fixed = told
    assert not any(step.errors for step in given.steps)
    assert [step.errors for step in fixed.steps] == [int(step.failed) for step in fixed.steps]


def test_an_index_that_cannot_be_built_stops_the_start(running: Any, mongod_uri: str) -> None:
    """The example never makes its indexes, and would only print that it cannot; fixed, it does not start."""
    client: pymongo.MongoClient[dict[str, Any]] = pymongo.MongoClient(mongod_uri)
    with client:
        for folder, starts in ((GIVEN, True), (FIXED, False)):
            db = client[f"bookshelf_{uuid.uuid4().hex}"]
            db["questions"].create_index("order", name="questions_chapter_order")
            outcome = contextlib.nullcontext() if starts else pytest.raises(pymongo.errors.OperationFailure)
            with outcome, running(folder.name, db.name):
                assert "audit_logs" not in db.list_collection_names()
            client.drop_database(db.name)
