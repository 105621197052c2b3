"""Where a program starts: a FastAPI lifespan or start-up handler, a Flask application, a script's main block."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import libcst as cst

from mongolint.fastclasses import dataclass
from mongolint.fix.imports import head, is_taken
from mongolint.fix.limits import add_keyword
from mongolint.fix.nofix import NoFix
from mongolint.fix.trees import SourceFile, Tree, descendants, line_end, line_start
from mongolint.link.atoms import External, ExternalObject, FunctionRef

if TYPE_CHECKING:
    from mongolint.facts.shapes import ModuleFacts
    from mongolint.fix.draft import Draft
    from mongolint.link.atoms import Value

# Other servers import the application, and do not run its main block
_SERVERS = ("run", "run_app", "run_simple", "serve", "serve_forever")
_CONTEXT_MANAGERS = ("contextlib.asynccontextmanager",)
_FASTAPI = ("fastapi.FastAPI", "fastapi.applications.FastAPI")
_FLASK = ("flask.Flask", "flask.app.Flask")


@dataclass(frozen=True, slots=True)
class Entry:
    """A place that runs once, when the program starts.

    ``at_import``: outside of any function. ``application``: the call that makes an application without a lifespan
    function, which is still to be written.
    """

    module: int
    tree: Tree
    offset: int
    indent: str
    what: str
    is_async: bool
    at_import: bool = False
    function: cst.FunctionDef | None = None
    application: int | None = None

    def insert(self, draft: Draft, line: str) -> None:
        """Put a line there; it ends with a line break."""
        if self.application is None:
            draft.insert(self.module, self.offset, self.indent + line)
            return
        manager = draft.need(self.module, "contextlib", "asynccontextmanager")
        body = f"{self.indent}{line}{self.indent}yield\n"
        head = f"async def lifespan(app: {_class_name(draft, self)}) -> {_iterator(draft, self.module)}[None]:\n"
        text = self.tree.file_text[: self.offset]
        draft.insert(self.module, self.offset, f"{gap(text)}@{manager}\n{head}{body}\n\n")
        add_keyword(draft, self.module, self.application, "lifespan", "lifespan")


def gap(text: str) -> str:
    """The line breaks that lack between a text and a function below it."""
    ends = text.replace("\r\n", "\n")
    return "\n" * max(0, 3 - (len(ends) - len(ends.rstrip("\n")))) if ends.strip() else ""


def find(draft: Draft, home: int | None) -> Entry:
    """The start of the program; ``home``: the module that makes the database.

    Raises:
        NoFix: it is not found for certain.
    """
    applications = draft.project.reachability.entrypoints.applications
    found = [each for each in applications if each.name in (*_FASTAPI, *_FLASK)]
    if len(found) > 1:
        raise NoFix("there are several applications")
    if found:
        write = _fastapi if found[0].name in _FASTAPI else _flask
        return write(draft, found[0].module, found[0].row)
    return _script(draft, home)


def _definition(draft: Draft, module: int, scope: int) -> tuple[Tree, cst.FunctionDef, cst.IndentedBlock]:
    span = draft.project.modules[module].scopes[scope].name_span
    tree = draft.file(module).tree(span[0])
    function = tree.parent(tree.at(span, cst.Name))
    if not isinstance(function, cst.FunctionDef) or not isinstance(function.body, cst.IndentedBlock):
        raise NoFix("its place in the code was not found again")
    return tree, function, function.body


# FastAPI


def _fastapi(draft: Draft, module: int, row: int) -> Entry:
    link = draft.project.link
    for keyword, given in link.node(module, row)[2]:
        if keyword == "lifespan":
            value = link.value(module, given)
            if len(value) == 1 and type(value[0]) is FunctionRef:
                return _lifespan(draft, value[0].module, value[0].scope)
            raise NoFix("what the application runs when it starts is not clear")
        if keyword in ("**", "on_startup"):
            raise NoFix("what the application runs when it starts is not clear")
    for setter, value in _set_afterwards(draft):
        if setter == module and len(value) == 1 and type(value[0]) is FunctionRef:
            return _lifespan(draft, value[0].module, value[0].scope)
        raise NoFix("what the application runs when it starts is not clear")
    for handler_module, scope in _start_handlers(draft):
        return _handler(draft, handler_module, scope)
    return _new_lifespan(draft, module, row)


def _set_afterwards(draft: Draft) -> Iterator[tuple[int, Value]]:
    """What an application that is made already is given: ``app.router.lifespan_context = lifespan``."""
    project = draft.project
    for module, facts in enumerate(project.modules):
        for store in facts.stores if module not in project.tests else ():
            if store.name == "lifespan_context":
                yield module, project.link.value(module, store.value)


def _new_lifespan(draft: Draft, module: int, row: int) -> Entry:
    """Above the function or statement that makes the application."""
    for facts in draft.project.modules:
        names = {node[2] for _, node in facts.of_kind("attr")}
        if names & _TURNED_OFF or any(
            keyword in _TURNED_OFF for call in facts.calls for keyword, _ in facts.nodes[call.row][2]
        ):
            raise NoFix("the application has handlers that a lifespan function would turn off")
    file = draft.file(module)
    if is_taken(file, "lifespan"):
        raise NoFix("the name lifespan means something else where the application is made")
    span = file.facts.spans[row]
    start = next(start for start, end in file.facts.parts if start <= span[0] <= end)
    tree, call = draft.call(module, row)
    if line_start(file.text, start) != start or not isinstance(call.func, cst.Name | cst.Attribute):
        raise NoFix("where the application is made is not clear")
    return Entry(module, tree, above(file, start), file.step, "lifespan", is_async=True, application=row)


_TURNED_OFF = frozenset(["on_event", "add_event_handler", "on_startup", "on_shutdown", "lifespan_context"])


def _class_name(draft: Draft, entry: Entry) -> str:
    assert entry.application is not None
    tree, call = draft.call(entry.module, entry.application)
    return tree.text(call.func)


def _iterator(draft: Draft, module: int) -> str:
    """The type of what a lifespan function gives, as the module has it already."""
    try:
        return draft.need(module, "collections.abc", "AsyncIterator")
    except NoFix:
        return draft.need(module, "typing", "AsyncIterator")


def above(file: SourceFile, start: int) -> int:
    """Above the decorators and comments of what starts at a module's top."""
    text = file.text
    ends = [line_end(text, end) for _, end in file.facts.parts if end < start]
    between = text[max(ends, default=0) : line_start(text, start)]
    lines = between.splitlines(keepends=True)
    first = next((number for number, line in enumerate(lines) if line.startswith("@")), len(lines))
    while first > 0 and lines[first - 1].startswith("#"):
        first -= 1
    return line_start(text, start) - sum(map(len, lines[first:]))


