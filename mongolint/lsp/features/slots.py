"""Which part of which document of an operation a place is in, and on which collection the operation runs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from mongolint.fastclasses import dataclass
from mongolint.lsp.features.sight import Sight
from mongolint.lsp.features.typed import (
    Around,
    Call,
    Frame,
    Token,
    around,
    call_of,
    colon,
    key_of,
    keyword_of,
    primary,
)
from mongolint.mongo.drivers import REQUESTS
from mongolint.mongo.methods import DRIVER_ONLY, TABLES, Method

# They make a document of what they are given
_TRANSPARENT = ("SON", "OrderedDict")
# They add to a list
_ADDING = ("append", "extend")
_ROLES = ("filter", "update", "document", "sort", "projection", "pipeline", "keys", "hint")
_REQUESTS = {name.rpartition(".")[2]: name for name in REQUESTS} | {"IndexModel": "IndexModel"}
_STAGE = re.compile(r"\{\s*[\"'](\$\w+)[\"']\s*:")
_USES = 6
ITEM, TUPLE = "[]", "()"
# A list or document of which the place shows only the end
_UNSEEN = Frame("", 0, [[Token("op", 0, 0)], []])


@dataclass(frozen=True, slots=True)
class Slot:
    """A place in an argument of an operation.

    Attributes:
        role: filter, update, document, sort, projection, pipeline, keys, hint, distinct.
        collections: their names; none where only the running program knows.
        path: the keys that lead to the place, from the argument inwards; ``[]`` for a list and ``()`` for a tuple, None
            for a key that is not written out.
        kind: key (of a document), value (of a key), item (of a list or tuple), argument (the argument itself).
        frames: the brackets of the path, the innermost last.
    """

    role: str
    collections: tuple[str, ...]
    path: tuple[str | None, ...]
    kind: str
    frames: Sequence[Frame] = ()


def slot_at(sight: Sight, here: Around) -> Slot | None:
    """The slot that a place is in; None where it is in no argument of an operation."""
    innermost = len(here.frames) - 1
    for number in range(innermost, 0, -1):
        call = call_of(here, number)
        if call is None:
            if _is_subscript(here, number):
                return _of_item(sight, here) if number == innermost == 1 else None
            continue
        if call.name in _TRANSPARENT:
            continue
        if call.name in _ADDING and call.receiver.isidentifier():
            return _of_added(sight, here, number, call)
        found = _role_of(sight, here, number, call)
        return None if found is None else _slot(here, number, *found)
    return _of_variable(sight, here)


def _is_subscript(here: Around, number: int) -> bool:
    return here.frames[number].opener == "[" and bool(primary(here, here.frames[number - 1].tokens))


def _slot(here: Around, number: int, role: str, collections: tuple[str, ...]) -> Slot:
    """The slot of a place inside of the brackets of that number."""
    frames = [frame for frame in here.frames[number + 1 :] if not _is_wrapped(here, frame)]
    path: list[str | None] = []
    kind = "argument"
    for frame in frames:
        kind = "item"
        if frame.opener == "{":
            is_value = colon(here, frame.tokens) is not None
            kind = "value" if is_value else "key"
            if is_value or frame is not frames[-1]:  # a part of ``**{…}`` has no key
                path.append(key_of(here, frame.tokens) if is_value else None)
        else:
            path.append(ITEM if frame.opener == "[" else TUPLE)
    return Slot(role, collections, tuple(path), kind, frames)


def _is_wrapped(here: Around, frame: Frame) -> bool:
    """Whether a frame is the brackets of ``SON(…)``, or brackets around one expression."""
    number = list(here.frames).index(frame)
    call = call_of(here, number)
    if call is not None:
        return call.name in _TRANSPARENT
    return frame.opener == "(" and len(frame.parts) == 1 and number < len(here.frames) - 1


# Calls


def _role_of(sight: Sight, here: Around, number: int, call: Call) -> tuple[str, tuple[str, ...]] | None:
    """The role of the argument that is being typed, and the collections."""
    if not call.receiver or call.name in _REQUESTS:
        return _of_request(sight, here, number, call)
    method = TABLES["collection"].get(call.name)
    if method is None and call.name in TABLES["cursor"] and TABLES["cursor"][call.name].kind == "cursor-step":
        method = TABLES["cursor"][call.name]
    role = _role(method, call.argument) if method is not None else None
    if role is None:
        return None
    found = sight.collections(call.receiver)
    if not found and (call.name not in DRIVER_ONLY or not sight.may_be_collection(call.receiver)):
        return None
    return role, tuple(str(collection.name) for collection in found)


def _role(method: Method, argument: str | int) -> str | None:
    """The part that an argument plays, by its keyword or position."""
    if isinstance(argument, int):
        if argument >= len(method.params):
            return None
        argument = method.params[argument]
    parameter = dict(method.aliases).get(argument, argument)
    if method.name == "distinct" and parameter == "key":
        return "distinct"
    return next((role for role in _ROLES if getattr(method, role) == parameter), None)


def _of_request(sight: Sight, here: Around, number: int, call: Call) -> tuple[str, tuple[str, ...]] | None:
    """Of a request of ``bulk_write`` or an ``IndexModel``, by the call that takes it."""
    role = "keys" if call.name == "IndexModel" and call.argument in (0, "keys") else _role_in_request(call)
    taking = "create_indexes" if call.name == "IndexModel" else "bulk_write"
    receivers = _takers(here, number, taking) if role is not None else []
    found = {each.name: None for receiver in receivers for each in sight.collections(receiver)}
    return (role, tuple(map(str, found))) if role is not None and found else None


def _role_in_request(call: Call) -> str | None:
    request = REQUESTS.get(_REQUESTS.get(call.name, ""))
    if request is None:
        return None
    parameters = dict(enumerate(request.params))
    parameter = parameters.get(call.argument) if isinstance(call.argument, int) else call.argument
    given = ("filter", "update", "document", "sort", "hint")
    return next((each for each in given if parameter and getattr(request, each) == parameter), None)


def _takers(here: Around, number: int, method: str) -> list[str]:
    """On what the method is called that takes a request: around it, or below with the list that it is put into."""
    outer = next((each for at in range(number - 1, 0, -1) if (each := call_of(here, at))), None)
    if outer is not None and outer.name == method:
        return [outer.receiver]
    if outer is None:
        name = keyword_of(here, here.frames[0].tokens) or _annotated(here)
    else:
        name = outer.receiver if outer.name in _ADDING and outer.receiver.isidentifier() else None
    if name is None:
        return []
    pattern = re.compile(rf"([\w.\[\]\"'()]+)\.{method}\(\s*(?:\w+\s*=\s*)?{re.escape(name)}\s*[,)]")
    return [match[1] for match in pattern.finditer(here.text, here.offset, _end_of_function(here))]


# Variables


def _of_variable(sight: Sight, here: Around) -> Slot | None:
    """Of a document that is given a name, or put into one that has a name, by the operation that it is passed to."""
    tokens = here.frames[0].tokens
    if len(here.frames) < 2:
        return None
    name = keyword_of(here, tokens) or _annotated(here)
    if name is not None:
        return _passed(sight, here, 0, name)
    texts = [here.text[token.start : token.end] for token in tokens]
    if len(tokens) == 3 and tokens[0].kind == "name" and tokens[1].kind == "group" and texts[2] == "=":
        found = _passed(sight, here, 0, texts[0])
        key = _key(texts[1])
        return found and replace(found, path=(key, *found.path), frames=(_UNSEEN, *found.frames))
    return None


def _of_item(sight: Sight, here: Around) -> Slot | None:
    """Of ``query["…"]``."""
    head = primary(here, here.frames[0].tokens)
    if len(head) != 1 or len(here.frames[1].parts) != 1:
        return None
    found = _passed(sight, here, 1, here.source(head))
    return found and replace(found, kind="key", frames=(here.frames[1],))


def _of_added(sight: Sight, here: Around, number: int, call: Call) -> Slot | None:
    """Of a stage that is put at the end of a pipeline."""
    found = _passed(sight, here, number, call.receiver)
    if found is None or found.role != "pipeline" or len(here.frames) == number + 1:
        return None
    if call.name == "extend":
        return replace(found, frames=(_UNSEEN, *found.frames[1:])) if found.path[:1] == (ITEM,) else None
    return replace(found, path=(ITEM, *found.path), frames=(_UNSEEN, *found.frames))


def _passed(sight: Sight, here: Around, number: int, name: str) -> Slot | None:
    """The slot inside of a variable, by what it is below, if all its uses agree."""
    found = set(_uses(sight, here, name))
    if len({role for role, _ in found}) != 1:
        return None
    role = next(iter(found))[0]
    names = tuple(dict.fromkeys(each for _, collections in sorted(found) for each in collections))
    return _slot(here, number, role, names)


def _key(group: str) -> str | None:
    """The string in ``["…"]``."""
    match = re.fullmatch(r"\[\s*[\"']([^\"'\\\n]*)[\"']\s*\]", group)
    return match[1] if match else None


def _annotated(here: Around) -> str | None:
    """The name in ``name: annotation = …``."""
    tokens = here.frames[0].tokens
    texts = [here.text[token.start : token.end] for token in tokens]
    is_one = len(texts) > 3 and tokens[0].kind == "name" and texts[1] == ":" and texts[-1] == "="
    return texts[0] if is_one else None


def _uses(sight: Sight, here: Around, name: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The roles in which the rest of the function passes a variable to operations, itself as a whole argument."""
    end = _end_of_function(here)
    pattern = re.compile(rf"(?<![\w.\"']){re.escape(name)}(?=\s*[,)])")
    for count, match in enumerate(pattern.finditer(here.text, here.offset, end)):
        if count == _USES:
            return
        there = around(here.text, match.start())
        number = len(there.frames) - 1 if there is not None else 0
        call = call_of(there, number) if there is not None and there.string is None and number else None
        if there is not None and call is not None and _is_alone(there, call):
            role = _role_of(sight, there, number, call)
            if role is not None:
                yield role


