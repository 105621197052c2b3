"""The ``mongolint`` command and the list of its subcommands, which are imported only when they run."""

from __future__ import annotations

import importlib

import click

from mongolint import __version__

_COMMANDS = {
    "check": "Report findings in files and directories.",
    "indexes": "List the indexes that the code declares.",
    "queries": "List the operations that the code runs on collections.",
    "rule": "Explain a rule.",
    "rules": "List all rules.",
}


class LazyGroup(click.Group):
    """A group whose help needs no subcommand's module."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in _COMMANDS:
            return None
        command = importlib.import_module(f"mongolint.cli.{name}").command
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(_COMMANDS.items()))


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, "-V", "--version", message="mongolint %(version)s")
def cli() -> None:
    """A linter for Python code that talks to MongoDB through PyMongo or Motor."""
