"""The formats of ``mongolint check``, one module each: ``render`` gets a run, and gives the report as a string."""

from __future__ import annotations

from importlib import import_module

from mongolint.report.formats.run import Run


def render(name: str, run: Run) -> str:
    """The report in a format of `mongolint.config.FORMATS`, without a line break at its end."""
    text: str = import_module(f"{__name__}.{name}").render(run)
    return text
