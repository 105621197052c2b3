"""LibCST for a process that only reads trees, imported with nodes that can be made fast.

LibCST's nodes are frozen dataclasses: a constructor sets each field by ``object.__setattr__``, and four methods more
are compiled for each of two hundred classes. Where no tree is changed or printed, half the time of the import, a
seventh of the time of parsing and a quarter of the time of counting characters can be spared.
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
        import libcst
    finally:
        dataclasses.dataclass = original
    _without_hooks(libcst.CSTNode)


def _without_hooks(node: Any) -> None:
    """Let each kind of node generate its code without the calls before and after, which are for printing."""
    if "_codegen_impl" in node.__dict__:
        node._codegen = node._codegen_impl
    for kind in node.__subclasses__():
        _without_hooks(kind)


def _plain_nodes(dataclass: Callable[..., Any]) -> Callable[..., Any]:
    """The decorator ``dataclass``, which makes plain classes of LibCST's nodes."""

    def decorate(cls: type | None = None, /, **options: Any) -> Any:
        def of(target: type) -> Any:
            if target.__module__.startswith("libcst._nodes."):
                if "__post_init__" in target.__dict__:  # the check of each node, which is for trees made by hand
                    delattr(target, "__post_init__")
                return dataclass(target, **{**options, "frozen": False, "repr": False, "eq": False})
            return dataclass(target, **options)

        return of if cls is None else of(cls)

    return decorate
