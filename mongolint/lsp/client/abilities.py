"""What a client can do, as far as it makes a difference here."""

from __future__ import annotations

from collections.abc import Sequence

from lsprotocol import types


class Abilities:
    """What the client can do, of what matters here."""

    def __init__(self, client: types.ClientCapabilities) -> None:
        text, workspace, window = client.text_document, client.workspace, client.window
        self.refresh_diagnostics = bool(workspace and workspace.diagnostics and workspace.diagnostics.refresh_support)
        self.pull = bool(text and text.diagnostic)
        self.refresh_hints = bool(workspace and workspace.inlay_hint and workspace.inlay_hint.refresh_support)
        watched = workspace.did_change_watched_files if workspace else None
        self.watch = bool(watched and watched.dynamic_registration)
        edit = workspace.workspace_edit if workspace else None
        self.versioned = bool(edit and edit.document_changes)
        action = text.code_action if text else None
        resolved = action.resolve_support.properties if action and action.resolve_support else ()
        self.resolves = "edit" in resolved
        # Who says nothing at all of actions or symbols knows them as they are today
        self.literals = action is None or bool(action.code_action_literal_support or self.resolves)
        self.configuration = bool(workspace and workspace.configuration)
        self.applies = bool(workspace and workspace.apply_edit)
        symbols = text.document_symbol if text else None
        self.trees = symbols is None or bool(symbols.hierarchical_document_symbol_support)
        hover = text.hover if text else None
        self.hover = _format(hover.content_format if hover else None)
        item = text.completion.completion_item if text and text.completion else None
        self.documentation = _format(item.documentation_format if item else None)
        self.progress = bool(window and window.work_done_progress)
        self.show_document = bool(window and window.show_document and window.show_document.support)


def _format(known: Sequence[types.MarkupKind] | None) -> types.MarkupKind:
    """Markdown, which reads well as plain text, too, for who says that it knows no other."""
    return types.MarkupKind.Markdown if not known or types.MarkupKind.Markdown in known else types.MarkupKind.PlainText
