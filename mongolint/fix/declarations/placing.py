"""Puts a new index where one is spelled out: a statement, an element of a list, an entry of a dict by collection."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import libcst as cst

from mongolint.fix.declarations import sites
from mongolint.fix.declarations.keys import Style
from mongolint.fix.declarations.sites import Site, given_name
from mongolint.fix.declarations.specs import SpecWriter
from mongolint.fix.nofix import NoFix
from mongolint.fix.trees import Tree, line_end, line_start
from mongolint.project.advice.patterns import Keys

if TYPE_CHECKING:
    from mongolint.fix.draft import Draft

_WRITTEN = "it is written there already, though nothing seems to run it"


class Placing:
    """Writes the index of ``collection`` beside a site, in the style of the site's neighbours."""

    def __init__(
        self,
        draft: Draft,
        site: Site,
        collection: str,
        keys: Keys,
        taken: set[str],
        others: Collection[Keys],
        wanted: Mapping[str, Any],
    ) -> None:
        self.draft = draft
        self.wanted = wanted
        self.collection = collection
        self.neighbours = [
            found
            for found in sites.find_all(draft, draft.project.declared_in_code)
            if found.module == site.module and (found.container is None) == (site.container is None)
        ]
        close = [n for n in self.neighbours if site.container is not None and n.container is site.container]
        self.style = Style(close if len(close) > 1 else self.neighbours)
        self.others = others
        self.taken = taken
        self.keys = keys

    def _writer(self, site: Site) -> SpecWriter:
        """What writes the index; no name is given twice."""
        listed = {given_name(spec) for spec in site.siblings} if site.container is not None else set()
        taken = self.taken | {name for name in listed if name is not None}
        taken |= {self.style.name(self.collection, other, taken) for other in self.others}
        return SpecWriter(self.draft, self.style, self.collection, self.keys, taken, self.wanted)

    def statement(self, site: Site, receiver: str) -> None:
        """A statement behind that of a site. ``receiver``: what to call on; "" for what the site calls on."""
        tree, text = site.tree, site.tree.file_text
        after, is_behind = _anchor(site)
        indent = tree.indent(after)
        written = self._call(site, indent, receiver, "await " if _is_awaited(site) else "")
        if written in text:
            raise NoFix(_WRITTEN)
        if not is_behind:
            self.draft.insert(site.module, tree.line_start(after), f"{indent}{written}\n", shared=True)
            return
        offset = tree.line_end(after)
        content = ("\n" if self._are_spaced(site) else "") + f"{indent}{written}\n"
        if text[offset - 1] not in "\r\n":
            content = "\n" + content[:-1]  # the file ends so, too
        self.draft.insert(site.module, offset, content, shared=True)

    def _call(self, site: Site, indent: str, receiver: str, before: str) -> str:
        """The call of a statement, or ``create_indexes([…])`` where that is how the site is written."""
        call = site.spec
        assert isinstance(call, cst.Call)
        function = site.tree.text(call.func)
        if receiver:
            assert isinstance(call.func, cst.Attribute)
            function = f"{receiver}.{call.func.attr.value}"
        if not function.endswith(".create_indexes"):
            return self._writer(site).write(site, indent, function=function, before=before)
        original = next(n for n in self.neighbours if n.keys is site.keys)
        return f"{before}{function}([{self._writer(original).write(original, indent)}])"

    def _are_spaced(self, site: Site) -> bool:
        """Whether a blank line stands between a site and the one before it."""
        text = site.tree.file_text
        starts = sorted(n.start for n in self.neighbours if n.tree is site.tree)
        number = starts.index(site.start) if site.start in starts else 0
        between = text[starts[number - 1] : site.tree.line_start(site.statement)] if number else ""
        return between.replace("\r\n", "\n").endswith("\n\n")

    def element(self, site: Site) -> None:
        """An element behind the last of a site's list; behind the site's own if each says its collection."""
        assert site.container is not None
        tree, text = site.tree, site.tree.file_text
        element = site.container.elements[_position(site)]
        start, end = tree.outer_span(element.value)
        blanks = text[line_start(text, start) : start]
        on_own_line = not blanks.strip()
        spec = self._writer(site).write(site, blanks if on_own_line else "")
        if spec in tree.text(site.container):
            raise NoFix(_WRITTEN)
        if on_own_line and self._line_behind(site, end, element.comma, f"{blanks}{spec},\n", shared=True):
            return
        gap = f"\n{blanks}" if on_own_line else " "
        self.draft.insert(site.module, end, f",{gap}{spec}", shared=True)

    def entry(self, site: Site) -> None:
        """An entry for the collection behind the last one of the dict by collection that a site is in."""
        tree, text = site.tree, site.tree.file_text
        table = tree.nearest(tree.parent(site.container or site.spec) or site.spec, cst.Dict)
        last = table.elements[-1]
        start, end = tree.span(last.key)[0], tree.outer_span(last.value)[1]
        indent = text[line_start(text, start) : start]
        step = self.draft.file(site.module).step
        spec = self._writer(site).write(site, indent + step)
        key = self.style.string(self.collection)
        content = f"{indent}{key}: [\n{indent}{step}{spec},\n{indent}],\n"
        if indent.strip() or not self._line_behind(site, end, last.comma, content, shared=False):
            raise NoFix("the indexes are declared in a table on one line")

    def _line_behind(self, site: Site, end: int, comma: object, content: str, *, shared: bool) -> bool:
        """Put lines behind the line on which something ends; false if it goes on with something else."""
        text = site.tree.file_text
        behind = text.index(",", end) + 1 if isinstance(comma, cst.Comma) else end
        rest = text[behind : line_end(text, behind)].strip()
        if rest and not rest.startswith("#"):
            return False
        if behind == end:
            self.draft.insert(site.module, end, ",", shared=shared)
        self.draft.insert(site.module, line_end(text, behind), content, shared=shared)
        return True


