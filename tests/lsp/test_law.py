"""The law: whatever is edited, in whatever order, what is published equals a fresh run over the texts."""

from __future__ import annotations

import asyncio
import random
import re
import shutil
from collections.abc import Callable, Coroutine
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from mongolint.engine import run
from mongolint.engine.load import load
from mongolint.engine.registry import all_rules
from mongolint.finding import Finding
from mongolint.lsp.root import Root, folder_config
from mongolint.project.model import Project
from mongolint.source.syntax import ParseError
from mongolint.source.tree import parse

EXAMPLE = Path(__file__).parents[2] / "examples" / "bookshelf"
FILES = ("app/__init__.py", "app/db.py", "app/books.py", "app/start.py", "app/loops.py")
LINES = (
    "    return books.find_one({'owner_id': owner}, batch_size=1)",
    "    return books.find_one({'owner_id': owner}, batch_size=True)",
    "# x",
    "    return list(books.find({'title': owner}  ).sort('year', -1))  # x",
    "import app.books",
    "from app.db import books",
    "from app.db import client",
    "from app.books import of_owner",
    "from pymongo import MongoClient",
    "client = MongoClient()",
    "books = client.shop.books",
    "books = client['shop']['tomes']",
    "books.create_index('owner_id')",
    "books.create_index([('owner_id', 1), ('title', -1)], background=True)",
    "def of_owner(owner):",
    "async def of_owner(owner, sort=None):",
    "    return books.find_one({'owner_id': owner})",
    "    return list(books.find({'title': owner}).sort('year', -1))",
    "    for owner in owners:",
    "        of_owner(owner)",
    "        books.update_one({'_id': owner}, {'$set': {'seen': True}})",
    "    print(owner)  # mongolint: ignore[print-call]",
    "# mongolint: ignore-file[missing-time-limit]",
    "    try:",
    "        books.delete_many({'owner_id': 1})",
    "    except:",
    "        pass",
    "    # a comment about .find_one( and print(",
    "",
    "    (",
    "'''",
)
EDITS = st.lists(
    st.tuples(
        st.sampled_from(FILES[1:]),
        st.sampled_from(["insert", "delete", "replace", "restore", "indent"]),
        st.integers(0, 30),
        st.sampled_from(LINES),
    ),
    min_size=1,
    max_size=12,
)
STORE = """\
from app.db import client


class Store:
    def __init__(self, db):
        self.books = db['books']

    def one(self, owner):
        return self.books.find_one({'owner_id': owner})

    def add(self, title):
        if not self.one(title):
            self.books.insert_one({'owner_id': title})


def store(name='shop'):
    return Store(client[name])
"""
USER = """\
from app.store import store


def all_of(owners):
    for owner in owners:
        store().one(owner)


def handle(request):
    store().add(request.title)
"""
WIRED = ("app/store.py", "app/user.py", "app/start.py")
# What one file says of others: collections that are returned and stored, who calls, what is imported
WIRING = (
    "        self.books = db['tomes']",
    "        self.tomes = db['books']",
    "        self.books = self.tomes",
    "        return self.books.find_one({'owner_id': owner, 'year': 1}, max_time_ms=10)",
    "        return self.books",
    "    return Store(client.other)",
    "    return None",
    "    yield Store(client.shop)",
    "class Store(dict):",
    "class Tomes(Store):",
    "    def one(self, owner, limit=1):",
    "def store(name):",
    "async def store(name='shop'):",
    "from app.store import *",
    "from app.store import Store as store",
    "from app.user import all_of",
    "import app.store",
    "store().books.create_index('owner_id')",
    "store().books.create_index('owner_id', unique=True)",
    "app.state.books = store().books",
    "    request.app.state.books.delete_many({'owner_id': 1})",
    "    while owners: store('b').one(owners.pop())",
    "    all_of([1, 2, 3])",
    "    value = {'field': 1}",
    "    if not store().books.count_documents({'owner_id': 1}): store().books.insert_one({'owner_id': 1})",
    "",
)
WIRINGS = st.lists(
    st.tuples(
        st.sampled_from(WIRED),
        st.sampled_from(["insert", "insert", "delete", "replace", "restore", "save", "remove"]),
        st.integers(0, 20),
        st.sampled_from(WIRING),
    ),
    min_size=1,
    max_size=12,
)
Talk = Callable[[Callable[[Any], Coroutine[Any, Any, None]]], None]


