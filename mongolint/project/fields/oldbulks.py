"""The collections that PyMongo 2 and 3 write by ``initialize_ordered_bulk_op()``, of which no operation tells.

What ``bulk.find(…).upsert().update(…)`` and ``bulk.insert(…)`` store is not read: any field may be stored there.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from mongolint.facts.shapes import ModuleFacts
from mongolint.link.atoms import Collection
from mongolint.mongo.methods import BULK_STARTS
from mongolint.project.fields.shapes import Use

if TYPE_CHECKING:
    from mongolint.project.model import Project

# Any collection, where the code does not show which
ANY = ""


def written(project: Project) -> Iterator[tuple[str, str, Use]]:
    """What is opened: collection, no field, use."""
    for module in range(len(project.modules)):
        for row, receiver in project.link.of_module(_starts, module) if module not in project.tests else ():
            use = Use("update", project.token(module, row))
            found = [atom for atom in project.link.value(module, receiver) if type(atom) is Collection]
            for name in dict.fromkeys(atom.name or ANY for atom in found) or (ANY,):
                yield name, "", use


def _starts(facts: ModuleFacts, index: int) -> list[tuple[int, int]]:
    """The calls that start one, and what each is called on."""
    called = ((call.row, facts.nodes[facts.nodes[call.row][1]]) for call in facts.calls)
    return [(row, node[1]) for row, node in called if node[0] == "attr" and node[2] in BULK_STARTS]
