"""Documents that a helper reads and returns, one or a list, and of which its callers use a few fields."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mongolint.fastclasses import NamedTuple
from mongolint.project.results.flow import flow
from mongolint.project.results.partial import (
    STEPS,
    Seen,
    is_call_of,
    large_fields,
    of_document,
    of_list,
    reads_whole,
    takes_most,
)

if TYPE_CHECKING:
    from mongolint.project.model import Project
    from mongolint.project.operations import Operation
    from mongolint.project.reach.uses import Use

# Helpers that return what another one returns
_MAX_HELPERS = 3
# So few calls are no reason to give a helper a parameter that others do without
_FEW = 3


class CallUse(NamedTuple):
    """A call of a helper, and all fields that it uses of the document."""

    module: int
    row: int
    fields: tuple[str, ...]


class HelperUse(NamedTuple):
    """A read of a whole document in a helper that returns it.

    ``function``: its name, or that of one around it that returns the document. ``calls``: those that use few fields.
    ``others``: how many uses of the helper there are besides, each of which may need the whole. ``large``: the fields
    that grow, and that none of the calls uses; there are some if there are others.
    """

    function: str
    calls: tuple[CallUse, ...]
    others: int
    large: tuple[str, ...]

    @property
    def fields(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(name for call in self.calls for name in call.fields))

    @property
    def apart(self) -> str:
        """How many of the calls do with less than all of them together, where several do: " (3 of them only owner)"."""
        least = min((call.fields for call in self.calls), key=len)
        count = sum(set(call.fields) == set(least) for call in self.calls)
        told = f"only {', '.join(least)}" if least else "only ask whether there is one"
        return f" ({count} of them {told})" if 1 < count < len(self.calls) else ""


def helper_use(project: Project, operation: Operation, most: int) -> HelperUse | None:
    """The calls that use at most ``most`` fields of the document which their helper reads: all, or several.

    Several only where the documents are large, as far as the code shows, by what those calls leave alone.
    """
    if operation.collection is None or not reads_whole(project, operation):
        return None
    own = Seen()
    if not (_returns_list if operation.name == "find" else _returns_document)(project, operation, own):
        return None
    helper = _outermost(project, operation.module, operation.scope)
    if helper is None:
        return None
    uses = project.reachability.uses.of(*helper)
    taken = (_call(project, use, own, operation.name == "find") for use in uses)
    calls = [call for call in taken if call is not None and len(call.fields) <= most]
    name = project.function_name(*helper)
    fields = {field for call in calls for field in call.fields}
    if calls and len(calls) == len(uses) and len(fields) <= most:
        return None if takes_most(project, operation, fields) else HelperUse(name, tuple(calls), 0, ())
    if len(calls) < _FEW:
        return None
    large = large_fields(project, str(operation.collection.name))
    calls = [call for call in calls if large.isdisjoint(call.fields)]
    if not large or len(calls) < _FEW:
        return None
    return HelperUse(name, tuple(calls), len(uses) - len(calls), tuple(sorted(large)))


def _returns_document(project: Project, operation: Operation, own: Seen) -> bool:
    found = flow(project, operation.module, operation.row)
    return found.returned and of_document(project, operation.module, found, own, may_return=True)


def _returns_list(project: Project, operation: Operation, own: Seen) -> bool:
    """Whether a helper makes a list of all that it finds, and only returns that."""
    row = listed(project, operation)
    found = flow(project, operation.module, row) if row is not None else None
    return found is not None and found.returned and not (found.kept or found.users or found.tested)


def listed(project: Project, operation: Operation) -> int | None:
    """The row of the list that a function makes of all that it finds, where nothing else is done with the cursor."""
    facts, row = project.modules[operation.module], operation.row
    while True:
        found = flow(project, operation.module, row)
        if found.leaves or found.tested or len(found.users) != 1:
            return None
        user, used = found.users[0]
        node = facts.nodes[user]
        if is_call_of(facts, "list", user, used):
            return user
        if node[0] != "attr" or (node[2] not in STEPS and node[2] != "to_list"):
            return None
        called = flow(project, operation.module, user).users
        if len(called) != 1 or facts.nodes[called[0][0]][0] != "call":
            return None
        row = called[0][0]
        if node[2] == "to_list":
            return row


def _outermost(project: Project, module: int, scope: int) -> tuple[int, int] | None:
    """The helper that others call, through those that only return what it returns; None if that goes to a framework."""
    for _ in range(_MAX_HELPERS):
        held = project.link.scope(module, scope)
        if held.decorators or held.yields:
            return None
        uses = project.reachability.uses.of(module, scope)
        if len(uses) != 1 or not _hands_on(project, uses[0]):
            return module, scope
        module, scope = uses[0].module, uses[0].scope
    return None


def _hands_on(project: Project, use: Use) -> bool:
    """Whether a call does no more with the document than to return it."""
    found = flow(project, use.module, use.row)
    return use.called and use.certain and found.returned and not (found.kept or found.users)


def _call(project: Project, use: Use, own: Seen, is_list: bool) -> CallUse | None:
    """What one use of a helper takes of the document, besides what the helper does; None where that may be all."""
    if not (use.called and use.certain and use.scope):
        return None
    seen = Seen(dict(own.fields))
    if is_list:
        # One that nothing takes a field of is counted, which needs no list
        complete = of_list(project, use.module, use.row, seen) and bool(seen.fields)
    else:
        found = flow(project, use.module, use.row)
        # What a helper looks at itself, to raise if it is not right, may be dropped then
        is_dropped = not (found.users or found.leaves or found.tested)
        complete = of_document(project, use.module, found, seen) or (is_dropped and bool(own.fields or own.tested))
    return CallUse(use.module, use.row, tuple(seen.fields)) if complete else None
