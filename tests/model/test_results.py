"""What becomes of results: counts, pages, lists, documents read again or in part."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from mongolint.engine.run import check
from mongolint.project.results.twice import ReadTwice
from mongolint.source.deepstack import with_deep_stack
from mongolint.testing import findings, project

HEAD = """\
import asyncio
import random

import settings
from bson import ObjectId
from fastapi import FastAPI
from pymongo import MongoClient

app = FastAPI()
db = MongoClient(timeoutMS=5000).app
db.users.create_index("email", unique=True)


"""


def _codes(body: str, tmp_path: Path, code: str, head: str = HEAD) -> list[str]:
    lines = "".join(f"    {line}\n" for line in body.splitlines())
    text = head + f"def ask(key, page, size, query, order, show):\n{lines}"
    return [finding.message for finding in findings(text, tmp_path, rules={code})]


COUNTED = {
    "greater than 0": "return db.a.count_documents({'x': 1}) > 0",
    "0 less than": "return 0 < db.a.count_documents({'x': 1})",
    "at least 1": "return db.a.count_documents({'x': 1}) >= 1",
    "less than 1": "return db.a.count_documents({'x': 1}) < 1",
    "is 0": "return db.a.count_documents({'x': 1}) == 0",
    "is not 0": "return db.a.count_documents({'x': 1}) != 0",
    "if": "if db.a.count_documents({'x': 1}):\n    return 1",
    "if not": "if not db.a.count_documents({'x': 1}):\n    return 1",
    "and": "if key and db.a.count_documents({'x': 1}):\n    return 1",
    "or, and a comparison": "if key or db.a.count_documents({'x': 1}) > 0:\n    return 1",
    "conditional": "return 1 if db.a.count_documents({'x': 1}) else 2",
    "bool": "return bool(db.a.count_documents({'x': 1}))",
    "while": "while db.a.count_documents({'x': 1}):\n    show(1)",
    "in a variable": "n = db.a.count_documents({'x': 1})\nif n > 0:\n    return 1",
    "in a variable, twice": "n = db.a.count_documents({'x': 1})\nif n:\n    return 1\nreturn n == 0",
    "in a walrus": "if (n := db.a.count_documents({'x': 1})) > 0:\n    return 1",
    "an unknown filter": "return db.a.count_documents(query) > 0",
    "cursor of PyMongo 3": "return db.a.find({'x': 1}).count() > 0",
    "collection of PyMongo 3": "return db.a.count({'x': 1}) > 0",
}
NOT_COUNTED = {
    "returned": "return db.a.count_documents({'x': 1})",
    "another number": "return db.a.count_documents({'x': 1}) > 1",
    "a number at run time": "return db.a.count_documents({'x': 1}) > size",
    "shown, too": "n = db.a.count_documents({'x': 1})\nif n:\n    show(n)",
    "shown in a text": "n = db.a.count_documents({'x': 1})\nreturn f'{n}' if n else ''",
    "returned, too": "n = db.a.count_documents({'x': 1})\nif n == 0:\n    raise KeyError\nreturn n",
    "compared with another, too": "n = db.a.count_documents({'x': 1})\nreturn n == 0 or n > size",
    "read by an inner function": "n = db.a.count_documents({'x': 1})\ndef f():\n    return n\nreturn f if n else None",
    "kept": "show.n = db.a.count_documents({'x': 1})\nreturn show.n > 0",
    "value of and": "return key and db.a.count_documents({'x': 1})",
    "limited": "return db.a.count_documents({'x': 1}, limit=1) > 0",
    "options": "return db.a.count_documents({'x': 1}, **query) > 0",
    "by _id": "return db.a.count_documents({'_id': key}) > 0",
    "by a unique key": "return db.users.count_documents({'email': key}) > 0",
    "limited cursor": "return db.a.find({'x': 1}).limit(1).count() > 0",
    "a list": "return key.count('x') > 0",
}


@pytest.mark.parametrize("body", COUNTED.values(), ids=COUNTED)
def test_counts_for_existence(body: str, tmp_path: Path) -> None:
    assert len(_codes(body, tmp_path, "MDB112")) == 1


@pytest.mark.parametrize("body", NOT_COUNTED.values(), ids=NOT_COUNTED)
def test_other_counts(body: str, tmp_path: Path) -> None:
    assert _codes(body, tmp_path, "MDB112") == []


UNSORTED = {
    "step": "return list(db.a.find({'x': 1}).skip(page).limit(size))",
    "step behind a limit": "return list(db.a.find({'x': 1}).limit(size).skip(page * size))",
    "keyword": "return list(db.a.find({'x': 1}, skip=page, limit=size))",
    "position": "return list(db.a.find({'x': 1}, None, page, size))",
    "in a variable": "c = db.a.find({'x': 1})\nc = c.skip(page)\nreturn list(c)",
    "a constant": "return list(db.a.find({'x': 1}).skip(10))",
    "stage": "return list(db.a.aggregate([{'$match': {'x': 1}}, {'$skip': page}, {'$limit': size}]))",
    "sort after the stage": "return list(db.a.aggregate([{'$skip': page}, {'$sort': {'x': 1}}]))",
    "sort before a group": (
        "return list(db.a.aggregate([{'$sort': {'x': 1}}, {'$group': {'_id': '$y'}}, {'$skip': page}]))"
    ),
    "branch": "return list(db.a.aggregate([{'$facet': {'page': [{'$skip': page}], 'n': [{'$count': 'n'}]}}]))",
    "sort is None": "return list(db.a.find({'x': 1}, sort=None).skip(page))",
}
SORTED = {
    "no skip": "return list(db.a.find({'x': 1}).limit(size))",
    "step": "return list(db.a.find({'x': 1}).sort('_id', 1).skip(page))",
    "step behind": "return list(db.a.find({'x': 1}).skip(page).sort('_id', 1))",
    "keyword": "return list(db.a.find({'x': 1}, sort=[('_id', 1)]).skip(page))",
    "unknown keyword": "return list(db.a.find({'x': 1}, sort=order).skip(page))",
    "on some path": "c = db.a.find({'x': 1}).skip(page)\nif order:\n    c = c.sort(order)\nreturn list(c)",
    "options": "return list(db.a.find({'x': 1}, **query).skip(page))",
    "hint": "return list(db.a.find({'x': 1}).hint('x_1').skip(page))",
    "nothing": "return list(db.a.find({'x': 1}).skip(0))",
    "one document": "return list(db.users.find({'email': key}).skip(page))",
    "random": "return list(db.a.find({'x': 1}).skip(random.randint(0, size)).limit(1))",
    "random in a variable": "n = int(random.random() * size)\nreturn db.a.find().skip(n).limit(-1).next()",
    "text": "return list(db.a.find({'$text': {'$search': key}}).skip(page))",
    "near": "return list(db.a.find({'at': {'$near': key}}).skip(page))",
    "stage": "return list(db.a.aggregate([{'$sort': {'x': 1}}, {'$skip': page}]))",
    "stage that may be there": (
        "p = [{'$match': {'x': 1}}]\nif order:\n    p.append({'$sort': order})\np.append({'$skip': page})\n"
        "return list(db.a.aggregate(p))"
    ),
    "unknown stages": "return list(db.a.aggregate(query + [{'$skip': page}]))",
    "before the branch": "return list(db.a.aggregate([{'$sort': {'x': 1}}, {'$facet': {'page': [{'$skip': page}]}}]))",
    "search": "return list(db.a.aggregate([{'$search': {'text': key}}, {'$skip': page}]))",
    "another library": "return show.objects.filter(key).skip(page)",
}


@pytest.mark.parametrize("body", UNSORTED.values(), ids=UNSORTED)
def test_unsorted_pages(body: str, tmp_path: Path) -> None:
    assert len(_codes(body, tmp_path, "MDB108")) == 1


@pytest.mark.parametrize("body", SORTED.values(), ids=SORTED)
def test_other_pages(body: str, tmp_path: Path) -> None:
    assert _codes(body, tmp_path, "MDB108") == []


REREAD = {
    "update": "db.a.update_one({'_id': key}, {'$set': {'x': 1}})\nreturn db.a.find_one({'_id': key})",
    "made ids": (
        "db.a.update_one({'_id': ObjectId(key)}, {'$set': {'x': 1}})\nreturn db.a.find_one({'_id': ObjectId(key)})"
    ),
    "a variable": "q = {'_id': key}\ndb.a.update_one(q, {'$set': {'x': 1}})\nreturn db.a.find_one(q)",
    "a unique key": "db.users.update_one({'email': key}, {'$inc': {'n': 1}})\nreturn db.users.find_one({'email': key})",
    "checked": (
        "r = db.a.update_one({'_id': key}, {'$set': {'x': 1}})\nif r.matched_count == 0:\n    raise KeyError(key)\n"
        "return db.a.find_one({'_id': key})"
    ),
    "insert": "r = db.a.insert_one({'x': 1})\nreturn db.a.find_one({'_id': r.inserted_id})",
}
NOT_REREAD = {
    "another document": "db.a.update_one({'_id': key}, {'$set': {'x': 1}})\nreturn db.a.find_one({'_id': page})",
    "another collection": "db.a.update_one({'_id': key}, {'$set': {'x': 1}})\nreturn db.b.find_one({'_id': key})",
    "in between": "db.a.update_one({'_id': key}, {'$set': {'x': 1}})\nshow()\nreturn db.a.find_one({'_id': key})",
    "not unique": "db.a.update_one({'x': key}, {'$set': {'x': 1}})\nreturn db.a.find_one({'x': key})",
    "in a branch": "if page:\n    db.a.update_one({'_id': key}, {'$set': page})\nreturn db.a.find_one({'_id': key})",
    "before": "doc = db.a.find_one({'_id': key})\ndb.a.update_one({'_id': key}, {'$set': {'x': 1}})\nreturn doc",
    "an unknown filter": "db.a.update_one(query, {'$set': {'x': 1}})\nreturn db.a.find_one(query)",
    "more in the filter": (
        "db.a.update_one({'_id': key}, {'$set': {'x': 1}})\nreturn db.a.find_one({'_id': key, 'x': page})"
    ),
    "changed in between": (
        "q = {'_id': key}\ndb.a.update_one(q, {'$set': {'x': 1}})\nq['x'] = 2\nreturn db.a.find_one(q)"
    ),
    "inserted elsewhere": "r = show.insert_one({'x': 1})\nreturn db.a.find_one({'_id': r.inserted_id})",
}


@pytest.mark.parametrize("body", REREAD.values(), ids=REREAD)
def test_rereads(body: str, tmp_path: Path) -> None:
    assert len(_codes(body, tmp_path, "MDB111")) == 1


@pytest.mark.parametrize("body", NOT_REREAD.values(), ids=NOT_REREAD)
def test_other_reads(body: str, tmp_path: Path) -> None:
    assert _codes(body, tmp_path, "MDB111") == []


PARTLY = {
    "item": ("d = db.a.find_one({'_id': key})\nreturn d['x']", "only x is used"),
    "items": ("d = db.a.find_one({'_id': key})\nreturn d['x'] + d.get('y', 1)", "only x, y are used"),
    "of a nested one": ("d = db.a.find_one({'_id': key})\nreturn d['x']['y'], d['x'].get('z')", "only x is used"),
    "at once": ("return db.a.find_one({'_id': key})['x']", "only x is used"),
    "tested": ("d = db.a.find_one({'_id': key})\nif not d:\n    return None\nreturn d['x']", "only x is used"),
    "is there": ("return db.a.find_one({'_id': key}) is None", "only asked whether there is one"),
    "asked for a key": ("d = db.a.find_one({'_id': key})\nreturn 'x' in d and d['y']", "only x, y are used"),
    "and": ("d = db.a.find_one({'_id': key})\nreturn d and d['x']", "only x is used"),
    "loop": ("for d in db.a.find({'x': key}):\n    show(d['_id'])", "only _id is used"),
    "list": ("ds = list(db.a.find({'x': key}))\nif ds:\n    show(len(ds))\nreturn [d['y'] for d in ds]", "only y is"),
    "to_list": ("ds = db.a.find().to_list()\nreturn [d['y'] for d in ds] if ds else None", "only y is"),
    "comprehension": ("return [d['_id'] for d in db.a.find({'x': key}).sort('x')]", "only _id is used"),
}
WHOLLY = {
    "returned": "return db.a.find_one({'_id': key})",
    "passed on": "d = db.a.find_one({'_id': key})\nshow(d)\nreturn d['x']",
    "spread": "d = db.a.find_one({'_id': key})\nreturn show(**d) if d['x'] else None",
    "copied": "d = db.a.find_one({'_id': key})\nreturn {**d, 'x': d['x']}",
    "iterated": "d = db.a.find_one({'_id': key})\nreturn [k for k in d if d['x']]",
    "or": "d = db.a.find_one({'_id': key})\nreturn (d or {})['x']",
    "and the document": "d = db.a.find_one({'_id': key})\nreturn key and d, d['x']",
    "changed": "d = db.a.find_one({'_id': key})\nd['x'] = 1\nreturn d['x']",
    "popped": "d = db.a.find_one({'_id': key})\nreturn d.pop('x')",
    "searched": "d = db.a.find_one({'_id': key})\nreturn key in d and d['y']",
    "key at run time": "d = db.a.find_one({'_id': key})\nreturn d[order], d['x']",
    "shown": "d = db.a.find_one({'_id': key})\nreturn f'{d}' if d['x'] else ''",
    "many fields": "d = db.a.find_one({'_id': key})\nreturn d['a'], d['b'], d['c'], d['d']",
    "inner function": "d = db.a.find_one({'_id': key})\ndef f():\n    return d\nreturn f, d['x']",
    "projection": "d = db.a.find_one({'_id': key}, {'x': 1})\nreturn d['x']",
    "kept": "d = show.d = db.a.find_one({'_id': key})\nreturn d['x']",
    "list": "ds = list(db.a.find({'x': key}))\nreturn ds[0]['x'], ds",
    "counted": "return len(list(db.a.find({'x': key})))",
    "yielded": "for d in db.a.find({'x': key}):\n    if d['x']:\n        yield d",
    "options": "d = db.a.find_one({'_id': key}, **query)\nreturn d['x']",
}


@pytest.mark.parametrize(("body", "words"), PARTLY.values(), ids=PARTLY)
def test_partial_uses(body: str, words: str, tmp_path: Path) -> None:
    found = _codes(body, tmp_path, "MDB109")
    assert len(found) == 1
    assert words in found[0]


@pytest.mark.parametrize("body", WHOLLY.values(), ids=WHOLLY)
def test_whole_uses(body: str, tmp_path: Path) -> None:
    assert _codes(body, tmp_path, "MDB109") == []


ARRAYS = """\
def put(key, texts, rules):
    db.a.insert_one({{"x": key, "asked": [{{"text": t}} for t in texts], "rules": [{{"to": r}} for r in rules]}})


