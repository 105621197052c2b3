"""``mongolint completion``: the script that makes a shell complete commands, options and rules."""

from __future__ import annotations

import click
from click.shell_completion import ShellComplete, get_completion_class

_EPILOG = """\
\b
Examples:
  eval "$(mongolint completion bash)"                                      in ~/.bashrc
  eval "$(mongolint completion zsh)"                                       in ~/.zshrc
  mongolint completion fish > ~/.config/fish/completions/mongolint.fish    once
"""


@click.command(epilog=_EPILOG)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def command(ctx: click.Context, shell: str) -> None:
    """Print the script that completes commands, options and rules in SHELL.

    Bash has to be 4.4 or newer.
    """
    found = get_completion_class(shell)
    assert found is not None
    script = found(ctx.find_root().command, {}, "mongolint", "_MONGOLINT_COMPLETE")
    # The class for bash would first run bash, to learn its version
    click.echo(ShellComplete.source(script))
