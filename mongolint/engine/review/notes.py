"""What is to be asked of a collection: what the code shows, and whether that is meant it does not tell."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from mongolint.finding import Span
from mongolint.project.fields.shapes import KnownFields
from mongolint.project.model import Project
from mongolint.project.operations import Operation

_REMOVING = frozenset(
    ["delete_one", "delete_many", "find_one_and_delete", "find_and_modify", "remove", "bulk_write", "drop"]
)
_ADDING = frozenset(["insert_one", "insert_many", "insert"])

# A moment, and no span of time
_END = re.compile(r"_?(expires?|expiry|expiration)_?(at|on|date|time|datetime)", re.IGNORECASE)
# What is filled in where a field is named after a value
_VALUE = re.compile(r"<[^<>]*>")
# What changes as something is worked on, and values that say that it was, when, or how often
_STATE = re.compile(r"(status|state|stage|phase|progress|result|error|reason|token|otp)$", re.IGNORECASE)
_MARKING = frozenset(["date", "bool", "null", "number"])
# With them an index does not do for others
_PARTIAL = frozenset(["partialFilterExpression", "sparse", "collation", "hidden"])
# Places that a note names
_MAX_PLACES = 3
_TYPES = {"objectId": "an ObjectId", "string": "a string", "date": "a date", "number": "a number"}
_NESTED = {"object", "array"}


def notes(project: Project, name: str, known: KnownFields, held: Mapping[str, Any]) -> Iterator[str]:
    """What a reader of the table should know besides.

    ``held``: the collection on the map.
    """
    run = [each for each in project.operations_on(name) if each.module not in project.tests]
    names = {operation.name for operation in run}
    yield from _decreased(project, name)
    yield from _unanswered(project, name)
    yield from _filled(project, name)
    dated = [field.name for field in known.fields.values() if field.written and "date" in field.kinds]
    expires = any(i.collection_name == name and (i.open or "expireAfterSeconds" in i.options) for i in project.indexes)
    added = [each for each in run if each.name in _ADDING and not project.is_script(each.module)]
    piles_up = bool(added) and not project.writes.is_of_one_each(added) and name not in project.fields.edited
    is_log = all(each.method.kind != "write" or each.name in _ADDING for each in run)
    if dated and piles_up and not names & _REMOVING and not expires and (is_log or not _is_edited(known)):
        # What is written again later tells no age, save where no other date is there
        kept = [each for each in dated if not any(use.how == "update" for use in known.fields[each].written)]
        yield (
            f"documents are {'only ' if is_log else ''}added, nothing that the code shows deletes them, and no TTL "
            f"index ends them: how long are they kept? ({(kept or dated)[0]} tells their age)"
        )
    if names & _ADDING and not names & _REMOVING:
        yield from _ending(known)
    top = [field for field in known.fields.values() if "." not in field.name and field.name != "_id"]
    asked = [field.name for field in top if field.read and not field.written]
    if asked and len(asked) < len(top) and not known.open:
        right = "are they named right?" if len(asked) > 1 else "is it named right?"
        yield f"no write that the code shows stores {', '.join(asked[:5])}: {right}"
    yield from _of_two_types(known)
    yield from _by_value(project, run)
    yield from _tested_numbers(project, name)
    yield from _cut_off(project, run)
    yield from _first_of_each(project, run)
    yield from _together(project, name)
    yield from _of_all(project, run)
    yield from _by_case(project, name, run)
    yield from _unheeded(project, run)
    unchecked = _among(run, project.fields.unchecked_ids)
    if unchecked:
        yield (
            f"what the path of a request names is made an ObjectId ({_places(project, unchecked)}), which raises "
            "InvalidId for a text that is none, and nothing that the code shows catches it: is 500 the answer to give?"
        )
    yield from _copied(project, name)
    yield from _left(project, name, ends=expires)
    yield from _read_twice(project, name)
    yield from _read_again(project, run)
    idle = [index["name"] for index in held["indexes"] if index["status"] == "nothing" and not index["purposes"]]
    if idle and None not in idle:
        which = "it" if len(idle) == 1 else "them"
        yield f"no query that the code shows can use {' or '.join(idle)}, and each write keeps {which} up: what for?"
    yield from _spare(project, run, held)


def _is_edited(known: KnownFields) -> bool:
    """Whether updates change more than a state and when that was, as they do of what people write and keep."""
    changed = [(field.name, use) for field in known.fields.values() for use in field.written if use.how == "update"]
    return known.open or any(
        not _STATE.search(name) and not (use.kinds and _MARKING.issuperset(use.kinds)) for name, use in changed
    )


def _spare(project: Project, run: Sequence[Operation], held: Mapping[str, Any]) -> Iterator[str]:
    """The indexes of which no query asks more than another one has, too."""
    shapes = {shape["id"]: shape for shape in held["shapes"]}
    named = {}
    for operation in run:
        names = project.fields.named_after(operation)
        if names and project.fields.all_named(operation):
            span = project.operation_span(operation)
            named[span.file, span.line, span.column] = {name.partition(".")[0] for name in names}
    for index in held["indexes"]:
        asked = [shapes.get(each) for each in index["also"]]
        others = any(index[use] for use in ("best", "possible", "purposes", "distincts", "unread"))
        if others or index["server"] or not asked or any(index["elsewhere"].values()) or not index["keys"]:
            continue
        found = {_enough(index, shape, held["indexes"], named) if shape else None for shape in asked}
        if len(found) == 1 and (pair := found.pop()) is not None:
            fields, other = pair
            yield (
                f"no query that the code shows asks more of {index['name']} than {fields}, which {other} has, too, and "
                "each write keeps it up: what for?"
            )


def _enough(
    index: Mapping[str, Any],
    shape: Mapping[str, Any],
    indexes: Sequence[Mapping[str, Any]],
    named: Mapping[tuple[str, int, int], set[str]],
) -> tuple[str, str] | None:
    """What a query asks of an index, if that is how another one begins by which it is served; and that one."""
    heads = {str(name).partition(".")[0] for name, _ in index["keys"]}
    places = [(each["file"], each["line"], each["column"]) for each in shape["places"]]
    if shape["options"] or (shape["open"] and any(heads & named.get(place, heads) for place in places)):
        return None
    asked = {*_compared(shape["filter"]), *(name for name, _ in shape["sort"])}
    keys = [name for name, _ in index["keys"]]
    common = [name for name, _ in zip(keys, itertools.takewhile(asked.__contains__, keys), strict=False)]
    best = [indexes[int(number)] for number, use in shape["uses"].items() if use == "best"]
    if not common or asked & {*keys[len(common) :]} or len(common) == len(keys) or len(best) != 1:
        return None
    theirs = [name for name, _ in best[0]["keys"] or ()]
    # Of one that the spare one begins with, a rule says that it can go itself
    is_same = theirs[: len(common)] == common and keys[: len(theirs)] != theirs
    is_plain = not _PARTIAL & {*best[0]["options"], *index["options"]}
    return (_listed(common), best[0]["name"]) if is_same and is_plain and best[0]["name"] else None


def _compared(items: Sequence[Mapping[str, Any]], above: str = "") -> Iterator[str]:
    """The fields of a filter, as the map has it, those of its branches too."""
    for item in items:
        name = f"{above}.{item['field']}".strip(".") if item["field"] else above
        if "members" not in item:
            yield name
        for member in item.get("members", ()):
            yield from _compared(member, name)


def _of_two_types(known: KnownFields) -> Iterator[str]:
    """The fields that one place stores as one of two types: a decision, which queries have to know of."""
    for field in known.fields.values():
        for use in field.written:
            kinds = [_TYPES.get(kind, kind) for kind in use.kinds if kind not in ("null", "bool")]
            if use.exact and use.values and len(kinds) == 2 and not {*use.kinds} & _NESTED and "." not in field.name:
                yield (
                    f"{field.name} is stored now as {kinds[0]}, now as {kinds[1]} ({use.span.file}:{use.span.line}): "
                    "is that meant? A range meets one type only, and a sort keeps them apart"
                )
                break


def _ending(known: KnownFields) -> Iterator[str]:
    """The fields that say when a document ends in a way that no TTL index can read."""
    for field in known.fields.values():
        kinds = {kind for use in field.written for kind in use.kinds}
        if _END.fullmatch(field.name) and kinds and kinds <= {"number", "string"}:
            yield (
                f"{field.name} says when a document ends, and nothing that the code shows deletes it then: is it to "
                f"stay? (a TTL index would end it, if that were a date; it is a {' or '.join(sorted(kinds))})"
            )


def _by_value(project: Project, run: Sequence[Operation]) -> Iterator[str]:
    """The filters by fields that are named after a value, which only a wildcard index would serve.

    Source: MongoDB manual, "Wildcard Indexes".
    """
    found: dict[str, dict[int, Operation]] = {}
    for operation in run:
        for field in project.fields.named_after(operation):
            found.setdefault(_VALUE.sub("<…>", field), {})[id(operation)] = operation
    for field, queries in found.items():
        ask = "1 query asks" if len(queries) == 1 else f"{len(queries)} queries ask"
        yield (
            f"{ask} for {field} ({_places(project, queries.values())}), a field that is named after a value, which no "
            f"index serves but a wildcard one on {field.partition('<')[0]}$**: would an array of documents do, with "
            "that value in a field of each?"
        )
    unlike = [operation for operation in run if project.fields.unlike(operation)]
    if unlike:
        names = dict.fromkeys(_VALUE.sub("<…>", field) for each in unlike for field in project.fields.unlike(each))
        ask = "1 query asks" if len(unlike) == 1 else f"{len(unlike)} queries ask"
        yield (
            f"{ask} by $ne for {' and '.join(names)} ({_places(project, unlike)}): documents without the field fit, "
            "too: are they meant? ($exists: true beside it leaves them out)"
        )


def _tested_numbers(project: Project, name: str) -> Iterator[str]:
    """The fields that are added up, and in which a number may be a text."""
    for each in project.fields.tested_numbers:
        if each.collection == name:
            test = project.token(*each.test)
            yield (
                f"what is added up in {each.field} ({_places(project, each.added)}) is stored as it came "
                f"({_places(project, [each.operation])}), and {test.file}:{test.line} only tests that it makes a "
                "number: one that came as a text stays one, which $avg and $sum leave out: may it? (store the number "
                "that the test makes)"
            )


def _cut_off(project: Project, run: Sequence[Operation]) -> Iterator[str]:
    """The queries of the application that take some documents, and nothing says which."""
    found = {}
    for operation in run:
        if operation.name == "find" and not operation.sort and not project.is_script(operation.module):
            most = project.results.listed_at_most(operation)
            if most is not None and most > 1:
                span = project.operation_span(operation)
                found[span] = f"{span.file}:{span.line} at {most}"
    if found:
        places = [found[span] for span in sorted(found)]
        more = f" and {len(places) - _MAX_PLACES} more" if len(places) > _MAX_PLACES else ""
        stop = "1 query stops" if len(places) == 1 else f"{len(places)} queries stop"
        yield (
            f"{stop} at a number of documents, without a sort ({', '.join(places[:_MAX_PLACES])}{more}): when there "
            "are more, which are left out, and who is told?"
        )


def _first_of_each(project: Project, run: Sequence[Operation]) -> Iterator[str]:
    """The queries that keep one document of each group, of so many that are read."""
    for operation in run:
        field = None if project.is_script(operation.module) else project.results.first_of_each(operation)
        if field is not None:
            yield (
                f"of the first {project.results.listed_at_most(operation)} documents one is kept for each {field} "
                f"({_places(project, [operation])}): when there are more, what would be kept of the rest is missing, "
                "and nobody is told: is that meant? ($group with $first behind the $sort sends one of each)"
            )


def _together(project: Project, name: str) -> Iterator[str]:
    """The functions that find the same documents several times, each time for something else."""
    places = []
    for each in project.advice.together:
        if each.collection == name:
            spans = sorted(project.operation_span(one) for one in each.operations)
            places.append((spans[0], f"{spans[0].file} lines {_listed([str(span.line) for span in spans])}"))
    if places:
        more = f"; {len(places) - _MAX_PLACES} more" if len(places) > _MAX_PLACES else ""
        what = "a function asks" if len(places) == 1 else f"{len(places)} functions ask"
        yield (
            f"{what} for the same documents several times, each time for another result of them "
            f"({'; '.join(place for _, place in sorted(places)[:_MAX_PLACES])}{more}): would one aggregate do, with a "
            "$facet behind its $match? It reads them once, as they are at one time"
        )


def _copied(project: Project, name: str) -> Iterator[str]:
    """The arrays that a new document takes over, while updates keep them alike in all that belong together."""
    for each in project.sessions.copied:
        if each.collection == name:
            read, insert = (project.token(each.module, row) for row in (each.read[1], each.row))
            it = "it" if len(each.fields) == 1 else "them"
            yield (
                f"{each.operation.name} ({insert.file}:{insert.line}) takes over {_listed(each.fields)} as line "
                f"{read.line} read {it}, and update_many ({_places(project, each.updates)}) changes {it} in all "
                f"documents with one {_listed(each.group)}: a change in between is missing in the new document, may it "
                "be? (stored once for all of them, there is no copy that can differ)"
            )


def _among(run: Sequence[Operation], found: Iterable[Operation]) -> list[Operation]:
    """The operations of a collection that are among those found in the whole project."""
    known = set(map(id, found))
    return [each for each in run if id(each) in known]


def _of_all(project: Project, run: Sequence[Operation]) -> Iterator[str]:
    """What requests read a whole collection for."""
    gathered = _among(run, project.results.gathered)
    if gathered:
        what = "1 pipeline reads" if len(gathered) == 1 else f"{len(gathered)} pipelines read"
        yield (
            f"{what} all documents at each request, with no $match before they are put together "
            f"({_places(project, gathered)}): would those of a span of time do, or a result that is kept for a while?"
        )
    counted = _among(run, project.results.counted_whole)
    if counted:
        what = "a request counts" if len(counted) == 1 else "requests count"
        yield (
            f"{what} all documents one by one ({_places(project, counted)}): would estimated_document_count() do, "
            "which only asks what the collection says of itself?"
        )


def _unheeded(project: Project, run: Sequence[Operation]) -> Iterator[str]:
    """The writes of which a client is told the same whether or not there was such a document."""
    found = _among(run, project.results.unheeded)
    if found:
        what = "a request writes" if len(found) == 1 else f"{len(found)} requests write"
        told = "deleted_count" if all(each.name == "delete_one" for each in found) else "matched_count"
        yield (
            f"{what} to what the path names, and nothing looks whether that was there ({_places(project, found)}): is "
            f"the answer the same when it was not? ({told} tells)"
        )


def _decreased(project: Project, name: str) -> Iterator[str]:
    """The numbers from which an update takes whatever it is told to."""
    found: dict[str, list[Span]] = {}
    for each in project.sessions.decreases:
        if each.operation.runs_on(name):
            found.setdefault(each.field, []).append(project.token(each.module, each.row))
    for field, updates in found.items():
        takes = "an update takes" if len(updates) == 1 else f"{len(updates)} updates take"
        yield (
            f"{takes} an amount off {field} ({_first(updates)}), and no filter asks whether that much is "
            f"there: may it go below zero? ({{{field}: {{$gte: the amount}}}} in the filter lets the server refuse, "
            "and matched_count then tells)"
        )


def _unanswered(project: Project, name: str) -> Iterator[str]:
    """The writes that fail when a unique index refuses them: what a client is to see then is a decision."""
    told = {(each.operation.module, each.operation.row) for each in project.sessions.numbered}
    found: dict[str, list[Operation]] = {}
    for each in project.sessions.unanswered:
        if each.collection == name and (each.operation.module, each.operation.row) not in told:
            found.setdefault(each.refusing.name, []).append(each.operation)
    for index, writes in found.items():
        yield (
            f"{index} refuses a second document with the same key, and nothing that the code shows catches the "
            f"DuplicateKeyError where a request writes one ({_places(project, writes)}): is 500 the answer to give?"
        )


def _filled(project: Project, name: str) -> Iterator[str]:
    """What two workers that start at the same time store twice: whether there are several, the code does not tell."""
    made = [each for each in project.sessions.filled if each.collection == name]
    refused = [each for each in made if each.refusing is not None]
    if refused:
        names = " and ".join(dict.fromkeys(each.refusing.name for each in refused if each.refusing is not None))
        yield (
            "a start of the application stores what it has not found "
            f"({_places(project, (each.operation for each in refused))}), and of two workers that start at the same "
            f"time {names} refuses the second: does it start all the same? "
            "(nothing that the code shows catches the DuplicateKeyError)"
        )
    inserted = [each.operation for each in made if each.refusing is None]
    if inserted:
        yield (
            f"a start of the application that finds it empty fills it ({_places(project, inserted)}), and no unique "
            "index refuses what a second worker brings, which starts at the same time: does only one ever start?"
        )


def _places(project: Project, operations: Iterable[Operation]) -> str:
    """Where operations are, of many the first."""
    return _first(project.operation_span(each) for each in operations)


def _first(places: Iterable[Span]) -> str:
    spans = sorted(places)
    more = f" and {len(spans) - _MAX_PLACES} more" if len(spans) > _MAX_PLACES else ""
    return ", ".join(f"{span.file}:{span.line}" for span in spans[:_MAX_PLACES]) + more


def _listed(names: Sequence[str]) -> str:
    return f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else names[0]


def _by_case(project: Project, name: str, run: Sequence[Operation]) -> Iterator[str]:
    """The unique keys that tell upper from lower case, while the code looks them up as if that were one."""
    unique = [
        index
        for index in project.indexes
        if index.collection_name == name and (index.options.get("unique") is True or index.open) and index.keys
    ]
    for index in unique:
        (field, _), *others = index.keys or ()
        beside = [each for each in unique if each is not index and each.keys and each.keys[0][0] == field]
        if others or index.open or "collation" in index.options or beside:
            continue
        queries = [project.query(each) for each in run if each.filter.required.get(field) == "equality"]
        if any(query.collation and query.collation.get("strength") in (1, 2) for query in queries):
            yield (
                f"{field} is looked for whatever the case of its letters, and the unique index on it tells case apart: "
                f"may two documents differ in that alone? (if not, the index needs the collation of the queries)"
            )


def _left(project: Project, name: str, *, ends: bool) -> Iterator[str]:
    """The deletes that leave what a log says of what they delete: a decision, which the code does not tell."""
    for found in project.deletes.records:
        fields = [each.field for each in found.left if each.child == name]
        if fields:
            span = project.operation_span(found.operation)
            functions = dict.fromkeys(
                project.function_name(each.module, each.scope) for each in found.unused if each.runs_on(name)
            )
            spare = f"; {' and '.join(functions)} would delete them, but nothing runs it" if functions else ""
            yield (
                f"{found.operation.name} on {found.operation.target} ({span.file}:{span.line}) leaves those that name "
                f"what it deletes ({fields[0]}){spare}: are they to stay{' until they expire' if ends else ''}?"
            )


def _read_twice(project: Project, name: str) -> Iterator[str]:
    """Which functions read a document that they could have been handed; read anew, it may be wanted so."""
    places = []
    for each in project.results.read_twice:
        if each.collection == name:
            first, again = (project.token(each.module, row) for row in (each.first, each.again))
            one, other = (project.callee_name(each.module, row) for row in (each.first, each.again))
            place = f"{first.file}:{first.line} by {one}, and line {again.line} by {other}"
            places.append((first.file, first.line, place))
    if places:
        more = f"; {len(places) - _MAX_PLACES} more" if len(places) > _MAX_PLACES else ""
        what = "a function reads" if len(places) == 1 else f"{len(places)} functions read"
        yield (
            f"{what} one document twice, with no write in between that the code shows: can the first be handed on? "
            f"({'; '.join(place for _, _, place in sorted(places)[:_MAX_PLACES])}{more})"
        )


def _read_again(project: Project, run: Sequence[Operation]) -> Iterator[str]:
    """Which handlers read what the framework has had read for them, for the same request."""
    found: dict[str, list[Operation]] = {}
    for each in project.results.read_again:
        if any(each.operation is one for one in run):
            found.setdefault(project.function_name(*each.provider), []).append(each.operation)
    for provider, reads in found.items():
        what = "1 query asks" if len(reads) == 1 else f"{len(reads)} queries ask"
        yield (
            f"{what} for the document that {provider} has read for the same request ({_places(project, reads)}): would "
            "that one do?"
        )
