"""Facts as bytes and back: what crosses process borders, and what is kept from run to run.

Only plain data, by `marshal`, which takes half the time of `pickle` and brings no code along. The form is that of one
Python and one release: nobody else may read it.
"""

from __future__ import annotations

import marshal
from collections.abc import Callable, Sequence
from itertools import starmap
from operator import attrgetter
from typing import Any

from mongolint.facts import shapes
from mongolint.facts.shapes import ModuleFacts

_NAMES = [name for name in ModuleFacts.__slots__ if not name.startswith("_")]
# The records that lists of facts hold, and those that lists of such records hold
_RECORDS: dict[str, type] = {
    "scopes": shapes.Scope,
    "contexts": shapes.Context,
    "loops": shapes.Loop,
    "tries": shapes.Try,
    "calls": shapes.Call,
    "references": shapes.Reference,
    "stores": shapes.Store,
    "item_stores": shapes.Store,
    "raises": shapes.Raise,
    "uses": shapes.Use,
}
_INNER: dict[type, tuple[str, type]] = {
    shapes.Scope: ("params", shapes.Param),
    shapes.Try: ("handlers", shapes.Handler),
}
_Plain = tuple[Any, ...]
_PLAIN: dict[type, Callable[[Any], _Plain]] = {
    kind: attrgetter(*kind.__slots__)  # type: ignore[attr-defined]  # dataclasses with slots
    for kind in {*_RECORDS.values(), *(kind for _, kind in _INNER.values())}
}


def dump(facts: ModuleFacts) -> bytes:
    """The facts of a module as bytes that `load` reads.

    Raises:
        ValueError: they hold something that is no plain data.
    """
    parts: list[Any] = []
    for name in _NAMES:
        value = getattr(facts, name)
        parts.append(_plain(value, _RECORDS[name]) if name in _RECORDS else value)
    return marshal.dumps(parts)


def load(data: bytes) -> ModuleFacts:
    """What `dump` was given.

    Raises:
        EOFError, TypeError, ValueError: these are no such bytes.
    """
    parts: list[Any] = marshal.loads(data)
    made: list[Any] = [
        _made(part, _RECORDS[name]) if name in _RECORDS else part for name, part in zip(_NAMES, parts, strict=True)
    ]
    return ModuleFacts(*made)


def _plain(records: Sequence[Any], kind: type) -> list[_Plain]:
    found = list(map(_PLAIN[kind], records))
    return _within(found, kind, _plain) if kind in _INNER else found


def _made(records: Sequence[_Plain], kind: type) -> list[Any]:
    return list(starmap(kind, _within(records, kind, _made) if kind in _INNER else records))


def _within(records: Sequence[_Plain], kind: type, change: Callable[[Any, type], Any]) -> list[_Plain]:
    """Records with the records in them changed, too."""
    name, inner = _INNER[kind]
    place = kind.__slots__.index(name)  # type: ignore[attr-defined]
    return [(*each[:place], change(each[place], inner), *each[place + 1 :]) for each in records]
