"""The questions that rules, commands and editors ask of a linked project."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

from mongolint.config import Config
from mongolint.facts.shapes import Call, ModuleFacts
from mongolint.finding import Severity, Span
from mongolint.link import functions
from mongolint.link.imports import ImportMap
from mongolint.link.linker import Linker
from mongolint.link.settings.files import Files
from mongolint.link.states.journal import Journal
from mongolint.link.states.memory import Answer, held, held_by, merged, of_each
from mongolint.mongo.drivers import DRIVER_PACKAGES
from mongolint.project import hints, verdicts
from mongolint.project.advice import redundancy
from mongolint.project.advice.lean import is_worth_one, lean_patterns
from mongolint.project.advice.patterns import Pattern, patterns_of, wide_comparisons
from mongolint.project.awaiting.answers import Awaiting
from mongolint.project.callgraph import CallGraph, Reach
from mongolint.project.catalog import absence, options
from mongolint.project.clients.answers import Clients
from mongolint.project.clients.sites import ClientSite, find_clients, runs_through
from mongolint.project.declared import find_mapped
from mongolint.project.documents import Reader
from mongolint.project.fields.known import Fields
from mongolint.project.handlers import DriverCall, ExceptSite, caught_by_callers, find_handlers, is_inside
from mongolint.project.indexes import IndexDeclaration, IndexFinder
from mongolint.project.loops.answers import Loops
from mongolint.project.loops.repetitions import Repetition, find_repetitions, nested
from mongolint.project.operations import Operation, OperationFinder
from mongolint.project.pipelines import Lookup
from mongolint.project.places import Places
from mongolint.project.reach import launched
from mongolint.project.reach.builds import LostBuild, lost_builds
from mongolint.project.reach.launched import Launched
from mongolint.project.reach.loading import is_main_block
from mongolint.project.reach.once import is_each_time
from mongolint.project.reach.output import is_output
from mongolint.project.reach.reachability import Reachability, Reached, RequestPath
from mongolint.project.reach.setups import (
    Setup,
    document_loop,
    find_setups,
    getter_sites,
    idle_setups,
    makes_only_indexes,
)
from mongolint.project.reach.uses import builtin_calls, called_name
from mongolint.project.references.orphans import Deletes
from mongolint.project.results.answers import Results
from mongolint.project.schema.record import record
from mongolint.project.schema.validated import unvalidated
from mongolint.project.sessions.answers import Sessions
from mongolint.project.tracing.asked import Asked, asked
from mongolint.project.tracing.given import as_called, given
from mongolint.project.updates.pulled import pulled_everywhere
from mongolint.project.writes.answers import Writes

if TYPE_CHECKING:
    from mongolint.project.advice.answers import Advice
    from mongolint.project.coveragemap.served import Served

T = TypeVar("T")
_ELSEWHERE = 'indexes are declared elsewhere (index-source = "external"), and no snapshot tells which there are'


class Project(Places):
    """A linked project.

    ``display`` gives the path of each file as findings show it; ``external`` are indexes that no Python declares;
    ``starters`` reads the files that start containers and services, when somebody asks what they run.
    """

    def __init__(
        self,
        modules: Sequence[ModuleFacts],
        imports: ImportMap,
        config: Config,
        display: Mapping[str, str],
        uses_driver: bool | None = None,
        external: Sequence[IndexDeclaration] = (),
        journal: Journal | None = None,
        settings: Files | None = None,
        starters: Callable[[], Iterable[str]] = tuple,
    ) -> None:
        self.config = config
        self._external = external
        self.starters = starters
        self.tests = frozenset(i for i, facts in enumerate(modules) if config.is_test(facts.path))
        self.uses_driver = _imports_driver(modules) if uses_driver is None else uses_driver
        self.link = Linker(modules, imports, self.tests, journal, settings)
        super().__init__(self.link.modules, display)
        self.reader = Reader(self.link)
        self._told: dict[Hashable, Answer] = {}
        self._begin: Callable[[Any], object] = id
        self._found: list[Operation] = []
        self._scripts: dict[int, bool] = {}

    def renew(self, modules: Sequence[ModuleFacts]) -> None:
        """Go on, in an editor, with a new state of the same files."""
        known: dict[Hashable, object] = {}

        def find() -> None:
            with suppress(Exception):  # whoever asks for them shall meet the error
                known.update(operations=self._find_operations(), unresolved=self.finder.unresolved)

        changed = self.link.renew(modules, find)
        if self.link.memory is not None:
            self.link.memory.forget(changed, self.__dict__.get("_answers", {}), known)

    def told(
        self,
        question: Hashable,
        facts: Callable[[], Iterable[Any]],
        test: Callable[..., Iterable[T]],
        begin: Callable[[Any], object],
    ) -> Iterable[T]:
        """What a test tells of each fact of this project; ``begin`` is called before it is asked about one."""
        self._begin = begin  # what is kept outlives who asked first

        def tell(fact: Any) -> Iterable[T]:
            return test(self) if fact is self else test(fact, self)

        return of_each(self.link.memory, self._told, question, facts, tell, lambda fact: self._begin(fact))

    def moved(self, modules: Iterable[int]) -> None:
        """Some modules say what they did, at other places (`mongolint.facts.moved`)."""
        if self.link.memory is not None:
            self.link.memory.forget_later([("module", module) for module in modules])

    # Facts

    @held
    def operations(self) -> list[Operation]:
        """Every operation on a collection, in the order of files and lines."""
        return self._find_operations()

    def _find_operations(self) -> list[Operation]:
        """Them, those of the last state as the same objects."""
        self.finder = OperationFinder(self.link, self.reader, self.uses_driver)
        self._found = merged(self._found, sorted(self.finder.find(), key=self._position))
        for place, operation in {(o.module, o.row): o for o in self._found}.items():
            self.link.tell(("operation", *place), operation)
        return self._found

    @held_by
    def _operations_by_row(self, module: int) -> dict[int, Operation]:
        return {operation.row: operation for operation in reversed(self.operations_in(module))}

    @held_by
    def operations_on(self, collection: str) -> Sequence[Operation]:
        """The operations that run on a collection or may, tests included."""
        return self._operations_on.get(collection, ())

    @held
    def _operations_on(self) -> dict[str, list[Operation]]:
        found: dict[str, list[Operation]] = {}
        for operation in self.operations:
            for name in operation.collection_names:
                found.setdefault(name, []).append(operation)
        return found

    @held_by
    def operations_in(self, module: int) -> Sequence[Operation]:
        """The operations of a module."""
        return self._operations_in.get(module, ())

    @held
    def _operations_in(self) -> dict[int, list[Operation]]:
        found: dict[int, list[Operation]] = {}
        for operation in self.operations:
            found.setdefault(operation.module, []).append(operation)
        return found

    def _position(self, operation: Operation) -> tuple[str, tuple[int, int]]:
        facts = self.modules[operation.module]
        return facts.path, facts.tokens.get(operation.token, (0, 0))

    @held
    def unresolved(self) -> list[tuple[int, int, int]]:
        """What looks like an operation and could not be traced: (module, call, receiver), as rows."""
        _ = self.operations
        return self.finder.unresolved

    @held
    def indexes(self) -> list[IndexDeclaration]:
        """Every declared index, whatever declares it, save for tests. They are what queries are judged by."""
        mapped = [index for index in self._mapped if index.module not in self.tests]
        return [*self.declared_in_code, *mapped, *self._external]

    @held
    def declared_in_code(self) -> list[IndexDeclaration]:
        """The indexes that calls of the driver declare outside tests: those beside which another can be put."""
        operations = [o for o in self.operations if o.module not in self.tests]
        return IndexFinder(self.link, self.reader).find(operations)

    @held
    def _mapped(self) -> list[IndexDeclaration]:
        """The indexes that classes of object mappers declare."""
        return find_mapped(self.link, self.reader)

    @held
    def test_indexes(self) -> list[IndexDeclaration]:
        """Indexes declared in test files, which serve no query of the application."""
        operations = [o for o in self.operations if o.module in self.tests]
        found = IndexFinder(self.link, self.reader).find(operations)
        return [*found, *(index for index in self._mapped if index.module in self.tests)]

    @held
    def redundant_indexes(self) -> list[redundancy.Redundant]:
        """The declarations that can go, because what another one makes serves the same queries."""
        return list(redundancy.find(self))

    @held
    def all_hints(self) -> list[tuple[list[str], hints.Hint | None]]:
        """Every hint: the collections it is for (none where that is not known), the name or key pattern."""
        return list(hints.find_all(self))

    @held
    def declares_unseen(self) -> bool:
        """Whether code that is not a test may declare an index of which the model knows nothing."""
        return absence.declares_unseen(self)

    @cached_property
    def writes(self) -> Writes:
        """What the data needs: what has to be unique, and what ends."""
        return Writes(self)

    @cached_property
    def made_clients(self) -> Clients:
        """With which options clients are made, how often, and who watches them."""
        return Clients(self)

    @cached_property
    def results(self) -> Results:
        """What becomes of the results of operations."""
        return Results(self)

    @cached_property
    def loops(self) -> Loops:
        """What the queries of loops have in common, and where they differ."""
        return Loops(self)

    @cached_property
    def sessions(self) -> Sessions:
        """What runs in transactions, and what is meant to and does not."""
        return Sessions(self)

    @cached_property
    def awaiting(self) -> Awaiting:
        """What is awaited and what is not."""
        return Awaiting(self)

    @cached_property
    def fields(self) -> Fields:
        """Which fields of a collection the code knows, and where they are written and read."""
        return Fields(self)

    @cached_property
    def deletes(self) -> Deletes:
        """Which deletes leave documents behind that refer to what was deleted."""
        return Deletes(self)

    @held
    def unvalidated(self) -> dict[str, dict[str, Any] | None]:
        """The collections without a validator, and the one that all written documents satisfy, where there is one."""
        return {name: record(self, name)["validator"] for name in unvalidated(self)}

    @held
    def served(self) -> Served:
        """Which queries each declared index serves."""
        from mongolint.project.coveragemap.served import Served

        return Served(self)

    @cached_property
    def graph(self) -> CallGraph:
        return CallGraph(self.link, lambda: self.operations)

    @cached_property
    def index_graph(self) -> CallGraph:
        """Which functions work on indexes."""
        return CallGraph(self.link, lambda: self.operations, ("index",))

    @cached_property
    def _usual_graph(self) -> CallGraph:
        return CallGraph(self.link, lambda: self.operations, usual=True)

    @held
    def repetitions(self) -> list[Repetition]:
        """Queries and calls that run queries, once per iteration of a loop."""
        return nested([found for module in range(len(self.modules)) for found in self._repetitions_in(module)])

    @held_by
    def _repetitions_in(self, module: int) -> list[Repetition]:
        return list(find_repetitions(self.link, self._usual_graph, self.operation_at, module))

    @held_by
    def repetitions_in(self, module: int) -> list[Repetition]:
        """Those of one module."""
        return [found for found in self.repetitions if found.module == module]

    @held
    def handlers(self) -> list[ExceptSite]:
        """Every ``except`` clause, with the driver calls it answers for."""
        return [site for module in range(len(self.modules)) for site in self._handlers_in(module)]

    @held_by
    def _handlers_in(self, module: int) -> list[ExceptSite]:
        return list(find_handlers(self.link, self.graph, module))

    @held
    def clients(self) -> list[ClientSite]:
        """Where clients are constructed."""
        return find_clients(self.link)

    def builtin_calls(self, name: str) -> Iterator[tuple[int, Call]]:
        """Calls of the builtin ``name``, where nothing of the project shadows it."""
        every = range(len(self.modules))
        return ((module, call) for module in every for call in builtin_calls(self.link, module, name))

    # Questions

    @property
    def has_snapshot(self) -> bool:
        """Whether a snapshot of a server tells which indexes exist."""
        return self.config.indexes is not None

    @property
    def knows_indexes(self) -> bool:
        """Whether an index that is declared nowhere is one that does not exist."""
        return self.has_snapshot or self.config.index_source == "code"

    @held_by
    def verdict(self, operation: Operation) -> verdicts.Verdict:
        """Which declared index serves an operation; unknown where others may exist that serve it better."""
        query = self.query(operation)
        return self.if_known(verdicts.judge(operation, query, self.declarations(operation.module).on(query.collection)))

    @held_by
    def query(self, operation: Operation) -> verdicts.Query:
        """The query that an operation sends."""
        return verdicts.query_of(self.reader, operation)

    def declarations(self, module: int = -1) -> verdicts.Declarations:
        """The declared indexes that the queries of a module may use: those of tests only in tests."""
        return self._declarations_in_tests if module in self.tests else self._declarations

    @cached_property
    def _declarations(self) -> verdicts.Declarations:
        return verdicts.Declarations(self.link, lambda: self.indexes)

    @cached_property
    def _declarations_in_tests(self) -> verdicts.Declarations:
        return verdicts.Declarations(self.link, lambda: [*self.indexes, *self.test_indexes])

    @held_by
    def needed_patterns(self, operation: Operation) -> list[Pattern]:
        """The key patterns that would serve an operation; of the branches of its ``$or`` those that nothing serves yet.

        Empty where no index can help.
        """
        query = self.query(operation)
        found = lean_patterns(self, query)
        if not is_worth_one(self, operation, found):
            return []
        own = self.declarations().on(query.collection).own if len(found) > 1 else ()
        first = {"_id"} | {index.keys[0][0] for index in own if index.keys}
        return [pattern for pattern in found if not first & {name for name, _ in pattern.keys}] or found

    @cached_property
    def advice(self) -> Advice:
        """Which indexes the project lacks."""
        from mongolint.project.advice.answers import Advice

        return Advice(self)

    @held_by
    def filter_fields(self, operation: Operation) -> list[str]:
        """The fields that an operation filters by, in the branches of its ``$or`` too."""
        return verdicts.fields_of(self.query(operation))

    def wide_comparisons(self, operation: Operation) -> dict[str, str]:
        """The fields of a filter that reads most of a collection with an index too, and why (see `advice.patterns`)."""
        query = self.query(operation)
        found = wide_comparisons(query, verdicts.sparse_fields(self.declarations().on(query.collection)))
        # The first document that fits ends the search: where most do, that is at once
        return found if "_one" not in operation.name or {"regex", "case"}.intersection(found.values()) else {}

    def pulled_everywhere(self, operation: Operation) -> tuple[str, ...]:
        """The fields by which an update that asks for all documents could ask for those that it changes."""
        return pulled_everywhere(self, operation)

    def patterns_of_lookup(self, lookup: Lookup) -> list[Pattern]:
        """The key patterns that would serve what a stage asks of another collection."""
        return patterns_of(verdicts.query_of_lookup(lookup))

    @held
    def lookups(self) -> list[tuple[Operation, Lookup, verdicts.Verdict]]:
        """What pipelines ask of other collections, with the verdict on each."""
        found = []
        for operation in self.operations:
            for lookup in operation.lookups:
                declared = self.declarations().on(lookup.collection)
                verdict = verdicts.judge_query(verdicts.query_of_lookup(lookup), declared)
                found.append((operation, lookup, self.if_known(verdict)))
        return found

    def if_known(self, verdict: verdicts.Verdict) -> verdicts.Verdict:
        """The verdict, unless indexes that are declared elsewhere may make it better."""
        if not self.knows_indexes and verdict.verdict in ("partial", "unserved"):
            return verdicts.Verdict("unknown", reason=_ELSEWHERE)
        return verdict

    def indexes_of(self, collection: str | None) -> list[IndexDeclaration] | None:
        """All indexes that may be on a collection; None where there may be others than those declared."""
        return absence.indexes_of(self, collection)

    def index_options(self, names: Collection[str]) -> Iterator[options.OptionSite]:
        """Where indexes are given options of these names, in tests too."""
        return options.find(self, names)

    def unknown_hints(self, operation: Operation) -> Iterator[hints.UnknownHint]:
        """The hints of an operation at an index that is declared nowhere, which the server refuses."""
        return hints.unknown_hints(self, operation)

    def names_its_documents(self, operation: Operation) -> bool:
        """Whether the filter says by ``_id`` or a unique key which documents it wants, so that it reads no others."""
        named = {name for name, kind in operation.filter.required.items() if kind in ("equality", "in")}
        return "_id" in named or any(
            index.options.get("unique") is True and index.keys and {name for name, _ in index.keys} <= named
            for collection in operation.collection_names
            for index in self.declarations().on(collection).own
        )

    @held
    def asked_of_helpers(self) -> list[Asked]:
        """What callers ask by helpers that take the filter, as keyword arguments or whole."""
        return [*asked(self), *given(self)]

    def as_called(self, operation: Operation) -> list[Operation]:
        """An operation as each caller of its helper runs it, where they give what it asks for; else as it is."""
        return as_called(self, operation)

    def operation_at(self, module: int, row: int) -> Operation | None:
        """The operation that the call at ``row`` is."""
        return self._operations_by_row(module).get(row)

    def keywords(self, operation: Operation) -> list[str]:
        """The names of the arguments that an operation is given by name, at its call."""
        node = self.link.node(operation.module, operation.row)
        return [name for name, _ in node[2] if name not in (None, "*", "**")] if node[0] == "call" else []

    def reach(self, module: int, row: int) -> tuple[Reach, ...]:
        """The operations that the call at ``row`` runs through functions of the project."""
        return self.graph.run_by_call(module, row)

    @cached_property
    def reachability(self) -> Reachability:
        def makes_clients() -> bool:
            return any(client.module not in self.tests for client in self.clients)

        return Reachability(self.link, self.config, makes_clients)

    def reached(self, module: int, scope: int, context: int = 0) -> Reached:
        """Who runs a function: the application, only scripts, nothing; with ``scope`` 0, a place outside of any."""
        return self.reachability.reached(module, scope, context)

    def is_script(self, module: int) -> bool:
        """Whether a module is a script or migration by the configuration."""
        if module not in self._scripts:
            self._scripts[module] = self.config.is_script(self.modules[module].path)
        return self._scripts[module]

    @held
    def lost_builds(self) -> list[LostBuild]:
        """The clauses that end the error of an index build and go on without the index."""
        return list(lost_builds(self))

    @held
    def setups(self) -> list[Setup]:
        """The functions outside tests that make indexes."""
        return list(find_setups(self))

    @cached_property
    def launched(self) -> Launched:
        """What the files that start containers and services run."""
        return launched.read(self.starters())

    def idle_setups(self) -> list[Setup]:
        """Those of them that no start of the application runs, with the indexes that queries miss."""
        return list(idle_setups(self, self.setups))

    def document_loop(self, call: Operation) -> Span | None:
        """The loop over documents in which a call makes the same index each time."""
        number = document_loop(self, call)
        return None if number is None else self.offsets_span(call.module, self.modules[call.module].loops[number].span)

    def getter_sites(self, setup: Setup) -> list[tuple[int, int]]:
        """Where a function that makes indexes is called to run one operation on what it returns; several, or none."""
        return getter_sites(self, setup)

    def outermost(self, module: int, scope: int) -> tuple[int, int]:
        """The function that makes all indexes, of which a function makes some: ``create_all`` for ``_create_users``."""
        return self.reachability.outermost(module, scope)

    def makes_only_indexes(self, module: int, scope: int) -> bool:
        """Whether a function that makes indexes changes nothing else, so that each start of the program may call it."""
        return makes_only_indexes(self, module, scope)

    def prints_output(self, module: int, scope: int, context: int) -> bool:
        """Whether what a place prints is the output of a program that a person runs."""
        return is_output(self.reachability, self.config, module, scope, context)

    def is_answered(self, site: ExceptSite) -> bool:
        """Whether an error goes further than its clause: raised, logged, told, or printed to who runs a program."""
        if site.is_answered or not site.prints or self.is_script(site.module):
            return site.is_answered
        return self.prints_output(site.module, site.scope, site.handler.context)

    def request_path(self, module: int, scope: int, *, each: bool = False) -> RequestPath | None:
        """How a request reaches a function, if one does for certain; with ``each``, how every such request does."""
        return self.reachability.request_path(module, scope, each=each)

    def runs_each_time(self, operation: Operation) -> bool:
        """Whether an operation runs at each call of its function: no flag or kept result lets it run only once."""
        place = (operation.module, operation.scope, operation.row, operation.context)
        return is_each_time(self.link, *place)

    def operations_of(self, client: ClientSite) -> list[Operation]:
        """Operations outside tests that run through a client; all of them when it is the only client."""
        code = (operation for operation in self.operations if operation.module not in self.tests)
        return [operation for operation in code if runs_through(operation, client, self.clients)]

    def callee_name(self, module: int, row: int) -> str:
        """The last name of what a call calls, or has called by something else."""
        passed = functions.handed_on(self.link, module, row, None)
        function = self.modules[module].nodes[row][1] if passed is None else passed.function
        return called_name(self.modules[module], function) or "the call"

    def driver_call_name(self, call: DriverCall) -> str:
        """ "find_one on users" for the driver call that a handler answers for, or what a helper runs."""
        operation = self.operation_at(call.module, call.row)
        if operation is not None:
            return f"{operation.name} on {operation.target}"
        for reach in self.reach(call.module, call.row):
            return f"{reach.operation.name} on {reach.target}"
        return self.callee_name(call.module, call.row)

    def driver_call_kind(self, call: DriverCall) -> str:
        """ "read" or "write" for the driver call that a handler answers for, as `driver_call_name` names it."""
        operation = self.operation_at(call.module, call.row)
        reached = [operation] if operation else [each.operation for each in self.reach(call.module, call.row)[:1]]
        return reached[0].method.kind if reached else ""

    def returns_in(self, site: ExceptSite) -> bool:
        """Whether an ``except`` clause returns something to the caller."""
        facts = self.modules[site.module]
        return any(is_inside(facts, context, site.handler.context) for _, context in facts.scopes[site.scope].returns)

    def caught_by_callers(self, module: int, scope: int, depth: int = 3) -> set[str]:
        """The last names of the classes that callers of a function catch around their call, ``depth`` calls up."""
        return caught_by_callers(self.link, module, scope, depth)

    def is_main_block(self, module: int, context: int) -> bool:
        """Whether code stands under ``if __name__ == "__main__":``."""
        return is_main_block(self.modules[module], context)

    def option(self, rule: str, name: str) -> Any:
        """A rule's option as configured, or its default."""
        return self.config.rule_options(rule).get(name)

    def severity(self, severity: Severity, module: int, row: int | None = None) -> Severity:
        """``severity``, or low in scripts and migrations, and at a row that only scripts and commands run."""
        if self.is_script(module):
            return Severity.LOW
        return Severity.LOW if row is not None and self.runs_by_hand(module, row) else severity

    def runs_by_hand(self, module: int, row: int) -> bool:
        """Whether only scripts and commands come to a row."""
        place = self.reachability.uses.parents(module)
        return self.reached(module, place.scope(row), place.context(row)).runner == "script"

    def severity_of(self, severity: Severity, places: Iterable[tuple[int, int]]) -> Severity:
        """That of several places, modules and rows: low where each is in a script."""
        return max((self.severity(severity, *each) for each in places), key=lambda each: each.rank)


def _imports_driver(modules: Iterable[ModuleFacts]) -> bool:
    return any(
        name.partition(".")[0] in DRIVER_PACKAGES for facts in modules for name, _, level in facts.imports if not level
    )
