"""The words of a review, whatever it is written as."""

from __future__ import annotations

import ast
import itertools
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from mongolint.report import writing

MERGE = "mongolint check --fix --unsafe-fixes"
SEVERITIES = ("critical", "high", "medium", "low")
LEVELS = {"red": "critical", "orange": "poor", "yellow": "fair", "green": "good"}
CONCERNS = {
    "speed": "speed",
    "integrity": "integrity of the data",
    "resilience": "resilience",
    "visibility": "visibility",
    "upkeep": "upkeep",
}
# What stands above the questions
ASKING = (
    "The code shows this, and does not tell whether it is meant. What may spoil or hide data comes first, then what "
    "fails, what is slow, and what is kept for nothing."
)
# Details and places beside one of them
_MOST_ASKED = 3
PRIORITIES = {1: "keeps the data right", 2: "queries scan without it", 3: "ends what is over", 4: "may help"}
VERDICTS = {
    "served": "an index serves it",
    "partial": "an index serves a part of it",
    "unserved": "it reads the whole collection",
    "unknown": "only the running program knows",
    "none": "it has no filter",
}
_VALIDATORS = {True: "yes", False: "none in the code", None: "known only at run time"}
EVIDENCE = (
    "A tick means that a line of the repository answers the question; that line stands beside it. The others are "
    "questions, not findings: the source does not answer them, or a line only has to do with them. What tests, "
    "examples and idle code say does not count."
)
_SCRIPTS = "In scripts and migrations and what only they call, which no request waits for"
_IDLE = "In functions that nothing calls, as far as the code shows"
_TESTS = "In tests"
# What is counted apart everywhere, by the mark of a place
_APART = {"idle": "in code that nothing runs", "test": "in tests"}
# More names than that tell nobody anything
_MOST_NAMES = 4
_MOST_FIELDS = 14
_MARKS = {
    "unique": "unique",
    "expireAfterSeconds": "TTL",
    "partialFilterExpression": "partial",
    "sparse": "sparse",
    "collation": "collation",
    "hidden": "hidden",
}
# Of the engine's completeness, in percent
_PARTS = (
    "50 for the share of its queries that a declared index serves, 20 if each key that has to be unique is, 20 if the "
    "code shows all fields, and 10 for a validator. A query that an index serves in part counts half, and one that "
    "only the running program knows does not count; where there is none to count, it is the share of the other 50. A "
    "time series takes no validator"
)


def is_code(text: str) -> bool:
    """Whether what a person should write is Python, in which "…" stands for what is left open, and no advice."""
    try:
        ast.parse(text.replace("…", "..."))
    except (SyntaxError, ValueError):
        return False
    return True


def appended(advice: str) -> str:
    """What is to be done, behind the title of a fix: a sentence of its own, unless it begins with code."""
    first = advice.partition(" ")[0]
    return f". {advice[:1].upper()}{advice[1:]}." if first.isalpha() else f": {advice}"


def mending(place: Mapping[str, Any]) -> str:
    """What mends a place: the title of the fix, or how, where only the finding says that, in words."""
    fix = place["fix"]
    is_advice = fix["text"] and not fix["diff"] and fix["text"] in place["message"] and not is_code(fix["text"])
    return str(fix["text"] if is_advice else fix["title"])


def completeness() -> str:
    """The formula behind the last column of the table of collections."""
    return f"Complete, in percent: {_PARTS}."


def complete(held: Mapping[str, Any]) -> str:
    """How complete a collection is, and on how many of its queries that rests if not on all."""
    rated = held["completeness"]
    known = f"{rated['judged']} of {counted(rated['queries'], 'query')} known" if rated["queries"] else ""
    return f"{rated['percent']} %" + (f" ({known})" if rated["judged"] < rated["queries"] else "")


def validator(held: Mapping[str, Any]) -> str:
    """Whether a collection has a validator."""
    return "a time series takes none" if held["timeseries"] else _VALIDATORS[held["validator"]]


def size() -> str:
    """What the sizes of a plan mean."""
    return (
        "S: half a day; M: some days; L: more. A fix that can be applied counts as a quarter of an hour, as does an "
        "index; one by hand as an hour, or as a day where what is stored has to be moved. What mends several places "
        "counts once."
    )


def overview(review: Mapping[str, Any]) -> str:
    """How much was read, in one sentence."""
    scope = review["scope"]
    tests = f", {scope['tests']} of them tests," if scope["tests"] else ""
    return (
        f"{counted(scope['files'], 'file')}{tests} with {counted(scope['operations'], 'operation')} on "
        f"{counted(scope['collections'], 'collection')} were read; nothing was run."
    )


