"""The server: what is answered to which message, and how it is started and ended."""

from __future__ import annotations

import asyncio
import io
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from fnmatch import fnmatch
from pathlib import Path
from typing import BinaryIO, cast

from lsprotocol import types
from pygls.exceptions import JsonRpcException

from mongolint.engine.workers import Workers
from mongolint.lsp import answers
from mongolint.lsp.acting.offers import APPLY, KINDS, SHOW_RULE, Ask, actions, commands, resolve
from mongolint.lsp.ahead import Ahead, Rest
from mongolint.lsp.client.abilities import Abilities
from mongolint.lsp.diagnostics import SOURCE, Places, diagnostics, digest
from mongolint.lsp.documents import path_of
from mongolint.lsp.model import Parsers
from mongolint.lsp.session import Session

LOOPBACK = "127.0.0.1"
# Of TOML files any may be extended by a configuration, or be Ruff's; requirements tell which driver there is
_WATCHED = ("*.py", "*.js", "*.mongodb", ".gitignore", "*.toml", "requirements*.txt", "requirements*.in", "Pipfile")
_LOCKS = tuple(f"{tool}.lock" for tool in ("Pipfile", "pdm", "pixi", "poetry", "uv"))
_PARENT_SECONDS = 3.0
_FULL = types.RelatedFullDocumentDiagnosticReport


def make(crew: Workers | None = None, ahead: Ahead | None = None) -> Session:
    """A server that waits for its client.

    Args:
        crew: processes that parse. They are started before there are threads, beside which nothing should be forked.
        ahead: what they have been given to parse already.
    """
    session = Session(Parsers(crew, ahead))
    _lifecycle(session)
    _buffers(session)
    _files(session)
    _pulled(session)
    _chosen(session)
    answers.register(session)
    return session


def over_stdio(crew: Workers | None = None, ahead: Ahead | None = None) -> int:
    """Serve the client at standard input and output until it leaves; the exit code."""
    session = make(crew, ahead)
    session.start_io(*_own_streams(ahead.heard() if ahead else b""))
    session.scheduler.stop()
    return 0 if session.protocol._shutdown else 1


def over_tcp(port: int, crew: Workers | None = None) -> int:
    """Serve one client on this port of the loopback interface until it leaves; the exit code."""
    session = make(crew)
    session.start_tcp(LOOPBACK, port)
    session.scheduler.stop()
    return 0 if session.protocol._shutdown else 1


def _own_streams(begin: bytes) -> tuple[BinaryIO, BinaryIO]:
    """Standard input and output for the protocol alone: whatever else is printed goes to standard error.

    ``begin``: what has been read of the input already.
    """
    heard, sent = io.BufferedReader(Rest(begin, io.FileIO(os.dup(0), "rb"))), os.fdopen(os.dup(1), "wb")
    with open(os.devnull, "rb") as nothing:
        os.dup2(nothing.fileno(), 0)
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    return cast(BinaryIO, heard), sent


def _lifecycle(session: Session) -> None:
    @session.feature(types.INITIALIZE)
    def initialize(params: types.InitializeParams) -> None:
        session.can = Abilities(params.capabilities)
        _configure(session, params.initialization_options)
        folders = [folder.uri for folder in params.workspace_folders or ()]
        if not folders and session.workspace.root_uri:
            folders = [session.workspace.root_uri]
        session.projects.set_folders(path for uri in folders if (path := path_of(uri)) and os.path.isdir(path))
        if params.process_id is not None and _is_alive(params.process_id):
            task = asyncio.ensure_future(_end_with(params.process_id))
            session.keep(task)

    @session.feature(types.INITIALIZED)
    async def initialized(params: types.InitializedParams) -> None:
        if session.can.watch:
            beside = {file.name for root in session.projects.folder_roots() for file in root.files_beside}
            watchers = [types.FileSystemWatcher(f"**/{name}") for name in (*_WATCHED, *_LOCKS, *sorted(beside))]
            # Of a folder that is gone some editors tell nothing but that
            watchers.append(types.FileSystemWatcher("**/*", types.WatchKind.Delete))
            options = types.DidChangeWatchedFilesRegistrationOptions(watchers)
            registration = types.Registration("watched", types.WORKSPACE_DID_CHANGE_WATCHED_FILES, options)
            session.client_register_capability(types.RegistrationParams([registration]))
        for root in session.projects.folder_roots():
            session.scheduler.changed(root)
        if not session.told_settings:
            await _reconfigure(session, None)

    @session.feature(types.WORKSPACE_DID_CHANGE_CONFIGURATION)
    async def configured(params: types.DidChangeConfigurationParams) -> None:
        await _reconfigure(session, params.settings)

    @session.feature(types.WORKSPACE_DID_CHANGE_WORKSPACE_FOLDERS)
    def folders(params: types.DidChangeWorkspaceFoldersParams) -> None:
        gone = {path_of(folder.uri) for folder in params.event.removed}
        come = [path_of(folder.uri) for folder in params.event.added]
        held = [folder.as_posix() for folder in session.projects.folders]
        session.renew([path for path in [*held, *come] if path is not None and path not in gone])