def _lifespan(draft: Draft, module: int, scope: int) -> Entry:
    facts = draft.project.modules[module]
    entry = facts.scopes[scope]
    decorators = [a for row in entry.decorators for a in draft.project.link.value(module, row)]
    if not any(type(a) is External and a.name in _CONTEXT_MANAGERS for a in decorators) or not entry.is_async:
        raise NoFix(f"{entry.name} is not a plain lifespan function")
    tree, function, body = _definition(draft, module, scope)
    holders = [each for each in body.body if any(isinstance(n, cst.Yield) for n in descendants(each))]
    if len(holders) != 1 or any(isinstance(n, cst.Return) for n in descendants(function)):
        raise NoFix(f"{entry.name} is not a plain lifespan function")
    statement = tree.statement(holders[0]) if isinstance(holders[0], cst.SimpleStatementLine) else holders[0]
    where = (tree.line_start(statement), tree.indent(statement))
    return Entry(module, tree, *where, entry.name, is_async=True, function=function)


def _start_handlers(draft: Draft) -> Iterator[tuple[int, int]]:
    """Functions decorated with ``@app.on_event("startup")``."""
    project = draft.project
    for module, facts in enumerate(project.modules):
        if module in project.tests:
            continue
        for number, scope in enumerate(facts.scopes):
            if any(_is_start_event(draft, module, facts, row) for row in scope.decorators):
                yield module, number


def _is_start_event(draft: Draft, module: int, facts: ModuleFacts, row: int) -> bool:
    node = facts.nodes[row]
    if node[0] != "call" or len(node[2]) != 1 or facts.constant(node[2][0][1]) != "startup":
        return False
    function = facts.nodes[node[1]]
    if function[0] != "attr" or function[2] != "on_event":
        return False
    value = draft.project.link.value(module, function[1])
    return any(type(a) is ExternalObject and a.name.startswith("fastapi.") for a in value)


def _handler(draft: Draft, module: int, scope: int) -> Entry:
    """The end of a start-up handler."""
    entry = draft.project.modules[module].scopes[scope]
    tree, function, body = _definition(draft, module, scope)
    if any(isinstance(node, cst.Return) for node in descendants(function)):
        raise NoFix(f"{entry.name} may return before its end")
    last = body.body[-1]
    indent = tree.indent(tree.statement(body.body[0]))
    offset = tree.line_end(last)
    if tree.file_text[offset - 1] not in "\r\n":
        raise NoFix("the file does not end with a line break")
    return Entry(module, tree, offset, indent, entry.name, is_async=entry.is_async, function=function)


# Flask


def _flask(draft: Draft, module: int, row: int) -> Entry:
    """Behind the statement that makes the application."""
    tree, call = draft.call(module, row)
    statement = tree.statement(call)
    if not isinstance(statement, cst.SimpleStatementLine) or len(statement.body) != 1:
        raise NoFix("where the application is made is not clear")
    small = statement.body[0]
    if not isinstance(small, cst.Assign | cst.AnnAssign) or small.value is not call:
        raise NoFix("where the application is made is not clear")
    offset, indent = tree.line_end(statement), tree.indent(statement)
    holder = tree.parent(tree.parent(statement) or statement)
    if isinstance(holder, cst.FunctionDef):
        if holder.asynchronous is not None:
            raise NoFix("where the application is made is not clear")
        return Entry(module, tree, offset, indent, holder.name.value, is_async=False, function=holder)
    if indent or offset >= len(tree.file_text):
        raise NoFix("where the application is made is not clear")
    return Entry(module, tree, offset, "", "the module", is_async=False, at_import=True)


