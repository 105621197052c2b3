"""Documents that are stored: the value of each field, whether it may be missing or None, and of which type it is.

Read through helpers, models and what they are dumped to. Differs from `mongolint.project.documents`, which reads
filters and the like: there the question is which fields are compared and how, here it is which values they get.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import field, replace
from typing import TYPE_CHECKING, Any

from mongolint.fastclasses import NamedTuple, dataclass
from mongolint.link.atoms import ClassRef, External, FunctionRef, Literal, strings
from mongolint.project.tracing import models, nulls, terms
from mongolint.project.tracing.tracer import MAX_PATHS, Spot, Term

if TYPE_CHECKING:
    from mongolint.project.tracing.tracer import Tracer


class Stored(NamedTuple):
    """The value of one field.

    ``spots``: the expressions that give it, in the end; of a model's field that is not set in view, ``declared`` says
    which it is. ``sure``: it is in every such document. ``as_json``: dates and ids have become strings. ``filled``: it
    is left out where it would be None.
    """

    term: Term
    spots: tuple[Spot, ...] = ()
    declared: tuple[ClassRef, str] | None = None
    sure: bool = True
    as_json: bool = False
    filled: bool = False


@dataclass(frozen=True, slots=True)
class Content:
    """What is stored. ``sources``: what else all members of go in; ``open``: other fields may be in it, too."""

    fields: dict[str, Stored] = field(default_factory=dict)
    sources: tuple[Term, ...] = ()
    open: bool = False

    def with_field(self, name: str, value: Stored) -> Content:
        return Content({**self.fields, name: value}, self.sources, self.open)

    def without(self, name: str) -> Content:
        return replace(self, fields={key: value for key, value in self.fields.items() if key != name})

    def merged(self, other: Content) -> Content:
        """This with all of ``other`` put into it."""
        fields = dict(self.fields)
        for name, value in other.fields.items():
            held = fields.get(name)
            fields[name] = _either([held, value]) if held is not None and not value.sure else value
        return Content(fields, (*self.sources, *other.sources), self.open or other.open)


EMPTY = Content()
OPEN = Content(open=True)


def read(tracer: Tracer, spot: Spot) -> Content:
    """What the document at ``spot`` holds."""
    return tracer.once(("stored", spot), lambda: _read(tracer, spot), OPEN)


def _read(tracer: Tracer, spot: Spot) -> Content:
    node = tracer.node(spot)
    match node[0]:
        case "dict":
            return _dict(tracer, spot, node[1])
        case "setitem":
            return _with_item(tracer, read(tracer, spot.at(node[1])), spot.at(node[2]), spot.at(node[3]))
        case "delitem":
            return _without(tracer, read(tracer, spot.at(node[1])), spot.at(node[2]))
        case "mutated":
            return _mutated(tracer, spot, node)
        case "await" | "star":
            return read(tracer, spot.at(node[1]))
        case "typed" if node[2] is not None:
            return read(tracer, spot.at(node[2]))
        case "phi" if len(node[1]) <= MAX_PATHS:
            return either([read(tracer, spot.at(row)) for row in node[1]])
        case "ifexp":
            return either([read(tracer, spot.at(row)) for row in node[2:4]])
        case "bool" if node[1] == "or":
            return either([read(tracer, spot.at(row)) for row in node[2]])
        case "binop" if node[1] == "|":
            return read(tracer, spot.at(node[2])).merged(read(tracer, spot.at(node[3])))
        case "param":
            return _parameter(tracer, spot, node)
        case "call":
            return _call(tracer, spot, node)
        case "free" | "from" | "attr":
            return _constant(tracer, spot)
        case "comp" if node[1] == "dict":
            return _picked(tracer, spot, *node[2])
        case "iter":
            return _item(tracer, spot, spot.at(node[1]))
    return _whole(tracer, spot)


def either(found: Iterable[Content]) -> Content:
    """One of several documents."""
    contents = list(found)
    if len(contents) == 1:
        return contents[0]
    names = dict.fromkeys(name for content in contents for name in content.fields)
    fields = {}
    for name in names:
        held = [content.fields[name] for content in contents if name in content.fields]
        value = _either(held)
        fields[name] = value if len(held) == len(contents) else value._replace(sure=False)
    sources = dict.fromkeys(source for content in contents for source in content.sources)
    return Content(fields, tuple(sources), any(content.open for content in contents))


def _either(values: Iterable[Stored | None]) -> Stored:
    held = [value for value in values if value is not None]
    return Stored(
        terms.either(value.term for value in held),
        tuple(dict.fromkeys(spot for value in held for spot in value.spots)),
        next((value.declared for value in held if value.declared), None),
        all(value.sure for value in held),
        any(value.as_json for value in held),
        all(value.filled for value in held),
    )


def _dict(tracer: Tracer, spot: Spot, pairs: Iterable[tuple[int | None, int]]) -> Content:
    content = EMPTY
    for key, value in pairs:
        if key is None:
            content = content.merged(read(tracer, spot.at(value)))
        else:
            content = _with_item(tracer, content, spot.at(key), spot.at(value))
    return content


def _with_item(tracer: Tracer, content: Content, key: Spot, value: Spot) -> Content:
    names = _names(tracer, key)
    if len(names) != 1:
        return replace(content, open=True)
    return content.with_field(names[0], Stored(tracer.term(value), (value,)))


def _without(tracer: Tracer, content: Content, key: Spot) -> Content:
    names = _names(tracer, key)
    return content.without(names[0]) if len(names) == 1 else replace(content, open=True)


def _names(tracer: Tracer, key: Spot) -> list[str]:
    value = tracer.value(key)
    names = strings(value)
    return names if len(names) == len(value) else []


def _mutated(tracer: Tracer, spot: Spot, node: Any) -> Content:
    content = read(tracer, spot.at(node[1]))
    call = spot.at(node[2])
    _, function, args = tracer.node(call)
    name = tracer.node(call.at(function))[2]
    if name == "clear":
        return EMPTY
    if name == "pop" and args:
        return _without(tracer, content, call.at(args[0][1]))
    if name == "setdefault" and len(args) > 1:
        added = _with_item(tracer, EMPTY, call.at(args[0][1]), call.at(args[1][1]))
        return either([content, content.merged(added)]) if added.fields.keys() - content.fields.keys() else content
    if name == "update":
        return content.merged(_arguments(tracer, call, args))
    return content


def _arguments(tracer: Tracer, call: Spot, args: Iterable[tuple[str | None, int]]) -> Content:
    """What ``dict(…)`` and ``update(…)`` make of their arguments."""
    content = EMPTY
    for keyword, row in args:
        if keyword in (None, "**"):
            content = content.merged(read(tracer, call.at(row)))
        elif keyword == "*":
            content = replace(content, open=True)
        else:
            content = content.with_field(str(keyword), Stored(tracer.term(call.at(row)), (call.at(row),)))
    return content


def _parameter(tracer: Tracer, spot: Spot, node: Any) -> Content:
    frame = spot.frame.find(spot.module, node[1]) if spot.frame else None
    param = next((p for p in tracer.link.scope(spot.module, node[1]).params if p.name == node[2]), None)
    if frame and param and param.kind == "**":
        return Content({name: Stored(tracer.term(given), (given,)) for name, given in tracer.keywords(frame).items()})
    passed = tracer.parameter(spot)
    found = read(tracer, passed) if passed else OPEN
    # Where the caller does not show it, its annotation may
    return _whole(tracer, spot) if found.open and not found.fields else found


def _constant(tracer: Tracer, spot: Spot) -> Content:
    """A document kept under a name of a module or class."""
    value = tracer.value(spot)
    if len(value) == 1 and type(value[0]) is Literal and value[0].env is None:
        return read(tracer, Spot(value[0].module, value[0].row, None))
    return _whole(tracer, spot)


def _picked(tracer: Tracer, spot: Spot, key: int, value: int) -> Content:
    """``{k: v for k, v in given.items() if …}``: the same names, of which some may be left out."""
    unpacked = tracer.node(spot.at(key))
    pair = tracer.node(spot.at(unpacked[1])) if unpacked[0] == "unpack" and unpacked[2:] == (0, 2) else ("none",)
    items = tracer.node(spot.at(pair[1])) if pair[0] == "iter" else ("none",)
    function = tracer.node(spot.at(items[1])) if items[0] == "call" and not items[2] else ("none",)
    if function[0] != "attr" or function[2] != "items":
        return _whole(tracer, spot)
    found = read(tracer, spot.at(function[1]))
    content = replace(found, sources=(), open=found.open or bool(found.sources))  # not all of them go in
    if tracer.node(spot.at(value)) != ("unpack", unpacked[1], 1, 2):
        made = Stored(tracer.term(spot.at(value)), (spot.at(value),), sure=False)
        return replace(content, fields=dict.fromkeys(content.fields, made))
    tests = (each.ref for each in tracer.facts(spot.module).contexts if each.kind == "then")
    filled = any(_excludes_none(tracer, spot.at(row), unpacked[1]) for row in tests if unpacked[1] < row < spot.row)
    fields = {name: each._replace(sure=False, filled=each.filled or filled) for name, each in content.fields.items()}
    return replace(content, fields=fields)


def _excludes_none(tracer: Tracer, test: Spot, pair: int) -> bool:
    """Whether a test of the value of a pair, ``if v`` or ``if v is not None``, leaves None out."""
    node = tracer.node(test)
    if node[0] == "compare" and node[1] == ("IsNot",) and tracer.node(test.at(node[2][1])) == ("const", None):
        node = tracer.node(test.at(node[2][0]))
    return bool(node == ("unpack", pair, 1, 2))


def _item(tracer: Tracer, spot: Spot, several: Spot) -> Content:
    """An element of a list, where all of them are in view."""
    items, is_open = tracer.reader.items(several.module, several.row, several.frame.env if several.frame else None)
    if is_open or not 0 < len(items) <= MAX_PATHS:
        return _whole(tracer, spot)
    return either(read(tracer, Spot(item.place.module, item.place.row, several.frame)) for item in items)


def _call(tracer: Tracer, spot: Spot, node: Any) -> Content:
    called = tracer.called(spot)
    functions = [each for each in called if type(each) is FunctionRef]
    if len(functions) > MAX_PATHS:
        return OPEN
    if functions:
        # One of several models: what the project's own method makes of each, and not what a library's would
        frames = [tracer.frame(each, spot) for each in functions]
        found = [read(tracer, each) for frame in frames if frame for each in terms.returns(tracer, frame)]
        if not found:
            return _whole(tracer, spot)
        return either(found if len(functions) == len(called) and all(frames) else [*found, OPEN])
    if len(called) == 1 and type(called[0]) is External and called[0].name in terms.DUMPING_FUNCTIONS:
        return _dumped_by_function(tracer, spot, called[0].name.rpartition(".")[2], node[2])
    function = tracer.node(spot.at(node[1]))
    if function[0] == "attr" and function[2] in terms.DUMPING:
        return _dumped(tracer, spot, read(tracer, spot.at(function[1])), node[2])
    if function[0] == "attr" and function[2] == "setdefault" and len(node[2]) == 2:
        return _given_default(tracer, spot, function[1], node[2][0][1], node[2][1][1])
    return _whole(tracer, spot)


def _given_default(tracer: Tracer, spot: Spot, document: int, key: int, given: int) -> Content:
    """``update.setdefault("$push", {})``: what is there under the key, else what is put there now."""
    content, names, default = read(tracer, spot.at(document)), _names(tracer, spot.at(key)), spot.at(given)
    if len(names) != 1 or content.open or content.sources:
        return _whole(tracer, spot)
    held = content.fields.get(names[0])
    spots = (*(held.spots or (None,) if held else ()), *(() if held and held.sure else (default,)))
    return either(read(tracer, spot) if spot is not None else OPEN for spot in spots)


def _dumped_by_function(tracer: Tracer, spot: Spot, name: str, args: Any) -> Content:
    """What ``dict(…)``, ``asdict(…)`` or FastAPI's encoder make, which writes aliases unless told otherwise."""
    if name == "jsonable_encoder" and args and args[0][0] in (None, "obj"):
        options = [(keyword, row) for keyword, row in args[1:] if keyword != "by_alias"]
        named = dict(args[1:]).get("by_alias")
        content = _dumped(tracer, spot, read(tracer, spot.at(args[0][1])), options)
        is_plain = named is not None and tracer.node(spot.at(named)) == ("const", False)
        return as_json(content if is_plain else _by_alias(tracer, content))
    if name == "asdict" and len(args) > 1:
        return OPEN
    return _arguments(tracer, spot, args)


