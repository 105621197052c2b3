"""``ensure_indexes`` for indexes that nothing makes yet: the function, and its call where the program starts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import libcst as cst

from mongolint.fastclasses import dataclass
from mongolint.fix.declarations import entrypoints, extensions, receivers
from mongolint.fix.declarations.entrypoints import Entry, above, gap
from mongolint.fix.declarations.keys import plain
from mongolint.fix.imports import is_taken
from mongolint.fix.nofix import NoFix
from mongolint.fix.trees import line_start
from mongolint.link.atoms import Database
from mongolint.project.advice.patterns import Keys
from mongolint.project.operations import Operation

if TYPE_CHECKING:
    from mongolint.fix.draft import Draft

_NAME = "ensure_indexes"
_DOC = '"""Build the indexes that queries need; one that exists already is left alone."""'

# Calls that make indexes, by the name of the database and in a module
Calls = Callable[[str, int | None], Sequence[str]]


@dataclass(frozen=True, slots=True)
class Home:
    """Where a database is. ``database``: what it is called there; ``offset``: where a function that uses it may stand.

    ``argument``: what is passed to that function, if the database is no global.
    """

    module: int
    offset: int
    database: str
    argument: str = ""


def create(draft: Draft, query: Operation, keys: Keys, options: Mapping[str, Any]) -> None:
    """Declare an index in a function of its own, and call that.

    Raises:
        NoFix: the database or the start of the program is not found for certain.
    """
    assert query.collection is not None
    assert query.collection.name is not None
    name = query.collection.name

    def calls(database: str, module: int | None) -> list[str]:
        return [f"{receivers.member(database, name, chr(34), attribute=True)}.create_index({plain(keys, options)})"]

    try:
        put(draft, query.collection.database, calls)
    except NoFix as why:
        raise NoFix(f"the project declares no index, and {why}") from None


def put(draft: Draft, database: Database, calls: Calls) -> None:
    """Write the function that makes indexes of a database, and its call.

    Raises:
        NoFix: the database or the start of the program is not found for certain.
    """
    is_async = database.flavour in ("async", "motor")
    home = module_database(draft, database)
    extension = extensions.made(draft, database) if home is None else None
    if extension is not None:
        _behind_extension(draft, extension, calls)
        return
    shown = home.database if home else "db"
    given = "" if home else shown
    told = f"# Call it where the application starts: {'await ' if is_async else ''}{_NAME}({given})\n"
    draft.text = told + _function(shown, calls(shown, None), is_async, "    ", home is None)
    if database.flavour not in ("sync", "async", "motor"):
        raise NoFix("which driver runs this query is not known")
    entry = entrypoints.find(draft, home.module if home else None)
    if home is None:
        home = local_database(draft, database, entry)
    if is_async and not entry.is_async:
        raise NoFix(f"{entry.what} cannot await one")
    file = draft.file(home.module)
    if is_taken(file, _NAME):
        raise NoFix(f"the name {_NAME} means something else in {draft.project.path(home.module)}")
    lines = calls(home.database, home.module)
    text = _function(home.database, lines, is_async, file.step, bool(home.argument))
    name = _NAME
    if entry.module != home.module:
        name = entrypoints.import_from(draft, entry.module, home.module, _NAME)
    call = f"{'await ' if is_async else ''}{name}({home.argument})\n"
    _write(draft, home, entry, text, call)


def _behind_extension(draft: Draft, made: extensions.Made, calls: Calls) -> None:
    """Where Flask-PyMongo is given the application, whose context it needs."""
    entry, database = made.entry, f"{made.name}.db"
    file = draft.file(entry.module)
    text = draft.text = _function(database, calls(database, entry.module), False, file.step, False)
    if is_taken(file, _NAME):
        raise NoFix(f"the name {_NAME} means something else in {draft.project.path(entry.module)}")
    call = f"with {made.application}.app_context():\n{entry.indent}{file.step}{_NAME}()\n"
    offset = _behind_definition(draft, entry.module, made.name) if made.offset is None else made.offset
    _write(draft, Home(entry.module, offset, database), entry, text, call)


def _write(draft: Draft, home: Home, entry: Entry, text: str, call: str) -> None:
    source = draft.file(home.module).text
    at_end = not source[home.offset :].strip()
    if entry.at_import and entry.module == home.module and entry.offset <= home.offset:
        # The call runs while the module is imported, when the function has to be there
        call = f"\n\n{call}" if at_end else f"\n\n{call}\n\n"
        content = text + call
    else:
        content = text if at_end else text + "\n\n"
        entry.insert(draft, call)
    draft.insert(home.module, home.offset, gap(source[: home.offset]) + content)


def _function(database: str, calls: Sequence[str], is_async: bool, step: str, takes_it: bool) -> str:
    head, wait = ("async def", "await ") if is_async else ("def", "")
    parameter = database if takes_it else ""
    lines = "".join(f"{step}{wait}{call}\n" for call in calls)
    return f"{head} {_NAME}({parameter}){'' if takes_it else ' -> None'}:\n{step}{_DOC}\n{lines}"


def module_database(draft: Draft, database: Database) -> Home | None:
    """The one module that makes the database and keeps it under a name.

    Raises:
        NoFix: there are several.
    """
    project = draft.project
    exact: list[tuple[int, str]] = []
    similar: list[tuple[int, str]] = []
    for module, facts in enumerate(project.modules):
        if module in project.tests:
            continue
        for name, row in facts.scopes[0].final.items():
            if facts.nodes[row][0] in ("call", "item", "attr", "typed"):
                value = project.link.global_name(module, name)
                if len(value) == 1 and type(value[0]) is Database:
                    similar.append((module, name))
                    if value[0] == database and database.client is not None:
                        exact.append((module, name))
    found = exact or similar
    if not found:
        return None
    module, name = found[0]
    if len({m for m, _ in found}) > 1:
        raise NoFix("its database is made in several places")
    held = project.link.global_name(module, name)[0]
    is_named = held.name is not None and held.name == database.name
    is_only = database.client is None and database.name is None and receivers.is_only_database(project)
    if held.flavour != database.flavour or not (exact or is_named or is_only):
        raise NoFix("where this database is made is not clear")
    return Home(module, _behind_definition(draft, module, name), name)


def _behind_definition(draft: Draft, module: int, name: str) -> int:
    """Before the first function or other block that follows where a module binds a name."""
    file = draft.file(module)
    facts = file.facts
    span = receivers.binding(file, name)
    if span is None:
        raise NoFix("its database is made under a condition")
    for number, (start, _) in enumerate(facts.parts):
        if start > span[1] and line_start(file.text, start) == start:
            if not isinstance(file.part(number).module.body[0], cst.SimpleStatementLine):
                return above(file, start)
    if file.text and file.text[-1] not in "\r\n":
        raise NoFix("the file does not end with a line break")
    return len(file.text)


def local_database(draft: Draft, database: Database, entry: Entry) -> Home:
    """The database that the start-up function itself makes and keeps."""
    if entry.function is None:
        raise NoFix("no module keeps the database under a name")
    tree = entry.tree
    facts = draft.project.modules[entry.module]
    rows = {span: row for row, span in facts.spans.items()}
    for statement in entry.function.body.body:
        if tree.span(statement)[0] >= entry.offset or not isinstance(statement, cst.SimpleStatementLine):
            continue
        for small in statement.body:
            if isinstance(small, cst.Assign) and len(small.targets) == 1:
                target, row = small.targets[0].target, rows.get(tree.span(small.value))
                value = draft.project.link.value(entry.module, row) if row is not None else ()
                if value == (database,) and isinstance(target, cst.Name | cst.Attribute):
                    offset = above(draft.file(entry.module), tree.span(entry.function)[0])
                    return Home(entry.module, offset, "db", tree.text(target))
    raise NoFix("no module keeps the database under a name")
