"""The files of a repository that say how things are run."""

from __future__ import annotations

import io
import os
import re
import tokenize
from collections.abc import Iterator, Mapping
from pathlib import Path

from mongolint.fastclasses import NamedTuple
from mongolint.source.files import relative

# Bytes, files: what a person wrote to run things is smaller, and there is less of it
_LARGEST = 256 * 1024
_MOST_FILES = 2000
_SUFFIXES = (".sh", ".yml", ".yaml", ".toml", ".tf", ".conf", ".cfg", ".ini", ".env", ".service", ".timer")
_NAMES = ("dockerfile", "makefile", "crontab", "procfile", "justfile", ".env")
_HIDDEN = (".github", ".gitlab", ".circleci")
_CI = (".gitlab-ci", "azure-pipelines", "bitbucket-pipelines", ".travis")
_FOREIGN = ("node_modules", "site-packages", "vendor", "dist", "build", "venv", "env")
_OF_TESTS = ("test", "tests", "testing", "e2e")
# What an example holds is what could be, and a file for tests says nothing of production
_APART = re.compile(r"(^|[._-])(example|sample|template|dist|test|tests|ci)([._-]|$)")


class Text(NamedTuple):
    """``kind``: "file", "ci" for what a workflow runs, "source" for Python. ``file``: the path that findings show."""

    file: str
    text: str
    kind: str

    def line(self, offset: int) -> tuple[int, int, str]:
        """Number, column and text of the line of an offset."""
        start = self.text.rfind("\n", 0, offset) + 1
        end = self.text.find("\n", offset) % (len(self.text) + 1)
        return self.text.count("\n", 0, offset) + 1, offset - start + 1, self.text[start:end]


def texts(root: Path, cwd: Path, sources: Mapping[str, str]) -> list[Text]:
    """Those of the repository in order of their paths, then Python files."""
    return [*_files(root, cwd), *(Text(file, text, "source") for file, text in sources.items())]


def is_prose(text: Text, offset: int) -> bool:
    """Whether a place is in a comment, or in the docstring of Python code."""
    number, _, line = text.line(offset)
    if text.kind != "source":
        return line.lstrip().startswith(("#", "//"))
    before = tokenize.NEWLINE
    try:
        for token in tokenize.generate_tokens(io.StringIO(text.text).readline):
            if token.start[0] <= number <= token.end[0] and token.type in (tokenize.COMMENT, tokenize.STRING):
                own = tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENCODING
                if token.type == tokenize.COMMENT or before in own:
                    return True
            if token.type not in (tokenize.NL, tokenize.COMMENT):
                before = token.type
    except (tokenize.TokenError, SyntaxError):
        return False
    return False


def _files(root: Path, cwd: Path) -> Iterator[Text]:
    count = 0
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if _is_own(name))
        for name in sorted(names):
            lower = name.lower()
            if not (lower.endswith(_SUFFIXES) or lower.startswith(_NAMES)) or _APART.search(lower):
                continue
            count += 1
            if count > _MOST_FILES:
                return
            text = _read(os.path.join(folder, name))
            if text:
                is_ci = lower.startswith(_CI) or bool(set(Path(folder).relative_to(root).parts) & set(_HIDDEN))
                yield Text(relative(os.path.join(folder, name), cwd), text, "ci" if is_ci else "file")


def _is_own(name: str) -> bool:
    if name.lower() in (*_FOREIGN, *_OF_TESTS):
        return False
    return not name.startswith(".") or name in _HIDDEN


def _read(path: str) -> str:
    try:
        if os.path.islink(path) or os.path.getsize(path) > _LARGEST:
            return ""
        with open(path, "rb") as file:
            return file.read(_LARGEST).decode("utf-8", "replace")
    except OSError:
        return ""
