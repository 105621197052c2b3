"""The page of a rule, from its metadata and its docstring."""

from __future__ import annotations

from mongolint.rule import Rule
from mongolint.ruledoc import Page, Sample


def page_of(rule: Rule, samples: tuple[Sample, ...] = ()) -> Page:
    """What a reporter needs to know of a rule."""
    return Page(
        rule.code,
        rule.name,
        rule.severity,
        rule.tier,
        rule.fix.value if rule.fix else None,
        rule.since,
        rule.needs.value,
        rule.in_tests,
        rule.doc,
        rule.supersedes,
        rule.options,
        samples,
        rule.preview,
        rule.same_as,
    )
