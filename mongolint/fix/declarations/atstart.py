"""What makes indexes, run where the application starts: the call of what nobody calls, what each request runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field
from typing import TYPE_CHECKING

import libcst as cst

from mongolint.facts.shapes import Scope
from mongolint.fastclasses import dataclass
from mongolint.fix.declarations import entrypoints, receivers, startup
from mongolint.fix.declarations.entrypoints import Entry
from mongolint.fix.nofix import NoFix
from mongolint.fix.trees import descendants
from mongolint.link import functions
from mongolint.link.atoms import ClassRef, Client, Database, External, FunctionRef, Instance, Value
from mongolint.mongo.drivers import CONSTANTS
from mongolint.project.operations import Operation

if TYPE_CHECKING:
    from mongolint.fix.draft import Draft

_MAX_DEPTH = 4


# The call of a function that nobody calls


def call(draft: Draft, module: int, scope: int) -> None:
    """See `Draft.call_at_start`."""
    project = draft.project
    function = project.modules[module].scopes[scope]
    if scope == 0 or project.is_script(module):
        raise NoFix("it stands in a script, and the application should not import one")
    if function.kind != "function" or function.yields:
        raise NoFix("it is no function that can be called")
    _only_indexes(draft, module, scope)
    entry = entrypoints.find(draft, module)
    if function.is_async and not entry.is_async:
        raise NoFix(f"{entry.what} cannot await it")
    if entry.at_import and entry.module == module and function.name_span[0] > entry.offset:
        raise NoFix("it is defined below the place where the application is made")
    callee = _Callee(draft, entry, module, function)
    written = callee.written()
    if not callee.given:
        _check_connected(draft, [(module, scope), *callee.made], entry)
    entry.insert(draft, f"{'await ' if function.is_async else ''}{written}\n")


def _only_indexes(draft: Draft, module: int, scope: int) -> None:
    """Raises: NoFix: the function changes more than indexes."""
    inside = _run_by(draft, [(module, scope)])
    for operation in draft.project.operations:
        if (operation.module, operation.scope) in inside:
            if operation.method.kind == "write" or operation.name in ("drop", "drop_indexes", "rename"):
                raise NoFix(f"it also runs {operation.name} on {operation.target}")


def _check_connected(draft: Draft, called: Sequence[tuple[int, int]], entry: Entry) -> None:
    """Raises: NoFix: the database that functions find by themselves may not be there yet."""
    project = draft.project
    inside = _run_by(draft, called)
    imported = [(each, 0) for each in range(len(project.modules)) if each not in project.tests]
    ready = inside | _run_by(draft, [place for place in imported if not project.is_script(place[0])])
    if entry.function is not None:
        name = entry.tree.span(entry.function.name)
        scopes = project.modules[entry.module].scopes
        ready |= _run_by(draft, [(entry.module, each.index) for each in scopes if each.name_span == name])
    for operation in project.operations:
        if operation.method.kind == "index" and (operation.module, operation.scope) in inside:
            clients = {collection.database.client for collection in operation.collections}
            if not all(client is not None and _maker(draft, client) in ready for client in clients):
                raise NoFix("where its database is connected is not clear")


def _maker(draft: Draft, client: Client) -> tuple[int, int] | None:
    """The function that makes a client, 0 for a module's own code; None if it is not seen."""
    calls = draft.project.modules[client.module].calls if client.row >= 0 else ()
    return next(((client.module, call.scope) for call in calls if call.row == client.row), None)


def _run_by(draft: Draft, start: Sequence[tuple[int, int]]) -> set[tuple[int, int]]:
    """The functions that functions run, themselves included."""
    link = draft.project.link
    found = set(start)
    level = list(start)
    for _ in range(_MAX_DEPTH):
        called = {
            (function.module, function.scope)
            for module, scope in level
            for held in link.modules[module].calls
            if held.scope == scope and not (scope == 0 and draft.project.is_main_block(module, held.context))
            for function in link.functions_called(module, held.row)
        }
        level = sorted(called - found)
        found |= called
    return found


