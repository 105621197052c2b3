"""Fewer indexes for the same queries: a pattern whose fields a longer one begins with is served by that one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from mongolint.project.advice.patterns import Keys, Pattern


def merge(wanted: Iterable[Pattern]) -> dict[Pattern, Keys]:
    """For each pattern the keys to declare: of a longer one that begins with its fields, if there is one."""
    kept: list[_Merged] = []
    chosen: dict[Pattern, _Merged] = {}
    # What tells only yes from no makes a poor beginning of an index, so it chooses the order last
    for pattern in sorted(dict.fromkeys(wanted), key=lambda each: (_is_poor(each), -len(each.keys), each.loose)):
        found = next((merged for merged in kept if merged.takes(pattern)), None)
        if found is None:
            found = _Merged(pattern)
            kept.append(found)
        chosen[pattern] = found
    return {pattern: merged.keys for pattern, merged in chosen.items()}


class _Merged:
    """A pattern and those that it serves as well. Fields compared for equality may come in any order and direction."""

    def __init__(self, pattern: Pattern) -> None:
        self.equal = frozenset(pattern.equal)
        self.order = pattern.equal
        self.collation = pattern.collation
        self.rest = pattern.rest
        self.directions: dict[str, Any] = dict.fromkeys(pattern.equal, 1)
        self.turned: set[str] = set()
        # What the keys have to begin with, each a part of the next
        self.first: list[frozenset[str]] = []

    def takes(self, pattern: Pattern) -> bool:
        """Whether it serves another pattern as well; it is then ordered so that it does."""
        names, rest = frozenset(pattern.equal), () if pattern.loose else pattern.rest
        if not names <= self.equal or pattern.collation != self.collation:
            return False
        if names and names == self.equal and not pattern.ordered and _names(rest) <= _names(self.rest):
            return True  # a range is compared on the keys, wherever in them it stands
        inner = self._leading(names, rest)
        taken = names | {name for name, _ in inner}
        outer = rest[len(inner) :]
        if outer and (taken != self.equal or not self._continues(outer)):
            return False
        turned = self._turned(inner, outer) if len(rest) > 1 else {}
        if turned is None:
            return False
        chain = [names]
        for name, _ in inner:
            chain.append(chain[-1] | {name})
        if not self._begins_with(chain):
            return False
        self.directions.update(turned)
        self.turned.update(turned)
        return True

    def _leading(self, names: frozenset[str], rest: Keys) -> Keys:
        """The part of a sort or range that consists of fields that this one compares for equality."""
        found: list[tuple[str, Any]] = []
        for name, direction in rest:
            if name not in self.equal or name in names:
                break
            found.append((name, direction))
        return tuple(found)

    def _continues(self, outer: Keys) -> bool:
        part = self.rest[: len(outer)]
        return outer in (part, tuple((name, _reverse(direction)) for name, direction in part))

    def _turned(self, inner: Keys, outer: Keys) -> dict[str, Any] | None:
        """The directions that the fields of a sort give; None where another sort has given them others."""
        reverse = bool(outer) and outer != self.rest[: len(outer)]
        wanted = {name: _reverse(direction) if reverse else direction for name, direction in inner}
        if any(name in self.turned and self.directions[name] != direction for name, direction in wanted.items()):
            return None
        return wanted

    def _begins_with(self, chain: list[frozenset[str]]) -> bool:
        leading = {*self.first, *chain} - {frozenset()}
        if any(not (one <= other or other <= one) for one in leading for other in leading):
            return False
        self.first = sorted(leading, key=len)
        return True

    @property
    def keys(self) -> Keys:
        rank = {name: sum(name not in names for names in self.first) for name in self.order}
        ordered = sorted(self.order, key=lambda name: rank[name])
        return (*((name, self.directions[name]) for name in ordered), *self.rest)


def _is_poor(pattern: Pattern) -> bool:
    return pattern.is_flag or (pattern.loose and pattern.flags >= set(pattern.equal))


def _names(keys: Keys) -> frozenset[str]:
    return frozenset(name for name, _ in keys)


def _reverse(direction: Any) -> Any:
    return -direction if isinstance(direction, int) else direction
