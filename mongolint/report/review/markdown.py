"""A review as Markdown: for a repository, a wiki or a pull request."""

from __future__ import annotations

import re
from collections.abc import Container, Iterator, Mapping, Sequence
from typing import Any

from mongolint.report import writing
from mongolint.report.paint import visible
from mongolint.report.review.words import (
    CONCERNS,
    EVIDENCE,
    LEVELS,
    PRIORITIES,
    VALIDATORS,
    VERDICTS,
    by_file,
    clears,
    completeness,
    counted,
    gaps,
    idle,
    in_collections,
    listed,
    named,
    needs_replica_set,
    notes,
    overview,
    size,
    unmade,
)

Record = Mapping[str, Any]

_MOST_FRAMES = 3
_MOST_RELATED = 6
_SPECIAL = re.compile(r"([\\`*_\[\]<>|$#])")
_CODE = re.compile(r"`([^`]*)`")


def render(review: Record) -> str:
    """The whole document."""
    return "\n".join(_lines(review)).rstrip() + "\n"


def _lines(review: Record) -> Iterator[str]:
    yield from ("# Database review", "")
    yield from _summary(review)
    yield from _compared(review)
    yield from _issues(review)
    yield from _collections(review)
    yield from _indexes(review)
    yield from _risks(review)
    yield from _queries(review)
    yield from _coverage(review)
    yield from _operations(review)
    yield from _plan(review)
    yield from _acceptance(review)
    yield from _unknown(review)


def _summary(review: Record) -> Iterator[str]:
    yield from (
        overview(review),
        "",
        f"**Health: {LEVELS[review['health']['level']]}** ({review['health']['why']}).",
        "",
    )
    yield from ("| severity | findings |", "| --- | --- |")
    yield from (f"| {severity} | {count} |" for severity, count in review["counts"].items())
    if review["strengths"]:
        yield from ("", "**What is good**", "")
        for strength in review["strengths"]:
            yield f"- {_text(strength['text'])}{_where(strength['places'])}"
    first = gaps(review["issues"])
    if first:
        yield from ("", "**What has to be mended first**", "")
        for gap in first:
            where = in_collections(gap["places"])
            yield f"- {_prose(gap['title'])}: {counted(len(gap['places']), 'place')}{_text(where)} ({gap['id']})"


def _compared(review: Record) -> Iterator[str]:
    compared = review["compared"]
    if compared is None:
        return
    yield from ("", "## Since the last review", "")
    fixed, new, remaining = (len(compared[key]) for key in ("fixed", "new", "remaining"))
    yield f"{counted(fixed, 'finding')} fixed, {new} new, {remaining} remaining."
    if compared["fixed"]:
        yield ""
        for gone in compared["fixed"]:
            yield f"- ~~{gone['code']} {gone['name']}~~ {_code(gone['file'])}: {_text(gone['message'])}"


def _issues(review: Record) -> Iterator[str]:
    yield from ("", "## Findings")
    new = set(review["compared"]["new"]) if review["compared"] else set()
    for issue in review["issues"]:
        yield from ("", f"### {issue['id']}. {_prose(issue['title'])}", "")
        yield f"**{issue['severity']}** · {CONCERNS[issue['concern']]} · {issue['code']} {issue['name']}"
        yield from ("", f"**Impact.** {_prose(issue['impact'])}" if issue["impact"] else "")
        for also in issue["also"]:
            count = counted(also["count"], "place")
            yield from ("", f"Told with it, at {count}: {_prose(also['title'])} ({also['code']} {also['name']}).")
        note = needs_replica_set(review, issue)
        if note:
            yield from ("", f"**But.** {_text(note)}.")
        yield ""
        for message, places in _by_message(issue["places"]):
            yield from _told(message, places, new)
        before = None
        for place in issue["places"][:_MOST_FRAMES]:
            yield from _shown(place, place["fix"] == before)
            before = place["fix"]
        left = len(issue["places"]) - _MOST_FRAMES
        if left > 0:
            yield from ("", f"{counted(left, 'further place')} of the kind: see the list above.")


def _told(message: str, places: Sequence[Record], new: Container[str]) -> Iterator[str]:
    """What is said of places; of several by file, below it."""
    fresh = [place for place in places if place["fingerprint"] in new]
    mark = "" if not fresh else " **new**" if len(fresh) == len(places) else f" **{len(fresh)} new**"
    if len(places) == 1:
        yield f"- {_code(_at(places[0]))}{mark} {_text(message)}{_beside(places)}"
        return
    yield f"- {counted(len(places), 'place')}{mark}: {_text(message)}{_beside(places)}"
    yield from (f"  - {_lines_of(file, lines)}" for file, lines in by_file(places).items())


