"""Who uses a function: calls it, hands it on, keeps it, is injected with it. More than its call sites, never less."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from mongolint.facts.shapes import Call, ModuleFacts
from mongolint.fastclasses import NamedTuple
from mongolint.link.atoms import ClassRef, External, ExternalObject, FunctionRef, Instance, ModuleRef, Unknown
from mongolint.link.rowtools import LEAVES, alternatives, operands, reached_rows
from mongolint.link.states.gathered import Gather
from mongolint.link.states.memory import held, held_by

if TYPE_CHECKING:
    from mongolint.link.linker import Linker

# A function or class: which of both, its module and scope
Target = tuple[type, int, int]

_NAMED = ("attr", "free", "from")
# Rows that stand for what they hold
_TRANSPARENT = ("phi", "ifexp", "typed")
# Calls that look at a class and make no object of it
_LOOKING = frozenset(["isinstance", "issubclass", "cast", "type", "TypeVar"])
# Functions that read attributes by names that come from elsewhere
_READERS = ("getattr", "dir", "vars", "getmembers", "globals")
# Objects on which an application hangs its own
_HANGERS = ("flask.g", "flask.current_app", "flask_login.", "quart.g", "quart.current_app", "quart_auth.")


class Use(NamedTuple):
    """A place that uses a function or a class.

    ``row`` is the row that uses ``operand``, or the operand itself where it is stored, returned or a default.
    ``scope``: the function around, 0 for what runs on import. ``certain``: the model knows that it is this function.
    """

    module: int
    scope: int
    row: int
    operand: int
    called: bool
    certain: bool


class _Parents:
    """The rows of one module, from the operand to what uses it."""

    def __init__(self, facts: ModuleFacts) -> None:
        self.facts = facts
        self.of: dict[int, list[int]] = {}
        for row, node in facts.numbered():
            if node[0] not in LEAVES:
                for operand in operands(node):
                    self.of.setdefault(operand, []).append(row)
        self._starts = [scope.rows[0] for scope in facts.scopes]

    @cached_property
    def contexts(self) -> dict[int, int]:
        """The contexts of calls, by row."""
        return {call.row: call.context for call in self.facts.calls}

    @cached_property
    def anchors(self) -> dict[int, list[tuple[int, int]]]:
        """Where rows are used outside of other rows: scope and context."""
        facts, found = self.facts, dict[int, list[tuple[int, int]]]()
        for store in (*facts.stores, *facts.item_stores):
            found.setdefault(store.value, []).append((store.scope, store.context))
        for scope in facts.scopes:
            for row, context in scope.returns:
                found.setdefault(row, []).append((scope.index, context))
            outer = max(scope.parent, 0), facts.contexts[scope.context].parent
            yielded = [(row, (scope.index, scope.context)) for row in scope.yields]
            defaults = [(param.default, outer) for param in scope.params if param.default is not None]
            decorated = [(row, outer) for row in scope.decorators]
            for row, place in (*yielded, *defaults, *decorated):
                found.setdefault(row, []).append(place)
        return found

    @cached_property
    def annotations(self) -> set[int]:
        """The rows of which annotations are made."""
        facts = self.facts
        rows = [scope.return_annotation for scope in facts.scopes]
        rows += [param.annotation for scope in facts.scopes for param in scope.params]
        rows += [row for scope in facts.scopes for row in scope.annotations.values()]
        return {inner for row in rows if row is not None for inner in reached_rows(facts, row)}

    def users(self, row: int) -> Iterator[int]:
        """The rows that use a row, by whatever variable."""
        pending, seen = [row], {row}
        while pending:
            for parent in self.of.get(pending.pop(), ()):
                if parent not in seen:
                    seen.add(parent)
                    if self.facts.nodes[parent][0] in _TRANSPARENT:
                        pending.append(parent)
                    else:
                        yield parent

    def anchored(self, row: int) -> Iterator[tuple[int, int]]:
        """Where a row is stored, returned, or a default, by whatever variable."""
        pending, seen = [row], {row}
        while pending:
            current = pending.pop()
            yield from self.anchors.get(current, ())
            for parent in self.of.get(current, ()):
                if parent not in seen and self.facts.nodes[parent][0] in _TRANSPARENT:
                    seen.add(parent)
                    pending.append(parent)

    def scope(self, row: int) -> int:
        """The scope in whose body a row stands."""
        scopes = self.facts.scopes
        found = max(bisect_right(self._starts, row) - 1, 0)
        while found and row >= scopes[found].rows[1]:
            found = scopes[found].parent
        return found

    def context(self, row: int) -> int:
        """The context of a row: that of the call it belongs to, else of its function."""
        for _ in range(20):
            if row in self.contexts:
                return self.contexts[row]
            above = [*self.of.get(row, ())]
            if not above:
                break
            row = above[0]
        places = self.anchors.get(row)
        return places[0][1] if places else self.facts.scopes[self.scope(row)].context


def _parents(facts: ModuleFacts, index: int) -> _Parents:
    return _Parents(facts)


def _definitions(facts: ModuleFacts, index: int) -> dict[int, int]:
    """The row of each function and class."""
    return {node[1]: row for row, node in facts.of_kind("func", "class")}


def _reads(module: int, facts: ModuleFacts) -> Iterator[tuple[str, int]]:
    """Where each name is read."""
    return ((node[2], row) for row, node in facts.of_kind(*_NAMED))


def _aliases(module: int, facts: ModuleFacts) -> Iterator[tuple[str, str]]:
    """Other names that modules and classes give to what has a name."""
    for scope in facts.scopes:
        if scope.kind in ("module", "class"):
            for name, bound in scope.final.items():
                for row in alternatives(facts, bound):
                    own = own_name(facts, row)
                    if own and own != name:
                        yield own, name


_READS, _ALIASES = Gather(_reads), Gather(_aliases)


class Uses:
    """Answers who uses a function. Uses in tests count only for what tests define."""

    def __init__(self, link: Linker) -> None:
        self.link = link

    def parents(self, module: int) -> _Parents:
        return self.link.of_module(_parents, module)

    # Not a study of the linker, to which each use is a question of its own, with work of its own
    @held_by
    def of(self, module: int, scope: int) -> list[Use]:
        """The uses of a function; those of its class, where making or having an object of it runs the function."""
        return list(self._search(module, scope))

    def are_made(self, cls: ClassRef) -> bool:
        """Whether anything makes objects of a class, or of one that inherits from it, or hands it on."""
        every = (cls, *self.link.hierarchy.subclasses(cls))
        return any(True for each in every for _ in self._found(each.module, each.scope, ClassRef(*each)))

    def _search(self, module: int, scope: int) -> Iterator[Use]:
        name = self.link.scope(module, scope).name
        cls = self.link.method_class(module, scope)
        if cls is not None and _is_implicit(name):
            for each in (cls, *self.link.hierarchy.subclasses(cls)):
                yield from self._found(each.module, each.scope, ClassRef(*each))
            for at, row, _ in self.link.sites.of(module, scope) if name == "__init__" else ():
                yield self._use(at, self.parents(at).scope(row), row, self.link.node(at, row)[1], certain=True)
        yield from self._found(module, scope, FunctionRef(module, scope))
        yield from self._by_unknown_name(module, cls)

    def _by_unknown_name(self, module: int, cls: ClassRef | None) -> Iterator[Use]:
        """Reads of attributes whose names only the running program knows: ``getattr(manager, name)``."""
        reads = self._unknown_names if module in self.link.tests else self._unknown_names_of_code
        for at, call, row in reads.get(module if cls is None else cls, ()):
            yield self._use(at, self.parents(at).scope(call), call, row, certain=False)

    @held
    def _unknown_names(self) -> Mapping[object, Iterable[tuple[int, int, int]]]:
        return self._read_by_unknown_name(frozenset())

    @held
    def _unknown_names_of_code(self) -> Mapping[object, Iterable[tuple[int, int, int]]]:
        return self._read_by_unknown_name(self.link.tests)

    def _read_by_unknown_name(self, without: frozenset[int]) -> Mapping[object, Iterable[tuple[int, int, int]]]:
        """Module, call and name of the reads, by the modules and classes that each may be a read of."""
        found: dict[object, dict[tuple[int, int, int], None]] = {}
        for reader in _READERS:
            for at, row in self.link.gathered(_READS, reader):
                if at in without:
                    continue
                for call in self.parents(at).users(row):
                    node = self.link.node(at, call)
                    given = [arg for _, arg in node[2]] if node[0] == "call" and node[1] == row else None
                    if given is None or (len(given) > 1 and self.link.node(at, given[1])[0] == "const"):
                        continue
                    for owner in self._owners(at, given[0]) if given else (at,):
                        found.setdefault(owner, {})[at, call, row] = None
        return found

    def _owners(self, at: int, row: int) -> Iterator[object]:
        """The modules that an expression may be, and the classes of objects that it may be."""
        for atom in self.link.value(at, row):
            if type(atom) is ModuleRef:
                yield atom.module
            elif type(atom) in (Instance, ClassRef):
                yield from self.link.hierarchy.order(ClassRef(*atom[:2]))

    def _found(self, module: int, scope: int, target: ClassRef | FunctionRef) -> Iterator[Use]:
        for at, row in self._candidates(module, scope, target):
            certain = self._is(target, at, row)
            if certain is None:
                continue
            parents = self.parents(at)
            for user in parents.users(row):
                if self._counts(target, at, row, user):
                    yield self._use(at, parents.scope(user), user, row, certain)
            for holder, _ in parents.anchored(row):
                yield self._use(at, holder, row, row, certain)

    def _use(self, module: int, scope: int, row: int, operand: int, certain: bool) -> Use:
        facts = self.link.modules[module]
        while scope and facts.scopes[scope].kind == "class":
            scope = max(facts.scopes[scope].parent, 0)
        node = facts.nodes[row]
        called = row != operand and node[0] == "call" and operand in _all(facts, node[1])
        return Use(module, scope, row, operand, called, certain)

    def _candidates(self, module: int, scope: int, target: ClassRef | FunctionRef) -> Iterator[tuple[int, int]]:
        """The definition, and the reads of its names that may be reads of it."""
        own = self.link.of_module(_definitions, module).get(scope)
        if own is not None:
            yield module, own
        name = self.link.scope(module, scope).name
        every = type(target) is FunctionRef and self.link.hierarchy.is_property(target)
        for each in (name, *sorted({other for _, other in self.link.gathered(_ALIASES, name)})):
            named = self._reads_of(each, module in self.link.tests)
            yield from named.reads if every else named.of(target)

    @held_by
    def _reads_of(self, name: str, in_tests: bool) -> _Named:
        """The reads of a name; without those of tests for what no test defines."""
        found = self.link.gathered(_READS, name)
        reads = found if in_tests else [each for each in found if each[0] not in self.link.tests]
        return _Named(reads, [self._sure(*each) for each in reads])

    def _sure(self, module: int, row: int) -> frozenset[Target] | None:
        """The functions and classes of which a read of a name is one for certain; None where it may be another."""
        value = self.link.value(module, row)
        if not value or any(type(atom) is Unknown or _hangs(atom) for atom in value):
            return None
        found = [atom for atom in value if isinstance(atom, ClassRef | FunctionRef)]
        if any(type(atom) is FunctionRef and self.link.method_class(atom.module, atom.scope) for atom in found):
            return None  # a method may stand for those that override it
        return frozenset(map(_target, found))

    def _is(self, target: ClassRef | FunctionRef, module: int, row: int) -> bool | None:
        """Whether a row is the function or class; None where it is something else for certain."""
        node = self.link.node(module, row)
        if node[0] not in _NAMED:
            return True  # its definition
        value = self.link.value(module, row)
        if any(_same(atom, target) for atom in value):
            return True
        if type(target) is FunctionRef and any(self._may_stand_for(atom, target) for atom in value):
            return False
        if type(target) is FunctionRef and node[0] == "attr" and self.link.hierarchy.is_property(target):
            return False if self._may_have(target, module, node[1]) else None
        if not value or any(type(atom) is Unknown for atom in value):
            return None if _is_implicit(node[2]) else False
        return False if node[0] == "attr" and any(_hangs(atom) for atom in value) else None

    def _may_stand_for(self, atom: object, target: FunctionRef) -> bool:
        """Whether a method is one that ``target`` overrides, or the declaration of an interface."""
        cls = self.link.method_class(target.module, target.scope)
        owner = self.link.method_class(atom.module, atom.scope) if type(atom) is FunctionRef else None
        if cls is None or owner is None or type(atom) is not FunctionRef:
            return False
        if self.link.scope(atom.module, atom.scope).name != self.link.scope(target.module, target.scope).name:
            return False
        return owner in self.link.hierarchy.order(cls) or self.link.hierarchy.is_abstract(atom)

    def _may_have(self, target: FunctionRef, module: int, row: int) -> bool:
        """Whether an object may be one of the class of a method."""
        cls = self.link.method_class(target.module, target.scope)
        value = self.link.value(module, row)
        known = [ClassRef(*atom[:2]) for atom in value if type(atom) in (Instance, ClassRef)]
        return not known or any(cls in self.link.hierarchy.order(each) for each in known)

    def _counts(self, target: ClassRef | FunctionRef, module: int, row: int, user: int) -> bool:
        """Whether a row that refers to the function or class may run it."""
        if type(target) is FunctionRef:
            return True
        facts = self.link.modules[module]
        node = facts.nodes[user]
        if node[0] == "attr" or (node[0] != "call" and user in self.parents(module).annotations):
            return False
        return not (node[0] == "call" and own_name(facts, node[1]) in _LOOKING and row not in _all(facts, node[1]))


class _Named:
    """Reads of one name, by what they are."""

    def __init__(self, reads: Sequence[tuple[int, int]], sure: Sequence[frozenset[Target] | None]) -> None:
        self.reads = reads
        self._given = reads, sure
        self._open = [number for number, each in enumerate(sure) if each is None]
        self._sure: dict[Target, list[int]] = {}
        for number, each in enumerate(sure):
            for target in each or ():
                self._sure.setdefault(target, []).append(number)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Named) and self._given == other._given

    def of(self, target: ClassRef | FunctionRef) -> Iterator[tuple[int, int]]:
        """Those that may be reads of a function or class, in order."""
        return (self.reads[number] for number in sorted((*self._open, *self._sure.get(_target(target), ()))))


def _target(atom: ClassRef | FunctionRef) -> Target:
    return type(atom), atom.module, atom[1]


def own_name(facts: ModuleFacts, row: int) -> str:
    """The last name by which a row refers to something, or that it defines; "" where it has none."""
    node = facts.nodes[row]
    if node[0] in _NAMED:
        return str(node[2])
    return facts.scopes[node[1]].name if node[0] in ("func", "class") else ""


def called_name(facts: ModuleFacts, row: int) -> str:
    """The same, of a parameter too."""
    node = facts.nodes[row]
    return str(node[2]) if node[0] == "param" else own_name(facts, row)


def _all(facts: ModuleFacts, row: int) -> list[int]:
    """The rows that a row may stand for, annotated ones by their value."""
    found: list[int] = []
    pending = [row]
    while pending:
        for each in alternatives(facts, pending.pop()):
            node = facts.nodes[each]
            if node[0] == "typed" and node[2] is not None:
                pending.append(node[2])
            else:
                found.append(each)
    return found


def _same(atom: object, target: ClassRef | FunctionRef) -> bool:
    return isinstance(atom, ClassRef | FunctionRef) and type(atom) is type(target) and atom[:2] == target[:2]


def _hangs(atom: object) -> bool:
    """Whether it may be something that an application hung on an object of a framework."""
    return isinstance(atom, ExternalObject) or (isinstance(atom, External) and atom.name.startswith(_HANGERS))


def _is_implicit(name: str) -> bool:
    """A method that Python calls by itself."""
    return name.startswith("__") and name.endswith("__")


def builtin_calls(link: Linker, module: int, name: str) -> Sequence[Call]:
    """Calls of the builtin ``name``, where nothing of the project shadows it."""
    calls = link.of_module(_free_calls, module).get(name)
    return calls if calls and not link.global_name(module, name) else ()


def _free_calls(facts: ModuleFacts, index: int) -> dict[str, list[Call]]:
    """The calls of names that are bound neither in their function nor imported."""
    found: dict[str, list[Call]] = {}
    for call in facts.calls:
        node = facts.nodes[facts.nodes[call.row][1]]
        if node[0] == "free":
            found.setdefault(node[2], []).append(call)
    return found
