"""What can be typed, in texts that mostly are no Python."""

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mongolint.config import Config
from mongolint.engine.load import Loaded, load
from mongolint.lsp.features.completion import Completion, complete
from mongolint.mongo.operators import PIPELINE_STAGES, UPDATE_OPERATORS

EXAMPLE = Path(__file__).parents[3] / "examples" / "bookshelf"
BOOK = {"owner_id", "isbn", "title", "chapters", "chapters.title", "chapters.words", "updated_at", "_id"}
FLAT = {name for name in BOOK if "." not in name}
NOTE = {"author_id", "text", "stars", "_id"}
COLLECTIONS = {"authors", "books", "notes"}


def fields(found: list[Completion]) -> set[str]:
    return {each.label for each in found if each.kind == "field"}


def operators(found: list[Completion]) -> set[str]:
    return {each.label for each in found if each.kind == "operator"}


FIELDS = [
    ('await books.find_one({"¦', BOOK),
    ("await books.find_one({¦", BOOK),
    ('await books.find_one({"¦": owner_id})', BOOK),
    ('await books.find_one({"owner_id": owner_id, "ti¦', BOOK - {"owner_id"}),
    ('await books.find_one(filter={"¦', BOOK),
    ('await books.find_one({"$or": [{"a": 1}, {"¦', BOOK),
    ('await books.find_one({"$and": [{"$nor": [{"¦', BOOK),
    ('await books.find_one({"chapters": {"$elemMatch": {"¦', {"title", "words"}),
    ('await books.find_one({}, {"¦', BOOK),
    ('await books.find_one({}, ["title", "¦', BOOK),
    ('await books.find_one({}, sort=[("¦', BOOK),
    ('await books.find_one({}, sort=[("title", 1), ("¦', BOOK),
    ('await books.find_one({}, sort=[("title", "¦', set()),
    ('books.find({}).limit(3).sort("¦', BOOK),
    ('books.find({}).sort({"¦', BOOK),
    ('cursor = books.find({})\ncursor.sort("¦', BOOK),
    ('await books.distinct("¦', BOOK),
    ('await books.create_index([("owner_id", 1), ("¦', BOOK),
    ('await books.create_indexes([IndexModel([("¦', BOOK),
    ('await books.insert_one({"¦', FLAT),
    ('await books.insert_one({"chapters": [{"¦', {"title", "words"}),
    ('await books.replace_one({"isbn": 1}, {"¦', FLAT),
    ('await books.update_one({"isbn": 1}, {"$set": {"¦', BOOK),
    ('await books.update_one({"isbn": 1}, {"$set": {"chapters.$.¦', BOOK),
    ('await books.update_one({"isbn": 1}, {"$push": {"chapters": {"¦', {"title", "words"}),
    ('await books.update_one({"isbn": 1}, {"$pull": {"chapters": {"¦', {"title", "words"}),
    ('await books.bulk_write([UpdateOne({"¦', BOOK),
    ('await books.bulk_write([UpdateOne({"isbn": 1}, {"$set": {"¦', BOOK),
    ('writes = []\nwrites.append(UpdateOne({"¦"}))\nawait books.bulk_write(writes)', BOOK),
    ('writes = [UpdateOne({}, {"$set": {"¦"}}) for x in y]\nawait books.bulk_write(requests=writes)', BOOK),
    ('writes = [UpdateOne({"¦"}) for x in y]\nawait thing.bulk_write(writes)', set()),
    ('models = [IndexModel("¦")]\nawait books.create_indexes(models)', BOOK),
    ('books.aggregate([{"$match": {"¦', BOOK),
    ('books.aggregate([{"$match": {}}, {"$sort": {"¦', BOOK),
    ('books.aggregate([{"$group": {"_id": "$¦', {f"${name}" for name in BOOK}),
    ('books.aggregate([{"$group": {"_id": "$title"}}, {"$match": {"¦', set()),
    ('books.aggregate([stage, {"$match": {"¦', set()),
    ('books.aggregate([{"$facet": {"all": [{"$match": {"¦', BOOK),
    ('books.aggregate([{"$lookup": {"from": "notes", "foreignField": "¦', NOTE),
    ('books.aggregate([{"$lookup": {"localField": "¦", "from": "notes"}}])', BOOK),
    ('books.aggregate([{"$lookup": {"from": "notes", "pipeline": [{"$match": {"¦', NOTE),
    ('books.aggregate([{"$lookup": {"from": other, "pipeline": [{"$match": {"¦', set()),
    ('query = {"¦"}\nreturn await books.find_one(query)', BOOK),
    ('query: dict = {}\nquery["¦"] = 1\nreturn await books.find_one(filter=query)', BOOK),
    ('notes = await get_collection("notes")\nawait notes.find_one({"¦', NOTE),
    ('notes = await get_collection("notes")\nbroken = (\nawait notes.find_one({"¦', NOTE),
    ('await (await get_collection("notes")).find_one({"¦', NOTE),
    ('both = books\nawait both.find_one({"¦', BOOK),
    # No document of an operation
    ('await thing.find({"¦', set()),
    ('dict.update({"¦', set()),
    ('return {"¦', set()),
    ('await books.find_one({"_id": ObjectId("¦', set()),
    ('await books.find_one({"title": "¦', set()),
    ('await books.find_one({"title": f"{x}¦', set()),
    ('await books.find_one({f"¦', BOOK - BOOK),
    ('# await books.find_one({"¦', set()),
    ('"""await books.find_one({\'¦', set()),
]


