"""What driver objects give: databases of clients, collections of databases, results of methods."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mongolint.link.atoms import (
    UNKNOWN,
    Atom,
    Bulk,
    Client,
    Collection,
    Configured,
    Const,
    Cursor,
    Database,
    Elements,
    Env,
    FlaskExtension,
    Literal,
    Method,
    Pair,
    Session,
    Setting,
    Value,
    join,
    strings,
)
from mongolint.mongo import drivers
from mongolint.mongo.methods import ATTRIBUTES, BULK, BULK_FIND, BULK_STARTS, TABLES, Role
from mongolint.mongo.methods import Method as Spec

if TYPE_CHECKING:
    from mongolint.link.linker import Linker


def attribute(link: Linker, atom: Atom, name: str) -> Value:
    """``atom.name`` of a driver object."""
    if type(atom) is FlaskExtension:
        return {"db": (Database(None, None, "sync"),), "cx": (Client("sync"),)}.get(name, (UNKNOWN,))
    if type(atom) is Bulk:
        return (Method(atom, name) if name in bulk_methods(atom) else UNKNOWN,)
    if name in methods_of(atom):
        return (Method(atom, name),)
    if name in ATTRIBUTES[role_of(atom)]:
        return _property(atom, name)
    if name.startswith("_"):
        return (UNKNOWN,)
    if type(atom) is Client:
        return (Database(atom, name, atom.flavour),)
    if type(atom) is Database:
        return (Collection(atom, name),)
    return (_below(atom, name),) if type(atom) is Collection else (UNKNOWN,)


def _property(atom: Atom, name: str) -> Value:
    if name == "name" and isinstance(atom, Database | Collection) and atom.name is not None:
        return (Const("str", atom.name),)
    if name == "client" and type(atom) is Database:
        return (atom.client or Client(atom.flavour),)
    if name == "database" and type(atom) is Collection:
        return (atom.database,)
    return (atom,) if name == "delegate" else (UNKNOWN,)


def _below(atom: Collection, name: str | None) -> Collection:
    """The collection with a dotted name: ``db.fs.files``."""
    return Collection(atom.database, f"{atom.name}.{name}" if atom.name and name else None)


def role_of(atom: Atom) -> Role:
    """The driver's class of ``atom``."""
    if type(atom) is Cursor:
        return "cursor" if atom.kind == "cursor" else "command-cursor"
    return _ROLES[type(atom)]


_ROLES: dict[type, Role] = {
    Client: "client",
    Database: "database",
    Collection: "collection",
    Session: "session",
}


def methods_of(atom: Atom) -> dict[str, Spec]:
    """The driver's table of the methods of ``atom``."""
    return TABLES[role_of(atom)]


def bulk_methods(atom: Bulk) -> dict[str, Spec]:
    """What can be called on a bulk operation, or on what its ``find`` gave."""
    return BULK if atom.row < 0 else BULK_FIND


def item(atom: Atom, key: Value) -> Value:
    """``atom[key]`` of a driver object."""
    if type(atom) is Client:
        return tuple(Database(atom, name, atom.flavour) for name in _names(key))
    if type(atom) is Database:
        return tuple(Collection(atom, name) for name in _names(key, configured=True))
    if type(atom) is Collection:
        return tuple(_below(atom, name) for name in _names(key))
    return (UNKNOWN,)


def _names(key: Value, *, configured: bool = False) -> list[str | None]:
    """The names a key can be, those that a configuration file gives too; None for one that only the program knows."""
    given = [Configured(a.text) for a in key if type(a) is Setting and a.text] if configured else []
    found: list[str | None] = list(dict.fromkeys([*strings(key), *given]))
    others = [a for a in key if not (configured and type(a) is Setting and a.text)]
    if any(not (type(a) is Const and a.kind in ("str", "NoneType")) for a in others) or not found:
        found.append(None)
    return found


def call(link: Linker, method: Method, module: int, row: int, env: Env | None) -> Value:
    """What calling a method of a driver object (or of a plain dict, list or str) gives."""
    atom = method.receiver
    if type(atom) is Bulk:
        return (_of_bulk(atom, method.name, module, row, env),)
    if type(atom) is Collection and method.name in BULK_STARTS:
        return (Bulk(atom),)
    if not isinstance(atom, Client | Database | Collection | Cursor | Session):
        return _plain_call(link, method, module, row, env)
    spec = methods_of(atom).get(method.name)
    returns = spec.returns if spec else "none"
    flavour = atom.database.flavour if type(atom) is Collection else atom.flavour  # type: ignore[union-attr]
    if returns == "database":
        return tuple(Database(_client(atom), name, flavour) for name in _first_name(link, module, row, env))
    if returns == "collection":
        if type(atom) is Database:
            return tuple(Collection(atom, name) for name in _first_name(link, module, row, env, configured=True))
        return (atom,)
    if returns in ("cursor", "command-cursor"):
        if type(atom) is Cursor:
            return (atom,)
        return (Cursor(returns, flavour, module, row),)
    if returns == "session":
        return (Session(flavour),)
    if returns == "client":
        return (atom,)
    if type(atom) is Session and method.name == "start_transaction":
        return (Session(flavour),)
    return (UNKNOWN,)


