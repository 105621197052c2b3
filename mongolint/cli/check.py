"""``mongolint check``: findings in files and directories.

Imports neither the model nor a rule by itself, so that files are on their way to the parsers before these are.
"""

from __future__ import annotations

import time
from typing import Any

import click

from mongolint.cli.checking.ahead import reading_ahead
from mongolint.cli.checking.request import STDIN, Request, options
from mongolint.cli.checking.usage import check_usage
from mongolint.cli.main import VERBOSE

_EPILOG = """\
\b
Exit codes:
  0  no more findings as severe as --fail-on than --max-findings are left, or
     --exit-zero; with --diff: nothing would be fixed
  1  more findings, a file that is not Python (MDB000) among them;
     with --diff: something would be fixed
  2  a mistake in the command line or the configuration; a given path that
     does not exist, cannot be read or written; a report that cannot be
     written; a baseline that is none, a --diff-base that git does not have;
     a rule that failed; a fix that would have spoilt the file, which was
     left as it was. Whatever else was asked for is done and reported
     nevertheless.

What lies below a given directory and cannot be read (no permission, a link to
nowhere, in circles or out of the given paths) is told on standard error and
does not change the exit code.

\b
Examples:
  mongolint check                             the working directory
  mongolint check backend/ --fail-on high     only severe findings fail
  mongolint check --select MDB1,print-call    a family and a rule, no others
  mongolint check --diff                      what --fix would change
  mongolint check --fix --unsafe-fixes        all that needs no person
  mongolint check --diff-base origin/main     what this branch brings
  mongolint check --add-ignore                silence all by comments
  mongolint check --statistics                how often each rule reports
  mongolint check app.py --format json        for programs
  mongolint check --format sarif:out.sarif --format github
                                              two reports, one into a file
  mongolint check --stdin-filename app/db.py - < draft.py

\b
Suppression:
  # mongolint: ignore[n-plus-one-query] five ids at most
  # noqa: MDB101
  # mongolint: ignore-file[MDB503] a script     (on a line of its own)

\b
Environment:
  NO_COLOR, FORCE_COLOR   as --color never, --color always
  CI                      no progress line
  MONGOLINT_CACHE_DIR     where what was read of files is kept for later runs
                          (default: mongolint in the user's cache directory);
                          empty: nowhere
  GITHUB_STEP_SUMMARY     a file that --format github adds a summary to
  GITHUB_WORKSPACE, CI_PROJECT_DIR
                          the directory that the files in the formats github,
                          gitlab and sarif are named from, if it is further up
"""


@click.command(epilog=_EPILOG)
@options
@click.pass_context
def command(ctx: click.Context, /, **options: Any) -> None:
    """Report findings in files and directories.

    PATH may be files or directories; without one, the working directory; - is standard input. Whatever
    paths are given, the whole project around them supplies the model, so that a file has the same findings
    alone as among others. Files that git ignores are left out, given ones are not.

    Options of the command line win over those of the configuration.
    """
    request = Request(**options)
    ctx.meta[VERBOSE] = bool(request.verbose)
    started = time.perf_counter()
    if request.stdin_filename and set(request.paths) - {STDIN}:
        raise click.UsageError("--stdin-filename leaves no room for another path than '-'")
    if STDIN in request.paths and len(request.paths) > 1:
        raise click.UsageError("'-' cannot be combined with other paths")
    check_usage(request)
    ahead = reading_ahead(request, ctx.obj)
    # Brings the model and all rules along
    from mongolint.cli.checking.run import run

    ctx.exit(run(request, ctx.obj, ahead, started))
