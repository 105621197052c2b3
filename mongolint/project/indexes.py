"""Index declarations: ``create_index`` and its kin, wherever and however the project writes them.

Specs in lists that are looped over, options popped from dicts, ``IndexModel`` lists, and helpers that
get the collection or the keys as arguments are followed to each single index.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import field, replace
from typing import TYPE_CHECKING, Any

from mongolint.facts.shapes import ModuleFacts
from mongolint.fastclasses import dataclass
from mongolint.finding import Span
from mongolint.link import functions
from mongolint.link.atoms import (
    NONE,
    UNKNOWN,
    Collection,
    Const,
    Env,
    External,
    FunctionRef,
    Instance,
    Keywords,
    Literal,
    Value,
)
from mongolint.link.rowtools import alternatives, own_element, reached_rows
from mongolint.mongo import drivers
from mongolint.project.documents import Place, Reader
from mongolint.project.operations import Operation, argument, preferred
from mongolint.project.plain import collation_of
from mongolint.project.untraced import receivers

if TYPE_CHECKING:
    from mongolint.link.linker import Linker

# A call that declares indexes, and the environment in which it makes one of them
Context = tuple[Place, Env | None]

_SINGLE = ("create_index", "ensure_index")
_MAX_CONTEXTS = 1000
_MAX_HELPER_DEPTH = 4


@dataclass(frozen=True, slots=True)
class IndexDeclaration:
    """One declared index; ``keys`` is None when they are not known.

    ``source``: who declares it: code (a call of the driver, the only one that fixes edit), mongosh, beanie,
    mongoengine, snapshot. ``module, row``: that call, or where a mapper's class says it; -1 outside Python.
    ``place``: where it is spelled out in Python; ``span``: where else, in a script or a snapshot.
    """

    module: int
    row: int
    place: Place | None
    collection: Collection | None
    keys: tuple[tuple[str, Any], ...] | None
    options: dict[str, Any] = field(default_factory=dict, compare=False, hash=False)
    span: Span | None = None
    source: str = "code"
    # Whether it may have options beside those known
    open: bool = field(default=False, compare=False)
    # Whether a helper declares it that gets the keys from its callers, of which none is known
    uncalled: bool = field(default=False, compare=False)

    @property
    def collection_name(self) -> str | None:
        return self.collection.name if self.collection else None

    @property
    def spelled(self) -> Place:
        """``place``, of an index that Python declares."""
        assert self.place is not None, "declared outside Python"
        return self.place

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
                    found.extend(self._declared(operation))
        return list(_distinct(found).values())

    def _declared(self, operation: Operation) -> Iterator[IndexDeclaration]:
        for origin, env in self._contexts(operation):
            uncalled = env is None and self._is_generic(operation)
            for collection in self._collections(operation, env):
                if operation.name in _SINGLE:
                    found: Iterable[IndexDeclaration] = [self._single(operation, collection, origin, env)]
                else:
                    found = self._several(operation, collection, origin, env)
                yield from (replace(each, uncalled=uncalled) if uncalled else each for each in found)

    def _collections(self, operation: Operation, env: Env | None) -> Iterable[Collection | None]:
        receiver = self.link.node(operation.module, self.link.node(operation.module, operation.row)[1])[1]
        rows = self._taken(operation.module, receiver, env)
        found = [a for a in self.link.values(operation.module, rows, env) if type(a) is Collection]
        if not found and env is not None and operation.confidence == "inferred":
            named = receivers.guessed(self.link, operation.module, receiver, env)
            found = [each for each in named if each.name is not None] if len(named) == 1 else []
        # Of a call that is followed without its database, which of them all it is remains open: not each of them
        known = operation.collections if env is None or len(operation.collections) == 1 else ()
        return preferred(tuple(found)) or known or [None]

    def _taken(self, module: int, row: int, env: Env | None) -> list[int]:
        """What a variable may stand for, for one element of a loop: ``if name == "users": found = db.users``."""
        facts = self.link.modules[module]
        rows = alternatives(facts, row)
        if env is None or len(rows) < 2:
            return rows
        branches = {each: _branches_of(facts, each) for each in rows}
        tested = {ref for found in branches.values() for ref, is_then in found if is_then}
        ruled_out = {
            each
            for each, found in branches.items()
            if any(ref in tested and self._is_equal(module, ref, env) is (not is_then) for ref, is_then in found)
        }
        return [each for each in rows if each not in ruled_out] or rows

    def _is_equal(self, module: int, test: int, env: Env) -> bool | None:
        """The outcome of a comparison of two constants; None for any other test."""
        node = self.link.node(module, test)
        if node[0] != "compare" or node[1] != ("Equal",):
            return None
        sides = [self.link.value(module, row, env) for row in node[2]]
        if any(len(side) != 1 or type(side[0]) is not Const for side in sides):
            return None
        return bool(sides[0] == sides[1])

    # Contexts: each call of a helper, each element of a loop over specs

    def _contexts(self, operation: Operation) -> list[Context]:
        """The call and the environment that make each single index."""
        here = Place(operation.module, operation.row, None)
        found = self._expanded(operation.module, operation.row, 0) or [(here, None)]
        if self._keys_are_passed(operation):
            return found
        return [(here, env) for _, env in found]

    def _keys_are_passed(self, operation: Operation) -> bool:
        """Whether the keys come from the caller, so that the index is spelled out there."""
        for name in ("keys", "key_or_list", "indexes"):
            place = argument(self.link, operation.module, operation.row, operation.method, name)
            if place is not None:
                return self._has_parameter(place.module, place.row)
        args = self.link.node(operation.module, operation.row)[2]
        spread = [row for keyword, row in args if keyword in ("*", "**")]
        return not spread or any(self._has_parameter(operation.module, row) for row in spread)

    def _is_generic(self, operation: Operation) -> bool:
        """Whether the keys are a parameter as it came in, with no table of them in sight."""
        found = (
            argument(self.link, operation.module, operation.row, operation.method, name)
            for name in ("keys", "key_or_list", "indexes")
        )
        return any(place is not None and self.link.node(place.module, place.row)[0] == "param" for place in found)

    def _has_parameter(self, module: int, row: int) -> bool:
        return any(node[0] == "param" for node in reached_rows(self.link.modules[module], row).values())

    def _expanded(self, module: int, row: int, depth: int) -> list[Context]:
        """The environments of the call at ``row``: one for each call of its function and element of its loops.

        With each goes the outermost call, which is where a reader finds the index spelled out.
        """
        rows = reached_rows(self.link.modules[module], row)
        params = {node[1] for node in rows.values() if node[0] == "param"}
        # What a comprehension lists is one index, not one for each of its elements
        listed = {own_element(self.link.modules[module], r) for r, node in rows.items() if node[0] == "comp"}
        loops = sorted(r for r, node in rows.items() if node[0] == "iter" and r not in listed)
        here = Place(module, row, None)
        outer: list[Context] = [(here, None)]
        if params and depth < _MAX_HELPER_DEPTH:
            outer = self._calls_of(module, max(params), here, depth) or outer
        found = [(origin, env) for origin, one in outer for env in self._elements(module, loops, one)]
        return found[:_MAX_CONTEXTS]

    def _calls_of(self, module: int, scope: int, here: Place, depth: int) -> list[Context]:
        """One context for each call of a function, or for each class that a method belongs to."""
        found: list[Context] = []
        for site_module, row, target in self.link.sites.of(module, scope):
            for origin, outer in self._expanded(site_module, row, depth + 1):
                found.append((origin, functions.bind(self.link, target, site_module, row, outer, every=True)))
        cls = self.link.method_class(module, scope)
        if cls is None or any(env is not None and self._binds_receiver(env, module, scope) for _, env in found):
            return found
        name = self.link.scope(module, scope).params[0].name
        for atom in functions.receiver(self.link, cls, FunctionRef(module, scope)):
            if type(atom) is Instance:
                found.append((here, self.link.env(module, scope, {name: (atom,)}, None, None)))
        return found

    def _binds_receiver(self, env: Env, module: int, scope: int) -> bool:
        params = self.link.scope(module, scope).params
        return bool(params) and params[0].name in env.bindings

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

    def _single(
        self, operation: Operation, collection: Collection | None, origin: Place, env: Env | None
    ) -> IndexDeclaration:
        module, row = operation.module, operation.row
        place = argument(self.link, module, row, operation.method, "keys", env)
        if place is None:
            place = argument(self.link, module, row, operation.method, "key_or_list", env)
        args = self.link.node(module, row)[2]
        return self._declaration(module, row, place, collection, args, origin, env)

    def _declaration(
        self,
        module: int,
        row: int,
        keys: Place | None,
        collection: Collection | None,
        args: Iterable[tuple[str | None, int]],
        origin: Place,
        env: Env | None,
    ) -> IndexDeclaration:
        options = {k: v for k, v in self._options(module, args, env) if k not in _NOT_OPTIONS}
        if keys is None:
            spread = [p for k, p in self._spread(module, args, env) if k in ("keys", "key_or_list", "key")]
            keys = spread[0] if spread else None
        taken = self._taken_out(keys) if keys is not None else None
        pattern = None if taken is None else self.reader.key_pattern(taken)
        where = origin if taken is None else self._spelled(taken, origin) if taken == keys else taken
        # What stands there as a direction may be the keys of an index that is listed by its name
        is_read = bool(pattern) and all(isinstance(direction, int | str) for _, direction in pattern or ())
        found = tuple(pattern or ()) if is_read else None
        is_open = self._is_open(module, args, env)
        return IndexDeclaration(module, row, where, collection, found, options, open=is_open)

    def _taken_out(self, keys: Place) -> Place:
        """For ``options.pop("keys")`` of a copy, ``options = dict(spec)``, what ``spec`` has there."""
        node = self.link.node(keys.module, keys.row)
        called = self.link.node(keys.module, node[1]) if node[0] == "call" else ("",)
        if called[0] != "attr" or called[2] not in ("pop", "get") or not node[2]:
            return keys
        names = {atom.value for atom in self.link.value(keys.module, node[2][0][1], keys.env) if type(atom) is Const}
        copy = self.link.node(keys.module, called[1])
        if copy[0] != "call" or self.reader.constructed(Place(keys.module, called[1], keys.env)) != "builtins.dict":
            return keys
        entries = self.reader.entries(keys.module, called[1], keys.env)
        return next((place for name, place in entries if name in names), keys)

    def _spelled(self, keys: Place, otherwise: Place) -> Place:
        """The literal that spells the keys, when it stands somewhere else than in the call."""
        value = self.link.value(*keys)
        if len(value) == 1 and type(value[0]) is Literal and keys.row != value[0].row:
            return Place(*value[0])
        return otherwise

    def _several(
        self, operation: Operation, collection: Collection | None, origin: Place, env: Env | None
    ) -> Iterator[IndexDeclaration]:
        module, row = operation.module, operation.row
        place = argument(self.link, module, row, operation.method, "indexes", env)
        items, is_open = self.reader.items(*place) if place else ([], True)
        for item in items:
            for inner in self.contexts(item.place):
                declared = self.model(inner)
                if declared is not None:
                    yield replace(declared, module=module, row=row, collection=collection)
                else:
                    is_open = True
        if is_open:
            yield IndexDeclaration(module, row, origin, collection, None)

    def contexts(self, place: Place) -> list[Place]:
        """An item of a list, once for each element of the loops that it is made in."""
        loops = sorted(r for r, n in reached_rows(self.link.modules[place.module], place.row).items() if n[0] == "iter")
        return [Place(place.module, place.row, env) for env in self._elements(place.module, loops, place.env)]

    def model(self, place: Place) -> IndexDeclaration | None:
        """The index that an ``IndexModel(…)`` is, of no collection yet; None for anything else."""
        made = self._model_call(place)
        if made is None:
            return None
        args = self.link.node(made.module, made.row)[2]
        given = [r for k, r in args if k in (None, "keys")]
        keys = Place(made.module, given[0], made.env) if given else None
        return replace(self._declaration(made.module, made.row, keys, None, args, made, made.env), place=made)

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
            elif keyword == "**":
                for name, value in self._keywords(module, row, env) or ():
                    yield name, self._plain(value)
        for name, place in self._spread(module, args, env):
            yield name, self.plain(place)

    def _is_open(self, module: int, args: Iterable[tuple[str | None, int]], env: Env | None) -> bool:
        """Whether ``**options`` may hold more than `_options` finds."""
        return any(
            keyword == "**" and self._keywords(module, row, env) is None and self.reader.document(module, row, env).open
            for keyword, row in args
        )

    def _keywords(self, module: int, row: int, env: Env | None) -> tuple[tuple[str, Value], ...] | None:
        """What the call of a helper gives as ``**options``; None where that is not what ``row`` is."""
        value = self.link.value(module, row, env)
        return value[0].items if len(value) == 1 and type(value[0]) is Keywords else None

    def _spread(
        self, module: int, args: Iterable[tuple[str | None, int]], env: Env | None
    ) -> Iterator[tuple[str, Place]]:
        """The entries of the dicts given as ``**options``."""
        for keyword, row in args:
            if keyword == "**":
                removed = self._popped(module, row, env)
                for name, place in self.reader.entries(module, row, env):
                    if name not in removed and self._is_set(name, place):
                        yield name, place

    def _is_set(self, name: str, option: Place) -> bool:
        """Whether an option may be set, by the tests that it is set under: ``if spec.unique:`` of this very spec."""
        stores = self.link.of_module(_stores, option.module).get((name, option.row), ())
        return not stores or any(self._may_run(option, context) for context in stores)

    def _may_run(self, option: Place, context: int) -> bool:
        for entry in self.link.modules[option.module].chain(context):
            if entry.kind in ("then", "otherwise"):
                truth = self._truth(option._replace(row=entry.ref))
                if truth is not None and truth != (entry.kind == "then"):
                    return False
        return True

    def _truth(self, test: Place) -> bool | None:
        """What a test of an option comes to; None where that is not known."""
        node = self.link.node(test.module, test.row)
        if node[0] == "not":
            inner = self._truth(test._replace(row=node[1]))
            return None if inner is None else not inner
        if node[0] == "compare":
            _, operators, rows = node
            if operators not in (("Is",), ("IsNot",)) or self.link.node(test.module, rows[1]) != ("const", None):
                return None
            value = self.link.value(test.module, rows[0], test.env)
            none = value == (NONE,)
            known = none or (bool(value) and NONE not in value and UNKNOWN not in value)
            return none == (operators == ("Is",)) if known else None
        value = self.link.value(*test)
        found = {bool(atom.value) if type(atom) is Const else None for atom in value}
        return found.pop() if len(found) == 1 else None

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
        return collation_of(self.reader, place) or self._plain(self.link.value(*place))

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


def _distinct(found: Iterable[IndexDeclaration]) -> dict[tuple[Any, ...], IndexDeclaration]:
    """Each index once, however many ways lead to where it is spelled out."""
    return {(*d.spelled[:2], d.collection_name, d.keys): d for d in found}


def _branches_of(facts: ModuleFacts, row: int) -> list[tuple[int, bool]]:
    """The tests (row, outcome) of the branches in which a value was made."""
    begun = [(entry.begins, number) for number, entry in enumerate(facts.contexts) if entry.begins <= row]
    chain = facts.chain(max(begun)[1]) if begun else ()
    return [(entry.ref, entry.kind == "then") for entry in chain if entry.kind in ("then", "otherwise")]


def _stores(facts: ModuleFacts, index: int) -> dict[tuple[object, int], list[int]]:
    """Where each value is stored under each key: the contexts, by the key and the row of the value."""
    found: dict[tuple[object, int], list[int]] = {}
    for store in facts.item_stores:
        if isinstance(store.name, int):
            found.setdefault((facts.constant(store.name), store.value), []).append(store.context)
    return found


_NOT_OPTIONS = frozenset(
    [
        "keys",
        "key_or_list",
        "key",
        "session",
        "comment",
        "maxTimeMS",
        "max_time_ms",
        "cache_for",
        "ttl",
        "collection_name",
    ]
)
