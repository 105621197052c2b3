"""What the site shows and the repository does not hold: a page of each rule, their list, and two files of its root.

MkDocs calls `on_files` before it reads the pages (https://www.mkdocs.org/user-guide/configuration/#hooks).
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files, InclusionLevel

from mongolint.engine.registry import all_rules
from mongolint.engine.rulebook.pages import page_of
from mongolint.report.rules import page_markdown
from mongolint.testing.samples import samples_of

ROOT = Path(__file__).parents[2]
# Of the root, under their names on the site
_FILES = {"contributing.md": "CONTRIBUTING.md", "changelog.md": "CHANGELOG.md"}


def on_files(files: Files, config: Any) -> Files:
    """Add the generated pages."""
    for name, source in _FILES.items():
        text = (ROOT / source).read_text(encoding="utf-8")
        files.append(File.generated(config, name, content=_relative(text)))
    files.append(File.generated(config, "example-review.html", content=_review()))
    files.append(File.generated(config, "rules/index.md", content=_list()))
    for rule in all_rules():
        page = page_markdown(page_of(rule, samples_of(rule)))
        files.append(File.generated(config, f"rules/{rule.name}.md", content=page, inclusion=InclusionLevel.NOT_IN_NAV))
    return files


def _review() -> str:
    """The page that `mongolint review` makes of the example backend."""
    command = [sys.executable, "-m", "mongolint", "review", "examples/bookshelf", "--format", "html"]
    return subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout.decode("utf-8")


def _relative(text: str) -> str:
    """Links of a file of the root, as they are from the site's own folder."""
    return re.sub(r"\]\(docs/", "](", text)


def _list() -> str:
    lines = [
        "# Rules",
        "",
        "Rules of the tier *default* are on; the others are chosen with `--select` or `extend-select`, and",
        "`mongolint review` runs them all. How far a fix may be trusted: [fixes](../fixes.md).",
        "",
        "| code | name | severity | tier | fix | finds |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for rule in all_rules():
        row = page_of(rule).row()
        fix = row["fix"] or "none"
        name = f"[{rule.name}]({rule.name}.md)"
        summary = str(row["summary"]).replace("|", "\\|")
        lines.append(f"| {rule.code} | {name} | {row['severity']} | {row['tier']} | {fix} | {summary} |")
    return "\n".join(lines) + "\n"
