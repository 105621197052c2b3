"""Which index code names by ``hint``: as an argument of an operation or a write request, or on a cursor."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from mongolint.fastclasses import NamedTuple
from mongolint.link import functions
from mongolint.link.atoms import NONE, External, strings, without_none
from mongolint.link.states.memory import held_by
from mongolint.mongo import drivers
from mongolint.project.documents import Place, Reader

if TYPE_CHECKING:
    from mongolint.link.linker import Linker
    from mongolint.project.indexes import IndexDeclaration
    from mongolint.project.model import Project
    from mongolint.project.operations import Operation

# How much two names have to have in common
_NEAR = 0.75
# The name of an index, or its key pattern
Hint = str | tuple[tuple[str, Any], ...]


class Hinted(NamedTuple):
    """A hint where it is written: in which call (module, row). ``hint`` is None where it is not known."""

    call: tuple[int, int]
    hint: Hint | None


def hint_of(link: Linker, reader: Reader, operation: Operation) -> Hint | None:
    """The index that an operation names; None if it names none, or which one is not known or depends on the path."""
    found = {given.hint for given in hints_of(link, reader, operation)}
    return found.pop() if len(found) == 1 else None


def hints_of(link: Linker, reader: Reader, operation: Operation) -> list[Hinted]:
    """Each hint that an operation may be given; there are several where its cursor gets them on different paths."""
    steps = [step for step in operation.steps if step.name == "hint"]
    given = [((step.module, step.row), _argument(link, step.module, step.row, "index", 0)) for step in steps]
    method, module, row = operation.method, operation.module, operation.row
    if method.hint is not None and link.node(module, row)[0] == "call":
        position = method.params.index(method.hint) if method.hint in method.params else None
        given.append(((module, row), _argument(link, module, row, method.hint, position)))
    return [
        Hinted(call, read(link, reader, place))
        for call, place in given
        if place is not None and link.value(*place) != (NONE,)
    ]


def read(link: Linker, reader: Reader, place: Place) -> Hint | None:
    """The name or the key pattern that stands at a place."""
    value = without_none(link.value(*place))
    names = strings(value)
    if names:
        return names[0] if len(value) == 1 else None
    pattern = reader.key_pattern(place)
    return tuple(pattern) if pattern else None


def matches(hint: Hint, index: IndexDeclaration) -> bool:
    """Whether a hint names just this index."""
    return hint == index.name if isinstance(hint, str) else hint == index.keys


def find_all(project: Project) -> Iterator[tuple[list[str], Hint | None]]:
    """Every hint of the project, with the collections it is meant for; none where that is not known."""
    traced: set[tuple[int, int]] = set()
    for operation in project.operations:
        traced.add((operation.module, operation.row))
        traced.update((step.module, step.row) for step in operation.steps)
        for hint in _of_operation(project, operation):
            yield operation.collection_names, hint
    for module in range(len(project.modules)):
        for row, hint in _in_calls(project, module):
            if (module, row) not in traced:
                yield [], hint


@held_by
def _of_operation(project: Project, operation: Operation) -> list[Hint | None]:
    return [hint for _, hint in hints_of(project.link, project.reader, operation)]


@held_by
def _in_calls(project: Project, module: int) -> list[tuple[int, Hint | None]]:
    """What the calls of a module pass as a hint, whatever they call."""
    link, found = project.link, []
    for call in link.modules[module].calls:
        given = _untraced(link, module, call.row)
        hint = read(link, project.reader, given) if given is not None else None
        if given is not None and (hint is not None or _is_request(link, module, call.row)):
            found.append((call.row, hint))
    return found


def _untraced(link: Linker, module: int, row: int) -> Place | None:
    """What a call passes as a hint, whatever it calls."""
    _, function, args = link.node(module, row)
    called = link.node(module, function)
    for keyword, value in args:
        if keyword == "hint" or (keyword is None and called[0] == "attr" and called[2] == "hint"):
            return Place(module, value, None) if link.value(module, value) != (NONE,) else None
    return None


def _is_request(link: Linker, module: int, row: int) -> bool:
    """Whether a call makes a request for ``bulk_write``."""
    callee = link.value(module, link.node(module, row)[1])
    return any(type(atom) is External and atom.name in drivers.REQUESTS for atom in callee)


def _argument(link: Linker, module: int, row: int, keyword: str, position: int | None) -> Place | None:
    """The argument of a call by its keyword or its position."""
    args, _ = functions.arguments(link, module, row, None)
    positional = [arg.row for arg in args if arg.keyword is None]
    found = next((arg.row for arg in args if arg.keyword == keyword), None)
    if found is None and position is not None and position < len(positional):
        found = positional[position]
    return None if found is None else Place(module, found, None)


# Hints at what is not there


class UnknownHint(NamedTuple):
    """A hint at an index that is declared nowhere. ``meant``: the declared one that is nearest, if there is just one.

    ``declared``: those that are declared on the collection.
    """

    hinted: Hinted
    hint: Hint
    meant: IndexDeclaration | None
    declared: list[IndexDeclaration]


def unknown_hints(project: Project, operation: Operation) -> Iterator[UnknownHint]:
    """The hints of an operation that the server refuses for certain, by all that is declared on its collection."""
    given = hints_of(project.link, project.reader, operation) if operation.collection is not None else []
    name = operation.collection_names[0] if given else ""
    found = project.indexes_of(name) if given else None
    declared = [index for index in found or () if index.collection_name == name]
    # With none declared here, somebody else sees to the indexes
    if found is None or not declared or any(index.open or not _is_named(index) for index in found):
        return
    for hinted in given:
        hint = hinted.hint
        if hint is not None and not _is_built_in(hint) and not any(matches(hint, index) for index in found):
            yield UnknownHint(hinted, hint, _nearest(hint, declared), declared)


def _is_named(index: IndexDeclaration) -> bool:
    return isinstance(index.options.get("name", ""), str)


def _is_built_in(hint: Hint) -> bool:
    """The index on ``_id``, the order on disk, and the keys that the server gives to text indexes."""
    if isinstance(hint, str):
        return hint == "_id_"
    return hint == (("_id", 1),) or any(name.startswith(("$", "_fts")) for name, _ in hint)


def _nearest(hint: Hint, indexes: Sequence[IndexDeclaration]) -> IndexDeclaration | None:
    """The one index that a hint may have been meant for: it has the same fields, or a name much like it."""
    candidates = _by_name(hint, indexes) if isinstance(hint, str) else _by_keys(hint, indexes)
    return candidates[0] if len(candidates) == 1 else None


def _by_name(hint: str, indexes: Sequence[IndexDeclaration]) -> list[IndexDeclaration]:
    """A field, or the name that the server makes, stands for an index with a name of its own."""
    alike = [
        index for index in indexes if hint == default_name(index) or [hint] == [name for name, _ in index.keys or ()]
    ]
    if alike:
        return alike
    from difflib import get_close_matches  # takes a while, and hints are hardly ever wrong

    near = get_close_matches(hint, [index.name for index in indexes], 2, _NEAR)
    return [index for index in indexes if index.name in near[:1]]


def _by_keys(hint: tuple[tuple[str, Any], ...], indexes: Sequence[IndexDeclaration]) -> list[IndexDeclaration]:
    names = [name for name, _ in hint]
    declared = [(index, [name for name, _ in index.keys or ()]) for index in indexes]
    for is_near in (
        lambda own: own == names,
        lambda own: sorted(own) == sorted(names),
        lambda own: own[: len(names)] == names,
    ):
        found = [index for index, own in declared if is_near(own)]
        if found:
            return found
    return []


def default_name(index: IndexDeclaration) -> str:
    """The name that the server makes."""
    return "_".join(f"{name}_{kind}" for name, kind in index.keys or ())
