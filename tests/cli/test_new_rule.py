"""``mongolint new-rule``: the next free code, in a plugin or in a checkout."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]


def test_a_new_plugin_and_its_next_code(place: Any) -> None:
    run = place.run("new-rule", "first-thing", "--plugin", "mongolint-shop")
    assert (run.code, run.err) == (0, "")
    assert [line.removeprefix("written: mongolint-shop/") for line in run.lines[:4]] == [
        "pyproject.toml",
        "mongolint_shop/__init__.py",
        "tests/test_rules.py",
        "mongolint_shop/first_thing.py",
    ]
    assert run.lines[-1].startswith("SHOP001 first-thing: ")
    run = place.run("new-rule", "second-thing", "--plugin", "mongolint-shop")
    assert run.lines[0] == "written: mongolint-shop/mongolint_shop/second_thing.py"
    assert run.lines[-1].startswith("SHOP002 second-thing: ")
    assert place.run("new-rule", "a", "--plugin", "x1", "--prefix", "ACME").lines[-1].startswith("ACME001 a: ")


def test_the_code_follows_the_last_one_of_the_plugin(place: Any) -> None:
    place.write(
        {
            "plug/pyproject.toml": '[project.entry-points."mongolint.rules"]\nx = "deep.rules"\n',
            "plug/src/deep/rules/old.py": '"""Not MDB101."""\nrule = Rule(\n    "OLD041", "old", 1)\n',
        }
    )
    run = place.run("new-rule", "newer", "--plugin", "plug")
    assert run.lines[0] == "written: plug/src/deep/rules/newer.py"
    assert run.lines[-1].startswith("OLD042 newer: ")


def test_in_a_checkout_no_code_is_given_twice(place: Any) -> None:
    place.write(
        {
            "pyproject.toml": "[project]\nname = 'mongolint'\n",
            "rules/__init__.py": "",
            "rules/queries/__init__.py": "",
            "rules/queries/one.py": 'rule = Rule("MDB101", "one")\n',
            "rules/queries/two.py": 'rule = Rule("MDB103", "two", supersedes=("MDB501",))\n',
            "tests/rules/test_pages.py": "MDB104 planned\nMDB201 other\n",
        }
    )
    run = place.run("new-rule", "a-rule", "--family", "queries")
    assert run.lines[-1].startswith("MDB105 a-rule: ")
    assert 'rule = Rule("MDB105", "a-rule", ' in (place.root / "rules/queries/a_rule.py").read_text()
    place.write({"tests/rules/test_pages.py": "MDB199 last\n"})
    assert place.run("new-rule", "b-rule", "--family", "queries").lines[-1].startswith("MDB102 b-rule: ")
    run = place.run("new-rule", "c-rule", "--family", "query")
    assert run.err == "mongolint: no family 'query'; did you mean 'queries'?; there are queries\n"


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["Bad_Name", "--plugin", "p"], "'Bad_Name' is no name of a rule: small words"),
        (["print-call", "--plugin", "p"], "there is a rule 'print-call' already"),
        (["a", "--family", "queries"], "--family is for a checkout of mongolint, and this is none"),
        (["a", "--plugin", "p"], "codes cannot begin with 'P'"),
        (["a", "--plugin", "p", "--prefix", "MDBX"], "codes with MDB are mongolint's own"),
    ],
)
def test_refused_in_one_line(place: Any, arguments: list[str], line: str) -> None:
    run = place.run("new-rule", *arguments)
    assert (run.code, run.out, run.err.count("\n")) == (2, "", 1)
    assert run.err.startswith(f"mongolint: {line}")
    assert not list(place.root.iterdir())


def test_nothing_is_overwritten(place: Any) -> None:
    place.run("new-rule", "one", "--plugin", "some-plug")
    file = place.root / "some-plug/some_plug/one.py"
    file.write_text("mine\n")
    run = place.run("new-rule", "one", "--plugin", "some-plug")
    assert run.code == 2
    assert "cannot write: file exists" in run.err
    assert file.read_text() == "mine\n"


def test_the_scaffold_has_what_every_rule_of_mongolint_has(place: Any) -> None:
    place.run("new-rule", "some-rule", "--plugin", "some-plug")
    text = (place.root / "some-plug/some_plug/some_rule.py").read_text()
    own = (ROOT / "rules/errors/print_call.py").read_text()
    headings = re.compile(r"^[A-Z][a-z ]+$", re.MULTILINE)
    assert headings.findall(text.split('"""')[1]) == headings.findall(own.split('"""')[1])
