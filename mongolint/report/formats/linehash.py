"""The hash by which GitHub code scanning knows a line again.

An upload knows alerts by ``primaryLocationLineHash`` alone. GitHub's upload action computes it where it is missing, and
complains of another value; the interface for uploads does neither, and shows alerts twice. So this is the same one: a
polynomial over the hundred characters from the start of the line, blanks left out, with the number of the line among
those of the same hash.
"""

from __future__ import annotations

import re
from collections import Counter

_BREAK = re.compile("\r\n|\r|\n")
_SIZE, _BASE, _MASK = 100, 37, (1 << 64) - 1
_END = 0xFFFF
_OUT = pow(_BASE, _SIZE, 1 << 64)


def line_hashes(text: str) -> list[str]:
    """One hash a line; the characters counted are UTF-16 code units."""
    plain = _BREAK.sub("\n", text).replace(" ", "").replace("\t", "")
    units = [*memoryview(plain.encode("utf-16", "surrogatepass")).cast("H")][1:]
    units += [_END, *[0] * _SIZE]
    held = 0
    for unit in units[:_SIZE]:
        held = held * _BASE + unit
    held &= _MASK
    counts: Counter[int] = Counter()
    hashes: list[str] = []
    starts = True
    for index in range(len(units) - _SIZE):
        if starts:
            counts[held] += 1
            hashes.append(f"{held:x}:{counts[held]}")
        starts = units[index] == 0x0A
        held = (held * _BASE + units[index + _SIZE] - _OUT * units[index]) & _MASK
    return hashes
