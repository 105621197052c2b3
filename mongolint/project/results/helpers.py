"""Documents that a helper reads and returns, and of which its callers use a few fields."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

from mongolint.project.results.flow import flow
from mongolint.project.results.partial import Seen, of_document, reads_whole

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


def helper_use(project: Project, operation: Operation, most: int) -> HelperUse | None:
    """The calls that use at most ``most`` fields of the document which their helper reads: all, or several.

    Several only where the documents are large, as far as the code shows, by what those calls leave alone.
    """
    if operation.name != "find_one" or operation.collection is None or not reads_whole(project, operation):
        return None
    own = Seen()
    found = flow(project, operation.module, operation.row)
    if not found.returned or not of_document(project, operation.module, found, own, may_return=True):
        return None
    helper = _outermost(project, operation.module, operation.scope)
    if helper is None:
        return None
    uses = project.reachability.uses.of(*helper)
    calls = [call for use in uses if (call := _call(project, use, own)) is not None and len(call.fields) <= most]
    name = project.function_name(*helper)
    if calls and len(calls) == len(uses) and len({field for call in calls for field in call.fields}) <= most:
        return HelperUse(name, tuple(calls), 0, ())
    if len(calls) < _FEW:
        return None
    large = _large(project, str(operation.collection.name))
    calls = [call for call in calls if large.isdisjoint(call.fields)]
    if not large or len(calls) < _FEW:
        return None
    return HelperUse(name, tuple(calls), len(uses) - len(calls), tuple(sorted(large)))


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


def _call(project: Project, use: Use, own: Seen) -> CallUse | None:
    """What one use of a helper takes of the document, besides what the helper does; None where that may be all."""
    if not (use.called and use.certain and use.scope):
        return None
    seen = Seen(dict(own.fields))
    if not of_document(project, use.module, flow(project, use.module, use.row), seen):
        return None
    return CallUse(use.module, use.row, tuple(seen.fields))


def _large(project: Project, collection: str) -> set[str]:
    """The fields of a collection in which something grows."""
    fields = project.fields
    names: Iterable[str] = (each.field for each in fields.growing(collection))
    return {name.partition(".")[0] for name in (*names, *(name for name, _ in fields.rewritten(collection)))}
