"""What each method of the driver does with its arguments: one table per class, shared by all drivers.

Data and one look-up; may not import a driver, nor know trees, rules or the project model.
Sources: signatures of PyMongo 4.20.1 (``synchronous/`` and ``asynchronous/``) and of Motor 3.7.1, which a
test compares with these tables; PyMongo 3.13.0 and 2.9.5 for what PyMongo 4 removed.
"""

from __future__ import annotations

from typing import Literal

from mongolint.fastclasses import NamedTuple

Kind = Literal["read", "write", "queued", "index", "command", "cursor-step", "plain"]
TimeLimit = Literal["max_time_ms", "maxTimeMS", "csot"]
Returns = Literal[
    "cursor",
    "command-cursor",
    "document",
    "result",
    "value",
    "collection",
    "database",
    "client",
    "session",
    "change-stream",
    "none",
]
Role = Literal["client", "database", "collection", "cursor", "command-cursor", "session"]


class Method(NamedTuple):
    """One method; the fields from `filter` to `skip` name the parameter that plays that part, if any does.

    ``kind`` is "cursor-step" for what only configures a cursor; a method that makes a cursor send its query
    is a "read". What is "queued" is written later, together with all else that is. ``time_limit`` is how one
    call can be bounded: the keyword, or "csot" where the signature has none and only ``pymongo.timeout()`` or
    the client's ``timeoutMS`` works. ``aliases`` maps other spellings
    of a keyword (older releases, Motor) to the parameter.
    """

    name: str
    kind: Kind
    params: tuple[str, ...]
    returns: Returns
    time_limit: TimeLimit
    many: bool = False
    removed: bool = False
    aliases: tuple[tuple[str, str], ...] = ()
    filter: str | None = None
    update: str | None = None
    document: str | None = None
    sort: str | None = None
    projection: str | None = None
    pipeline: str | None = None
    keys: str | None = None
    session: str | None = None
    hint: str | None = None
    limit: str | None = None
    skip: str | None = None


_ROLES = (
    "filter",
    "update",
    "document",
    "sort",
    "projection",
    "pipeline",
    "keys",
    "session",
    "hint",
    "limit",
    "skip",
)


def _method(
    name: str,
    kind: Kind,
    params: str = "",
    returns: Returns = "none",
    time_limit: TimeLimit = "csot",
    *,
    many: bool = False,
    removed: bool = False,
    aliases: tuple[tuple[str, str], ...] = (),
    **roles: str | None,
) -> Method:
    """A parameter called as a role plays it; ``roles`` says where a parameter is called otherwise."""
    positional = tuple(params.split())
    named: dict[str, str | None] = {role: role for role in _ROLES if role in positional}
    return Method(
        name=name,
        kind=kind,
        params=positional,
        returns=returns,
        time_limit=time_limit,
        many=many,
        removed=removed,
        aliases=aliases,
        **{**named, **roles},
    )


def _table(*methods: Method) -> dict[str, Method]:
    return {method.name: method for method in methods}


_OPTIONS = "codec_options read_preference write_concern read_concern"
_WATCH = (
    "pipeline full_document resume_after max_await_time_ms batch_size collation start_at_operation_time"
    " session start_after comment full_document_before_change show_expanded_events"
)
# Cursor.__init__ without the collection: find, find_one and find_raw_batches hand their arguments on to it.
_FIND = (
    "filter projection skip limit no_cursor_timeout cursor_type sort allow_partial_results oplog_replay"
    " batch_size collation hint max_scan max_time_ms max min return_key show_record_id snapshot comment"
    " session allow_disk_use let"
)
# PyMongo 2 called the first two otherwise (Cursor.__init__ of 2.9.5).
_OLD_FIND = (("spec", "filter"), ("fields", "projection"))

# Time limits: find takes `max_time_ms`; a method with **kwargs sends them to the server as fields of its
# command, where the limit is spelled `maxTimeMS`; the rest have no keyword for it. Each `maxTimeMS` was run
# on a server 6.0.5, except the search-index methods, which it lacks: they follow the driver's documentation.
CLIENT: dict[str, Method] = _table(
    _method("aclose", "plain"),
    _method("aconnect", "plain"),
    _method("append_metadata", "plain", "driver_info"),
    _method(
        "bulk_write",
        "write",
        "models session ordered verbose_results bypass_document_validation comment let write_concern",
        "result",
    ),
    _method("close", "plain"),
    _method("drop_database", "command", "name_or_database session comment"),
    _method("eq_props", "plain", returns="value"),
    _method("get_database", "plain", f"name {_OPTIONS}", "database"),
    _method("get_default_database", "plain", f"default {_OPTIONS}", "database"),
    _method("get_io_loop", "plain", returns="value"),
    _method("list_database_names", "command", "session comment", "value"),
    _method("list_databases", "command", "session comment", "command-cursor", "maxTimeMS"),
    _method("next", "plain"),
    _method("server_info", "command", "session", "document"),
    _method("start_session", "plain", "causal_consistency default_transaction_options snapshot", "session"),
    _method("watch", "command", _WATCH, "change-stream"),
    _method("wrap", "plain", "obj", "value"),
)

