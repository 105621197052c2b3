"""The laws that the examples of a rule have to keep; public, so that third-party rules can prove themselves.

    CASES = cases("SHOP")

    @pytest.mark.parametrize(("rule", "example", "law"), CASES.values(), ids=CASES)
    def test_law(rule, example, law, tmp_path):
        law(rule, example, tmp_path)

May not know any rule, nor a test framework: a broken law is an AssertionError that shows what was found. The
rule has to be installed, because the engine finds it as it finds every rule.
"""

from __future__ import annotations

from pathlib import Path

from mongolint.engine.registry import all_rules, examples
from mongolint.rule import Bad, Example, Rule
from mongolint.testing.finding_laws import Law, finding_laws
from mongolint.testing.fix_laws import fix_laws
from mongolint.testing.projects import Files, findings, project, spanned

__all__ = ["Files", "Law", "cases", "check_example", "findings", "laws", "project", "spanned"]


def cases(prefix: str) -> dict[str, tuple[Rule, Example, Law]]:
    """Every law of every example of the installed rules whose code begins so; the key names the case."""
    found = {}
    for rule in all_rules():
        for number, example in enumerate(examples()[rule.code] if rule.code.startswith(prefix) else (), 1):
            kind = type(example).__name__.lower()
            for name, law in laws(example).items():
                found[f"{rule.name}-{kind}{number}-{name}"] = (rule, example, law)
    if not found:
        raise AssertionError(f"no rule with a code that begins with {prefix} is installed")
    return found


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
