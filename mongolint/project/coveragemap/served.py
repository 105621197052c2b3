"""Which queries a declared index serves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mongolint.project.coveragemap.asked import Site
from mongolint.project.coveragemap.build import CollectionMap, coverage_map
from mongolint.project.coveragemap.known import KnownIndex
from mongolint.project.coveragemap.standing import USES, standing
from mongolint.project.indexes import IndexDeclaration

if TYPE_CHECKING:
    from mongolint.project.model import Project


class Served:
    """For each declaration the queries that its index serves, in the order of files; those of tests left out."""

    def __init__(self, project: Project) -> None:
        self._sites: dict[tuple[int, str], list[Site]] = {}
        self._unclear: set[int] = set()
        self._idle: set[int] = set()
        maps = coverage_map(project)
        shapes = [shape for each in maps for shape in each.shapes]
        for each in maps:
            for index in each.indexes:
                if standing(index, shapes).status == "nothing" and not index.purposes:
                    self._idle.update(map(id, index.declarations))
                for declaration in index.declarations:
                    if not index.is_clear:
                        self._unclear.add(id(declaration))
                    for use in USES:
                        self._sites[id(declaration), use] = _sites(each, index, use)

    def is_idle(self, index: IndexDeclaration) -> bool:
        """Whether no query of the project can use an index, which does nothing else either."""
        return id(index) in self._idle

    def by(self, index: IndexDeclaration, use: str = "best") -> list[Site] | None:
        """The queries that ``index`` serves; None where it is not known what it is, or on which collection.

        ``use``: best, also or possible, as `mongolint.project.coveragemap.build.Shape` has them.
        """
        return None if id(index) in self._unclear else self._sites.get((id(index), use), [])


def _sites(collection: CollectionMap, index: KnownIndex, use: str) -> list[Site]:
    found = (site for shape in collection.shapes if shape.uses.get(index) == use for site in shape.sites)
    return sorted({site: None for site in found if site.origin != "test"}, key=lambda site: site.span)
