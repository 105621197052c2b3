"""``mongolint rules``: all rules."""

from __future__ import annotations

import click

from mongolint.cli import terminal
from mongolint.cli.project import rules_here
from mongolint.engine.registry import all_rules
from mongolint.engine.rulebook.pages import page_of
from mongolint.report import rules as report


@click.command()
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "json", "markdown"]),
    default="table",
    show_default=True,
    help="How to show the list.",
)
def command(form: str) -> None:
    """List all rules, those of other installed packages too.

    Shows code, name, severity, tier (default: on; opt-in and review: on when selected), how far the fix goes,
    and what the rule is about. "mongolint rule RULE" says more.
    """
    rules_here()
    pages = [page_of(rule) for rule in all_rules()]
    if form == "json":
        click.echo(report.list_json(pages))
    elif form == "markdown":
        click.echo(report.list_markdown(pages))
    else:
        paint = terminal.paint()
        click.echo(report.list_text(pages, paint), color=paint.enabled)
