"""Loads the project around paths and runs the rules over it, by what the configuration says of each file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mongolint.config.perfile import Settings
from mongolint.engine.load import Loaded, load
from mongolint.engine.registry import tokens_of
from mongolint.engine.workers import default_jobs
from mongolint.fastclasses import NamedTuple
from mongolint.project.indexes import IndexDeclaration

if TYPE_CHECKING:
    from mongolint.engine.run import Result, Sift


class Judge(NamedTuple):
    """``fixes``: they are written too. ``jobs``: processes, default: one per core. ``indexes``: those of a snapshot.

    ``selected``: the rules that run in any of these files; what is to be told of that is told by it. ``keep``: facts
    are taken from the user's store, and kept there.
    """

    settings: Settings
    paths: Sequence[Path]
    selected: Callable[[Sequence[str]], set[str]]
    fixes: bool
    jobs: int | None = None
    indexes: Sequence[IndexDeclaration] = ()
    keep: bool = True

    def load(self, **options: Any) -> Loaded:
        """See `mongolint.engine.load.load`."""
        given = {
            "tokens": lambda targets: tokens_of(self.selected(targets)),
            "jobs": self.jobs,
            "meanwhile": self._import_the_rest,
            "external": self.indexes,
            "keep": self.keep,
        }
        return load(self.paths, self.settings.top.config, Path.cwd(), **{**given, **options})

    def _import_the_rest(self) -> None:
        """What a usage error or a list of files can do without, and there is time for while workers parse."""
        import mongolint.engine.run
        import mongolint.project.advice.answers  # noqa: F401

        if self.fixes:
            from mongolint.engine.fixes import import_parser

            import_parser()

    def check(self, loaded: Loaded, sift: Sift | None = None, *, fixes: bool | None = None) -> Result:
        """What the rules find, with what is suppressed and what failed.

        Args:
            fixes: whether they are written, if not as the judge is told; those left out can be written later.
        """
        from mongolint.engine import run

        return run.check(
            loaded,
            self.settings.selected(loaded.targets),
            self.settings.top.config,
            fixes=self.fixes if fixes is None else fixes,
            jobs=(self.jobs or default_jobs()) if fixes is None else 1,
            settings=self.settings,
            sift=sift,
        )

    def write(self, loaded: Loaded, result: Result) -> None:
        """Write the fixes that `check` left out."""
        from mongolint.engine.fixes import build

        jobs = self.jobs or default_jobs()
        result.findings = build(result.findings, loaded, self.settings, result.crashes, jobs=jobs)
