"""Where things stand, as findings show it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from mongolint.facts.shapes import ModuleFacts
from mongolint.finding import Related, Span
from mongolint.project.indexes import IndexDeclaration
from mongolint.project.operations import Operation


class Places:
    """The places of a project. ``display`` gives the path of each file as findings show it."""

    def __init__(self, modules: Sequence[ModuleFacts], display: Mapping[str, str]) -> None:
        self.modules = modules
        self._display = display

    def path(self, module: int) -> str:
        """The path of a module as findings show it."""
        facts = self.modules[module]
        return self._display.get(facts.path, facts.path)

    def offsets_span(self, module: int, offsets: tuple[int, int]) -> Span:
        facts = self.modules[module]
        line, column = facts.position(offsets[0])
        end_line, end_column = facts.position(offsets[1])
        return Span(self.path(module), line, column, end_line, end_column)

    def span(self, module: int, row: int) -> Span:
        """The whole expression at ``row``, if it is one that has a place; else the file's start."""
        facts = self.modules[module]
        return self.offsets_span(module, facts.spans.get(row) or facts.tokens.get(row) or (0, 0))

    def has_span(self, module: int, row: int) -> bool:
        """Whether an expression is one that has a place."""
        facts = self.modules[module]
        return row in facts.spans or row in facts.tokens

    def token(self, module: int, row: int) -> Span:
        """The name of the function or method that is called at ``row``."""
        facts = self.modules[module]
        return self.offsets_span(module, facts.tokens.get(row) or facts.spans.get(row) or (0, 0))

    def operation_span(self, operation: Operation) -> Span:
        return self.token(operation.module, operation.token)

    def related(self, places: Iterable[tuple[Span, str]]) -> tuple[Related, ...]:
        return tuple(Related(span, message) for span, message in places)

    def function_span(self, module: int, scope: int) -> Span:
        """The name of a function, where it is defined."""
        return self.offsets_span(module, self.modules[module].scopes[scope].name_span)

    def function_name(self, module: int, scope: int) -> str:
        """The qualified name of a function: ``BookStore.find``."""
        names: list[str] = []
        while scope > 0:
            entry = self.modules[module].scopes[scope]
            names.append(entry.name)
            scope = entry.parent
        return ".".join(reversed(names))

    def index_span(self, index: IndexDeclaration) -> Span:
        """Where an index is spelled out."""
        if index.span is not None:
            return index.span
        place = index.spelled
        facts = self.modules[place.module]
        if facts.spans.get(place.row):
            return self.span(place.module, place.row)
        if facts.nodes[place.row][0] == "class":
            return self.offsets_span(place.module, facts.scopes[facts.nodes[place.row][1]].name_span)
        return self.token(index.module, index.row)

    def index_token(self, index: IndexDeclaration) -> Span:
        """What to point at when an index is at fault: the name of the call that spells it out, else `index_span`."""
        place = index.place
        if place is not None and self.modules[place.module].nodes[place.row][0] == "call":
            return self.token(place.module, place.row)
        return self.index_span(index)
