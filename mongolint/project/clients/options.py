"""The options with which a client is made: keywords, dicts of keywords, and the connection string."""

from __future__ import annotations

from dataclasses import field
from difflib import get_close_matches
from typing import TYPE_CHECKING, Literal
from urllib.parse import unquote_plus

from mongolint.fastclasses import NamedTuple, dataclass
from mongolint.link.atoms import NONE, Const, External, Value, is_open
from mongolint.link.rowtools import reached_rows
from mongolint.mongo.clientoptions import (
    GONE,
    INVERTED,
    MEANT,
    MOTOR,
    OPTIONS,
    POSITIONAL,
    REMOVED,
    RENAMED,
    TIME_LIMITS,
)
from mongolint.mongo.drivers import CLASSES, REMOVED_CLASSES

if TYPE_CHECKING:
    from mongolint.project.clients.sites import ClientSite
    from mongolint.project.model import Project

_SCHEMES = ("mongodb://", "mongodb+srv://")
# Of a connection string: it has no more options than those read; it may have more; nothing is known of it
Known = Literal["all", "part", "nothing"]


class Option(NamedTuple):
    """One option: its name as written, where from, and what its value can be.

    ``row``: that of the value, where it is a keyword of the call itself; None where it is in a dict or a URI.
    """

    name: str
    source: Literal["keyword", "dict", "uri"]
    value: Value
    row: int | None = None


class Fate(NamedTuple):
    """What became of an option: another name for the same, one that says the opposite, a part of one, nothing."""

    kind: Literal["renamed", "inverted", "joined", "removed"]
    name: str


@dataclass(slots=True)
class Options:
    """The options of one client.

    ``open``: others may be given by a ``**`` that is not known. ``uri``: how much of the connection string is known.
    ``direct``: the class is the driver's own, and no subclass that may take options of its own.
    """

    given: list[Option] = field(default_factory=list)
    open: bool = False
    uri: Known = "all"
    direct: bool = True

    def find(self, name: str) -> Option | None:
        """The option of a name, which the driver reads without case; a keyword wins over the connection string."""
        found = [option for option in self.given if option.name.lower() == name.lower()]
        return next((option for option in found if option.source != "uri"), found[0] if found else None)

    @property
    def limits_time(self) -> bool:
        """Whether some option may limit how long the client waits: ``None`` never does, 0 only for a selection."""
        return any(self.limits(name) for name in TIME_LIMITS)

    def limits(self, name: str) -> bool:
        """Whether the option of that name is given, and limits a time."""
        option = self.find(name)
        return option is not None and not _is_endless(option)


def _is_endless(option: Option) -> bool:
    none = option.value == (NONE,)
    zero = option.value in ((Const("int", 0),), (Const("str", "0"),))
    return none or (zero and option.name.lower() != "serverselectiontimeoutms")


def read(project: Project, site: ClientSite) -> Options:
    """The options of a client."""
    found = Options(direct=_is_direct(project, site))
    link = project.link
    position = 0
    for keyword, row in link.node(site.module, site.row)[2]:
        if keyword == "*":
            found.open = True
        elif keyword == "**":
            _spread(project, site, row, found)
        else:
            name = keyword
            if name is None and position < len(POSITIONAL):
                name, position = POSITIONAL[position], position + 1
            if name == "host":
                _read_uri(project, site.module, row, found)
            elif name is not None and (keyword is not None or name != "port"):
                value = link.value(site.module, row)
                found.given.append(Option(name, "keyword", value, row if keyword is not None else None))
    found.given = [option for option in found.given if option.name not in ("host", "port")]
    return found


def _is_direct(project: Project, site: ClientSite) -> bool:
    value = project.link.value(site.module, project.link.node(site.module, site.row)[1])
    names = [atom.name for atom in value if type(atom) is External]
    return len(names) == len(value) and all(name in CLASSES and name not in REMOVED_CLASSES for name in names)


def _spread(project: Project, site: ClientSite, row: int, found: Options) -> None:
    """``**options``: what is in the dict, and what may be; an empty one is there to be filled."""
    document = project.reader.document(site.module, row)
    is_empty = not (document.required or document.optional)
    found.open = found.open or document.open or is_empty or _is_filled_elsewhere(project, site.module, row)
    for name in (*document.required, *document.optional):
        place = document.places.get(name)
        value = project.link.value(*place) if place is not None else ()
        if name == "host" and place is not None:
            _read_uri(project, place.module, place.row, found)
        else:
            found.given.append(Option(name, "dict", value))


