"""``except`` clauses around index builds: which indexes are lost with the error, and what becomes of it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Literal

from mongolint.facts.shapes import Call, ModuleFacts
from mongolint.fastclasses import NamedTuple
from mongolint.link.atoms import External
from mongolint.link.rowtools import reached_rows
from mongolint.mongo.drivers import ERRORS
from mongolint.project.handlers import (
    ExceptSite,
    calls_by_context,
    calls_under,
    is_caught,
    is_inside,
    is_logging,
    last_name,
)
from mongolint.project.indexes import IndexDeclaration
from mongolint.project.operations import Operation
from mongolint.project.reach.setups import in_words

if TYPE_CHECKING:
    from mongolint.project.model import Project

MAKING = ("create_index", "create_indexes", "ensure_index")
# swallowed: the error ends here; logged: it is told in the log and ends here
Fate = Literal["swallowed", "logged"]

_PRINTING = frozenset(["print", "print_exc", "pprint"])
# Logged below what anybody looks at
_QUIET = frozenset(["debug", "trace"])
# Errors that no build raises, or that only say that an index is there
_HARMLESS = frozenset(["CollectionInvalid", "InvalidName", "InvalidId", "BSONError", "ConfigurationError"])


_CONNECTING = re.compile(r"(^|_)(connect|ping)(_|$)")


class LostBuild(NamedTuple):
    """A clause that ends the error of an index build.

    ``calls``: the operations that build; ``through``: the call in the ``try`` body that leads to them, as a row, where
    they are in a helper. ``indexes``: what they declare. ``connects``: the ``try`` body connects as well, so that the
    clause may be there for a database that is not up yet.
    """

    site: ExceptSite
    fate: Fate
    calls: tuple[Operation, ...]
    indexes: tuple[IndexDeclaration, ...]
    through: int | None
    connects: bool = False

    @property
    def unique(self) -> tuple[IndexDeclaration, ...]:
        return tuple(index for index in self.indexes if index.options.get("unique") is True)

    @property
    def words(self) -> str:
        """What is lost: "an index on users", "the unique index on users"."""
        if self.unique:
            return in_words(self.unique).replace("an index", "the unique index").replace(" indexes", " unique indexes")
        return in_words(self.indexes) if self.indexes else "an index"


def lost_builds(project: Project) -> Iterator[LostBuild]:
    """The clauses outside tests and scripts that end the error of an index build, and let the program go on."""
    making = {(o.module, o.row): o for o in project.operations if o.name in MAKING and o.module not in project.tests}
    declared: dict[tuple[int, int], list[IndexDeclaration]] = {}
    for index in project.declared_in_code if making else ():
        declared.setdefault((index.module, index.row), []).append(index)
    for site in project.handlers if making else ():
        if site.module in project.tests or not _catches(project, site):
            continue
        if project.reachability.loading.is_for_hand(site.module):
            continue
        calls, through = _builds(project, site, making)
        fate = _fate(project, site) if calls else None
        if fate is not None:
            indexes = [index for call in calls for index in declared.get((call.module, call.row), ())]
            yield LostBuild(site, fate, tuple(calls), tuple(indexes), through, _connects(project, site))


def _catches(project: Project, site: ExceptSite) -> bool:
    """Whether a clause catches what a build raises."""
    if site.catches != "other":
        return True
    facts, types = project.modules[site.module], site.handler.types
    node = facts.nodes[types] if types is not None else ("none",)
    rows = node[2] if node[0] == "seq" else [types]
    names = {
        a.name
        for row in rows
        if row is not None
        for a in project.link.value(site.module, row)
        if type(a) is External and a.name in ERRORS
    }
    return any(name.rpartition(".")[2] not in _HARMLESS for name in names)


def _connects(project: Project, site: ExceptSite) -> bool:
    """Whether the ``try`` body opens or tries the connection: ``connect_to_mongo()``, ``command("ping")``."""
    facts = project.modules[site.module]
    attempt = facts.tries[facts.contexts[site.handler.context].ref]
    for call in calls_under(facts, attempt.context, project.link.of_module(calls_by_context, site.module)):
        given = [facts.constant(row) for _, row in facts.nodes[call.row][2][:1]]
        if _CONNECTING.search(last_name(facts, call)) or given == ["ping"]:
            return True
    return False


# What is built in the try body


def _builds(
    project: Project, site: ExceptSite, making: dict[tuple[int, int], Operation]
) -> tuple[list[Operation], int | None]:
    """The builds in the body itself, else those of the first helper called there."""
    facts = project.modules[site.module]
    attempt = facts.tries[facts.contexts[site.handler.context].ref]
    inside = calls_under(facts, attempt.context, project.link.of_module(calls_by_context, site.module))
    inside = [call for call in inside if not is_caught(project.link, site.module, call.row, attempt.context)]
    direct = [making[site.module, call.row] for call in inside if (site.module, call.row) in making]
    if direct or _ends_the_program(project, site):
        return direct, None
    for call in inside:
        reaches = [
            reach
            for reach in project.index_graph.run_by_call(site.module, call.row)
            if (reach.operation.module, reach.operation.row) in making and not reach.cached
        ]
        # Further down much else may fail, unless the helper is there for indexes
        near = [reach.operation for reach in reaches if not reach.chain]
        if not near and "index" in project.callee_name(site.module, call.row).lower():
            near = [reach.operation for reach in reaches]
        if near:
            return near, call.row
    return [], None


def _ends_the_program(project: Project, site: ExceptSite) -> bool:
    """Whether nothing goes on after a clause: it stands around a whole program."""
    if site.scope:
        return project.modules[site.module].scopes[site.scope].name in ("main", "run", "cli")
    return project.is_main_block(site.module, site.handler.context)


# What becomes of the error


def _fate(project: Project, site: ExceptSite) -> Fate | None:
    """None where the program does not just go on, or somebody is told who can do something about it."""
    facts = project.modules[site.module]
    inside = calls_under(facts, site.handler.context, project.link.of_module(calls_by_context, site.module))
    telling = [call for call in inside if last_name(facts, call) in _PRINTING or _is_log(facts, call)]
    if site.raises or site.waits or site.answers_failure or _is_told_apart(facts, site):
        return None
    if _hands_on(facts, site) or any(call not in telling for call in _outside(facts, inside, telling)):
        return None
    loud = [call for call in telling if _is_log(facts, call) and last_name(facts, call) not in _QUIET]
    return "logged" if loud else "swallowed"


def _is_log(facts: ModuleFacts, call: Call) -> bool:
    return is_logging(facts, call, last_name(facts, call))


def _outside(facts: ModuleFacts, calls: Sequence[Call], telling: Sequence[Call]) -> Iterator[Call]:
    """The calls that only make the text of what is told left out."""
    inner: set[int] = set()
    for call in telling:
        for _, given in facts.nodes[call.row][2]:
            inner.update(reached_rows(facts, given))
    return (call for call in calls if call.row not in inner)


def _is_told_apart(facts: ModuleFacts, site: ExceptSite) -> bool:
    """Whether the body asks which error it is: ``if error.code == 85:``."""
    caught = ("exc", site.handler.types)
    return any(
        entry.kind == "then" and caught in reached_rows(facts, entry.ref).values()
        for number, entry in enumerate(facts.contexts)
        if is_inside(facts, number, site.handler.context)
    )


def _hands_on(facts: ModuleFacts, site: ExceptSite) -> bool:
    """Whether the body keeps something on an object, or returns more than a plain value."""
    if any(is_inside(facts, store.context, site.handler.context) for store in (*facts.stores, *facts.item_stores)):
        return True
    returns = facts.scopes[site.scope].returns
    told = [row for row, context in returns if is_inside(facts, context, site.handler.context)]
    return any(facts.nodes[row][0] != "const" for row in told)
