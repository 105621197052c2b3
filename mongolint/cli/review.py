"""``mongolint review``: what a database reviewer would write about a project."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import click

from mongolint.cli.checking.judge import Judge
from mongolint.cli.project import (
    ANY_PATH,
    fail,
    indexes_elsewhere,
    known_rules,
    paths_argument,
    read_config,
    refuse,
    warn,
)
from mongolint.config import ConfigError
from mongolint.config.perfile import Settings
from mongolint.engine.load import Loaded
from mongolint.engine.registry import tiers
from mongolint.finding import Finding
from mongolint.live.replace import replace
from mongolint.report.paint import visible
from mongolint.source.deepstack import with_deep_stack

_FORMATS = ("html", "markdown", "json")
_SUFFIXES = {".html": "html", ".htm": "html", ".md": "markdown", ".json": "json"}
_EPILOG = """\
\b
Examples:
  mongolint review backend/ -o review.html
  mongolint review backend/ -o review.json
  mongolint review backend/ -o review.md --baseline review.json
"""


@click.command(epilog=_EPILOG)
@paths_argument
@click.option("--format", "form", type=click.Choice(_FORMATS), help="Default: by the name of the file, else markdown.")
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="The file to write, at once or not at all; default: standard output.",
)
@click.option(
    "--baseline", type=ANY_PATH, metavar="FILE", help="An earlier review as JSON: what is new, what is fixed."
)
def command(paths: tuple[Path, ...], form: str | None, output: Path | None, baseline: Path | None) -> None:
    """Write a review of the database code in PATH.

    All rules run, those too that check leaves out. What comes out is a document for people: a summary, the findings by
    cause with the fixes as diffs, the collections, the indexes that are missing with scripts that make them, risks to
    the data, the queries to look at first, questions about operation, and a plan. The exit code is 0.
    """
    form = form or (_SUFFIXES.get(output.suffix.lower(), "markdown") if output else "markdown")
    if output is not None and not os.path.isdir(output.absolute().parent):
        fail(f"{visible(str(output))}: cannot write: there is no such directory")
    earlier = _earlier(baseline)
    chosen = list(paths) or [Path.cwd()]
    for path in chosen:
        if not os.path.lexists(path):
            fail(f"{visible(str(path))}: no such file or directory")
    review = _review(chosen, earlier, baseline)
    text = _render(review, form).encode("utf-8", "backslashreplace").decode()
    if output is None:
        click.echo(text, nl=False)
        return
    try:
        replace(text, output)
    except OSError as error:
        fail(f"{visible(str(output))}: cannot write: {(error.strerror or str(error)).lower()}")
    warn(f"review of {len(review['issues'])} issues written to {visible(str(output))}")


def _earlier(file: Path | None) -> Any:
    if file is None:
        return None
    try:
        return json.loads(file.read_bytes())
    except OSError as error:
        fail(f"{visible(str(file))}: cannot read: {(error.strerror or str(error)).lower()}")
    except ValueError as error:
        fail(f"{visible(str(file))}: not JSON: {error}")


def _review(paths: list[Path], earlier: Any, baseline: Path | None) -> dict[str, Any]:
    from mongolint.engine.review.compare import EarlierError
    from mongolint.engine.review.review import review
    from mongolint.fix.apply import rewrite
    from mongolint.report.review.document import document

    loaded, findings = _checked(paths)
    config, cwd = loaded.project.config, Path.cwd()
    words = " ".join(map(str, paths))
    try:
        record = with_deep_stack(
            lambda: review(loaded, findings, root=Path(config.root), cwd=cwd, paths=words, earlier=earlier)
        )
    except EarlierError as error:
        fail(f"{visible(str(baseline))}: {error}")
    held = {shown: path for path, shown in loaded.display.items()}
    return document(record, lambda file: loaded.text(held[file]) if file in held else None, rewrite)


def _checked(paths: list[Path]) -> tuple[Loaded, list[Finding]]:
    """The project and what all rules find in it, with their fixes."""
    config = read_config(paths[0])
    mistakes: list[ConfigError] = []
    every = dict.fromkeys(tiers(), "default")
    settings = Settings(config, known_rules(), every, complain=mistakes.append)
    judge = Judge(settings, paths, settings.selected, True, indexes=indexes_elsewhere(config))
    loaded = judge.load()
    for mistake in mistakes:
        refuse(mistake)
    for problem in loaded.problems:
        warn(f"{visible(problem.path)}: {visible(problem.message)}")
    result = judge.check(loaded)
    for crash in result.crashes:
        warn(f"mongolint: {visible(crash)}")
    return loaded, result.findings


def _render(review: dict[str, Any], form: str) -> str:
    if form == "json":
        return json.dumps(review, ensure_ascii=False, indent=2, default=str) + "\n"
    if form == "html":
        from mongolint.report.review import page

        return page.render(review)
    from mongolint.report.review import markdown

    return markdown.render(review)
