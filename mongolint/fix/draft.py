"""What a rule writes a fix on: it gathers edits, and knows how the recurring parts of fixes are written.

The parts themselves are in the modules beside, imported when used, so that a run that shows no fix needs no parser.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from mongolint.finding import Edit, Span
from mongolint.fix.nofix import NoFix
from mongolint.project.model import Project

if TYPE_CHECKING:
    import libcst as cst

    from mongolint.facts.shapes import Offsets
    from mongolint.fix.declarations.keys import Wanted
    from mongolint.fix.sources import Sources
    from mongolint.fix.trees import SourceFile, Tree
    from mongolint.project.advice.patterns import Pattern
    from mongolint.project.awaiting.iteration import Iteration
    from mongolint.project.awaiting.needless import Needless
    from mongolint.project.awaiting.truth import TruthTest
    from mongolint.project.awaiting.unawaited import Unawaited
    from mongolint.project.catalog.options import OptionSite
    from mongolint.project.clients.options import Option
    from mongolint.project.clients.percall import PerCall
    from mongolint.project.clients.removed import RemovedCall
    from mongolint.project.clients.sites import ClientSite
    from mongolint.project.fields.doubts.dates import LocalDate
    from mongolint.project.fields.doubts.empty import EmptyField
    from mongolint.project.fields.shapes import Use
    from mongolint.project.handlers import ExceptSite
    from mongolint.project.hints import Hinted
    from mongolint.project.indexes import IndexDeclaration
    from mongolint.project.loops.repetitions import Repetition
    from mongolint.project.operations import Operation
    from mongolint.project.references.orphans import Orphans
    from mongolint.project.results.lists.pages import UnsortedPage
    from mongolint.project.results.partial import PartialUse
    from mongolint.project.results.rereads import Reread
    from mongolint.project.results.unbounded import Unbounded
    from mongolint.project.results.unread import Unread
    from mongolint.project.sessions.outside import Outside
    from mongolint.project.updates.lost import LostUpdate
    from mongolint.project.updates.numbers.numbered import Numbered
    from mongolint.project.updates.states import StateRace
    from mongolint.project.updates.twice import PushedTwice
    from mongolint.project.writes.lookups import LookThenInsert
    from mongolint.project.writes.needs import Constraint

__all__ = ["Draft", "NoFix"]


class Draft:
    """The edits of one fix."""

    def __init__(self, project: Project, sources: Sources) -> None:
        self.project = project
        self._sources = sources
        self.edits: list[Edit] = []
        # What the repair says in general, said for this place
        self.title = ""
        self.text = ""
        self.reason = ""

    # Code

    def file(self, module: int) -> SourceFile:
        """A module's text and trees."""
        return self._sources.file(module)

    def call(self, module: int, row: int) -> tuple[Tree, cst.Call]:
        """The call at ``row`` and its tree."""
        import libcst as cst

        offsets = self.project.modules[module].spans.get(row)
        if offsets is None:
            raise NoFix("its place in the code is not known")
        tree = self.file(module).tree(offsets[0])
        return tree, tree.at(offsets, cst.Call)

    # Edits

    def replace(self, module: int, offsets: Offsets, content: str, *, shared: bool = False) -> None:
        """Put ``content`` in the place of a stretch of a file; ``\\n`` becomes the file's line break."""
        content = content.replace("\r\n", "\n").replace("\n", self.file(module).newline)
        edit = Edit(self.project.offsets_span(module, offsets), content, shared)
        if edit not in self.edits:
            self.edits.append(edit)

    def insert(self, module: int, offset: int, content: str, *, shared: bool = False) -> None:
        self.replace(module, (offset, offset), content, shared=shared)

    def remove(self, span: Span) -> None:
        """Take a comment out, with the blanks before it, or with its line if nothing else is on it."""
        self.edits.append(Edit(span, ""))

    # Requests

    def need(self, module: int, package: str, name: str = "") -> str:
        """The name under which ``package.name`` (or the package) can be used; imports it if it is not yet.

        Raises:
            NoFix: the name means something else here.
        """
        from mongolint.fix import imports

        return imports.need(self, module, package, name)

    def logger(self, module: int) -> tuple[str, str]:
        """The module's logger and its kind ("logging", "loguru" or "structlog"); defined if there is none."""
        from mongolint.fix import loggers

        return loggers.logger(self, module)

    # Whole fixes

    def log_instead_of_print(self, module: int, row: int) -> None:
        """A log line in the place of a call of print."""
        from mongolint.fix import prints

        prints.log_instead(self, module, row)

    def name_error_class(self, site: ExceptSite) -> None:
        """Name the class of errors that a bare ``except`` is meant for."""
        from mongolint.fix import handlers

        handlers.catch(self, site)

    def log_error(self, site: ExceptSite) -> None:
        """Log the driver error that a clause drops, and catch no more than that where the body tells."""
        from mongolint.fix import handlers

        handlers.log(self, site)

    def log_it(self, site: ExceptSite, what: str) -> None:
        """Log the error of a clause, with a line that says ``what`` happens; the clause does what it did."""
        from mongolint.fix import handlers

        handlers.log_it(self, site, what)

    def log_detail(self, site: ExceptSite) -> None:
        """Let the log lines of a clause tell the error, too."""
        from mongolint.fix import handlers

        handlers.tell_more(self, site)

    def log_and_raise(self, site: ExceptSite, what: str) -> None:
        """Let the error of a clause rise; where nothing logs it yet, with a log line that says ``what`` failed."""
        from mongolint.fix import handlers

        handlers.log_and_raise(self, site, what)

    def extract_check(self, copies: Sequence[ExceptSite]) -> None:
        """Make a function of a ``try`` statement of which there are several copies."""
        from mongolint.fix.transactions import extract

        extract.extract(self, copies)

    def change_in_place(self, lost: LostUpdate) -> None:
        """Let an operator of the update do what the code does to the value that it has read."""
        from mongolint.fix.updates import operators

        operators.change_in_place(self, lost)

    def add_to_set(self, found: PushedTwice) -> None:
        """Let an update put a member into an array only if it is not in there."""
        from mongolint.fix.updates import members

        members.add_to_set(self, found)

    def claim(self, race: StateRace) -> None:
        """Let an update ask for the state that was tested, and leave as the test does where it is no more."""
        from mongolint.fix.updates import claims

        claims.claim(self, race)

    def pass_session(self, outside: Outside) -> None:
        """Give a call in a transaction the session of that."""
        from mongolint.fix.transactions import handing

        handing.hand(self, outside)

    def limit_time(self, query: Operation, milliseconds: int) -> None:
        """Bound an operation in the form that its method takes."""
        from mongolint.fix import limits

        limits.limit(self, query, milliseconds)

    def limit_client(self, module: int, row: int, milliseconds: int) -> None:
        """Bound every operation of the client that the call at ``row`` makes."""
        from mongolint.fix import limits

        limits.limit_client(self, module, row, milliseconds)

    def rename_time_limit(self, query: Operation, wrong: str) -> None:
        """Give the time limit of an operation the name that its method knows."""
        from mongolint.fix import limits

        limits.rename(self, query, wrong)

    def call_successor(self, found: RemovedCall) -> None:
        """Call what took the place of a method that is gone."""
        from mongolint.fix import removed

        removed.replace(self, found)

    def await_call(self, found: Unawaited) -> None:
        """Await a call whose result is used as if it had been; a cursor that comes of it is gone through as one."""
        from mongolint.fix.awaits import calls

        calls.add(self, found)

    def drop_await(self, needless: Needless) -> None:
        """Take an ``await`` away; where documents are wanted of a cursor, let it await them."""
        from mongolint.fix.awaits import calls

        calls.drop(self, needless)

    def iterate_async(self, iteration: Iteration) -> None:
        """Go through a cursor by ``async for``, or await its documents."""
        from mongolint.fix.awaits import iterating

        iterating.read(self, iteration)

    def compare_with_none(self, test: TruthTest) -> None:
        """Ask whether a database or collection is None, and not whether it is true."""
        from mongolint.fix.awaits import truth

        truth.compare(self, test)

    def batch(self, repetition: Repetition) -> None:
        """One batched operation in the place of one per iteration."""
        from mongolint.fix.batches import choose

        choose.batch(self, repetition)

    def declare_index(self, queries: Sequence[Operation], pattern: Pattern, wanted: Wanted) -> None:
        """Declare the index that queries need, where the project declares its own.

        Args:
            queries: those that need it.
            pattern: the key pattern that they need.
            wanted: all patterns that queries of this collection need: a longer one may serve these as well.
        """
        from mongolint.fix.declarations import declare

        declare.declare(self, queries, pattern, wanted)

    def declare_index_on(self, collection: str, pattern: Pattern) -> None:
        """Declare the index that a join needs on the other collection, where the project declares its own."""
        from mongolint.fix.declarations import declare

        declare.declare_on(self, collection, pattern)

    def anchor(self, query: Operation) -> None:
        """Let the regular expression of a filter begin at the start of the text, where it reads as if it did."""
        from mongolint.fix.filters import anchors

        anchors.anchor(self, query)

    def rename_field(self, use: Use, old: str, new: str) -> None:
        """Let a query, or what takes a value out of a document, name another field."""
        from mongolint.fix.documents import rename

        rename.rename(self, use, old, new)

    def bound_array(self, query: Operation, field: str, limit: int) -> None:
        """Let an update that pushes to an array keep its last members only."""
        from mongolint.fix.documents import arrays

        arrays.bound(self, query, field, limit)

    def delete_too(self, orphans: Orphans) -> None:
        """Delete what refers to a document before it."""
        from mongolint.fix.documents import cascade

        cascade.delete_too(self, orphans)

    def take_utc(self, date: LocalDate) -> None:
        """Take the time in UTC where local time is taken."""
        from mongolint.fix.documents import zones

        zones.take_utc(self, date)

    def fill_field(self, field: EmptyField) -> None:
        """Store a parameter where its function stores None."""
        from mongolint.fix.documents import fill

        fill.fill(self, field)

    def validate(self, collection: str, validator: dict[str, Any] | None) -> None:
        """Give a collection a validator, where the project makes its indexes."""
        from mongolint.fix.documents import validate

        validate.validate(self, collection, validator)

    @staticmethod
    def validating(database: str, collection: str, validator: dict[str, Any]) -> str:
        """The call that gives a collection a validator, as a person would write it."""
        from mongolint.fix.documents import validate

        return "\n".join(validate.command(database, collection, validator, "    "))

    def keep_dates(self, uses: tuple[Use, ...]) -> None:
        """Store a date where its text is stored."""
        from mongolint.fix.documents import dates

        dates.keep(self, uses)

    def declare_constraint(self, operations: Sequence[Operation], constraint: Constraint) -> None:
        """Declare an index that the data needs, where the project declares its own.

        Args:
            operations: those that store or look up the data; one of them says which collection it is.
            constraint: its keys and options.
        """
        from mongolint.fix.declarations import declare

        declare.declare_constraint(self, operations, constraint)

    def catch_duplicate(self, race: LookThenInsert) -> bool:
        """Let an insert do what the check before it does when a unique index refuses the document.

        False where it is not plain what that is, so that the error rises.
        """
        from mongolint.fix.duplicates import catch

        return catch.catch(self, race)

    def answer_conflict(self, found: Numbered) -> None:
        """Catch that the number of an insert was taken meanwhile, and answer that.

        Raises: NoFix: what the caller expects then is not clear.
        """
        from mongolint.fix.duplicates import conflict

        conflict.answer(self, found)

    def call_at_start(self, module: int, scope: int) -> None:
        """Call a function that makes indexes where the application starts."""
        from mongolint.fix.declarations import atstart

        atstart.call(self, module, scope)

    def move_to_start(self, operations: Sequence[Operation]) -> None:
        """Run calls that make indexes, all of one function, where the application starts and no longer there."""
        from mongolint.fix.declarations import atstart

        atstart.move(self, operations)

    def declare_text_index(self, query: Operation, fields: Sequence[str]) -> None:
        """Declare the text index that a search with ``$text`` needs, where the project declares its own."""
        from mongolint.fix.declarations import declare

        declare.declare_text(self, query, fields)

    def remove_index(self, index: IndexDeclaration) -> None:
        """Take the declaration of an index out."""
        from mongolint.fix.options import removal

        removal.remove(self, index)

    def remove_option(self, site: OptionSite) -> None:
        """Take an option of an index out."""
        from mongolint.fix.options import arguments

        arguments.remove(self, site)

    def name_hint(self, hinted: Hinted, index: IndexDeclaration) -> None:
        """Let a hint name this index, in the form that it has: a name or a key pattern."""
        from mongolint.fix.options import hinted as hint

        hint.rename(self, hinted, index)

    def add_argument(self, module: int, row: int, keyword: str, value: str) -> None:
        """Add ``keyword=value`` to the call at ``row``, which does not have it."""
        from mongolint.fix import limits

        limits.add_keyword(self, module, row, keyword, value)

    def rename_client_option(self, site: ClientSite, option: Option, name: str) -> None:
        """Give an option of a client its name, in the call or in the connection string written there."""
        from mongolint.fix.clients import renaming

        renaming.rename(self, site, option, name)

    def invert_client_option(self, site: ClientSite, option: Option, name: str) -> None:
        """Give an option of a client the name and value of the one that says the opposite."""
        from mongolint.fix.clients import renaming

        renaming.invert(self, site, option, name)

    def remove_client_option(self, site: ClientSite, option: Option) -> None:
        """Take an option of a client out."""
        from mongolint.fix.clients import renaming

        renaming.remove(self, site, option)

    def hoist_client(self, made: PerCall) -> None:
        """Make a client once, where its module is loaded, and no longer at each call of a function."""
        from mongolint.fix.clients import hoisting

        hoisting.hoist(self, made)

    def sort_page(self, page: UnsortedPage) -> None:
        """Sort by ``_id`` what is skipped in no order."""
        from mongolint.fix.results import chains

        chains.sort_page(self, page)

    def bound_result(self, found: Unbounded, count: int) -> None:
        """Read no more than ``count`` documents at once."""
        from mongolint.fix.results import chains

        chains.bound(self, found, count)

    def project_fields(self, found: PartialUse) -> None:
        """Fetch only the fields that are used; only whether there is a document, if none are."""
        from mongolint.fix.results import chains

        chains.project_fields(self, found)

    def read_back(self, found: Reread) -> None:
        """Let an update return the document that is read after it."""
        from mongolint.fix.results import readback

        readback.read_back(self, found)

    def write_only(self, found: Unread) -> None:
        """Let a write send no document back."""
        from mongolint.fix.results import unread

        unread.write_only(self, found)
