"""Values that a call or an f-string makes, where the code shows what it makes them of."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

from mongolint.facts.shapes import Row
from mongolint.link.atoms import Const, External
from mongolint.mongo import drivers, shell
from mongolint.project.documents import REGEXES, Place
from mongolint.project.explained.shown import Entry, Gap, Made, Object, Pattern, Template

if TYPE_CHECKING:
    from mongolint.link.linker import Linker

_MAX_DEPTH = 12
_COLLATION = (
    *("locale", "caseLevel", "caseFirst", "strength", "numericOrdering"),
    *("alternate", "maxVariable", "normalization", "backwards"),
)
_FLAGS = {"I": "i", "IGNORECASE": "i", "M": "m", "MULTILINE": "m", "S": "s", "DOTALL": "s", "X": "x", "VERBOSE": "x"}
_UTC = frozenset(("datetime.timezone.utc", "datetime.UTC", "pytz.utc", "pytz.UTC"))
# Gives what stands at a place
Show = Callable[[Place], Any]


def template(link: Linker, place: Place, show: Show) -> str | Template | None:
    """A string put together of parts; None where it is not one."""
    node = link.node(place.module, place.row)
    if node[0] != "fstr" and node[:2] != ("binop", "+"):
        return None
    parts: list[str | Gap] = []
    for each in _parts(link, place, show, _MAX_DEPTH):
        if each is None:
            return None
        if isinstance(each, str) and parts and isinstance(parts[-1], str):
            parts[-1] += each
        else:
            parts.append(each)
    if not any(isinstance(part, str) for part in parts):
        return None
    return str(parts[0]) if len(parts) == 1 else Template(tuple(parts))


def _parts(link: Linker, place: Place, show: Show, depth: int) -> Iterator[str | Gap | None]:
    """Texts and gaps; None for what cannot be added to a string."""
    node = link.node(place.module, place.row)
    if node[:2] == ("binop", "+") and depth:
        for row in node[2:4]:
            yield from _parts(link, Place(place.module, row, place.env), show, depth - 1)
    elif node[0] == "fstr" and depth:
        for row in node[1]:
            for part in _parts(link, Place(place.module, row, place.env), show, depth - 1):
                yield Gap("…") if part is None else part
    else:
        shown = show(place)
        if isinstance(shown, Template):
            yield from shown.parts
        else:
            yield shown if isinstance(shown, str | Gap) else None


def made(link: Linker, place: Place, show: Show) -> Any:
    """What a constructor of the driver or of Python makes; None for any other call."""
    node = link.node(place.module, place.row)
    if node[0] != "call":
        return None
    callee = link.value(place.module, node[1], place.env)
    name = callee[0].name if len(callee) == 1 and type(callee[0]) is External else ""
    given = [(keyword, Place(place.module, row, place.env)) for keyword, row in node[2]]
    if name in REGEXES and given:
        return _regex(link, given, show)
    if name == "datetime.datetime":
        return _date(link, given)
    if name in drivers.REQUESTS:
        return _request(name, given, show)
    if name in drivers.COLLATIONS:
        positional = dict(zip(_COLLATION, (place for keyword, place in given if keyword is None), strict=False))
        named = {keyword: place for keyword, place in given if keyword in _COLLATION}
        return Object(tuple(Entry(str(each), show(held)) for each, held in {**positional, **named}.items()))
    constructor = shell.CONSTRUCTORS.get(name)
    if constructor is None or len(given) != 1 or given[0][0] is not None:
        return None
    argument = show(given[0][1])
    # mongosh makes no big number itself
    return Made(constructor, str(argument) if type(argument) is int else argument)


def _request(name: str, given: list[tuple[str | None, Place]], show: Show) -> Object:
    """A write request of the driver as the document that ``bulkWrite`` takes."""
    arguments = drivers.REQUESTS[name].arguments(given)
    entries = (Entry(shell.OPTIONS.get(each) or camel(each), show(place)) for each, place in arguments.items())
    kept = tuple(entry for entry in entries if entry.value is not None)
    return Object((Entry(camel(name.rpartition(".")[2], initial=True), Object(kept)),))


def camel(name: str, *, initial: bool = False) -> str:
    """A name in camel case: of words joined by underscores, or with ``initial`` of ``UpdateOne``."""
    if initial:
        return name[:1].lower() + name[1:]
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


def _regex(link: Linker, given: list[tuple[str | None, Place]], show: Show) -> Any:
    source = show(given[0][1])
    flags = [_flags(link, node, place) for _, place in given[1:2] if (node := link.node(place.module, place.row))]
    if not isinstance(source, str | Template | Gap) or None in flags or len(given) > 2:
        return None
    return Pattern(source, flags[0] or "" if flags else "")


def _flags(link: Linker, node: Row, place: Place) -> str | None:
    """The letters of the flags of a regular expression; None where they are not known."""
    if node[0] == "binop" and node[1] == "|":
        sides = [Place(place.module, row, place.env) for row in node[2:4]]
        letters = [_flags(link, link.node(side.module, side.row), side) for side in sides]
        return None if None in letters else "".join(sorted({*"".join(map(str, letters))}))
    value = link.value(*place)
    atom = value[0] if len(value) == 1 else None
    if type(atom) is Const and isinstance(atom.value, str):
        return "".join(sorted(atom.value))
    if type(atom) is External and atom.name.startswith("re."):
        return _FLAGS.get(atom.name.rpartition(".")[2])
    return None


def _date(link: Linker, given: list[tuple[str | None, Place]]) -> Made | None:
    """A point of time that is written out, in UTC: what has no zone counts as that."""
    numbers: list[int] = []
    for keyword, place in given:
        value = link.value(*place)
        atom = value[0] if len(value) == 1 else None
        if keyword == "tzinfo" and type(atom) is External and atom.name in _UTC:
            continue
        if keyword is not None or type(atom) is not Const or type(atom.value) is not int:
            return None
        numbers.append(atom.value)
    try:
        moment = datetime(*numbers)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None
    return Made("ISODate", moment.isoformat(timespec="milliseconds") + "Z")
