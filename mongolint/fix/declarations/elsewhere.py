"""Indexes that scripts or classes of a mapper declare: no fix writes there, but what is to be written is said."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mongolint.fix.nofix import NoFix
from mongolint.project.advice.patterns import Keys
from mongolint.project.indexes import IndexDeclaration

if TYPE_CHECKING:
    from mongolint.fix.draft import Draft

_WRITABLE = ("code", "snapshot")


def check(
    draft: Draft, collection: str, keys: Keys, own: Sequence[IndexDeclaration], options: Mapping[str, Any]
) -> None:
    """Make sure that a collection's index belongs into the code. ``own``: what is declared on the collection.

    Raises:
        NoFix: the others are declared elsewhere, on the collection or, where the code has none, in the project.
    """
    beside = [index for index in own if index.source not in _WRITABLE]
    others = draft.project.indexes if not draft.project.declared_in_code else []
    found = beside or [index for index in others if index.source not in _WRITABLE]
    if not found:
        return
    if found[0].source == "mongosh":
        rest = f", {json.dumps(dict(options))}" if options else ""
        draft.text = f"db.getCollection({json.dumps(collection)}).createIndex({json.dumps(dict(keys))}{rest})"
    whose = f"the indexes of {collection}" if beside else "the indexes of the project"
    raise NoFix(f"{whose} are declared in {draft.project.index_span(found[0]).file}")
