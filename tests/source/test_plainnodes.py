"""Trees of plain nodes give the facts that LibCST's own nodes give."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

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
