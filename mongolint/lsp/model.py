"""One project in memory: from changed texts to a linked model, by way of what has not changed.

A buffer that is no Python at the moment keeps the last text that was: the model stays what it was around it, and
beside it stands the syntax error.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from mongolint.config import Config
from mongolint.engine.load import Loaded, load
from mongolint.engine.parsing import Broken, Progress, extract_batch
from mongolint.engine.reading import relevance, scripts, settings
from mongolint.engine.reading.files import Reading
from mongolint.engine.workers import WorkerError, Workers
from mongolint.facts.moved import move, only_moved, share
from mongolint.facts.renumbered import STEP, follow
from mongolint.facts.shapes import ModuleFacts
from mongolint.fastclasses import dataclass
from mongolint.link.states.journal import Journal
from mongolint.lsp.ahead import Ahead
from mongolint.lsp.shift import Shift
from mongolint.project.indexes import IndexDeclaration
from mongolint.project.model import Project
from mongolint.source.deepstack import with_deep_stack
from mongolint.source.files import discover
from mongolint.source.text import SourceError, decode_source

if TYPE_CHECKING:
    from mongolint.facts.pieces import Pieces


@dataclass(slots=True)
class Parsers:
    """The processes that parse at the first look at a project, as long as there are any.

    ``ahead``: what they were given before anybody looked.
    """

    crew: Workers | None = None
    ahead: Ahead | None = None

    def close(self) -> None:
        self.ahead = None
        if self.crew is not None:
            self.crew.close()
            self.crew = None

    def read_ahead(self, paths: Sequence[Path], config: Config, contents: Mapping[str, bytes] | None) -> Reading | None:
        """What was read before, if it is this (`Ahead.take`). Before it is asked for, nothing else may be parsed.

        Raises:
            WorkerError: a worker was killed.
        """
        ahead, self.ahead = self.ahead, None
        return ahead.take(paths, config, contents) if ahead is not None else None


@dataclass(slots=True)
class _State:
    """What the modules of a project say at one moment."""

    modules: Sequence[ModuleFacts]
    broken: list[Broken]
    sources: dict[str, bytes]
    uses_driver: bool

    def keeps(self, project: Project) -> bool:
        """Whether a project can go on with it, with what it knows of the modules that stay as they are."""
        paths = [facts.path for facts in self.modules]
        is_same = project.uses_driver == self.uses_driver and paths == list(project.link.number)
        return is_same and project.link.goes_on


class Model:
    """The project around ``paths``, which are absolute; findings show files relative to ``cwd``.

    ``loaded``: its last state. ``stale``: what is wrong with the texts that the model has an older version of.
    ``shifts``: where the last edit moved code in each file, as files are shown; None if it did more than that.
    """

    def __init__(
        self,
        paths: Sequence[Path],
        config: Config,
        cwd: Path,
        tokens: Sequence[str] = (),
        external: Sequence[IndexDeclaration] = (),
        parsers: Parsers | None = None,
    ) -> None:
        self._paths = paths
        self._config = config
        self._cwd = cwd
        self._tokens = tokens
        self._external = external
        self._parsers = parsers or Parsers()
        self._memo = relevance.Memo()
        self._journal = Journal()
        # Of the buffers
        self._trees: dict[str, Pieces] = {}
        self.loaded: Loaded | None = None
        self._before: Loaded | None = None
        self.stale: dict[str, Broken] = {}
        self._given: Mapping[str, bytes] = {}
        self.shifts: dict[str, Shift] | None = None

    def read(
        self,
        contents: Mapping[str, bytes],
        progress: Progress | None = None,
        *,
        anew: bool = False,
        files_changed: bool = False,
    ) -> Loaded:
        """The project as it is on the disk, save for these contents.

        Args:
            anew: scripts may have changed too; else only Python files.
            files_changed: since the client said which folder is open.
        """
        self.shifts = None
        texts, _ = self._sound(contents)
        previous = self.loaded or self._before
        if previous is not None and (anew or self._before is not None):
            previous = replace(previous, scripts=self._scripts())

        def look() -> Loaded:
            crew = self._parsers.crew
            known = None if files_changed or anew else texts
            reading = self._parsers.read_ahead(self._paths, self._config, known) if previous is None else None
            return load(
                self._paths,
                self._config,
                self._cwd,
                overlay=texts,
                tokens=self._tokens,
                jobs=crew.count if crew else 1,
                workers=crew,
                progress=progress,
                previous=previous,
                external=self._external,
                reading=reading,
                journal=self._journal,
            )

        try:
            loaded = look()
        except WorkerError:  # one was killed: this process has to do without
            self._parsers.close()
            loaded = look()
        self._memo, self._before = relevance.Memo(), None
        return self._keep(loaded, contents)

    def take(self, previous: Loaded) -> None:
        """Begin with the facts of an earlier model of the same files: they do not depend on the configuration."""
        self._before = previous

    def _scripts(self) -> list[IndexDeclaration]:
        found = [discovered for paths in (self._paths, [self._config.root]) for discovered in self._discover(paths)]
        return list(scripts.declarations(dict.fromkeys(found), self._cwd))

    def _discover(self, paths: Sequence[Path]) -> Iterator[Path]:
        config = self._config
        found = discover(
            paths,
            cwd=self._cwd,
            exclude=config.excluded,
            exclude_root=config.root,
            force_exclude=config.force_exclude,
            respect_gitignore=config.respect_gitignore,
        )
        return (path for path in found.scripts if not config.is_test(path))

    def edit(self, contents: Mapping[str, bytes]) -> Loaded:
        """The project after buffers have changed, and nothing else."""
        previous, self.shifts = self.loaded, None
        if previous is None or not (contents.keys() - self._given.keys()) <= set(previous.targets):
            return self.read(contents)
        closed = _from_disk(self._given.keys() - contents.keys())
        if closed is None:
            return self.read(contents)
        texts, parsed = self._sound(contents)
        texts.update(closed)
        if self._moved(texts, previous, parsed):
            return self._keep(previous, contents)
        state = self._state(texts, previous, parsed)
        if state is None:
            return self.read(contents)
        project = previous.project
        is_configured_so = settings.of(self._config).agrees_with(project.link.settings)
        if not is_configured_so or not state.keeps(project):
            return self._keep(self._made(state, previous, self._journal), contents)
        try:
            with_deep_stack(lambda: project.renew(state.modules))
        except Exception:
            # What it knows may be half of the last state: the next one begins anew
            self.loaded, self._journal = None, Journal()
            raise
        previous.sources.update(texts)
        return self._keep(replace(previous, broken=state.broken), contents)

    def _moved(self, texts: Mapping[str, bytes], previous: Loaded, parsed: Mapping[str, ModuleFacts]) -> bool:
        """Take new texts of modules that say the same as before into the model as it is, if there are no others.

        Whoever holds the earlier state finds it at the new places: text and facts go together.
        """
        new = {path for path, data in texts.items() if previous.sources[path] != data}
        if not new <= parsed.keys():
            return False
        modules, number = previous.project.modules, previous.project.link.number
        if not all(only_moved(modules[number[path]], parsed[path]) for path in new):
            return False
        sources = {**previous.sources, **{path: texts[path] for path in new}}
        wanted = self._wanted(sources, previous)
        if sum(path in wanted for path in sources) != len(modules) or not number.keys() <= wanted:
            return False
        if relevance.uses_driver(sources, self._memo) != previous.project.uses_driver:
            return False
        self.shifts = {}
        for path in new:
            before, after = (decode_source(data, path).text for data in (previous.sources[path], texts[path]))
            self.shifts[previous.display[path]] = Shift(before, after)
            move(modules[number[path]], parsed[path])
            previous.sources[path] = texts[path]
        previous.project.moved(number[path] for path in new)
        return True

    def _wanted(self, sources: Mapping[str, bytes], previous: Loaded) -> set[str]:
        wanted = relevance.relevant(sources, previous.project.link.imports, self._memo)
        needles = [token.encode() for token in self._tokens]
        wanted.update(path for path in previous.targets if self._memo.holds(path, sources[path], needles))
        return wanted

    def _keep(self, loaded: Loaded, contents: Mapping[str, bytes]) -> Loaded:
        shown = set(loaded.targets)
        self.stale = {path: broken for path, broken in self.stale.items() if path in shown}
        read = loaded.project.link.number
        loaded.broken = [*(broken for broken in loaded.broken if broken.path not in read), *self.stale.values()]
        self.loaded = loaded
        self._given = dict(contents)
        self._trees = {path: trees for path, trees in self._trees.items() if path in contents}
        return loaded

    def _sound(self, contents: Mapping[str, bytes]) -> tuple[dict[str, bytes], dict[str, ModuleFacts]]:
        """The texts that the model can have, and the facts of those that are new."""
        texts: dict[str, bytes] = {}
        parsed: dict[str, ModuleFacts] = {}
        held = {facts.path: facts for facts in self.loaded.project.modules} if self.loaded else {}
        for path, data in contents.items():
            texts[path] = data
            if self.loaded is None or path not in held:
                self.stale.pop(path, None)
            elif self._given.get(path) != data and self.loaded.sources[path] != data:
                found = _facts(path, data, {path: self._pieces(path)})
                if isinstance(found, Broken):
                    self.stale[path] = found
                else:
                    self.stale.pop(path, None)
                    parsed[path] = _next(held[path], found)
            elif self.loaded.sources[path] == data:
                self.stale.pop(path, None)
            if path in self.stale and self.loaded is not None:
                texts[path] = self.loaded.sources[path]
        for path in [path for path in self.stale if path not in contents]:
            del self.stale[path]
        return texts, parsed

    def _pieces(self, path: str) -> Pieces:
        # Brings the parser along, which takes a while and is not needed before something is edited
        from mongolint.facts.pieces import Pieces

        return self._trees.setdefault(path, Pieces())

    def changed(self, contents: Mapping[str, bytes], previous: Loaded, journal: Journal) -> Loaded | None:
        """Another project with other contents of files that it has; None where all has to be read."""
        state = self._state(contents, previous, {})
        return None if state is None else self._made(state, previous, journal)

    def _state(
        self, contents: Mapping[str, bytes], previous: Loaded, parsed: Mapping[str, ModuleFacts]
    ) -> _State | None:
        """What modules say with these contents of files; None where all has to be read."""
        if not contents.keys() <= previous.sources.keys():
            return None
        sources = {**previous.sources, **contents}
        wanted = self._wanted(sources, previous)
        if wanted and not previous.project.modules:
            return None  # scripts that declare indexes have not been looked at
        held = {facts.path: facts for facts in previous.project.modules}
        known = {path: facts for path, facts in held.items() if previous.sources[path] == sources[path]}
        known.update(parsed)
        wrong = {b.path: b for b in previous.broken if previous.sources[b.path] == sources[b.path]}
        facts: list[ModuleFacts] = []
        broken: list[Broken] = []
        shown = set(previous.targets)
        for path in (path for path in sources if path in wanted):
            found = known.get(path) or wrong.get(path) or _facts(path, sources[path])
            if isinstance(found, ModuleFacts):
                facts.append(found if path in known or path not in held else _next(held[path], found))
            elif path in shown:
                broken.append(found)
        return _State(facts, broken, sources, relevance.uses_driver(sources, self._memo))

    def _made(self, state: _State, previous: Loaded, journal: Journal) -> Loaded:
        """A project of its own for a state."""
        project = Project(
            state.modules,
            previous.project.link.imports,
            self._config,
            previous.display,
            state.uses_driver,
            [*previous.scripts, *self._external],
            journal,
            settings.of(self._config),
            previous.project.starters,
        )
        return replace(previous, project=project, sources=state.sources, broken=state.broken)


def _next(before: ModuleFacts, found: ModuleFacts) -> ModuleFacts:
    """What a module says now, with the row numbers and the objects of what it said before."""
    return share(before, follow(before, found))


def _from_disk(paths: Iterable[str]) -> dict[str, bytes] | None:
    """What is in these files; None if one of them cannot be read."""
    try:
        return {path: Path(path).read_bytes() for path in paths}
    except OSError:
        return None


def _facts(path: str, data: bytes, trees: Mapping[str, Pieces] | None = None) -> ModuleFacts | Broken:
    try:
        text = decode_source(data, path).text
    except SourceError as error:
        return Broken(path, str(error), error.line, error.column)
    return extract_batch([(path, text)], STEP, trees)[0]
