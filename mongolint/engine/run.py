"""Runs rules over a loaded project: findings out, sorted, suppressed, each place told once."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import field

from mongolint.beside import Neighbour, neighbour
from mongolint.config import Config
from mongolint.config.perfile import Settings
from mongolint.engine.asking import ask, ask_beside
from mongolint.engine.load import Loaded
from mongolint.engine.registry import all_rules, rule_infos
from mongolint.fastclasses import dataclass
from mongolint.finding import Applicability, Confidence, Edit, Finding, Fix, Span
from mongolint.rule import Rule
from mongolint.source.suppress import Suppressions, find_suppressions, removal
from mongolint.source.text import LineTable

SYNTAX_ERROR = "MDB000"
UNUSED_SUPPRESSION = "MDB900"
Sift = Callable[[Loaded, Sequence[Finding]], Sequence[Finding]]


@dataclass(slots=True)
class Result:
    """What a run found. ``crashes``: one line per rule that failed, with the file it failed on, if known.

    ``hidden``: what was found and is not to be shown: in the baseline, or older than a change. ``told``: all that rules
    told, in whatever file, suppressed or not.
    """

    findings: list[Finding]
    hidden: list[Finding] = field(default_factory=list)
    crashes: list[str] = field(default_factory=list)
    suppressed: int = 0
    told: Sequence[Finding] = ()


def check(
    loaded: Loaded,
    selected: Collection[str],
    config: Config,
    *,
    narrowed: bool = False,
    fixes: bool = False,
    jobs: int = 1,
    stop: Callable[[], bool] | None = None,
    settings: Settings | None = None,
    sift: Sift | None = None,
    told: Sequence[Finding] | None = None,
) -> Result:
    """Run the selected rules.

    Args:
        narrowed: the selection leaves rules of the default tier out, so a bare suppression is not called unused.
        fixes: write the fixes too, which takes trees of the code.
        jobs: processes that ask rules or write fixes.
        stop: asked now and then whether the result is still wanted.
        settings: what holds for each file; default: for all of them ``config`` and what is ``selected``, which else is
            what runs in any of them.
        sift: gives those of the findings that are to be shown.
        told: what the rules would tell, so that none is asked.

    Raises:
        StoppedError: it is not.
        ConfigError: a configuration that decides about some of the files has a mistake.
    """
    settings = settings or Settings.uniform(config, rule_infos(), selected, narrowed)
    result = Result([])
    rules = [rule for rule in all_rules() if rule.code in selected]
    if told is not None:
        result.told = told
    elif fixes or stop is not None or jobs == 1:
        result.told = ask(rules, loaded.project, result.crashes, stop)
    else:
        result.told = ask_beside(rules, loaded.project, result.crashes)
    result.findings = _shown([*_syntax_errors(loaded, selected), *result.told], rules, loaded, settings, result)
    if sift is not None:
        shown = set(sift(loaded, result.findings))
        result.hidden = [finding for finding in result.findings if finding not in shown]
        result.findings = [finding for finding in result.findings if finding in shown]
    if fixes:
        from mongolint.engine.fixes import build

        result.findings = build(result.findings, loaded, settings, result.crashes, jobs=jobs)
    return result


def _shown(
    found: Iterable[Finding], rules: Sequence[Rule], loaded: Loaded, settings: Settings, result: Result
) -> list[Finding]:
    """The findings to show, in order."""
    filters = _Filters(loaded, settings)
    found = [finding for finding in found if filters.keeps(finding)]
    found = _fold(found, {rule.code: rule.supersedes for rule in rules})
    kept = _suppress(found, loaded, settings, result)
    return sorted(dict.fromkeys(kept), key=lambda finding: finding.sort_key)


def _syntax_errors(loaded: Loaded, selected: Collection[str]) -> Iterator[Finding]:
    if SYNTAX_ERROR not in selected:
        return
    rule = next(rule for rule in all_rules() if rule.code == SYNTAX_ERROR)
    for broken in loaded.broken:
        span = Span(loaded.display[broken.path], broken.line, broken.column, broken.line, broken.column + 1)
        yield rule.finding(span, f"{broken.message}; the file is not checked")


class _Filters:
    """Which findings are in the files asked for, not turned off there, and not left to another linter."""

    def __init__(self, loaded: Loaded, settings: Settings) -> None:
        self.settings = settings
        self.project = settings.top.config
        self.shown = {loaded.display[path]: path for path in loaded.targets}
        self.rules = {rule.code: rule for rule in all_rules()}
        self._neighbours: dict[str, Neighbour] = {}
        self._kept: dict[tuple[str, str, Confidence], bool] = {}

    def keeps(self, finding: Finding) -> bool:
        key = (finding.span.file, finding.code, finding.confidence)
        if key not in self._kept:
            self._kept[key] = self._keeps(finding)
        return self._kept[key]

    def _keeps(self, finding: Finding) -> bool:
        path = self.shown.get(finding.span.file)
        if path is None:
            return False
        rule, force = self.rules[finding.code], self.settings.of(path)
        if finding.confidence.rank < force.config.min_confidence.rank or not force.runs(finding.code, path):
            return False
        if not rule.in_tests and self.project.is_test(path):
            return False
        return not any(self._told_by(name, rule, path) for name in force.config.defer_to)

    def _told_by(self, name: str, rule: Rule, path: str) -> bool:
        """Whether another linter tells the same in that file, or was told not to by a comment."""
        codes = rule.same_as.get(name, ())
        if codes and name not in self._neighbours:
            self._neighbours[name] = neighbour(name)
        return any(self._neighbours[name].selects(code, path) for code in codes)


def _fold(findings: Iterable[Finding], supersedes: Mapping[str, Sequence[str]]) -> list[Finding]:
    """At one place the most specific finding stays and lists the others in ``also``."""
    places: dict[tuple[str, int, int], list[Finding]] = {}
    for finding in findings:
        places.setdefault((finding.span.file, finding.span.line, finding.span.column), []).append(finding)
    kept: list[Finding] = []
    for group in places.values():
        codes = {finding.code for finding in group}
        hidden = {code for held in codes for code in supersedes.get(held, ()) if code in codes}
        for finding in group:
            if finding.code not in hidden:
                also = tuple(sorted(hidden & set(supersedes.get(finding.code, ()))))
                kept.append(finding._replace(also=also) if also else finding)
    return kept


def _suppress(findings: list[Finding], loaded: Loaded, settings: Settings, result: Result) -> Iterator[Finding]:
    """Findings that no comment silences, and the comments that silence nothing."""
    by_file: dict[str, list[Finding]] = {}
    for finding in findings:
        by_file.setdefault(finding.span.file, []).append(finding)
    letters = {rule.code.rstrip("0123456789") for rule in all_rules()}
    for path in loaded.targets:
        data = loaded.sources[path]
        text = loaded.text(path) if b"mongolint" in data or b"noqa" in data or b"NOQA" in data else None
        shown = loaded.display[path]
        suppressions = find_suppressions(text, letters) if text is not None else Suppressions()
        for finding in by_file.get(shown, ()):
            # A comment that names any of the codes told at one place silences that place
            matches = [suppressions.match(finding.code, finding.name, finding.span.line)]
            matches += [suppressions.match(code, "", finding.span.line) for code in finding.also]
            if any(matches):
                result.suppressed += 1
            else:
                yield finding
        force = settings.of(path)
        if UNUSED_SUPPRESSION in force.selected and text is not None:
            yield from _unused(text, suppressions, shown, force.selected, force.narrowed)


def _unused(
    text: str, suppressions: Suppressions, shown: str, selected: Collection[str], narrowed: bool
) -> Iterator[Finding]:
    rule = next(rule for rule in all_rules() if rule.code == UNUSED_SUPPRESSION)
    table = LineTable(text)
    for unused in suppressions.unused(selected, rule_infos(), bare=not narrowed):
        span = Span(shown, unused.line, unused.column, unused.line, unused.end_column)
        start, end, rest = removal(text, unused.suppression, unused.codes)
        edit = Edit(table.span(shown, start, end), rest)
        kind = Applicability.SAFE if unused.kind == "unused" else Applicability.UNSAFE
        fix = Fix(kind, "take the suppression out", edits=(edit,))
        finding = rule.finding(span, unused.message, fix=fix)
        if suppressions.match(finding.code, finding.name, unused.line) is None:
            yield finding