DATABASE: dict[str, Method] = _table(
    _method("aggregate", "read", "pipeline session", "command-cursor", "maxTimeMS", many=True, hint="hint"),
    _method(
        "command",
        "command",
        "command value check allowable_errors read_preference codec_options session comment",
        "document",
        "maxTimeMS",
    ),
    _method(
        "create_collection",
        "command",
        f"name {_OPTIONS} session check_exists",
        "collection",
        "maxTimeMS",
    ),
    _method(
        "cursor_command",
        "command",
        "command value read_preference codec_options session comment max_await_time_ms",
        "command-cursor",
        "maxTimeMS",
    ),
    # Its **kwargs go to find_one.
    _method("dereference", "read", "dbref session comment", "document", "max_time_ms"),
    _method("drop_collection", "command", "name_or_collection session comment encrypted_fields", "document"),
    _method("get_collection", "plain", f"name {_OPTIONS}", "collection"),
    _method("get_io_loop", "plain", returns="value"),
    _method("list_collection_names", "command", "session filter comment", "value", "maxTimeMS"),
    _method("list_collections", "command", "session filter comment", "command-cursor", "maxTimeMS"),
    _method("next", "plain"),
    _method(
        "validate_collection",
        "command",
        "name_or_collection scandata full session background comment",
        "document",
    ),
    _method("watch", "command", _WATCH, "change-stream"),
    _method("with_options", "plain", _OPTIONS, "database"),
    _method("wrap", "plain", "obj", "value"),
)

# count_documents and aggregate take hint (and limit, skip) among the **kwargs that go to the command.
COLLECTION: dict[str, Method] = _table(
    _method(
        "aggregate",
        "read",
        "pipeline session let comment",
        "command-cursor",
        "maxTimeMS",
        many=True,
        hint="hint",
    ),
    _method(
        "aggregate_raw_batches",
        "read",
        "pipeline session comment",
        "command-cursor",
        "maxTimeMS",
        many=True,
        hint="hint",
    ),
    _method("bulk_write", "write", "requests ordered bypass_document_validation session comment let", "result"),
    _method(
        "count_documents",
        "read",
        "filter session comment",
        "value",
        "maxTimeMS",
        hint="hint",
        limit="limit",
        skip="skip",
    ),
    _method(
        "create_index",
        "index",
        "keys session comment",
        "value",
        "maxTimeMS",
        aliases=(("key_or_list", "keys"),),
    ),
    _method("create_indexes", "index", "indexes session comment", "value", "maxTimeMS"),
    _method("create_search_index", "index", "model session comment", "value", "maxTimeMS"),
    _method("create_search_indexes", "index", "models session comment", "value", "maxTimeMS"),
    _method("delete_many", "write", "filter collation hint session let comment", "result"),
    _method("delete_one", "write", "filter collation hint session let comment", "result"),
    # Its **kwargs go to the command, which calls the filter query
    _method(
        "distinct",
        "read",
        "key filter session comment hint",
        "value",
        "maxTimeMS",
        aliases=(("query", "filter"),),
    ),
    _method("drop", "command", "session comment encrypted_fields"),
    _method("drop_index", "index", "index_or_name session comment", time_limit="maxTimeMS"),
    _method("drop_indexes", "index", "session comment", time_limit="maxTimeMS"),
    _method("drop_search_index", "index", "name session comment", time_limit="maxTimeMS"),
    _method("estimated_document_count", "read", "comment", "value", "maxTimeMS"),
    _method("find", "read", _FIND, "cursor", "max_time_ms", many=True, aliases=_OLD_FIND),
    # find_one replaces any limit by one document, so its `limit` limits nothing.
    _method(
        "find_one",
        "read",
        _FIND,
        "document",
        "max_time_ms",
        limit=None,
        aliases=(("spec_or_id", "filter"), ("fields", "projection")),
    ),
    _method(
        "find_one_and_delete",
        "write",
        "filter projection sort hint session let comment",
        "document",
        "maxTimeMS",
    ),
    _method(
        "find_one_and_replace",
        "write",
        "filter replacement projection sort upsert return_document hint session let comment",
        "document",
        "maxTimeMS",
        document="replacement",
    ),
    _method(
        "find_one_and_update",
        "write",
        "filter update projection sort upsert return_document array_filters hint session let comment",
        "document",
        "maxTimeMS",
    ),
    _method("find_raw_batches", "read", _FIND, "cursor", "max_time_ms", many=True),
    _method("get_io_loop", "plain", returns="value"),
    _method("index_information", "index", "session comment", "value"),
    _method(
        "insert_many",
        "write",
        "documents ordered bypass_document_validation session comment",
        "result",
        document="documents",
    ),
    _method("insert_one", "write", "document bypass_document_validation session comment", "result"),
    _method("list_indexes", "index", "session comment", "command-cursor"),
    _method("list_search_indexes", "index", "name session comment", "command-cursor", "maxTimeMS"),
    _method("next", "plain"),
    _method("options", "command", "session comment", "value"),
    _method("rename", "command", "new_name session comment", "document", "maxTimeMS"),
    _method(
        "replace_one",
        "write",
        "filter replacement upsert bypass_document_validation collation hint session let sort comment",
        "result",
        document="replacement",
    ),
    _method(
        "update_many",
        "write",
        "filter update upsert array_filters bypass_document_validation collation hint session let comment",
        "result",
    ),
    _method(
        "update_one",
        "write",
        "filter update upsert bypass_document_validation collation array_filters hint session let sort comment",
        "result",
    ),
    _method("update_search_index", "index", "name definition session comment", time_limit="maxTimeMS"),
    _method("watch", "command", _WATCH, "change-stream"),
    _method("with_options", "plain", _OPTIONS, "collection"),
    _method("wrap", "plain", "obj", "value"),
)

