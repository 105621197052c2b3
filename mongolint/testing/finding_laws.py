"""Laws of findings: what a rule reports stays the same where the code means the same."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

from mongolint.engine.registry import all_rules
from mongolint.engine.run import UNUSED_SUPPRESSION
from mongolint.rule import Bad, Example, Good, Rule, Todo
from mongolint.testing.projects import Texts, broken, default_rules, found_in, project, run, spanned, texts_of, told
from mongolint.testing.variants import VARIANTS

Law = Callable[[Rule, Example, Path], None]


def finding_laws(example: Example) -> dict[str, Law]:
    """Those that hold for an example, by name."""
    if isinstance(example, Todo):
        return {"still-wrong": _still_wrong}
    variants: dict[str, Law] = {
        name: partial(_same_findings, vary=vary, lines=lines) for name, (vary, lines) in VARIANTS.items()
    }
    if isinstance(example, Good):
        return {"silent": _silent, **variants}
    return {"exact": _exact, **variants, "suppressed": _suppressed, "all-rules": _no_crash, "twice": _twice}


def _exact(rule: Rule, example: Example, folder: Path) -> None:
    """A Bad example: these places and no others, and the message says what it should."""
    assert isinstance(example, Bad)
    loaded, found = found_in(rule, example, folder)
    own = [finding for finding in found if finding.code == rule.code]
    texts = tuple(spanned(loaded, finding) for finding in own)
    if texts != example.at:
        raise broken(f"findings at {texts}, not at {example.at}", loaded, found)
    if not any(example.message in finding.message for finding in own[:1]):
        raise broken(f"{example.message!r} is not in the first message", loaded, found)


def _silent(rule: Rule, example: Example, folder: Path) -> None:
    """A Good example is good code: no rule of the default tier has anything to say."""
    loaded, found = found_in(rule, example, folder)
    if found:
        raise broken("a good example has findings", loaded, found)


def _still_wrong(rule: Rule, example: Example, folder: Path) -> None:
    assert isinstance(example, Todo)
    loaded, found = found_in(rule, example, folder)
    if tuple(spanned(loaded, finding) for finding in found if finding.code == rule.code) == example.at:
        raise broken("this Todo is right now: make it a Bad or Good example", loaded, found)


def _same_findings(rule: Rule, example: Example, folder: Path, *, vary: Callable[[Texts], Texts], lines: int) -> None:
    """The code in other clothes: the same findings, ``lines`` further down."""
    loaded, found = found_in(rule, example, folder / "as-is")
    other, again = found_in(rule, example, folder / "varied", vary(texts_of(example.code)))
    if told(loaded, found, lines) != told(other, again):
        raise broken(f"findings were {told(loaded, found, lines)}", other, again)


def _suppressed(rule: Rule, example: Example, folder: Path) -> None:
    """A comment on the line silences this rule and no other, and is not called unused."""
    loaded, found = found_in(rule, example, folder / "as-is")
    others = [finding for finding in found if finding.code != rule.code]
    silenced = [(f.span.file, f.span.line) for f in found if f.code == rule.code]
    comments = {
        "code": f"# mongolint: ignore[{rule.code}] reason",
        "name": f"# mongolint: ignore[{rule.name}]",
        "noqa": f"# noqa: {rule.code}",
    }
    for name, comment in comments.items():
        files = _commented(texts_of(example.code), silenced, comment)
        other, again = found_in(rule, example, folder / name, files)
        expected = [told for told in told(loaded, others) if told[0] != UNUSED_SUPPRESSION]
        if told(other, again) != expected:
            raise broken(f"with {comment!r} the findings should be {expected}", other, again)


def _no_crash(rule: Rule, example: Example, folder: Path) -> None:
    """No rule of any tier fails on the example."""
    run(project(example.code, folder), {each.code for each in all_rules()})


def _twice(rule: Rule, example: Example, folder: Path) -> None:
    """The same project gives the same findings, read anew and asked anew."""
    loaded, found = found_in(rule, example, folder)
    _, again = found_in(rule, example, folder)
    if not found == again == run(loaded, default_rules() | {rule.code}):
        raise broken("the second run differs from the first", loaded, again)


def _commented(files: Texts, places: Iterable[tuple[str, int]], comment: str) -> Texts:
    """The files with a comment at the end of the lines given."""
    texts = {path: text.split("\n") for path, text in files.items()}
    for path, line in set(places):
        texts[path][line - 1] += "  " + comment
    return {path: "\n".join(lines) for path, lines in texts.items()}