def edited(text: str, original: str, kind: str, place: int, line: str) -> str:
    lines = text.split("\n")
    place = min(place, len(lines) - 1)
    if kind == "restore":
        return original
    if kind == "insert":
        lines.insert(place, line)
    elif kind == "delete":
        del lines[place]
    elif kind == "replace":
        lines[place] = line
    else:
        lines[place] = "    " + lines[place]
    return "\n".join(lines)


def fresh(root: Root, folder: Path, texts: dict[str, bytes]) -> set[Finding]:
    """What the command line finds."""
    tokens = [token for rule in all_rules() if rule.code in root.selected for token in rule.tokens]
    loaded = load([folder], root.config, folder, overlay=texts, tokens=tokens, jobs=1)
    return {comparable(finding) for finding in run.check(loaded, root.selected, root.config).findings}


def comparable(finding: Finding) -> Finding:
    return finding._replace(fix=None)


def is_python(text: str) -> bool:
    try:
        parse(text)
    except ParseError:
        return False
    return True


def original(shop: Path) -> dict[str, str]:
    (shop / "app/loops.py").write_text(
        "from app.books import of_owner\n\n\ndef all_of(owners):\n    for owner in owners:\n        of_owner(owner)\n"
    )
    (shop / "app/start.py").write_text("from app.db import books\n\nbooks.create_index('owner_id')\n")
    return {name: (shop / name).read_text() for name in FILES}


def test_no_rule_is_asked_about_what_only_moves_or_is_no_python_for_the_moment(shop: Path) -> None:
    text = original(shop)["app/loops.py"]
    root = Root((shop,), folder_config(shop), shop)
    path = (shop / "app/loops.py").as_posix()
    assert root.glance({}) is None  # nothing is known yet
    (first,) = root.analyse({path: text.encode()}).of(path)
    for line in ("# a comment", "\n", "("):
        glance = root.glance({path: text.replace("    for", f"    {line}\n    for").encode()})
        assert glance is not None
        told = [each.span.line - first.span.line for each in glance.of(path) if each.code == first.code]
        assert told == ([] if line == "(" else [1 + line.count("\n")])
    assert root.glance({path: text.replace("    for", "    print()\n    for").encode()}) is None


