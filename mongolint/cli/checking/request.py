"""The command line of ``mongolint check``."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

from mongolint.cli.checking import targets
from mongolint.cli.checking.targets import Target
from mongolint.cli.project import ANY_PATH, Decorator, complete_rule, fail, known_rules, paths_argument
from mongolint.config import ConfigError, check_selectors
from mongolint.config.perfile import Overrides
from mongolint.facts.kept import store
from mongolint.facts.kept.store import Store
from mongolint.fastclasses import NamedTuple
from mongolint.finding import Confidence, Severity

_SELECTORS = "codes, prefixes, names or ALL"
STDIN = Path("-")


def spelled(words: tuple[str, ...] | None, option: str) -> tuple[str, ...] | None:
    """Selectors as rules are spelled; one that names no rule ends the run with exit code 2."""
    try:
        return words and check_selectors(words, known_rules(), option)
    except ConfigError as error:
        fail(str(error))


class Request(NamedTuple):
    """The command line, as given."""

    paths: tuple[Path, ...]
    select: tuple[str, ...] | None
    ignore: tuple[str, ...] | None
    extend_select: tuple[str, ...] | None
    fail_on: str | None
    min_confidence: str | None
    max_findings: int
    formats: tuple[Target, ...]
    output_file: Path | None
    exit_zero: bool
    statistics: bool
    show_files: bool
    stdin_filename: Path | None
    config_file: Path | None
    show_settings: Path | None
    preview: bool
    allow_local_rules: bool
    indexes: Path | None
    baseline: Path | None
    no_baseline: bool
    diff_base: str | None
    staged: bool
    add_ignore: bool
    reason: str | None
    jobs: int | None
    no_cache: bool
    color: str
    quiet: int
    verbose: int

    fix: bool
    unsafe_fixes: bool
    diff: bool
    exit_non_zero_on_fix: bool

    def spelled(self) -> Request:
        """The same with selectors as rules are spelled; one that names no rule ends the run with exit code 2."""
        return self._replace(
            select=spelled(self.select, "--select"),
            ignore=spelled(self.ignore, "--ignore"),
            extend_select=spelled(self.extend_select, "--extend-select"),
        )

    @property
    def overrides(self) -> Overrides:
        """What holds for every file, whatever its configuration says."""
        options: dict[str, Any] = {
            "min_confidence": self.min_confidence and Confidence(self.min_confidence),
            "fail_on": self.fail_on and Severity(self.fail_on),
            "indexes": self.indexes and os.path.abspath(self.indexes),
            "preview": self.preview or None,
            "output_format": self.form,
        }
        given = {name: value for name, value in options.items() if value is not None}
        return Overrides(self.select, self.ignore or (), self.extend_select or (), given)

    @property
    def form(self) -> str | None:
        """The format of what is printed; None where all reports go to files."""
        return next((target.form for target in self.formats if target.file is None), None)

    @property
    def overlay(self) -> Path | None:
        """The file that standard input stands for."""
        if self.stdin_filename or self.paths == (STDIN,):
            return Path(os.path.abspath(self.stdin_filename or "stdin.py"))
        return None

    @property
    def store(self) -> Store | None:
        """What earlier runs kept of files."""
        return None if self.no_cache else store.default()

    @property
    def reads_disk(self) -> bool:
        """Whether files are checked, and as they are on the disk."""
        return not (self.show_files or self.show_settings or self.overlay)

    @property
    def mends(self) -> bool:
        return self.fix or self.diff

    @property
    def echoes(self) -> bool:
        """Whether standard output is for the fixed text of standard input."""
        return self.fix and not self.diff and self.overlay is not None

    @property
    def rewrites(self) -> bool:
        """Whether files are changed."""
        return self.fix and not self.diff and self.overlay is None

    @property
    def shows_fixes(self) -> bool:
        """Whether a report tells of fixes: writing these takes trees of the code."""
        if self.statistics and self.quiet < 2:
            return True
        shown = [each.form for each in self.formats if each.file or (self.quiet < 2 and not self.statistics)]
        if "github" in shown and os.environ.get(targets.SUMMARY):
            return True
        return any(form in targets.WITH_FIXES for form in shown)


def _split(ctx: click.Context, param: click.Parameter, values: Sequence[str]) -> tuple[str, ...] | None:
    """Comma lists of an option that may be repeated; None where it is not given."""
    if not values:
        return None
    words = tuple(word.strip() for value in values for word in value.split(",") if word.strip())
    if not words:
        raise click.BadParameter("names no rule", ctx, param)
    return words


def selectors(name: str, text: str) -> Decorator:
    return click.option(name, multiple=True, metavar="RULES", callback=_split, shell_complete=complete_rule, help=text)


_OPTIONS: tuple[Decorator, ...] = (
    paths_argument,
    selectors("--select", f"Rules to run, and no others: {_SELECTORS}, with commas between."),
    selectors("--ignore", "Rules not to run; the more specific selector wins."),
    selectors("--extend-select", "Rules to run besides those selected."),
    click.option(
        "--fail-on",
        type=click.Choice([s.value for s in Severity]),
        help="Lowest severity that makes the exit code 1 (default: low).",
    ),
    click.option(
        "--max-findings",
        type=click.IntRange(min=0),
        default=0,
        metavar="N",
        help="How many findings as severe as --fail-on may be left (default: 0).",
    ),
    click.option(
        "--min-confidence",
        type=click.Choice([c.value for c in Confidence]),
        help="Lowest confidence at which a finding is shown (default: inferred).",
    ),
    *targets.OPTIONS,
    click.option("--fix", is_flag=True, help="Apply the safe fixes."),
    click.option("--unsafe-fixes", is_flag=True, help="With --fix or --diff: the unsafe fixes too."),
    click.option("--diff", is_flag=True, help="Show what --fix would change, as one diff, and change nothing."),
    click.option("--exit-non-zero-on-fix", is_flag=True, help="Exit with 1 if anything was fixed."),
    click.option("--exit-zero", is_flag=True, help="Exit with 0 even if there are findings."),
    click.option("--statistics", is_flag=True, help="Print how often each rule reports instead of the findings."),
    click.option("--show-files", is_flag=True, help="List the files that would be checked, and check none."),
    click.option(
        "--stdin-filename",
        type=ANY_PATH,
        metavar="FILE",
        help="Check standard input as the content of FILE, in its project; PATH is - or left out.",
    ),
    click.option(
        "--config",
        "config_file",
        type=ANY_PATH,
        metavar="FILE",
        help="Read options from FILE instead of the nearest pyproject.toml or mongolint.toml.",
    ),
    click.option(
        "--show-settings",
        type=ANY_PATH,
        metavar="FILE",
        help="Show the options and rules that hold for FILE, and where each is written; check nothing.",
    ),
    click.option("--preview", is_flag=True, help="Run rules that are in preview, too."),
    click.option(
        "--allow-local-rules",
        is_flag=True,
        help="Load the rules that the project's 'local-rules' name, which runs code of it.",
    ),
    click.option(
        "--indexes",
        type=ANY_PATH,
        metavar="FILE",
        help="A snapshot of 'mongolint indexes pull': its indexes serve queries besides the declared ones.",
    ),
    click.option(
        "--baseline",
        type=ANY_PATH,
        metavar="FILE",
        help="Report no finding that is in FILE; default: the project's own, which 'mongolint baseline' writes.",
    ),
    click.option("--no-baseline", is_flag=True, help="Report what is in the baseline too."),
    click.option(
        "--diff-base",
        metavar="REV",
        help="Report only what is on lines changed since HEAD left REV, or was not found there before.",
    ),
    click.option("--staged", is_flag=True, help="Take the project as git's index has it, which a commit is made of."),
    click.option("--add-ignore", is_flag=True, help="Write a comment that silences it beside each finding."),
    click.option("--reason", metavar="TEXT", help="With --add-ignore: what the comments give as the reason."),
    click.option(
        "--jobs",
        type=click.IntRange(min=1),
        metavar="N",
        help="Worker processes (default: one per core; none for a small project).",
    ),
    click.option("--no-cache", is_flag=True, help="Read all files anew, and keep nothing for the next run."),
    click.option(
        "--color", type=click.Choice(["auto", "always", "never"]), default="auto", help="Colours (default: auto)."
    ),
    click.option("-q", "--quiet", count=True, help="No summary and no notes; twice: no findings either."),
    click.option("-v", "--verbose", count=True, help="Files, seconds per phase; tracebacks of internal errors."),
)


def options(command: Callable[..., Any]) -> Callable[..., Any]:
    """All parameters of the command, in the order in which its help shows them."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command
