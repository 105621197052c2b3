"""Look, then insert: in which shapes of code it is seen, and which index is proposed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from textwrap import dedent

import pytest

from mongolint.source.deepstack import with_deep_stack
from mongolint.testing import findings, project
from mongolint.testing.projects import config_of

HEAD = """\
from pymongo import MongoClient

db = MongoClient().app
db.other.create_index("a")

"""


def proposed(tmp_path: Path, code: str | dict[str, str]) -> list[str]:
    """For each look-up that decides about an insert: its line, and the index that is missing."""
    files = {"app.py": HEAD + dedent(code)} if isinstance(code, str) else code
    loaded = project(files, tmp_path)
    lines = {name: text.splitlines() for name, text in files.items()}

    def found() -> list[str]:
        result = []
        for need in loaded.project.writes.look_then_inserts:
            span = loaded.project.token(need.evidence.module, need.evidence.look)
            line = lines[span.file.rpartition("/")[2]][span.line - 1].strip()
            result.append(f"{line} -> {need.constraint.name} {need.constraint.code}")
        return result

    return with_deep_stack(found)


UNIQUE = 'users create_index([("email", 1)], unique=True)'

SEEN = {
    "raise": (
        """
        def register(email):
            if db.users.find_one({"email": email}):
                raise ValueError
            db.users.insert_one({"email": email})
        """,
        f'if db.users.find_one({{"email": email}}): -> {UNIQUE}',
    ),
    "is not None": (
        """
        def register(email):
            found = db.users.find_one({"email": email})
            if found is not None:
                return found
            return db.users.insert_one({"email": email, "age": 1})
        """,
        f'found = db.users.find_one({{"email": email}}) -> {UNIQUE}',
    ),
    "a field of what lies in the document": (
        """
        class Body(BaseModel):
            email: str

        class Mail(BaseModel):
            kind: str
            body: Body

        def tell(email: str):
            if db.users.find_one({"kind": "welcome", "body.email": email}):
                return
            mail = Mail(kind="welcome", body=Body(email=email))
            db.users.insert_one(mail.model_dump())
        """,
        'if db.users.find_one({"kind": "welcome", "body.email": email}): -> '
        'users create_index([("kind", 1), ("body.email", 1)], unique=True, '
        'partialFilterExpression={"kind": "welcome", "body.email": {"$exists": True}})',
    ),
    "inside of the branch": (
        """
        def register(email):
            found = db.users.find_one({"email": email})
            if found is None:
                db.users.insert_one({"email": email})
        """,
        f'found = db.users.find_one({{"email": email}}) -> {UNIQUE}',
    ),
    "else": (
        """
        def register(email):
            if db.users.count_documents({"email": email}) > 0:
                return None
            else:
                return db.users.insert_one({"email": email})
        """,
        f'if db.users.count_documents({{"email": email}}) > 0: -> {UNIQUE}',
    ),
    "count of a limited find": (
        """
        def register(email):
            if db.users.count_documents({"email": email}, limit=1) == 0:
                db.users.insert_one({"email": email})
        """,
        f'if db.users.count_documents({{"email": email}}, limit=1) == 0: -> {UNIQUE}',
    ),
    "a list of at most one": (
        """
        def register(email):
            if len(list(db.users.find({"email": email}).limit(1))) > 0:
                raise ValueError
            db.users.insert_one({"email": email})
        """,
        f'if len(list(db.users.find({{"email": email}}).limit(1))) > 0: -> {UNIQUE}',
    ),
    "the count of a cursor": (
        """
        def register(email):
            if db.users.find({"email": email}).count() == 0:
                db.users.insert({"email": email})
        """,
        f'if db.users.find({{"email": email}}).count() == 0: -> {UNIQUE}',
    ),
    "the next of a cursor": (
        """
        def register(email):
            if next(db.users.find({"email": email}).limit(1), None) is None:
                db.users.insert_one({"email": email})
        """,
        f'if next(db.users.find({{"email": email}}).limit(1), None) is None: -> {UNIQUE}',
    ),
    "or of several": (
        """
        def register(email, banned):
            if email in banned or db.users.find_one({"email": email}):
                raise ValueError
            db.users.insert_one({"email": email})
        """,
        f'if email in banned or db.users.find_one({{"email": email}}): -> {UNIQUE}',
    ),
    "walrus": (
        """
        def register(email):
            if (found := db.users.find_one({"email": email})) is not None:
                return found
            return db.users.insert_one({"email": email})
        """,
        f'if (found := db.users.find_one({{"email": email}})) is not None: -> {UNIQUE}',
    ),
    "changed value": (
        """
        def register(data):
            if db.users.find_one({"email": data["email"].strip().lower()}):
                raise ValueError
            db.users.insert_one({"email": data["email"].strip().lower()})
        """,
        f'if db.users.find_one({{"email": data["email"].strip().lower()}}): -> {UNIQUE}',
    ),
    "changed twice over": (
        """
        def by_email(email):
            return db.users.find_one({"email": email.lower()})


        def register(form):
            email = form["email"].lower()
            if by_email(email):
                raise ValueError
            db.users.insert_one({"email": email})
        """,
        f"if by_email(email): -> {UNIQUE}",
    ),
    "the document itself": (
        """
        def register(data):
            if db.users.find_one({"email": data["email"]}):
                raise ValueError
            db.users.insert_one(data)
        """,
        f'if db.users.find_one({{"email": data["email"]}}): -> {UNIQUE}',
    ),
    "a document built over statements": (
        """
        def register(email):
            document = {"created": 1}
            document["email"] = email
            if db.users.find_one({"email": email}):
                raise ValueError
            document.update({"active": True})
            db.users.insert_one(document)
        """,
        f'if db.users.find_one({{"email": email}}): -> {UNIQUE}',
    ),
    "helpers": (
        """
        def by_email(email):
            found = db.users.find_one({"email": email})
            if found:
                return found
            return None


        def create(data):
            return db.users.insert_one(data).inserted_id


        def register(data):
            existing = by_email(data["email"])
            if existing:
                raise ValueError
            return create(dict(data, active=True))
        """,
        f'existing = by_email(data["email"]) -> {UNIQUE}',
    ),
    "helper that answers": (
        """
        def is_taken(email):
            return db.users.count_documents({"email": email}) > 0


        def register(email):
            if not is_taken(email):
                db.users.insert_one({"email": email})
        """,
        f"if not is_taken(email): -> {UNIQUE}",
    ),
    "helper that answers the other way": (
        """
        def is_free(email):
            if db.users.find_one({"email": email}):
                return False
            return True


        def register(email):
            if not is_free(email):
                raise ValueError
            db.users.insert_one({"email": email})
        """,
        f"if not is_free(email): -> {UNIQUE}",
    ),
    "helper that raises": (
        """
        def check_free(email):
            if db.users.find_one({"email": email}) is not None:
                raise ValueError


        def register(email):
            check_free(email)
            db.users.insert_one({"email": email})
        """,
        f"check_free(email) -> {UNIQUE}",
    ),
    "a name that is tried until it is free": (
        """
        import secrets


        def free_name():
            while True:
                name = secrets.token_hex(4)
                if not db.links.find_one({"name": name}):
                    return name


        def shorten(url):
            name = free_name()
            db.links.insert_one({"name": name, "url": url})
        """,
        'name = free_name() -> links create_index([("name", 1)], unique=True)',
    ),
    "a loop that is left": (
        """
        from names import invent


        def shorten(url):
            while True:
                name = invent()
                if db.links.find_one({"name": name}) is None:
                    break
            db.links.insert_one({"name": name, "url": url})
        """,
        'if db.links.find_one({"name": name}) is None: -> links create_index([("name", 1)], unique=True)',
    ),
    "only on one way": (
        """
        from names import invent


        def shorten(url, name):
            if name:
                if db.links.find_one({"name": name}):
                    raise ValueError
            else:
                name = invent()
            db.links.insert_one({"name": name, "url": url})
        """,
        'if db.links.find_one({"name": name}): -> links create_index([("name", 1)], unique=True)',
    ),
    "in a loop": (
        """
        def load(rows):
            for row in rows:
                if db.links.find_one({"name": row["name"]}):
                    continue
                db.links.insert_one(row)
        """,
        'if db.links.find_one({"name": row["name"]}): -> links create_index([("name", 1)], unique=True)',
    ),
    "flask's abort": (
        """
        from flask import abort


        def register(email):
            if db.users.find_one({"email": email}):
                abort(409)
            db.users.insert_one({"email": email})
        """,
        f'if db.users.find_one({{"email": email}}): -> {UNIQUE}',
    ),
    "a class": (
        """
        class Users:
            def __init__(self, collection):
                self.collection = collection

            def find(self, email):
                return self.collection.find_one({"email": email})

            def add(self, email):
                self.collection.insert_one({"email": email})


        class Service:
            def __init__(self):
                self.users = Users(db.users)

            def register(self, email):
                if self.users.find(email):
                    raise ValueError
                self.users.add(email)
        """,
        f"if self.users.find(email): -> {UNIQUE}",
    ),
    "an object made of the document": (
        """
        class User:
            def __init__(self, document):
                self.document = document

            @classmethod
            def load(cls, document):
                if document is None:
                    return None
                return cls(document)


        def by_email(email):
            return User.load(db.users.find_one({"email": email}))


        def register(email):
            if by_email(email):
                raise ValueError
            db.users.insert_one({"email": email})
        """,
        f"if by_email(email): -> {UNIQUE}",
    ),
    "behind a failed look-up": (
        """
        from pymongo.errors import PyMongoError


        def by_email(email):
            try:
                found = db.users.find_one({"email": email})
            except PyMongoError:
                found = None
            return found


        def register(email):
            if by_email(email) is None:
                db.users.insert_one({"email": email})
        """,
        f"if by_email(email) is None: -> {UNIQUE}",
    ),
    "two fields": (
        """
        def rate(question, user, stars):
            if not db.ratings.find_one({"question": question, "user": user}):
                db.ratings.insert_one({"user": user, "question": question, "stars": stars})
        """,
        'if not db.ratings.find_one({"question": question, "user": user}): -> '
        'ratings create_index([("question", 1), ("user", 1)], unique=True)',
    ),
    "a constant beside": (
        """
        def open_cart(user):
            if not db.carts.find_one({"user": user, "state": "open"}):
                db.carts.insert_one({"user": user, "state": "open", "lines": []})
        """,
        'if not db.carts.find_one({"user": user, "state": "open"}): -> carts create_index([("user", 1), ("state", 1)], '
        'unique=True, partialFilterExpression={"state": "open"})',
    ),
    "what is not marked as deleted": (
        """
        def register(email: str):
            if db.users.find_one({"email": email, "deleted_at": None}):
                raise ValueError(email)
            db.users.insert_one({"email": email})
        """,
        'if db.users.find_one({"email": email, "deleted_at": None}): -> users create_index([("email", 1), '
        '("deleted_at", 1)], unique=True, partialFilterExpression={"deleted_at": None})',
    ),
    "a model's field that is looked for when it is None, too": (
        """
        from typing import Optional

        from pydantic import BaseModel


        class User(BaseModel):
            name: str
            email: Optional[str] = None


        def register(user: User):
            if db.users.find_one({"email": user.email}):
                raise ValueError
            db.users.insert_one(user.model_dump())
        """,
        'if db.users.find_one({"email": user.email}): -> users create_index([("email", 1)], unique=True)',
    ),
    "get without a default, looked for when there is none, too": (
        """
        def register(data):
            email = data.get("email")
            if db.users.find_one({"email": email}):
                raise ValueError
            db.users.insert_one({"email": email})
        """,
        'if db.users.find_one({"email": email}): -> users create_index([("email", 1)], unique=True)',
    ),
    "get that was asked for": (
        """
        def register(data):
            email = data.get("email")
            if not email:
                raise ValueError
            if db.users.find_one({"email": email}):
                raise ValueError
            db.users.insert_one({"email": email})
        """,
        f'if db.users.find_one({{"email": email}}): -> {UNIQUE}',
    ),
    "another insert stores None": (
        """
        def register(email):
            if db.users.find_one({"email": email}):
                raise ValueError
            db.users.insert_one({"email": email})


        def guest(name):
            db.users.insert_one({"name": name, "email": None})
        """,
        'if db.users.find_one({"email": email}): -> users create_index([("email", 1)], unique=True, '
        'partialFilterExpression={"email": {"$gt": ""}})',
    ),
    "another insert leaves it out": (
        """
        def register(email):
            if db.users.find_one({"email": email}):
                raise ValueError
            db.users.insert_one({"email": email})


        def guest(name):
            db.users.insert_one({"name": name})
        """,
        'if db.users.find_one({"email": email}): -> users create_index([("email", 1)], unique=True, '
        'partialFilterExpression={"email": {"$exists": True}})',
    ),
    "only if there is one": (
        """
        def register(name, email=None):
            if email and db.users.find_one({"email": email}):
                raise ValueError
            db.users.insert_one({"name": name, "email": email})
        """,
        'if email and db.users.find_one({"email": email}): -> users create_index([("email", 1)], unique=True, '
        'partialFilterExpression={"email": {"$gt": ""}})',
    ),
    "asked for in another if": (
        """
        def register(name, email):
            if email is not None:
                if db.users.find_one({"email": email}):
                    raise ValueError
            db.users.insert_one({"name": name, "email": email})
        """,
        'if db.users.find_one({"email": email}): -> users create_index([("email", 1)], unique=True, '
        'partialFilterExpression={"email": {"$gt": ""}})',
    ),
}


@pytest.mark.parametrize("name", SEEN)
def test_is_seen(name: str, tmp_path: Path) -> None:
    code, expected = SEEN[name]
    assert proposed(tmp_path, code) == [expected]


def test_each_branch_of_or_is_a_key(tmp_path: Path) -> None:
    code = """
    def register(email, name):
        if db.users.find_one({"$or": [{"email": email}, {"name": name}]}):
            raise ValueError
        db.users.insert_one({"email": email, "name": name})
    """
    found = [line.partition(" -> ")[2] for line in proposed(tmp_path, code)]
    assert found == [UNIQUE, 'users create_index([("name", 1)], unique=True)']


NOT_CLAIMED = {
    "what a partial index cannot say": """
        def register(email: str):
            if db.users.find_one({"email": email, "deleted": {"$ne": True}}):
                raise ValueError(email)
            db.users.insert_one({"email": email})
        """,
    "what is null, and says nothing of being deleted": """
        def register(email: str):
            if db.users.find_one({"email": email, "checked_at": None}):
                raise ValueError(email)
            db.users.insert_one({"email": email})
        """,
    "another field of what lies in the document": """
        def tell(email: str, other: str):
            if db.users.find_one({"body.email": email}):
                return
            db.users.insert_one({"body": {"email": other, "to": email}})
        """,
    "the look-up stands in another branch": """
        def turn_on(chat):
            if not db.off.find_one({"chat": chat}):
                return
            db.off.delete_one({"chat": chat})


        def turn_off(chat):
            db.off.insert_one({"chat": chat})


        def toggle(chat, state):
            if state == "on":
                turn_on(chat)
            elif state == "off":
                turn_off(chat)
        """,
    "a unique index": """
        db.users.create_index("email", unique=True)


        def register(email):
            if db.users.find_one({"email": email}):
                raise ValueError
            db.users.insert_one({"email": email})
        """,
    "a unique index on a part": """
        db.users.create_index("email", unique=True)


        def register(email, tenant):
            if db.users.find_one({"tenant": tenant, "email": email}):
                raise ValueError
            db.users.insert_one({"email": email, "tenant": tenant})
        """,
    "an index with options of the running program": """
        from settings import OPTIONS

        db.users.create_index("email", **OPTIONS)


        def register(email):
            if db.users.find_one({"email": email}):
                raise ValueError
            db.users.insert_one({"email": email})
        """,
    "an index with keys of the running program": """
        from settings import KEYS

        db.users.create_index(KEYS)


        def register(email):
            if db.users.find_one({"email": email}):
                raise ValueError
            db.users.insert_one({"email": email})
        """,
    "by _id": """
        def register(name):
            if db.users.find_one({"_id": name}):
                raise ValueError
            db.users.insert_one({"_id": name})
        """,
    "the value is the _id, too": """
        def register(name):
            if db.users.find_one({"name": name}):
                raise ValueError
            db.users.insert_one({"_id": name, "name": name})
        """,
    "another collection": """
        def add(book, text):
            if not db.books.find_one({"book": book}):
                db.chapters.insert_one({"book": book, "text": text})
        """,
    "another value": """
        def register(email, alias):
            if db.users.find_one({"email": email}):
                raise ValueError
            db.users.insert_one({"email": alias})
        """,
    "the value changes between": """
        def register(email):
            if db.users.find_one({"email": email}):
                raise ValueError
            email = email.lower()
            db.users.insert_one({"email": email})
        """,
    "the value is made anew": """
        import secrets


        def register():
            if db.users.find_one({"token": secrets.token_hex(4)}):
                raise ValueError
            db.users.insert_one({"token": secrets.token_hex(4)})
        """,
    "inserted because there is one": """
        def renew(name):
            found = db.versions.find_one({"name": name})
            if found is None:
                raise ValueError
            db.versions.insert_one({"name": name, "number": found["number"] + 1})
        """,
    "the other branch": """
        def renew(name):
            if db.versions.find_one({"name": name}):
                db.versions.insert_one({"name": name})
            else:
                raise ValueError
        """,
    "and of something else": """
        def invite(email, again):
            if db.invites.find_one({"email": email}) and not again:
                raise ValueError
            db.invites.insert_one({"email": email})
        """,
    "a cursor is always there": """
        def register(email):
            if not db.users.find({"email": email}).limit(1):
                db.users.insert_one({"email": email})
        """,
    "a range": """
        def start(user, now):
            if db.bookings.find_one({"user": user, "until": {"$gt": now}}):
                raise ValueError
            db.bookings.insert_one({"user": user, "until": now})
        """,
    "the latest of several": """
        def log(user):
            last = db.visits.find_one({"user": user}, sort=[("at", -1)])
            if last is None:
                db.visits.insert_one({"user": user, "at": 1})
        """,
    "several are listed elsewhere": """
        def first(user):
            if not db.notes.find_one({"user": user}):
                db.notes.insert_one({"user": user, "text": "Welcome"})


        def notes(user):
            return list(db.notes.find({"user": user}))
        """,
    "several are listed through a helper": """
        class Repository:
            def __init__(self, collection):
                self.collection = collection

            def find(self, query):
                return list(self.collection.find(query))

            def add(self, document):
                self.collection.insert_one(document)


        notes = Repository(db.notes)


        def first(user):
            if not db.notes.find_one({"user": user}):
                notes.add({"user": user, "text": "Welcome"})


        def listed(user):
            return notes.find({"user": user})
        """,
    "several are sorted by a pipeline": """
        def first(user):
            if not db.notes.find_one({"user": user}):
                db.notes.insert_one({"user": user, "text": "Welcome"})


        def notes(user):
            return db.notes.aggregate([{"$match": {"user": user}}, {"$sort": {"at": 1}}])
        """,
    "a list": """
        def add(names: list[str]):
            if not db.groups.find_one({"names": names}):
                db.groups.insert_one({"names": names})
        """,
    "a quota": """
        def add(user, key):
            if db.keys.count_documents({"user": user}) >= 5:
                raise ValueError
            db.keys.insert_one({"user": user, "key": key})
        """,
    "a lock": """
        import threading

        lock = threading.Lock()


        def register(email):
            with lock:
                if db.users.find_one({"email": email}):
                    raise ValueError
                db.users.insert_one({"email": email})
        """,
    "constants alone, in no request": """
        def settings():
            if not db.settings.find_one({"kind": "global"}):
                db.settings.insert_one({"kind": "global", "theme": "dark"})
        """,
    "another constant": """
        def ask(user):
            if db.tasks.find_one({"user": user, "state": "open"}):
                raise ValueError
            db.tasks.insert_one({"user": user, "state": "new"})
        """,
    "the result decides nothing": """
        def register(email):
            found = db.users.find_one({"email": email})
            db.users.insert_one({"email": email})
            if found:
                raise ValueError
        """,
    "a filter that the code does not show": """
        def save(query, document):
            if not db.users.find_one(query):
                db.users.insert_one(document)
        """,
    "a document that was read": """
        def rename(name, new):
            user = db.users.find_one({"name": name})
            if db.users.find_one({"name": new}):
                raise ValueError
            user["name"] = new
            db.users.save(user)
        """,
    "at import": """
        if not db.users.find_one({"email": EMAIL}):
            db.users.insert_one({"email": EMAIL})
        """,
    "a case of match": """
        def register(email, kind):
            match db.users.find_one({"email": email}):
                case {"kind": "old"}:
                    db.users.insert_one({"email": email})
        """,
}


@pytest.mark.parametrize("name", NOT_CLAIMED)
def test_is_not_claimed(name: str, tmp_path: Path) -> None:
    assert proposed(tmp_path, NOT_CLAIMED[name]) == []


def test_scripts_run_alone(tmp_path: Path) -> None:
    code = HEAD + dedent(SEEN["raise"][0])
    assert proposed(tmp_path, {"scripts/load.py": code}) == []


def test_indexes_declared_elsewhere_are_not_missed(tmp_path: Path) -> None:
    code = HEAD + dedent(SEEN["raise"][0])
    elsewhere = replace(config_of(tmp_path), index_source="external")
    loaded = project(code, tmp_path, config=elsewhere)
    assert with_deep_stack(lambda: loaded.project.writes.look_then_inserts) == []


TWICE = (
    HEAD
    + dedent(SEEN["raise"][0])
    + dedent(
        """

        def invite(email):
            if not db.users.find_one({"email": email}):
                db.users.insert_one({"email": email})
        """
    )
)


def test_each_place_is_told_once(tmp_path: Path) -> None:
    """As a race at each look-up; as a key that is not unique once, and only where nothing tells of a race there."""
    found = findings(TWICE, tmp_path, rules={"MDB202", "MDB207"})
    assert [(each.code, each.also) for each in found] == [("MDB202", ("MDB207",)), ("MDB202", ())]
    (alone,) = findings(TWICE, tmp_path, rules={"MDB207"})
    assert "find_one looks for it before an insert, and 1 more" in alone.message
    assert len(alone.related) == 1


# One look-up that decides about two inserts
RETRIED = """\
from pymongo import MongoClient

