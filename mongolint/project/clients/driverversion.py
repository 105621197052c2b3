"""Which driver a project asks for, as far as its requirement and lock files say.

``timeoutMS`` came with PyMongo 4.2, ``tls…`` and other new names of options with 3.9: clients before them refuse to
start with an option they do not know.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from mongolint.source import requirements

if TYPE_CHECKING:
    from mongolint.project.model import Project

_ASKED = r"""(?im)^[\s"'\-]*{name}(?:\[[^\]]*\])?["']?\s*[=:]*\s*["'{{]*\s*(?:version\s*=\s*["'])?"""
_VERSION = r"""(?P<sign>[~^=<>!]*)\s*(?P<major>\d+)(?:\.(?P<minor>\d+))?"""
_LOCKED = r"""name = "{name}"\s+version = "(?P<sign>)(?P<major>\d+)\.(?P<minor>\d+)"""
Releases = tuple[tuple[str, tuple[int, int]], ...]
# The first releases that know timeoutMS, and the new names; Motor 3.1 asks for PyMongo 4.2, Motor 2.1 for 3.10
TIMEOUT: Releases = (("pymongo", (4, 2)), ("motor", (3, 1)))
NEW_NAMES: Releases = (("pymongo", (3, 9)), ("motor", (2, 1)))


def is_new(project: Project, module: int, since: Releases) -> bool:
    """Whether nothing says that the driver is older than these releases."""
    texts = requirements.texts(project.modules[module].path, str(project.config.root))
    return not any(_is_old(text, since) for text in texts)


@lru_cache(maxsize=128)
def _is_old(text: str, releases: Releases) -> bool:
    for name, since in releases:
        for pattern in (_ASKED + _VERSION, _LOCKED):
            for match in re.finditer(pattern.replace("{name}", name).replace("{{", "{"), text):
                version = (int(match["major"]), int(match["minor"] or 0))
                if match["sign"] in ("", "==", "~=", "^", "<", "<=", "===") and version < since:
                    return True
                if match["sign"] == "<" and version == since:
                    return True
    return False
