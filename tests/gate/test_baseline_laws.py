"""Whatever is edited around old findings, exactly those are known again; one line more is one finding more."""

from __future__ import annotations

import random
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mongolint.engine.gate.baseline import Baseline, BaselineError, Scope, read, render
from mongolint.engine.load import Loaded
from mongolint.finding import Confidence, Finding, Severity, Span

ROOT = Path("/nowhere/project")
CODES = ("MDB101", "MDB104", "MDB503")
LINES = [f"    {code}({argument})" for code in CODES for argument in "abc"]
BODIES = st.lists(st.lists(st.sampled_from(LINES), max_size=4), min_size=1, max_size=4)


def text_of(bodies: list[list[str]], names: str = "abcd", filler: random.Random | None = None) -> str:
    """A function for each body; with a filler, other lines between all of them."""
    lines = []
    for name, body in zip(names, bodies, strict=False):
        lines += [f"def {name}():", *body, "    pass"]
    if filler is None:
        return "\n".join(lines)
    mixed = []
    for line in lines:
        while filler.random() < 0.3:
            mixed.append(filler.choice(["", "    # text", "    x = 1"]))
        mixed.append(line + filler.choice(["", "  # why", " "]))
    return "\n".join(mixed)


def found(text: str, file: str = "a.py") -> list[Finding]:
    """A finding for each call that is named like a rule; what it says is of its argument."""
    findings = []
    for number, line in enumerate(re.split("\r\n|\r|\n", text), 1):
        for match in re.finditer(r"(MDB\d+)\((\w)\)", line):
            span = Span(file, number, match.start() + 1, number, match.end() + 1)
            findings.append(Finding(span, match[1], "name", Severity.LOW, Confidence.KNOWN, f"slow {match[2]}"))
    return findings


def loaded(files: dict[str, str]) -> Loaded:
    paths = {name: (ROOT / name).as_posix() for name in files}
    sources = {paths[name]: text.encode() for name, text in files.items()}
    project: Any = None
    return Loaded(project, list(sources), sources, [], [], {path: name for name, path in paths.items()})


def baseline_of(files: dict[str, str]) -> Baseline:
    state = loaded(files)
    empty = Baseline(ROOT / "baseline.json")
    findings = [finding for name, text in files.items() for finding in found(text, name)]
    return empty.renewed(state, empty.sift(state, findings), everything())


def everything() -> Scope:
    return Scope([ROOT], lambda path: CODES)


def sift(baseline: Baseline, files: dict[str, str]) -> tuple[list[Finding], int]:
    """What is new, and how much is gone."""
    findings = [finding for name, text in files.items() for finding in found(text, name)]
    sifted = baseline.sift(loaded(files), findings)
    assert sorted([*sifted.new, *sifted.held], key=lambda f: f.sort_key) == sorted(findings, key=lambda f: f.sort_key)
    return sifted.new, len(baseline.gone(sifted, everything()))


@settings(deadline=None)
@given(BODIES, st.integers(0, 1000), st.sampled_from(["abcd", "dcba", "wxyz"]), st.sampled_from(["a.py", "b/c.py"]))
def test_old_findings_are_known(bodies: list[list[str]], seed: int, names: str, file: str) -> None:
    """With other lines around, other line breaks, other names of the functions or another one of the file."""
    baseline = baseline_of({"a.py": text_of(bodies)})
    renamed = names if file == "a.py" else "abcd"
    text = text_of(bodies, renamed, random.Random(seed)).replace("\n", random.Random(seed).choice(["\n", "\r\n"]))
    assert sift(baseline, {file: text}) == ([], 0)


@settings(deadline=None)
@given(BODIES, st.sampled_from(LINES), st.data())
def test_one_more_is_one_new(bodies: list[list[str]], line: str, data: st.DataObject) -> None:
    baseline = baseline_of({"a.py": text_of(bodies)})
    which = data.draw(st.integers(0, len(bodies) - 1))
    more = [list(body) for body in bodies]
    more[which].insert(data.draw(st.integers(0, len(more[which]))), line)
    new, gone = sift(baseline, {"a.py": text_of(more)})
    assert ([finding.code for finding in new], gone) == ([line.strip()[:6]], 0)


@settings(deadline=None)
@given(BODIES, st.data())
def test_one_less_is_one_gone(bodies: list[list[str]], data: st.DataObject) -> None:
    baseline = baseline_of({"a.py": text_of(bodies)})
    full = [index for index, body in enumerate(bodies) if body]
    if full:
        which = data.draw(st.sampled_from(full))
        less = [list(body) for body in bodies]
        less[which].pop(data.draw(st.integers(0, len(less[which]) - 1)))
        assert sift(baseline, {"a.py": text_of(less)}) == ([], 1)


@settings(deadline=None)
@given(BODIES, BODIES)
def test_files_are_on_their_own(one: list[list[str]], other: list[list[str]]) -> None:
    """What is new in a file does not depend on which others are looked at."""
    baseline = baseline_of({"a.py": text_of(one), "gone.py": text_of(other)})
    files = {"a.py": text_of(other), "b.py": text_of(one), "c.py": text_of(other)}
    together, _ = sift(baseline, files)
    state = loaded(files)  # the others are there, and not asked about
    apart = [each for name, text in files.items() for each in baseline.sift(state, found(text, name)).new]
    assert set(together) == set(apart)
    assert not [finding for finding in together if finding.span.file == "c.py"]


def test_written_and_read_again(tmp_path: Path) -> None:
    baseline = baseline_of({"a.py": text_of([LINES[:4], LINES[2:]]), "ü/b c.py": text_of([LINES])})
    file = tmp_path / "baseline.json"
    file.write_text(render(baseline), encoding="utf-8")
    again = read(file, "baseline.json")
    assert again.entries == baseline.entries
    assert render(again) == render(baseline)
    lines = file.read_text(encoding="utf-8").splitlines()
    twice = [*lines[:3], *reversed(lines[3:-3]), *lines[3:-3], *lines[-3:]]
    file.write_text("\n".join(twice), encoding="utf-8")
    assert read(file, "baseline.json").entries == baseline.entries


@settings(deadline=None)
@given(st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_whatever_else_is_no_baseline(data: bytes) -> None:
    class Held(type(Path())):  # type: ignore[misc]
        def read_bytes(self) -> bytes:
            return data

    with pytest.raises(BaselineError, match=r"^shown"):
        read(Held("x"), "shown")
