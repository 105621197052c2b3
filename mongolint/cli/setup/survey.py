"""What a first configuration has to know of a project: what is seen in its files, each with the place."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from mongolint.beside import neighbour
from mongolint.beside.ruff import configuration
from mongolint.config import Config
from mongolint.config.places import tree_of
from mongolint.engine.load import Loaded
from mongolint.engine.registry import all_rules
from mongolint.fastclasses import dataclass
from mongolint.source.files import relative

_DRIVERS = {
    "PyMongo": rb"\bMongoClient\b",
    "PyMongo Async": rb"\bAsyncMongoClient\b",
    "Motor": rb"^\s*(?:from|import)\s+motor\b",
    "Beanie": rb"^\s*(?:from|import)\s+beanie\b",
    "MongoEngine": rb"^\s*(?:from|import)\s+mongoengine\b",
    "Flask-PyMongo": rb"^\s*(?:from|import)\s+flask_pymongo\b",
}
_FRAMEWORKS = {
    "FastAPI": "fastapi",
    "Starlette": "starlette",
    "Flask": "flask",
    "Quart": "quart",
    "Django": "django",
    "Sanic": "sanic",
    "aiohttp": "aiohttp.web",
    "Tornado": "tornado",
    "Litestar": "litestar",
    "Celery": "celery",
    "discord.py": "discord",
    "aiogram": "aiogram",
    "Falcon": "falcon",
    "Bottle": "bottle",
    "gRPC": "grpc",
}
# Directories whose name says what they hold, where the defaults of ``script-files`` and ``test-patterns`` do not
_SCRIPT_FOLDERS = frozenset({"alembic", "bin", "contrib", "cron", "migration", "sbin", "script", "seeds", "tools"})
_TEST_FOLDERS = frozenset({"e2e", "spec", "test", "testing"})
_IMAGE = re.compile(
    r"""^\s*(?:-\s*)?[\w-]*image:\s*["']?(?:[\w.\-]+/)*(?:mongo|mongodb|mongodb-(?:community|enterprise)-server|"""
    r"""percona-server-mongodb)(?::(?P<tag>[\w.\-${}]+))?["']?\s*(?:#.*)?$""",
    re.MULTILINE,
)
_MAIN = re.compile(rb"^if __name__ ==|\A#!", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Survey:
    """Each what is seen, for a person; ``scripts`` and ``tests`` are patterns that the defaults lack.

    ``ruff``: the file that configures Ruff, and by code of Ruff's what it selects somewhere in the project.
    """

    files: int
    read: int
    drivers: Sequence[str]
    frameworks: Sequence[str]
    operations: int
    collections: int
    indexes: Mapping[str, int]
    servers: Sequence[str]
    scripts: Sequence[str]
    tests: Sequence[str]
    ruff: str
    selected: Mapping[str, bool]

    def lines(self) -> Iterator[tuple[str, str]]:
        """What is seen, in a few lines."""
        yield "files", f"{_count(self.files, 'Python file')}, {self.read} of them near the driver"
        yield "driver", ", ".join(self.drivers) or "none seen: nothing is reported before one is used"
        if self.frameworks:
            yield "frameworks", ", ".join(self.frameworks)
        if self.drivers:
            yield "operations", f"{self.operations}, on {_count(self.collections, 'known collection')}"
            yield "indexes", self._indexes()
        for server in self.servers:
            yield "server", server
        if self.scripts or self.tests:
            yield "folders", ", ".join((*self.scripts, *self.tests))
        if self.ruff:
            on = [code for code, is_on in self.selected.items() if is_on]
            off = [code for code, is_on in self.selected.items() if not is_on]
            told = [f"selects {', '.join(on)}"] * bool(on) + [f"does not select {', '.join(off)}"] * bool(off)
            yield "Ruff", f"{self.ruff}: {', '.join(told)}"

    def _indexes(self) -> str:
        if not self.indexes:
            return "none declared in the code"
        most = sorted(self.indexes, key=lambda file: -self.indexes[file])
        more = f" and {len(most) - 3} more" if len(most) > 3 else ""
        return f"{sum(self.indexes.values())} declared in {', '.join(most[:3])}{more}"


def survey(loaded: Loaded, config: Config) -> Survey:
    """Look at a project that has no configuration yet. Tests tell nothing about what the application uses."""
    root, project = config.root, loaded.project
    own = {path: data for path, data in loaded.sources.items() if not config.is_test(path)}
    scripts = sorted(_folders(own, root, _SCRIPT_FOLDERS, _MAIN))
    tests = sorted(_folders(own, root, _TEST_FOLDERS, None))
    kept = {path: data for path, data in own.items() if not set(Path(path).parts) & {name[:-1] for name in tests}}
    operations = [each for each in project.operations if each.module not in project.tests]
    ruff = next((file for folder in (root, *root.parents) if (file := configuration(folder))), None)
    return Survey(
        len(loaded.sources),
        len(project.modules),
        [name for name, pattern in _DRIVERS.items() if _found(pattern, kept.values())],
        list(_frameworks(kept.values())),
        len(operations),
        len({name for each in operations for name in each.collection_names}),
        Counter(project.index_span(index).file for index in project.indexes),
        list(_servers(tree_of(root), root)),
        scripts,
        tests,
        relative(ruff, root) if ruff else "",
        _selected(own) if ruff else {},
    )


def _found(pattern: bytes, sources: Iterable[bytes]) -> bool:
    search = re.compile(pattern, re.MULTILINE).search
    driver = re.compile(rb"^\s*(?:from|import)\s+(?:pymongo|motor|beanie|mongoengine|flask_pymongo)\b", re.MULTILINE)
    return any(search(data) and driver.search(data) for data in sources)


def _frameworks(sources: Collection[bytes]) -> Iterator[str]:
    found = [name for name, package in _FRAMEWORKS.items() if _imports(package, sources)]
    # Whoever uses FastAPI also takes things from what it stands on
    return (name for name in found if name != "Starlette" or "FastAPI" not in found)


def _imports(package: str, sources: Iterable[bytes]) -> bool:
    head, _, rest = package.partition(".")
    plain = rf"from\s+{package}\b|import\s+{package}\b" + (rf"|from\s+{head}\s+import\s.*\b{rest}\b" if rest else "")
    search = re.compile(rf"^\s*(?:{plain})".encode(), re.MULTILINE).search
    return any(map(search, sources))


def _folders(own: Mapping[str, bytes], root: Path, names: frozenset[str], mark: re.Pattern[bytes] | None) -> set[str]:
    """Patterns for directories of such a name: all or, with a mark, those most of whose files bear it."""
    held: dict[str, list[bool]] = {}
    for path, data in own.items():
        for name in set(Path(path).relative_to(root).parts[:-1] if Path(path).is_relative_to(root) else ()) & names:
            if not path.endswith("__init__.py"):
                held.setdefault(name, []).append(mark is None or bool(mark.search(data)))
    return {f"{name}/" for name, marked in held.items() if 2 * sum(marked) > len(marked)}


def _servers(tree: Path, root: Path) -> Iterator[str]:
    """The versions of the server that files of the repository run, each with the first place that says so."""
    seen: set[str] = set()
    for folder, names, files in os.walk(tree):
        depth = len(Path(folder).relative_to(tree).parts)
        names[:] = sorted(n for n in names if n in (".github", "workflows") or (depth < 2 and not n.startswith(".")))
        names[:] = [name for name in names if name not in ("node_modules", "venv", "site-packages")]
        for name in sorted(files):
            if name.endswith((".yml", ".yaml")):
                yield from _of_file(Path(folder, name), root, seen)


def _of_file(file: Path, root: Path, seen: set[str]) -> Iterator[str]:
    try:
        text = file.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return
    for match in _IMAGE.finditer(text):
        version = re.match(r"\d+(?:\.\d+)*", match["tag"] or "")
        word = f"MongoDB {version[0]}" if version else "MongoDB, an image without a version"
        if word not in seen:
            seen.add(word)
            line = text.count("\n", 0, match.start("tag") if match["tag"] else match.end()) + 1
            yield f"{word} ({relative(file, root)}:{line})"


def _selected(own: Iterable[str]) -> dict[str, bool]:
    """Whether Ruff selects in any file what a rule tells, too, by Ruff's code."""
    ruff, paths = neighbour("ruff"), list(own)
    codes = sorted({code for rule in all_rules() for code in rule.same_as.get("ruff", ())})
    return {code: any(ruff.selects(code, path) for path in paths) for code in codes}


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
