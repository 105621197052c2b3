"""Which file an import means: source roots, packages, namespace packages, scripts beside packages."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator, Sequence


class ImportMap:
    """Resolves dotted names among the files of a project.

    ``paths`` are absolute, with forward slashes. A directory is searched for ``a.b`` as ``a/b.py``,
    ``a/b/__init__.py``, or ``a/b/`` holding modules somewhere (a namespace package).
    """

    def __init__(self, paths: Iterable[str], root: str, source_roots: Sequence[str] = ()) -> None:
        self.files = set(paths)
        self.root = root
        self.source_roots = [*source_roots, posixpath.join(root, "src")]
        self.folders: set[str] = set()
        self.by_tail: dict[str, list[str]] = {}
        for path in self.files:
            self._note(path)
        # What the last part of a dotted name may be; most names of imports are none of it
        self._ends = {*self.by_tail, *map(posixpath.basename, self.folders)}
        self._found: dict[tuple[str, str], str | None] = {}
        self._roots: dict[str, list[str]] = {}

    @property
    def layout(self) -> tuple[object, ...]:
        """What answers depend on."""
        return self.files, self.root, self.source_roots

    def _note(self, path: str) -> None:
        tail = posixpath.basename(path)
        if tail == "__init__.py":
            tail = posixpath.basename(posixpath.dirname(path))
        self.by_tail.setdefault(tail.removesuffix(".py"), []).append(path)
        folder = posixpath.dirname(path)
        while folder not in self.folders and len(folder) >= len(self.root):
            self.folders.add(folder)
            folder = posixpath.dirname(folder)

    def resolve(self, importer: str, dotted: str, level: int = 0) -> str | None:
        """The file (or namespace folder) that ``dotted`` means in ``importer``; None if not in the project."""
        if dotted and dotted.rpartition(".")[2] not in self._ends:
            return None
        if level:
            folder = posixpath.dirname(importer)
            for _ in range(level - 1):
                folder = posixpath.dirname(folder)
            return self.inside(folder, dotted) if dotted else self._module_at(folder)
        key = (posixpath.dirname(importer), dotted)
        if key not in self._found:
            self._found[key] = self._search(key[0], dotted)
        found = self._found[key]
        if found == importer and "." not in dotted and self._is_in_package(importer):
            return None  # ``import docker`` in the docker.py of a package means the library
        return found

    def _is_in_package(self, path: str) -> bool:
        package = posixpath.join(posixpath.dirname(path), "__init__.py")
        return package in self.files and package != path

    def inside(self, folder: str, dotted: str) -> str | None:
        """``dotted`` below ``folder``."""
        return self._module_at(posixpath.join(folder, *dotted.split(".")))

    def _module_at(self, stem: str) -> str | None:
        package = posixpath.join(stem, "__init__.py")
        if package in self.files:
            return package
        if stem + ".py" in self.files:
            return stem + ".py"
        return stem if stem in self.folders else None

    def _search(self, folder: str, dotted: str) -> str | None:
        namespace = None
        if folder not in self._roots:
            self._roots[folder] = list(self._roots_of(folder))
        for root in self._roots[folder]:
            found = self.inside(root, dotted)
            if found is not None and found.endswith(".py"):
                return found
            namespace = namespace or found
        return namespace or self._only_match(dotted)

    def _roots_of(self, folder: str) -> Iterator[str]:
        """Where a file in ``folder`` looks: as a script its own folder first, in a package the root first."""
        above = [folder]
        while len(above[-1]) > len(self.root):
            above.append(posixpath.dirname(above[-1]))
        inner = [f for f in above if posixpath.join(f, "__init__.py") in self.files]
        yield from (f for f in above if f not in inner)
        yield from self.source_roots
        yield from inner

    def _only_match(self, dotted: str) -> str | None:
        """The one file of the project whose path ends like ``dotted``, if there is just one."""
        if "." not in dotted:
            return None
        parts = dotted.split(".")
        ends = ("/" + "/".join(parts) + ".py", "/" + "/".join(parts) + "/__init__.py")
        matches = [path for path in self.by_tail.get(parts[-1], ()) if path.endswith(ends)]
        return matches[0] if len(matches) == 1 else None