def _is_filled_elsewhere(project: Project, module: int, row: int) -> bool:
    """Whether code sets an item of an attribute of that name: ``self.options["timeoutMS"] = 5000``."""
    node = project.link.node(module, row)
    return node[0] == "attr" and any(
        facts.nodes[store.base][0] == "attr" and facts.nodes[store.base][2] == node[2]
        for facts in project.modules
        for store in facts.item_stores
    )


def _read_uri(project: Project, module: int, row: int, found: Options) -> None:
    """The options of a connection string, as far as the code shows it; a plain host has none."""
    value = project.link.value(module, row)
    node = project.link.node(module, row)
    if node[0] == "fstr":
        text, complete = _assembled(project, module, node[1])
        texts = [text]
    else:
        texts = [atom.value for atom in value if type(atom) is Const and atom.kind == "str"]
        complete = not is_open(value) and all(type(atom) is Const for atom in value)
        if is_from_environment(project, module, row):
            complete = False
    found.uri = "all" if complete else "part" if texts else "nothing"
    if not texts:
        texts = _pieces(project, module, row)
    for text in texts:
        if text.startswith(_SCHEMES) or "=" in text:
            found.given += _options_of(text)


def _pieces(project: Project, module: int, row: int) -> list[str]:
    """The texts of which a connection string is put together in another way: ``BASE + "/?w=1"``."""
    rows = reached_rows(project.modules[module], row)
    values = [node[1] for node in rows.values() if node[0] == "const" and isinstance(node[1], str)]
    return [text for text in values if "?" in text and "=" in text]


def _assembled(project: Project, module: int, parts: tuple[int, ...]) -> tuple[str, bool]:
    """An f-string with its unknown parts left out; whether none of those can hold an option."""
    text, complete = "", True
    for part in parts:
        value = project.link.value(module, part)
        known = [atom.value for atom in value if type(atom) is Const and atom.kind in ("str", "int")]
        if len(known) == 1 and len(value) == 1:
            text += str(known[0])
        elif "?" in text or not text.startswith(_SCHEMES):
            complete = False
    return text, complete


def is_from_environment(project: Project, module: int, row: int, depth: int = 4) -> bool:
    """Whether the running program may have another value than the one in the code: a setting, the environment."""
    node = project.link.node(module, row)
    if node[0] in ("const", "fstr"):
        return False
    if node[0] == "typed" and node[2] is not None:
        return is_from_environment(project, module, node[2], depth)
    if node[0] == "free" and depth:
        scope = project.modules[module].scopes[0]
        bound = scope.final.get(node[2])
        return bound is None or is_from_environment(project, module, bound, depth - 1)
    return True


def _options_of(uri: str) -> list[Option]:
    found = []
    for part in uri.partition("?")[2].replace(";", "&").split("&"):
        name, _, text = part.partition("=")
        if name:
            value = unquote_plus(text)
            found.append(Option(name, "uri", (Const("str", value),)))
    return found


def unknown(options: Options, flavour: str) -> list[Option]:
    """The options that no client has; none where a class of the project's own may take them."""
    if not options.direct:
        return []
    own = MOTOR if flavour == "motor" else frozenset[str]()
    return [each for each in options.given if each.name.lower() not in (*OPTIONS, *GONE) and each.name not in own]


def gone(options: Options) -> list[Option]:
    """The options that clients had once; none where a class of the project's own may take them."""
    return [option for option in options.given if option.name.lower() in GONE] if options.direct else []


def fate(name: str) -> Fate:
    """What became of an option that is gone."""
    plain = name.lower()
    if plain in RENAMED:
        return Fate("renamed", RENAMED[plain])
    if plain in INVERTED:
        return Fate("inverted", INVERTED[plain])
    return Fate("removed", "") if plain in REMOVED else Fate("joined", RENAMED["ssl_certfile"])


def nearest(name: str) -> str:
    """The option that a name is meant for; "" where none is near.

    Case and underscores do not count, nor does a unit that was left out.
    """
    plain = name.lower().replace("_", "").replace("-", "")
    if name.lower() in MEANT:
        return MEANT[name.lower()]
    known = {option.replace("_", ""): spelled for option, spelled in OPTIONS.items()}
    for each in (plain, plain + "ms"):
        if each in known:
            return known[each]
    near = get_close_matches(plain, known, n=1, cutoff=0.85)
    return known[near[0]] if near else ""