def _lines_of(file: str, lines: Sequence[int]) -> str:
    if len(lines) == 1:
        return _code(f"{file}:{lines[0]}")
    return f"{_code(file)} lines {listed([str(line) for line in lines])}"


def _by_message(places: Sequence[Record]) -> list[tuple[str, list[Record]]]:
    """What is said of several places in the same words is said once."""
    found: dict[str, list[Record]] = {}
    for place in places:
        found.setdefault(place["message"], []).append(place)
    return list(found.items())


def _beside(places: Sequence[Record]) -> str:
    """The further places that explain a finding."""
    known = {_at(each) for each in places}
    more = {_at(each): each for place in places for each in place["related"] if _at(each) not in known}
    if not more:
        return ""
    rest = f" and {len(more) - _MOST_RELATED} more" if len(more) > _MOST_RELATED else ""
    shown = by_file(list(more.values())[:_MOST_RELATED])
    return f" (see {', '.join(_lines_of(file, lines) for file, lines in shown.items())}{rest})"


def _shown(place: Record, is_same_fix: bool) -> Iterator[str]:
    if place["frame"]:
        yield from ("", f"{_code(_at(place))}:", "")
        code = [
            f"{line['number']:>5} {'>' if line['mark'] else ' '} {visible(line['text'])}" for line in place["frame"]
        ]
        yield from _fenced(code, "text")
    fix = place["fix"]
    if fix is None:
        return
    if is_same_fix:
        yield from ("", "The fix above mends this place too.")
        return
    how = {"safe": "safe", "unsafe": "changes behaviour", "display": "by hand"}[fix["applicability"]]
    reason = f": {fix['reason']}" if fix["reason"] else ""
    yield from ("", f"**Fix** ({how}{_text(reason)}): {_text(fix['title'])}")
    rows = [row for hunk in fix["diff"] for row in _hunk(hunk)]
    if rows:
        yield from ("", *_fenced(rows, "diff"))
    elif fix["text"]:
        yield from ("", *_fenced([visible(line) for line in fix["text"].splitlines()], "python"))


def _hunk(hunk: Record) -> Iterator[str]:
    yield f"@@ {visible(_at(hunk))} @@"
    yield from (f"{mark} {visible(text)}".rstrip() for mark, text in hunk["rows"])


def _collections(review: Record) -> Iterator[str]:
    yield from ("", "## Collections", "", completeness(), "")
    yield from (
        "| collection | fields | indexes declared | indexes needed | validator | complete |",
        "| --- | --- | --- | --- | --- | --- |",
    )
    for held in review["collections"]:
        fields = ", ".join(field["name"] for field in held["fields"] if "." not in field["name"])
        declared = "; ".join(writing.pattern(index) for index in held["indexes"]) + unmade(held["indexes"])
        needed = "; ".join(writing.pattern(index) for index in held["needed"])
        cells = [held["name"], fields + (", …" if held["open"] else ""), declared or "none", needed or "none"]
        cells.append(VALIDATORS[held["validator"]])
        yield f"| {' | '.join(_text(cell) for cell in cells)} | {held['completeness']['percent']} % |"
    asked = [(held["name"], note) for held in review["collections"] for note in held["notes"]]
    if asked:
        yield from ("", "What is to be asked of them:", "")
        yield from (f"- **{_text(name)}**: {_text(note)}" for name, note in asked)


def _indexes(review: Record) -> Iterator[str]:
    yield from ("", "## Required indexes", "")
    if not review["indexes"]:
        yield "No index is missing."
        return
    yield from ("| priority | collection | keys | why |", "| --- | --- | --- | --- |")
    for index in review["indexes"]:
        keys = writing.pattern(index) + (f" {writing.options(index)}" if index["options"] else "")
        priority = f"{index['priority']} {PRIORITIES[index['priority']]}"
        yield f"| {priority} | {_text(index['collection'])} | {_code(keys)} | {_text(index['reason'])} |"
    yield from ("", "For mongosh:", "", *_fenced(review["scripts"]["mongosh"].splitlines(), "js"))
    yield from ("", "In Python:", "", *_fenced(review["scripts"]["python"].splitlines(), "python"))
    told = notes(review)
    if told:
        yield from ("", "Before you run that:", "", *(f"- {_text(note)}." for note in told))


