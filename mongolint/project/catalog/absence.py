"""Whether an index that the project does not declare is one that does not exist."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mongolint.facts.shapes import ModuleFacts
from mongolint.link.atoms import External, ExternalObject, informative
from mongolint.link.states.memory import held_by

if TYPE_CHECKING:
    from mongolint.project.indexes import IndexDeclaration
    from mongolint.project.model import Project

# Packages with a method of such a name; what GridFS holds are its own collections, which nothing else is stored in
_OTHERS = ("alembic", "sqlalchemy", "gridfs")
_DECLARING = frozenset(["create_index", "create_indexes", "ensure_index"])
# The server's command, which a program may send itself
_COMMAND = ("const", "createIndexes")


def indexes_of(project: Project, collection: str | None) -> list[IndexDeclaration] | None:
    """The indexes that may be on a collection, those of collections known only at run time too.

    All of them where the name of the collection is not known. None where there may be others: declared elsewhere, with
    keys known only at run time, or by a call that the model cannot trace.
    """
    found = [index for index in project.indexes if collection is None or index.collection_name in (collection, None)]
    if not project.knows_indexes or project.declares_unseen or any(index.keys is None for index in found):
        return None
    return found


def declares_unseen(project: Project) -> bool:
    """Whether code that is not a test may declare an index of which the model knows nothing."""
    return any(
        module not in project.tests
        and (project.link.of_module(_sends_command, module) or _has_untraced_call(project, module))
        for module in range(len(project.modules))
    )


def _sends_command(facts: ModuleFacts, index: int) -> bool:
    """Whether a module spells out the command: as the key of a document, or the first argument of ``command``."""
    rows = {row for row, node in facts.of_kind("const") if node == _COMMAND}
    if not rows:
        return False
    return any(key in rows for _, node in facts.of_kind("dict") for key, _ in node[1]) or any(
        _names(facts, node[1]) == "command" and any(row in rows for _, row in node[2][:1])
        for _, node in facts.of_kind("call")
    )


def _names(facts: ModuleFacts, row: int) -> str:
    node = facts.nodes[row]
    return str(node[2]) if node[0] == "attr" else ""


@held_by
def _has_untraced_call(project: Project, module: int) -> bool:
    facts = project.modules[module]
    for call in facts.calls:
        function = facts.nodes[call.row][1]
        node = facts.nodes[function]
        if node[0] == "attr" and node[2] in _DECLARING and project.operation_at(module, call.row) is None:
            value = project.link.value(module, function)
            if not informative(value) or any(_may_be_a_collection(atom) for atom in value):
                return True
    return False


def _may_be_a_collection(atom: object) -> bool:
    """Whether a method is one of an object that another package makes."""
    return isinstance(atom, External | ExternalObject) and atom.name.partition(".")[0] not in _OTHERS