def as_json(content: Content) -> Content:
    return replace(content, fields={name: value._replace(as_json=True) for name, value in content.fields.items()})


def _dumped(tracer: Tracer, spot: Spot, content: Content, args: Iterable[tuple[str | None, int]]) -> Content:
    """A model as the dict that its ``model_dump(…)`` makes."""
    for keyword, place in options(tracer, spot, args):
        given = tracer.node(place)
        if keyword == "mode":
            content = content if given == ("const", "python") else as_json(content)
        elif keyword in ("exclude_none", "exclude_unset", "exclude_defaults") and given == ("const", True):
            fields = {
                name: value._replace(
                    sure=value.sure and _is_kept(tracer, value, keyword),
                    filled=value.filled or keyword == "exclude_none",
                )
                for name, value in content.fields.items()
            }
            content = replace(content, fields=fields)
        elif keyword in ("include", "exclude") and given != ("const", None):
            content = _chosen(tracer, content, place, keyword == "include")
        elif keyword == "by_alias" and given == ("const", True):
            content = _by_alias(tracer, content)
        elif keyword == "update":
            content = content.merged(read(tracer, place))
    return content


def options(tracer: Tracer, spot: Spot, args: Iterable[tuple[str | None, int]]) -> Iterator[tuple[str | None, Spot]]:
    """The options of a call, those of ``**options`` that a caller names with them."""
    for keyword, row in args:
        if keyword == "**":
            for name, value in read(tracer, spot.at(row)).fields.items():
                yield from ((name, place) for place in value.spots[:1])
        else:
            yield keyword, spot.at(row)


