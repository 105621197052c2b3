"""Laws of fixes: what is applied does what the example says, and leaves nothing behind that is worse than before."""

from __future__ import annotations

import io
import tokenize
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path

from mongolint.engine.load import Loaded, load
from mongolint.engine.mend import Mended, mend
from mongolint.engine.run import Result, check
from mongolint.finding import Finding
from mongolint.rule import Bad, Example, Rule
from mongolint.source.syntax import python_error
from mongolint.source.text import decode_source
from mongolint.testing.finding_laws import Law
from mongolint.testing.projects import Texts, broken, default_rules, example_project, texts_of, tokens
from mongolint.testing.variants import PLACES, TEXTUAL, Vary


def fix_laws() -> dict[str, Law]:
    """Those of a Bad example, by name."""
    textual = {f"fixed-{name}": partial(_fixed, vary=vary, exact=True) for name, vary in TEXTUAL.items()}
    placed = {f"fixed-{name}": partial(_fixed, vary=vary, exact=False) for name, vary in PLACES.items()}
    return {**textual, **placed, "fixed-together": _together}


def _fixed(rule: Rule, example: Example, folder: Path, *, vary: Vary, exact: bool) -> None:
    """The fixes of this rule alone give just what the example says, wherever it stands."""
    assert isinstance(example, Bad)
    before = vary(texts_of(example.code))
    if not exact and any(map(python_error, before.values())):
        return  # An import of everything may stand in no function
    after = _fix(rule, example, folder, before, {rule.code})
    if exact and example.fixed is not None:
        expected = {**before, **vary(texts_of(example.fixed))}
        for file, text in after.items():
            if text != expected[file]:
                raise AssertionError(f"{file} is fixed to\n{text}\nand not to\n{expected[file]}")


def _together(rule: Rule, example: Example, folder: Path) -> None:
    """With the fixes of all other rules, too."""
    _fix(rule, example, folder, texts_of(example.code), default_rules() | {rule.code})


def _fix(rule: Rule, example: Example, folder: Path, before: Texts, codes: Collection[str]) -> Texts:
    """The texts after all fixes of some rules, for which the laws hold that need no expectation."""
    loaded = example_project(rule, example, folder / "before", before)
    first = _check(loaded, rule, codes)
    mended = _mend(loaded, rule, codes, folder / "before")
    found = mended.result.findings
    if mended.failures:
        raise broken("\n".join(mended.failures), mended.loaded, found)
    after = {file: _text(mended, folder / "before" / file, text) for file, text in before.items()}
    _check_texts(before, after, first.findings, codes)
    for (file, code), count in _counts(found).items():
        if count > _counts(first.findings)[file, code]:
            raise broken(f"the fix brings a finding of {code} to {file}", mended.loaded, found)
    if mended.changed and len(found) >= len(first.findings):
        raise broken("what was fixed is still found", mended.loaded, found)
    again = example_project(rule, example, folder / "after", after)
    if _mend(again, rule, codes, folder / "after").changed:
        raise broken("a second run changes more", again, found)
    return after


def _mend(loaded: Loaded, rule: Rule, codes: Collection[str], folder: Path) -> Mended:
    def reload(changed: Mapping[str, bytes], previous: Loaded) -> Loaded:
        config = previous.project.config
        return load([folder], config, folder, overlay=changed, tokens=tokens(), jobs=1, previous=previous)

    return mend(loaded, lambda state: _check(state, rule, codes), reload, unsafe=True)


def _check(loaded: Loaded, rule: Rule, codes: Collection[str]) -> Result:
    """What all rules of the default tier find, with the fixes of some."""
    result = check(loaded, default_rules() | {rule.code}, loaded.project.config, fixes=True)
    if result.crashes:
        raise AssertionError("\n".join(result.crashes))
    result.findings = [f if f.code in codes else f._replace(fix=None) for f in result.findings]
    return result


def _counts(found: Iterable[Finding]) -> Counter[tuple[str, str]]:
    return Counter((finding.span.file, code) for finding in found for code in (finding.code, *finding.also))


def _text(mended: Mended, path: Path, text: str) -> str:
    data = mended.changed.get(path.as_posix())
    return text if data is None else decode_source(data, str(path)).text


def _check_texts(before: Texts, after: Texts, found: Iterable[Finding], codes: Collection[str]) -> None:
    """What was Python is Python, and every comment is there, but those that a fixed finding is about."""
    own = [finding for finding in found if finding.code in codes]
    for file, text in before.items():
        error = python_error(after[file])
        if error and not python_error(text):
            raise AssertionError(
                f"{file} is no Python after the fix, line {error.line}: {error.message}\n{after[file]}"
            )
        kept = Counter(comment for comment, line, column in _comments(text) if not _is_about(own, file, line, column))
        lost = kept - Counter(comment for comment, _, _ in _comments(after[file]))
        if lost:
            raise AssertionError(f"the fix loses {', '.join(lost)} in {file}:\n{after[file]}")


def _is_about(found: Iterable[Finding], file: str, line: int, column: int) -> bool:
    return any((f.span.file, f.span.line) == (file, line) and f.span.column >= column for f in found)


def _comments(text: str) -> Iterator[tuple[str, int, int]]:
    """Each comment with its line and column, 1-based; none of a text that is no Python."""
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type == tokenize.COMMENT:
                yield token.string.rstrip(), token.start[0], token.start[1] + 1
    except (tokenize.TokenError, SyntaxError):
        return
