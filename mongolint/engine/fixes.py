"""Writes the fixes of findings: from a rule's `Repair` to edits, or to what a person should do."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from mongolint.config import Config
from mongolint.engine.load import Loaded
from mongolint.engine.registry import rule_infos
from mongolint.finding import Applicability, Finding, Fix, Repair
from mongolint.fix.draft import Draft, NoFix
from mongolint.selectors import resolve_selection

if TYPE_CHECKING:
    from mongolint.fix.sources import Sources


def build(findings: Iterable[Finding], loaded: Loaded, config: Config, crashes: list[str]) -> list[Finding]:
    """The findings with their fixes written. A fix that fails is named among ``crashes``, and the others go on."""
    # Brings the parser along, which a run that shows no fix does without
    from mongolint.fix.sources import Sources

    sources = Sources(loaded.project, loaded.text)
    limits = _Limits(loaded, config)
    built: list[Finding] = []
    for finding in findings:
        if isinstance(finding.fix, Repair):
            finding = replace(finding, fix=_write(finding, finding.fix, loaded, sources, crashes))
        if isinstance(finding.fix, Fix):
            finding = replace(finding, fix=limits.apply(finding.code, finding.fix))
        built.append(finding)
    return built


def _write(finding: Finding, repair: Repair, loaded: Loaded, sources: Sources, crashes: list[str]) -> Fix:
    draft = Draft(loaded.project, sources)
    try:
        repair.write(draft)
    except NoFix as why:
        return Fix(Applicability.DISPLAY, draft.title or repair.title, draft.text or repair.text, (), str(why))
    except Exception as error:
        where = f"{finding.span.file}:{finding.span.line}"
        crashes.append(f"fix of {finding.code} at {where} failed: {type(error).__name__}: {error}")
        return Fix(Applicability.DISPLAY, repair.title, repair.text, (), "mongolint failed to write it")
    reason = draft.reason or repair.reason
    return Fix(repair.applicability, draft.title or repair.title, "", tuple(draft.edits), reason)


class _Limits:
    """What the configuration and the paths given say about fixes."""

    def __init__(self, loaded: Loaded, config: Config) -> None:
        known = rule_infos()
        self.fixable = resolve_selection(known, {}, config.fixable, config.unfixable)
        self.safe = resolve_selection(known, {}, config.extend_safe_fixes)
        self.editable = {loaded.display[path] for path in loaded.targets}

    def apply(self, code: str, fix: Fix) -> Fix:
        if fix.applicability is Applicability.DISPLAY:
            return fix
        foreign = sorted({edit.span.file for edit in fix.edits} - self.editable)
        if foreign:
            return _shown(fix, f"it also changes {', '.join(foreign)}, which is not among the given paths")
        if code not in self.fixable:
            return _shown(fix, "the configuration leaves this rule's fixes out")
        if code in self.safe and fix.applicability is Applicability.UNSAFE:
            return replace(fix, applicability=Applicability.SAFE)
        return fix


def _shown(fix: Fix, reason: str) -> Fix:
    """A fix that is only shown: with its edits, which nobody may apply."""
    return replace(fix, applicability=Applicability.DISPLAY, reason=reason)
