"""What the data of a project needs: the questions that rules, fixes and commands ask of `mongolint.project.writes`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from mongolint.fastclasses import dataclass
from mongolint.link.atoms import Collection, const
from mongolint.link.states.memory import held, held_by
from mongolint.project.advice.patterns import Pattern
from mongolint.project.handlers import ExceptSite
from mongolint.project.indexes import IndexDeclaration
from mongolint.project.operations import Operation
from mongolint.project.tracing import nulls
from mongolint.project.tracing.stored import Content, Stored
from mongolint.project.tracing.tracer import Tracer
from mongolint.project.writes import (
    asked,
    cleanups,
    expiry,
    inserts,
    keys,
    lookups,
    merged,
    named,
    needs,
    refused,
    several,
    upserts,
)
from mongolint.project.writes.inserts import Way
from mongolint.project.writes.needs import Constraint
from mongolint.project.writes.upserts import Upsert

if TYPE_CHECKING:
    from mongolint.project.model import Project

Evidence = TypeVar("Evidence")

# Fields that say that a document is still there; functions that make it gone
_ACTIVE = re.compile(r"^(is_?)?(active|enabled)$", re.I)
_DELETING = re.compile(r"delete|remove", re.I)


@dataclass(frozen=True, slots=True)
class Need(Generic[Evidence]):
    """An index that the data needs and the project does not declare, and what shows it."""

    constraint: Constraint
    evidence: Evidence


class Writes:
    """Answers for one project; each is found once."""

    def __init__(self, project: Project) -> None:
        self.project = project
        _ = project.operations  # of which the tracer is told
        self.tracer = Tracer(project.link, project.reader)

    # Answers

    @held
    def look_then_inserts(self) -> list[Need[lookups.LookThenInsert]]:
        """The inserts that only a look-up keeps from storing the same twice."""
        return [
            Need(need, one)
            for one in self._looked
            if self._is_concurrent(one.module, one.scope) and (need := self._key_looked_for(one))
        ]

    def may_break_another_key(self, race: lookups.LookThenInsert) -> bool:
        """Whether an insert may be refused for another unique key, declared or missing, than what was looked for."""
        declared = self.project.indexes_of(race.collection.name)
        missing = [each for each in self.constraints if needs.same(each.collection, race.collection)]
        keyed = [{name for name, _ in index.keys or ()} for index in declared or () if needs.may_be_unique(index)]
        keyed += [{name for name, _ in each.keys} for each in missing if "unique" in each.options]
        content = inserts.content_of(self.tracer, race.way)
        # What is made anew each time meets nothing that is stored
        made = {
            name
            for name, value in content.fields.items()
            if value.sure and len(value.spots) == 1 and keys.maker(self.tracer, value.spots[0])
        }
        return declared is None or any(not race.values.keys() <= names and not names & made for names in keyed)

    @held
    def _looked(self) -> list[lookups.LookThenInsert]:
        found = lookups.find(self.tracer, self.project.graph, self._operations, self.left_out)
        return [one for one in found if len(one.constants) < len(one.values) or self._is_asked_by_requests(one)]

    def is_of_one_each(self, inserts: Iterable[Operation]) -> bool:
        """Whether each of some inserts only adds what a look-up has not found: a user, and no event."""
        guarded = {id(one.insert) for one in self._looked}
        return all(id(insert) in guarded for insert in inserts)

    def _is_asked_by_requests(self, one: lookups.LookThenInsert) -> bool:
        """What there is one of, by constants alone, is often made at the start, and one start is no race."""
        return self.project.request_path(one.module, one.scope) is not None

    @held
    def upserts(self) -> list[Need[upserts.Upsert]]:
        """The upserts that can make a document twice."""
        return [
            Need(need, one)
            for one in self._upserted
            if self._is_concurrent(one.operation.module, one.operation.scope) and (need := self._key_upserted(one))
        ]

    @held
    def _upserted(self) -> list[Upsert]:
        return list(upserts.find(self.tracer, [o for o in self._operations if o.module not in self.left_out]))

    @held
    def made_keys(self) -> list[Need[keys.MadeKey]]:
        """The keys made to be unique that nothing keeps so."""
        found: dict[tuple[str | None, str], Need[keys.MadeKey]] = {}
        for one in keys.made(self.tracer, self._operations, self.written):
            need = self._unique(one.collection, {one.field: None}, {})
            if need is not None:
                found.setdefault((one.collection.name, one.field), Need(need, one))
        return list(found.values())

    @held
    def handled_duplicates(self) -> list[Need[keys.HandledDuplicate]]:
        """The inserts whose duplicates are handled, though there can be none; without a key where it is not clear."""
        found = []
        for one in keys.handled(self.tracer, self._operations, self.written):
            indexes = self.project.indexes_of(str(one.collection.name))
            if indexes is None or any(needs.may_be_unique(index) for index in indexes):
                continue
            fields = one.fields if len(one.fields) == 1 else ()
            need = self._unique(one.collection, dict.fromkeys(fields), {}) if fields else None
            found.append(Need(need or Constraint(one.collection, (), {"unique": True}), one))
        return found

    def is_hushed(self, site: ExceptSite) -> bool:
        """Whether neither the caller nor the code behind an ``except`` clause can tell that something failed."""
        return refused.is_hushed(self.tracer, site)

    def names_its_id(self, operation: Operation) -> bool:
        """Whether an insert is given the ``_id``, which may be taken, by whoever calls its function."""
        return refused.names_its_id(self.tracer, operation)

    @held
    def refused(self) -> list[Need[refused.Refused]]:
        """The writes whose duplicates are handled, though there can be none, and of which nothing else tells."""
        told = [need.constraint for found in (self.look_then_inserts, self.upserts, self.made_keys) for need in found]
        found = []
        for one in refused.find(self.tracer, self.project.graph, self._operations, self.project.tests):
            indexes = self.project.indexes_of(str(one.collection.name))
            if indexes is None or any(needs.may_be_unique(index) for index in indexes):
                continue
            if any(needs.same(each.collection, one.collection) for each in told):
                continue
            need = self._unique(one.collection, {one.fields[0]: None}, {}) if len(one.fields) == 1 else None
            found.append(Need(need or Constraint(one.collection, (), {"unique": True}), one))
        return found

    @held
    def expiring(self) -> list[Need[expiry.Expiring]]:
        """The documents that end on a date and that nothing deletes then."""
        found = []
        for one in expiry.find(self.tracer, self._operations, self.written):
            indexes = self.project.indexes_of(str(one.collection.name))
            if indexes is None or any(_may_expire(index.options, index.open) for index in indexes):
                continue
            runners = [self.project.reached(o.module, o.scope, o.context).runner for o in one.cleanups]
            if all(runner in ("script", "nothing") for runner in runners):
                taken = any(index.keys and index.keys[0][0] == one.field and len(index.keys) == 1 for index in indexes)
                doubt = "an index on the same field is declared already, and has to be dropped first" if taken else ""
                need = Constraint(one.collection, ((one.field, 1),), {"expireAfterSeconds": 0}, doubt)
                found.append(Need(need, one))
        return found

    @held
    def ending(self) -> frozenset[str]:
        """The collections whose documents end on a date, whether or not something deletes them then."""
        dated = expiry.find(self.tracer, self._operations, self.written)
        kept = (index.collection_name for index in self.project.indexes if _may_expire(index.options, index.open))
        return frozenset(name for name in (*(one.collection.name for one in dated), *kept) if name)

    @held
    def named(self) -> frozenset[str]:
        """The collections of a few documents, each of which the code calls by name."""
        return named.find(self.tracer, self._operations)

    @held
    def any_ones(self) -> list[several.AnyOne]:
        """The writes that change whichever document the server finds first, of several that are meant elsewhere."""
        made = {(one.collection.name, one.field) for one in keys.made(self.tracer, self._operations, self.written)}
        found = []
        for one in several.any_one(self.tracer, self._operations, self.left_out):
            name = str(one.operation.collection and one.operation.collection.name)
            indexes = self.project.indexes_of(name)
            if indexes is None or needs.keeps_unique(indexes, one.fields):
                continue
            if not any((name, field) in made for field in one.fields):
                found.append(one)
        return found

    @held
    def idle_cleanups(self) -> list[cleanups.IdleCleanup]:
        """The deletions of what is old that nothing runs."""
        return list(cleanups.find(self.project, self.tracer))

    @held
    def constraints(self) -> list[Constraint]:
        """All indexes that the data needs, each once."""
        unique = (self.look_then_inserts, self.upserts, self.made_keys, self.handled_duplicates, self.refused)
        every = [need.constraint for found in (*unique, self.expiring) for need in found]
        return list(dict.fromkeys(constraint for constraint in every if constraint.keys and constraint.name))

    def index_code(self, collection: str, pattern: Pattern) -> str:
        """The call that makes the index which queries need, of those that are suggested for the whole project.

        A server refuses two indexes on the same keys: one that the data needs goes before a plain one.
        """
        for need in self.constraints:
            if need.name == collection and not need.doubt and _fits(need, pattern):
                return need.code
        chosen = self.project.advice.chosen_for(collection, pattern)
        keys = chosen.keys if chosen is not None else self.project.advice.keys_for(collection, pattern)
        pairs = ", ".join(f'("{name}", {needs.plain(direction)})' for name, direction in keys)
        given = chosen.options if chosen is not None else pattern.options
        options = "".join(f", {name}={needs.plain(value)}" for name, value in given.items())
        return f"create_index([{pairs}]{options})"

    def index_order(self, collection: str, patterns: Sequence[Pattern]) -> str:
        """What to do about queries that nothing serves: which indexes to declare.

        One may serve several branches of an ``$or``. What most documents say, no index makes faster. Where a partial or
        sparse index has the keys, it stands in the way of another one, unless the server is known to be a new one.
        """
        return self._order(collection, tuple(patterns))

    @held_by
    def _order(self, collection: str, patterns: tuple[Pattern, ...]) -> str:
        names = " and ".join(dict.fromkeys(index.name for index in self.taken(collection, patterns)))
        if names:
            return (
                f"let the filter say, too, what {names} {'hold' if ' and ' in names else 'holds'}: servers before 5.0 "
                "make no second index on the same keys"
            )
        order = f"declare {' and '.join(self.index_codes(collection, patterns))}"
        is_flag = all(pattern.is_flag for pattern in patterns)
        return f"only yes or no is asked, so where few documents say that, {order}" if is_flag else order

    def index_codes(self, collection: str, patterns: Sequence[Pattern]) -> list[str]:
        """The calls that make the indexes, each once."""
        return list(dict.fromkeys(self.index_code(collection, pattern) for pattern in patterns))

    def index_calls(self, collection: str, patterns: Sequence[Pattern]) -> str:
        """The same as statements, one a line."""
        return "\n".join(f"db.{collection}.{code}" for code in self.index_codes(collection, patterns))

    def taken(self, collection: str, patterns: Sequence[Pattern]) -> list[IndexDeclaration]:
        """The declared indexes that have the keys which queries need, and do not serve them."""
        own = self.project.declarations().on(collection).own
        missed = [each for each in patterns if self.project.advice.chosen_for(collection, each) is None]
        return [index for index in own if any(_is_taken(index, pattern) for pattern in missed)]

    # What is stored

    @held
    def written(self) -> list[tuple[Way, Collection, Content]]:
        """What each insert outside of tests stores, on each way to it."""
        found = []
        for operation in self._operations:
            if operation.name in inserts.INSERTING and operation.method.document:
                found += self._written_by(operation)
        return found

    @held_by
    def _written_by(self, operation: Operation) -> list[tuple[Way, Collection, Content]]:
        return [(way, of, inserts.content_of(self.tracer, way)) for way, of in self._ways(operation)]

    @held_by
    def _changed_by(self, operation: Operation) -> list[tuple[Way, Collection, Content, bool]]:
        """The parts of documents that an operation changes."""
        return [(way, of, *part) for way, of in self._ways(operation) for part in inserts.changes_of(self.tracer, way)]

    def _ways(self, operation: Operation) -> Iterator[tuple[Way, Collection]]:
        for way in inserts.ways(self.tracer, operation, self.project.tests):
            collection = inserts.collection_of(self.tracer, operation, way.frame)
            if collection is not None:
                yield way, collection

    @held
    def _stored(self) -> dict[str | None, list[tuple[Way, Collection, Content, bool]]]:
        """What is stored by collection: inserted documents, and parts of documents that updates change."""
        found = [(way, collection, content, False) for way, collection, content in self.written]
        for operation in self._operations:
            if operation.method.update or operation.name == "insert_many":
                found += self._changed_by(operation)
        stored: dict[str | None, list[tuple[Way, Collection, Content, bool]]] = {}
        for each in found:
            stored.setdefault(each[1].name, []).append(each)
        return stored

    @held
    def _several(self) -> list[tuple[Collection, frozenset[str]]]:
        """The collections, and the fields of which several documents may have the same values."""
        return [*several.find(self.tracer, self._operations, self.project.tests), *merged.find(self.project)]

    @held
    def _operations(self) -> list[Operation]:
        return [o for o in self.project.operations if o.module not in self.project.tests]

    @held
    def left_out(self) -> frozenset[int]:
        """Tests and scripts."""
        project = self.project
        return project.tests | {module for module in range(len(project.modules)) if project.is_script(module)}

    def _is_concurrent(self, module: int, scope: int) -> bool:
        """Whether a function may run twice at the same time; a script that a person runs does not."""
        return scope > 0 and self.project.reached(module, scope).runner != "script"

    # Unique indexes

    def _unique(
        self,
        collection: Collection,
        values: Mapping[str, Stored | None],
        constants: Mapping[str, Any],
        collation: Mapping[str, Any] | None = None,
    ) -> Constraint | None:
        """The unique index that is missing; None where there may be one, or where the fields are no key.

        ``values``: the fields, in the order of the keys, and how they are compared where that is known.
        """
        indexes = self.project.indexes_of(str(collection.name))
        if indexes is None or needs.keeps_unique(indexes, values):
            return None
        if any(needs.same(other, collection) and values.keys() <= equal for other, equal in self._several):
            return None
        partial: dict[str, Any] = {}
        doubt = ""
        for name, value in values.items():
            kinds = self._kinds(collection, values.keys(), name, constants[name]) if name in constants else ()
            if kinds:
                partial[name] = kinds[0] if len(kinds) == 1 else {"$in": list(kinds)}
                continue
            lack, kind = self._lack(collection, name, value)
            if kind == "array":
                return None  # an index holds its elements
            if lack == "missing":
                partial[name] = {"$exists": True}
            elif lack and asked.always(self.tracer, self._operations, self._looked, collection, values.keys()):
                continue
            elif lack and kind in (None, "string"):
                # All strings but the empty one. {"$type": "string"} says so, too, but then no query uses the index
                partial[name] = {"$gt": ""}
            elif lack:
                partial[name] = {"$type": kind}
                doubt = f"{name} is stored as null, too, and no query uses an index that leaves null out by its type"
        if values.keys() <= constants.keys() - partial.keys():
            return None  # other documents may share it
        if any(index.keys and {name for name, _ in index.keys} == set(values) for index in indexes):
            doubt = doubt or "an index on the same fields is declared already, and has to be dropped first"
        options = {"unique": True, **({"partialFilterExpression": partial} if partial else {})}
        options |= {"collation": dict(collation)} if collation else {}
        kept = f"documents that are only marked as deleted keep their {', '.join(values)}"
        remark = kept if self._stays_marked(collection, values) else ""
        return Constraint(collection, tuple((name, 1) for name in values), options, doubt, remark)

    @held_by
    def _key_looked_for(self, one: lookups.LookThenInsert) -> Constraint | None:
        """The unique index that is missing where a look-up decides about an insert."""
        if one.collection.name is not None:
            return self._unique(one.collection, one.values, dict(one.constants))
        content = inserts.content_of(self.tracer, one.way)
        put = {name: content.fields.get(name, compared) for name, compared in one.values.items()}
        if one.constants or any(lack for value in put.values() for lack in self._lacks(one.way, value)):
            return None
        return self._of_unnamed(one.collection, put)

    @held_by
    def _key_upserted(self, one: Upsert) -> Constraint | None:
        """The unique index that is missing where an upsert may make a document twice."""
        if one.collection.name is not None:
            return self._unique(one.collection, one.values, dict(one.constants), one.collation)
        if one.constants or one.collation or any(upserts.makes_null(self.tracer, one, name) for name in one.values):
            return None
        return self._of_unnamed(one.collection, one.values)

    def _of_unnamed(self, collection: Collection, values: Mapping[str, Stored]) -> Constraint | None:
        """The unique index that is missing on a collection whose name is not known: any index may be on that.

        What others store in it cannot be told, so the key has to be there where this one stores it.
        """
        indexes = self.project.indexes_of(None)
        if indexes is None or needs.keeps_unique(indexes, values):
            return None
        if any(values.keys() <= equal for _, equal in self._several):
            return None
        if any(nulls.type_of(self.tracer, value) == "array" for value in values.values()):
            return None
        return Constraint(collection, tuple((name, 1) for name in values), {"unique": True})

    def _kinds(self, collection: Collection, names: Iterable[str], name: str, constant: Any) -> tuple[Any, ...]:
        """The constants of one of the fields for which documents are one of a kind; none where all documents are.

        There is one index on the same keys, so it has to hold the documents of each look-up and upsert by them.
        """
        wanted = set(names)
        looked = [(one.insert, one.collection, one.values) for one in self._looked]
        deciding = [*looked, *((one.operation, one.collection, one.values) for one in self._upserted)]
        deciding = [one for one in deciding if one[2].keys() == wanted and needs.same(one[1], collection)]
        terms = {values[name].term for _, _, values in deciding}
        kinds = {term[2] for term in terms if term[0] == "const"} | {constant}
        if len(kinds) == len(terms) == 1 and self._is_always(collection, wanted, name, constant):
            return (constant,)
        if self._makes_others(collection, {(operation.module, operation.row) for operation, _, _ in deciding}):
            return tuple(sorted(kinds, key=repr))
        return ()

    def _is_always(self, collection: Collection, wanted: set[str], name: str, constant: Any) -> bool:
        """Whether all that asks a collection by these fields compares one of them with the same constant."""
        for operation in self._operations:
            if operation.filter.required.keys() == wanted and any(
                needs.same(each, collection) for each in operation.collections
            ):
                for compared in lookups.equalities(self.tracer, operation, None):
                    if name in compared and compared[name].term != ("const", *const(constant)):
                        return False
        return True

    def _makes_others(self, collection: Collection, known: set[tuple[int, int]]) -> bool:
        """Whether documents are made by other operations, too."""
        for operation in self._operations:
            if (operation.module, operation.row) in known or not named.may_make(self.tracer, operation):
                continue
            if not operation.collections or any(needs.same(each, collection) for each in operation.collections):
                return True
        return False

    def _stays_marked(self, collection: Collection, names: Iterable[str]) -> bool:
        """Whether something marks documents as deleted, and leaves fields of these names as they are."""
        kept = set(names)
        for way, own, content, is_part in self._stored.get(collection.name, ()):
            if not is_part or not needs.same(own, collection) or kept & content.fields.keys():
                continue
            scope = self.tracer.link.scope(way.operation.module, way.operation.scope)
            for name, value in content.fields.items():
                if needs.MARKS_DELETED.search(name) and value.term not in (
                    ("const", "NoneType", None),
                    ("const", "bool", False),
                ):
                    return True
                if _ACTIVE.search(name) and value.term == ("const", "bool", False) and _DELETING.search(scope.name):
                    return True
        return False

    def _lack(self, collection: Collection, name: str, compared: Stored | None) -> tuple[str, str | None]:
        """Whether a field is stored as null ("null") or left out ("missing") by some insert, and the type it has."""
        lacks: set[str] = set()
        kinds: set[str | None] = set()
        for way, own, content, is_part in self._stored.get(collection.name, ()):
            if not needs.same(own, collection):
                continue
            value = content.fields.get(name)
            if value is None and is_part:
                continue
            if value is None and compared is not None and content.sources:
                # All of something is stored, of which the field is looked up
                value = compared if self.tracer.member(content.sources[0], name) == compared.term else None
            if value is None:
                lacks.update([] if content.open or content.sources else ["missing"])
                continue
            kinds.add(nulls.type_of(self.tracer, value))
            lacks.update(self._lacks(way, value))
        if not kinds and compared is not None:  # only upserts store it
            kinds.add(nulls.type_of(self.tracer, compared))
            made = [one for one in self._upserted if needs.same(one.collection, collection) and name in one.values]
            nullable = [upserts.makes_null(self.tracer, one, name) for one in made]
            lacks.update(["null"] if any(nullable or [nulls.may_be_null(self.tracer, compared)]) else [])
        kinds.discard(None)
        return "null" if "null" in lacks else "missing" if lacks else "", kinds.pop() if len(kinds) == 1 else None

    def _lacks(self, way: Way, value: Stored) -> Iterator[str]:
        """Whether an insert stores a field as null, or leaves it out."""
        tracer = self.tracer
        is_asked = value.term in inserts.tested(tracer, way)
        if not value.sure:
            # What is set only if it is there is never null
            yield "null" if nulls.may_be_null(tracer, value) and not is_asked else "missing"
        elif nulls.may_be_null(tracer, value) or is_asked:
            if value.term not in inserts.present(tracer, way):
                yield "null"


def _may_expire(options: dict[str, Any], is_open: bool) -> bool:
    return "expireAfterSeconds" in options or is_open


def _fits(need: Constraint, pattern: Pattern) -> bool:
    """Whether an index that the data needs is the one that a query needs: a unique key needs no further fields."""
    is_same = need.keys == pattern.keys
    if "collation" in need.options and need.options["collation"] != pattern.options.get("collation"):
        return False
    if "unique" not in need.options or pattern.collation:
        return is_same
    is_whole = "partialFilterExpression" not in need.options
    return (is_same or is_whole) and {name for name, _ in need.keys} <= set(pattern.equal)


def _is_taken(index: IndexDeclaration, pattern: Pattern) -> bool:
    if index.keys != pattern.keys or index.options.get("collation") != pattern.options.get("collation"):
        return False
    return any(name in index.options for name in ("partialFilterExpression", "sparse"))
