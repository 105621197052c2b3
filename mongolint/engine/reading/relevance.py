"""Which files can matter, by a byte search before anything is parsed.

A file is read as code when it imports the driver or an object mapper or names a method that only the driver has, when
it imports such a file or is imported by one (at any distance), or when it holds a token of a selected rule. In a
project with neither the driver nor a mapper that declares indexes, most files are never parsed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar, cast

from mongolint.fastclasses import NamedTuple
from mongolint.link.imports import ImportMap
from mongolint.mongo import mappers
from mongolint.mongo.drivers import DRIVER_PACKAGES, ODM_PACKAGES
from mongolint.mongo.methods import DRIVER_ONLY

T = TypeVar("T")
# What continues a line counts as a blank
_BLANK = rb"(?:[ \t]|\\\r?\n)"
_IMPORT = re.compile(
    rb"%b*(?:from%b+([.\w]+)%b+import[ \t]*(\([^)]*\)|[^\n#]*)|import[ \t]+([^\n#;]+))" % (_BLANK, _BLANK, _BLANK)
)
_WORD = b"import"
# Where Flask's extensions were imported from
_EXTENSIONS = "flask.ext."
# Flask reads settings from a module that nothing imports
_CONFIGURATION = re.compile(rb"""from_(?:pyfile|object)\(\s*["']([\w./]+)["']""")
_ABSTRACT = (b"ABC", b"Protocol", b"abstractmethod", b"NotImplementedError")
_INTERFACE = re.compile(rb"\b(?:ABC|ABCMeta|Protocol|abstractmethod|NotImplementedError)\b")
_DECLARING = DRIVER_PACKAGES | mappers.PACKAGES
_SEEDS = DRIVER_PACKAGES | ODM_PACKAGES
_DRIVER_METHOD = re.compile(rf"\.(?:{'|'.join(sorted(DRIVER_ONLY))})\b".encode())


class Import(NamedTuple):
    """``from module import names``, or one of the modules of an ``import``; ``level`` counts leading dots."""

    module: str
    level: int
    names: str

    @property
    def package(self) -> str:
        """The first name of what is imported; "" for what is next to the importer."""
        return "" if self.level else self.module.removeprefix(_EXTENSIONS).partition(".")[0]


class Memo:
    """What was found in files, for as long as they and the set of all paths stay the same."""

    def __init__(self) -> None:
        # By path and question, the contents and the answer
        self._found: dict[tuple[str, str], tuple[bytes, Any]] = {}

    def _once(self, question: str, path: str, data: bytes, find: Callable[[], T]) -> T:
        held = self._found.get((path, question))
        if held is None or held[0] != data:
            held = self._found[path, question] = (data, find())
        return cast(T, held[1])

    def imports(self, path: str, data: bytes) -> list[Import]:
        return self._once("imports", path, data, lambda: list(_imports(data)))

    def imported(self, path: str, data: bytes, imports: ImportMap) -> set[str]:
        return self._once("imported", path, data, lambda: _imported(path, data, self.imports(path, data), imports))

    def is_seed(self, path: str, data: bytes) -> bool:
        return self._once("is seed", path, data, lambda: _is_seed(self.imports(path, data), data))

    def uses_driver(self, path: str, data: bytes) -> bool:
        return self._once("driver", path, data, lambda: _imports_any(self.imports(path, data), DRIVER_PACKAGES))

    def is_interface(self, path: str, data: bytes) -> bool:
        return self._once("interface", path, data, lambda: _is_interface(data))

    def holds(self, path: str, data: bytes, needles: Sequence[bytes]) -> bool:
        """Whether a file holds one of some words, which are the same each time."""
        return self._once("holds", path, data, lambda: any(needle in data for needle in needles))


def uses_driver(sources: Mapping[str, bytes], memo: Memo) -> bool:
    """Whether any of these files imports the driver."""
    return any(memo.uses_driver(path, data) for path, data in sources.items())


def certain(sources: Mapping[str, bytes], memo: Memo) -> list[str]:
    """The paths of the files that the model needs whatever other files there are."""
    return [path for path, data in sources.items() if memo.uses_driver(path, data)]


def relevant(sources: Mapping[str, bytes], imports: ImportMap, memo: Memo) -> set[str]:
    """The paths of the files that the model needs.

    Args:
        memo: of an earlier search among files with the same paths.
    """
    seeds = {path for path, data in sources.items() if memo.is_seed(path, data)}
    if not any(_imports_any(memo.imports(path, sources[path]), _DECLARING) for path in seeds):
        return set()
    forward = {path: memo.imported(path, data, imports) for path, data in sources.items()}
    backward: dict[str, set[str]] = {}
    for path, targets in forward.items():
        for target in targets:
            backward.setdefault(target, set()).add(path)
    found = _closure(_closure(seeds, backward), forward)
    # Who holds an interface need not import its implementation: a framework binds it
    interfaces = {path for path in found if memo.is_interface(path, sources[path])}
    return _closure(found | _closure(interfaces, backward), forward)


def _is_interface(data: bytes) -> bool:
    return any(word in data for word in _ABSTRACT) and bool(_INTERFACE.search(data))


def _is_seed(imports: Iterable[Import], data: bytes) -> bool:
    return _imports_any(imports, _SEEDS) or bool(_DRIVER_METHOD.search(data))


def _imports_any(imports: Iterable[Import], packages: frozenset[str]) -> bool:
    return any(each.package in packages for each in imports)


def _closure(start: set[str], edges: Mapping[str, set[str]]) -> set[str]:
    found = set(start)
    pending = list(start)
    while pending:
        for target in edges.get(pending.pop(), ()):
            if target not in found:
                found.add(target)
                pending.append(target)
    return found


def _imports(data: bytes) -> Iterator[Import]:
    """What a file imports, at whatever depth."""
    for match in _statements(data):
        module, names, plain = (group.decode("ascii", "ignore") if group else "" for group in match.groups())
        if module:
            stem = module.lstrip(".")
            yield Import(stem, len(module) - len(stem), names)
        else:
            yield from (Import(words[0], 0, "") for words in map(str.split, plain.split(",")) if words)


def _statements(data: bytes) -> Iterator[re.Match[bytes]]:
    """The import statements: to look for the word first takes a tenth of trying each line."""
    end = 0
    place = data.find(_WORD)
    while place >= 0:
        start = _line_start(data, place)
        match = _IMPORT.match(data, start) if start >= end else None
        if match:
            yield match
            end = match.end()
        place = data.find(_WORD, max(end, place + len(_WORD)))


def _line_start(data: bytes, place: int) -> int:
    """Where the line at a place begins, with those that it continues."""
    start = data.rfind(b"\n", 0, place) + 1
    while data.endswith((b"\\\n", b"\\\r\n"), 0, start):
        start = data.rfind(b"\n", 0, start - 1) + 1
    return start


def _imported(path: str, data: bytes, statements: Iterable[Import], imports: ImportMap) -> set[str]:
    found: set[str] = set()
    for statement in statements:
        found.update(_files(path, statement, imports))
    for match in _CONFIGURATION.finditer(data):
        dotted = match[1].decode("ascii", "ignore").removesuffix(".py").replace("/", ".")
        found.update(t for t in (imports.resolve(path, dotted), imports.resolve(path, dotted, 1)) if t)
    found.discard(path)
    return found


def _files(path: str, statement: Import, imports: ImportMap) -> Iterable[str]:
    module, level, names = statement
    yield from _packages(path, module, level, imports)
    for name in re.findall(r"\w+", names):
        found = imports.resolve(path, f"{module}.{name}" if module else name, level)
        if found is not None and found.endswith(".py"):
            yield found


def _packages(path: str, dotted: str, level: int, imports: ImportMap) -> Iterable[str]:
    """The file that a dotted name means, and the ``__init__`` of each package above it."""
    parts: Sequence[str] = dotted.split(".") if dotted else []
    for count in range(1 if parts else 0, len(parts) + 1):
        found = imports.resolve(path, ".".join(parts[:count]), level) if count or level else None
        if found is not None and found.endswith(".py"):
            yield found
