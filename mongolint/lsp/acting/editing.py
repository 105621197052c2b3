"""From what fixes change to edits of the workspace, with the versions of the buffers that they are meant for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import SequenceMatcher

from lsprotocol import types

from mongolint.finding import Edit
from mongolint.fix.apply import rewrite
from mongolint.lsp.diagnostics import Places

# Lines. Longer files are compared as their common start, their common end and one change between
_COMPARED = 20_000


def workspace_edit(
    edits: Mapping[str, Iterable[types.TextEdit]], places: Places, *, versioned: bool
) -> types.WorkspaceEdit:
    """Edits by absolute path.

    Args:
        versioned: the client takes edits of documents with versions.
    """
    if not versioned:
        return types.WorkspaceEdit(changes={places.uri(path): list(each) for path, each in edits.items()})
    changes = []
    for path, each in edits.items():
        place = types.OptionalVersionedTextDocumentIdentifier(places.uri(path), places.versions.get(path))
        changes.append(types.TextDocumentEdit(place, list(each)))
    return types.WorkspaceEdit(document_changes=changes)


def of_fixes(edits: Mapping[str, list[Edit]], places: Places) -> dict[str, list[types.TextEdit]]:
    """The edits of fixes, by the file that they show."""
    return {
        (path := places.analysis.place(shown)): between(
            places.text(path), rewrite(places.text(path), held), path, places
        )
        for shown, held in edits.items()
    }


def between(before: str, after: str, path: str, places: Places) -> list[types.TextEdit]:
    """The lines that are different, as edits of the text before."""
    old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
    first = 0
    while first < min(len(old), len(new)) and old[first] == new[first]:
        first += 1
    last = 0
    while last < min(len(old), len(new)) - first and old[-1 - last] == new[-1 - last]:
        last += 1
    inner_old, inner_new = old[first : len(old) - last], new[first : len(new) - last]
    starts = [0]
    for line in old:
        starts.append(starts[-1] + len(line))
    if len(inner_old) + len(inner_new) > _COMPARED:
        blocks = [("replace", 0, len(inner_old), 0, len(inner_new))]
    else:
        blocks = list(SequenceMatcher(None, inner_old, inner_new, autojunk=False).get_opcodes())
    positions = places.positions(path)
    return [
        types.TextEdit(
            positions.offsets(starts[first + start], starts[first + end]), "".join(inner_new[new_start:new_end])
        )
        for kind, start, end, new_start, new_end in blocks
        if kind != "equal"
    ]