# flask_pymongo.wrappers.Collection 3.0.1 adds one method, which calls find_one or aborts with 404.
FLASK_COLLECTION: dict[str, Method] = _table(
    _method("find_one_or_404", "read", _FIND, "document", "max_time_ms", limit=None),
)

# A cursor is limited by its own max_time_ms(), at any step before it is read.
CURSOR: dict[str, Method] = _table(
    _method("add_option", "cursor-step", "mask", "cursor", "max_time_ms"),
    _method("allow_disk_use", "cursor-step", "allow_disk_use", "cursor", "max_time_ms"),
    _method("batch_size", "cursor-step", "batch_size", "cursor", "max_time_ms"),
    _method("clone", "cursor-step", "", "cursor", "max_time_ms"),
    _method("close", "plain"),
    _method("collation", "cursor-step", "collation", "cursor", "max_time_ms"),
    _method("comment", "cursor-step", "comment", "cursor", "max_time_ms"),
    _method("count", "read", "with_limit_and_skip", "value", "max_time_ms", removed=True),
    _method("distinct", "read", "key", "value", "max_time_ms"),
    _method("each", "read", "callback", "none", "max_time_ms"),
    _method("explain", "read", "", "document", "max_time_ms"),
    _method("get_io_loop", "plain", returns="value"),
    _method("hint", "cursor-step", "index", "cursor", "max_time_ms", hint="index"),
    _method("limit", "cursor-step", "limit", "cursor", "max_time_ms"),
    _method("max", "cursor-step", "spec", "cursor", "max_time_ms"),
    _method("max_await_time_ms", "cursor-step", "max_await_time_ms", "cursor", "max_time_ms"),
    _method("max_scan", "cursor-step", "max_scan", "cursor", "max_time_ms"),
    _method("max_time_ms", "cursor-step", "max_time_ms", "cursor", "max_time_ms"),
    _method("min", "cursor-step", "spec", "cursor", "max_time_ms"),
    _method("next", "read", "", "document", "max_time_ms"),
    _method("next_object", "read", "", "document", "max_time_ms"),
    _method("remove_option", "cursor-step", "mask", "cursor", "max_time_ms"),
    _method("rewind", "cursor-step", "", "cursor", "max_time_ms"),
    _method("skip", "cursor-step", "skip", "cursor", "max_time_ms"),
    _method("sort", "cursor-step", "key_or_list direction", "cursor", "max_time_ms", sort="key_or_list"),
    _method("to_list", "read", "length", "value", "max_time_ms", limit="length"),
    _method("where", "cursor-step", "code", "cursor", "max_time_ms"),
)

