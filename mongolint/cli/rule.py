"""``mongolint rule``: the page of one rule, from its docstring, its metadata and its examples."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from mongolint.cli import terminal
from mongolint.cli.project import complete_rule, fail, known_rules, rules_here
from mongolint.config import Config
from mongolint.engine.registry import all_rules, examples, find_rule, tiers
from mongolint.finding import Finding
from mongolint.report import rules as report
from mongolint.rule import Bad, Example, Rule, Todo
from mongolint.selectors import rule_hint

_EPILOG = """\
\b
Examples:
  mongolint rule MDB104
  mongolint rule n-plus-one-query --format markdown
"""


@click.command(epilog=_EPILOG)
@click.argument("word", metavar="RULE", shell_complete=complete_rule)
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "markdown"]),
    default="text",
    show_default=True,
    help="How to show the page; JSON is an array with one object.",
)
def command(word: str, form: str) -> None:
    """Explain RULE, given by code or name.

    Shows what it flags and leaves alone, why, how far its fix goes, its options, and examples with the places
    it reports.
    """
    known = rules_here()
    rule = find_rule(word)
    if rule is None:
        fail(f"unknown rule {word!r}{rule_hint(word, known)}")
    page = page_of(rule, samples_of(rule))
    if form == "json":
        click.echo(report.page_json(page))
    elif form == "markdown":
        click.echo(report.page_markdown(page), nl=False)
    else:
        paint = terminal.paint()
        click.echo(report.page_text(page, paint), color=paint.enabled)


def page_of(rule: Rule, samples: tuple[report.Sample, ...] = ()) -> report.Page:
    """What a reporter needs to know of a rule."""
    return report.Page(
        rule.code,
        rule.name,
        rule.severity,
        rule.tier,
        rule.fix.value if rule.fix else None,
        rule.since,
        rule.needs.value,
        rule.in_tests,
        rule.doc,
        rule.supersedes,
        rule.options,
        samples,
        rule.preview,
        rule.same_as,
    )


def samples_of(rule: Rule) -> tuple[report.Sample, ...]:
    """A rule's examples, with what it finds in them."""
    return tuple(_sample(rule, example) for example in examples()[rule.code])


def _sample(rule: Rule, example: Example) -> report.Sample:
    kind, files = type(example).__name__.lower(), _files(example.code)
    if isinstance(example, Todo):
        return report.Sample(kind, files, why=example.why)
    if not isinstance(example, Bad):
        return report.Sample(kind, files, why=example.why, options=example.options)
    fixed = _files(example.fixed) if example.fixed is not None else None
    return report.Sample(kind, files, _findings(rule, example), fixed=fixed, options=example.options)


def _findings(rule: Rule, example: Bad) -> tuple[Finding, ...]:
    """What the rule finds in its example: a search for the text that it spans would find the wrong place."""
    # Brings the parser along, which the list of rules can do without
    from mongolint import testing

    defaults = {each.name: dict(each.options) for each in all_rules() if each.options}
    options = {**defaults, rule.name: {**rule.options, **example.options}}
    codes = Config().selected(known_rules(), tiers()) | {rule.code}
    with TemporaryDirectory() as folder:
        root = Path(folder).resolve()
        found = testing.findings(example.code, root, rules=codes, config=Config(root=root, rules=options))
    return tuple(finding for finding in found if finding.code == rule.code)


def _files(code: str | Mapping[str, str]) -> dict[str, str]:
    named = {"example.py": code} if isinstance(code, str) else code
    return {file: textwrap.dedent(text) for file, text in named.items()}
