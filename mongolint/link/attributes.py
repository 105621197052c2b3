"""Attributes, subscriptions and elements of values; what is stored on objects from outside."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from mongolint.facts.shapes import ModuleFacts, Store
from mongolint.link import driver, functions
from mongolint.link.atoms import (
    DRIVER_ATOMS,
    NONE,
    UNKNOWN,
    Atom,
    ClassRef,
    Client,
    Collection,
    Const,
    Database,
    Elements,
    Env,
    External,
    ExternalObject,
    FilePath,
    FunctionRef,
    IniParser,
    Instance,
    Keywords,
    Literal,
    Method,
    ModuleRef,
    Pair,
    Setting,
    Super,
    Unknown,
    Value,
    const,
    informative,
    join,
    strings,
)
from mongolint.link.classes import WITH_BASES
from mongolint.link.settings import held, paths
from mongolint.link.states.gathered import Gather
from mongolint.mongo import mappers

if TYPE_CHECKING:
    from mongolint.link.linker import Linker


def attribute(link: Linker, atom: Atom, name: str) -> Value:
    """``atom.name``."""
    if isinstance(atom, DRIVER_ATOMS):
        return driver.attribute(link, atom, name)
    if type(atom) is Instance or type(atom) is ClassRef:
        return _member(link, atom, name)
    if type(atom) is ModuleRef:
        return link.member(atom, name)
    if type(atom) is External:
        found = (External(f"{atom.name}.{name}"),)
        if atom.name == _SETTINGS:
            return link.stores.in_settings(name) or found
        return join([found, link.stores.hung(name)]) if _hangs(atom.name) else found
    if type(atom) is Super:
        methods = tuple(link.hierarchy.methods(atom, name))
        if name == "__new__" and not methods:
            return (External("builtins.object.__new__"),)
        return methods or _member(link, atom.receiver, name)
    if type(atom) is Setting or type(atom) is IniParser:
        return held.attribute(atom, name)
    if type(atom) is FilePath:
        return paths.attribute(atom, name)
    if type(atom) is Const and name == "value":
        return (atom,)
    if type(atom) in _DATA:
        # Code that runs on past an attribute of None has something else there
        return (Method(atom, name),) if atom != NONE else ()
    if type(atom) is ExternalObject:
        return link.stores.hung(name) or (atom,)
    return link.stores.hung(name) or (UNKNOWN,) if type(atom) is Unknown else (UNKNOWN,)


# Whose attributes are the globals of a module that an environment variable names
_SETTINGS = "django.conf.settings"
_DATA = (Const, Literal, Elements, Pair, Keywords)


def _hangs(name: str) -> bool:
    """Framework proxies whose attributes are whatever the application put there."""
    return name in ("flask.g", "flask.current_app", "quart.g", "quart.current_app")


def item(link: Linker, atom: Atom, key: Value) -> Value:
    """``atom[key]``."""
    if isinstance(atom, DRIVER_ATOMS):
        return driver.item(atom, key)
    if type(atom) is Literal:
        return literal_item(link, atom, key)
    if type(atom) is Elements:
        return atom.items
    if type(atom) is Pair:
        return join(_pair_item(atom, index) for index in key)
    if type(atom) is Setting or type(atom) is IniParser:
        return held.item(link, atom, key)
    if type(atom) is FilePath:
        return paths.item(atom, key)
    if type(atom) is Keywords:
        return join(held for name, held in atom.items if name in strings(key)) or (UNKNOWN,)
    if type(atom) is ClassRef:
        return join(link.attribute(atom, name) for name in strings(key)) or (UNKNOWN,)
    if type(atom) is Instance:
        return _answered(link, atom, "__getitem__", key) or (UNKNOWN,)
    if type(atom) in (Unknown, External, ExternalObject):
        otherwise = (atom,) if type(atom) is External else (UNKNOWN,)
        return join(link.stores.hung_item(name) for name in strings(key)) or otherwise
    return (UNKNOWN,)


def _answered(link: Linker, atom: Instance, method_name: str, key: Value) -> Value:
    """What ``__getitem__`` or ``__getattr__`` of an object gives for a key."""
    found = []
    for method in link.hierarchy.methods(atom, method_name):
        params = link.scope(method.module, method.scope).params
        bindings = {**_receiver_binding(link, method), **({params[1].name: key} if len(params) > 1 else {})}
        env = link.env(method.module, method.scope, bindings, None, atom.init)
        found.append(functions.returned(link, method, env))
    return join(found)


def _pair_item(atom: Pair, index: Atom) -> Value:
    if type(index) is Const and type(index.value) is int and -len(atom.items) <= index.value < len(atom.items):
        return atom.items[index.value]
    return join(atom.items)


def literal_item(link: Linker, atom: Literal, key: Value) -> Value:
    """An entry of a dict or sequence literal; any entry where the key is not known."""
    module, row, env = atom
    node = link.node(module, row)
    if node[0] == "setitem":
        return _set_item(link, atom, key)
    if node[0] == "mutated" and _moves_items(link, module, node[2]):
        return link.elements((atom,))
    if node[0] in ("mutated", "delitem"):
        return join(link.item(base, key) for base in link.value(module, node[1], env))
    wanted = {a.value for a in key if type(a) is Const}
    if node[0] == "dict":
        return _dict_item(link, atom, node[1], wanted)
    if node[0] == "seq":
        indexes = [i for i in wanted if isinstance(i, int) and -len(node[2]) <= i < len(node[2])]
        rows = [node[2][i] for i in indexes] or (node[2] if not wanted else [])
        return link.values(module, rows, env) or (UNKNOWN,)
    if node[0] == "comp":
        return link.value(module, node[2][-1], env)
    return link.elements((atom,)) if node[0] == "binop" else (UNKNOWN,)


def _moves_items(link: Linker, module: int, call: int) -> bool:
    """Whether a call on a list leaves its items under other numbers."""
    return link.node(module, link.node(module, call)[1])[2] in ("insert", "appendleft")


def _set_item(link: Linker, atom: Literal, key: Value) -> Value:
    module, row, env = atom
    _, base, stored_key, value = link.node(module, row)
    before = join(link.item(a, key) for a in link.value(module, base, env))
    stored = link.value(module, stored_key, env)
    if UNKNOWN in stored or UNKNOWN in key or not key:
        return join([before, link.value(module, value, env)])
    return link.value(module, value, env) if set(stored) & set(key) else before


def _dict_item(link: Linker, atom: Literal, pairs: tuple[tuple[int | None, int], ...], wanted: set[object]) -> Value:
    module, _, env = atom
    found: list[Value] = []
    for key, value in pairs:
        if key is None:
            found.append(join(link.item(a, tuple(const(w) for w in wanted)) for a in link.value(module, value, env)))
            continue
        keys = link.value(module, key, env)
        if not wanted or UNKNOWN in keys or {a.value for a in keys if type(a) is Const} & wanted:
            found.append(link.value(module, value, env))
    return join(found) or (UNKNOWN,)


def elements(link: Linker, value: Value) -> Value:
    """What iterating over a value gives."""
    return join(_elements(link, atom) for atom in value) or (UNKNOWN,)


def _elements(link: Linker, atom: Atom) -> Value:
    if type(atom) is Elements:
        return atom.items
    if type(atom) is Pair:
        return join(atom.items)
    if type(atom) is not Literal:
        return (UNKNOWN,)
    module, row, env = atom
    node = link.node(module, row)
    if node[0] == "seq":
        return join(_sequence_element(link, module, part, env) for part in node[2])
    if node[0] == "dict":
        return link.values(module, [key for key, _ in node[1] if key is not None], env)
    if node[0] == "comp":
        return link.value(module, node[2][0], env)
    if node[0] == "mutated":
        base = link.elements(link.value(module, node[1], env))
        return join([base, _added(link, module, node[2], env)])
    if node[0] in ("setitem", "delitem"):
        return link.elements(link.value(module, node[1], env))
    if node[0] == "binop":
        return link.elements(link.values(module, node[2:4], env))
    return (UNKNOWN,)


def _sequence_element(link: Linker, module: int, row: int, env: Env | None) -> Value:
    value = link.value(module, row, env)
    return link.elements(value) if link.node(module, row)[0] == "star" else value


def _added(link: Linker, module: int, call: int, env: Env | None) -> Value:
    """What ``append``, ``add``, ``insert`` or ``extend`` put into a list."""
    _, function, args = link.node(module, call)
    name = link.node(module, function)[2]
    if not args:
        return ()
    value = link.value(module, args[-1][1], env)
    if name in ("append", "add", "insert", "appendleft"):
        return value
    return link.elements(value) if name in ("extend", "update") else ()


# Members of project classes


def _member(link: Linker, atom: Instance | ClassRef, name: str) -> Value:
    """An attribute of an object or class of the project: what any class on the way up gives it."""
    cls = ClassRef(atom.module, atom.scope)
    if name == "__class__":
        return (cls,)
    if name == "__name__" and type(atom) is ClassRef:
        # A class that others inherit from and nobody makes an object of lends its name to nothing
        is_base = link.hierarchy.subclasses(cls) and not link.sites.constructions(cls)
        return () if is_base else (const(link.scope(*cls).name),)
    weak: list[Value] = []
    for member in link.hierarchy.order(cls):
        found = _member_of(link, atom, member, name)
        if any(a != NONE and a != UNKNOWN for a in found):
            return join([_wired(link, cls, name, found), *weak])
        weak.append(found)
    late = link.stores.from_outside(cls, name)
    if informative(late):
        return join([late, *weak])
    inherited = [_inherited(link, atom, base, name) for base in link.hierarchy.external_bases(cls)]
    found = join([*weak, *inherited])
    if not found and type(atom) is Instance and not name.startswith("__"):
        found = _answered(link, atom, "__getattr__", (const(name),))
    return found or link.stores.hung(name, own=False) or (UNKNOWN,)


def _wired(link: Linker, cls: ClassRef, name: str, found: Value) -> Value:
    """``found``, or what is stored from outside where an annotation says no more than that it is a client or database.

    ``class Mongo: db: Database = None``, and at the start ``mongo.db = MongoClient(uri).shop``.
    """
    said = [atom for atom in found if atom != NONE]
    if not all(_is_kind_only(atom) for atom in said):
        return found
    late = tuple(atom for atom in link.stores.from_outside(cls, name) if type(atom) in {type(each) for each in said})
    return late or found


def _is_kind_only(atom: Atom) -> bool:
    if type(atom) is Database:
        return atom.name is None and (atom.client is None or atom.client.row < 0)
    return type(atom) is Client and atom.row < 0


def _member_of(link: Linker, atom: Instance | ClassRef, member: ClassRef, name: str) -> Value:
    """What one class of the resolution order gives for ``name``."""
    method = link.hierarchy.own(member, name)
    if method is not None:
        if type(atom) is Instance and link.hierarchy.is_property(method):
            getter = method._replace(receiver=atom)
            env = link.env(method.module, method.scope, _receiver_binding(link, getter), None, atom.init)
            return functions.returned(link, getter, env)
        return _bound(link, atom, method, name)
    found = [link.stores.on_self(atom, member, name)]
    bound = link.bound(*member, name)
    if bound.final is not None:
        found.append(link.value(member.module, bound.final))
    if bound.annotation is not None and not informative(join(found)):
        passed = atom.init.bindings.get(name, ()) if type(atom) is Instance and atom.init else ()
        made = () if passed else functions.field_value(link, ClassRef(atom.module, atom.scope), name)
        said = passed or (made if informative(made) else link.annotated(member.module, bound.annotation))
        found = [said] if passed else [*found, said]  # not the default
    elif bound.annotation is not None and type(atom) is Instance and atom.init:
        found = [atom.init.bindings[name]] if name in atom.init.bindings else found
    inner = link.nested_class(member, name)
    if inner is not None:
        found.append((inner,))
    return join(found)


def _bound(link: Linker, atom: Instance | ClassRef, method: FunctionRef, name: str) -> Value:
    if link.hierarchy.is_static(method):
        return (method,)
    if link.hierarchy.is_class_method(method):
        return (method._replace(receiver=ClassRef(atom.module, atom.scope)),)
    if type(atom) is Instance:
        return tuple(link.hierarchy.methods(atom, name)) or (method._replace(receiver=atom),)
    return (method,)


def _receiver_binding(link: Linker, method: FunctionRef) -> dict[str, Value]:
    params = link.scope(method.module, method.scope).params
    return {params[0].name: (method.receiver,)} if params else {}


def _inherited(link: Linker, atom: Instance | ClassRef, base: str, name: str) -> Value:
    if base.startswith("enum.") and name in ("value", "name"):
        return (UNKNOWN,)
    document = (base.partition(".")[0], base.rpartition(".")[2])
    if name in mappers.COLLECTION_GETTERS and document in mappers.BEANIE_DOCUMENTS | mappers.MONGOENGINE_DOCUMENTS:
        flavour = "sync" if document[0] == "bunnet" else mappers.COLLECTION_GETTERS[name]
        stored = Collection(Database(None, None, flavour), _stored_as(link, ClassRef(atom.module, atom.scope)))
        return (Method(stored, "with_options"),)  # a method that gives the collection
    return ()


def _stored_as(link: Linker, cls: ClassRef) -> str | None:
    """The collection of a mapper's class, as ``Settings.name`` or ``meta`` says it; None where neither does."""
    given = [link.item(meta, (const("collection"),)) for meta in link.attribute(cls, "meta") if type(meta) is Literal]
    given += [link.attribute(each, "name") for each in link.attribute(cls, "Settings") if type(each) is ClassRef]
    names = strings(join(given))
    return names[0] if len(names) == 1 else None