def get(key):
    return [(d["_id"], d["x"], d["at"], {used}) for d in db.a.find({{"x": key}}).limit(9)]
"""


@pytest.mark.parametrize(
    ("used", "told"),
    [
        ("0", "only _id, x, at are used, not asked or rules, arrays of documents"),
        ("d['asked']", "4 fields are used, not rules, an array of documents"),
        ("d['asked'], d['rules']", None),
    ],
)
def test_an_array_of_which_nothing_is_used(used: str, told: str | None, tmp_path: Path) -> None:
    """Whatever else is used, another array included."""
    said = findings(HEAD + ARRAYS.format(used=used), tmp_path, rules={"MDB109"})
    assert [told in each.message for each in said] == [True] * bool(told) if told else not said


TAKEN = "def get(key):\n    d = db.a.find_one({'_id': key})\n    return d['x'], d['y']\n"
WRITTEN = "def put(key, x, y, z):\n    db.a.insert_one({'_id': key, 'x': x, 'y': y, 'z': z})\n"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (TAKEN, True),
        (TAKEN + WRITTEN, False),
        (TAKEN + WRITTEN.replace("'z': z", "'z': z, 'v': 1, 'w': 1"), True),
        (TAKEN + WRITTEN.replace("'z': z", "**z"), True),
        (TAKEN + WRITTEN + "def log(key, z):\n    db.a.update_one({'_id': key}, {'$push': {'z': z}})\n", True),
    ],
    ids=["of unknown ones", "most", "some", "of open ones", "all but what grows"],
)
def test_most_fields_are_as_good_as_all(text: str, told: bool, tmp_path: Path) -> None:
    assert bool(findings(HEAD + text, tmp_path, rules={"MDB109"})) is told


GET = "def get(key):\n    return db.a.find_one({'_id': key})\n"
LIST = "def get():\n    return list(db.a.find())\n"
HANDED = "def load(key):\n    d = get(key)\n    return d\n"
GROWS = "def log(key, text):\n    db.a.update_one({'_id': key}, {'$push': {'log': text}})\n"
FEW = "".join(f"def use_{n}(key):\n    d = get(key)\n    return d['f{n}'] if d else None\n" for n in range(3))
ALL = "def show(key):\n    return get(key)\n"
HELPED = {
    "the one call": (GET + "def owner(key):\n    return get(key)['x']\n", "the one call of get uses only x"),
    "all calls": (GET + FEW, "all 3 calls of get use only f0, f1, f2"),
    "whether there is one": (GET + "def is_there(key):\n    return get(key) is not None\n", "asks only whether"),
    "handed on": (GET + HANDED + FEW.replace("get", "load"), "all 3 calls of load use only"),
    "read in the helper, too": (
        "def get(key):\n    d = db.a.find_one({'_id': key})\n    if d['y']:\n        return d\n"
        "def owner(key):\n    return get(key)['x']\n",
        "the one call of get uses only y, x",
    ),
    "a list": (LIST + "def owners():\n    return [d['x'] for d in get()]\n", "the one call of get uses only x"),
    "a list, sorted and counted": (
        LIST.replace("find()", "find().sort('x')") + "def owners():\n    found = get()\n    if not found:\n"
        "        return len(found)\n    return {d['y'] for d in found}\n",
        "the one call of get uses only y",
    ),
    "dropped where it looks itself": (
        "def get(key):\n    d = db.a.find_one({'_id': key})\n    if d['y'] is None:\n        raise KeyError\n"
        "    return d\n"
        "def owner(key):\n    return get(key)['x']\ndef touch(key):\n    get(key)\n    print(key)\n",
        "both calls of get use only y, x",
    ),
    "most with less": (
        "def get(key):\n    d = db.a.find_one({'_id': key})\n    if d['y'] is None:\n        raise KeyError\n"
        "    return d\n"
        + "".join(f"def touch_{n}(key):\n    get(key)\n    print(key)\n" for n in range(2))
        + "def owner(key):\n    return get(key)['x']\n",
        "all 3 calls of get use only y, x (2 of them only y);",
    ),
    "a part that grows": (GET + FEW + GROWS + ALL, "3 of 4 calls of get use no more of them than f0, f1, f2, not log,"),
}
NOT_HELPED = {
    "a list that is only counted": LIST + "def count():\n    return len(get())\n",
    "a list that is passed on": LIST + "def owners():\n    return sorted(get(), key=str)\n",
    "a list with more": "def get():\n    return [1, *db.a.find()]\ndef owners():\n    return [d['x'] for d in get()]\n",
    "no calls": GET,
    "nothing is large": GET + FEW + ALL,
    "dropped, and not looked at": GET + "def touch(key):\n    get(key)\n    print(key)\n",
    "few calls": GET + FEW.partition("def use_2")[0] + GROWS + ALL,
    "what grows is used": GET + FEW.replace("f1", "log") + GROWS + ALL,
    "passed on": GET + "def owner(key):\n    d = get(key)\n    print(d)\n    return d['x']\n",
    "for a framework": "@app.get('/')\n" + GET + "def owner(key):\n    return get(key)['x']\n",
    "handed on as a function": GET + "def owner(key):\n    return get(key)['x']\ndef run():\n    start(get)\n",
    "kept": "kept = {}\ndef get(key):\n    d = kept[key] = db.a.find_one({'_id': key})\n    return d\n" + FEW,
    "of several collections": (
        "def get(name, key):\n    return db[name].find_one({'_id': key})\n"
        "def owner(key):\n    return get('a', key)['x']\n"
        "def other(key):\n    return get('b', key)['y']\n"
    ),
    "many fields": GET + FEW + "def more(key):\n    d = get(key)\n    return d['a']\n",
}  # fmt: skip


@pytest.mark.parametrize(("text", "words"), HELPED.values(), ids=HELPED)
def test_partial_uses_of_what_a_helper_returns(text: str, words: str, tmp_path: Path) -> None:
    (found,) = findings(HEAD + text, tmp_path, rules={"MDB109"})
    assert words in found.message


@pytest.mark.parametrize("text", NOT_HELPED.values(), ids=NOT_HELPED)
def test_whole_uses_of_what_a_helper_returns(text: str, tmp_path: Path) -> None:
    assert findings(HEAD + text, tmp_path, rules={"MDB109"}) == []


WHOLE = {
    "list": "return list(db.a.find())",
    "sorted": "return sorted(db.a.find(), key=show)",
    "a range": "return list(db.a.find({'x': {'$gt': 1}}))",
    "ids from one on": "return list(db.a.find({'_id': {'$gt': key}}))",
    "a status": "return list(db.a.find({'x': 'open'}))",
    "an element with a range": "return list(db.a.find({'x': {'$elemMatch': {'$gt': key}}}))",
    "an element of the code": "return list(db.a.find({'x': {'$elemMatch': {'$eq': 'open'}}}))",
    "stored each time": "found = list(db.a.find())\nsettings.kept['all'] = found\nreturn found",
    "set each time": "found = list(db.a.find())\nshow.set('all', found)\nreturn found",
    "steps": "return list(db.a.find().sort('x').batch_size(9))",
    "in a variable": "c = db.a.find()\nreturn list(c)",
    "comprehension": "return [d['x'] for d in db.a.find()]",
    "converted": "return [show(d) for d in db.a.find()]",
    "dict": "return {d['x']: d for d in db.a.find()}",
    "generator in a list": "return list(show(d) for d in db.a.find())",
    "appended": "found = []\nfor d in db.a.find():\n    found.append(d)\nreturn found",
    "appended, converted": "found = []\nfor d in db.a.find():\n    found.append(show(**d))\nreturn found",
    "pipeline": "return list(db.a.aggregate([{'$match': {'x': {'$gt': 1}}}, {'$project': {'y': 1}}]))",
}
NOT_WHOLE = {
    "limit": "return list(db.a.find().limit(9))",
    "limit keyword": "return list(db.a.find(limit=size))",
    "on some path": "c = db.a.find()\nif size:\n    c = c.limit(size)\nreturn list(c)",
    "given value": "return list(db.a.find({'owner': key}))",
    "keys": "return list(db.a.find({'x': {'$in': query}}))",
    "an id": "return list(db.a.find({'_id': key}))",
    "unknown filter": "return list(db.a.find(query))",
    "one by one": "for d in db.a.find():\n    show(d)",
    "generator": "return (d for d in db.a.find())",
    "summed": "return sum(d['x'] for d in db.a.find())",
    "some": "found = []\nfor d in db.a.find():\n    if d['x']:\n        found.append(d)\nreturn found",
    "until": "found = []\nfor d in db.a.find():\n    found.append(d)\n    if show(d):\n        break\nreturn found",
    "tasks": "found = []\nfor d in db.a.find():\n    found.append(asyncio.create_task(show(d['x'])))\nreturn found",
    "grouped": "return list(db.a.aggregate([{'$group': {'_id': '$x'}}]))",
    "limited pipeline": "return list(db.a.aggregate([{'$sort': {'x': 1}}, {'$limit': 9}]))",
    "a given element": "return list(db.a.find({'x': {'$elemMatch': {'$eq': key}}}))",
    "an element with a given field": "return list(db.a.find({'x': {'$elemMatch': {'y': key, 'z': 1}}}))",
    "cached": (
        "found = show.get('all')\nif found is None:\n    found = []\n    for d in db.a.find():\n"
        "        found.append(d)\n    show.set('all', found)\nreturn found"
    ),
    "cached list": (
        "found = settings.get('all')\nif found:\n    return found\n"
        "found = list(db.a.find())\nsettings.set('all', found, 60)\nreturn found"
    ),
    "cached under a key": (
        "if 'all' in settings.kept:\n    found = settings.kept['all']\nelse:\n"
        "    found = list(db.a.find())\n    settings.kept['all'] = found\nreturn found"
    ),
    "nobody inserts": "return list(db.b.find())",
    "first": "return next(db.a.find())",
}
ROUTE = HEAD + "@app.post('/')\ndef add(doc: dict):\n    db.a.insert_one(doc)\n\n\n@app.get('/')\n"


SIZES = {
    "of a cursor": ("size: int = 20", "db.users.find({}).limit(size).to_list()", True),
    "of a pipeline": ("size: int = 20", "db.users.aggregate([{'$match': {}}, {'$limit': size}])", True),
    "of a branch": (
        "size: int = 20",
        "db.users.aggregate([{'$facet': {'items': [{'$skip': 1}, {'$limit': size}]}}])",
        True,
    ),
    "of a query that is described": ("size: int = Query(20, ge=1)", "db.users.find({}, limit=size)", True),
    "with a bound": ("size: int = Query(20, lt=100)", "db.users.find({}, limit=size)", False),
    "with a bound that is not shown": ("size: int = Query(20, **bounds)", "db.users.find({}, limit=size)", False),
    "of a type that bounds it": ("size: conint(le=9) = 5", "db.users.find({}, limit=size)", False),
    "at most so many": ("size: int = 20", "db.users.find({}, limit=min(size, 100))", False),
    "by a dependency": ("size: int = Depends(sized)", "db.users.find({}, limit=size)", False),
}


@pytest.mark.parametrize(("parameter", "query", "is_told"), SIZES.values(), ids=SIZES)
def test_pages_as_large_as_a_request_likes(parameter: str, query: str, is_told: bool, tmp_path: Path) -> None:
    head = HEAD.replace("import FastAPI", "import Depends, FastAPI, Query")
    text = f"{head}@app.get('/users')\ndef users({parameter}):\n    return {query}\n"
    assert bool(findings(text, tmp_path, rules={"MDB110"})) is is_told


@pytest.mark.parametrize("body", WHOLE.values(), ids=WHOLE)
def test_unbounded_results(body: str, tmp_path: Path) -> None:
    assert len(_codes(body, tmp_path, "MDB110", ROUTE)) == 1


@pytest.mark.parametrize("body", NOT_WHOLE.values(), ids=NOT_WHOLE)
def test_bounded_results(body: str, tmp_path: Path) -> None:
    assert _codes(body, tmp_path, "MDB110", ROUTE) == []


def test_only_what_requests_reach(tmp_path: Path) -> None:
    head = ROUTE.removesuffix("@app.get('/')\n")
    assert _codes(WHOLE["list"], tmp_path, "MDB110", head) == []


# What becomes of the list, and the advice: a number, or none
USED = {
    "answered": ("return [d['x'] for d in db.a.find()]", "limit=1000"),
    "written": ("found = [d['x'] for d in db.a.find()]\nopen(key).write(show(found))", "as the cursor gives it"),
    "written line by line": (
        "found = []\nfor d in db.a.find():\n    found.append(d)\nx = ''\nfor d in found:\n    x += f\"{d['x']}\\n\"\n"
        "open(key, 'w').write(x)",
        "as the cursor gives it",
    ),
    "dumped": ("import json\njson.dump(list(db.a.find()), open(key, 'w'))", "as the cursor gives it"),
    "counted in a file": ("found = list(db.a.find())\nopen(key).write(str(len(found)))", "let the server count"),
    "sliced": ("return [d['x'] for d in db.a.find()][:2]", "what the slice takes"),
    "sliced later": ("found = list(db.a.find())\nreturn found[:size]", "what the slice takes"),
    "something of a loop written": (
        "found = list(db.a.find())\nx = ''\nfor each in query:\n    x = x + each\nopen(key).write(x)\nreturn found",
        "limit=1000",
    ),
    "counted comprehension": ("return len([d for d in db.a.find()])", "let the server count"),
    "counted comprehension, kept": (
        "found = [d['x'] for d in db.a.find()]\nreturn len(found)",
        "let the server",
    ),
    "comprehension counted, and answered": ("found = [d for d in db.a.find()]\nreturn len(found), found", "limit=1000"),
    "only counted": ("return len(list(db.a.find()))", "let the server count"),
    "counted twice": ("found = list(db.a.find())\nreturn len(found) if len(found) > 1 else 0", "let the server count"),
    "counted, and answered": ("found = list(db.a.find())\nreturn len(found), found", "limit=1000"),
    "drawn": ("found = list(db.a.find())\nreturn random.choice([d for d in found if d['x']])", "$sample"),
    "drawn from something else": ("found = list(db.a.find())\nreturn random.choice(order), found", "limit=1000"),
    "worked on": ("show(list(db.a.find()))\ndb.a.update_many({'x': 1}, {'$set': {'x': 2}})", "in parts"),
    "beside another": ("db.b.update_one({'_id': key}, {'$inc': {'n': 1}})\nreturn list(db.a.find())", "limit=1000"),
    "one of it": ("found = list(db.a.find())\nreturn found[0]", "limit=1000"),
}


@pytest.mark.parametrize(("body", "advice"), USED.values(), ids=USED)
def test_no_number_is_advised_that_would_cut_what_is_written(body: str, advice: str, tmp_path: Path) -> None:
    lines = "".join(f"    {line}\n" for line in body.splitlines())
    text = f"{ROUTE}def ask(key, page, size, query, order, show):\n{lines}"
    (found,) = findings(text, tmp_path, rules={"MDB110"})
    assert advice in found.message


TWICE = {
    "through helpers": """\
        @app.get("/a")
        def a(user_id):
            user = load(user_id)
            if not user:
                raise LookupError(user_id)
            return drop(user_id, user["owner"])
        """,
    "the same helper": """\
        @app.get("/a")
        def a(user_id):
            user = load(user_id)
            try:
                return user, load(user_id=user_id)
            except KeyError:
                return None
        """,
    "by itself": """\
        @app.get("/a")
        def a(email):
            if db.users.find_one({"email": email}) and settings.STRICT:
                raise ValueError(email)
            return db.users.find_one({"email": email}, {"email": 1})
        """,
}
ONCE = {
    "another document": """\
        @app.get("/a")
        def a(user_id, other):
            return load(user_id), load(other)
        """,
    "a write in between": """\
        @app.get("/a")
        def a(user_id):
            user = load(user_id)
            db.users.update_one({"_id": ObjectId(user_id)}, {"$set": {"seen": True}})
            return user, load(user_id)
        """,
    "a write in what is called before": """\
        def seen(user_id):
            db.users.update_one({"_id": ObjectId(user_id)}, {"$set": {"seen": True}})
            return load(user_id)

        @app.get("/a")
        def a(user_id):
            return load(user_id), seen(user_id)
        """,
    "only where the first found something": """\
        @app.get("/a")
        def a(user_id):
            user = load(user_id)
            if not user:
                user = load(user_id)
            return user
        """,
    "until it is there": """\
        @app.get("/a")
        def a(user_id):
            user = load(user_id)
            while user["state"] != "done":
                user = load(user_id)
            return user
        """,
    "kept": """\
        kept = {}

        def cached(user_id):
            if user_id in kept:
                return kept[user_id]
            kept[user_id] = load(user_id)
            return kept[user_id]

        @app.get("/a")
        def a(user_id):
            return cached(user_id), cached(user_id)
        """,
    "less is asked the second time": """\
        @app.get("/a")
        def a(user_id, owner):
            user = db.users.find_one({"_id": user_id, "owner": owner})
            return user, db.users.find_one({"_id": user_id})
        """,
    "a part only": """\
        @app.get("/a")
        def a(user_id):
            name = db.users.find_one({"_id": user_id}, {"name": 1})
            return name, db.users.find_one({"_id": user_id})
        """,
    "in a transaction": """\
        @app.get("/a")
        def a(user_id, session):
            user = db.users.find_one({"_id": user_id})
            return user, db.users.find_one({"_id": user_id}, session=session)
        """,
    "under a lock": """\
        @app.get("/a")
        def a(user_id, lock):
            user = load(user_id)
            with lock:
                return user, load(user_id)
        """,
    "run by nothing": """\
        def a(user_id):
            return load(user_id), load(user_id)
        """,
}
HELPERS = """\
def load(user_id):
    try:
        return db.users.find_one({"_id": ObjectId(user_id)})
    except ValueError:
        return None


