"""What ``explain`` tells, as text for a person. Gets the data that `mongolint explain --format json` prints."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from mongolint.report.paint import Paint, visible

Item = Mapping[str, Any]

_PLACES = {
    "bounds": "bounds the index",
    "wide bounds": "in the index, but leaves most of it to be read",
    "keys": "checked on the keys",
    "documents": "checked on documents",
    "order": "given by the index",
    "memory": "sorted in memory",
}
_COLOURS = {"served": "green", "partial": "yellow", "unserved": "red"}
_INDENT = "  "
_NAMED = 3


def text(items: Iterable[Item], paint: Paint) -> str:
    """Each operation as a block: place, query, fields, verdict, what would serve it better, what a server does."""
    return "\n\n".join("\n".join(line.rstrip() for line in _operation(item, paint)) for item in items)


def _operation(item: Item, paint: Paint) -> Iterator[str]:
    place = f"{visible(item['file'])}:{item['line']}:{item['column']}"
    names = _names(item["collections"])
    inferred = " (inferred)" if item["confidence"] == "inferred" else ""
    yield f"{paint(place, 'bold')}: {item['method']} on {visible(names)}{inferred}"
    yield from _asked(item, paint, is_open=item["open"])
    for inner in item["inner"]:
        yield ""
        yield f"{_INDENT}{paint(inner['stage'], 'bold')} on {visible(inner['collection'] or '?')}"
        yield from _asked(inner, paint)


def _names(collections: Sequence[str]) -> str:
    more = f" or {len(collections) - _NAMED} more" if len(collections) > _NAMED else ""
    return " or ".join(collections[:_NAMED]) + more or "a collection known only at run time"


def _asked(item: Item, paint: Paint, *, is_open: bool = False) -> Iterator[str]:
    yield ""
    yield from (f"{_INDENT * 2}{visible(line)}" for line in item["mongosh"].split("\n"))
    yield ""
    rows = [_field(field) for field in item["fields"]]
    yield from (f"{_INDENT}{line}" for line in _columns(rows, paint))
    if is_open:
        yield f"{_INDENT}The filter may hold other fields, which the code does not show."
    if rows or is_open:
        yield ""
    yield from (f"{_INDENT}{line}" for line in _verdict(item, paint))
    if item["server"]:
        yield from (f"{_INDENT}{line}" for line in _server(item["server"], paint))


def _field(field: Item) -> tuple[str, str, str]:
    place = "on some paths only" if field["optional"] else _PLACES.get(field["place"] or "", "")
    within = f" ({field['within']})" if field["within"] else ""
    return visible(field["field"]), visible(field["role"] + within), place


def _columns(rows: Sequence[tuple[str, str, str]], paint: Paint) -> Iterator[str]:
    widths = [max((len(row[number]) for row in rows), default=0) for number in range(2)]
    for field, role, place in rows:
        yield f"{paint(field, 'cyan')}{' ' * (widths[0] - len(field))}  {role.ljust(widths[1])}  {place}".rstrip()


def _verdict(item: Item, paint: Paint) -> Iterator[str]:
    verdict = item["verdict"]
    by = f" by {verdict['index']}" if verdict["index"] else ""
    word = "no query to serve" if verdict["verdict"] == "none" else verdict["verdict"] + by
    yield f"{paint(visible(word), 'bold', _COLOURS.get(verdict['verdict'], 'bold'))}: {visible(verdict['reason'])}"
    for index in item["indexes"]:
        yield f"{_INDENT}{_index(index)}"
    if item["nearest"]:
        yield f"{_INDENT}nearest: {_index(item['nearest'])}"
    better = item["better"]
    if better and not better["keys"]:
        why = f": {better['reason']}" if better["reason"] != verdict["reason"] else ""
        yield f"{_INDENT}no index with keys in the order equality, sort, range would serve it better{visible(why)}"
    elif better:
        options = "".join(f", {name}={value!r}" for name, value in better["options"].items())
        made = " and ".join(f"create_index({_pairs(keys)}{options})" for keys in better["keys"])
        yield f"{_INDENT}better: {paint(visible(made), 'green')}"
        yield f"{_INDENT}        then {better['verdict']}: {visible(better['reason'])}"


def _index(index: Item) -> str:
    keys = ", ".join(f"{name}: {kind}" for name, kind in index["keys"]) or "keys known only at run time"
    options = [name for name in index["options"] if name not in ("name", "background")]
    more = f" ({', '.join(options)})" if options else ""
    return visible(f"{index['name'] or '?'} {{{keys}}}{more} is declared at {index['file']}:{index['line']}")


def _pairs(keys: Sequence[Sequence[Any]]) -> str:
    written = (f'("{name}", {kind})' if isinstance(kind, int) else f'("{name}", "{kind}")' for name, kind in keys)
    return "[" + ", ".join(written) + "]"


def _server(server: Item, paint: Paint) -> Iterator[str]:
    yield ""
    where = visible(f"{server['database']}.{server['collection']}")
    version = f" {server['version']}" if server["version"] else ""
    told = f"refuses it: {server['refused']}" if server["refused"] else server["plan"]
    yield f"{paint('server', 'bold')}{visible(version)}, {where}: {visible(told)}"
    if server["notes"]:
        yield f"{_INDENT}asked {visible(', '.join(server['notes']))}"
    for difference in server["differences"]:
        yield f"{_INDENT}{paint('differs:', 'bold', 'red')} {visible(difference['reason'])}"
    if server["same"]:
        yield f"{_INDENT}{paint('same', 'green')} as the verdict says"