def _chosen(tracer: Tracer, content: Content, names: Spot, is_included: bool) -> Content:
    """What ``include={"a"}`` keeps of a model, or ``exclude={"a"}`` leaves."""
    node = tracer.node(names)
    if node[0] not in ("seq", "dict"):
        return replace(content, fields={}, open=True)
    pairs = [(row, None) for row in node[2]] if node[0] == "seq" else [pair for pair in node[1] if pair[0] is not None]
    whole, others = set[str](), set[str]()
    is_open = node[0] == "dict" and len(pairs) < len(node[1])
    for key, value in pairs:
        found = _names(tracer, names.at(key))
        # A field of which only a part is meant may be there or not: which part is not followed
        is_whole = value is None or tracer.node(names.at(value)) == ("const", True)
        is_open = is_open or len(found) != 1 or not is_whole
        (whole if is_whole else others).update(found)
    if is_included:
        kept = {name: value for name, value in content.fields.items() if name in whole}
        return Content(kept, (), content.open or bool(content.sources) or is_open)
    left = {name: value for name, value in content.fields.items() if name not in whole | others}
    return replace(content, fields=left, open=content.open or is_open)


def _is_kept(tracer: Tracer, value: Stored, option: str) -> bool:
    """Whether a model's field is dumped in spite of an option that leaves some out."""
    if nulls.may_be_null(tracer, value):
        return False
    return option == "exclude_none" or value.declared is None or not models.has_default(tracer, *value.declared)


