"""Code actions: the fix of a finding, all fixes of a rule or of the file, comments that silence, a rule's page."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from lsprotocol import types

from mongolint.engine import fixes, mend, run
from mongolint.engine.load import Loaded
from mongolint.fastclasses import dataclass
from mongolint.finding import Applicability, Finding, Fix, Repair
from mongolint.fix.apply import by_file
from mongolint.link.states.journal import Journal
from mongolint.lsp.acting.editing import between, of_fixes, workspace_edit
from mongolint.lsp.diagnostics import SOURCE, Places, diagnostics
from mongolint.lsp.root import Root
from mongolint.source.silencing import Change, suppress_here, suppress_in_file
from mongolint.source.text import decode_source

FIX_ALL = f"{types.CodeActionKind.SourceFixAll.value}.{SOURCE}"
SHOW_RULE = f"{SOURCE}.showRule"
APPLY = f"{SOURCE}.applyEdit"
KINDS = [types.CodeActionKind.QuickFix, FIX_ALL]
_QUICK = types.CodeActionKind.QuickFix.value


@dataclass(frozen=True, slots=True)
class Ask:
    """What the client wants: actions for the lines of a range of a file, of certain kinds or any.

    ``named``: the diagnostics that it means, each by where it begins and its code. ``versioned``: it takes versions
    with edits. ``resolves``: it asks for the edit of an action when it is chosen.
    """

    path: str
    range: types.Range
    only: Sequence[str] | None
    named: frozenset[tuple[int, int, str]]
    versioned: bool
    resolves: bool


def actions(ask: Ask, root: Root, places: Places) -> list[types.CodeAction]:
    """The actions for a place. Those that change much are worked out when they are chosen, where that is possible."""
    found: list[types.CodeAction] = []
    if _wants(ask, _QUICK):
        found += _quick(ask, root, places)
    if _wants(ask, FIX_ALL) and ask.path not in places.analysis.stale and _has_safe_fix(ask.path, root, places):
        action = types.CodeAction("Apply all safe fixes of mongolint", kind=FIX_ALL, data=_data(ask, None))
        if not ask.resolves:
            action = resolve(action, root, places, versioned=ask.versioned)
        if ask.resolves or action.edit is not None:
            found.append(action)
    return found


def commands(offered: Iterable[types.CodeAction], *, applied: bool) -> list[types.Command]:
    """Actions for a client that knows commands only.

    Args:
        applied: it makes the edits that a server asks for.
    """
    found: list[types.Command] = []
    for action in offered:
        if action.command is not None:
            found.append(action.command)
        elif applied and action.edit is not None:
            found.append(types.Command(action.title, APPLY, arguments=[action.edit]))
    return found


def resolve(action: types.CodeAction, root: Root, places: Places, *, versioned: bool) -> types.CodeAction:
    """The action with its edit: all fixes of a rule in the file, or all safe ones."""
    data: Any = action.data
    path, code = data["path"], data["code"]
    changed = fix_all(path, code, root, places)
    edits = {each: between(places.text(each), text, each, places) for each, text in changed.items()}
    if edits:
        action.edit = workspace_edit(edits, places, versioned=versioned)
    return action


def fix_all(path: str, code: str | None, root: Root, places: Places) -> dict[str, str]:
    """New texts by path, after all fixes in a file that are safe; with ``code``, all of that rule's fixes."""
    analysis, journal = places.analysis, Journal()

    def write(loaded: Loaded, result: run.Result) -> None:
        shown = loaded.display[path]
        here = [f.span.file == shown and code in (None, f.code) for f in result.findings]
        wanted = [finding for finding, is_here in zip(result.findings, here, strict=True) if is_here]
        written = iter(fixes.build(wanted, loaded, root.settings, result.crashes))
        result.findings = [
            next(written) if is_here else finding._replace(fix=None)
            for finding, is_here in zip(result.findings, here, strict=True)
        ]

    def reload(contents: Mapping[str, bytes], previous: Loaded) -> Loaded:
        loaded = root.model.changed(contents, previous, journal)
        assert loaded is not None, "fixes change files that there are"
        return loaded

    mended = mend.mend(analysis.loaded, root.check, reload, unsafe=code is not None, write_fixes=write)
    if analysis.stale & mended.changed.keys():
        return {}  # a buffer that is no Python at the moment is not to be written
    return {each: decode_source(data, each).text for each, data in mended.changed.items()}