def drop(user_id, owner):
    user = db.users.find_one({"_id": ObjectId(user_id), "owner": owner})
    if user:
        db.users.delete_one({"_id": user["_id"]})


"""


@pytest.mark.parametrize("body", TWICE.values(), ids=TWICE)
def test_a_document_is_read_twice(body: str, tmp_path: Path) -> None:
    assert len(_twice(body, tmp_path)) == 1


@pytest.mark.parametrize("body", ONCE.values(), ids=ONCE)
def test_a_document_is_read_once(body: str, tmp_path: Path) -> None:
    assert _twice(body, tmp_path) == []


def _twice(body: str, tmp_path: Path) -> list[ReadTwice]:
    loaded = project(HEAD + HELPERS + textwrap.dedent(body), tmp_path)
    return with_deep_stack(lambda: loaded.project.results.read_twice)


READ_TO_COUNT = {
    "a list": ("return len(list(db.a.find({'x': key})))", ["", False]),
    "in a variable": ("found = list(db.a.find({'x': key}).sort('y'))\nreturn len(found) > 3", ["", False]),
    "those that are open": ("return sum(1 for d in list(db.a.find({'x': key})) if d['y'])", ["", True]),
    "a part": ("return len(list(db.a.find({'x': key}).limit(3)))", None),
    "by keys": ("return len(list(db.a.find({'_id': {'$in': key}})))", None),
    "answered, too": ("found = list(db.a.find({'x': key}))\nreturn len(found), found", None),
    "tested": ("found = list(db.a.find({'x': key}))\nif found:\n    return len(found)", None),
    "added up": ("return sum(d['n'] for d in list(db.a.find({'x': key})))", None),
    "of a helper": ("return len(get())", ["get", False]),
    "of one of several": ("one, found = asyncio.gather(show(), get())\nreturn one, len(found)", ["get", False]),
    "of another one": ("found, one = asyncio.gather(show(), get())\nreturn one, len(found)", None),
    "of several, one by one": ("found = asyncio.gather(show(), get())\nreturn len(found)", None),
}


@pytest.mark.parametrize(("body", "told"), READ_TO_COUNT.values(), ids=READ_TO_COUNT)
def test_lists_that_are_read_to_be_counted(body: str, told: list[object] | None, tmp_path: Path) -> None:
    body = textwrap.indent(body, "    ")
    loaded = project(f"{HEAD}def get():\n    return list(db.b.find())\n\n\ndef ask(key, show):\n{body}\n", tmp_path)

    def found() -> list[list[object]]:
        results = loaded.project.results
        return [[one.function, one.chosen] for each in loaded.project.operations for one in results.counted(each)]

    assert with_deep_stack(found) == ([told] if told else [])


GIVEN = """\
def read(query):
    return list(db.a.find(query))


