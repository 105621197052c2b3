"""A configuration near a file decides which rules run there; the project, and its model, stay one."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.fixture
def nested(shop: Any) -> Any:
    """The shop with a second package, ``old``, that prints too, and a repository around both."""
    (shop.root / ".git").mkdir()
    return shop.write(
        {
            "mongolint.toml": 'select = ["MDB101", "MDB503"]\n',
            "old/jobs/report.py": "from shop.clean import db\n\n\ndef show(key):\n    print(db.orders.find_one(key))\n",
        }
    )


def told(run: Any) -> list[tuple[str, str]]:
    return [(finding["file"], finding["code"]) for finding in run.json]


SHOP = [("shop/orders.py", "MDB503"), ("shop/orders.py", "MDB101")]


def test_the_nearest_decides(nested: Any) -> None:
    assert told(nested.check("--format", "json")) == [("old/jobs/report.py", "MDB503"), *SHOP]
    nested.write({"old/mongolint.toml": 'select = ["MDB101"]\n'})
    run = nested.check("--format", "json")
    assert (told(run), run.err) == (SHOP, "")
    nested.write({"old/jobs/pyproject.toml": '[tool.mongolint]\nselect = ["MDB503"]\n'})
    assert told(nested.check("--format", "json")) == [("old/jobs/report.py", "MDB503"), *SHOP]


def test_a_rule_of_one_directory_only(nested: Any) -> None:
    nested.write({"mongolint.toml": 'select = ["MDB101"]\n'})
    nested.write({"old/mongolint.toml": 'select = ["MDB503"]\n'})
    assert told(nested.check("--format", "json")) == [("old/jobs/report.py", "MDB503"), ("shop/orders.py", "MDB101")]


def test_a_file_alone_is_told_the_same_and_the_model_is_the_projects(nested: Any) -> None:
    """The loop is in ``old``, and what it calls in ``shop``: one model."""
    nested.write(
        {
            "old/mongolint.toml": 'select = ["MDB101"]\n',
            "old/loop.py": "from shop.clean import load\n\n\ndef each(keys):\n    return [load(key) for key in keys]\n",
        }
    )
    expected = [("old/loop.py", "MDB101")]
    assert [pair for pair in told(nested.check("--format", "json")) if pair[0].startswith("old")] == expected
    assert told(nested.check("old", "--format", "json")) == expected
    assert told(nested.check("old/loop.py", "--format", "json")) == expected
    assert [pair[1] for pair in told(nested.check("loop.py", "--format", "json", cwd="old"))] == ["MDB101"]


def test_what_is_the_whole_projects_has_no_effect_below(nested: Any) -> None:
    nested.write({"old/mongolint.toml": 'ignore = ["ALL"]\nexclude = ["jobs/"]\n\n[rules.MDB103]\nmilliseconds = 1\n'})
    run = nested.check("--format", "json")
    assert told(run) == SHOP
    assert run.err.splitlines() == [
        "old/mongolint.toml:2: 'exclude' is an option of the whole project, and has no effect in this place",
        "old/mongolint.toml:4: 'rules' is an option of the whole project, and has no effect in this place",
    ]


def test_the_command_line_is_above_all(nested: Any) -> None:
    nested.write({"old/mongolint.toml": 'select = ["MDB101"]\nmin-confidence = "known"\n'})
    assert told(nested.check("--format", "json", "--extend-select", "MDB503"))[0] == ("old/jobs/report.py", "MDB503")
    nested.write({"own.toml": 'select = ["MDB503"]\n'})
    found = told(nested.check("--format", "json", "--config", "own.toml"))
    assert found == [("old/jobs/report.py", "MDB503"), ("shop/orders.py", "MDB503")]


def test_a_mistake_below_is_one_line(nested: Any) -> None:
    nested.write({"old/jobs/mongolint.toml": "\nselct = []\n"})
    run = nested.check()
    line = "mongolint: old/jobs/mongolint.toml:2: unknown option 'selct'; did you mean 'select'?\n"
    assert (run.code, run.out, run.err) == (2, "", line)


def test_suppressions_and_fixes_are_the_nearests(nested: Any) -> None:
    nested.write(
        {
            "old/mongolint.toml": 'select = ["MDB9", "MDB503"]\nunfixable = ["MDB503"]\nextend-safe-fixes = ["MDB9"]\n',
            "old/jobs/report.py": "def show(key):\n    return key  # mongolint: ignore[MDB101, MDB503]\n",
        }
    )
    # MDB101 does not run there, so that nothing is known of it
    message = next(f["message"] for f in nested.check("old", "--format", "json").json)
    assert "MDB503" in message
    assert "MDB101" not in message
    nested.write({"old/jobs/report.py": "from shop.clean import db\n\nprint(db.orders.find_one(1))\n"})
    [finding] = nested.check("old", "--format", "json").json
    assert finding["fix"]["reason"] == "the configuration leaves this rule's fixes out"


def test_outside_of_a_repository_a_home_directory_is_no_project(shop: Any) -> None:
    shop.write({"mongolint.toml": 'select = ["MDB101"]\n', "shop/mongolint.toml": 'select = ["MDB503"]\n'})
    home = {"HOME": str(shop.root)}
    assert shop.check("shop/orders.py", "--format", "json", env=home).codes == ["MDB503"]
    run = shop.check("shop/orders.py", "--show-settings", "shop/orders.py", env=home)
    assert "project: shop (shop/mongolint.toml)" in run.lines
    run = shop.check("shop/orders.py", "--show-settings", "shop/orders.py")
    assert "project: . (mongolint.toml)" in run.lines
    assert "rules by: shop/mongolint.toml" in run.lines
