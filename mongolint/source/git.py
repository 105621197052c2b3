"""What git holds of a project: the files of a commit and of the index, and where two histories meet.

Asks git itself, as packs and shallow histories are its own matter, but only for objects and never about the work
tree: no filter, text conversion, hook or monitor has a reason to run, and those that a repository may configure are
switched off besides. Nothing is fetched, and nothing is written.
"""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import field

from mongolint.fastclasses import NamedTuple, dataclass

# What the repository says of these must not run anything
_SAFE = (
    *("-c", "core.fsmonitor=false", "-c", f"core.hooksPath={os.devnull}", "-c", "core.sshCommand=false"),
    *("--no-pager", "--literal-pathspecs", "--no-replace-objects"),
)
# What ties git to a place: the place is given
_PLACES = frozenset(
    [
        *("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_COMMON_DIR", "GIT_NAMESPACE"),
        *("GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_PREFIX", "GIT_SHALLOW_FILE", "GIT_GRAFT_FILE"),
    ]
)
_SUBMODULE = "160000"
_FILES = ("100644", "100755", "100664")
_STAGED = re.compile(rb"(\d+) ([0-9a-f]+) (\d)\t(.*)", re.DOTALL)
_NAME = re.compile(rb"[0-9a-f]{40,64}")
_LISTED = re.compile(rb"(\d+) \w+ ([0-9a-f]+)\t(.*)", re.DOTALL)

_MORE = (
    "the clone is shallow, fetch more: 'git fetch --deepen=1000' or '--unshallow', in GitHub Actions 'fetch-depth: 0'"
)


class GitError(Exception):
    """Why git does not give what was asked for: one line."""


