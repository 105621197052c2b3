"""A call of what PyMongo 4 no longer has, as the call of what took its place."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import libcst as cst

from mongolint.facts.shapes import ModuleFacts
from mongolint.fastclasses import NamedTuple
from mongolint.fix.nofix import NoFix
from mongolint.fix.options import pieces
from mongolint.fix.trees import Tree
from mongolint.link.rowtools import alternatives
from mongolint.mongo.removed import RENAMED
from mongolint.project.clients.removed import RemovedCall

if TYPE_CHECKING:
    from mongolint.fix.draft import Draft

# What a variable was before it was changed in place, or annotated
_UNDER = {"setitem": 1, "mutated": 1, "delitem": 1, "typed": 2}
_LISTS = ("seq", "comp")


class _Site(NamedTuple):
    draft: Draft
    found: RemovedCall
    tree: Tree
    call: cst.Call
    function: cst.Attribute

    @property
    def facts(self) -> ModuleFacts:
        return self.draft.project.modules[self.found.module]

    @property
    def is_used(self) -> bool:
        """Whether code looks at what the call gives."""
        parent = self.tree.parent(self.call)
        return not isinstance(self.tree.parent(parent) if isinstance(parent, cst.Await) else parent, cst.Expr)

    def rename(self, name: str) -> None:
        self.draft.replace(self.found.module, self.tree.span(self.function.attr), name)

    def append(self, content: str) -> None:
        self.draft.insert(self.found.module, self.tree.span(self.call)[1], content)

    def flag(self, name: str) -> bool | None:
        """A keyword that is True or False, which goes; None where it is not given."""
        for number, arg in enumerate(self.call.args):
            if arg.keyword is not None and arg.keyword.value == name:
                if not isinstance(arg.value, cst.Name) or arg.value.value not in ("True", "False"):
                    raise NoFix(f"what {name} is, only the running program knows")
                pieces.cut(self.draft, self.found.module, self.tree, self.call, number)
                return arg.value.value == "True"
        return None

    def kinds(self, number: int) -> set[str]:
        """What the n-th argument is made as: kinds of rows."""
        facts, row = self.facts, self.facts.nodes[self.found.row][2][number][1]
        found = set()
        for each in alternatives(facts, row):
            node = facts.nodes[each]
            while node[0] in _UNDER and (before := node[_UNDER[node[0]]]) is not None:
                node = facts.nodes[before]
            found.add(node[0])
        return found


def replace(draft: Draft, found: RemovedCall) -> None:
    """See `Draft.call_successor`."""
    tree, call = draft.call(found.module, found.row)
    if not isinstance(call.func, cst.Attribute):
        raise NoFix("its place in the code was not found again")
    of_cursor = found.operation is not None and found.operation.name != found.name
    write = _count_of_cursor if of_cursor else _WRITERS.get(found.name)
    if write is None:
        raise NoFix("what takes its place is called in another way")
    if any(arg.star for arg in call.args):
        raise NoFix("which arguments it is given is not clear")
    write(_Site(draft, found, tree, call, call.func))


def _only(site: _Site, positional: int, *keywords: str) -> None:
    """Raises: NoFix: the call has other arguments, which what takes its place does not know."""
    names = [arg.keyword.value for arg in site.call.args if arg.keyword is not None]
    others = [name for name in names if name not in keywords]
    if others:
        raise NoFix(f"{', '.join(others)} went with it")
    if len(site.call.args) - len(names) != positional:
        raise NoFix("its arguments are given in another way")


def _unused(site: _Site) -> None:
    if site.is_used:
        raise NoFix("code looks at what it gives, which is another object now")


def _renamed(site: _Site) -> None:
    options = [arg.keyword.value for arg in site.call.args if arg.keyword is not None]
    gone = {"include_system_collections", "cache_for", "ttl"} & set(options)
    if gone or (site.found.name != "ensure_index" and len(site.call.args) > len(options)):
        raise NoFix(f"{', '.join(sorted(gone)) or 'its argument'} went with it")
    site.rename(RENAMED[site.found.name])


def _insert(site: _Site) -> None:
    _only(site, 1)
    kinds = site.kinds(0)
    if kinds == {"dict"}:
        name, attribute = "insert_one", ".inserted_id"
    elif kinds <= set(_LISTS):
        name, attribute = "insert_many", ".inserted_ids"
    else:
        raise NoFix("whether it is one document or several is not known")
    if site.is_used:
        if isinstance(site.tree.parent(site.call), cst.Await):
            raise NoFix("code looks at what it gives, which is another object now")
        site.append(attribute)
    site.rename(name)


def _update(site: _Site) -> None:
    _unused(site)
    _only(site, 2, "upsert", "multi")
    update = site.call.args[1].value
    if not isinstance(update, cst.Dict):
        raise NoFix("whether it holds operators or a whole document is not known")
    operators = {_is_operator(element) for element in update.elements}
    if len(operators) != 1:
        raise NoFix("whether it holds operators or a whole document is not known")
    many = site.flag("multi")
    if operators == {True}:
        site.rename("update_many" if many else "update_one")
    elif many:
        raise NoFix("a whole document cannot be put in the place of several")
    else:
        site.rename("replace_one")


def _is_operator(element: cst.BaseDictElement) -> bool:
    if not isinstance(element, cst.DictElement) or not isinstance(element.key, cst.SimpleString):
        raise NoFix("whether it holds operators or a whole document is not known")
    return str(element.key.evaluated_value).startswith("$")


def _remove(site: _Site) -> None:
    _unused(site)
    if not site.call.args:
        site.draft.insert(site.found.module, site.tree.span(site.call)[1] - 1, "{}")
    else:
        _only(site, 1, "multi")
        if site.kinds(0) != {"dict"}:
            raise NoFix("it may be given an _id in the place of a filter")
    site.rename("delete_one" if site.flag("multi") is False else "delete_many")


def _count(site: _Site) -> None:
    if not site.call.args:
        site.rename("estimated_document_count")
        return
    _only(site, 1, "session", "hint", "limit", "skip", "maxTimeMS", "collation")
    site.rename("count_documents")


def _count_of_cursor(site: _Site) -> None:
    """``c.find(f).count()``."""
    find = site.function.value
    if site.call.args or not isinstance(find, cst.Call) or not isinstance(find.func, cst.Attribute):
        raise NoFix("the cursor is made elsewhere")
    plain = all(arg.keyword is None and not arg.star for arg in find.args)
    if find.func.attr.value != "find" or not plain or len(find.args) > 1:
        raise NoFix("the cursor has options, which the count would have to have, too")
    name = "count_documents" if find.args else "estimated_document_count"
    site.draft.replace(site.found.module, site.tree.span(find.func.attr), name)
    site.draft.replace(site.found.module, (site.tree.span(find)[1], site.tree.span(site.call)[1]), "")


_WRITERS: dict[str, Callable[[_Site], None]] = {
    **dict.fromkeys(RENAMED, _renamed),
    "insert": _insert,
    "update": _update,
    "remove": _remove,
    "count": _count,
}
