"""The tables against what they describe: installed PyMongo (sync and async) and Motor, and a server."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any

import bson.errors
import gridfs.errors
import pymongo
import pymongo.errors
import pymongo.operations
import pytest
from motor import motor_asyncio
from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.asynchronous.command_cursor import AsyncCommandCursor
from pymongo.asynchronous.cursor import AsyncCursor
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.client_session import ClientSession
from pymongo.collection import Collection
from pymongo.command_cursor import CommandCursor
from pymongo.cursor import Cursor
from pymongo.database import Database
from pymongo.errors import OperationFailure

from mongolint.mongo import drivers, methods, operators
from mongolint.mongo.methods import Method, Role

CLASSES: dict[Role, tuple[type, type, type]] = {
    "client": (pymongo.MongoClient, pymongo.AsyncMongoClient, motor_asyncio.AsyncIOMotorClient),
    "database": (Database, AsyncDatabase, motor_asyncio.AsyncIOMotorDatabase),
    "collection": (Collection, AsyncCollection, motor_asyncio.AsyncIOMotorCollection),
    "cursor": (Cursor, AsyncCursor, motor_asyncio.AsyncIOMotorCursor),
    "command-cursor": (CommandCursor, AsyncCommandCursor, motor_asyncio.AsyncIOMotorCommandCursor),
    "session": (ClientSession, AsyncClientSession, motor_asyncio.AsyncIOMotorClientSession),
}
CURRENT: dict[Role, dict[str, Method]] = {
    "client": methods.CLIENT,
    "database": methods.DATABASE,
    "collection": methods.COLLECTION,
    "cursor": methods.CURSOR,
    "command-cursor": methods.COMMAND_CURSOR,
    "session": methods.SESSION,
}
ROLE_FIELDS = (
    *("filter", "update", "document", "sort", "projection", "pipeline"),
    *("keys", "session", "hint", "limit", "skip"),
)
# Fields of the server's commands that reach it through **kwargs, unlike those the driver documents.
UNDOCUMENTED = {("aggregate", "hint"), ("aggregate_raw_batches", "hint")}
# What **kwargs took in PyMongo 3.13.0 (collection.py, docstrings and code).
OLD_KEYWORDS = {
    "count": {"hint", "limit", "skip"},
    "find_and_modify": {"fields"},
    "inline_map_reduce": {"query", "sort", "limit"},
    "map_reduce": {"query", "sort", "limit"},
}
# Set in Motor's __init__, so the class does not show them.
MOTOR_INSTANCE = {
    "client": {"delegate"},
    "database": {"delegate"},
    "collection": {"delegate", "database"},
    "cursor": {"delegate", "collection", "started", "closed"},
    "command-cursor": {"delegate", "collection", "started", "closed"},
    "session": {"delegate"},
}
# Newer than the server of the tests, or part of Atlas only.
UNKNOWN_TO_6_0 = {
    *("$changeStreamSplitLargeEvent", "$listClusterCatalog", "$listSampledQueries", "$listSearchIndexes"),
    *("$querySettings", "$queryStats", "$rankFusion", "$rerank", "$score", "$scoreFusion"),
    *("$search", "$searchMeta", "$vectorSearch"),
}

each_role = pytest.mark.parametrize("role", CLASSES)


def public(owner: Any) -> Iterator[str]:
    return (name for name in dir(owner) if not name.startswith("_"))


def is_method(cls: type, name: str) -> bool:
    """Motor hands some methods of its delegate out through a property."""
    if not isinstance(inspect.getattr_static(cls, name), property):
        return callable(getattr(cls, name))
    delegate = getattr(cls, "__delegate_class__", None)
    return delegate is not None and hasattr(delegate, name) and is_method(delegate, name)


def method_names(cls: type) -> set[str]:
    return {name for name in public(cls) if is_method(cls, name)}


def attribute_names(cls: type) -> set[str]:
    return {name for name in public(cls) if not is_method(cls, name)}


def positional(function: Any) -> tuple[list[str], bool]:
    """The positional parameters without self, and whether ``*args`` hides further ones."""
    parameters = list(inspect.signature(function).parameters.values())[1:]
    names = [p.name for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD]
    return names, any(p.kind is p.VAR_POSITIONAL for p in parameters)


def takes_keywords(function: Any) -> bool:
    return any(p.kind is p.VAR_KEYWORD for p in inspect.signature(function).parameters.values())


def driver_params(cls: type, name: str) -> list[str]:
    """A PyMongo method's parameters; those of the find family are in the cursor's constructor."""
    names, open_ended = positional(getattr(cls, name))
    if not open_ended:
        return names
    assert name in {"find", "find_one", "find_raw_batches"}
    cursor = AsyncCursor if cls is AsyncCollection else Cursor
    return positional(cursor.__init__)[0][1:]


def resolve(qualified: str) -> Any:
    """The object of that name, or None; a module without what it needs (Tornado) counts as not installed."""
    module, _, name = qualified.rpartition(".")
    try:
        return getattr(importlib.import_module(module), name, None)
    except ModuleNotFoundError:
        return None


def installed(qualified: str) -> bool:
    package = qualified.split(".")[0]
    needs_tornado = qualified.startswith(("motor.motor_tornado.", "motor.Motor"))
    return find_spec(package) is not None and (not needs_tornado or find_spec("tornado") is not None)


@each_role
def test_a_table_has_every_public_method_and_no_other(role: Role) -> None:
    existing = set().union(*(method_names(cls) for cls in CLASSES[role]))
    listed = {name for name, method in CURRENT[role].items() if not method.removed}
    assert listed == existing


@each_role
def test_attributes_are_every_public_name_that_is_no_method(role: Role) -> None:
    existing = set().union(*(attribute_names(cls) for cls in CLASSES[role])) - set(CURRENT[role])
    assert set(methods.ATTRIBUTES[role]) == existing | MOTOR_INSTANCE[role]


def test_what_motor_sets_on_its_instances_is_listed() -> None:
    client: Any = motor_asyncio.AsyncIOMotorClient(connect=False)
    command_cursor: Any = motor_asyncio.AsyncIOMotorCommandCursor
    collection = client["shop"]["orders"]
    instances: dict[Role, Any] = {
        "client": client,
        "database": client["shop"],
        "collection": collection,
        "cursor": collection.find(),
        "command-cursor": command_cursor(None, collection),
    }
    for role, instance in instances.items():
        assert {name for name in vars(instance) if not name.startswith("_")} == MOTOR_INSTANCE[role], role


@each_role
def test_removed_names_are_gone(role: Role) -> None:
    removed = {name for name, method in methods.TABLES[role].items() if method.removed}
    assert not removed & set().union(*(method_names(cls) for cls in CLASSES[role]))


@each_role
@pytest.mark.parametrize("driver", [0, 1], ids=["sync", "async"])
def test_parameters_are_pymongos(role: Role, driver: int) -> None:
    cls = CLASSES[role][driver]
    for name in method_names(cls):
        assert driver_params(cls, name) == list(CURRENT[role][name].params), name


@each_role
def test_parameters_are_motors(role: Role) -> None:
    """Motor repeats PyMongo's signature, or its beginning and hands the rest on."""
    cls = CLASSES[role][2]
    for name in method_names(cls):
        if isinstance(inspect.getattr_static(cls, name), property):
            continue
        method = CURRENT[role][name]
        names, open_ended = positional(getattr(cls, name))
        aliases = dict(method.aliases)
        names = [aliases.get(parameter, parameter) for parameter in names]
        expected = list(method.params)
        if open_ended or takes_keywords(getattr(cls, name)):
            expected = expected[: len(names)]
        assert names == expected, name


