"""Which other program a call starts: one that serves, or one that does its work and ends."""

from __future__ import annotations

import posixpath
import re

from mongolint.facts.shapes import ModuleFacts

# What serves, works for a queue, or starts whatever it is told to
_LASTING = re.compile(
    r"serv|work|queue|start|watch|daemon|celery|corn|asgi|wsgi|flask|daphne|honcho|supervis|docker|compose|kube|"
    r"python|pypy|^uv$|^uvx$|poetry|pipenv|pdm|hatch|npm|npx|yarn|pnpm|node|bun|deno|^(ba|z|k|da)?sh$|sudo|env|nohup|"
    r"make|just|screen|tmux|django|manage|mongo|redis|java|ruby|php|go$"
)
_NAME = re.compile(r"[\w.+-]+")


def ends_by_itself(facts: ModuleFacts, row: int) -> bool:
    """Whether a call starts a program that is named in the code and is none that lasts: ``run(["ssh-keygen", …])``.

    What is not seen, or may start others, may last.
    """
    given = [argument for keyword, argument in facts.nodes[row][2] if keyword in (None, "args")]
    command = facts.nodes[given[0]] if given else ("unknown",)
    if command[0] == "binop" and command[1] == "+":
        command = facts.nodes[command[2]]
    first = command[2][0] if command[0] == "seq" and command[2] else None
    text = facts.constant(first) if first is not None else command[1] if command[0] == "const" else None
    words = text.split() if isinstance(text, str) else []
    program = posixpath.basename(words[0]) if words else ""
    return _NAME.fullmatch(program) is not None and _LASTING.search(program) is None
