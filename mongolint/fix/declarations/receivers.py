"""How another collection is named where one is: ``db.visits`` beside ``db.users``, ``self.visits`` likewise."""

from __future__ import annotations

import keyword
from collections.abc import Iterator
from typing import TYPE_CHECKING

import libcst as cst

from mongolint.fix.declarations.sites import Site
from mongolint.fix.nofix import NoFix
from mongolint.fix.trees import SourceFile, Tree, descendants, line_start
from mongolint.link.atoms import NONE, UNKNOWN, Client, Collection, Database, Instance, Value
from mongolint.mongo.methods import TABLES
from mongolint.project.indexes import IndexDeclaration
from mongolint.project.model import Project
from mongolint.project.operations import Operation

if TYPE_CHECKING:
    from mongolint.fix.draft import Draft


def beside(draft: Draft, site: Site, query: Operation, quote: str) -> str:
    """The collection of a query, written where the site's call names another one.

    Raises:
        NoFix: it cannot be reached there for certain.
    """
    assert isinstance(site.spec, cst.Call)
    assert isinstance(site.spec.func, cst.Attribute)
    writer = _Writer(draft, site, query, quote)
    facts = draft.project.modules[site.module]
    row = facts.nodes[facts.nodes[site.declared.row][1]][1]
    return writer.write(site.spec.func.value, row)


def same_database(project: Project, declared: IndexDeclaration, database: Database) -> bool:
    """Whether an index is surely declared in a database.

    It is where the names say so, where the project has but one database, and where queries of the declaration's
    collection run in it.
    """
    assert declared.collection is not None
    one = declared.collection.database
    if one.name is not None and database.name is not None:
        return one.name == database.name
    if is_only_database(project):
        return True
    if database.client is None and database.name is None:
        return False
    twin = Collection(database, declared.collection_name)
    return any(
        twin in operation.collections
        for operation in project.operations
        if operation.method.kind != "index" and operation.module not in project.tests
    )


def is_only_database(project: Project) -> bool:
    """Whether a project has no other database than one."""
    return len(_databases(project)) <= 1


def _databases(project: Project) -> set[str]:
    """The databases of a project: their names, or what their names are read from."""
    found: set[str] = set()
    for module, facts in enumerate(project.modules):
        if module in project.tests:
            continue
        for row, node in facts.of_kind("item", "call"):
            is_item = node[0] == "item"
            if is_item or _is_getter(facts.nodes[node[1]]):
                base = node[1] if is_item else facts.nodes[node[1]][1]
                if any(type(atom) is Client for atom in project.link.value(module, base)):
                    key = node[2] if is_item else node[2][0][1] if node[2] else None
                    found.add(_spelled(project, module, row, key))
    named = {c.database.name for o in project.operations if o.module not in project.tests for c in o.collections}
    return found | {name for name in named if name is not None}


def _is_getter(node: tuple[object, ...]) -> bool:
    return node[0] == "attr" and node[2] in ("get_database", "get_default_database")


def _spelled(project: Project, module: int, row: int, key: int | None) -> str:
    names = [a.name for a in project.link.value(module, row) if type(a) is Database and a.name is not None]
    if names:
        return names[0]
    node = project.link.node(module, key) if key is not None else ("", "", "")
    return f"<{node[2] if node[0] in ('attr', 'free', 'from', 'item', 'param') else node[0]}>"


