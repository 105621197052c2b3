"""Classes whose objects are documents: Pydantic models, dataclasses, TypedDicts. Which fields they have.

Sources: Pydantic 2, "Configuration" (``extra``), "Fields" (``exclude``); PEP 589 and PEP 655 (``total``,
``NotRequired``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mongolint.link.atoms import ClassRef, FunctionRef

if TYPE_CHECKING:
    from mongolint.project.tracing.tracer import Tracer

# Bases outside of the project that bring no fields of their own, by their last names
_EMPTY_BASES = frozenset(
    ["BaseModel", "TypedDict", "object", "ABC", "Generic", "Protocol", "RootModel", "NamedTuple", "dict", "str"]
)
_NO_FIELDS = ("model_config", "Config")
# Options by which fields may be stored under other names
_RENAMING: frozenset[object] = frozenset(["alias_generator", "serialize_by_alias", "**"])
_SERIALIZERS = frozenset(["computed_field", "model_serializer", "root_serializer"])


def field_names(tracer: Tracer, cls: ClassRef) -> list[str]:
    """The fields of a model or dataclass; none of a class with a constructor of its own."""
    if tracer.link.hierarchy.find(cls, "__init__"):
        return []
    owners = list(reversed(tracer.link.hierarchy.order(cls)))
    names = dict.fromkeys(name for owner in owners for name in tracer.link.fields(*owner))
    return [
        name
        for name in names
        if not name.startswith("_") and name not in _NO_FIELDS and not _is_left_out(tracer, owners, name)
    ]


def is_open(tracer: Tracer, cls: ClassRef) -> bool:
    """Whether objects of a model may have fields that it does not declare, or are dumped in a way of its own."""
    hierarchy = tracer.link.hierarchy
    if any(base.rpartition(".")[2] not in _EMPTY_BASES for base in hierarchy.external_bases(cls)):
        return True
    return any(_allows_more(tracer, owner) for owner in hierarchy.order(cls))


def _allows_more(tracer: Tracer, cls: ClassRef) -> bool:
    scope, facts = tracer.link.scope(*cls), tracer.facts(cls.module)
    known = tracer.link.hierarchy.bases(cls)
    if len(known) < len(scope.bases):
        return True  # a base that is not known
    for name, row in scope.final.items():
        node = facts.nodes[row]
        if node[0] == "func" and tracer.link.hierarchy.decorators(FunctionRef(cls.module, node[1])) & _SERIALIZERS:
            return True
        if name == "model_config" and _allows_others(tracer, cls.module, row):
            return True
        if name == "Config" and node[0] == "class":
            options = facts.scopes[node[1]].final
            extra = options.get("extra")
            if _RENAMING & options.keys() or (extra is not None and _is_allowing(tracer, cls.module, extra)):
                return True
    return any(keyword == "extra" and _is_allowing(tracer, cls.module, row) for keyword, row in scope.keywords)


def _allows_others(tracer: Tracer, module: int, row: int) -> bool:
    node = tracer.link.node(module, row)
    if node[0] == "typed" and node[2] is not None:
        node = tracer.link.node(module, node[2])
    if node[0] == "call":
        given = dict(node[2])
        return bool(_RENAMING & given.keys()) or ("extra" in given and _is_allowing(tracer, module, given["extra"]))
    if node[0] == "dict":
        facts = tracer.facts(module)
        keys = {facts.constant(key): value for key, value in node[1]}
        return bool(_RENAMING & keys.keys()) or ("extra" in keys and _is_allowing(tracer, module, keys["extra"]))
    return True


def _is_allowing(tracer: Tracer, module: int, row: int) -> bool:
    node = tracer.link.node(module, row)
    return node != ("const", "ignore") and node != ("const", "forbid") and node[-1] not in ("ignore", "forbid")


def has_default(tracer: Tracer, cls: ClassRef, name: str) -> bool:
    """Whether a field can be left out where an object is made."""
    for owner in tracer.link.hierarchy.order(cls):
        row = tracer.link.bound(*owner, name).final
        node = tracer.link.node(owner.module, row) if row is not None else ("none",)
        if node[0] == "typed":
            if node[2] is None:
                return False
            node = tracer.link.node(owner.module, node[2])
        if node[0] == "call" and tracer.link.node(owner.module, node[1])[-1] in ("Field", "field"):
            given = [tracer.link.node(owner.module, row) for keyword, row in node[2] if keyword in (None, "default")]
            return any(keyword == "default_factory" for keyword, _ in node[2]) or any(
                each[0] != "unknown" for each in given
            )
        if node[0] != "none":
            return True
    return False


def may_be_missing(tracer: Tracer, cls: ClassRef, name: str) -> bool:
    """Whether an object of a TypedDict may lack a key."""
    for owner in tracer.link.hierarchy.order(cls):
        scope = tracer.link.scope(*owner)
        row = scope.annotations.get(name)
        if row is not None:
            node = tracer.link.node(owner.module, row)
            wrapper = tracer.link.node(owner.module, node[1]) if node[0] == "item" else ("none",)
            is_total = not any(
                keyword == "total" and tracer.link.node(owner.module, given) == ("const", False)
                for keyword, given in scope.keywords
            )
            return wrapper[-1] == "NotRequired" or (not is_total and wrapper[-1] != "Required")
    return False


def _is_left_out(tracer: Tracer, owners: list[ClassRef], name: str) -> bool:
    """A variable of the class, or a field that is never dumped."""
    for owner in reversed(owners):
        scope = tracer.link.scope(*owner)
        row = scope.annotations.get(name)
        if row is None:
            continue
        node = tracer.link.node(owner.module, row)
        if node[0] == "item" and tracer.link.node(owner.module, node[1])[-1] in ("ClassVar", "InitVar"):
            return True
        held = scope.final.get(name)
        value = tracer.link.node(owner.module, held) if held is not None else ("none",)
        if value[0] == "typed" and value[2] is not None:
            value = tracer.link.node(owner.module, value[2])
        return value[0] == "call" and any(
            keyword == "exclude" and tracer.link.node(owner.module, row) == ("const", True) for keyword, row in value[2]
        )
    return False
