"""From a keystroke to diagnostics: what a language server takes on a backend of 300 files.

    python tests/bench/lsp.py [FOLDER FILE]

Without arguments the backend is made of copies of `examples/bookshelf` in packages of their own. The server is the
real one, the client speaks LSP over stdio. Edits come in three kinds: ``layout`` (comments, blank lines), ``broken``
(code that is no Python for the moment) and ``code`` (a statement, a field of a filter). Printed are the time from start
to the first diagnostics, and of each kind the median, the 95th percentile and the most, in milliseconds.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from lsprotocol import types
from pygls.lsp.client import LanguageClient

from mongolint.facts.kept import store

ROOT = Path(__file__).parents[2]
FILES = 300
EDITS = 40
KINDS = ("layout", "broken", "code")


def backend(folder: Path) -> Path:
    """Copies of the example, each a package, until there are enough files; the file to be edited."""
    source = ROOT / "examples" / "bookshelf" / "app"
    files = [file for file in source.rglob("*.py") if not {"tests", "test"} & set(file.parts)]
    (folder / "mongolint.toml").write_text("")
    for number in range(-(-FILES // len(files))):
        name = f"shop{number}"
        for file in files:
            place = folder / name / file.relative_to(source)
            place.parent.mkdir(parents=True, exist_ok=True)
            text = file.read_text(encoding="utf-8")
            text = text.replace("from app", f"from {name}").replace("import app", f"import {name}")
            place.write_text(text, encoding="utf-8")
    return folder / "shop0" / "db" / "questions.py"


def edits(text: str, kind: str) -> Iterator[str]:
    """Texts of a file, one edit after the other."""
    lines = text.split("\n")
    places = [number for number, line in enumerate(lines) if line.lstrip().startswith("return ")]
    for number in range(EDITS):
        place = places[number % len(places)]
        indent = lines[place][: len(lines[place]) - len(lines[place].lstrip())]
        added = {"layout": f"# {number}", "broken": "(", "code": f"value{number} = {{'field': {number}}}"}
        yield "\n".join([*lines[:place], indent + added[kind], *lines[place:]])


async def measure(folder: Path, file: Path) -> None:
    client = LanguageClient("bench", "0")
    told: asyncio.Queue[tuple[int | None, float]] = asyncio.Queue()

    @client.feature(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)
    def published(params: types.PublishDiagnosticsParams) -> None:
        told.put_nowait((params.version, time.perf_counter()))

    async def until(version: int) -> float:
        while True:
            found, moment = await told.get()
            if found == version:
                return moment

    started = time.perf_counter()
    # As at the very first start: nothing is kept of the files
    await client.start_io(sys.executable, "-m", "mongolint", "lsp", env={**os.environ, store.VARIABLE: ""})
    folders = [types.WorkspaceFolder(folder.as_uri(), "bench")]
    await client.initialize_async(types.InitializeParams(types.ClientCapabilities(), workspace_folders=folders))
    client.initialized(types.InitializedParams())
    text, uri = file.read_text(encoding="utf-8"), file.as_uri()
    client.text_document_did_open(types.DidOpenTextDocumentParams(types.TextDocumentItem(uri, "python", 1, text)))
    first = await until(1) - started
    print(f"{sum(1 for _ in folder.rglob('*.py'))} files, first diagnostics after {first:.2f} s")
    await asyncio.sleep(2)
    version = 1
    for kind in KINDS:
        taken = []
        for edit in edits(text, kind):
            version += 1
            document = types.VersionedTextDocumentIdentifier(version, uri)
            change = types.TextDocumentContentChangeWholeDocument(edit)
            sent = time.perf_counter()
            client.text_document_did_change(types.DidChangeTextDocumentParams(document, [change]))
            taken.append(1000 * (await until(version) - sent))
        p95 = statistics.quantiles(taken, n=20)[-1]
        print(f"{kind:7} median {statistics.median(taken):5.0f}  p95 {p95:5.0f}  most {max(taken):5.0f}")
    await client.shutdown_async(None)
    client.exit(None)
    await client.stop()


def main() -> None:
    if len(sys.argv) == 3:
        folder = Path(sys.argv[1]).resolve()
        asyncio.run(measure(folder, folder / sys.argv[2]))
        return
    folder = Path(tempfile.mkdtemp(prefix="mongolint-bench-")).resolve()
    try:
        asyncio.run(measure(folder, backend(folder)))
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
