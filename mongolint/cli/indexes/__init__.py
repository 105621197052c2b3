"""``mongolint indexes``: what the code declares, what a server has, and what lies between. One module a subcommand."""

from __future__ import annotations

import importlib

import click
from click.shell_completion import CompletionItem

_COMMANDS = {
    "list": "List the indexes that the code declares.",
    "suggest": "List the indexes that the code lacks.",
    "coverage": "Show which index serves which query.",
    "pull": "Write the indexes of a running server to a file.",
    "diff": "Compare the declared indexes with those of a server.",
}


class Indexes(click.Group):
    """Subcommands that are imported when they run; a first argument that is none of them belongs to ``list``."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in _COMMANDS:
            return None
        found = importlib.import_module(f"mongolint.cli.indexes.{name}").command
        assert isinstance(found, click.Command)
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(_COMMANDS.items()))

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        words = [CompletionItem(word, help=text) for word, text in _COMMANDS.items() if word.startswith(incomplete)]
        return [*words, CompletionItem(incomplete, type="file")]

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not args and ctx.resilient_parsing:  # the shell asks what could come
            return super().parse_args(ctx, args)
        if not args or (args[0] not in _COMMANDS and args[0] not in ("-h", "--help")):
            args = ["list", *args]
        return super().parse_args(ctx, args)


@click.group(cls=Indexes)
def command() -> None:
    """List the indexes that the code declares (``list`` may be left out), or see what a server has."""
