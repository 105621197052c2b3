"""Dataclasses and named tuples that take next to no time to define.

To whoever reads, and to a type checker, they are the standard library's. But a run that takes half a second defines two
hundred, which alone would be a tenth of it: a dataclass compiles up to nine methods at once, a typed tuple the type of
each field. Here a constructor is compiled for the first instance, all other methods are shared, and types are left to
the type checker. So is that nobody changes what is frozen.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

__all__ = ["NamedTuple", "dataclass"]

if TYPE_CHECKING:
    from dataclasses import dataclass
    from typing import NamedTuple
else:
    import operator
    from collections import namedtuple
    from dataclasses import _FIELD, MISSING, Field, field

    def dataclass(cls=None, /, *, frozen=False, slots=False, eq=True, order=False):
        """The decorator, for classes that inherit no fields; they have no ``__match_args__``."""

        def of(target):
            held = {name: _field(name, target.__dict__.get(name, MISSING)) for name in target.__annotations__}
            made = (_with_slots if slots else _without_fields)(target, held)
            methods = {"__init__": _first(made), "__repr__": _text}
            if eq:
                methods.update(__eq__=_equal, __hash__=_hash if frozen else None)
            if order:
                methods.update((f"__{name}__", _by(getattr(operator, name))) for name in ("lt", "le", "gt", "ge"))
            for name, method in methods.items():
                if name not in target.__dict__:
                    setattr(made, name, method)
            made.__dataclass_fields__ = held
            made._class_compared = _getter(name for name, each in held.items() if each.compare)
            return made

        return of if cls is None else of(cls)

    def _field(name, default):
        made = default if isinstance(default, Field) else field(default=default)
        made.name, made._field_type = name, _FIELD
        return made

    def _getter(names):
        found = tuple(names)
        return operator.attrgetter(*found) if found else type

    def _with_slots(target, held):
        own = {name: value for name, value in target.__dict__.items() if name not in held}
        for name in ("__dict__", "__weakref__"):
            own.pop(name, None)
        own.update(__slots__=tuple(held), __qualname__=target.__qualname__)
        return type(target)(target.__name__, target.__bases__, own)

    def _without_fields(target, held):
        for name, each in held.items():
            if each.default is not MISSING:
                setattr(target, name, each.default)
            elif name in target.__dict__:
                delattr(target, name)
        return target

    def _first(kind):
        """A constructor that puts the compiled one in its place."""

        def construct(self, *values, **named):
            kind.__init__ = _constructor(kind)
            kind.__init__(self, *values, **named)

        return construct

    def _constructor(kind):
        """What sets the fields; a name that is no parameter is that of a default."""
        known, parameters, lines = {"MISSING": MISSING}, [], ["pass"]
        for name, each in kind.__dataclass_fields__.items():
            default, value = "", name
            if each.default_factory is not MISSING:
                known[f"make_{name}"] = each.default_factory
                default, value = "=MISSING", f"make_{name}() if {name} is MISSING else {name}"
            elif each.default is not MISSING:
                known[name] = each.default
                default = f"={name}"
            if each.init:
                parameters.append(name + default)
            elif default:
                known[name] = each.default
            else:
                continue
            lines.append(f"self.{name} = {value}")
        if hasattr(kind, "__post_init__"):
            lines.append("self.__post_init__()")
        exec(f"def __init__(self, {', '.join(parameters)}):\n " + "\n ".join(lines), known)
        return known["__init__"]

    def _text(self):
        shown = (f"{name}={getattr(self, name)!r}" for name, each in self.__dataclass_fields__.items() if each.repr)
        return f"{type(self).__qualname__}({', '.join(shown)})"

    def _equal(self, other):
        same = type(other) is type(self)
        return self._class_compared(self) == self._class_compared(other) if same else NotImplemented

    def _hash(self):
        return hash(self._class_compared(self))

    def _by(compare):
        def method(self, other):
            same = type(other) is type(self)
            return compare(self._class_compared(self), self._class_compared(other)) if same else NotImplemented

        return method

    class _Tuples(type):
        def __new__(cls, name, bases, body):
            if not bases:
                return super().__new__(cls, name, bases, body)
            names = body.get("__annotations__", ())
            defaults = [body.pop(each) for each in names if each in body]
            made = namedtuple(name, names, defaults=defaults, module=body["__module__"])
            for key, value in body.items():
                if key not in ("__module__", "__classcell__"):
                    setattr(made, key, value)
            return made

    class NamedTuple(metaclass=_Tuples):
        """The standard library's, of which the fields are named and their types are not looked at."""
