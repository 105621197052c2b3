"""Calls: what they return, how arguments meet parameters, and who calls a function."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, cast

from mongolint.facts.shapes import ModuleFacts, Param, Scope
from mongolint.fastclasses import NamedTuple
from mongolint.link import driver, externals
from mongolint.link.atoms import (
    DRIVER_ATOMS,
    NONE,
    UNKNOWN,
    Atom,
    ClassRef,
    Elements,
    Env,
    External,
    FilePath,
    FunctionRef,
    IniParser,
    Instance,
    Keywords,
    Literal,
    Method,
    Pair,
    Partial,
    Setting,
    Value,
    informative,
    join,
    strings,
)
from mongolint.link.handed import Handed, handed
from mongolint.link.rowtools import alternatives
from mongolint.link.settings import held, paths
from mongolint.link.states.gathered import Gather
from mongolint.link.states.scopes import init_calls, needed_params

if TYPE_CHECKING:
    from mongolint.link.linker import Linker

_MAX_SITES = 2000
_CONSTRUCTORS = ("__init__", "__new__")


def call(link: Linker, atom: Atom, module: int, row: int, env: Env | None) -> Value:
    """What calling ``atom`` with the arguments of the call at ``row`` gives."""
    if type(atom) is FunctionRef:
        return returned(link, atom, bind(link, atom, module, row, env))
    if type(atom) is ClassRef:
        return construct(link, atom, module, row, env)
    if type(atom) is External:
        return externals.call(link, atom.name, module, row, env)
    if type(atom) is Method and type(atom.receiver) in (Setting, IniParser):
        return held.method(link, atom.receiver, atom.name, module, row, env)
    if type(atom) is Method and type(atom.receiver) is FilePath:
        return paths.method(link, atom.receiver, atom.name, module, row, env)
    if type(atom) is Method:
        return driver.call(link, atom, module, row, env)
    if type(atom) is Partial:
        return link.call(atom.function, atom.module, atom.row, env)
    if type(atom) is Instance:
        return join(
            returned(link, method, bind(link, method, module, row, env))
            for method in link.hierarchy.methods(atom, "__call__")
        ) or (UNKNOWN,)
    return (UNKNOWN,)


def callees(link: Linker, atom: Atom) -> Iterator[FunctionRef]:
    """The functions of the project that calling ``atom`` may run."""
    if type(atom) is FunctionRef:
        yield atom
    elif type(atom) is ClassRef:
        yield from (m for m in (link.hierarchy.find(atom, "__init__"),) if m is not None)
    elif type(atom) is Instance:
        yield from link.hierarchy.methods(atom, "__call__")
    elif type(atom) is Partial:
        yield from callees(link, atom.function)


def called(link: Linker, module: int, row: int, env: Env | None = None) -> Iterator[Atom]:
    """What the call at ``row`` calls, or has called with the arguments that it passes on."""
    yield from link.value(module, link.node(module, row)[1], env)
    passed = handed_on(link, module, row, env)
    if passed is not None:
        yield from (atom for atom in link.value(module, passed.function, env) if type(atom) is FunctionRef)


def handed_on(link: Linker, module: int, row: int, env: Env | None) -> Handed | None:
    """The function of the project that a call hands on to what is none of the project, with its arguments."""
    node = link.node(module, row)
    found = handed(lambda each: link.node(module, each), node)
    if found is None or any(type(atom) in (FunctionRef, ClassRef) for atom in link.value(module, node[1], env)):
        return None
    return found if any(type(atom) is FunctionRef for atom in link.value(module, found.function, env)) else None


def returned(link: Linker, function: FunctionRef, env: Env | None) -> Value:
    """What ``function`` returns when its parameters are bound as in ``env``."""
    scope = link.scope(function.module, function.scope)
    if scope.yields:
        items = link.values(function.module, scope.yields, env) or (UNKNOWN,)
        return (Elements(items),)
    value = link.values(function.module, [row for row, _ in scope.returns], env)
    if scope.return_annotation is not None and not _says_enough(value):
        hint = link.annotated(function.module, scope.return_annotation, env)
        if informative(hint):
            return join([tuple(atom for atom in value if atom != UNKNOWN), hint])
    return value or (UNKNOWN,)


def _says_enough(value: Value) -> bool:
    return UNKNOWN not in value and informative(value)


def construct(link: Linker, cls: ClassRef, module: int, row: int, env: Env | None) -> Value:
    """An instance of ``cls``; a subclass of a driver class is that driver object."""
    for name in link.hierarchy.external_bases(cls):
        made = driver.constructed(link, name, module, row, env)
        if made is not None:
            return (made,)
    init = link.hierarchy.find(cls, "__init__")
    if init is not None:
        bound = bind(link, init._replace(receiver=Instance(*cls)), module, row, env)
    else:
        bound = _bind_fields(link, cls, module, row, env)
    return (Instance(cls.module, cls.scope, bound),)


def _bind_fields(link: Linker, cls: ClassRef, module: int, row: int, env: Env | None) -> Env | None:
    """Arguments of a class without a constructor of its own (dataclass, Pydantic model), by field name."""
    fields = [n for c in reversed(link.hierarchy.order(cls)) for n in link.fields(*c)]
    params = [Param(name, "positional", None, None) for name in dict.fromkeys(fields)]
    bindings = _bindings(link, params, module, row, env)
    return link.env(cls.module, cls.scope, bindings, None, env) if bindings else None


def bind(
    link: Linker, function: FunctionRef, module: int, row: int, env: Env | None, every: bool = False
) -> Env | None:
    """The environment in which the call at ``row`` runs ``function``.

    Holds the parameters that its result depends on; with ``every``, all of them.
    """
    scope = link.scope(function.module, function.scope)
    params, bindings = list(scope.params), {}
    if _takes_receiver(link, function) and params:
        bindings[params.pop(0).name] = (function.receiver,)
    wanted = None if every else cast("frozenset[str] | None", link.said(needed_params, function.module, scope.index))
    bindings.update(_bindings(link, params, module, row, env, wanted))
    for param in params:
        if param.annotation is not None and param.name in bindings and not informative(bindings[param.name]):
            # As where no call is followed: what an unknown argument is, its annotation says
            bindings[param.name] = _combine(bindings[param.name], _hint(link, function.module, param), ())
        if param.name in bindings or param.default is None or (wanted is not None and param.name not in wanted):
            continue
        bindings[param.name] = link.value(function.module, param.default, function.env)
    return link.env(function.module, function.scope, bindings, function.env, env)


def _takes_receiver(link: Linker, function: FunctionRef) -> bool:
    return function.receiver is not None and not link.hierarchy.is_static(function)


class Argument(NamedTuple):
    """An argument of a call: keyword (None when positional), and its row or, spread from a tuple, its value.

    ``choice``: of what ``**`` may spread, the number of the one that holds it; None where all do.
    """

    keyword: str | None
    row: int | None
    value: Value = ()
    choice: int | None = None


def arguments(link: Linker, module: int, row: int, env: Env | None) -> tuple[Sequence[Argument], bool]:
    """The arguments of a call, ``*args`` and ``**kwargs`` spread out; whether all of them are known.

    Those that it passes on, where it has a function of the project called.
    """
    plain = _plain_arguments(link, module, row)
    if plain is not None:
        return plain, True
    found: list[Argument] = []
    complete = True
    passed = handed_on(link, module, row, env)
    for keyword, value in link.node(module, row)[2] if passed is None else passed.arguments:
        if keyword == "*":
            spread = _spread(link, module, value, env)
            complete = complete and spread is not None
            if spread is None:
                break
            found.extend(spread)
        elif keyword == "**":
            named, are_known = _spread_keywords(link, module, value, env)
            complete = complete and are_known
            found.extend(named)
        else:
            found.append(Argument(keyword, value))
    return found, complete


def _plain_arguments(link: Linker, module: int, row: int) -> Sequence[Argument] | None:
    """The arguments of a call that spreads nothing and is not named like one that hands its arguments on."""
    node = link.node(module, row)
    link.node(module, node[1])
    return link.known(_plain, module, row)


def _plain(facts: ModuleFacts, row: int) -> Sequence[Argument] | None:
    node = facts.nodes[row]
    if handed(facts.nodes.__getitem__, node) is not None or any(word in ("*", "**") for word, _ in node[2]):
        return None
    return [Argument(*each) for each in node[2]]


def _spread(link: Linker, module: int, row: int, env: Env | None) -> list[Argument] | None:
    """What ``*row`` spreads: the items of a literal, or the positions that reached ``*args``."""
    value = [atom for atom in link.value(module, row, env) if atom != UNKNOWN]
    if len(value) == 1 and type(value[0]) is Literal:
        literal = value[0]
        node = link.node(literal.module, literal.row)
        if node[0] == "seq" and literal.module == module and _extends(env, literal.env):
            return [Argument(None, item) for item in node[2]]
        if node[0] == "seq":
            return [Argument(None, None, link.value(literal.module, i, literal.env)) for i in node[2]]
    if value and all(type(atom) is Pair for atom in value):
        count = max(len(atom.items) for atom in value)
        return [
            Argument(None, None, join(atom.items[i] for atom in value if i < len(atom.items))) for i in range(count)
        ]
    return None


def _extends(env: Env | None, outer: Env | None) -> bool:
    """Whether an environment says all that another one says: it is that one, with elements of loops pinned."""
    while env is not None and env is not outer:
        env = env.parent
    return env is outer


def field_value(link: Linker, cls: ClassRef, name: str) -> Value:
    """What is passed for a field wherever an object of a class without a constructor of its own is made."""
    return link.once(("field", cls, name), lambda: _field_value(link, cls, name), ())


def _field_value(link: Linker, cls: ClassRef, name: str) -> Value:
    if link.hierarchy.find(cls, "__init__") is not None:
        return ()
    fields = [n for c in reversed(link.hierarchy.order(cls)) for n in link.fields(*c)]
    params = [Param(field, "positional", None, None) for field in dict.fromkeys(fields)]
    found = []
    for module, row in link.sites.constructions(cls):
        found.append(_bindings(link, params, module, row, None, frozenset((name,))).get(name, ()))
    return join(found)


def _spread_keywords(link: Linker, module: int, row: int, env: Env | None) -> tuple[list[Argument], bool]:
    """What ``**row`` spreads, one of several where it does; whether it holds nothing else."""
    value = [atom for atom in link.value(module, row, env) if atom != UNKNOWN]
    ways: list[dict[str, Value]] = [{}]
    complete = bool(value)
    if len(value) == 1 and type(value[0]) is Literal and link.node(value[0].module, value[0].row)[0] == "dict":
        literal = value[0]
        for key, held in link.node(literal.module, literal.row)[1]:
            keys = link.value(literal.module, key, literal.env) if key is not None else ()
            names = strings(keys)
            complete = complete and bool(names) and len(names) == len(keys)
            given = link.value(literal.module, held, literal.env)
            ways = [{**way, name: given} for name in names for way in ways] or ways
    elif value and all(type(atom) is Keywords for atom in value):
        # Those with the same names are one way to call it, whatever the values are
        alike: dict[frozenset[str], dict[str, Value]] = {}
        for atom in value:
            way = alike.setdefault(frozenset(name for name, _ in atom.items), {})
            way.update({name: join([way.get(name, ()), held]) for name, held in atom.items})
        ways = list(alike.values())
    else:
        return [], False
    in_all = set.intersection(*(set(way) for way in ways)) if len(ways) > 1 else set(ways[0])
    found = [Argument(name, None, join(way[name] for way in ways)) for name in ways[0] if name in in_all]
    for choice, way in enumerate(ways):
        found += [Argument(name, None, held, choice) for name, held in way.items() if name not in in_all]
    return found, complete


def argument_value(link: Linker, module: int, arg: Argument, env: Env | None) -> Value:
    """What an argument can be."""
    return arg.value if arg.row is None else link.value(module, arg.row, env)


def _bindings(
    link: Linker,
    params: list[Param],
    module: int,
    row: int,
    env: Env | None,
    wanted: frozenset[str] | None = None,
) -> dict[str, Value]:
    """Values of the arguments of a call by parameter name; only of the ``wanted`` ones, if given."""
    args, complete = arguments(link, module, row, env)
    positional = [p.name for p in params if p.kind == "positional"]
    names = {p.name for p in params if p.kind in ("positional", "keyword")}
    bindings: dict[str, Value] = {}
    rest: list[Argument] = []
    named: list[Argument] = []
    position = 0
    for arg in args:
        name = arg.keyword
        if name is None and position < len(positional):
            name = positional[position]
            position += 1
        elif name is None:
            rest.append(arg)
            continue
        if name not in names:
            named.append(arg)
        elif wanted is None or name in wanted:
            given = argument_value(link, module, arg, env) or (UNKNOWN,)
            is_one_of_several = arg.choice is not None and name in bindings
            bindings[name] = join([bindings[name], given]) if is_one_of_several else given
    for param in params:
        if complete and param.kind in ("*", "**") and (wanted is None or param.name in wanted):
            bindings[param.name] = _collected(link, param, rest if param.kind == "*" else named, module, env)
    return bindings


def _collected(link: Linker, param: Param, args: list[Argument], module: int, env: Env | None) -> Value:
    """What ``*args`` or ``**kwargs`` holds."""
    values = [argument_value(link, module, arg, env) or (UNKNOWN,) for arg in args]
    if param.kind == "*":
        return (Pair(tuple(values)),)
    named = [(arg, (str(arg.keyword), value)) for arg, value in zip(args, values, strict=True)]
    choices = dict.fromkeys(arg.choice for arg in args if arg.choice is not None) or (None,)
    return tuple(Keywords(tuple(item for arg, item in named if arg.choice in (None, each))) for each in choices)


# Parameters without a known call: annotation, defaults, every call site


def parameter(link: Linker, module: int, index: int, name: str) -> Value:
    """What a parameter can be, by all that calls its function."""
    scope = link.scope(module, index)
    cls = link.method_class(module, index)
    function = FunctionRef(module, index)
    if cls is not None and scope.params and scope.params[0].name == name:
        if not link.hierarchy.is_static(function):
            return receiver(link, cls, function)
    param = next((p for p in scope.params if p.name == name), None)
    if param is None:
        return (UNKNOWN,)
    passed = link.sites.argument(module, index, param)
    if param.kind in ("*", "**"):
        return passed or (UNKNOWN,)
    default = () if param.default is None else link.value(module, param.default)
    injected = externals.injected(link, module, param, default)
    if injected:
        return injected
    return _combine(passed, _hint(link, module, param), default)


def _hint(link: Linker, module: int, param: Param) -> Value:
    return () if param.annotation is None else link.annotated(module, param.annotation)


def _combine(passed: Value, hint: Value, default: Value) -> Value:
    """Call sites say more than an annotation where they say anything of the same kind."""
    if informative(passed):
        if informative(hint) and not any(type(a) in _TELLING for a in passed):
            return join([tuple(a for a in passed if a != UNKNOWN), hint])
        return passed
    if informative(hint) and not (passed == (NONE,) and all(type(atom) is Elements for atom in hint)):
        return hint  # save for a list that every call leaves out: ``sort: list[tuple[str, int]] | None = None``
    return join([passed, default]) or (UNKNOWN,)


_TELLING = (*DRIVER_ATOMS, Instance, ClassRef, FunctionRef, Literal, Method, Elements)


def receiver(link: Linker, cls: ClassRef, function: FunctionRef) -> Value:
    """``self`` or ``cls`` of a method: its class and every subclass that inherits the method."""
    scope = link.scope(function.module, function.scope)
    owners = [cls]
    for sub in link.hierarchy.subclasses(cls):
        found = link.hierarchy.find(sub, scope.name)
        if (
            found is not None and (found.module, found.scope) == (function.module, function.scope)
        ) or scope.name == "__init__":
            owners.append(sub)
    if link.hierarchy.is_class_method(function):
        return tuple(owners)
    return tuple(Instance(*owner) for owner in owners)


class CallSites:
    """Who calls a function: calls by the last name of what they call, then by what that is."""

    def __init__(self, link: Linker) -> None:
        self.link = link

    def of(self, module: int, index: int) -> list[tuple[int, int, FunctionRef]]:
        """Calls (module, row, receiver) of a function; for a constructor, the constructions of its classes."""
        return self.link.once(("sites", module, index), lambda: list(self._search(module, index))[:_MAX_SITES], [])

    def _search(self, module: int, index: int) -> Iterator[tuple[int, int, FunctionRef]]:
        scope = self.link.scope(module, index)
        for site_module, row in self._candidates(module, scope):
            if site_module in self.link.tests and module not in self.link.tests:
                continue
            for atom in called(self.link, site_module, row):
                made = _runs(self.link, atom, module, index)
                if made is not None:
                    yield site_module, row, made
                    break
            else:
                made = self._made_by_name(site_module, row, module, scope)
                if made is not None:
                    yield site_module, row, made

    def _made_by_name(self, site: int, row: int, module: int, scope: Scope) -> FunctionRef | None:
        """A constructor called on a module loaded by name: ``module.Migration(db)``."""
        node = self.link.node(site, self.link.node(site, row)[1])
        cls = self.link.method_class(module, scope.index)
        if scope.name != "__init__" or cls is None or node[0] != "attr" or not node[2][:1].isupper():
            return None
        if any(atom != UNKNOWN for atom in self.link.value(site, node[1])):
            return None
        return FunctionRef(module, scope.index, Instance(*cls))

    def _candidates(self, module: int, scope: Scope) -> Iterable[tuple[int, int]]:
        names = [scope.name]
        cls = self.link.method_class(module, scope.index)
        if scope.name in _CONSTRUCTORS and cls is not None:
            names.extend(self.link.scope(*c).name for c in [cls, *self.link.hierarchy.subclasses(cls)])
            names.append("cls")
        for name in dict.fromkeys(names):
            yield from self.link.gathered(CALLS, name)

    def constructions(self, cls: ClassRef) -> list[tuple[int, int]]:
        """Calls (module, row) that make an object of a class."""
        return self.link.once(("constructions", cls), lambda: list(self._find_constructions(cls)), [])

    def _find_constructions(self, cls: ClassRef) -> Iterator[tuple[int, int]]:
        for module, row in self.link.gathered(CALLS, self.link.scope(*cls).name):
            if module not in self.link.tests or cls.module in self.link.tests:
                if cls in self.link.value(module, self.link.node(module, row)[1]):
                    yield module, row

    def argument(self, module: int, index: int, param: Param) -> Value:
        """What all call sites together pass for ``param``; empty when there is none."""
        link = self.link
        scope = link.scope(module, index)
        found: list[Value] = []
        for site_module, row, target in self.of(module, index):
            params = list(scope.params)
            if _takes_receiver(link, target) and params:
                params.pop(0)
            passed = _bindings(link, params, site_module, row, None, frozenset((param.name,)))
            if param.name in passed:
                found.append(passed[param.name])
            elif param.default is not None and arguments(link, site_module, row, None)[1]:
                found.append(link.value(module, param.default))
            else:
                found.append((UNKNOWN,))
        return join(found)


def _calls(module: int, facts: ModuleFacts) -> Iterator[tuple[str, int]]:
    """The calls of a module by the last names of what they call."""
    for row, names in called_names(facts).items():
        for name in names:
            yield name, row


CALLS = Gather(_calls)


def called_names(facts: ModuleFacts, index: int = 0) -> dict[int, list[str]]:
    """For the row of each call of a module, the last names of what it calls, or may have called."""
    found: dict[int, list[str]] = {}
    for call in facts.calls:
        node = facts.nodes[call.row]
        names = found[call.row] = [*_callee_names(facts, node[1])]
        passed = handed(facts.nodes.__getitem__, node)
        if passed is not None:
            names += _callee_names(facts, passed.function)
    return found


def _callee_names(facts: ModuleFacts, row: int) -> Iterator[str]:
    """Last names of what a call calls; a name imported under an alias by its own name."""
    for inner in alternatives(facts, row):
        node = facts.nodes[inner]
        if node[0] in ("attr", "from", "free") or (node[0] == "param" and node[2] == "cls"):
            yield node[2]
        elif node[0] in ("func", "class"):
            yield facts.scopes[node[1]].name
        bound = facts.scopes[0].final.get(node[2]) if node[0] == "free" else None
        if bound is not None and facts.nodes[bound][0] == "from" and facts.nodes[bound][2] != node[2]:
            yield facts.nodes[bound][2]


def _runs(link: Linker, atom: Atom, module: int, index: int) -> FunctionRef | None:
    """``atom`` as the function at ``module, index``, when calling it runs that function."""
    if type(atom) is FunctionRef and (atom.module, atom.scope) == (module, index):
        return atom
    if type(atom) is ClassRef:
        # ``__new__`` is given the class; what a constructor beside it gets says more
        init = link.hierarchy.find(atom, "__init__")
        found, receiver = (init, Instance(*atom)) if init else (link.hierarchy.find(atom, "__new__"), atom)
        if found is not None and (found.module, found.scope) == (module, index):
            return found._replace(receiver=receiver)
    return None


def base_init_bindings(link: Linker, atom: Instance, module: int, method: int) -> dict[str, Value]:
    """What the constructor of a base, ``method``, gets by ``super().__init__`` of a subclass, defaults included."""
    owner = link.method_class(module, method)
    order = link.hierarchy.order(ClassRef(atom.module, atom.scope))
    if owner is None or owner not in order:
        return {}
    for derived in reversed(order[: order.index(owner)]):
        init = link.hierarchy.own(derived, "__init__")
        if init is None:
            continue
        env = link.self_env(atom, init.module, init.scope)
        row = _base_init_call(link, init, owner)
        if row is not None:
            params = link.scope(module, method).params[1:]
            found = _bindings(link, params, init.module, row, env)
            if arguments(link, init.module, row, env)[1]:
                left = ((p.name, p.default) for p in params if p.name not in found and p.default is not None)
                found.update((name, link.value(module, default)) for name, default in left)
            return found
    return {}


def _base_init_call(link: Linker, init: FunctionRef, owner: ClassRef) -> int | None:
    """The call in constructor ``init`` that runs the constructor of ``owner``."""
    for row in cast("list[int]", link.said(init_calls, init.module, init.scope)):
        for atom in link.value(init.module, link.node(init.module, row)[1]):
            if type(atom) is FunctionRef and link.method_class(atom.module, atom.scope) == owner:
                return row
    return None
