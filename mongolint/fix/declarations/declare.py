"""Declares an index that queries need, where and as the project declares its others (MDB104, MDB208).

The place is the last declaration of the same collection, else the function or list that holds the most others.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import libcst as cst

from mongolint.coverage import Index
from mongolint.fix.declarations import elsewhere, names, receivers, sites
from mongolint.fix.declarations.keys import Style, Wanted, plain
from mongolint.fix.declarations.placing import Placing
from mongolint.fix.declarations.sites import Site
from mongolint.fix.nofix import NoFix
from mongolint.link.atoms import Configured
from mongolint.project import verdicts
from mongolint.project.advice.merging import merge
from mongolint.project.advice.patterns import Keys, Pattern
from mongolint.project.advice.redundancy import redundant
from mongolint.project.documents import Place
from mongolint.project.indexes import IndexDeclaration
from mongolint.project.operations import Operation
from mongolint.project.writes.needs import Constraint

if TYPE_CHECKING:
    from mongolint.fix.draft import Draft

_NO_INDEX_SERVES = "an ordinary index on these fields would not serve it"


def _is_collated(draft: Draft, query: Operation) -> bool:
    """Whether the query, or a step of its cursor, names a collation."""
    node = draft.project.modules[query.module].nodes[query.row]
    given = {keyword for keyword, _ in node[2]} if node[0] == "call" else set()
    return "collation" in given or any(step.name == "collation" for step in query.steps)


def declare(draft: Draft, queries: Sequence[Operation], pattern: Pattern, wanted: Wanted) -> None:
    """See `Draft.declare_index`."""
    query = queries[0]
    collection = query.collection
    assert collection is not None
    assert collection.name is not None
    lasting = {
        each: held
        for each, found in wanted.items()
        if (held := [q for q in found if _is_lasting(draft, q)]) and (each == pattern or not _has_need(draft, held))
    }
    merged, options, others = _chosen(draft, collection.name, [*lasting], pattern)
    wait = "await " if query.flavour in ("async", "motor") else ""
    home = wait + receivers.member("db", collection.name, chr(34), attribute=True)
    draft.text = f"{home}.{draft.project.writes.index_code(collection.name, pattern)}"
    own = [index for index in draft.project.indexes if index.collection_name == collection.name]
    if not any(_is_lasting(draft, query) for query in queries):
        raise NoFix("only a script or migration runs this, and the index would outlive it")
    if any(_is_collated(draft, query) for query in queries):
        raise NoFix("the query compares with a collation, which the index has to have too")
    if pattern.weak and merged == pattern.keys:
        raise NoFix("the filter compares no field with a value, so that an index would be read almost whole")
    _check(draft, queries, merged, own, options)
    need = _has_need(draft, queries)
    if need is not None:
        draft.text = f"{home}.{need.code}"
    if need is not None or "unique" in options:
        kind = "unique" if "unique" in (need.options if need is not None else options) else "TTL"
        raise NoFix(f"the {kind} index that another finding declares serves it, too")
    _replace_needless(draft, merged, own, options)
    _put(draft, query, merged, own, others, options)


def _chosen(
    draft: Draft, collection: str, lasting: Sequence[Pattern], pattern: Pattern
) -> tuple[Keys, Mapping[str, Any], set[Keys]]:
    """The index that is suggested for the whole project, or merged of what is wanted; and the keys of the others."""
    merged = merge([*lasting, pattern])
    found: dict[Pattern, tuple[Keys, Mapping[str, Any]]] = {}
    for each, keys in merged.items():
        chosen = draft.project.advice.chosen_for(collection, each)
        found[each] = (chosen.keys, chosen.options) if chosen is not None else (keys, {})
    keys, options = found[pattern]
    return keys, options, {each for each, _ in found.values()} - {keys}


def _has_need(draft: Draft, queries: Sequence[Operation]) -> Constraint | None:
    """The index that the data needs, and that serves these queries as well."""
    name = queries[0].collection.name if queries[0].collection is not None else None
    found = (need for need in draft.project.writes.constraints if need.name == name and not need.doubt)
    return next((need for need in found if _serves(draft, need, queries)), None)


def _serves(draft: Draft, need: Constraint, queries: Sequence[Operation]) -> bool:
    """Whether an index that the data needs bounds all of these queries well."""
    index = Index(need.keys, need.options)
    # A unique key leaves one document; of the end of documents a query may ask for the smaller part of what it compares
    if "unique" not in need.options:
        names = {name for name, _ in need.keys}
        if any({*draft.project.filter_fields(query), *(name for name, _ in query.sort)} - names for query in queries):
            return False
    plans = [verdicts.ask(draft.project.query(query), [index]) for query in queries]
    return all(index in plan.best and plan.selective and len(plan.bounds) == len(need.keys) for plan in plans)


def _replace_needless(draft: Draft, keys: Keys, own: Sequence[IndexDeclaration], options: Mapping[str, Any]) -> None:
    """Take out the declared indexes that the new one serves for.

    Raises: NoFix: one cannot be taken out, and would be needless beside it.
    """
    known = [index for index in own if index.keys and not index.open]
    before = {id(index) for index, _, _ in redundant(known)}
    made: list[IndexDeclaration | Index] = [*known, Index(keys, options)]
    for index, _, _ in redundant(made):
        if isinstance(index, IndexDeclaration) and id(index) not in before:
            if index.source != "code":
                raise NoFix(f"it makes {index.name} needless, which is declared elsewhere")
            draft.remove_index(index)


def declare_on(draft: Draft, collection: str, pattern: Pattern) -> None:
    """See `Draft.declare_index_on`."""
    home = receivers.member("db", collection, chr(34), attribute=True)
    draft.text = f"{home}.create_index({plain(pattern.keys)})"
    project = draft.project
    for need in project.writes.constraints:
        if need.name == collection and need.keys == pattern.keys and not need.doubt:
            draft.text = f"{home}.{need.code}"
            kind = "unique" if "unique" in need.options else "TTL"
            raise NoFix(f"the {kind} index that another finding declares serves it, too")
    there = (o for o in project.operations if o.collection is not None and o.collection.name == collection)
    query = next((operation for operation in there if _is_lasting(draft, operation)), None)
    if query is None:
        raise NoFix("no other code uses the collection, so that where its indexes would be declared is not clear")
    own = [index for index in project.indexes if index.collection_name == collection]
    if any(field.startswith("$") or direction not in (1, -1) for field, direction in pattern.keys):
        raise NoFix(_NO_INDEX_SERVES)
    _put(draft, query, pattern.keys, own, ())


def declare_text(draft: Draft, query: Operation, fields: Sequence[str]) -> None:
    """See `Draft.declare_text_index`."""
    keys = tuple((name, "text") for name in fields)
    name = query.collection_names[0]
    draft.text = f"{receivers.member('db', name, chr(34), attribute=True)}.create_index({plain(keys)})"
    if not _is_lasting(draft, query):
        raise NoFix("only a script or migration runs this, and the index would outlive it")
    if any(not field or any(mark in field for mark in "$\"'\\\n") for field in fields):
        raise NoFix("which fields to search is not clear")
    _put(draft, query, keys, [index for index in draft.project.indexes if index.collection_name == name], ())


def declare_constraint(draft: Draft, operations: Sequence[Operation], constraint: Constraint) -> None:
    """See `Draft.declare_constraint`."""
    if not constraint.keys:
        raise NoFix("which field is the key is not clear")
    if not constraint.name:
        draft.text = constraint.code
        raise NoFix("only the running program knows the name of the collection")
    draft.text = f"{receivers.member('db', constraint.name, chr(34), attribute=True)}.{constraint.code}"
    if constraint.doubt:
        raise NoFix(constraint.doubt)
    if constraint.name.startswith("system."):
        raise NoFix("the server keeps the indexes of its own collections")
    if any(not field or any(mark in field for mark in "$\"'\\\n") for field, _ in constraint.keys):
        raise NoFix("a field is named so that it cannot be indexed")
    known = [operation for operation in operations if operation.collection is not None]
    if not known:
        raise NoFix("the collection is known only where the function is called")
    own = [index for index in draft.project.indexes if index.collection_name == constraint.name]
    _put(draft, known[0], constraint.keys, own, (), constraint.options)


def _put(
    draft: Draft,
    query: Operation,
    keys: Keys,
    own: Sequence[IndexDeclaration],
    others: Collection[Keys],
    options: Mapping[str, Any] = MappingProxyType({}),
) -> None:
    """Write the declaration. ``own``: what is declared on the collection; ``others``: what is going to be."""
    placed = _Declared(draft, query, keys, own, others, options)
    if placed.own:
        placed.beside_own()
        return
    elsewhere.check(draft, query.collection_names[0], keys, own, options)
    name = query.collection_names[0]
    if type(name) is Configured or not names.is_spelled_out(draft.project, name):
        raise NoFix("the name of the collection is a setting")
    from mongolint.fix.declarations import startup

    try:
        if draft.project.declared_in_code:
            placed.beside_others()
            return
    except NoFix as why:
        text, before = draft.text, len(draft.edits)
        try:
            startup.create(draft, query, keys, options)
        except NoFix:
            del draft.edits[before:]
            draft.text = text
            raise why from None
        return
    startup.create(draft, query, keys, options)


def _is_lasting(draft: Draft, query: Operation) -> bool:
    """Whether a query is one of the application itself."""
    project = draft.project
    return query.module not in project.tests and not project.config.is_script(project.modules[query.module].path)


def _check(
    draft: Draft,
    queries: Sequence[Operation],
    keys: Keys,
    own: Sequence[IndexDeclaration],
    options: Mapping[str, Any],
) -> None:
    """Raises: NoFix: the index would not help, or the server would not make it."""
    name = queries[0].collection_names[0]
    if name.startswith("system."):
        raise NoFix("the server keeps the indexes of its own collections")
    for field, direction in keys:
        if not field or any(mark in field for mark in "$\"'\\\n") or direction not in (1, -1):
            raise NoFix(_NO_INDEX_SERVES)
    for query in queries:
        if any(query.filter.required.get(field) == "elem-match" for field, _ in keys):
            raise NoFix("which fields of the elements to index is not clear")
        place = Place(query.module, query.row, None)
        made = IndexDeclaration(query.module, query.row, place, query.collection, keys, dict(options))
        if verdicts.judge(query, draft.project.query(query), verdicts.Declared([made])).verdict == "unserved":
            raise NoFix(_NO_INDEX_SERVES)
    if any(index.keys == keys for index in own):
        raise NoFix("an index on the same fields is declared with options that keep this filter from using it")


class _Declared:
    """An index to be put beside declared ones."""

    def __init__(
        self,
        draft: Draft,
        query: Operation,
        keys: Keys,
        own: Sequence[IndexDeclaration],
        others: Collection[Keys],
        options: Mapping[str, Any],
    ) -> None:
        self.draft = draft
        self.options = options
        self.project = draft.project
        self.query = query
        self.name = query.collection_names[0]
        self.keys = keys
        self.own = [index for index in own if index.source == "code"]
        self.others = others
        self.taken = {index.name for index in own}

    def beside_own(self) -> None:
        """After the last declaration of the collection, where most of them are."""
        by_module: dict[int, list[IndexDeclaration]] = {}
        for index in self.own:
            by_module.setdefault(index.spelled.module, []).append(index)
        modules = sorted(by_module, key=lambda m: (-len(by_module[m]), self.project.path(m)))
        ordered = [index for m in modules for index in sorted(by_module[m], key=self._from_the_end)]
        attempts = [partial(self._put_own, index) for index in ordered]
        group = [i for i in self.project.declared_in_code if (i.module, i.row) == (self.own[0].module, self.own[0].row)]
        self._first_of([*attempts, *(partial(self._put_listed, index, group) for index in group)])

    def beside_others(self) -> None:
        """After the last declaration of the function or list that holds the most."""
        groups: dict[tuple[int, int], list[IndexDeclaration]] = {}
        for index in self.project.declared_in_code:
            if index.collection_name is not None and index.keys is not None:
                groups.setdefault((index.module, self._scope(index)), []).append(index)
        ordered = sorted(groups.values(), key=lambda g: (-len(g), self.project.path(g[0].module)))
        self._first_of(
            [
                partial(self._put_other, index, group)
                for group in ordered
                for index in sorted(group, key=self._from_the_end)
            ]
        )

    def _first_of(self, attempts: Sequence[Callable[[], None]]) -> None:
        """Make the first attempt that succeeds."""
        reason: NoFix | None = None
        before = len(self.draft.edits)
        for attempt in attempts:
            try:
                attempt()
                return
            except NoFix as why:
                reason = reason or why
                del self.draft.edits[before:]
        raise reason or NoFix("the keys of the declared indexes are made while the program runs")

    def _put_own(self, index: IndexDeclaration) -> None:
        site = self._find(index)
        if site.container is None:
            self._put(site).statement(site, "")
        else:
            self._put(site).element(site)

    def _put_listed(self, index: IndexDeclaration, group: Sequence[IndexDeclaration]) -> None:
        """Put the index into the collection's list in a dict by collection, in the style of another list of it."""
        site = self._find(index)
        table = self._table(site, group)
        for element in table.elements if table is not None else ():
            if isinstance(element, cst.DictElement) and _says(element.key, self.name):
                if isinstance(element.value, cst.List) and element.value.elements:
                    self._put(site).element(replace(site, container=element.value))
                    return
        raise NoFix(f"where the indexes of {self.name} would be declared is not clear")

    def _from_the_end(self, index: IndexDeclaration) -> int:
        return -(self.project.modules[index.spelled.module].spans.get(index.spelled.row) or (0, 0))[0]

    def _scope(self, index: IndexDeclaration) -> int:
        return next((c.scope for c in self.project.modules[index.module].calls if c.row == index.row), 0)

    def _find(self, index: IndexDeclaration) -> Site:
        path = self.project.path(index.spelled.module)
        if any("migration" in part or part == "versions" for part in path.split("/")[:-1]):
            raise NoFix("the indexes are declared in migrations, which run once")
        return sites.find(self.draft, index)

    def _put_other(self, index: IndexDeclaration, group: Sequence[IndexDeclaration]) -> None:
        """Put the index of a collection that has none yet beside one of another collection."""
        site = self._find(index)
        call = self._declaring_call(site)
        if call is None:
            assert self.query.collection is not None
            if not receivers.same_database(self.project, site.declared, self.query.collection.database):
                raise NoFix("whether the indexes are declared in the same database is not clear")
        if call is not None:
            direct = replace(site, spec=call, container=None)
            receiver = receivers.beside(self.draft, direct, self.query, Style([site]).quote)
            self._put(site).statement(direct, receiver)
        elif self._names_collection(site):
            if site.container is None:
                self._put(site).statement(site, "")
            else:
                self._put(site).element(site)
        elif self._table(site, group) is not None:
            self._put(site).entry(site)
        else:
            raise NoFix(f"where the indexes of {self.name} would be declared is not clear")

    def _put(self, site: Site) -> Placing:
        return Placing(self.draft, site, self.name, self.keys, self.taken, self.others, self.options)

    def _declaring_call(self, site: Site) -> cst.Call | None:
        """The driver's call, if the index is spelled out within it."""
        offsets = self.project.modules[site.declared.module].spans.get(site.declared.row)
        if site.module != site.declared.module or offsets is None:
            return None
        call: cst.Call | None = site.tree.nearest(site.spec, cst.Call)
        while call is not None and site.tree.span(call) != offsets:
            parent = site.tree.parent(call)
            call = site.tree.nearest(parent, cst.Call) if parent is not None else None
        return call

    def _names_collection(self, site: Site) -> bool:
        """Whether each element of a list says for which collection it is."""
        name = site.declared.collection_name
        if isinstance(site.spec, cst.Tuple):
            return any(_says(element.value, name) for element in site.spec.elements)
        if isinstance(site.spec, cst.Dict):
            return any(_says(e.value, name) for e in site.spec.elements if isinstance(e, cst.DictElement))
        if isinstance(site.spec, cst.Call):
            return any(_says(arg.value, name) for arg in site.spec.args if arg.value is not site.keys)
        return False

    def _table(self, site: Site, group: Sequence[IndexDeclaration]) -> cst.Dict | None:
        """The dict by collection, ``{"users": […]}``, that a site's list is in."""
        holder = site.tree.parent(site.container) if site.container is not None else None
        table = site.tree.parent(holder) if holder is not None else None
        if not isinstance(holder, cst.DictElement) or not isinstance(table, cst.Dict):
            return None
        names = {index.collection_name for index in group}
        keys = [e.key if isinstance(e, cst.DictElement) else None for e in table.elements]
        told = [key.evaluated_value for key in keys if isinstance(key, cst.SimpleString)]
        is_by_collection = len(told) == len(keys) and sum(key in names for key in told) >= min(2, len(told))
        return table if is_by_collection and _says(holder.key, site.declared.collection_name) else None


def _says(value: cst.BaseExpression, name: str | None) -> bool:
    return isinstance(value, cst.SimpleString) and value.evaluated_value == name
