"""The hub of linking: *what is this expression?*, answered on demand, with memo and cycle guard.

Each kind of row, atom and callee has its own module (`rows`, `attributes`, `functions`, `classes`,
`externals`, `driver`, `annotations`); they ask one another only through the `Linker`.
"""

from __future__ import annotations

import copy
import posixpath
from collections.abc import Callable, Hashable, Iterator, Sequence
from itertools import islice
from typing import Any, TypeVar, cast

from mongolint.facts.shapes import Call, ModuleFacts, Row, Scope
from mongolint.link import annotations as hints
from mongolint.link import attributes, classes, functions, rows
from mongolint.link.atoms import (
    UNKNOWN,
    Atom,
    ClassRef,
    Env,
    FunctionRef,
    Instance,
    ModuleRef,
    Value,
    const,
    informative,
    join,
)
from mongolint.link.imports import ImportMap
from mongolint.link.settings.files import Files
from mongolint.link.states.gathered import Entry, Gather, Table
from mongolint.link.states.journal import MOST, Journal, Record
from mongolint.link.states.memory import Memory, Seen
from mongolint.link.states.scopes import (
    Bound,
    Said,
    annotated_names,
    bound,
    calls_by_row,
    nested_classes,
    row_token,
    star_imports,
)

T = TypeVar("T")
_NEVER = 1 << 30
# Beyond these the answer is "unknown": calls followed inside calls, and rows followed inside rows.
_MAX_ENV_DEPTH = 8
_MAX_DEPTH = 300
_MAX_TRIES = 6
# Rows looked at for one question from outside
_MAX_WORK = 6_000
_LITERALS = ("dict", "seq", "comp")


class Watched(list[ModuleFacts]):
    """The modules of a project. Whatever is asked of one while a record is under way is noted as all of it."""

    def __init__(self, modules: Sequence[ModuleFacts], link: Linker) -> None:
        super().__init__(modules)
        self._link = link

    def __getitem__(self, module: int) -> ModuleFacts:  # type: ignore[override]  # no slices
        if self._link.record is not None:
            self._link.record.tokens.add(("module", module))
        return super().__getitem__(module)

    def __iter__(self) -> Iterator[ModuleFacts]:
        if self._link.record is not None:
            self._link.record.tokens.add(("modules",))
        return super().__iter__()


