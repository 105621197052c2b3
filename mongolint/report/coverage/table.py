"""The map for a terminal: a block a collection, in lines of at most a hundred columns."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from itertools import zip_longest

from mongolint.report.coverage import words
from mongolint.report.coverage.words import Record
from mongolint.report.paint import Paint, visible

WIDTH = 100
LEAST = 80
_PLACES = 3
_VERDICT, _KIND, _CALLS = 8, 6, 12
# How much of a line names of indexes and key patterns may take
_INDEX, _KEYS = 0.3, 0.32
_STYLES = {"served": "green", "partial": "yellow", "unserved": "red", "unknown": "cyan"}
_INDENT = 2
_LEFT = _INDENT + _VERDICT + 2 + _KIND + 2


def render(record: Record, paint: Paint, width: int = WIDTH) -> str:
    """The whole map as text, in lines of ``width`` columns (`LEAST` or more); ``paint`` for a terminal with colours."""
    collections = record["collections"]
    shapes = {shape["id"]: shape for found in collections for shape in found["shapes"]}
    lines: list[str] = []
    quiet = []
    for found in collections:
        if found["shapes"] or _declared(found):
            lines += [*_collection(found, shapes, paint, width), ""]
        else:
            quiet.append(f"{words.title(found)} ({words.headline(found)})")
    if quiet:
        lines += [*_wrapped(visible(f"No queries, no indexes: {', '.join(quiet)}."), width), ""]
    for told in words.totals(record["summary"]):
        lines += _wrapped(told, width)
    return "\n".join(line.rstrip() for line in lines) + "\n"


def _declared(found: Record) -> list[Record]:
    return [index for index in found["indexes"] if not index["server"]]


def _collection(found: Record, shapes: dict[str, Record], paint: Paint, width: int) -> Iterator[str]:
    yield from (
        paint(line, "bold") for line in _wrapped(visible(f"{words.title(found)}: {words.headline(found)}"), width)
    )
    names = [visible(shape["index"] or "-") for shape in found["shapes"]]
    wide = min(int(_INDEX * width), max(map(len, names), default=1))
    for shape, name in zip(found["shapes"], names, strict=True):
        yield from _shape(shape, _wrapped(name, wide), wide, paint, width)
    if _declared(found):
        yield from _indexes(_declared(found), shapes, paint, width)


def _shape(shape: Record, index: Sequence[str], wide: int, paint: Paint, width: int) -> Iterator[str]:
    """The row of a shape; below it why, and where, if it is not served."""
    room = width - _LEFT - wide - 2 - _CALLS - 2
    query = _wrapped(visible(words.query(shape)), room)
    verdict = paint(shape["verdict"].ljust(_VERDICT), _STYLES[shape["verdict"]])
    head = f"{' ' * _INDENT}{verdict}  {shape['kind'].ljust(_KIND)}  "
    calls = words.calls(shape).rjust(_CALLS)
    for asked, name in zip_longest(query, index, fillvalue=""):
        yield f"{head}{asked.ljust(room)}  {name.ljust(wide)}  {calls}"
        head, calls = " " * _LEFT, ""
    if shape["verdict"] != "served" and shape["origin"] == "application":
        for text in (shape["reason"], _places(shape)):
            yield from (" " * _LEFT + paint(line, "dim") for line in _wrapped(visible(text), width - _LEFT))


def _places(shape: Record) -> str:
    more = len(shape["places"]) - _PLACES
    return ", ".join(words.places(shape["places"])[:_PLACES]) + (f" and {more} more" if more > 0 else "")


def _indexes(indexes: Sequence[Record], shapes: dict[str, Record], paint: Paint, width: int) -> Iterator[str]:
    yield "  indexes"
    rows = [[visible(text) for text in (index["name"] or "?", words.definition(index))] for index in indexes]
    name, keys = (min(int(part * width), max(len(row[at]) for row in rows)) for at, part in enumerate((_INDEX, _KEYS)))
    for index, row in zip(indexes, rows, strict=True):
        good = [words.serves(index, shapes) or "serves nothing", *index["purposes"]]
        told = _wrapped(visible("; ".join(good)), width - 4 - name - 2 - keys - 2)
        style = ("yellow",) if index["status"] == "nothing" and not index["purposes"] else ()
        cells = (_wrapped(row[0], name), _wrapped(row[1], keys), told)
        for first, second, third in zip_longest(*cells, fillvalue=""):
            yield f"    {first.ljust(name)}  {second.ljust(keys)}  {paint(third, *style)}"


def _wrapped(text: str, width: int) -> list[str]:
    """Lines between words; what is longer than a line, a path or a name, between its parts."""
    parts = [part for word in text.split() for part in _broken(word, width)]
    return textwrap.wrap(" ".join(parts), width, break_on_hyphens=False) or [""]


def _broken(word: str, width: int) -> Iterator[str]:
    while len(word) > width:
        at = max(word.rfind(mark, 0, width) for mark in "/_.") + 1 or width
        yield word[:at]
        word = word[at:]
    yield word
