"""Where clients of the driver are made."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from mongolint.facts.shapes import ModuleFacts
from mongolint.fastclasses import NamedTuple
from mongolint.link.atoms import Client

if TYPE_CHECKING:
    from mongolint.link.linker import Linker
    from mongolint.project.operations import Operation


class ClientSite(NamedTuple):
    """A place where a driver client is constructed."""

    module: int
    row: int
    flavour: str


def find_clients(link: Linker) -> list[ClientSite]:
    """All such places of a project, in order."""
    found: dict[tuple[int, int], ClientSite] = {}
    for module in range(len(link.modules)):
        for row in link.of_module(_client_calls, module):
            for atom in link.value(module, row):
                if type(atom) is Client and (atom.module, atom.row) == (module, row):
                    found[module, row] = ClientSite(module, row, atom.flavour)
    return list(found.values())


def _client_calls(facts: ModuleFacts, index: int) -> list[int]:
    """The calls of what may be called a client."""
    called = ((call.row, facts.nodes[facts.nodes[call.row][1]]) for call in facts.calls)
    return [row for row, node in called if node[0] in ("free", "from", "attr") and "lient" in str(node[2])]


def runs_through(operation: Operation, client: ClientSite, every: Sequence[ClientSite]) -> bool:
    """Whether an operation runs through a client, which it does where there is no other."""
    made = {c.database.client for c in operation.collections if c.database.client is not None}
    sites = {(c.module, c.row) for c in made if c.row >= 0}
    return (client.module, client.row) in sites or (not sites and len(every) == 1)