def test_what_cannot_be_moved_is_asked_anew(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = original(shop)["app/loops.py"]
    root = Root((shop,), folder_config(shop), shop)
    path = (shop / "app/loops.py").as_posix()
    (first,) = root.analyse({path: text.encode()}).of(path)

    def fail(*_: object) -> None:
        raise ValueError("no place")

    contents = {path: f"# a comment\n{text}".encode()}
    with monkeypatch.context() as patched:
        patched.setattr("mongolint.lsp.root.moved", fail)
        with pytest.raises(ValueError, match="no place"):
            root.glance(contents)
    (found,) = root.analyse(contents).of(path)
    assert found.span.line == first.span.line + 1


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(edits=EDITS)
def test_every_state_equals_a_fresh_run(shop: Path, edits: list[tuple[str, str, int, str]]) -> None:
    texts = original(shop)
    before, sound = dict(texts), dict(texts)
    root = Root((shop,), folder_config(shop), shop)
    root.analyse({})
    opened: set[str] = set()
    for name, kind, place, line in edits:
        texts[name] = edited(texts[name], before[name], kind, place, line)
        opened.add(name)
        contents = {(shop / each).as_posix(): texts[each].encode() for each in sorted(opened)}
        glance = root.glance(contents)
        analysis = root.analyse(contents)
        assert not analysis.crashes
        assert glance is None or glance.tells_the_same(analysis)
        # A text that is no Python leaves the last one that was in the model, if it has one
        stale = {name for name in FILES if (shop / name).as_posix() in analysis.stale}
        assert not any(is_python(texts[each]) for each in stale)
        sound.update({each: texts[each] for each in opened if each not in stale})
        expected = fresh(root, shop, {(shop / each).as_posix(): sound[each].encode() for each in opened})
        found = {comparable(each) for path in analysis.findings for each in analysis.of(path)}
        assert {f for f in found if f.span.file not in stale} == {f for f in expected if f.span.file not in stale}
        assert {f.code for f in found if f.span.file in stale} <= {"MDB000"}


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example(  # what a question had met, asked in the order of an editor, it would not meet in that of a fresh run
    edits=[
        (WIRED[1], "insert", 6, "        return self.books.find_one({'owner_id': owner, 'year': 1}, max_time_ms=10)"),
        (WIRED[0], "save", 0, "        self.books = db['tomes']"),
    ]
)
@given(edits=WIRINGS)
def test_what_one_file_says_of_others_is_heard_at_once(shop: Path, edits: list[tuple[str, str, int, str]]) -> None:
    original(shop)
    (shop / WIRED[0]).write_text(STORE)
    (shop / WIRED[1]).write_text(USER)
    first = {name: (shop / name).read_text() for name in WIRED}
    root = Root((shop,), folder_config(shop), shop)
    root.analyse({})
    buffers: dict[str, str] = {}
    for name, kind, place, line in edits:
        files_changed = False
        if kind == "remove":
            buffers.pop(name, None)
            (shop / name).unlink(missing_ok=True)
            files_changed = True
        elif kind == "save":
            (shop / name).write_text(buffers.pop(name, first[name]))
            files_changed = True
        else:
            text = edited(buffers.get(name, first[name]), first[name], kind, place, line)
            if not is_python(text):
                continue
            buffers[name] = text
        contents = {(shop / each).as_posix(): text.encode() for each, text in buffers.items()}
        glance = None if files_changed else root.glance(contents)
        analysis = root.analyse(contents, files_changed=files_changed)
        assert not analysis.crashes
        assert glance is None or glance.tells_the_same(analysis)
        found = {comparable(each) for path in analysis.findings for each in analysis.of(path)}
        assert found == fresh(root, shop, contents)
        # Not only the findings: all that was asked on the way
        project = analysis.loaded.project
        other = Project(project.modules, project.link.imports, root.config, {}, project.uses_driver)
        root.check(replace(analysis.loaded, project=other))
        assert project.link.answers.keys() >= {each for each in other.link.answers if _is_plain(each)}


def scrambled(rng: random.Random, text: str) -> str:
    """A line of code more, less, twice, moved up, or with another word."""
    lines = text.split("\n")
    place = rng.randrange(1, len(lines))
    kind = rng.choice(["statement", "delete", "twice", "up", "word"])
    if kind == "statement":
        indent = lines[place][: len(lines[place]) - len(lines[place].lstrip())]
        lines.insert(place, f"{indent}value = {{'field': {place}}}")
    elif kind == "delete":
        del lines[place]
    elif kind == "twice":
        lines.insert(place, lines[place])
    elif kind == "up":
        lines[place - 1 : place + 1] = reversed(lines[place - 1 : place + 1])
    else:
        words = re.findall(r"\b[a-z_]{4,}\b", text)
        lines[place] = re.sub(r"\b[a-z_]{4,}\b", lambda match: rng.choice([match[0], rng.choice(words)]), lines[place])
    return "\n".join(lines)


@pytest.mark.parametrize("seed", range(3))
def test_every_state_of_the_example_equals_a_fresh_run(tmp_path: Path, seed: int) -> None:
    shop = tmp_path / "bookshelf"
    shutil.copytree(EXAMPLE, shop, ignore=shutil.ignore_patterns("__pycache__"))
    root = Root((shop,), folder_config(shop), shop)
    project = root.analyse({}).loaded.project
    rng, paths = random.Random(seed), sorted({project.modules[each.module].path for each in project.operations})
    contents: dict[str, bytes] = {}
    for _ in range(25):
        path = rng.choice(paths)
        text = scrambled(rng, contents.get(path, Path(path).read_bytes()).decode())
        if is_python(text):
            contents[path] = text.encode()
            analysis = root.analyse(contents)
            found = {comparable(each) for each_path in analysis.findings for each in analysis.of(each_path)}
            assert (found, analysis.crashes) == (fresh(root, shop, contents), ())
            assert analysis.loaded.project is project


def test_an_edit_asks_about_few_facts_whoever_asked_first(tmp_path: Path) -> None:
    shop = tmp_path / "bookshelf"
    shutil.copytree(EXAMPLE, shop, ignore=shutil.ignore_patterns("__pycache__"))
    root, path = Root((shop,), folder_config(shop), shop), shop / "app" / "db" / "questions.py"
    text = path.read_text(encoding="utf-8")
    asked = [0, 0]

    def stop(number: int) -> bool:
        asked[number] += 1
        return number == 0 and asked[1] > 0  # nobody wants the first any more when the second is under way

    root.analyse({path.as_posix(): text.encode()}, stop=lambda: stop(0))
    root.analyse({path.as_posix(): f"{text}\nVALUE = 1\n".encode()}, stop=lambda: stop(1))
    assert 0 < asked[1] < asked[0] / 4


@pytest.mark.parametrize("limit", ["mongolint.link.linker.MOST", "mongolint.link.states.memory._MOST_TIMES"])
def test_a_model_that_is_full_begins_anew(shop: Path, monkeypatch: pytest.MonkeyPatch, limit: str) -> None:
    text = original(shop)["app/loops.py"]
    root, path = Root((shop,), folder_config(shop), shop), (shop / "app/loops.py").as_posix()
    first = root.analyse({path: text.encode()}).loaded.project
    monkeypatch.setattr(limit, -1)
    contents = {path: text.replace("of_owner(owner)", "print(of_owner(owner))").encode()}
    analysis = root.analyse(contents)
    assert analysis.loaded.project is not first
    assert {comparable(each) for each_path in analysis.findings for each in analysis.of(each_path)} == fresh(
        root, shop, contents
    )


def _is_plain(question: Any) -> bool:
    """Whether a question is the same in two linkers: it holds no environment."""
    return "object at" not in repr(question)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(edits=EDITS)
def test_what_is_published_last_equals_a_fresh_run(
    talk: Talk, shop: Path, edits: list[tuple[str, str, int, str]]
) -> None:
    texts = original(shop)
    before = dict(texts)

    async def scenario(client: Any) -> None:
        await client.begin(shop)
        uris = {name: client.open(shop / name) for name in FILES}
        versions = dict.fromkeys(FILES, 1)
        for number, (name, kind, place, line) in enumerate(edits):
            texts[name] = edited(texts[name], before[name], kind, place, line)
            versions[name] += 1
            client.change(uris[name], texts[name], versions[name])
            if number % 3 == 2:
                await asyncio.sleep(0.02)
        for name in FILES:  # at the end all is Python, or the last good text counts
            if not is_python(texts[name]):
                texts[name] = before[name]
                versions[name] += 1
                client.change(uris[name], texts[name], versions[name])
        contents = {(shop / each).as_posix(): text.encode() for each, text in texts.items()}
        root = Root((shop,), folder_config(shop), shop)
        expected = sorted((f.span.file, f.span.line, f.code) for f in fresh(root, shop, contents))
        changed = [name for name in FILES if versions[name] > 1] or list(FILES)
        for name in changed:
            await client.diagnostics(uris[name], versions[name])
        await client.until(lambda: told(client, uris) == expected)
        await asyncio.sleep(0.1)
        assert told(client, uris) == expected

    talk(scenario)


def told(client: Any, uris: dict[str, str]) -> list[tuple[str, int, str]]:
    return sorted(
        (name, each.range.start.line + 1, str(each.code))
        for name, uri in uris.items()
        for each in client.last(uri).diagnostics
    )
