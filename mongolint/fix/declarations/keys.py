"""Key patterns: which of those that queries need serve each other, and how a project writes and names them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import libcst as cst

from mongolint.fastclasses import dataclass
from mongolint.fix.declarations.sites import Site, given_name
from mongolint.fix.trees import line_end, line_start
from mongolint.link.atoms import External
from mongolint.project.advice.patterns import Keys, Pattern
from mongolint.project.operations import Operation
from mongolint.project.writes.needs import plain as literal

if TYPE_CHECKING:
    from mongolint.fix.draft import Draft

Wanted = Mapping[Pattern, Sequence[Operation]]
# Names that say what else such an index does
_TELLING = re.compile(r"uni(que|q)|ttl|expir|text|sparse|partial|geo|search", re.IGNORECASE)
_UNIQUE = re.compile(r"[_\-](unique|uniq)$|^(unique|uniq)[_\-]", re.IGNORECASE)
_AFFIX = re.compile(r"[A-Za-z]{0,12}[_\-]?")


# Writing


def default_name(keys: Keys) -> str:
    """The name that the server makes."""
    return "_".join(f"{name}_{direction}" for name, direction in keys)


def plain(keys: Keys, options: Mapping[str, Any] = MappingProxyType({})) -> str:
    """The arguments of ``create_index``."""
    written = (repr(kind) if isinstance(kind, int) else f'"{kind}"' for _, kind in keys)
    pattern = "[" + ", ".join(f'("{name}", {kind})' for (name, _), kind in zip(keys, written, strict=True)) + "]"
    return ", ".join([pattern, *(f"{name}={literal(value)}" for name, value in options.items())])


class Style:
    """How the neighbours of a new index are written."""

    def __init__(self, sites: Sequence[Site]) -> None:
        self.sites = sites
        names = [given_name(site.spec) for site in sites]
        self.is_named = sum(name is not None for name in names) * 2 > len(names)
        texts = [site.tree.text(site.keys) for site in sites]
        self.quote = "'" if sum(text.count("'") for text in texts) > sum(text.count('"') for text in texts) else '"'

    @property
    def longest(self) -> int:
        """The length of the longest line of the neighbours."""
        lines = [line for site in self.sites for line in site.tree.file_text[slice(*_lines(site))].splitlines()]
        return max(map(len, lines), default=0)

    def string(self, text: str) -> str:
        return self.quote + text + self.quote

    def keys(self, draft: Draft, module: int, keys: Keys) -> tuple[str, list[str], str]:
        """A key pattern as the neighbours write theirs: opening bracket, parts, closing bracket."""
        single = [site.keys for site in self.sites if site.declared.keys and len(site.declared.keys) == 1]
        alike = {id(each): each for site in self.sites for each in site.siblings if each is not site.spec}
        strings = sum(isinstance(node, cst.SimpleString) for node in [*single, *map(_first, alike.values())])
        if keys == ((keys[0][0], 1),) and strings * 2 >= max(len(single), 1):
            return "", [self.string(keys[0][0])], ""
        dicts = sum(isinstance(site.keys, cst.Dict) for site in self.sites)
        written = [(self.string(name), self._direction(draft, module, direction)) for name, direction in keys]
        if dicts and dicts == sum(not isinstance(site.keys, cst.SimpleString) for site in self.sites):
            return "{", [f"{name}: {direction}" for name, direction in written], "}"
        return "[", [f"({name}, {direction})" for name, direction in written], "]"

    def _direction(self, draft: Draft, module: int, direction: Any) -> str:
        """``1``, ``"text"`` or the constant, as in most of the neighbours."""
        word = {1: "ASCENDING", -1: "DESCENDING"}.get(direction, str(direction).upper())
        forms = Counter(form for site in self.sites for form in _direction_forms(draft, site))
        form = forms.most_common(1)[0][0] if forms else ""
        if not form:
            return self.string(direction) if isinstance(direction, str) else repr(direction)
        if "." in form:
            return form.rpartition(".")[0] + "." + word
        return draft.need(module, "pymongo", word)

    def name(self, collection: str, keys: Keys, taken: Iterable[str]) -> str:
        """A name in the scheme of the neighbours' names; the server's own where they have none."""
        found: Counter[tuple[int, str, str]] = Counter()
        named = [(given_name(site.spec), site) for site in self.sites if site.declared.keys]
        plain = [(_UNIQUE.sub("", name), site) for name, site in named if name is not None]
        told = [(name, site) for name, site in plain if not _TELLING.search(name)]
        for name, site in told:
            variants = _cores(site.declared.keys or ())
            for number, core in enumerate(variants):
                if core not in variants[:number]:
                    found.update((number, *affix) for affix in _affixes(name, core, site.declared.collection_name))
        best = max(found.items(), key=lambda item: (item[1], -item[0][0]), default=None)
        if best is not None and best[1] * 2 >= len(told):
            number, before, after = best[0]
            name = before.replace("\0", collection) + _cores(keys)[number] + after.replace("\0", collection)
            if name not in taken:
                return name
        return default_name(keys)


def _first(spec: cst.BaseExpression) -> cst.BaseExpression:
    """The first argument of a spec that is a call, where its keys are."""
    return spec.args[0].value if isinstance(spec, cst.Call) and spec.args else spec


def _lines(site: Site) -> tuple[int, int]:
    """The lines that a spec stands on."""
    start, end = site.tree.span(site.spec)
    return line_start(site.tree.file_text, start), line_end(site.tree.file_text, end)


def _direction_forms(draft: Draft, site: Site) -> Iterator[str]:
    """How a site writes its directions: the constants that it names, "" for numbers."""
    if isinstance(site.keys, cst.Dict):
        values = [e.value for e in site.keys.elements if isinstance(e, cst.DictElement)]
    elif isinstance(site.keys, cst.List | cst.Tuple):
        pairs = [e.value for e in site.keys.elements if isinstance(e.value, cst.Tuple | cst.List)]
        values = [pair.elements[1].value for pair in pairs if len(pair.elements) == 2]
    else:
        values = []
    for value in values:
        text = site.tree.text(value)
        if isinstance(value, cst.Integer | cst.UnaryOperation):
            yield ""
        elif text.rpartition(".")[2] in ("ASCENDING", "DESCENDING") and _is_pymongo(draft, site.module, text):
            yield text


def _is_pymongo(draft: Draft, module: int, text: str) -> bool:
    base, _, word = text.rpartition(".")
    known = draft.project.link.global_name(module, base or word)
    return known in ((External("pymongo"),), (External(f"pymongo.{word}"),))


def _cores(keys: Keys) -> list[str]:
    """The forms in which fields appear in names of indexes."""
    names = [name.replace(".", "_") for name, _ in keys]
    short = [re.sub(r"(?<=.)(_id|Id|_at)$", "", name) for name in names]
    directions = "_".join(f"{name.replace('.', '_')}_{direction}" for name, direction in keys)
    return ["_".join(names), default_name(keys), directions, "_".join(short), "-".join(names)]


def _affixes(name: str, core: str, collection: str | None) -> Iterator[tuple[str, str]]:
    """What stands around the fields in a name, the collection as a gap."""
    start = name.find(core)
    if start < 0:
        return
    before, after = name[:start], name[start + len(core) :]
    if collection:
        before, after = before.replace(collection, "\0"), after.replace(collection, "\0")
    if all(_AFFIX.fullmatch(part.strip("_-")) for text in (before, after) for part in text.split("\0")):
        yield before, after


# Layout


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a call or literal: ``text``, or brackets around parts, to be broken into lines where needed."""

    before: str
    parts: tuple[str, ...] = ()
    after: str = ""

    @property
    def text(self) -> str:
        return self.before + ", ".join(self.parts) + self.after


def layout(piece: str, pieces: Sequence[Piece], closing: str, indent: str, step: str, limit: int) -> str:
    """``piece(a, b)`` as one line, else with its parts on a line of their own, else with a line for each."""
    line = piece + ", ".join(each.text for each in pieces) + closing
    if len(indent) + len(line) <= limit:
        return line
    inner = indent + step
    joined = ", ".join(each.text for each in pieces)
    if len(inner) + len(joined) <= limit:
        return f"{piece}\n{inner}{joined}\n{indent}{closing}"
    return exploded(piece, pieces, closing, indent, step, limit)


def exploded(piece: str, pieces: Sequence[Piece], closing: str, indent: str, step: str, limit: int) -> str:
    """``piece(a, b)`` with a line for each part."""
    inner = indent + step
    lines = [piece]
    for each in pieces:
        if len(inner) + len(each.text) + 1 <= limit or not each.parts:
            lines.append(f"{inner}{each.text},")
            continue
        lines.append(inner + each.before)
        lines += [f"{inner}{step}{part}," for part in each.parts]
        lines.append(f"{inner}{each.after},")
    return "\n".join([*lines, indent + closing])
