"""The database of Flask-PyMongo, ``mongo.db``: where the application is given to the extension, it is there.

Source: Flask-PyMongo documentation, "Quickstart"; releases before 2.0 find the database by the current application,
hence the application context.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import libcst as cst

from mongolint.fastclasses import NamedTuple
from mongolint.fix.declarations.entrypoints import Entry, above
from mongolint.link.atoms import Database

if TYPE_CHECKING:
    from mongolint.fix.draft import Draft


class Made(NamedTuple):
    """The statement that gives the extension its application.

    ``name``: the variable that holds the extension; ``offset``: above the function that does it, None outside of any;
    ``application``: the variable that holds the application.
    """

    entry: Entry
    name: str
    offset: int | None
    application: str


def made(draft: Draft, database: Database) -> Made | None:
    """Where the only client of the program is made by the extension, in plain sight; None elsewhere."""
    project = draft.project
    sites = project.made_clients.extensions
    if len(sites) != 1 or database.client is not None or any(c.module not in project.tests for c in project.clients):
        return None
    module, row = sites[0]
    tree, call = draft.call(module, row)
    application = call.args[0].value if call.args and call.args[0].keyword is None else None
    statement, function = tree.statement(call), tree.nearest(call, cst.FunctionDef)
    block = tree.parent(statement)
    if not isinstance(statement, cst.SimpleStatementLine) or not isinstance(application, cst.Name):
        return None
    if function is None:
        name = _bound(statement, call)
        if not name or not isinstance(block, cst.Module) or application.value not in _globals(draft, module):
            return None
        entry = Entry(module, tree, tree.line_end(statement), "", "the application", is_async=False, at_import=True)
        return Made(entry, name, None, application.value)
    held = call.func.value if isinstance(call.func, cst.Attribute) and call.func.attr.value == "init_app" else None
    is_plain = (
        function.asynchronous is None and block is function.body and isinstance(tree.parent(function), cst.Module)
    )
    if not isinstance(held, cst.Name) or held.value not in _globals(draft, module) or not is_plain:
        return None
    entry = Entry(module, tree, tree.line_end(statement), tree.indent(statement), "the application", is_async=False)
    file = draft.file(module)
    return Made(entry, held.value, above(file, tree.span(function)[0]), application.value)


def _bound(statement: cst.SimpleStatementLine, call: cst.Call) -> str:
    """The variable that the extension is kept in."""
    only = statement.body[0] if len(statement.body) == 1 else None
    if isinstance(only, cst.Assign) and only.value is call and len(only.targets) == 1:
        target = only.targets[0].target
        return target.value if isinstance(target, cst.Name) else ""
    return ""


def _globals(draft: Draft, module: int) -> set[str]:
    return set(draft.project.modules[module].scopes[0].final)
