"""An operation as the call of mongosh that sends the same command."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from mongolint.link import functions
from mongolint.link.atoms import NONE
from mongolint.mongo import shell
from mongolint.project.documents import Place
from mongolint.project.explained.constructed import camel
from mongolint.project.explained.shown import Called, Entry, Gap, Listed, Object, statement, string
from mongolint.project.explained.transcript import Transcriber
from mongolint.project.operations import Operation, Step

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*")
# Parameters that mongosh takes by position; it takes the others as fields of one document
_BY_POSITION = (
    *("key", "filter", "pipeline", "update", "replacement", "document", "documents", "requests", "models"),
    *(
        "keys",
        "key_or_list",
        "indexes",
        "index_or_name",
        "new_name",
        "name",
        "model",
        "definition",
        "spec",
        "spec_or_id",
        "query",
    ),
    *("doc_or_docs", "to_save"),
)
_FINDS = ("find", "findOne")
_SORTED = ("sort", "min", "max")


def text_of(transcriber: Transcriber, operation: Operation) -> str:
    """The operation as mongosh, perhaps over several lines; gaps in angle brackets, what is optional in comments."""
    return statement(target_of(operation), calls_of(transcriber, operation))


def text_by_fields(transcriber: Transcriber, operation: Operation) -> str:
    """A query as one call of a helper asks it: its fields, what they are compared with, and the order."""
    filter = operation.planned
    kinds = [(name, kind, True) for name, kind in filter.required.items()]
    kinds += [(name, kind, False) for name, kind in filter.optional.items() if name not in filter.required]
    entries = [
        Entry(name, _compared(transcriber, name, kind, filter.places.get(name)), is_sure)
        for name, kind, is_sure in kinds
    ]
    asked: Object | Listed = Object(tuple(entries))
    if operation.head is not None:
        asked = Listed(((Object((Entry("$match", asked),)), True),), open=True)
    calls = [Called(method_name(operation.name), (asked,))]
    if operation.sort and operation.name == "find":
        calls.append(Called("sort", (Object(tuple(Entry(name, direction) for name, direction in operation.sort)),)))
    return statement(target_of(operation), calls)


def _compared(transcriber: Transcriber, name: str, kind: str, place: Place | None) -> Any:
    """What a field is compared with."""
    if place is None:
        return None if kind == "null" else Gap(name)
    if transcriber.link.node(place.module, place.row)[0] in ("const", "dict"):
        return transcriber.value(place, name)
    return Gap(name)  # what a parameter is when it is left out says nothing of the calls that give it


def target_of(operation: Operation) -> str:
    """``db.users``; a gap where the collection is known only at run time."""
    names = operation.collection_names
    if len(names) == 1:
        return collection_text(names[0])
    return f"db.getCollection(<{' or '.join(map(string, names[:3])) or 'collection'}>)"


def collection_text(name: str) -> str:
    """A collection as mongosh reaches it."""
    if _NAME.fullmatch(name) and name.partition(".")[0] not in shell.DATABASE_NAMES:
        return f"db.{name}"
    return f"db.getCollection({string(name)})"


def calls_of(transcriber: Transcriber, operation: Operation) -> list[Called]:
    """The method and, of a cursor, what is called on it."""
    return _Statement(transcriber, operation).calls()


def method_name(name: str) -> str:
    """What mongosh calls a method of the driver."""
    return shell.METHODS.get(name) or camel(name)


class _Statement:
    """One operation being written."""

    def __init__(self, transcriber: Transcriber, operation: Operation) -> None:
        self.read = transcriber
        self.operation = operation
        self.name = method_name(operation.name)
        self.given = dict(self._given())

    def _given(self) -> Iterator[tuple[str, Place]]:
        """The arguments by parameter, those that are None left out."""
        operation, link = self.operation, self.read.link
        method = operation.method
        aliases = dict(method.aliases)
        args, number = self._arguments(), 0
        for keyword, place in args:
            if keyword is not None:
                parameter = aliases.get(keyword, keyword)
            else:
                parameter = method.params[number] if number < len(method.params) else ""
                number += 1
            if parameter and parameter not in shell.DRIVER_ONLY and link.value(*place) != (NONE,):
                yield parameter, place

    def _arguments(self) -> list[tuple[str | None, Place]]:
        """Those of the call; of a method that is handed on, what is handed on after it."""
        operation, link = self.operation, self.read.link
        module, row = operation.module, operation.row
        if link.node(module, row)[0] == "call":
            found, _ = functions.arguments(link, module, row, None)
            return [(arg.keyword, Place(module, arg.row, None)) for arg in found if arg.row is not None]
        handed = next((each for each in link.modules[module].references if each.row == row), None)
        if handed is None or handed.call is None:
            return []
        rest = link.node(module, handed.call)[2][handed.position + 1 :]
        return [(keyword, Place(module, row, None)) for keyword, row in rest if keyword not in ("*", "**")]

    def calls(self) -> list[Called]:
        if self.name in _FINDS:
            return self._find()
        head = [self._shown(name) for name in self._positional()]
        options = self._options([name for name in self.given if name not in _BY_POSITION and self._is_option(name)])
        if options is not None and self.name == "distinct" and len(head) == 1:
            head.append(Object())
        return [Called(self.name, (*head, *([options] if options else []))), *self._steps(self.operation.steps)]

    def _is_option(self, name: str) -> bool:
        """Whether the driver knows a keyword; a class that wraps it may have some of its own."""
        method = self.operation.method
        return method.kind not in ("read", "write") or name in method.params or name in shell.KEYWORDS

    def _positional(self) -> list[str]:
        params = self.operation.method.params
        wanted = [name for name in params if name in _BY_POSITION]
        last = max((wanted.index(name) for name in self.given if name in wanted), default=-1)
        return wanted[: last + 1]

    def _shown(self, parameter: str) -> Any:
        place = self.given.get(parameter)
        if place is None:
            return Object()
        if parameter in (self.operation.method.filter, "filter"):
            return self._filter(place)
        if parameter in ("keys", "key_or_list"):
            return self._pattern(place)
        return self._plain(place, parameter)

    def _plain(self, place: Place, parameter: str) -> Any:
        value = self.read.value(place, parameter)
        is_document = parameter in ("update", "replacement", "document")
        return self.read.document(place, parameter) if is_document and isinstance(value, Gap) else value

    def _filter(self, place: Place) -> Any:
        """A filter; what is no document is the ``_id``."""
        value = self.read.value(place, "filter")
        if isinstance(value, Object):
            return value
        found = value if not isinstance(value, Gap) else self.read.document(place, "filter")
        is_id = not isinstance(found, Object) and list(self.operation.filter.required) == ["_id"]
        return Object((Entry("_id", found),)) if is_id else found

    # Options

    def _options(self, names: list[str]) -> Object | None:
        entries = [self._option(name) for name in names]
        return Object(tuple(entries)) if entries else None

    def _option(self, name: str) -> Entry:
        place = self.given[name]
        shown = self._by_name(name, place)
        if name == "return_document":
            return Entry("returnDocument", "after" if shown is True else "before" if shown is False else shown)
        return Entry(shell.OPTIONS.get(name) or camel(name), shown)

    def _by_name(self, name: str, place: Place) -> Any:
        if name in _SORTED:
            return self._pattern(place)
        if name == "hint":
            value = self.read.value(place, "hint")
            return value if isinstance(value, str | Gap) else self._pattern(place)
        if name == "projection":
            return self._projection(place)
        return self.read.value(place, name)

    def _projection(self, place: Place) -> Any:
        """A list of fields to keep is a document of ones."""
        value = self.read.value(place, "projection")
        if not isinstance(value, Listed):
            return value
        entries = [Entry(item, 1, certain) for item, certain in value.items if isinstance(item, str | Gap)]
        return Object(tuple(entries) or (Entry("_id", 1),), value.open)

    def _pattern(self, place: Place, direction: Place | None = None) -> Any:
        """A sort or a key pattern: the field alone, pairs of field and direction, or a document."""
        value = self.read.value(place, "sort")
        if isinstance(value, str | Gap) and (direction is not None or not isinstance(value, Gap)):
            given = 1 if direction is None else self.read.value(direction, "direction")
            return Object((Entry(value, given),))
        if not isinstance(value, Listed):
            return value
        entries = [entry for item, certain in value.items for entry in _key(item, certain)]
        return Object(tuple(entries), value.open)

    # Cursors

    def _find(self) -> list[Called]:
        projection = [self._projection(self.given["projection"])] if "projection" in self.given else []
        head = [self._shown("filter")] if "filter" in self.given or projection else []
        steps = [*self._keywords(), *self._steps(self.operation.steps)]
        if steps and steps[-1].name == "distinct" and steps[-1].certain:
            return [Called("distinct", (*steps[-1].arguments, *head))]
        if self.name == "findOne" and steps:
            return [Called("find", (*head, *projection)), *steps, Called("limit", (1,))]
        return [Called(self.name, (*head, *projection)), *steps]

    def _keywords(self) -> Iterator[Called]:
        """The keywords of ``find`` as methods of its cursor."""
        for name, method in shell.CURSOR.items():
            if name in self.given and not (name == "limit" and self.name == "findOne"):
                shown = self._by_name(name, self.given[name])
                if shown != 0 or name not in ("skip", "limit"):
                    yield Called(method, (shown,))

    def _steps(self, steps: list[Step]) -> Iterator[Called]:
        for step in steps:
            if step.name in shell.CURSOR:
                yield Called(shell.CURSOR[step.name], tuple(self._step(step)), step.certain)

    def _step(self, step: Step) -> Iterator[Any]:
        places = [Place(step.module, row, None) for _, row in self.read.link.node(step.module, step.row)[2]]
        if not places:
            return
        if step.name in _SORTED:
            yield self._pattern(*places[:2])
        elif step.name == "collation":
            yield self.read.value(places[0], "collation")
        else:
            yield self._by_name(step.name, places[0])


def _key(item: Any, certain: bool) -> Iterator[Entry]:
    """What one item of a list of keys stands for."""
    if isinstance(item, Listed) and 1 <= len(item.items) <= 2:
        parts = [part for part, _ in item.items]
        yield Entry(
            parts[0] if isinstance(parts[0], str | Gap) else Gap("…"), parts[1] if len(parts) > 1 else 1, certain
        )
    elif isinstance(item, Object):
        yield from item.entries
    elif isinstance(item, str | Gap):
        yield Entry(item, 1, certain)