def named(collections: Sequence[str], before: str) -> str:
    """What is touched, to stand behind other words: ": books and users"."""
    if not collections:
        return ""
    shown = list(collections[:_MOST_NAMES])
    if len(collections) > _MOST_NAMES:
        shown.append(f"{len(collections) - _MOST_NAMES} more")
    return before + listed(shown)


def in_collections(places: Sequence[Mapping[str, Any]]) -> str:
    """The collections of places, to stand behind their number."""
    return named(sorted({name for place in places for name in place["collections"]}), " on ")


def unmade(indexes: Sequence[Mapping[str, Any]]) -> str:
    """Said of indexes that are declared in vain."""
    left = sum(not index["made"] for index in indexes)
    which = "" if left == len(indexes) == 1 else "all " if left == len(indexes) else f"{left} of them "
    return f" ({which}made by no start of the application)" if left else ""


def counted(number: int, noun: str) -> str:
    plural = f"{noun[:-1]}ies" if noun.endswith("ry") else f"{noun}s"
    return f"{number} {noun if number == 1 else plural}"


def counts(review: Mapping[str, Any]) -> list[tuple[str, int]]:
    """The findings by severity, and those that are counted apart everywhere."""
    found = review["counts"]
    apart = [(where, found[kind]) for kind, where in _APART.items() if found[kind]]
    return [*((severity, found[severity]) for severity in SEVERITIES), *apart]


def merging() -> str:
    """What to know of fixes that change the same lines."""
    what = "Each diff is against the source as it is"
    return f"{what}; of several that change the same lines, this makes one after the other"


def numbers(issue: Mapping[str, Any]) -> str:
    """How many places an issue has, and how many of each severity where they differ, as the plan counts them."""
    places = issue["places"]
    only = waiting(issue)
    if only:
        return f"{counted(len(places), 'place')}{only}"
    run = [place for place in places if not _is_apart(place)] or places
    counts = Counter(str(place["severity"]) for place in run)
    parts = [f"{counts[severity]} {severity}" for severity in SEVERITIES if counts[severity]]
    apart = {where: sum(place[kind] for place in places) for kind, where in _APART.items()}
    parts += [f"{number} {where}" for where, number in apart.items() if number]
    return counted(len(places), "place") + (f": {', '.join(parts)}" if len(parts) > 1 else "")


def extent(issue: Mapping[str, Any]) -> str:
    """How much there is of a risk, and where; what it does is said where it is found."""
    return counted(len(issue["places"]), "place") + in_collections(issue["places"])


def waiting(issue: Mapping[str, Any]) -> str:
    """Said of a risk that there is only once something runs the code, or in tests; "" for others."""
    places = issue["places"]
    return next((f", {where}" for kind, where in _APART.items() if all(place[kind] for place in places)), "")


def _is_apart(place: Mapping[str, Any]) -> bool:
    return any(place[kind] for kind in _APART)


def by_file(places: Sequence[Mapping[str, Any]]) -> dict[str, list[int]]:
    """The lines of places, each once, by their file."""
    found: dict[str, list[int]] = {}
    for place in places:
        lines = found.setdefault(place["file"], [])
        if place["line"] not in lines:
            lines.append(place["line"])
    return found


def by_runner(places: Sequence[Mapping[str, Any]]) -> list[tuple[str, list[Mapping[str, Any]]]]:
    """Places by what runs them: those of the application, which need no words, then the others with theirs."""
    groups: dict[str, list[Mapping[str, Any]]] = {"": [], _IDLE: [], _SCRIPTS: [], _TESTS: []}
    for place in places:
        kinds = {_TESTS: place["test"], _SCRIPTS: place["script"], _IDLE: place["idle"]}
        groups[next((intro for intro, is_so in kinds.items() if is_so), "")].append(place)
    return [(intro, held) for intro, held in groups.items() if held]


def listed(words: Sequence[str]) -> str:
    """Words as people list them: "a, b and c"."""
    return f"{', '.join(words[:-1])} and {words[-1]}" if len(words) > 1 else "".join(words)


def asked(review: Mapping[str, Any]) -> list[tuple[str, list[Mapping[str, Any]]]]:
    """The questions by what would suffer, in their order, which is that of their weight."""
    found: dict[str, list[Mapping[str, Any]]] = {}
    for question in review["questions"]:
        found.setdefault(CONCERNS[question["concern"]], []).append(question)
    return list(found.items())


