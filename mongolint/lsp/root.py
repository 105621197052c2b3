"""A project as the server sees it: its configuration, its model, and what the last check of it found.

All that reads or checks runs in the one thread for analysis, one thing after the other.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import field, replace
from pathlib import Path

from mongolint.config import Config, ConfigError, load_project
from mongolint.config.perfile import Settings
from mongolint.config.schema import rule_defaults
from mongolint.engine import run
from mongolint.engine.gate import baseline
from mongolint.engine.gate.baseline import Baseline, BaselineError
from mongolint.engine.load import Loaded
from mongolint.engine.parsing import Progress
from mongolint.engine.registry import rule_infos, tiers, tokens_of
from mongolint.fastclasses import dataclass
from mongolint.finding import Finding
from mongolint.live import snapshot
from mongolint.live.declarations import declarations
from mongolint.lsp.ahead import whole
from mongolint.lsp.model import Model, Parsers
from mongolint.lsp.shift import moved
from mongolint.project.indexes import IndexDeclaration
from mongolint.source.files import discover, relative

# Nothing but the given files
_NOTHING = ("*",)


@dataclass(frozen=True, slots=True)
class Analysis:
    """What is known of a project at one moment.

    ``contents``: the buffers it was made with. ``stale``: the paths of those that are no Python, of which the model has
    an older text. ``crashes``: a line for each rule that failed.
    """

    loaded: Loaded
    findings: Mapping[str, Sequence[Finding]]
    contents: Mapping[str, bytes]
    stale: frozenset[str] = frozenset()
    crashes: Sequence[str] = ()
    paths: Mapping[str, str] = field(default_factory=dict)
    cwd: Path = Path()

    def of(self, path: str) -> Sequence[Finding]:
        return self.findings.get(path, ())

    def tells_the_same(self, other: Analysis) -> bool:
        """Whether both find the same, however it is mended."""
        return _plain(self.findings) == _plain(other.findings)

    def place(self, shown: str) -> str:
        """The absolute path of a file as findings show it: of code, or of a script that declares an index."""
        return self.paths.get(shown) or os.path.normpath(self.cwd / shown).replace(os.sep, "/")


@dataclass(frozen=True, slots=True)
class _Told:
    """What rules tell of the model as it is. ``asked``: they were asked, else what they told before was moved along."""

    findings: Sequence[Finding]
    crashes: Sequence[str]
    asked: bool


class Root:
    """One project of the workspace.

    Args:
        paths: what is checked: a folder of the workspace; nothing for buffers outside of all folders.
        cwd: what messages show files relative to.
    """

    def __init__(self, paths: Sequence[Path], config: Config, cwd: Path, parsers: Parsers | None = None) -> None:
        self.paths = paths
        self.config = config
        self.cwd = cwd
        self._external: Sequence[IndexDeclaration] = ()
        # A line for each mistake that the user has to mend
        self.problems: list[str] = []
        try:
            self._external = _snapshot(config, cwd)
        except snapshot.SnapshotError as error:
            self.problems.append(str(error))
        self._baseline: Baseline | None = None
        try:
            self._baseline = _baseline(config, cwd)
        except BaselineError as error:
            self.problems.append(str(error))
        self._files: frozenset[str] | None = None
        self._told: _Told | None = None
        self.settings = Settings(config, rule_infos(), tiers(), complain=self._complain)
        self.selected = self.settings.selected(self._held() if paths else ())
        self.model = Model(paths, config, cwd, tokens_of(self.selected), self._external, parsers)

    def _complain(self, error: ConfigError) -> None:
        self.problems.append(f"{error}; the options of the project hold there")

    @property
    def key(self) -> tuple[Path, ...]:
        return (self.config.root, *self.paths)

    @property
    def files_beside(self) -> list[Path]:
        """What is read besides code and configuration: the indexes of a server, the baseline."""
        return [file for file in (self.config.indexes_file, self.config.baseline_file) if file is not None]

    def takes(self, path: str) -> bool:
        """Whether a buffer belongs to what is checked: not one of an excluded file, or of one that git ignores."""
        return not self.paths or path in self._held() or not os.path.lexists(path)

    def _held(self) -> frozenset[str]:
        """The files below the paths."""
        if self._files is None:
            found = discover(
                self.paths,
                cwd=self.cwd,
                exclude=self.config.excluded,
                exclude_root=self.config.root,
                force_exclude=self.config.force_exclude,
                respect_gitignore=self.config.respect_gitignore,
            )
            self._files = frozenset(file.as_posix() for file in found.files)
        return self._files

    def reads_below(self, folder: str) -> bool:
        """Whether files of the model are in a folder."""
        loaded = self.model.loaded
        return loaded is not None and any(path.startswith(f"{folder}/") for path in loaded.sources)

    def forget_files(self) -> None:
        """Files may have come or gone."""
        self._files = None

    def analyse(
        self,
        contents: Mapping[str, bytes],
        progress: Progress | None = None,
        *,
        files_changed: bool = False,
        anew: bool = False,
        stop: Callable[[], bool] | None = None,
    ) -> Analysis:
        """The project with these buffers.

        Args:
            files_changed: other files than the buffers may be different, too.
            anew: so may scripts.
            stop: asked now and then whether the result is still wanted.

        Raises:
            mongolint.engine.asking.StoppedError: it is not.
        """
        if files_changed or anew or self.model.loaded is None:
            loaded, self._told = self.model.read(contents, progress, anew=anew, files_changed=files_changed), None
        else:
            loaded = self._edit(contents)
        result = self.check(loaded, stop, self._told if self._told and self._told.asked else None)
        self._told = _Told(result.told, result.crashes, asked=True)
        return self._analysis(loaded, result, contents)

    def prepare(self) -> None:
        """What can be done for the next edit before it comes."""
        if self.model.loaded is not None:
            self.model.loaded.project.link.prepare()

    def glance(self, contents: Mapping[str, bytes]) -> Analysis | None:
        """The project with these buffers, if they say what it said before, at other places perhaps.

        No rule is asked, so that fixes may still be for the places before.
        """
        if self.model.loaded is None:
            return None
        loaded = self._edit(contents)
        return self._analysis(loaded, self.check(loaded, None, self._told), contents) if self._told else None

    def _edit(self, contents: Mapping[str, bytes]) -> Loaded:
        told, self._told = self._told, None
        loaded, shifts = self.model.edit(contents), self.model.shifts
        if shifts == {}:
            self._told = told
        elif shifts and told is not None:
            found = [moved(finding, shifts) for finding in told.findings]
            sure = [finding for finding in found if finding is not None]
            self._told = _Told(sure, told.crashes, asked=False) if len(sure) == len(found) else None
        return loaded

    def _analysis(self, loaded: Loaded, result: run.Result, contents: Mapping[str, bytes]) -> Analysis:
        stale = frozenset(self.model.stale)
        paths = {loaded.display[path]: path for path in loaded.targets}
        findings: dict[str, list[Finding]] = {}
        for finding in result.findings:
            path = paths[finding.span.file]
            if path not in stale or finding.code == run.SYNTAX_ERROR:
                findings.setdefault(path, []).append(finding)
        every = {shown: path for path, shown in loaded.display.items()}
        return Analysis(loaded, findings, dict(contents), stale, tuple(result.crashes), every, self.cwd)

    def check(self, loaded: Loaded, stop: Callable[[], bool] | None = None, told: _Told | None = None) -> run.Result:
        selected, known = self.settings.selected(loaded.targets), told.findings if told else None
        result = run.check(
            loaded, selected, self.config, stop=stop, settings=self.settings, sift=self._sift, told=known
        )
        result.crashes.extend(told.crashes if told else ())
        return result

    def _sift(self, loaded: Loaded, findings: Sequence[Finding]) -> Sequence[Finding]:
        """What the project does not live with for now."""
        return findings if self._baseline is None else self._baseline.sift(loaded, findings).new


def _plain(findings: Mapping[str, Sequence[Finding]]) -> dict[str, list[Finding]]:
    return {path: [finding._replace(fix=None) for finding in found] for path, found in findings.items()}


def folder_config(folder: Path) -> Config:
    """The configuration for a folder of the workspace.

    Raises:
        ConfigError: the file that holds it has a mistake.
    """
    return whole(load_project(folder, rule_infos()), folder)


def lone_config(path: str, *, untitled: bool) -> Config:
    """The configuration for a buffer outside of all folders: of its project if it has one, else nothing but itself.

    Raises:
        ConfigError: the file that holds it has a mistake.
    """
    if untitled:
        return _alone(Config(root=Path("/"), rules=rule_defaults(rule_infos())))
    config = load_project(Path(path), rule_infos())
    in_package = os.path.isfile(os.path.join(os.path.dirname(path), "__init__.py"))
    return config if config.is_marked or in_package else _alone(config)


def _alone(config: Config) -> Config:
    """Whoever opens a file in a home directory does not want all of that read."""
    return replace(config, exclude=_NOTHING)


def _snapshot(config: Config, cwd: Path) -> list[IndexDeclaration]:
    file = config.indexes_file
    if file is None:
        return []
    shown = relative(file.absolute(), cwd)
    return declarations(snapshot.read(file, shown), shown)


def _baseline(config: Config, cwd: Path) -> Baseline | None:
    file = config.baseline_file
    if config.baseline is None and not os.path.lexists(file):
        return None
    return baseline.read(file, relative(os.path.abspath(file), cwd))
