"""``check --add-ignore``: a comment for each finding, and nothing else is different."""

from __future__ import annotations

import ast
from typing import Any

import pytest

LEFT = "  # mongolint: ignore[print-call, n-plus-one-query] "


def test_comments(shop: Any) -> None:
    before = (shop.root / "shop/orders.py").read_text()
    run = shop.check("--add-ignore", "--reason", "see #12: five at most")
    assert (run.code, run.out, run.err) == (0, "All checks passed.\n", "Silenced 3 findings by comments.\n")
    after = (shop.root / "shop/orders.py").read_text()
    made = "MongoClient(connectTimeoutMS=5000).shop"
    silent = f"{made}  # mongolint: ignore[missing-time-limit] see #12: five at most"
    expected = before.replace(made, silent).replace("order}))\n", f"order}})){LEFT}see #12: five at most\n")
    assert after == expected
    run = shop.check("--add-ignore", "--reason", "another")
    assert (run.code, run.out, run.err) == (0, "All checks passed.\n", "")
    assert (shop.root / "shop/orders.py").read_text() == after


def test_reason_that_nobody_gave(shop: Any) -> None:
    assert shop.check("--add-ignore").code == 0
    assert f"{LEFT}not reviewed yet\n" in (shop.root / "shop/orders.py").read_text()


def test_only_what_is_reported(shop: Any) -> None:
    """Neither other rules nor other files, nor what is in the baseline."""
    run = shop.check("--add-ignore", "--select", "print-call")
    assert (run.code, run.err) == (0, "Silenced 1 finding by comments.\n")
    run = shop.check("--add-ignore", "shop/clean.py")
    assert (run.code, run.err) == (0, "")
    assert shop.run("baseline").code == 0
    assert shop.check("--add-ignore").err == ""
    assert shop.check("--no-baseline", "--format", "json").codes == ["MDB103", "MDB101"]


def test_comment_that_is_there_is_added_to(shop: Any) -> None:
    path = shop.root / "shop/orders.py"
    text = path.read_text().replace("order}))", "order}))  # mongolint: ignore[print-call] on purpose")
    path.write_text(text)
    assert shop.check("--add-ignore", "--reason", "new").code == 0
    line = path.read_text().splitlines()[-1]
    assert line.endswith("order}))  # mongolint: ignore[print-call, n-plus-one-query] on purpose")


@pytest.mark.parametrize("newline", ["\r\n", "\r"])
def test_bytes_stay(shop: Any, newline: str) -> None:
    path = shop.root / "shop/orders.py"
    text = "# -*- coding: latin-1 -*-\n# über\n" + path.read_text().rstrip("\n")
    path.write_bytes(text.replace("\n", newline).encode("latin-1"))
    path.chmod(0o750)
    assert shop.check("--add-ignore", "--reason", "für später").code == 0
    data = path.read_bytes().decode("latin-1")
    assert data.count(newline) == text.count("\n")
    assert data.endswith("ignore[print-call, n-plus-one-query] für später")
    assert path.stat().st_mode & 0o777 == 0o750
    assert shop.check("--format", "json").json == []


def test_what_cannot_be_written(shop: Any) -> None:
    path = shop.root / "shop/orders.py"
    text = "# -*- coding: ascii -*-\n" + path.read_text()
    path.write_text(text)
    run = shop.check("--add-ignore", "--reason", "später", "--format", "json")
    assert (run.code, len(run.json)) == (2, 3)
    assert run.err.startswith("mongolint: shop/orders.py: no comment can be written: character '\\xe4'")
    assert path.read_text() == text


def test_what_needs_no_comment(shop: Any) -> None:
    """A file that is no Python, and a comment without effect."""
    useless = "x = 1  # mongolint: ignore[print-call]\n"
    shop.write({"shop/broken.py": "from pymongo import (\n", "shop/useless.py": useless})
    run = shop.check("--add-ignore", "--format", "json", "shop/broken.py", "shop/useless.py")
    assert (run.code, run.codes, run.err) == (1, ["MDB000", "MDB900"], "")
    assert (shop.root / "shop/useless.py").read_text() == useless


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--add-ignore", "--fix"], "Error: --add-ignore cannot be combined with --fix"),
        (["--add-ignore", "--diff"], "Error: --add-ignore cannot be combined with --diff"),
        (["--add-ignore", "-"], "Error: --add-ignore cannot be combined with standard input"),
        (["--reason", "x"], "Error: --reason is for --add-ignore"),
        (["--add-ignore", "--reason", "x # noqa"], "Error: Invalid value for '--reason': has to be one line"),
        (["--add-ignore", "--reason", "x\ny"], "Error: Invalid value for '--reason': has to be one line"),
    ],
)
def test_usage(shop: Any, arguments: list[str], message: str) -> None:
    run = shop.check(*arguments)
    assert (run.code, run.out) == (2, "")
    assert run.err.splitlines()[-1].startswith(message)


TANGLED = '''\
from pymongo import MongoClient

db = MongoClient(connectTimeoutMS=5000).shop; other = 1


def load(keys):
    for key in keys:
        text = f"""{key}
            {db.users.find_one({"_id": key})}
        """
        found = db.users.find_one({"name": key}) \\
            or None
        print("""
            # not a comment
        """, db.books.find_one({
            "_id": key,  # the key
        }))  # type: ignore
        if key: print(db.films.find_one({"_id": key})); print(key)


class A:
    def of(self, keys):
        try:
            return [
                db.books.find_one(
                    {"_id": key}
                )
                for key in keys
            ]
        except: pass
'''


def test_places(place: Any) -> None:
    """Strings over lines, continued lines, several statements on a line."""
    place.write({"a.py": TANGLED})
    before = place.check("--format", "json").json
    assert len({finding["line"] for finding in before}) >= 8
    run = place.check("--add-ignore", "--reason", "here")
    assert (run.code, run.out) == (0, "All checks passed.\n")
    text = (place.root / "a.py").read_text()
    assert ast.dump(ast.parse(text)) == ast.dump(ast.parse(TANGLED))
    assert [line.split("  # mongolint: ")[0] for line in text.splitlines()] == TANGLED.splitlines()
    assert "# not a comment\n" in text
    assert '""", db.books.find_one({  # mongolint: ignore[' in text
    assert "            or None  # mongolint: ignore[" in text
    assert place.check("--select", "ALL", "--add-ignore").code == 0
    assert place.check("--select", "MDB900", "--format", "json").json == []


def test_with_a_diff_base(repository: Any, shop: Any) -> None:
    text = (shop.root / "shop/orders.py").read_text()
    repository.commit({"a.py": text})
    repository.write({"b.py": text})
    assert repository.check("--diff-base", "HEAD", "--add-ignore").code == 0
    assert repository.git("status", "--short") == "?? b.py"
    assert "mongolint" in (repository.root / "b.py").read_text()
