"""Clients that an extension makes of the application's configuration: Flask-PyMongo's ``PyMongo(app)``.

Source: Flask-PyMongo 3.0, ``PyMongo.init_app``: the connection string is ``MONGO_URI`` unless it is given, other
arguments go to the client. Before 2.0 there were settings for some options, as ``MONGO_SOCKET_TIMEOUT_MS``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from mongolint.fastclasses import NamedTuple
from mongolint.link import functions
from mongolint.link.atoms import FlaskExtension
from mongolint.mongo.clientoptions import TIME_LIMITS

if TYPE_CHECKING:
    from mongolint.project.model import Project

_SCHEMES = ("mongodb://", "mongodb+srv://")
# Of the limits, those of the time that an answer is waited for, as words of a connection string or names of settings
_ANSWERED = re.compile(r"(?<![a-z])timeoutms|sockettimeoutms")


class ExtensionSite(NamedTuple):
    """The call at which an extension is given its application, and makes the client.

    ``shows_uri``: whether the code holds a connection string, so that it is known to limit nothing.
    """

    module: int
    row: int
    shows_uri: bool


def unlimited(project: Project) -> list[ExtensionSite]:
    """Where an extension makes a client that nothing limits in time, as far as the code shows."""
    found = sites(project)
    texts = list(_settings(project)) if found else []
    if any(name in _plain(text) for text in texts for name in TIME_LIMITS):
        return []
    shows_uri = any(text.startswith(_SCHEMES) for text in texts)
    return [ExtensionSite(*place, shows_uri) for place in found if not _may_limit(project, *place)]


def gives_up(project: Project) -> bool:
    """Whether clients that an extension makes, and there are no others, wait for an answer only for some time."""
    if any(client.module not in project.tests for client in project.clients):
        return False
    found = sites(project)
    given = [str(keyword) for module, row in found for keyword, _ in project.link.node(module, row)[2]]
    return bool(found) and any(_ANSWERED.search(_plain(text)) for text in (*given, *_settings(project)))


def sites(project: Project) -> list[tuple[int, int]]:
    """The calls that make an extension with its application, else those that give it one; those of tests left out."""
    found: list[tuple[int, int]] = []
    given = list(_calls(project, "init_app"))
    for module, row in _calls(project, "PyMongo"):
        made = FlaskExtension(module, row)
        if made not in project.link.value(module, row):
            continue
        later = [] if project.link.node(module, row)[2] else [place for place in given if _is_of(project, place, made)]
        found += later or [(module, row)]
    return list(dict.fromkeys(found))


def _calls(project: Project, name: str) -> Iterator[tuple[int, int]]:
    places = project.link.gathered(functions.CALLS, name)
    return ((module, row) for module, row in places if module not in project.tests)


def _is_of(project: Project, place: tuple[int, int], made: FlaskExtension) -> bool:
    module, row = place
    called = project.link.node(module, project.link.node(module, row)[1])
    return called[0] == "attr" and made in project.link.value(module, called[1])


def _may_limit(project: Project, module: int, row: int) -> bool:
    """Whether the call gives options that are not plain to see, or one that limits the time."""
    names = [keyword for keyword, _ in project.link.node(module, row)[2] if keyword is not None]
    return any("*" in name or name.lower() in TIME_LIMITS for name in names)


def _plain(text: str) -> str:
    return text.lower().replace("_", "")


def _settings(project: Project) -> Iterator[str]:
    """The texts of the application, and the names that it gives values: settings are named either way."""
    for module, facts in enumerate(project.modules):
        if module not in project.tests:
            yield from (node[1] for _, node in facts.of_kind("const") if isinstance(node[1], str))
            for scope in facts.scopes:
                yield from scope.final