# The limit of a command cursor is that of the command which made it; the cursor itself offers none.
COMMAND_CURSOR: dict[str, Method] = _table(
    _method("batch_size", "cursor-step", "batch_size", "command-cursor"),
    _method("close", "plain"),
    _method("each", "read", "callback"),
    _method("get_io_loop", "plain", returns="value"),
    _method("next", "read", "", "document"),
    _method("next_object", "read", "", "document"),
    _method("to_list", "read", "length", "value", limit="length"),
    _method("try_next", "read", "", "document"),
)

_TRANSACTION = "read_concern write_concern read_preference max_commit_time_ms"

SESSION: dict[str, Method] = _table(
    _method("abort_transaction", "command"),
    _method("advance_cluster_time", "plain", "cluster_time"),
    _method("advance_operation_time", "plain", "operation_time"),
    _method("bind", "plain", "end_session", "value"),
    _method("commit_transaction", "command"),
    _method("end_session", "command"),
    _method("get_io_loop", "plain", returns="value"),
    _method("start_transaction", "plain", _TRANSACTION, "value"),
    _method("with_transaction", "command", f"callback {_TRANSACTION}", "value", aliases=(("coro", "callback"),)),
)

REMOVED_CLIENT: dict[str, Method] = _table(
    _method("close_cursor", "command", "cursor_id address", removed=True),
    _method("database_names", "command", "session", "value", removed=True),
    _method("fsync", "command", "", "document", "maxTimeMS", removed=True),
    _method("kill_cursors", "command", "cursor_ids address", removed=True),
    _method("set_cursor_manager", "plain", "manager_class", removed=True),
    _method("unlock", "command", "session", removed=True),
)

REMOVED_DATABASE: dict[str, Method] = _table(
    _method("add_son_manipulator", "plain", "manipulator", removed=True),
    _method("add_user", "command", "name password read_only session", removed=True),
    _method("authenticate", "command", "name password source mechanism", "value", removed=True),
    _method("collection_names", "command", "include_system_collections session", "value", removed=True),
    _method("current_op", "command", "include_all session", "document", removed=True),
    _method("error", "command", "", "document", removed=True),
    _method("eval", "command", "code", "value", removed=True),
    _method("last_status", "command", "", "document", removed=True),
    _method("logout", "command", removed=True),
    _method("previous_error", "command", "", "document", removed=True),
    _method("profiling_info", "command", "session", "value", removed=True),
    _method("profiling_level", "command", "session", "value", removed=True),
    _method("remove_user", "command", "name session", removed=True),
    _method("reset_error_history", "command", removed=True),
    # Its filter picks what the profiler records, not documents of a collection.
    _method(
        "set_profiling_level",
        "command",
        "level slow_ms session sample_rate filter",
        removed=True,
        filter=None,
    ),
)

# Roles named after a parameter that is not in `params` were taken from **kwargs.
REMOVED_COLLECTION: dict[str, Method] = _table(
    _method(
        "count",
        "read",
        "filter session",
        "value",
        "maxTimeMS",
        removed=True,
        hint="hint",
        limit="limit",
        skip="skip",
    ),
    _method("ensure_index", "index", "key_or_list cache_for", "value", removed=True, keys="key_or_list"),
    _method(
        "find_and_modify",
        "write",
        "query update upsert sort full_response manipulate",
        "document",
        "maxTimeMS",
        removed=True,
        filter="query",
        projection="fields",
    ),
    _method("group", "read", "key condition initial reduce finalize", "value", removed=True, filter="condition"),
    _method("initialize_ordered_bulk_op", "plain", "bypass_document_validation", "value", removed=True),
    _method("initialize_unordered_bulk_op", "plain", "bypass_document_validation", "value", removed=True),
    _method(
        "inline_map_reduce",
        "read",
        "map reduce full_response session",
        "value",
        "maxTimeMS",
        removed=True,
        filter="query",
        sort="sort",
        limit="limit",
    ),
    _method(
        "insert",
        "write",
        "doc_or_docs manipulate check_keys continue_on_error",
        "value",
        removed=True,
        document="doc_or_docs",
    ),
    _method(
        "map_reduce",
        "read",
        "map reduce out full_response session",
        "collection",
        "maxTimeMS",
        removed=True,
        filter="query",
        sort="sort",
        limit="limit",
    ),
    _method("parallel_scan", "read", "num_cursors session", "value", "maxTimeMS", many=True, removed=True),
    _method("reindex", "index", "session", "document", "maxTimeMS", removed=True),
    _method("remove", "write", "spec_or_id multi", "document", removed=True, filter="spec_or_id"),
    _method("save", "write", "to_save manipulate check_keys", "value", removed=True, document="to_save"),
    # `update` here is the method; the parameter with the operators is called `document`.
    _method(
        "update",
        "write",
        "spec document upsert manipulate multi check_keys",
        "document",
        removed=True,
        filter="spec",
        update="document",
        document=None,
    ),
)

