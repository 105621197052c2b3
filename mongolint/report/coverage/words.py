"""What the map says of shapes and indexes, in the words of both forms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Record = Mapping[str, Any]

_UNFILTERED = {
    "insert": ("insert", "inserts"),
    "bulk_write": ("bulk_write", "bulk_writes"),
    "whole": ("without a filter", "without a filter"),
    "command": ("command", "commands"),
}

# A choice of more collections is told in short
_NAMES = 4
_LIMITS = {
    "partialFilterExpression": "partial",
    "sparse": "sparse",
    "hidden": "hidden",
    "collation": "with a collation",
}


def counted(count: int, one: str, many: str = "") -> str:
    """ "1 index", "2 indexes"."""
    return f"{count} {one if count == 1 else many or one + 's'}"


def title(found: Record) -> str:
    """A collection by its name, or in words where it is known only at run time."""
    if found["name"] is not None:
        return str(found["name"])
    names = found["candidates"]
    if len(names) > _NAMES:
        names = [*names[: _NAMES - 1], f"{len(names) - _NAMES + 1} others"]
    return " or ".join(names) or "a collection known only at run time"


def unfiltered(counts: Mapping[str, int]) -> str:
    """ "3 inserts, 2 without a filter"."""
    return ", ".join(counted(counts[what], *words) for what, words in _UNFILTERED.items() if counts.get(what))


def headline(found: Record) -> str:
    """ "7 queries, 3 inserts, 2 without a filter"."""
    queries = found["operations"] - sum(found["unfiltered"].values())
    told = [counted(queries, "query", "queries"), unfiltered(found["unfiltered"])]
    return ", ".join(told[not queries :] if found["unfiltered"] else told[:1])


def keys(index: Record) -> str:
    """A key pattern: ``{user: 1, at: -1}``."""
    if index["keys"] is None:
        return "keys known only at run time"
    return "{" + ", ".join(f"{name}: {'…' if kind is None else kind}" for name, kind in index["keys"]) + "}"


def definition(index: Record) -> str:
    """An index by its keys, and what narrows it: ``{user: 1} partial``."""
    limits = [word for option, word in _LIMITS.items() if index["options"].get(option, False) is not False]
    return " ".join([keys(index), ", ".join(limits)]).rstrip()


def query(shape: Record) -> str:
    """A shape as text: ``{user_id, created: range} sort {created: -1}``."""
    is_shown = shape["sort_text"] and "sort {…}" not in shape["options"]
    return " ".join([shape["text"], *([f"sort {shape['sort_text']}"] if is_shown else []), *shape["options"]])


def calls(shape: Record) -> str:
    """ "3 calls", and of what code, where it is not the application's."""
    if shape["origin"] == "application":
        return counted(shape["calls"], "call")
    return f"{shape['calls']} in {shape['origin']}s"


def places(found: Sequence[Record]) -> list[str]:
    """Places in words, one after another: ``app/users.py:3``, ``:14``, ``app/admin.py:8``."""
    files = [None, *(place["file"] for place in found)]
    return [
        f":{place['line']}" if place["file"] == last else f"{place['file']}:{place['line']}"
        for place, last in zip(found, files, strict=False)
    ]


def serves(index: Record, shapes: Mapping[str, Record]) -> str:
    """What queries an index is good for, in a line; "" for none. ``shapes``: those of the map by id."""
    best, also, possible = (len(index[use]) + index["elsewhere"][use] for use in ("best", "also", "possible"))
    told = []
    match index["status"]:
        case "unclear":
            what = "which index it is" if index["keys"] is None else "on which collection, or with which options,"
            return f"{what} is known only at run time"
        case "outside":
            return "only scripts and tests use it"
        case "serves" if best:
            told.append(f"serves {_shapes(index, shapes)}{f', could serve {also} more' if also else ''}")
        case "second":
            told.append(f"could serve {also}, for which another index is taken")
        case "possible" if also or possible:
            perhaps = f"perhaps {possible}{' more' if also else ''}" if possible else ""
            able = ", ".join(part for part in (f"could serve {also}" if also else "", perhaps) if part)
            told.append(f"{able}: only the running program knows")
    if best and index["status"] != "serves":
        told.append(f"serves {best} of scripts and tests")
    if index["distincts"]:
        told.append(f"read by {counted(index['distincts'], 'distinct')} without a filter")
    if index["unread"] and not best:
        told.append(f"perhaps serves {counted(index['unread'], 'call')} that the code does not show whole")
    return "; ".join(told)


def _shapes(index: Record, shapes: Mapping[str, Record]) -> str:
    here, away = index["best"], index["elsewhere"]["best"]
    told = counted(len(here) + away, "shape")
    if away:
        return f"{told}, {away} of them in other files"
    return f"{told} ({counted(sum(shapes[each]['calls'] for each in here), 'call')})"


def totals(summary: Record) -> list[str]:
    """The sums, in lines."""
    verdicts = summary["verdicts"]
    parts = [f"{verdicts[verdict]} {verdict}" for verdict in ("served", "partial", "unserved", "unknown")]
    parts.append(f"{summary['unfiltered']} without a filter")
    lines = [f"{counted(summary['operations'], 'operation')}: {', '.join(parts)}."]
    if summary["inner"]:
        lines.append(f"{counted(summary['inner'], 'query', 'queries')} besides, of pipeline stages and bulk_write.")
    held = summary["indexes"]
    told = [f"{held[status]} {words}" for status, words in _STATUSES.items() if held.get(status)]
    if summary["kept"]:
        told.append(f"{summary['kept']} of them unique or for expiry")
    if told:
        lines.append(f"{counted(sum(held.values()), 'index', 'indexes')}: {', '.join(told)}.")
    if summary["untraced"]:
        calls = counted(summary["untraced"], "call")
        lines.append(f"{calls} could not be traced and may ask more: mongolint queries --unresolved shows where.")
    return lines


_STATUSES = {
    "serves": "serving queries",
    "second": "never the first choice",
    "possible": "perhaps serving some",
    "outside": "only for scripts and tests",
    "unclear": "known only at run time",
    "nothing": "serving nothing",
}
