"""What a server answers to ``explain``, in short: which indexes it reads, what it does besides.

Sources: MongoDB manual, "Explain Results" (plan stages; the formats of servers before and after 5.1, of aggregations,
of sharded clusters); asked of a server 6.0.5.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mongolint.fastclasses import dataclass

_ABSENT = ("EOF",)
# These find what there is by its ``_id``, without a name for the index
_BY_ID = ("IDHACK", "CLUSTERED_IXSCAN")
# The join of a $lookup that the server makes part of the plan
_JOIN = "EQ_LOOKUP"
# They say nothing of how documents are found
_SILENT = ("PROJECTION_SIMPLE", "PROJECTION_DEFAULT", "PROJECTION_COVERED", "SUBPLAN", "UPDATE", "DELETE", "GROUP")
_WHOLE = "[MinKey, MaxKey]"
_LONGEST = 60


@dataclass(frozen=True, slots=True)
class Read:
    """An index that a plan reads: name, keys in order, and the bounds of each field as the server says them."""

    name: str
    keys: tuple[tuple[str, Any], ...]
    bounds: tuple[tuple[str, str], ...] = ()
    multikey: bool = False


@dataclass(frozen=True, slots=True)
class Planned:
    """The winning plan. ``text``: its stages, the first to run first; ``sorts``: by what it sorts in memory."""

    version: str
    text: str
    reads: tuple[Read, ...]
    scans: bool
    sorts: frozenset[tuple[tuple[str, Any], ...]]
    empty: bool


def planned(answer: Mapping[str, Any]) -> Planned:
    """The plan in an answer to ``explain`` of any command."""
    roots = list(_roots(answer))
    stages = [stage for root in roots for stage in _walk(root)]
    names = [str(stage.get("stage", "")) for stage in stages]
    version = str(answer.get("serverInfo", {}).get("version", ""))
    return Planned(
        version or next((str(v) for v in _versions(answer)), "?"),
        "; ".join(dict.fromkeys(_text(root) for root in roots)) or "no plan",
        tuple(dict.fromkeys(_read(stage) for stage in stages if _reads(stage))),
        "COLLSCAN" in names,
        frozenset(_sorts(stages, answer)),
        bool(names) and all(name in _ABSENT for name in names),
    )


def _versions(answer: Mapping[str, Any]) -> Iterator[Any]:
    """Those of the shards."""
    for shard in (answer.get("shards") or {}).values():
        yield shard.get("serverInfo", {}).get("version", "?")


def _roots(answer: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The outermost stage of each winning plan: several on a sharded cluster."""
    planner = answer.get("queryPlanner")
    if planner is not None:
        winning = planner.get("winningPlan", {})
        for shard in winning.get("shards", ()):
            yield _plan(shard.get("winningPlan", {}))
        if "shards" not in winning:
            yield _plan(winning)
    for stage in answer.get("stages", ()):
        if "$cursor" in stage:
            yield from _roots(stage["$cursor"])
    shards = answer.get("shards")
    if isinstance(shards, Mapping):
        for shard in shards.values():
            yield from _roots(shard)


def _plan(winning: Mapping[str, Any]) -> Mapping[str, Any]:
    found: Mapping[str, Any] = winning.get("queryPlan", winning)
    return found


def _children(stage: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    inner = [stage[name] for name in ("inputStage", "outerStage", "thenStage") if name in stage]
    return [*inner, *stage.get("inputStages", ())]


def _walk(stage: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield stage
    for child in _children(stage):
        yield from _walk(child)


def _sorts(stages: Sequence[Mapping[str, Any]], answer: Mapping[str, Any]) -> Iterator[tuple[tuple[str, Any], ...]]:
    """The patterns of what the plan sorts, and of what a stage of the pipeline behind it does."""
    for stage in stages:
        if stage.get("stage") == "SORT":
            yield tuple(stage.get("sortPattern", {}).items())
    for stage in answer.get("stages", ()):
        if "$sort" in stage:
            yield tuple(stage["$sort"].get("sortKey", {}).items())


def _reads(stage: Mapping[str, Any]) -> bool:
    """Whether a stage reads an index of the collection itself."""
    return stage.get("stage") in _BY_ID or ("indexName" in stage and stage.get("stage") != _JOIN)


def _read(stage: Mapping[str, Any]) -> Read:
    if "indexName" not in stage:
        return Read("_id_", (("_id", 1),))
    bounds = stage.get("indexBounds", {})
    shown = [(str(name), _bounds(given)) for name, given in bounds.items() if isinstance(given, list)]
    keys = stage.get("keyPattern", {})
    return Read(
        str(stage["indexName"]),
        tuple((str(name), kind) for name, kind in keys.items()),
        tuple(shown),
        bool(stage.get("isMultiKey")),
    )


def _bounds(given: Sequence[Any]) -> str:
    return ", ".join(map(str, given))


# In words


def _text(stage: Mapping[str, Any]) -> str:
    children = _children(stage)
    before = _text(children[0]) if len(children) == 1 else ""
    if len(children) > 1:
        before = "(" + "; ".join(map(_text, children)) + ")"
    name = str(stage.get("stage", "?"))
    if name in _SILENT and before:
        return before
    return f"{before} > {_stage(name, stage)}" if before else _stage(name, stage)


def _stage(name: str, stage: Mapping[str, Any]) -> str:
    if name in ("SORT", "SORT_MERGE"):
        return f"{name} {_document(stage.get('sortPattern', {}))}"
    if name == _JOIN:
        by = f", {stage['indexName']}" if "indexName" in stage else ""
        foreign = str(stage.get("foreignCollection", "?")).partition(".")[2]
        return f"{name} {foreign} ({stage.get('strategy', '?')}{by})"
    if "indexName" not in stage:
        return name
    told = [f"{field}: {_short(text)}" for field, text in _read(stage).bounds if text != _WHOLE]
    return f"{name} {stage['indexName']}" + (f" ({', '.join(told)})" if told else "")


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def _document(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{name}: {_document(each)}" for name, each in value.items()) + "}"
    return json.dumps(value, default=str)
