"""Where options of indexes are written: in the driver's call, in an index model, in a dict spread into either."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING, Any

from mongolint.facts.shapes import ModuleFacts
from mongolint.fastclasses import NamedTuple
from mongolint.finding import Span
from mongolint.link.atoms import External, Literal
from mongolint.mongo import drivers
from mongolint.project.documents import Place

if TYPE_CHECKING:
    from mongolint.project.model import Project

_SINGLE = ("create_index", "ensure_index")
_KEYS = ("keys", "key_or_list", "key")


class OptionSite(NamedTuple):
    """An option where it is written.

    ``row``: the call or the dict that names it. ``method``: what makes the index. ``keys``: its key pattern; None
    where it is not known, or not the same for all indexes that get the option here.
    """

    module: int
    row: int
    name: str
    method: str
    keys: tuple[tuple[str, Any], ...] | None
    span: Span


def find(project: Project, names: Collection[str]) -> Iterator[OptionSite]:
    """Each place once, in the order of files."""
    seen: set[tuple[int, int, str]] = set()
    for module, row, method in _declaring_calls(project):
        for holder, keys in _holders(project, module, row):
            for name in _named(project, holder):
                if name in names and (*holder, name) not in seen:
                    seen.add((*holder, name))
                    yield OptionSite(*holder, name, method, keys, _span(project, *holder))


def _declaring_calls(project: Project) -> Iterator[tuple[int, int, str]]:
    """The calls that options of an index are given to: module, row, method."""
    declaring = {(o.module, o.row) for o in project.operations if o.name in _SINGLE}
    for module in sorted({*(module for module, _ in declaring), *_with_models(project)}):
        facts = project.modules[module]
        for call in facts.calls:
            function = facts.nodes[facts.nodes[call.row][1]]
            operation = project.operation_at(module, call.row)
            if operation is not None and operation.name in _SINGLE:
                yield module, call.row, operation.name
            elif function[0] in ("attr", "free", "from") and "Index" in str(function[2]):
                callee = project.link.value(module, facts.nodes[call.row][1])
                if any(type(atom) is External and atom.name in drivers.INDEX_MODELS for atom in callee):
                    yield module, call.row, "IndexModel"


def _with_models(project: Project) -> Iterator[int]:
    """The modules that may make index models."""
    return (module for module in range(len(project.modules)) if project.link.of_module(_names_a_model, module))


def _names_a_model(facts: ModuleFacts, index: int) -> bool:
    functions = (facts.nodes[facts.nodes[call.row][1]] for call in facts.calls)
    return any(function[0] in ("attr", "free", "from") and "Index" in str(function[2]) for function in functions)


def _holders(
    project: Project, module: int, row: int
) -> Iterator[tuple[tuple[int, int], tuple[tuple[str, Any], ...] | None]]:
    """A declaring call, and the dicts and calls of helpers whose entries reach it as ``**options``."""
    args = project.link.node(module, row)[2]
    given = [value for keyword, value in args if keyword in _KEYS] or [v for keyword, v in args[:1] if not keyword]
    yield (module, row), _pattern(project, Place(module, given[0], None)) if given else None
    for keyword, spread in args:
        if keyword != "**":
            continue
        for atom in project.link.value(module, _unchanged(project, module, spread)):
            if type(atom) is Literal and project.link.node(atom.module, atom.row)[0] == "dict":
                keys = [place for name, place in project.reader.entries(*atom) if name in _KEYS]
                yield (atom.module, atom.row), _pattern(project, keys[0]) if keys else None
        node = project.link.node(module, spread)
        if node[0] == "param" and any(p.name == node[2] and p.kind == "**" for p in _params(project, module, node[1])):
            for caller, call, _ in project.link.sites.of(module, node[1]):
                yield (caller, call), None


def _unchanged(project: Project, module: int, row: int) -> int:
    """A dict before ``keys = spec.pop("keys")``."""
    node = project.link.node(module, row)
    while node[0] in ("mutated", "delitem"):
        row = node[1]
        node = project.link.node(module, row)
    return row


def _params(project: Project, module: int, scope: int) -> list[Any]:
    return list(project.link.scope(module, scope).params)


def _pattern(project: Project, place: Place) -> tuple[tuple[str, Any], ...] | None:
    pattern = project.reader.key_pattern(place)
    return tuple(pattern) if pattern else None


def _named(project: Project, holder: tuple[int, int]) -> Iterator[str]:
    """The keywords of a call, or the literal keys of a dict."""
    facts = project.modules[holder[0]]
    node = facts.nodes[holder[1]]
    if node[0] == "call":
        yield from (keyword for keyword, _ in node[2] if keyword)
    else:
        yield from (key for row, _ in node[1] if isinstance(key := facts.constant(row), str))


def _span(project: Project, module: int, row: int) -> Span:
    """The name of a call; of a dict the keys in it, else all of it."""
    facts = project.modules[module]
    if facts.nodes[row][0] == "call":
        return project.token(module, row)
    keys = [value for key, value in facts.nodes[row][1] if facts.constant(key) in _KEYS and facts.spans.get(value)]
    return project.span(module, keys[0] if keys else row)