@pytest.mark.parametrize(("body", "wanted"), FIELDS, ids=[body for body, _ in FIELDS])
def test_fields(shop, body: str, wanted: set[str]) -> None:
    assert fields(complete(shop.loaded, *shop.typed(body))) == wanted


OPERATORS = [
    ('await books.find_one({"¦', {"$and", "$or", "$text", "$expr"}, {"$gt", "$set", "$match"}),
    ('await books.find_one({"title": {"$¦', {"$gt", "$in", "$regex", "$not"}, {"$or", "$set"}),
    ('await books.find_one({"title": {"$not": {"$¦', {"$gt", "$in"}, {"$or"}),
    ('await books.find_one({f"{x}.y": {"$¦', {"$gt"}, {"$or"}),
    ('await books.find_one({"title": {"$gt": 1, "$¦', {"$lt"}, {"$gt"}),
    ('await books.update_one({"isbn": 1}, {"$¦', set(UPDATE_OPERATORS), {"$gt", "$match"}),
    ('await books.update_one({"isbn": 1}, {"$push": {"chapters": {"$¦', {"$each", "$slice"}, {"$set"}),
    ('await books.update_one({"isbn": 1}, [{"$¦', {"$set", "$unset"}, {"$match", "$inc"}),
    ('books.aggregate([{"$¦', set(PIPELINE_STAGES), {"$gt"}),
    ('books.aggregate([{"$group": {}}, {"$match": {"$¦', {"$or"}, {"$gt"}),
    ('stages = []\nstages.append({"$¦"})\nreturn books.aggregate(stages)', {"$match"}, {"$gt"}),
    # Nothing is known of it but the method, which only this driver has
    ('await unheard_of.find_one({"title": {"$¦', {"$gt"}, {"$or"}),
    ('await unheard_of.find({"title": {"$¦', set(), {"$gt"}),
]


@pytest.mark.parametrize(("body", "wanted", "unwanted"), OPERATORS, ids=[body for body, *_ in OPERATORS])
def test_operators(shop, body: str, wanted: set[str], unwanted: set[str]) -> None:
    found = operators(complete(shop.loaded, *shop.typed(body)))
    assert wanted <= found
    assert not found & unwanted
    assert wanted or not found


NAMES = [
    ('db["¦', COLLECTIONS, "collection"),
    ("client.shop.¦", COLLECTIONS, "collection"),
    ("client.shop.bo¦", COLLECTIONS, "collection"),
    ('client["shop"].get_collection("¦', COLLECTIONS, "collection"),
    ('await get_collection("¦', COLLECTIONS, "collection"),
    ('await get_collection(name="¦', COLLECTIONS, "collection"),
    ('books.aggregate([{"$lookup": {"from": "¦', COLLECTIONS, "collection"),
    ('books.find({}, hint="¦', {"owner_updated", "isbn", "_id_"}, "index"),
    ('books.find({}).hint("¦', {"owner_updated", "isbn", "_id_"}, "index"),
    ('authors.find({}).hint("¦', {"name_1", "_id_"}, "index"),
    ("books.¦", set(), "collection"),
    ('headers["¦', set(), "collection"),
    ('print("¦', set(), "collection"),
]


@pytest.mark.parametrize(("body", "wanted", "kind"), NAMES, ids=[body for body, *_ in NAMES])
def test_names(shop, body: str, wanted: set[str], kind: str) -> None:
    file = "shop/db.py"
    path, line, column, text = shop.typed(body, file)
    found = complete(shop.loaded, path, line, column, text)
    assert {each.label for each in found} == wanted
    assert {each.kind for each in found} <= {kind}


