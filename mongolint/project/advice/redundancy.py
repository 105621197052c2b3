"""Declared indexes without which nothing is lost, because another declared one serves the same queries."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from mongolint import coverage
from mongolint.facts.shapes import Context
from mongolint.fastclasses import dataclass
from mongolint.project import hints
from mongolint.project.catalog.arrays import array_fields
from mongolint.project.indexes import IndexDeclaration

if TYPE_CHECKING:
    from mongolint.project.model import Project

Keys = Sequence[tuple[str, Any]]

# Options that change neither what an index holds nor which query it serves
_NEUTRAL = frozenset(
    [
        "name",
        "background",
        "comment",
        "commitQuorum",
        "dropDups",
        "maxTimeMS",
        "multikey",
        "multikey_paths",
        "session",
        "v",
    ]
)
# What an index does beside serving queries, which only the same keys can do as well
_DUTIES = ("unique", "expireAfterSeconds")


class Indexed(Protocol):
    """An index as its keys and its options, None where a value is not known."""

    @property
    def keys(self) -> Keys | None: ...

    @property
    def options(self) -> Mapping[str, Any]: ...


Index = TypeVar("Index", bound=Indexed)


def redundant(indexes: Sequence[Index]) -> list[tuple[Index, Index | None, str]]:
    """The indexes of one collection that can go together: each with the one that is kept for it, and why.

    Each serves every query of the one that goes, in filter and order, and is not among those that go; None stands
    for the server's own index on ``_id``. Indexes may have no other options than those given. Of two alike the
    first is kept.

    Source: MongoDB manual, "Compound Indexes" (prefixes) and "Remove Unnecessary Indexes".
    """
    kept = list(indexes)
    gone: list[Index] = []
    # The shortest first, of those alike the last
    for number in sorted(range(len(indexes)), key=lambda n: (len(indexes[n].keys or ()), -n)):
        index = indexes[number]
        if _is_servers_own(index) or any(other is not index and _why(index, other) for other in kept):
            kept = [other for other in kept if other is not index]
            gone.append(index)
    return [_with_reason(index, kept) for index in indexes if any(index is other for other in gone)]


def _with_reason(index: Index, kept: Sequence[Index]) -> tuple[Index, Index | None, str]:
    """With the shortest of the indexes that are kept for it."""
    if _is_servers_own(index):
        return index, None, "the server always keeps an index on _id"
    found = [(other, why) for other in kept if (why := _why(index, other))]
    other, why = min(found, key=lambda one: len(one[0].keys or ()))
    return index, other, why


def _is_servers_own(index: Indexed) -> bool:
    """Whether it is on ``_id`` alone. Options change nothing: the server ignores a name and refuses others."""
    return list(index.keys or ()) == [("_id", 1)]


def _why(index: Indexed, other: Indexed) -> str:
    """What ``index`` is to another that does all that it does; empty when none does, or that is not known."""
    mine, its = list(index.keys or ()), list(other.keys or ())
    if not mine or len(its) < len(mine) or not _is_alike(index.options, other.options):
        return ""
    if mine == its:
        return _why_same(index.options, other.options)
    if index.options.get("sparse") or any(_has(index.options, duty) for duty in _DUTIES):
        return ""
    if not all(_is_ordered(kind) or kind == "hashed" for _, kind in its) or any("$**" in name for name, _ in its):
        return ""
    head = its[: len(mine)]
    if mine == head:
        return "a prefix of"
    if mine != [(name, -kind if _is_ordered(kind) else None) for name, kind in head]:
        return ""
    return "the reverse of" if len(mine) == len(its) else "in reverse a prefix of"


def _why_same(mine: Mapping[str, Any], its: Mapping[str, Any]) -> str:
    """For the same keys: the other may have duties of its own, and those of this one it needs to have too."""
    for duty in _DUTIES:
        if _has(mine, duty) and (mine[duty] is None or mine[duty] != its.get(duty)):
            return ""
    return "the same as" if all(_has(mine, d) == _has(its, d) for d in _DUTIES) else "on the same keys as"


def _has(options: Mapping[str, Any], duty: str) -> bool:
    """Whether an index has a duty, or may have it."""
    return options.get(duty, False) is not False


def _is_alike(mine: Mapping[str, Any], its: Mapping[str, Any]) -> bool:
    """Whether two indexes hold the same documents and compare values alike, as far as their options tell."""
    ours, theirs = _traits(mine), _traits(its)
    return ours == theirs and not _holds_none(ours) and "hidden" not in ours


def _traits(options: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: value
        for name, value in options.items()
        if name not in _NEUTRAL and name not in _DUTIES and value is not False
    }


def _holds_none(value: Any) -> bool:
    """Whether a part of a value is not known."""
    if isinstance(value, Mapping):
        return any(map(_holds_none, value.values()))
    return any(map(_holds_none, value)) if isinstance(value, list | tuple) else value is None


def _is_ordered(kind: Any) -> bool:
    return isinstance(kind, int) and not isinstance(kind, bool)


# In a project


@dataclass(frozen=True, slots=True)
class Redundant:
    """A declaration that can go. ``kept`` serves the same queries; None is the server's own index on ``_id``."""

    index: IndexDeclaration
    kept: IndexDeclaration | None
    why: str


