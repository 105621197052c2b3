"""Questions about what is kept, documents and indexes, and may be kept for nothing: ``KINDS``, the weightiest first."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mongolint.engine.review.questions.asked import Asked, listed, spans
from mongolint.engine.review.questions.held import Held
from mongolint.finding import Span
from mongolint.project.fields.shapes import KnownFields

_REMOVING = frozenset(
    ["delete_one", "delete_many", "find_one_and_delete", "find_and_modify", "remove", "bulk_write", "drop"]
)
_ADDING = frozenset(["insert_one", "insert_many", "insert"])

# A moment, and no span of time
_END = re.compile(r"_?(expires?|expiry|expiration)_?(at|on|date|time|datetime)", re.IGNORECASE)
# What changes as something is worked on, and values that say that it was, when, or how often
_STATE = re.compile(r"(status|state|stage|phase|progress|result|error|reason|token|otp)$", re.IGNORECASE)
_MARKING = frozenset(["date", "bool", "null", "number"])
# With them an index does not do for others
_PARTIAL = frozenset(["partialFilterExpression", "sparse", "collation", "hidden"])


def _piling_up(of: Held) -> Iterator[Asked]:
    """What grows for as long as the application runs."""
    project, known = of.project, of.known
    dated = [field.name for field in known.fields.values() if field.written and "date" in field.kinds]
    added = [each for each in of.run if each.name in _ADDING and not project.is_script(each.module)]
    piles_up = bool(added) and not project.writes.is_of_one_each(added) and of.name not in project.fields.edited
    is_log = all(each.method.kind != "write" or each.name in _ADDING for each in of.run)
    if dated and piles_up and not of.names & _REMOVING and not of.expires and (is_log or not _is_edited(known)):
        # What is written again later tells no age, save where no other date is there
        kept = [each for each in dated if not any(use.how == "update" for use in known.fields[each].written)]
        question, ground = "How long are the documents kept?", "Nothing that the code shows deletes them, and no TTL"
        yield Asked(
            "upkeep",
            question,
            f"{ground} index ends them ({(kept or dated)[0]} tells their age).",
            of.name,
            spans(project, added),
            ((kept or dated)[0],),
            (question, f"{ground} index ends them (the field in brackets tells their age)."),
        )


def _is_edited(known: KnownFields) -> bool:
    """Whether updates change more than a state and when that was, as they do of what people write and keep."""
    changed = [(field.name, use) for field in known.fields.values() for use in field.written if use.how == "update"]
    return known.open or any(
        not _STATE.search(name) and not (use.kinds and _MARKING.issuperset(use.kinds)) for name, use in changed
    )


def _ending(of: Held) -> Iterator[Asked]:
    """The fields that say when a document ends in a way that no TTL index can read."""
    if not of.names & _ADDING or of.names & _REMOVING:
        return
    for field in of.known.fields.values():
        kinds = {kind for use in field.written for kind in use.kinds}
        if _END.fullmatch(field.name) and kinds and kinds <= {"number", "string"}:
            yield Asked(
                "upkeep",
                f"Is a document to stay after its {field.name}?",
                "Nothing that the code shows deletes it then; a TTL index would, if that were a date (it is a "
                f"{' or '.join(sorted(kinds))}).",
                of.name,
                [use.span for use in field.written],
            )


def _left(of: Held) -> Iterator[Asked]:
    """The deletes that leave what a log says of what they delete: a decision, which the code does not tell."""
    project = of.project
    for found in project.deletes.records:
        fields = [each.field for each in found.left if each.child == of.name]
        if fields:
            functions = dict.fromkeys(
                project.function_name(each.module, each.scope) for each in found.unused if each.runs_on(of.name)
            )
            until = ", until they expire" if of.expires else ""
            spare = f"; {' and '.join(functions)} would delete them, but nothing runs it" if functions else ""
            yield Asked(
                "upkeep",
                f"Are documents to stay whose {fields[0]} names what was deleted{until}?",
                f"{found.operation.name} on {found.operation.target} leaves them{spare}.",
                of.name,
                spans(project, [found.operation]),
            )


def _idle(of: Held) -> Iterator[Asked]:
    """The indexes that do nothing, as far as the code shows."""
    indexes = [each for each in of.map["indexes"] if each["status"] == "nothing" and not each["purposes"]]
    idle = [each["name"] for each in indexes]
    if idle and None not in idle:
        yield Asked(
            "upkeep",
            f"What is the index {idle[0]} for?",
            "No query that the code shows can use it, and each write keeps it up.",
            of.name,
            [_place(each) for index in indexes for each in index["places"]],
            tuple(idle),
            ("What are these indexes for?", "No query that the code shows can use them, and each write keeps them up."),
        )


def _spare(of: Held) -> Iterator[Asked]:
    """The indexes of which no query asks more than another one has, too."""
    shapes = {shape["id"]: shape for shape in of.map["shapes"]}
    named = {}
    for operation in of.run:
        names = of.project.fields.named_after(operation)
        if names and of.project.fields.all_named(operation):
            span = of.project.operation_span(operation)
            named[span.file, span.line, span.column] = {name.partition(".")[0] for name in names}
    for index in of.map["indexes"]:
        asked = [shapes.get(each) for each in index["also"]]
        others = any(index[use] for use in ("best", "possible", "purposes", "distincts", "unread"))
        if others or index["server"] or not asked or any(index["elsewhere"].values()) or not index["keys"]:
            continue
        found = {_enough(index, shape, of.map["indexes"], named) if shape else None for shape in asked}
        if len(found) == 1 and (pair := found.pop()) is not None:
            fields, other = pair
            yield Asked(
                "upkeep",
                f"What is the index {index['name']} for, beside {other}?",
                f"No query that the code shows asks more of it than {fields}, which the other has, too, and each write "
                "keeps it up.",
                of.name,
                [_place(each) for each in index["places"]],
                (f"{index['name']} beside {other}",),
                (
                    "What are these indexes for, beside others?",
                    "No query that the code shows asks more of them than the others have, too, and each write keeps "
                    "them up.",
                ),
            )


def _place(record: Mapping[str, Any]) -> Span:
    """Where the map has an index declared."""
    return Span(record["file"], record["line"], record["column"], record["line"], record["column"])


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
    return (listed(common), best[0]["name"]) if is_same and is_plain and best[0]["name"] else None


def _compared(items: Sequence[Mapping[str, Any]], above: str = "") -> Iterator[str]:
    """The fields of a filter, as the map has it, those of its branches too."""
    for item in items:
        name = f"{above}.{item['field']}".strip(".") if item["field"] else above
        if "members" not in item:
            yield name
        for member in item.get("members", ()):
            yield from _compared(member, name)


KINDS = (_piling_up, _ending, _left, _idle, _spare)