def _quick(ask: Ask, root: Root, places: Places) -> Iterator[types.CodeAction]:
    analysis = places.analysis
    shown = diagnostics(ask.path, places)
    here = [
        (finding, diagnostic)
        for finding, diagnostic in zip(analysis.of(ask.path), shown, strict=True)
        if _is_meant(diagnostic, ask)
    ]
    crashes: list[str] = []
    built = fixes.build([finding for finding, _ in here], analysis.loaded, root.settings, crashes)
    for finding, (_, diagnostic) in zip(built, here, strict=True):
        if isinstance(finding.fix, Fix):
            yield from _of_fix(finding.fix, diagnostic, ask, places)
    yield from _of_rules(ask, root, places, built)
    for finding, (_, diagnostic) in zip(built, here, strict=True):
        yield from _silencing(finding, diagnostic, ask, places)
    for finding, diagnostic in {f.code: (f, d) for f, (_, d) in zip(built, here, strict=True)}.values():
        title = f"Explain {finding.code} {finding.name}"
        command = types.Command(title, SHOW_RULE, arguments=[finding.code])
        yield types.CodeAction(title, kind=_QUICK, diagnostics=[diagnostic], command=command)


def _of_fix(fix: Fix, diagnostic: types.Diagnostic, ask: Ask, places: Places) -> Iterator[types.CodeAction]:
    if fix.applicability is Applicability.DISPLAY or not fix.edits:
        return
    edits = by_file([fix])
    if places.analysis.stale & {places.analysis.place(shown) for shown in edits}:
        return
    safe = fix.applicability is Applicability.SAFE
    title = fix.title[:1].upper() + fix.title[1:]
    yield types.CodeAction(
        title if safe else f"{title} (unsafe: {fix.reason})" if fix.reason else f"{title} (unsafe)",
        kind=_QUICK,
        diagnostics=[diagnostic],
        is_preferred=True if safe else None,
        edit=workspace_edit(of_fixes(edits, places), places, versioned=ask.versioned),
    )


def _of_rules(ask: Ask, root: Root, places: Places, here: Iterable[Finding]) -> Iterator[types.CodeAction]:
    """For each rule that can fix something here and something else in the file."""
    fixable = {f.code: f.name for f in here if isinstance(f.fix, Fix) and mend.applicable(f, unsafe=True)}
    for code, name in fixable.items():
        count = sum(f.code == code and isinstance(f.fix, Fix | Repair) for f in places.analysis.of(ask.path))
        if count > 1 and ask.path not in places.analysis.stale:
            title = f"Fix all {code} {name} in this file"
            action = types.CodeAction(title, kind=_QUICK, data=_data(ask, code))
            yield action if ask.resolves else resolve(action, root, places, versioned=ask.versioned)


def _silencing(finding: Finding, diagnostic: types.Diagnostic, ask: Ask, places: Places) -> Iterator[types.CodeAction]:
    if finding.code == run.UNUSED_SUPPRESSION:
        return
    text = places.text(ask.path)
    ways: tuple[tuple[str, Callable[[str, Finding], Change | None]], ...] = (
        (f"Suppress {finding.code} {finding.name} here", suppress_here),
        (f"Suppress {finding.code} {finding.name} in this file", suppress_in_file),
    )
    for title, write in ways:
        change = write(text, finding)
        if change is not None:
            start, end, content = change
            edit = types.TextEdit(places.positions(ask.path).offsets(start, end), content)
            yield types.CodeAction(
                title,
                kind=_QUICK,
                diagnostics=[diagnostic],
                edit=workspace_edit({ask.path: [edit]}, places, versioned=ask.versioned),
            )


def _data(ask: Ask, code: str | None) -> Any:
    return {"path": ask.path, "code": code}


def _wants(ask: Ask, kind: str) -> bool:
    """A kind stands for all that begin with it."""
    return ask.only is None or any(kind == each or kind.startswith(f"{each}.") or not each for each in ask.only)


def _has_safe_fix(path: str, root: Root, places: Places) -> bool:
    """Whether a rule may fix something in a file without a doubt, as far as is known before it is written."""
    force = root.settings.of(path)
    return any(
        isinstance(finding.fix, Fix | Repair)
        and finding.code in force.fixable
        and finding.fix.applicability is not Applicability.DISPLAY
        and (finding.fix.applicability is Applicability.SAFE or finding.code in force.safe_fixes)
        for finding in places.analysis.of(path)
    )


def _is_meant(diagnostic: types.Diagnostic, ask: Ask) -> bool:
    """Whether it is named, or on the lines of the range: some editors send nothing but where the cursor is."""
    start, end = diagnostic.range.start, diagnostic.range.end
    if (start.line, start.character, str(diagnostic.code)) in ask.named:
        return True
    return start.line <= ask.range.end.line and ask.range.start.line <= end.line
