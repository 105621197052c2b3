"""Options of ``mongolint check`` that do not go together."""

from __future__ import annotations

import click

from mongolint.cli.checking.request import Request


def check_usage(request: Request) -> None:
    """Refuse options that do not go together."""
    if request.no_baseline and request.baseline:
        raise click.UsageError("--baseline and --no-baseline exclude each other")
    if request.add_ignore and (request.mends or request.overlay):
        other = "standard input" if request.overlay else "--diff" if request.diff else "--fix"
        raise click.UsageError(f"--add-ignore cannot be combined with {other}")
    if request.reason is None:
        return
    if not request.add_ignore:
        raise click.UsageError("--reason is for --add-ignore")
    from mongolint.source.silencing import is_reason

    if not is_reason(request.reason):
        raise click.BadParameter("has to be one line without another comment in it", param_hint="'--reason'")