def _position(site: Site) -> int:
    values = site.siblings
    names = site.declared.collection_name
    parts: Sequence[cst.BaseExpression] = ()
    if isinstance(site.spec, cst.Tuple | cst.Dict):
        parts = [element.value for element in site.spec.elements]
    if any(isinstance(part, cst.SimpleString) and part.evaluated_value == names for part in parts):
        return next(number for number, value in enumerate(values) if value is site.spec)
    return len(values) - 1


def _anchor(site: Site) -> tuple[cst.CSTNode, bool]:
    """The statement that the new one goes with, and whether behind it.

    Raises:
        NoFix: a new statement there would not run whenever the declared ones do.
    """
    line = site.statement
    small = line.body[0]
    if not isinstance(small, cst.Expr | cst.Assign | cst.AnnAssign | cst.AugAssign | cst.Return):
        raise NoFix("the indexes are declared within another statement")
    value = small.value.expression if isinstance(small.value, cst.Await) else small.value
    if value is not site.spec:
        raise NoFix("the indexes are declared within another statement")
    after: cst.CSTNode = line
    for node in site.tree.ancestors(line):
        if isinstance(node, cst.FunctionDef) and _is_one_step(site.tree, node):
            raise NoFix("the declared index has a function of its own")
        if isinstance(node, cst.FunctionDef | cst.ClassDef) or (isinstance(node, cst.If) and _is_main(node)):
            break
        if isinstance(node, cst.If) and asks_for_absence(node):
            after = node
        elif isinstance(node, cst.For | cst.If | cst.Else | cst.ExceptHandler | cst.Finally | cst.Match):
            if not _is_wrapper(site.tree, node):
                raise NoFix("the indexes are declared under a condition or in a loop")
        elif isinstance(node, cst.Try) and len(node.body.body) == 1 and after in node.body.body:
            raise NoFix("each declared index has its own error handling")
    return after, not (isinstance(small, cst.Return) and after is line)


def _is_one_step(tree: Tree, function: cst.FunctionDef) -> bool:
    """Whether a function within another does one thing for it, such as an index that is made again after an error."""
    outer = any(isinstance(node, cst.FunctionDef) for node in tree.ancestors(function))
    return outer and len(function.body.body) == 1


def _is_wrapper(tree: Tree, node: cst.CSTNode) -> bool:
    """The ``if 1:`` that makes an indented part a module, or one that the code has at its top."""
    return (
        isinstance(node, cst.If)
        and isinstance(tree.parent(node), cst.Module)
        and not node.orelse
        and (isinstance(node.test, cst.Integer) or (isinstance(node.test, cst.Name) and node.test.value == "True"))
    )


def asks_for_absence(node: cst.If) -> bool:
    """``if name not in existing:``, which guards its own index only."""
    test = node.test
    return isinstance(test, cst.Comparison) and any(isinstance(c.operator, cst.NotIn) for c in test.comparisons)


def _is_main(node: cst.If) -> bool:
    test = node.test
    return isinstance(test, cst.Comparison) and isinstance(test.left, cst.Name) and test.left.value == "__name__"


def _is_awaited(site: Site) -> bool:
    is_awaited = isinstance(site.tree.parent(site.spec), cst.Await)
    flavour = site.declared.collection.database.flavour if site.declared.collection else "unknown"
    if flavour in ("async", "motor") and not is_awaited:
        raise NoFix("the declared indexes are not awaited")
    return is_awaited
