"""``mongolint check --fix`` and ``--diff``: what becomes of the changed files."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import field
from pathlib import Path

import click

from mongolint.cli import terminal
from mongolint.cli.checking.request import Request
from mongolint.cli.project import Part, warn
from mongolint.engine.load import Loaded
from mongolint.engine.mend import Check, Mended, Pair, Reload, Write, WriteError, mend, write
from mongolint.engine.run import Result
from mongolint.fastclasses import dataclass
from mongolint.report.diff import unified
from mongolint.report.paint import visible
from mongolint.source.text import decode_source


@dataclass
class Changes:
    """What fixes change in all parts of a run: contents by absolute path, and each path as it is shown.

    ``fixed``: the findings that are gone, by file and code. ``gone``: those beyond, which no fix was meant for.
    ``errors``: what could not be done, a line each.
    """

    before: dict[str, bytes] = field(default_factory=dict)
    after: dict[str, bytes] = field(default_factory=dict)
    display: dict[str, str] = field(default_factory=dict)
    fixed: Counter[Pair] = field(default_factory=Counter)
    gone: int = 0
    errors: list[str] = field(default_factory=list)

    @property
    def count(self) -> int:
        return self.fixed.total() + self.gone

    def below(self, part: Part) -> dict[str, bytes]:
        """What another part has changed in memory of the files that this one looks at too."""
        tops = [Path(os.path.abspath(path)) for path in part.paths]
        return {path: data for path, data in self.after.items() if any(map(Path(path).is_relative_to, tops))}

    def take(self, mended: Mended, first: Loaded) -> None:
        self.fixed += mended.fixed
        self.gone += max(0, mended.first - len(mended.result.findings) - mended.fixed.total())
        for path, content in mended.changed.items():
            self.before.setdefault(path, first.sources[path])
            self.after[path] = content
            self.display[path] = first.display[path]


def apply(
    first: Loaded, check: Check, write_fixes: Write, reload: Reload, request: Request, changes: Changes
) -> tuple[Loaded, Result]:
    """Fix the files of one part, on the disk unless they are to be shown only; the state after that."""
    mended = mend(first, check, reload, unsafe=request.unsafe_fixes, write_fixes=write_fixes)
    changes.errors += [f"mongolint: {failure}" for failure in mended.failures]
    failed = _write_groups(mended, first) if request.rewrites else []
    changes.errors += failed
    if failed:
        mended.loaded = reload({}, mended.loaded)
        mended.result = check(mended.loaded)
        write_fixes(mended.loaded, mended.result)
    changes.take(mended, first)
    return mended.loaded, mended.result


def _write_groups(mended: Mended, first: Loaded) -> list[str]:
    """Write the changed files; those that cannot be written, a line each, are as if they had not been fixed."""
    failed: list[str] = []
    for group in mended.groups:
        contents = {path: mended.changed[path] for path in sorted(group) if path in mended.changed}
        try:
            write(contents, first.sources)
        except WriteError as error:
            others = [first.display[path] for path in contents if path != error.path]
            also = f"; left as it was with it: {', '.join(others)}" if others else ""
            failed.append(f"{first.display[error.path]}: cannot write: {error.reason}{also}")
            shown = {first.display[path] for path in group}
            for pair in [pair for pair in mended.fixed if pair[0] in shown]:
                del mended.fixed[pair]
            for path in contents:
                del mended.changed[path]
    return failed


def show(changes: Changes, request: Request, data: bytes) -> None:
    """What goes to standard output: a diff of everything, or ``data`` of standard input with its fixes."""
    if request.diff:
        paint = terminal.paint(request.color)
        for path in sorted(changes.after, key=changes.display.__getitem__):
            before, after = (decode_source(held[path], path).text for held in (changes.before, changes.after))
            click.echo(unified(before, after, changes.display[path], paint), color=paint.enabled)
    elif request.echoes:
        click.echo(next(iter(changes.after.values()), data), nl=False)
    if request.verbose:
        for (file, code), count in sorted(changes.fixed.items()):
            warn(f"fixed {count} {code} in {visible(file)}")