class _Writer:
    """Writes the collection of a query at a site."""

    def __init__(self, draft: Draft, site: Site, query: Operation, quote: str) -> None:
        assert query.collection is not None
        assert query.collection.name is not None
        self.draft = draft
        self.link = draft.project.link
        self.site = site
        self.module = site.module
        self.facts = draft.project.modules[site.module]
        self.query = query
        self.collection = query.collection
        self.name = query.collection.name
        self.quote = quote
        self.scope = next(call.scope for call in self.facts.calls if call.row == site.declared.row)

    def write(self, node: cst.BaseExpression, row: int) -> str:
        tree = self.site.tree
        value = self.facts.nodes[row]
        if isinstance(node, cst.Attribute) and value[0] == "attr" and self._is_database(value[1]):
            return member(tree.text(node.value), self.name, self.quote, attribute=True)
        if isinstance(node, cst.Subscript) and value[0] == "item" and self._is_database(value[1]):
            return member(tree.text(node.value), self.name, self.quote, attribute=False)
        if isinstance(node, cst.Attribute) and value[0] == "attr" and isinstance(node.value, cst.Name):
            return self._attribute(node, value[1])
        if isinstance(node, cst.Name):
            return self._variable(node, row)
        if isinstance(node, cst.Call) and value[0] == "call":
            return self._getter(tree, node, row)
        raise NoFix(f"how {self.name} is reached where the indexes are declared is not clear")

    def _is_database(self, row: int) -> bool:
        """Whether a row is the database that the query runs in."""
        value = self.link.value(self.module, row)
        if not any(type(atom) is Database for atom in value):
            return self._is_guessed(row, value)
        self._check_database()
        return True

    def _check_database(self) -> None:
        if not same_database(self.draft.project, self.site.declared, self.collection.database):
            raise NoFix("whether the indexes are declared in the same database is not clear")

    def _is_guessed(self, row: int, value: Value) -> bool:
        """An untraced ``db``, of which the query takes its collection in the same way."""
        if any(atom not in (UNKNOWN, NONE) for atom in value) or self.query.confidence == "known":
            return False
        facts = self.draft.project.modules[self.query.module]
        function = facts.nodes[facts.nodes[self.query.row][1]]
        receiver = facts.nodes[function[1]] if function[0] == "attr" else ("",)
        here = self.facts.nodes[row]
        there = facts.nodes[receiver[1]] if receiver[0] in ("attr", "item") else ("",)
        named = [node[2] for node in (here, there) if node[0] in ("attr", "param", "free", "from")]
        return len(named) == 2 and str(named[0]).strip("_") == str(named[1]).strip("_")

    def _attribute(self, node: cst.Attribute, base: int) -> str:
        """``self.visits`` beside ``self.users``, set where that is set."""
        holder = self.link.enclosing_method(self.module, self.scope)
        if holder is None or self.facts.nodes[base][0] != "param":
            raise NoFix(f"how {self.name} is reached where the indexes are declared is not clear")
        cls, method = holder
        params = self.link.scope(self.module, method).params
        if not params or not isinstance(node.value, cst.Name) or node.value.value != params[0].name:
            raise NoFix(f"how {self.name} is reached where the indexes are declared is not clear")
        stores = [
            store
            for store in self.facts.stores
            if isinstance(store.name, str)
            and self.facts.nodes[store.base][0] == "param"
            and self.link.method_class(self.module, store.scope) == cls
        ]
        beside = {store.scope for store in stores if store.name == node.attr.value}
        for store in stores:
            if store.scope in beside and self._is_ours(self.link.attribute(Instance(*cls), str(store.name))):
                return f"{node.value.value}.{store.name}"
        raise NoFix(f"the class that declares the indexes does not hold {self.name}")

    def _is_ours(self, value: Value) -> bool:
        found = [atom for atom in value if atom != NONE]
        if len(found) != 1 or type(found[0]) is not Collection or found[0].name != self.name:
            return False
        return found[0] == self.collection or same_database(
            self.draft.project, self.site.declared, self.collection.database
        )

    def _variable(self, node: cst.Name, row: int) -> str:
        """The collection's own variable, or what the neighbour's variable is made from, said for it."""
        before = self.site.tree.span(self.site.statement)[0]
        scope = self.facts.scopes[self.scope]
        if self.scope > 0 and node.value in scope.defs:
            for name, bound in scope.defs.items():
                if self._is_bound_once(name, before) and self._is_ours(self.link.value(self.module, bound[0])):
                    return name
            source = self._source(node.value)
            if source is not None and self._is_bound_once(node.value, before) and self._holds_still(source, before):
                return self.write(source, row)
            raise NoFix(f"{self.name} has no variable where the indexes are declared")
        for name in self.facts.scopes[0].final:
            if self._is_ours(self.link.global_name(self.module, name)) and not self._is_hidden(name):
                if self.scope > 0 or self._is_bound_before(name, before):
                    return name
        raise NoFix(f"{self.name} has no name in the module that declares the indexes")

    def _source(self, name: str) -> cst.BaseExpression | None:
        """What a variable of the function is made from."""
        tree = self.site.tree
        function = tree.nearest(self.site.spec, cst.FunctionDef)
        for node in descendants(function) if function is not None else ():
            if isinstance(node, cst.Assign) and len(node.targets) == 1:
                target = node.targets[0].target
                if isinstance(target, cst.Name) and target.value == name and not isinstance(node.value, cst.Name):
                    return node.value
        return None

    def _is_bound_before(self, name: str, offset: int) -> bool:
        if self.facts.nodes[self.facts.scopes[0].final[name]][0] == "from":
            return True
        span = binding(self.draft.file(self.module), name)
        return span is not None and span[1] < offset

    def _is_hidden(self, name: str) -> bool:
        """Whether a function around the site has a variable of that name."""
        scope = self.scope
        while scope > 0:
            entry = self.facts.scopes[scope]
            if entry.kind != "class" and name in entry.defs:
                return True
            scope = entry.parent
        return False

    def _is_bound_once(self, name: str, before: int) -> bool:
        """Whether a name of the function means one thing throughout, and is bound before an offset."""
        rows = self.facts.scopes[self.scope].defs.get(name, [])
        if len(rows) != 1:
            return False
        if self.facts.nodes[rows[0]][0] == "param":
            return True
        source = self._source(name)
        return source is not None and self.site.tree.span(source)[1] < before

    def _holds_still(self, source: cst.BaseExpression, before: int) -> bool:
        """Whether the names in an expression mean the same later in the function."""
        defs = self.facts.scopes[self.scope].defs
        return all(name not in defs or self._is_bound_once(name, before) for name in _names(source))

    def _getter(self, tree: Tree, node: cst.Call, row: int) -> str:
        """``get_collection("visits")`` beside ``get_collection("users")``."""
        held = [atom for atom in self.link.value(self.module, row) if type(atom) is Collection]
        strings = [arg.value for arg in node.args if isinstance(arg.value, cst.SimpleString)]
        if len(node.args) != 1 or len(strings) != 1 or len(held) != 1 or strings[0].evaluated_value != held[0].name:
            raise NoFix(f"how {self.name} is reached where the indexes are declared is not clear")
        self._check_database()
        (start, _), (inner, end) = tree.span(node), tree.span(strings[0])
        text = tree.file_text
        return text[start:inner] + self.quote + self.name + self.quote + text[end : tree.span(node)[1]]


