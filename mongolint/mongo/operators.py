"""The operators of MongoDB's query language by what they do to a filter, an update or a pipeline.

Data only; may not know trees, rules or the project model. Sources: the manual's pages "Query Predicates",
"Update Operators" and "Aggregation Stages" (8.x); a test asks a server 6.0.5 for each. Expression operators
(`$add`, `$cond` ...) are not listed: they occur only inside `$expr`, stages and pipeline updates.
"""

from __future__ import annotations

from typing import Literal

from mongolint.fastclasses import NamedTuple

OperatorClass = Literal[
    "equality",
    "in",
    "range",
    "negation",
    "regex",
    "exists",
    "type",
    "mod",
    "bits",
    "geo",
    "text",
    "elem-match",
    "array",
    "expr",
    "schema",
    "javascript",
    "logical",
    "sample",
    "constant",
    "comment",
]


class QueryOperator(NamedTuple):
    """``top`` operators are keys of a filter (or of a clause of `$and`), the others of a field's value.

    The server refuses each in the other place ("unknown top level operator", "unknown operator").
    """

    operator_class: OperatorClass
    top: bool = False


QUERY_OPERATORS: dict[str, QueryOperator] = {
    "$eq": QueryOperator("equality"),
    "$in": QueryOperator("in"),
    "$gt": QueryOperator("range"),
    "$gte": QueryOperator("range"),
    "$lt": QueryOperator("range"),
    "$lte": QueryOperator("range"),
    "$ne": QueryOperator("negation"),
    "$nin": QueryOperator("negation"),
    "$not": QueryOperator("negation"),
    "$regex": QueryOperator("regex"),
    "$options": QueryOperator("regex"),
    "$exists": QueryOperator("exists"),
    "$type": QueryOperator("type"),
    "$mod": QueryOperator("mod"),
    "$bitsAllClear": QueryOperator("bits"),
    "$bitsAllSet": QueryOperator("bits"),
    "$bitsAnyClear": QueryOperator("bits"),
    "$bitsAnySet": QueryOperator("bits"),
    "$geoIntersects": QueryOperator("geo"),
    "$geoWithin": QueryOperator("geo"),
    "$near": QueryOperator("geo"),
    "$nearSphere": QueryOperator("geo"),
    # Older names that the server still takes.
    "$geoNear": QueryOperator("geo"),
    "$within": QueryOperator("geo"),
    "$text": QueryOperator("text", top=True),
    "$elemMatch": QueryOperator("elem-match"),
    "$all": QueryOperator("array"),
    "$size": QueryOperator("array"),
    "$expr": QueryOperator("expr", top=True),
    "$jsonSchema": QueryOperator("schema", top=True),
    "$where": QueryOperator("javascript", top=True),
    "$and": QueryOperator("logical", top=True),
    "$or": QueryOperator("logical", top=True),
    # Negates its clauses, but is read as a list of filters like the other two.
    "$nor": QueryOperator("logical", top=True),
    "$sampleRate": QueryOperator("sample", top=True),
    "$alwaysFalse": QueryOperator("constant", top=True),
    "$alwaysTrue": QueryOperator("constant", top=True),
    "$comment": QueryOperator("comment", top=True),
}

# Keys inside the value of a geo or text operator, never operators of a field.
QUERY_ARGUMENTS: dict[str, OperatorClass] = {
    "$geometry": "geo",
    "$maxDistance": "geo",
    "$minDistance": "geo",
    "$box": "geo",
    "$center": "geo",
    "$centerSphere": "geo",
    "$polygon": "geo",
    "$uniqueDocs": "geo",
    "$search": "text",
    "$language": "text",
    "$caseSensitive": "text",
    "$diacriticSensitive": "text",
}

UPDATE_OPERATORS: dict[str, Literal["field", "array", "bitwise"]] = {
    "$currentDate": "field",
    "$inc": "field",
    "$max": "field",
    "$min": "field",
    "$mul": "field",
    "$rename": "field",
    "$set": "field",
    "$setOnInsert": "field",
    "$unset": "field",
    "$addToSet": "array",
    "$pop": "array",
    "$pull": "array",
    "$pullAll": "array",
    "$push": "array",
    "$bit": "bitwise",
}

# A server 6.0.5 answers "Unknown modifier".
REMOVED_UPDATE_OPERATORS: frozenset[str] = frozenset({"$pushAll"})

# Keys inside the value of $push; $addToSet takes $each only.
PUSH_MODIFIERS: frozenset[str] = frozenset({"$each", "$position", "$slice", "$sort"})

# An update may be a pipeline of these stages (manual: "Updates with Aggregation Pipeline").
UPDATE_STAGES: frozenset[str] = frozenset({"$addFields", "$project", "$replaceRoot", "$replaceWith", "$set", "$unset"})

# True: what comes out are documents that went in, each with the fields it had. Stages that pick, order or cut
# keep them; a stage that adds one field does not, for the field may replace one of that name. $search may
# return only the stored part of a document (`returnStoredSource`), $redact a pruned one; $out and $merge
# return nothing. $vectorSearch and the fusion stages, new and changing, are taken not to.
PIPELINE_STAGES: dict[str, bool] = {
    "$addFields": False,
    "$bucket": False,
    "$bucketAuto": False,
    "$changeStream": False,
    "$changeStreamSplitLargeEvent": False,
    "$collStats": False,
    "$count": False,
    "$currentOp": False,
    "$densify": False,
    "$documents": False,
    "$facet": False,
    "$fill": False,
    "$geoNear": False,
    "$graphLookup": False,
    "$group": False,
    "$indexStats": False,
    "$limit": True,
    "$listClusterCatalog": False,
    "$listLocalSessions": False,
    "$listSampledQueries": False,
    "$listSearchIndexes": False,
    "$listSessions": False,
    "$lookup": False,
    "$match": True,
    "$merge": False,
    "$out": False,
    "$planCacheStats": False,
    "$project": False,
    "$querySettings": False,
    "$queryStats": False,
    "$rankFusion": False,
    "$redact": False,
    "$replaceRoot": False,
    "$replaceWith": False,
    # Returns the same documents in another order (Vector Search manual); $score adds metadata, no field.
    "$rerank": True,
    "$sample": True,
    "$score": True,
    "$scoreFusion": False,
    "$search": False,
    "$searchMeta": False,
    "$set": False,
    "$setWindowFields": False,
    "$shardedDataDistribution": False,
    "$skip": True,
    "$sort": True,
    "$sortByCount": False,
    "$unionWith": False,
    "$unset": False,
    "$unwind": False,
    "$vectorSearch": False,
}
