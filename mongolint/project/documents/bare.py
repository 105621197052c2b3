"""Whether a filter that is put together step by step may be empty: ``query = {}``, ``if kind: query["kind"] = …``."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mongolint.link.linker import Linker


def may_be_empty(link: Linker, module: int, row: int) -> bool:
    """Whether a path through the function leaves a document without a field; False where it comes from elsewhere."""
    pending, seen = [row], {row}
    while pending:
        node = link.node(module, pending.pop())
        match node[0]:
            case "dict" if not node[1]:
                return True
            case "phi":
                below = node[1]
            case "ifexp":
                below = node[2:4]
            case "typed" if node[2] is not None:
                below = (node[2],)
            case _:
                below = ()
        pending += [each for each in below if each not in seen]
        seen.update(below)
    return False