def _of_bulk(atom: Bulk, name: str, module: int, row: int, env: Env | None) -> Atom:
    if name == "find":
        return Bulk(atom.collection, module, row, env)
    return atom if name == "upsert" else UNKNOWN


def _client(atom: Atom) -> Client | None:
    return atom if type(atom) is Client else atom.client if type(atom) is Database else None


def _first_name(link: Linker, module: int, row: int, env: Env | None, *, configured: bool = False) -> list[str | None]:
    """The names given as first argument or ``name=``; ``[None]`` where none is given."""
    for keyword, arg in link.node(module, row)[2]:
        if keyword in (None, "name"):
            return _names(link.value(module, arg, env), configured=configured)
    return [None]


def _plain_call(link: Linker, method: Method, module: int, row: int, env: Env | None) -> Value:
    """Methods of literals that hand on what they hold: ``dict.get``, ``items`` (of Python 2, too), ``copy``."""
    args = [arg for keyword, arg in link.node(module, row)[2] if keyword is None]
    name, atom = method.name, method.receiver
    if name in ("get", "pop", "setdefault") and args:
        found = link.item(atom, link.value(module, args[0], env))
        default = link.values(module, args[1:2], env)
        return join([tuple(a for a in found if a != UNKNOWN), default]) or (UNKNOWN,)
    if name in ("copy", "strip", "rstrip", "lstrip"):
        return (atom,)
    if name in ("lower", "upper") and type(atom) is Const and atom.kind == "str":
        return (Const("str", getattr(atom.value, name)()),)
    if name in ("values", "itervalues"):
        return (Elements(_dict_values(link, atom)),)
    if name in ("items", "iteritems"):
        return (Elements(_dict_items(link, atom)),)
    if name in ("keys", "iterkeys"):
        return (Elements(link.elements((atom,))),)
    return (UNKNOWN,)


def _dict_items(link: Linker, atom: Atom) -> Value:
    """A pair for each entry of a dict literal; one pair of all keys and all values for any other dict."""
    if type(atom) is Literal:
        node = link.node(atom.module, atom.row)
        if node[0] == "dict" and all(key is not None for key, _ in node[1]):
            return tuple(
                Pair((link.value(atom.module, key, atom.env), link.value(atom.module, value, atom.env)))
                for key, value in node[1]
            )
    return (Pair((link.elements((atom,)), _dict_values(link, atom))),)


def _dict_values(link: Linker, atom: Atom) -> Value:
    if type(atom) is not Literal:
        return (UNKNOWN,)
    node = link.node(atom.module, atom.row)
    if node[0] == "dict":
        return link.values(atom.module, [value for _, value in node[1]], atom.env) or (UNKNOWN,)
    if node[0] == "comp":
        return link.value(atom.module, node[2][-1], atom.env)
    return (UNKNOWN,)


# Construction


def constructed(link: Linker, name: str, module: int, row: int, env: Env | None) -> Atom | None:
    """The driver object that calling the external class ``name`` makes."""
    known = drivers.CLASSES.get(name)
    if known is None:
        return None
    role, flavour = known
    if role == "client":
        return Client(flavour, module, row)
    if role == "extension":
        return FlaskExtension(module, row)
    args = [link.value(module, arg, env) for keyword, arg in link.node(module, row)[2] if keyword is None]
    if role == "database" and args:
        client = next((a for a in args[0] if type(a) is Client), None)
        names = _names(args[1]) if len(args) > 1 else [None]
        return Database(client, names[0], flavour)
    if role == "collection" and args:
        database = next((a for a in args[0] if type(a) is Database), Database(None, None, flavour))
        names = _names(args[1], configured=True) if len(args) > 1 else [None]
        return Collection(database, names[0])
    return annotated(name)


def annotated(name: str) -> Atom | None:
    """The driver object that the external class ``name`` stands for as an annotation."""
    known = drivers.CLASSES.get(name)
    if known is None:
        return None
    role, flavour = known
    if role == "client":
        return Client(flavour)
    if role == "database":
        return Database(None, None, flavour)
    if role == "collection":
        return Collection(Database(None, None, flavour), None)
    if role in ("cursor", "command-cursor"):
        return Cursor(role, flavour)
    return Session(flavour) if role == "session" else None
