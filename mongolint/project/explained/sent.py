"""What of an operation's command a server can be asked to plan: reads only, and only what is sure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mongolint.coverage import ANY
from mongolint.fastclasses import dataclass
from mongolint.link.atoms import strings
from mongolint.project.model import Project
from mongolint.project.operations import Operation, argument
from mongolint.project.pipelines import Stage, stages_of
from mongolint.project.plain import filter_of, value_of

_WRITING = ("$out", "$merge")


@dataclass(frozen=True, slots=True)
class Sent:
    """A command: find (also for what a write looks for), count, distinct by ``key``, aggregate with ``pipeline``; and
    count-documents, for which the driver sends an aggregation.

    Values that are not known are `mongolint.coverage.ANY`. ``left_out``: the stages that are not sure, or write.
    """

    command: str = "find"
    key: str = ""
    pipeline: tuple[Mapping[str, Any], ...] = ()
    left_out: tuple[str, ...] = ()


def sent_of(project: Project, operation: Operation) -> Sent | None:
    """The command of an operation; None where it asks for no documents."""
    if operation.method.kind not in ("read", "write") or not _asks(operation):
        return None
    if operation.method.pipeline is not None:
        return _aggregate(project, operation)
    if operation.name == "count_documents":
        return Sent("count-documents")
    if operation.name == "count" or any(step.name == "count" for step in operation.steps):
        return Sent("count")
    if operation.name == "distinct":
        place = argument(project.link, operation.module, operation.row, operation.method, "key")
        value = project.link.value(*place) if place is not None else ()
        names = strings(value)
        return Sent("distinct", key=names[0]) if len(names) == len(value) == 1 else Sent()
    return Sent()


def _asks(operation: Operation) -> bool:
    method = operation.method
    return method.filter is not None or method.pipeline is not None


def _aggregate(project: Project, operation: Operation) -> Sent:
    place = argument(project.link, operation.module, operation.row, operation.method, str(operation.method.pipeline))
    stages, _ = stages_of(project.reader, place) if place is not None else ([], False)
    found: list[Mapping[str, Any]] = []
    left_out: list[str] = []
    for number, stage in enumerate(stages):
        value = _stage(project, stage)
        if stage.name in _WRITING or value is ANY or (value == {} and stage.name != "$match"):
            left_out += [each.name for each in stages[number:]]
            break
        if stage.certain and value != {}:
            found.append({stage.name: value})
        else:
            left_out.append(stage.name)
    return Sent("aggregate", "", tuple(found), tuple(left_out))


def _stage(project: Project, stage: Stage) -> Any:
    """The value of a stage; `ANY` where it is not known. Of a filter all that is sure is known."""
    if stage.name != "$match":
        return value_of(project.reader, stage.place)
    return filter_of(project.reader, project.reader.document(*stage.place))
