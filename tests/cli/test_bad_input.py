"""Whatever lies in a tree, there is one clear line for it or none, the run goes on, and nothing of it is executed."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import Any

import pytest

DRIVER = "from pymongo import MongoClient\n"
LOOP = "for key in input().split():\n\tMongoClient(timeoutMS=9).shop.orders.delete_one({'_id': key})\n"
CODE = DRIVER + "\n" + LOOP
WIDE = "データ = MongoClient(timeoutMS=9).shop\nfor k in input():\n    '''日本''', データ.d.delete_one(k)\n"
LATIN = b"# -*- coding: latin-1 -*-\n" + DRIVER.encode()

# What each file is, and what is told of it: place and rule, then how the message begins
NOT_PYTHON: dict[str, tuple[bytes, str, str]] = {
    "syntax.py": (f"{DRIVER}def load(:\n".encode(), "2:10 MDB000", "invalid syntax; the file is not checked"),
    "indent.py": (f"{DRIVER}if True:\nx = 1\n".encode(), "3:1 MDB000", "expected an indented block"),
    "bytes.py": (f"{DRIVER}x = 'é".encode() + b"\xff'\n", "2:7 MDB000", "byte 0xff at offset 39 is not utf-8 text"),
    "cookie.py": (b"# coding: klingon\n" + DRIVER.encode(), "1:1 MDB000", "unknown encoding"),
    "ascii.py": (f"# coding: ascii\n{DRIVER}x = 'é'\n".encode(), "3:6 MDB000", "byte 0xc3 at offset 53 is not ascii"),
    "nul.py": (f"{DRIVER}x = 1\0\n".encode(), "2:6 MDB000", "NUL byte in source"),
    "brackets.py": (f"{DRIVER}x = {'[' * 1000}{']' * 1000}\n".encode(), "2:205 MDB000", "too many nested parentheses"),
}
PYTHON: dict[str, tuple[bytes, str]] = {
    "empty.py": (b"", ""),
    "utf16.py": (DRIVER.encode("utf-16"), ""),
    "crlf.py": (CODE.replace("\n", "\r\n").encode(), "4:39 MDB101"),
    "cr.py": (CODE.replace("\n", "\r").encode(), "4:39 MDB101"),
    "bom.py": (b"\xef\xbb\xbf" + CODE.encode(), "4:39 MDB101"),
    "latin.py": (LATIN + "é = 'é'\n".encode("latin-1") + LOOP.encode(), "5:39 MDB101"),
    "feeds.py": (f"{DRIVER}\f\nx = 'a\fb'\n\f{LOOP}".encode(), "5:39 MDB101"),
    "wide.py": (f"{DRIVER}{WIDE}".encode(), "4:21 MDB101"),
    "deep.py": (f"{DRIVER}x = {'[' * 150}{']' * 150}\n{LOOP}".encode(), "4:39 MDB101"),
}
TREE = {**{name: held[0] for name, held in NOT_PYTHON.items()}, **{name: held[0] for name, held in PYTHON.items()}}


@pytest.fixture
def bad(place: Any) -> Any:
    return place.write({f"tree/{name}": content for name, content in TREE.items()})


def test_files(bad: Any) -> None:
    """What is no Python is a finding; what is unusual is read as Python reads it."""
    run = bad.check("tree", "--format", "json")
    assert (run.code, run.err) == (1, "")
    told = {f["file"][5:]: (f"{f['line']}:{f['column']} {f['code']}", f["message"]) for f in run.json}
    assert len(told) == len(run.json)
    for name, (_, place, message) in NOT_PYTHON.items():
        assert told.pop(name) == (place, Starting(message))
    assert {name: place for name, (place, _) in told.items()} == {n: p for n, (_, p) in PYTHON.items() if p}
    for form in ("concise", "full"):
        run = bad.check("tree", "--format", form)
        assert (run.code, run.err) == (1, "")
        assert len(re.findall(r"^tree/\S+:\d+:\d+: ", run.out, re.MULTILINE)) == len(told) + len(NOT_PYTHON)
        assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f]", run.out)


class Starting(str):
    """Equal to any text that begins so: the words after it are those of one Python version."""

    __hash__ = str.__hash__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, str) and other.startswith(str(self))


def test_listing_commands(bad: Any) -> None:
    """``queries`` and ``indexes`` tell the same in one line each, and it is no failure."""
    for command in ("queries", "indexes"):
        run = bad.run(command, "tree", "--format", "json")
        assert run.code == 0
        assert len(run.json) == (sum(bool(place) for _, place in PYTHON.values()) if command == "queries" else 0)
        lines = sorted(run.err.splitlines())
        expected = sorted(f"tree/{name}:{place.split()[0]}: " for name, (_, place, _) in NOT_PYTHON.items())
        assert [line[: len(start)] for line, start in zip(lines, expected, strict=True)] == expected


def test_long_file(place: Any) -> None:
    place.write({"long.py": DRIVER + "x = 1\n" * 50_000 + LOOP})
    run = place.check("--format", "concise")
    assert (run.code, run.err) == (1, "")
    assert run.out.startswith("long.py:50003:39: MDB101 ")
    assert run.lines[1:] == ["Found 1 finding (1 high) in 1 file."]


def test_files_that_need_not_be_read(place: Any) -> None:
    """In a project without the driver, nobody asked whether they are Python."""
    place.write({"app.py": "def load(:\n", "more.py": b"\xff\0"})
    run = place.check()
    assert (run.code, run.out, run.err) == (0, "All checks passed.\n", "")


def test_links(place: Any) -> None:
    """Links are followed within the given paths; one line for each that leads elsewhere."""
    place.write({"tree/app.py": CODE, "outside/other.py": CODE})
    for name, target in {
        "again.py": "app.py",
        "dangling.py": "nowhere.py",
        "loop.py": "loop.py",
        "out.py": "../outside/other.py",
        "outside": "../outside",
        "self": "../tree",
    }.items():
        (place.root / "tree" / name).symlink_to(target)
    expected = {
        "tree/dangling.py: dangling link: nowhere.py does not exist",
        "tree/loop.py: link loop: leads to itself",
        "tree/out.py: link leads out of the given paths, to outside/other.py: not followed",
        "tree/outside: link leads out of the given paths, to outside: not followed",
        "tree/self: link loop: leads back to tree",
    }
    run = place.check("tree", "--format", "json")
    assert set(run.err.splitlines()) == expected
    assert (run.code, [finding["file"] for finding in run.json]) == (1, ["tree/app.py"])
    for command in ("queries", "indexes"):
        run = place.run(command, "tree")
        assert (run.code, set(run.err.splitlines())) == (0, expected)
    # Given paths that are not checked are an error, since the user asked for them
    run = place.check("tree/dangling.py", "tree/loop.py", "tree/out.py", "tree/app.py", "--format", "json")
    assert (run.code, run.codes) == (2, ["MDB101"])
    assert set(run.err.splitlines()) == {line for line in expected if line.split(":")[0].endswith(".py")}


# Root reads whatever it likes, unless it gives that right up: PR_CAPBSET_DROP of CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH
DROP = "import ctypes, os, sys; [ctypes.CDLL(None).prctl(24, n, 0, 0, 0) for n in (1, 2)]; os.execv(sys.argv[1], sys.argv[1:])"  # fmt: skip  # noqa: E501


@pytest.mark.skipif(sys.platform != "linux", reason="permissions work in another way")
def test_unreadable(place: Any) -> None:
    place.write({"tree/app.py": CODE, "tree/locked.py": CODE, "tree/closed/inner.py": CODE})
    locked, closed = place.root / "tree/locked.py", place.root / "tree/closed"
    as_user = (sys.executable, "-ISc", DROP, sys.executable, "-m", "mongolint")
    try:
        locked.chmod(0)
        closed.chmod(0)
        if place.run("", command=(*as_user[:4], "/bin/cat", str(locked))).code == 0:
            pytest.skip("this user reads everything")
        lines = {
            "tree/locked.py: cannot read: permission denied",
            "tree/closed: cannot list directory: permission denied",
        }
        run = place.check("tree", "--format", "json", command=as_user)
        assert (run.code, run.codes, set(run.err.splitlines())) == (1, ["MDB101"], lines)
        for command in ("queries", "indexes"):
            run = place.run(command, "tree", command=as_user)
            assert (run.code, set(run.err.splitlines())) == (0, lines)
        run = place.check("tree/locked.py", "tree/closed", "tree/app.py", "--format", "json", command=as_user)
        assert (run.code, run.codes, set(run.err.splitlines())) == (2, ["MDB101"], lines)
    finally:
        closed.chmod(0o700)


def test_not_a_regular_file(place: Any) -> None:
    place.write({"app.py": CODE})
    os.mkfifo(place.root / "pipe.py")
    run = place.check("app.py", "pipe.py", "--format", "json")
    assert (run.code, run.codes, run.err) == (2, ["MDB101"], "pipe.py: not a regular file\n")
    run = place.check("--format", "json")
    assert (run.code, run.codes, run.err) == (1, ["MDB101"], "")


@pytest.mark.skipif(sys.platform != "linux", reason="file names are text there")
def test_odd_file_names(place: Any) -> None:
    """Names that are no text, or that a terminal would obey, break neither the report nor its lines."""
    place.write({"a\nb\x1b[1m.py": CODE, "wörter.py": CODE, "with space.py": CODE})
    (place.root / os.fsdecode(b"\xff.py")).write_text(CODE)
    run = place.check("--format", "json")
    assert (run.code, run.codes) == (1, ["MDB101"] * 4)
    run = place.check("--format", "concise")
    assert (run.code, run.err, len(run.lines)) == (1, "", 5)
    assert "a␊b␛[1m.py:4:39: MDB101" in run.out
    run = place.check("--format", "full", env={"PYTHONIOENCODING": "latin-1"})
    assert (run.code, run.err) == (1, "")
    assert r"a\u240ab\u241b[1m.py:4:39: " in run.out


TRAPS = ("click.py", "libcst.py", "pymongo.py", "sitecustomize.py", "usercustomize.py", "rules/__init__.py")
SCRIPT = Path(sys.executable).with_name("mongolint")


@pytest.mark.parametrize("kind", ["script", "module"])
def test_linted_tree_is_never_executed(place: Any, kind: str) -> None:
    """Modules of the tree that are named like what mongolint imports, or like what Python runs by itself."""
    if kind == "script" and not SCRIPT.exists():
        pytest.skip("mongolint is not installed here")
    trap = f"open({str(place.root / 'executed')!r}, 'a').write(__name__ + ' ')\n"
    # With -m it is Python that looks for mongolint, in the working directory first, before any of our code runs
    names = (*TRAPS, "mongolint/__init__.py", "mongolint/rules.py") if kind == "script" else TRAPS
    place.write(dict.fromkeys(names, trap + CODE))
    place.write({"mongolint_rules-1.dist-info/entry_points.txt": "[mongolint.rules]\ntrap = rules\n"})
    place.write({"mongolint_rules-1.dist-info/METADATA": "Metadata-Version: 2.1\nName: trap\nVersion: 1\n"})
    command = (str(SCRIPT),) if kind == "script" else (sys.executable, "-m", "mongolint")
    run = place.check("--format", "json", "--jobs", "2", command=command)
    assert (run.code, run.err) == (1, "")
    assert {finding["file"] for finding in run.json if finding["code"] == "MDB101"} == set(names)
    assert place.run("rule", "MDB101", command=command).code == 0
    assert place.run("queries", command=command).code == 0
    assert not (place.root / "executed").exists()
