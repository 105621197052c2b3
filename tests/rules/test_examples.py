"""Every example of every rule, under every law."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mongolint.engine.registry import all_rules, examples
from mongolint.rule import Example, Rule
from mongolint.testing import Law, laws


def cases() -> Iterator[Any]:
    for rule in all_rules():
        seen: Counter[str] = Counter()
        for example in examples()[rule.code]:
            kind = type(example).__name__.lower()
            seen[kind] += 1
            for name, law in laws(example).items():
                yield pytest.param(rule, example, law, id=f"{rule.name}-{kind}{seen[kind]}-{name}")


@pytest.mark.parametrize(("rule", "example", "law"), list(cases()))
def test_law(rule: Rule, example: Example, law: Law, tmp_path: Path) -> None:
    law(rule, example, tmp_path)
