"""What calls the functions in which findings stand, as far as the code shows."""

from __future__ import annotations

from mongolint.facts.shapes import ModuleFacts
from mongolint.finding import Span
from mongolint.project.model import Project


class Callers:
    """Answers for one project."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self._modules = {project.path(module): module for module in range(len(project.modules))}

    def of(self, span: Span) -> str:
        """The runner (app, script, nothing, unknown) of the function around a place; "" where there is none."""
        module = self._modules.get(span.file)
        if module is None or module in self.project.tests:
            return ""
        scope = _function_at(self.project.modules[module], span.line, span.column)
        return self.project.reached(module, scope).runner if scope is not None else ""


def _function_at(facts: ModuleFacts, line: int, column: int) -> int | None:
    """The function of a module or class around a place, itself in no other."""
    if line > len(facts.lines):
        return None
    at = facts.lines[line - 1] + column - 1
    for start, end in facts.parts:
        if start <= at < end:
            inside = [s for s in facts.scopes if s.kind == "function" and start <= s.name_span[0] < end]
            return min(inside, key=lambda scope: scope.name_span).index if inside else None
    return None