class Stores:
    """Values stored by ``object.name = value`` anywhere in the project, by attribute name."""

    def __init__(self, link: Linker) -> None:
        self.link = link

    def on_self(self, atom: Instance | ClassRef, member: ClassRef, name: str) -> Value:
        """What methods of ``member`` store in ``self.name`` of the object ``atom``."""
        link = self.link
        found = []
        for _, store in link.gathered(OWN_STORES, (*member, name)):
            around = link.enclosing_method(member.module, store.scope)
            method = around[1] if around else store.scope
            env = link.self_env(atom, member.module, method)
            value = link.value(member.module, store.value, env)
            if not informative(value) and isinstance(atom, Instance):
                # Made where no call is seen (importlib, a container): other objects of the family tell
                value = link.value(member.module, store.value, link.bare_self_env(atom, member.module, method))
            found.append(value)
        return join(found)

    def places(self, cls: ClassRef, name: str) -> list[tuple[int, int]]:
        """Where the methods of a class and of its bases give ``self.name`` a value."""
        order = self.link.hierarchy.order(cls)
        return [(at, store.value) for each in order for at, store in self.link.gathered(OWN_STORES, (*each, name))]

    def from_outside(self, cls: ClassRef, name: str) -> Value:
        """What code outside the class stores in ``name`` of its objects (late wiring, singletons)."""
        return self.link.once(("from outside", cls, name), lambda: self._from_outside(cls, name), ())

    def _from_outside(self, cls: ClassRef, name: str) -> Value:
        link = self.link
        family = {cls, *link.hierarchy.order(cls), *link.hierarchy.subclasses(cls)}
        found = []
        for module, store in link.gathered(STORES, name):
            for atom in link.value(module, store.base):
                if type(atom) in (Instance, ClassRef) and ClassRef(*atom[:2]) in family:
                    found.append(link.value(module, store.value))
                    break
        return join(found)

    def on_module(self, target: ModuleRef, name: str) -> Value:
        """What other modules store in ``module.name``."""
        link = self.link
        return join(
            link.value(module, store.value)
            for module, store in link.gathered(STORES, name)
            if target in link.value(module, store.base)
        )

    def in_settings(self, name: str) -> Value:
        """What the settings of Django bind ``name`` to: globals of ``settings.py``, or of modules in ``settings/``."""
        found = [self.link.global_name(module, name) for module in self.link.kept("settings", self._settings)]
        return join(value for value in found if informative(value))

    def _settings(self) -> list[int]:
        """The modules, by where they are, as Django's own template for projects and most projects have them."""
        paths = ((path.split("/"), module) for path, module in self.link.number.items())
        return [
            module
            for parts, module in paths
            if module not in self.link.tests and (parts[-1] == "settings.py" or "settings" in parts[-2:-1])
        ]

    def hung(self, name: str, own: bool = True) -> Value:
        """The driver object that the application hangs on framework objects under ``name``.

        Only where all stores of that name agree: ``app.db = …``, ``request.app.state.db``, ``bot.db``.
        ``own``: also what a subclass of a framework class (a bot, an application) stores on itself.
        """
        return self.link.once(("hung", name, own), lambda: _agreed(join(self._hung_values(name, own))), ())

    def _hung_values(self, name: str, own: bool) -> Iterator[Value]:
        link = self.link
        for module, store in link.gathered(STORES, name):
            base = link.value(module, store.base)
            if not any(type(atom) in (Instance, ClassRef, ModuleRef) for atom in base):
                yield _hangable(link.value(module, store.value))
        if own:
            for cls in link.kept("applications", self._applications):
                stores = link.gathered(OWN_STORES, (*cls, name))
                yield from (_hangable(link.value(cls.module, store.value)) for _, store in stores)
                method = link.hierarchy.own(cls, name)
                if method is not None and link.hierarchy.is_property(method):
                    bound = method._replace(receiver=Instance(*cls))
                    env = link.env(method.module, method.scope, _receiver_binding(link, bound), None, None)
                    yield _hangable(functions.returned(link, bound, env))

    def _applications(self) -> list[ClassRef]:
        """Project classes that a framework hands around: subclasses of its bot, client or application."""
        found = []
        for module, index in self.link.gathered(WITH_BASES, ""):
            if module not in self.link.tests:
                cls = ClassRef(module, index)
                if any(name.endswith(_APPLICATIONS) for name in self.link.hierarchy.external_bases(cls)):
                    found.append(cls)
        return found

    def hung_item(self, key: str) -> Value:
        """What the application keeps under a literal key of a framework object, where all places agree.

        ``app["db"] = …``, ``context={"db": db}``, ``Application(db=…)``, a configuration read from a module.
        """
        return self.link.once(("hung item", key), lambda: self._hung_item(key), ())

    def _hung_item(self, key: str) -> Value:
        link = self.link
        read = [self._configuration(module, dotted) for module, dotted in link.gathered(CONFIGURATIONS, "")]
        found = [link.global_name(module, key) for module in read if module is not None]
        for module, store in link.gathered(ITEM_STORES, key):
            if not any(type(atom) in (Literal, Instance) for atom in link.value(module, store.base)):
                found.append(_hangable(link.value(module, store.value), texts=True))
        for module, row in link.gathered(NAMED, key):
            found.append(_hangable(link.value(module, row)))
        return _agreed(join(found))

    def _configuration(self, module: int, dotted: str) -> int | None:
        """A module read as configuration."""
        importer, resolve = self.link.path(module), self.link.imports.resolve
        path = resolve(importer, dotted) or resolve(importer, dotted, 1)
        return None if path is None else self.link.number.get(path)


