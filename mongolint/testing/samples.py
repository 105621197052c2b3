"""The examples of a rule, with what it finds in them; a search for the text that it spans could find another place."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from mongolint.config import Config
from mongolint.engine.registry import all_rules, examples, rule_infos, tiers
from mongolint.finding import Finding
from mongolint.rule import Bad, Example, Rule, Todo
from mongolint.ruledoc import Sample
from mongolint.testing import findings


def samples_of(rule: Rule) -> tuple[Sample, ...]:
    """A rule's examples, with what it finds in them."""
    return tuple(_sample(rule, example) for example in examples()[rule.code])


def _sample(rule: Rule, example: Example) -> Sample:
    kind, files = type(example).__name__.lower(), _files(example.code)
    if isinstance(example, Todo):
        return Sample(kind, files, why=example.why)
    if not isinstance(example, Bad):
        return Sample(kind, files, why=example.why, options=example.options)
    fixed = _files(example.fixed) if example.fixed is not None else None
    return Sample(kind, files, _findings(rule, example), fixed=fixed, options=example.options)


def _findings(rule: Rule, example: Bad) -> tuple[Finding, ...]:
    defaults = {each.name: dict(each.options) for each in all_rules() if each.options}
    options = {**defaults, rule.name: {**rule.options, **example.options}}
    codes = Config().selected(rule_infos(), tiers()) | {rule.code}
    with TemporaryDirectory() as folder:
        root = Path(folder).resolve()
        found = findings(example.code, root, rules=codes, config=Config(root=root, rules=options))
    return tuple(finding for finding in found if finding.code == rule.code)


def _files(code: str | Mapping[str, str]) -> dict[str, str]:
    named = {"example.py": code} if isinstance(code, str) else code
    return {file: textwrap.dedent(text) for file, text in named.items()}
