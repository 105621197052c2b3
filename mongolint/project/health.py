"""Functions that ask whether the server is there: that it is not is their answer, and no failure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from mongolint.facts.shapes import ModuleFacts

if TYPE_CHECKING:
    from mongolint.project.handlers import DriverCall


def is_health_check(facts: ModuleFacts, scope: int, calls: tuple[DriverCall, ...]) -> bool:
    """Whether a function, or what it runs of the driver, does no more than that."""
    name = facts.scopes[scope].name.lower()
    if any(word in name for word in _HEALTH_WORDS):
        return True
    if _ASKS_CONNECTION.search(name) and _says_yes_or_no(facts, scope):
        return True
    return bool(calls) and all(not call.chain and _is_ping(facts, call) for call in calls)


_HEALTH_WORDS = ("health", "alive", "ping", "ready", "readiness", "liveness", "is_connected", "check_connection")
# test_mongodb_connection, can_connect, is_db_reachable
_ASKS_CONNECTION = re.compile(
    r"(?:^|_)(?:test|check|try|verify|validate|probe|can|is|has)_(?:.*_)?"
    r"(?:connect|connects|connected|connection|connectivity|reachable|online|up)(?:_|$)"
)


def _says_yes_or_no(facts: ModuleFacts, scope: int) -> bool:
    """Whether a function returns both True and False, and nothing else: what it did is not the answer."""
    answers = [facts.nodes[row] for row, _ in facts.scopes[scope].returns]
    return {node[1] for node in answers if node[0] == "const" and type(node[1]) is bool} == {True, False} and all(
        node[0] == "const" and type(node[1]) is bool for node in answers
    )


def _is_ping(facts: ModuleFacts, call: DriverCall) -> bool:
    _, function, args = facts.nodes[call.row]
    name = facts.nodes[function][2]
    given = facts.nodes[args[0][1]] if args else ("none",)
    return name == "server_info" or (name == "command" and given == ("const", "ping"))
