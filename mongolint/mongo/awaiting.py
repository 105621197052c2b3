"""Which methods of the asynchronous drivers give something to await, and which do not: one table per driver.

Data and one look-up; may not import a driver, nor know trees, rules or the project model.
Sources: PyMongo 4.20.1 (``AsyncMongoClient``) and Motor 3.7.1 as installed, with which a test compares these tables,
and a server 6.0.5 on which every kind was run.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from mongolint.mongo.methods import TABLES, Role

# coroutine: nothing happens before it is awaited; future: it runs at once, an error is seen only by who awaits it;
# value: there at once, and awaiting it raises TypeError
Given = Literal["coroutine", "future", "value"]
Names = Mapping[Role, frozenset[str]]


def _names(**by_role: str) -> Names:
    return {role.replace("_", "-"): frozenset(text.split()) for role, text in by_role.items()}  # type: ignore[misc]


_COLLECTION = """
    bulk_write count_documents create_index create_indexes create_search_index create_search_indexes delete_many
    delete_one distinct drop drop_index drop_indexes drop_search_index estimated_document_count find_one
    find_one_and_delete find_one_and_replace find_one_and_update index_information insert_many insert_one options
    rename replace_one update_many update_one update_search_index
"""

_ASYNC = _names(
    client="aclose aconnect bulk_write close drop_database list_database_names list_databases server_info watch",
    database="""
        aggregate command create_collection cursor_command dereference drop_collection list_collection_names
        list_collections validate_collection watch
    """,
    collection=f"{_COLLECTION} aggregate aggregate_raw_batches list_indexes list_search_indexes watch",
    cursor="add_option close distinct explain next rewind to_list",
    command_cursor="close next to_list try_next",
    session="abort_transaction commit_transaction end_session start_transaction with_transaction",
)
_MOTOR_FUTURES = _names(
    client="bulk_write drop_database list_database_names server_info",
    database="command dereference drop_collection list_collection_names validate_collection",
    collection=_COLLECTION,
    cursor="distinct explain to_list",
    command_cursor="to_list",
    session="abort_transaction commit_transaction end_session",
)
_MOTOR_COROUTINES = _names(
    client="list_databases start_session",
    database="create_collection cursor_command list_collections",
    collection="",
    cursor="close next",
    command_cursor="close next try_next",
    session="with_transaction",
)
# What only one of the drivers has is, of the others', a database or collection of that name, or nothing
_ABSENT: Mapping[str, Names] = {
    "sync": _names(
        client="aclose aconnect get_io_loop wrap", database="get_io_loop wrap", collection="get_io_loop wrap"
    ),
    "async": _names(
        client="get_io_loop wrap",
        database="get_io_loop wrap",
        collection="get_io_loop wrap find_one_or_404",
        cursor="count each get_io_loop next_object",
        command_cursor="each get_io_loop next_object",
        session="get_io_loop",
    ),
    "motor": _names(
        client="aclose aconnect append_metadata eq_props next",
        database="next",
        collection="next find_one_or_404",
        cursor="count",
        session="bind",
    ),
}


def given(flavour: str, role: Role, name: str) -> Given | None:
    """What calling a method gives; None where the driver has no such method, or it is not known which driver it is."""
    method = TABLES[role].get(name)
    absent = _ABSENT.get(flavour)
    if method is None or absent is None or method.removed or name in absent.get(role, ()):
        return None
    if flavour == "async":
        return "coroutine" if name in _ASYNC[role] else "value"
    if flavour == "motor" and name in _MOTOR_FUTURES[role]:
        return "future"
    return "coroutine" if flavour == "motor" and name in _MOTOR_COROUTINES[role] else "value"


# Methods whose result has to be awaited, of one driver or the other
PENDING_NAMES: frozenset[str] = frozenset(
    name for names in (_ASYNC, _MOTOR_FUTURES, _MOTOR_COROUTINES) for group in names.values() for name in group
)

# Names that are of a coroutine and of a future themselves
COROUTINE_NAMES = frozenset(["send", "throw", "close", "cr_await", "cr_code", "cr_frame", "cr_running", "cr_origin"])
FUTURE_NAMES = frozenset(
    [
        *("add_done_callback", "cancel", "cancelled", "done", "exception", "get_loop", "remove_done_callback"),
        *("result", "set_exception", "set_result"),
    ]
)
