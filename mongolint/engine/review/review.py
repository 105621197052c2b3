"""Puts a review together."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mongolint import __version__
from mongolint.engine.coverage import coverage
from mongolint.engine.load import Loaded
from mongolint.engine.registry import all_rules
from mongolint.engine.review import collections, indexes, plan, queries, strengths, summary
from mongolint.engine.review import issues as causes
from mongolint.engine.review.compare import compare
from mongolint.engine.review.operations.checklist import checklist
from mongolint.engine.review.questions import questions
from mongolint.finding import Finding
from mongolint.project.model import Project

Record = dict[str, Any]


def review(
    loaded: Loaded, findings: Sequence[Finding], *, root: Path, cwd: Path, paths: str = ".", earlier: Any = None
) -> Record:
    """The record of a review (see the package).

    Args:
        findings: of all tiers, with their fixes written.
        root: the project's directory, where what is said of operations is looked for.
        paths: those given, as one writes them on a command line.
        earlier: the record of an earlier review, to compare with.

    Raises:
        mongolint.engine.review.compare.EarlierError: ``earlier`` is no such record.
    """
    project = loaded.project
    map_ = coverage(loaded, tests=False)  # they say nothing of what runs
    found = causes.issues(findings, all_rules(), loaded)
    known = {rule.code: rule for rule in all_rules()}
    plan.mark_ends(found, known, _clients(project))
    needed = indexes.required(loaded)
    counts = causes.counts(found)
    texts = {loaded.display[path]: loaded.text(path) or "" for path in loaded.sources if not _is_test(loaded, path)}
    touched = collections.touched(project, map_)
    drops = indexes.drops(project)
    return {
        "mongolint": __version__,
        "scope": {
            "paths": paths,
            "files": len(loaded.targets),
            "tests": sum(_is_test(loaded, path) for path in loaded.targets),
            "operations": _operations(loaded),
            "collections": len(touched),
            "untraced": map_["summary"]["untraced"],
        },
        "health": summary.health(counts),
        "counts": counts,
        "strengths": strengths.strengths(
            project, map_, {name for drop in drops if drop["run"] for name in drop["unique"]}
        ),
        "issues": found,
        "questions": questions(project, touched),
        "collections": collections.collections(project, touched, needed),
        "indexes": needed,
        "drops": drops,
        "queries": queries.patterns(loaded),
        "coverage": map_,
        "operations": checklist(project, root, cwd, texts),
        "plan": plan.plan(found, known),
        "acceptance": plan.acceptance(found, paths),
        "unknown": summary.unknown(project, map_),
        "compared": None if earlier is None else compare(found, earlier),
    }


def _clients(project: Project) -> int:
    """How many clients the application makes; what a person runs makes its own."""
    by_hand = project.made_clients.is_by_hand
    return sum(client.module not in project.tests and not by_hand(client) for client in project.clients)


def _operations(loaded: Loaded) -> int:
    """How many operations on collections the application has in the files asked for."""
    project, shown = loaded.project, {loaded.display[path] for path in loaded.targets}
    own = (o for o in project.operations if o.module not in project.tests and project.path(o.module) in shown)
    return sum(operation.method.kind in ("read", "write", "index") for operation in own)


def _is_test(loaded: Loaded, path: str) -> bool:
    return loaded.project.config.is_test(path)