_APPLICATIONS = ("Bot", "Client", "FastAPI", "Flask", "Quart", "Sanic", "Starlette", "Application")


def _agreed(value: Value) -> Value:
    """The one object that all stores agree on; databases of different or unknown names are one unnamed."""
    if len(value) > 1 and all(type(atom) is Database for atom in value):
        names = {atom.name for atom in value if atom.name is not None}
        same = names.pop() if len(names) == 1 else None
        flavours = {atom.flavour for atom in value}
        return (Database(value[0].client, same, flavours.pop() if len(flavours) == 1 else "unknown"),)
    return value if len(value) == 1 else ()


def _hangable(value: Value, texts: bool = False) -> Value:
    kinds = (*DRIVER_ATOMS, Instance, Const) if texts else (*DRIVER_ATOMS, Instance)
    return tuple(atom for atom in value if isinstance(atom, kinds))


# What one module contributes


def _own_stores(module: int, facts: ModuleFacts) -> Iterator[tuple[tuple[int, int, str], Store]]:
    """Stores on ``self`` or ``cls`` by class and name."""
    for store in facts.stores:
        cls = _owner(facts, store)
        if cls is not None:
            yield (module, cls, str(store.name)), store


def _foreign_stores(module: int, facts: ModuleFacts) -> Iterator[tuple[str, Store]]:
    """All other stores by name."""
    yield from ((str(store.name), store) for store in facts.stores if _owner(facts, store) is None)


