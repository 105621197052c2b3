"""``mongolint config`` and ``check --show-settings``: which options there are, what they are, and who says so."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import click

from mongolint.cli.project import fail, known_rules, read_config, refuse, table, write_json
from mongolint.config import OPTIONS, Config, ConfigError, Origin
from mongolint.config.described import Row, UnknownKeyError, find, json_schema, markdown, rows, shown
from mongolint.config.perfile import Settings
from mongolint.source.files import relative

_EPILOG = """\
\b
Examples:
  mongolint config                    every option, its value, who says so
  mongolint config defer-to           what one option means
  mongolint config missing-time-limit the options of a rule
  mongolint config --schema           the JSON Schema, for editors
  mongolint check --show-settings app/db.py    what holds for one file
"""


def _complete(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    return [option.key for option in OPTIONS if option.key.startswith(incomplete)]


@click.command(epilog=_EPILOG)
@click.argument("key", required=False, shell_complete=_complete)
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "markdown"]),
    default="text",
    show_default=True,
    help="How to show the options; Markdown is the table of the documentation.",
)
@click.option("--schema", is_flag=True, help="Print the JSON Schema of [tool.mongolint] instead.")
def command(key: str | None, form: str, schema: bool) -> None:
    """Show the options that hold in the working directory, or explain one, given by its KEY.

    Each with its value, and the file and line that says so. KEY may also be a rule, for all of its options.
    """
    if schema:
        click.echo(json.dumps(json_schema(known_rules()), indent=2, ensure_ascii=False))
        return
    if form == "markdown":
        click.echo(markdown())
        return
    config = _in_force(read_config(Path.cwd()), Path.cwd() / "any.py")
    try:
        found = find(key, config, known_rules()) if key else rows(config, known_rules())
    except UnknownKeyError as error:
        fail(str(error))
    if form == "json":
        write_json([row.json(_origin) for row in found])
    elif key:
        click.echo("\n\n".join(map(_page, found)))
    else:
        table([[row.key, shown(row.value), _origin(row.origin)] for row in found])


def _in_force(config: Config, file: Path) -> Config:
    try:
        return _merged(Settings(config, known_rules(), {}), file)
    except ConfigError as error:
        refuse(error)


def _merged(settings: Settings, file: Path) -> Config:
    """What holds for a file: the nearest configuration's options, and of the whole project's its own."""
    near, top = settings.of(str(file)).config, settings.top.config
    if near is top:
        return top
    of_project = [option for option in OPTIONS if option.scope == "project"]
    keys = {option.key for option in of_project}
    origins = {key: held for key, held in near.origins.items() if key.partition(".")[0] not in keys}
    origins |= {key: held for key, held in top.origins.items() if key.partition(".")[0] in keys}
    values = {option.field: getattr(top if option in of_project else near, option.field) for option in OPTIONS}
    return Config(root=near.root, file=near.file, origins=origins, **values)


def _page(row: Row) -> str:
    scope = {
        "file": "the configuration nearest to a file decides",
        "project": "the configuration of the whole project decides",
    }[row.scope]
    lines = [row.key, f"  {row.help}", f"  holds:   {row.type}", f"  default: {shown(row.default)}"]
    lines += [f"  value:   {shown(row.value)} ({_origin(row.origin)})", f"  scope:   {scope}"]
    return "\n".join(lines)


def _origin(origin: Origin | None) -> str:
    if origin is None:
        return "default"
    if origin.file is None:
        return "command line"
    place = relative(origin.file, Path.cwd())
    return place if origin.line is None else f"{place}:{origin.line}"


def show_settings(settings: Settings, file: Path, say: Callable[[str], object] = click.echo) -> int:
    """Print what holds for a file, option by option with its origin, and the rules that report in it."""
    path = Path.cwd() / file
    try:
        config, force = _merged(settings, path), settings.of(str(path))
    except ConfigError as error:
        refuse(error)
    known, top = known_rules(), settings.top.config
    say(f"file: {relative(path, Path.cwd())}")
    say(f"project: {relative(top.root, Path.cwd()) or '.'} ({_shown_file(top)})")
    say(f"rules by: {_shown_file(config)}")
    say("")
    given = {"--select": settings.given.select, "--ignore": settings.given.ignore}
    given["--extend-select"] = settings.given.extend_select
    above = [[option, shown(list(words)), _origin(Origin())] for option, words in given.items() if words]
    table([*([row.key, shown(row.value), _origin(row.origin)] for row in rows(config, known)), *above])
    say("")
    running = [rule for rule in known.values() if force.runs(rule.code, str(path))]
    say(f"rules that run: {len(running)}")
    for rule in running:
        say(f"  {rule.code} {rule.name}")
    return 0


def _shown_file(config: Config) -> str:
    return relative(config.file, Path.cwd()) if config.file else "defaults"
