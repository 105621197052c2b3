"""Paths that a program puts together, and files that it opens there."""

from __future__ import annotations

import posixpath
from collections.abc import Callable
from typing import TYPE_CHECKING

from mongolint.link.atoms import UNKNOWN, Const, Env, FilePath, Method, Pair, Value

if TYPE_CHECKING:
    from mongolint.link.linker import Linker

_Handler = Callable[["Linker", int, int, list[int], "Env | None"], Value]


def text_of(value: Value, *, opened: bool = False) -> str | None:
    """The one path that a value is, as far as it is known; with ``opened``, none that is no more than a text."""
    texts = {atom.path for atom in value if type(atom) is FilePath}
    if not opened:
        texts |= {atom.value for atom in value if type(atom) is Const and atom.kind == "str"}
    return texts.pop() if len(texts) == 1 else None


def joined(link: Linker, module: int, row: int, args: list[int], env: Env | None) -> Value:
    """``os.path.join(folder, "config.json")``, ``Path(folder)``."""
    return _joined([text_of(link.value(module, arg, env)) for arg in args])


def _joined(parts: list[str | None]) -> Value:
    known = [part for part in parts if part is not None]
    if len(known) < len(parts) or not known:
        return (UNKNOWN,)
    return (FilePath(posixpath.normpath(posixpath.join(*known))),)


def _same(link: Linker, module: int, row: int, args: list[int], env: Env | None) -> Value:
    return joined(link, module, row, args[:1], env)


def _folder(link: Linker, module: int, row: int, args: list[int], env: Env | None) -> Value:
    text = text_of(link.value(module, args[0], env)) if args else None
    return (UNKNOWN,) if text is None else (FilePath(posixpath.dirname(text)),)


def _start(link: Linker, module: int, row: int, args: list[int], env: Env | None) -> Value:
    return (FilePath("."),)


def divided(left: Value, right: Value) -> Value:
    """``folder / "config.json"``."""
    return _joined([text_of(left), text_of(right)]) if any(type(atom) is FilePath for atom in left) else (UNKNOWN,)


def attribute(atom: FilePath, name: str) -> Value:
    """``atom.name`` of a path or an open file."""
    if name == "parent":
        return (FilePath(posixpath.dirname(atom.path)),)
    if name == "parents":
        folders = []
        while atom.path != posixpath.dirname(atom.path):
            atom = FilePath(posixpath.dirname(atom.path))
            folders.append((atom,))
        return (Pair(tuple(folders)),)
    return (Method(atom, name),) if name in _METHODS or name == "joinpath" else (UNKNOWN,)


def method(link: Linker, atom: FilePath, name: str, module: int, row: int, env: Env | None) -> Value:
    """What a method of a path or an open file gives: mostly what is about the same file."""
    if name != "joinpath":
        return (atom,)
    args = [arg for keyword, arg in link.node(module, row)[2] if keyword is None]
    return _joined([atom.path, *(text_of(link.value(module, arg, env)) for arg in args)])


_METHODS = frozenset(["resolve", "absolute", "open", "read_text", "read_bytes", "read", "as_posix"])
CALLS: dict[str, _Handler] = {
    "os.path.join": joined,
    "pathlib.Path": joined,
    "pathlib.PurePath": joined,
    **dict.fromkeys(["os.path.abspath", "os.path.realpath", "os.path.normpath"], _same),
    **dict.fromkeys(["builtins.open", "io.open", "codecs.open", "aiofiles.open"], _same),
    "os.path.dirname": _folder,
    "os.getcwd": _start,
    "pathlib.Path.cwd": _start,
}
