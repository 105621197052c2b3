"""Every example of every rule of this plugin, under every law of mongolint."""

import pytest

from mongolint.testing import cases

CASES = cases("TEN")


@pytest.mark.parametrize(("rule", "example", "law"), CASES.values(), ids=CASES)
def test_law(rule, example, law, tmp_path):
    law(rule, example, tmp_path)
