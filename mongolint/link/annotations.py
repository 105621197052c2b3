"""What an annotation says a value is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mongolint.link import driver, externals
from mongolint.link.atoms import (
    UNKNOWN,
    Atom,
    ClassRef,
    Elements,
    Env,
    External,
    Instance,
    Literal,
    Value,
    join,
)

if TYPE_CHECKING:
    from mongolint.link.linker import Linker

_TRANSPARENT = frozenset(
    [
        "Optional",
        "Union",
        "Annotated",
        "ClassVar",
        "Final",
        "Required",
        "NotRequired",
        "ReadOnly",
        "Awaitable",
        "Coroutine",
        "Mapped",
    ]
)
_ITERABLE = frozenset(
    [
        "list",
        "List",
        "Sequence",
        "Iterable",
        "Iterator",
        "AsyncIterator",
        "AsyncIterable",
        "Generator",
        "AsyncGenerator",
        "set",
        "Set",
        "tuple",
        "Tuple",
        "frozenset",
        "FrozenSet",
        "Collection",
        "deque",
        "Deque",
        "MutableSequence",
    ]
)


def annotated(link: Linker, module: int, row: int, env: Env | None) -> Value:
    """The values that the annotation at ``row`` allows; UNKNOWN for a type the model does not follow."""
    node = link.node(module, row)
    if node[0] == "binop":
        return join([annotated(link, module, node[2], env), annotated(link, module, node[3], env)])
    if node[0] == "item":
        return _generic(link, module, node[1], node[2], env)
    if node[0] == "const":
        return ()
    return join(_of(link, atom) for atom in link.value(module, row, env))


def _of(link: Linker, atom: Atom) -> Value:
    if type(atom) is ClassRef:
        for name in link.hierarchy.external_bases(atom):
            made = driver.annotated(name)
            if made is not None:
                return (made,)
        return (Instance(*atom),)
    if type(atom) is External:
        made = driver.annotated(atom.name)
        return (UNKNOWN,) if made is None else (made,)
    if type(atom) is Literal and link.node(atom.module, atom.row)[0] == "item":
        return annotated(link, atom.module, atom.row, atom.env)
    return (UNKNOWN,)


def _generic(link: Linker, module: int, base: int, key: int, env: Env | None) -> Value:
    name = _name(link, module, base)
    inner = link.node(module, key)
    parts = list(inner[2]) if inner[0] == "seq" else [key]
    if name == "Annotated":
        hidden = join(externals.dependency(link, module, part) for part in parts[1:])
        return hidden or annotated(link, module, parts[0], env)
    if name in _TRANSPARENT:
        return join(annotated(link, module, part, env) for part in parts[-1 if name == "Coroutine" else 0 :])
    if name in ("type", "Type"):
        return tuple(ClassRef(a.module, a.scope) for a in annotated(link, module, parts[0], env) if type(a) is Instance)
    known = join(_of(link, atom) for atom in link.value(module, base, env))
    if any(atom != UNKNOWN for atom in known):
        return known
    if name in _ITERABLE:
        return (Elements(annotated(link, module, parts[0], env) or (UNKNOWN,)),)
    return (UNKNOWN,)


def _name(link: Linker, module: int, row: int) -> str:
    node = link.node(module, row)
    if node[0] in ("attr", "free", "from"):
        atoms = link.value(module, row)
        name = atoms[0].name if atoms and type(atoms[0]) is External else node[2]
        return str(name).rpartition(".")[2]
    return ""


def is_listed(link: Linker, module: int, row: int) -> bool:
    """Whether an annotation names a dict or set whose keys are all in the source: a ``Literal``, an enumeration."""
    node = link.node(module, row)
    if node[0] != "item" or _name(link, module, node[1]) not in _KEYED:
        return False
    inner = link.node(module, node[2])
    return _is_enumerated(link, module, inner[2][0] if inner[0] == "seq" else node[2])


def _is_enumerated(link: Linker, module: int, row: int) -> bool:
    node = link.node(module, row)
    if node[0] == "item":
        return _name(link, module, node[1]) == "Literal"
    value = link.value(module, row)
    return bool(value) and all(
        _ENUMERATIONS & {name.rpartition(".")[2] for name in link.hierarchy.external_bases(atom)}
        if type(atom) is ClassRef
        else type(atom) is Literal and _is_enumerated(link, atom.module, atom.row)
        for atom in value
    )


_KEYED = frozenset(["dict", "Dict", "Mapping", "MutableMapping", "defaultdict", "DefaultDict", "set", "frozenset"])
_ENUMERATIONS = frozenset(["Enum", "StrEnum", "IntEnum"])