def _by_alias(tracer: Tracer, content: Content) -> Content:
    fields = {}
    for name, value in content.fields.items():
        fields[alias(tracer, *value.declared) if value.declared else name] = value
    return replace(content, fields=fields)


def alias(tracer: Tracer, cls: ClassRef, name: str) -> str:
    """The name under which a model's field is stored."""
    for owner in tracer.link.hierarchy.order(cls):
        row = tracer.link.bound(*owner, name).final
        node = tracer.link.node(owner.module, row) if row is not None else ("none",)
        if node[0] == "typed" and node[2] is not None:
            node = tracer.link.node(owner.module, node[2])
        options = dict(node[2]) if node[0] == "call" else {}
        for keyword in ("serialization_alias", "alias"):  # the first one is meant for writing, whatever the other says
            if keyword in options:
                return next(iter(strings(tracer.link.value(owner.module, options[keyword]))), name)
    return name


def _whole(tracer: Tracer, spot: Spot) -> Content:
    """All that an object holds: the fields of its model, or whatever they are."""
    base = tracer.term(spot)
    cls = base[2] if base[0] == "new" else terms.class_of(tracer, spot)
    names = [] if cls is None else models.field_names(tracer, cls)
    if cls is None or not names:
        if base[0] == "document" and base[1] != spot:
            return read(tracer, base[1])
        return Content({}, (base,), True)
    fields = {}
    for name in names:
        given = terms.constructed(tracer, base, name) if base[0] == "new" else None
        is_sure = not models.may_be_missing(tracer, cls, name)
        fields[name] = Stored(tracer.member(base, name), (given,) if given else (), (cls, name), is_sure)
    return Content(fields, (), models.is_open(tracer, cls))


def of_class(tracer: Tracer, cls: ClassRef) -> Content | None:
    """The fields of a model or dataclass; None where it is none."""
    names = models.field_names(tracer, cls)
    fields = {
        name: Stored(("field", cls, name), (), (cls, name), not models.may_be_missing(tracer, cls, name))
        for name in names
    }
    return Content(fields, (), models.is_open(tracer, cls)) if names else None
