"""Fields, indexes and verdicts as an editor shows them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from mongolint.finding import Span
from mongolint.project.fields.shapes import KnownField, Use
from mongolint.project.indexes import IndexDeclaration
from mongolint.project.model import Project

_NAMED = 3
_ARROWS = {1: "", -1: "↓"}


def kinds_text(known: KnownField) -> str:
    """The types of a field: ``string or null``."""
    # Where nothing else is known, null is hardly all that it is
    return "may be null" if known.kinds == ("null",) else " or ".join(known.kinds)


def field_lines(known: KnownField) -> Iterator[str]:
    """A field in Markdown: its types, its models, where it is written and read."""
    kinds = kinds_text(known)
    yield f"`{known.name}`" + (f": {kinds}" if kinds else "")
    if known.models:
        yield f"- model: {', '.join(f'`{model}`' for model in known.models[:_NAMED])}"
    for word, uses in (("written", known.written), ("read", known.read)):
        if uses:
            yield f"- {word} in {counted(len(places(uses)), 'place')}: {places_text(uses)}"
    if any(use.how == "index" for use in known.uses):
        yield "- key of an index"


def places(uses: Iterable[Use]) -> list[Span]:
    """The places of uses, each once."""
    return list(dict.fromkeys(use.span for use in uses))


def places_text(uses: Sequence[Use]) -> str:
    found = places(uses)
    more = f" and {len(found) - _NAMED} more" if len(found) > _NAMED else ""
    return ", ".join(f"{span.file}:{span.line}" for span in found[:_NAMED]) + more


def counted(count: int, word: str, plural: str = "") -> str:
    """``1 query``, ``7 queries``."""
    return f"{count} {word if count == 1 else plural or word + 's'}"


def keys_text(keys: Iterable[tuple[str, Any]]) -> str:
    """``{owner_id, updated_at↓, text: text}``."""
    return "{" + ", ".join(_key(name, kind) for name, kind in keys) + "}"


def _key(name: str, kind: Any) -> str:
    return f"{name}{_ARROWS[kind]}" if kind in (1, -1) else f"{name}: {kind if isinstance(kind, str) else '…'}"


def index_keys(index: IndexDeclaration) -> str:
    """The keys of a declared index, and the options that decide what it is for."""
    keys = "keys known only at run time" if index.keys is None else keys_text(index.keys)
    options = [
        name for name, value in index.options.items() if name not in ("name", "background") and value is not False
    ]
    return f"{keys} {', '.join(options)}".rstrip()


def create_index(keys: Iterable[tuple[str, Any]], options: Iterable[tuple[str, Any]] = ()) -> str:
    """The call that declares an index."""
    pairs = ", ".join(
        f'("{name}", {kind if isinstance(kind, int) else chr(34) + str(kind) + chr(34)})' for name, kind in keys
    )
    return f"create_index([{pairs}]{''.join(f', {name}={value!r}' for name, value in options)})"


def site_text(span: Span) -> str:
    return f"{span.file}:{span.line}"


def served_text(project: Project, index: IndexDeclaration) -> str:
    """What an index is good for, in words: how many queries it serves, what it does beside that."""
    return " and ".join([_served(project, index), *_purposes(index)])


def _served(project: Project, index: IndexDeclaration) -> str:
    best = project.served.by(index)
    if best is None:
        return "serves what is known only at run time"
    if best:
        return f"serves {counted(len(best), 'query', 'queries')}"
    others = project.served.by(index, "also")
    if others:
        return f"could serve {counted(len(others), 'query', 'queries')} that another index serves"
    perhaps = project.served.by(index, "possible")
    return f"may serve {counted(len(perhaps), 'query', 'queries')}" if perhaps else "serves no query"


def _purposes(index: IndexDeclaration) -> list[str]:
    """What an index does beside serving queries."""
    found = ["keeps its keys unique"] if index.options.get("unique", False) is not False else []
    return [*found, "expires documents"] if "expireAfterSeconds" in index.options else found