@dataclass(slots=True)
class _Callee:
    """A function to be called at the start, with what that needs there.

    ``given``: it gets its database passed. ``made``: the constructor of the object it is called on.
    """

    draft: Draft
    entry: Entry
    module: int
    function: Scope
    given: bool = False
    made: list[tuple[int, int]] = field(default_factory=list)

    def written(self) -> str:
        """The call. Raises: NoFix: what it is called on, or given, is not clear."""
        link = self.draft.project.link
        cls = link.method_class(self.module, self.function.index)
        ref = FunctionRef(self.module, self.function.index)
        if cls is None:
            if self.function.parent != 0:
                raise NoFix("it is defined inside another function")
            arguments = self._arguments(self.module, self.function, 0)
            return f"{self._named(self.module, self.function.name)}({arguments})"
        if link.hierarchy.is_static(ref) or link.hierarchy.is_class_method(ref):
            owner = self._named(cls.module, self._class_name(cls))
            arguments = self._arguments(self.module, self.function, int(link.hierarchy.is_class_method(ref)))
        else:
            owner = self._object(cls)
            arguments = self._arguments(self.module, self.function, 1)
        return f"{owner}.{self.function.name}({arguments})"

    def _class_name(self, cls: ClassRef) -> str:
        scope = self.draft.project.link.scope(*cls)
        if scope.parent != 0:
            raise NoFix(f"{scope.name} is defined inside another class or function")
        return scope.name

    def _object(self, cls: ClassRef) -> str:
        """The one object of a class that a module keeps, or a new one."""
        link = self.draft.project.link
        kept = [
            (module, name)
            for module, facts in enumerate(link.modules)
            if module not in link.tests and not self.draft.project.is_script(module)
            for name, row in facts.scopes[0].final.items()
            if facts.nodes[row][0] == "call" and _is_object(link.global_name(module, name), cls)
        ]
        init = link.hierarchy.find(cls, "__init__")
        self.made = [(init.module, init.scope)] if init is not None else []
        if len(kept) == 1:
            return self._named(*kept[0])
        if kept or (init is None and any(True for _ in link.hierarchy.external_bases(cls))):
            raise NoFix(f"which {self._class_name(cls)} to call it on is not clear")
        arguments = self._arguments(init.module, link.scope(init.module, init.scope), 1) if init is not None else ""
        return f"{self._named(cls.module, self._class_name(cls))}({arguments})"

    def _arguments(self, module: int, function: Scope, skipped: int) -> str:
        """What a function has to be given: databases and nothing else."""
        found: list[str] = []
        for param in function.params[skipped:]:
            if param.default is not None or param.kind in ("*", "**"):
                continue
            value = functions.parameter(self.draft.project.link, module, function.index, param.name)
            databases = {atom for atom in value if type(atom) is Database}
            if not databases:
                raise NoFix(f"what to pass as {param.name} of {function.name} is not clear")
            text = self._database(_best(databases))
            self.given = True
            found.append(f"{param.name}={text}" if param.kind == "keyword" else text)
        return ", ".join(found)

    def _database(self, database: Database) -> str:
        home = startup.module_database(self.draft, database)
        if home is not None:
            return self._named(home.module, home.database)
        return startup.local_database(self.draft, database, self.entry).argument

    def _named(self, module: int, name: str) -> str:
        """A name of a module, where the application starts; imports it if need be."""
        if module == self.entry.module:
            return name
        return entrypoints.import_from(self.draft, self.entry.module, module, name)


def _is_object(value: Value, cls: ClassRef) -> bool:
    return len(value) == 1 and type(value[0]) is Instance and ClassRef(*value[0][:2]) == cls


def _best(databases: set[Database]) -> Database:
    """Of several ways to see a database the one that says most."""
    return max(databases, key=lambda database: (database.client is not None, database.name is not None, str(database)))


# What each request runs


