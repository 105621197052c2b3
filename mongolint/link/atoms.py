"""What an expression can be: the alternatives ("atoms") that linking finds for a row.

A value is a tuple of atoms, without repeats. `UNKNOWN` among them says that it may also be something the
model cannot name; an empty tuple says that nothing can be told yet (only inside a cycle).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from mongolint.fastclasses import NamedTuple


class Env:
    """The parameters of a call being followed: ``bindings`` for function ``scope`` of module ``module``.

    Made only by `Linker.env`, which interns them, so identity is equality.
    """

    __slots__ = ("bindings", "depth", "module", "parent", "scope")

    def __init__(self, module: int, scope: int, bindings: dict[str, Value], parent: Env | None) -> None:
        self.module = module
        self.scope = scope
        self.bindings = bindings
        self.parent = parent
        self.depth: int = parent.depth + 1 if parent else 1

    def lookup(self, module: int, scope: int) -> Env | None:
        env: Env | None = self
        while env is not None and (env.module, env.scope) != (module, scope):
            env = env.parent
        return env


class Unknown(NamedTuple):
    """Something the model cannot name."""


class Const(NamedTuple):
    """A str, bytes, int, float, bool or None; ``kind`` keeps 1, 1.0 and True apart."""

    kind: str
    value: Any


class Literal(NamedTuple):
    """A dict, list, tuple, set or comprehension written in the source, to be read in ``env``."""

    module: int
    row: int
    env: Env | None


class ModuleRef(NamedTuple):
    """A module of the project: the number of its facts, or None and a directory for a namespace package."""

    module: int | None
    path: str


class External(NamedTuple):
    """A name of a module outside the project, fully qualified: ``pymongo.MongoClient``."""

    name: str


class ExternalObject(NamedTuple):
    """What calling an external name gives: ``fastapi.FastAPI``. Of some it is known which call made them."""

    name: str
    module: int = -1
    row: int = -1


class ClassRef(NamedTuple):
    """A class of the project."""

    module: int
    scope: int


class Instance(NamedTuple):
    """An object of a project class; ``init`` binds the constructor's parameters where a call is known."""

    module: int
    scope: int
    init: Env | None = None


class FunctionRef(NamedTuple):
    """A function or bound method; ``receiver`` is the object or class it was taken from."""

    module: int
    scope: int
    receiver: Any = None
    env: Env | None = None


class Super(NamedTuple):
    """``super()`` in a method of class ``module, scope`` on ``receiver``."""

    module: int
    scope: int
    receiver: Any


class Elements(NamedTuple):
    """An iterable known only by what it holds: ``list[Repository]``, a generator."""

    items: tuple[Any, ...]


class Pair(NamedTuple):
    """A tuple known by its positions: what ``enumerate`` or ``dict.items`` gives."""

    items: tuple[tuple[Any, ...], ...]


class Keywords(NamedTuple):
    """What ``**kwargs`` holds in a call: pairs of name and value."""

    items: tuple[tuple[str, tuple[Any, ...]], ...]


class Partial(NamedTuple):
    """``functools.partial(function, …)``: the call that made it."""

    function: Any
    module: int
    row: int


class Client(NamedTuple):
    """A MongoClient, AsyncMongoClient or Motor client; ``module, row`` is the construction, if seen."""

    flavour: str
    module: int = -1
    row: int = -1


class FlaskExtension(NamedTuple):
    """Flask-PyMongo's ``PyMongo(app)``."""

    module: int
    row: int


class Database(NamedTuple):
    """A database; ``name`` is None when only the running program can know it."""

    client: Client | None
    name: str | None
    flavour: str


class Collection(NamedTuple):
    """A collection; ``name`` is None when only the running program can know it."""

    database: Database
    name: str | None


class Bulk(NamedTuple):
    """Writes of PyMongo 3 that are sent together; ``module, row``: the ``find`` that chose what is written, if any."""

    collection: Collection
    module: int = -1
    row: int = -1
    env: Env | None = None


class Cursor(NamedTuple):
    """The result of ``find`` or ``aggregate``; ``module, row`` is the call, if seen."""

    kind: str
    flavour: str
    module: int = -1
    row: int = -1


class Session(NamedTuple):
    """A client session, or the transaction begun on it."""

    flavour: str


class FilePath(NamedTuple):
    """A path that the expression at ``row`` makes, or a file that it opens; ``steps``: its ``parent`` and so on."""

    module: int
    row: int
    env: Env | None
    steps: tuple[str, ...]


class IniParser(NamedTuple):
    """A ``ConfigParser``; ``module, row`` is the call that made it."""

    module: int
    row: int


class Setting(NamedTuple):
    """What a configuration file of the project holds under some keys; ``text`` is None of what is no text."""

    file: str
    keys: tuple[str, ...]
    text: str | None


class Configured(str):
    """A name that a configuration file gives. Where the program runs, the file may give another one."""

    __slots__ = ()


class Method(NamedTuple):
    """A method of a driver object, not called yet."""

    receiver: Any
    name: str


Atom = (
    Unknown | Const | Literal | ModuleRef | External | ExternalObject | ClassRef | Instance | FunctionRef | Super
    | Elements | Pair | Keywords | Partial | Client | FlaskExtension | Database | Collection | Bulk | Cursor | Session
    | Method | FilePath | IniParser | Setting
)  # fmt: skip
Value = tuple[Any, ...]

UNKNOWN = Unknown()
NONE = Const("NoneType", None)
DRIVER_ATOMS = (Client, Database, Collection, Bulk, Cursor, Session, FlaskExtension)


def const(value: Any) -> Const:
    return Const(type(value).__name__, value)


def join(values: Iterable[Value]) -> Value:
    """The alternatives of several values."""
    found: dict[Atom, None] = {}
    for value in values:
        found.update(dict.fromkeys(value))
    return tuple(found)


def strings(value: Value) -> list[str]:
    return [atom.value for atom in value if type(atom) is Const and atom.kind == "str"]


def is_open(value: Value) -> bool:
    """Whether the value may be something the model cannot name."""
    return not value or any(type(atom) in (Unknown, FilePath, IniParser, Setting) for atom in value)


def without_none(value: Value) -> Value:
    return tuple(atom for atom in value if atom != NONE)


def informative(value: Value) -> bool:
    """Whether a value says anything worth following."""
    for atom in value:  # noqa: SIM110  # asked at each step, where `any` takes twice as long
        if atom != UNKNOWN and atom != NONE:
            return True
    return False