def find(project: Project) -> Iterator[Redundant]:
    """The declarations that can go: what is kept is surely made where they are, and no code names them.

    One that makes indexes of several collections is told once, if all of them can go.
    """
    places: dict[Any, list[Redundant | None]] = {}
    collections: dict[Any, list[IndexDeclaration]] = {}
    for index in project.declared_in_code:
        collections.setdefault(index.collection, []).append(index)
    for indexes in collections.values():
        told = _of_collection(project, indexes)
        for index in indexes:
            found = next((one for one in told if one.index is index), None)
            places.setdefault((index.spelled[:2], index.keys), []).append(found)
    for all_found in places.values():
        if all_found[0] is not None and None not in all_found:
            yield all_found[0]


def needless_beside(
    project: Project, collection: str, keys: Keys, options: Mapping[str, Any]
) -> list[IndexDeclaration]:
    """The declared indexes that can go once there is one that is not there yet, which has more keys."""
    own = [index for index in project.indexes if index.collection_name == collection]
    known = [index for index in own if index.keys and not index.open]
    before = [index for index, _, _ in redundant(known)]
    made: list[IndexDeclaration | coverage.Index] = [*known, coverage.Index(tuple(keys), options)]
    return [
        index
        for index, kept, _ in redundant(made)
        if isinstance(index, IndexDeclaration)
        and isinstance(kept, coverage.Index)
        and index.keys != kept.keys
        and not any(index is one for one in before)
        and not _is_hinted(project, index)
        and not _holds_arrays(project, kept, index)
    ]


def _of_collection(project: Project, indexes: Sequence[IndexDeclaration]) -> list[Redundant]:
    if indexes[0].collection_name is None:
        return []
    known = [index for index in indexes if not index.open and index.keys is not None]
    return [
        Redundant(index, kept, why)
        for index, kept, why in redundant(known)
        if not project.config.is_script(project.modules[index.spelled.module].path)
        and (kept is None or _is_made_with(project, kept, index, why))
        and not _is_hinted(project, index)
        and not _holds_arrays(project, kept, index)
    ]


def _is_made_with(project: Project, kept: IndexDeclaration, index: IndexDeclaration, why: str) -> bool:
    """Whether ``kept`` exists wherever ``index`` does."""
    module, scope, around = _where(project, kept)
    *own, its = _where(project, index)
    if any(entry.kind in _CONDITIONS and not _is_among(entry, its) for entry in around):
        return False
    if any(entry.kind == "handler" and not _is_among(entry, around) for entry in its):
        return False  # tried where the other has failed
    if [module, scope] == own:
        return True
    # Two parts of a program may each see to the indexes that they need
    return why != "the same as" and project.reached(module, scope).runner == "app"


_CONDITIONS = ("then", "otherwise", "handler")


def _where(project: Project, index: IndexDeclaration) -> tuple[int, int, list[Context]]:
    """The function in which an index is declared, and what is around that place and around the driver's call."""
    found: list[tuple[int, int, list[Context]]] = []
    for module, row in dict.fromkeys((index.spelled[:2], (index.module, index.row))):
        facts = project.modules[module]
        # Keys that stand in a call belong to it; those in a table to the driver's call
        calls = [c for c in facts.calls if c.row == row or any(row == arg for _, arg in facts.nodes[c.row][2])]
        found += [(module, call.scope, facts.chain(call.context)) for call in calls]
    return *found[0][:2], [entry for _, _, chain in found for entry in chain]


def _is_among(entry: Context, entries: Sequence[Context]) -> bool:
    return any(entry is other for other in entries)


def _holds_arrays(project: Project, kept: Indexed | None, index: IndexDeclaration) -> bool:
    """Whether a further key of ``kept`` is an array, so that it has a key for each of its elements."""
    further = (kept.keys or ())[len(index.keys or ()) :] if kept is not None else ()
    arrays = array_fields(project, index.collection_name or "") if further else set()
    return any(name == array or name.startswith(f"{array}.") for name, _ in further for array in arrays)


def _is_hinted(project: Project, index: IndexDeclaration) -> bool:
    """Whether a hint names an index, or may do so."""
    return any(
        (not names or index.collection_name in names) and (hint is None or hints.matches(hint, index))
        for names, hint in project.all_hints
    )
