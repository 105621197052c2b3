"""Which operations a person means by a line, or by a line and a column."""

from __future__ import annotations

from collections.abc import Iterator

from mongolint.finding import Span
from mongolint.project.model import Project
from mongolint.project.operations import Operation
from mongolint.project.untraced.annotations import annotation_hint

# How many others a message names
_NAMED = 3


def operations_at(project: Project, module: int, line: int, column: int | None = None) -> list[Operation]:
    """The operations whose method stands on a line, else the one with a call around it; empty if there is none.

    With a column just one: that whose method or innermost call is there, else the nearest on the line. What is called
    on a cursor belongs to the call that made it.
    """
    own = [operation for operation in project.operations if operation.module == module]
    here = [operation for operation in own if project.operation_span(operation).line == line]
    if here and column is None:
        return here
    around = [(span, o) for o in own for span in _spans(project, o) if _holds(span, line, column)]
    smallest = min(around, key=lambda each: _size(each[0]), default=None)
    if smallest is not None:
        return [smallest[1]]
    return sorted(here, key=lambda o: abs(project.operation_span(o).column - (column or 0)))[:1]


def none_at(project: Project, module: int, line: int) -> str:
    """Why there is no operation on a line, and where the nearest are, in a clause."""
    for number, call, receiver in project.unresolved:
        if number == module and _holds(project.span(number, call), line, None):
            name, hint = project.callee_name(number, call), annotation_hint(project, number, receiver)
            return f"what {name} is called on could not be traced; {hint}"
    own = [operation for operation in project.operations if operation.module == module]
    if not own:
        return "there is no operation on a collection in this file"
    nearest = sorted(own, key=lambda o: abs(project.operation_span(o).line - line))[:_NAMED]
    lines = [f"{project.operation_span(o).line} ({o.name} on {o.target})" for o in nearest]
    return f"no operation on this line; the nearest are on {', '.join(dict.fromkeys(lines))}"


def _spans(project: Project, operation: Operation) -> Iterator[Span]:
    """The name of the method, the call, and what is called on its cursor."""
    yield project.operation_span(operation)
    yield project.span(operation.module, operation.row)
    for step in operation.steps:
        if step.module == operation.module:
            yield project.span(step.module, step.row)


def _holds(span: Span, line: int, column: int | None) -> bool:
    if column is None:
        return span.line <= line <= span.end_line
    return (span.line, span.column) <= (line, column) < (span.end_line, span.end_column)


def _size(span: Span) -> tuple[int, int]:
    return span.end_line - span.line, span.end_column - span.column
