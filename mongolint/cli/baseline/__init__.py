"""``mongolint baseline``: the findings to live with for now."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mongolint.cli.baseline.gate import read_baseline, scope
from mongolint.cli.checking.request import selectors, spelled
from mongolint.cli.project import (
    ANY_PATH,
    Part,
    fail,
    indexes_elsewhere,
    known_rules,
    parts,
    paths_argument,
    refuse,
    warn,
)
from mongolint.config.perfile import Overrides, Settings
from mongolint.engine.load import load
from mongolint.engine.registry import tiers, tokens_of
from mongolint.report.paint import visible
from mongolint.source.files import relative

if TYPE_CHECKING:
    from mongolint.engine.gate.baseline import Baseline

_EPILOG = """\
\b
Exit codes:
  0  the baseline is as it should be
  2  a mistake in the command line, the configuration or the baseline; a given
     path that does not exist; a rule that failed. Nothing is written then.

\b
Examples:
  mongolint baseline                          all findings of the project
  mongolint baseline --reason "before 2.0"    and why they are let be
  mongolint baseline --prune                  only drop what is gone
  mongolint baseline --select MDB202          only the findings of one rule

\b
Files:
  .mongolint-baseline.json   in the directory of the configuration, or what
                             the key "baseline" there names
"""


@click.command(epilog=_EPILOG)
@paths_argument
@click.option("--prune", is_flag=True, help="Drop findings that are gone, and add none.")
@click.option("--reason", default="", metavar="TEXT", help="Why new findings are let be; those of others are kept.")
@selectors("--select", "Only findings of these rules; those of others stay as they are.")
@click.option("-o", "--output", type=ANY_PATH, metavar="FILE", help="Write FILE instead of the project's baseline.")
@click.option("--config", "config_file", type=ANY_PATH, metavar="FILE", help="Read options from FILE.")
@click.option("-q", "--quiet", is_flag=True, help="Say nothing of what was done.")
def command(
    paths: tuple[Path, ...],
    prune: bool,
    reason: str,
    select: tuple[str, ...] | None,
    output: Path | None,
    config_file: Path | None,
    quiet: bool,
) -> None:
    """Write the findings that there are into a baseline, so that check reports only new ones.

    The file is made to be committed: one finding a line, known again wherever its lines move. Reasons that
    somebody wrote into it are kept. Of findings in other files than those under PATH, nothing changes.
    """
    missing = [path for path in paths if not os.path.lexists(path)]
    if missing:
        fail(f"{visible(str(missing[0]))}: no such file or directory")
    if prune and reason:
        raise click.UsageError("--reason is for new findings, and --prune adds none")
    select = spelled(select, "--select")
    baselines: dict[Path, tuple[Baseline, Baseline]] = {}
    for part in parts(paths or (Path.cwd(),), config_file):
        file = Path(os.path.abspath(output)) if output else part.config.baseline_file
        before, now = baselines.get(file) or _both(file, prune)
        baselines[file] = (before, _renewed(part, now, select, prune, " ".join(reason.split()), config_file))
    for file, (before, now) in baselines.items():
        _write(file, before, now, quiet)


def _both(file: Path, prune: bool) -> tuple[Baseline, Baseline]:
    """What is in a file, and a copy of it to be changed."""
    from mongolint.engine.gate.baseline import Baseline

    held = read_baseline(file) if prune or os.path.lexists(file) else Baseline(file)
    return held, held


def _renewed(
    part: Part, baseline: Baseline, select: Sequence[str] | None, prune: bool, reason: str, config_file: Path | None
) -> Baseline:
    """A baseline after a run over some paths."""
    from mongolint.engine import run

    only = config_file is not None
    settings = Settings(part.config, known_rules(), tiers(), Overrides(select=select), only=only, complain=refuse)
    config = settings.top.config

    def tokens(targets: Sequence[str]) -> Sequence[str]:
        return tokens_of(settings.selected(targets))

    loaded = load(part.paths, config, Path.cwd(), tokens=tokens, external=indexes_elsewhere(config))
    for problem in loaded.problems:
        warn(f"{visible(problem.path)}: {visible(problem.message)}")
    result = run.check(loaded, settings.selected(loaded.targets), config, settings=settings)
    if result.crashes:
        fail(visible(result.crashes[0]))
    sifted = baseline.sift(loaded, result.findings)
    covered = scope(part, loaded, settings)
    return baseline.pruned(sifted, covered) if prune else baseline.renewed(loaded, sifted, covered, reason)


def _write(file: Path, before: Baseline, now: Baseline, quiet: bool) -> None:
    from mongolint.engine.gate.baseline import render
    from mongolint.live.replace import replace

    shown = visible(relative(file, Path.cwd()))
    exists = os.path.lexists(file)
    if exists or now.entries:
        try:
            replace(render(now), file)
        except OSError as error:
            fail(f"{shown}: cannot write: {(error.strerror or str(error)).lower()}")
    if quiet:
        return
    new, gone = len(now.keys - before.keys), len(before.keys - now.keys)
    count = len(now.entries)
    held = f"{count} finding{'' if count == 1 else 's'}"
    if not exists and not count:
        click.echo("No findings, so no baseline is needed.")
    else:
        click.echo(f"{shown}: {held} ({new} new, {gone} gone).")
