"""What the server knows of its client and its buffers, and what it tells it of its own accord."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Awaitable, Callable, Iterable, Mapping
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from lsprotocol import types
from pygls.exceptions import FeatureRequestError, JsonRpcException
from pygls.lsp.server import LanguageServer

from mongolint import __version__
from mongolint.engine.fixes import import_parser
from mongolint.engine.parsing import Progress
from mongolint.lsp.client.abilities import Abilities
from mongolint.lsp.diagnostics import Places, diagnostics, page, page_uri
from mongolint.lsp.documents import Document, Documents, uri_of
from mongolint.lsp.model import Parsers
from mongolint.lsp.positions import Encoding
from mongolint.lsp.protocol import CONTENT_MODIFIED, Protocol
from mongolint.lsp.root import Analysis, Root
from mongolint.lsp.schedule import Scheduler
from mongolint.lsp.workspace import Workspace

_LOAD = "Reading the project"


class Session(LanguageServer):
    """One client, from its first word to its last."""

    def __init__(self, parsers: Parsers | None = None) -> None:
        super().__init__("mongolint", __version__, protocol_cls=Protocol, max_workers=2)
        self.parsers = parsers or Parsers()
        self.projects = Workspace(self.complain, self.parsers)
        self.documents = Documents(self.projects.spelled)
        self.scheduler = Scheduler(self.contents, self.publish, self.failed, self.loading)
        self.can = Abilities(types.ClientCapabilities())
        self.inlay_hints = self.told_settings = False
        self._crashes: dict[Root, tuple[str, ...]] = {}
        self._loads = 0
        self._tasks: list[asyncio.Future[None]] = []

    @property
    def encoding(self) -> Encoding:
        return self.workspace.position_encoding or types.PositionEncodingKind.Utf16

    # Buffers and projects

    def contents(self, root: Root) -> Mapping[str, bytes]:
        """The buffers that belong to a project."""
        return {document.path: document.data for document in self.documents if self.projects.root_of(document) is root}

    def uri(self, path: str) -> str:
        """The URI of a file, as the client spells it where it has it open."""
        document = self.documents.at(path)
        return document.uri if document else uri_of(path)

    async def places(self, uri: str, *, fixes: bool = True) -> tuple[Document, Root, Places] | None:
        """An open buffer, its project, and an analysis of what both are now; None for what is not checked.

        Args:
            fixes: of its findings; else they may be of a glance.
        """
        found = await self.known(uri, self.scheduler.fresh if fixes else self.scheduler.told)
        if found is None:
            return None
        document, root, analysis = found
        if analysis.contents.get(document.path) != document.data:
            return None  # it is open under another URI, too, and different there
        return document, root, Places(analysis, self.documents, self.encoding, document)

    async def known(
        self, uri: str, ask: Callable[[Root], Awaitable[Analysis | None]]
    ) -> tuple[Document, Root, Analysis] | None:
        """An open buffer, its project, and what ``ask`` tells of that; None for what is not checked."""
        while (document := self.documents.get(uri)) and (root := self.projects.root_of(document)):
            analysis = await ask(root)
            if analysis is not None:
                return document, root, analysis
            if self.projects.root_of(document) is root:  # it failed; else there is another project now
                break
        return None

    def unchanged(self, document: Document, places: Places) -> None:
        """Raise what tells the client that its buffer has changed while it was waiting."""
        if document.version != places.versions.get(document.path):
            raise JsonRpcException("the buffer has changed since", CONTENT_MODIFIED)

    def renew(self, folders: Iterable[str]) -> None:
        """Make all projects anew, of these folders."""
        for root in self.projects.roots():
            self.scheduler.drop(root)
        self.projects.set_folders(folders)
        self.documents.spell_anew()
        roots = [*self.projects.folder_roots()]
        for document in self.documents:
            own = self.projects.root_of(document)
            if own is None:
                self.clear(document)
            elif own not in roots:
                roots.append(own)
        for root in roots:
            self.scheduler.changed(root)

    def keep(self, task: asyncio.Future[None]) -> None:
        """A task that runs beside all others: a loop forgets one that nobody holds."""
        self._tasks.append(task)

    # What the client hears

    def publish(self, root: Root, analysis: Analysis) -> None:
        """Tell what was found in the open buffers, or that it is worth asking."""
        if self.parsers.crew and all(self.scheduler.latest(each) for each in self.projects.roots()):
            self.parsers.close()
            self.keep(asyncio.ensure_future(self.scheduler.run(import_parser)))
        self._log_crashes(root, analysis)
        if self.can.pull:
            if self.can.refresh_diagnostics:
                self.workspace_diagnostic_refresh(None)
        else:
            places = Places(analysis, self.documents, self.encoding)
            for document in self.documents:
                if analysis.contents.get(document.path) == document.data:
                    self._push(document.uri, document.version, diagnostics(document.path, places))
        if self.inlay_hints and self.can.refresh_hints:
            self.workspace_inlay_hint_refresh(None)

    def clear(self, document: Document) -> None:
        """Nothing is found in a buffer that is closed, or not checked."""
        if not self.can.pull:
            self._push(document.uri, None, [])

    def _push(self, uri: str, version: int | None, found: list[types.Diagnostic]) -> None:
        self.text_document_publish_diagnostics(types.PublishDiagnosticsParams(uri, found, version))

    def _log_crashes(self, root: Root, analysis: Analysis) -> None:
        crashes = tuple(analysis.crashes)
        for crash in crashes if crashes != self._crashes.get(root) else ():
            self.log(types.MessageType.Error, crash)
        self._crashes[root] = crashes

    def log(self, kind: types.MessageType, message: str) -> None:
        self.window_log_message(types.LogMessageParams(kind, message))

    def complain(self, message: str) -> None:
        """A mistake that the user has to mend: shown, not only logged."""
        self.window_show_message(types.ShowMessageParams(types.MessageType.Error, f"mongolint: {message}"))

    def failed(self, error: Exception) -> None:
        reason = " ".join(str(error).split())
        self.log(types.MessageType.Error, f"mongolint: internal error: {type(error).__name__}: {reason}".rstrip(": "))

    def report_server_error(self, error: Exception, source: Any) -> None:
        """A message that cannot be read is nothing that a user could mend: it is logged, and a request answered."""
        if not issubclass(source, FeatureRequestError):
            self.failed(error)

    def loading(self, root: Root) -> tuple[Progress, Callable[[], object]]:
        """What tells of the first look at a project, where the client shows it."""
        if not self.can.progress:
            return lambda done, total: None, lambda: None
        self._loads += 1
        shown = _Shown(self, f"mongolint-{self._loads}", asyncio.get_running_loop())
        return shown.tell, shown.end

    async def show_rule(self, code: str) -> str | None:
        """Open a rule's page, where the client can, else say what it says first; in any case, the page."""
        text = page(code)
        if text is None:
            return None
        if self.can.show_document:
            file = Path(tempfile.mkdtemp(prefix="mongolint-"), f"{code}.md")
            file.write_text(text, encoding="utf-8")
            await self.window_show_document_async(types.ShowDocumentParams(uri_of(file.as_posix())))
        else:
            title, summary, *_ = text.removeprefix("# ").split("\n\n")
            shown = ": ".join(filter(None, (title, " ".join(summary.split()), page_uri(code))))
            self.window_show_message(types.ShowMessageParams(types.MessageType.Info, shown))
        return text


