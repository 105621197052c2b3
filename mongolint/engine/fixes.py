"""Writes the fixes of findings: from a rule's `Repair` to edits, or to what a person should do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from mongolint.config.perfile import Settings
from mongolint.engine.load import Loaded
from mongolint.engine.workers import Workers
from mongolint.finding import Applicability, Finding, Fix, Repair
from mongolint.fix.draft import Draft, NoFix
from mongolint.source.deepstack import with_deep_stack

if TYPE_CHECKING:
    from mongolint.fix.sources import Sources

# Fewer are written faster than processes are started
_MANY = 16
# The number of the finding, its fix, and what went wrong
_Written = tuple[int, Fix, str]


def import_parser() -> None:
    """What writing fixes needs beside the model: while workers parse, this process has time for it."""
    import mongolint.fix.sources  # noqa: F401


def build(
    findings: Sequence[Finding], loaded: Loaded, settings: Settings, crashes: list[str], *, jobs: int = 1
) -> list[Finding]:
    """The findings with their fixes written. A fix that fails is named among ``crashes``, and the others go on.

    Args:
        jobs: processes that write them, if there are many.
    """
    limits = _Limits(loaded, settings)
    built = list(findings)
    numbers = [number for number, finding in enumerate(findings) if isinstance(finding.fix, Repair)]

    def done(results: Sequence[_Written]) -> None:
        for number, fix, crash in results:
            built[number] = built[number]._replace(fix=fix)
            crashes.extend([crash] if crash else [])

    def work(batch: Sequence[int]) -> list[_Written]:
        return with_deep_stack(lambda: _write_all(batch, findings, loaded))

    if jobs > 1 and len(numbers) >= _MANY:
        workers = Workers(jobs, import_parser, work)
        try:
            workers.run(_by_file(numbers, findings), done)
        finally:
            workers.close()
    else:
        done(work(numbers))
    return [
        finding._replace(fix=limits.apply(finding, finding.fix)) if isinstance(finding.fix, Fix) else finding
        for finding in built
    ]


def _by_file(numbers: Sequence[int], findings: Sequence[Finding]) -> list[list[int]]:
    """Those of one file together, because they share its trees."""
    groups: dict[str, list[int]] = {}
    for number in numbers:
        groups.setdefault(findings[number].span.file, []).append(number)
    return sorted(groups.values(), key=len, reverse=True)


def _write_all(numbers: Sequence[int], findings: Sequence[Finding], loaded: Loaded) -> list[_Written]:
    # Brings the parser along, which a run that shows no fix does without
    from mongolint.fix.sources import Sources

    sources = Sources(loaded.project, loaded.text)
    return [_write(number, findings[number], loaded, sources) for number in numbers]


def _write(number: int, finding: Finding, loaded: Loaded, sources: Sources) -> _Written:
    repair = finding.fix
    assert isinstance(repair, Repair)
    draft = Draft(loaded.project, sources)
    try:
        repair.write(draft)
    except NoFix as why:
        title, text = draft.title or repair.title, draft.text or repair.text
        return number, Fix(Applicability.DISPLAY, title, text, (), str(why)), ""
    except Exception as error:
        where = f"{finding.span.file}:{finding.span.line}"
        crash = f"fix of {finding.code} at {where} failed: {type(error).__name__}: {error}"
        return number, Fix(Applicability.DISPLAY, repair.title, repair.text, (), "mongolint failed to write it"), crash
    reason = draft.reason or repair.reason
    return number, Fix(repair.applicability, draft.title or repair.title, "", tuple(draft.edits), reason), ""


class _Limits:
    """What the configuration and the paths given say about fixes."""

    def __init__(self, loaded: Loaded, settings: Settings) -> None:
        self.settings = settings
        self.editable = {loaded.display[path]: path for path in loaded.targets}

    def apply(self, finding: Finding, fix: Fix) -> Fix:
        if fix.applicability is Applicability.DISPLAY:
            return fix
        foreign = sorted({edit.span.file for edit in fix.edits} - self.editable.keys())
        if foreign:
            return _shown(fix, f"it also changes {', '.join(foreign)}, which is not among the given paths")
        force = self.settings.of(self.editable[finding.span.file])
        if finding.code not in force.fixable:
            return _shown(fix, "the configuration leaves this rule's fixes out")
        if finding.code in force.safe_fixes and fix.applicability is Applicability.UNSAFE:
            return fix._replace(applicability=Applicability.SAFE)
        return fix


def _shown(fix: Fix, reason: str) -> Fix:
    """A fix that is only shown: with its edits, which nobody may apply."""
    return fix._replace(applicability=Applicability.DISPLAY, reason=reason)
