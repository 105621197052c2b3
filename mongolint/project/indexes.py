"""Index declarations: ``create_index`` and its kin, wherever and however the project writes them.

Specs in lists that are looped over, options popped from dicts, ``IndexModel`` lists, and helpers that
get the collection or the keys as arguments are followed to each single index.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mongolint.mongo import drivers
from mongolint.project import functions
from mongolint.project.atoms import (
    UNKNOWN,
    Collection,
    Const,
    Env,
    External,
    FunctionRef,
    Instance,
    Literal,
    Value,
)
from mongolint.project.documents import Place, Reader
from mongolint.project.operations import Operation, argument
from mongolint.project.rowtools import reached_rows

if TYPE_CHECKING:
    from mongolint.project.link import Linker

_SINGLE = ("create_index", "ensure_index")
_MAX_CONTEXTS = 64
_MAX_HELPER_DEPTH = 4


@dataclass(frozen=True, slots=True)
class IndexDeclaration:
    """One declared index. ``keys`` is None when they are not known; ``place`` is where it is spelled out."""

    module: int
    row: int
    place: Place
    collection: Collection | None
    keys: tuple[tuple[str, Any], ...] | None
    options: dict[str, Any] = field(default_factory=dict, compare=False, hash=False)

    @property
    def collection_name(self) -> str | None:
        return self.collection.name if self.collection else None

    @property
    def name(self) -> str:
        """The given name, or the one the server makes: ``user_id_1_created_-1``."""
        given = self.options.get("name")
        if isinstance(given, str):
            return given
        return "_".join(f"{name}_{direction}" for name, direction in self.keys or ())


class IndexFinder:
    """Reads the index declarations among the operations of a project."""

    def __init__(self, link: Linker, reader: Reader) -> None:
        self.link = link
        self.reader = reader

    def find(self, operations: Iterable[Operation]) -> list[IndexDeclaration]:
        found: list[IndexDeclaration] = []
        for operation in operations:
            if operation.name in _SINGLE or operation.name == "create_indexes":
                if self.link.node(operation.module, operation.row)[0] == "call":
                    found.extend(dict.fromkeys(self._declared(operation)))
        return found

    def _declared(self, operation: Operation) -> Iterator[IndexDeclaration]:
        module, row = operation.module, operation.row
        for env in self._contexts(operation):
            for collection in self._collections(operation, env):
                if operation.name in _SINGLE:
                    yield self._single(operation, collection, env)
                else:
                    yield from self._several(module, row, operation, collection, env)

    def _collections(self, operation: Operation, env: Env | None) -> Iterable[Collection | None]:
        receiver = self.link.node(operation.module, self.link.node(operation.module, operation.row)[1])[1]
        found = [a for a in self.link.value(operation.module, receiver, env) if type(a) is Collection]
        named = [c for c in found if c.name]
        return named or found[:1] or operation.collections or [None]

    # Contexts: each call of a helper, each element of a loop over specs

    def _contexts(self, operation: Operation) -> list[Env | None]:
        """The environments in which one declaration call makes one index."""
        module, row = operation.module, operation.row
        rows = reached_rows(self.link.modules[module], row)
        params = {(r[1], r[2]) for r in rows.values() if r[0] == "param"}
        outer: list[Env | None] = [None]
        if params:
            outer = self._calls_of(module, {scope for scope, _ in params}, 0) or [None]
        loops = sorted(r for r, node in rows.items() if node[0] == "iter")
        found: list[Env | None] = []
        for env in outer:
            found.extend(self._elements(module, loops, env))
        return found[:_MAX_CONTEXTS] or [None]

    def _calls_of(self, module: int, scopes: set[int], depth: int) -> list[Env | None]:
        """One environment for each call of the function whose parameters are used."""
        scope = max(scopes)
        if depth >= _MAX_HELPER_DEPTH:
            return []
        cls = self.link.method_class(module, scope)
        function = FunctionRef(module, scope)
        found: list[Env | None] = []
        for site_module, row, target in self.link.sites.of(module, scope):
            for outer in self._site_contexts(site_module, row, depth):
                found.append(functions.bind(self.link, target, site_module, row, outer))
        if cls is not None and not found:
            name = self.link.scope(module, scope).params[0].name
            for atom in functions.receiver(self.link, cls, function):
                if type(atom) is Instance:
                    found.append(self.link.env(module, scope, {name: (atom,)}, None, None))
        return found

    def _site_contexts(self, module: int, row: int, depth: int) -> list[Env | None]:
        rows = reached_rows(self.link.modules[module], row)
        params = {r[1] for r in rows.values() if r[0] == "param"}
        outer = (self._calls_of(module, params, depth + 1) or [None]) if params else [None]
        loops = sorted(r for r, node in rows.items() if node[0] == "iter")
        return [env for one in outer for env in self._elements(module, loops, one)][:_MAX_CONTEXTS]

    def _elements(self, module: int, loops: list[int], env: Env | None) -> list[Env | None]:
        """``env`` once for each element of the loops, outermost first."""
        found = [env]
        for row in loops:
            expanded: list[Env | None] = []
            for one in found:
                atoms = [a for a in self.link.value(module, row, one) if a != UNKNOWN]
                expanded.extend(self.link.pin(module, row, atom, one) for atom in atoms)
                if not atoms:
                    expanded.append(one)
            found = expanded[:_MAX_CONTEXTS]
        return found

    # Single indexes

    def _single(self, operation: Operation, collection: Collection | None, env: Env | None) -> IndexDeclaration:
        module, row = operation.module, operation.row
        place = argument(self.link, module, row, operation.method, "keys", env)
        if place is None:
            place = argument(self.link, module, row, operation.method, "key_or_list", env)
        return self._declaration(module, row, place, collection, self.link.node(module, row)[2], env)

    def _declaration(
        self,
        module: int,
        row: int,
        keys: Place | None,
        collection: Collection | None,
        args: Iterable[tuple[str | None, int]],
        env: Env | None,
    ) -> IndexDeclaration:
        options = {k: v for k, v in self._options(module, args, env) if k not in _NOT_OPTIONS}
        if keys is None:
            spread = [p for k, p in self._spread(module, args, env) if k in ("keys", "key_or_list", "key")]
            keys = spread[0] if spread else None
        pattern = None if keys is None else self.reader.key_pattern(keys)
        where = self._spelled(keys, Place(module, row, env)) if keys else Place(module, row, env)
        return IndexDeclaration(
            module, row, where, collection, tuple(pattern) if pattern else None, options
        )

    def _spelled(self, keys: Place, otherwise: Place) -> Place:
        """The literal that spells the keys, when it stands somewhere else than in the call."""
        value = self.link.value(*keys)
        if len(value) == 1 and type(value[0]) is Literal and keys.row != value[0].row:
            return Place(*value[0])
        return otherwise

    def _several(
        self, module: int, row: int, operation: Operation, collection: Collection | None, env: Env | None
    ) -> Iterator[IndexDeclaration]:
        place = argument(self.link, module, row, operation.method, "indexes", env)
        items, is_open = self.reader.items(*place) if place else ([], True)
        for item in items:
            for inner in self._item_contexts(item.place):
                made = self._model_call(inner)
                if made is not None:
                    args = self.link.node(made.module, made.row)[2]
                    given = [r for k, r in args if k in (None, "keys")]
                    keys = Place(made.module, given[0], made.env) if given else None
                    declared = self._declaration(made.module, made.row, keys, collection, args, made.env)
                    yield IndexDeclaration(
                        module, row, Place(made.module, made.row, made.env), collection, declared.keys, declared.options
                    )
                else:
                    is_open = True
        if is_open:
            yield IndexDeclaration(module, row, Place(module, row, env), collection, None)

    def _item_contexts(self, place: Place) -> list[Place]:
        loops = sorted(r for r, n in reached_rows(self.link.modules[place.module], place.row).items() if n[0] == "iter")
        return [Place(place.module, place.row, env) for env in self._elements(place.module, loops, place.env)]

    def _model_call(self, place: Place) -> Place | None:
        """The ``IndexModel(…)`` call that an item is."""
        node = self.link.node(place.module, place.row)
        if node[0] == "call":
            callee = self.link.value(place.module, node[1], place.env)
            if any(type(a) is External and a.name in drivers.INDEX_MODELS for a in callee):
                return place
        if node[0] == "typed" and node[2] is not None:
            return self._model_call(Place(place.module, node[2], place.env))
        return None

    def _options(
        self, module: int, args: Iterable[tuple[str | None, int]], env: Env | None
    ) -> Iterator[tuple[str, Any]]:
        for keyword, row in args:
            if keyword not in (None, "*", "**"):
                yield str(keyword), self.plain(Place(module, row, env))
        for name, place in self._spread(module, args, env):
            yield name, self.plain(place)

    def _spread(
        self, module: int, args: Iterable[tuple[str | None, int]], env: Env | None
    ) -> Iterator[tuple[str, Place]]:
        """The entries of the dicts given as ``**options``."""
        for keyword, row in args:
            if keyword == "**":
                removed = self._popped(module, row, env)
                for name, place in self.reader.entries(module, row, env):
                    if name not in removed:
                        yield name, place

    def _popped(self, module: int, row: int, env: Env | None) -> set[str]:
        """Keys taken out of a dict before it is spread: ``keys = spec.pop("keys")``."""
        found: set[str] = set()
        node = self.link.node(module, row)
        while node[0] in ("mutated", "delitem", "typed"):
            if node[0] == "mutated":
                _, function, args = self.link.node(module, node[2])
                if self.link.node(module, function)[2] == "pop" and args:
                    found |= {a.value for a in self.link.value(module, args[0][1], env) if type(a) is Const}
            elif node[0] == "delitem":
                found |= {a.value for a in self.link.value(module, node[2], env) if type(a) is Const}
            following = node[2] if node[0] == "typed" else node[1]
            if following is None:
                break
            node = self.link.node(module, following)
        return found

    def plain(self, place: Place) -> Any:
        """A value as plain data; None for what only the running program knows."""
        value = self.link.value(*place)
        return self._plain(value)

    def _plain(self, value: Value) -> Any:
        if len(value) != 1:
            return None
        atom = value[0]
        if type(atom) is Const:
            return atom.value
        if type(atom) is External:
            return drivers.CONSTANTS.get(atom.name)
        if type(atom) is Literal:
            node = self.link.node(atom.module, atom.row)
            if node[0] == "seq":
                return [self.plain(Place(atom.module, row, atom.env)) for row in node[2]]
            if node[0] in ("dict", "setitem"):
                return {name: self.plain(at) for name, at in self.reader.entries(*atom)}
        return None


_NOT_OPTIONS = frozenset(
    "keys key_or_list key session comment maxTimeMS max_time_ms cache_for ttl collection_name".split()
)
