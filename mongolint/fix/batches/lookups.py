"""One document by key, as ``find_one`` asks for it, and the query that asks for many.

What a dict of the found documents may stand for: documents by ``_id`` or by a field that says it is an identifier.
Other values can find their document on the server and miss it in a dict (dates, decimals, arrays, collations).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

import libcst as cst

from mongolint.fastclasses import dataclass
from mongolint.fix.batches.expressions import arguments, is_pure, names_read, string_value
from mongolint.fix.nofix import NoFix
from mongolint.fix.trees import Tree
from mongolint.project.operations import Operation

if TYPE_CHECKING:
    from mongolint.project.model import Project

_OPTIONS = ("session", "max_time_ms", "hint", "comment", "sort", "batch_size")
_IDENTIFIER = re.compile(r"(?:^|_)(?:id|oid|uuid|guid)$|[a-z](?:Id|ID|UUID)$|^(?:id|_id)$")
_TEXT_MAKERS = frozenset(["str", "ObjectId", "UUID"])


@dataclass(frozen=True)
class Lookup:
    """``find_one({field: key, **rest}, projection, **options)``; ``key`` depends on the loop, all else does not.

    ``widened``: the projection of the query for many shows the field besides.
    """

    field: str
    key: cst.BaseExpression
    head: str
    tail: str
    arguments: tuple[str, ...]
    unique: bool
    sorted: bool
    widened: bool

    def query(self, receiver: str, keys: str) -> str:
        """The query for all keys."""
        given = "".join(f", {argument}" for argument in self.arguments)
        return f'{receiver}.find({self.head}{{"$in": {keys}}}{self.tail}{given})'


def read_lookup(project: Project, tree: Tree, call: cst.Call, operation: Operation, varying: set[str]) -> Lookup:
    """The lookup that a call of ``find_one`` is.

    Raises:
        NoFix: it is no lookup by one key, or a dict cannot stand for the query.
    """
    if operation.name != "find_one":
        raise NoFix(f"{operation.name} does more than look one document up")
    positional, keywords = arguments(tree, call)
    if len(positional) > 2 or set(keywords) - {*_OPTIONS, "filter", "projection"}:
        odd = next(iter(set(keywords) - {*_OPTIONS, "filter", "projection"}), "an argument without its name")
        raise NoFix(f"{odd} decides which document is found")
    condition = positional[0] if positional else keywords.get("filter")
    if condition is None or not isinstance(condition.value, cst.Dict):
        raise NoFix("the filter is not written out in the call")
    entry = _varying_entry(condition.value, varying)
    field = string_value(entry.key)
    if field is None or "." in field:
        raise NoFix("the field that the loop looks up is not a plain one")
    if operation.filter.required.get(field) != "equality" or isinstance(entry.value, cst.Dict):
        raise NoFix(f"{field} is not compared with one value")
    given = []
    projection = positional[1] if len(positional) > 1 else keywords.get("projection")
    widened = False
    if projection is not None:
        shown = _projection(tree, projection.value, field)
        widened = shown != tree.text(projection.value)
        given.append(f"projection={shown}" if projection.keyword else shown)
    for name in _OPTIONS:
        if name in keywords:
            if names_read(keywords[name].value) & varying or not is_pure(keywords[name].value):
                raise NoFix(f"{name} is another for each item")
            given.append(f"{name}={tree.text(keywords[name].value)}")
    start, end = tree.span(condition.value)
    first, last = tree.span(entry.value)
    text = tree.file_text
    if "#" in text[start:end]:
        raise NoFix("there is a comment in the filter")
    return Lookup(
        field,
        entry.value,
        _on_one_line(text[start:first]),
        _on_one_line(text[last:end]),
        tuple(given),
        _is_unique(project, operation, field),
        "sort" in keywords,
        widened,
    )


def _on_one_line(text: str) -> str:
    """A part of the filter as it is put into the query."""
    if '"""' in text or "'''" in text:
        raise NoFix("a string in the filter runs over several lines")
    text = re.sub(r"\s*[\r\n]\s*", " ", text)
    return re.sub(r",? \}$", "}", re.sub(r"^\{ ", "{", text))


