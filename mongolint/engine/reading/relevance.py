"""Which files can matter, by a byte search before anything is parsed.

A file is read as code when it imports the driver or an object mapper or names a method that only the driver has, when
it imports such a file or is imported by one (at any distance), or when it holds a token of a selected rule. In a
project with neither the driver nor a mapper that declares indexes, most files are never parsed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from mongolint.link.imports import ImportMap
from mongolint.mongo import mappers
from mongolint.mongo.drivers import DRIVER_PACKAGES, ODM_PACKAGES
from mongolint.mongo.methods import DRIVER_ONLY

_IMPORT = re.compile(
    rb"^[ \t]*(?:from[ \t]+([.\w]+)[ \t]+import[ \t]*(\([^)]*\)|[^\n#]*)|import[ \t]+([^\n#;]+))",
    re.MULTILINE,
)


def _any(names: Iterable[str]) -> str:
    return "(?:" + "|".join(sorted(names)) + r")\b"


_STATEMENT = r"^[ \t]*(?:from|import)[ \t]+"
_DRIVER_IMPORT = re.compile(
    (_STATEMENT + r"(?:[\w.]+[ \t]*,[ \t]*)*(?:flask\.ext\.)?" + _any(DRIVER_PACKAGES)).encode(), re.MULTILINE
)
_MAPPER_IMPORT = re.compile((_STATEMENT + _any(mappers.PACKAGES)).encode(), re.MULTILINE)
_ODM_IMPORT = re.compile((_STATEMENT + _any(ODM_PACKAGES)).encode(), re.MULTILINE)
# Flask reads settings from a module that nothing imports
_CONFIGURATION = re.compile(rb"""\bfrom_(?:pyfile|object)\(\s*["']([\w./]+)["']""")
_INTERFACE = re.compile(rb"\b(?:ABC|ABCMeta|Protocol|abstractmethod|NotImplementedError)\b")
_DRIVER_METHOD = re.compile((r"\." + _any(DRIVER_ONLY)).encode())


def uses_driver(sources: Iterable[bytes]) -> bool:
    """Whether any of these files imports the driver."""
    return any(_DRIVER_IMPORT.search(data) for data in sources)


def certain(sources: Mapping[str, bytes]) -> list[str]:
    """The paths of the files that the model needs whatever other files there are."""
    return [path for path, data in sources.items() if _DRIVER_IMPORT.search(data)]


class Memo:
    """What was found in files, for as long as they and the set of all paths stay the same."""

    def __init__(self) -> None:
        self._seeds: dict[str, tuple[bytes, bool]] = {}
        self._imported: dict[str, tuple[bytes, set[str]]] = {}

    def is_seed(self, path: str, data: bytes) -> bool:
        held = self._seeds.get(path)
        if held is None or held[0] != data:
            held = self._seeds[path] = (data, _is_seed(data))
        return held[1]

    def imported(self, path: str, data: bytes, imports: ImportMap) -> set[str]:
        held = self._imported.get(path)
        if held is None or held[0] != data:
            held = self._imported[path] = (data, _imported(path, data, imports))
        return held[1]


def relevant(sources: Mapping[str, bytes], imports: ImportMap, memo: Memo | None = None) -> set[str]:
    """The paths of the files that the model needs.

    Args:
        memo: of an earlier search among files with the same paths.
    """
    memo = memo or Memo()
    seeds = {path for path, data in sources.items() if memo.is_seed(path, data)}
    if not any(_DRIVER_IMPORT.search(sources[path]) or _MAPPER_IMPORT.search(sources[path]) for path in seeds):
        return set()
    forward = {path: memo.imported(path, data, imports) for path, data in sources.items()}
    backward: dict[str, set[str]] = {}
    for path, targets in forward.items():
        for target in targets:
            backward.setdefault(target, set()).add(path)
    found = _closure(_closure(seeds, backward), forward)
    # Who holds an interface need not import its implementation: a framework binds it
    interfaces = {path for path in found if _INTERFACE.search(sources[path])}
    return _closure(found | _closure(interfaces, backward), forward)


def _is_seed(data: bytes) -> bool:
    return bool(_DRIVER_IMPORT.search(data) or _ODM_IMPORT.search(data) or _DRIVER_METHOD.search(data))


def _closure(start: set[str], edges: Mapping[str, set[str]]) -> set[str]:
    found = set(start)
    pending = list(start)
    while pending:
        for target in edges.get(pending.pop(), ()):
            if target not in found:
                found.add(target)
                pending.append(target)
    return found


def _imported(path: str, data: bytes, imports: ImportMap) -> set[str]:
    found: set[str] = set()
    for match in _IMPORT.finditer(data):
        module, names, plain = (group.decode("ascii", "ignore") if group else "" for group in match.groups())
        if plain:
            for part in plain.split(","):
                words = part.split()
                if words:
                    found.update(_packages(path, words[0], 0, imports))
        elif module:
            level = len(module) - len(module.lstrip("."))
            found.update(_from(path, module.lstrip("."), level, names, imports))
    for match in _CONFIGURATION.finditer(data):
        dotted = match[1].decode("ascii", "ignore").removesuffix(".py").replace("/", ".")
        found.update(t for t in (imports.resolve(path, dotted), imports.resolve(path, dotted, 1)) if t)
    found.discard(path)
    return found


def _from(path: str, module: str, level: int, names: str, imports: ImportMap) -> Iterable[str]:
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