db = MongoClient(timeoutMS=5000).app


def assign(user, free, retry):
    if db.places.find_one({"user": user}):
        return True
    if free:
        db.places.insert_one({"user": user, "place": free})
    else:
        db.places.insert_one({"user": user, "place": retry})
    return True
"""


def test_one_look_up_before_two_inserts_is_one_race(tmp_path: Path) -> None:
    (found,) = findings(RETRIED, tmp_path, rules={"MDB202"})
    assert found.span.line == 7
    assert [place.span.line for place in found.related] == [10, 12]


def test_a_look_up_that_is_done_again_before_the_insert_is_one_race(tmp_path: Path) -> None:
    code = """
        def is_known(user):
            return db.users.find_one({"email": user}) is not None


        def add(user):
            if is_known(user):
                return
            db.users.insert_one({"email": user})


        def approve(user):
            if is_known(user):
                return "known"
            add(user)
        """
    assert proposed(tmp_path, code) == [f"if is_known(user): -> {UNIQUE}"]


def test_the_one_document_of_a_kind_that_a_request_makes(tmp_path: Path) -> None:
    code = """
from fastapi import FastAPI

app = FastAPI()


@app.get("/settings")
def settings():
    if not db.settings.find_one({"kind": "global"}):
        db.settings.insert_one({"kind": "global", "theme": "dark"})


@app.get("/settings/{team}")
def of_team(team):
    if not db.settings.find_one({"kind": "team", "team": team}):
        db.settings.insert_one({"kind": "team", "team": team})
"""
    told = [each.message for each in findings(HEAD + code, tmp_path, rules={"MDB202"})]
    assert len(told) == 2
    assert 'create_index([("kind", 1)], unique=True, partialFilterExpression={"kind": "global"})' in told[0]
