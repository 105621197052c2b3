"""What options may hold: each kind checks a value of TOML, and says in words and as a JSON Schema what it takes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from mongolint.config.errors import ConfigError
from mongolint.config.toml import kind_of
from mongolint.fastclasses import NamedTuple
from mongolint.globs import Globs
from mongolint.selectors import RuleInfo, did_you_mean, rule_hint, specificity

Known = Mapping[str, RuleInfo]
_TEXTS: dict[str, Any] = {"type": "array", "items": {"type": "string"}}


class At(NamedTuple):
    """The place of a value: makes its errors. ``lenient``: rules may be named that are not loaded."""

    path: tuple[str, ...]
    known: Known
    raise_at: Callable[[str, tuple[str, ...]], ConfigError]
    lenient: bool = False

    def below(self, *keys: str) -> At:
        return At(self.path + keys, self.known, self.raise_at, self.lenient)

    @property
    def name(self) -> str:
        return ".".join(self.path)

    def error(self, message: str) -> ConfigError:
        return self.raise_at(message, self.path)

    def wrong(self, expected: str, value: Any) -> ConfigError:
        return self.error(f"option {self.name!r} has to be {expected}, not {kind_of(value)}")


class Kind:
    """What an option may hold. ``words`` says it; ``read`` gives the value that `Config` has, or raises."""

    words = ""
    is_table = False

    def read(self, value: Any, at: At) -> Any:
        raise NotImplementedError

    def schema(self, known: Known) -> dict[str, Any]:
        raise NotImplementedError

    def merge(self, below: Any, above: Any) -> Any:
        """The value where a file says ``above`` and the one that it extends ``below``."""
        return above


class Bool(Kind):
    words = "true or false"

    def read(self, value: Any, at: At) -> bool:
        if not isinstance(value, bool):
            raise at.wrong("true or false", value)
        return value

    def schema(self, known: Known) -> dict[str, Any]:
        return {"type": "boolean"}


class Text(Kind):
    def __init__(self, words: str = "string") -> None:
        self.words = words

    def read(self, value: Any, at: At) -> str:
        if not isinstance(value, str):
            raise at.wrong("a string", value)
        return value

    def schema(self, known: Known) -> dict[str, Any]:
        return {"type": "string"}


class Choice(Text):
    """One of a few words; ``make`` turns it into the value."""

    def __init__(self, choices: Iterable[str], make: Callable[[str], Any] = str) -> None:
        self.choices = tuple(choices)
        self.make = make
        super().__init__(", ".join(self.choices))

    def read(self, value: Any, at: At) -> Any:
        if super().read(value, at) not in self.choices:
            hint = did_you_mean(value, self.choices)
            raise at.error(f"option {at.name!r} has to be one of {self.words}, not {value!r}{hint}")
        return self.make(value)

    def schema(self, known: Known) -> dict[str, Any]:
        return {"type": "string", "enum": list(self.choices)}


class Texts(Kind):
    """A list of strings. ``adds``: to that of the file that is extended, instead of taking its place."""

    def __init__(self, words: str = "list of strings", *, adds: bool = False) -> None:
        self.words = words
        self.adds = adds

    def read(self, value: Any, at: At) -> tuple[str, ...]:
        if not isinstance(value, list):
            raise at.wrong("a list of strings", value)
        for item in value:
            if not isinstance(item, str):
                raise at.error(f"option {at.name!r} holds {kind_of(item)} among its strings")
        return tuple(value)

    def schema(self, known: Known) -> dict[str, Any]:
        return dict(_TEXTS)

    def merge(self, below: Any, above: Any) -> Any:
        return (*below, *above) if self.adds else above


class Choices(Texts):
    """A list of some of a few words."""

    def __init__(self, choices: Sequence[str]) -> None:
        super().__init__("list of " + ", ".join(choices))
        self.choices = tuple(choices)

    def read(self, value: Any, at: At) -> tuple[str, ...]:
        for item in super().read(value, at):
            if item not in self.choices:
                hint = did_you_mean(item, self.choices)
                raise at.error(f"option {at.name!r} may hold {', '.join(self.choices)}, not {item!r}{hint}")
        return tuple(value)

    def schema(self, known: Known) -> dict[str, Any]:
        return {"type": "array", "items": {"type": "string", "enum": list(self.choices)}}


class Patterns(Texts):
    """Patterns as in a ``.gitignore``."""

    def __init__(self, *, adds: bool = False) -> None:
        super().__init__("list of globs", adds=adds)

    def read(self, value: Any, at: At) -> tuple[str, ...]:
        return _globs(super().read(value, at), at)


class Selectors(Texts):
    """Rules: codes, prefixes of codes, names, ALL."""

    def __init__(self, *, adds: bool = False) -> None:
        super().__init__("list of rules", adds=adds)

    def read(self, value: Any, at: At) -> tuple[str, ...]:
        return _rule_list(value, at)


class Ignores(Kind):
    """A table of globs, each with rules."""

    words = "table of globs, each with a list of rules"
    is_table = True

    def read(self, value: Any, at: At) -> tuple[tuple[str, tuple[str, ...]], ...]:
        if not isinstance(value, dict):
            raise at.wrong("a table of globs and lists of rules", value)
        _globs([glob.removeprefix("!") for glob in value], at)
        return tuple((glob, _rule_list(rules, at.below(glob))) for glob, rules in value.items())

    def schema(self, known: Known) -> dict[str, Any]:
        return {"type": "object", "additionalProperties": dict(_TEXTS)}

    def merge(self, below: Any, above: Any) -> Any:
        return tuple({**dict(below), **dict(above)}.items())


class Rules(Kind):
    """A table of options for each rule, named or by code; the value has them by name, those that are given."""

    words = "table of rules, each with its options"
    is_table = True

    def read(self, value: Any, at: At) -> dict[str, Mapping[str, Any]]:
        if not isinstance(value, dict):
            raise at.wrong("a table of rules", value)
        result: dict[str, Mapping[str, Any]] = {}
        for word, options in value.items():
            here = at.below(word)
            rule = next((item for item in at.known.values() if word in (item.name, item.code)), None)
            if rule is None:
                if at.lenient:
                    continue
                raise here.error(f"unknown rule {word!r} in {at.name!r}{rule_hint(word, at.known)}")
            if not isinstance(options, dict):
                raise here.wrong("a table of the rule's options", options)
            result[rule.name] = {**result.get(rule.name, {}), **_rule_options(rule, options, here)}
        return result

    def schema(self, known: Known) -> dict[str, Any]:
        tables = {}
        for rule in known.values():
            options = {name: _option_schema(default) for name, default in rule.options.items()}
            table = {"type": "object", "properties": options, "additionalProperties": False}
            tables[rule.code] = tables[rule.name] = table
        return {"type": "object", "properties": tables, "additionalProperties": False}

    def merge(self, below: Any, above: Any) -> Any:
        return {name: {**below.get(name, {}), **above.get(name, {})} for name in {**below, **above}}


def check_selectors(selectors: Iterable[str], known_rules: Known, where: str) -> tuple[str, ...]:
    """Selectors in the spelling that `resolve_selection` knows; ``where`` is for the message: ``--select``.

    Raises:
        ConfigError: a selector names no rule.
    """
    return tuple(_spelling(selector, known_rules, where) for selector in selectors)


def _spelling(selector: str, known: Known, where: str) -> str:
    for word in (selector, selector.upper(), selector.lower()):
        if any(specificity(word, rule) for rule in known.values()):
            return word
    raise ConfigError(f"unknown rule {selector!r} in {where}{rule_hint(selector, known)}")


def _rule_list(value: Any, at: At) -> tuple[str, ...]:
    found = []
    for selector in Texts().read(value, at):
        try:
            found.append(_spelling(selector, at.known, repr(at.name)))
        except ConfigError as error:
            if not at.lenient:
                raise at.error(error.message) from None
    return tuple(found)


def _globs(globs: Sequence[str], at: At) -> tuple[str, ...]:
    try:
        Globs(globs)
    except ValueError as error:
        raise at.error(f"{error} in {at.name!r}") from error
    return tuple(globs)


def _rule_options(rule: RuleInfo, options: Mapping[str, Any], at: At) -> dict[str, Any]:
    values = {}
    for name, value in options.items():
        here = at.below(name)
        if name not in rule.options:
            hint = did_you_mean(name, rule.options) if rule.options else ": the rule has no options"
            raise here.error(f"unknown option {name!r} of rule {rule.name!r}{hint}")
        default = rule.options[name]
        if isinstance(default, (list, tuple)):
            value = type(default)(Texts().read(value, here))
        elif isinstance(default, float) and type(value) is int:
            value = float(value)
        elif default is not None and type(value) is not type(default):
            raise here.wrong(kind_of(default), value)
        values[name] = value
    return values


def _option_schema(default: Any) -> dict[str, Any]:
    types = {bool: "boolean", int: "integer", float: "number", str: "string"}
    if default is None:
        return {}
    if isinstance(default, (list, tuple)):
        return {**_TEXTS, "default": list(default)}
    return {"type": types[type(default)], "default": default}
