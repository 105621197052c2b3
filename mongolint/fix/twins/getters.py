"""A function or method that gets one document by a key, and the code of its twin that gets many."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import libcst as cst

from mongolint.fix.batches.expressions import arguments, is_pure, names_bound, names_read, own_nodes
from mongolint.fix.batches.lookups import Lookup, read_lookup
from mongolint.fix.nofix import NoFix
from mongolint.fix.trees import descendants
from mongolint.fix.twins.helpers import Helper
from mongolint.fix.twins.interfaces import write_defaults
from mongolint.project.callgraph import Reach

if TYPE_CHECKING:
    from mongolint.fix.draft import Draft


def read_getter(draft: Draft, module: int, row: int, reach: Reach) -> Getter:
    """The helper that the call at ``row`` calls, which runs the query of ``reach``.

    Raises:
        NoFix: it is not one function for certain, or does more than to get a document.
    """
    project = draft.project
    found = {(f.module, f.scope) for f in project.link.functions_called(module, row)}
    if len(found) != 1:
        raise NoFix("which helper is called is known only at run time")
    helper = Helper(draft, *found.pop())
    hierarchy = project.link.hierarchy
    if helper.cls is not None and any(hierarchy.own(sub, helper.name) for sub in hierarchy.subclasses(helper.cls)):
        raise NoFix("a subclass has a helper of its own by that name")
    if len(reach.chain) > 1:
        raise NoFix("the query is more than two helpers away")
    return Getter(helper, reach)


class Getter:
    """A helper that gets the collection, asks for one document, tests and wraps it.

    It asks the driver, or another getter. ``raises``: it does so where there is no document; else it gives
    ``default`` then. ``wraps``: it gives an object made of the document.
    """

    def __init__(self, helper: Helper, reach: Reach) -> None:
        self.helper = helper
        self.project = helper.project
        self.tree = helper.tree
        self.operation = reach.operation
        self.prelude: list[cst.CSTNode] = []
        self.raises = False
        self.tested = False
        self.default = "None"
        self.result: cst.BaseExpression | None = None
        self.document = "document"
        place = reach.chain[0] if reach.chain else (self.operation.module, self.operation.row)
        self.call = self._call(place)
        self._read_body()
        self.inner: Getter | None = None
        if reach.chain:
            self.inner = read_getter(helper.draft, *place, Reach(self.operation, reach.chain[1:]))
            if self.inner.default != "None":
                raise NoFix("the helper gives something else than None where it finds nothing")
            self.raises = self.raises or (self.inner.raises and not self.tested)
            if self.tested and self.inner.raises:
                raise NoFix("the helper tests what another one raises")

    @property
    def wraps(self) -> bool:
        return isinstance(self.result, cst.Call) or (self.inner is not None and self.inner.wraps)

    def _call(self, place: tuple[int, int]) -> cst.Call:
        module, row = place
        offsets = self.project.modules[module].spans.get(row)
        if offsets is None or module != self.helper.module:
            raise NoFix("the query of the helper was not found again")
        start, end = self.tree.span(self.helper.node)
        if not start <= offsets[0] < end:
            raise NoFix("the query is in a function of its own within the helper")
        return self.tree.at(offsets, cst.Call)

    # The body

    def _read_body(self) -> None:
        if not isinstance(self.helper.node.body, cst.IndentedBlock):
            raise NoFix("the helper is written on one line")
        statements: list[cst.CSTNode] = list(self.helper.node.body.body)
        if statements and self.helper.node.get_docstring() is not None:
            statements = statements[1:]
        while statements and not self._holds_call(statements[0]):
            self._take_prelude(statements.pop(0))
        if not statements:
            raise NoFix("the helper does more than to get one document")
        rest = statements[1:]
        asking = statements[0].body[0] if isinstance(statements[0], cst.SimpleStatementLine) else None
        if isinstance(asking, cst.Return) and asking.value is not None and not rest:
            if not self._is_call(asking.value):
                raise NoFix("the helper does more than to get one document")
            return
        if not isinstance(asking, cst.Assign) or len(asking.targets) != 1 or not self._is_call(asking.value):
            raise NoFix("the helper does more than to get one document")
        target = asking.targets[0].target
        if not isinstance(target, cst.Name):
            raise NoFix("the helper does more than to get one document")
        self.document = target.value
        self._read_rest(rest)

    def _is_call(self, node: cst.BaseExpression) -> bool:
        return (node.expression if isinstance(node, cst.Await) else node) is self.call

    def _holds_call(self, node: cst.CSTNode) -> bool:
        return any(inner is self.call for inner in descendants(node))

    def _take_prelude(self, node: cst.CSTNode) -> None:
        """``users = await get_collection("users")``: what the twin needs too."""
        small = node.body[0] if isinstance(node, cst.SimpleStatementLine) and len(node.body) == 1 else None
        if not isinstance(small, cst.Assign) or not all(isinstance(t.target, cst.Name) for t in small.targets):
            raise NoFix("the helper does more than to get one document")
        if names_read(small.value) & set(self.helper.parameters):
            raise NoFix("the helper computes its key")
        self.prelude.append(node)

    def _read_rest(self, rest: list[cst.CSTNode]) -> None:
        first = rest[0] if rest else None
        if isinstance(first, cst.If) and first.orelse is None:
            rest = rest[1:]
            self.tested = True
            self._read_test(first)
            if self.result is not None:
                rest = self._end_after_found(rest)
        else:
            self.raises = True
        if self.result is None:
            line = rest[0] if rest else None
            last = line.body[0] if isinstance(line, cst.SimpleStatementLine) else None
            if not isinstance(last, cst.Return) or last.value is None:
                raise NoFix("the helper does more than to get one document")
            rest = rest[1:]
            self._take_result(last.value)
        if rest:
            raise NoFix("the helper does more than to get one document")

    def _read_test(self, node: cst.If) -> None:
        """``if not doc: return None``, or ``raise``; or ``if doc: return User(**doc)``."""
        test = self.tree.text(node.test)
        body = node.body.body
        small = body[-1].body[0] if isinstance(body[-1], cst.SimpleStatementLine) else None
        if len(body) != 1:
            raise NoFix("the helper does more where it finds nothing")
        if test in (self.document, f"{self.document} is not None"):
            if not isinstance(small, cst.Return) or small.value is None:
                raise NoFix("the helper does more than to get one document")
            self._take_result(small.value)
        elif test in (f"not {self.document}", f"{self.document} is None"):
            if isinstance(small, cst.Raise):
                self.raises = True
            elif isinstance(small, cst.Return):
                self._take_default(small)
            else:
                raise NoFix("the helper does more where it finds nothing")
        else:
            raise NoFix("the helper tests more than whether there is a document")

    def _end_after_found(self, rest: list[cst.CSTNode]) -> list[cst.CSTNode]:
        """``return None`` or ``raise`` behind ``if doc: return …``; or nothing."""
        if not rest:
            return rest
        small = rest[0].body[0] if isinstance(rest[0], cst.SimpleStatementLine) else None
        if isinstance(small, cst.Raise):
            self.raises = True
        elif isinstance(small, cst.Return):
            self._take_default(small)
        else:
            raise NoFix("the helper does more where it finds nothing")
        return rest[1:]

    def _take_default(self, node: cst.Return) -> None:
        text = self.tree.text(node.value) if node.value else "None"
        if text not in ("None", "False", "True", '""', "0"):
            raise NoFix("the helper gives a new object where it finds nothing")
        self.default = text

    def _take_result(self, node: cst.BaseExpression) -> None:
        if isinstance(node, cst.IfExp):
            if self.tree.text(node.test) not in (self.document, f"{self.document} is not None"):
                raise NoFix("the helper tests more than whether there is a document")
            if self.tree.text(node.orelse) != "None":
                raise NoFix("the helper gives a new object where it finds nothing")
            self.raises = False
            node = node.body
        if isinstance(node, cst.Name) and node.value == self.document:
            self.raises = self.raises and self.tested
            return
        wrap = isinstance(node, cst.Call) and not any(
            isinstance(n, cst.Await | cst.Lambda | cst.NamedExpr) for n in own_nodes(node)
        )
        if not wrap and not is_pure(node):
            raise NoFix("the helper does more than to wrap the document")
        if names_read(node) & set(self.helper.parameters):
            raise NoFix("what the helper gives depends on the key")
        if wrap and self._runs_queries(node):
            raise NoFix("the helper asks for more when it wraps the document")
        self.result = node

    def _runs_queries(self, node: cst.BaseExpression) -> bool:
        rows = {offsets: row for row, offsets in self.helper.facts.spans.items()}
        for inner in own_nodes(node):
            row = rows.get(self.tree.span(inner)) if isinstance(inner, cst.Call) else None
            if row is not None and self.project.reach(self.helper.module, row):
                return True
        return False

    # The twin

    def lookup(self, param: str) -> Lookup:
        """The query as a lookup by a parameter."""
        if param in names_bound(self.helper.node.body.body):
            raise NoFix("the helper changes its key")
        if self.inner is not None:
            return self.inner.lookup(self._inner_key(param)[1])
        found = read_lookup(self.project, self.tree, self.call, self.operation, {param})
        if not isinstance(found.key, cst.Name):
            raise NoFix("the helper converts its key")
        return found

    def _inner_key(self, param: str) -> tuple[cst.Arg, str]:
        """The argument by which the key is handed on to the inner getter, and the parameter that takes it."""
        assert self.inner is not None
        positional, keywords = arguments(self.tree, self.call)
        names = self.inner.helper.parameters
        given = [*zip(positional, names, strict=False), *((arg, name) for name, arg in keywords.items())]
        found = [(arg, name) for arg, name in given if param in names_read(arg.value)]
        if len(found) != 1 or not isinstance(found[0][0].value, cst.Name) or len(positional) > len(names):
            raise NoFix("the helper converts its key")
        return found[0]

    def code(self, param: str) -> str:
        """The code of the twin."""
        return self.helper.twin(param, list(self._hands_on(param) if self.inner else self._asks(param)))

    def _asks(self, param: str) -> Iterator[str]:
        helper, tree, step = self.helper, self.tree, self.helper.file.step
        lookup, keys = self.lookup(param), helper.plural(param)
        func = self.call.func
        assert isinstance(func, cst.Attribute)
        result = tree.text(self.result) if self.result is not None else self.document
        value = f'{self.document}["_id"]' if lookup.field == "_id" else f'{self.document}.get("{lookup.field}")'
        yield "found = {}"
        for node in self.prelude:
            yield tree.text(node)
        yield f"if {keys}:"
        loop = "async for" if helper.is_async else "for"
        yield f"{step}{loop} {self.document} in {lookup.query(tree.text(func.value), keys)}:"
        yield f"{step}{step}found.setdefault({value}, {result})"
        yield "return found"

    def _hands_on(self, param: str) -> Iterator[str]:
        """The body of the twin of a helper that asks another one."""
        assert self.inner is not None
        tree, func = self.tree, self.call.func
        key, name = self._inner_key(param)
        if not isinstance(func, cst.Attribute) or any(isinstance(n, cst.Call) for n in own_nodes(func.value)):
            raise NoFix("the helper calls another one in an unusual way")
        given = []
        for arg in self.call.args:
            value = self.helper.plural(param) if arg is key else tree.text(arg.value)
            keyword = arg.keyword.value if arg.keyword else ""
            if arg is key and keyword:
                keyword = self.inner.helper.plural(name)
            given.append(f"{keyword}={value}" if keyword else value)
        wait = "await " if self.helper.is_async else ""
        asked = f"{wait}{tree.text(func.value)}.{self.inner.helper.twin_name}({', '.join(given)})"
        for node in self.prelude:
            yield tree.text(node)
        if self.result is None:
            yield f"return {asked}"
        else:
            yield f"found = {asked}"
            yield f"return {{key: {tree.text(self.result)} for key, {self.document} in found.items()}}"

    def write(self, param: str) -> None:
        """Put the twin beside the helper, and what it needs beside others."""
        if self.inner is not None:
            self.inner.write(self._inner_key(param)[1])
        self.helper.write(self.code(param))
        write_defaults(self.helper, param, self.raises)
