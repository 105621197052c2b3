"""What the files that start containers and services run: scripts, modules, and code given to ``python -c``."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from mongolint.fastclasses import NamedTuple

if TYPE_CHECKING:
    from mongolint.project.model import Project

# ``python -m shop.setup``, ``uv run setup.py``, ``["python", "setup.py"]``
_SPACE = r"""[\s"',]+"""
_RUN = re.compile(
    rf"\b(?:python[\d.]*|pypy3?|uv{_SPACE}run)(?:{_SPACE}-[uBOIEsS]+)*{_SPACE}"
    rf"""(?:-m{_SPACE}(?P<module>[\w.]+)|-c\s*(?P<quote>["'])(?P<code>.*?)(?P=quote)|(?P<file>[\w./$-]+\.py)\b)""",
    re.DOTALL,
)
_NAME = re.compile(r"[A-Za-z_]\w*")


class Launched(NamedTuple):
    """The last parts of the paths of scripts and modules, and the names in code."""

    files: frozenset[str]
    names: frozenset[str]

    def runs(self, project: Project, module: int, scope: int) -> bool:
        """Whether a file, or a function by its name, is run. Where the files lie in a container is not known."""
        if scope:
            return project.function_name(module, scope).rpartition(".")[2] in self.names
        path = project.modules[module].path
        parts = path.removesuffix(".py").removesuffix("/__main__").rpartition("/")
        return parts[2] in self.files


def read(texts: Iterable[str]) -> Launched:
    """What is run by the commands in the texts of files; a line that is a comment runs nothing."""
    files: set[str] = set()
    names: set[str] = set()
    for text in texts:
        code = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))
        for match in _RUN.finditer(code):
            if match["code"] is not None:
                names.update(_NAME.findall(match["code"]))
            elif match["module"] is not None:
                files.add(match["module"].rpartition(".")[2])
            else:
                files.add(match["file"].rpartition("/")[2].removesuffix(".py"))
    return Launched(frozenset(files), frozenset(names))
