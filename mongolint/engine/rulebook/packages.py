"""Which installed packages bring rules: those of the entry-point group ``mongolint.rules``.

`importlib.metadata`, which knows, takes longer to import than to look for the group in the directories of a hundred
distributions. So it is asked only where some distribution but mongolint has it.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

GROUP = "mongolint.rules"


def rule_packages() -> list[tuple[str, str]]:
    """Each package by its dotted name, and how to call it in an error."""
    if not _others_have_rules():
        return [(GROUP, f"rule package {GROUP} of mongolint")]
    from importlib.metadata import entry_points

    return [(entry.module, _called(entry)) for entry in sorted(entry_points(group=GROUP), key=lambda e: e.value)]


def _called(entry: EntryPoint) -> str:
    held = f" of {entry.dist.name} {entry.dist.version}" if entry.dist else ""
    return f"rule package {entry.value}{held}"


def _others_have_rules() -> bool:
    for folder in sys.path:
        try:
            with os.scandir(folder or os.curdir) as entries:
                names = [entry.name for entry in entries]
        except NotADirectoryError:
            return True  # an archive may hold distributions
        except OSError:
            continue
        for name in names:
            if name.endswith((".dist-info", ".egg-info")) or name == "EGG-INFO":
                if not name.startswith("mongolint-") and _has_group(os.path.join(folder, name)):
                    return True
    return False


def _has_group(information: str) -> bool:
    try:
        with open(os.path.join(information, "entry_points.txt"), "rb") as file:
            return GROUP.encode() in file.read()
    except OSError:
        return False