def _varying_entry(condition: cst.Dict, varying: set[str]) -> cst.DictElement:
    found: list[cst.DictElement] = []
    for element in condition.elements:
        if not isinstance(element, cst.DictElement) or string_value(element.key) is None:
            raise NoFix("the filter is not written out in the call")
        key = string_value(element.key) or ""
        if names_read(element.value) & varying:
            found.append(element)
        elif not is_pure(element.value):
            raise NoFix(f"{key} is computed anew for each item")
    if len(found) != 1:
        raise NoFix("more than one field of the filter depends on the item" if found else "no field depends on it")
    if (string_value(found[0].key) or "").startswith("$"):
        raise NoFix("the key is inside an operator")
    return found[0]


def _projection(tree: Tree, node: cst.BaseExpression, field: str) -> str:
    """The projection with the field that the documents are picked by."""
    if isinstance(node, cst.Name) and node.value == "None":
        return "None"
    if isinstance(node, cst.Dict):
        shown = {string_value(e.key): e.value for e in node.elements if isinstance(e, cst.DictElement)}
        if len(shown) != len(node.elements) or None in shown:
            raise NoFix("the projection is not written out in the call")
        off = {name for name, value in shown.items() if tree.text(value) in ("0", "False")}
        if field in off or (field != "_id" and off - {"_id"} == set(shown)):
            raise NoFix(f"the projection leaves {field} out" if field in off else "the projection leaves fields out")
        if field == "_id" or field in shown or off == set(shown) != {"_id"}:
            return tree.text(node)
        return tree.text(node)[:-1].rstrip().rstrip(",") + f', "{field}": 1}}'
    if isinstance(node, cst.List) and all(string_value(e.value) for e in node.elements):
        names = [string_value(e.value) for e in node.elements]
        if field == "_id" or field in names:
            return tree.text(node)
        return tree.text(node)[:-1].rstrip().rstrip(",") + f', "{field}"]'
    raise NoFix("the projection is not written out in the call")


def _is_unique(project: Project, operation: Operation, field: str) -> bool:
    """Whether at most one document matches: by ``_id``, or by a declared unique index."""
    equal = {name for name, kind in operation.filter.required.items() if kind == "equality"}
    return field == "_id" or any(
        index.options.get("unique") is True and index.keys and {name for name, _ in index.keys} <= equal
        for index in project.indexes
        if operation.runs_on(index.collection_name)
    )


def check_key(field: str, key: cst.CSTNode, text_items: bool) -> None:
    """Raises: NoFix: a dict may miss what the server finds by such a key.

    ``text_items``: the loop goes through texts or numbers, as its annotation says.
    """
    if field.endswith("s") and _IDENTIFIER.search(field[:-1]):
        raise NoFix(f"{field} may be an array")
    names = {field, *_last_names(key)}
    if any(_IDENTIFIER.search(name) for name in names) or text_items:
        return
    if isinstance(key, cst.FormattedString):
        return
    if isinstance(key, cst.Call) and _last_name(key.func) in _TEXT_MAKERS:
        return
    raise NoFix(f"it is not clear that {field} holds plain identifiers, which a dict finds as the server does")


def _last_names(key: cst.CSTNode) -> Iterable[str]:
    if isinstance(key, cst.Subscript):
        index = key.slice[0].slice
        value = string_value(index.value) if isinstance(index, cst.Index) else None
        return [value] if value else []
    if isinstance(key, cst.Call) and _last_name(key.func) == "get" and key.args:
        value = string_value(key.args[0].value)
        return [value] if value else []
    name = _last_name(key)
    return [name] if name else []


def _last_name(node: cst.CSTNode) -> str:
    if isinstance(node, cst.Attribute):
        return node.attr.value
    return node.value if isinstance(node, cst.Name) else ""
