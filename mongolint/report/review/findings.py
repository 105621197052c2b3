"""The findings of a review as Markdown: by cause, what many places have in common said once, some with code and fix."""

from __future__ import annotations

import re
from collections.abc import Container, Iterator, Mapping, Sequence
from typing import Any

from mongolint.report.paint import visible
from mongolint.report.review import diffs, marks, words

Record = Mapping[str, Any]
# What is said, and the places of which it is said
Told = tuple[str, list[Record]]

_MOST_FRAMES = 3
_MOST_RELATED = 6
_MOST_BESIDE_MANY = 3
# So many messages that end alike are told by what differs, and the end once
_ALIKE = 3
_END = re.compile(r"[;:] |, (?=so )")


def lines(review: Record) -> Iterator[str]:
    """The section, with its heading."""
    yield from ("", "## Findings")
    new = set(review["compared"]["new"]) if review["compared"] else set()
    fixes = _Fixes()
    for issue in review["issues"]:
        yield from _issue(review, issue, new, fixes)


def _issue(review: Record, issue: Record, new: Container[str], fixes: _Fixes) -> Iterator[str]:
    yield from ("", f"### {issue['id']}. {marks.prose(issue['title'])}", "")
    kind = f"{words.CONCERNS[issue['concern']]} · {issue['code']} {issue['name']}"
    yield f"**{issue['severity']}** · {kind} · {words.numbers(issue)}"
    yield from ("", f"**Impact.** {marks.prose(issue['impact'])}" if issue["impact"] else "")
    for also in words.told_with(review, issue):
        count = words.counted(also["count"], "place")
        yield from ("", f"Told with it, at {count}: {marks.prose(also['title'])} ({also['code']} {also['name']}).")
    note = words.needs_replica_set(review, issue)
    if note:
        yield from ("", f"**But.** {marks.text(note)}.")
    told = False
    for intro, places in words.by_runner(issue["places"]):
        if intro:
            count = words.counted(len(places), "further place" if told else "place")
            yield from ("", f"{intro}, {count}:")
        yield from _places(places, new, issue["severity"])
        told = True
    if issue["ends_with"] is not None:
        yield from ("", f"**Fix.** {marks.text(words.ending(review, issue))}")
    else:
        yield from _frames(issue["places"], fixes)


def _places(places: Sequence[Record], new: Container[str], severity: str) -> Iterator[str]:
    groups = _groups(_by_message(places))
    for common, told in groups:
        count = words.counted(sum(len(each) for _, each in told), "place")
        intro = f"At each of these {count}: {marks.text(common)}." if common else "At other places:"
        yield from ("", intro, "") if common or len(groups) > 1 else ("",)
        for message, each in told:
            yield from _told(message, each, new, severity)


def _groups(told: Sequence[Told]) -> list[tuple[str, list[Told]]]:
    """Messages by what they end with in common, told without it; those that end like few others are left whole."""
    ends: dict[str, list[Told]] = {}
    for message, places in told:
        clauses = _clauses(message)
        ends.setdefault(clauses[-1] if len(clauses) > 1 else "", []).append((message, places))
    found: list[tuple[str, list[Told]]] = []
    whole: list[Told] = []
    for end, held in ends.items():
        if not end or len(held) < _ALIKE:
            whole += held
            continue
        every = [(_clauses(message), places) for message, places in held]
        count = _common([clauses for clauses, _ in every])
        shared = " ".join(every[0][0][-count:]).removeprefix("so ")
        found.append((shared, [(_without(clauses, count), places) for clauses, places in every]))
    return [*found, *([("", whole)] if whole else [])]


def _clauses(message: str) -> list[str]:
    """A message in parts, cut where a clause ends and no bracket or quotation is open."""
    found, start, depth, is_quoted = [], 0, 0, False
    for at, sign in enumerate(message):
        is_quoted ^= sign == '"'
        depth += (sign in "([{") - (sign in ")]}")
        if not depth and not is_quoted and _END.match(message, at):
            found.append(message[start : at + 1])
            start = at + 2
    return [*found, message[start:]]


