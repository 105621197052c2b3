"""``mongolint new-rule``: the beginning of a rule, in mongolint itself or in a plugin."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import click

from mongolint import __version__
from mongolint.cli.project import ANY_PATH, fail, known_rules
from mongolint.cli.setup.templates import PROJECT, RULE, TESTS
from mongolint.config import toml
from mongolint.engine.registry import OWN_PREFIX
from mongolint.engine.rulebook.packages import GROUP
from mongolint.fastclasses import dataclass
from mongolint.selectors import did_you_mean
from mongolint.source.files import relative

_EPILOG = """\
\b
Examples:
  mongolint new-rule missing-tenant --plugin mongolint-shop
                                      a rule in a plugin, made if need be
  mongolint new-rule slow-thing --family queries
                                      a rule of mongolint, in its checkout
"""
_NAME = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_CODES = re.compile(r"\b([A-Z]{2,})([0-9]{3,})\b")


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a rule goes: the directory of its file, and the codes that are taken there."""

    folder: Path
    prefix: str
    taken: frozenset[int]
    first: int
    last: int

    def free(self) -> str:
        """The next free code: after the last one, or where that is the end, in the first gap."""
        used = [number for number in self.taken if self.first <= number <= self.last]
        after = max(used, default=self.first - 1) + 1
        number = after if after <= self.last else next(n for n in range(self.first, self.last) if n not in self.taken)
        return f"{self.prefix}{number:03}"


@click.command(epilog=_EPILOG)
@click.argument("name")
@click.option("--plugin", type=ANY_PATH, metavar="DIR", help="The plugin to write it to; made if there is none.")
@click.option("--prefix", metavar="LETTERS", help="How the codes of a new plugin begin (default: from its directory).")
@click.option("--family", metavar="FAMILY", help="In a checkout of mongolint: the family of rules that it belongs to.")
def command(name: str, plugin: Path | None, prefix: str | None, family: str | None) -> None:
    """Write the beginning of a rule called NAME, which says what is wrong: print-call.

    It gets the next free code, and an example that fails until the check finds it.
    """
    if not _NAME.fullmatch(name):
        fail(f"{name!r} is no name of a rule: small words with hyphens between, as print-call")
    if any(name == rule.name for rule in known_rules().values()):
        fail(f"there is a rule {name!r} already")
    if (plugin is None) == (family is None):
        raise click.UsageError("give either --plugin DIR or --family FAMILY")
    made: list[Path] = []
    if plugin is not None:
        place = _in_plugin(plugin, prefix, made)
        then = f"pip install -e {plugin}, then pytest {plugin}"
    else:
        place = _in_checkout(Path.cwd(), str(family))
        then = f"add it to the table in tests/rules/test_pages.py, then pytest tests/rules -k {name}"
    file = place.folder / f"{name.replace('-', '_')}.py"
    code, title = place.free(), name.replace("-", " ").capitalize()
    since = "0.1" if plugin else __version__.rpartition(".")[0]
    _write(file, RULE.format(title=title, code=code, name=name, since=since), made)
    for each in made:
        click.echo(f"written: {relative(each.absolute(), Path.cwd())}")
    click.echo(f"{code} {name}: its first example fails until the check finds it; {then}")


def _write(file: Path, text: str, made: list[Path]) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("x", encoding="utf-8", newline="\n") as new:
            new.write(text)
    except OSError as error:
        fail(f"{file}: cannot write: {(error.strerror or str(error)).lower()}")
    made.append(file)


def _in_checkout(root: Path, family: str) -> _Place:
    """In ``rules/``: the code is the next of the family's hundred; one that the tests list is never given again."""
    rules = root / "rules"
    file = root / "pyproject.toml"
    named = _project(file).get("project", {}).get("name") if file.is_file() else None
    if named != "mongolint" or not rules.is_dir():
        fail("--family is for a checkout of mongolint, and this is none; --plugin DIR is for rules of your own")
    families = [folder.name for folder in sorted(rules.iterdir()) if (folder / "__init__.py").is_file()]
    if family not in families:
        fail(f"no family {family!r}{did_you_mean(family, families)}; there are {', '.join(families)}")
    own = [number for _, number in _codes((rules / family).glob("*.py"), 'Rule("')]
    hundred = Counter(number // 100 for number in own).most_common(1)[0][0]
    everywhere = (*rules.rglob("*.py"), root / "tests" / "rules" / "test_pages.py")
    taken = frozenset(number for letters, number in _codes(everywhere) if letters == OWN_PREFIX)
    return _Place(rules / family, OWN_PREFIX, taken, 100 * hundred + 1, 100 * hundred + 99)


def _in_plugin(folder: Path, prefix: str | None, made: list[Path]) -> _Place:
    file = folder / "pyproject.toml"
    if not file.exists():
        _new_plugin(folder, _prefix(folder, prefix), made)
    entries = _project(file).get("project", {}).get("entry-points", {}).get(GROUP, {})
    package = next(iter(entries.values()), None) if isinstance(entries, dict) else None
    if not isinstance(package, str):
        fail(f'{file}: no package of rules: it lacks [project.entry-points."{GROUP}"]')
    path = package.replace(".", "/")
    home = next((top / path for top in (folder, folder / "src") if (top / path).is_dir()), None)
    if home is None:
        fail(f"{file}: the package {package!r} is neither in {folder} nor in {folder / 'src'}")
    found = list(_codes(home.rglob("*.py"), 'Rule("'))
    letters = Counter(word for word, _ in found).most_common(1)[0][0] if found else _prefix(folder, prefix)
    if prefix and letters != prefix:
        fail(f"the codes of {package} begin with {letters}, not {prefix}")
    return _Place(home, letters, frozenset(number for word, number in found if word == letters), 1, 999)


def _new_plugin(folder: Path, prefix: str, made: list[Path]) -> None:
    name = re.sub(r"[^a-z0-9]+", "-", folder.absolute().name.lower()).strip("-")
    package = name.replace("-", "_")
    _write(folder / "pyproject.toml", PROJECT.format(distribution=name, package=package), made)
    _write(folder / package / "__init__.py", f'"""Rules for mongolint, with codes {prefix}."""\n', made)
    _write(folder / "tests" / "test_rules.py", TESTS.format(prefix=prefix), made)


def _prefix(folder: Path, given: str | None) -> str:
    """How codes begin: as given, else the last word of the directory's name."""
    letters = given or re.sub("[^A-Z]", "", re.split(r"[^A-Za-z]+", folder.absolute().name)[-1].upper())[:6]
    if not re.fullmatch("[A-Z]{2,}", letters):
        fail(f"codes cannot begin with {letters!r}: give capital letters, two at least, as --prefix SHOP")
    if letters.startswith(OWN_PREFIX):
        fail(f"codes with {OWN_PREFIX} are mongolint's own; give another --prefix")
    return letters


def _codes(files: Iterable[Path], before: str = "") -> Iterator[tuple[str, int]]:
    for file in files:
        text = file.read_text(encoding="utf-8") if file.is_file() else ""
        for match in _CODES.finditer(text):
            if re.search(re.escape(before).replace(r"\(", r"\(\s*") + "$", text[: match.start()]):
                yield match[1], int(match[2])


def _project(file: Path) -> dict[str, Any]:
    try:
        return toml.parse(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        fail(f"{file}: cannot be read: {' '.join(str(error).split())}")
