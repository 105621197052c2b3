"""What a request reads a whole collection for: pipelines that gather all documents, and counts of all.

Source: MongoDB manual, "db.collection.estimatedDocumentCount()" (metadata), "countDocuments()" (an aggregation).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mongolint.project import pipelines

if TYPE_CHECKING:
    from mongolint.project.model import Project
    from mongolint.project.operations import Operation

_GATHERING = frozenset(["$group", "$count", "$sortByCount", "$bucket", "$bucketAuto"])
# They hand on each document that comes to them
_PASSING = frozenset(["$project", "$unwind", "$addFields", "$set", "$unset", "$sort", "$replaceRoot"])


def gathered(project: Project) -> list[Operation]:
    """The pipelines of requests that make something of all documents, each time anew."""
    return [each for each in project.operations if each.name == "aggregate" and _is_gathering(project, each)]


def counted(project: Project) -> list[Operation]:
    """The counts of all documents of which a request asks how many there are."""
    return [
        each
        for each in project.operations
        if each.name == "count_documents"
        and not (each.filter.required or each.filter.optional or each.filter.open or each.session)
        and _is_of_requests(project, each)
        and project.results.existence(each) is None
    ]


def _is_of_requests(project: Project, operation: Operation) -> bool:
    path = project.request_path(operation.module, operation.scope)
    is_asked = path is not None and path.kind == "request" and operation.module not in project.tests
    return is_asked and project.runs_each_time(operation)


def _is_gathering(project: Project, operation: Operation) -> bool:
    place = project.results.argument(operation, "pipeline")
    stages, is_open = pipelines.stages_of(project.reader, place) if place is not None else ([], True)
    if is_open or not _is_of_requests(project, operation):
        return False
    for stage in stages:
        if stage.name in _GATHERING:
            return stage.certain
        if stage.name not in _PASSING:
            return False
    return False
