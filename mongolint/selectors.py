"""How words choose rules: codes, prefixes of codes, names, and ALL.

May not know more of a rule than `RuleInfo` holds.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field
from pathlib import Path
from typing import Any

from mongolint.fastclasses import dataclass

_CODE = re.compile(r"([A-Z]+)\d*")
_FULL_CODE = 1000


@dataclass(frozen=True, slots=True)
class RuleInfo:
    """What configuration knows of a rule. ``options`` maps each option's name to its default.

    ``home``: the directory whose project brought the rule along; it runs nowhere else.
    """

    code: str
    name: str
    options: Mapping[str, Any] = field(default_factory=dict)
    preview: bool = False
    home: Path | None = None


def resolve_selection(
    rules: Mapping[str, RuleInfo],
    tiers: Mapping[str, str],
    select: Sequence[str] | None = None,
    ignore: Sequence[str] = (),
    extend_select: Sequence[str] = (),
    extend_ignore: Sequence[str] = (),
    *,
    base: Iterable[str] | None = None,
) -> set[str]:
    """The codes that selectors choose, as Ruff does it: the more specific wins, between equals the ignore.

    With ``select`` nothing else runs, MDB000 and MDB900 neither, unless a selector names them. Without it the
    start is ``base`` (what the layer before chose) or else the rules whose entry in ``tiers``, by code, is
    ``default``. A code or a name is more specific than a prefix, a long prefix than a short, any than ALL.
    """
    if select is not None:
        codes = set()
    elif base is not None:
        codes = set(base)
    else:
        codes = {rule.code for rule in rules.values() if tiers.get(rule.code) == "default"}
    for rule in rules.values():
        chosen = max((specificity(item, rule) for item in (*(select or ()), *extend_select)), default=0)
        dropped = max((specificity(item, rule) for item in (*ignore, *extend_ignore)), default=0)
        if dropped and dropped >= chosen:
            codes.discard(rule.code)
        elif chosen:
            codes.add(rule.code)
    return codes


def specificity(selector: str, rule: RuleInfo) -> int:
    """How closely a selector names a rule: 0 not at all, 1 by ALL, more by a longer prefix, most by name."""
    if selector in (rule.code, rule.name):
        return _FULL_CODE
    if selector == "ALL":
        return 1
    prefix, code = _CODE.fullmatch(selector), _CODE.match(rule.code)
    if prefix and code and prefix[1] == code[1] and rule.code.startswith(selector):
        return 1 + len(selector)
    return 0


def rule_hint(word: str, known_rules: Mapping[str, RuleInfo]) -> str:
    """``; did you mean …?`` for a word that names no rule, empty where nothing comes near."""
    if re.search(r"\d", word):
        # Codes look alike: only one slip away from a code is it likely to be meant.
        # A letter O among the digits is a zero.
        return did_you_mean(word.upper().replace("O", "0"), [rule.code for rule in known_rules.values()], cutoff=0.8)
    return did_you_mean(word, [rule.name for rule in known_rules.values()])


def did_you_mean(word: str, choices: Iterable[str], cutoff: float = 0.6) -> str:
    """``; did you mean 'x'?`` with the choice nearest to ``word``, empty where none comes near.

    ``cutoff`` is how alike they have to be, from 0 to 1.
    """
    import difflib  # only mistakes need it

    spellings = {item.lower(): item for item in choices}
    wanted = word.lower().replace("_", "-")

    def likeness(item: str) -> tuple[float, int]:
        # Of codes that are equally alike, the one with the same digits in the same places
        return difflib.SequenceMatcher(None, item, wanted).ratio(), sum(map(str.__eq__, item, wanted))

    near = difflib.get_close_matches(wanted, spellings, 5, cutoff)
    return f"; did you mean {spellings[max(near, key=likeness)]!r}?" if near else ""
