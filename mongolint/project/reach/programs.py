"""Which other program a call starts: one that may serve, or one that does its work and ends."""

from __future__ import annotations

import posixpath
import re

from mongolint.facts.shapes import ModuleFacts
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
    command = facts.nodes[given[0]] if given else ("unknown",)
    if command[0] == "binop" and facts.nodes[command[2]][0] == "seq":  # and arguments that are not written out
        command = facts.nodes[command[2]]
    first = command[2][0] if command[0] == "seq" and command[2] else None
    if first is not None and _is_own_interpreter(facts, first):
        return len(command[2]) > 2 and facts.constant(command[2][1]) == "-m" and _ends(facts.constant(command[2][2]))
    return _ends(facts.constant(first) if first is not None else command[1] if command[0] == "const" else None)


def _is_own_interpreter(facts: ModuleFacts, row: int) -> bool:
    node = facts.nodes[row]
    return node[0] in ("attr", "from", "free") and node[2] == "executable"


def _ends(text: object) -> bool:
    if not isinstance(text, str) or _SHELL.search(text) or not text.split():
        return False
    return posixpath.basename(text.split()[0]) in _ENDING