def _common(every: Sequence[Sequence[str]]) -> int:
    """How many last clauses are the same in all, of which each keeps one of its own."""
    most = min(len(clauses) for clauses in every) - 1
    return next((count for count in range(most, 0, -1) if len({tuple(c[-count:]) for c in every}) == 1), 0)


def _without(clauses: Sequence[str], count: int) -> str:
    return " ".join(clauses[:-count]).rstrip(",;:")


def _frames(places: Sequence[Record], fixes: _Fixes) -> Iterator[str]:
    """The first places with their code and fix; code that is shown already is not shown again."""
    first: dict[str, Record] = {}
    for place in places:
        first.setdefault(marks.at(place), place)
    # A second place with the same fix tells nothing more
    by_fix: dict[str, Record] = {}
    for at, place in first.items():
        by_fix.setdefault(_change(place) or at, place)
    shown = list(by_fix.values())[:_MOST_FRAMES]
    fixes.before = None
    for place in shown:
        yield from _code(place)
        yield from fixes.of(place)
    left = len(first) - len(shown)
    alike = ", mended in the same way" if len(by_fix) == len(shown) and len(shown) < len(first) else ""
    if left > 0:
        yield from ("", f"{words.counted(left, 'further place')}{alike}: see the list above.")


def _change(place: Record) -> str:
    """What a fix does and says; "" without one."""
    fix = place["fix"]
    return repr((fix["title"], fix["reason"], fix["text"], fix["edits"])) if fix else ""


def _told(message: str, places: Sequence[Record], new: Container[str], severity: str) -> Iterator[str]:
    """What is said of places, all as severe; of several by file, below it."""
    fresh = [place for place in places if place["fingerprint"] in new]
    mark = "" if not fresh else " **new**" if len(fresh) == len(places) else f" **{len(fresh)} new**"
    mark += f" **{places[0]['severity']}**" if places[0]["severity"] != severity else ""
    if len(places) == 1:
        yield f"- {marks.code(marks.at(places[0]))}{mark} {marks.text(message)}{_beside(places)}"
        return
    yield f"- {words.counted(len(places), 'place')}{mark}: {marks.text(message)}{_beside(places)}"
    yield from (f"  - {_lines_of(file, lines)}" for file, lines in words.by_file(places).items())


def _lines_of(file: str, lines: Sequence[int], *rest: str) -> str:
    if len(lines) == 1:
        return " and ".join([marks.code(f"{file}:{lines[0]}"), *rest])
    return f"{marks.code(file)} lines {words.listed([*(str(line) for line in lines), *rest])}"


def _by_message(places: Sequence[Record]) -> list[tuple[str, list[Record]]]:
    """What is said of several places in the same words is said once; places that are less severe stand apart."""
    found: dict[tuple[str, str], list[Record]] = {}
    for place in places:
        found.setdefault((place["message"], place["severity"]), []).append(place)
    return [(message, held) for (message, _), held in found.items()]


def _beside(places: Sequence[Record]) -> str:
    """The further places that explain a finding."""
    known = {marks.at(each) for each in places}
    more = {marks.at(each): each for place in places for each in place["related"] if marks.at(each) not in known}
    if not more or (len(places) > 1 and len(more) > _MOST_BESIDE_MANY):
        return ""
    return f" (see {shown(list(more.values())[:_MOST_RELATED], max(0, len(more) - _MOST_RELATED))})"


def shown(places: Sequence[Record], more: int) -> str:
    """Places, the lines of a file together, and how many others there are."""
    if not places:
        return ""
    rest = [f"{more} more"] if more else []
    *before, last = words.by_file(places).items()
    return ", ".join([*(_lines_of(*each) for each in before), _lines_of(*last, *rest)])


