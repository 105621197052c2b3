"""Documents read as data: which fields a filter, update, sort or key pattern surely has, and which it may have."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from mongolint.facts.shapes import ModuleFacts
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
from mongolint.link.rowtools import added_to
from mongolint.project.documents import keys
from mongolint.project.documents.shapes import (
    DOCUMENT_ROWS,
    EMPTY,
    OPEN,
    Document,
    Item,
    Part,
    Place,
    comparison_class,
    either,
)

if TYPE_CHECKING:
    from mongolint.link.linker import Linker

T = TypeVar("T")
_NEVER, _MAX_DEPTH = 1 << 30, 120
# How many rows one question may read. Those of real backends take less than 2,000; a filter that functions pass on to
# one another in loops, each with branches of its own, would lead to the same rows without end.
_MAX_READ = 3_000


class Reader:
    """Reads rows as documents, lists, sorts and key patterns."""

    def __init__(self, link: Linker) -> None:
        self.link = link
        # What is being read, with how deep in what else is; how deep the outermost of it that was met again
        self._active: dict[Place, int] = {}
        self._cut = _NEVER
        self._read = 0
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
        self._read = self._read + 1 if depth else 0
        if depth > _MAX_DEPTH or self._read > _MAX_READ:
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
                return left.updated(right)
            case "typed" if node[2] is not None:
                return self.document(module, node[2], env)
            case "await":
                return self.document(module, node[1], env)
            case "comp" if node[1] == "dict":
                return self._comprehension(module, node[2][0], node[2][1], env)
            case "call":
                return self._call(module, row, node, env)
            case "param" if not (env and env.lookup(module, node[1])):
                return OPEN
        value = self.link.value(module, row, env)
        return self.of_value(value).updated(OPEN) if self._is_filled(node, value) else self.of_value(value)

    def _is_filled(self, node: Any, value: Value) -> bool:
        """Whether other methods put something into what an attribute holds: ``self.query["kind"] = kind``."""
        modules = {atom.module for atom in value if type(atom) is Literal} if node[0] == "attr" else ()
        return any(node[2] in self.link.of_module(added_to, module) for module in modules)

    def _comprehension(self, module: int, key: int, value: int, env: Env | None) -> Document:
        """``{name: given[name] for name in ("shop", "sku")}``: open where the source does not list the names."""
        element = self.link.node(module, key)
        source = element[1] if element[0] == "iter" else None
        if source is None or self.link.node(module, source)[0] == "param":
            return OPEN
        listed = self.link.value(module, source, env)
        names = self.link.elements(listed) if len(listed) == 1 and type(listed[0]) is Literal else ()
        if not names or any(name.startswith("$") for name in strings(names)) or len(strings(names)) != len(names):
            return OPEN
        document = EMPTY
        for name in names:
            pinned = self.link.pin(module, source, name, env)
            kind = self.operator_class(module, value, pinned)
            document = document.with_field(strings((name,))[0], kind, Place(module, value, pinned))
        return document.maybe() if _is_chosen(self.link.modules[module], source) else document

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
                document = document.updated(self.document(module, value, env))
            else:
                document = self._entry(document, module, key, value, env)
        return document

    def _entry(self, base: Document, module: int, key: int, value: int, env: Env | None) -> Document:
        """``base`` with ``key: value`` put into it; logical operators are taken apart."""
        known = self.link.value(module, key, env)
        names = strings(known)
        if len(names) != len(known) or not names:
            base = base.updated(OPEN)
        place = Place(module, value, env)
        for name in names:
            if name.startswith("$"):
                part = Part(self._operator(name, place), (place,), len(names) == 1)
                base = base.with_part(name, part)
            elif len(names) == 1:
                base = base.with_field(name, self.operator_class(module, value, env), place)
            else:
                base = base.updated(Document({}, {name: "equality"}, False, False, {name: place}))
        return base

    def _operator(self, name: str, place: Place) -> Document:
        """The fields in the value of an operator."""
        if name not in ("$and", "$or", "$nor"):
            return Document(text=True) if name == "$text" else EMPTY
        items, is_open = self.items(*place)
        document = Document(open=is_open)
        for item in items:
            part = self.document(*item.place)
            document = document.merged(part if item.certain and name == "$and" else part.maybe())
        return document

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
        return "null" if self.is_none(Place(module, row, env)) else "equality"

    def is_none(self, place: Place) -> bool:
        """Whether a value is None: not the default of a parameter, where nobody is seen to call the function."""
        if self.link.value(*place) != (NONE,):
            return False
        node = self.link.node(place.module, place.row)
        if node[0] != "param" or (place.env is not None and place.env.lookup(place.module, node[1])):
            return True
        return bool(self.link.sites.of(place.module, node[1]))

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

    def entries(self, module: int, row: int, env: Env | None) -> Iterator[tuple[str, Place]]:
        """The literal keys of a document, operators included, with the places of their values; the last one holds."""
        return self._entries(Place(module, row, env), {})

    def _entries(self, place: Place, known: dict[Literal, Sequence[tuple[str, Place]]]) -> Iterator[tuple[str, Place]]:
        """Those of ``entries``; ``known``: of the literals met on the way, which a loop may lead back to."""
        module, row, env = place
        node = self.link.node(module, row)
        if node[0] == "dict":
            for key, value in node[1]:
                if key is None:
                    yield from self._entries_of(self.link.value(module, value, env), known)
                else:
                    for name in strings(self.link.value(module, key, env)):
                        yield name, Place(module, value, env)
        elif node[0] == "setitem":
            yield from self._entries(Place(module, node[1], env), known)
            for name in strings(self.link.value(module, node[2], env)):
                yield name, Place(module, node[3], env)
        elif node[0] in ("mutated", "delitem", "await"):
            yield from self._entries(Place(module, node[1], env), known)
        elif node[0] == "typed" and node[2] is not None:
            yield from self._entries(Place(module, node[2], env), known)
        elif node[0] == "call" and self.constructed(Place(module, row, env)) == "builtins.dict":
            for keyword, copied in node[2]:
                if keyword is None:
                    yield from self._entries(Place(module, copied, env), known)
        elif node[0] not in ("seq", "comp", "const"):
            yield from self._entries_of(self.link.value(module, row, env), known)

    def _entries_of(
        self, value: Value, known: dict[Literal, Sequence[tuple[str, Place]]]
    ) -> Iterator[tuple[str, Place]]:
        for atom in value:
            if type(atom) is Literal and self.link.node(atom.module, atom.row)[0] in DOCUMENT_ROWS:
                if atom not in known:
                    known[atom] = ()
                    found = list(self._entries(Place(*atom), known))
                    # Many ways through a function may lead to the same key, each twice as many as the last
                    known[atom] = tuple(reversed(dict.fromkeys(reversed(found))))
                yield from known[atom]

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
            return self._defaulted(base, module, args[0][1], args[-1][1], env)
        if name == "update":
            return base.updated(self._arguments(module, args, env))
        return base

    def _defaulted(self, base: Document, module: int, key: int, value: int, env: Env | None) -> Document:
        """``base`` after ``setdefault(key, value)``, which leaves what is there."""
        given = self._entry(EMPTY, module, key, value, env)
        return base if given.required.keys() <= base.required.keys() and not given.parts else given.updated(base)

    def _arguments(self, module: int, args: Iterable[tuple[str | None, int]], env: Env | None) -> Document:
        """What ``dict(…)`` and ``update(…)`` make of their arguments."""
        document = EMPTY
        for keyword, row in args:
            if keyword is None or keyword == "**":
                document = document.updated(self._mapping(module, row, env))
            elif keyword == "*":
                document = document.updated(OPEN)
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
            return either((EMPTY, self.document(module, node[2][-1], env)))  # what stops it is empty, or no filter
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
            elif type(atom) is External and atom.name in _COPIES and node[2]:
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
            case "item" if self.link.node(module, node[2])[0] == "slice":
                items, is_open = self.items(module, node[1], env)
                return [item._replace(certain=False) for item in items], is_open
            case "item" | "call" if (held := self._held_list(module, row, env)) is not None:
                return held
            case "setitem":
                return self._replaced(module, node, env)
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
                if type(atom) is External and atom.name in _COPIES:
                    return self.items(module, node[2][0][1], env) if node[2] else ([], False)
        value = self.link.value(module, row, env)
        if len(value) == 1 and type(value[0]) is Literal and value[0] != (module, row, env):
            items, is_open = self.items(*value[0])
            return items, is_open or self._is_filled(node, value)
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
        places = (Place(module, row, env) for row in rows)
        return self._one_list([self.items(*place) for place in places if not self._is_active(place)])

    def _one_list(self, lists: Sequence[tuple[list[Item], bool]]) -> tuple[list[Item], bool]:
        """One of several lists: certain is what all have; in their order, where they agree on one."""
        if len(lists) < 2:
            return lists[0] if lists else ([], True)
        is_open = any(is_open for _, is_open in lists)
        places = [item.place for item in lists[0][0]]
        for items, _ in lists[1:]:
            behind, own = 0, []
            for item in items:
                if item.place not in places:
                    own.append(item.place)
                    continue
                at = places.index(item.place)
                is_open = is_open or at < behind
                places[at:at] = own
                behind, own = at + len(own) + 1, []
            places += own
        everywhere = set.intersection(*({item.place for item in items if item.certain} for items, _ in lists))
        return [Item(place, place in everywhere) for place in places], is_open

    def _held_list(self, module: int, row: int, env: Env | None) -> tuple[list[Item], bool] | None:
        """The list of an operator: ``query["$and"]``, ``query.get("$and", [])``; None where it is none."""
        node = self.link.node(module, row)
        if node[0] == "item":
            base, key, default = node[1], node[2], None
        else:
            _, function, args = node
            called = self.link.node(module, function)
            if called[0] != "attr" or called[2] not in ("get", "setdefault", "pop") or not args:
                return None
            base, key, default = called[1], args[0][1], args[1][1] if len(args) > 1 else None
        known = self.link.value(module, key, env)
        names = strings(known)
        if len(known) != 1 or not names or not names[0].startswith("$"):
            return None
        document = self.document(module, base, env)
        part = document.parts.get(names[0])
        lists = [self.items(*place) for place in part.places] if part else []
        if default is not None and not (part and part.sure):
            lists.append(self.items(module, default, env))
        found, is_open = self._one_list(lists)
        return found, is_open or document.open

    def _replaced(self, module: int, node: Any, env: Env | None) -> tuple[list[Item], bool]:
        """A list after ``items[number] = value``."""
        found, is_open = self.items(module, node[1], env)
        number = self._position(module, node[2], found, env)
        if number is None or number == len(found):
            return found, True
        return [*found[:number], Item(Place(module, node[3], env), True), *found[number + 1 :]], is_open

    def _position(self, module: int, key: int, items: Sequence[Item], env: Env | None) -> int | None:
        """The position in a list that a number means; None where that depends on the path."""
        value = self.link.value(module, key, env)
        if len(value) != 1 or type(value[0]) is not Const or value[0].kind != "int":
            return None
        number = int(value[0].value)
        sure, number = (items, number) if number >= 0 else (items[number:], len(items) + number)
        return number if 0 <= number <= len(items) and all(i.certain for i in sure[:number]) else None

    def _mutated_list(self, module: int, node: Any, env: Env | None) -> tuple[list[Item], bool]:
        found, is_open = self.items(module, node[1], env)
        _, function, args = self.link.node(module, node[2])
        name = self.link.node(module, function)[2]
        rows = [row for keyword, row in args if keyword is None]
        if name in ("append", "add") and rows:
            return [*found, Item(Place(module, rows[0], env), True)], is_open
        if name == "insert" and len(rows) == 2:
            added = Item(Place(module, rows[1], env), True)
            number = self._position(module, rows[0], found, env)
            return (found, True) if number is None else ([*found[:number], added, *found[number:]], is_open)
        if name in ("extend", "update") and rows:
            inner, inner_open = self.items(module, rows[0], env)
            return found + inner, is_open or inner_open
        return found, True

    # Sorts and index key patterns

    def key_pattern(self, place: Place, direction: Place | None = None) -> list[tuple[str, Any]] | None:
        return keys.key_pattern(self, place, direction)

    def is_chosen(self, module: int, source: int) -> bool:
        return _is_chosen(self.link.modules[module], source)

    def directions(self, place: Place) -> list[Any]:
        return keys.directions(self, place)


_COPIES = frozenset(("builtins.list", "builtins.tuple", "copy.copy", "copy.deepcopy"))
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


def _is_chosen(facts: ModuleFacts, source: int) -> bool:
    """Whether a comprehension over the row leaves some out by an ``if``."""
    loops = {number for number, loop in enumerate(facts.loops) if loop.iterable == source}
    return any(
        entry.kind == "then" and (around := facts.contexts[entry.parent]).kind == "comp" and around.ref in loops
        for entry in facts.contexts
    )


def _is_id(name: str) -> bool:
    return name in _ID_TYPES