async def _reconfigure(session: Session, settings: object) -> None:
    """Settings that the client sends, or nothing, for the server to ask."""
    before = session.inlay_hints
    if settings is None and session.can.configuration:
        with suppress(JsonRpcException):
            asked = types.ConfigurationParams([types.ConfigurationItem(section=SOURCE)])
            settings = next(iter(await session.workspace_configuration_async(asked) or ()), None)
    _configure(session, settings.get(SOURCE, settings) if isinstance(settings, dict) else None)
    if session.inlay_hints != before and session.can.refresh_hints:
        session.workspace_inlay_hint_refresh(None)


def _configure(session: Session, settings: object) -> None:
    """The client's own settings; what is checked, and how, is for the files of the project to say."""
    if isinstance(settings, dict) and isinstance(settings.get("inlayHints"), bool):
        session.inlay_hints = settings["inlayHints"]
        session.told_settings = True


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


async def _end_with(process: int) -> None:
    """End when the client has died without a word."""
    while _is_alive(process):
        await asyncio.sleep(_PARENT_SECONDS)
    os._exit(1)


def _buffers(session: Session) -> None:
    @session.feature(types.TEXT_DOCUMENT_DID_OPEN)
    def opened(params: types.DidOpenTextDocumentParams) -> None:
        document = session.documents.open(params.text_document)
        root = session.projects.root_of(document) if document else None
        if root is not None:
            # Whoever does not watch files tells of none that has changed since they were read
            session.scheduler.changed(root, files=not session.can.watch and root.model.loaded is not None)
        elif document is not None:
            session.clear(document)

    @session.feature(types.TEXT_DOCUMENT_DID_CHANGE)
    def changed(params: types.DidChangeTextDocumentParams) -> None:
        document = session.documents.touched(params.text_document.uri)
        if document is None:
            return
        document.change(params.content_changes, params.text_document.version, session.encoding)
        root = session.projects.root_of(document)
        if root is not None:
            session.scheduler.changed(root)

    @session.feature(types.TEXT_DOCUMENT_DID_CLOSE)
    def closed(params: types.DidCloseTextDocumentParams) -> None:
        document = session.documents.close(params.text_document.uri)
        root = session.projects.root_of(document) if document else None
        if document is not None:
            session.clear(document)
        if root is not None:
            session.scheduler.changed(root)

    @session.feature(types.TEXT_DOCUMENT_DID_SAVE)
    def saved(params: types.DidSaveTextDocumentParams) -> None:
        path = path_of(params.text_document.uri)
        if path is not None and not session.can.watch:
            _changed_on_disk(session, [(session.projects.spelled(path), types.FileChangeType.Changed)])


def _files(session: Session) -> None:
    @session.feature(types.WORKSPACE_DID_CHANGE_WATCHED_FILES)
    def watched(params: types.DidChangeWatchedFilesParams) -> None:
        spelled = session.projects.spelled
        changes = [(spelled(path), change.type) for change in params.changes if (path := path_of(change.uri))]
        _changed_on_disk(session, changes)


def _changed_on_disk(session: Session, changes: list[tuple[str, types.FileChangeType]]) -> None:
    """Of files, or of folders that are gone."""
    changes = [(path, kind) for path, kind in changes if _is_watched(path) or _concerns_all(session, path, kind)]
    if any(path.endswith(".toml") or _concerns_all(session, path, kind) for path, kind in changes):
        session.renew([folder.as_posix() for folder in session.projects.folders])
        return
    for root in session.projects.roots():
        near = [(path, kind) for path, kind in changes if session.projects.concerns(root, path)]
        # A saved buffer is what it was
        news = [path for path, kind in near if kind != types.FileChangeType.Changed or not session.documents.at(path)]
        if news:
            root.forget_files()
            session.scheduler.changed(root, files=True, anew=any(not path.endswith(".py") for path in news))
    for document in session.documents:
        if session.projects.root_of(document) is None:  # git ignores it from now on
            session.clear(document)


def _is_watched(path: str) -> bool:
    return any(fnmatch(os.path.basename(path), name) for name in (*_WATCHED, *_LOCKS))


