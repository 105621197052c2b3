"""Where a value goes within its function: what uses it, whether it is tested, whether it leaves."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING

from mongolint.facts.shapes import ModuleFacts
from mongolint.fastclasses import dataclass

if TYPE_CHECKING:
    from mongolint.project.model import Project

# Rows that are what they hold
_TRANSPARENT = ("phi", "typed", "await")


@dataclass(slots=True)
class Flow:
    """Where one value goes.

    ``rows``: all rows that stand for it. ``users``: the rows that do something with it, with the row they use.
    ``tested``: whether something only asks whether it is true. ``returned``: the function gives it back. ``kept``: it
    is stored, yielded, a default, or seen by an inner function.
    """

    rows: set[int]
    users: list[tuple[int, int]] = field(default_factory=list)
    tested: bool = False
    returned: bool = False
    kept: bool = False

    @property
    def leaves(self) -> bool:
        """Whether others may get the value."""
        return self.returned or self.kept


def flow(project: Project, module: int, row: int) -> Flow:
    """Follow the value at ``row`` forwards, by whatever variable of its function."""
    facts = project.modules[module]
    parents = project.reachability.uses.parents(module)
    found = Flow({row})
    pending = [row]
    while pending:
        current = pending.pop()
        places = parents.anchors.get(current, ())
        back = sum(row == current for scope in facts.scopes for row, _ in scope.returns) if places else 0
        found.returned = found.returned or back > 0
        found.kept = found.kept or len(places) > back
        for above in parents.of.get(current, ()):
            node = facts.nodes[above]
            if node[0] in _TRANSPARENT or (node[0] == "ifexp" and node[1] != current):
                if above not in found.rows:
                    found.rows.add(above)
                    pending.append(above)
            elif (above, current) not in found.users:
                found.users.append((above, current))
    found.kept = found.kept or _is_seen_elsewhere(facts, found.rows)
    found.tested = _is_tested(facts, found.rows)
    return found


def _is_tested(facts: ModuleFacts, rows: set[int]) -> bool:
    """Whether an ``if`` or ``while`` asks for the value itself."""
    if any(entry.kind in ("then", "otherwise") and entry.ref in rows for entry in facts.contexts):
        return True
    return any(loop.kind == "while" and loop.iterable in rows for loop in facts.loops)


def _is_seen_elsewhere(facts: ModuleFacts, rows: set[int]) -> bool:
    """Whether a variable that holds the value is one of the module, or one that an inner function reads."""
    for scope in facts.scopes:
        if scope.kind in ("module", "class"):
            if rows & set(scope.final.values()) or any(rows & set(held) for held in scope.defs.values()):
                return True
            continue
        names = {name for name, held in scope.defs.items() if rows & set(held)}
        free = facts.of_kind("free") if names else ()
        if any(node[2] in names and _is_below(facts, node[1], scope.index) for _, node in free):
            return True
    return False


def _is_below(facts: ModuleFacts, scope: int, above: int) -> bool:
    while scope > 0:
        scope = facts.scopes[scope].parent
        if scope == above:
            return True
    return False
