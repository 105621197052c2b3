"""Which other program a call starts: one that may serve, or one that does its work and ends."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Sequence

from mongolint.facts.shapes import ModuleFacts, Row
from mongolint.project.entrypoints import words

# What ends by itself, and starts nothing else
_ENDING = words(
    """
    ssh-keygen openssl gpg git hg svn pytest coverage ruff black mypy flake8 pip pip3 tar zip unzip gzip gunzip cp mv rm
    mkdir rmdir ls cat chmod chown ln touch echo date hostname whoami uname which curl wget rsync scp sed grep awk cut
    sort head diff patch ffmpeg ffprobe convert identify pdftotext mongodump mongorestore mongoexport mongoimport dig
    """
)
# With these a command line holds more than one command, or what only the shell knows
_SHELL = re.compile(r"[&|;$`()<>\n]")


def ends_by_itself(facts: ModuleFacts, row: int) -> bool:
    """Whether a call starts a program that the code names and that ends: ``run(["ssh-keygen", …])``."""
    given = [argument for keyword, argument in facts.nodes[row][2] if keyword in (None, "args")]
    command: Row = facts.nodes[given[0]] if given else ("unknown",)
    while command[0] == "binop":  # ["pip", "install"] + names
        command = facts.nodes[command[2]]
    items: Sequence[int] = command[2] if command[0] == "seq" else ()
    first = items[2] if _is_module_of_python(facts, items) else items[0] if items else None
    text = facts.constant(first) if first is not None else command[1] if command[0] == "const" else None
    if not isinstance(text, str) or _SHELL.search(text) or not text.split():
        return False
    return posixpath.basename(text.split()[0]) in _ENDING


def _is_module_of_python(facts: ModuleFacts, items: Sequence[int]) -> bool:
    """``[sys.executable, "-m", "pip", …]``."""
    if len(items) < 3 or facts.constant(items[1]) != "-m":
        return False
    node = facts.nodes[items[0]]
    return node[-1] == "executable" or str(facts.constant(items[0])).rpartition("/")[2] in ("python", "python3")
