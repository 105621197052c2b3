"""Requests about a place in a buffer: from what `mongolint.lsp.features` answers to the protocol's types.

They are asked of the last model with the buffer's text beside it, so that an answer does not wait for the next one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TypeAlias, TypeVar

from lsprotocol import types

from mongolint.engine.load import Loaded
from mongolint.lsp.features import completion, hover, inlay, navigation, symbols
from mongolint.lsp.features.completion import Completion
from mongolint.lsp.features.places import Location, Range
from mongolint.lsp.features.symbols import Symbol
from mongolint.lsp.positions import Positions
from mongolint.lsp.root import Analysis, Root
from mongolint.lsp.session import Session
from mongolint.source.deepstack import with_deep_stack
from mongolint.source.text import SourceError, decode_source

T = TypeVar("T")
_Outline: TypeAlias = list[types.DocumentSymbol] | list[types.SymbolInformation]
_KINDS = {
    "field": types.CompletionItemKind.Field,
    "operator": types.CompletionItemKind.Operator,
    "collection": types.CompletionItemKind.Class,
    "index": types.CompletionItemKind.Reference,
}
_SYMBOLS = {
    "collection": types.SymbolKind.Class,
    "operation": types.SymbolKind.Method,
    "index": types.SymbolKind.Key,
}


def register(session: Session) -> None:
    """Have these requests answered."""
    _at_a_place(session)
    _of_a_file(session)


class _Asked:
    """A buffer at the moment of a request."""

    def __init__(self, session: Session, uri: str, text: str, path: str, loaded: Loaded) -> None:
        self.session = session
        self.uri = uri
        self.text = text
        self.path = path
        self.loaded = loaded
        self.positions = Positions(text, session.encoding)

    def range(self, place: Range) -> types.Range:
        return _range(self.positions, place)

    def locations(self, found: Iterable[Location]) -> list[types.Location]:
        return [self._location(each) for each in found]

    def _location(self, found: Location) -> types.Location:
        if found.path == self.path:
            return types.Location(self.uri, self.range(found.range))
        positions = Positions(_text(found.path, self.loaded), self.session.encoding)
        return types.Location(self.session.uri(found.path), _range(positions, found.range))


def _range(positions: Positions, place: Range) -> types.Range:
    return types.Range(
        positions.to_client(place.line + 1, place.column + 1),
        positions.to_client(place.end_line + 1, place.end_column + 1),
    )


def _text(path: str, loaded: Loaded) -> str:
    found = loaded.text(path) if path in loaded.sources else None
    if found is not None:
        return found
    try:
        return decode_source(Path(path).read_bytes(), path).text
    except (OSError, SourceError):
        return ""


async def _ask(session: Session, uri: str, ask: Callable[[_Asked], T], nothing: T, *, fresh: bool = True) -> T:
    """``ask`` of a buffer, in the thread that the models belong to; ``nothing`` where it is not checked."""

    async def analysed(root: Root) -> Analysis | None:
        return (None if fresh else session.scheduler.latest(root)) or await session.scheduler.fresh(root)

    found = await session.known(uri, analysed)
    if found is None:
        return nothing
    document, _, analysis = found
    asked = _Asked(session, uri, document.text, document.path, analysis.loaded)
    return await session.scheduler.run(lambda: with_deep_stack(lambda: ask(asked)))


def _at_a_place(session: Session) -> None:
    @session.feature(types.TEXT_DOCUMENT_HOVER)
    async def hovered(params: types.HoverParams) -> types.Hover | None:
        def ask(asked: _Asked) -> types.Hover | None:
            place = asked.positions.from_client(params.position)
            found = hover.hover(asked.loaded, asked.path, *place, asked.text)
            if found is None:
                return None
            return types.Hover(types.MarkupContent(session.can.hover, found.text), asked.range(found.range))

        return await _ask(session, params.text_document.uri, ask, None)

    @session.feature(types.TEXT_DOCUMENT_DEFINITION)
    async def defined(params: types.DefinitionParams) -> list[types.Location]:
        def ask(asked: _Asked) -> list[types.Location]:
            place = asked.positions.from_client(params.position)
            return asked.locations(navigation.definition(asked.loaded, asked.path, *place, asked.text))

        return await _ask(session, params.text_document.uri, ask, [])

    @session.feature(types.TEXT_DOCUMENT_REFERENCES)
    async def referred(params: types.ReferenceParams) -> list[types.Location]:
        def ask(asked: _Asked) -> list[types.Location]:
            place = asked.positions.from_client(params.position)
            return asked.locations(navigation.references(asked.loaded, asked.path, *place, asked.text))

        return await _ask(session, params.text_document.uri, ask, [])

    options = types.CompletionOptions(trigger_characters=list(completion.TRIGGERS))

    @session.feature(types.TEXT_DOCUMENT_COMPLETION, options)
    async def completed(params: types.CompletionParams) -> list[types.CompletionItem]:
        def ask(asked: _Asked) -> list[types.CompletionItem]:
            place = asked.positions.from_client(params.position)
            found = completion.complete(asked.loaded, asked.path, *place, asked.text)
            return [_item(asked, each, number) for number, each in enumerate(found)]

        return await _ask(session, params.text_document.uri, ask, [], fresh=False)


def _item(asked: _Asked, found: Completion, number: int) -> types.CompletionItem:
    kind = asked.session.can.documentation
    documentation = types.MarkupContent(kind, found.documentation) if found.documentation else None
    return types.CompletionItem(
        label=found.label,
        kind=_KINDS[found.kind],
        detail=found.detail or None,
        documentation=documentation,
        sort_text=f"{number:04}",
        filter_text=found.insert,
        text_edit=types.TextEdit(asked.range(found.range), found.insert),
    )


def _of_a_file(session: Session) -> None:
    @session.feature(types.TEXT_DOCUMENT_DOCUMENT_SYMBOL)
    async def outlined(
        params: types.DocumentSymbolParams,
    ) -> list[types.DocumentSymbol] | list[types.SymbolInformation]:
        def ask(asked: _Asked) -> _Outline:
            found = symbols.symbols(asked.loaded, asked.path, asked.text)
            if not session.can.trees:
                return [_flat(asked, each, inside) for top in found for each, inside in _all_of(top)]
            return [_symbol(asked, each) for each in found]

        return await _ask(session, params.text_document.uri, ask, [])

    @session.feature(types.TEXT_DOCUMENT_INLAY_HINT)
    async def hinted(params: types.InlayHintParams) -> list[types.InlayHint]:
        def ask(asked: _Asked) -> list[types.InlayHint]:
            first, last = params.range.start.line, params.range.end.line
            return [
                types.InlayHint(
                    asked.positions.to_client(each.line + 1, each.column + 1),
                    each.label,
                    tooltip=each.tooltip or None,
                    padding_left=True,
                )
                for each in inlay.hints(asked.loaded, asked.path, first, last, asked.text)
            ]

        return await _ask(session, params.text_document.uri, ask, []) if session.inlay_hints else []


def _symbol(asked: _Asked, found: Symbol) -> types.DocumentSymbol:
    return types.DocumentSymbol(
        name=found.name,
        kind=_SYMBOLS[found.kind],
        range=asked.range(found.range),
        selection_range=asked.range(found.selection),
        detail=found.detail or None,
        children=[_symbol(asked, each) for each in found.children] or None,
    )


def _all_of(symbol: Symbol, inside: str | None = None) -> Iterator[tuple[Symbol, str | None]]:
    """It and those in it, each with the name of what it is in."""
    yield symbol, inside
    for child in symbol.children:
        yield from _all_of(child, symbol.name)


def _flat(asked: _Asked, found: Symbol, inside: str | None) -> types.SymbolInformation:
    location = types.Location(asked.uri, asked.range(found.range))
    return types.SymbolInformation(location, found.name, _SYMBOLS[found.kind], container_name=inside)