def _owner(facts: ModuleFacts, store: Store) -> int | None:
    """The class in whose method ``self.name = value`` stands."""
    node = facts.nodes[store.base]
    around = facts.enclosing_method(node[1]) if node[0] in ("param", "free") else None
    if around is None:
        return None
    cls, method = around
    params = facts.scopes[method].params
    return cls if params and params[0].name == node[2] else None


def _item_stores(module: int, facts: ModuleFacts) -> Iterator[tuple[str, Store]]:
    """Stores under literal keys."""
    for store in facts.item_stores:
        key = facts.constant(int(store.name))
        if isinstance(key, str):
            yield key, store


def _named(module: int, facts: ModuleFacts) -> Iterator[tuple[str, int]]:
    """Rows by the literal key or keyword under which they are handed to something: a context, settings."""
    for _, node in facts.of_kind("dict"):
        for key, value in node[1]:
            name = facts.constant(key)
            if isinstance(name, str):
                yield name, value
    for _, node in facts.of_kind("call"):
        if str(facts.nodes[node[1]][-1]).endswith("Application"):
            for keyword, value in node[2]:
                yield str(keyword), value


def _configurations(module: int, facts: ModuleFacts) -> Iterator[tuple[str, str]]:
    """Modules read as configuration: ``app.config.from_pyfile("defaults.py")``, ``from_object("app.defaults")``."""
    for call in facts.calls:
        node = facts.nodes[call.row]
        if facts.nodes[node[1]][-1] in ("from_pyfile", "from_object") and node[2]:
            given = facts.constant(node[2][0][1])
            if isinstance(given, str):
                yield "", given.removesuffix(".py").replace("/", ".")


def _plain(store: Store) -> tuple[object, ...]:
    """A store without its context, which linking does not ask for."""
    return store.base, store.name, store.value, store.scope


OWN_STORES = Gather(_own_stores, plain=_plain)
STORES = Gather(_foreign_stores, tests=False, plain=_plain)
ITEM_STORES = Gather(_item_stores, tests=False, plain=_plain)
NAMED = Gather(_named, tests=False)
CONFIGURATIONS = Gather(_configurations)
