"""Documents read as data: which fields a filter, update, sort or key pattern surely has, and which it may have."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from mongolint.link import functions
from mongolint.link.atoms import (
    NONE,
    Const,
    Env,
    External,
    ExternalObject,
    FunctionRef,
    Keywords,
    Literal,
    Method,
    Value,
    strings,
)
from mongolint.mongo import drivers, operators

if TYPE_CHECKING:
    from mongolint.link.linker import Linker

T = TypeVar("T")
_NEVER, _MAX_DEPTH = 1 << 30, 120


class Place(NamedTuple):
    """A row to be read in an environment."""

    module: int
    row: int
    env: Env | None


@dataclass(frozen=True, slots=True)
class Document:
    """What is known of a document.

    ``required`` and ``optional`` map dotted fields to their operator class (`mongolint.mongo.operators`),
    in the order met. ``open``: other fields may be in it. ``places``: where the value of each field stands.
    ``clauses``: the operators beside fields that are surely there (``$or``, ``$nor``, ``$expr`` …), with their values.
    """

    required: dict[str, str] = field(default_factory=dict)
    optional: dict[str, str] = field(default_factory=dict)
    open: bool = False
    text: bool = False
    places: dict[str, Place] = field(default_factory=dict)
    clauses: tuple[tuple[str, Place], ...] = ()

    def with_field(self, name: str, kind: str, place: Place) -> Document:
        optional = {key: value for key, value in self.optional.items() if key != name}
        places = {**self.places, name: place}
        return replace(self, required={**self.required, name: kind}, optional=optional, places=places)

    def without(self, name: str) -> Document:
        required = {key: value for key, value in self.required.items() if key != name}
        optional = {key: value for key, value in self.optional.items() if key != name}
        return replace(self, required=required, optional=optional)

    def merged(self, other: Document) -> Document:
        """This document with all of ``other`` put into it."""
        required = {**self.required, **other.required}
        optional = {k: v for k, v in {**self.optional, **other.optional}.items() if k not in required}
        return Document(
            required,
            optional,
            self.open or other.open,
            self.text or other.text,
            {**self.places, **other.places},
            tuple(dict.fromkeys((*self.clauses, *other.clauses))),
        )

    def maybe(self) -> Document:
        """This document when it only may be there."""
        return Document({}, {**self.optional, **self.required}, self.open, self.text, self.places)


EMPTY = Document()
OPEN = Document(open=True)


def either(documents: Iterable[Document]) -> Document:
    """One of several documents: what all have is sure, the rest may be there."""
    found = list(documents)
    if len(found) < 2:
        return found[0] if found else EMPTY
    required = {k: v for k, v in found[0].required.items() if all(k in d.required for d in found)}
    optional: dict[str, str] = {}
    places: dict[str, Place] = {}
    for document in found:
        optional.update({**document.optional, **document.required})
        places = {**document.places, **places}
    optional = {k: v for k, v in optional.items() if k not in required}
    clauses = tuple(clause for clause in found[0].clauses if all(clause in d.clauses for d in found))
    return Document(required, optional, any(d.open for d in found), any(d.text for d in found), places, clauses)


class Reader:
    """Reads rows as documents, lists, sorts and key patterns."""

    def __init__(self, link: Linker) -> None:
        self.link = link
        # What is being read, with how deep in what else is; how deep the outermost of it that was met again
        self._active: dict[Place, int] = {}
        self._cut = _NEVER
        # Of one question: a query that is wrapped branch by branch leads to the same rows on 2 ** n ways
        self._documents: dict[Place, Document] = {}
        self._lists: dict[Place, tuple[list[Item], bool]] = {}

    def document(self, module: int, row: int, env: Env | None = None) -> Document:
        """The document that an expression builds."""
        place = Place(module, row, env)
        if self._is_active(place):
            return self._before_loop(place)
        return self._once(self._documents, place, lambda: self._document(module, row, env), OPEN)

    def _is_active(self, place: Place) -> bool:
        depth = self._active.get(place, _NEVER)
        self._cut = min(self._cut, depth)
        return depth < _NEVER

    def _once(self, held: dict[Place, T], place: Place, read: Callable[[], T], too_deep: T) -> T:
        """``read()``, kept until the question from outside is answered, unless something around it was met again."""
        if place in held:
            return held[place]
        depth = len(self._active)
        if depth > _MAX_DEPTH:
            self._cut = 0
            return too_deep
        self._active[place] = depth
        outer, self._cut = self._cut, _NEVER
        try:
            found = read()
        finally:
            del self._active[place]
            if not self._active:
                self._documents, self._lists = {}, {}
        if self._cut >= depth:
            held[place] = found
        self._cut = outer if place in held else min(outer, self._cut)
        return found

    def _before_loop(self, place: Place) -> Document:
        """The document with which a loop that builds it begins: its first value, where the paths meet again."""
        seen = {place}
        node = self.link.node(place.module, place.row)
        while node[0] == "phi" and node[1]:
            entry = Place(place.module, node[1][0], place.env)
            if entry in seen:
                break
            if not self._is_active(entry):
                return self.document(*entry)
            seen.add(entry)
            node = self.link.node(entry.module, entry.row)
        return OPEN

    def _document(self, module: int, row: int, env: Env | None) -> Document:
        node = self.link.node(module, row)
        match node[0]:
            case "dict":
                return self._dict(module, node[1], env)
            case "phi":
                return either(self._paths(module, row, node[1], env))
            case "setitem":
                base = self.document(module, node[1], env)
                return self._entry(base, module, node[2], node[3], env)
            case "delitem":
                return self._removed(self.document(module, node[1], env), module, node[2], env)
            case "mutated":
                return self._mutated(module, node, env)
            case "ifexp":
                return either(self.document(module, part, env) for part in node[2:4])
            case "bool":
                return self._bool(module, node, env)
            case "binop" if node[1] == "|":
                left, right = (self.document(module, part, env) for part in node[2:4])
                return left.merged(right)
            case "typed" if node[2] is not None:
                return self.document(module, node[2], env)
            case "await":
                return self.document(module, node[1], env)
            case "call":
                return self._call(module, row, node, env)
            case "param" if not (env and env.lookup(module, node[1])):
                return OPEN
        return self.of_value(self.link.value(module, row, env))

    def _paths(self, module: int, phi: int, rows: Iterable[int], env: Env | None) -> Iterator[Document]:
        for row in rows:
            if not self._is_active(Place(module, row, env)):
                yield self.document(module, row, env)

    def of_value(self, value: Value) -> Document:
        """One of the documents that a value can be."""
        found = [self._of_atom(atom) for atom in value]
        return either(found) if found else OPEN

    def _of_atom(self, atom: Any) -> Document:
        if type(atom) is Literal:
            return self.document(*atom)
        if atom == NONE:
            return EMPTY
        if type(atom) is Const or (type(atom) is ExternalObject and _is_id(atom.name)):
            return Document({"_id": "equality"})
        if type(atom) is Keywords:
            return self._keywords(atom)
        return OPEN

    def _keywords(self, given: Keywords) -> Document:
        """What ``**kwargs`` holds; open where a value may be an operator."""
        is_open = any(type(atom) is Literal for _, value in given.items for atom in value)
        names = {name: "null" if value == (NONE,) else "equality" for name, value in given.items}
        return OPEN if is_open else Document(names)

    def _dict(self, module: int, pairs: Iterable[tuple[int | None, int]], env: Env | None) -> Document:
        document = EMPTY
        for key, value in pairs:
            if key is None:
                document = document.merged(self.document(module, value, env))
            else:
                document = self._entry(document, module, key, value, env)
        return document

    def _entry(self, base: Document, module: int, key: int, value: int, env: Env | None) -> Document:
        """``base`` with ``key: value`` put into it; logical operators are taken apart."""
        keys = self.link.value(module, key, env)
        names = strings(keys)
        if len(names) != len(keys) or not names:
            base = base.merged(OPEN)
        place = Place(module, value, env)
        for name in names:
            if name.startswith("$"):
                added = self._operator(name, module, value, env)
                if name != "$and":
                    added = replace(added, clauses=((name, place),))
                base = base.merged(added if len(names) == 1 else added.maybe())
            elif len(names) == 1:
                base = base.with_field(name, self.operator_class(module, value, env), place)
            else:
                base = base.merged(Document({}, {name: "equality"}, False, False, {name: place}))
        return base

    def _operator(self, name: str, module: int, value: int, env: Env | None) -> Document:
        if name == "$and":
            document = EMPTY
            items, is_open = self.items(module, value, env)
            for item in items:
                part = self.document(*item.place)
                document = document.merged(part if item.certain else part.maybe())
            return document.merged(OPEN) if is_open else document
        if name in ("$or", "$nor"):
            items, is_open = self.items(module, value, env)
            document = Document(open=is_open)
            for item in items:
                document = document.merged(self.document(*item.place).maybe())
            return document
        return Document(text=True) if name == "$text" else EMPTY

    def operator_class(self, module: int, row: int, env: Env | None) -> str:
        """How a field is compared with the value at ``row``."""
        if self.constructed(Place(module, row, env)) in REGEXES:
            return "regex"
        value = self.link.value(module, row, env)
        for atom in value:
            if type(atom) is Literal and self.link.node(atom.module, atom.row)[0] in (
                "dict",
                "setitem",
                "mutated",
            ):
                names = self._operator_names(atom)
                if names:
                    return comparison_class(names)
            if type(atom) is ExternalObject and atom.name in REGEXES:
                return "regex"
        return "null" if value == (NONE,) else "equality"

    def constructed(self, place: Place) -> str:
        """The external function or class whose call stands at a place: ``re.compile``; "" for other values."""
        node = self.link.node(place.module, place.row)
        called = self.link.value(place.module, node[1], place.env) if node[0] == "call" else ()
        return called[0].name if len(called) == 1 and type(called[0]) is External else ""

    def _operator_names(self, atom: Literal) -> list[str]:
        names: list[str] = []
        for key, _ in self.entries(*atom):
            if key.startswith("$"):
                names.append(key)
        return names

    def entries(
        self, module: int, row: int, env: Env | None, within: frozenset[Literal] = frozenset()
    ) -> Iterator[tuple[str, Place]]:
        """The literal keys of a document, operators included, with the places of their values.

        ``within``: the literals whose keys these are part of; one that a loop builds leads back to itself.
        """
        node = self.link.node(module, row)
        if node[0] == "dict":
            for key, value in node[1]:
                if key is None:
                    yield from self._entries_of(self.link.value(module, value, env), within)
                else:
                    for name in strings(self.link.value(module, key, env)):
                        yield name, Place(module, value, env)
        elif node[0] == "setitem":
            yield from self.entries(module, node[1], env, within)
            for name in strings(self.link.value(module, node[2], env)):
                yield name, Place(module, node[3], env)
        elif node[0] in ("mutated", "delitem", "await"):
            yield from self.entries(module, node[1], env, within)
        elif node[0] == "typed" and node[2] is not None:
            yield from self.entries(module, node[2], env, within)
        elif node[0] == "call" and self.constructed(Place(module, row, env)) == "builtins.dict":
            for keyword, copied in node[2]:
                if keyword is None:
                    yield from self.entries(module, copied, env, within)
        elif node[0] not in ("seq", "comp", "const"):
            yield from self._entries_of(self.link.value(module, row, env), within)

    def _entries_of(self, value: Value, within: frozenset[Literal]) -> Iterator[tuple[str, Place]]:
        for atom in value:
            if type(atom) is Literal and self.link.node(atom.module, atom.row)[0] in _DOCUMENT_ROWS:
                if atom not in within:
                    yield from self.entries(*atom, within | {atom})

    def _removed(self, base: Document, module: int, key: int, env: Env | None) -> Document:
        for name in strings(self.link.value(module, key, env)):
            base = base.without(name)
        return base

    def _mutated(self, module: int, node: Any, env: Env | None) -> Document:
        base = self.document(module, node[1], env)
        _, function, args = self.link.node(module, node[2])
        name = self.link.node(module, function)[2]
        if name == "clear":
            return EMPTY
        if name == "pop" and args:
            return self._removed(base, module, args[0][1], env)
        if name == "setdefault" and args:
            return self._entry(base, module, args[0][1], args[-1][1], env)
        if name == "update":
            return base.merged(self._arguments(module, args, env))
        return base

    def _arguments(self, module: int, args: Iterable[tuple[str | None, int]], env: Env | None) -> Document:
        """What ``dict(…)`` and ``update(…)`` make of their arguments."""
        document = EMPTY
        for keyword, row in args:
            if keyword is None or keyword == "**":
                document = document.merged(self._mapping(module, row, env))
            elif keyword == "*":
                document = document.merged(OPEN)
            else:
                kind = self.operator_class(module, row, env)
                document = document.with_field(keyword, kind, Place(module, row, env))
        return document

    def _mapping(self, module: int, row: int, env: Env | None) -> Document:
        """A dict, or the list of pairs that ``dict`` and ``SON`` take."""
        value = self.link.value(module, row, env)
        if len(value) == 1 and type(value[0]) is Literal:
            literal = value[0]
            node = self.link.node(literal.module, literal.row)
            if node[0] == "seq":
                document = EMPTY
                for pair in node[2]:
                    parts = self.link.node(literal.module, pair)
                    if parts[0] != "seq" or len(parts[2]) != 2:
                        return OPEN
                    document = self._entry(document, literal.module, parts[2][0], parts[2][1], literal.env)
                return document
        return self.document(module, row, env)

    def _bool(self, module: int, node: Any, env: Env | None) -> Document:
        if node[1] == "and":
            return self.document(module, node[2][-1], env)
        return either(self.document(module, part, env) for part in node[2])

    def _call(self, module: int, row: int, node: Any, env: Env | None) -> Document:
        found = []
        for atom in self.link.value(module, node[1], env):
            if type(atom) is FunctionRef:
                bound = functions.bind(self.link, atom, module, row, env)
                scope = self.link.scope(atom.module, atom.scope)
                returns = [part for part, _ in scope.returns if self.link.node(atom.module, part) != ("const", None)]
                found.append(either(self.document(atom.module, part, bound) for part in returns) if returns else OPEN)
            elif type(atom) is External and atom.name in _MAPPINGS:
                found.append(self._arguments(module, node[2], env))
            elif type(atom) is External and atom.name in ("copy.copy", "copy.deepcopy") and node[2]:
                found.append(self.document(module, node[2][0][1], env))
            elif type(atom) is External and _is_id(atom.name):
                found.append(Document({"_id": "equality"}))
            elif type(atom) is Method and atom.name == "copy" and type(atom.receiver) is Literal:
                found.append(self.document(*atom.receiver))
            else:
                found.append(OPEN)
        return either(found) if found else OPEN

    # Lists: pipelines, lists of stages, of index models, of branches

    def items(self, module: int, row: int, env: Env | None = None) -> tuple[list[Item], bool]:
        """The items of a list in order, and whether others may be in it."""
        place = Place(module, row, env)
        if self._is_active(place):
            return [], True
        return self._once(self._lists, place, lambda: self._items(module, row, env), ([], True))

    def _items(self, module: int, row: int, env: Env | None) -> tuple[list[Item], bool]:
        node = self.link.node(module, row)
        match node[0]:
            case "seq":
                return self._sequence(module, node[2], env)
            case "phi":
                return self._either_list(module, node[1], env)
            case "mutated":
                return self._mutated_list(module, node, env)
            case "ifexp":
                return self._either_list(module, node[2:4], env)
            case "binop" if node[1] == "+":
                left, right = (self.items(module, part, env) for part in node[2:4])
                return left[0] + right[0], left[1] or right[1]
            case "typed" if node[2] is not None:
                return self.items(module, node[2], env)
            case "await":
                return self.items(module, node[1], env)
            case "comp":
                return [Item(Place(module, node[2][0], env), False)], True
            case "param" if not (env and env.lookup(module, node[1])):
                return [], True
        return self._items_of(module, row, node, env)

    def _items_of(self, module: int, row: int, node: Any, env: Env | None) -> tuple[list[Item], bool]:
        if node[0] == "call":
            for atom in self.link.value(module, node[1], env):
                if type(atom) is FunctionRef:
                    bound = functions.bind(self.link, atom, module, row, env)
                    returns = [part for part, _ in self.link.scope(atom.module, atom.scope).returns]
                    return self._either_list(atom.module, returns, bound)
        value = self.link.value(module, row, env)
        if len(value) == 1 and type(value[0]) is Literal and value[0] != (module, row, env):
            return self.items(*value[0])
        return [], True

    def _sequence(self, module: int, rows: Iterable[int], env: Env | None) -> tuple[list[Item], bool]:
        found: list[Item] = []
        is_open = False
        for row in rows:
            node = self.link.node(module, row)
            if node[0] == "star":
                inner, inner_open = self.items(module, node[1], env)
                found.extend(inner)
                is_open = is_open or inner_open
            else:
                found.append(Item(Place(module, row, env), True))
        return found, is_open

    def _either_list(self, module: int, rows: Iterable[int], env: Env | None) -> tuple[list[Item], bool]:
        """One of several lists: what all begin with is certain."""
        lists = [self.items(module, row, env) for row in rows if not self._is_active(Place(module, row, env))]
        if len(lists) < 2:
            return lists[0] if lists else ([], True)
        shortest = min(len(items) for items, _ in lists)
        same = 0
        while same < shortest and len({items[same].place for items, _ in lists}) == 1:
            same += 1
        found = lists[0][0][:same]
        for items, _ in lists:
            for item in items[same:]:
                if item.place not in [f.place for f in found]:
                    found.append(Item(item.place, False))
        return found, any(is_open for _, is_open in lists)

    def _mutated_list(self, module: int, node: Any, env: Env | None) -> tuple[list[Item], bool]:
        found, is_open = self.items(module, node[1], env)
        _, function, args = self.link.node(module, node[2])
        name = self.link.node(module, function)[2]
        rows = [row for keyword, row in args if keyword is None]
        if name in ("append", "add") and rows:
            return [*found, Item(Place(module, rows[0], env), True)], is_open
        if name == "insert" and len(rows) == 2:
            added = Item(Place(module, rows[1], env), True)
            at_start = self.link.value(module, rows[0], env) == (Const("int", 0),)
            return ([added, *found], is_open) if at_start else ([*found, added], is_open)
        if name in ("extend", "update") and rows:
            inner, inner_open = self.items(module, rows[0], env)
            return found + inner, is_open or inner_open
        return found, True

    # Sorts and index key patterns

    def key_pattern(self, place: Place, direction: Place | None = None) -> list[tuple[str, Any]] | None:
        """``"f"``, ``[("f", -1)]``, ``["f"]`` or ``{"f": 1}`` as pairs; None where a part is not known."""
        value = self.link.value(*place)
        names = strings(value)
        if len(names) == 1 and len(value) == 1:
            given = [1] if direction is None else self.directions(direction)
            return [(names[0], given[0])] if given else None
        if len(value) != 1 or type(value[0]) is not Literal:
            return None
        literal = value[0]
        if self.link.node(literal.module, literal.row)[0] in _DOCUMENT_ROWS:
            return None if self.document(*literal).open else self._pairs(self.entries(*literal))
        items, is_open = self.items(*literal)
        if is_open or not items or not all(item.certain for item in items):
            return None
        return self._key_list(items)

    def _pairs(self, entries: Iterable[tuple[str, Place]]) -> list[tuple[str, Any]] | None:
        found = []
        for name, at in entries:
            given = self.directions(at)
            if not given:
                return None
            found.append((name, given[0]))
        return found or None

    def _key_list(self, items: Iterable[Item]) -> list[tuple[str, Any]] | None:
        found: list[tuple[str, Any]] = []
        for item in items:
            module, row, env = item.place
            value = self.link.value(module, row, env)
            names = strings(value)
            if len(names) == 1 and len(value) == 1:
                found.append((names[0], 1))
                continue
            if len(value) != 1 or type(value[0]) is not Literal:
                return None
            literal = value[0]
            node = self.link.node(literal.module, literal.row)
            if node[0] in _DOCUMENT_ROWS:
                pairs = self._pairs(self.entries(*literal))
                if pairs is None:
                    return None
                found.extend(pairs)
                continue
            if node[0] != "seq" or not 1 <= len(node[2]) <= 2:
                return None
            fields = strings(self.link.value(literal.module, node[2][0], literal.env))
            given: list[Any] = [1]
            if len(node[2]) == 2:
                given = self.directions(Place(literal.module, node[2][1], literal.env))
            if len(fields) != 1 or not given:
                return None
            found.append((fields[0], given[0]))
        return found

    def directions(self, place: Place) -> list[Any]:
        """The index directions or types that a value can be: 1, -1, "text" …"""
        found: list[Any] = []
        for atom in self.link.value(*place):
            if type(atom) is Const and atom.kind in ("int", "float", "str"):
                found.append(int(atom.value) if atom.kind == "float" else atom.value)
            elif type(atom) is External and atom.name in drivers.CONSTANTS:
                found.append(drivers.CONSTANTS[atom.name])
            elif type(atom) is Literal:
                found.append({name: True for name, _ in self.entries(*atom)})
        return found


# What bounds an index scan best, first: the class that a field with several operators counts as.
_STRENGTH = ("equality", "in", "elem-match", "array", "range", "geo", "regex", "exists", "type", "negation")


def comparison_class(names: Iterable[str]) -> str:
    """The operator class of a field compared by the operators ``names``."""
    found = {operators.QUERY_OPERATORS[n].operator_class for n in names if n in operators.QUERY_OPERATORS}
    return next((kind for kind in _STRENGTH if kind in found), next(iter(found), "equality"))


class Item(NamedTuple):
    """An item of a list; ``certain`` when it is there on every path."""

    place: Place
    certain: bool


_DOCUMENT_ROWS = ("dict", "setitem", "mutated", "delitem")
_MAPPINGS = frozenset(("builtins.dict", "bson.SON", "bson.son.SON", "collections.OrderedDict"))
REGEXES = frozenset(("re.compile", "bson.regex.Regex", "bson.Regex"))
_ID_TYPES = frozenset(
    [
        "bson.ObjectId",
        "bson.objectid.ObjectId",
        "bson.Binary",
        "uuid.UUID",
        "uuid.uuid4",
        "builtins.str",
        "builtins.int",
    ]
)


def _is_id(name: str) -> bool:
    return name in _ID_TYPES