@app.get("/own")
def own(key):
    return read({{"owner": key}})


@app.get("/all")
def everything(key):
    return read({asked})


@app.post("/add")
def add(key: dict):
    db.a.insert_one(key)
"""


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("{}", True),
        ('{"state": "open"}', True),
        ('{"owner": key}', False),
        ('{"_id": {"$in": key}}', False),
        ('{"$or": key}', False),
        ("key", False),
    ],
)
def test_a_helper_that_is_given_the_filter(asked: str, told: bool, tmp_path: Path) -> None:
    found = findings(HEAD + GIVEN.format(asked=asked), tmp_path, rules={"MDB110"})
    wanted = "is read whole (by list) whenever everything runs, and grows with the collection; give the helper a limit"
    assert [wanted in each.message for each in found] == [True] * told


PAGES = {
    "by a helper": ("size: int = 20", "return some(size)", True),
    "with a bound": ("size: int = Query(20, le=100)", "return some(size)", False),
    "described, without one": ("size: int = Query(20, ge=1)", "return some(size)", True),
    "compared": ("size: int = 20", "if size > 100:\n        return []\n    return some(size)", False),
}


@pytest.mark.parametrize(("parameter", "body", "told"), PAGES.values(), ids=PAGES)
def test_a_request_says_how_large_a_page_is(parameter: str, body: str, told: bool, tmp_path: Path) -> None:
    code = f"""\
