"""What the code does well, each with places that show it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from mongolint.finding import Span
from mongolint.project.indexes import IndexDeclaration
from mongolint.project.model import Project

Record = dict[str, Any]

_MOST_PLACES = 5
_FIRST = 3
# A share of all from which it is a habit, and the number from which a share means something
_HABIT = 0.9
_FEW = 5


def strengths(project: Project, coverage: Mapping[str, Any], dropped: Collection[str]) -> list[Record]:
    """Only what is so in nearly all places that could be otherwise.

    Args:
        dropped: collections whose unique indexes the application drops itself: what is missing at times, keeps nothing.
    """
    found = []
    for text, spans in (
        *_time_limits(project),
        *_indexes(project, dropped),
        *_served(project, coverage),
        *_handlers(project),
        *_sessions(project),
    ):
        places = list(dict.fromkeys(spans))
        found.append({"text": text, "places": [_place(span) for span in places[:_MOST_PLACES]]})
    return found


def _time_limits(project: Project) -> Iterator[tuple[str, Iterable[Span]]]:
    own = [o for o in project.operations if o.module not in project.tests and o.method.kind in ("read", "write")]
    limited = [o for o in own if o.time_limit]
    if len(own) >= _FEW and len(limited) >= _HABIT * len(own):
        clients = [project.token(client.module, client.row) for client in project.clients]
        yield f"{len(limited)} of {len(own)} operations have a time limit", clients


def _indexes(project: Project, dropped: Collection[str]) -> Iterator[tuple[str, Iterable[Span]]]:
    started = [
        setup for setup in project.setups if project.reached(setup.module, setup.scope, setup.context).runner == "app"
    ]
    started = [setup for setup in started if all(_is_by_application(project, index) for index in setup.indexes)]
    if started:
        spans = [project.index_span(index) for setup in started for index in setup.indexes]
        more = f"; {len(started) - _FIRST} more places" if len(started) > _FIRST + 1 else ""
        first = started[: _FIRST if more else None]
        yield f"the application makes its indexes itself: {'; '.join(setup.words for setup in first)}{more}", spans
    idle = {id(index) for setup in project.idle_setups() for index in setup.indexes}
    made = [index for index in project.indexes if index.collection_name and id(index) not in idle]
    unique = {
        _named(index.collection_name, index.keys or ()): project.index_span(index)
        for index in made
        if index.options.get("unique") is True and index.collection_name not in dropped
    }
    if unique:
        yield from _listed("unique indexes are declared on", unique)
    ending = [i for i in made if "expireAfterSeconds" in i.options and not _is_dateless(project, i)]
    expiring = {str(index.collection_name): project.index_span(index) for index in ending}
    if expiring:
        yield from _listed("documents expire by a TTL index in", expiring)


def _is_dateless(project: Project, index: IndexDeclaration) -> bool:
    return any(each.declared is index for each in project.fields.dateless)


def _listed(text: str, spans: Mapping[str, Span]) -> Iterator[tuple[str, Iterable[Span]]]:
    """The first names with the places of just these, and how many more there are."""
    names = sorted(spans)
    shown = names[:_MOST_PLACES] if len(names) > _MOST_PLACES else names[:-1]
    last = f"{len(names) - _MOST_PLACES} more" if len(names) > _MOST_PLACES else names[-1]
    yield f"{text} {' and '.join([*([', '.join(shown)] if shown else []), last])}", [spans[name] for name in names]


def _is_by_application(project: Project, index: IndexDeclaration) -> bool:
    """Whether the application runs the place where an index is named, and not only the helper that makes it."""
    module, row = index.spelled.module, index.spelled.row
    parents = project.reachability.uses.parents(module)
    return project.reached(module, parents.scope(row), parents.context(row)).runner == "app"


def _named(collection: str | None, keys: Sequence[tuple[str, Any]]) -> str:
    fields = [name for name, _ in keys]
    return f"{collection}.{fields[0]}" if len(fields) == 1 else f"{collection} ({', '.join(fields)} together)"


def _served(project: Project, coverage: Mapping[str, Any]) -> Iterator[tuple[str, Iterable[Span]]]:
    judged = {"served", "partial", "unserved", "unknown"}
    idle = {index.collection_name for setup in project.idle_setups() for index in setup.indexes}
    # What a helper for several collections asks of this one counts as well
    shared = {
        name
        for held in coverage["collections"]
        for name in held["candidates"]
        if any(shape["verdict"] != "served" for shape in held["shapes"] if shape["verdict"] in judged)
    }
    whole = []
    for held in coverage["collections"]:
        shapes = [shape for shape in held["shapes"] if shape["verdict"] in judged]
        if (
            held["name"] not in (None, *idle, *shared)
            and len(shapes) > 1
            and all(shape["verdict"] == "served" for shape in shapes)
        ):
            whole.append((held["name"], shapes))
    if whole:
        spans = {name: _span(shape["places"][0]) for name, shapes in whole for shape in shapes[:1]}
        yield from _listed("an index serves every query on", spans)


def _handlers(project: Project) -> Iterator[tuple[str, Iterable[Span]]]:
    sites = [site for site in project.handlers if site.calls and site.module not in project.tests]
    answered = [site for site in sites if site.is_answered]
    if len(sites) >= _FEW and len(answered) >= _HABIT * len(sites):
        spans = [project.offsets_span(site.module, site.handler.span) for site in answered]
        spans.sort(key=lambda span: (span.file, span.line))
        yield f"{len(answered)} of {len(sites)} handlers of database errors log or raise them", spans


def _sessions(project: Project) -> Iterator[tuple[str, Iterable[Span]]]:
    held = [o for o in project.operations if o.session and o.module not in project.tests]
    if len(held) >= _FEW:
        files = len({o.module for o in held})
        where = f" in {files} files" if files > 1 else ""
        spans = [project.operation_span(o) for o in held]
        yield f"{len(held)} operations{where} take a session, so that a transaction can hold them together", spans


def _place(span: Span) -> Record:
    return {"file": span.file, "line": span.line, "column": span.column}


def _span(place: Mapping[str, Any]) -> Span:
    return Span(place["file"], place["line"], place["column"], place["line"], place["column"])
