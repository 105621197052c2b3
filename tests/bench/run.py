"""mongolint beside other linters on one tree, in one run: ``python tests/bench/run.py PATH [--repeat N] [--profile]``.

Not a test: a figure means something only beside the others of the same run on the same machine. The tools take
turns, so that whatever else the machine does hits all of them.
"""

from __future__ import annotations

import argparse
import compileall
import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

REFERENCE = "mongolint"
WARM = "mongolint, warm"
ROOT = Path(__file__).parents[2]


def commands(path: str, jobs: int) -> dict[str, list[str]]:
    """The command of each tool, none of which finds anything that a run before has kept, but for "mongolint, warm".

    The others print a line for each finding. So does mongolint here; in its full format it also writes every fix
    and shows it as a diff.
    """
    concise = ["mongolint", "check", path, "--format", "concise"]
    return {
        REFERENCE: [*concise, "--no-cache"],
        WARM: concise,
        "mongolint, 1 job": [*concise, "--no-cache", "--jobs", "1"],
        "mongolint, fixes": ["mongolint", "check", path, "--no-cache"],
        f"flake8, {jobs} jobs": ["flake8", f"-j{jobs}", path],
        "flake8, 1 job": ["flake8", "-j1", path],
        "fixit": ["fixit", "lint", path],
        "ruff": ["ruff", "check", "--no-cache", path],
    }


def compare(path: str, repeat: int) -> None:
    # As pip does when it installs; an editable installation is compiled in each run where nothing may be written
    for package in ("mongolint", "rules"):
        compileall.compile_dir(ROOT / package, quiet=1)
    # As many processes as mongolint starts by itself on a tree that is worth it
    jobs = min(os.cpu_count() or 1, 8)
    found: dict[str, list[str]] = {}
    for name, command in commands(path, jobs).items():
        program = _program(command[0])
        if program is None:
            print(f"{name}: not installed, skipped")
        else:
            found[name] = [program, *command[1:]]
    times: dict[str, list[float]] = {name: [] for name in found}
    codes: dict[str, int] = {}
    if WARM in found:
        subprocess.run(found[WARM], capture_output=True)
    for _ in range(repeat):
        for name, command in found.items():
            start = time.perf_counter()
            codes[name] = subprocess.run(command, capture_output=True).returncode
            times[name].append(time.perf_counter() - start)
    medians = {name: statistics.median(values) for name, values in times.items()}
    files = list(Path(path).rglob("*.py")) if os.path.isdir(path) else [Path(path)]
    lines = sum(file.read_bytes().count(b"\n") for file in files)
    print(f"{len(files)} files, {lines} lines, {repeat} runs each")
    print(f"{'':<18}{'median':>9}{'best':>9}{'ratio':>8}  exit")
    for name, median in medians.items():
        ratio = f"{median / medians[REFERENCE]:.2f}" if REFERENCE in medians else ""
        print(f"{name:<18}{median:>7.2f} s{min(times[name]):>7.2f} s{ratio:>8}  {codes[name]}")


def profile(path: str) -> None:
    """Where the time of one run in one process goes."""
    spent = dict.fromkeys(("import", "read", "parse", "link", "rules"), 0.0)
    with _clock(spent, "import"):
        import mongolint.engine.load as loading
        from mongolint.config import load as load_config
        from mongolint.engine import parsing
        from mongolint.engine.registry import all_rules, rule_infos, tiers
        from mongolint.engine.run import check
        from mongolint.facts.extract import extract as extract  # `load` imports it when it first parses
        from mongolint.selectors import resolve_selection
        from mongolint.source.deepstack import with_deep_stack

        rules = {rule.code: rule for rule in all_rules()}
    target = Path(path).absolute()
    config = load_config(target, rule_infos())
    selected = resolve_selection(rule_infos(), tiers())
    tokens = [token for code in selected for token in rules[code].tokens]
    with _clock(spent, "read"), _timed(parsing, "extract_batch", spent, "parse"):
        loaded = loading.load([target], config, Path.cwd(), tokens=tokens, jobs=1)
    spent["read"] -= spent["parse"]
    with _clock(spent, "link"):
        with_deep_stack(lambda: _link(loaded.project))
    with _clock(spent, "rules"):
        result = check(loaded, selected, config)
    total = sum(spent.values())
    print(f"{len(loaded.targets)} files, {len(loaded.project.modules)} parsed, {len(result.findings)} findings")
    for name, seconds in spent.items():
        print(f"{name:<8}{seconds:>7.2f} s{seconds / total:>6.0%}")


def _link(project: Any) -> None:
    """Have the model answer all that rules ask for."""
    for operation in project.operations:
        project.verdict(operation)
    _ = project.indexes, project.repetitions, project.handlers, project.clients


@contextmanager
def _clock(spent: dict[str, float], name: str) -> Iterator[None]:
    start = time.perf_counter()
    yield
    spent[name] += time.perf_counter() - start


@contextmanager
def _timed(module: Any, function: str, spent: dict[str, float], name: str) -> Iterator[None]:
    """Count what a function of a module takes, however often it is called."""
    original: Callable[..., Any] = getattr(module, function)

    def timed(*arguments: Any) -> Any:
        with _clock(spent, name):
            return original(*arguments)

    setattr(module, function, timed)
    try:
        yield
    finally:
        setattr(module, function, original)


def _program(name: str) -> str | None:
    """A tool of this environment, else of the machine."""
    beside = os.path.dirname(sys.executable)
    return shutil.which(name, path=beside) or shutil.which(name)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("path", metavar="PATH")
    parser.add_argument("--repeat", type=int, default=5, metavar="N", help="runs of each tool (default: 5)")
    parser.add_argument("--profile", action="store_true", help="show where mongolint's own time goes instead")
    options = parser.parse_args()
    if options.profile:
        profile(options.path)
    else:
        compare(options.path, options.repeat)


if __name__ == "__main__":
    main()
