"""A ``try`` statement that several functions have becomes a function of its own, which they call."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING

import libcst as cst

from mongolint.facts.shapes import Offsets
from mongolint.fastclasses import dataclass
from mongolint.fix.nofix import NoFix
from mongolint.fix.trees import Tree, descendants, line_start
from mongolint.project.handlers import ExceptSite

if TYPE_CHECKING:
    from mongolint.fix.draft import Draft

_LEAVING = (cst.Return, cst.Yield, cst.Break, cst.Continue, cst.Global, cst.Nonlocal, cst.FunctionDef, cst.Lambda)
_BINDING = (cst.AssignTarget, cst.AugAssign, cst.AnnAssign, cst.For, cst.AsName, cst.NamedExpr, cst.CompFor)


@dataclass(frozen=True, slots=True)
class _Copy:
    """One of the statements, in its function."""

    module: int
    tree: Tree
    node: cst.Try
    function: cst.FunctionDef

    @property
    def span(self) -> Offsets:
        """The offsets of the statement, without the end of its last line."""
        start, end = self.tree.span(self.node)
        return start, len(self.tree.file_text[:end].rstrip())

    @property
    def text(self) -> str:
        text = self.tree.file_text[self.tree.line_start(self.node) : self.span[1]]
        return textwrap.dedent(text.replace("\r\n", "\n"))

    @property
    def code(self) -> str:
        """Its code without comments, layout left out."""
        return " ".join(
            line.partition("#")[0].strip() for line in self.text.split("\n") if line.partition("#")[0].strip()
        )


def extract(draft: Draft, copies: Sequence[ExceptSite]) -> None:
    """See `Draft.extract_check`."""
    found = [_copy(draft, site) for site in copies]
    commented = [copy for copy in found if "#" in copy.text]
    if len(commented) > 1 or len({copy.code for copy in found}) > 1:
        raise NoFix("the copies, or the comments in them, differ")
    model = commented[0] if commented else found[0]
    results = list(dict.fromkeys(name for copy in found for name in _results(copy)))
    given = list(dict.fromkeys(name for copy in found for name in _given(copy)))
    for copy in found:
        _check(copy, results)
    is_async = any(isinstance(each, cst.Await) or _is_async(each) for each in descendants(model.node))
    name = _name(draft, model.module, results)
    _define(draft, found[0], model, name, given, results, is_async=is_async)
    call = f"{'await ' if is_async else ''}{name}({', '.join(given)})"
    line = f"{', '.join(results)} = {call}" if results else call
    for copy in found:
        draft.replace(copy.module, (_start(copy, results), copy.span[1]), line)


def _start(copy: _Copy, results: Sequence[str]) -> int:
    """Where the statement begins, with the line before it that only sets a result to something else."""
    start = copy.span[0]
    owner = copy.tree.parent(copy.node)
    lines = list(getattr(owner, "body", ()))
    number = next((n for n, each in enumerate(lines) if each is copy.node), 0)
    before = lines[number - 1] if number else None
    small = before.body[0] if isinstance(before, cst.SimpleStatementLine) and len(before.body) == 1 else None
    if not isinstance(small, cst.Assign) or not isinstance(small.value, cst.Name | cst.BaseNumber | cst.SimpleString):
        return start
    if not set(_bound(small)) <= set(results) or "#" in copy.tree.file_text[copy.tree.span(small)[0] : start]:
        return start
    inside = [each for each in descendants(copy.node) if isinstance(each, cst.Name) and each.value in _bound(small)]
    is_read = any(not isinstance(copy.tree.parent(each), cst.AssignTarget) for each in inside)
    return start if is_read else copy.tree.span(small)[0]


def _copy(draft: Draft, site: ExceptSite) -> _Copy:
    start = site.handler.span[0]
    tree = draft.file(site.module).tree(start)
    for node in descendants(tree.module):
        if isinstance(node, cst.ExceptHandler) and tree.span(node)[0] == start:
            attempt, function = tree.parent(node), tree.nearest(node, cst.FunctionDef)
            if isinstance(attempt, cst.Try) and function is not None:
                return _Copy(site.module, tree, attempt, function)
    raise NoFix("its place in the code was not found again")


def _is_async(node: cst.CSTNode) -> bool:
    return getattr(node, "asynchronous", None) is not None


def _bound(node: cst.CSTNode) -> dict[str, None]:
    """The variables that code sets."""
    names: dict[str, None] = {}
    for each in descendants(node):
        if isinstance(each, _BINDING):
            target = each.name if isinstance(each, cst.AsName) else each.target
            names.update((inner.value, None) for inner in descendants(target) if isinstance(inner, cst.Name))
    return names


def _locals(copy: _Copy) -> set[str]:
    params = [each.name.value for each in descendants(copy.function.params) if isinstance(each, cst.Param)]
    return {*params, *_bound(copy.function.body)}


def _names(node: cst.CSTNode) -> list[str]:
    """The names in code, those of attributes and keywords left out."""
    if isinstance(node, cst.Name):
        return [node.value]
    if isinstance(node, cst.Attribute):
        return _names(node.value)
    skipped = node.keyword if isinstance(node, cst.Arg) else None
    return [name for child in node.children if child is not skipped for name in _names(child)]


def _results(copy: _Copy) -> list[str]:
    """The variables that the statement sets and the function uses behind it."""
    caught = {
        handler.name.name.value
        for handler in copy.node.handlers
        if handler.name is not None and isinstance(handler.name.name, cst.Name)
    }
    end = copy.span[1]
    behind = {
        each.value
        for each in descendants(copy.function.body)
        if isinstance(each, cst.Name) and copy.tree.span(each)[0] >= end
    }
    # A variable that is only set anew, as by the next ``with … as session``, is not a result
    return [name for name in _bound(copy.node) if name in behind - caught and _is_used_first(copy, name, end)]


def _is_used_first(copy: _Copy, name: str, end: int) -> bool:
    """Whether the next place behind the statement that names a variable reads it."""
    places = [
        each
        for each in descendants(copy.function.body)
        if isinstance(each, cst.Name) and each.value == name and copy.tree.span(each)[0] >= end
    ]
    owner = copy.tree.parent(places[0])
    return not isinstance(owner, cst.AsName | cst.AssignTarget)


def _given(copy: _Copy) -> list[str]:
    """The variables of the function that the statement needs."""
    own = set(_bound(copy.node))
    return [name for name in dict.fromkeys(_names(copy.node)) if name in _locals(copy) and name not in own]


def _check(copy: _Copy, results: Sequence[str]) -> None:
    """That the statement can stand in a function of its own."""
    if any(isinstance(each, _LEAVING) for each in descendants(copy.node)):
        raise NoFix("it leaves its function, or a loop around it")
    if set(_names(copy.node)) & {"self", "cls", "super"}:
        raise NoFix("it belongs to a class")
    if copy.tree.parent(copy.function) is not copy.tree.module:
        raise NoFix("it is not in a function of the module")
    if any(isinstance(above, cst.For | cst.While) for above in copy.tree.ancestors(copy.node)):
        raise NoFix("it is in a loop")
    suites = [copy.node.body, *(handler.body for handler in copy.node.handlers)]
    for name in results:
        if not all(_always_sets(suite, name) for suite in suites):
            raise NoFix(f"{name} is not set on every way")


def _always_sets(suite: cst.BaseSuite, name: str) -> bool:
    """Whether a block sets a variable whenever it comes to its end."""
    for line in suite.body:
        if isinstance(line, cst.With) and _always_sets(line.body, name):
            return True
        for small in line.body if isinstance(line, cst.SimpleStatementLine) else ():
            if isinstance(small, cst.Raise):
                return True
            if isinstance(small, cst.Assign) and name in _bound(small):
                return True
    return False


def _name(draft: Draft, module: int, results: Sequence[str]) -> str:
    facts = draft.project.modules[module]
    name = f"_find_{results[0]}" if len(results) == 1 else "_check_database"
    taken = {node[2] for _, node in facts.of_kind("free")} | {scope.name for scope in facts.scopes}
    if name in taken or name in facts.scopes[0].defs or name in facts.scopes[0].final:
        raise NoFix(f"the name {name} is taken")
    return name


def _define(
    draft: Draft, first: _Copy, model: _Copy, name: str, given: list[str], results: list[str], *, is_async: bool
) -> None:
    """The new function, before the first that calls it."""
    step = draft.file(first.module).step
    text = first.tree.file_text
    starts = [first.tree.span(decorator)[0] for decorator in first.function.decorators]
    at = line_start(text, min([first.tree.span(first.function)[0], *starts]))
    while at > 0:
        above = line_start(text, at - (2 if text[:at].endswith("\r\n") else 1))
        if not text[above:at].startswith("#"):
            break
        at = above
    body = textwrap.indent(model.text, step)
    back = f"\n{step}return {', '.join(results)}" if results else ""
    head = f"{'async ' if is_async else ''}def {name}({', '.join(given)}):"
    draft.insert(first.module, at, f"{head}\n{body}{back}\n\n\n")
