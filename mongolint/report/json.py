"""Findings as JSON: a bare array, one finding a line."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from mongolint.finding import Finding


def render(findings: Iterable[Finding]) -> str:
    """The findings with every field that they have."""
    return array(finding.json() for finding in findings)


def array(items: Iterable[Any]) -> str:
    """Any items as a bare array, one a line. ASCII only, so that no terminal or pipe can spoil it."""
    lines = ",\n".join(json.dumps(item) for item in items)
    return f"[\n{lines}\n]" if lines else "[]"
