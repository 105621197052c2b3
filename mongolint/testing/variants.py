"""The code of an example in other clothes."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable
from functools import partial

from mongolint.testing.projects import Texts

Vary = Callable[[Texts], Texts]

_FUTURE = re.compile(r"(?:from __future__ import .*\n|\s*\n)*")
_INDENT = re.compile(r"^(?: {4})+", re.MULTILINE)

# Names of driver methods on objects that have nothing to do with a database
_UNRELATED = """\
class UnrelatedThing:
    seen: dict[str, int] = {}

    def update(self, values: list[int]) -> int:
        for value in values:
            self.seen.update({str(value): values.count(value)})
        return len(self.seen)


"""


def crlf(files: Texts) -> Texts:
    return {path: text.replace("\n", "\r\n") for path, text in files.items()}


def tabs(files: Texts) -> Texts:
    return {path: _INDENT.sub(lambda match: "\t" * (len(match[0]) // 4), text) for path, text in files.items()}


def wrapped(files: Texts) -> Texts:
    """All but imports of the future, which may stand nowhere else, under a condition of the module."""
    return {
        path: text[: _head(text)] + "if True:\n" + textwrap.indent(text[_head(text) :], "    ")
        for path, text in files.items()
        if text.strip()
    }


def beside(files: Texts) -> Texts:
    """Unrelated code before and after each module's own, and in a module beside."""
    after = "\n\n" + _UNRELATED.replace("Thing", "Other")
    varied = {path: text[: _head(text)] + _UNRELATED + text[_head(text) :] + after for path, text in files.items()}
    return {**varied, "unrelated_module.py": _UNRELATED}


def inside(files: Texts, head: str) -> Texts:
    """All but imports of the future in the body of something."""
    return {path: text.replace("if True:\n", head + "\n", 1) for path, text in wrapped(files).items()}


def _head(text: str) -> int:
    """Where code may begin that is put before a module's own."""
    match = _FUTURE.match(text)
    return match.end() if match and match[0].strip() else 0


# How many lines further down the findings are, beside how the text changes
VARIANTS: dict[str, tuple[Vary, int]] = {
    "crlf": (crlf, 0),
    "tabs": (tabs, 0),
    "wrapped": (wrapped, 1),
    "beside": (beside, _UNRELATED.count("\n")),
}
# After which the lines that a fix leaves alone are the same
TEXTUAL: dict[str, Vary] = {"as-is": dict, "crlf": crlf, "tabs": tabs}
PLACES: dict[str, Vary] = {
    "wrapped": wrapped,
    "beside": beside,
    "in-function": partial(inside, head="def outer_function():"),
    "in-async-function": partial(inside, head="async def outer_function():"),
    "in-class": partial(inside, head="class OuterClass:"),
}
