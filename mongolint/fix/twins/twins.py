"""A helper that gets one document gets a twin beside it that gets many (shape H).

The twin gives a dict of what it found and never raises. A helper that raises where nothing is found stays the way to
ask for what the dict does not hold, so that the error comes at the item that it came at before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import libcst as cst

from mongolint.fastclasses import dataclass
from mongolint.fix.batches.expressions import arguments, is_pure, names_read, own_nodes
from mongolint.fix.batches.loopsite import LoopSite
from mongolint.fix.batches.prefetch import Prefetch
from mongolint.fix.imports import need_beside
from mongolint.fix.nofix import NoFix
from mongolint.fix.twins.getters import Getter, read_getter
from mongolint.project.loops.repetitions import Repetition

if TYPE_CHECKING:
    from mongolint.fix.draft import Draft


def prefetch(draft: Draft, repetition: Repetition) -> None:
    """Give the helper a twin and call that before the loop.

    Raises:
        NoFix: the helper does more than to get one document, or the loop is not of that kind.
    """
    if len(repetition.reaches) > 1:
        raise NoFix(f"the helper has {len(repetition.reaches)} queries, each of which needs its own batch")
    site = LoopSite(draft, repetition)
    twin = Twin(site)
    Prefetch(site, twin).rewrite()
    twin.write()


@dataclass(frozen=True)
class _Argument:
    node: cst.Arg
    param: str


class Twin:
    """The twin of the helper that a loop calls."""

    def __init__(self, site: LoopSite) -> None:
        self.site = site
        self.tree = site.tree
        repetition = site.repetition
        self.getter: Getter = read_getter(site.draft, site.module, repetition.row, repetition.reaches[0])
        self.helper = self.getter.helper
        if self.helper.is_async != site.awaited:
            raise NoFix("the helper is not awaited where it is called")
        self.key_argument = self._key_argument()
        self.lookup = self.getter.lookup(self.key_argument.param)
        self.key = self.key_argument.node.value
        self.field = self.lookup.field
        self.unique, self.sorted, self.widened = self.lookup.unique, self.lookup.sorted, self.lookup.widened

    def _key_argument(self) -> _Argument:
        """The one argument that differs from item to item."""
        site = self.site
        positional, keywords = arguments(self.tree, site.call)
        names = self.helper.parameters
        if len(positional) > len(names):
            raise NoFix("the helper takes any number of arguments")
        given = [_Argument(arg, name) for arg, name in zip(positional, names, strict=False)]
        given += [_Argument(arg, name) for name, arg in keywords.items()]
        varying = [each for each in given if names_read(each.node.value) & site.bound]
        if len(varying) != 1:
            raise NoFix("more than one argument of the helper depends on the item" if varying else "no argument does")
        if not all(is_pure(each.node.value) for each in given):
            raise NoFix("the arguments of the helper are computed in the call")
        return varying[0]

    # What `Prefetch` asks

    def fill(self, site: LoopSite, keys: str, found: str, made: str) -> list[str]:
        key, _, items = made.partition(" for ")
        target, _, source = items.partition(" in ")
        unique = source if key == target and " if " not in source else made
        wait = "await " if site.awaited else ""
        return [f"{keys} = list(dict.fromkeys({unique}))", f"{found} = {wait}{self._call(keys)}"]

    def pick(self, site: LoopSite, found: str) -> str:
        key = self.tree.text(self.key)
        if not self.getter.raises:
            default = "" if self.getter.default == "None" else f", {self.getter.default}"
            return f"{found}.get({key}{default})"
        original = self.tree.text(site.expression)
        return f"({found}[{key}] if {key} in {found} else {original})"

    @property
    def reads_attributes(self) -> bool:
        """Whether what the helper gives is an object made of the document."""
        return self.getter.wraps

    def _call(self, keys: str) -> str:
        site, tree = self.site, self.tree
        func = site.call.func
        name = self.helper.twin_name
        if isinstance(func, cst.Attribute):
            if names_read(func.value) & site.bound or any(isinstance(n, cst.Call) for n in own_nodes(func.value)):
                raise NoFix("the helper belongs to another object for each item")
            callee = f"{tree.text(func.value)}.{name}"
        elif isinstance(func, cst.Name):
            callee = name
            if self.helper.module != site.module:
                callee = need_beside(site.draft, site.module, func.value, name)
        else:
            raise NoFix("the helper is called in an unusual way")
        given = []
        for arg in site.call.args:
            value = keys if arg is self.key_argument.node else tree.text(arg.value)
            keyword = arg.keyword.value if arg.keyword else ""
            if arg is self.key_argument.node and keyword:
                keyword = self.helper.plural(keyword)
            given.append(f"{keyword}={value}" if keyword else value)
        return f"{callee}({', '.join(given)})"

    def write(self) -> None:
        """Put the twin beside the helper."""
        self.getter.write(self.key_argument.param)
        self.site.draft.title = f"get all documents with {self.helper.twin_name} before the loop"
