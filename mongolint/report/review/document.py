"""Adds to the record of a review what a reader wants to see beside each place: the code, and the fix as a diff."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from itertools import groupby
from typing import Any

from mongolint.finding import Edit, Span
from mongolint.report import writing
from mongolint.report.diff import Rewrite, hunks
from mongolint.report.frame import numbered, split_lines

Record = dict[str, Any]
Source = Callable[[str], str | None]


def document(review: Mapping[str, Any], source: Source, rewrite: Rewrite) -> Record:
    """The record, in which each place of an issue has two more keys, and the review its scripts.

    ``frame``: [{number, text, mark}], mark being [start, end] of what is meant, 0-based, or null. ``fix.diff``:
    [{file, line, rows}], rows being [mark, text] with "-", "+" or " ". ``scripts``: {mongosh, python}, which make the
    required indexes.

    Args:
        source: gives the text of a file by the path that findings show.
        rewrite: makes edits in a text.
    """
    lines = _Lines(source)
    issues = [
        {**issue, "places": [_place(place, lines, rewrite) for place in issue["places"]]} for issue in review["issues"]
    ]
    return {**review, "issues": issues, "scripts": scripts(review["indexes"])}


class _Lines(dict[str, list[str]]):
    """The lines of files, by path; a file that cannot be had has none."""

    def __init__(self, source: Source) -> None:
        self.source = source

    def __missing__(self, file: str) -> list[str]:
        text = self.source(file)
        self[file] = split_lines(text) if text is not None else []
        return self[file]


def _place(place: Mapping[str, Any], lines: _Lines, rewrite: Rewrite) -> Record:
    span = _span(place)
    frame = [
        {"number": number, "text": text, "mark": list(mark) if mark else None}
        for number, text, mark in numbered(lines[span.file], span)
    ]
    fix = place["fix"]
    return {**place, "frame": frame, "fix": fix and {**fix, "diff": _diff(fix["edits"], lines, rewrite)}}


def _diff(edits: Sequence[Mapping[str, Any]], lines: _Lines, rewrite: Rewrite) -> list[Record]:
    by_file: dict[str, list[Edit]] = {}
    for edit in edits:
        by_file.setdefault(edit["file"], []).append(Edit(_span(edit), edit["content"]))
    try:
        return [
            {"file": file, "line": line, "rows": [list(row) for row in rows]}
            for file, held in by_file.items()
            if lines[file]
            for line, rows in hunks(lines[file], held, rewrite)
        ]
    except ValueError:
        return []


def _span(place: Mapping[str, Any]) -> Span:
    return Span(place["file"], place["line"], place["column"], place["end_line"], place["end_column"])


def scripts(indexes: Sequence[Record]) -> Record:
    """What makes the required indexes, for mongosh and for PyMongo; both can be run again."""
    shell: list[str] = []
    python = ["import pymongo", "", "client = pymongo.MongoClient()"]
    database = None
    for (named, reason), alike in groupby(indexes, key=lambda index: (index["database"], index["reason"])):
        if not python[3:] or named != database:
            database = named
            name = json.dumps(database or "<your database>")
            known = " the name that the code shows; settings may say another" if database else ""
            shell.append(f"use({name});{known and f'  //{known}'}")
            python.append(f"db = client[{name}]{known and f'  #{known}'}")
        together = list(alike)
        told = f"each of these {len(together)}: {reason}" if len(together) > 1 else reason
        shell.append(f"// {told}")
        python.append(f"# {told}")
        for index in together:
            if index["replaces"]:
                shell.append(writing.mongosh_drop(index["collection"], index["replaces"]))
                python.append(writing.python_drop(index["collection"], index["replaces"]))
            shell.append(writing.mongosh(index))
            python.append(writing.python(index))
    return {"mongosh": "\n".join(shell), "python": "\n".join(python) if indexes else ""}
