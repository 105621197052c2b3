"""Configuration files of a program as plain data: texts by key, and None for whatever else they hold."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    # What it compiles takes longer than all else in the package, and most projects have no such file
    from mongolint.source.yaml import Plain

INI_SUFFIXES = (".ini", ".cfg", ".conf")
SUFFIXES = (".json", ".yaml", ".yml", ".toml", *INI_SUFFIXES)


def read(path: str, data: bytes) -> Plain | None:
    """What a file holds, by its suffix; None where it is none of these, or cannot be read."""
    try:
        found = _loaded(path, data.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        return None
    return _plain(found) if isinstance(found, Mapping) else None


def _loaded(path: str, text: str) -> object:
    if path.endswith(".json"):
        return json.loads(text)
    if path.endswith((".yaml", ".yml")):
        from mongolint.source import yaml

        return yaml.read(text)
    if path.endswith(".toml"):
        from mongolint.config import toml

        return toml.parse(text)
    return _sections(text)


def _sections(text: str) -> object:
    """Of an INI file the options of each section, as ``configparser`` reads them; none where one is made of others."""
    import configparser

    parser = configparser.ConfigParser(interpolation=None)
    try:
        parser.read_string(text)
    except configparser.Error:
        return None
    sections = ((name, parser[name].items()) for name in parser if name != parser.default_section or parser[name])
    return {name: {key: value if "%" not in (value or "%") else None for key, value in held} for name, held in sections}


def _plain(found: Mapping[str, Any]) -> Plain:
    """The texts and mappings of what was read."""
    return {
        key: _plain(value) if isinstance(value, Mapping) else value if isinstance(value, str) else None
        for key, value in found.items()
    }
