"""Which files git tracks, read from its index: a tracked file is not ignored, whatever ``.gitignore`` says.

Source: git's own documentation, "index-format" (versions 2 to 4, SHA-1).
"""

from __future__ import annotations

import struct

_FIXED = 62
_EXTENDED = 0x4000


def tracked(index: bytes) -> frozenset[str]:
    """The paths in a git index, relative to the top of the work tree; empty for what is not one."""
    try:
        return frozenset(_paths(index))
    except (struct.error, IndexError, ValueError):
        return frozenset()


def _paths(data: bytes) -> list[str]:
    magic, version, count = struct.unpack_from(">4sLL", data)
    if magic != b"DIRC" or version not in (2, 3, 4):
        return []
    found: list[str] = []
    offset, previous = 12, b""
    for _ in range(count):
        start = offset
        (flags,) = struct.unpack_from(">H", data, start + _FIXED - 2)
        offset = start + _FIXED + (2 if version > 2 and flags & _EXTENDED else 0)
        kept = 0
        if version == 4:
            removed, offset = _varint(data, offset)
            kept = len(previous) - removed
        end = data.index(0, offset)
        previous = previous[:kept] + data[offset:end] if version == 4 else data[offset:end]
        found.append(previous.decode("utf-8", "surrogateescape"))
        # Versions 2 and 3 pad each entry with one to eight NULs to a multiple of eight
        offset = end + 1 if version == 4 else start + (end - start) // 8 * 8 + 8
    return found


def _varint(data: bytes, offset: int) -> tuple[int, int]:
    byte = data[offset]
    offset += 1
    value = byte & 0x7F
    while byte & 0x80:
        byte = data[offset]
        offset += 1
        value = ((value + 1) << 7) | (byte & 0x7F)
    return value, offset
