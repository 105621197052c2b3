"""What is told of the thing under the mouse: an operation, a collection, a field, an index."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from mongolint.engine.load import Loaded
from mongolint.fastclasses import dataclass
from mongolint.link.atoms import Collection, Configured
from mongolint.lsp.features.completion import wants_collection
from mongolint.lsp.features.fitting import fitting
from mongolint.lsp.features.places import Buffer, Range, indexes_at, named_at
from mongolint.lsp.features.sight import Sight
from mongolint.lsp.features.slots import slot_at
from mongolint.lsp.features.typed import Around, around, primary
from mongolint.lsp.features.words import (
    counted,
    create_index,
    field_lines,
    index_keys,
    kinds_text,
    served_text,
    site_text,
)
from mongolint.project.explained.answer import Asked, answer
from mongolint.project.indexes import IndexDeclaration
from mongolint.project.model import Project
from mongolint.project.operations import Operation

_WORD = re.compile(r"\w*")
_PLACES = {
    "bounds": "bounds the index",
    "wide bounds": "in the index, but leaves most of it to be read",
    "keys": "checked on the keys",
    "documents": "checked on documents",
    "order": "given by the index",
    "memory": "sorted in memory",
}
_MAX_FIELDS = 40
_MAX_SITES = 10


@dataclass(frozen=True, slots=True)
class Hover:
    """``text``: Markdown; ``range``: what it is about, in the buffer."""

    text: str
    range: Range


def hover(loaded: Loaded, path: str, line: int, column: int, text: str | None = None) -> Hover | None:
    """What there is to tell of a place; None where that is nothing."""
    buffer = Buffer(loaded, path, text)
    if buffer.module is None:
        return None
    offset = buffer.offset(line, column)
    named = named_at(loaded, buffer, offset)
    if named is not None:
        place = buffer.shown_range(named[1])
        return None if place is None else Hover(_of_operation(loaded, named[0]), place)
    return _of_text(loaded, buffer, offset)


# Operations


def _of_operation(loaded: Loaded, operation: Operation) -> str:
    project = loaded.project
    if operation.method.kind == "index":
        span = project.span(operation.module, operation.row)
        offset = project.modules[operation.module].lines[span.line - 1] + span.column - 1
        declared = [i for i in indexes_at(loaded, operation.module, offset) if i.collection_name is not None]
        own = [i for i in declared if (i.module, i.row) == (operation.module, operation.row)]
        if own:
            return "\n\n".join(index_text(project, index) for index in own)
    found = answer(project, operation)
    parts = [_heading(operation), *_asked(project, found.asked)]
    for inner in found.inner:
        parts += [f"**{inner.stage}** on **{inner.query.collection or '?'}**", *_asked(project, inner)]
    return "\n\n".join(parts)


def _heading(operation: Operation) -> str:
    names = operation.collection_names
    shown = " or ".join(f"**{name}**" for name in names[:3]) or "a collection known only at run time"
    more = f" or {len(names) - 3} more" if len(names) > 3 else ""
    databases = {collection.database.name for collection in operation.collections}
    database = databases.pop() if len(databases) == 1 else None
    within = f" of database **{database}**" if database else ""
    is_configured = any(type(name) is Configured for name in names)
    source = "a configuration file" if is_configured else "the name of the method"
    inferred = f" (inferred from {source})" if operation.confidence == "inferred" else ""
    return f"`{operation.name}` on {shown}{more}{within}{inferred}"


def _asked(project: Project, asked: Asked) -> Iterator[str]:
    fence = "~~~~" if "```" in asked.mongosh else "```"
    yield f"{fence}javascript\n{asked.mongosh}\n{fence}"
    verdict = asked.verdict
    rows = [
        f"- `{role.field}` {role.role}{f' ({role.within})' if role.within else ''}"
        f"{'; on some paths only' if role.optional else f'; {_PLACES[role.place]}' if role.place in _PLACES else ''}"
        for role in asked.roles
    ]
    if asked.query.open:
        rows.append("- other fields, which the code does not show")
    if rows:
        yield "\n".join(rows)
    if verdict.verdict == "none":
        if verdict.reason == "each request is a query of its own":
            yield verdict.reason
        return
    by = f" by `{verdict.name}`" if verdict.name else ""
    yield "\n".join([f"**{verdict.verdict}**{by}: {verdict.reason}", *_indexes(project, asked)])
    better = asked.better
    if better is not None and better.keys:
        made = "\n".join(create_index(keys, better.options.items()) for keys in better.keys)
        yield f"better, then {better.verdict.verdict} ({better.verdict.reason}):\n```python\n{made}\n```"
    elif better is not None:
        yield "no index with keys in the order equality, sort, range would serve it better"


def _indexes(project: Project, asked: Asked) -> Iterator[str]:
    for index in asked.indexes:
        yield f"- `{index.name}` {index_keys(index)}, declared at {site_text(project.index_span(index))}"
    nearest = asked.verdict.nearest
    if not asked.indexes and nearest is not None:
        yield f"- nearest: `{nearest.name}` {index_keys(nearest)}, declared at {site_text(project.index_span(nearest))}"


# What stands in the text


def _of_text(loaded: Loaded, buffer: Buffer, offset: int) -> Hover | None:
    here = around(buffer.text, offset)
    if here is None or buffer.module is None:
        return None
    if here.string is not None:
        inner = _string(here)
        if inner is None:
            return None
        text = _of_string(loaded.project, buffer.module, here, buffer.text[inner[0] : inner[1]])
        return None if text is None else Hover(text, buffer.range(*inner))
    end = offset + len(_WORD.match(buffer.text, offset).group())  # type: ignore[union-attr]
    here = around(buffer.text, end)
    tokens = primary(here, here.frames[-1].tokens) if here is not None and here.string is None else []
    if here is None or not tokens or tokens[-1].kind != "name" or tokens[-1].end != end:
        return None
    found = Sight(loaded.project, buffer.module, here).collections(here.source(tokens), cursors=False)
    # Any attribute of a collection is one, a misspelt method too
    collections = [each for each in found if each.name in loaded.project.fields.collections]
    place = buffer.range(tokens[-1].start, end)
    return Hover(_of_collections(loaded.project, collections), place) if collections else None


def _string(here: Around) -> tuple[int, int] | None:
    """Where the text of the string at a place is, if that stands for itself."""
    string = here.string
    if string is None or string.prefix not in ("", "r", "u") or len(string.quote) != 1:
        return None
    end = here.text.find(string.quote, string.begin)
    found = here.text[string.begin : end]
    return None if end < here.offset or "\n" in found or "\\" in found else (string.begin, end)


def _of_string(project: Project, module: int, here: Around, value: str) -> str | None:
    """A name of a collection, a field or an index, where such a name stands."""
    sight = Sight(project, module, here)
    if value in project.fields.collections and wants_collection(sight, here):
        return _of_name(project, value)
    slot = slot_at(sight, here)
    fit = fitting(here, slot) if slot is not None else None
    if fit is None:
        return None
    if fit.names and value in project.fields.collections:
        return _of_name(project, value)
    if fit.hints:
        found = [i for i in project.indexes if i.collection_name in fit.collections and i.name == value and i.keys]
        return "\n\n".join(index_text(project, index) for index in found) or None
    if fit.fields:
        return "\n\n".join(_of_field(project, name, fit.below + value) for name in fit.collections).strip() or None
    return None


def _of_field(project: Project, collection: str, name: str) -> str:
    known = project.fields.of(collection).fields.get(name)
    if known is None:
        return ""
    first, *rest = field_lines(known)
    named = [f"`{i.name}`" for i in project.indexes if i.collection_name == collection and _has_key(i, name)]
    rest = [line for line in rest if not line.startswith("- key")]
    indexed = [f"- in {', '.join(dict.fromkeys(named))}"] if named else []
    return "\n".join([f"{first} (field of **{collection}**)", *rest, *indexed])


def _has_key(index: IndexDeclaration, name: str) -> bool:
    return any(key == name for key, _ in index.keys or ())


# Collections and indexes


def _of_collections(project: Project, collections: Sequence[Collection]) -> str:
    names = list(dict.fromkeys(str(collection.name) for collection in collections))
    if len(names) > 1:
        return f"one of the collections {', '.join(f'**{name}**' for name in names)}"
    database = collections[0].database.name
    return _of_name(project, names[0], database)


def _of_name(project: Project, name: str, database: str | None = None) -> str:
    operations = [o for o in project.operations_on(name) if o.module not in project.tests]
    within = f" of database **{database}**" if database else ""
    return "\n\n".join(
        [
            f"collection **{name}**{within}, {counted(len(operations), 'operation')}",
            *_fields(project, name),
            *_declared(project, name),
        ]
    )


def _fields(project: Project, name: str) -> Iterator[str]:
    known = project.fields.of(name)
    lines = [
        f"- `{field.name}`" + (f": {kinds}" if (kinds := kinds_text(field)) else "") for field in known.fields.values()
    ]
    if len(lines) > _MAX_FIELDS:
        lines[_MAX_FIELDS:] = [f"- and {len(lines) - _MAX_FIELDS} more"]
    if known.open:
        lines.append("- others: documents are written of which the code does not show all fields")
    if lines:
        yield "fields\n" + "\n".join(lines)


def _declared(project: Project, name: str) -> Iterator[str]:
    own = [index for index in project.indexes if index.collection_name == name]
    if own:
        yield "indexes\n" + "\n".join(
            f"- `{index.name or '?'}` {index_keys(index)}, {served_text(project, index)}"
            f" (declared at {site_text(project.index_span(index))})"
            for index in own
        )
    elif project.indexes_of(name) == []:
        yield "no index is declared"


def index_text(project: Project, index: IndexDeclaration) -> str:
    """An index with the queries that it serves."""
    heading = f"`{index.name or '?'}` {index_keys(index)} of **{index.collection_name}**: {served_text(project, index)}"
    sites = project.served.by(index) or []
    lines = [f"- {site.method} at {site_text(site.span)}" for site in sites[:_MAX_SITES]]
    more = [f"- and {len(sites) - _MAX_SITES} more"] if len(sites) > _MAX_SITES else []
    return "\n".join([heading, *lines, *more])
