"""``except`` clauses that turn a transaction off: an error of asking for it, and the work is done without."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from mongolint.facts.shapes import Call, Context, ModuleFacts, Scope
from mongolint.fastclasses import NamedTuple
from mongolint.link.atoms import Database
from mongolint.link.atoms import Method as BoundMethod
from mongolint.link.rowtools import alternatives, reached_rows
from mongolint.mongo.drivers import ERRORS
from mongolint.project.callgraph import Reach
from mongolint.project.handlers import ExceptSite, calls_by_context, calls_under, caught_names, is_inside
from mongolint.project.sessions.starts import TRANSACTIONS, starts_among

if TYPE_CHECKING:
    from mongolint.project.model import Project

# Commands that say whether the server is a member of a replica set, without which there are no transactions
_ASKING = frozenset(["hello", "isMaster", "ismaster", "replSetGetStatus"])
# Errors by which the driver says that there are no transactions; whoever catches no more knows what it means
_NO_SUPPORT = frozenset(["ConfigurationError", "InvalidOperation"])
_NOTHING = (("const", False), ("const", None))
_NAMES = ("transaction", "replica_set", "replicaset", "session")


class Fallback(NamedTuple):
    """A clause after which the work is done without a transaction.

    ``probe``: the call that may fail, as a row; ``work``: what is run without, in one word, where it is known;
    ``loss``: what that loses: "atomicity" of several writes, "isolation" of a read and the one write, "" if not known.
    """

    site: ExceptSite
    probe: int
    work: str
    loss: str


def find(project: Project) -> Iterator[Fallback]:
    """The clauses that neither log nor raise nor hand on the error."""
    for site in project.handlers:
        if site.is_answered or site.uses_error or site.catches == "other" or site.module in project.tests:
            continue
        found = _Clause(project, site).fallback()
        if found is not None:
            yield found


class _Clause:
    """One clause, and what its function does with what it leaves behind."""

    def __init__(self, project: Project, site: ExceptSite) -> None:
        self.project = project
        self.link = project.link
        self.site = site
        self.by_context = self.link.of_module(calls_by_context, site.module)
        self.facts: ModuleFacts = project.modules[site.module]
        # The rows of the calls that write, by what they are called
        self.named: dict[str, list[int]] = {}
        self.attempt = self.facts.tries[self.facts.contexts[site.handler.context].ref]
        self.body = calls_under(self.facts, self.attempt.context, self.by_context)

    @property
    def scope(self) -> Scope:
        return self.facts.scopes[self.site.scope]

    def fallback(self) -> Fallback | None:
        if caught_names(self.link, self.site.module, self.site.handler) <= _KNOWING:
            return None
        starts = starts_among(self.link, self.site.module, self.body)
        probe = next(iter([*self._questions(), *starts]), None)
        if probe is None:
            return None
        work = self._repeated(starts) or self._switched() or self._unattached() or self._returned()
        return None if work is None else Fallback(self.site, probe, work, self._loss(work))

    def _loss(self, work: str) -> str:
        """What the writes beside one of this name, itself included, have to fear without a transaction."""
        calls = {call.row: call for call in self.facts.calls}
        beside: dict[int, Call] = {}
        for row in self.named.get(work, ()):
            beside |= {call.row: call for call in calls_under(self.facts, calls[row].context, self.by_context)}
        run: dict[tuple[int, int], tuple[Reach, Sequence[tuple[int, int]]]] = {}
        for call in beside.values():
            for each in self._run_by(call):
                place = (each.operation.module, each.operation.row)
                run[place] = each, ((self.site.module, call.row), *each.chain, place)
        writes = [each for each in run.values() if each[0].operation.method.kind == "write"]
        if len(writes) > 1 or any(self._is_several(each) for each, _ in writes):
            return "atomicity"
        reads = [path for each, path in run.values() if each.operation.method.kind == "read"]
        return "isolation" if any(_is_before(path, writes[0][1]) for path in reads if writes) else ""

    def _is_several(self, reach: Reach) -> bool:
        """Whether one operation writes several documents, at once or in turn."""
        operation, tracer = reach.operation, self.project.writes.tracer
        called = [(call, tracer.facts(module)) for module, row in reach.chain if (call := tracer.call(module, row))]
        looped = any(entry.kind in ("loop", "comp") for call, facts in called for entry in facts.chain(call.context))
        return operation.in_loop or looped or operation.name.endswith("_many") or "bulk" in operation.name

    def _questions(self) -> Iterator[int]:
        """The commands of the body that ask what kind of server it is."""
        for call in self.body:
            _, function, args = self.facts.nodes[call.row]
            node = self.facts.nodes[function]
            if node[0] == "attr" and node[2] == "command" and args:
                given = self.facts.nodes[args[0][1]]
                named = given if given[0] == "const" else self.facts.nodes[_first_key(given)]
                if named[0] == "const" and named[1] in _ASKING:
                    if any(_is_command(atom) for atom in self.link.value(self.site.module, function)):
                        yield call.row

    # What is done without: a word for it, or None

    def _repeated(self, starts: Sequence[int]) -> str | None:
        """The clause itself does once more what the body did in a session."""
        if not starts:
            return None
        tried = {name for call in self.body if (name := self._writes(call))}
        for call in calls_under(self.facts, self.site.handler.context, self.by_context):
            name = self._writes(call)
            if name and name in tried:
                return name
        return None

    def _switched(self) -> str | None:
        """A test of what the clause leaves behind decides whether there is a transaction."""
        for number, entry in self._behind():
            if entry.kind in ("then", "otherwise") and self._comes_of_it(entry.ref):
                inner = calls_under(self.facts, number, self.by_context)
                if starts_among(self.link, self.site.module, inner):
                    return self._other_branch(number, entry) or ""
                if entry.leaves and starts_among(self.link, self.site.module, self._after(number, entry)):
                    return next((name for call in inner if (name := self._writes(call))), None)
        return None

    def _after(self, number: int, entry: Context) -> list[Call]:
        """The calls that run where a branch that leaves is not taken."""
        beside = calls_under(self.facts, entry.parent, self.by_context)
        return [c for c in beside if c.row > entry.begins and not is_inside(self.facts, c.context, number)]

    def _behind(self) -> Iterator[tuple[int, Context]]:
        """The contexts of the function behind the ``try``."""
        first = self.facts.contexts[self.site.handler.context].begins
        for number, entry in enumerate(self.facts.contexts):
            if entry.begins > first and is_inside(self.facts, number, self.scope.context):
                if not is_inside(self.facts, number, self.site.handler.context):
                    yield number, entry

    def _comes_of_it(self, row: int) -> bool:
        """Whether an expression holds a value that the body sets, or else is False or None because of the clause."""
        body = self.facts.contexts[self.attempt.context].begins
        first = self.facts.contexts[self.site.handler.context].begins
        for inner, node in reached_rows(self.facts, row).items():
            if node[0] == "phi" and inner >= first:
                held = alternatives(self.facts, inner)
                set_there = any(body <= each < first or self.facts.nodes[each] == ("const", True) for each in held)
                if set_there and any(self.facts.nodes[each] in _NOTHING for each in held):
                    return True
        return False

    def _other_branch(self, number: int, entry: Context) -> str | None:
        """What runs where there is no transaction: in the other branch, else behind it."""
        for other, beside in enumerate(self.facts.contexts):
            if other != number and (beside.parent, beside.ref) == (entry.parent, entry.ref):
                for call in calls_under(self.facts, other, self.by_context):
                    if name := self._writes(call):
                        return name
        inner = {name for call in calls_under(self.facts, number, self.by_context) if (name := self._writes(call))}
        behind = (call for call in self.facts.calls if call.scope == self.site.scope and call.row > entry.ref)
        return next((name for call in behind if (name := self._writes(call)) and name in inner), None)

    def _unattached(self) -> str | None:
        """What is given a session that the clause leaves to be None."""
        first = self.facts.contexts[self.site.handler.context].begins
        for call in self.facts.calls:
            if call.scope == self.site.scope and call.row > first:
                for keyword, row in self.facts.nodes[call.row][2]:
                    if keyword == "session" and self._comes_of_it(row):
                        return self._writes(call) or self.project.callee_name(self.site.module, call.row)
        return None

    def _returned(self) -> str | None:
        """A function that answers whether there are transactions, or returns the session."""
        returns = [
            row for row, context in self.scope.returns if is_inside(self.facts, context, self.site.handler.context)
        ]
        if not returns or self.scope.kind != "function" or self.facts.nodes[returns[0]] not in _NOTHING:
            return None
        name = self.scope.name.lower()
        if any(each in name for each in _NAMES):
            return ""
        for module, row, _ in self.link.sites.of(self.site.module, self.site.scope):
            if self._decides(module, row):
                return ""
        return None

    def _decides(self, module: int, row: int) -> bool:
        """Whether the result of a call decides about a transaction, or is passed on as the session."""
        facts = self.project.modules[module]
        by_context = self.link.of_module(calls_by_context, module)
        for number, entry in enumerate(facts.contexts):
            if entry.kind in ("then", "otherwise") and row in reached_rows(facts, entry.ref):
                if starts_among(self.link, module, calls_under(facts, number, by_context), TRANSACTIONS):
                    return True
        given = (arg for call in facts.calls for keyword, arg in facts.nodes[call.row][2] if keyword == "session")
        return any(row in reached_rows(facts, arg) for arg in given)

    def _run_by(self, call: Call) -> Sequence[Reach]:
        """The operations that a call is or runs."""
        operation = self.project.operation_at(self.site.module, call.row)
        return [Reach(operation, ())] if operation is not None else self.project.reach(self.site.module, call.row)

    def _writes(self, call: Call) -> str | None:
        """The name of what writes: a function that is called, or a method with its collection."""
        if not any(reach.operation.method.kind == "write" for reach in self._run_by(call)):
            return None
        operation = self.project.operation_at(self.site.module, call.row)
        name = (
            f"{operation.name} on {operation.target}"
            if operation
            else self.project.callee_name(self.site.module, call.row)
        )
        self.named.setdefault(name, []).append(call.row)
        return name


_KNOWING = frozenset(name for name in ERRORS if name.rpartition(".")[2] in _NO_SUPPORT) | {
    "builtins.NotImplementedError"
}


def _is_before(one: Sequence[tuple[int, int]], other: Sequence[tuple[int, int]]) -> bool:
    """Whether the calls of one way run before those of another, where they part."""
    apart = next((pair for pair in zip(one, other, strict=False) if pair[0] != pair[1]), None)
    return apart is not None and apart[0] < apart[1]


def _first_key(node: tuple[object, ...]) -> int:
    """The row of the first key of a dict; 0 for anything else."""
    pairs = node[1] if node[0] == "dict" else ()
    keys = [key for key, _ in pairs if key is not None]  # type: ignore[attr-defined]
    return keys[0] if keys else 0


def _is_command(atom: object) -> bool:
    return type(atom) is BoundMethod and type(atom.receiver) is Database
