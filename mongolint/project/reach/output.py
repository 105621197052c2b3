"""Whether what a place prints is read by who runs the program: its output, where a log line was not meant."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mongolint.project.entrypoints import words
from mongolint.project.reach.loading import is_main_block, reads_arguments
from mongolint.project.reach.uses import own_name

if TYPE_CHECKING:
    from mongolint.config import Config
    from mongolint.facts.shapes import ModuleFacts
    from mongolint.project.reach.reachability import Reachability

# What only a program does that a person started
_ENDING = words("exit")


def is_output(reachability: Reachability, config: Config, module: int, scope: int, context: int) -> bool:
    """Whether a person reads what is printed at a place; never where an application runs it."""
    link, loading = reachability.link, reachability.loading
    facts = link.modules[module]
    if config.is_cli(facts.path) or config.is_script(facts.path) or is_main_block(facts, context):
        return True
    runner = reachability.reached(module, scope, context).runner
    if "script" in (runner, reachability.reached(module, 0).runner):
        return True  # or what only scripts load
    if runner == "app" and loading.has_application:
        return False
    return loading.is_program(module) or (scope > 0 and (loading.asks(module, scope) or _is_for_a_person(facts, scope)))


def _is_for_a_person(facts: ModuleFacts, scope: int) -> bool:
    """Whether a function is there to print, or belongs to a program that a person started."""
    if facts.scopes[scope].name.lstrip("_").startswith(("print", "pprint")):
        return True
    if any(call.scope == scope and own_name(facts, facts.nodes[call.row][1]) in _ENDING for call in facts.calls):
        return True
    return any(reads_arguments(node) for node in facts.body(facts.scopes[scope]))
