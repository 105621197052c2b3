"""A connection that only reads, ends in time, and whose every failure is one line without credentials."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from threading import Thread
from typing import Any, TypeVar

from mongolint.live.uri import LiveError, Uri

T = TypeVar("T")

UNAUTHORIZED = 13
# 8000 is Atlas's
_LOGIN_FAILED = (18, 8000)
# Seconds at the end for the driver to notice that its time is up (it looks twice a second) and to say why
_LATE = 1.5

_ERRNO = re.compile(r"^\[Errno -?\d+\] ")

# How the driver's complaint about a URI begins, and what it means. Its own words quote the URI.
_URI_MISTAKES = {
    "Username and password must be escaped": "its user name and password have to be percent-encoded",
    "The empty string is not valid username": "its user name is empty",
    "Port ": "a port in it is not a number from 1 to 65535 (a / : ? # [ ] @ in a password has to be percent-encoded)",
    "Reserved characters": "a host in it has characters that have to be percent-encoded",
    "Bad database name": "its database name is not valid",
}


def ask(uri: Uri, timeout: float, question: Callable[[Any], T]) -> T:
    """What ``question`` gives for a client of that server; ``timeout`` is for all of it, in seconds.

    Raises:
        LiveError: the URI is not valid, nobody answers, the login is refused, rights are missing, time is up.
    """
    import pymongo  # noqa: F401  (takes a while, and the time given is the server's)

    results: list[T] = []
    errors: list[Exception] = []

    def work() -> None:
        try:
            results.append(_ask(uri, timeout, question))
        except LiveError as error:
            errors.append(error)
        except Exception as error:  # whatever the driver says may quote the URI
            errors.append(LiveError(f"{type(error).__name__}: {uri.clean(error)}"))

    # Looking up a name cannot be interrupted, so this thread waits no longer than it may
    thread = Thread(target=work, daemon=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        thread.start()
        thread.join(timeout)
    if results:
        return results[0]
    raise errors[0] if errors else LiveError(f"{uri.hosts} gave no answer within {timeout:g} s (--timeout)")


def _ask(uri: Uri, timeout: float, question: Callable[[Any], T]) -> T:
    import pymongo
    from pymongo.errors import PyMongoError

    seconds = timeout - min(_LATE, timeout / 2)
    client = _client(uri, seconds)
    try:
        with pymongo.timeout(seconds):
            return question(client)
    except PyMongoError as error:
        raise LiveError(_reason(error, client, uri, timeout)) from None
    finally:
        client.close()


def _client(uri: Uri, seconds: float) -> Any:
    from pymongo import MongoClient
    from pymongo.errors import PyMongoError

    limit = max(1, int(seconds * 1000))
    options: dict[str, Any] = {
        "appname": "mongolint",
        "connectTimeoutMS": limit,
        "serverSelectionTimeoutMS": limit,
        "unicode_decode_error_handler": "replace",
        "datetime_conversion": "DATETIME_AUTO",
        "tz_aware": True,
    }
    try:
        return MongoClient(uri.secret, connect=False, **options)
    except (PyMongoError, ValueError, TypeError, OSError) as error:
        text = str(error)
        known = next((words for start, words in _URI_MISTAKES.items() if text.startswith(start)), None)
        raise LiveError(f"the URI is not valid: {known or uri.clean(text)}") from None


def _reason(error: Any, client: Any, uri: Uri, timeout: float) -> str:
    from pymongo.errors import ConfigurationError, OperationFailure, ServerSelectionTimeoutError

    within = f"within {timeout:g} s (--timeout)"
    if isinstance(error, ServerSelectionTimeoutError):
        return f"no server can be reached at {_addresses(client, uri)} {within}{_why(client, uri)}"
    if error.timeout:
        return f"{_addresses(client, uri)} answers, but the work was not done {within}"
    if isinstance(error, OperationFailure):
        if error.code in _LOGIN_FAILED:
            return f"{_addresses(client, uri)} refuses the login: user name, password or authSource is wrong"
        if error.code == UNAUTHORIZED and not uri.has_login:
            return f"{_addresses(client, uri)} wants a login, and the URI has none"
        return f"{_addresses(client, uri)} refuses: {uri.clean(message(error))} (code {error.code})"
    if isinstance(error, ConfigurationError):
        return f"the URI cannot be used: {uri.clean(error)}"
    return f"the connection to {_addresses(client, uri)} failed: {uri.clean(error)}"


def message(error: Any) -> str:
    """What the server says, without the whole answer that the driver puts behind it."""
    details = error.details or {}
    return str(details.get("errmsg") or error)


def _servers(client: Any) -> dict[tuple[str, int | None], Any]:
    """The servers that the driver knows of; none where their names could not be looked up."""
    from pymongo.errors import PyMongoError

    try:
        found: dict[tuple[str, int | None], Any] = client.topology_description.server_descriptions()
    except PyMongoError:
        return {}
    return found


def _addresses(client: Any, uri: Uri) -> str:
    names = [f"{host}:{port}" if port else host for host, port in _servers(client)]
    return ", ".join(sorted(names)) or uri.hosts


def _why(client: Any, uri: Uri) -> str:
    """The first reason that a server gives for not being there."""
    for server in _servers(client).values():
        if server.error is not None:
            # Behind the reason stand the driver's time limits, before it the address
            reason = str(server.error).partition(" (configured timeouts")[0]
            return f": {uri.clean(_ERRNO.sub('', reason.partition(': ')[2] or reason))}"
    return ": none that is known takes commands (no primary, or another replica set)"