def test_a_variable_is_followed_in_its_own_function_only(shop) -> None:
    path, line, column, text = shop.typed('query = {"¦')
    text += "\n\nasync def other(query):\n    return await books.find_one(query)\n"
    assert complete(shop.loaded, path, line, column, text) == []


def test_self_in_a_method(shop) -> None:
    path, text = shop.path("shop/books.py"), shop.text("shop/books.py")
    text = text.replace('find_one({"title": title})', 'find_one({"')
    at = text.index('find_one({"') + len('find_one({"')
    line, column = text[:at].count("\n"), at - text[:at].rfind("\n") - 1
    assert fields(complete(shop.loaded, path, line, column, text)) == BOOK


def test_what_is_put_in_place(shop) -> None:
    *place, text = shop.typed('await books.find_one({"ti¦tle": 1})')
    found = next(each for each in complete(shop.loaded, *place, text) if each.label == "isbn")
    lines = text.split("\n")
    line = lines[found.range.line]
    assert line[: found.range.column] + found.insert + line[found.range.end_column :] == (
        '    await books.find_one({"isbn": 1})'
    )
    bare = next(
        each for each in complete(shop.loaded, *shop.typed("await books.find_one({¦})")) if each.label == "isbn"
    )
    assert bare.insert == '"isbn"'


def test_what_is_told_of_a_field(shop) -> None:
    found = {each.label: each for each in complete(shop.loaded, *shop.typed('await books.find_one({"¦'))}
    assert found["title"].detail == "string or null"
    assert found["updated_at"].detail == "date"
    assert "`Book.title`" in found["title"].documentation
    assert "read in 1 place: shop/books.py:17" in found["title"].documentation


def test_a_file_that_is_not_of_the_model(shop) -> None:
    assert complete(shop.loaded, f"{shop.root}/unknown.py", 0, 9, 'books.f({"') == []


# Nothing makes it fail


@pytest.fixture(scope="module")
def example() -> Loaded:
    config = Config(root=EXAMPLE)
    return load([EXAMPLE], config, EXAMPLE, jobs=1)


def _texts(loaded: Loaded) -> list[tuple[str, str]]:
    return [(facts.path, loaded.text(facts.path) or "") for facts in loaded.project.modules]


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_never_fails_at_any_offset(example: Loaded, data: st.DataObject) -> None:
    path, text = data.draw(st.sampled_from(_texts(example)), label="file")
    at = data.draw(st.integers(0, len(text)), label="offset")
    before = text[:at]
    _check(complete(example, path, before.count("\n"), at - before.rfind("\n") - 1), text)


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_never_fails_in_a_text_that_is_cut(example: Loaded, data: st.DataObject) -> None:
    path, text = data.draw(st.sampled_from(_texts(example)), label="file")
    start, end = sorted(data.draw(st.tuples(*[st.integers(0, len(text))] * 2), label="cut"))
    noise = data.draw(st.text("\"'{}[]()\\\n\r #$.,:=é𝒳", max_size=6), label="noise")
    cut = text[:start] + noise + text[end:]
    at = start + len(noise)
    lines = _lines(cut[:at])
    _check(complete(example, path, len(lines) - 1, len(lines[-1]), cut), cut)


def _check(found: list[Completion], text: str) -> None:
    lines = _lines(text)
    for each in found:
        place = each.range
        assert place.line == place.end_line
        assert 0 <= place.column <= place.end_column <= len(lines[place.line])
    assert len({(each.kind, each.label) for each in found}) == len(found)


def _lines(text: str) -> list[str]:
    return re.split(r"\r\n|\r|\n", text)


def test_every_key_that_stands_in_the_example_would_have_been_offered(example: Loaded) -> None:
    """Typing again what is there: the field names of all filters and updates, in a text that ends at the cursor."""
    path = next(facts.path for facts in example.project.modules if facts.path.endswith("db/session.py"))
    text = example.text(path) or ""
    keys = [match for match in re.finditer(r'\{"(\$?\w+)":', text) if match[1] not in ("$gt", "$lt")]
    assert len(keys) > 10
    for match in random.Random(1).sample(keys, 10):
        before = text[: match.start(1)]
        found = complete(example, path, before.count("\n"), len(before) - before.rfind("\n") - 1, before)
        assert match[1] in {each.label for each in found}
