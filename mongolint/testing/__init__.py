"""The laws that the examples of a rule have to keep; public, so that third-party rules can prove themselves.

    @pytest.mark.parametrize("example", EXAMPLES)
    def test_example(example, tmp_path):
        check_example(rule, example, tmp_path)

May not know any rule, nor a test framework: a broken law is an AssertionError that shows what was found. The
rule has to be installed, because the engine finds it as it finds every rule.
"""

from __future__ import annotations

from pathlib import Path

from mongolint.rule import Bad, Example, Rule
from mongolint.testing.finding_laws import Law, finding_laws
from mongolint.testing.fix_laws import fix_laws
from mongolint.testing.projects import Files, findings, project, spanned

__all__ = ["Files", "Law", "check_example", "findings", "laws", "project", "spanned"]


def check_example(rule: Rule, example: Example, tmp_path: Path) -> None:
    """Prove every law that holds for an example.

    Raises:
        AssertionError: a law is broken.
    """
    for name, law in laws(example).items():
        law(rule, example, tmp_path / name)


def laws(example: Example) -> dict[str, Law]:
    """The laws that hold for an example, by name: for tests that want one test for each."""
    return {**finding_laws(example), **(fix_laws() if isinstance(example, Bad) else {})}
