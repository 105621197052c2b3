"""A review as Markdown: for a repository, a wiki or a pull request."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mongolint.report import writing
from mongolint.report.paint import visible
from mongolint.report.review import findings, marks, words

Record = Mapping[str, Any]


def render(review: Record) -> str:
    """The whole document."""
    return "\n".join(_lines(review)).rstrip() + "\n"


def _lines(review: Record) -> Iterator[str]:
    yield from ("# Database review", "")
    yield from _summary(review)
    yield from _compared(review)
    yield from findings.lines(review)
    yield from _questions(review)
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
        words.overview(review),
        "",
        f"**Health: {words.LEVELS[review['health']['level']]}** ({review['health']['why']}).",
        "",
    )
    yield from ("| severity | findings |", "| --- | --- |")
    yield from (f"| {severity} | {count} |" for severity, count in words.counts(review))
    if review["strengths"]:
        yield from ("", "**What is good**", "")
        for strength in review["strengths"]:
            yield f"- {marks.text(strength['text'])}{marks.where(strength['places'])}"
    first = words.gaps(review["issues"])
    if first:
        yield from ("", "**What has to be mended first**", "")
        for gap in first:
            yield f"- {marks.prose(gap['title'])}: {marks.text(gap['told'])} (finding {gap['id']})"


def _compared(review: Record) -> Iterator[str]:
    compared = review["compared"]
    if compared is None:
        return
    yield from ("", "## Since the last review", "")
    fixed, new, remaining = (len(compared[key]) for key in ("fixed", "new", "remaining"))
    yield f"{words.counted(fixed, 'finding')} fixed, {new} new, {remaining} remaining."
    if compared["fixed"]:
        yield ""
        for gone in compared["fixed"]:
            yield f"- ~~{gone['code']} {gone['name']}~~ {marks.code(gone['file'])}: {marks.text(gone['message'])}"


def _questions(review: Record) -> Iterator[str]:
    if not review["questions"]:
        return
    yield from ("", "## Questions", "", words.ASKING)
    for concern, asked in words.asked(review):
        yield from ("", f"**{concern[:1].upper()}{concern[1:]}**", "")
        for each in asked:
            at = findings.shown(*words.first_places(each))
            of = marks.text(words.asked_of(each))
            yield f"- **{marks.text(each['question'])}** {marks.text(each['ground'])} {of}{': ' if at else ''}{at}"


def _collections(review: Record) -> Iterator[str]:
    yield from ("", "## Collections", "", words.completeness(), "")
    yield from (
        "| collection | fields | indexes declared | indexes needed | validator | complete |",
        "| --- | --- | --- | --- | --- | --- |",
    )
    for held in review["collections"]:
        there = "; ".join(map(words.declared, held["indexes"])) + words.unmade(held["indexes"])
        needed = "; ".join(map(words.declared, held["needed"]))
        cells = [held["name"], words.fields(held), there or "none", needed or "none"]
        cells.append(words.validator(held))
        yield f"| {' | '.join(marks.text(cell) for cell in cells)} | {words.complete(held)} |"


def _indexes(review: Record) -> Iterator[str]:
    yield from ("", "## Required indexes", "", words.together(review))
    if not review["indexes"]:
        return
    yield from ("", "| priority | collection | keys | why |", "| --- | --- | --- | --- |")
    for index in review["indexes"]:
        keys = writing.pattern(index) + (f" {writing.options(index)}" if index["options"] else "")
        priority = f"{index['priority']}: {words.PRIORITIES[index['priority']]}"
        yield f"| {priority} | {marks.text(index['collection'])} | {marks.code(keys)} | {marks.text(index['reason'])} |"
    yield from ("", "For mongosh:", "", *marks.fenced(review["scripts"]["mongosh"].splitlines(), "js"))
    yield from ("", "In Python:", "", *marks.fenced(review["scripts"]["python"].splitlines(), "python"))
    told = words.notes(review)
    if told:
        yield from ("", "Before you run that:", "", *(f"- {marks.text(note)}." for note in told))


def _risks(review: Record) -> Iterator[str]:
    risks = [issue for issue in review["issues"] if issue["concern"] == "integrity"]
    yield from ("", "## Risks to the data", "")
    if not risks and not words.unguarded(review):
        yield "The source shows none."
    yield from (f"- {marks.text(text)}." for text in words.unguarded(review))
    for issue in risks:
        title = f"{marks.prose(issue['title'])} (finding {issue['id']}{words.waiting(issue)})"
        yield f"- **{issue['severity']}** {title}: {marks.text(words.extent(issue))}"


def _queries(review: Record) -> Iterator[str]:
    yield from ("", "## Queries to look at first")
    if not review["queries"]:
        yield from ("", "An index serves every query that can be judged.")
    for query, *others in words.kinds(review):
        route = f", {words.run_by(query)}" if words.run_by(query) else ""
        name = query["collection"] or "several collections"
        yield from ("", f"**{marks.text(name)}** {marks.code(marks.at(query))}{marks.text(route)}", "")
        yield from marks.fenced([visible(line) for line in query["mongosh"].splitlines()], "js")
        yield from (
            "",
            f"Now: {words.VERDICTS[query['verdict']['verdict']]}: {marks.text(query['verdict']['reason'])}.",
            "",
        )
        better = query["better"]
        if better and better["keys"]:
            shown = " and ".join("{" + ", ".join(f"{n}: {d}" for n, d in keys) + "}" for keys in better["keys"])
            if better["options"]:
                shown += f" {writing.options(better)}"
            yield f"With {marks.code(shown)}: {words.VERDICTS[better['verdict']]} ({marks.text(better['reason'])})."
        if others:
            yield from ("", "The same holds for this query on:", "")
        for other in others:
            route = f", {words.run_by(other)}" if words.run_by(other) else ""
            name = marks.text(other["collection"] or "several collections")
            yield f"- **{name}** {marks.code(marks.at(other))}{marks.text(route)}"


def _coverage(review: Record) -> Iterator[str]:
    yield from ("", "## Which index serves what", "")
    yield from ("| collection | queries | served | partly | by none | unknown | idle indexes |", "| --- " * 7 + "|")
    for held in words.shown_maps(review["coverage"]):
        shapes = held["shapes"]
        counts = [
            sum(s["calls"] for s in shapes if s["verdict"] == v) for v in ("served", "partial", "unserved", "unknown")
        ]
        name = held["name"] or " or ".join(held["candidates"]) or "known at run time"
        cells = [name, str(sum(counts)), *map(str, counts), ", ".join(words.idle(held["indexes"]))]
        yield "| " + " | ".join(marks.text(cell) for cell in cells) + " |"


def _operations(review: Record) -> Iterator[str]:
    yield from (
        "",
        "## Operation",
        "",
        words.EVIDENCE,
        "",
    )
    for item in review["operations"]:
        tick = "x" if item["shown"] else " "
        places = item["shown"] or item["bearing"]
        shown = ", ".join(f"{marks.code(each['text'])} ({marks.code(marks.at(each))})" for each in places)
        told = f" {item['note'][:1].upper()}{item['note'][1:]}. See " if item["note"] else " Shown: "
        yield f"- [{tick}] **{item['topic']}**: {item['question']}{marks.text(told) + shown if shown else ''}"


def _plan(review: Record) -> Iterator[str]:
    yield from ("", "## Plan", "", words.size(), "")
    yield from ("| step | what | size | clears |", "| --- | --- | --- | --- |")
    for number, step in enumerate(review["plan"], 1):
        done = ", ".join(f"{number} {name}" for number, name in words.clears(review, step))
        yield f"| {number} | {marks.text(words.planned(review, step))} | {step['size']} | {done} |"


def _acceptance(review: Record) -> Iterator[str]:
    yield from ("", "## Done when", "")
    for item in review["acceptance"]:
        yield f"- [ ] {marks.text(item['text'])}: `{item['command']}`"


def _unknown(review: Record) -> Iterator[str]:
    yield from ("", "## What the source does not tell", "")
    yield from (f"- {marks.text(text)}" for text in review["unknown"])