@each_role
def test_role_parameters_exist(role: Role) -> None:
    for name, method in CURRENT[role].items():
        for field in ROLE_FIELDS:
            parameter = getattr(method, field)
            if parameter is None or parameter in method.params:
                continue
            function = getattr(CLASSES[role][0], name)
            assert takes_keywords(function), (name, field)
            documented = re.search(rf"- `{parameter}`", function.__doc__)
            assert documented or (name, parameter) in UNDOCUMENTED, (name, field)


@each_role
def test_role_parameters_of_removed_methods_are_parameters_they_had(role: Role) -> None:
    for name, method in methods.TABLES[role].items():
        if method.removed:
            named = {getattr(method, field) for field in ROLE_FIELDS} - {None}
            assert named <= {*method.params, *OLD_KEYWORDS.get(name, set())}, name


@each_role
def test_a_parameter_called_like_a_role_plays_it(role: Role) -> None:
    exceptions = {("find_one", "limit"), ("find_one_or_404", "limit"), ("set_profiling_level", "filter")}
    for name, method in methods.TABLES[role].items():
        for field in set(ROLE_FIELDS) & set(method.params):
            if method.removed and name == "update":
                continue
            assert getattr(method, field) == field or (name, field) in exceptions, (name, field)


@each_role
def test_aliases_lead_from_no_parameter_to_a_parameter(role: Role) -> None:
    for method in methods.TABLES[role].values():
        for old, parameter in method.aliases:
            assert old not in method.params
            assert parameter in method.params


@each_role
def test_time_limits_are_what_the_signature_takes(role: Role) -> None:
    if role in {"cursor", "command-cursor"}:
        pytest.skip("a cursor's limit is its own method")
    for name, method in CURRENT[role].items():
        if method.time_limit == "max_time_ms":
            assert "max_time_ms" in method.params or name == "dereference", name
            continue
        # What only Motor has (each, wrap, get_io_loop) is no operation of its own.
        function = getattr(CLASSES[role][0], name, None)
        by_command = function is not None and takes_keywords(function)
        assert (method.time_limit == "maxTimeMS") == by_command, name


