"""The requests of a bulk write, as far as the code shows them."""

from __future__ import annotations

from collections.abc import Iterator

from mongolint.link.atoms import External
from mongolint.mongo import drivers
from mongolint.project.documents import Place
from mongolint.project.explained.constructed import camel
from mongolint.project.model import Project
from mongolint.project.operations import Operation, argument


def requests_of(project: Project, operation: Operation) -> Iterator[tuple[str, Place, Place]]:
    """Of each request that has a filter, how mongosh calls it, the filter, and the whole."""
    if operation.name != "bulk_write" or project.link.node(operation.module, operation.row)[0] != "call":
        return
    place = argument(project.link, operation.module, operation.row, operation.method, "requests")
    items, _ = project.reader.items(*place) if place is not None else ([], False)
    for item in items:
        yield from _request(project, item.place)


def _request(project: Project, place: Place) -> Iterator[tuple[str, Place, Place]]:
    node = project.link.node(place.module, place.row)
    callee = project.link.value(place.module, node[1], place.env) if node[0] == "call" else ()
    for atom in callee:
        request = drivers.REQUESTS.get(atom.name) if type(atom) is External else None
        if request is None or request.filter is None:
            continue
        given = [(keyword, Place(place.module, row, place.env)) for keyword, row in node[2]]
        filter = request.arguments(given).get(request.filter)
        if filter is not None:
            yield camel(atom.name.rpartition(".")[2], initial=True), filter, place
