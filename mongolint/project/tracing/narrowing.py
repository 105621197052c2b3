"""What a call runs, narrowed by what it passes: on which collections, and what it cannot come to.

`CallGraph` says which operations a function runs, whoever calls it. A method of a base class runs on the collection of
the object that it is called on, and what stands under ``if key:`` is not run where the call leaves ``key`` at None.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from mongolint.facts.shapes import Row
from mongolint.link import functions
from mongolint.link.atoms import UNKNOWN, ClassRef, Collection, Const, Env, FunctionRef, Instance, Method
from mongolint.project.operations import preferred
from mongolint.project.tracing.found import found, outcome

if TYPE_CHECKING:
    from mongolint.link.linker import Linker
    from mongolint.project.callgraph import Reach

# Objects that a call may be made on, beyond which it may run on any
_MAX_RECEIVERS = 8


def narrowed(link: Linker, module: int, row: int, reaches: Sequence[Reach]) -> tuple[Reach, ...]:
    """The operations of ``reaches`` that the call at ``row`` can come to, each with the collections it runs on then."""
    found = (_narrowed(link, module, row, reach) for reach in reaches)
    return tuple(reach for reach in found if reach is not None)


def _narrowed(link: Linker, module: int, row: int, reach: Reach) -> Reach | None:
    operation = reach.operation
    sites = [(module, row), *reach.chain]
    ends = [*reach.chain, (operation.module, operation.row)]
    envs: list[Env | None] = [None]
    for (site, call), (end, inner) in zip(sites, ends, strict=True):
        if is_kept(link, site, call):
            return None
        standing = link.call_at(end, inner) or operation
        context, scope = standing.context, standing.scope
        made = [each for env in envs for each in entered(link, site, call, env)]
        runs = [(function, env) for function, env in made if function[:2] == (end, scope)]
        if runs and all(_is_for_new(link, site, call, function, end, context) for function, _ in runs):
            return None
        if made and not runs and all(_is_known(link, site, call, env) for env in envs):
            return None
        envs = list(dict.fromkeys(env for _, env in runs))
        if not envs or len(envs) > _MAX_RECEIVERS:
            return reach
        envs = [
            env
            for env in envs
            if not _is_left_out(link, end, context, env) and not _has_returned(link, end, scope, context, inner, env)
        ]
        if not envs:
            return None
    collections = _collections(link, reach, envs)
    return reach._replace(narrowed=collections) if collections else reach


def _is_known(link: Linker, module: int, row: int, env: Env | None) -> bool:
    """Whether there are no other functions that the call at ``row`` may run: of its object, not of any of its kind."""
    return env is not None and UNKNOWN not in link.value(module, link.node(module, row)[1], env)


def _is_for_new(link: Linker, site: int, call: int, function: FunctionRef, module: int, context: int) -> bool:
    """Whether a place stands in a branch that a document which was found, and is passed, rules out."""
    tests = [each for each in link.modules[module].chain(context) if each.kind in ("then", "otherwise")]
    known = found(link, site, call, function, None) if tests else None
    if known is None:
        return False
    outcomes = ((test, outcome(link, module, test.ref, function.scope, known)) for test in tests)
    return any(holds is not None and holds != (test.kind == "then") for test, holds in outcomes)


def is_kept(link: Linker, module: int, row: int) -> bool:
    """``Users()`` of a class whose metaclass says what that gives: a singleton is made once."""
    callees = link.value(module, link.node(module, row)[1])
    return any(type(atom) is ClassRef and _has_maker(link, atom) for atom in callees)


def _has_maker(link: Linker, cls: ClassRef) -> bool:
    for owner in link.hierarchy.order(cls):
        for keyword, row in link.scope(*owner).keywords:
            for atom in link.value(owner.module, row) if keyword == "metaclass" else ():
                if type(atom) is ClassRef and link.hierarchy.find(atom, "__call__") is not None:
                    return True
    return False


def entered(link: Linker, module: int, row: int, env: Env | None) -> Iterator[tuple[FunctionRef, Env | None]]:
    """The functions that the call at ``row`` may run, each with the environment in which it runs."""
    for atom in functions.called(link, module, row, env):
        for function in functions.callees(link, atom):
            if type(atom) is ClassRef:
                function = function._replace(receiver=Instance(*atom))
            yield function, functions.bind(link, function, module, row, env, every=True)


def _collections(link: Linker, reach: Reach, envs: list[Env | None]) -> tuple[Collection, ...]:
    """The collections that an operation runs on; none where that is not known."""
    operation = reach.operation
    if len(operation.collections) < 2:
        return ()
    function = link.node(operation.module, operation.row)
    receiver = link.node(operation.module, function[1]) if function[0] == "call" else function
    if receiver[0] != "attr":
        return ()
    found = [preferred(tuple(_receivers(link, operation.module, function, receiver[1], env))) for env in envs]
    return tuple(dict.fromkeys(each for one in found for each in one)) if all(found) else ()


def _receivers(link: Linker, module: int, function: Row, receiver: int, env: Env | None) -> Iterator[Collection]:
    """The collections whose method is called, which an attribute may hold: ``self.find = self.collection.find``."""
    for atom in link.value(module, receiver, env):
        if type(atom) is Collection:
            yield atom
    for atom in link.value(module, function[1], env) if function[0] == "call" else ():
        if type(atom) is Method and type(atom.receiver) is Collection:
            yield atom.receiver


def _is_left_out(link: Linker, module: int, context: int, env: Env | None) -> bool:
    """Whether a place stands in a branch that what the call passes rules out."""
    facts = link.modules[module]
    for entry in facts.chain(context):
        if entry.kind in ("then", "otherwise"):
            outcome = _outcome(link, module, entry.ref, env)
            if outcome is not None and outcome != (entry.kind == "then"):
                return True
            if entry.kind == "then" and env is not None and _is_filled_in(link, module, entry.ref, env):
                return True
    return False


def _is_filled_in(link: Linker, module: int, row: int, env: Env) -> bool:
    """Whether a test is that an optional parameter is missing, for which the call passes something."""
    node = link.node(module, row)
    if node[0] == "compare" and node[1] == ("Is",) and link.node(module, node[2][1]) == ("const", None):
        row = node[2][0]
    elif node[0] == "not":
        row = node[1]
    else:
        return False
    node = link.node(module, row)
    if node[0] != "param" or not _is_parameter(link, module, row, env):
        return False
    defaults = [param.default for param in link.scope(module, node[1]).params if param.name == node[2]]
    if not defaults or defaults[0] is None or link.node(module, defaults[0]) != ("const", None):
        return False
    value = link.value(module, row, env)
    return bool(value) and not any(type(atom) is Const and not atom.value for atom in value)


def _has_returned(link: Linker, module: int, scope: int, context: int, row: int, env: Env | None) -> bool:
    """Whether an ``if`` before a place, which what the call passes decides for, returns: ``if not self.on: return``."""
    facts = link.modules[module]
    around = facts.chain(context)
    for _, place in facts.scopes[scope].returns:
        entry = facts.contexts[place]
        if entry.kind in ("then", "otherwise") and entry.begins <= row and entry not in around:
            if any(
                facts.contexts[entry.parent] is outer
                for outer in (*around, facts.contexts[facts.scopes[scope].context])
            ):
                outcome = _outcome(link, module, entry.ref, env)
                if outcome is not None and outcome == (entry.kind == "then"):
                    return True
    return False


def is_come_to(link: Linker, module: int, context: int, env: Env | None) -> bool:
    """Whether a place is in no block but branches that what the call passes decides for."""
    return all(
        entry.kind in ("then", "otherwise") and _outcome(link, module, entry.ref, env) is (entry.kind == "then")
        for entry in link.modules[module].chain(context)
    )


def _outcome(link: Linker, module: int, row: int, env: Env | None) -> bool | None:
    """Whether a test of a parameter holds for what the call passes; None where that does not decide it."""
    node = link.node(module, row)
    if node[0] == "not":
        inner = _outcome(link, module, node[1], env)
        return None if inner is None else not inner
    if node[0] == "compare" and node[1] in (("Is",), ("IsNot",)) and link.node(module, node[2][1]) == ("const", None):
        passed = _constants(link, module, node[2][0], env)
        outcomes = {(value is None) == (node[1] == ("Is",)) for value in passed}
    else:
        outcomes = {bool(value) for value in _constants(link, module, row, env)}
    return outcomes.pop() if len(outcomes) == 1 else None


def _constants(link: Linker, module: int, row: int, env: Env | None) -> list[Any]:
    """The constants of which one is passed for the parameter that ``row`` is; none where it may be anything else."""
    if env is None or not (_is_parameter(link, module, row, env) or _is_member(link, module, row, env)):
        return []
    value = link.value(module, row, env)
    return [atom.value for atom in value] if all(type(atom) is Const for atom in value) else []


def _is_member(link: Linker, module: int, row: int, env: Env) -> bool:
    """``self.detailed`` of an object that the code is seen to make: what it holds is what was passed for it."""
    node = link.node(module, row)
    if node[0] != "attr" or link.node(module, node[1])[0] != "param" or not _is_parameter(link, module, node[1], env):
        return False
    made = link.value(module, node[1], env)
    return bool(made) and all(type(atom) is Instance and atom.init is not None for atom in made)


def _is_parameter(link: Linker, module: int, row: int, env: Env) -> bool:
    """Whether a row is nothing but a parameter that ``env`` binds, items set on it or not."""
    pending, seen = [row], {row}
    while pending:
        node = link.node(module, pending.pop())
        if node[0] == "param":
            bound = env.lookup(module, node[1])
            if bound is None or node[2] not in bound.bindings:
                return False
            continue
        if node[0] not in ("phi", "setitem", "delitem", "mutated"):
            return False
        below = [each for each in (node[1] if node[0] == "phi" else node[1:2]) if each not in seen]
        pending += below
        seen.update(below)
    return True
