"""Read, change, write back, in all its spellings; and what only looks like it."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from mongolint.engine.run import check
from mongolint.testing import findings, project

HEAD = """\
from pymongo import MongoClient

client = MongoClient(timeoutMS=5000)
db = client.app

"""


def _told(code: str, tmp_path: Path) -> list[str]:
    found = findings(HEAD + textwrap.dedent(code), tmp_path, rules={"MDB403"})
    return [each.message for each in found]


LOST = {
    "under an _id that is read after a change": """\
        def f(name, entry):
            user = db.users.find_one({"name": name})
            if user is None:
                user = db.users.find_one({"_id": add(name)})
            user.setdefault("log", []).append(entry)
            user["at"] = entry
            db.users.replace_one({"_id": user["_id"]}, user)
        """,
    "by a helper that reads the _id of what it is given": """\
        def save(user):
            db.users.replace_one({"_id": user["_id"]}, user)


        def f(name, mail):
            user: dict = db.users.find_one({"name": name})
            user["at"] = 1
            if mail:
                user["mail"] = mail
            save(user)
        """,
    "of a class that is a dict": """\
        class Stored(dict):
            def __init__(self, values={}):
                dict.__init__(self, values)
                self.collection = db[self.name]

            @classmethod
            def get(cls, **asked):
                found = db[cls.name].find_one(asked)
                if found:
                    found = cls(found)
                return found

            def save(self):
                if "_id" in self:
                    self.collection.replace_one({"_id": self["_id"]}, dict(self))


        class User(Stored):
            name = "users"


        def f(key):
            user = User.get(key=key)
            user["at"] = 1
            user.save()
        """,
    "in a document that is written out": """\
        def f(key, entry):
            user = db.users.find_one({"_id": key})
            history = user.get("meta", {}).get("history", [])
            history.append(entry)
            db.users.update_one({"_id": key}, {"$set": {"meta": {"history": history}}})
        """,
    "in a document that is put together": """\
        def f(key, fields, entry):
            user = db.users.find_one({"_id": key})
            history = user.get("meta", {}).get("history", [])
            history.append(entry)
            fields["meta"] = fields.get("meta", {})
            fields["meta"]["history"] = history
            db.users.update_one({"_id": user["_id"]}, {"$set": fields})
        """,
    "deep in the document": """\
        def f(key, tag):
            user = db.users.find_one({"_id": key})
            user["meta"]["tags"].append(tag)
            db.users.update_one({"_id": key}, {"$set": {"meta": user["meta"]}})
        """,
    "deep in the document, by its path": """\
        def f(key):
            user = db.users.find_one({"_id": key})
            user["meta"]["n"] += 1
            db.users.update_one({"_id": key}, {"$set": {"meta.n": user["meta"]["n"]}})
        """,
    "deleted deep in the document": """\
        def f(key, name):
            user = db.users.find_one({"_id": key})
            del user["meta"][name]["n"]
            db.users.replace_one({"_id": key}, user)
        """,
    "an element": """\
        def f(key, item_id):
            order = db.orders.find_one({"_id": key})
            for item in order["items"]:
                if item["id"] == item_id:
                    item["sent"] = True
            db.orders.update_one({"_id": key}, {"$set": {"items": order["items"]}})
        """,
    "an element with its number": """\
        def f(key):
            items = db.orders.find_one({"_id": key}).get("items") or []
            for number, item in enumerate(items):
                item["n"] = number
            db.orders.update_one({"_id": key}, {"$set": {"items": items}})
        """,
    "by another name": """\
        def f(key, name):
            user = db.users.find_one({"_id": key})
            meta = user["meta"]
            meta["name"] = name
            db.users.replace_one({"_id": key}, user)
        """,
    "by a helper": """\
        def mark(items, item_id):
            for item in items:
                if item["id"] == item_id:
                    item["sent"] = True
                    return item
            return None

        def f(key, item_id):
            items = db.orders.find_one({"_id": key}).get("items", [])
            if mark(items, item_id) is None:
                raise LookupError(item_id)
            db.orders.update_one({"_id": key}, {"$set": {"items": items}})
        """,
    "a default that is appended to": """\
        def f(key, tag):
            user = db.users.find_one({"_id": key})
            user.setdefault("tags", []).append(tag)
            db.users.update_one({"_id": key}, {"$set": {"tags": user["tags"]}})
        """,
    "in place": """\
        def f(key):
            db.users.update_one({"_id": key}, {"$set": {"n": db.users.find_one({"_id": key})["n"] + 1}})
        """,
    "augmented": """\
        def f(key):
            user = db.users.find_one({"_id": key})
            n = user["n"]
            n += 1
            db.users.update_one({"_id": key}, {"$set": {"n": n}})
        """,
    "in the document": """\
        def f(key):
            user = db.users.find_one({"_id": key})
            user["n"] += 1
            db.users.update_one({"_id": user["_id"]}, {"$set": {"n": user["n"]}})
        """,
    "replaced": """\
        def f(key):
            user = db.users.find_one({"_id": key})
            user["name"] = "x"
            db.users.replace_one({"_id": key}, user)
        """,
    "list": """\
        def f(key, tag):
            user = db.users.find_one({"_id": key})
            user["tags"].append(tag)
            db.users.update_one({"_id": key}, {"$set": {"tags": user["tags"]}})
        """,
    "new list": """\
        def f(key, tag):
            user = db.users.find_one({"_id": key})
            db.users.update_one({"_id": key}, {"$set": {"tags": [*user["tags"], tag]}})
        """,
    "filtered": """\
        def f(key, tag):
            user = db.users.find_one({"_id": key})
            tags = [each for each in user.get("tags", []) if each != tag]
            db.users.update_one({"_id": key}, {"$set": {"tags": tags}})
        """,
    "embedded": """\
        def f(key, value):
            user = db.users.find_one({"_id": key})
            settings = user.get("settings") or {}
            settings["theme"] = value
            db.users.update_one({"_id": key}, {"$set": {"settings": settings}})
        """,
    "merged": """\
        def f(key, changes):
            user = db.users.find_one({"_id": key})
            db.users.update_one({"_id": key}, {"$set": {"settings": {**user["settings"], **changes}}})
        """,
    "nested": """\
        def f(key):
            user = db.users.find_one({"_id": key})
            db.users.update_one({"_id": key}, {"$set": {"stats.visits": user["stats"]["visits"] + 1}})
        """,
    "model": """\
        from dataclasses import dataclass

        @dataclass
        class User:
            n: int

        def load(key):
            return User(**db.users.find_one({"_id": key}))

        def f(key):
            user = load(key)
            db.users.update_one({"_id": key}, {"$set": {"n": user.n + 1}})
        """,
    "model of a document whose key is a text": """\
        from dataclasses import dataclass

        @dataclass
        class User:
            _id: str
            n: int

        def load(key):
            found = db.users.find_one({"_id": key})
            if found is None:
                return None
            found["_id"] = str(found["_id"])
            return User(**found)

        def f(key):
            user = load(key)
            db.users.update_one({"_id": key}, {"$set": {"n": user.n - 1}})
        """,
    "model that is given the key": """\
        from dataclasses import dataclass

        @dataclass
        class User:
            id: str
            n: int

        def f(key):
            user = User(id=str(key), **db.users.find_one({"_id": key}, {"_id": 0}))
            db.users.update_one({"_id": key}, {"$set": {"n": user.n + 1}})
        """,
    "by the owner": """\
        def f(key, owner_id):
            user = db.users.find_one({"_id": key})
            db.users.update_one({"_id": key, "owner_id": owner_id}, {"$set": {"n": user["n"] + 1}})
        """,
    "helper writes": """\
        def save(key, fields):
            fields["touched"] = True
            db.users.update_one({"_id": key}, {"$set": fields})

        def f(key):
            user = db.users.find_one({"_id": key})
            save(key, {"n": user["n"] + 1})
        """,
    "attribute": """\
        from dataclasses import dataclass

        @dataclass
        class User:
            n: int

        def f(key):
            user = User(**db.users.find_one({"_id": key}))
            user.n += 1
            db.users.update_one({"_id": key}, {"$set": {"n": user.n}})
        """,
    "attribute, by a helper on the way": """\
        from pydantic import BaseModel

        class Team(BaseModel):
            id: str
            members: dict[str, str]

            @classmethod
            def from_dict(cls, data):
                data["id"] = data.pop("_id")
                return cls(**data)

        def load(key):
            return Team.from_dict(db.teams.find_one({"_id": key}))

        def save(team):
            db.teams.find_one_and_update({"_id": team.id}, {"$set": team.model_dump(include={"members"})})

        def add(team, name):
            team.members[name] = "member"
            save(team)

        def f(key, name):
            team = load(key)
            add(team, name)
        """,
    "attribute, of which an item is deleted": """\
        from pydantic import BaseModel

        class Team(BaseModel):
            members: dict[str, str]

            def dict(self, *args, **options):
                return super().dict(*args, **options)

        def f(key, name):
            team = Team(**db.teams.find_one({"_id": key}))
            try:
                del team.members[name]
            except KeyError:
                return
            db.teams.update_one({"_id": key}, {"$set": team.dict(include={"members"})})
        """,
    "object": """\
        from pydantic import BaseModel

        class Team(BaseModel):
            id: str
            name: str

            def to_dict(self, **options):
                res = self.dict(**options)
                res["_id"] = res.pop("id", "")
                return res

        def save(team):
            db.teams.update_one({"_id": team.id}, {"$set": team.to_dict()}, upsert=True)

        def f(key, name):
            found = db.teams.find_one({"_id": key})
            found["id"] = found.pop("_id")
            team = Team(**found)
            team.name = name
            save(team)
        """,
    "object that is injected": """\
        from fastapi import Depends
        from pydantic import BaseModel

        class Team(BaseModel):
            id: str
            members: list[str]

        def team_of(key: str):
            found = db.teams.find_one({"_id": key})
            found["id"] = found.pop("_id")
            return Team(**found)

        def own_team(team: Team = Depends(team_of)):
            return team

        def f(name: str, team: Team = Depends(own_team)):
            team.members.append(name)
            db.teams.update_one({"_id": team.id}, {"$set": {"members": team.members}})
        """,
    "object in another object": """\
        from pydantic import BaseModel

        class Config(BaseModel):
            seeds: list[str]

        class Crawl(BaseModel):
            config: Config

        class Update(BaseModel):
            config: Config

        def save(key, update):
            fields = update.dict(exclude_unset=True)
            fields["config"] = update.config.dict()
            db.crawls.update_one({"_id": key, "inactive": {"$ne": True}}, {"$set": fields})

        def f(key, seed):
            crawl = Crawl(**db.crawls.find_one({"_id": key}))
            seeds = crawl.config.seeds or []
            seeds.append(seed)
            crawl.config.seeds = seeds
            save(key, Update(config=crawl.config))
        """,
    "by a key that is the same on one way": """\
        import uuid

        def start(known):
            if known:
                key = known
            else:
                key = f"job-{uuid.uuid4()}"
            return key

        def f(known):
            key = start(known)
            if known:
                job = db.jobs.find_one({"_id": known})
                job["tries"].append(1)
            else:
                job = {"tries": []}
            db.jobs.update_one({"_id": key}, {"$set": job}, upsert=True)
        """,
    "session left out": """\
        def work(key, session):
            user = db.users.find_one({"_id": key}, session=session)
            db.users.update_one({"_id": key}, {"$set": {"n": user["n"] + 1}}, session=session)

        def f(key):
            work(key, None)
            with client.start_session() as s, s.start_transaction():
                work(key, s)
        """,
}


@pytest.mark.parametrize("name", LOST)
def test_lost(name: str, tmp_path: Path) -> None:
    assert len(_told(LOST[name], tmp_path)) == 1


def test_of_each_collection_that_a_helper_reads(tmp_path: Path) -> None:
    code = """\
        def load(key):
            if key.isdigit():
                return db.old.find_one({"_id": key}), "old"
            return db.new.find_one({"_id": key}), "new"


        def store(key, kind, changes):
            if kind == "old":
                db.old.update_one({"_id": key}, {"$set": changes})
            else:
                db.new.update_one({"_id": key}, {"$set": changes})


        def f(key):
            found, kind = load(key)
            store(key, kind, {"n": found["n"] + 1})


        def g(key):
            found, kind = load(key)
            db.new.update_one({"_id": key}, {"$set": {"n": found["n"] + 1}})
        """
    both, one = _told(code, tmp_path)
    assert "writes back n of old or new as load read it" in both
    assert "writes back n of new as load read it" in one


SAFE = {
    "an attribute that gets a new value": """\
        from dataclasses import dataclass

        @dataclass
        class User:
            name: str
            tags: list

        def f(key, name):
            user = User(**db.users.find_one({"_id": key}))
            user.name = name
            user.tags = []
            user.tags.append(name)
            db.users.update_one({"_id": key}, {"$set": {"name": user.name, "tags": user.tags}})
        """,
    "the document, not the object": """\
        from dataclasses import dataclass

        @dataclass
        class User:
            name: str
            tags: dict

        def f(key, name):
            found = db.users.find_one({"_id": key})
            user = User(**found)
            user.name = name
            db.users.replace_one({"_id": key}, found)
            return user
        """,
    "another attribute": """\
        from pydantic import BaseModel

        class User(BaseModel):
            name: str
            tags: list[str]

        def f(key, name):
            user = User(**db.users.find_one({"_id": key}))
            user.tags.append(name)
            db.users.update_one({"_id": key}, {"$set": user.model_dump(include={"name"})})
            return user
        """,
    "attributes that change afterwards": """\
        from pydantic import BaseModel

        class User(BaseModel):
            name: str

        def f(key, name):
            user = User(**db.users.find_one({"_id": key}))
            db.users.update_one({"_id": key}, {"$set": user.model_dump()})
            user.name = name
            return user
        """,
    "an attribute, with its version": """\
        from dataclasses import dataclass

        @dataclass
        class User:
            n: int
            version: int

        def f(key):
            user = User(**db.users.find_one({"_id": key}))
            user.n += 1
            db.users.update_one({"_id": key, "version": user.version}, {"$set": {"n": user.n}})
        """,
    "under the _id of another document": """\
        def save(user, key):
            db.users.replace_one({"_id": key}, user)


        def f(name, other):
            user = db.users.find_one({"name": name})
            user["at"] = 1
            save(user, other["_id"])
        """,
    "under an _id that was put there": """\
        def f(name, key):
            user = db.users.find_one({"name": name})
            user["_id"] = key
            user["at"] = 1
            db.users.replace_one({"_id": user["_id"]}, user)
        """,
    "a copy of an element": """\
        def f(key):
            order = db.orders.find_one({"_id": key})
            shown = [dict(item) for item in order["items"]]
            for item in shown:
                item["n"] = 1
            db.orders.update_one({"_id": key}, {"$set": {"items": order["items"]}})
        """,
    "a helper is given a copy": """\
        import copy

        def mark(items):
            for item in items:
                item["sent"] = True

        def f(key):
            order = db.orders.find_one({"_id": key})
            mark(copy.deepcopy(order["items"]))
            db.orders.update_one({"_id": key}, {"$set": {"items": order["items"]}})
        """,
    "a helper only looks": """\
        def count(items):
            seen = {}
            for item in items:
                seen[item["id"]] = True
            return len(seen)

        def f(key):
            order = db.orders.find_one({"_id": key})
            n = count(order["items"])
            db.orders.update_one({"_id": key}, {"$set": {"items": order["items"], "n": n}})
        """,
    "changed afterwards": """\
        def f(key):
            user = db.users.find_one({"_id": key})
            meta = user["meta"]
            db.users.update_one({"_id": key}, {"$set": {"meta": user["meta"]}})
            meta["n"] = 1
        """,
    "changed on another way": """\
        def f(key, shown):
            user = db.users.find_one({"_id": key})
            meta = user["meta"]
            if shown:
                meta["n"] = 1
                return meta
            db.users.update_one({"_id": key}, {"$set": {"meta": user["meta"]}})
        """,
    "another part is changed": """\
        def f(key):
            user = db.users.find_one({"_id": key})
            for item in user["items"]:
                item["id"] = str(item["_id"])
            db.users.update_one({"_id": key}, {"$set": {"meta": user["meta"]}})
        """,
    "copied into a document that is put together": """\
        def f(key):
            user = db.users.find_one({"_id": key})
            fields = {"meta": {}}
            fields["meta"]["n"] = user["meta"]["n"]
            db.users.update_one({"_id": key}, {"$set": fields})
        """,
    "a copy with another key": """\
        def f(key):
            user = db.users.find_one({"_id": key})
            user["_id"] = str(user["_id"])
            db.copies.replace_one({"_id": user["_id"]}, user)
            db.users.replace_one({"_id": key}, user)
        """,
    "another document that is written out": """\
        def f(key, entry):
            user = db.users.find_one({"_id": key})
            history = user.get("old", {}).get("history", [])
            history.append(entry)
            db.users.update_one({"_id": key}, {"$set": {"meta": {"history": history}}})
        """,
    "the method is handed on": """\
        def retried(method):
            def run(*args, **kwargs):
                return method(*args, **kwargs)
            return run

        def f(key):
            user = db.users.find_one({"_id": key})
            retried(db.users.update_one)({"_id": key}, {"$set": {"n": user["n"] + 1}})
        """,
    "given": """\
        def f(key, n):
            user = db.users.find_one({"_id": key})
            db.users.update_one({"_id": key}, {"$set": {"n": n + 1, "name": user["name"]}})
        """,
    "other field": """\
        def f(key):
            user = db.users.find_one({"_id": key})
            db.users.update_one({"_id": key}, {"$set": {"total": user["n"] + 1}})
        """,
    "other document": """\
        def f(key, other):
            user = db.users.find_one({"_id": key})
            db.users.update_one({"_id": other}, {"$set": {"n": user["n"] + 1}})
        """,
    "other collection": """\
        def f(key):
            user = db.users.find_one({"_id": key})
            db.people.update_one({"_id": key}, {"$set": {"n": user["n"] + 1}})
        """,
    "old value": """\
        def f(key):
            user = db.users.find_one({"_id": key})
            db.users.update_one({"_id": key, "n": user["n"]}, {"$set": {"n": user["n"] + 1}})
        """,
    "some version": """\
        def f(key, strict):
            user = db.users.find_one({"_id": key})
            query = {"_id": key}
            if strict:
                query["version"] = user["version"]
            db.users.update_one(query, {"$set": {"n": user["n"] + 1}})
        """,
    "state": """\
        def f(key):
            job = db.jobs.find_one({"_id": key, "state": "new"})
            db.jobs.update_one({"_id": key, "state": "new"}, {"$set": {"state": "done", "n": job["n"] + 1}})
        """,
    "locked": """\
        import threading

        lock = threading.Lock()

        def f(key):
            with lock:
                user = db.users.find_one({"_id": key})
                db.users.update_one({"_id": key}, {"$set": {"n": user["n"] + 1}})
        """,
    "transaction": """\
        def f(key):
            with client.start_session() as s, s.start_transaction():
                user = db.users.find_one({"_id": key}, session=s)
                db.users.update_one({"_id": key}, {"$set": {"n": user["n"] + 1}}, session=s)
        """,
    "defaults": """\
        def f():
            held = db.settings.find_one({"_id": "all"}) or {}
            settings = {**{"theme": "dark"}, **held}
            settings.pop("_id", None)
            db.settings.update_one({"_id": "all"}, {"$set": settings}, upsert=True)
        """,
    "unchanged": """\
        def f(key):
            user = db.users.find_one({"_id": key})
            db.users.update_one({"_id": key}, {"$set": {"n": user["n"], "seen": True}})
        """,
    "operator": """\
        def f(key):
            user = db.users.find_one({"_id": key})
            db.users.update_one({"_id": key}, {"$inc": {"n": user["step"] + 1}})
        """,
    "text": """\
        def f(key):
            user = db.users.find_one({"_id": key})
            db.users.update_one({"_id": key}, {"$set": {"name": user["name"] + " (old)"}})
        """,
}


@pytest.mark.parametrize("name", SAFE)
def test_safe(name: str, tmp_path: Path) -> None:
    assert _told(SAFE[name], tmp_path) == []


# What is done to a value, what the message advises, and why no fix does it
ADVISED = {
    "bounded list": ('n = user["n"]\n    n.append(1)\n    n = n[-5:]', "$push with $each and $slice"),
    "largest": ('n = max(user["n"], 3)', "$max"),
    "two things": ('n = (user["n"] + 1) * 2', ""),
}


@pytest.mark.parametrize(("change", "operator"), ADVISED.values(), ids=ADVISED)
def test_message_and_fix_say_the_same(change: str, operator: str, tmp_path: Path) -> None:
    code = (
        f'def f(key):\n    user = db.users.find_one({{"_id": key}})\n    {change}\n'
        '    db.users.update_one({"_id": key}, {"$set": {"n": n}})\n'
    )
    loaded = project(HEAD + code, tmp_path)
    (found,) = check(loaded, {"MDB403"}, loaded.project.config, fixes=True).findings
    assert found.fix is not None
    if operator:
        assert found.message.endswith(f"; use {operator}")
        assert found.fix.reason == f"{operator} has to be written by hand"
        assert found.fix.text == f"change the field with {operator}"
    else:
        assert found.message.endswith('; compute it in an update of its own: [{"$set": {"n": …}}]')
        assert found.fix.reason == "the expression has to be written for the database"


def test_an_operator_inside_of_what_is_set_is_not_advised_alone(tmp_path: Path) -> None:
    (told,) = _told(LOST["in a document that is put together"], tmp_path)
    assert told.endswith("use $push on meta.history, and set each other field of meta by its own path")


def test_an_element_that_is_appended_to_is_not_the_list(tmp_path: Path) -> None:
    (told,) = _told(
        """\
        def f(key, n):
            user = db.users.find_one({"_id": key})
            for row in user["rows"]:
                row.append(n)
            db.users.update_one({"_id": key}, {"$set": {"rows": user["rows"]}})
        """,
        tmp_path,
    )
    assert "use $push" not in told


# How a date is put into a part of a document that is written back, where another function puts a text
PUT = {
    "an element": ('for item in doc["items"]:\n        item["at"] = now()', ["orders"]),
    "an element by its number": ('doc["items"][0]["at"] = now()', ["orders"]),
    "what a key leads to that the code makes": ('doc["items"][key]["at"] = now()', []),
    "what each key leads to": ('for item in doc["items"].values():\n        item["at"] = now()', []),
    "another field": ('for item in doc["items"]:\n        item["seen"] = now()', []),
    "what is shown after the write": (
        'items = doc["items"]\n    db.orders.update_one({"_id": key}, {"$set": {"items": [*items, 1]}})\n'
        '    for item in items:\n        item["at"] = now()\n    return items\n',
        [],
    ),
    "what is not known": ('for item in doc["items"]:\n        item["at"] = key', []),
}


@pytest.mark.parametrize(("put", "expected"), PUT.values(), ids=PUT)
def test_a_date_and_a_text_in_one_element(put: str, expected: list[str], tmp_path: Path) -> None:
    body = (
        "from datetime import datetime, timezone\n\n\ndef now():\n    return datetime.now(timezone.utc)\n\n\n"
        'def f(key):\n    doc = db.orders.find_one({"_id": key})\n    PUT\n'
        '    db.orders.update_one({"_id": key}, {"$set": {"items": doc["items"]}})\n\n\n'
    )
    text = 'for item in doc["items"]:\n        item["at"] = now().isoformat()'
    code = HEAD + body.replace("PUT", put) + body.replace("def f", "def g").replace("PUT", text)
    found = findings(code, tmp_path, rules={"MDB226"})
    assert [each.message.split(" of ")[1].split()[0] for each in found] == expected


ADVISED = {
    "added on both ways": (
        """\
        def f(key, n):
            user = db.users.find_one({"_id": key})
            total = user["n"] + n if user else n
            db.users.update_one({"_id": key}, {"$set": {"n": total}}, upsert=True)
        """,
        "use $inc",
    ),
    "begun anew on one way": (
        """\
        def f(key, days, now):
            user = db.users.find_one({"_id": key})
            if user["end"] < now:
                end = now + days
            else:
                end = user["end"] + days
            db.users.update_one({"_id": key}, {"$set": {"end": end}})
        """,
        "set only what changes",
    ),
    "in a loop": (
        """\
        def f(key, items):
            total = db.users.find_one({"_id": key})["n"]
            for item in items:
                total += item
            db.users.update_one({"_id": key}, {"$set": {"n": total}})
        """,
        "use $inc",
    ),
    "the first that is equal": (
        """\
        def f(key, card):
            cards = db.users.find_one({"_id": key})["cards"]
            cards.remove(card)
            db.users.update_one({"_id": key}, {"$set": {"cards": cards}})
        """,
        "use $pull (it takes out every equal member)",
    ),
    "some of the items": (
        """\
        def f(key, name):
            cards = [card for card in db.users.find_one({"_id": key})["cards"] if card["name"] != name]
            db.users.update_one({"_id": key}, {"$set": {"cards": cards}})
        """,
        "use $pull",
    ),
    "what is made of the items": (
        """\
        def f(key, cards):
            held = []
            for card in db.users.find_one({"_id": key})["cards"]:
                if card["name"] not in cards:
                    held.append(card)
            for card in cards:
                held.append(card)
            db.users.update_one({"_id": key}, {"$set": {"cards": [dict(card) for card in held]}})
        """,
        "set only what changes",
    ),
}


@pytest.mark.parametrize(("code", "advice"), ADVISED.values(), ids=ADVISED)
def test_an_operator_is_advised_that_does_the_same(code: str, advice: str, tmp_path: Path) -> None:
    (message,) = _told(code, tmp_path)
    assert advice in message


MEAN = """
from pymongo import MongoClient

db = MongoClient(timeoutMS=5000).app


def find(key):
    found = db.old.find_one({"_id": key})
    if found:
        return found, "old"
    return db.urls.find_one({"_id": key}), "new"


def store(key, changes):
    db.urls.update_one({"_id": key}, changes)


def visit(key, took):
    url, kind = find(key)
    changes = {"$inc": {"visits": 1}, "$set": {}}
    changes["$set"]["mean"] = round(0.9 * url.get("mean", 0) + took, 2)
    STORE
"""


@pytest.mark.parametrize(("store", "count"), [("store(key, changes)", 1), ("store(kind, changes)", 0)])
def test_a_mean_of_a_document_that_a_helper_returns_with_its_kind(store: str, count: int, tmp_path: Path) -> None:
    """No operator does it, a pipeline does; a change that is lost weighs less than where a number is counted."""
    code = MEAN.replace("STORE", store).replace('db.old.find_one({"_id": key})', "None")
    told = findings(code, tmp_path, rules={"MDB403"})
    assert len(told) == count
    for each in told:
        assert each.severity.name == "MEDIUM"
        assert 'compute it in an update of its own: [{"$set": {"mean": …}}]' in each.message
