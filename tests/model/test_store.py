"""Facts that are kept from run to run: the same as those that are read anew, or none."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mongolint.engine import parsing
from mongolint.engine.parsing import Parsing, extract_batch
from mongolint.engine.reading import parsers
from mongolint.facts.extract import extract
from mongolint.facts.kept import plain, store
from mongolint.facts.kept.store import Store
from mongolint.facts.renumbered import STEP
from mongolint.facts.shapes import ModuleFacts

EXAMPLE = Path(__file__).parents[2] / "examples" / "bookshelf"
FILES = sorted(EXAMPLE.rglob("*.py"))
CODE = "def f(x, *, y=(1, b'a', 1.5, None, ...)):\n    try:\n        return x.a[y]\n    except E as e:\n        raise\n"


def entries(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize("step", [1, STEP])
def test_bytes_and_back(step: int) -> None:
    for path in FILES:
        facts = extract(path.as_posix(), path.read_text(encoding="utf-8"), step)
        again = plain.load(plain.dump(facts))
        assert again == facts
        assert type(again.nodes) is type(facts.nodes)
    facts = extract("a.py", CODE, step)
    assert plain.load(plain.dump(facts)) == facts


@pytest.mark.parametrize("data", [b"", b"no facts", plain.dump(extract("a.py", CODE))[:-9]])
def test_other_bytes_are_refused(data: bytes) -> None:
    with pytest.raises((EOFError, TypeError, ValueError)):
        plain.load(data)


def kept(folder: Path, path: str = "/p/a.py", text: str = CODE, step: int = 1) -> ModuleFacts:
    facts = extract(path, text, step)
    Store(folder).put(path, text, step, plain.dump(facts))
    return facts


def test_only_the_same_is_found(tmp_path: Path) -> None:
    facts = kept(tmp_path)
    assert Store(tmp_path).get("/p/a.py", CODE, 1) == facts
    assert Store(tmp_path).get("/p/a.py", CODE + " ", 1) is None
    assert Store(tmp_path).get("/p/a.py", CODE[:-1], 1) is None
    assert Store(tmp_path).get("/p/b.py", CODE, 1) is None
    assert Store(tmp_path).get("/p/a.py", CODE, STEP) is None
    # One entry for a file, whatever it held before
    kept(tmp_path, text="x = 'é\\ud800'\n")
    assert len(entries(tmp_path)) == 1


def test_a_damaged_entry_is_none(tmp_path: Path) -> None:
    kept(tmp_path)
    [entry] = entries(tmp_path)
    whole = entry.read_bytes()
    for place in (0, 5, 20, len(whole) // 2, len(whole) - 1):
        entry.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        assert Store(tmp_path).get("/p/a.py", CODE, 1) is None
        entry.write_bytes(whole[:place])
        assert Store(tmp_path).get("/p/a.py", CODE, 1) is None
    entry.write_bytes(whole)
    assert Store(tmp_path).get("/p/a.py", CODE, 1) is not None


def test_entries_of_paths_with_one_name_are_told_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "_name", lambda text: "0123456789abcdef")
    kept(tmp_path)
    assert Store(tmp_path).get("/p/b.py", CODE, 1) is None


def test_another_release_finds_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept(tmp_path)
    [home] = tmp_path.iterdir()
    monkeypatch.setattr(store, "_stamp", lambda: "other")
    assert Store(tmp_path).get("/p/a.py", CODE, 1) is None
    kept(tmp_path)
    assert home.exists()
    long_ago = time.time() - 40 * 24 * 3600
    os.utime(home, (long_ago, long_ago))
    shutil.rmtree(tmp_path / "other")
    kept(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["other"]


def test_all_code_that_makes_facts_counts() -> None:
    program = """
import sys
import mongolint.facts.extract, mongolint.source.plainnodes
print(*(module.__file__ for name, module in sys.modules.items() if name.startswith("mongolint.")), sep="\\n")
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    package = Path(parsing.__file__).parents[1]
    folders = {Path(line).parent.relative_to(package).as_posix() for line in done.stdout.split()}
    assert folders <= {".", *store.CODE}
    assert "facts" in folders


