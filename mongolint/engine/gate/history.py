"""A project as a commit or the index holds it, told by what is different from the disk or from another state.

Only contents: whoever wants the project loads it with them, and by that parses no more than what changed.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Mapping
from difflib import SequenceMatcher

from mongolint.config import Config
from mongolint.engine.load import Loaded
from mongolint.engine.reading.files import Contents
from mongolint.globs import Globs
from mongolint.source.files import is_script, relative
from mongolint.source.git import Blob, GitError, Repository, Tree, contents

_BREAK = re.compile(rb"\r\n|\r")
_LINES = re.compile("\r\n|\r|\n")
# As git's: so much of the larger file has to be in the other
_ALIKE = 0.5
# Pairs of files to compare, so that a commit which moves a whole project does not take for ever
_MOST_PAIRS = 250_000
# Lines. Of longer files, the common start and end are compared, and one change between
_COMPARED = 20_000


def repository_of(config: Config) -> Repository:
    """The repository that a project belongs to.

    Raises:
        GitError: it belongs to none.
    """
    repository = Repository.around(config.root)
    if repository is None:
        raise GitError(f"{config.root} is in no git repository")
    return repository


def differing(tree: Tree, files: Mapping[str, bytes], config: Config, instead: Contents) -> dict[str, bytes | None]:
    """What is different in a tree: contents by absolute path, None for a file that it does not have.

    Files that differ in nothing but line breaks are the same: which of them git has depends on its settings.

    Args:
        files: the state to compare with, scripts included, as far as it is read.
        instead: contents that this state has in place of the disk's.

    Raises:
        GitError: contents are not here.
    """
    there = {path: _find(tree, path) for path in files if tree.knows(path)}
    wanted = {path: blob for path, blob in there.items() if blob is not None and not blob.is_of(files[path])}
    wanted |= _gone(tree, files, config, instead)
    held = contents(dict.fromkeys(wanted.values()))
    found: dict[str, bytes | None] = {path: None for path, blob in there.items() if blob is None}
    for path, blob in wanted.items():
        data = held[blob]
        if path not in files or _flat(data) != _flat(files[path]):
            found[path] = data
    return found


def _gone(tree: Tree, files: Mapping[str, bytes], config: Config, instead: Contents) -> dict[str, Blob]:
    """The code of a tree that a state does not have: it is not on the disk, and none of what the project leaves out."""
    known = set(map(os.path.realpath, files))
    excluded = Globs(config.excluded)
    top = os.path.join(config.root, "")
    found: dict[str, Blob] = {}
    for path, blob in tree.files.items():
        is_code = path.endswith(".py") or is_script(path)
        if is_code and path.startswith(top) and path not in files and os.path.realpath(path) not in known:
            left_out = instead[path] is not None if path in instead else os.path.lexists(path)
            if not left_out and not excluded.covers(relative(path, config.root)):
                found[path] = blob
    sparse = repository_of(config).left_out() if found else ()
    return {path: blob for path, blob in found.items() if path not in sparse}


def index(loaded: Loaded, config: Config) -> dict[str, bytes | None]:
    """What is different in git's index, which is what the next commit holds.

    Raises:
        GitError: there is none, or contents are not here.
    """
    return differing(repository_of(config).staged(), files_of(loaded, {}), config, {})


def files_of(loaded: Loaded, instead: Contents) -> dict[str, bytes]:
    """The files that a project was read from, scripts that can be read included."""
    files = dict(loaded.sources)
    for path in loaded.script_files:
        data = instead.get(path.as_posix())
        if data is None:
            try:
                data = path.read_bytes()
            except OSError:
                continue
        files[path.as_posix()] = data
    return files


def _find(tree: Tree, path: str) -> Blob | None:
    """The file that a path leads to, through links of the work tree too."""
    return tree.files.get(path) or tree.files.get(os.path.realpath(path).replace(os.sep, "/"))


def _flat(data: bytes) -> bytes:
    return _BREAK.sub(b"\n", data)


def renames(before: Mapping[str, bytes], after: Mapping[str, bytes]) -> dict[str, str]:
    """Which new file was which of those that are gone: old paths by new ones, found as git finds them."""
    left = {path: _chunks(data) for path, data in before.items()}
    new = {path: _chunks(data) for path, data in after.items()}
    ranked = []
    if len(left) * len(new) <= _MOST_PAIRS:
        for path, chunks in new.items():
            for old, others in left.items():
                score = _likeness(chunks, others)
                if score >= _ALIKE:
                    ranked.append((-score, os.path.basename(path) != os.path.basename(old), path, old))
    found: dict[str, str] = {}
    taken: set[str] = set()
    for _, _, path, old in sorted(ranked):
        if path not in found and old not in taken:
            found[path] = old
            taken.add(old)
    return found


def _chunks(data: bytes) -> Counter[bytes]:
    return Counter(_flat(data).split(b"\n"))


def _likeness(one: Counter[bytes], other: Counter[bytes]) -> float:
    """How many of the larger file's bytes are in both."""
    largest = max(_size(one), _size(other))
    return _size(one & other) / largest if largest else 0.0


def _size(chunks: Counter[bytes]) -> int:
    return sum((len(line) + 1) * count for line, count in chunks.items() if line.strip())


def kept_lines(before: str, after: str) -> dict[int, int]:
    """The lines of a text that are as they were, by their number, and the number they had; both from 1."""
    old, new = _LINES.split(before), _LINES.split(after)
    first = 0
    while first < min(len(old), len(new)) and old[first] == new[first]:
        first += 1
    last = 0
    while last < min(len(old), len(new)) - first and old[-1 - last] == new[-1 - last]:
        last += 1
    kept = {number: number for number in range(1, first + 1)}
    kept |= {len(new) - number: len(old) - number for number in range(last)}
    inner_old, inner_new = old[first : len(old) - last], new[first : len(new) - last]
    if len(inner_old) + len(inner_new) <= _COMPARED:
        for at, to, size in SequenceMatcher(None, inner_old, inner_new, autojunk=False).get_matching_blocks():
            kept |= {first + to + number: first + at + number for number in range(1, size + 1)}
    return kept
