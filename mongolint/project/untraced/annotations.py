"""What to write so that the receiver of an untraced operation becomes known."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mongolint.project.model import Project


def annotation_hint(project: Project, module: int, row: int) -> str:
    """The one annotation that would tell what the receiver at ``row`` is."""
    link = project.link
    node = link.node(module, row)
    while node[0] in ("attr", "item", "call", "await", "iter", "ctx"):
        inner = link.node(module, node[1])
        if node[0] == "attr" and inner[0] in ("param", "free") and inner[2] in ("self", "cls"):
            return f"annotate {inner[2]}.{node[2]}, e.g. `{inner[2]}.{node[2]}: Collection`"
        node = inner
    if node[0] == "param":
        function = project.function_name(module, node[1])
        return f"annotate parameter {node[2]} of {function}, e.g. `{node[2]}: Collection` or `{node[2]}: Database`"
    if node[0] == "free":
        return f"annotate {node[2]}, e.g. `{node[2]}: Collection = …`"
    return "assign the collection to a name annotated with `Collection`"
