"""JSON with the place of each value, so that a mistake in a file can be told with its line."""

from __future__ import annotations

import json
import re
from typing import Any

from mongolint.fastclasses import dataclass

_SPACE = re.compile(r"[ \t\n\r]*")


class JsonError(ValueError):
    """Text that is no JSON. ``offset``: where in the text."""

    def __init__(self, message: str, offset: int) -> None:
        super().__init__(message)
        self.message = message
        self.offset = offset


@dataclass(frozen=True, slots=True)
class Node:
    """A value and the offset at which it begins. In ``value``, what an object or array holds are nodes."""

    value: Any
    offset: int

    def plain(self) -> Any:
        """The value without places."""
        if isinstance(self.value, dict):
            return {name: node.plain() for name, node in self.value.items()}
        if isinstance(self.value, list):
            return [node.plain() for node in self.value]
        return self.value


def parse(text: str) -> Node:
    """The value that a text is.

    Raises:
        JsonError: it is not JSON, nested too deeply, or holds a number too long to be one.
    """
    try:
        json.loads(text)
        return _value(text, _space(text, 0))[0]
    except json.JSONDecodeError as error:
        raise JsonError(f"invalid JSON: {error.msg[:1].lower()}{error.msg[1:]}", error.pos) from None
    except RecursionError:
        raise JsonError("invalid JSON: nested too deeply", 0) from None
    except ValueError:
        raise JsonError("invalid JSON: a number has too many digits", 0) from None


def _space(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    assert found is not None
    return found.end()


_SCALARS = json.JSONDecoder()


def _value(text: str, at: int) -> tuple[Node, int]:
    """The value that begins at an offset of text known to be JSON, and where it ends."""
    if text[at] not in "[{":
        value, end = _SCALARS.raw_decode(text, at)
        return Node(value, at), end
    closing = "]" if text[at] == "[" else "}"
    names: list[str] = []
    items: list[Node] = []
    end = _space(text, at + 1)
    while text[end] != closing:
        if closing == "}":
            name, end = _SCALARS.raw_decode(text, end)
            names.append(name)
            end = _space(text, _space(text, end) + 1)
        item, end = _value(text, end)
        items.append(item)
        end = _space(text, end)
        if text[end] == ",":
            end = _space(text, end + 1)
    held: Any = items if closing == "]" else dict(zip(names, items, strict=True))
    return Node(held, at), end + 1
