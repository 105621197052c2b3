"""Updates that ask for all documents to take out of them what only some hold: ``update_many({}, {"$pull": …})``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mongolint.link.atoms import Literal
from mongolint.project.documents import Place
from mongolint.project.documents.shapes import DOCUMENT_ROWS
from mongolint.project.operations import Operation, argument

if TYPE_CHECKING:
    from mongolint.project.model import Project

_TAKING_OUT = frozenset(["$pull", "$pullAll"])


def pulled_everywhere(project: Project, operation: Operation) -> tuple[str, ...]:
    """The fields by which such an update could ask for those that hold it: ``users.id`` of what has that id in it."""
    asked = operation.filter
    if operation.name != "update_many" or asked.required or asked.optional or asked.open or asked.clauses or asked.text:
        return ()
    place = argument(project.link, operation.module, operation.row, operation.method, "update")
    update = entries(project, place) if place is not None else {}
    if not update or not _TAKING_OUT.issuperset(update):
        return ()
    fields = [(name, at) for part in update.values() for name, at in entries(project, part).items()]
    return tuple(path for name, at in fields for path in _paths(project, name, at))


def _paths(project: Project, name: str, at: Place) -> list[str]:
    """``tags`` of a value or of operators on it, ``tags.id`` of a document of which a part is given."""
    given = entries(project, at)
    return [f"{name}.{key}" for key in given] if given and not any(key.startswith("$") for key in given) else [name]


def entries(project: Project, place: Place) -> dict[str, Place]:
    """The entries of what surely is one dict that the code writes out."""
    value = project.link.value(*place)
    if len(value) != 1 or type(value[0]) is not Literal:
        return {}
    literal = Place(*value[0])
    if project.link.node(literal.module, literal.row)[0] not in DOCUMENT_ROWS:
        return {}
    return {} if project.reader.document(*literal).open else dict(project.reader.entries(*literal))