def _risks(review: Record) -> Iterator[str]:
    risks = [issue for issue in review["issues"] if issue["concern"] == "integrity"]
    yield from ("", "## Risks to the data", "")
    if not risks:
        yield "The source shows none."
    for issue in risks:
        yield f"- **{issue['severity']}** {_text(issue['title'])} ({issue['id']}): {_prose(issue['impact'])}"


def _queries(review: Record) -> Iterator[str]:
    yield from ("", "## Queries to look at first")
    if not review["queries"]:
        yield from ("", "An index serves every query that can be judged.")
    for query in review["queries"]:
        route = f", run by {query['reached']}" if query["reached"] else ""
        yield from (
            "",
            f"**{_text(query['collection'] or 'several collections')}** {_code(_at(query))}{_text(route)}",
            "",
        )
        yield from _fenced([visible(line) for line in query["mongosh"].splitlines()], "js")
        yield from ("", f"Now: {VERDICTS[query['verdict']['verdict']]}: {_text(query['verdict']['reason'])}.", "")
        better = query["better"]
        if better and better["keys"]:
            shown = " or ".join("{" + ", ".join(f"{n}: {d}" for n, d in keys) + "}" for keys in better["keys"])
            if better["options"]:
                shown += f" {writing.options(better)}"
            yield f"With {_code(shown)}: {VERDICTS[better['verdict']]} ({_text(better['reason'])})."


def _coverage(review: Record) -> Iterator[str]:
    yield from ("", "## Which index serves what", "")
    yield from ("| collection | queries | served | partly | by none | unknown | idle indexes |", "| --- " * 7 + "|")
    for held in review["coverage"]["collections"]:
        shapes = held["shapes"]
        counts = [
            sum(s["calls"] for s in shapes if s["verdict"] == v) for v in ("served", "partial", "unserved", "unknown")
        ]
        name = held["name"] or " or ".join(held["candidates"]) or "known at run time"
        cells = [name, str(sum(counts)), *map(str, counts), ", ".join(idle(held["indexes"]))]
        yield "| " + " | ".join(_text(cell) for cell in cells) + " |"


def _operations(review: Record) -> Iterator[str]:
    yield from (
        "",
        "## Operation",
        "",
        EVIDENCE,
        "",
    )
    for item in review["operations"]:
        tick = "x" if item["shown"] else " "
        places = item["shown"] or item["bearing"]
        shown = ", ".join(f"{_code(each['text'])} ({_code(_at(each))})" for each in places)
        told = f" {item['note'][:1].upper()}{item['note'][1:]}: " if item["note"] else " Shown: "
        yield f"- [{tick}] **{item['topic']}**: {item['question']}{_text(told) + shown if shown else ''}"


def _plan(review: Record) -> Iterator[str]:
    yield from ("", "## Plan", "", size(), "")
    yield from ("| step | what | size | clears |", "| --- | --- | --- | --- |")
    for number, step in enumerate(review["plan"], 1):
        done = ", ".join(f"{number} {name}" for number, name in clears(review, step))
        what = f"{_text(step['step'])}{_text(named(step['collections'], ': '))} ({step['why']})"
        yield f"| {number} | {what} | {step['size']} | {done} |"


def _acceptance(review: Record) -> Iterator[str]:
    yield from ("", "## Done when", "")
    for item in review["acceptance"]:
        yield f"- [ ] {_text(item['text'])}: `{item['command']}`"


def _unknown(review: Record) -> Iterator[str]:
    yield from ("", "## What the source does not tell", "")
    yield from (f"- {_text(text)}" for text in review["unknown"])


def _at(place: Record) -> str:
    return f"{place['file']}:{place['line']}"


def _where(places: Sequence[Record]) -> str:
    return f" ({', '.join(_code(_at(place)) for place in places)})" if places else ""


def _fenced(lines: Sequence[str], language: str) -> Iterator[str]:
    """A block of code; its fence is longer than any in it."""
    longest = max((len(match) for line in lines for match in re.findall(r"`+", line)), default=0)
    fence = "`" * max(3, longest + 1)
    yield from (f"{fence}{language}", *lines, fence)


def _code(text: str) -> str:
    shown = visible(text).replace("|", "\\|")
    return f"`` {shown} ``" if "`" in shown else f"`{shown}`"


def _text(text: str) -> str:
    """Words as Markdown that means nothing: code is full of ``$``, ``*`` and brackets."""
    return _SPECIAL.sub(r"\\\1", visible(text))


def _prose(text: str) -> str:
    """A rule's own words, in which literals stand between double backticks."""
    return visible(text).replace("``", "`")
