"""What a base class gets when one of its implementations gets a twin: a concrete default.

It asks one by one, as the callers did. An abstract method would break every other implementation and test double.
"""

from __future__ import annotations

from collections.abc import Iterator

from mongolint.fix.nofix import NoFix
from mongolint.fix.twins.helpers import Helper


def write_defaults(helper: Helper, param: str, raises: bool) -> None:
    """Give each base class that has the helper a default twin.

    Raises:
        NoFix: an implementation need not inherit from it, so that it would have no twin.
    """
    for base in _bases(helper):
        own = base.parameters
        if own != helper.parameters:
            raise NoFix("the interface has other parameters than its implementation")
        base.write(base.twin(param, list(_body(base, param, raises))))


def _bases(helper: Helper) -> Iterator[Helper]:
    if helper.cls is None:
        return
    hierarchy = helper.project.link.hierarchy
    for cls in hierarchy.order(helper.cls)[1:]:
        own = hierarchy.own(cls, helper.name)
        if own is not None:
            if any(name.rpartition(".")[2] == "Protocol" for name in hierarchy.external_bases(cls)):
                raise NoFix("the interface is a protocol, which others may implement without inheriting from it")
            yield Helper(helper.draft, own.module, own.scope)


def _body(base: Helper, param: str, raises: bool) -> Iterator[str]:
    """The lines of a default; where the helper raises for what is not there, the callers ask it again."""
    if raises:
        yield "return {}"
        return
    step = base.file.step
    wait = "await " if base.is_async else ""
    given = ", ".join("key" if name == param else name for name in base.parameters)
    yield "found = {}"
    yield f"for key in {base.plural(param)}:"
    yield f"{step}value = {wait}self.{base.name}({given})"
    yield f"{step}if value is not None:"
    yield f"{step}{step}found[key] = value"
    yield "return found"
