"""Functions of the standard library and of frameworks through which values pass unchanged."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from mongolint.facts.shapes import Param
from mongolint.link import driver, functions
from mongolint.link.atoms import (
    NONE,
    UNKNOWN,
    ClassRef,
    Database,
    Elements,
    Env,
    External,
    ExternalObject,
    FunctionRef,
    Instance,
    Pair,
    Partial,
    Super,
    Value,
    informative,
    join,
    strings,
)
from mongolint.link.settings import held, paths
from mongolint.mongo.drivers import COLLATIONS, FILES

if TYPE_CHECKING:
    from mongolint.link.linker import Linker


# What gathers the routes of an application: two of them are told apart by the calls that make them
ROUTERS = frozenset(
    f"{package}.{cls}"
    for package, cls in (
        *(("fastapi", "APIRouter"), ("fastapi.routing", "APIRouter"), ("starlette.routing", "Router")),
        *((package, "Blueprint") for package in ("flask", "flask.blueprints", "quart", "quart.blueprints", "sanic")),
    )
)
# A dict whose items stand in the call
ORDERED = "collections.OrderedDict"


def call(link: Linker, name: str, module: int, row: int, env: Env | None) -> Value:
    """What calling the external function or class ``name`` gives."""
    made = driver.constructed(link, name, module, row, env)
    if made is not None:
        return (made,)
    args = [arg for keyword, arg in link.node(module, row)[2] if keyword is None]
    handler = _CALLS.get(name)
    if handler is not None:
        return handler(link, module, row, args, env)
    if name in _FIRST_ARGUMENT and args:
        return link.value(module, args[0], env)
    if name in _LAST_ARGUMENT:
        return _default(link, module, row, args, env)
    if name in COLLATIONS or name in ROUTERS or name == ORDERED:
        return (ExternalObject(name, module, row),)
    last = name.rpartition(".")[2]
    if name not in FILES and (_may_be_driver(name) or not last[:1].isupper()):
        return (UNKNOWN,)
    return (ExternalObject(name),)


def _may_be_driver(name: str) -> bool:
    """A package around the driver that the tables do not know: its objects may well hand out collections."""
    package = name.partition(".")[0].lower()
    return ("mongo" in package or "motor" in package) and "mock" not in package


_FIRST_ARGUMENT = frozenset(
    [
        "copy.copy",
        "copy.deepcopy",
        "builtins.list",
        "builtins.tuple",
        "builtins.set",
        "builtins.sorted",
        "builtins.reversed",
        "builtins.iter",
        "builtins.str",
        "builtins.frozenset",
        "asyncio.wait_for",
        "asyncio.shield",
        "asyncio.create_task",
        "asyncio.ensure_future",
        "asyncio.run",
        "contextlib.aclosing",
        "contextlib.closing",
        "typing.NewType",
        "sys.intern",
        "weakref.proxy",
        "tqdm.tqdm",
        "tqdm.auto.tqdm",
        "builtins.aiter",
    ]
)
# Names read from the environment or a configuration: the literal default is the name in the code
_LAST_ARGUMENT = frozenset(
    ["os.getenv", "os.environ.get", "decouple.config", "environs.Env", "starlette.config.Config"]
)


def _default(link: Linker, module: int, row: int, args: list[int], env: Env | None) -> Value:
    for keyword, arg in link.node(module, row)[2]:
        if keyword == "default":
            return link.value(module, arg, env)
    return link.value(module, args[1], env) if len(args) > 1 else (UNKNOWN,)


def _cast(link: Linker, module: int, row: int, args: list[int], env: Env | None) -> Value:
    if len(args) < 2:
        return (UNKNOWN,)
    value, hint = link.value(module, args[1], env), link.annotated(module, args[0], env)
    return value if informative(value) and UNKNOWN not in value else (hint or value)


def _getattr(link: Linker, module: int, row: int, args: list[int], env: Env | None) -> Value:
    if len(args) < 2:
        return (UNKNOWN,)
    base, key = link.value(module, args[0], env), link.value(module, args[1], env)
    names = strings(key)
    found = join(link.attribute(atom, name) for atom in base for name in names)
    if not names:  # of a database it is a collection, whatever its name
        found = join(link.item(atom, key) for atom in base if type(atom) is Database)
    return join([found, link.values(module, args[2:3], env)]) or (UNKNOWN,)


def _next(link: Linker, module: int, row: int, args: list[int], env: Env | None) -> Value:
    return link.elements(link.value(module, args[0], env)) if args else (UNKNOWN,)


def _enumerate(link: Linker, module: int, row: int, args: list[int], env: Env | None) -> Value:
    items = link.elements(link.values(module, args[:1], env))
    return (Elements((Pair(((UNKNOWN,), items)),)),)


def _zip(link: Linker, module: int, row: int, args: list[int], env: Env | None) -> Value:
    items = tuple(link.elements(link.value(module, arg, env)) for arg in args)
    return (Elements((Pair(items),)),)


def _gather(link: Linker, module: int, row: int, args: list[int], env: Env | None) -> Value:
    items = tuple(link.value(module, arg, env) for arg in args)
    return (Pair(items),)


def _partial(link: Linker, module: int, row: int, args: list[int], env: Env | None) -> Value:
    functions_ = link.values(module, args[:1], env)
    return tuple(Partial(function, module, row) for function in functions_ if function != UNKNOWN) or (UNKNOWN,)


def _super(link: Linker, module: int, row: int, args: list[int], env: Env | None) -> Value:
    node = link.node(module, link.node(module, row)[1])
    around = link.enclosing_method(module, node[1]) if node[0] == "free" else None
    if around is None:
        return (UNKNOWN,)
    cls, method = around
    params = link.scope(module, method).params
    bound = env.lookup(module, method) if env else None
    if bound is not None and params and params[0].name in bound.bindings:
        receivers = bound.bindings[params[0].name]
    else:
        receivers = functions.receiver(link, cls, FunctionRef(module, method))
    return tuple(Super(*cls, atom) for atom in receivers if type(atom) in (Instance, ClassRef)) or (UNKNOWN,)


def _new(link: Linker, module: int, row: int, args: list[int], env: Env | None) -> Value:
    """``object.__new__(cls)``: an instance of the class."""
    classes = link.values(module, args[:1], env)
    return tuple(Instance(*a) for a in classes if type(a) is ClassRef) or (UNKNOWN,)


def _type(link: Linker, module: int, row: int, args: list[int], env: Env | None) -> Value:
    values = link.values(module, args[:1], env)
    return tuple(ClassRef(a.module, a.scope) for a in values if type(a) is Instance) or (UNKNOWN,)


def _depends(link: Linker, module: int, row: int, args: list[int], env: Env | None) -> Value:
    return dependency(link, module, row)


def _field(link: Linker, module: int, row: int, args: list[int], env: Env | None) -> Value:
    """A dataclass or Pydantic field: its default."""
    for keyword, arg in link.node(module, row)[2]:
        if keyword == "default":
            return link.value(module, arg, env)
        if keyword == "default_factory":
            return join(link.call(atom, module, row, env) for atom in link.value(module, arg, env))
    return link.values(module, args[:1], env) or (UNKNOWN,)


def _proxy(link: Linker, module: int, row: int, args: list[int], env: Env | None) -> Value:
    """``LocalProxy(get_db)``: what the function returns."""
    made = link.values(module, args[:1], env)
    return join(functions.returned(link, a, None) for a in made if type(a) is FunctionRef) or (UNKNOWN,)


_CALLS: dict[str, Callable[[Linker, int, int, list[int], Env | None], Value]] = {
    **paths.CALLS,
    **held.CALLS,
    "typing.cast": _cast,
    "builtins.getattr": _getattr,
    "builtins.next": _next,
    "builtins.anext": _next,
    "builtins.enumerate": _enumerate,
    "builtins.zip": _zip,
    "asyncio.gather": _gather,
    "functools.partial": _partial,
    "builtins.super": _super,
    "builtins.object.__new__": _new,
    "builtins.type": _type,
    "fastapi.Depends": _depends,
    "fastapi.Security": _depends,
    "fastapi.params.Depends": _depends,
    "werkzeug.local.LocalProxy": _proxy,
    "dataclasses.field": _field,
    "pydantic.Field": _field,
    "pydantic.PrivateAttr": _field,
    "attr.ib": _field,
    "attrs.field": _field,
}
_DEPENDS = ("fastapi.Depends", "fastapi.Security", "fastapi.params.Depends")


def dependency(link: Linker, module: int, row: int) -> Value:
    """What ``Depends(get_db)`` injects: the return value of the dependency, or what it yields."""
    node = link.node(module, row)
    if node[0] != "call" or not any(type(a) is External and a.name in _DEPENDS for a in link.value(module, node[1])):
        return ()
    found: list[Value] = []
    for _, arg in node[2][:1]:
        for atom in link.value(module, arg):
            if type(atom) is FunctionRef:
                value = functions.returned(link, atom, None)
                found.append(join(a.items if type(a) is Elements else (a,) for a in value))
            elif type(atom) is ClassRef:
                found.append((Instance(*atom),))
            elif type(atom) is Instance:
                for method in link.hierarchy.methods(atom, "__call__"):
                    found.append(functions.returned(link, method, None))
    return join(found)


def provider(link: Linker, module: int, row: int) -> FunctionRef | None:
    """The one function that a framework calls for a parameter whose default is ``Depends(current_user)``."""
    node = link.node(module, row)
    if node[0] != "call" or not any(type(a) is External and a.name in _DEPENDS for a in link.value(module, node[1])):
        return None
    # What is None until it is set is called only afterwards
    found = [each for each in link.value(module, node[2][0][1]) if each != NONE] if node[2] else []
    return found[0] if len(found) == 1 and type(found[0]) is FunctionRef else None


def injected(link: Linker, module: int, param: Param, default: Value) -> Value:
    """What a framework passes for a parameter whose default is ``Depends(…)``."""
    if param.default is None:
        return ()
    found = dependency(link, module, param.default)
    if not found and param.annotation is not None and _bare_depends(link, module, param.default):
        return tuple(a for a in link.annotated(module, param.annotation) if a != UNKNOWN)
    return tuple(atom for atom in found if atom != UNKNOWN)


def _bare_depends(link: Linker, module: int, row: int) -> bool:
    node = link.node(module, row)
    return (
        node[0] == "call"
        and not node[2]
        and any(type(a) is External and a.name in _DEPENDS for a in link.value(module, node[1]))
    )