from fastapi import Query

{HEAD}
def some(count: int):
    return list(db.users.find(sort=[("_id", 1)], limit=count))


@app.get("/users")
def users({parameter}):
    {body}
"""
    found = findings(code, tmp_path, rules={"MDB110"})
    assert ["by size, which nothing bounds" in finding.message for finding in found] == [True] * told


@pytest.mark.parametrize(
    ("keys", "in_memory"),
    [('[("owner", 1), ("_id", 1)]', False), ('"owner"', True), ('"name"', False)],
    ids=["with _id", "without", "none"],
)
def test_the_order_of_pages_that_no_index_gives(keys: str, in_memory: bool, tmp_path: Path) -> None:
    code = (
        f"{HEAD}db.a.create_index({keys})\n\n\ndef ask(owner, n):\n    return db.a.find({{'owner': owner}}).skip(n)\n"
    )
    loaded = project(code, tmp_path)
    (finding,) = check(loaded, {"MDB108"}, loaded.project.config, fixes=True).findings
    assert finding.fix is not None
    told = ", and without an index on owner, _id they are sorted in memory" if in_memory else ""
    assert finding.fix.reason == f"the order of the pages changes{told}"


def test_all_requests_that_say_how_large_a_page_is_are_told_with_what_each_reads(tmp_path: Path) -> None:
    code = f"""\
{HEAD}
def some(name, count: int):
    return list(db[name].find(sort=[("_id", 1)], limit=count))


