"""``mongolint init``: a first configuration, by what is seen in the project."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import click

from mongolint.cli.project import ANY_PATH, fail, known_rules, table, warn
from mongolint.cli.setup.survey import Survey, survey
from mongolint.config import Config, ConfigError, load_file, project_root
from mongolint.config import toml as toml_text
from mongolint.config.places import options_file, project_file
from mongolint.config.schema import NEIGHBOURS, rule_defaults
from mongolint.engine.load import load
from mongolint.engine.mend import WriteError, write
from mongolint.source.files import relative

_EPILOG = """\
\b
Examples:
  mongolint init --dry-run            what would be written, and why
  mongolint init                      into pyproject.toml or mongolint.toml
  mongolint init --defer-to ruff      and leave to Ruff what it selects
"""


@click.command(epilog=_EPILOG)
@click.argument("path", required=False, type=ANY_PATH)
@click.option("--dry-run", is_flag=True, help="Show what would be written, and write nothing.")
@click.option(
    "--defer-to",
    multiple=True,
    type=click.Choice(NEIGHBOURS),
    help="Leave to this linter what its own configuration selects, too.",
)
def command(path: Path | None, dry_run: bool, defer_to: tuple[str, ...]) -> None:
    """Write a first configuration for the project at PATH; without one, for that of the working directory.

    It looks at the code and says what it sees: drivers, frameworks, indexes, the server's version, Ruff. Options go to
    the end of pyproject.toml, the rest of which stays as it is, or else to a new mongolint.toml.
    """
    start = Path(os.path.abspath(path or Path.cwd()))
    if not start.is_dir():
        fail(f"{path}: no such directory")
    root = start if path else _root(start)
    file = options_file(root) or project_file(root)
    if file is not None:
        fail(f"{relative(file, Path.cwd())}: the project is configured already; 'mongolint config' shows how")
    config = Config(root=root, rules=rule_defaults(known_rules()))
    seen = survey(load([root], config, root), config)
    table([["  " + name, text] for name, text in seen.lines()])
    target, before, after = _written(root, list(_options(seen, config, defer_to)))
    shown = relative(target, Path.cwd())
    if dry_run:
        click.echo(f"\nwould be written to {shown}:\n")
        click.echo(after[len(before) :].strip("\r\n"))
        return
    _write(target, before, after)
    click.echo(f"\nwritten to {shown}; next: mongolint check")


def _root(start: Path) -> Path:
    """The nearest directory with a ``pyproject.toml``, if there is one in the project."""
    top = project_root(start)
    inside = [folder for folder in (start, *start.parents) if folder.is_relative_to(top)]
    return next((folder for folder in inside if (folder / "pyproject.toml").is_file()), top)


def _options(seen: Survey, config: Config, defer_to: tuple[str, ...]) -> Iterator[str]:
    """The lines of the table, without its head."""
    yield "# Every option: mongolint config"
    if seen.scripts:
        yield f"script-files = {toml_text.write([*config.script_files, *seen.scripts])}"
    if seen.tests:
        yield f"test-patterns = {toml_text.write([*config.test_patterns, *seen.tests])}"
    if defer_to:
        yield f"defer-to = {toml_text.write(defer_to)}"
    elif any(seen.selected.values()):
        yield "# Findings that Ruff tells as well, where its configuration selects them, can be left to it:"
        yield '# defer-to = ["ruff"]'
    if seen.operations and not seen.indexes:
        yield "# No index is declared in the code. If they are made elsewhere, say so, so that none is missed:"
        yield '# index-source = "external"'
        yield "# and give a snapshot of them: mongolint indexes pull -o indexes.json"
        yield '# indexes = "indexes.json"'


def _written(root: Path, lines: list[str]) -> tuple[Path, str, str]:
    """The file, and its text before and after."""
    shared = root / "pyproject.toml"
    if shared.is_file():
        try:
            before = shared.read_bytes().decode("utf-8")
            toml_text.parse(before)
        except (OSError, ValueError) as error:
            fail(f"{relative(shared, Path.cwd())}: cannot be added to: {' '.join(str(error).split())}")
        end = "\r\n" if "\r\n" in before else "\n"
        gap = "" if not before.strip() else end if before.endswith("\n") else end * 2
        after = before + gap + end.join(["[tool.mongolint]", *lines, ""])
        try:
            toml_text.parse(after)
        except ValueError:  # such as ``tool = {}``, to which no table can be added
            warn(f"mongolint: {relative(shared, Path.cwd())} takes no further table")
        else:
            return shared, before, after
    return root / "mongolint.toml", "", "\n".join([*lines, ""])


def _write(target: Path, before: str, after: str) -> None:
    """Write the file, and read it as every run will."""
    try:
        if target.name == "pyproject.toml":
            write({str(target): after.encode()}, {str(target): before.encode()})
        else:
            with target.open("xb") as new:
                new.write(after.encode())
        load_file(target, known_rules())
    except WriteError as error:
        fail(f"{relative(target, Path.cwd())}: cannot write: {error.reason}")
    except OSError as error:
        fail(f"{relative(target, Path.cwd())}: cannot write: {(error.strerror or str(error)).lower()}")
    except ConfigError as error:
        fail(str(error))
