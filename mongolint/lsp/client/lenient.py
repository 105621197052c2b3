"""Requests that say more than the protocol's library knows: what it cannot read is left out of them.

Clients are newer than it, and list in their capabilities all that they know: one value more in one of the lists, and
the library would refuse the whole of ``initialize``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from cattrs.errors import AttributeValidationNote, BaseValidationError, IterableValidationNote

T = TypeVar("T")
_Path = tuple[str | int, ...]
# How often what is left is tried anew: a part that lacks something takes what it is a part of with it
_MOST = 20


def structured(data: dict[str, Any], structure: Callable[[dict[str, Any]], T]) -> T:
    """``structure(data)``, without those parts of ``data`` that are to blame where it fails.

    Raises:
        BaseValidationError: the request is none without them.
    """
    for _ in range(_MOST):
        try:
            return structure(data)
        except BaseValidationError as error:
            blamed = {_existing(data, path) for path in _paths(error)}
            if any(len(path) < 2 for path in blamed):
                raise
            # The last ones first, as items of a list are counted from its start
            for path in sorted(blamed, key=_order, reverse=True):
                _leave_out(data, path)
    return structure(data)


def _paths(error: BaseException, path: _Path = ()) -> Iterator[_Path]:
    """Where in the message each mistake is."""
    if not isinstance(error, BaseValidationError):
        yield path
        return
    for each in error.exceptions:
        step = next((found for note in getattr(each, "__notes__", ()) for found in _steps(note)), None)
        yield from _paths(each, path if step is None else (*path, step))


def _steps(note: object) -> Iterator[str | int]:
    if isinstance(note, AttributeValidationNote):
        first, *others = note.name.split("_")
        yield first + "".join(other.capitalize() for other in others)
    elif isinstance(note, IterableValidationNote):
        yield note.index


def _existing(data: Any, path: _Path) -> _Path:
    """As much of a path as there is: it may lead to what is missing."""
    for number, step in enumerate(path):
        if step not in (data if isinstance(data, dict) else range(len(data)) if isinstance(data, list) else ()):
            return path[:number]
        data = data[step]
    return path


def _order(path: _Path) -> list[tuple[int, str]]:
    return [(step, "") if isinstance(step, int) else (0, step) for step in path]


def _leave_out(data: Any, path: _Path) -> None:
    for step in path[:-1]:
        data = data[step]
    del data[path[-1]]