@app.get("/users")
def users(size: int = 20):
    return some("users", size)


@app.get("/orders")
def orders(count: int = 20):
    return some("orders", count)


@app.get("/shops")
def shops():
    return some("shops", 20)
"""
    (found,) = findings(code, tmp_path, rules={"MDB110"})
    assert found.message.startswith("find on users or orders returns as many documents as a request asks for by size")
    assert [each.message for each in found.related] == ["takes size from the request", "takes count from the request"]


CUT_OFF = {
    "a sum": ("return sum(d['n'] for d in found)", "the sum of n"),
    "of numbers in a list": ("return sum([float(d.get('n', 0)) for d in found])", "the sum of n"),
    "of products": ("return sum(d['n'] * d['m'] for d in found)", "the sum"),
    "of those that hold something": ("return found, sum(1 for d in found if d['n'])", "the sum"),
    "in a loop": ("n = 0\nfor d in found:\n    if d['m']:\n        n += d['n'] or 0\nreturn n", "the sum of n"),
    "an average": ("return sum(d['n'] for d in found) / len(found), found", "the average of n"),
    "of statistics": ("return statistics.mean(d['n'] for d in found)", "the average of n"),
    "the greatest": ("return max(d['n'] for d in found)", "the greatest of n"),
    "the least, by a key": ("return min(found, key=order)", "the least"),
    "a number": ("return len(found)", "only their number"),
}
NOT_CUT_OFF = {
    "the list itself": "return found",
    "with its length": "return found, len(found)",
    "a text": "n = ''\nfor d in found:\n    n += d['n']\nreturn n",
    "up to a bound": "n = 0\nfor d in found:\n    n += d['n']\n    if n > 9:\n        break\nreturn n",
    "too many": "return len(found) >= 100",
    "of something else": "return found, sum(d['n'] for d in show)",
    "lists": "return sum((d['n'] for d in found), [])",
}
CUT_OFF_HEAD = """\
import statistics

