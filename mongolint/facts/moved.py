"""Whether an edit changed nothing but where things are (comments, blank lines, layout), and what it left as it was."""

from __future__ import annotations

import marshal
from collections.abc import Iterator, Sequence
from dataclasses import fields, is_dataclass
from typing import Any

from mongolint.facts.shapes import ModuleFacts

# What holds offsets, of modules and of their parts
_PLACES = frozenset({"lines", "spans", "tokens", "parts", "span", "name_span"})


def only_moved(old: ModuleFacts, new: ModuleFacts) -> bool:
    """Whether two states of a module say the same, at other places perhaps."""
    if (
        len(old.nodes) != len(new.nodes)
        or old.spans.keys() != new.spans.keys()
        or old.tokens.keys() != new.tokens.keys()
    ):
        return False
    return _plain(old) == _plain(new)


def move(old: ModuleFacts, new: ModuleFacts) -> None:
    """Give ``old`` the places of ``new``, which says the same."""
    old.lines, old.spans, old.tokens, old.parts = new.lines, new.spans, new.tokens, new.parts
    for mine, other in zip(old.loops, new.loops, strict=True):
        mine.span = other.span
    for scope, other_scope in zip(old.scopes, new.scopes, strict=True):
        scope.name_span = other_scope.name_span
    for use, other_use in zip(old.uses, new.uses, strict=True):
        use.span = other_use.span
    for held, other_try in zip(old.tries, new.tries, strict=True):
        for handler, other_handler in zip(held.handlers, other_try.handlers, strict=True):
            handler.span = other_handler.span


def share(old: ModuleFacts, new: ModuleFacts) -> ModuleFacts:
    """``new``, with the very objects of ``old`` where both say the same: who holds a loop knows it again."""
    for each in fields(new):
        mine, other = getattr(old, each.name), getattr(new, each.name)
        if type(other) is list and other and is_dataclass(other[0]):
            setattr(new, each.name, list(_shared(mine, other)))
    return new


def _shared(old: Sequence[Any], new: Sequence[Any]) -> Iterator[Any]:
    left = [each for number, each in enumerate(old) if number >= len(new) or each != new[number]]
    for number, each in enumerate(new):
        if number < len(old) and each == old[number]:
            yield old[number]
        else:
            yield next((held for held in left if held == each), each)


def _plain(facts: ModuleFacts) -> bytes:
    """All but the places; unlike ``==``, it tells 1 from True, and version 2 knows no references."""
    return marshal.dumps(
        [_parts(getattr(facts, each.name)) for each in fields(facts) if each.compare and each.name not in _PLACES], 2
    )


def _parts(value: Any) -> Any:
    if is_dataclass(value):
        return [_parts(getattr(value, each.name)) for each in fields(value) if each.name not in _PLACES]
    if type(value) is dict:
        return [*value.items()]
    if type(value) is list and value and is_dataclass(value[0]):
        return [_parts(each) for each in value]
    return value
