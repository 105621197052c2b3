"""Object mappers that declare indexes in their classes: what their names mean.

Data only; a name is its package and its last part, as packages hand out one object in several modules. Sources:
Beanie 2.2.0 (odm/utils/init.py, odm/fields.py), Bunnet 1.3.0, MongoEngine 0.29.3 (base/metaclasses.py,
base/document.py), Flask-MongoEngine 1.0.0.
"""

from __future__ import annotations

Name = tuple[str, str]

PACKAGES: frozenset[str] = frozenset({"beanie", "bunnet", "mongoengine", "flask_mongoengine"})

BEANIE: tuple[str, ...] = ("beanie", "bunnet")
BEANIE_DOCUMENTS: frozenset[Name] = frozenset(
    (package, name) for package in BEANIE for name in ("Document", "DocumentWithSoftDelete")
)
BEANIE_INDEXED: frozenset[Name] = frozenset((package, "Indexed") for package in BEANIE)
PYDANTIC_FIELD: Name = ("pydantic", "Field")

MONGOENGINE_DOCUMENTS: frozenset[Name] = frozenset(
    (package, name) for package in ("mongoengine", "flask_mongoengine") for name in ("Document", "DynamicDocument")
)
# An object with all names of mongoengine as attributes
MONGOENGINE_EXTENSION: Name = ("flask_mongoengine", "MongoEngine")
# Methods of a document's class that give the driver's collection, and the driver that it is of
COLLECTION_GETTERS: dict[str, str] = {
    "get_motor_collection": "motor",
    "get_pymongo_collection": "async",
    "_get_collection": "sync",
}
# What a prefix of a field in meta["indexes"] makes of its key
MONGOENGINE_PREFIXES: dict[str, int | str] = {
    "+": 1,
    "-": -1,
    "$": "text",
    "#": "hashed",
    "(": "2dsphere",
    ")": "geoHaystack",
    "*": "2d",
}
# Fields that are indexed unless they say auto_index=False
MONGOENGINE_GEO: dict[str, str] = {
    "GeoPointField": "2d",
    "PointField": "2dsphere",
    "LineStringField": "2dsphere",
    "PolygonField": "2dsphere",
}

# Bases that declare no index themselves
NEUTRAL: frozenset[Name] = frozenset(
    {
        *((package, name) for package in BEANIE for name in ("Document", "DocumentWithSoftDelete", "View", "UnionDoc")),
        *(
            (package, name)
            for package in ("mongoengine", "flask_mongoengine")
            for name in ("Document", "DynamicDocument", "EmbeddedDocument", "DynamicEmbeddedDocument")
        ),
    }
)
