"""Paths that a program puts together, and files that it opens there.

What a path is, is asked only where one is read as configuration: most are of other files.
"""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from mongolint.link.atoms import UNKNOWN, Const, Env, External, FilePath, Method, Value, join

if TYPE_CHECKING:
    from mongolint.link.linker import Linker


def made(link: Linker, module: int, row: int, args: list[int], env: Env | None) -> Value:
    """``os.path.join(folder, "config.json")``, ``Path(folder)``, ``open(path)``."""
    return (FilePath(module, row, env, ()),)


def divided(left: Value, module: int, row: int, env: Env | None) -> Value:
    """``folder / "config.json"``."""
    is_path = any(type(atom) is FilePath for atom in left)
    return (FilePath(module, row, env, ()),) if is_path else (UNKNOWN,)


def attribute(atom: FilePath, name: str) -> Value:
    """``atom.name`` of a path or an open file."""
    if name in ("parent", "parents"):
        return (atom._replace(steps=(*atom.steps, name)),)
    return (Method(atom, name),) if name in _METHODS or name == "joinpath" else (UNKNOWN,)


def item(atom: FilePath, key: Value) -> Value:
    """``Path(__file__).parents[1]``."""
    numbers = [each.value for each in key if type(each) is Const and type(each.value) is int]
    if atom.steps[-1:] != ("parents",) or len(numbers) != 1 or not 0 <= numbers[0] < _MOST_PARENTS:
        return (UNKNOWN,)
    return (atom._replace(steps=(*atom.steps[:-1], *["parent"] * (numbers[0] + 1))),)


def method(link: Linker, atom: FilePath, name: str, module: int, row: int, env: Env | None) -> Value:
    """What a method of a path or an open file gives: mostly what is about the same file."""
    return (FilePath(module, row, env, ()),) if name == "joinpath" else (atom,)


def near_value(link: Linker, module: int, row: int, env: Env | None) -> Value:
    """What an expression can be, as far as that is written near by.

    No call of the project is followed for it, nor what callers pass where none is followed already: files are opened
    everywhere, and of hardly any it would come out which it is.
    """
    node = link.node(module, row)
    if node[0] == "phi":
        return join(near_value(link, module, each, env) for each in node[1])
    if node[0] in ("await", "ctx"):
        return near_value(link, module, node[1], env)
    if node[0] == "param":
        return _parameter(link, module, row, env)
    if node[0] == "binop" and node[1] == "/":
        return divided(near_value(link, module, node[2], env), module, row, env)
    if node[0] == "call" and node[2] and not _makes_path(link, module, node[1], env):
        return (UNKNOWN,)
    if node[0] == "attr" and not _is_near(link, module, row, env):
        return (UNKNOWN,)
    if node[0] == "item":
        base = near_value(link, module, node[1], env)
        return join(item(atom, link.value(module, node[2], env)) for atom in base if type(atom) is FilePath)
    return link.value(module, row, env) if node[0] in _NEAR else (UNKNOWN,)


def _parameter(link: Linker, module: int, row: int, env: Env | None) -> Value:
    _, scope, name = link.node(module, row)
    bound = env.lookup(module, scope) if env is not None else None
    if bound is not None and name in bound.bindings:
        return bound.bindings[name]
    default = next((param.default for param in link.scope(module, scope).params if param.name == name), None)
    return (UNKNOWN,) if default is None else link.value(module, default)


def _makes_path(link: Linker, module: int, row: int, env: Env | None) -> bool:
    """Whether what is called is a function of a library, or a method of a path."""
    node = link.node(module, row)
    if node[0] not in _NAMES and not (node[0] == "attr" and _is_near(link, module, row, env)):
        return False
    called = link.value(module, row, env)
    return any(type(atom) is External or (type(atom) is Method and type(atom.receiver) is FilePath) for atom in called)


def _is_near(link: Linker, module: int, row: int, env: Env | None) -> bool:
    """Whether an attribute is one of a module, of a class, of a path or of ``self``."""
    node = link.node(module, row)
    base = link.node(module, node[1])
    if base[0] == "param":
        method = link.enclosing_method(module, base[1])
        params = link.scope(module, base[1]).params
        return method is not None and params[0].name == base[2]
    if base[0] in _NAMES:
        return True
    return any(type(atom) is FilePath for atom in near_value(link, module, node[1], env)) or (
        base[0] == "attr" and _is_near(link, module, node[1], env)
    )


_NAMES = ("free", "from", "module")
_NEAR = frozenset(["const", "attr", "call", "typed", "fstr", *_NAMES])


def text_of(link: Linker, value: Value, *, opened: bool = False) -> str | None:
    """The one path that a value is, as far as it is known; with ``opened``, none that is no more than a text."""
    texts: set[str | None] = {_text(link, atom) for atom in value if type(atom) is FilePath}
    if not opened:
        texts |= {atom.value for atom in value if type(atom) is Const and atom.kind == "str"}
    return texts.pop() if len(texts) == 1 else None


def _text(link: Linker, atom: FilePath) -> str | None:
    """A path as text; relative where it counts from the directory of the start."""
    nothing: tuple[str | None] = (None,)
    text = link.once(("path", atom), lambda: (_made_text(link, atom),), nothing)[0]
    if text is None or "parents" in atom.steps:
        return None
    for _ in atom.steps:
        text = posixpath.dirname(text)
    return text


def _made_text(link: Linker, atom: FilePath) -> str | None:
    module, row, env, _ = atom
    node = link.node(module, row)
    if node[0] == "free":
        return link.path(module)
    if node[0] == "binop":
        return _joined([text_of(link, near_value(link, module, part, env)) for part in node[2:4]])
    args = [text_of(link, near_value(link, module, arg, env)) for keyword, arg in node[2] if keyword is None]
    for called in link.value(module, node[1], env):
        if type(called) is Method and type(called.receiver) is FilePath:
            return _joined([_text(link, called.receiver), *args])
        name = called.name if type(called) is External else ""
        if name in _STARTS:
            return "."
        if name in _FOLDERS:
            return None if not args or args[0] is None else posixpath.dirname(args[0])
        if name in _SAME:
            return _joined(args[:1])
        if name in _JOINING:
            return _joined(args)
    return None


def _joined(parts: list[str | None]) -> str | None:
    known = [part for part in parts if part is not None]
    return posixpath.normpath(posixpath.join(*known)) if len(known) == len(parts) > 0 else None


_MOST_PARENTS = 20
_METHODS = frozenset(["resolve", "absolute", "open", "read_text", "read_bytes", "read", "as_posix"])
_STARTS = frozenset(["os.getcwd", "pathlib.Path.cwd"])
_FOLDERS = frozenset(["os.path.dirname"])
_JOINING = frozenset(["os.path.join", "pathlib.Path", "pathlib.PurePath"])
_SAME = frozenset(
    [
        *("os.path.abspath", "os.path.realpath", "os.path.normpath"),
        *("builtins.open", "io.open", "codecs.open", "aiofiles.open"),
    ]
)
CALLS = dict.fromkeys((*_STARTS, *_FOLDERS, *_JOINING, *_SAME), made)
