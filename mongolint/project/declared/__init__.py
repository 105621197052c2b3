"""Indexes that classes of object mappers declare, as the mappers make them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mongolint.mongo import mappers
from mongolint.project.declared.beanie import BeanieFinder
from mongolint.project.declared.classes import Classes
from mongolint.project.declared.mongoengine import MongoEngineFinder
from mongolint.project.indexes import IndexDeclaration, IndexFinder

if TYPE_CHECKING:
    from mongolint.link.linker import Linker
    from mongolint.project.documents import Reader


def find_mapped(link: Linker, reader: Reader) -> list[IndexDeclaration]:
    """Every index that a document class of Beanie or MongoEngine declares, each once."""
    packages = {name.partition(".")[0] for facts in link.modules for name, _, level in facts.imports if not level}
    if not packages & mappers.PACKAGES:
        return []
    classes, finder = Classes(link), IndexFinder(link, reader)
    found = [
        *BeanieFinder(link, reader, finder, classes).find(),
        *MongoEngineFinder(link, reader, finder, classes).find(),
    ]
    return list({(*index.spelled[:2], index.collection_name, index.keys): index for index in found}.values())
