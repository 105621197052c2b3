"""How a request names a handler: its method and its whole path, through the routers that the handler stands in.

Sources: FastAPI's ``APIRouter`` and ``include_router``, Flask's ``Blueprint`` and ``register_blueprint``,
Flask-Classful's ``FlaskView``, by their manuals.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from mongolint.facts.shapes import ModuleFacts, Row
from mongolint.link.atoms import Const, ExternalObject, Value
from mongolint.link.externals import ROUTERS
from mongolint.link.states.gathered import Gather
from mongolint.project.reach.uses import own_name

if TYPE_CHECKING:
    from mongolint.link.linker import Linker

_VERBS = ("get", "post", "put", "delete", "patch", "head", "options")
_ROUTES = ("route", "api_route", *_VERBS)
_PREFIXES = ("prefix", "url_prefix")
_INCLUDING = ("include_router", "register_blueprint", "mount", "blueprint")
# Stands for a beginning that the code does not show
UNSEEN = "…"
_MAX_DEPTH = 8


def _includes(module: int, facts: ModuleFacts) -> Iterator[tuple[str, int]]:
    """The calls that put one router into another."""
    for call in facts.calls:
        name = own_name(facts, facts.nodes[call.row][1])
        if name in _INCLUDING:
            yield "include", call.row


_INCLUDES = Gather(_includes)


class Routes:
    """Answers for the handlers of one project."""

    def __init__(self, link: Linker) -> None:
        self.link = link

    def of(self, module: int, scope: int) -> str:
        """``GET /books/{book_id}``; "" where no decorator of the function tells it."""
        for row in self.link.scope(module, scope).decorators:
            node = self.link.node(module, row)
            function = self.link.node(module, node[1]) if node[0] == "call" else node
            name = own_name(self.link.modules[module], node[1] if node[0] == "call" else row)
            if node[0] != "call" or name not in _ROUTES:
                continue
            path = self._text(module, self._given(node, ("path", "rule"), first=True))
            if path is None:
                continue
            before = self._before(module, scope, function)
            verb = self._verb(module, node, name)
            return f"{verb} {_joined(before, path) or '/'}"
        return ""

    def _verb(self, module: int, node: Row, name: str) -> str:
        if name in _VERBS:
            return name.upper()
        given = self._given(node, ("methods",))
        listed = self.link.node(module, given) if given is not None else ("none",)
        texts = [self._text(module, row) for row in listed[2]] if listed[0] == "seq" else []
        verbs = [text.upper() for text in texts if text]
        return "/".join(verb for verb in verbs if verb != "OPTIONS" or len(verbs) == 1) or "GET"

    def _before(self, module: int, scope: int, function: Row) -> str:
        """What stands before the path that the decorator names."""
        cls = self.link.method_class(module, scope)
        if cls is not None and any(base.endswith(".FlaskView") for base in self.link.hierarchy.external_bases(cls)):
            owner = self.link.scope(*cls)
            given = self._text(cls.module, owner.final.get("route_base"))
            return given if given is not None else "/" + owner.name.removesuffix("View").lower()
        if function[0] != "attr":
            return UNSEEN
        return self._prefix(self.link.value(module, function[1]), 0)

    def _prefix(self, value: Value, depth: int) -> str:
        """The path before all routes of a router, or of an application."""
        routers = [atom for atom in value if type(atom) is ExternalObject]
        if len(routers) != 1 or depth > _MAX_DEPTH:
            return UNSEEN
        router = routers[0]
        if router.name not in ROUTERS:
            return ""
        own = self._text_or_none(router.module, self.link.node(router.module, router.row), _PREFIXES)
        above = self._above(router, depth)
        return _joined(above, own)

    def _above(self, router: ExternalObject, depth: int) -> str:
        """The path before a router where it is put in: of several places the shortest."""
        found = set()
        for module, row in self.link.gathered(_INCLUDES, "include"):
            node = self.link.node(module, row)
            given = self._given(node, ("router", "blueprint", "app"), first=True)
            holder = self.link.node(module, node[1])
            if module in self.link.tests or given is None or holder[0] != "attr":
                continue
            if router in self.link.value(module, given):
                own = self._text_or_none(module, node, _PREFIXES)
                found.add(_joined(self._prefix(self.link.value(module, holder[1]), depth + 1), own))
        return min(found, key=lambda path: (path.startswith(UNSEEN), len(path), path)) if found else UNSEEN

    def _text_or_none(self, module: int, node: Row, names: tuple[str, ...]) -> str:
        """The text of an argument: "" without one, `UNSEEN` where only the running program knows it."""
        given = self._given(node, names)
        if given is None:
            return UNSEEN if any(keyword == "**" for keyword, _ in node[2]) else ""
        text = self._text(module, given)
        return UNSEEN if text is None else text

    @staticmethod
    def _given(node: Row, names: tuple[str, ...], first: bool = False) -> int | None:
        """The row of an argument by name, or of the first one."""
        for position, (keyword, row) in enumerate(node[2]):
            if keyword in names or (first and keyword is None and position == 0):
                return int(row)
        return None

    def _text(self, module: int, row: int | None) -> str | None:
        value = self.link.value(module, row) if row is not None else ()
        texts = {atom.value for atom in value if type(atom) is Const and isinstance(atom.value, str)}
        return str(texts.pop()) if len(texts) == len(value) == 1 else None


def _joined(before: str, path: str) -> str:
    """A path behind another, of which only the end may be known."""
    if path.startswith(UNSEEN):
        return path
    return before.rstrip("/") + ("/" + path.lstrip("/") if path else "")
