"""The README shows commands and options that exist."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest

from mongolint.cli.main import cli

README = Path(__file__).parents[2] / "README.md"
_BLOCK = re.compile(r"^```\w*\n(.*?)^```", re.MULTILINE | re.DOTALL)
_COMMAND = re.compile(r"^(?:\$ )?(mongolint .*)$", re.MULTILINE)


def commands() -> list[str]:
    """Each line of a code block that runs mongolint, without its comment."""
    text = README.read_text(encoding="utf-8")
    found = [line for block in _BLOCK.findall(text) for line in _COMMAND.findall(block)]
    return [re.split(r"\s+#\s|\s[|>]", line)[0] for line in dict.fromkeys(found)]


def test_readme_shows_the_main_job() -> None:
    assert any(command.startswith("mongolint check ") for command in commands())


@pytest.mark.parametrize("line", commands())
def test_command_exists(line: str) -> None:
    words = shlex.split(line)[1:]
    command: click.Command = cli
    context = click.Context(cli)
    while isinstance(command, click.Group) and words and not words[0].startswith("-"):
        inner = command.get_command(context, words[0])
        if inner is None:
            # A group may take a first word that is no subcommand: ``mongolint indexes PATH``
            assert command is not cli, f"there is no command {words[0]}"
            break
        command, context = inner, click.Context(inner, parent=context)
        words = words[1:]
    options = {name for param in _params(command, context) for name in (*param.opts, *param.secondary_opts)}
    assert {word.partition("=")[0] for word in words if word.startswith("-") and word != "-"} <= options


def _params(command: click.Command, context: click.Context) -> list[click.Parameter]:
    """The options of a command; of a group those of its subcommands too, since one may be implied."""
    found = command.get_params(context)
    if isinstance(command, click.Group) and command is not cli:
        inner = [command.get_command(context, name) for name in command.list_commands(context)]
        found += [param for each in inner if each for param in each.get_params(context)]
    return found
