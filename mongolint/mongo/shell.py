"""How mongosh calls what the driver calls: methods, options, constructors; and the names that ``db.`` has itself.

Data only. Sources: MongoDB manual, "mongosh Methods" (Database, Collection, Cursor, Object Constructors and Methods).
"""

from __future__ import annotations

# Others are the driver's name in camel case
METHODS: dict[str, str] = {
    "aggregate_raw_batches": "aggregate",
    "ensure_index": "createIndex",
    "find_one_or_404": "findOne",
    "find_raw_batches": "find",
    "list_indexes": "getIndexes",
    "index_information": "getIndexes",
    "reindex": "reIndex",
    "rename": "renameCollection",
}

# Options that are not the driver's name in camel case
OPTIONS: dict[str, str] = {"max_time_ms": "maxTimeMS"}

# Keywords of find, and methods of its cursor, by the method that mongosh's cursor has for them, in the order to write
CURSOR: dict[str, str] = {
    "sort": "sort",
    "skip": "skip",
    "limit": "limit",
    "hint": "hint",
    "collation": "collation",
    "min": "min",
    "max": "max",
    "max_time_ms": "maxTimeMS",
    "allow_disk_use": "allowDiskUse",
    "batch_size": "batchSize",
    "comment": "comment",
    "return_key": "returnKey",
    "show_record_id": "showRecordId",
    "count": "count",
    "distinct": "distinct",
}

# Arguments that say how the driver sends a command, not what it asks
DRIVER_ONLY: frozenset[str] = frozenset({"session", "codec_options", "read_preference", "read_concern"})

# What the driver hands on to the server among its **kwargs
KEYWORDS: frozenset[str] = frozenset(
    {
        *("allowDiskUse", "batchSize", "bypassDocumentValidation", "collation", "comment", "cursor", "hint", "let"),
        *("limit", "maxTimeMS", "multi", "skip", "sort", "upsert"),
    }
)

# Classes whose objects mongosh makes from one string or number
CONSTRUCTORS: dict[str, str] = {
    "bson.ObjectId": "ObjectId",
    "bson.objectid.ObjectId": "ObjectId",
    "bson.decimal128.Decimal128": "Decimal128",
    "bson.Decimal128": "Decimal128",
    "bson.int64.Int64": "Long",
    "bson.Int64": "Long",
    "uuid.UUID": "UUID",
}

_DATABASE = """
    adminCommand aggregate auth changeUserPassword checkMetadataConsistency cloneDatabase commandHelp copyDatabase
    createCollection createEncryptedCollection createRole createUser createView currentOp disableFreeMonitoring
    dropAllRoles dropAllUsers dropDatabase dropRole dropUser enableFreeMonitoring eval fsyncLock fsyncUnlock
    getCollection getCollectionInfos getCollectionNames getLastError getLastErrorObj getLogComponents getMongo getName
    getProfilingStatus getReplicationInfo getRole getRoles getSiblingDB getSisterDB getUser getUsers
    grantPrivilegesToRole grantRolesToRole grantRolesToUser hello help hostInfo isMaster killOp listCommands logout
    printCollectionStats printReplicationInfo printSecondaryReplicationInfo printShardingStatus
    printSlaveReplicationInfo removeUser revokePrivilegesFromRole revokeRolesFromRole revokeRolesFromUser
    rotateCertificates runCommand serverBits serverBuildInfo serverCmdLineOpts serverStatus setLogLevel
    setProfilingLevel setSecondaryOk shutdownServer sql stats updateRole updateUser version watch
    constructor hasOwnProperty isPrototypeOf propertyIsEnumerable toLocaleString toString valueOf
"""
# Of these names ``db.name`` is a method of the database, not a collection
DATABASE_NAMES: frozenset[str] = frozenset(_DATABASE.split())
