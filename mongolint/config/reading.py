"""From a file that holds options to a `Config`, by way of the files that it extends."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import field
from pathlib import Path
from typing import Any

from mongolint.config import toml
from mongolint.config.errors import ConfigError
from mongolint.config.kinds import At
from mongolint.config.places import tree_of
from mongolint.config.schema import OPTIONS, Config, Origin, rule_defaults
from mongolint.config.toml import TomlFile, kind_of
from mongolint.fastclasses import dataclass
from mongolint.selectors import RuleInfo, did_you_mean

_SCHEMA = {option.key: option for option in OPTIONS}
# Paths that are relative to the file that says them, whoever extends it
_OWN_PATHS = ("indexes", "local-rules")


@dataclass(slots=True)
class _Given:
    """What files say: values by key, and where they were written."""

    values: dict[str, Any] = field(default_factory=dict)
    origins: dict[str, Origin] = field(default_factory=dict)


def load_file(file: Path, known_rules: Mapping[str, RuleInfo], *, lenient: bool = False) -> Config:
    """The configuration in a file: of ``[tool.mongolint]`` in a ``pyproject.toml``, else of its top level.

    Args:
        lenient: rules may be named that are not known.

    Raises:
        ConfigError: TOML that does not parse, unknown keys or rules, values of a wrong type, a file that cannot be
            read, or that may not be extended.
    """
    held = toml.read(file)
    chain = list(_chain(held))
    # Whoever names rules that are there only where the user allows it makes no mistake
    lenient = lenient or any("local-rules" in each.table() for each in chain)
    given = _Given()
    for each in reversed(chain):
        _take(given, _read(each, known_rules, lenient, held.path.parent))
    rules = {**rule_defaults(known_rules)}
    for name, options in given.values.pop("rules", {}).items():
        rules[name] = {**rules.get(name, {}), **options}
    values = {_SCHEMA[key].field: value for key, value in given.values.items()}
    return Config(root=held.path.parent, file=held.path, origins=given.origins, rules=rules, **values)


def local_rules(file: Path) -> tuple[tuple[Path, Origin], ...]:
    """The directories that a configuration names as its own rules, before any rule is known.

    Raises:
        ConfigError: as of `load_file`, as far as it matters here.
    """
    held = toml.read(file)
    for each in _chain(held):
        if "local-rules" in each.table():
            given = _read(each, {}, True, each.path.parent, only="local-rules")
            return tuple(
                (each.path.parent / folder, given.origins["local-rules"]) for folder in given.values["local-rules"]
            )
    return ()


def _chain(held: TomlFile) -> Iterator[TomlFile]:
    """The file, the one that it extends, and so on."""
    seen = [os.path.realpath(held.path)]
    tree = os.path.realpath(tree_of(held.path.parent))
    while True:
        yield held
        word = held.table().get("extends")
        if word is None:
            return
        place = (held.path, held.line(("extends",)))
        if not isinstance(word, str):
            raise ConfigError(f"option 'extends' has to be a string, not {kind_of(word)}", *place)
        target = os.path.realpath(held.path.parent / word)
        if not Path(target).is_relative_to(tree):
            raise ConfigError(f"'extends' leads out of the project, which is {tree}: {word}", *place)
        if target in seen:
            raise ConfigError(f"'extends' goes in circles: {word} is extended already", *place)
        seen.append(target)
        path = Path(os.path.normpath(held.path.parent / word))
        try:
            held = toml.read(path)
        except ConfigError as error:
            if error.line is not None:
                raise
            reason = error.message.removeprefix("cannot read: ")
            raise ConfigError(f"cannot extend {word}: {reason}", *place) from None
        if not held.holds_ours:
            raise ConfigError(f"cannot extend {word}: it has no [tool.mongolint]", *place)


def _read(held: TomlFile, known: Mapping[str, RuleInfo], lenient: bool, base: Path, only: str | None = None) -> _Given:
    """What one file says, checked; paths of its own are made relative to ``base``."""

    def raise_at(message: str, path: tuple[str, ...]) -> ConfigError:
        return ConfigError(message, held.path, held.line(path))

    given = _Given()
    for key, value in held.table().items():
        if only not in (None, key):
            continue
        if key not in _SCHEMA:
            hint = did_you_mean(key, _SCHEMA)
            if not held.inside and key == "tool":
                hint = "; here options stand at the top level, not in [tool.mongolint]"
            raise raise_at(f"unknown option {key!r}{hint}", (key,))
        read = _SCHEMA[key].kind.read(value, At((key,), known, raise_at, lenient))
        given.values[key] = _moved(read, held.path.parent, base) if key in _OWN_PATHS else read
        given.origins.update(_origins(held, key, value))
    return given


def _moved(value: Any, own: Path, base: Path) -> Any:
    if own == base:
        return value
    if isinstance(value, tuple):
        return tuple(_moved(item, own, base) for item in value)
    return os.path.relpath(own / value, base).replace(os.sep, "/")


def _origins(held: TomlFile, key: str, value: Any) -> Iterator[tuple[str, Origin]]:
    """Where an option is written, and each entry of a table."""
    yield key, Origin(held.path, held.line((key,)))
    if isinstance(value, dict):
        for entry, inner in value.items():
            yield f"{key}.{entry}", Origin(held.path, held.line((key, entry)))
            for name in inner if isinstance(inner, dict) else ():
                yield f"{key}.{entry}.{name}", Origin(held.path, held.line((key, entry, name)))


def _take(given: _Given, above: _Given) -> None:
    for key, value in above.values.items():
        held = given.values.get(key)
        given.values[key] = value if held is None else _SCHEMA[key].kind.merge(held, value)
    given.origins.update(above.origins)
