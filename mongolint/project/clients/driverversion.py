"""Which driver a project asks for, as far as its requirement and lock files say.

``timeoutMS`` came with PyMongo 4.2, ``tls…`` and other new names of options with 3.9: clients before them refuse to
start with an option they do not know. ``find`` takes ``max_time_ms`` since 3.5. PyMongo 4.0 took away what had been
deprecated.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from mongolint.source import requirements

if TYPE_CHECKING:
    from mongolint.project.model import Project

_ASKED = r"""(?im)^[\s"'\-]*{name}(?:\[[^\]]*\])?["']?\s*[=:]*\s*["'{]*\s*(?:version\s*=\s*["'])?"""
_VERSION = r"""(?P<sign>[~^=<>!]*)\s*(?P<major>\d+)(?:\.(?P<minor>\d+))?"""
_LOCKED = r"""[ \t]*name = "{name}"\s+version = "(?P<sign>)(?P<major>\d+)\.(?P<minor>\d+)"""
# What else the same requirement says: ``>=3.11,<4``
_MORE = re.compile(rf"[\w.*]*\s*,\s*{_VERSION}")
_PINNING = ("", "==", "===")
_CAPPING = (*_PINNING, "~=", "^", "<", "<=")
_BASING = (*_PINNING, "~=", "^", ">=", ">")
Version = tuple[int, int]
Releases = tuple[tuple[str, Version], ...]
# The first releases that know timeoutMS, and the new names; Motor 3.1 asks for PyMongo 4.2, Motor 2.1 for 3.10
TIMEOUT: Releases = (("pymongo", (4, 2)), ("motor", (3, 1)))
NEW_NAMES: Releases = (("pymongo", (3, 9)), ("motor", (2, 1)))
# The first that know transactions; Motor 2.0 asks for PyMongo 3.7
TRANSACTIONS: Releases = (("pymongo", (3, 7)), ("motor", (2, 0)))
# Before them, ``find`` takes no ``max_time_ms``, other than ``find_one``; the cursor has the method since PyMongo 2.7
FIND_LIMIT: Releases = (("pymongo", (3, 5)), ("motor", (1, 2)))
# Without what was deprecated in PyMongo 3; Motor 3 asks for PyMongo 4
FOURTH: Releases = (("pymongo", (4, 0)), ("motor", (3, 0)))


def is_new(project: Project, module: int, since: Releases) -> bool:
    """Whether nothing says that the driver is older than these releases."""
    return not any(_is_old(text, since) for text in _texts(project, module))


def is_surely_new(project: Project, module: int, since: Releases) -> bool:
    """Whether no older driver gets installed: ``==4.16.0``, ``>=4.6``, a lock file."""
    asked = [found for text in _texts(project, module) for found in _asked(text, since)]
    return any(sign in _BASING and version >= first for first, sign, version in asked)


def _texts(project: Project, module: int) -> list[str]:
    return requirements.texts(project.link.path(module), str(project.config.root))


def _is_old(text: str, releases: Releases) -> bool:
    for first, sign, version in _asked(text, releases):
        if (sign in _CAPPING and version < first) or (sign == "<" and version == first):
            return True
    return False


def _asked(text: str, releases: Releases) -> list[tuple[Version, str, Version]]:
    """What a file asks of each driver: the release since which all is well, a sign, and the version behind it."""
    return [(first, *said) for name, first in releases for said in _said(text, name)]


@lru_cache(maxsize=128)
def _said(text: str, name: str) -> list[tuple[str, Version]]:
    """The signs and versions that a file says of a package. Lock files are long, so it is looked for by its name."""
    asked, locked = (re.compile(pattern.replace("{name}", name)) for pattern in (_ASKED + _VERSION, _LOCKED))
    found, lower = list[tuple[str, Version]](), text.lower()
    if len(lower) != len(text):  # some letters become two
        lower = text
    place = lower.find(name)
    while place >= 0:
        line = text.rfind("\n", 0, place) + 1
        said = asked.match(text, line) or locked.match(text, line)
        while said is not None:
            found.append((said["sign"], (int(said["major"]), int(said["minor"] or 0))))
            said = _MORE.match(text, said.end())
        end = text.find("\n", place)
        place = lower.find(name, end) if end >= 0 else -1
    return found
