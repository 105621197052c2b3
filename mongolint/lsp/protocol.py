"""The protocol without the library's own copy of each buffer, which breaks lines where Python and the client do not.

What a client takes back, or asks of a buffer that it has changed since, is no error of anybody's and is not logged.
Every request is answered, also one that comes too early, too late, or that cannot be read.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from concurrent.futures import Future
from typing import Any

from cattrs.errors import BaseValidationError
from lsprotocol import types
from pygls.exceptions import (
    JsonRpcException,
    JsonRpcInvalidParams,
    JsonRpcInvalidRequest,
    JsonRpcServerNotInitialized,
)
from pygls.protocol import LanguageServerProtocol, lsp_method

from mongolint.lsp.client.lenient import structured

CONTENT_MODIFIED = -32801


class Protocol(LanguageServerProtocol):
    """Hands on what happens to buffers; cells of notebooks are nobody's business."""

    _has_left = False

    @lsp_method(types.TEXT_DOCUMENT_DID_OPEN)
    def lsp_text_document__did_open(self, params: types.DidOpenTextDocumentParams) -> Iterator[Any]:
        yield self.fm.features[types.TEXT_DOCUMENT_DID_OPEN], (params,), None

    @lsp_method(types.TEXT_DOCUMENT_DID_CHANGE)
    def lsp_text_document__did_change(self, params: types.DidChangeTextDocumentParams) -> Iterator[Any]:
        yield self.fm.features[types.TEXT_DOCUMENT_DID_CHANGE], (params,), None

    @lsp_method(types.TEXT_DOCUMENT_DID_CLOSE)
    def lsp_text_document__did_close(self, params: types.DidCloseTextDocumentParams) -> Iterator[Any]:
        yield self.fm.features[types.TEXT_DOCUMENT_DID_CLOSE], (params,), None

    @lsp_method(types.NOTEBOOK_DOCUMENT_DID_OPEN)
    def lsp_notebook_document__did_open(self, params: types.DidOpenNotebookDocumentParams) -> None:
        """Ignored."""

    @lsp_method(types.NOTEBOOK_DOCUMENT_DID_CHANGE)
    def lsp_notebook_document__did_change(self, params: types.DidChangeNotebookDocumentParams) -> None:
        """Ignored."""

    @lsp_method(types.NOTEBOOK_DOCUMENT_DID_CLOSE)
    def lsp_notebook_document__did_close(self, params: types.DidCloseNotebookDocumentParams) -> None:
        """Ignored."""

    def structure_message(self, data: dict[str, Any]) -> Any:
        kind = self.get_message_type(str(data.get("method"))) if "jsonrpc" in data and "id" in data else None
        if kind is None:
            return super().structure_message(data)
        try:
            return structured(data, lambda request: self._converter.structure(request, kind))
        except BaseValidationError as error:
            self._send_response(data["id"], error=JsonRpcInvalidParams.of(error).to_response_error())
            raise JsonRpcInvalidParams.of(error) from error

    @lsp_method(types.EXIT)
    def lsp_exit(self, *args: Any) -> Generator[Any, Any, None]:
        self._has_left = True
        yield from super().lsp_exit(*args)

    def _send_data(self, data: Any) -> None:
        if not self._has_left:  # an analysis that is under way may have something to say, and nobody would hear it
            super()._send_data(data)

    def handle_message(self, message: Any) -> None:
        method, number = getattr(message, "method", None), getattr(message, "id", None)
        refusal = None if method is None else self._refusal(method)
        if refusal is None:
            super().handle_message(message)
        elif number is not None:
            self._send_response(number, error=refusal.to_response_error())

    def _refusal(self, method: str) -> JsonRpcException | None:
        """Why a message is not dealt with; for a notification there is nobody to tell."""
        if method == types.EXIT:
            return None
        if self._shutdown:
            return JsonRpcInvalidRequest("the server is shut down")
        if self._workspace is None and method != types.INITIALIZE:
            return JsonRpcServerNotInitialized("the server is not initialized")
        if self._workspace is not None and method == types.INITIALIZE:
            return JsonRpcInvalidRequest("the server is initialized already")
        return None

    def _handle_cancel_notification(self, msg_id: Any) -> None:
        if msg_id in self._request_futures:  # else it is answered already
            super()._handle_cancel_notification(msg_id)

    def _send_handler_result(self, future: Future[Any], *, msg_id: Any) -> None:
        error = None if future.cancelled() else future.exception()
        if isinstance(error, JsonRpcException) and error.code == CONTENT_MODIFIED:
            self._request_futures.pop(msg_id, None)
            self._send_response(msg_id, error=error.to_response_error())
        else:
            super()._send_handler_result(future, msg_id=msg_id)
