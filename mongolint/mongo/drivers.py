"""Which qualified names belong to the drivers: classes, constants, write requests, errors, packages.

Data only; may not import a driver, nor know trees, rules or the project model. Names are those a program may
write, so one class has several. Sources: PyMongo 4.20.1, Motor 3.7.1 and Flask-PyMongo 3.0.1 as installed;
PyMongo 3.13.0 and 2.9.5 and Motor 0.x for names that are gone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypeVar

from mongolint.fastclasses import NamedTuple

T = TypeVar("T")

Flavour = Literal["sync", "async", "motor"]
ClassRole = Literal[
    "client",
    "database",
    "collection",
    "cursor",
    "command-cursor",
    "session",
    "change-stream",
    "extension",
]


class DriverClass(NamedTuple):
    """What an instance is, whether it was constructed or only promised by an annotation."""

    role: ClassRole
    flavour: Flavour


class Request(NamedTuple):
    """A write request for ``bulk_write``: its positional parameters, and which of them plays which part."""

    params: tuple[str, ...]
    many: bool = False
    filter: str | None = None
    update: str | None = None
    document: str | None = None
    sort: str | None = None
    hint: str | None = None

    def arguments(self, given: Sequence[tuple[str | None, T]]) -> dict[str, T]:
        """By parameter what is passed for it, of arguments with their keywords."""
        positional = [argument for keyword, argument in given if keyword is None]
        named = {keyword: argument for keyword, argument in given if keyword is not None and "*" not in keyword}
        return {**dict(zip(self.params, positional, strict=False)), **named}


def _classes(flavour: Flavour, names: dict[ClassRole, str]) -> dict[str, DriverClass]:
    return {name: DriverClass(role, flavour) for role, qualified in names.items() for name in qualified.split()}


_SYNC = _classes(
    "sync",
    {
        "client": """
            pymongo.MongoClient
            pymongo.mongo_client.MongoClient
            pymongo.synchronous.mongo_client.MongoClient
            flask_pymongo.wrappers.MongoClient
        """,
        "database": """
            pymongo.database.Database
            pymongo.synchronous.database.Database
            flask_pymongo.wrappers.Database
        """,
        "collection": """
            pymongo.collection.Collection
            pymongo.synchronous.collection.Collection
            flask_pymongo.wrappers.Collection
        """,
        "cursor": """
            pymongo.cursor.Cursor
            pymongo.cursor.RawBatchCursor
            pymongo.synchronous.cursor.Cursor
            pymongo.synchronous.cursor.RawBatchCursor
        """,
        "command-cursor": """
            pymongo.command_cursor.CommandCursor
            pymongo.command_cursor.RawBatchCommandCursor
            pymongo.synchronous.command_cursor.CommandCursor
            pymongo.synchronous.command_cursor.RawBatchCommandCursor
        """,
        "session": """
            pymongo.client_session.ClientSession
            pymongo.synchronous.client_session.ClientSession
        """,
        "change-stream": """
            pymongo.change_stream.ChangeStream
            pymongo.change_stream.ClusterChangeStream
            pymongo.change_stream.CollectionChangeStream
            pymongo.change_stream.DatabaseChangeStream
            pymongo.synchronous.change_stream.ChangeStream
            pymongo.synchronous.change_stream.ClusterChangeStream
            pymongo.synchronous.change_stream.CollectionChangeStream
            pymongo.synchronous.change_stream.DatabaseChangeStream
        """,
        "extension": "flask_pymongo.PyMongo",
    },
)

_ASYNC = _classes(
    "async",
    {
        "client": """
            pymongo.AsyncMongoClient
            pymongo.asynchronous.mongo_client.AsyncMongoClient
        """,
        "database": "pymongo.asynchronous.database.AsyncDatabase",
        "collection": "pymongo.asynchronous.collection.AsyncCollection",
        "cursor": """
            pymongo.asynchronous.cursor.AsyncCursor
            pymongo.asynchronous.cursor.AsyncRawBatchCursor
        """,
        "command-cursor": """
            pymongo.asynchronous.command_cursor.AsyncCommandCursor
            pymongo.asynchronous.command_cursor.AsyncRawBatchCommandCursor
        """,
        "session": "pymongo.asynchronous.client_session.AsyncClientSession",
        "change-stream": """
            pymongo.asynchronous.change_stream.AsyncChangeStream
            pymongo.asynchronous.change_stream.AsyncClusterChangeStream
            pymongo.asynchronous.change_stream.AsyncCollectionChangeStream
            pymongo.asynchronous.change_stream.AsyncDatabaseChangeStream
        """,
    },
)

# `motor` re-exports __all__ of motor.motor_tornado, without the latent cursors, where Tornado is installed.
_MOTOR = _classes(
    "motor",
    {
        "client": """
            motor.MotorClient
            motor.motor_tornado.MotorClient
            motor.motor_asyncio.AsyncIOMotorClient
            motor.core.AgnosticClient
        """,
        "database": """
            motor.MotorDatabase
            motor.motor_tornado.MotorDatabase
            motor.motor_asyncio.AsyncIOMotorDatabase
            motor.core.AgnosticDatabase
        """,
        "collection": """
            motor.MotorCollection
            motor.motor_tornado.MotorCollection
            motor.motor_asyncio.AsyncIOMotorCollection
            motor.core.AgnosticCollection
        """,
        "cursor": """
            motor.MotorCursor
            motor.motor_tornado.MotorCursor
            motor.motor_asyncio.AsyncIOMotorCursor
            motor.core.AgnosticCursor
            motor.core.AgnosticRawBatchCursor
        """,
        "command-cursor": """
            motor.MotorCommandCursor
            motor.motor_tornado.MotorCommandCursor
            motor.motor_tornado.MotorLatentCommandCursor
            motor.motor_asyncio.AsyncIOMotorCommandCursor
            motor.motor_asyncio.AsyncIOMotorLatentCommandCursor
            motor.core.AgnosticCommandCursor
            motor.core.AgnosticLatentCommandCursor
            motor.core.AgnosticRawBatchCommandCursor
        """,
        "session": """
            motor.MotorClientSession
            motor.motor_tornado.MotorClientSession
            motor.motor_asyncio.AsyncIOMotorClientSession
            motor.core.AgnosticClientSession
        """,
        "change-stream": """
            motor.MotorChangeStream
            motor.motor_tornado.MotorChangeStream
            motor.motor_asyncio.AsyncIOMotorChangeStream
            motor.core.AgnosticChangeStream
        """,
    },
)

# PyMongo 2.9.5 has all six, 3.13.0 only MongoReplicaSetClient, 4 none; Motor's are those of 0.x.
REMOVED_CLASSES: dict[str, DriverClass] = {
    **_classes(
        "sync",
        {
            "client": """
                pymongo.Connection
                pymongo.connection.Connection
                pymongo.ReplicaSetConnection
                pymongo.replica_set_connection.ReplicaSetConnection
                pymongo.MongoReplicaSetClient
                pymongo.mongo_replica_set_client.MongoReplicaSetClient
            """
        },
    ),
    **_classes(
        "motor",
        {
            "client": """
                motor.MotorReplicaSetClient
                motor.motor_tornado.MotorReplicaSetClient
                motor.motor_asyncio.AsyncIOMotorReplicaSetClient
            """
        },
    ),
}

CLASSES: dict[str, DriverClass] = {**_SYNC, **_ASYNC, **_MOTOR, **REMOVED_CLASSES}

# An index model's first parameter is `keys`, the rest are options of the index; a search index has no keys.
INDEX_MODELS: frozenset[str] = frozenset({"pymongo.IndexModel", "pymongo.operations.IndexModel"})
COLLATIONS: frozenset[str] = frozenset({"pymongo.collation.Collation"})
SEARCH_INDEX_MODELS: frozenset[str] = frozenset({"pymongo.operations.SearchIndexModel"})

# pymongo/__init__.py; GEOHAYSTACK left with PyMongo 4.
CONSTANTS: dict[str, int | str] = {
    "pymongo.ASCENDING": 1,
    "pymongo.DESCENDING": -1,
    "pymongo.GEO2D": "2d",
    "pymongo.GEOSPHERE": "2dsphere",
    "pymongo.HASHED": "hashed",
    "pymongo.TEXT": "text",
    "flask_pymongo.ASCENDING": 1,
    "flask_pymongo.DESCENDING": -1,
}
REMOVED_CONSTANTS: dict[str, int | str] = {"pymongo.GEOHAYSTACK": "geoHaystack"}

# The context manager that bounds every operation in its block, with PyMongo and Motor alike.
TIMEOUT_CONTEXTS: frozenset[str] = frozenset({"pymongo.timeout"})

_REQUESTS: dict[str, Request] = {
    "InsertOne": Request(("document", "namespace"), document="document"),
    "ReplaceOne": Request(
        ("filter", "replacement", "upsert", "collation", "hint", "namespace", "sort"),
        filter="filter",
        document="replacement",
        sort="sort",
        hint="hint",
    ),
    "UpdateOne": Request(
        ("filter", "update", "upsert", "collation", "array_filters", "hint", "namespace", "sort"),
        filter="filter",
        update="update",
        sort="sort",
        hint="hint",
    ),
    "UpdateMany": Request(
        ("filter", "update", "upsert", "collation", "array_filters", "hint", "namespace"),
        many=True,
        filter="filter",
        update="update",
        hint="hint",
    ),
    "DeleteOne": Request(("filter", "collation", "hint", "namespace"), filter="filter", hint="hint"),
    "DeleteMany": Request(("filter", "collation", "hint", "namespace"), many=True, filter="filter", hint="hint"),
}
REQUESTS: dict[str, Request] = {
    f"{module}.{name}": request for module in ("pymongo", "pymongo.operations") for name, request in _REQUESTS.items()
}

# An error's bases, nearest first, without itself; "Exception" is Python's own.
_PYMONGO = ("pymongo.errors.PyMongoError", "Exception")
_CONFIGURATION = ("pymongo.errors.ConfigurationError", *_PYMONGO)
_CONNECTION = ("pymongo.errors.ConnectionFailure", *_PYMONGO)
_RECONNECT = ("pymongo.errors.AutoReconnect", *_CONNECTION)
_OPERATION = ("pymongo.errors.OperationFailure", *_PYMONGO)
_WRITE = ("pymongo.errors.WriteError", *_OPERATION)
_WRITE_CONCERN = ("pymongo.errors.WriteConcernError", *_OPERATION)
_ENCRYPTION = ("pymongo.errors.EncryptionError", *_PYMONGO)
_BSON = ("bson.errors.BSONError", "Exception")
_GRIDFS = ("gridfs.errors.GridFSError", *_PYMONGO)

ERRORS: dict[str, tuple[str, ...]] = {
    "pymongo.errors.PyMongoError": ("Exception",),
    "pymongo.errors.AutoReconnect": _CONNECTION,
    "pymongo.errors.BulkWriteError": _OPERATION,
    "pymongo.errors.ClientBulkWriteException": _OPERATION,
    "pymongo.errors.CollectionInvalid": _PYMONGO,
    "pymongo.errors.ConfigurationError": _PYMONGO,
    "pymongo.errors.ConnectionFailure": _PYMONGO,
    "pymongo.errors.CursorNotFound": _OPERATION,
    # Not a PyMongoError: `except PyMongoError` lets it, InvalidDocument and InvalidId through.
    "pymongo.errors.DocumentTooLarge": ("bson.errors.InvalidDocument", *_BSON),
    "pymongo.errors.DuplicateKeyError": _WRITE,
    "pymongo.errors.EncryptedCollectionError": _ENCRYPTION,
    "pymongo.errors.EncryptionError": _PYMONGO,
    "pymongo.errors.ExecutionTimeout": _OPERATION,
    "pymongo.errors.InvalidDocument": _BSON,
    "pymongo.errors.InvalidName": _PYMONGO,
    "pymongo.errors.InvalidOperation": _PYMONGO,
    "pymongo.errors.InvalidURI": _CONFIGURATION,
    "pymongo.errors.NetworkTimeout": _RECONNECT,
    "pymongo.errors.NotPrimaryError": _RECONNECT,
    "pymongo.errors.OperationFailure": _PYMONGO,
    "pymongo.errors.ProtocolError": _PYMONGO,
    "pymongo.errors.ServerSelectionTimeoutError": _RECONNECT,
    "pymongo.errors.WTimeoutError": _WRITE_CONCERN,
    "pymongo.errors.WaitQueueTimeoutError": _CONNECTION,
    "pymongo.errors.WriteConcernError": _OPERATION,
    "pymongo.errors.WriteError": _OPERATION,
    "bson.errors.BSONError": ("Exception",),
    "bson.errors.InvalidBSON": _BSON,
    "bson.errors.InvalidDocument": _BSON,
    "bson.errors.InvalidId": _BSON,
    "bson.errors.InvalidStringData": _BSON,
    "bson.InvalidBSON": _BSON,
    "bson.InvalidDocument": _BSON,
    "bson.InvalidStringData": _BSON,
    "bson.objectid.InvalidId": _BSON,
    "gridfs.errors.GridFSError": _PYMONGO,
    "gridfs.errors.CorruptGridFile": _GRIDFS,
    "gridfs.errors.FileExists": _GRIDFS,
    "gridfs.errors.NoFile": _GRIDFS,
    "gridfs.NoFile": _GRIDFS,
}

# pymongo/errors.py of 3.13.0; CertificateError came from ssl and is left out.
REMOVED_ERRORS: dict[str, tuple[str, ...]] = {
    "pymongo.errors.ExceededMaxWaiters": _PYMONGO,
    "pymongo.errors.NotMasterError": _RECONNECT,
}

# What stores files in GridFS: none of its methods gives a collection or works on one of the application's.
FILES: frozenset[str] = frozenset(
    f"{package}.{cls}"
    for package, classes in (
        ("gridfs", ("GridFS", "GridFSBucket", "AsyncGridFS", "AsyncGridFSBucket")),
        ("gridfs.synchronous", ("GridFS", "GridFSBucket")),
        ("gridfs.asynchronous", ("AsyncGridFS", "AsyncGridFSBucket")),
        ("motor", ("MotorGridFS", "MotorGridFSBucket")),
        ("motor.motor_tornado", ("MotorGridFS", "MotorGridFSBucket")),
        ("motor.motor_asyncio", ("AsyncIOMotorGridFS", "AsyncIOMotorGridFSBucket")),
    )
    for cls in classes
)

# Top-level import names: a project that imports one uses the driver.
DRIVER_PACKAGES: frozenset[str] = frozenset({"bson", "flask_pymongo", "gridfs", "motor", "pymongo"})

# Views of Flask-Admin that let people change the documents of the collection they are given
EDITORS: frozenset[str] = frozenset(
    {"flask_admin.contrib.pymongo.ModelView", "flask_admin.contrib.pymongo.view.ModelView"}
)

# Object mappers and wrappers on top of a driver: their own find_one and the like are not the driver's.
ODM_PACKAGES: frozenset[str] = frozenset(
    {
        "beanie",
        "bunnet",
        "django_mongodb_backend",
        "djongo",
        "flask_mongoengine",
        "ming",
        "mongo_thingy",
        "mongoengine",
        "mongokit",
        "motorengine",
        "odmantic",
        "pydantic_mongo",
        "pymodm",
        "pymongo_inmemory",
        "pyodmongo",
        "quart_motor",
        "sanic_motor",
        "umongo",
    }
)
