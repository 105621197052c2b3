"""LibCST for a process that only reads trees, imported with nodes that can be made fast.

LibCST's nodes are frozen dataclasses: a constructor sets each field by ``object.__setattr__``, and four methods more
are compiled for each of two hundred classes. They are abstract base classes, too, of which `isinstance` is no question
to the interpreter, but to Python code. Beside them it imports its visitors, its metadata and a tokenizer. Where no tree
is changed or printed, two thirds of the time of the import, a seventh of the time of parsing and a quarter of the time
of counting characters can be spared.
"""

from __future__ import annotations

import abc
import dataclasses
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

# What LibCST's package imports besides nodes and the native parser
_VISITORS = ("libcst._batched_visitor", "libcst._typed_visitor")
_METADATA = ("libcst.metadata", "libcst.metadata.base_provider", "libcst.metadata.wrapper")
_SPARED = (*_VISITORS, *_METADATA, "libcst.helpers", "libcst._parser.detect_config")


def import_libcst() -> None:
    """Import LibCST with plain nodes, unless it is imported already."""
    if "libcst" in sys.modules:
        return
    original, abstract = dataclasses.dataclass, abc.ABC
    dataclasses.dataclass, abc.ABC = _plain_nodes(original), _Plain  # type: ignore[assignment, misc]
    absent = {name: _Absent(name) for name in _SPARED}
    sys.modules.update(absent)
    try:
        import libcst
    except Exception:  # a version that cannot do without
        for name in [name for name in sys.modules if name.partition(".")[0] == "libcst"]:
            del sys.modules[name]
        import libcst
    finally:
        dataclasses.dataclass, abc.ABC = original, abstract  # type: ignore[misc]
        for name, module in absent.items():
            if sys.modules.get(name) is module:
                del sys.modules[name]
    _without_hooks(libcst.CSTNode)


class _Plain:
    __slots__ = ()


class _Absent(ModuleType):
    """Stands for a module that is not needed: whatever it is asked for is a class of that name."""

    __path__: list[str] = []

    def __getattr__(self, name: str) -> Any:
        if name == "convert_to_utf8":
            return _as_it_is
        if name.startswith("__"):
            raise AttributeError(name)
        return type(name, (), {})


def _as_it_is(source: str, *, partial: object) -> tuple[str, str]:
    """Of a text the encoding makes no difference."""
    return "utf-8", source


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
