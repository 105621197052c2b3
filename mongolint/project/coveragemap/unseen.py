"""What of an operation only the running program knows, beside the fields of its filter."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mongolint.link.atoms import NONE
from mongolint.project import pipelines
from mongolint.project.documents import Place
from mongolint.project.operations import Operation, argument

if TYPE_CHECKING:
    from mongolint.project.model import Project

SORT, STAGES = "sort {…}", "stages …"


def unseen_in(project: Project, operation: Operation) -> tuple[str, ...]:
    """`SORT` for an order, `STAGES` for stages of a pipeline that the code does not show, or not on every path."""
    link, method = project.link, operation.method
    if link.node(operation.module, operation.row)[0] != "call":
        return ()
    if method.pipeline is not None:
        return _unseen_in_pipeline(project, operation)
    places = [
        Place(step.module, args[0][1], None)
        for step in operation.steps
        if step.name == "sort" and (args := link.node(step.module, step.row)[2])
    ]
    given = argument(link, operation.module, operation.row, method, method.sort) if method.sort else None
    places += [given] if given is not None and link.value(*given) != (NONE,) else []
    return (SORT,) if any(_hides_sort(project, place) for place in places) else ()


def _unseen_in_pipeline(project: Project, operation: Operation) -> tuple[str, ...]:
    place = argument(project.link, operation.module, operation.row, operation.method, str(operation.method.pipeline))
    if place is None:
        return (STAGES,)
    stages, is_open = pipelines.stages_of(project.reader, place)
    sorts = [stage for stage in stages if stage.name == "$sort"]
    found = [SORT] if any(not stage.certain or _hides_sort(project, stage.place) for stage in sorts) else []
    return (*found, STAGES) if is_open else tuple(found)


def _hides_sort(project: Project, place: Place) -> bool:
    """Whether a sort has a field that is not known."""
    if project.reader.key_pattern(place) is None:
        return True
    # What the entries of a document show is not all that it has
    kinds = {project.link.node(atom.module, atom.row)[0] for atom in project.link.value(*place) if hasattr(atom, "row")}
    return bool(kinds & {"dict", "setitem"}) and project.reader.document(*place).open
