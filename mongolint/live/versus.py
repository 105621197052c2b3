"""The verdict on a query of the code beside the plan of a server: where they differ, and why."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from mongolint.coverage import Index, Plan, QueryError
from mongolint.fastclasses import dataclass
from mongolint.live.declarations import declared_keys
from mongolint.live.explain import Served
from mongolint.live.options import differences, key_shape
from mongolint.live.plans import Planned
from mongolint.live.snapshot import StoredIndex
from mongolint.project.indexes import IndexDeclaration
from mongolint.project.verdicts import Query, Verdict, ask

Kind = Literal["no-collection", "refused", "missing", "options", "only-there", "preferred", "sort", "unexpected"]
Shape = Any


@dataclass(frozen=True, slots=True)
class Difference:
    """``reason`` is one line. ``index``: the name of the index that it is about, if it is about one.

    no-collection: nothing to compare with. refused: the server does not take the query. missing: an index that serves
    the query is declared and not there. options: it is there with other options. only-there: the server uses an index
    that no code declares. preferred: it uses another one of those that serve. sort: one sorts in memory, the other
    does not. unexpected: the indexes do not explain it.
    """

    kind: Kind
    reason: str
    index: str | None = None


def compare(
    query: Query, verdict: Verdict, plan: Plan | None, declared: Sequence[IndexDeclaration], served: Served
) -> list[Difference] | None:
    """What differs; None where the verdict claims nothing that could.

    Args:
        plan: that behind the verdict, if there is one.
        declared: the indexes that the code declares on the collection.
    """
    if served.indexes == () or (served.plan is not None and served.plan.empty and not served.indexes):
        return [Difference("no-collection", f"{served.database} has no collection {query.collection}")]
    if served.plan is None:
        if plan is None:
            return [] if verdict.verdict == "unserved" else None
        return [Difference("refused", f"the server refuses it: {served.refused}")]
    # A count of all documents needs neither index nor collection
    idle = not served.plan.reads and not served.plan.scans
    if plan is None or verdict.verdict == "unknown" or idle:
        return None
    return _Comparison(query, plan, declared, served, served.plan).differences()


class _Comparison:
    """One query that both sides plan."""

    def __init__(
        self, query: Query, plan: Plan, declared: Sequence[IndexDeclaration], served: Served, server: Planned
    ) -> None:
        self.query = query
        self.plan = plan
        self.declared = declared
        self.served = served
        self.server = server
        self.stored = {_stored_shape(index): index for index in served.indexes or ()}
        self.by_name = {index.name: index for index in served.indexes or ()}

    def differences(self) -> list[Difference]:
        ours = {_shape(index): index for index in self.plan.best}
        theirs = {self._read_shape(name, keys): name for name, keys in ((r.name, r.keys) for r in self.server.reads)}
        if ours.keys() == theirs.keys():
            return self._sorted()
        found = [*self._missing(ours), *self._only_there(theirs)]
        if found:
            return found
        serving = {_shape(index) for index in self.plan.indexes}
        if theirs and theirs.keys() <= serving:
            return [self._preferred(ours, theirs)]
        return [Difference("unexpected", self._unexpected())]

    def _read_shape(self, name: str, keys: tuple[tuple[str, Any], ...]) -> Shape:
        held = self.by_name.get(name)
        return _stored_shape(held) if held is not None else key_shape(keys)

    def _missing(self, ours: dict[Shape, Index]) -> list[Difference]:
        """Of the indexes that serve by the code, those that the server does not have, or not like that."""
        found = []
        for shape, index in ours.items():
            stored = self.stored.get(shape)
            if stored is None and self.served.indexes is not None and index.name != "_id_":
                reason = f"{index.name} is declared, and {self.served.database} does not have it"
                found.append(Difference("missing", reason, index.name))
            elif stored is not None and (other := self._options(index, stored)):
                reason = f"{stored.name} has other options on the server: {other}"
                found.append(Difference("options", reason, stored.name))
        return found

    def _options(self, index: Index, stored: StoredIndex) -> str:
        """The options on which the plan may depend."""
        deciding = ("partialFilterExpression", "sparse", "collation", "hidden", "wildcardProjection")
        return ", ".join(each.option for each in differences(index.options, stored.options) if each.option in deciding)

    def _only_there(self, theirs: dict[Shape, str]) -> list[Difference]:
        known = {key_shape(index.keys or (), index.options.get("weights")) for index in self.declared}
        if any(not index.keys for index in self.declared):
            return []
        return [
            Difference("only-there", f"{name} is on the server only: no code declares it", name)
            for shape, name in theirs.items()
            if shape not in known and name != "_id_"
        ]

    def _preferred(self, ours: dict[Shape, Index], theirs: dict[Shape, str]) -> Difference:
        used, other = " and ".join(theirs.values()), " and ".join(index.name for index in ours.values())
        reason = f"{used} and {other} can both serve it, and the server chose {used} by what its documents are"
        return Difference("preferred", reason, next(iter(theirs.values())))

    def _sorted(self) -> list[Difference]:
        sorts = tuple(self.query.sort) in self.server.sorts
        if not self.query.sort or self.plan.orders != sorts:
            return []
        who = "the server sorts in memory" if sorts else "the server does not sort in memory"
        arrays = [read.name for read in self.server.reads if read.multikey]
        why = f": {arrays[0]} holds arrays there" if arrays else ""
        return [Difference("sort", f"{who}, against the verdict{why}", arrays[0] if arrays else None)]

    def _unexpected(self) -> str:
        """What of the server's own indexes the planner was expected to use."""
        indexes = [Index(index.keys, {**index.options, "name": index.name}) for index in self.served.indexes or ()]
        try:
            expected = ask(self.query, indexes, _version(self.server.version))
        except QueryError as refusal:
            return f"the server takes what it was expected to refuse ({refusal})"
        told = "a collection scan" if not expected.usable else " and ".join(index.name for index in expected.best)
        return f"expected with the indexes of the server: {told}; please report this"


def _version(version: str) -> str:
    return version if version[:1].isdigit() else "latest"


def _shape(index: Index) -> Shape:
    return key_shape(tuple(index.keys), index.options.get("weights"))


def _stored_shape(index: StoredIndex) -> Shape:
    return key_shape(declared_keys(index), index.options.get("weights"))
