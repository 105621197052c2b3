"""LibCST for a process that only reads trees, imported with nodes that can be made fast.

LibCST's nodes are frozen dataclasses: a constructor sets each field by ``object.__setattr__``, and four methods more
are compiled for each of two hundred classes, which are made twice, the second time with slots. They are abstract base
classes, too, of which `isinstance` is no question to the interpreter, but to Python code. Beside them it imports its
visitors, its metadata and a tokenizer. Where no tree is changed or printed, five sixths of the time of the import, a
seventh of the time of parsing and a quarter of the time of counting characters can be spared.
"""

from __future__ import annotations

import abc
import dataclasses
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import MISSING, Field
from types import ModuleType
from typing import Any, ClassVar, cast, get_origin

# What LibCST's package imports besides nodes and the native parser
_VISITORS = ("libcst._batched_visitor", "libcst._typed_visitor")
_METADATA = ("libcst.metadata", "libcst.metadata.base_provider", "libcst.metadata.wrapper")
_SPARED = (*_VISITORS, *_METADATA, "libcst.helpers", "libcst._parser.detect_config")
# Makes a class anew with slots, which the plain ones have from the start
_SLOTS = "libcst._add_slots"
# Where a plain node keeps its fields and their defaults
_FIELDS = "__plain_fields__"


def import_libcst() -> None:
    """Import LibCST with plain nodes, unless it is imported already."""
    if "libcst" in sys.modules:
        return
    original, abstract = dataclasses.dataclass, abc.ABC
    dataclasses.dataclass, abc.ABC = _plain_nodes(original), _Plain  # type: ignore[assignment, misc]
    absent = {name: _Absent(name) for name in (*_SPARED, _SLOTS)}
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


@contextmanager
def shared_blanks(libcst: Any) -> Iterator[None]:
    """While this holds, the parser gives one node for all blanks that are the same, if nodes are plain.

    They are two fifths of the nodes of a tree, and of none is it asked where it stands.
    """
    kind = libcst.SimpleWhitespace
    if not hasattr(kind, _FIELDS):
        yield
        return
    held: dict[str, Any] = {}

    def blank(value: str) -> Any:
        found = held.get(value)
        if found is None:
            found = held[value] = kind(value)
        return found

    libcst.SimpleWhitespace = blank
    try:
        yield
    finally:
        libcst.SimpleWhitespace = kind


class _Plain:
    __slots__ = ()


class _Absent(ModuleType):
    """Stands for a module that is not needed: whatever it is asked for is a class of that name."""

    __path__: list[str] = []

    def __getattr__(self, name: str) -> Any:
        if name in _INSTEAD:
            return _INSTEAD[name]
        if name.startswith("__"):
            raise AttributeError(name)
        return type(name, (), {})


def _as_it_is(source: str, *, partial: object) -> tuple[str, str]:
    """Of a text the encoding makes no difference."""
    return "utf-8", source


def _itself(cls: type) -> type:
    return cls


_INSTEAD: dict[str, Callable[..., Any]] = {"convert_to_utf8": _as_it_is, "add_slots": _itself}


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
            is_node = target.__module__.startswith("libcst._nodes.")
            return _plain_node(target) if is_node else dataclass(target, **options)

        return of if cls is None else of(cls)

    return decorate


def _plain_node(target: type) -> type:
    """A node's class with slots and a constructor, which is compiled when the first node is made: most never are."""
    own = dict(target.__dict__)
    if "__slots__" in own:  # the root of all nodes
        return target
    inherited: dict[str, Any] = {}
    for base in reversed(target.__mro__[1:]):
        inherited.update(base.__dict__.get(_FIELDS, ()))
    names = [name for name, kind in own.get("__annotations__", {}).items() if get_origin(kind) is not ClassVar]
    fields = {**inherited, **{name: own.pop(name, MISSING) for name in names}}
    own.update({"__slots__": tuple(name for name in names if name not in inherited), _FIELDS: fields})
    # The check of each node is for trees made by hand
    for name in ("__dict__", "__weakref__", "__post_init__"):
        own.pop(name, None)
    made: Any = type(target)(target.__name__, target.__bases__, own)

    def first(self: Any, *values: Any, **named: Any) -> None:
        made.__init__ = _constructor(fields)
        made.__init__(self, *values, **named)

    made.__init__ = first
    return cast(type, made)


def _constructor(fields: Mapping[str, Any]) -> Callable[..., None]:
    """What `dataclasses` would make of fields with these defaults."""
    names: dict[str, Any] = {"MISSING": MISSING}
    parameters, body = [], ["pass"]
    for name, default in fields.items():
        value = name
        if isinstance(default, Field) and default.default_factory is not MISSING:
            names[f"make_{name}"] = default.default_factory
            value, default = f"make_{name}() if {name} is MISSING else {name}", MISSING
            parameters.append(f"{name}=MISSING")
        else:
            default = default.default if isinstance(default, Field) else default
            names[f"default_{name}"] = default
            parameters.append(name if default is MISSING else f"{name}=default_{name}")
        body.append(f"self.{name} = {value}")
    exec(f"def constructor(self, {', '.join(parameters)}):\n " + "\n ".join(body), names)
    return cast("Callable[..., None]", names["constructor"])
