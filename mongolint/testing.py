"""The laws that the examples of a rule have to keep; public, so that third-party rules can prove themselves.

    @pytest.mark.parametrize("example", EXAMPLES)
    def test_example(example, tmp_path):
        check_example(rule, example, tmp_path)

May not know any rule, nor a test framework: a broken law is an AssertionError that shows what was found. The
rule has to be installed, because the engine finds it as it finds every rule.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable, Collection, Iterable, Mapping
from functools import partial
from pathlib import Path

from mongolint.config import Config
from mongolint.engine.load import Loaded, load
from mongolint.engine.registry import all_rules, rule_infos, tiers
from mongolint.engine.run import UNUSED_SUPPRESSION, check
from mongolint.finding import Finding
from mongolint.rule import Bad, Example, Good, Rule, Todo
from mongolint.selectors import resolve_selection
from mongolint.source.text import LineTable

Files = str | Mapping[str, str]
# Code, file, line, spanned text and message: what has to stay the same where columns may not
Told = tuple[str, str, int, str, str]
Texts = dict[str, str]
Law = Callable[[Rule, Example, Path], None]

_FUTURE = re.compile(r"(?:from __future__ import .*\n|\s*\n)*")
_INDENT = re.compile(r"^(?: {4})+", re.MULTILINE)

# Names of driver methods on objects that have nothing to do with a database
_UNRELATED = """\
class UnrelatedThing:
    seen: dict[str, int] = {}

    def update(self, values: list[int]) -> int:
        for value in values:
            self.seen.update({str(value): values.count(value)})
        return len(self.seen)


"""


def project(files: Files, tmp_path: Path, *, config: Config | None = None) -> Loaded:
    """Write files into a directory and load it.

    Args:
        files: texts by path, or one text, which is then ``example.py``. Each is dedented; newlines stay.
        tmp_path: the project's root; it has to hold nothing else.
        config: default: every option as it is without a configuration file.
    """
    for path, text in _texts(files).items():
        file = tmp_path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text.encode())
    tokens = [token for rule in all_rules() for token in rule.tokens]
    return load([tmp_path], config or _config(tmp_path), tmp_path, tokens=tokens, jobs=1)


def findings(
    files: Files, tmp_path: Path, *, rules: Collection[str] | None = None, config: Config | None = None
) -> list[Finding]:
    """What rules find in files, by file and place.

    Args:
        rules: their codes; default: the rules of the default tier.
        files, tmp_path, config: as of `project`.

    Raises:
        AssertionError: a rule failed.
    """
    config = config or _config(tmp_path)
    return _run(project(files, tmp_path, config=config), _default_rules() if rules is None else rules)


def spanned(loaded: Loaded, finding: Finding) -> str:
    """The source text that a finding spans."""
    path = next(path for path, shown in loaded.display.items() if shown == finding.span.file)
    text = loaded.text(path) or ""
    table, span = LineTable(text), finding.span
    return text[table.offset(span.line, span.column) : table.offset(span.end_line, span.end_column)]


def check_example(rule: Rule, example: Example, tmp_path: Path) -> None:
    """Prove every law that holds for an example.

    Raises:
        AssertionError: a law is broken.
    """
    for name, law in laws(example).items():
        law(rule, example, tmp_path / name)


def laws(example: Example) -> dict[str, Law]:
    """The laws that hold for an example, by name: for tests that want one test for each."""
    if isinstance(example, Todo):
        return {"still-wrong": _still_wrong}
    variants: dict[str, Law] = {
        name: partial(_same_findings, vary=vary, lines=lines) for name, (vary, lines) in _VARIANTS.items()
    }
    if isinstance(example, Good):
        return {"silent": _silent, **variants}
    return {"exact": _exact, **variants, "suppressed": _suppressed, "all-rules": _no_crash, "twice": _twice}


def _exact(rule: Rule, example: Example, folder: Path) -> None:
    """A Bad example: these places and no others, and the message says what it should."""
    assert isinstance(example, Bad)
    loaded, found = _found(rule, example, folder)
    own = [finding for finding in found if finding.code == rule.code]
    texts = tuple(spanned(loaded, finding) for finding in own)
    if texts != example.at:
        raise _broken(f"findings at {texts}, not at {example.at}", loaded, found)
    if not any(example.message in finding.message for finding in own[:1]):
        raise _broken(f"{example.message!r} is not in the first message", loaded, found)


def _silent(rule: Rule, example: Example, folder: Path) -> None:
    """A Good example is good code: no rule of the default tier has anything to say."""
    loaded, found = _found(rule, example, folder)
    if found:
        raise _broken("a good example has findings", loaded, found)


def _still_wrong(rule: Rule, example: Example, folder: Path) -> None:
    assert isinstance(example, Todo)
    loaded, found = _found(rule, example, folder)
    if tuple(spanned(loaded, finding) for finding in found if finding.code == rule.code) == example.at:
        raise _broken("this Todo is right now: make it a Bad or Good example", loaded, found)


def _same_findings(rule: Rule, example: Example, folder: Path, *, vary: Callable[[Texts], Texts], lines: int) -> None:
    """The code in other clothes: the same findings, ``lines`` further down."""
    loaded, found = _found(rule, example, folder / "as-is")
    other, again = _found(rule, example, folder / "varied", vary(_texts(example.code)))
    if _told(loaded, found, lines) != _told(other, again):
        raise _broken(f"findings were {_told(loaded, found, lines)}", other, again)


def _suppressed(rule: Rule, example: Example, folder: Path) -> None:
    """A comment on the line silences this rule and no other, and is not called unused."""
    loaded, found = _found(rule, example, folder / "as-is")
    others = [finding for finding in found if finding.code != rule.code]
    silenced = [(f.span.file, f.span.line) for f in found if f.code == rule.code]
    comments = {
        "code": f"# mongolint: ignore[{rule.code}] reason",
        "name": f"# mongolint: ignore[{rule.name}]",
        "noqa": f"# noqa: {rule.code}",
    }
    for name, comment in comments.items():
        files = _commented(_texts(example.code), silenced, comment)
        other, again = _found(rule, example, folder / name, files)
        expected = [told for told in _told(loaded, others) if told[0] != UNUSED_SUPPRESSION]
        if _told(other, again) != expected:
            raise _broken(f"with {comment!r} the findings should be {expected}", other, again)


def _no_crash(rule: Rule, example: Example, folder: Path) -> None:
    """No rule of any tier fails on the example."""
    _run(project(example.code, folder), {each.code for each in all_rules()})


def _twice(rule: Rule, example: Example, folder: Path) -> None:
    """The same project gives the same findings, read anew and asked anew."""
    loaded, found = _found(rule, example, folder)
    _, again = _found(rule, example, folder)
    if not found == again == _run(loaded, _default_rules() | {rule.code}):
        raise _broken("the second run differs from the first", loaded, again)


def _crlf(files: Texts) -> Texts:
    return {path: text.replace("\n", "\r\n") for path, text in files.items()}


def _tabs(files: Texts) -> Texts:
    return {path: _INDENT.sub(lambda match: "\t" * (len(match[0]) // 4), text) for path, text in files.items()}


def _wrapped(files: Texts) -> Texts:
    """All but imports of the future, which may stand nowhere else, under a condition of the module."""
    return {
        path: text[: _head(text)] + "if True:\n" + textwrap.indent(text[_head(text) :], "    ")
        for path, text in files.items()
        if text.strip()
    }


def _beside(files: Texts) -> Texts:
    """Unrelated code before and after each module's own, and in a module beside."""
    after = "\n\n" + _UNRELATED.replace("Thing", "Other")
    varied = {path: text[: _head(text)] + _UNRELATED + text[_head(text) :] + after for path, text in files.items()}
    return {**varied, "unrelated_module.py": _UNRELATED}


