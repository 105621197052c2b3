"""Which options hold for which file: those of the project, or of a configuration nearer to the file."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from mongolint.config.errors import ConfigError
from mongolint.config.places import options_file
from mongolint.config.reading import load_file
from mongolint.config.schema import OPTIONS, Config, Origin
from mongolint.fastclasses import dataclass
from mongolint.selectors import RuleInfo, resolve_selection

_PROJECT_ONLY = {option.key for option in OPTIONS if option.scope == "project"}


@dataclass(frozen=True, slots=True)
class Overrides:
    """What the command line says: selectors, and options by their field in `Config`, which hold for every file."""

    select: Sequence[str] | None = None
    ignore: Sequence[str] = ()
    extend_select: Sequence[str] = ()
    options: Mapping[str, Any] = field(default_factory=dict)

    def on(self, config: Config) -> Config:
        """The configuration with these options, whose origin is the command line."""
        if not self.options:
            return config
        told = {name.replace("_", "-"): Origin() for name in self.options}
        return replace(config, origins={**config.origins, **told}, **self.options)


@dataclass(frozen=True)
class InForce:
    """What holds for the files that one configuration decides about.

    ``selected``: the codes of the rules that run. ``narrowed``: whether rules are left out that run without selectors.
    """

    config: Config
    known: Mapping[str, RuleInfo] = field(repr=False)
    selected: frozenset[str] = frozenset()
    narrowed: bool = False
    _ignored: dict[str, set[str]] = field(default_factory=dict, repr=False)

    def runs(self, code: str, path: str) -> bool:
        """Whether a rule reports in a file: it is selected, and not ignored there."""
        if path not in self._ignored:
            self._ignored[path] = self.config.ignored_in(path, self.known)
        return code in self.selected and code not in self._ignored[path]

    @cached_property
    def fixable(self) -> set[str]:
        return resolve_selection(self.known, {}, self.config.fixable, self.config.unfixable)

    @cached_property
    def safe_fixes(self) -> set[str]:
        """The rules whose unsafe fixes count as safe."""
        return resolve_selection(self.known, {}, self.config.extend_safe_fixes)


class Settings:
    """The options of a project, file by file.

    Args:
        top: the project's; configurations between its directory and a file decide about that file's rules.
        only: ``top`` holds for all files, as one that was named on the command line.
        complain: hears of a nearer configuration with a mistake, which then decides about nothing.
    """

    def __init__(
        self,
        top: Config,
        known: Mapping[str, RuleInfo],
        tiers: Mapping[str, str],
        given: Overrides | None = None,
        *,
        only: bool = False,
        complain: Callable[[ConfigError], object] | None = None,
    ) -> None:
        self._known = known
        self._tiers = tiers
        self.given = given or Overrides()
        self._only = only
        self._complain = complain
        self._root = str(top.root)
        self.top = self._made(top)
        self._by_folder: dict[str, InForce] = {self._root: self.top}

    @classmethod
    def uniform(
        cls, config: Config, known: Mapping[str, RuleInfo], selected: Iterable[str], narrowed: bool = False
    ) -> Settings:
        """One configuration for all files, of which these rules run."""
        settings = cls(config, known, {}, only=True)
        settings.top = InForce(config, known, frozenset(selected), narrowed)
        return settings

    def of(self, path: str) -> InForce:
        """What holds for a file, given by its absolute path.

        Raises:
            ConfigError: the configuration that decides about it has a mistake.
        """
        return self.top if self._only else self._of_folder(os.path.dirname(path))

    def selected(self, paths: Iterable[str]) -> set[str]:
        """The rules that run for any of the files, or of the project's configuration."""
        codes = set(self.top.selected)
        for force in {id(force): force for force in map(self.of, paths)}.values():
            codes |= force.selected
        return codes

    def nested(self) -> list[Config]:
        """The configurations met so far that decide about some files only."""
        found = {id(force): force.config for force in self._by_folder.values() if force is not self.top}
        return list(found.values())

    def without_effect(self) -> list[tuple[str, Origin]]:
        """Options of the whole project that stand where only files below are decided about, and where."""
        return [
            (key, origin)
            for config in self.nested()
            for key, origin in config.origins.items()
            if key in _PROJECT_ONLY and origin.file == config.file
        ]

    def _of_folder(self, folder: str) -> InForce:
        held = self._by_folder.get(folder)
        if held is None:
            # Outside of the project nothing is nearer than it is
            inside = folder.startswith(os.path.join(self._root, ""))
            file = options_file(Path(folder)) if inside else None
            config = self._read(file) if file is not None and file != self.top.config.file else None
            if config is not None:
                held = self._made(config)
            else:
                held = self._of_folder(os.path.dirname(folder)) if inside else self.top
            self._by_folder[folder] = held
        return held

    def _read(self, file: Path) -> Config | None:
        try:
            return load_file(file, self._known)
        except ConfigError as error:
            if self._complain is None:
                raise
            self._complain(error)
            return None

    def _made(self, config: Config) -> InForce:
        config, given = self.given.on(config), self.given
        selected = config.selected(
            self._known, self._tiers, select=given.select, ignore=given.ignore, extend_select=given.extend_select
        )
        narrowed = config.narrows(self._known, self._tiers, selected)
        return InForce(config, self._known, frozenset(selected), narrowed)
