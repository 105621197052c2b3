"""``mongolint config`` and ``check --show-settings``: values, and who says so."""

from __future__ import annotations

import re
from typing import Any

import jsonschema
import pytest

from mongolint.config import OPTIONS


@pytest.fixture
def project(shop: Any) -> Any:
    (shop.root / ".git").mkdir()
    return shop.write(
        {
            "pyproject.toml": "[tool.mongolint]\nfail-on = 'high'\n[tool.mongolint.rules.MDB103]\nmilliseconds = 9\n",
            "base.toml": "ignore = ['MDB5']\n",
            "shop/mongolint.toml": "extends = '../base.toml'\nselect = ['MDB1', 'MDB503']\n",
        }
    )


def columns(run: Any) -> dict[str, tuple[str, str]]:
    split = (re.split(r"\s{2,}", line) for line in run.lines)
    return {words[0]: (words[1], words[2]) for words in split if len(words) == 3}


def test_all_options(project: Any) -> None:
    run = project.run("config")
    assert (run.code, run.err) == (0, "")
    shown = columns(run)
    assert {option.key for option in OPTIONS} - {"rules"} <= set(shown)
    assert shown["fail-on"] == ('"high"', "pyproject.toml:2")
    assert shown["rules.missing-time-limit.milliseconds"] == ("9", "pyproject.toml:4")
    assert shown["select"] == ("not set", "default")
    below = columns(project.run("config", cwd="shop"))
    assert below["ignore"] == ('["MDB5"]', "../base.toml:1")
    assert below["select"] == ('["MDB1", "MDB503"]', "mongolint.toml:2")
    assert below["fail-on"] == ('"high"', "../pyproject.toml:2")


def test_one_option(project: Any) -> None:
    run = project.run("config", "fail-on")
    assert run.lines == [
        "fail-on",
        "  Lowest severity that makes the exit code 1.",
        "  holds:   low, medium, high, critical",
        '  default: "low"',
        '  value:   "high" (pyproject.toml:2)',
        "  scope:   the configuration of the whole project decides",
    ]
    for word in ("MDB103", "missing-time-limit", "rules.missing-time-limit", "rules.MDB103.milliseconds"):
        assert "rules.missing-time-limit.milliseconds" in project.run("config", word).lines
    [row] = project.run("config", "fail-on", "--format", "json").json
    assert (row["value"], row["default"], row["origin"]) == ("high", "low", "pyproject.toml:2")


@pytest.mark.parametrize(
    ("key", "line"),
    [
        ("failon", "unknown option 'failon'; did you mean 'fail-on'?"),
        ("MDB101", "the rule 'n-plus-one-query' has no options"),
        ("MDB103.limits", "unknown option 'rules.missing-time-limit.limits'"),
    ],
)
def test_no_such_option(project: Any, key: str, line: str) -> None:
    run = project.run("config", key)
    assert (run.code, run.out) == (2, "")
    assert run.err.startswith(f"mongolint: {line}")


def test_schema_and_table(project: Any) -> None:
    schema = project.run("config", "--schema").json
    jsonschema.Draft7Validator.check_schema(schema)
    jsonschema.validate({"fail-on": "high", "rules": {"MDB103": {"milliseconds": 1}}}, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"fail-on": "hihg"}, schema)
    assert '| `fail-on` | low, medium, high, critical | `"low"` |' in project.run("config", "--format", "markdown").out


def test_show_settings(project: Any) -> None:
    run = project.check("--show-settings", "shop/orders.py", "--min-confidence", "known", "--extend-select", "mdb9")
    assert (run.code, run.err) == (0, "")
    assert run.lines[:3] == ["file: shop/orders.py", "project: . (pyproject.toml)", "rules by: shop/mongolint.toml"]
    shown = columns(run)
    assert shown["select"] == ('["MDB1", "MDB503"]', "shop/mongolint.toml:2")
    assert shown["ignore"] == ('["MDB5"]', "base.toml:1")
    assert shown["fail-on"] == ('"high"', "pyproject.toml:2")
    assert shown["min-confidence"] == ('"known"', "command line")
    assert shown["--extend-select"] == ('["MDB9"]', "command line")
    running = run.lines[run.lines.index("") :]
    assert "  MDB101 n-plus-one-query" in running
    assert "  MDB503 print-call" in running
    assert "  MDB900 unused-suppression" in running
    assert "  MDB501 bare-except" not in running
