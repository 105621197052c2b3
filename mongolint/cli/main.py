"""The ``mongolint`` command and the list of its subcommands, which are imported only when they run."""

from __future__ import annotations

import importlib
import io
import sys
from typing import Any

import click
from click.shell_completion import CompletionItem

from mongolint import __version__
from mongolint.selectors import did_you_mean

# Under this key of the context a command says that tracebacks are wanted
VERBOSE = "mongolint.verbose"

_COMMANDS = {
    "check": "Report findings in files and directories.",
    "baseline": "Write the findings to live with for now.",
    "queries": "List the operations that the code runs on collections.",
    "explain": "Explain one query: its fields, and the index that serves it.",
    "schema": "List the fields of each collection, and validators for them.",
    "indexes": "List the declared indexes, or see what a server has.",
    "rule": "Explain a rule.",
    "rules": "List all rules.",
    "review": "Write what a database reviewer would: a document.",
    "new-rule": "Write the beginning of a rule of your own.",
    "init": "Write a first configuration, by what is seen in the project.",
    "config": "Show or explain the options, and where each is written.",
    "lsp": "Serve an editor: the language server.",
    "completion": "Print the completion script of a shell.",
}

# Modules that are not named like their command
_MODULES = {"config": "setup.config", "init": "setup.init", "new-rule": "setup.newrule"}

_EPILOG = """\
\b
Examples:
  mongolint check backend/                    findings in a directory
  mongolint check --select n-plus-one-query   one rule, in the working directory
  mongolint rule MDB104                       what a rule means, with examples
  mongolint queries backend/ --format json    what the code asks the database
  mongolint explain backend/users.py:42       one query, and what serves it

\b
Exit codes:
  0  nothing found
  1  findings (check), differences (indexes diff)
  2  a mistake in the command line or the configuration, a given path that
     cannot be read, or an error of mongolint itself

\b
Files:
  pyproject.toml   options in [tool.mongolint]; the nearest above a path holds
  mongolint.toml   the same options at the top level

\b
Environment:
  NO_COLOR      no colours
  FORCE_COLOR   colours even where the output is no terminal
  CI            no progress line
  MONGODB_URI   the server that indexes pull and indexes diff ask; explain with
                a bare --uri

"mongolint COMMAND --help" says more of each command.
"""


class LazyGroup(click.Group):
    """A group whose help needs no subcommand's module, and the wall at which every error becomes one line."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in _COMMANDS:
            return None
        command = importlib.import_module(f"mongolint.cli.{_MODULES.get(name, name)}").command
        assert isinstance(command, click.Command)
        return command

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        if args and args[0] not in _COMMANDS and not args[0].startswith("-"):
            ctx.fail(f"no such command {args[0]!r}{did_you_mean(args[0], _COMMANDS)}")
        if ctx.obj is not None:  # the processes that parse, which were started before all else
            ctx.call_on_close(ctx.obj.close)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(_COMMANDS.items()))

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        words = [word for word in _COMMANDS if word.startswith(incomplete)]
        if words and not incomplete.startswith("-"):
            return [CompletionItem(word, help=_COMMANDS[word]) for word in words]
        return click.Command.shell_complete(self, ctx, incomplete)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, click.Abort, BrokenPipeError):
            raise
        except Exception as error:
            if ctx.meta.get(VERBOSE):
                import traceback

                traceback.print_exc()
            reason = " ".join(str(error).split())
            click.echo(f"mongolint: internal error: {type(error).__name__}: {reason}".rstrip(": "), err=True)
            sys.exit(2)


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]}, epilog=_EPILOG)
@click.version_option(__version__, "-V", "--version", message="mongolint %(version)s")
def cli() -> None:
    """A linter for Python code that talks to MongoDB through PyMongo or Motor.

    It follows clients, databases and collections through the whole project, knows every query and every
    declared index, and reports what will be slow, wrong or silent in production. Code is read, and never run
    or imported.
    """
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A character that the terminal cannot show must not end the run
        sys.stdout.reconfigure(errors="backslashreplace")