@each_role
def test_what_returns_a_cursor_or_another_object_says_so(role: Role) -> None:
    for name, method in CURRENT[role].items():
        assert (method.kind == "cursor-step") <= (method.returns in {"cursor", "command-cursor"}), name
        assert method.many <= (method.returns in {"cursor", "command-cursor"}), name
        assert methods.find_method(role, name) is method


def test_many_are_the_methods_without_a_bound() -> None:
    many = {name for table in CURRENT.values() for name, method in table.items() if method.many}
    assert many == {"find", "aggregate", "find_raw_batches", "aggregate_raw_batches"}


def test_driver_only_names_are_methods_of_a_collection_and_of_nothing_common() -> None:
    assert not methods.DRIVER_ONLY - set(methods.TABLES["collection"])
    common = (dict, list, set, str, bytes, tuple, int, frozenset)
    assert not methods.DRIVER_ONLY & {name for cls in common for name in dir(cls)}
    ambiguous = "find update aggregate distinct count insert remove save drop rename watch group create_index"
    assert not methods.DRIVER_ONLY & set(ambiguous.split())


BASES: dict[drivers.ClassRole, dict[drivers.Flavour, str]] = {
    "client": {"sync": "MongoClient", "async": "AsyncMongoClient", "motor": "AgnosticClient"},
    "database": {"sync": "Database", "async": "AsyncDatabase", "motor": "AgnosticDatabase"},
    "collection": {"sync": "Collection", "async": "AsyncCollection", "motor": "AgnosticCollection"},
    "cursor": {"sync": "Cursor", "async": "AsyncCursor", "motor": "AgnosticCursor"},
    "command-cursor": {
        "sync": "CommandCursor",
        "async": "AsyncCommandCursor",
        "motor": "AgnosticCommandCursor",
    },
    "session": {"sync": "ClientSession", "async": "AsyncClientSession", "motor": "AgnosticClientSession"},
    "change-stream": {"sync": "ChangeStream", "async": "AsyncChangeStream", "motor": "AgnosticChangeStream"},
    "extension": {"sync": "PyMongo"},
}


@pytest.mark.parametrize("qualified", sorted(set(drivers.CLASSES) - set(drivers.REMOVED_CLASSES)))
def test_class_names_resolve_to_that_kind_of_class(qualified: str) -> None:
    if not installed(qualified):
        pytest.skip("not installed")
    role, flavour = drivers.CLASSES[qualified]
    cls = resolve(qualified)
    assert inspect.isclass(cls)
    # Motor makes a class per framework from the agnostic one and copies it, so its delegate tells what it is.
    delegate = getattr(cls, "__delegate_class__", None)
    base = BASES[role]["sync"] if flavour == "motor" and delegate else BASES[role][flavour]
    assert base in {parent.__name__ for parent in (delegate or cls).__mro__}


def test_every_driver_class_of_a_role_is_listed() -> None:
    roots = tuple(cls for trio in CLASSES.values() for cls in trio[:2])
    for package in ("pymongo", "motor"):
        for module in walk(package):
            for name, cls in vars(module).items():
                # Private bases are nobody's annotation; GridFS cursors give files, not documents.
                if not inspect.isclass(cls) or name.startswith("_") or "GridOut" in name:
                    continue
                driven = cls if package == "pymongo" else getattr(cls, "__delegate_class__", None)
                if cls.__module__ == module.__name__ and driven and issubclass(driven, roots):
                    assert f"{module.__name__}.{name}" in drivers.CLASSES


def walk(package: str) -> Iterator[Any]:
    for info in pkgutil.iter_modules(importlib.import_module(package).__path__, f"{package}."):
        try:
            module = importlib.import_module(info.name)
        except ImportError:
            # It needs Tornado, aiohttp or a C library.
            continue
        yield module
        if info.ispkg:
            yield from walk(info.name)


@pytest.mark.parametrize("qualified", sorted(drivers.REMOVED_CLASSES))
def test_removed_class_names_are_gone(qualified: str) -> None:
    assert resolve(qualified) is None


def test_constants_have_their_values() -> None:
    for qualified, value in drivers.CONSTANTS.items():
        if installed(qualified):
            assert resolve(qualified) == value, qualified
    assert all(resolve(qualified) is None for qualified in drivers.REMOVED_CONSTANTS)


def test_models_and_timeout_resolve() -> None:
    assert {resolve(name) for name in drivers.INDEX_MODELS} == {pymongo.IndexModel}
    assert {resolve(name) for name in drivers.SEARCH_INDEX_MODELS} == {pymongo.operations.SearchIndexModel}
    assert {resolve(name) for name in drivers.TIMEOUT_CONTEXTS} == {pymongo.timeout}


