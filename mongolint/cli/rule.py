"""``mongolint rule``: the page of one rule, from its docstring, its metadata and its examples."""

from __future__ import annotations

import click

from mongolint.cli import terminal
from mongolint.cli.project import complete_rule, fail, rules_here
from mongolint.engine.registry import find_rule
from mongolint.engine.rulebook.pages import page_of
from mongolint.report import rules as report
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
    # Brings the parser along, which a usage error can do without
    from mongolint.testing.samples import samples_of

    page = page_of(rule, samples_of(rule))
    if form == "json":
        click.echo(report.page_json(page))
    elif form == "markdown":
        click.echo(report.page_markdown(page), nl=False)
    else:
        paint = terminal.paint()
        click.echo(report.page_text(page, paint), color=paint.enabled)
