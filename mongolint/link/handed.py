"""Functions that are handed to something that calls them with the arguments beside: ``pool.submit(load, user_id)``."""

from __future__ import annotations

from collections.abc import Callable

from mongolint.facts.shapes import ModuleFacts, Reference, Row
from mongolint.fastclasses import NamedTuple

# Where the function stands among the arguments; what follows it is passed on (concurrent.futures, asyncio, Starlette,
# AnyIO, Trio)
_POSITIONS = {
    **dict.fromkeys(("submit", "to_thread", "run_in_threadpool", "run_sync", "start_soon"), 0),
    **dict.fromkeys(("call_soon", "call_soon_threadsafe"), 0),
    **dict.fromkeys(("run_in_executor", "call_later"), 1),
}
# They are given the function as ``target``, and its arguments as ``args`` and ``kwargs`` (threading, multiprocessing)
_BY_NAME = ("Thread", "Process")


class Handed(NamedTuple):
    """The row of a function, and the arguments (keyword, row) that it will be called with."""

    function: int
    arguments: tuple[tuple[str | None, int], ...]


def handed(at: Callable[[int], Row], call: Row) -> Handed | None:
    """What a call hands on, if it is named like one that does; ``at`` gives the rows of its module."""
    callee = at(call[1])
    name = callee[2] if callee[0] in ("attr", "from", "free") else ""
    if name in _BY_NAME:
        given = dict(call[2])
        if "target" not in given:
            return None
        spread = (("*", given.get("args")), ("**", given.get("kwargs")))
        return Handed(given["target"], tuple((sign, row) for sign, row in spread if row is not None))
    position = _POSITIONS.get(name)
    if position is None or len(call[2]) <= position or any(keyword for keyword, _ in call[2][: position + 1]):
        return None
    return Handed(call[2][position][1], call[2][position + 1 :])


def given(facts: ModuleFacts, entry: Reference, outer: dict[int, int]) -> tuple[tuple[str | None, int], ...] | None:
    """The arguments for a method that is handed on; None where they are not seen.

    ``to_thread(find, {…})`` gives it those that follow, ``retry(find)({…})`` those of the call of what that makes.
    ``outer``: the calls of what calls make.
    """
    if entry.call is None:
        return None
    call = facts.nodes[entry.call]
    if entry.call in outer and entry.position == 0 and all(keyword for keyword, _ in call[2][1:]):
        return tuple(facts.nodes[outer[entry.call]][2])
    follow = call[2][entry.position + 1 :]
    is_known = any(keyword is None for keyword, _ in follow) or handed(facts.nodes.__getitem__, call) is not None
    return tuple(follow) if is_known else None


def calls_of_calls(facts: ModuleFacts, index: int) -> dict[int, int]:
    """The calls whose function is what another call gives, by that call: ``retry(find)({…})``."""
    found = ((facts.nodes[call.row][1], call.row) for call in facts.calls)
    return {function: row for function, row in found if facts.nodes[function][0] == "call"}