def test_requests_have_their_parameters() -> None:
    operations = pymongo.operations
    requests = [n for n in public(operations) if re.fullmatch(r"(Insert|Replace|Update|Delete)(One|Many)", n)]
    assert set(drivers.REQUESTS) == {f"{m}.{n}" for m in ("pymongo", "pymongo.operations") for n in requests}
    for qualified, request in drivers.REQUESTS.items():
        names = tuple(inspect.signature(resolve(qualified)).parameters)
        assert request.params == names, qualified
        roles = {role: getattr(request, role) for role in ("filter", "update", "document", "sort", "hint")}
        assert all(parameter is None or parameter in names for parameter in roles.values()), qualified
        assert request.many == qualified.endswith("Many")


@pytest.mark.parametrize("qualified", sorted(drivers.ERRORS))
def test_error_chains_are_real(qualified: str) -> None:
    bases = resolve(qualified).__mro__[1:-2]
    names = [base.__name__ if base is Exception else f"{base.__module__}.{base.__name__}" for base in bases]
    assert names == list(drivers.ERRORS[qualified])


def test_every_error_is_listed() -> None:
    for module in (pymongo.errors, bson.errors, gridfs.errors):
        for name, cls in vars(module).items():
            if inspect.isclass(cls) and issubclass(cls, Exception) and cls.__module__ == module.__name__:
                assert name.startswith("_") or f"{module.__name__}.{name}" in drivers.ERRORS
    assert all(resolve(qualified) is None for qualified in drivers.REMOVED_ERRORS)


def error_of(operation: Any) -> str:
    try:
        operation()
    except OperationFailure as error:
        return str(error.details and error.details.get("errmsg"))
    return ""


def test_query_operators_are_the_servers(server_db: Database[dict[str, Any]]) -> None:
    orders = server_db["orders"]
    for name, operator in operators.QUERY_OPERATORS.items():
        as_top = error_of(lambda name=name: list(orders.find({name: 1})))
        in_field = error_of(lambda name=name: list(orders.find({"total": {name: 1}})))
        assert as_top.startswith("unknown top level operator") != operator.top, name
        refused = in_field.startswith("unknown operator") or in_field == "$where cannot be applied to a field"
        assert refused == operator.top, name
    for name in operators.QUERY_ARGUMENTS:
        assert error_of(lambda name=name: list(orders.find({name: 1}))).startswith("unknown top level"), name


def test_update_operators_are_the_servers(server_db: Database[dict[str, Any]]) -> None:
    orders = server_db["orders"]
    for name in (*operators.UPDATE_OPERATORS, *operators.REMOVED_UPDATE_OPERATORS):
        unknown = error_of(lambda name=name: orders.update_one({}, {name: {"total": 1}}))
        assert unknown.startswith("Unknown modifier") == (name in operators.REMOVED_UPDATE_OPERATORS), name


def test_stages_are_the_servers(server_db: Database[dict[str, Any]]) -> None:
    orders = server_db["orders"]
    unknown = {
        name
        for name in operators.PIPELINE_STAGES
        if "Unrecognized pipeline stage" in error_of(lambda name=name: list(orders.aggregate([{name: 1}])))
    }
    assert unknown == UNKNOWN_TO_6_0


VALID_STAGES: dict[str, Any] = {
    "$addFields": {"a": 1},
    "$set": {"a": 1},
    "$unset": "a",
    "$project": {"a": 0},
    "$replaceRoot": {"newRoot": {"a": 1}},
    "$replaceWith": {"a": 1},
    "$unwind": "$a",
    "$match": {"a": 1},
    "$limit": 1,
    "$skip": 1,
    "$sort": {"a": 1},
    "$sample": {"size": 1},
}


def test_stages_that_an_update_takes_and_that_keep_documents(server_db: Database[dict[str, Any]]) -> None:
    orders = server_db["orders"]
    stored = [{"_id": 1, "a": [1, 2], "b": 3}, {"_id": 2, "a": [2], "b": 4}]
    orders.insert_many(stored)
    for name, stage in VALID_STAGES.items():
        kept = all(document in stored for document in orders.aggregate([{name: stage}]))
        assert kept == operators.PIPELINE_STAGES[name], name
        refused = error_of(lambda name=name, stage=stage: orders.update_one({"_id": 0}, [{name: stage}]))
        assert (refused == "") == (name in operators.UPDATE_STAGES), (name, refused)
    keeping = {name for name, keeps in operators.PIPELINE_STAGES.items() if keeps}
    assert keeping | operators.UPDATE_STAGES <= VALID_STAGES.keys() | UNKNOWN_TO_6_0