class _Shown:
    """The progress of one load; the client has to agree before it hears of it."""

    def __init__(self, session: Session, token: str, loop: asyncio.AbstractEventLoop) -> None:
        self._session = session
        self._token = token
        self._loop = loop
        self._begun = self._ended = False
        self._percent = 0
        asked = session.window_work_done_progress_create(types.WorkDoneProgressCreateParams(token))
        asked.add_done_callback(self._answered)

    def _answered(self, answer: Future[None]) -> None:
        if not answer.cancelled() and answer.exception() is None:
            self._loop.call_soon_threadsafe(self._begin)

    def _begin(self) -> None:
        if not self._ended:
            self._begun = True
            begin = types.WorkDoneProgressBegin(_LOAD, percentage=0)
            self._session.work_done_progress.begin(self._token, begin)

    def tell(self, done: int, total: int) -> None:
        percent = 100 * done // max(total, 1)
        if percent >= self._percent + 5:
            self._percent = percent
            self._loop.call_soon_threadsafe(self._report, percent, f"{done} of {total} files")

    def _report(self, percent: int, message: str) -> None:
        if self._begun and not self._ended:
            report = types.WorkDoneProgressReport(message=message, percentage=percent)
            self._session.work_done_progress.report(self._token, report)

    def end(self) -> None:
        if self._begun and not self._ended:
            self._session.work_done_progress.end(self._token, types.WorkDoneProgressEnd())
        self._ended = True
