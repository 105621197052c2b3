"""The findings of a run by cause: one issue a rule, with all its places, the worst first."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from mongolint.engine.load import Loaded
from mongolint.engine.review.callers import Callers
from mongolint.finding import Applicability, Finding, Fix, Severity
from mongolint.fingerprints import fingerprints
from mongolint.project.model import Project
from mongolint.rule import Rule
from mongolint.ruledoc import sections

Record = dict[str, Any]

# A place that a fix can be applied to costs a look, one that takes a person an hour or so
_HOURS_OF_A_DAY, _HOURS_OF_A_WEEK = 4, 20
_LOOK = 0.25
_WORK = 1.0
# What is stored is moved by a script that is tried before, and code reads both forms in the meantime
_MIGRATION = 8.0
# By hand too, one index is one line that is there to copy, however many queries it serves
_OF_AN_INDEX = "create_index("


def issues(findings: Sequence[Finding], rules: Sequence[Rule], loaded: Loaded) -> list[Record]:
    """One issue for each rule that found something, by severity, what fails each time first, then by their places.

    What nothing runs comes last, then what is in tests; neither makes an issue more severe that has other places.
    """
    prints = fingerprints(findings, _texts(loaded))
    project = loaded.project
    touched = _Touched(project)
    scripts = {project.path(module) for module in range(len(project.modules)) if project.is_script(module)}
    tests = {project.path(module) for module in project.tests}
    known = {rule.code: rule for rule in rules}
    callers = Callers(project)
    groups: dict[str, list[Record]] = {}
    for finding, fingerprint in zip(findings, prints, strict=True):
        of_idle = known[finding.code].of_idle
        runner = "" if of_idle else callers.of(finding.span)
        groups.setdefault(finding.code, []).append(
            {
                **_place(finding, fingerprint, touched),
                "script": runner == "script" or (finding.span.file in scripts and not of_idle),
                "idle": runner == "nothing",
                "test": finding.span.file in tests,
            }
        )
    found = [_issue(known[code], places, known) for code, places in groups.items()]
    found.sort(
        key=lambda issue: (
            all(place["test"] for place in issue["places"]),
            is_aside(issue["places"]),
            -Severity(issue["severity"]).rank,
            not is_broken(issue, known),
            -len(issue["places"]),
            issue["code"],
        )
    )
    for number, issue in enumerate(found, 1):
        issue["id"] = number
    return found


def _issue(rule: Rule, places: list[Record], known: Mapping[str, Rule]) -> Record:
    places.sort(
        key=lambda p: (
            *(p["test"], p["script"], p["idle"]),
            *(-Severity(p["severity"]).rank, p["file"], p["line"], p["column"]),
        )
    )
    run = in_use(places)
    fixes = [place["fix"] for place in places if place["fix"]]
    applied = sum(map(_is_applied, places))
    todo = Counter(fix["title"] for fix in fixes)
    also = Counter(code for place in places for code in place["also"] if code in known)
    return {
        "id": 0,
        "code": rule.code,
        "name": rule.name,
        "severity": max((place["severity"] for place in run), key=lambda severity: Severity(severity).rank),
        "title": rule.summary,
        "impact": " ".join(sections(rule.doc).get("Why it hurts", "").split()),
        "concern": rule.concern,
        "transactional": rule.transactional,
        "size": _size(places, rule.migrates),
        "todo": [{"text": text, "count": count} for text, count in todo.most_common()],
        "applied": applied,
        "ends_with": None,
        "also": [
            {"code": code, "name": known[code].name, "title": known[code].summary, "count": count}
            for code, count in also.most_common()
        ],
        "places": places,
    }


def is_broken(issue: Mapping[str, Any], known: Mapping[str, Rule]) -> bool:
    """Whether what is found goes wrong each time it runs, and something runs it."""
    return known[issue["code"]].breaks and not is_aside(issue["places"])


def is_aside(places: Sequence[Mapping[str, Any]]) -> bool:
    """Whether none of the places is in what users run: nothing runs them, or tests alone."""
    return all(place["idle"] or place["test"] for place in places)


def in_use(places: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The places in what users run; all where there is none."""
    return [place for place in places if not is_aside([place])] or list(places)


def _size(places: Sequence[Record], migrates: Collection[str]) -> str:
    """S: half a day; M: some days; L: more. What mends several places is done once."""
    hours = sum({_task(place): _cost(place, migrates) for place in places}.values())
    return "S" if hours <= _HOURS_OF_A_DAY else "M" if hours <= _HOURS_OF_A_WEEK else "L"


def _is_applied(place: Record) -> bool:
    return place["fix"] is not None and place["fix"]["applicability"] != Applicability.DISPLAY.value


def _cost(place: Record, migrates: Collection[str]) -> float:
    if place["fix"] is not None and place["fix"]["title"] in migrates and not _is_applied(place):
        return _MIGRATION
    is_index = place["fix"] is not None and _OF_AN_INDEX in place["fix"]["text"]
    return _LOOK if is_index or _is_applied(place) else _WORK


def _task(place: Record) -> str:
    """What there is to do at a place; places with the same are mended by it together."""
    fix = place["fix"]
    if fix is not None and fix["edits"]:
        return repr(fix["edits"])
    return str(fix["text"] if fix is not None and _OF_AN_INDEX in fix["text"] else place["fingerprint"])


def _place(finding: Finding, fingerprint: str, touched: _Touched) -> Record:
    data = finding.json()
    return {
        **finding.span.json(),
        "severity": data["severity"],
        "confidence": data["confidence"],
        "message": data["message"],
        "collections": touched.by(finding),
        "related": data["related"],
        "also": data["also"],
        "fix": data["fix"] if isinstance(finding.fix, Fix) else None,
        "fingerprint": fingerprint,
    }


_CUT_SHORT = re.compile(r" or \d+ others\b")


class _Touched:
    """Which collections a finding is about: those of the operations and indexes where it, or what explains it, is."""

    def __init__(self, project: Project) -> None:
        self._at: dict[tuple[str, int, int], list[str]] = {}
        for operation in project.operations:
            span = project.operation_span(operation)
            self._at.setdefault((span.file, span.line, span.column), []).extend(operation.collection_names)
        for index in project.indexes:
            if index.collection_name:
                for span in (project.index_span(index), project.index_token(index)):
                    self._at.setdefault((span.file, span.line, span.column), []).append(index.collection_name)

    def by(self, finding: Finding) -> list[str]:
        spans = [finding.span, *(related.span for related in finding.related)]
        found = [self._at.get((span.file, span.line, span.column), []) for span in spans]
        names = {name for names in (found[:1] if found[0] else found) for name in names}
        # Of what a helper for several collections may touch, a message names those that it is about
        # "3 calls" names none
        said = {name for name in names if re.search(rf"(?<![\w.])(?<!\d ){re.escape(name)}(?![\w.])", finding.message)}
        return sorted(said if said and not _CUT_SHORT.search(finding.message) else names)


def _texts(loaded: Loaded) -> Any:
    paths = {shown: path for path, shown in loaded.display.items()}

    def text_of(file: str) -> str | None:
        return loaded.text(paths[file]) if file in paths else None

    return text_of


def counts(issues: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """Findings by severity, the worst first, and how many more are in code that nothing runs, and in tests."""
    places = [place for issue in issues for place in issue["places"]]
    found = Counter(place["severity"] for place in places if not is_aside([place]))
    return {
        **{severity.value: found[severity.value] for severity in reversed(Severity)},
        "idle": sum(place["idle"] for place in places),
        "test": sum(place["test"] for place in places),
    }
