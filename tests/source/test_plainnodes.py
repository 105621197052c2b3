"""Trees of plain nodes give the facts that LibCST's own nodes give."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from libcst import matchers

from mongolint.source.tree import parse

ROOT = Path(__file__).parents[2]

# Prints the facts of every file of the example, and whether nodes are dataclasses
PROGRAM = """
import sys
from pathlib import Path
if sys.argv[2] == "plain":
    from mongolint.source.plainnodes import import_libcst
    import_libcst()
import dataclasses
import libcst
from mongolint.facts.extract import extract
print(dataclasses.is_dataclass(libcst.Name), dataclasses.dataclass.__module__, file=sys.stderr)
for path in sorted(Path(sys.argv[1]).rglob("*.py")):
    facts = extract(path.name, path.read_text(encoding="utf-8"))
    print(path.name, [getattr(facts, name) for name in facts.__slots__])
"""


def _facts(kind: str, folder: Path = ROOT / "examples" / "bookshelf", seed: str = "0") -> tuple[str, str]:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(folder), kind],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": seed},
    )
    return done.stdout, done.stderr


def test_facts_are_the_same() -> None:
    plain, plain_nodes = _facts("plain")
    own, own_nodes = _facts("own")
    assert plain_nodes.split() == ["False", "dataclasses"]
    assert own_nodes.split() == ["True", "dataclasses"]
    assert len(plain) > 10_000
    assert plain == own


def test_facts_hang_on_no_hash_seed(tmp_path: Path) -> None:
    names = [f"name{number}" for number in range(20)]
    lines = [f"    {name} = 0" for name in names] + ["    for x in y:"] + [f"        {name} += x" for name in names]
    (tmp_path / "a.py").write_text("\n".join(["def f(y):", *lines, ""]))
    assert len({_facts("plain", tmp_path, seed)[0] for seed in "123"}) == 1


BLANKS = """
from mongolint.source.plainnodes import import_libcst
import_libcst()
import libcst
from mongolint.source.tree import parse
kind = libcst.SimpleWhitespace
first, second = (line.body[0].targets[0] for line in parse("a = 1\\nb = 2\\n").body)
print(first.whitespace_before_equal is second.whitespace_after_equal, libcst.SimpleWhitespace is kind)
"""


def test_equal_blanks_are_one_node_where_nodes_are_plain() -> None:
    done = subprocess.run([sys.executable, "-c", BLANKS], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.split() == ["True", "True"]


def test_blanks_of_other_trees_are_their_own() -> None:
    # Fixes change a node by its identity
    blanks = matchers.findall(parse("a = 1\nb = 2\n"), matchers.SimpleWhitespace(" "))
    assert len({id(blank) for blank in blanks}) == len(blanks) == 4
