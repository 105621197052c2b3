"""The hub of tracing values through calls: what an expression stands for in the words of the function that asks.

Linking says what an expression *is*; here it matters whether two expressions, one in each of two helpers, are the same
value. Each kind of question has its own module (`terms`, `stored`, `guards`), which ask one another through `Tracer`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar, cast

from mongolint.facts.shapes import Call, ModuleFacts, Row
from mongolint.fastclasses import NamedTuple, dataclass
from mongolint.link import externals, functions
from mongolint.link.atoms import NONE, Atom, Env, FunctionRef, Method, Value
from mongolint.project.tracing.branches import Branches

if TYPE_CHECKING:
    from mongolint.link.linker import Linker
    from mongolint.project.documents import Reader
    from mongolint.project.operations import Operation

T = TypeVar("T")
Term = tuple[Any, ...]
_MAX_FRAMES = 6
_MAX_DEPTH = 200
# Questions asked for one from outside
_MAX_WORK = 5_000
# Ways on which a variable gets its value, beyond which it may be anything
MAX_PATHS = 40
_NEVER = 1 << 30


@dataclass(slots=True, eq=False)
class Frame:
    """A call being followed: the function that the call at ``site`` of ``site_module`` runs, called in ``outer``.

    ``env`` binds the parameters for the linker; ``takes_receiver``: the first parameter is what the method is
    called on. ``injected``: a framework makes the call, for the parameter whose default is the call at ``site``. Made
    only by `Tracer.frame`, so that identity is equality.
    """

    module: int
    scope: int
    site_module: int
    site: int
    outer: Frame | None
    env: Env | None
    takes_receiver: bool
    injected: bool = False

    @property
    def depth(self) -> int:
        return 1 + (self.outer.depth if self.outer else 0)

    def find(self, module: int, scope: int) -> Frame | None:
        """This frame, or the one outside of it, that runs a function."""
        frame: Frame | None = self
        while frame is not None and (frame.module, frame.scope) != (module, scope):
            frame = frame.outer
        return frame


class Spot(NamedTuple):
    """An expression where a call is followed: ``frame`` is None in the function that asks."""

    module: int
    row: int
    frame: Frame | None

    def at(self, row: int) -> Spot:
        return Spot(self.module, row, self.frame)


class Tracer:
    """Answers what values, documents and conditions are, through calls."""

    def __init__(self, link: Linker, reader: Reader) -> None:
        self.link = link
        self.reader = reader
        self._active: dict[Any, int] = {}
        self._cut = _NEVER
        self._work = 0

    def facts(self, module: int) -> ModuleFacts:
        return self.link.modules[module]

    def operation(self, module: int, row: int) -> Operation | None:
        """The operation that the call at ``row`` is."""
        found = self.link.recall(("operation", module, row))
        return found[0] if found else None

    def call(self, module: int, row: int) -> Call | None:
        """The call at ``row``, and where it stands."""
        return self.link.call_at(module, row)

    def branches(self, module: int) -> Branches:
        """The conditions that hold at the places of a module."""
        _ = self.link.modules[module]  # all of it may be asked
        return self.link.of_files("branches", module, lambda: Branches(self.link, module))

    def node(self, spot: Spot) -> Row:
        return self.link.node(spot.module, spot.row)

    def value(self, spot: Spot) -> Value:
        """What the linker says that an expression can be."""
        return self.link.value(spot.module, spot.row, spot.frame.env if spot.frame else None)

    def once(self, question: Any, answer: Callable[[], T], within_cycle: T) -> T:
        """``answer()``, kept for later; ``within_cycle`` where the question is asked inside itself.

        What such a cycle made incomplete is not kept; what costs too much is answered so for good.
        """
        if not self._active:
            return self.link.study(question, lambda: self._ask(question, answer, within_cycle))
        kept = self.link.recall(question)
        return kept[0] if kept else self._ask(question, answer, within_cycle)

    def _ask(self, question: Any, answer: Callable[[], T], within_cycle: T) -> T:
        depth = len(self._active)
        self._work = self._work + 1 if depth else 0
        if self._work > _MAX_WORK:
            return within_cycle
        if question in self._active or depth > _MAX_DEPTH:
            self._cut = min(self._cut, self._active.get(question, 0))
            return within_cycle
        self._active[question] = depth
        outer, self._cut = self._cut, _NEVER
        try:
            found = answer()
        finally:
            del self._active[question]
        if self._cut >= depth:
            if depth:
                self.link.tell(question, found)
            self._cut = outer
        else:
            self._cut = min(outer, self._cut)
        return found

    # Calls

    def called(self, spot: Spot) -> list[Atom]:
        """What the call at ``spot`` may call.

        What is None until it is made first has no methods that could be run instead: ``self._api = None``.
        """
        atoms = self.value(spot.at(self.node(spot)[1]))
        return [atom for atom in atoms if not (type(atom) is Method and atom.receiver == NONE)]

    def enter(self, spot: Spot) -> Frame | None:
        """The frame in which the call at ``spot`` runs; None unless it runs one known function of the project."""
        called = self.called(spot)
        if len(called) != 1 or type(called[0]) is not FunctionRef:
            return None
        return self.frame(called[0], spot)

    def injected(self, spot: Spot) -> Frame | None:
        """The frame in which a framework runs what gives the parameter at ``spot``: ``user=Depends(current_user)``."""
        _, scope, name = self.node(spot)
        frame = spot.frame.find(spot.module, scope) if spot.frame else None
        default = next((p.default for p in self.link.scope(spot.module, scope).params if p.name == name), None)
        passed = self.argument(frame, name) if frame else None
        if default is None or (frame and passed != Spot(spot.module, default, None)):
            return None  # the caller passes another
        function = externals.provider(self.link, spot.module, default)
        return self.frame(function, Spot(spot.module, default, frame), True) if function else None

    def frame(self, function: FunctionRef, spot: Spot, injected: bool = False) -> Frame | None:
        """The frame in which the call at ``spot`` runs ``function``; None in a recursion, and where calls nest deep."""
        outer = spot.frame
        if outer is not None and (outer.depth >= _MAX_FRAMES or outer.find(function.module, function.scope)):
            return None
        outer_env = outer.env if outer else None
        env = None if injected else functions.bind(self.link, function, spot.module, spot.row, outer_env, every=True)
        takes_receiver = function.receiver is not None and not self.link.hierarchy.is_static(function)
        key = (function.module, function.scope, spot.module, spot.row, outer, env, takes_receiver, injected)
        found = self.link.interned.get(key)
        if found is None:
            found = self.link.interned[key] = Frame(*key)
        return cast(Frame, found)

    def argument(self, frame: Frame, name: str) -> Spot | None:
        """What a call passes for a parameter, its default included; None where the code does not show it."""
        params = list(self.link.scope(frame.module, frame.scope).params)
        site = Spot(frame.site_module, frame.site, frame.outer)
        if frame.takes_receiver and params and params.pop(0).name == name:
            if frame.injected:
                return None
            env = frame.outer.env if frame.outer else None
            passed = functions.handed_on(self.link, site.module, site.row, env)
            function = self.node(site.at(self.node(site)[1] if passed is None else passed.function))
            return site.at(function[1]) if function[0] == "attr" else None
        found, complete = self._arguments(frame, [p.name for p in params if p.kind == "positional"])
        if name in found:
            return found[name]
        default = next((p.default for p in params if p.name == name), None)
        return Spot(frame.module, default, None) if complete and default is not None else None

    def keywords(self, frame: Frame) -> dict[str, Spot]:
        """What a call passes to ``**kwargs``."""
        params = self.link.scope(frame.module, frame.scope).params
        named = {p.name for p in params if p.kind in ("positional", "keyword")}
        found, _ = self._arguments(frame, [])
        return {name: spot for name, spot in found.items() if name not in named and not name.isdigit()}

    def _arguments(self, frame: Frame, positional: list[str]) -> tuple[dict[str, Spot], bool]:
        if frame.injected:
            return {}, True
        env = frame.outer.env if frame.outer else None
        args, complete = functions.arguments(self.link, frame.site_module, frame.site, env)
        names = iter(positional)
        found: dict[str, Spot] = {}
        for arg in args:
            name = arg.keyword or next(names, "0")
            if arg.row is not None:
                found[name] = Spot(frame.site_module, arg.row, frame.outer)
            else:
                complete = False
        return found, complete

    def parameter(self, spot: Spot) -> Spot | None:
        """What the caller passes for the parameter at ``spot``; None without a frame that says."""
        _, scope, name = self.node(spot)
        frame = spot.frame.find(spot.module, scope) if spot.frame else None
        return self.argument(frame, name) if frame else None

    # Questions

    def term(self, spot: Spot) -> Term:
        """What an expression stands for: equal terms are the same value."""
        from mongolint.project.tracing import terms

        return terms.of(self, spot)

    def member(self, base: Term, name: str) -> Term:
        """What ``base.name`` or ``base["name"]`` stands for."""
        from mongolint.project.tracing import terms

        return terms.member(self, base, name)
