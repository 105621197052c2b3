"""Which driver a project asks for, as far as its requirement and lock files say.

``timeoutMS`` came with PyMongo 4.2, ``tls…`` and other new names of options with 3.9: clients before them refuse to
start with an option they do not know.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping

from mongolint.project.model import Project

_FILES = re.compile(r"(?:requirements.*\.(?:txt|in)|pyproject\.toml|Pipfile(?:\.lock)?|setup\.(?:py|cfg)|.*\.lock)$")
_DIRECTORIES = ("requirements", "")
_ASKED = r"""(?im)^[\s"'\-]*{name}(?:\[[^\]]*\])?["']?\s*[=:]*\s*["'{{]*\s*(?:version\s*=\s*["'])?"""
_VERSION = r"""(?P<sign>[~^=<>!]*)\s*(?P<major>\d+)(?:\.(?P<minor>\d+))?"""
_LOCKED = r"""name = "{name}"\s+version = "(?P<sign>)(?P<major>\d+)\.(?P<minor>\d+)"""
# The first releases that know timeoutMS, and the new names; Motor 3.1 asks for PyMongo 4.2, Motor 2.1 for 3.10
_TIMEOUT = {"pymongo": (4, 2), "motor": (3, 1)}
_NEW_NAMES = {"pymongo": (3, 9), "motor": (2, 1)}


def knows_timeout(project: Project, module: int) -> bool:
    """Whether nothing says that the driver is older than ``timeoutMS``."""
    if any(operation.method.removed for operation in project.operations):
        return False
    return _is_new(project, module, _TIMEOUT)


def knows_new_names(project: Project, module: int) -> bool:
    """Whether nothing says that the driver is older than the names that replaced other options of clients."""
    return _is_new(project, module, _NEW_NAMES)


def _is_new(project: Project, module: int, since: Mapping[str, tuple[int, int]]) -> bool:
    return not any(_is_old(text, since) for text in _requirements(project, project.modules[module].path))


def _is_old(text: str, releases: Mapping[str, tuple[int, int]]) -> bool:
    for name, since in releases.items():
        for pattern in (_ASKED + _VERSION, _LOCKED):
            for match in re.finditer(pattern.replace("{name}", name).replace("{{", "{"), text):
                version = (int(match["major"]), int(match["minor"] or 0))
                if match["sign"] in ("", "==", "~=", "^", "<", "<=", "===") and version < since:
                    return True
                if match["sign"] == "<" and version == since:
                    return True
    return False


def _requirements(project: Project, path: str) -> list[str]:
    """The texts of the files that name the project's dependencies, from the module's folder up to the root."""
    found: list[str] = []
    folder, root = os.path.dirname(path), str(project.config.root)
    while True:
        for below in _DIRECTORIES:
            found += _read_all(os.path.join(folder, below))
        if folder == root or len(folder) <= len(root):
            return found
        folder = os.path.dirname(folder)


def _read_all(folder: str) -> list[str]:
    found: list[str] = []
    try:
        names = [name for name in os.listdir(folder) if _FILES.match(name)]
    except OSError:
        return []
    for name in names:
        path = os.path.join(folder, name)
        if os.path.islink(path):
            continue
        try:
            with open(path, encoding="utf-8", errors="replace") as file:
                found.append(file.read())
        except OSError:
            continue
    return found
