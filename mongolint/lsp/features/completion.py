"""What can be typed at a place: fields, operators, names of collections and of indexes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mongolint.engine.load import Loaded
from mongolint.fastclasses import NamedTuple, dataclass
from mongolint.lsp.features.fitting import Fitting, fitting
from mongolint.lsp.features.places import Buffer, Range
from mongolint.lsp.features.sight import Sight
from mongolint.lsp.features.slots import slot_at
from mongolint.lsp.features.typed import Around, String, around, call_of, key_of, keyword_of, primary
from mongolint.lsp.features.words import counted, field_lines, index_keys, kinds_text
from mongolint.mongo.methods import ATTRIBUTES, TABLES
from mongolint.mongo.operators import PIPELINE_STAGES, QUERY_OPERATORS, UPDATE_OPERATORS
from mongolint.project.fields.shapes import KnownField
from mongolint.project.model import Project

# Typed at these, something may fit
TRIGGERS = ('"', "'", ".", "$", "{", "[")
_OWN = frozenset([*TABLES["database"], *ATTRIBUTES["database"]])


@dataclass(frozen=True, slots=True)
class Completion:
    """One thing that can be typed.

    Attributes:
        kind: field, operator, collection or index.
        insert: what replaces ``range``, quotes included where they are missing.
        detail: in a few words; ``documentation``: Markdown, or "".
    """

    label: str
    kind: str
    insert: str
    range: Range
    detail: str = ""
    documentation: str = ""


def complete(loaded: Loaded, path: str, line: int, column: int, text: str | None = None) -> list[Completion]:
    """What fits at a place, best first; nothing where that is not known."""
    buffer = Buffer(loaded, path, text)
    offset = buffer.offset(line, column)
    here = around(buffer.text, offset)
    if buffer.module is None or here is None or not _is_plain(here):
        return []
    start = _word(here)
    sight = Sight(loaded.project, buffer.module, here)
    found = [
        *_attributes(sight, here),
        *(_names(sight.project) if here.string is not None and wants_collection(sight, here) else ()),
    ]
    if not found:
        slot = slot_at(sight, here)
        found = [] if slot is None else list(_of_fitting(loaded.project, here, fitting(here, slot), slot.kind))
    place = buffer.range(start, _end(here))
    return [
        Completion(each.label, each.kind, _quoted(here, each), place, each.detail, each.documentation) for each in found
    ]


class _Found(NamedTuple):
    """``bare``: it is no string where it is typed."""

    label: str
    kind: str
    detail: str = ""
    documentation: str = ""
    bare: bool = False


def _quoted(here: Around, found: _Found) -> str:
    return found.label if found.bare or here.string is not None else f'"{found.label}"'


def _is_plain(here: Around) -> bool:
    """Whether a place is in no string, or in one that stands for itself so far."""
    string = here.string
    if string is None:
        return True
    typed = here.text[string.begin : here.offset]
    return string.prefix in ("", "r", "u") and len(string.quote) == 1 and "\\" not in typed


def _word(here: Around) -> int:
    """Where the word begins that is being typed. It is taken from the tokens, so that they end before it."""
    if here.string is not None:
        return here.string.begin
    tokens = here.frames[-1].tokens
    if tokens and tokens[-1].kind == "name" and tokens[-1].end == here.offset:
        return tokens.pop().start
    return here.offset


def _end(here: Around) -> int:
    """Where the word ends that is being typed: at the closing quote, if nothing else stands before it."""
    text, string, end = here.text, here.string, here.offset
    while end < len(text) and (text[end].isalnum() or text[end] in "_.$"):
        end += 1
    closed = isinstance(string, String) and text.startswith(string.quote, end)
    return end if closed else here.offset


# Collections


def _attributes(sight: Sight, here: Around) -> Iterator[_Found]:
    """The collections behind ``db.``."""
    tokens = here.frames[-1].tokens
    if here.string is not None or not tokens or here.text[tokens[-1].start : tokens[-1].end] != ".":
        return
    head = primary(here, tokens[:-1])
    if head and sight.databases(here.source(head)):
        for name in sight.project.fields.collections:
            if name.isidentifier() and name not in _OWN and not name.startswith("_"):
                yield _Found(name, "collection", _operations(sight.project, name), bare=True)


def wants_collection(sight: Sight, here: Around) -> bool:
    """Whether the string that is being typed names a collection: ``db["…"]``, ``get_collection("…")``."""
    frame, number = here.frames[-1], len(here.frames) - 1
    if number == 0 or here.string is None or (frame.tokens and keyword_of(here, frame.tokens) is None):
        return False
    if frame.opener == "[":
        head = primary(here, here.frames[number - 1].tokens)
        return bool(head) and len(frame.parts) == 1 and bool(sight.databases(here.source(head)))
    call = call_of(here, number)
    if call is None or call.argument not in (0, "name"):
        return False
    if call.receiver and call.name in ("get_collection", "create_collection", "drop_collection"):
        if sight.databases(call.receiver):
            return True
    return sight.names_collection(call.source)


def _names(project: Project) -> Iterator[_Found]:
    for name in project.fields.collections:
        yield _Found(name, "collection", _operations(project, name))


def _operations(project: Project, name: str) -> str:
    return counted(len(project.operations_on(name)), "operation")


# Documents


def _of_fitting(project: Project, here: Around, fit: Fitting, kind: str) -> Iterator[_Found]:
    is_begun = bool(here.frames[-1].tokens) and kind in ("key", "item")
    if is_begun or (kind != "key" and here.string is None):
        return  # anything may be meant
    if fit.names:
        yield from _names(project)
    if fit.hints:
        yield from _indexes(project, fit.collections)
    taken = {key_of(here, part) for part in here.frames[-1].parts[:-1]} if kind == "key" else set()
    if fit.fields:
        yield from (each for each in _fields(project, fit) if each.label not in taken)
    for name in fit.operators:
        if name not in taken:
            yield _Found(name, "operator", _operator(name))


def _fields(project: Project, fit: Fitting) -> Iterator[_Found]:
    """The fields of the collections, each once; those that are written before those that are only asked for."""
    found: dict[str, list[KnownField]] = {}
    for collection in fit.collections:
        for name, known in project.fields.of(collection).fields.items():
            label = name.removeprefix(fit.below)
            if name.startswith(fit.below) and label and not (fit.flat and "." in label):
                found.setdefault(label, []).append(known)
    for label, held in sorted(found.items(), key=lambda item: (not any(known.written for known in item[1]), item[0])):
        detail = ", ".join(dict.fromkeys(text for known in held if (text := kinds_text(known))))
        yield _Found(
            f"${label}" if fit.dollar else label,
            "field",
            detail,
            "\n\n".join("\n".join(field_lines(known)) for known in held),
        )


def _indexes(project: Project, collections: Sequence[str]) -> Iterator[_Found]:
    seen: set[str] = set()
    for index in project.indexes:
        if index.collection_name in collections and index.keys and isinstance(index.options.get("name", ""), str):
            if index.name not in seen:
                seen.add(index.name)
                yield _Found(index.name, "index", index_keys(index))
    if collections:
        yield _Found("_id_", "index", "{_id}")


def _operator(name: str) -> str:
    if name in QUERY_OPERATORS:
        return QUERY_OPERATORS[name].operator_class
    return "update" if name in UPDATE_OPERATORS else "stage" if name in PIPELINE_STAGES else "modifier"
