"""What a program has of a configuration file that it has read: all of it, or what stands under some keys.

It is known as the name of a collection and as nothing else. Where the program runs, the file may say something else: as
a number, a switch or an address it would be taken for what is always so.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from mongolint.facts.shapes import ModuleFacts
from mongolint.link.atoms import UNKNOWN, Env, IniParser, Method, Setting, Value, join, strings
from mongolint.link.settings import files, paths
from mongolint.link.states.gathered import Gather
from mongolint.source.settings import INI_SUFFIXES

if TYPE_CHECKING:
    from mongolint.link.linker import Linker


def loaded(link: Linker, module: int, row: int, args: list[int], env: Env | None) -> Value:
    """``yaml.safe_load(file)``, ``yaml.safe_load(file.read())``."""
    return _loaded(link, module, _file(link, module, args[0]), env, opened=True) if args else (UNKNOWN,)


def loaded_text(link: Linker, module: int, row: int, args: list[int], env: Env | None) -> Value:
    """``json.loads(file.read())``: of a text from elsewhere it is not asked what it is."""
    file = _file(link, module, args[0]) if args else -1
    return _loaded(link, module, file, env, opened=True) if args and file != args[0] else (UNKNOWN,)


def loaded_at(link: Linker, module: int, row: int, args: list[int], env: Env | None) -> Value:
    """``toml.load("config.toml")``."""
    return _loaded(link, module, args[0], env, opened=False) if args else (UNKNOWN,)


def _file(link: Linker, module: int, row: int) -> int:
    """What is read, where all that is in it is passed on."""
    node = link.node(module, row)
    inner = node[1] if node[0] == "await" else row
    node = link.node(module, inner)
    called = link.node(module, node[1]) if node[0] == "call" else ("none",)
    return called[1] if called[0] == "attr" and called[2] in _READING else row


def _loaded(link: Linker, module: int, row: int, env: Env | None, *, opened: bool) -> Value:
    path = link.beside(lambda: paths.text_of(link, paths.near_value(link, module, row, env), opened=opened))
    file = files.find(link, module, path) if path is not None else None
    return (UNKNOWN,) if file is None else (Setting(file, (), None),)


def parser(link: Linker, module: int, row: int, args: list[int], env: Env | None) -> Value:
    """``ConfigParser()``."""
    return (IniParser(module, row),)


def item(link: Linker, atom: Setting | IniParser, key: Value) -> Value:
    """``atom[key]``."""
    if isinstance(atom, IniParser):
        return join(item(link, read, key) for read in _read(link, atom)) or (UNKNOWN,)
    held = link.settings.get(atom.file) or {}
    for each in atom.keys:
        held = held[each]
    found: list[Value] = []
    for name in strings(key):
        if atom.keys and atom.file.endswith(INI_SUFFIXES):
            name = name.lower()  # as a parser does with options
        value = held.get(name) if isinstance(held, dict) else None
        text = value if isinstance(value, str) else None
        found.append((UNKNOWN,) if value is None else (Setting(atom.file, (*atom.keys, name), text),))
    return join(found) or (UNKNOWN,)


def _read(link: Linker, atom: IniParser) -> tuple[Setting, ...]:
    """What a parser has read, if it is one file."""
    return link.once(("read", atom), lambda: tuple(_read_anywhere(link, atom)), ())


def _read_anywhere(link: Linker, atom: IniParser) -> Iterator[Setting]:
    found: set[str | None] = set()
    for module, (base, given) in link.gathered(_READ, ""):
        if atom in paths.near_value(link, module, base, None):
            path = paths.text_of(link, paths.near_value(link, module, given, None))
            found.add(files.find(link, module, path) if path is not None else None)
    if len(found) == 1:
        yield from (Setting(file, (), None) for file in found if file is not None)


def _reading(module: int, facts: ModuleFacts) -> Iterator[tuple[str, tuple[int, int]]]:
    """Calls of ``parser.read("config.ini")``: on what, and of which file."""
    for call in facts.calls:
        node = facts.nodes[call.row]
        function = facts.nodes[node[1]]
        if function[0] == "attr" and function[2] in ("read", "read_file") and node[2]:
            yield "", (function[1], node[2][0][1])


_READ = Gather(_reading, tests=False)


def attribute(atom: Setting | IniParser, name: str) -> Value:
    """``atom.name``."""
    if isinstance(atom, IniParser) and name != "get":
        return (UNKNOWN,)
    return (Method(atom, name),) if name in _METHODS else (UNKNOWN,)


def method(link: Linker, atom: Setting | IniParser, name: str, module: int, row: int, env: Env | None) -> Value:
    """What a method of a mapping or a text gives."""
    if name not in ("get", "pop"):
        return (atom,)
    args = [arg for keyword, arg in link.node(module, row)[2] if keyword is None]
    if isinstance(atom, IniParser):
        sections = item(link, atom, link.values(module, args[:1], env))
        return join(link.item(each, link.values(module, args[1:2], env)) for each in sections)
    found = item(link, atom, link.value(module, args[0], env)) if args else (UNKNOWN,)
    return found if UNKNOWN not in found else join([found, link.values(module, args[1:2], env)])


_READING = frozenset(["read", "read_text", "read_bytes"])
_METHODS = frozenset(["get", "pop", "copy", "strip"])
CALLS = {
    **dict.fromkeys(
        [
            f"{package}.{name}ConfigParser"
            for package in ("configparser", "ConfigParser", "six.moves.configparser")
            for name in ("", "Raw", "Safe")
        ],
        parser,
    ),
    **dict.fromkeys(["yaml.safe_load", "yaml.load", "yaml.full_load", "yaml.unsafe_load"], loaded),
    **dict.fromkeys(["json.load", "tomllib.load", "tomli.load"], loaded),
    **dict.fromkeys(["json.loads", "tomllib.loads", "tomli.loads", "toml.loads"], loaded_text),
    "toml.load": loaded_at,
}
