"""Collections that a library shows to people, who add, change and delete documents there: Flask-Admin's views.

Source: Flask-Admin documentation, ``flask_admin.contrib.pymongo.ModelView``, which is given the collection first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mongolint.link.atoms import ClassRef, Collection
from mongolint.link.classes import WITH_BASES
from mongolint.mongo.drivers import EDITORS

if TYPE_CHECKING:
    from mongolint.project.model import Project


def edited(project: Project) -> set[str]:
    """The names of the collections that such views of the project are given."""
    link = project.link
    views = [ClassRef(module, index) for module, index in link.gathered(WITH_BASES, "") if module not in project.tests]
    found: set[str] = set()
    for view in views:
        if any(name in EDITORS for name in link.hierarchy.external_bases(view)):
            for module, row in link.sites.constructions(view):
                given = [value for keyword, value in link.node(module, row)[2] if keyword in (None, "coll")]
                atoms = link.value(module, given[0]) if given else ()
                found.update(str(atom.name) for atom in atoms if type(atom) is Collection and atom.name is not None)
    return found
