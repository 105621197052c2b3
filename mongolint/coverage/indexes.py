"""Indexes as the planner sees them: key pattern, options, which fields hold arrays; ``$**`` made into plain paths."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import field, replace
from functools import cached_property
from typing import Any

from mongolint.fastclasses import dataclass

Keys = Sequence[tuple[str, Any]]
_SPECIAL = ("text", "2dsphere", "2d", "hashed", "geoHaystack")
_SIMPLE: Mapping[str, Any] = {"locale": "simple"}


def plain(value: Any) -> Hashable:
    """A value that is equal to what says the same; 1, 1.0 and True do not.

    Raises:
        TypeError: it holds what cannot be hashed.
    """
    kind = type(value)
    if kind in _SINGLE:
        return kind, value
    if kind is dict or isinstance(value, Mapping):
        return (dict, *((name, plain(each)) for name, each in value.items()))
    if isinstance(value, (list, tuple)):
        return (list, *map(plain, value))
    hash(value)
    return kind, value


_SINGLE = frozenset([str, int, float, bool, type(None)])


@dataclass(frozen=True)
class Index:
    """An index.

    Args:
        keys: (field, direction or type) in order; text fields as declared, or as the server lists them (``_fts``).
        options: as `createIndex` takes them; also ``multikey`` (some key holds arrays) and ``multikey_paths`` (the
            dotted prefixes that hold arrays, when they are known).
    """

    keys: Keys
    options: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "keys", tuple((str(name), kind) for name, kind in self.keys))

    def __hash__(self) -> int:
        return hash(tuple(name for name, _ in self.keys))

    @property
    def name(self) -> str:
        """The given name, or the one the server makes: ``user_id_1_created_-1``."""
        given = self.options.get("name")
        return str(given) if given else "_".join(f"{name}_{kind}" for name, kind in self.keys)

    @cached_property
    def said(self) -> Hashable:
        """Keys and options as `plain` values.

        Raises:
            TypeError: an option cannot be hashed.
        """
        return plain(self.keys), plain(self.options)


ID = Index((("_id", 1),), {"unique": True, "name": "_id_"})


@dataclass(frozen=True, eq=False)
class Entry:
    """An index in a shape that predicates can be matched with.

    ``keys``: a text part is one field, ``_fts``; of a wildcard index ``wildcard`` is the position of its path,
    which here is the path that is read, or "" for none.
    """

    index: Index
    keys: tuple[tuple[str, Any], ...]
    kind: str = "btree"
    wildcard: int | None = None
    filter: Mapping[str, Any] | None = None
    collation: Mapping[str, Any] | None = None

    @property
    def is_sparse(self) -> bool:
        return bool(self.index.options.get("sparse"))

    @property
    def is_unique(self) -> bool:
        return bool(self.index.options.get("unique"))

    @property
    def is_multikey(self) -> bool:
        return bool(self.index.options.get("multikey") or self.index.options.get("multikey_paths"))

    @cached_property
    def _array_paths(self) -> frozenset[str] | None:
        paths = self.index.options.get("multikey_paths")
        return None if paths is None else frozenset(paths)

    @property
    def is_wildcard(self) -> bool:
        return self.wildcard is not None

    @property
    def names(self) -> list[str]:
        return [name for name, _ in self.keys]

    @property
    def leading(self) -> list[str]:
        """The fields before a text part."""
        return self.names[: next((i for i, (_, kind) in enumerate(self.keys) if kind == "text"), len(self.keys))]

    def is_geo_sparse(self) -> bool:
        """Whether documents without the geo field are left out, as 2dsphere indexes do from their version 2 on."""
        version = self.index.options.get("2dsphereIndexVersion", 3)
        return self.kind == "2dsphere" and version != 1 and any(not isinstance(kind, str) for _, kind in self.keys)

    def array_prefixes(self, path: str) -> list[str]:
        """The prefixes of a path of this index that hold arrays, shortest first; all where it is not known which."""
        if not self.is_multikey or self.kind == "text":
            return []
        parts = path.split(".")
        prefixes = [".".join(parts[: i + 1]) for i in range(len(parts))]
        if self._array_paths is None:
            return prefixes
        return [prefix for prefix in prefixes if prefix in self._array_paths]

    def kind_of(self, position: int) -> str:
        """ "" for an ordered field, else "hashed", "text", "2d", "2dsphere" …"""
        kind = self.keys[position][1]
        return kind if isinstance(kind, str) else ""


def entries(indexes: Iterable[Index], fields: Iterable[str]) -> list[Entry]:
    """The indexes as entries, hidden ones left out; wildcard ones once for each of the ``fields`` that they hold."""
    found: list[Entry] = []
    for index in indexes:
        if index.options.get("hidden"):
            continue
        entry = _entry(index)
        if entry.wildcard is None:
            found.append(entry)
        else:
            found.extend(_wildcards(entry, entry.wildcard, fields))
    return found


def _entry(index: Index) -> Entry:
    keys: list[tuple[str, Any]] = []
    for name, kind in index.keys:
        if kind == "text" or name == "_fts":
            if ("_fts", "text") not in keys:
                keys.append(("_fts", "text"))
        elif name != "_ftsx":
            keys.append((name, kind))
    special = next((kind for _, kind in keys if kind in _SPECIAL), "btree")
    wildcard = next((i for i, (name, _) in enumerate(keys) if name == "$**" or name.endswith(".$**")), None)
    options = index.options
    return Entry(
        index,
        tuple(keys),
        special if wildcard is None else "wildcard",
        wildcard,
        options.get("partialFilterExpression"),
        normalized(options.get("collation")),
    )


def normalized(collation: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """A collation, None for the simple one."""
    if collation is None or collation == _SIMPLE:
        return None
    return collation if isinstance(collation, Mapping) else {"locale": collation}


def _wildcards(entry: Entry, position: int, fields: Iterable[str]) -> list[Entry]:
    pattern, kind = entry.keys[position]
    plain = {name for i, (name, _) in enumerate(entry.keys) if i != position}
    found = []
    for path in dict.fromkeys(fields):
        if path not in plain and _holds(entry, pattern, path):
            found.append(_with_path(entry, position, path, kind))
    if not found and position > 0:
        found.append(_with_path(entry, position, "", kind))
    return found


def _with_path(entry: Entry, position: int, path: str, kind: Any) -> Entry:
    keys = (*entry.keys[:position], (path, kind), *entry.keys[position + 1 :])
    return replace(entry, keys=keys)


def _holds(entry: Entry, pattern: str, path: str) -> bool:
    """Whether the wildcard part holds a path."""
    if pattern != "$**":
        return f"{path}.".startswith(pattern[: -len("$**")])
    projection = entry.index.options.get("wildcardProjection") or {}
    given = {name: bool(value) for name, value in projection.items() if name != "_id"}
    if path == "_id" or path.startswith("_id."):
        return bool(projection.get("_id", False))
    if not given:
        return True
    inside = any(path == name or path.startswith(name + ".") for name in given)
    return inside if next(iter(given.values())) else not inside