def _concerns_all(session: Session, path: str, kind: types.FileChangeType) -> bool:
    """Whether it may hold a configuration, or is what a project reads beside it."""
    is_gone = kind == types.FileChangeType.Deleted and not _is_watched(path)
    return _is_beside(session, path) or (is_gone and any(root.reads_below(path) for root in session.projects.roots()))


def _is_beside(session: Session, path: str) -> bool:
    """Whether a project reads the file beside its configuration."""
    return any(
        Path(os.path.abspath(file)).as_posix() == path
        for root in session.projects.roots()
        for file in root.files_beside
    )


def _pulled(session: Session) -> None:
    options = types.DiagnosticOptions(
        inter_file_dependencies=True, workspace_diagnostics=True, identifier=SOURCE, work_done_progress=False
    )

    @session.feature(types.TEXT_DOCUMENT_DIAGNOSTIC, options)
    async def pulled(params: types.DocumentDiagnosticParams) -> types.DocumentDiagnosticReport:
        found = await session.places(params.text_document.uri, fixes=not session.can.refresh_diagnostics)
        items = diagnostics(found[0].path, found[2]) if found else []
        identity = digest(items)
        if identity == params.previous_result_id:
            return types.RelatedUnchangedDocumentDiagnosticReport(result_id=identity)
        return _FULL(items=items, result_id=identity)

    @session.feature(types.WORKSPACE_DIAGNOSTIC)
    async def all_pulled(params: types.WorkspaceDiagnosticParams) -> types.WorkspaceDiagnosticReport:
        known = {each.uri: each.value for each in params.previous_result_ids}
        items: list[types.WorkspaceDocumentDiagnosticReport] = []
        told: set[str] = set()
        for root in dict.fromkeys([*session.projects.folder_roots(), *session.projects.roots()]):
            analysis = await session.scheduler.fresh(root)
            if analysis is None:
                continue
            places = Places(analysis, session.documents, session.encoding)
            for path in analysis.loaded.targets:
                if session.projects.owner(path) in (root, None) and path not in told:
                    told.add(path)
                    items.append(_report(path, places, known))
        for uri in known.keys() - {item.uri for item in items}:
            items.append(types.WorkspaceFullDocumentDiagnosticReport(uri=uri, items=[]))
        return types.WorkspaceDiagnosticReport(items)


def _report(path: str, places: Places, known: dict[str, str]) -> types.WorkspaceDocumentDiagnosticReport:
    uri, version = places.uri(path), places.versions.get(path)
    found = diagnostics(path, places)
    identity = digest(found)
    if known.get(uri) == identity:
        return types.WorkspaceUnchangedDocumentDiagnosticReport(uri=uri, result_id=identity, version=version)
    return types.WorkspaceFullDocumentDiagnosticReport(uri=uri, items=found, version=version, result_id=identity)


def _chosen(session: Session) -> None:
    options = types.CodeActionOptions(code_action_kinds=KINDS, resolve_provider=True)

    @session.feature(types.TEXT_DOCUMENT_CODE_ACTION, options)
    async def offered(params: types.CodeActionParams) -> Sequence[types.CodeAction | types.Command]:
        found = await session.places(params.text_document.uri)
        if found is None:
            return []
        document, root, places = found
        only = [str(getattr(kind, "value", kind)) for kind in params.context.only or ()] or None
        starts = ((each.range.start, str(each.code)) for each in params.context.diagnostics)
        named = frozenset((start.line, start.character, code) for start, code in starts)
        ask = Ask(document.path, params.range, only, named, session.can.versioned, session.can.resolves)
        given = await session.scheduler.run(lambda: actions(ask, root, places))
        session.unchanged(document, places)
        return given if session.can.literals else commands(given, applied=session.can.applies)

    @session.feature(types.CODE_ACTION_RESOLVE)
    async def resolved(action: types.CodeAction) -> types.CodeAction:
        ours = action.data if isinstance(action.data, dict) and {"path", "code"} <= action.data.keys() else None
        document = session.documents.at(ours["path"]) if ours else None
        found = await session.places(document.uri) if document else None
        if document is None or found is None:
            return action
        _, root, places = found
        versioned = session.can.versioned
        given = await session.scheduler.run(lambda: resolve(action, root, places, versioned=versioned))
        session.unchanged(document, places)
        return given

    @session.command(APPLY)
    async def apply(edit: types.WorkspaceEdit) -> None:
        await session.workspace_apply_edit_async(types.ApplyWorkspaceEditParams(edit))

    @session.command(SHOW_RULE)
    async def show_rule(code: str) -> str | None:
        return await session.show_rule(code)
