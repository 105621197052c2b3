"""What scripts for mongosh and for Node's driver call to reach a collection and to declare an index.

Data only. Sources: MongoDB manual, "mongosh Methods"; the reference of Node's driver 6; "createIndexes" for options.
"""

from __future__ import annotations

# runCommand takes the command createIndexes; ensureIndex left with MongoDB 5.0's shell
DECLARING: frozenset[str] = frozenset({"createIndex", "createIndexes", "ensureIndex", "runCommand"})
COLLECTIONS: frozenset[str] = frozenset({"getCollection", "collection", "createCollection"})
DATABASES: frozenset[str] = frozenset({"getSiblingDB", "getSisterDB", "getDB", "db"})

# Constructors of numbers; those of BSON in Node: Int32, Long, Double
NUMBERS: frozenset[str] = frozenset({"NumberInt", "NumberLong", "Int32", "Long", "Double", "Number", "parseInt"})

KEY_KINDS: frozenset[str] = frozenset({"text", "2d", "2dsphere", "hashed", "geoHaystack"})
# Options that say yes or no, for which the server takes a number as well
SWITCHES: frozenset[str] = frozenset({"unique", "sparse", "background", "hidden"})
# Arguments of the call that are no options of the index
NOT_OPTIONS: frozenset[str] = frozenset(
    {"comment", "commitQuorum", "key", "maxTimeMS", "ns", "session", "v", "writeConcern"}
)
