"""Whether a call can get to a place of the function that it calls: what it passes may rule the way out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from mongolint.facts.shapes import Row
from mongolint.link import functions
from mongolint.link.atoms import NONE, ClassRef, Const, Env, FunctionRef, Instance
from mongolint.project.reach.uses import own_name
from mongolint.project.tracing.branches import Branches

if TYPE_CHECKING:
    from mongolint.link.linker import Linker

# Module and row of a call, module and scope of a function
Place = tuple[int, int]
# Objects of these are true, whatever they hold
_TRUE_BASES = frozenset(
    ["builtins.object", "pydantic.BaseModel", "pydantic.main.BaseModel", "abc.ABC", "typing.Generic"]
)


class Feasible:
    """Answers for the calls of one project."""

    def __init__(self, link: Linker) -> None:
        self.link = link

    def may_reach(self, call: Place, function: Place, row: int, context: int) -> bool:
        """Whether a call of ``function`` may come to a row of it; True where that is not known."""
        given, are_known = functions.arguments(self.link, *call, None)
        if not are_known:
            return True
        bound = [
            self._bound(self._received(found, call), call, given)
            for found in self.link.functions_called(*call)
            if (found.module, found.scope) == function
        ]
        tests = list(Branches(self.link, function[0]).holding(context, row, some=False)) if bound else []
        return not bound or any(self._holds(env, function[0], tests) for env in bound)

    def _bound(self, function: FunctionRef, call: Place, given: Sequence[functions.Argument]) -> Env | None:
        """What the parameters are; None is left out where the caller's own parameter says that it never is."""
        env = functions.bind(self.link, function, *call, None, every=True)
        if env is None:
            return None
        names = [param.name for param in self.link.scope(*function[:2]).params]
        names = names[1:] if function.receiver is not None and names and names[0] in env.bindings else names
        bindings = dict(env.bindings)
        for position, argument in enumerate(given):
            name = argument.keyword or (names[position] if position < len(names) else "")
            if name in bindings and argument.row is not None and self._is_never_none(call[0], argument.row):
                bindings[name] = tuple(atom for atom in bindings[name] if atom != NONE)
        return self.link.env(function.module, function.scope, bindings, function.env, None)

    def _is_never_none(self, module: int, row: int) -> bool:
        """Whether a parameter that is handed on is annotated with the plain name of a class."""
        node = self.link.node(module, row)
        params = self.link.scope(module, node[1]).params if node[0] == "param" else []
        hint = next((param.annotation for param in params if param.name == node[2]), None)
        return hint is not None and own_name(self.link.modules[module], hint) not in ("", "Optional", "Any", "object")

    def _received(self, function: FunctionRef, call: Place) -> FunctionRef:
        """A constructor with the object that a call of its class makes."""
        link, cls = self.link, self.link.method_class(function.module, function.scope)
        is_made = own_name(link.modules[call[0]], link.node(*call)[1]) != "__init__"
        if cls is None or function.receiver is not None or link.scope(*function[:2]).name != "__init__" or not is_made:
            return function
        return function._replace(receiver=Instance(*cls))

    def _holds(self, env: Env | None, module: int, tests: list[tuple[int, bool]]) -> bool:
        return all(self._truth(module, row, env) in (outcome, None) for row, outcome in tests)

    def _truth(self, module: int, row: int, env: Env | None) -> bool | None:
        node = self.link.node(module, row)
        if node[0] == "not":
            inner = self._truth(module, node[1], env)
            return None if inner is None else not inner
        if node[0] == "bool":
            deciding = bool(node[1] == "or")
            each = [self._truth(module, part, env) for part in node[2]]
            return deciding if deciding in each else None if None in each else not deciding
        if node[0] == "compare":
            return self._compared(module, node, env)
        if node[0] != "param":
            return None
        found = {self._is_true(atom) for atom in self.link.value(module, row, env)}
        return found.pop() if len(found) == 1 else None

    def _is_true(self, atom: object) -> bool | None:
        """Whether a value counts as true; an object does, unless its class says otherwise."""
        if isinstance(atom, Const):
            return bool(atom.value)
        if not isinstance(atom, Instance):
            return None
        cls, hierarchy = ClassRef(*atom[:2]), self.link.hierarchy
        says = any(hierarchy.find(cls, name) is not None for name in ("__bool__", "__len__"))
        return True if not says and {*hierarchy.external_bases(cls)} <= _TRUE_BASES else None

    def _compared(self, module: int, node: Row, env: Env | None) -> bool | None:
        """``given is None``, ``given is not None``."""
        _, operators, rows = node
        if operators not in (("Is",), ("IsNot",)) or self.link.node(module, rows[1]) != ("const", None):
            return None
        if self.link.node(module, rows[0])[0] != "param":
            return None
        value = self.link.value(module, rows[0], env)
        if value == (NONE,):
            return bool(operators == ("Is",))
        known = bool(value) and all(type(atom) in (Const, Instance, ClassRef, FunctionRef) for atom in value)
        return bool(operators == ("IsNot",)) if known and NONE not in value else None
