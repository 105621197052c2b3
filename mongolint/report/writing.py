"""Indexes as code: a line of mongosh or of Python that makes one."""

from __future__ import annotations

import json
from typing import Any


def mongosh(item: dict[str, Any]) -> str:
    """The call for the shell; ``item`` has ``collection``, ``keys`` and ``options``."""
    keys, options = json.dumps(dict(item["keys"])), _known(item["options"])
    rest = f", {json.dumps(options)}" if options else ""
    return f"db.getCollection({json.dumps(item['collection'])}).createIndex({keys}{rest});"


def python(item: dict[str, Any]) -> str:
    """The call for PyMongo, on a database ``db``."""
    pairs = ", ".join(f"({_quoted(name)}, {_quoted(direction)})" for name, direction in item["keys"])
    options = "".join(f", {name}={_quoted(value)}" for name, value in _known(item["options"]).items())
    return f"db[{_quoted(item['collection'])}].create_index([{pairs}]{options})"


def mongosh_drop(collection: str, name: str) -> str:
    return f"db.getCollection({json.dumps(collection)}).dropIndex({json.dumps(name)});"


def python_drop(collection: str, name: str) -> str:
    return f"db[{_quoted(collection)}].drop_index({_quoted(name)})"


def pattern(item: dict[str, Any]) -> str:
    """The key pattern in short: ``{user_id: 1, at: -1}``."""
    return "{" + (", ".join(f"{name}: {direction}" for name, direction in item["keys"] or ()) or "?") + "}"


def options(item: dict[str, Any]) -> str:
    """The options in short."""
    return ", ".join(f"{name}={value!r}" for name, value in item["options"].items())


def _quoted(value: Any) -> str:
    """A value in Python, with the quotation marks of formatted code."""
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_quoted(key)}: {_quoted(held)}" for key, held in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_quoted, value)) + "]"
    return repr(value)


def _known(options: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in options.items() if value is not None}
