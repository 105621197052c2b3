"""Discovery: from the paths a user gives to the Python files to read, and the scripts that may declare indexes.

May not open a file that it finds: what is in it is `mongolint.source.text`'s. Whatever cannot be listed becomes a
`Problem`, and the rest goes on.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterable, Sequence
from dataclasses import field
from pathlib import Path

from mongolint.config import DEFAULT_EXCLUDE
from mongolint.config import project_root as project_root
from mongolint.fastclasses import NamedTuple, dataclass
from mongolint.globs import Globs
from mongolint.source.gitindex import tracked

_SUFFIX = ".py"
_SCRIPT_SUFFIXES = (".js", ".mongodb")
_NO_SCRIPTS = (".min.js", ".bundle.js", ".test.js", ".spec.js")
# Emacs marks a file that is being edited by a link to nowhere, ".#name.py".
_LOCK = ".#"


class Problem(NamedTuple):
    """A path that is not read, and why: one line. ``path`` is relative to the working directory."""

    path: str
    message: str


@dataclass(slots=True)
class Discovery:
    """``files``: absolute, sorted, each file once whatever leads to it. ``problems``: what could not be read.

    ``scripts``: JavaScript, which may declare indexes. ``skipped``: links that lead out of the given paths, met on
    the way, which is no fault of the user's.
    """

    files: list[Path] = field(default_factory=list)
    scripts: list[Path] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    skipped: list[Problem] = field(default_factory=list)


def discover(
    paths: Sequence[Path],
    *,
    cwd: Path,
    exclude: Sequence[str] = DEFAULT_EXCLUDE,
    exclude_root: Path | None = None,
    force_exclude: bool = False,
    respect_gitignore: bool = True,
) -> Discovery:
    """The Python files and scripts under the given directories, and the given files whatever their suffix.

    Args:
        paths: files and directories, relative ones to ``cwd``. They are taken even if git ignores them or
            ``exclude`` names them; what lies below a directory is not.
        exclude: patterns as in a ``.gitignore``, relative to ``exclude_root`` (default: ``cwd``).
        force_exclude: ``exclude`` holds for the given paths too.
        respect_gitignore: heed ``.gitignore`` files from the git root downwards and ``.git/info/exclude``.

    Raises:
        ValueError: a malformed pattern in ``exclude``.
    """
    base = _absolute(exclude_root or cwd, cwd)
    walk = _Walk(_absolute(cwd, cwd), _Patterns(base, Globs(exclude)), respect_gitignore)
    given = [_absolute(path, cwd) for path in paths]
    for path in given:
        if not (force_exclude and walk.exclude.covers(path)):
            walk.start(path)
    walk.follow_links()
    result = walk.result
    result.files = [Path(path) for path in sorted(walk.found.values())]
    result.scripts = [Path(path) for path in sorted(walk.scripts.values())]
    return result


def is_left_out(path: str, root: str, exclude: Iterable[str], *, respect_gitignore: bool) -> bool:
    """Whether a file below ``root`` is excluded (relative to that) or ignored by git."""
    walk = _Walk(root, _Patterns(root, Globs(exclude)), respect_gitignore)
    folder = os.path.dirname(path)
    names = [name for name in (".git", ".gitignore") if os.path.exists(os.path.join(folder, name))]
    chain = walk.chain_at(folder, names, walk.chain_above(folder))
    return walk.exclude.covers(path) or walk.dropped(path, chain, is_dir=False)


def is_script(path: str) -> bool:
    """Whether a file is JavaScript that may declare indexes, by its name."""
    return path.endswith(_SCRIPT_SUFFIXES) and not path.endswith(_NO_SCRIPTS)


def relative(path: str | Path, cwd: str | Path) -> str:
    """``path`` relative to ``cwd`` (both absolute) with ``/`` between names, ``../`` where it is outside."""
    text, prefix = os.fspath(path), os.path.join(cwd, "")
    if not text.startswith(prefix):
        try:
            text = os.path.relpath(text, cwd)
        except ValueError:  # on another drive
            return text.replace(os.sep, "/")
    else:
        text = text[len(prefix) :]
    return text.replace(os.sep, "/") if os.sep != "/" else text


class _Patterns:
    """Patterns and the directory they are relative to."""

    __slots__ = ("_globs", "_prefix")

    def __init__(self, base: str, globs: Globs) -> None:
        self._prefix = os.path.join(base, "")
        self._globs = globs

    def match(self, path: str, *, is_dir: bool) -> bool | None:
        return self._globs.match(self._below(path), is_dir=is_dir)

    def covers(self, path: str) -> bool:
        return self._globs.covers(self._below(path))

    def _below(self, path: str) -> str:
        # Outside the base a pattern can only speak of names.
        below = path[len(self._prefix) :] if path.startswith(self._prefix) else os.path.basename(path)
        return below.replace(os.sep, "/") if os.sep != "/" else below


# The ignore files that hold at a directory, outermost first.
_Chain = tuple[_Patterns, ...]


class _Link(NamedTuple):
    """A link met in a directory or, if ``given``, named by the user."""

    path: str
    chain: _Chain
    given: bool


class _Walk:
    """One discovery. Directories are listed once each; links wait until all that is no link is known."""

    def __init__(self, cwd: str, exclude: _Patterns, respect_gitignore: bool) -> None:
        self.cwd = cwd
        self.exclude = exclude
        self.respect_gitignore = respect_gitignore
        self.result = Discovery()
        self.found: dict[str, str] = {}  # path without links -> path as reached
        self.scripts: dict[str, str] = {}  # the same, of JavaScript
        self.listed: set[str] = set()  # directories, without links
        self.roots: list[str] = []  # given files and directories, without links
        self.links: list[_Link] = []
        self.tracked: dict[str, frozenset[str]] = {}  # top of a work tree -> files and directories git tracks

    def start(self, path: str) -> None:
        """Take a given path."""
        try:
            mode = os.stat(path).st_mode
            is_link = os.path.islink(path)
        except OSError as error:
            self.problem(path, _broken_link(path, error) or _reason(error))
            return
        real = os.path.realpath(path)
        if stat.S_ISDIR(mode):
            self.roots.append(real)
            self.descend(path, real, self.chain_above(path))
        elif not stat.S_ISREG(mode):
            self.problem(path, "not a regular file")
        elif is_link:
            self.links.append(_Link(path, (), given=True))
        else:
            self.roots.append(real)
            (self.scripts if path.endswith(_SCRIPT_SUFFIXES) else self.found).setdefault(real, path)

    def descend(self, top: str, real: str, chain: _Chain) -> None:
        """Take what is in a directory and below it."""
        pending = [(top, real, chain)]
        while pending:
            path, real, chain = pending.pop()
            if real in self.listed:
                continue
            self.listed.add(real)
            try:
                with os.scandir(path) as scan:
                    entries = list(scan)
            except OSError as error:
                self.problem(path, f"cannot list directory: {_reason(error)}")
                continue
            names = {entry.name for entry in entries}
            if "pyvenv.cfg" in names and path != top:
                continue  # a virtual environment, whatever its name
            chain = self.chain_at(path, names, chain)
            for entry in entries:
                self.take(entry, real, chain, pending)

    def take(self, entry: os.DirEntry[str], real: str, chain: _Chain, pending: list[tuple[str, str, _Chain]]) -> None:
        name, path = entry.name, entry.path
        try:
            if entry.is_symlink():
                self.links.append(_Link(path, chain, given=False))
            elif entry.is_dir(follow_symlinks=False):
                if not self.dropped(path, chain, is_dir=True):
                    if _ignored(path, chain, is_dir=True):  # only for what git tracks in it
                        chain = (*chain, _Patterns(path, Globs(["*"])))
                    pending.append((path, os.path.join(real, name), chain))
            elif name.endswith(_SUFFIX) or is_script(name):
                if entry.is_file(follow_symlinks=False) and not self.dropped(path, chain, is_dir=False):
                    found = self.found if name.endswith(_SUFFIX) else self.scripts
                    found.setdefault(os.path.join(real, name), path)
        except OSError as error:
            self.problem(path, _reason(error))

    def dropped(self, path: str, chain: _Chain, *, is_dir: bool, is_link: bool = False) -> bool:
        """Whether a path is excluded or ignored by git, to which a link is a file wherever it leads."""
        if self.exclude.match(path, is_dir=is_dir):
            return True
        return _ignored(path, chain, is_dir=is_dir and not is_link) and not self.is_tracked(path)

    def is_tracked(self, path: str) -> bool:
        """Whether git tracks an ignored file, or a file below an ignored directory."""
        top = path
        while not os.path.exists(os.path.join(top, ".git")):
            parent = os.path.dirname(top)
            if parent == top:
                return False
            top = parent
        if top not in self.tracked:
            self.tracked[top] = _tracked_paths(top)
        return os.path.relpath(path, top).replace(os.sep, "/") in self.tracked[top]

    def chain_above(self, path: str) -> _Chain:
        """The ignore files that hold at a given directory, its own not among them."""
        if not self.respect_gitignore:
            return ()
        above = [path]
        while not os.path.exists(os.path.join(above[-1], ".git")):
            parent = os.path.dirname(above[-1])
            if parent == above[-1]:
                return ()
            above.append(parent)
        chain: _Chain = ()
        for folder, below in zip(above[:0:-1], above[-2::-1], strict=True):
            names = {".git", ".gitignore"} if folder == above[-1] else {".gitignore"}
            chain = self.chain_at(folder, names, chain)
            if _ignored(below, chain, is_dir=True):
                # The user named a directory inside what git ignores: its reasons do not count there.
                return ()
        return chain

    def chain_at(self, folder: str, names: Iterable[str], chain: _Chain) -> _Chain:
        """The ignore files that hold in a directory that has the given names in it."""
        if not self.respect_gitignore:
            return ()
        if ".git" in names:
            # A repository inside another is its own matter.
            own = self.patterns(folder, os.path.join(_git_folder(folder), "info", "exclude"))
            chain = (own,) if own else ()
        if ".gitignore" in names:
            own = self.patterns(folder, os.path.join(folder, ".gitignore"))
            chain = (*chain, own) if own else chain
        return chain

    def patterns(self, folder: str, file: str) -> _Patterns | None:
        """The patterns in an ignore file; None if there is no such file."""
        try:
            with open(file, encoding="utf-8-sig", errors="surrogateescape", newline="\n") as lines:
                return _Patterns(folder, Globs(lines, strict=False))
        except FileNotFoundError:
            return None
        except OSError as error:
            self.problem(file, f"cannot read: {_reason(error)}")
            return None

    def follow_links(self) -> None:
        """Take what links lead to, unless it is already there. Directories below them may add links."""
        while self.links:
            # The order of a directory's entries is the file system's: it must not choose between two links.
            links, self.links = sorted(self.links, key=lambda link: link.path), []
            for link in links:
                self.follow(link)

    def follow(self, link: _Link) -> None:
        name = os.path.basename(link.path)
        python = name.endswith(_SUFFIX) and not name.startswith(_LOCK)
        try:
            mode = os.stat(link.path).st_mode
        except OSError as error:
            message = _broken_link(link.path, error)
            loop = message is not None and "loop" in message
            if (python or loop) and not self.dropped(link.path, link.chain, is_dir=False):
                self.problem(link.path, message or _reason(error))
            return
        is_dir = stat.S_ISDIR(mode)
        if not link.given:
            if not is_dir and not (python and stat.S_ISREG(mode)):
                return
            if self.dropped(link.path, link.chain, is_dir=is_dir, is_link=True):
                return
        real = os.path.realpath(link.path)
        if not any(_within(real, root) for root in self.roots):
            where = f"link leads out of the given paths, to {relative(real, self.cwd)}: not followed"
            kind = self.result.problems if link.given else self.result.skipped
            kind.append(Problem(relative(link.path, self.cwd), where))
        elif not is_dir:
            self.found.setdefault(real, link.path)
        elif _within(os.path.realpath(os.path.dirname(link.path)), real):
            self.problem(link.path, f"link loop: leads back to {relative(real, self.cwd)}")
        elif not self.exclude.covers(real):
            self.descend(link.path, real, link.chain)

    def problem(self, path: str, message: str) -> None:
        self.result.problems.append(Problem(relative(path, self.cwd), message))


def _absolute(path: Path, cwd: Path) -> str:
    return os.path.abspath(os.path.join(cwd, path))


def _ignored(path: str, chain: _Chain, *, is_dir: bool) -> bool:
    """What the innermost ignore file that speaks of a path says."""
    verdicts = (patterns.match(path, is_dir=is_dir) for patterns in reversed(chain))
    return next((verdict for verdict in verdicts if verdict is not None), False)


def _tracked_paths(top: str) -> frozenset[str]:
    """What git tracks in a work tree, directories included."""
    try:
        with open(os.path.join(_git_folder(top), "index"), "rb") as file:
            files = tracked(file.read())
    except OSError:
        return frozenset()
    folders: set[str] = set()
    for path in files:
        folder = os.path.dirname(path)
        while folder and folder not in folders:
            folders.add(folder)
            folder = os.path.dirname(folder)
    return files | folders


def _within(path: str, folder: str) -> bool:
    return path == folder or path.startswith(os.path.join(folder, ""))


def _reason(error: OSError) -> str:
    return (error.strerror or str(error)).lower()


def _broken_link(path: str, error: OSError) -> str | None:
    """What is wrong with a link that leads to nothing; None if that is not what the error says."""
    if error.errno == errno.ELOOP:
        return "link loop: leads to itself"
    if error.errno == errno.ENOENT and os.path.islink(path):
        return f"dangling link: {os.readlink(path)} does not exist"
    return None


def _git_folder(folder: str) -> str:
    """The directory with the settings of the repository at ``folder``, also of a worktree or submodule."""
    git = os.path.join(folder, ".git")
    try:
        if os.path.isfile(git):
            pointer = Path(git).read_text(encoding="utf-8").removeprefix("gitdir:").strip()
            git = os.path.join(folder, pointer)
            common = Path(git, "commondir").read_text(encoding="utf-8").strip()
            git = os.path.join(git, common)
    except (OSError, ValueError):
        pass  # a submodule has no "commondir"; of anything else, what was found so far has to do
    return git
