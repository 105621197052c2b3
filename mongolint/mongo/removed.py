"""What PyMongo 4 calls instead of the methods that it no longer has.

Sources: PyMongo 4, "Migration Guide: PyMongo 3 to PyMongo 4"; Motor 3.0 changelog, for the same methods. Tried on
PyMongo 4.16: a collection or database takes the old name for that of a collection, and calling it raises TypeError.
"""

from __future__ import annotations

from collections.abc import Mapping

# The same under another name
RENAMED: Mapping[str, str] = {
    "collection_names": "list_collection_names",
    "database_names": "list_database_names",
    "ensure_index": "create_index",
}

# What to call instead, in words; of a cursor's own `count`, see `CURSOR_COUNT`
INSTEAD: Mapping[str, str] = {
    **RENAMED,
    "add_son_manipulator": "a TypeCodec in the codec options",
    "add_user": 'db.command("createUser", …)',
    "authenticate": "username= and password= of the client",
    "close_cursor": "the cursor's close()",
    "count": "count_documents(filter), or estimated_document_count() for all",
    "current_op": 'client.admin.aggregate([{"$currentOp": {}}])',
    "error": "the exception that a write raises",
    "eval": "code in Python (MongoDB 4.2 has no eval either)",
    "find_and_modify": "find_one_and_update, find_one_and_replace or find_one_and_delete",
    "fsync": 'client.admin.command("fsync")',
    "group": "aggregate with $group",
    "initialize_ordered_bulk_op": "bulk_write([…])",
    "initialize_unordered_bulk_op": "bulk_write([…], ordered=False)",
    "inline_map_reduce": "aggregate",
    "insert": "insert_one or insert_many",
    "kill_cursors": "the cursor's close()",
    "last_status": "the result of the write",
    "logout": "a client of its own for each user",
    "map_reduce": "aggregate",
    "parallel_scan": "find",
    "previous_error": "the exception that a write raises",
    "profiling_info": "find on system.profile",
    "profiling_level": 'db.command("profile", -1)',
    "reindex": 'db.command("reIndex", name)',
    "remove": "delete_many, or delete_one",
    "remove_user": 'db.command("dropUser", name)',
    "reset_error_history": "nothing: there is none to reset",
    "save": 'replace_one({"_id": …}, document, upsert=True), or insert_one for a new document',
    "set_cursor_manager": "nothing: the driver closes cursors by itself",
    "set_profiling_level": 'db.command("profile", level)',
    "unlock": 'client.admin.command("fsyncUnlock")',
    "update": "update_one, update_many for multi=True, or replace_one for a whole document",
}
CURSOR_COUNT = "count_documents of the collection, with the same filter"
