"""Imports point one way: a line of this list may import only from itself and from lines below it."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ENGINE, RULES = ROOT / "mongolint", ROOT / "rules"
LAYERS = [
    "__main__",
    "cli",
    "lsp",
    "testing",
    "report",
    "engine",
    "rule",
    "fix",
    "live",
    "project",
    "link",
    "facts",
    "mongo",
    "source",
    "coverage",
    "beside",
    "config",
    "selectors",
    "globs",
    "fingerprints",
    "ruledoc",
    "finding",
    "fastclasses",
    "__init__",
]
# Reporters know findings, not how they came about
NARROWED = {
    "report": {"report", "config", "selectors", "fingerprints", "ruledoc", "finding", "fastclasses", "__init__"}
}

engine_modules = pytest.mark.parametrize(
    "file",
    sorted(ENGINE.rglob("*.py")),
    ids=lambda file: file.relative_to(ENGINE).as_posix(),
)


@engine_modules
def test_imports_point_downwards(file: Path) -> None:
    own = _layer(file)
    allowed = NARROWED.get(own, set(LAYERS[LAYERS.index(own) :]))
    wrong = [
        f"line {line}: {layer}" for line, name in _imports(file) for layer in _layers(name) if layer not in allowed
    ]
    assert not wrong


@engine_modules
def test_classes_cost_no_time_to_define(file: Path) -> None:
    slow = {"dataclasses.dataclass", "typing.NamedTuple"}
    allowed = file.name in ("fastclasses.py", "plainnodes.py")
    assert allowed or not [f"line {line}: {name}" for line, name in _imports(file) if name in slow]


@engine_modules
def test_engine_never_imports_a_rule(file: Path) -> None:
    assert not [name for _, name in _imports(file) if name.split(".")[:2] == ["mongolint", "rules"]]


@engine_modules
def test_only_one_package_imports_the_driver(file: Path) -> None:
    """Linting needs none."""
    if _layer(file) != "live":
        assert not {name.split(".")[0] for _, name in _imports(file)} & {"pymongo", "bson", "gridfs", "motor"}


@pytest.mark.parametrize("file", sorted(RULES.rglob("*.py")), ids=lambda file: file.relative_to(RULES).as_posix())
def test_rules_import_only_the_public_module(file: Path) -> None:
    wrong = [
        f"line {line}: {name}"
        for line, name in _imports(file)
        if not name.startswith("mongolint.rule.") and name.split(".")[0] not in sys.stdlib_module_names
    ]
    assert not wrong


def test_public_names() -> None:
    """All that a rule imports is meant to be imported."""
    import mongolint.rule

    used = {name for file in RULES.rglob("*.py") for _, name in _imports(file)}
    ours = {name.removeprefix("mongolint.rule.") for name in used if name.startswith("mongolint.")}
    assert ours <= set(mongolint.rule.__all__)
    assert len(mongolint.rule.__all__) <= 20


def _imports(file: Path) -> Iterator[tuple[int, str]]:
    """Line and dotted name of every import, wherever in the file: ``a.b.c`` for ``from a.b import c``."""
    for node in ast.walk(ast.parse(file.read_bytes())):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{file}:{node.lineno}: relative import"
            for alias in node.names:
                yield node.lineno, f"{node.module}.{alias.name}"


def _layers(name: str) -> Iterator[str]:
    """The layer that an imported name belongs to; none for other packages."""
    package, _, rest = name.partition(".")
    if package == "mongolint" and not rest.startswith("rules"):
        # What is no module is a name of the package itself: ``from mongolint import __version__``
        first = rest.partition(".")[0]
        yield first if (ENGINE / first).is_dir() or (ENGINE / f"{first}.py").is_file() else "__init__"


def _layer(file: Path) -> str:
    layer = file.relative_to(ENGINE).parts[0].removesuffix(".py")
    assert layer in LAYERS, f"{layer} has no place in the order of layers"
    return layer
