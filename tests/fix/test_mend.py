"""Fixes that are good, and fixes that are not: these are refused, and the others are applied all the same."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import pytest

from mongolint.config import Config
from mongolint.engine import mend as engine
from mongolint.engine.load import Loaded, load
from mongolint.engine.mend import Mended, WriteError, mend, write
from mongolint.engine.run import Result, check
from mongolint.finding import Applicability, Edit, Finding, Fix, Span
from mongolint.rule import Project, Rule, Severity

Install = Callable[..., None]
Edits = Callable[[str, str, int], Iterable[Edit]]
TOKEN = "MARK"


def rule(code: str, edits: Edits, word: str = TOKEN, kind: Applicability = Applicability.SAFE) -> Rule:
    """A rule that finds each line that holds a word; the fix makes the edits of file, line and number."""
    made = Rule(code, code.lower(), Severity.LOW, fix=kind, tokens=(TOKEN, word), in_tests=True)

    @made.on(Project)
    def find(project: Project) -> Iterable[Finding]:
        for file, text in CONTENTS.items():
            for number, line in enumerate(text.split("\n"), 1):
                if word in line:
                    span = Span(file, number, 1, number, len(line) + 1)
                    fix = Fix(kind, "fix it", edits=tuple(edits(file, line, number)))
                    yield made.finding(span, "found", fix=fix)

    return made


# What the fake rules look at: kept up to date by `fix`
CONTENTS: dict[str, str] = {}


def fix(root: Path, files: Mapping[str, str | bytes], codes: Iterable[str], *, unsafe: bool = False) -> Mended:
    for name, content in files.items():
        (root / name).write_bytes(content.encode() if isinstance(content, str) else content)
    config = Config(root=root)
    wanted = {"MDB000", *codes}

    def reload(changed: Mapping[str, bytes], previous: Loaded | None) -> Loaded:
        return load([root], config, root, overlay=changed, tokens=[TOKEN], jobs=1, previous=previous)

    def judge(loaded: Loaded) -> Result:
        CONTENTS.clear()
        CONTENTS.update({loaded.display[path]: loaded.text(path) or "" for path in loaded.targets})
        return check(loaded, wanted, config, fixes=True)

    mended = mend(reload({}, None), judge, reload, unsafe=unsafe)
    assert not mended.result.crashes
    return mended


def texts(mended: Mended) -> dict[str, str]:
    return {Path(path).name: content.decode() for path, content in mended.changed.items()}


def replace_line(content: str) -> Edits:
    return lambda file, line, number: [Edit(Span(file, number, 1, number, len(line) + 1), content)]


GOOD = rule("XYZ001", replace_line("x = 1  # done"))


def test_good_fix(install: Install, tmp_path: Path) -> None:
    install(GOOD)
    mended = fix(tmp_path, {"a.py": "MARK = 1\ny = 2\nMARK = 3\n", "b.py": "z = 1\n"}, ["XYZ001"])
    assert texts(mended) == {"a.py": "x = 1  # done\ny = 2\nx = 1  # done\n"}
    assert (mended.first, mended.fixed, mended.result.findings) == (2, {("a.py", "XYZ001"): 2}, [])
    assert not mended.failures
    assert (tmp_path / "a.py").read_text().startswith("MARK")


def test_unsafe_fix_waits_for_leave(install: Install, tmp_path: Path) -> None:
    install(rule("XYZ002", replace_line("x = 1"), kind=Applicability.UNSAFE))
    assert not fix(tmp_path, {"a.py": "MARK = 1\n"}, ["XYZ002"]).changed
    assert texts(fix(tmp_path, {}, ["XYZ002"], unsafe=True)) == {"a.py": "x = 1\n"}


BAD = {
    "no Python": (replace_line("x = ("), "a.py:1 would be no Python: '(' was never closed"),
    "what only Python refuses": (replace_line("await x"), "a.py:1 would be no Python: 'await' outside function"),
    "a new finding of another rule": (replace_line("x = 'OTHER'"), "a.py would have a new finding of XYZ009"),
    "more of its own": (replace_line("MARK = 1\nMARK = 1"), "a.py would have a new finding of XYZ002"),
    "the same again and again": (replace_line("MARK = 2 or MARK"), "what they fix comes back each time"),
    "growing again and again": (replace_line("x = 1\nMARK = 1"), "what they fix comes back each time"),
    "overlapping edits": (
        lambda file, line, number: [Edit(Span(file, 1, 1, 1, 5), "x"), Edit(Span(file, 1, 3, 1, 6), "y")],
        "a.py cannot be rewritten: edits overlap",
    ),
    "edits outside the file": (
        lambda file, line, number: [Edit(Span(file, 99, 1, 99, 1), "x")],
        "a.py cannot be rewritten: line 99 is not within 1..3",
    ),
}


@pytest.mark.parametrize(("edits", "reason"), BAD.values(), ids=BAD)
def test_bad_fix(edits: Edits, reason: str, install: Install, tmp_path: Path) -> None:
    """The file keeps what that rule would have changed; other fixes in it and elsewhere are applied."""
    install(
        rule("XYZ001", replace_line("y = 1"), "GOOD"),
        rule("XYZ002", lambda file, line, number: edits(file, line, number) if file == "a.py" else ()),
        rule("XYZ009", lambda file, line, number: (), "OTHER"),
    )
    files = {"a.py": "MARK = 1\nGOOD = 1\n", "b.py": "GOOD = 'MARK'\n"}
    mended = fix(tmp_path, files, ["XYZ001", "XYZ002", "XYZ009"])
    assert texts(mended) == {"a.py": "MARK = 1\ny = 1\n", "b.py": "y = 1\n"}
    assert mended.failures == [f"the fixes of XYZ002 leave a.py as it was: {reason}"]
    (left,) = mended.result.findings
    assert isinstance(left.fix, Fix)
    assert (left.fix.applicability, left.fix.reason) == (Applicability.DISPLAY, f"refused: {reason}")


def test_bad_only_together(install: Install, tmp_path: Path) -> None:
    """Each alone would do: the first is applied."""

    def starred(word: str) -> Edits:
        return lambda file, line, number: [Edit(Span(file, 1, at := line.index(word) + 1, 1, at + 4), f"*{word[0]}")]

    install(rule("XYZ001", starred("GOOD"), "GOOD"), rule("XYZ002", starred("MARK")))
    mended = fix(tmp_path, {"a.py": "MARK, GOOD = 1, 2\n"}, ["XYZ001", "XYZ002"])
    assert texts(mended) == {"a.py": "MARK, *G = 1, 2\n"}
    assert mended.failures == [
        "the fixes of XYZ002 leave a.py as it was: "
        "a.py:1 would be no Python: multiple starred expressions in assignment"
    ]


def test_fix_that_harms_another_file(install: Install, tmp_path: Path) -> None:
    """Whoever is to blame is found even if the harm is elsewhere."""

    def elsewhere(file: str, line: str, number: int) -> Iterable[Edit]:
        return [Edit(Span("b.py", 1, 1, 1, 1), "OTHER = 1\n")] if file == "a.py" else []

    install(
        rule("XYZ001", replace_line("y = 1"), "GOOD"),
        rule("XYZ002", elsewhere),
        rule("XYZ009", lambda file, line, number: (), "OTHER"),
    )
    files = {"a.py": "MARK = 1\n", "b.py": "z = 'MARK'\nGOOD = 1\n"}
    mended = fix(tmp_path, files, ["XYZ001", "XYZ002", "XYZ009"])
    assert texts(mended) == {"b.py": "z = 'MARK'\ny = 1\n"}
    assert mended.failures == ["the fixes of XYZ002 leave a.py as it was: b.py would have a new finding of XYZ009"]


def test_fix_in_steps(install: Install, tmp_path: Path) -> None:
    """A finding that goes away only after some rounds is no endless one."""

    def less(file: str, line: str, number: int) -> Iterable[Edit]:
        start = line.index(TOKEN) + 1
        return [Edit(Span(file, number, start, number, start + 4), "x")]

    install(rule("XYZ001", less))
    assert texts(fix(tmp_path, {"a.py": "MARKMARKMARK = 1\n"}, ["XYZ001"])) == {"a.py": "xxx = 1\n"}


def test_more_clashes_than_patience(install: Install, tmp_path: Path) -> None:
    """Each of these fixes needs a round of its own, and each round makes one finding fewer."""

    def all_of_it(file: str, line: str, number: int) -> Iterable[Edit]:
        text = CONTENTS[file]
        return [Edit(Span(file, 1, 1, number, len(line) + 1), text[: text.index(line)] + line.replace("MARK", "x"))]

    install(rule("XYZ001", all_of_it))
    source = "".join(f"MARK{n:02} = 1\n" for n in range(40))
    mended = fix(tmp_path, {"a.py": source}, ["XYZ001"])
    assert texts(mended) == {"a.py": source.replace("MARK", "x")}
    assert not mended.failures


def test_fix_of_two_files(install: Install, tmp_path: Path) -> None:
    def both(file: str, line: str, number: int) -> Iterable[Edit]:
        yield Edit(Span(file, number, 1, number, len(line) + 1), "x = 1")
        yield Edit(Span("c.py", 1, 1, 1, 1), "y = 1\n", shared=True)

    install(rule("XYZ001", both))
    files = {"a.py": "MARK = 1\n", "b.py": "MARK = 1\n", "c.py": "", "d.py": "MARK_ = 1\n"}
    mended = fix(tmp_path, files, ["XYZ001"])
    assert texts(mended) == {"a.py": "x = 1\n", "b.py": "x = 1\n", "c.py": "y = 1\n", "d.py": "x = 1\n"}
    assert [{Path(path).name for path in group} for group in mended.groups] == [{"a.py", "b.py", "c.py", "d.py"}]


ODD = {
    "latin-1": "# coding: latin-1\ncafé = 'MARK'\nnaïve = 1\n".encode("latin-1"),
    "byte order mark": b"\xef\xbb\xbfMARK = 'caf\xc3\xa9'\n",
    "CRLF": b"a = 1\r\nMARK = 1\r\n\r\nb = 2  \r\n",
    "CR": b"a = 1\rMARK = 1\rb = 2\r",
    "mixed": b"a = 1\r\nMARK = 1\nb = '''\n\r\n'''\r",
    "no newline at the end": b"a = 1\nMARK = 1",
    "form feed": b"a = 1\n\x0cMARK = 1\n\x0c\nb = 2\n",
}


@pytest.mark.parametrize("content", ODD.values(), ids=ODD)
def test_all_else_stays(content: bytes, install: Install, tmp_path: Path) -> None:
    """Byte for byte, whatever the file looks like."""

    def word(file: str, line: str, number: int) -> Iterable[Edit]:
        lines = [part for cut in CONTENTS[file].split("\r\n") for part in cut.replace("\r", "\n").split("\n")]
        for at, text in enumerate(lines, 1):
            if TOKEN in text:
                start = text.index(TOKEN) + 1
                yield Edit(Span(file, at, start, at, start + 4), "done")

    install(rule("XYZ001", word))
    mended = fix(tmp_path, {"a.py": content}, ["XYZ001"])
    assert list(mended.changed.values()) == [content.replace(b"MARK", b"done")]


def test_character_that_the_encoding_has_not(install: Install, tmp_path: Path) -> None:
    install(rule("XYZ001", replace_line("x = '☃'")))
    mended = fix(tmp_path, {"a.py": "# coding: latin-1\nMARK = 1\n"}, ["XYZ001"])
    assert not mended.changed
    assert "cannot be rewritten: character '\\u2603' does not exist in the file's encoding" in mended.failures[0]


def test_write(tmp_path: Path) -> None:
    """Mode and links stay; nothing is left beside."""
    script, linked, link = tmp_path / "run.py", tmp_path / "real.py", tmp_path / "link.py"
    script.write_text("old")
    script.chmod(0o755)
    linked.write_text("old")
    link.symlink_to(linked)
    write({str(script): b"new", str(link): b"newer"}, {str(script): b"old", str(link): b"old"})
    assert (script.read_text(), stat.S_IMODE(script.stat().st_mode)) == ("new", 0o755)
    assert link.is_symlink()
    assert linked.read_text() == "newer"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link.py", "real.py", "run.py"]


def test_write_all_or_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one, two = tmp_path / "one.py", tmp_path / "two.py"
    one.write_text("old")
    two.write_text("edited meanwhile")
    new, old = ({str(one): text, str(two): text} for text in (b"new", b"old"))
    with pytest.raises(WriteError, match="changed on disk") as caught:
        write(new, old)
    assert caught.value.path == str(two)
    two.write_text("old")
    # As in a directory that may not be written, which root may
    monkeypatch.setattr(engine.tempfile, "mkstemp", _refuse)
    with pytest.raises(WriteError, match="permission denied"):
        write(new, old)
    monkeypatch.undo()
    monkeypatch.setattr(engine.os, "access", lambda path, mode: path != str(two.resolve()))
    with pytest.raises(WriteError, match="permission denied"):
        write(new, old)
    monkeypatch.undo()
    two.unlink()
    with pytest.raises(WriteError, match="no such file"):
        write(new, old)
    assert one.read_text() == "old"
    assert os.listdir(tmp_path) == ["one.py"]


def _refuse(**_: object) -> tuple[int, str]:
    raise PermissionError(13, "Permission denied", "somewhere/.mongolint-x")
