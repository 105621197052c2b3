"""A connection string, kept so that no message, file or traceback can hold a part of its credentials."""

from __future__ import annotations

import re
from urllib.parse import unquote, unquote_plus

_SCHEMES = ("mongodb://", "mongodb+srv://")
# Databases that belong to the server; as the path of a URI they name where the login is kept
SERVER_DATABASES = frozenset(["admin", "local", "config"])
_SECRET_OPTION = re.compile(r"password|passphrase|username|token|secret|properties", re.IGNORECASE)
# Characters that a secret may have in common with any word
_CHANCE = 3
_WITHHELD = "(the words of the driver are withheld: they hold a part of the credentials)"


class LiveError(Exception):
    """Why a server could not be asked: one line, without credentials."""


class Uri:
    """A connection string; only `secret` has the whole of it.

    Raises:
        LiveError: no scheme of MongoDB, no host, or an ``@`` where it makes unclear what the password is.
    """

    __slots__ = ("_secrets", "database", "has_login", "hosts", "secret")

    def __init__(self, text: str) -> None:
        text = text.strip()
        scheme = next((scheme for scheme in _SCHEMES if text.startswith(scheme)), None)
        if scheme is None:
            raise LiveError(f"the URI has to begin with {' or '.join(_SCHEMES)}")
        place, _, query = text[len(scheme) :].partition("?")
        authority, _, path = place.partition("/")
        if "@" in path or "@" in query:
            raise LiveError("the URI has an @ after its hosts; in a user name, a password or an option write it %40")
        login, _, hosts = authority.rpartition("@")
        if not hosts:
            raise LiveError("the URI names no host")
        self.secret = text
        self.has_login = bool(login)
        self.hosts = hosts
        self.database = unquote_plus(path).partition(".")[0] or None
        self._secrets = frozenset(_secrets(login, query))

    def __repr__(self) -> str:
        return "Uri(…)"

    def clean(self, text: object) -> str:
        """Words that others wrote, on one line; withheld where they hold a part of the credentials."""
        line = _on_one_line(str(text))
        return _WITHHELD if any(_holds(line, secret) for secret in self._secrets) else line


def _holds(line: str, secret: str) -> bool:
    """Whether words quote a secret; a short one that is a part of a word is there by chance."""
    if len(secret) > _CHANCE:
        return secret in line
    return re.search(rf"(?<!\w){re.escape(secret)}(?!\w)", line) is not None


def _secrets(login: str, query: str) -> set[str]:
    """User name, password and secret options, as they are written and as they are meant."""
    values = [login, *login.split(":")]
    for option in re.split("[&;]", query):
        name, _, value = option.partition("=")
        if _SECRET_OPTION.search(name):
            values += [value, *(part for pair in unquote(value).split(",") for part in pair.split(":", 1)[1:])]
    forms = {form for value in values for form in (value, unquote(value), unquote_plus(value))}
    return {_on_one_line(form) for form in forms} - {""}


def _on_one_line(text: str) -> str:
    return " ".join(text.split())
