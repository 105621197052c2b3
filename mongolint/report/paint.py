"""Colours, and text that is safe and measurable on a terminal."""

from __future__ import annotations

import unicodedata

from mongolint.fastclasses import NamedTuple
from mongolint.finding import Severity

_STYLES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "blue": "34", "cyan": "36"}
_SEVERITIES = {
    Severity.CRITICAL: ("bold", "red"),
    Severity.HIGH: ("red",),
    Severity.MEDIUM: ("yellow",),
    Severity.LOW: ("blue",),
}
_TAB = " " * 4
# Marks that reorder the text after them can make code look like other code
_REORDERING = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


class Paint(NamedTuple):
    """Puts styles around text, or leaves it alone."""

    enabled: bool = False

    def __call__(self, text: str, *styles: str) -> str:
        if not self.enabled or not text:
            return text
        return f"\x1b[{';'.join(_STYLES[style] for style in styles)}m{text}\x1b[0m"

    def severity(self, text: str, severity: Severity) -> str:
        return self(text, *_SEVERITIES[severity])


def cell(character: str) -> tuple[str, int]:
    """What to show for a character of source, and how many columns that takes."""
    if character == "\t":
        return _TAB, len(_TAB)
    if character.isascii():
        code = ord(character)
        if code < 0x20:
            return chr(0x2400 + code), 1
        return ("\u2421" if code == 0x7F else character), 1
    category = unicodedata.category(character)
    if category in ("Cc", "Cs", "Zl", "Zp") or character in _REORDERING:
        return "\ufffd", 1
    if category in ("Mn", "Me", "Cf"):
        return character, 0
    return character, 2 if unicodedata.east_asian_width(character) in "WF" else 1


def visible(text: str) -> str:
    """A path or a message on one line, without anything that a terminal would obey."""
    if text.isprintable():
        return text
    return "".join(cell(character)[0] for character in text)
