"""``mongolint lsp``: the language server for editors."""

from __future__ import annotations

from importlib.util import find_spec

import click

from mongolint.cli.project import fail, known_rules
from mongolint.engine.parsing import Parsing
from mongolint.engine.reading import parsers
from mongolint.engine.workers import default_jobs
from mongolint.facts.kept import store
from mongolint.facts.renumbered import STEP
from mongolint.lsp.ahead import Ahead

_EPILOG = """\
\b
Examples:
  mongolint lsp                 as editors start it
  mongolint lsp --port 2087     for one client on 127.0.0.1
"""


@click.command(epilog=_EPILOG)
@click.option("--stdio", is_flag=True, help="Speak over standard input and output, as it does anyway.")
@click.option(
    "--port",
    type=click.IntRange(1, 65535),
    metavar="N",
    help="Wait for one client on this TCP port of 127.0.0.1 instead.",
)
@click.pass_context
def command(ctx: click.Context, stdio: bool, port: int | None) -> None:
    """Serve an editor with the findings of check, while one types.

    The editor starts it and says which folders are open. Options are read from pyproject.toml or mongolint.toml,
    as check does. Code is read, and never run or imported.
    """
    if stdio and port is not None:
        raise click.UsageError("--stdio and --port exclude each other")
    if find_spec("pygls") is None:
        fail("the language server needs pygls: pip install 'mongolint[lsp]'")
    jobs, kept = default_jobs(), store.default()
    crew = parsers.crew(jobs, STEP, kept) if jobs > 1 else None
    ahead = Ahead(0, Parsing(crew, STEP, kept)) if crew and port is None else None
    # What takes long to import, while the crew imports the parser and reads the client's folder
    known_rules()
    from mongolint.lsp.server import over_stdio, over_tcp

    ctx.exit(over_stdio(crew, ahead) if port is None else over_tcp(port, crew))
