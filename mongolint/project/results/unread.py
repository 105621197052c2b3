"""Documents that a write sends back, and that nobody looks at."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mongolint.fastclasses import NamedTuple
from mongolint.link.rowtools import reached_rows
from mongolint.project.results.flow import Flow, flow

if TYPE_CHECKING:
    from mongolint.facts.shapes import ModuleFacts
    from mongolint.project.model import Project
    from mongolint.project.operations import Operation
    from mongolint.project.reach.uses import Use

# What does the same and sends no document, and how many of its arguments stand in the same order
_WITHOUT = {
    "find_one_and_update": ("update_one", 2),
    "find_one_and_replace": ("replace_one", 2),
    "find_one_and_delete": ("delete_one", 1),
}
# Keywords that both know, and those that only say which document is sent
_SHARED = frozenset(["filter", "update", "replacement", "upsert", "collation", "hint", "session", "let", "comment"])
_SHARED_BY_UPDATES = frozenset(["array_filters"])
# Writes whose result says whether there was such a document
_ONE = frozenset(["update_one", "delete_one", "replace_one"])
# How frameworks mark what a path names
_PARTS = (("{", "}"), ("{", ":"), ("<", ">"), (":", ">"))
ONLY_SENT = frozenset(["projection", "return_document"])
# Calls that run what they are given, and whose own result is the only way to it; what puts it with others
_RUNNING = frozenset(["create_task", "ensure_future", "gather", "wait", "shield"])
_GATHERING = frozenset(["append", "extend"])
# Lists that are put together of several are not followed further than this
_MOST_STEPS = 20


class Unread(NamedTuple):
    """``name``: the method that sends no document. ``function``: the helper that returns it; ``calls``: its calls."""

    operation: Operation
    name: str
    function: str = ""
    calls: tuple[Use, ...] = ()


def unread(project: Project, operation: Operation) -> Unread | None:
    """The write whose document is not even kept in a variable, where another method does the same without it."""
    name, count = _WITHOUT.get(operation.name, ("", 0))
    facts = project.modules[operation.module]
    node = facts.nodes[operation.row]
    if not name or node[0] != "call" or facts.nodes[node[1]][0] != "attr":
        return None
    keywords = [keyword for keyword, _ in node[2]]
    known = _SHARED | ONLY_SENT | (_SHARED_BY_UPDATES if name == "update_one" else frozenset())
    # A sort chooses the document, and a time limit is no argument of the other method
    if keywords.count(None) > count or not set(keywords) - {None} <= known:
        return None
    found = flow(project, operation.module, operation.row)
    if _is_idle(facts, found):
        return Unread(operation, name)
    return _of_helper(project, operation, name, found)


def _is_idle(facts: ModuleFacts, found: Flow) -> bool:
    """Whether nothing is done with a value: it is not even kept in a variable."""
    if found.users or found.leaves or found.tested or any(use.row in found.rows for use in facts.uses):
        return False
    return not any(found.rows & set(held) for scope in facts.scopes for held in scope.defs.values())


def _of_helper(project: Project, operation: Operation, name: str, found: Flow) -> Unread | None:
    """The write whose document a helper only returns, to calls that all let it drop."""
    held = project.link.scope(operation.module, operation.scope)
    if not found.returned or found.kept or found.users or found.tested or held.decorators or held.yields:
        return None
    if len(operation.collection_names) != 1:
        return None  # one for whoever needs a collection
    uses = project.reachability.uses.of(operation.module, operation.scope)
    if not all(use.called and _is_dropped(project, use.module, use.row, _MOST_STEPS) for use in uses):
        return None
    if all(project.is_script(use.module) for use in uses) or _is_tested(project, held.name):
        return None
    return Unread(operation, name, project.function_name(operation.module, operation.scope), tuple(uses))


def _is_tested(project: Project, name: str) -> bool:
    """Whether tests look at what a method of that name returns: they are callers, too."""
    for module in project.tests:
        facts = project.modules[module]
        for call in facts.calls:
            function = facts.nodes[facts.nodes[call.row][1]]
            if function[0] in ("attr", "free", "from") and function[2] == name:
                if not _is_dropped(project, module, call.row, _MOST_STEPS):
                    return True
    return False


def _is_dropped(project: Project, module: int, row: int, steps: int) -> bool:
    """Whether a value is lost where it comes out: at once, or as what tasks give that nobody keeps."""
    facts = project.modules[module]
    found = flow(project, module, row)
    if _is_idle(facts, found):
        return True
    if steps == 0 or found.leaves or found.tested or not found.users:
        return False
    return all(_goes_down(project, module, user, used, steps - 1) for user, used in found.users)


def _goes_down(project: Project, module: int, user: int, used: int, steps: int) -> bool:
    """Whether what one row does with a value, or with a list that it is in, lets it drop."""
    facts = project.modules[module]
    node = facts.nodes[user]
    match node[0]:
        case "call" if used != node[1]:
            # A list's own result says nothing of what is in it, but the list does, of which the call makes a new row
            return facts.nodes[node[1]][-1] in _RUNNING | _GATHERING and _is_dropped(project, module, user, steps)
        case "mutated":
            return _is_gathered(facts, node[2]) and _is_dropped(project, module, user, steps)
        case "attr":
            return node[2] in _GATHERING
        case "star":
            return _is_dropped(project, module, user, steps)
        case "seq":
            return node[1] == "list" and _is_dropped(project, module, user, steps)
        case "binop":
            return node[1] == "+" and _is_dropped(project, module, user, steps)
    return False


def _is_gathered(facts: ModuleFacts, call: int) -> bool:
    return facts.nodes[facts.nodes[call][1]][-1] in _GATHERING


def unheeded(project: Project) -> list[Operation]:
    """The writes to the one document that the path of a request names, of which nobody looks whether it was there."""
    wanted = (each for each in project.operations if each.name in _ONE and each.module not in project.tests)
    return [each for each in wanted if _is_unheeded(project, each)]


def _is_unheeded(project: Project, operation: Operation) -> bool:
    module, scope = operation.module, operation.scope
    call = project.writes.tracer.call(module, operation.row)
    path = project.request_path(module, scope)
    if call is None or not call.statement:
        return False
    if path is None or path.calls or path.kind != "request" or not _is_named(project, operation, path.route):
        return False
    if project.results.argument(operation, "upsert") is not None:
        return False
    # What else the handler asks or writes may tell
    run = [reach.operation for reach in project.graph.run_by(module, scope).values()]
    run += [each for each in project.operations if (each.module, each.scope) == (module, scope)]
    return not any(each is not operation for each in run)


def _is_named(project: Project, operation: Operation, route: str) -> bool:
    """Whether the filter compares one field with a part of the path, and nothing else."""
    asked = operation.filter
    if asked.open or asked.optional or list(asked.required.values()) != ["equality"]:
        return False
    place = asked.places.get(next(iter(asked.required)))
    if place is None or place.module != operation.module:
        return False
    inner = reached_rows(project.modules[place.module], place.row).values()
    if any(node[0] in ("item", "await") for node in inner):
        return False
    named = [str(node[2]) for node in inner if node[0] == "param"]
    return len(named) == 1 and any(f"{begin}{named[0]}{end}" in route for begin, end in _PARTS)
