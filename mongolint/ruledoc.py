"""The sections of a rule's docstring, which is its page."""

from __future__ import annotations

import re
import textwrap

_LINE = re.compile(r"\r\n|\r|\n")


def sections(doc: str) -> dict[str, str]:
    """The text below each heading, dedented; a heading is a line that is not indented, after the summary."""
    found: dict[str, list[str]] = {}
    heading = ""
    for line in _LINE.split(doc)[1:]:
        if line and not line[0].isspace():
            heading = line.strip()
            found[heading] = []
        elif heading:
            found[heading].append(line)
    return {name: textwrap.dedent("\n".join(body)).strip("\n") for name, body in found.items()}