# The methods of a PyMongo 3 collection that begin a bulk operation
BULK_STARTS = ("initialize_ordered_bulk_op", "initialize_unordered_bulk_op")
# PyMongo 3.13.0, bulk.py: what ``initialize_*_bulk_op()`` gives, and what its ``find()`` gives for one selector.
BULK: dict[str, Method] = _table(
    _method("execute", "write", "write_concern", "document", removed=True),
    _method("find", "plain", "selector collation", "value", removed=True, filter="selector"),
    _method("insert", "queued", "document", removed=True),
)

BULK_FIND: dict[str, Method] = _table(
    _method("remove", "queued", removed=True),
    _method("remove_one", "queued", removed=True),
    _method("replace_one", "queued", "replacement", removed=True, document="replacement"),
    _method("update", "queued", "update", removed=True),
    _method("update_one", "queued", "update", removed=True),
    _method("upsert", "plain", "", "value", removed=True),
)

# Attributes that are not methods, hence neither a collection nor a database of that name; "value" is data.
_SETTINGS = "codec_options read_concern read_preference write_concern"


def _attributes(values: str, **others: Returns) -> dict[str, Returns]:
    named: dict[str, Returns] = dict.fromkeys(values.split(), "value")
    return named | others


ATTRIBUTES: dict[Role, dict[str, Returns]] = {
    "client": _attributes(
        f"{_SETTINGS} HOST PORT address arbiters io_loop is_mongos is_primary nodes options primary"
        " secondaries topology_description",
        delegate="client",
    ),
    "database": _attributes(f"{_SETTINGS} name", client="client", delegate="database"),
    "collection": _attributes(f"{_SETTINGS} full_name name", database="database", delegate="collection"),
    "cursor": _attributes(
        "address alive closed cursor_id fetch_next retrieved started",
        collection="collection",
        delegate="cursor",
        session="session",
    ),
    "command-cursor": _attributes(
        "address alive closed cursor_id fetch_next started",
        collection="collection",
        delegate="command-cursor",
        session="session",
    ),
    "session": _attributes(
        "cluster_time has_ended in_transaction operation_time options session_id",
        client="client",
        delegate="session",
    ),
}

# Names whose call on an unknown object is taken for a collection's (confidence "inferred"). Left out although
# the driver has them: find, update, aggregate, distinct, count, insert, remove, save, drop, rename, watch,
# group, options (dict, list, str, Django, pandas ...); create_index, drop_index (Alembic's `op`, vector
# stores); list_indexes (Pinecone); create_indexes, ensure_index and the search-index methods, which projects
# like to give to helpers of their own; bulk_write (register and storage APIs). Of those kept, find_one and
# insert_many also exist in the `dataset` and Peewee libraries: the set holds only where the driver is used.
DRIVER_ONLY: frozenset[str] = frozenset(
    {
        "aggregate_raw_batches",
        "count_documents",
        "delete_many",
        "delete_one",
        "estimated_document_count",
        "find_and_modify",
        "find_one",
        "find_one_and_delete",
        "find_one_and_replace",
        "find_one_and_update",
        "find_one_or_404",
        "find_raw_batches",
        "index_information",
        "initialize_ordered_bulk_op",
        "initialize_unordered_bulk_op",
        "inline_map_reduce",
        "insert_many",
        "insert_one",
        "replace_one",
        "update_many",
        "update_one",
    }
)

TABLES: dict[Role, dict[str, Method]] = {
    "client": CLIENT | REMOVED_CLIENT,
    "database": DATABASE | REMOVED_DATABASE,
    "collection": COLLECTION | FLASK_COLLECTION | REMOVED_COLLECTION,
    "cursor": CURSOR,
    "command-cursor": COMMAND_CURSOR,
    "session": SESSION,
}


def find_method(role: Role, name: str) -> Method | None:
    """The method of that name on a value of that role; ``removed`` tells what PyMongo 4 no longer has."""
    return TABLES[role].get(name)