def _is_alone(there: Around, call: Call) -> bool:
    """Whether nothing stands before a place in its argument but the keyword."""
    return len(call.frame.tokens) == (2 if keyword_of(there, call.frame.tokens) else 0)


def _end_of_function(here: Around) -> int:
    """Where the statements that are no deeper than the one around a place end."""
    start = here.frames[0].start
    depth = len(here.text[start:]) - len(here.text[start:].lstrip(" \t"))
    if not depth:
        return len(here.text)
    less = re.compile(rf"^[ \t]{{0,{depth - 1}}}(?:async[ \t]+def|def|class|@)", re.MULTILINE)
    match = less.search(here.text, here.offset)
    return match.start() if match else len(here.text)


# Pipelines


def stages_before(here: Around, frame: Frame) -> list[str | None]:
    """The names of the stages before the one that is being typed; None for what is not written out."""
    found: list[str | None] = []
    for part in frame.parts[:-1]:
        match = _STAGE.match(here.text, part[0].start) if len(part) == 1 and part[0].kind == "group" else None
        found.append(match[1] if match else None)
    return found


def sibling(here: Around, frame: Frame, key: str) -> str | None:
    """The string that a document under the cursor has for another key, before or behind the place."""
    end = _closing(here, frame)
    pattern = re.compile(rf"[\"']{re.escape(key)}[\"']\s*:\s*[\"']([^\"'\n]+)[\"']")
    match = pattern.search(here.text, frame.start, end)
    return match[1] if match else None


def _closing(here: Around, frame: Frame) -> int:
    """Where a document ends, as far as its looks tell."""
    depth = 0
    for match in re.compile(r"[{}]").finditer(here.text, frame.start):
        depth += 1 if match.group() == "{" else -1
        if not depth:
            return match.end()
    return here.offset
