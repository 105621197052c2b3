"""LibCST for a process that only reads trees, imported with nodes that can be made fast.

LibCST's nodes are frozen dataclasses: a constructor sets each field by ``object.__setattr__``, and four methods more
are compiled for each of two hundred classes. Where no tree is changed or printed, half the time of the import and a
seventh of the time of parsing can be spared.
"""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable
from typing import Any


def import_libcst() -> None:
    """Import LibCST with plain nodes, unless it is imported already."""
    if "libcst" in sys.modules:
        return
    original = dataclasses.dataclass
    dataclasses.dataclass = _plain_nodes(original)
    try:
        import libcst  # noqa: F401
    finally:
        dataclasses.dataclass = original


def _plain_nodes(dataclass: Callable[..., Any]) -> Callable[..., Any]:
    """The decorator ``dataclass``, which makes plain classes of LibCST's nodes."""

    def decorate(cls: type | None = None, /, **options: Any) -> Any:
        def of(target: type) -> Any:
            if target.__module__.startswith("libcst._nodes."):
                return dataclass(target, **{**options, "frozen": False, "repr": False, "eq": False})
            return dataclass(target, **options)

        return of if cls is None else of(cls)

    return decorate
