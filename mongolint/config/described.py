"""The options as data and as text: for `mongolint config`, the JSON Schema and the documentation."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import Enum
from typing import Any

from mongolint.config import toml
from mongolint.config.schema import OPTIONS, Config, Option, Origin
from mongolint.fastclasses import dataclass
from mongolint.selectors import RuleInfo, did_you_mean

_SCOPES = {"file": "nearest configuration", "project": "project's configuration"}
_WIDTH = 60


class UnknownKeyError(Exception):
    """No option has this key; the message says which may be meant."""


@dataclass(frozen=True, slots=True)
class Row:
    """An option with its value. Values are as TOML has them; None is an option that says nothing.

    ``origin``: where it was written, None for a default.
    """

    key: str
    type: str
    help: str
    scope: str
    default: Any
    value: Any
    origin: Origin | None

    def json(self, shown: Callable[[Origin | None], str]) -> dict[str, Any]:
        return {
            "key": self.key,
            "type": self.type,
            "help": self.help,
            "scope": self.scope,
            "default": self.default,
            "value": self.value,
            "origin": shown(self.origin),
        }


def rows(config: Config, known: Mapping[str, RuleInfo]) -> list[Row]:
    """Every option, and every option of a rule."""
    return [*(_row(option, config) for option in OPTIONS if option.key != "rules"), *_rule_rows(config, known)]


def find(key: str, config: Config, known: Mapping[str, RuleInfo]) -> list[Row]:
    """The option of this key; all options of a rule, given by name or code, or as ``rules.name``.

    Raises:
        UnknownKeyError: there is none.
    """
    found = rows(config, known)
    word = key.removeprefix("rules.")
    for rule in known.values():
        if word in (rule.name, rule.code) or word.startswith((f"{rule.name}.", f"{rule.code}.")):
            if not rule.options:
                raise UnknownKeyError(f"the rule {rule.name!r} has no options")
            word = word.replace(rule.code, rule.name, 1)
            key = f"rules.{word}"
    chosen = [row for row in found if row.key == key or row.key.startswith(f"{key}.")]
    if not chosen:
        raise UnknownKeyError(f"unknown option {key!r}{did_you_mean(key, [row.key for row in found])}")
    return chosen


def json_schema(known: Mapping[str, RuleInfo]) -> dict[str, Any]:
    """The JSON Schema of ``[tool.mongolint]``, with the options of these rules."""
    properties = {}
    for option in OPTIONS:
        default = default_of(option)
        told = {"description": option.help, **({} if default is None else {"default": default})}
        properties[option.key] = {**option.kind.schema(known), **told}
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "mongolint",
        "description": "Options of mongolint: [tool.mongolint] of pyproject.toml, or the top level of mongolint.toml.",
        "type": "object",
        "properties": properties,
        "additionalProperties": False,
    }


def markdown() -> str:
    """A table of all options, as the documentation has it."""
    lines = ["| option | holds | default | decided by | |", "| --- | --- | --- | --- | --- |"]
    for option in OPTIONS:
        cells = [f"`{option.key}`", option.kind.words, _cell(option), _SCOPES[option.scope], option.help]
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines)


def default_of(option: Option) -> Any:
    """The default as TOML has it."""
    return {} if option.kind.is_table else plain(option.default)


def plain(value: Any) -> Any:
    """A value of `Config` as TOML has it."""
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return {key: plain(held) for key, held in value.items()}
    if isinstance(value, tuple) and value and isinstance(value[0], tuple):
        return {key: plain(held) for key, held in value}
    return [plain(held) for held in value] if isinstance(value, (list, tuple)) else value


def shown(value: Any) -> str:
    """A value for a person: as TOML, and of a long list its size."""
    if value is None:
        return "not set"
    text = toml.write(value)
    if len(text) > _WIDTH and isinstance(value, Sequence) and not isinstance(value, str):
        return f"[{toml.write(value[0])}, …] ({len(value)} entries)"
    return text


def _row(option: Option, config: Config) -> Row:
    value = plain(getattr(config, option.field))
    value = {} if option.kind.is_table and not value else value
    origin = config.origins.get(option.key)
    return Row(option.key, option.kind.words, option.help, option.scope, default_of(option), value, origin)


def _rule_rows(config: Config, known: Mapping[str, RuleInfo]) -> Iterator[Row]:
    kinds = {bool: "true or false", int: "integer", float: "number", str: "string"}
    for rule in known.values():
        for name, default in rule.options.items():
            words = "list of strings" if isinstance(default, (list, tuple)) else kinds.get(type(default), "any value")
            places = (config.origins.get(f"rules.{word}.{name}") for word in (rule.name, rule.code))
            origin = next((place for place in places if place), None)
            help_text = f"An option of {rule.code} {rule.name}: see 'mongolint rule {rule.code}'."
            value = plain(config.rule_options(rule.name).get(name, default))
            yield Row(f"rules.{rule.name}.{name}", words, help_text, "project", plain(default), value, origin)


def _cell(option: Option) -> str:
    if option.default is None or option.default in ((), {}):
        return ""
    return f"`{shown(plain(option.default))}`"
