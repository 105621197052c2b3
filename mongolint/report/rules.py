"""A rule's page, and the list of rules: as text, Markdown or JSON. Gets plain data, imports no rule."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mongolint.finding import Finding
from mongolint.report.frame import split_lines, underlined
from mongolint.report.json import array
from mongolint.report.paint import Paint
from mongolint.ruledoc import Page, Sample, literals

_COLUMNS = ("code", "name", "severity", "tier", "fix", "summary")


def page_text(page: Page, paint: Paint) -> str:
    """The page of a rule for a terminal."""
    return "\n".join(_text_lines(page, paint)).rstrip()


def _text_lines(page: Page, paint: Paint) -> Iterator[str]:
    yield f"{paint.severity(page.code, page.severity)} {paint(page.name, 'bold')}"
    yield page.summary
    yield ""
    for name, value in page.facts().items():
        yield f"  {name:<11} {value}"
    for heading, body in page.sections.items():
        yield from ("", paint(heading, "bold"), textwrap.indent(literals(body), "  "))
    if page.options:
        yield from ("", paint(f"Options in [tool.mongolint.rules.{page.name}]", "bold"))
        yield from (f"  {line}" for line in _toml(page.options))
    for sample in page.samples:
        yield from ("", paint(_title(sample), "bold", "green" if sample.kind == "good" else "red"))
        yield from _text_sample(sample, paint)


def _text_sample(sample: Sample, paint: Paint) -> Iterator[str]:
    yield from (f"  {line}" for line in _toml(sample.options))
    for index, (file, code) in enumerate(sample.files.items()):
        if len(sample.files) > 1:
            yield from ([""] if index else [])
            yield f"  {paint(file, 'dim')}"
        for number, line in enumerate(split_lines(code.rstrip("\n")), 1):
            yield f"    {underlined(line, 0, 0)[0]}".rstrip()
            for finding in _at(sample, file, number):
                span = finding.span
                end = span.end_column - 1 if span.end_line == number else len(line)
                carets = underlined(line, span.column - 1, end)[1]
                yield f"    {paint.severity(carets, finding.severity)}"
    if sample.findings:
        yield f"  -> {sample.findings[0].message}"
    for file, code in (sample.fixed or {}).items():
        yield f"  {paint(f'{file}, fixed', 'dim')}"
        yield textwrap.indent(code.rstrip("\n"), "    ")


def page_markdown(page: Page) -> str:
    """The page of a rule for the documentation."""
    return "\n".join(_markdown_lines(page)).rstrip() + "\n"


def _markdown_lines(page: Page) -> Iterator[str]:
    yield from (f"# {page.code} {page.name}", "", f"{page.summary}.", "", "| | |", "| --- | --- |")
    for name, value in page.facts().items():
        yield f"| {name} | {_cell(value)} |"
    for heading, body in page.sections.items():
        yield from ("", f"## {heading}", "", literals(body))
    if page.options:
        yield from ("", "## Options", "", "```toml", f"[tool.mongolint.rules.{page.name}]")
        yield from (*_toml(page.options), "```")
    if page.samples:
        yield from ("", "## Examples")
    for sample in page.samples:
        yield from ("", f"### {_title(sample)}", "", "```python")
        yield from (*_markdown_code(sample), "```")
        if sample.findings:
            yield from ("", f"> {_quoted(sample.findings[0].message)}")
        for file, code in (sample.fixed or {}).items():
            yield from ("", f"Fixed ({file}):", "", "```python", code.rstrip("\n"), "```")


def _markdown_code(sample: Sample) -> Iterator[str]:
    """The code, with the rule's code in a comment where it reports."""
    for option in _toml(sample.options):
        yield f"# option {option}"
    for index, (file, code) in enumerate(sample.files.items()):
        if len(sample.files) > 1:
            yield from ([""] if index else [])
            yield f"# {file}"
        for number, line in enumerate(split_lines(code.rstrip("\n")), 1):
            codes = dict.fromkeys(finding.code for finding in _at(sample, file, number))
            yield f"{line}  # <- {', '.join(codes)}" if codes else line


def page_json(page: Page) -> str:
    """An array of one page, as all of mongolint's JSON is an array."""
    return array([page.json()])


def list_text(pages: Sequence[Page], paint: Paint) -> str:
    """One line a rule."""
    rows = [_cells(page) for page in pages]
    widths = [max((len(row[index]) for row in rows), default=0) for index in range(len(_COLUMNS))]
    lines = []
    for page, row in zip(pages, rows, strict=True):
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
        lines.append("  ".join([paint.severity(cells[0], page.severity), *cells[1:]]).rstrip())
    return "\n".join(lines)


def list_markdown(pages: Sequence[Page]) -> str:
    """A table, one row a rule."""
    lines = ["| " + " | ".join(_COLUMNS) + " |", "| --- " * len(_COLUMNS) + "|"]
    for page in pages:
        cells = [_cell(cell) for cell in _cells(page)]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _cells(page: Page) -> list[str]:
    row = {**page.row(), **({"tier": "preview"} if page.preview else {})}
    return [str(row[column] or "none") for column in _COLUMNS]


def list_json(pages: Sequence[Page]) -> str:
    return array({**page.row(), "since": page.since, "options": dict(page.options)} for page in pages)


def _at(sample: Sample, file: str, line: int) -> list[Finding]:
    return [f for f in sample.findings if f.span.file == file and f.span.line == line]


def _title(sample: Sample) -> str:
    label = {"bad": "Bad", "good": "Good", "todo": "Known to be wrong"}[sample.kind]
    return f"{label}: {sample.why}" if sample.why else label


def _toml(options: Mapping[str, Any]) -> Iterator[str]:
    for name, value in options.items():
        yield f"{name} = {_toml_value(value)}"


def _toml_value(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(_toml_value, value))}]"
    return f'"{value}"' if isinstance(value, str) else str(value)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _quoted(text: str) -> str:
    """A message as Markdown that means nothing: it is full of ``$``, ``*`` and brackets."""
    return re.sub(r"([\\`*_\[\]<>$])", r"\\\1", text)