def asked_of(question: Mapping[str, Any]) -> str:
    """The collections of which a question is asked, with what of each is meant: "users (email_1)"."""
    return listed([f"{of['collection']}{_detailed(of['details'])}" for of in question["of"]])


def _detailed(details: Sequence[str]) -> str:
    shown = [*details[:_MOST_ASKED], *([f"{len(details) - _MOST_ASKED} more"] if len(details) > _MOST_ASKED else [])]
    return f" ({listed(shown)})" if details else ""


def first_places(question: Mapping[str, Any]) -> tuple[list[Mapping[str, Any]], int]:
    """Some places that a question is about, the first of each collection before others; and how many more there are."""
    rounds = itertools.zip_longest(*(of["places"] for of in question["of"]))
    places = list({(each["file"], each["line"]): each for row in rounds for each in row if each}.values())
    shown = sorted(places[:_MOST_ASKED], key=lambda each: (each["file"], each["line"]))
    return shown, max(0, len(places) - _MOST_ASKED)


def needs_replica_set(review: Mapping[str, Any], issue: Mapping[str, Any]) -> str:
    """Said of a finding that asks for a transaction, where the repository starts a server that has none."""
    topic = next((item for item in review["operations"] if item["topic"] == "replica set"), None)
    if not issue["transactional"] or topic is None or not topic["bearing"]:
        return ""
    place = topic["bearing"][0]
    return (
        f"Only a replica set has transactions. {place['file']}:{place['line']} starts a server, and nothing in the "
        "repository makes it a member of one: such a standalone refuses the first operation of a transaction "
        "(IllegalOperation, code 20). Find out what production runs before you change this"
    )


