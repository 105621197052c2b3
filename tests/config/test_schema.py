"""The JSON Schema and the parser say the same, and the documentation has the table that comes from both."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mongolint.config import OPTIONS, ConfigError, RuleInfo, load_file
from mongolint.config import toml as toml_text
from mongolint.config.described import default_of, json_schema, markdown
from mongolint.engine.registry import rule_infos

ROOT = Path(__file__).parents[2]
RULES = {
    rule.code: rule
    for rule in (
        RuleInfo("MDB101", "n-plus-one-query"),
        RuleInfo("MDB103", "missing-time-limit", {"per-operation": False, "limit": 10, "names": ("a",), "any": None}),
        RuleInfo("MDB503", "print-call", {"ratio": 0.5, "word": "x"}),
    )
}
SCHEMA = json_schema(RULES)
VALUES = st.one_of(
    *(st.booleans(), st.integers(0, 5), st.sampled_from(["MDB1", "high", "known", "code", "full", "ruff", "a"])),
    st.lists(st.sampled_from(["MDB1", "ALL", "ruff", "print-call"]) | st.integers(0, 3), max_size=2),
    st.dictionaries(
        st.sampled_from(["*.py", "MDB103", "print-call", "unknown"]),
        st.one_of(
            *(st.lists(st.sampled_from(["MDB1"]), max_size=1), st.integers(0, 1)),
            st.dictionaries(
                st.sampled_from(["limit", "per-operation", "names", "any", "ratio", "word", "none"]),
                st.one_of(st.booleans(), st.integers(0, 3), st.just("x"), st.lists(st.just("x"), max_size=1)),
                max_size=2,
            ),
        ),
        max_size=2,
    ),
)
# An extended file has to be there, and which rules there are is not for the schema to say
KEYS = [option.key for option in OPTIONS if option.key != "extends"]


def accepts(document: dict[str, Any]) -> bool:
    return bool(jsonschema.Draft7Validator(SCHEMA).is_valid(document))


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(st.sampled_from([*KEYS, "selct"]), VALUES, min_size=1, max_size=2))
def test_the_schema_accepts_what_the_parser_accepts(tmp_path: Path, document: dict[str, Any]) -> None:
    file = tmp_path / "mongolint.toml"
    file.write_text("".join(f"{key} = {toml_text.write(value)}\n" for key, value in document.items()))
    try:
        load_file(file, RULES)
    except ConfigError as error:
        refused = error.message
    else:
        refused = ""
    assert accepts(document) == (not refused) or "unknown rule" in refused


def test_the_schema_is_one() -> None:
    for schema in (SCHEMA, json_schema(rule_infos())):
        jsonschema.Draft7Validator.check_schema(schema)
    assert set(SCHEMA["properties"]) == {option.key for option in OPTIONS}


def test_every_default_is_valid() -> None:
    assert accepts({option.key: default_of(option) for option in OPTIONS if option.default is not None})


@pytest.mark.parametrize("name", ["examples/bookshelf/pyproject.toml"])
def test_our_own_configurations_are_valid(name: str) -> None:
    table = toml_text.parse((ROOT / name).read_text())["tool"]["mongolint"]
    jsonschema.validate(table, json_schema(rule_infos()), jsonschema.Draft7Validator)


def test_the_documentation_has_the_table() -> None:
    assert markdown() in (ROOT / "docs/configuration.md").read_text(encoding="utf-8")


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
PLAIN = st.recursive(
    st.booleans() | st.integers(-9, 9) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)


@given(PLAIN)
def test_what_is_written_is_read_again(value: Any) -> None:
    assert toml_text.parse(f"x = {toml_text.write(value)}") == {"x": value}
