"""What of an operation only the running program knows, beside the fields of its filter."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from mongolint.link.atoms import NONE, ClassRef, Const, Instance, is_open
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
    if project.reader.key_pattern(place) is None or _may_be_other(project, place, frozenset()):
        return True
    # What the entries of a document show is not all that it has
    kinds = {project.link.node(atom.module, atom.row)[0] for atom in project.link.value(*place) if hasattr(atom, "row")}
    return bool(kinds & {"dict", "setitem"}) and project.reader.document(*place).open


def _may_be_other(project: Project, place: Place, seen: frozenset[Place]) -> bool:
    """Whether the name that is known of a field stands only where nobody chooses one: ``args.get("by") or "at"``."""
    if place in seen:
        return False
    link, (module, row, env) = project.link, place
    node, met = link.node(module, row), seen | {place}

    def any_of(rows: Iterable[int]) -> bool:
        return any(_may_be_other(project, Place(module, each, env), met) for each in rows)

    match node[0]:
        case "const":
            return False
        case "bool":
            return any(is_open(link.value(module, each, env)) for each in node[2]) or any_of(node[2])
        case "ifexp":
            return any_of(node[2:4])
        case "phi" | "seq":
            return any_of(node[1] if node[0] == "phi" else node[2])
        case "call":  # ``by.strip()``
            taken = link.node(module, node[1])
            return taken[0] == "attr" and any_of([taken[1]])
        case "attr":
            kinds = [atom for atom in link.value(module, node[1], env) if type(atom) in (Instance, ClassRef)]
            kept = [Place(*at, None) for atom in kinds for at in link.stores.places(ClassRef(*atom[:2]), node[2])]
            return any(is_open(link.value(*at)) or _may_be_other(project, at, met) for at in kept)
        case "param":
            is_given = env is not None and env.lookup(module, node[1]) is not None
            held = link.value(module, row, env)
            return not is_given and any(type(atom) is Const for atom in held) and not link.sites.of(module, node[1])
    return False