def told_with(review: Mapping[str, Any], issue: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The rules that are told with a finding, but for one that has a finding of its own which says so."""
    own = {each["code"] for each in review["issues"] if each["ends_with"] == issue["id"]}
    return [also for also in issue["also"] if also["code"] not in own]


def ending(review: Mapping[str, Any], issue: Mapping[str, Any]) -> str:
    """Said of a finding that is gone once another one is mended."""
    other = next(each for each in review["issues"] if each["id"] == issue["ends_with"])
    return f"It ends with finding {other['id']}, whose fix is for all places at once: {other['todo'][0]['text']}."


def declared(index: Mapping[str, Any]) -> str:
    """A declared index in short: its keys, and what else it does."""
    options = index["options"]
    # Of an option that is there, only the running program may know the value
    marks = [word for name, word in _MARKS.items() if name in options and options[name] is not False]
    return " ".join([writing.pattern(dict(index)), ", ".join(marks)]).rstrip()


def fields(held: Mapping[str, Any]) -> str:
    """The fields of a collection on one line."""
    names = [field["name"] for field in held["fields"] if "." not in field["name"]]
    more = [f"{len(names) - _MOST_FIELDS} more"] if len(names) > _MOST_FIELDS + 1 else []
    shown = [*(names[:_MOST_FIELDS] if more else names), *more, *(["…"] if held["open"] else [])]
    return ", ".join(shown)


def shown_maps(coverage: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The collections of the map of which there is something to tell."""
    return [held for held in coverage["collections"] if held["shapes"] or held["indexes"]]


def planned(review: Mapping[str, Any], step: Mapping[str, Any]) -> str:
    """A step of the plan in words."""
    text = f"{step['step']}{named(step['collections'], ': ')} ({step['why']})"
    needing = any(needs_replica_set(review, issue) for issue in review["issues"] if issue["id"] in step["issues"])
    return text + ("; first make sure that production runs a replica set" if needing else "")


def conflict(index: Mapping[str, Any]) -> str:
    """What has to change with an index that takes the place of a declared one."""
    place = index["declared"]
    if place is None:
        return ""
    at = f"{place['file']}:{place['line']} declares {index['replaces']} on the same keys without these options"
    if index["replaces"] != "_".join(f"{name}_{direction}" for name, direction in index["keys"]):
        return f"{at}: change that declaration too, or it makes the old index again beside the new one"
    error = "IndexOptionsConflict" if "expireAfterSeconds" in index["options"] else "IndexKeySpecsConflict"
    return f"{at}: change that declaration too, or its create_index fails from then on ({error})"


def dropping(drop: Mapping[str, Any]) -> str:
    """What follows from code that drops all indexes of a collection."""
    where = f"of {listed(drop['collections'])}" if drop["collections"] else "of collections that are named at run time"
    return (
        f"{drop['file']}:{drop['line']} drops all indexes {where}: one that only a script made is gone when that has "
        "run, and until the others are built again nothing is unique and every query scans. Declare new ones in code"
    )


def unguarded(review: Mapping[str, Any]) -> list[str]:
    """Where the application itself takes unique indexes away for a while."""
    return [
        f"{drop['file']}:{drop['line']} drops all indexes of {listed(drop['unique'])} whenever the application runs "
        "it: until the unique ones are built again nothing refuses a duplicate, and with one stored their build fails"
        for drop in review["drops"]
        if drop["run"] and drop["unique"]
    ]


def together(review: Mapping[str, Any]) -> str:
    """How the required indexes stand to those that findings name."""
    if not review["indexes"]:
        return "No index is missing."
    return "Findings name the index that serves their queries; go by this list, in which one index may serve several."


def marked(review: Mapping[str, Any]) -> list[str]:
    """For each collection in which documents are only marked as deleted, what unique indexes make of that."""
    kept: dict[str, list[str]] = {}
    for index in review["indexes"]:
        if index["keeps_deleted"]:
            kept.setdefault(index["collection"], []).extend(name for name, _ in index["keys"])
    return [
        f"In {collection}, documents that are only marked as deleted keep their {listed(list(dict.fromkeys(names)))}: "
        "a unique index then refuses a new document with the same"
        for collection, names in kept.items()
    ]


def notes(review: Mapping[str, Any]) -> list[str]:
    """What to know before the required indexes are made."""
    found = [*marked(review), *map(conflict, review["indexes"]), *map(dropping, review["drops"])]
    if any(index["options"].get("unique") for index in review["indexes"]):
        found.insert(
            0,
            "A unique index is refused where duplicates are stored, and an application that builds it when it starts "
            "does not start then: look for them first",
        )
    if any("expireAfterSeconds" in index["options"] for index in review["indexes"]):
        found.append(
            "A TTL index deletes what has ended as soon as it is built, and for good: look at those documents first"
        )
    return [note for note in found if note]


def is_on_duty(index: Mapping[str, Any]) -> bool:
    """Whether an index that no query reads keeps a key unique or ends documents: it works without queries."""
    return index["status"] == "nothing" and bool(index["purposes"])


def idle(indexes: Sequence[Mapping[str, Any]]) -> list[str]:
    """The names of indexes that serve nothing."""
    return [index["name"] or "?" for index in indexes if index["status"] == "nothing" and not is_on_duty(index)]


def run_by(query: Mapping[str, Any]) -> str:
    """What runs a query, and how many others there are of its kind; to stand behind its place."""
    told = [f"run by {query['reached']}"] if query["reached"] else []
    if query["alike"]:
        told.append(f"with {query['alike']} more like it")
    return ", ".join(told)


def kinds(review: Mapping[str, Any]) -> list[list[Mapping[str, Any]]]:
    """The queries to look at first, those together that ask the same of several collections and lack the same."""
    found: dict[str, list[Mapping[str, Any]]] = {}
    for query in review["queries"]:
        asked = query["mongosh"].replace(f"db.{query['collection']}.", "db.….", 1)
        better = query["better"] and [query["better"]["keys"], query["better"]["options"], query["better"]["reason"]]
        found.setdefault(repr((asked, query["verdict"]["reason"], better)), []).append(query)
    return list(found.values())


def clears(review: Mapping[str, Any], step: Mapping[str, Any]) -> list[tuple[int, str]]:
    """The findings that a step clears, or that a check is of: number and name, and whether a step leaves some of it."""
    names = {issue["id"]: issue["name"] for issue in review["issues"]}
    steps = Counter(number for each in review["plan"] for number in each["issues"] if step in review["plan"])
    return [(number, names[number] + (" (in part)" if steps[number] > 1 else "")) for number in step["issues"]]


def gaps(issues: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """What has to be mended first: the issues with critical or high places that users run, and only those.

    ``told``: how many of all they are, and on what.
    """
    found = []
    for issue in issues:
        pressing = (place for place in issue["places"] if place["severity"] in ("critical", "high"))
        places = [place for place in pressing if not _is_apart(place)]
        if places:
            whole = len(issue["places"])
            told = f"{len(places)} of {counted(whole, 'place')}" if len(places) < whole else counted(whole, "place")
            found.append({**issue, "places": places, "told": told + in_collections(places)})
    return found