def member(database: str, name: str, quote: str, *, attribute: bool) -> str:
    """A collection of a database: as an attribute where that is possible and wanted."""
    if attribute and name.isidentifier() and not keyword.iskeyword(name) and not name.startswith("_"):
        if name not in TABLES["database"] and name not in ("name", "client", "codec_options"):
            return f"{database}.{name}"
    return f"{database}[{quote}{name}{quote}]"


def binding(file: SourceFile, name: str) -> tuple[int, int] | None:
    """The one statement at a module's top that binds a name; None if there is none, or several."""
    found: list[tuple[int, int]] = []
    for number, (start, end) in enumerate(file.facts.parts):
        if file.text.startswith(name, start) and line_start(file.text, start) == start:
            statement = file.part(number).module.body[0]
            small = statement.body[0] if isinstance(statement, cst.SimpleStatementLine) else None
            targets = [each.target for each in small.targets] if isinstance(small, cst.Assign) else []
            targets += [small.target] if isinstance(small, cst.AnnAssign) else []
            if any(isinstance(target, cst.Name) and target.value == name for target in targets):
                found.append((start, end))
    return found[0] if len(found) == 1 else None


def _names(node: cst.CSTNode) -> Iterator[str]:
    if isinstance(node, cst.Name):
        yield node.value
    for child in node.children:
        yield from _names(child)
