"""An access seen as a plan: what bounds it, whether it is good, why; and which of several is the best."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from mongolint.coverage.access import Access, Scan, scans
from mongolint.coverage.bounds import FETCH
from mongolint.coverage.order import Sort, gives_order, is_by_field
from mongolint.coverage.predicates import Node
from mongolint.coverage.values import is_regex, pattern_of, regex_prefix

_WIDE = ("exists", "mod", "type")


class Reading:
    """One way to answer a query."""

    def __init__(self, access: Access, sort: Sort, collation: Mapping[str, Any] | None) -> None:
        self.access = access
        self.orders = bool(sort) and is_by_field(sort) and gives_order(access, sort, collation)
        self._sort = sort

    @cached_property
    def bounded(self) -> tuple[str, ...]:
        """The fields whose predicates bound a scan."""
        found = [scan.entry.names[position] for scan in scans(self.access) for _, position in scan.assigned]
        return tuple(dict.fromkeys(found))

    @cached_property
    def is_selective(self) -> bool:
        """Whether each scan is led by a comparison that leaves most of the index out."""
        return all(any(_is_selective(node) for node in _leading(scan)) for scan in scans(self.access))

    @property
    def is_exact(self) -> bool:
        """Whether nothing of the filter is left to be tested on documents."""
        return not self.access.rest and not any(scan.rest for scan in scans(self.access))

    @property
    def rank(self) -> tuple[int, ...]:
        """Higher is better: bounded, selective, in order, exact, how many points, how many fields."""
        leaves = scans(self.access)
        return (
            int(all(scan.assigned for scan in leaves)),
            int(self.is_selective),
            int(self.orders or not self._sort),
            int(self.is_exact),
            min(len({position for _, position in scan.assigned}) for scan in leaves),
            int(all(scan.tightness < FETCH for scan in leaves)),
            -max(len(scan.entry.keys) for scan in leaves),
        )

    @property
    def reason(self) -> str:
        names = " and ".join(dict.fromkeys(scan.entry.index.name for scan in scans(self.access)))
        if not self.bounded:
            return f"{names} is read whole, for its order" if self.orders else f"{names} is read whole"
        text = f"{names} bounds {', '.join(self.bounded)}"
        if not self.is_selective:
            return f"{text}, but most of it is read"
        if self._sort:
            return f"{text} and gives the order" if self.orders else f"{text}; sorted in memory"
        return text if self.is_exact else f"{text}; the rest is tested on each document"


def _leading(scan: Scan) -> list[Node]:
    return [predicate.node for predicate, position in scan.assigned if position == 0]


def _is_selective(node: Node) -> bool:
    if node.kind == "elem-value":
        return any(_is_selective(child) for child in node.children)
    if node.kind == "regex":
        return bool(regex_prefix(*pattern_of(node.value))[0])
    if node.kind == "in":
        return all(bool(regex_prefix(*pattern_of(each))[0]) for each in node.value if is_regex(each))
    if node.kind == "not":
        return node.child.kind == "exists"  # which is one point: null
    return node.kind not in _WIDE