from fastapi import FastAPI
from motor.motor_asyncio import AsyncIOMotorClient

app = FastAPI()
db = AsyncIOMotorClient(timeoutMS=5000).app


@app.post("/a")
async def add(n: int):
    await db.a.insert_one({"n": n, "m": 1})


"""


def _cut_off(body: str, tmp_path: Path, call: str = "db.a.find({'x': show})") -> list[str]:
    lines = "".join(f"    {line}\n" for line in body.splitlines())
    text = f"{CUT_OFF_HEAD}@app.get('/a')\nasync def ask(order, show):\n    found = await {call}.to_list(100)\n{lines}"
    return [finding.message for finding in findings(text, tmp_path, rules={"MDB115"})]


@pytest.mark.parametrize("name", CUT_OFF)
def test_a_number_that_is_made_of_a_list_that_is_cut_off(name: str, tmp_path: Path) -> None:
    body, told = CUT_OFF[name]
    (message,) = _cut_off(body, tmp_path)
    assert f"{told} is" in message


@pytest.mark.parametrize("name", NOT_CUT_OFF)
def test_no_number_is_made_of_a_list_that_is_cut_off(name: str, tmp_path: Path) -> None:
    assert _cut_off(NOT_CUT_OFF[name], tmp_path) == []


@pytest.mark.parametrize(
    "call", ["db.a.find().sort('n', 1)", "db.a.find().skip(9)", "db.a.find({'_id': show})", "db.b.find()"]
)
def test_a_list_that_is_meant_to_be_a_part_or_small_is_left_alone(call: str, tmp_path: Path) -> None:
    assert _cut_off("return sum(d['n'] for d in found)", tmp_path, call) == []
