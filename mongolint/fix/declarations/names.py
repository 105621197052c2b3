"""Whether the code says how a collection is called, or a setting does."""

from __future__ import annotations

from mongolint.facts.shapes import ModuleFacts
from mongolint.project.model import Project

# What reads a setting; its last argument is a default, which an installation may overrule
_READERS = ("getenv", "get", "config", "env", "Field", "setdefault", "get_setting")


def is_spelled_out(project: Project, name: str) -> bool:
    """Whether the name of a collection stands in the code as more than the default of a setting."""
    for module, facts in enumerate(project.modules):
        if module in project.tests:
            continue
        defaults = set(_defaults(facts))
        if any(node[2] == name for _, node in facts.of_kind("attr")):
            return True
        if any(node[1] == name and row not in defaults for row, node in facts.of_kind("const")):
            return True
    return False


def _defaults(facts: ModuleFacts) -> list[int]:
    """The rows that are defaults of settings."""
    found: list[int] = []
    for call in facts.calls:
        function, args = facts.nodes[facts.nodes[call.row][1]], facts.nodes[call.row][2]
        if function[0] in ("attr", "free", "from") and function[2] in _READERS:
            found += [row for _, row in args]
    for scope in facts.scopes:
        bases = [facts.nodes[row] for row in scope.bases]
        if any(base[0] in ("attr", "free", "from") and str(base[2]).endswith("Settings") for base in bases):
            for row in scope.final.values():
                node = facts.nodes[row]
                found.append(node[2] if node[0] == "typed" and node[2] is not None else row)
    return found