def move(draft: Draft, operations: Sequence[Operation]) -> None:
    """See `Draft.move_to_start`."""
    collections = [operation.collection for operation in operations]
    databases = {collection.database for collection in collections if collection is not None}
    if None in collections or len(databases) != 1:
        raise NoFix("on which collection it runs is known only at run time")
    moved = [_Moved(draft, operation) for operation in operations]
    for each in moved:
        each.check()
    database = databases.pop()
    if startup.module_database(draft, database) is None:
        raise NoFix("no module keeps the database under a name")
    startup.put(draft, database, lambda name, module: [each.written(name, module) for each in moved])
    for each in moved:
        each.take_out(moved)


class _Moved:
    """A statement that makes an index."""

    def __init__(self, draft: Draft, operation: Operation) -> None:
        self.draft = draft
        self.operation = operation
        self.tree, self.call = draft.call(operation.module, operation.row)
        self.statement = self.tree.statement(self.call)
        self.block = self.tree.parent(self.statement)

    def check(self) -> None:
        """Raises: NoFix: it cannot be taken out, or means something else elsewhere."""
        held = self.tree.parent(self.call)
        if isinstance(held, cst.Await):
            held = self.tree.parent(held)
        if not isinstance(held, cst.Expr) or self.tree.parent(held) is not self.statement:
            raise NoFix("its result is used")
        if not isinstance(self.statement, cst.SimpleStatementLine) or len(self.statement.body) != 1:
            raise NoFix("the statement shares its line with another")
        holder = self.tree.parent(self.block) if self.block is not None else None
        if not isinstance(holder, cst.FunctionDef | cst.For):
            raise NoFix("it is part of another statement")
        start, end = self.tree.line_start(self.statement), self.tree.line_end(self.statement)
        if "#" in self.tree.file_text[start:end]:
            raise NoFix("a comment goes with it")
        for arg in self.call.args:
            plain = all(each.value in _LITERALS or self._constant(each) for each in self._names(arg))
            if arg.star or not plain:
                raise NoFix("its arguments are made where it stands")

    def _names(self, arg: cst.Arg) -> list[cst.Name]:
        return [node for node in descendants(arg.value) if isinstance(node, cst.Name)]

    def _constant(self, node: cst.Name) -> str | None:
        """The full name of a constant of the driver that a name means."""
        facts = self.draft.project.modules[self.operation.module]
        row = facts.scopes[0].final.get(node.value)
        value = self.draft.project.link.value(self.operation.module, row) if row is not None else ()
        names = [atom.name for atom in value if type(atom) is External and atom.name in CONSTANTS]
        return names[0] if len(names) == 1 and len(value) == 1 else None

    def written(self, database: str, module: int | None) -> str:
        """The same call on a collection of ``database``; with a module, what it needs is imported there."""
        collection = self.operation.collection
        assert collection is not None
        assert collection.name is not None
        for arg in self.call.args if module not in (None, self.operation.module) else ():
            for node in self._names(arg):
                full = self._constant(node)
                if full is not None and module is not None:
                    if self.draft.need(module, *full.rsplit(".", 1)) != node.value:
                        raise NoFix(f"{node.value} is called otherwise where the database is made")
        receiver = receivers.member(database, collection.name, '"', attribute=True)
        arguments = ", ".join(self.tree.text(arg).rstrip().removesuffix(",") for arg in self.call.args)
        return f"{receiver}.{self.operation.name}({arguments})"

    def take_out(self, moved: Sequence[_Moved]) -> None:
        """Raises: NoFix: nothing would be left of the block."""
        assert isinstance(self.block, cst.IndentedBlock)
        gone = {id(each.statement) for each in moved if each.block is self.block}
        left = [each for each in self.block.body if id(each) not in gone]
        if all(isinstance(each, cst.SimpleStatementLine) and _is_docstring(each) for each in left):
            raise NoFix("nothing else is done there, so that the call of it should go as well")
        start, end = self.tree.line_start(self.statement), self.tree.line_end(self.statement)
        self.draft.replace(self.operation.module, (start, end), "")


_LITERALS = ("True", "False", "None")


def _is_docstring(line: cst.SimpleStatementLine) -> bool:
    texts = (cst.SimpleString, cst.ConcatenatedString)
    return all(isinstance(small, cst.Expr) and isinstance(small.value, texts) for small in line.body)
