"""From findings to diagnostics."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lsprotocol import converters, types

from mongolint.engine.registry import all_rules
from mongolint.engine.run import UNUSED_SUPPRESSION
from mongolint.finding import Finding, Severity
from mongolint.lsp.documents import Document, Documents, uri_of
from mongolint.lsp.positions import Encoding, Positions
from mongolint.lsp.root import Analysis
from mongolint.source.text import SourceError, decode_source

SOURCE = "mongolint"
_SEVERITIES = {
    Severity.CRITICAL: types.DiagnosticSeverity.Error,
    Severity.HIGH: types.DiagnosticSeverity.Warning,
    Severity.MEDIUM: types.DiagnosticSeverity.Warning,
    Severity.LOW: types.DiagnosticSeverity.Information,
}
_PAGES = "https://github.com/mongolint/mongolint/blob/main/"
_CONVERTER = converters.get_converter()


class Places:
    """Texts, URIs and versions of the files that one analysis speaks of.

    To be made while the buffers are as it says.

    Args:
        asked: the buffer that the client means, if a file is open under two URIs.
    """

    def __init__(
        self, analysis: Analysis, documents: Documents, encoding: Encoding, asked: Document | None = None
    ) -> None:
        self.analysis = analysis
        held = {document.path: document for document in [*documents, *([asked] if asked else ())]}
        self.uris = {path: document.uri for path, document in held.items()}
        self.versions = {path: document.version for path, document in held.items()}
        self._encoding = encoding
        self._positions: dict[str, Positions] = {}

    def uri(self, path: str) -> str:
        """As the client spells it where it has the file open."""
        return self.uris.get(path) or uri_of(path)

    def positions(self, path: str) -> Positions:
        """Of the text that the analysis was made with."""
        if path not in self._positions:
            self._positions[path] = Positions(self.text(path), self._encoding)
        return self._positions[path]

    def text(self, path: str) -> str:
        data = self.analysis.contents.get(path)
        if data is None:
            data = self.analysis.loaded.sources.get(path)
        try:
            return decode_source(Path(path).read_bytes() if data is None else data, path).text
        except (OSError, SourceError):
            return ""


def diagnostics(path: str, places: Places) -> list[types.Diagnostic]:
    """What the client shows in a file."""
    return [_diagnostic(finding, path, places) for finding in places.analysis.of(path)]


def _diagnostic(finding: Finding, path: str, places: Places) -> types.Diagnostic:
    tags = []
    if finding.code == UNUSED_SUPPRESSION:
        tags.append(types.DiagnosticTag.Unnecessary)
    if "deprecated" in finding.name:
        tags.append(types.DiagnosticTag.Deprecated)
    related = [
        types.DiagnosticRelatedInformation(
            types.Location(places.uri(other), places.positions(other).range(place.span)), place.message
        )
        for place in finding.related
        for other in [places.analysis.place(place.span.file)]
    ]
    page = page_uri(finding.code)
    return types.Diagnostic(
        range=places.positions(path).range(finding.span),
        severity=_SEVERITIES[finding.severity],
        code=finding.code,
        code_description=types.CodeDescription(page) if page else None,
        source=SOURCE,
        message=f"{finding.name}: {finding.message}",
        tags=tags or None,
        related_information=related or None,
        data={"name": finding.name, "severity": finding.severity.value, "confidence": finding.confidence.value},
    )


def page_uri(code: str) -> str | None:
    """Where a rule of ours is described: at the top of its file. None for a third party's."""
    rule = next((rule for rule in all_rules() if rule.code == code), None)
    module = rule.checks[0][1].__module__ if rule and rule.checks else ""
    if not module.startswith("mongolint.rules."):
        return None
    return f"{_PAGES}{module.removeprefix('mongolint.').replace('.', '/')}.py"


def page(code: str) -> str | None:
    """A rule's page, as Markdown."""
    rule = next((rule for rule in all_rules() if rule.code == code), None)
    return None if rule is None else f"# {rule.code} {rule.name}\n\n{rule.doc}\n"


def digest(found: Sequence[types.Diagnostic]) -> str:
    """The same for the same diagnostics: what a client names to hear only of others."""
    plain: Any = _CONVERTER.unstructure(list(found), list[types.Diagnostic])
    return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()[:16]