def _code(place: Record) -> Iterator[str]:
    if place["frame"]:
        yield from ("", f"{marks.code(marks.at(place))}:", "")
        code = [
            f"{line['number']:>5} {'>' if line['mark'] else ' '} {visible(line['text'])}" for line in place["frame"]
        ]
        yield from marks.fenced(code, "text")


class _Fixes:
    """Writes fixes one after the other: what several change alike, an import or a start-up hook, is shown once."""

    def __init__(self) -> None:
        self.before: Record | None = None
        self._hunks: dict[str, Record] = {}
        self._changed: set[tuple[str, int]] = set()
        # Where each diff, and each text that is written by hand, is shown
        self._shown: dict[str, str] = {}

    def of(self, place: Record) -> Iterator[str]:
        fix = place["fix"]
        before, self.before = self.before, fix
        if fix is None:
            return
        if fix["diff"] and before and fix["diff"] == before["diff"]:
            yield from ("", "The fix above mends this place too.")
            return
        if fix == before:
            yield from ("", "It is mended as above.")
            return
        is_code = words.is_code(fix["text"])
        key = repr(fix["diff"]) if fix["diff"] else fix["text"] if is_code and "\n" in fix["text"] else ""
        if key in self._shown:
            yield from ("", f"The fix shown for {self._shown[key]} mends this place too.")
            return
        how = {"safe": "safe", "unsafe": "changes behaviour", "display": "by hand"}[fix["applicability"]]
        reason = f": {fix['reason']}" if fix["reason"] else ""
        # What the finding itself advises is not said again below
        is_new = not fix["diff"] and fix["text"] not in place["message"]
        advice = [visible(line) for line in fix["text"].splitlines()] if is_new else []
        told = marks.text(words.appended(advice[0])) if len(advice) == 1 and not is_code else ""
        what = marks.text(visible(words.mending(place)))
        yield from ("", f"**Fix** ({how}{marks.text(reason)}): {what}{told}")
        if key:
            self._shown[key] = marks.code(marks.at(place))
        if fix["diff"]:
            yield from self._diff(fix["diff"])
        elif advice and not told:
            yield from ("", *marks.fenced(advice, "python" if is_code else "text"))

    def _diff(self, diff: Sequence[Record]) -> Iterator[str]:
        fresh = [hunk for hunk in diff if repr(hunk) not in self._hunks]
        beside = [hunk for hunk in diff if repr(hunk) in self._hunks]
        rows: list[str] = []
        changed: set[tuple[str, int]] = set()
        for hunk in fresh or beside:
            added = diffs.added(hunk, self._at(hunk)) if fresh else None
            if added is None:
                changed |= {*_changed(hunk)} if fresh else set()
            else:
                beside.append(hunk)
            rows += _hunk(hunk if added is None else {**hunk, "rows": added})
        self._hunks |= {repr(hunk): hunk for hunk in diff}
        yield from ("", *marks.fenced(rows, "diff"))
        if fresh and beside:
            files = words.listed([marks.code(file) for file in words.by_file(beside)])
            yield from ("", f"With it goes what is shown above of {files}.")
        if not changed.isdisjoint(self._changed):
            files = words.listed([marks.code(file) for file in dict(sorted(changed & self._changed))])
            yield from ("", f"A diff above changes the same place of {files}: {marks.code(words.MERGE)} merges them.")
        self._changed |= changed

    def _at(self, hunk: Record) -> list[Record]:
        """The hunks that are shown of the place of another."""
        return [held for held in self._hunks.values() if (held["file"], held["line"]) == (hunk["file"], hunk["line"])]


def _changed(hunk: Record) -> Iterator[tuple[str, int]]:
    """The lines of the source that a hunk takes away or puts something before."""
    line = hunk["line"]
    for mark, _ in hunk["rows"]:
        if mark != " ":
            yield hunk["file"], line
        line += mark != "+"


def _hunk(hunk: Record) -> Iterator[str]:
    yield f"@@ {visible(marks.at(hunk))} @@"
    yield from (f"{mark} {visible(text)}".rstrip() for mark, text in hunk["rows"])