# Scripts


def _script(draft: Draft, home: int | None) -> Entry:
    """The start of ``main()``, or of the block ``if __name__ == "__main__":``."""
    project = draft.project
    blocks = project.reachability.loading.mains
    if len(blocks) != 1:
        raise NoFix("where the program starts is not clear")
    module, rows = next(iter(blocks.items()))
    if any(project.callee_name(module, row) in _SERVERS and not _is_asyncio(draft, module, row) for row in rows):
        raise NoFix("what a server runs when it starts is not clear")
    if home is not None and home != module and project.config.is_script(project.modules[module].path):
        raise NoFix("where the program starts is not clear")
    called = {
        atom
        for row in rows
        for atom in project.link.value(module, project.link.node(module, row)[1])
        if type(atom) is FunctionRef
    }
    if len(called) > 1 or any(atom.module != module for atom in called):
        raise NoFix("where the program starts is not clear")
    if called:
        scope = next(iter(called)).scope
        if any(m != module or r not in rows for m, r, _ in project.link.sites.of(module, scope)):
            raise NoFix(f"{project.modules[module].scopes[scope].name} does not run just once")
        return _start_of(draft, module, scope)
    return _start_of_block(draft, module, rows[0])


def _is_asyncio(draft: Draft, module: int, row: int) -> bool:
    link = draft.project.link
    value = link.value(module, link.node(module, row)[1])
    return any(type(atom) is External and atom.name.partition(".")[0] in ("asyncio", "anyio") for atom in value)


def _start_of(draft: Draft, module: int, scope: int) -> Entry:
    entry = draft.project.modules[module].scopes[scope]
    tree, function, body = _definition(draft, module, scope)
    statements = [*body.body[1:], None] if function.get_docstring() is not None else list(body.body)
    first = statements[0]
    if first is None:
        raise NoFix("where the program starts is not clear")
    start = tree.span(first)[0]
    if isinstance(first, cst.FunctionDef | cst.ClassDef) and first.decorators:
        start = min(start, tree.span(first.decorators[0])[0])
    offset = tree.file_text.rfind("\n", 0, start) + 1
    indent = tree.file_text[offset:start]
    if indent.strip():
        raise NoFix("where the program starts is not clear")
    return Entry(module, tree, offset, indent, entry.name, is_async=entry.is_async, function=function)


def _start_of_block(draft: Draft, module: int, row: int) -> Entry:
    tree, call = draft.call(module, row)
    block = [node for node in tree.ancestors(call) if isinstance(node, cst.If)][-1]
    if (
        not isinstance(block.test, cst.Comparison)
        or not isinstance(tree.parent(block), cst.Module)
        or not isinstance(block.body, cst.IndentedBlock)
    ):
        raise NoFix("where the program starts is not clear")
    first = tree.statement(block.body.body[0])
    offset = tree.line_start(first)
    return Entry(module, tree, offset, tree.indent(first), "the main block", is_async=False)


# Imports between modules of the project


def import_from(draft: Draft, module: int, other: int, name: str) -> str:
    """Import a name of one module of the project into another, as the project imports that module elsewhere.

    Returns:
        What the name is there.

    Raises:
        NoFix: how it is imported is not clear, or it would import in a circle.
    """
    project = draft.project
    here = project.modules[module].path
    target = project.modules[other].path
    for held in head(draft.file(module))[0]:
        if isinstance(held.node, cst.ImportFrom) and held.package:
            if project.link.imports.resolve(here, held.package) == target:
                return draft.need(module, held.package, name)
    if module in project.reachability.loading.imported_by(other):
        raise NoFix("importing the function would be circular")
    for facts in project.modules:
        for dotted, _, level in facts.imports:
            if dotted and not level and project.link.imports.resolve(here, dotted) == target:
                return draft.need(module, dotted, name)
    for dotted in _beside(draft, other):
        if project.link.imports.resolve(here, dotted) == target:
            return draft.need(module, dotted, name)
    raise NoFix(f"how {project.path(other)} is imported is not clear")


def _beside(draft: Draft, module: int) -> Iterator[str]:
    """What a module is called when it is imported like those beside it."""
    project = draft.project
    folder, _, name = project.modules[module].path.rpartition("/")
    for facts in project.modules:
        for dotted, _, level in facts.imports:
            path = project.link.imports.resolve(facts.path, dotted) if dotted and not level else None
            if path is not None and path.rpartition("/")[0] == folder:
                package = dotted if path.endswith("/__init__.py") else dotted.rpartition(".")[0]
                yield f"{package}.{name}".removeprefix(".").removesuffix(".py")
