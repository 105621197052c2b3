"""The indexes of a snapshot as declarations, so that queries can be judged by them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mongolint.finding import Span
from mongolint.link.atoms import Collection, Database
from mongolint.live.snapshot import Snapshot, StoredCollection, StoredIndex
from mongolint.project.indexes import IndexDeclaration

SOURCE = "snapshot"
# Values that JSON has no form for, as MongoDB's extended JSON writes them
_EXTENDED = frozenset(
    [
        *("$binary", "$code", "$date", "$dbPointer", "$maxKey", "$minKey", "$numberDecimal", "$numberDouble"),
        *("$numberInt", "$numberLong", "$oid", "$regularExpression", "$symbol", "$timestamp", "$undefined", "$uuid"),
    ]
)


def declarations(snapshot: Snapshot, shown: str) -> list[IndexDeclaration]:
    """Every index but those on ``_id``, which are always there; each at its line of the file that is called ``shown``.

    A view, and a collection whose indexes could not be listed, has one with keys that are not known.
    """
    return list(_declarations(snapshot, shown))


def _declarations(snapshot: Snapshot, shown: str) -> Iterator[IndexDeclaration]:
    for database, held in snapshot.collections():
        collection = Collection(Database(None, database, ""), held.name)
        if held.type == "view" or held.indexes is None:
            yield _declaration(collection, None, _span(shown, held), {})
            continue
        for index in held.indexes:
            if index.name != "_id_":
                options = {"name": index.name, **{name: known(value) for name, value in index.options.items()}}
                yield _declaration(collection, declared_keys(index), _span(shown, index), options)


def _declaration(
    collection: Collection, keys: tuple[tuple[str, Any], ...] | None, span: Span, options: dict[str, Any]
) -> IndexDeclaration:
    return IndexDeclaration(-1, -1, None, collection, keys, options, span, SOURCE)


def _span(shown: str, held: StoredCollection | StoredIndex) -> Span:
    return Span(shown, held.line, 1, held.line, 1)


def declared_keys(index: StoredIndex) -> tuple[tuple[str, Any], ...]:
    """The keys as one declares them: the fields of a text index by name instead of ``_fts`` and ``_ftsx``."""
    weights = index.options.get("weights")
    if ("_fts", "text") not in index.keys or not isinstance(weights, dict):
        return index.keys
    at = index.keys.index(("_fts", "text"))
    before, after = index.keys[:at], index.keys[at + 1 :]
    return (*before, *((name, "text") for name in weights), *(pair for pair in after if pair[0] != "_ftsx"))


def known(value: Any) -> Any:
    """A value of an option; None, which is "not known", for what the code would write as an object of the driver."""
    if isinstance(value, dict):
        if _EXTENDED & set(value):
            return None
        return {name: known(item) for name, item in value.items()}
    return [known(item) for item in value] if isinstance(value, list) else value