def _head(text: str) -> int:
    """Where code may begin that is put before a module's own."""
    match = _FUTURE.match(text)
    return match.end() if match and match[0].strip() else 0


# How many lines further down the findings are, beside how the text changes
_VARIANTS: dict[str, tuple[Callable[[Texts], Texts], int]] = {
    "crlf": (_crlf, 0),
    "tabs": (_tabs, 0),
    "wrapped": (_wrapped, 1),
    "beside": (_beside, _UNRELATED.count("\n")),
}


def _commented(files: Texts, places: Iterable[tuple[str, int]], comment: str) -> Texts:
    """The files with a comment at the end of the lines given."""
    texts = {path: text.split("\n") for path, text in files.items()}
    for path, line in set(places):
        texts[path][line - 1] += "  " + comment
    return {path: "\n".join(lines) for path, lines in texts.items()}


def _found(rule: Rule, example: Example, folder: Path, files: Files | None = None) -> tuple[Loaded, list[Finding]]:
    """The project of the example, or of ``files``, and what the rule and those of the default tier find."""
    if rule not in all_rules():
        raise AssertionError(f"rule {rule.name} is not installed: its package needs an entry point")
    unknown = set(example.options if not isinstance(example, Todo) else ()) - set(rule.options)
    if unknown:
        raise AssertionError(f"rule {rule.name} has no option {', '.join(sorted(unknown))}")
    options = {} if isinstance(example, Todo) else {rule.name: {**rule.options, **example.options}}
    loaded = project(example.code if files is None else files, folder, config=_config(folder, options))
    return loaded, _run(loaded, _default_rules() | {rule.code})


def _run(loaded: Loaded, rules: Collection[str]) -> list[Finding]:
    result = check(loaded, rules, loaded.project.config)
    if result.crashes:
        raise AssertionError("\n".join(result.crashes))
    return result.findings


def _default_rules() -> set[str]:
    return resolve_selection(rule_infos(), tiers())


def _config(root: Path, options: Mapping[str, Mapping[str, object]] | None = None) -> Config:
    defaults = {rule.name: dict(rule.options) for rule in all_rules() if rule.options}
    return Config(root=root, rules={**defaults, **(options or {})})


def _texts(files: Files) -> Texts:
    named = {"example.py": files} if isinstance(files, str) else files
    return {path: textwrap.dedent(text) for path, text in named.items()}


def _told(loaded: Loaded, found: Iterable[Finding], lines: int = 0) -> list[Told]:
    return [(f.code, f.span.file, f.span.line + lines, spanned(loaded, f), f.message) for f in found]


def _broken(law: str, loaded: Loaded, found: Iterable[Finding]) -> AssertionError:
    """The error for a broken law, with all that was found."""
    shown = [
        f"{file}:{line}: {code} at {text!r}: {message}" for code, file, line, text, message in _told(loaded, found)
    ]
    return AssertionError("\n  ".join([law, *(shown or ["nothing was found"])]))
