"""What batched forms are written with: new names, and the query for many keys."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from mongolint.fix.batches.lookups import Lookup
from mongolint.fix.trees import Tree
from mongolint.project.operations import Operation

if TYPE_CHECKING:
    from mongolint.fix.draft import Draft


class Names:
    """Names that nothing in a function, nor its module itself, has."""

    def __init__(self, draft: Draft, module: int, tree: Tree) -> None:
        scope = draft.project.modules[module].scopes[0]
        self._taken = {*scope.defs, *scope.final}
        self._text = tree.module.code

    def new(self, wanted: str) -> str:
        """``wanted``, or that with a number."""
        name, number = wanted, 1
        while name in self._taken or re.search(rf"\b{name}\b", self._text):
            number += 1
            name = f"{wanted}_{number}"
        self._taken.add(name)
        return name


def collection_word(operation: Operation) -> str:
    """A word for the documents: the collection's name as an identifier."""
    names = operation.collection_names
    word = re.sub(r"\W+", "_", names[0]).strip("_").lower() if names else ""
    return word if word.isidentifier() else "documents"


def query_lines(
    lookup: Lookup, receiver: str, keys: str, found: str, made: str, document: str, asynchronous: bool, step: str
) -> list[str]:
    """Lines that fill the dict ``found`` with the documents of the keys that ``made`` generates."""
    if lookup.field == "_id":
        keep = f'{found}[{document}["_id"]] = {document}'
    else:
        keep = f'{found}.setdefault({document}.get("{lookup.field}"), {document})'
    loop = "async for" if asynchronous else "for"
    key, _, items = made.partition(" for ")
    short = items.partition(" in ")
    if key == short[0] and " if " not in short[2]:
        made = short[2]
    return [
        f"{keys} = list(dict.fromkeys({made}))",
        f"{found} = {{}}",
        f"if {keys}:",
        f"{step}{loop} {document} in {lookup.query(receiver, keys)}:",
        f"{step}{step}{keep}",
    ]
