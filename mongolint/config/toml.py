"""TOML files: what is in them, and on which line a key is written, which the parser does not tell."""

from __future__ import annotations

import os
import re
import sys
from dataclasses import field
from pathlib import Path
from typing import Any

from mongolint.config.errors import ConfigError
from mongolint.fastclasses import dataclass

_PLACE = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)")
_KEY = r"""(?:[\w-]+|"[^"]*"|'[^']*')"""
_TABLE = re.compile(rf"\s*\[+\s*({_KEY}(?:\s*\.\s*{_KEY})*)\s*\]")
_ENTRY = re.compile(rf"\s*({_KEY}(?:\s*\.\s*{_KEY})*)\s*=")


@dataclass(frozen=True, slots=True)
class TomlFile:
    """A parsed file. ``inside``: the table that is ours, as its keys; empty where the whole file is."""

    path: Path
    text: str
    data: dict[str, Any] = field(repr=False)
    inside: tuple[str, ...] = ()

    def line(self, path: tuple[str, ...]) -> int | None:
        """The line that writes a key of our table, or the nearest table around it."""
        wanted = self.inside + path
        for size in range(len(wanted), 0, -1):
            table: tuple[str, ...] = ()
            for number, line in enumerate(self.text.split("\n"), 1):
                here: tuple[str, ...] = ()
                if header := _TABLE.match(line):
                    here = table = _keys(header[1])
                elif entry := _ENTRY.match(line):
                    here = table + _keys(entry[1])
                if here[:size] == wanted[:size]:
                    return number
        return None

    @property
    def holds_ours(self) -> bool:
        """Whether our table is there at all."""
        table: Any = self.data
        for key in self.inside:
            table = table.get(key) if isinstance(table, dict) else None
        return table is not None

    def table(self) -> dict[str, Any]:
        """Our table; empty where it is missing.

        Raises:
            ConfigError: something else stands there.
        """
        table: Any = self.data
        for depth, key in enumerate(self.inside, 1):
            table = table.get(key, {})
            if not isinstance(table, dict):
                around = TomlFile(self.path, self.text, self.data)
                message = f"[{'.'.join(self.inside[:depth])}] has to be a table, not {kind_of(table)}"
                raise ConfigError(message, self.path, around.line(self.inside[:depth]))
        return dict(table)


def read(file: Path) -> TomlFile:
    """A file that holds options: of ``[tool.mongolint]`` in a ``pyproject.toml``, else at its top level.

    Raises:
        ConfigError: it cannot be read, or is no TOML.
    """
    file = Path(os.path.abspath(file))
    text = ""
    try:
        text = file.read_bytes().decode("utf-8-sig")
        data = parse(text)
    except OSError as error:
        raise ConfigError(f"cannot read: {(error.strerror or str(error)).lower()}", file) from error
    except UnicodeDecodeError as error:
        raise ConfigError("not UTF-8 text, which TOML has to be", file) from error
    except ValueError as error:
        place = _PLACE.search(str(error))
        line, column = (int(place[1]), int(place[2])) if place and place[1] else (text.count("\n") + 1, None)
        raise ConfigError(f"invalid TOML: {_PLACE.sub('', str(error))}", file, line, column) from error
    return TomlFile(file, text, data, ("tool", "mongolint") if file.name == "pyproject.toml" else ())


def parse(text: str) -> dict[str, Any]:
    """The tables of a text; ValueError where it is no TOML."""
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    return tomllib.loads(text)


def write(value: Any) -> str:
    """A value as TOML, on one line."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{_key(key)} = {write(held)}" for key, held in value.items()) + " }" if value else "{}"
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(write, value))}]"
    return _quoted(value) if isinstance(value, str) else str(value)


def kind_of(value: Any) -> str:
    """What a value of TOML is, for a message."""
    kinds = {bool: "true or false", int: "an integer", float: "a number", str: "a string"}
    kinds |= {list: "a list", dict: "a table"}
    return kinds.get(type(value), f"a {type(value).__name__}")


def _keys(dotted: str) -> tuple[str, ...]:
    return tuple(key.strip("\"'") for key in re.findall(_KEY, dotted))


def _key(key: str) -> str:
    return key if re.fullmatch(r"[A-Za-z0-9_-]+", key) else _quoted(key)


def _quoted(text: str) -> str:
    import json  # a string of JSON is one of TOML

    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