class Blob(NamedTuple):
    """The content of a file, as git names it, and the repository that has it."""

    repository: Repository
    name: str

    def is_of(self, data: bytes) -> bool:
        """Whether it is these bytes."""
        kind = hashlib.sha1 if len(self.name) == 40 else hashlib.sha256
        return kind(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest() == self.name


@dataclass(slots=True)
class Tree:
    """Files by absolute path; ``unknown``: the directories of submodules whose commit is not here."""

    files: dict[str, Blob] = field(default_factory=dict)
    unknown: list[str] = field(default_factory=list)

    def knows(self, path: str) -> bool:
        return not any(path.startswith(f"{folder}/") for folder in self.unknown)


class Repository(NamedTuple):
    """The repository whose work tree is ``top``, an absolute path."""

    top: str

    @classmethod
    def around(cls, folder: str | os.PathLike[str]) -> Repository | None:
        """That of a directory; None outside of all repositories."""
        top = os.path.abspath(folder)
        while not os.path.exists(os.path.join(top, ".git")):
            parent = os.path.dirname(top)
            if parent == top:
                return None
            top = parent
        return cls(top)

    def fork(self, revision: str) -> str:
        """The last commit that a revision and the one checked out have in common.

        Raises:
            GitError: there is no such revision, or nothing in common that is here.
        """
        self._run("rev-parse", "--git-dir")  # that it is one, and this user's, comes before what is in it
        head = self._commit("HEAD")
        if head is None:
            raise GitError("there is no commit yet")
        commit = self._commit(revision)
        if commit is None:
            raise GitError(f"{revision!r} is no revision{self._missing(f'; {_MORE}')}")
        done = self._run("merge-base", commit, head, accepted=(0, 1))
        if not done:
            raise GitError(f"HEAD has no commit in common with {revision!r}{self._missing(f' here; {_MORE}')}")
        return done.split()[0].decode()

    def _commit(self, revision: str) -> str | None:
        # No name begins with "-", and git may not take one for an option
        if not revision or revision.startswith("-") or "\0" in revision or "\n" in revision:
            return None
        found = self._run("rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}", accepted=(0, 1, 128))
        return found.decode().strip() if _NAME.fullmatch(found.strip()) else None

    def _missing(self, advice: str) -> str:
        """The advice, if a part of the history is not here."""
        return advice if self._run("rev-parse", "--is-shallow-repository").strip() == b"true" else ""

    def tree(self, commit: str) -> Tree:
        """The files of a commit, and of each submodule those of the commit that it names.

        Raises:
            GitError: objects are missing.
        """
        listed = self._run("ls-tree", "-r", "-z", "--full-tree", commit).split(b"\0")
        return self._files((match.groups() for line in listed if (match := _LISTED.fullmatch(line))), staged=False)

    def staged(self) -> Tree:
        """The files of the index, also where a commit under way has one of its own; of submodules the same.

        Raises:
            GitError: git cannot read it.
        """
        lines = self._run("ls-files", "--stage", "-z", "--full-name", index=True).split(b"\0")
        found = (match.groups() for line in lines if (match := _STAGED.fullmatch(line)))
        # In a conflict there are several: ours is what the work tree is nearest to
        return self._files(((mode, name, path) for mode, name, stage, path in found if stage in b"02"), staged=True)

    def left_out(self) -> set[str]:
        """The absolute paths that a sparse checkout leaves out of the work tree.

        Raises:
            GitError: git cannot read the index.
        """
        lines = self._run("ls-files", "-t", "-z", "--full-name").split(b"\0")
        return {self._place(line[2:]) for line in lines if line.startswith(b"S ")}

    def _place(self, path: bytes) -> str:
        return "/".join((self.top.replace(os.sep, "/").rstrip("/"), os.fsdecode(path)))

    def _files(self, entries: Iterable[tuple[bytes, ...]], *, staged: bool) -> Tree:
        tree = Tree()
        for mode, name, path in entries:
            place = self._place(path)
            if mode.decode() in _FILES:
                tree.files[place] = Blob(self, name.decode())
            elif mode.decode() == _SUBMODULE and os.path.exists(os.path.join(place, ".git")):
                inner = Repository(place)._inner(name.decode(), staged)
                tree.files |= inner.files
                tree.unknown += inner.unknown
        return tree

    def _inner(self, commit: str, staged: bool) -> Tree:
        """Of a submodule, of which a commit around it has no more than that commit."""
        try:
            if staged and self._commit("HEAD") == commit:
                return self.staged()
            return self.tree(commit)
        except GitError:
            return Tree(unknown=[self.top.replace(os.sep, "/")])

    def _run(self, *arguments: str, data: bytes = b"", accepted: Iterable[int] = (0,), index: bool = False) -> bytes:
        command = ["git", "-C", self.top, *_SAFE, *arguments]
        environment = {name: value for name, value in os.environ.items() if name not in _PLACES}
        # No transport at all, whatever the repository allows: a partial clone would fetch what it lacks
        environment |= {"GIT_ALLOW_PROTOCOL": "none", "GIT_NO_LAZY_FETCH": "1", "GIT_TERMINAL_PROMPT": "0"}
        environment |= {"GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"}
        if index and (file := self._index_file()):
            environment["GIT_INDEX_FILE"] = file
        try:
            done = subprocess.run(command, input=data, capture_output=True, env=environment, check=False)
        except FileNotFoundError:
            raise GitError("git is not installed") from None
        except (OSError, ValueError) as error:
            raise GitError(f"git cannot be run: {error}") from error
        if done.returncode not in accepted:
            raise GitError(_reason(done.stderr) or f"git {arguments[0]} failed")
        return done.stdout

    def _index_file(self) -> str | None:
        """The index that git has told its hook to take, if it is this repository's hook."""
        told = os.environ.get("GIT_INDEX_FILE")
        here = Repository.around(os.getcwd())
        return os.path.abspath(told) if told and here is not None and _same(here.top, self.top) else None


def contents(blobs: Iterable[Blob]) -> dict[Blob, bytes]:
    """The bytes of each.

    Raises:
        GitError: some are not here.
    """
    wanted: dict[Repository, list[Blob]] = {}
    for blob in blobs:
        wanted.setdefault(blob.repository, []).append(blob)
    found: dict[Blob, bytes] = {}
    for repository, held in wanted.items():
        names = "".join(f"{blob.name}\n" for blob in held).encode()
        output = repository._run("cat-file", "--batch", data=names)
        found.update(zip(held, _batch(output, repository), strict=True))
    return found


def _batch(output: bytes, repository: Repository) -> Iterator[bytes]:
    offset = 0
    while offset < len(output):
        end = output.index(b"\n", offset)
        name, *rest = output[offset:end].split(b" ")
        if len(rest) != 2:
            raise GitError(f"{repository.top} lacks object {name.decode()}")
        size = int(rest[1])
        yield output[end + 1 : end + 1 + size]
        offset = end + size + 2


def _reason(stderr: bytes) -> str:
    if b"promisor" in stderr:
        return "this partial clone lacks contents, which 'git diff --stat REV...' fetches"
    lines = [line.strip() for line in stderr.decode("utf-8", "replace").splitlines() if line.strip()]
    telling = [line for line in lines if line.startswith(("fatal:", "error:"))]
    return f"git: {(telling or lines)[0].removeprefix('fatal:').removeprefix('error:').strip()}" if lines else ""


def _same(one: str, other: str) -> bool:
    return os.path.realpath(one) == os.path.realpath(other)
