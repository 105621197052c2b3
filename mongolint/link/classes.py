"""Class hierarchies: bases, resolution order, subclasses, methods, abstract methods."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, cast

from mongolint.facts.shapes import ModuleFacts
from mongolint.link.atoms import Atom, ClassRef, External, FunctionRef, Instance, Super
from mongolint.link.states.gathered import Gather
from mongolint.link.states.scopes import decorators, is_empty

if TYPE_CHECKING:
    from mongolint.link.linker import Linker


class Hierarchy:
    """Questions about the classes of a project."""

    def __init__(self, link: Linker) -> None:
        self.link = link

    def bases(self, cls: ClassRef) -> list[ClassRef | External]:
        """Direct bases; ``Generic[T]`` counts as ``Generic``."""
        return self.link.once(("bases", cls), lambda: list(self._find_bases(cls)), [])

    def _find_bases(self, cls: ClassRef) -> Iterator[ClassRef | External]:
        for row in self.link.scope(*cls).bases:
            node = self.link.node(cls.module, row)
            for atom in self.link.value(cls.module, node[1] if node[0] == "item" else row):
                if type(atom) is External or (type(atom) is ClassRef and atom != cls):
                    yield atom

    def order(self, cls: ClassRef) -> list[ClassRef]:
        """The project classes in resolution order: the class, then its bases, shared ones last."""
        return self.link.once(("order", cls), lambda: self._find_order(cls), [cls])

    def _find_order(self, cls: ClassRef) -> list[ClassRef]:
        walk = [cls]
        for base in self.bases(cls):
            if type(base) is ClassRef:
                walk.extend(self.order(base))
        return list(reversed(dict.fromkeys(reversed(walk))))

    def external_bases(self, cls: ClassRef) -> Iterator[str]:
        """Names of the bases outside the project, of the class and of what it inherits from."""
        for member in self.order(cls):
            for base in self.bases(member):
                if type(base) is External:
                    yield base.name

    def _find_subclasses(self) -> dict[ClassRef, list[ClassRef]]:
        found: dict[ClassRef, list[ClassRef]] = {}
        for module, index in self.link.gathered(WITH_BASES, ""):
            cls = ClassRef(module, index)
            for base in self.order(cls)[1:]:
                if module in self.link.tests and base.module not in self.link.tests:
                    continue
                found.setdefault(base, []).append(cls)
        return found

    def subclasses(self, cls: ClassRef) -> list[ClassRef]:
        """All classes that inherit from ``cls``, at any depth."""
        return self.link.kept("subclasses", self._find_subclasses).get(cls, [])

    def own(self, cls: ClassRef, name: str) -> FunctionRef | None:
        """The function that ``cls`` itself defines under ``name``; of a property, the one that gets it."""
        row = self.link.bound(*cls, name).final
        while row is not None:
            node = self.link.node(cls.module, row)
            if node[0] != "func":
                return None
            function = FunctionRef(cls.module, node[1])
            if not self.decorators(function) & _CHANGERS:
                return function
            row = self._changed(function)
        return None

    def _changed(self, function: FunctionRef) -> int | None:
        """The property that ``@name.setter`` adds a function to: the name is bound once more, to the same one."""
        for row in self.link.scope(function.module, function.scope).decorators:
            node = self.link.node(function.module, row)
            if node[0] == "attr" and node[2] in _CHANGERS:
                return int(node[1])
        return None

    def find(self, cls: ClassRef, name: str) -> FunctionRef | None:
        """The method ``name`` of ``cls``, own or inherited."""
        for member in self.order(cls):
            found = self.own(member, name)
            if found is not None:
                return found
        return None

    def methods(self, atom: Atom, name: str) -> Iterator[FunctionRef]:
        """The methods that ``atom.name`` may run, bound to it; an abstract one is left to its implementations."""
        if type(atom) is Super:
            order = self.order(_class_of(atom.receiver))
            start = order.index(ClassRef(atom.module, atom.scope)) + 1 if ClassRef(*atom[:2]) in order else 0
            for member in order[start:]:
                found = self.own(member, name)
                if found is not None:
                    yield found._replace(receiver=atom.receiver)
                    return
        elif type(atom) is Instance or type(atom) is ClassRef:
            cls = ClassRef(atom.module, atom.scope)
            found = self.find(cls, name)
            if found is not None and not self.is_abstract(found):
                yield found._replace(receiver=atom)
                return
            implementations = [self.own(sub, name) for sub in self.subclasses(cls)]
            concrete = [f for f in implementations if f is not None and not self.is_abstract(f)]
            for function in concrete:
                owner = self.link.method_class(function.module, function.scope)
                if owner is not None:
                    yield function._replace(receiver=Instance(*owner))
            if found is not None and not concrete:
                yield found._replace(receiver=atom)

    def decorators(self, function: FunctionRef) -> frozenset[str]:
        """The last names of a function's decorators: ``app.get("/")`` is ``get``."""
        return cast(frozenset[str], self.link.said(decorators, function.module, function.scope))

    def is_static(self, function: FunctionRef) -> bool:
        return "staticmethod" in self.decorators(function)

    def is_class_method(self, function: FunctionRef) -> bool:
        scope = self.link.scope(function.module, function.scope)
        return "classmethod" in self.decorators(function) or scope.name in _IMPLICIT_CLASS_METHODS

    def is_property(self, function: FunctionRef) -> bool:
        return any("property" in name for name in self.decorators(function))

    def is_abstract(self, function: FunctionRef) -> bool:
        """Declared abstract, or a body that only raises NotImplementedError or does nothing."""
        if self.decorators(function) & {"abstractmethod", "abstractproperty", "overload"}:
            return True
        return self.link.method_class(function.module, function.scope) is not None and cast(
            bool, self.link.said(is_empty, function.module, function.scope)
        )


def _with_bases(module: int, facts: ModuleFacts) -> Iterator[tuple[str, int]]:
    """The classes that name a base."""
    yield from (("", scope.index) for scope in facts.scopes if scope.kind == "class" and scope.bases)


WITH_BASES = Gather(_with_bases)


_CHANGERS = frozenset(["setter", "deleter"])
_IMPLICIT_CLASS_METHODS = ("__new__", "__init_subclass__", "__class_getitem__")


def _class_of(atom: Instance | ClassRef) -> ClassRef:
    return ClassRef(atom.module, atom.scope)
