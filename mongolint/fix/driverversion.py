"""Which driver a project asks for, as far as its requirement and lock files say.

``timeoutMS`` came with PyMongo 4.2: clients before it refuse to start with an option they do not know.
"""

from __future__ import annotations

import os
import re

from mongolint.project.model import Project

_FILES = re.compile(r"(?:requirements.*\.(?:txt|in)|pyproject\.toml|Pipfile(?:\.lock)?|setup\.(?:py|cfg)|.*\.lock)$")
_DIRECTORIES = ("requirements", "")
_ASKED = r"""(?im)^[\s"'\-]*{name}(?:\[[^\]]*\])?["']?\s*[=:]*\s*["'{{]*\s*(?:version\s*=\s*["'])?"""
_VERSION = r"""(?P<sign>[~^=<>!]*)\s*(?P<major>\d+)(?:\.(?P<minor>\d+))?"""
_LOCKED = r"""name = "{name}"\s+version = "(?P<sign>)(?P<major>\d+)\.(?P<minor>\d+)"""
# The first releases that know timeoutMS; Motor 3.1 asks for PyMongo 4.2
_SINCE = {"pymongo": (4, 2), "motor": (3, 1)}


def knows_timeout(project: Project, module: int) -> bool:
    """Whether nothing says that the driver is older than ``timeoutMS``."""
    if any(operation.method.removed for operation in project.operations):
        return False
    return not any(_is_old(text) for text in _requirements(project, project.modules[module].path))


def _is_old(text: str) -> bool:
    for name, since in _SINCE.items():
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
