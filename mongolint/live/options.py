"""When a declared index and one that a server lists are the same, whatever the server has filled in.

Sources: MongoDB manual, "createIndexes", "Collation" (default fields), "Text Indexes"; and what a server lists.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mongolint.fastclasses import dataclass

Keys = tuple[tuple[str, Any], ...]

# Of the server's own making, without effect on what the index holds, or told by the keys and the name
_LEFT_OUT = frozenset(
    ["name", "v", "ns", "key", "background", "dropDups", "commitQuorum", "clustered", "weights", "collation"]
)
# An index that does not say so has these
_DEFAULTS: Mapping[str, Any] = {
    "unique": False,
    "sparse": False,
    "hidden": False,
    "default_language": "english",
    "language_override": "language",
    "bits": 26,
    "min": -180,
    "max": 180,
}
# The server takes the newest it knows where none is asked for
_VERSIONS = frozenset(["2dsphereIndexVersion", "textIndexVersion"])
# Fields of a collation whose default does not depend on the locale
_COLLATION_DEFAULTS: Mapping[str, Any] = {
    "strength": 3,
    "caseLevel": False,
    "numericOrdering": False,
    "maxVariable": "punct",
}


_SIMPLE: Mapping[str, Any] = {"locale": "simple"}
_ABSENT = "not set"


@dataclass(frozen=True, slots=True)
class OptionDifference:
    """An option that code and server have differently; None is "not set"."""

    option: str
    declared: Any
    stored: Any


def key_shape(keys: Keys, weights: Any = None) -> tuple[Keys, frozenset[str]]:
    """The keys in order, with the text part as one, and the fields of that: their order is of no account.

    ``weights``: the option of that name, whose fields belong to the text part too.
    """
    shape: list[tuple[str, Any]] = []
    text: set[str] = set()
    for name, kind in keys:
        if kind != "text":
            shape.append((name, kind))
        elif not text:
            shape.append(("", "text"))
        if kind == "text":
            text.add(name)
    return tuple(shape), frozenset(text.union(weights) if text and isinstance(weights, dict) else text)


def differences(
    declared: Mapping[str, Any],
    stored: Mapping[str, Any],
    text: frozenset[str] = frozenset(),
    collation: Mapping[str, Any] | None = None,
) -> Iterator[OptionDifference]:
    """How the options of a declared index differ from those of a stored one with the same keys.

    A declared None is a value that only the running program knows, which agrees with any.

    Args:
        text: the fields of a text index.
        collation: that of the collection, which its indexes have unless they say otherwise.
    """
    names = {**declared, **stored}
    for name in sorted(name for name in names if name not in _LEFT_OUT):
        if name in _VERSIONS and name not in declared:
            continue
        ours, theirs = _value(declared, name), _value(stored, name)
        if not agrees(ours, theirs):
            yield OptionDifference(name, declared.get(name), stored.get(name))
    if not _same_weights(declared.get("weights", {}), stored.get("weights"), text):
        yield OptionDifference("weights", declared.get("weights"), stored.get("weights"))
    ours, theirs = declared.get("collation", collation or _SIMPLE), stored.get("collation", _SIMPLE)
    if not _same_collation(ours, theirs):
        yield OptionDifference("collation", declared.get("collation"), stored.get("collation"))


def _value(options: Mapping[str, Any], name: str) -> Any:
    """An option's value or default; of a flag its truth, since the server takes 1 for true."""
    default = _DEFAULTS.get(name, _ABSENT)
    value = options.get(name, default)
    return bool(value) if isinstance(default, bool) and value is not None else value


def agrees(declared: Any, stored: Any) -> bool:
    """Whether two values are the same, as far as the declared one is known."""
    if declared is None:
        return True
    if isinstance(declared, dict) and isinstance(stored, dict):
        return declared.keys() == stored.keys() and all(agrees(declared[name], stored[name]) for name in declared)
    if isinstance(declared, list) and isinstance(stored, list):
        return len(declared) == len(stored) and all(map(agrees, declared, stored))
    return isinstance(declared, bool) == isinstance(stored, bool) and bool(declared == stored)


def _same_weights(declared: Any, stored: Any, text: frozenset[str]) -> bool:
    """A text field that is not given a weight has 1."""
    if not text or declared is None or not isinstance(stored, dict):
        return True
    return isinstance(declared, dict) and agrees({**dict.fromkeys(text, 1), **declared}, stored)


def _same_collation(declared: Any, stored: Mapping[str, Any]) -> bool:
    if not isinstance(declared, Mapping):
        return True
    simple = stored.get("locale") == "simple"
    given = {"locale": declared.get("locale")} if simple else {**_COLLATION_DEFAULTS, **declared}
    return all(agrees(value, stored.get(name)) for name, value in given.items() if name != "version")
