"""Fields that code asks a collection for and that no document of it can have, because nothing writes them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from mongolint.facts.shapes import ModuleFacts
from mongolint.fastclasses import NamedTuple
from mongolint.link.atoms import ClassRef
from mongolint.link.states.memory import held
from mongolint.project.fields.shapes import KnownField, KnownFields, Use, plain_path
from mongolint.project.operations import Operation

if TYPE_CHECKING:
    from mongolint.project.fields.known import Fields
    from mongolint.project.model import Project

# A document without the field does not match
_MATCHING = frozenset(["equality", "in", "range", "regex", "elem-match", "array", "type"])
_STRICT = frozenset(["sort", "distinct", "lookup"])
_SHORT, _LONG = 4, 10
_MIN_SHARED = 2


class UnknownField(NamedTuple):
    """A place that names a field which nothing writes; ``meant``: the one field that it is nearly called like."""

    collection: str
    name: str
    meant: str | None
    use: Use


class Unknown:
    """Answers for one project."""

    def __init__(self, project: Project, fields: Fields) -> None:
        self.project = project
        self.fields = fields

    @held
    def all(self) -> list[UnknownField]:
        """Every such place, by collection and field."""
        return [
            found
            for collection in self.fields.collections
            if self.fields.documents(collection)
            for found in self._of(collection)
        ]

    def _of(self, collection: str) -> Iterator[UnknownField]:
        known = self.fields.of(collection)
        asked = [(name, each) for name, each in known.fields.items() if each.read and not _is_known(known, name)]
        if not asked or not self.fields.is_complete(collection):
            return
        for name, each in asked:
            if self._is_modelled(known, name):
                continue
            meant = _nearest(name, known)
            for use in each.read:
                if self._is_claimed(use, name, meant):
                    yield UnknownField(collection, name, meant, use)

    def _is_claimed(self, use: Use, name: str, meant: str | None) -> bool:
        """Whether a field that is in no document makes a use wrong."""
        if self._is_for_old_documents(use):
            return False
        if use.how == "value":
            return (use.operator == "" or meant is not None) and name not in self._put
        if name.rpartition(".")[2] in self._set_later:
            return False
        if use.operation is not None and use.operation.collection is None and use.how != "lookup":
            return False  # the field of another of its collections
        if use.how == "filter":
            return use.operator in _MATCHING and not self._is_for_others(use, name)
        return use.how in _STRICT or meant is not None

    def _is_for_old_documents(self, use: Use) -> bool:
        """Whether a script asks, which may well be about documents of an earlier time."""
        modules = self._modules.get(use.span.file, ())
        return any(self.project.is_script(module) for module in modules)

    def _is_for_others(self, use: Use, name: str) -> bool:
        """Whether the same line fills filters for another collection, whose documents may have the field."""
        if use.operation is None:
            return False
        own = set(use.operation.collection_names)
        others = {each for place in _places(use.operation, name) for each in self._filled[place]} - own
        return any(not self.fields.is_complete(other) or _is_known(self.fields.of(other), name) for other in others)

    @held
    def _filled(self) -> dict[tuple[int, int], set[str]]:
        """The collections whose filters a value goes into, by its place."""
        found: dict[tuple[int, int], set[str]] = {}
        for operation in self.project.operations:
            for place in operation.planned.places.values():
                found.setdefault((place.module, place.row), set()).update(operation.collection_names)
        return found

    @held
    def _modules(self) -> dict[str, list[int]]:
        found: dict[str, list[int]] = {}
        for module in range(len(self.project.modules)):
            found.setdefault(self.project.path(module), []).append(module)
        return found

    @held
    def _put(self) -> frozenset[str]:
        """The keys that code puts into any dict: a document that was read may have been given one on its way."""
        found: set[object] = set()
        for facts in self.project.modules:
            found.update(_keys_put(facts))
        return frozenset(key for key in found if isinstance(key, str))

    @held
    def _set_later(self) -> frozenset[object]:
        """The keys that are set by themselves, and not in a filter: on a document, perhaps, when it was handed on."""
        asked = {
            (place.module, place.row)
            for operation in self.project.operations
            for place in operation.filter.places.values()
        }
        return frozenset(
            facts.constant(node[2])
            for module, facts in enumerate(self.project.modules)
            for _, node in facts.of_kind("setitem")
            if (module, node[3]) not in asked
        )

    def _is_modelled(self, known: KnownFields, name: str) -> bool:
        """Whether a class that looks like the documents declares the field, though nothing in view sets it."""
        last = name.rpartition(".")[2]
        return any(
            last in scope.annotations and self._looks_like(known, ClassRef(module, scope.index))
            for module, facts in enumerate(self.project.modules)
            for scope in facts.scopes
            if scope.kind == "class"
        )

    def _looks_like(self, known: KnownFields, cls: ClassRef) -> bool:
        """Whether a class shares fields with a collection, and no more with another one: those have dates, too."""
        link = self.project.link
        names = {name for owner in link.hierarchy.order(cls) for name in link.scope(*owner).annotations}
        shared = len(_tops(known) & names)
        others = (self.fields.of(each) for each in self.fields.collections if each != known.collection)
        return shared >= _MIN_SHARED and not any(len(_tops(other) & names) > shared for other in others)


def _tops(known: KnownFields) -> set[str]:
    return {each.partition(".")[0] for each in known.fields if each != "_id"}


def _places(operation: Operation, name: str) -> Iterator[tuple[int, int]]:
    """Where the values stand with which an operation compares a field."""
    for field, place in operation.planned.places.items():
        if plain_path(field) == name:
            yield place.module, place.row


def _keys_put(facts: ModuleFacts) -> Iterator[object]:
    yield from (facts.constant(key) for _, node in facts.of_kind("dict") for key, _ in node[1])
    yield from (facts.constant(node[2]) for _, node in facts.of_kind("setitem"))
    for _, node in facts.of_kind("call"):
        yield from (keyword for keyword, _ in node[2] if keyword)
        function = facts.nodes[node[1]]
        if function[0] == "attr" and function[2] == "setdefault" and node[2]:
            yield facts.constant(node[2][0][1])
    yield from (facts.constant(store.name) for store in facts.item_stores if isinstance(store.name, int))


def _is_known(known: KnownFields, name: str) -> bool:
    """Whether a path may be in a document."""
    parts = name.split(".")
    if not name or parts[0] == "_id" or not all(parts) or "$" in name:
        return True
    for count in range(1, len(parts) + 1):
        path = ".".join(parts[:count])
        found = known.fields.get(path)
        written = found.written if found is not None else ()
        if not written and not _is_above(path, known):
            return False
        if not all(use.closed for use in written):
            return True
    return True


def _is_above(path: str, known: KnownFields) -> bool:
    return any(each.startswith(f"{path}.") and field.written for each, field in known.fields.items())


def _nearest(name: str, known: KnownFields) -> str | None:
    """The one written field beside it that differs by a letter or two, or by the way in which words are joined."""
    above, _, last = name.rpartition(".")
    beside = [
        each.rpartition(".")[2]
        for each, field in known.fields.items()
        if each.rpartition(".")[0] == above and (_is_written(each, field, known))
    ]
    found = alike(last, beside)
    return None if found is None else f"{above}.{found}" if above else found


def _is_written(name: str, field: KnownField, known: KnownFields) -> bool:
    return bool(field.written) or _is_above(name, known)


def alike(name: str, names: Iterable[str]) -> str | None:
    """The one of ``names`` that ``name`` seems to be a slip of; None where there are several, or none."""
    every = [each for each in dict.fromkeys(names) if each != name]
    same = [each for each in every if _letters(each) == _letters(name)]
    found = same or [each for each in every if _is_slip(each, name)]
    return found[0] if len(found) == 1 else None


def _letters(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _is_slip(one: str, other: str) -> bool:
    """Whether a letter is too many, missing, wrong, or swapped with the next; of a long name two."""
    allowed = 2 if len(one) >= _LONG else 1 if len(one) >= _SHORT else 0
    return one[:1] == other[:1] and _distance(one, other) <= allowed


def _distance(one: str, other: str) -> int:
    """How many letters have to be put in, taken out, changed, or swapped with the next."""
    before, row = [0] * (len(other) + 1), list(range(len(other) + 1))
    for i, letter in enumerate(one, 1):
        following = [i, *row[1:]]
        for j, wanted in enumerate(other, 1):
            following[j] = min(row[j] + 1, following[j - 1] + 1, row[j - 1] + (letter != wanted))
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == wanted:
                following[j] = min(following[j], before[j - 2] + 1)
        before, row = row, following
    return row[-1]