class Linker:
    """Answers questions about the rows of all modules of a project."""

    def __init__(
        self,
        modules: Sequence[ModuleFacts],
        imports: ImportMap,
        tests: frozenset[int] = frozenset(),
        journal: Journal | None = None,
        settings: Files | None = None,
    ) -> None:
        # What the question from outside that is under way has to do with, if anybody wants to know
        self.record: Record | Seen | None = None
        self._facts = modules
        self.modules = modules if journal is None else Watched(modules, self)
        # The tokens of the rows of each module, of which there is one at every look at a row
        self._rows_from = [row_token(module, 0) for module in range(len(modules))]
        self.imports = imports
        self.settings = settings or Files()
        # Tests call with fakes and subclass to stub: what they do says nothing of other modules
        self.tests = tests
        self.number = {facts.path: index for index, facts in enumerate(modules)}
        self.hierarchy = classes.Hierarchy(self)
        self.sites = functions.CallSites(self)
        self.stores = attributes.Stores(self)
        self.answers: dict[Hashable, Any] = {}
        self._active: dict[Hashable, int] = {}
        self._cut = _NEVER
        self._work = 0
        self.known_of_modules: dict[int, dict[Hashable, Any]] = {}
        # Answers that a cycle under way made incomplete, with the depth of its outermost question, in order
        self._tentative: dict[Hashable, tuple[object, int]] = {}
        self._tries: dict[Hashable, int] = {}
        # What is the same object wherever it is equal
        self.interned: dict[Hashable, Any] = {}
        self._journal = journal
        self.tables: dict[Gather, Table] = {}
        # What others work out of the answers, in an editor
        self.memory: Memory | None = None
        if journal is not None:
            journal.begin(self)
            self.memory = Memory(self)

    @property
    def goes_on(self) -> bool:
        """Whether an editor's model can go on with a new state: not if most that it knows is about what is no more."""
        return self.memory is not None and not self.memory.is_full and len(self.interned) <= MOST

    def renew(self, modules: Sequence[ModuleFacts], ask: Callable[[], object]) -> list[Hashable]:
        """Go on with a new state of the same modules. ``ask`` puts the first questions, as in a fresh run.

        Args:
            modules: as many as before, of the same paths, in the same order.

        Returns:
            what may be different since, for `Memory.forget`.
        """
        assert self._journal is not None
        assert self.goes_on, "only an editor's model does, and not for ever"
        before = copy.copy(self)
        self._facts = modules
        self.modules[:] = modules  # type: ignore[index]  # the list that `Watched` is
        self.answers, self._tries = {}, {}
        self._journal.begin(self, before)
        ask()
        changed, first, tries = self._journal.changed, self.answers, self._tries
        self.answers, self._tries = before.answers, before._tries
        differing = self._journal.carry(first, self.answers, self._tries)
        self.answers.update(first)
        self._tries.update(tries)
        return [*changed, *differing]

    def prepare(self) -> None:
        """What can be done for the next state before it comes."""
        if self._journal is not None and self.memory is not None:
            self._journal.sort()
            self.memory.sort()

    def node(self, module: int, row: int) -> Row:
        if self.record is not None:
            self.record.tokens.add(self._rows_from[module] + row)
        return self._facts[module].nodes[row]

    def path(self, module: int) -> str:
        """The path of a module."""
        return self._facts[module].path

    def literal(self, module: int, row: int) -> Row | None:
        """The row, if it is a literal, of which its kind is all that is asked."""
        node = self._facts[module].nodes[row]
        if node[0] not in _LITERALS:
            return None
        if self.record is not None:
            self.record.tokens.add(~(self._rows_from[module] + row))
        return node

    def scope(self, module: int, index: int) -> Scope:
        """A scope, save for what its names are bound to (`bound`), its rows, its places and contexts."""
        if self.record is not None:
            self.record.tokens.add(("scope", module, index))
        return self._facts[module].scopes[index]

    def bound(self, module: int, index: int, name: str) -> Bound:
        """What a scope itself binds a name to."""
        if self.record is not None:
            self.record.tokens.add(("bound", module, index, name))
        return bound(self._facts[module].scopes[index], name)

    def fields(self, module: int, index: int) -> list[str]:
        """The names that the body of a class annotates."""
        return cast("list[str]", self.said(annotated_names, module, index))

    def said(self, question: Said, module: int, index: int) -> object:
        """What the code of one scope says by itself."""
        if self.record is not None:
            self.record.tokens.add((question, module, index))
        return self.known(question, module, index)

    def of_module(self, question: Callable[[ModuleFacts, int], T], module: int, index: int = 0) -> T:
        """What the code of a module (or of one of its scopes) says by itself."""
        if self.record is not None:
            self.record.tokens.add(("module", module))
        return self.known(question, module, index)

    def known(self, question: Callable[[ModuleFacts, int], T], module: int, index: int) -> T:
        """The same, asked by whoever notes what of the module it has to do with."""
        held = self.known_of_modules.get(module)
        if held is None:
            held = self.known_of_modules[module] = {}
        key = (question, index)
        if key not in held:
            held[key] = question(self._facts[module], index)
        found: T = held[key]
        return found

    def of_files(self, question: str, module: int, answer: Callable[[], T]) -> T:
        """What the code of a module says, given which files there are."""
        if self.record is not None:
            self.record.tokens.add(("module", module))
        held = self.known_of_modules.setdefault(module, {})
        if question not in held:
            held[question] = answer()
        found: T = held[question]
        return found

    def gathered(self, gather: Gather, key: Hashable) -> list[Entry]:
        """What all modules contribute under a key: the number of the module, and its entry."""
        if self.record is not None:
            self.record.tokens.add((gather, key))
        table = self.tables.get(gather)
        if table is None:
            table = self.tables[gather] = Table(gather, self._facts, self.tests)
        return table.of(key)

    def kept(self, question: str, answer: Callable[[], T]) -> T:
        """``answer()``, of which there is just one, kept for later whatever it is asked amid."""
        found: T | None = self.answers.get(question)
        if self.record is not None:
            self.record.met(question, found)
        if found is not None:
            return found
        if self._journal is not None and type(self.record) is not Record:
            self._replayed(self._journal, question, lambda: self._keep(question, answer()))
            return cast(T, self.answers[question])
        return self._keep(question, answer())

    def _keep(self, question: Hashable, answer: T) -> T:
        self.answers[question] = answer
        if self._journal is not None and type(self.record) is not Record:
            self._journal.tell(question, answer)
        return answer

    def value(self, module: int, row: int, env: Env | None = None) -> Value:
        """What the expression at ``row`` can be; parameters not bound in ``env`` by all their call sites."""
        node = self._facts[module].nodes[row]
        record = self.record
        if node[0] == "const":
            if record is not None:
                record.tokens.add(self._rows_from[module] + row)
            return (const(node[1]),)
        key = (module, row, env)
        found: Value | None = self.answers.get(key)
        if record is not None:
            record.met(key, found)
        if found is not None:
            return found
        if self._active:
            self._work += 1
            if len(self._active) > _MAX_DEPTH:
                self._cut = 0  # asked from nearer by, it may be found
            if len(self._active) > _MAX_DEPTH or self._work > _MAX_WORK:
                return (UNKNOWN,)
        return self._answered(key, lambda: rows.evaluate(self, module, row, env), ())

    def once(self, question: Hashable, answer: Callable[[], T], within_cycle: T) -> T:
        """``answer()``, kept for later; ``within_cycle`` where the question is asked inside itself.

        An answer that such a cycle made incomplete is kept only until the outermost question of the cycle has its
        own: asked again after that, it comes out complete.
        """
        found: T | None = self.answers.get(question)
        if self.record is not None:
            self.record.met(question, found)
        return self._answered(question, answer, within_cycle) if found is None else found

    def _answered(self, question: Hashable, answer: Callable[[], T], within_cycle: T) -> T:
        """``answer()`` to a question that has none yet, kept for later."""
        if not self._active:
            self._work = 1
            if self._journal is not None:
                self._replayed(self._journal, question, lambda: self._ask(question, answer, within_cycle))
                return cast(T, self.answers[question])
        return self._ask(question, answer, within_cycle)

    def beside(self, answer: Callable[[], T]) -> T:
        """``answer()``, which looks at little and takes nothing of the work that the question around it may do."""
        work = self._work
        found = answer()
        self._work = work
        return found

    def study(self, question: Hashable, answer: Callable[[], T]) -> T:
        """``answer()``, kept for later: of something that asks the linker this and that, for itself or in studies.

        It may ask nothing else but what is recorded here, and ``modules``.
        """
        if self.recall(question) is None:
            if self._journal is None:
                return self.tell(question, answer())
            self._replayed(self._journal, question, lambda: self.tell(question, answer()))
        found: tuple[T] = self.answers[question]
        return found[0]

    def recall(self, question: Hashable) -> tuple[Any] | None:
        """What was told of something, in a tuple of its own."""
        found: tuple[Any] | None = self.answers.get(question)
        if self.record is not None:
            self.record.met(question, found)
        return found

    def tell(self, question: Hashable, answer: T) -> T:
        """Keep an answer for all that may `recall` it."""
        self._keep(question, (answer,))
        return answer

    def call_at(self, module: int, row: int) -> Call | None:
        """The call at ``row``, and where it stands."""
        if self.record is not None:
            self.record.tokens.add(("call", module, row))
        return self.known(calls_by_row, module, 0).get(row)

    def _replayed(self, journal: Journal, question: Hashable, ask: Callable[[], object]) -> None:
        """Take over what a question left behind in an earlier state, if it would go the same way; else ask it."""
        outer = self.record
        held = journal.valid(question, self.answers, self._tries)
        if held is not None:
            self.answers.update(held.answers)
            self._tries.update(held.tries)
        else:
            before = len(self.answers)
            held = self.record = Record(question)
            try:
                ask()
            finally:
                self.record = outer
            held.finish(dict(islice(reversed(self.answers.items()), len(self.answers) - before)), self._tries)
            journal.add(held)
        if type(outer) is Record:
            outer.absorb(held)

    def _ask(self, question: Hashable, answer: Callable[[], T], within_cycle: T) -> T:
        tentative = self._tentative.get(question)
        if tentative is not None:
            self._cut = min(self._cut, tentative[1])
            return cast(T, tentative[0])
        asked_at = self._active.get(question)
        if asked_at is not None:
            self._cut = min(self._cut, asked_at)
            return within_cycle
        depth, mark = len(self._active), len(self._tentative)
        self._active[question] = depth
        outer, self._cut = self._cut, _NEVER
        try:
            result = answer()
        except RecursionError:
            result, self._cut = within_cycle, 0
        finally:
            del self._active[question]
        if self._cut >= depth:
            self._settle(mark)
            self.answers[question] = result
            self._cut = outer
        else:
            self._tentative[question] = (result, self._cut)
            self._cut = min(outer, self._cut)
        return result

    def _settle(self, mark: int) -> None:
        """Forget the tentative answers of a cycle that is over, so that they are found again complete.

        One that has been found several times over, in cycles within cycles, has had its chance: it is kept.
        """
        while len(self._tentative) > mark:
            question, (answer, _) = self._tentative.popitem()
            before = self._tries.get(question, 0)
            if type(self.record) is Record:
                self.record.tries_again(question, before)
            tries = self._tries[question] = before + 1
            if tries >= _MAX_TRIES:
                self.answers[question] = answer

    def values(self, module: int, indexes: Sequence[int], env: Env | None = None) -> Value:
        return join(self.value(module, row, env) for row in indexes)

    def env(
        self, module: int, scope: int, bindings: dict[str, Value], parent: Env | None, outer: Env | None
    ) -> Env | None:
        """The environment of a call made in ``outer``; None (follow all call sites) when nested too deep."""
        key = ("env", module, scope, tuple(sorted(bindings.items(), key=lambda item: item[0])), parent)
        found = self.answers.get(key)
        if self.record is not None:
            self.record.met(key, found)
        if found is None:
            depth = outer.depth if outer else 0
            if depth >= _MAX_ENV_DEPTH:
                return None
            made = Env(module, scope, bindings, parent)
            made.depth = depth + 1
            found = self.answers[key] = self.interned.setdefault((key, depth), made)
            if self._journal is not None and type(self.record) is not Record:
                self._journal.own(key, found)
        return cast(Env, found)

    def pin(self, module: int, row: int, atom: Atom, env: Env | None) -> Env | None:
        """``env`` with the loop element at ``row`` held to be ``atom``."""
        return self.env(module, rows.pin_scope(row), {"": (atom,)}, env, env)

    def attribute(self, atom: Atom, name: str) -> Value:
        return attributes.attribute(self, atom, name)

    def item(self, atom: Atom, key: Value) -> Value:
        """``atom[key]``; nothing where a literal built in a loop leads back to itself."""
        return self.once(("item", atom, key), lambda: attributes.item(self, atom, key), ())

    def elements(self, value: Value) -> Value:
        """What iterating over ``value`` gives."""
        return self.once(("elements", value), lambda: attributes.elements(self, value), ())

    def call(self, atom: Atom, module: int, row: int, env: Env | None) -> Value:
        """What calling ``atom`` gives, with the arguments of the call at ``row``."""
        return functions.call(self, atom, module, row, env)

    def annotated(self, module: int, row: int, env: Env | None = None) -> Value:
        """What a value annotated so can be."""
        return hints.annotated(self, module, row, env)

    # Modules and names

    def module_ref(self, path: str) -> ModuleRef:
        return ModuleRef(self.number.get(path), path)

    def member(self, module: ModuleRef, name: str) -> Value:
        """``module.name``: a name bound there, or a submodule."""
        if module.module is not None:
            found = self.global_name(module.module, name)
            if informative(found):
                return found
            stored = self.stores.on_module(module, name)
            if stored or found:
                return join([stored, found])
            if not module.path.endswith("__init__.py"):
                return (UNKNOWN,)
        folder = posixpath.dirname(module.path) if module.path.endswith(".py") else module.path
        path = self.imports.inside(folder, name)
        return (UNKNOWN,) if path is None else (self.module_ref(path),)

    def global_name(self, module: int, name: str, seen: tuple[int, ...] = ()) -> Value:
        """What a module binds ``name`` to, by itself or by a star import; empty when it does not."""
        held = self.bound(module, 0, name)
        if held.final is not None:
            return self.values(module, [held.final, *held.defs])
        if held.defs:
            return self.values(module, held.defs)
        for dotted, level in cast("list[tuple[str, int]]", self.said(star_imports, module, 0)):
            path = self.imports.resolve(self._facts[module].path, dotted, level)
            other = self.number.get(path) if path else None
            if other is not None and other not in seen and not name.startswith("__"):
                found = self.global_name(other, name, (*seen, module))
                if found:
                    return found
        return ()

    def method_class(self, module: int, scope: int) -> ClassRef | None:
        """The class that a function is a method of."""
        parent = self.scope(module, scope).parent
        if parent > 0 and self.scope(module, parent).kind == "class":
            return ClassRef(module, parent)
        return None

    def enclosing_method(self, module: int, scope: int) -> tuple[ClassRef, int] | None:
        """The class and the method around a place, through nested functions."""
        while scope > 0:
            found = self.method_class(module, scope)
            if found is not None:
                return found, scope
            scope = self.scope(module, scope).parent
        return None

    def nested_class(self, cls: ClassRef, name: str) -> ClassRef | None:
        """The class of a name that is defined in the body of a class: ``class Config``, ``class Meta``."""
        index = cast("dict[str, int]", self.said(nested_classes, *cls)).get(name)
        return None if index is None else ClassRef(cls.module, index)

    def self_env(self, atom: Instance | ClassRef, module: int, method: int) -> Env | None:
        """The environment of a method run on ``atom``; its constructor with what it was constructed with."""
        init = atom.init if isinstance(atom, Instance) else None
        if init is not None:
            bound = init.lookup(module, method)
            if bound is not None:
                # The constructor runs on this very object, whose other attributes are known as well
                own = {**bound.bindings, self.scope(module, method).params[0].name: (atom,)}
                return self.env(module, method, own, bound.parent, None)
        scope = self.scope(module, method)
        if not scope.params:
            return None
        bindings: dict[str, Value] = {scope.params[0].name: (atom,)}
        if scope.name == "__init__" and isinstance(atom, Instance):
            bindings.update(functions.base_init_bindings(self, atom, module, method))
        return self.env(module, method, bindings, None, init)

    def bare_self_env(self, atom: Instance, module: int, method: int) -> Env | None:
        """The environment of a method of ``atom`` that says nothing but which object it is."""
        params = self.scope(module, method).params
        return self.env(module, method, {params[0].name: (atom,)}, None, None) if params else None

    def functions_called(self, module: int, row: int, env: Env | None = None) -> Iterator[FunctionRef]:
        """The functions of the project that the call at ``row`` may run, constructors included."""
        for atom in functions.called(self, module, row, env):
            yield from functions.callees(self, atom)
