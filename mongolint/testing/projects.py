"""Small projects from texts, and what rules find in them."""

from __future__ import annotations

import textwrap
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

from mongolint.config import Config
from mongolint.engine.load import Loaded, load
from mongolint.engine.registry import all_rules, rule_infos, tiers
from mongolint.engine.run import check
from mongolint.finding import Finding
from mongolint.rule import Example, Rule, Todo
from mongolint.source.text import LineTable

Files = str | Mapping[str, str]
# Code, file, line, spanned text and message: what has to stay the same where columns may not
Told = tuple[str, str, int, str, str]
Texts = dict[str, str]


def project(files: Files, tmp_path: Path, *, config: Config | None = None) -> Loaded:
    """Write files into a directory and load it.

    Args:
        files: texts by path, or one text, which is then ``example.py``. Each is dedented; newlines stay.
        tmp_path: the project's root; it has to hold nothing else.
        config: default: every option as it is without a configuration file.
    """
    for path, text in texts_of(files).items():
        file = tmp_path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text.encode())
    return load([tmp_path], config or config_of(tmp_path), tmp_path, tokens=tokens(), jobs=1, keep=False)


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
    config = config or config_of(tmp_path)
    return run(project(files, tmp_path, config=config), default_rules() if rules is None else rules)


def spanned(loaded: Loaded, finding: Finding) -> str:
    """The source text that a finding spans."""
    path = next(path for path, shown in loaded.display.items() if shown == finding.span.file)
    text = loaded.text(path) or ""
    table, span = LineTable(text), finding.span
    return text[table.offset(span.line, span.column) : table.offset(span.end_line, span.end_column)]


def example_project(rule: Rule, example: Example, folder: Path, files: Files | None = None) -> Loaded:
    """The project of the example, or of ``files``, with the options of the example."""
    if rule not in all_rules():
        raise AssertionError(f"rule {rule.name} is not installed: its package needs an entry point")
    unknown = set(example.options if not isinstance(example, Todo) else ()) - set(rule.options)
    if unknown:
        raise AssertionError(f"rule {rule.name} has no option {', '.join(sorted(unknown))}")
    options = {} if isinstance(example, Todo) else {rule.name: {**rule.options, **example.options}}
    return project(example.code if files is None else files, folder, config=config_of(folder, options))


def found_in(rule: Rule, example: Example, folder: Path, files: Files | None = None) -> tuple[Loaded, list[Finding]]:
    """The project of the example, or of ``files``, and what the rule and those of the default tier find."""
    loaded = example_project(rule, example, folder, files)
    return loaded, run(loaded, default_rules() | {rule.code})


def run(loaded: Loaded, rules: Collection[str]) -> list[Finding]:
    result = check(loaded, rules, loaded.project.config)
    if result.crashes:
        raise AssertionError("\n".join(result.crashes))
    return result.findings


def tokens() -> list[str]:
    """Whatever makes a file worth parsing to any rule."""
    return [token for rule in all_rules() for token in rule.tokens]


def default_rules() -> set[str]:
    return Config().selected(rule_infos(), tiers())


def config_of(root: Path, options: Mapping[str, Mapping[str, object]] | None = None) -> Config:
    defaults = {rule.name: dict(rule.options) for rule in all_rules() if rule.options}
    return Config(root=root, rules={**defaults, **(options or {})})


def texts_of(files: Files) -> Texts:
    named = {"example.py": files} if isinstance(files, str) else files
    return {path: textwrap.dedent(text) for path, text in named.items()}


def told(loaded: Loaded, found: Iterable[Finding], lines: int = 0) -> list[Told]:
    return [(f.code, f.span.file, f.span.line + lines, spanned(loaded, f), f.message) for f in found]


def broken(law: str, loaded: Loaded, found: Iterable[Finding]) -> AssertionError:
    """The error for a broken law, with all that was found."""
    shown = [f"{file}:{line}: {code} at {text!r}: {message}" for code, file, line, text, message in told(loaded, found)]
    return AssertionError("\n  ".join([law, *(shown or ["nothing was found"])]))
