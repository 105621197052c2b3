"""Whether what a place prints is read by who runs the program: its output, where a log line was not meant."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mongolint.link.atoms import ClassRef
from mongolint.link.rowtools import reached_rows
from mongolint.link.states.scopes import calls_by_row
from mongolint.project.entrypoints import words
from mongolint.project.reach.loading import is_main_block, reads_arguments
from mongolint.project.reach.uses import own_name

if TYPE_CHECKING:
    from mongolint.config import Config
    from mongolint.facts.shapes import ModuleFacts
    from mongolint.link.linker import Linker
    from mongolint.project.reach.reachability import Reachability

# What only a program does that a person started
_ENDING = words("exit")


def is_output(reachability: Reachability, config: Config, module: int, scope: int, context: int) -> bool:
    """Whether what is printed at a place is meant to be: a person reads it, a file is written by it, or a log makes it.

    Where an application runs it, no person reads it.
    """
    link, loading = reachability.link, reachability.loading
    facts = link.modules[module]
    if _goes_to_a_file(facts, context) or _is_of_a_log(link, module, scope) or _is_before_logs(link, module, scope):
        return True
    if config.is_cli(facts.path) or config.is_script(facts.path) or is_main_block(facts, context):
        return True
    runner = reachability.reached(module, scope, context).runner
    if "script" in (runner, reachability.reached(module, 0).runner):
        return True  # or what only scripts load
    if runner == "app" and loading.has_application:
        return False
    if loading.is_program(module) or not scope:
        return loading.is_program(module)
    return loading.asks(module, scope) or link.of_module(_is_for_a_person, module, scope)


def _goes_to_a_file(facts: ModuleFacts, context: int) -> bool:
    """Whether standard output is something else at a place: ``fileinput.input(…, inplace=True)``, redirect_stdout."""
    around = [facts.loops[entry.ref].iterable for entry in facts.chain(context) if entry.kind == "loop"]
    around += [entry.ref for entry in facts.chain(context) if entry.kind == "with"]
    for row in around:
        for node in reached_rows(facts, row).values() if row is not None else ():
            if node[0] == "call" and own_name(facts, node[1]) in ("input", "FileInput", "redirect_stdout"):
                inplace = next((given for keyword, given in node[2] if keyword == "inplace"), None)
                if own_name(facts, node[1]) == "redirect_stdout" or facts.constant(inplace):
                    return True
    return False


def _is_before_logs(link: Linker, module: int, scope: int) -> bool:
    """Whether a function configures what logs go to, or helps one that does: there is no log to write to yet."""
    callers = [(site, row) for site, row, _ in link.sites.of(module, scope)] if scope else []
    scopes = {(site, link.of_module(calls_by_row, site)[row].scope) for site, row in callers}
    return any(around in link.of_module(_configuring, site) for site, around in ((module, scope), *scopes))


def _configuring(facts: ModuleFacts, index: int) -> frozenset[int]:
    """The functions that configure what logs go to."""
    calls = (call for call in facts.calls if own_name(facts, facts.nodes[call.row][1]) in _CONFIGURING)
    return frozenset(call.scope for call in calls if call.scope)


_CONFIGURING = words("dictConfig fileConfig")


def _is_of_a_log(link: Linker, module: int, scope: int) -> bool:
    """Whether a place is what a log is written by: a handler or formatter that logs is called for that line again."""
    method = link.modules[module].enclosing_method(scope)
    if method is None:
        return False
    bases = link.hierarchy.external_bases(ClassRef(module, method[0]))
    return any(name.partition(".")[0] == "logging" for name in bases)


def _is_for_a_person(facts: ModuleFacts, scope: int) -> bool:
    """Whether a function is there to print, or belongs to a program that a person started."""
    if facts.scopes[scope].name.lstrip("_").startswith(("print", "pprint")):
        return True
    if any(call.scope == scope and own_name(facts, facts.nodes[call.row][1]) in _ENDING for call in facts.calls):
        return True
    return any(reads_arguments(node) for node in facts.body(facts.scopes[scope]))