def test_a_store_that_cannot_be_written_is_none(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("")
    kept(file)
    assert Store(file).get("/p/a.py", CODE, 1) is None
    Store(file).note("/p", warm=True)
    assert not Store(file).is_warm("/p")


@pytest.mark.parametrize("jobs", [1, 2])
def test_what_is_kept_is_not_parsed(jobs: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = {path.as_posix(): path.read_text(encoding="utf-8") for path in FILES}
    texts["/p/broken.py"] = "def ("

    def run(texts: dict[str, str]) -> dict[str, ModuleFacts]:
        crew = parsers.crew(jobs, 1, Store(tmp_path)) if jobs > 1 else None
        work = Parsing(crew, 1, Store(tmp_path))
        work.add(texts)
        facts, broken = work.results(None)
        assert list(broken) == ["/p/broken.py"]
        if crew is not None:
            crew.close()
        return facts

    first = run(texts)
    assert len(first) == len(FILES)
    assert Store(tmp_path).is_warm(os.getcwd()) is False
    asked: list[str] = []

    def watched(batch: list[tuple[str, str]], step: int = 1) -> object:
        asked.extend(path for path, _ in batch)
        return extract_batch(batch, step)

    monkeypatch.setattr(parsing, "extract_batch", watched)
    assert run(texts) == first
    assert asked == (["/p/broken.py"] if jobs == 1 else [])  # in other processes nobody looks
    assert Store(tmp_path).is_warm(os.getcwd()) is True
    changed = {path: f"{text}\nx = 1\n" if path.endswith("books.py") else text for path, text in texts.items()}
    second = run(changed)
    assert [path for path in first if first[path] != second[path]] == [p for p in first if p.endswith("books.py")]


def test_facts_that_are_no_plain_data_end_no_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(facts: ModuleFacts) -> bytes:
        raise ValueError("unmarshallable object")

    monkeypatch.setattr(plain, "dump", refuse)
    work = Parsing(None, 1, Store(tmp_path))
    work.add({"/p/a.py": CODE})
    assert list(work.results(None)[0]) == ["/p/a.py"]
    crew = parsers.crew(2, 1, Store(tmp_path))
    work = Parsing(crew, 1, Store(tmp_path))
    work.add({"/p/a.py": CODE})
    assert "unmarshallable" in work.results(None)[1]["/p/a.py"].message
    crew.close()
    assert not entries(tmp_path)


def settled(folder: Path) -> int:
    """How many entries there are once the processes that write them are done, for which no run waits."""
    count, since = -1, time.monotonic()
    while time.monotonic() - since < 0.5:
        now = len(entries(folder))
        if now != count:
            count, since = now, time.monotonic()
        time.sleep(0.05)
    return count


def check(cache: str, *options: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "mongolint", "check", "--format", "json", *options, "."],
        cwd=EXAMPLE,
        env={**os.environ, store.VARIABLE: cache},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1, done.stderr
    return done.stdout


def test_findings_and_fixes_are_the_same(tmp_path: Path) -> None:
    fresh = check("")
    cache = str(tmp_path / "cache")
    assert check(cache) == fresh
    count = settled(tmp_path)
    assert count > 20
    assert check(cache) == fresh
    assert check(cache, "--jobs", "1") == fresh
    assert settled(tmp_path) == count + 1  # that the last run found all
    assert check(cache, "--no-cache") == fresh
    assert check(str(tmp_path / "other"), "--no-cache") == fresh
    assert not (tmp_path / "other").exists()


def test_where_it_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(store.VARIABLE, "")
    assert store.default() is None
    monkeypatch.setenv(store.VARIABLE, str(tmp_path / "mine"))
    found = store.default()
    assert found is not None
    found.put("/p/a.py", CODE, 1, plain.dump(extract("/p/a.py", CODE)))
    assert entries(tmp_path / "mine")
    monkeypatch.delenv(store.VARIABLE)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    if sys.platform == "linux":
        found = store.default()
        assert found is not None
        found.put("/p/a.py", CODE, 1, plain.dump(extract("/p/a.py", CODE)))
        assert entries(tmp_path / "mongolint")
