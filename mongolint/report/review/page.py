"""A review as one HTML file that needs nothing else: no network, no other file."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from importlib import resources
from typing import Any

import jinja2
from markupsafe import Markup

from mongolint.report import writing
from mongolint.report.coverage import words as map_words
from mongolint.report.paint import visible
from mongolint.report.review import words

Record = dict[str, Any]

SECTIONS = (
    ("summary", "Summary"),
    ("findings", "Findings"),
    ("questions", "Questions"),
    ("collections", "Collections"),
    ("indexes", "Required indexes"),
    ("risks", "Risks to the data"),
    ("queries", "Queries"),
    ("coverage", "Index coverage"),
    ("operation", "Operation"),
    ("plan", "Plan"),
    ("acceptance", "Done when"),
    ("unknown", "Unknown"),
)
STATUSES = {
    "serves": ("●", "serves queries"),
    "second": ("○", "never the first choice"),
    "possible": ("?", "perhaps serves some"),
    "outside": ("△", "only for scripts and tests"),
    "nothing": ("∅", "serves nothing"),
    "unclear": ("?", "known only at run time"),
}

DUTIES = {"unique": "keeps its key unique", "expires documents": "ends documents"}

# Functions of `words` that the template calls
_WORDING = (
    *("validator", "together", "planned", "run_by", "kinds", "numbers", "waiting", "extent"),
    *("complete", "unmade", "needs_replica_set", "ending", "told_with", "counted", "is_code", "mending"),
)


def render(review: Mapping[str, Any]) -> str:
    """The page. Names, paths and code come from what was read, so every value is escaped."""
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    script = _file("page.js")
    clean = _visible(review)
    return environment.from_string(_file("page.html")).render(
        style=Markup(_file("page.css")),
        script=Markup(script),
        script_hash=_hash(script),
        review=clean,
        overview=words.overview(clean),
        level=words.LEVELS[clean["health"]["level"]],
        sections=SECTIONS if clean["questions"] else [each for each in SECTIONS if each[0] != "questions"],
        severities=words.SEVERITIES,
        concerns=words.CONCERNS,
        by_concern=_by_concern(clean["issues"]),
        most=max(clean["counts"][name] for name in words.SEVERITIES),
        files=_distinct(clean["issues"], lambda place: [place["file"]]),
        touched=_distinct(clean["issues"], lambda place: place["collections"]),
        new=set(clean["compared"]["new"]) if clean["compared"] else set(),
        risks=[issue for issue in clean["issues"] if issue["concern"] == "integrity"],
        gaps=words.gaps(clean["issues"]),
        maps=[_map(held) for held in words.shown_maps(clean["coverage"])],
        formula=words.completeness(),
        merging=words.merging(),
        merge=words.MERGE,
        sizes=words.size(),
        priorities=words.PRIORITIES,
        verdicts=words.VERDICTS,
        evidence=words.EVIDENCE,
        unguarded=words.unguarded(clean),
        notes=words.notes(clean),
        questions=[(concern, [_question(each) for each in asked]) for concern, asked in words.asked(clean)],
        asking=words.ASKING,
        cleared=words.clears,
        standing=_standing,
        applicability={"safe": "safe", "unsafe": "changes behaviour", "display": "by hand"},
        pattern=writing.pattern,
        options=writing.options,
        prose=_prose,
        pieces=_pieces,
        lines=str.splitlines,
        **{name: getattr(words, name) for name in _WORDING},
    )


def _file(name: str) -> str:
    return resources.files("mongolint.report.review").joinpath(name).read_text(encoding="utf-8")


def _hash(script: str) -> str:
    """What lets this script run under the page's own policy, and no other."""
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


def _visible(value: Any) -> Any:
    """A record without characters that reorder or hide text; lines of a text stay lines."""
    if isinstance(value, str):
        return "\n".join(visible(line) for line in value.split("\n"))
    if isinstance(value, dict):
        return {_visible(name): _visible(each) for name, each in value.items()}
    return [_visible(each) for each in value] if isinstance(value, (list, tuple)) else value


def _by_concern(issues: Sequence[Record]) -> list[tuple[str, int]]:
    """How many findings each concern has, in the order of their number."""
    found: dict[str, int] = {}
    for issue in issues:
        found[issue["concern"]] = found.get(issue["concern"], 0) + len(issue["places"])
    return sorted(
        ((words.CONCERNS[name], count) for name, count in found.items()), key=lambda each: (-each[1], each[0])
    )


def _distinct(issues: Sequence[Record], names: Any) -> list[str]:
    return sorted({name for issue in issues for place in issue["places"] for name in names(place)})


def _standing(index: Record) -> tuple[str, str]:
    """A sign and words for what an index is for; a duty goes before the queries that it does not serve."""
    sign, text = STATUSES[index["status"]]
    return ("●", " and ".join(DUTIES[each] for each in index["purposes"])) if words.is_on_duty(index) else (sign, text)


def _question(asked: Mapping[str, Any]) -> Record:
    """A question with where it comes from: {question, ground, of, places, more}."""
    places, more = words.first_places(asked)
    return {**asked, "of": words.asked_of(asked), "places": places, "more": more}


def _map(held: Mapping[str, Any]) -> Record:
    """A collection of the coverage map: what each index is for, and what none serves."""
    judged = ("served", "partial", "unserved", "unknown")
    return {
        "title": map_words.title(held),
        "headline": map_words.headline(held),
        "calls": {verdict: sum(s["calls"] for s in held["shapes"] if s["verdict"] == verdict) for verdict in judged},
        "indexes": [
            {
                "name": index["name"] or "?",
                "definition": map_words.definition(index),
                "status": index["status"],
                "standing": _standing(index),
                "serves": map_words.serves(index, {shape["id"]: shape for shape in held["shapes"]}),
            }
            for index in held["indexes"]
            if not index["server"]
        ],
        "unserved": [map_words.query(shape) for shape in held["shapes"] if shape["verdict"] == "unserved"],
    }


def _prose(text: str) -> list[tuple[bool, str]]:
    """A rule's own words in pieces: (is code, text)."""
    return [(number % 2 == 1, piece) for number, piece in enumerate(text.split("``")) if piece]


def _pieces(text: str, mark: Sequence[int] | None) -> tuple[str, str, str]:
    """A line of code: before, inside and behind what is marked."""
    if mark is None:
        return text, "", ""
    start, end = mark
    return text[:start], text[start:end] or " ", text[end:]
