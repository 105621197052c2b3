"""When a project is analysed: soon after a change, one at a time, and never published once it is out of date."""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import field
from typing import TypeVar

from mongolint.engine.asking import StoppedError
from mongolint.engine.parsing import Progress
from mongolint.fastclasses import dataclass
from mongolint.lsp.root import Analysis, Root

T = TypeVar("T")
# Seconds. What comes at once is one change; what only moved code is looked at wholly once nobody types
_SETTLED, _LONGEST, _IDLE, _TICK = 0.005, 0.05, 0.3, 0.01
# Models that are out of date and kept all the same while somebody types
_MOST_GARBAGE = 25

Contents = Callable[[Root], Mapping[str, bytes]]


@dataclass(slots=True)
class _State:
    """What is under way for a project. ``wanted``, ``glanced`` and ``done`` count changes.

    ``told``: set whenever one has been looked at; ``glance``: what was seen at the last glance.
    """

    wanted: int = 0
    done: int = -1
    files_changed: bool = False
    anew: bool = False
    glanced: int = -1
    hurry: bool = False
    last: float = 0.0
    garbage: int = 0
    task: asyncio.Task[None] | None = None
    tidying: asyncio.Task[None] | None = None
    analysis: Analysis | None = None
    glance: Analysis | None = None
    told: asyncio.Event = field(default_factory=asyncio.Event)


class Scheduler:
    """Keeps the analysis of each project up to date.

    Args:
        contents: the buffers of a project, as they are now.
        publish: gets each analysis that is up to date when it is done.
        failed: gets what an analysis died of.
        progress: for the first look at a project: what to tell of files parsed, and a function to call at the end.
    """

    def __init__(
        self,
        contents: Contents,
        publish: Callable[[Root, Analysis], object],
        failed: Callable[[Exception], object],
        progress: Callable[[Root], tuple[Progress, Callable[[], object]]],
    ) -> None:
        self._contents = contents
        self._publish = publish
        self._failed = failed
        self._progress = progress
        self._states: dict[Root, _State] = {}
        # Looking for garbage amid an analysis, which makes little, takes a third of the time
        gc.disable()
        self._is_frozen = False
        self._thread = ThreadPoolExecutor(1, "mongolint-analysis")

    def changed(self, root: Root, *, files: bool = False, anew: bool = False) -> None:
        """A buffer of the project is different now; or files on the disk may be; or scripts, too."""
        state = self._states.setdefault(root, _State())
        state.wanted += 1
        state.files_changed |= files
        state.anew |= anew
        state.last = time.monotonic()
        self._start(root, state)

    def drop(self, root: Root) -> None:
        """The project is none any more: nothing of it is published."""
        state = self._states.pop(root, None)
        if state is not None:
            state.wanted += 1
            for task in (state.task, state.tidying):
                if task is not None:
                    task.cancel()

    def latest(self, root: Root) -> Analysis | None:
        """The last analysis, which may be out of date."""
        state = self._states.get(root)
        return state.analysis if state else None

    async def fresh(self, root: Root) -> Analysis | None:
        """An analysis of what the buffers hold now; None if it failed."""
        state = self._states.setdefault(root, _State())
        while state.done != state.wanted:
            state.hurry = True
            task = self._start(root, state)
            await asyncio.wait([task])
            error = None if task.cancelled() else task.exception()
            if error is not None:
                raise error
            if self._states.get(root) is not state:
                return None
        return state.analysis

    async def told(self, root: Root) -> Analysis | None:
        """What is found in the buffers as they are now, of an analysis or of a glance; None if that failed."""
        state = self._states.setdefault(root, _State())
        while state.wanted not in (state.done, state.glanced):
            state.told.clear()
            task = self._start(root, state)
            news = asyncio.ensure_future(state.told.wait())
            await asyncio.wait([task, news], return_when=asyncio.FIRST_COMPLETED)
            news.cancel()
            if self._states.get(root) is not state:
                return None
        return state.analysis if state.done == state.wanted else state.glance

    async def run(self, work: Callable[[], T]) -> T:
        """Have something done that needs the models, between analyses."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    async def _tidy(self, root: Root, state: _State, before: Analysis | None, after: Analysis) -> None:
        """Let go of models that are out of date; what the first look made mostly stays for ever."""
        if before is None:
            await self.run(root.prepare)
            if not self._is_frozen:  # later it would keep a project that was dropped, too
                gc.freeze()
            self._is_frozen = True
        elif before.loaded is not after.loaded:
            state.garbage += 1
            if state.garbage > _MOST_GARBAGE:
                await self._collect(state)
            elif state.tidying is None or state.tidying.done():
                state.tidying = asyncio.ensure_future(self._collect_later(state))

    async def _collect_later(self, state: _State) -> None:
        """Once nobody types, who else would have to wait for it."""
        while True:
            wanted = state.wanted
            await asyncio.sleep(_IDLE)
            if state.wanted == wanted == state.done:
                break
        await self._collect(state)

    async def _collect(self, state: _State) -> None:
        if state.garbage:
            state.garbage = 0
            await self.run(gc.collect)

    def stop(self) -> None:
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _start(self, root: Root, state: _State) -> asyncio.Task[None]:
        if state.task is None or state.task.done():
            state.task = asyncio.ensure_future(self._work(root, state))
        return state.task

    async def _work(self, root: Root, state: _State) -> None:
        while state.done != state.wanted:
            await self._settle(state)
            wanted = state.wanted
            state.glance = await self._glance(root, state)
            if state.glance is not None and self._is_current(root, state, wanted):
                state.glanced = wanted
                self._publish(root, state.glance)
                state.told.set()
                await self._idle(state)
            if not self._is_current(root, state, wanted):
                continue
            analysis = await self._analyse(root, state)
            if not self._is_current(root, state, wanted):
                continue
            state.done, state.hurry = wanted, False
            if analysis is not None:
                before, state.analysis = state.analysis, analysis
                if state.glance is None or not state.glance.tells_the_same(analysis):
                    self._publish(root, analysis)
                state.told.set()
                await self._tidy(root, state, before, analysis)

    def _is_current(self, root: Root, state: _State, wanted: int) -> bool:
        return state.wanted == wanted and self._states.get(root) is state

    async def _settle(self, state: _State) -> None:
        """Wait for what comes at once with a change, but not for ever."""
        end = time.monotonic() + _LONGEST
        while not state.hurry and (rest := min(state.last + _SETTLED, end) - time.monotonic()) > 0:
            await asyncio.sleep(rest)

    async def _idle(self, state: _State) -> None:
        """Wait until nobody has typed for a while; for no one who asks."""
        wanted, end = state.wanted, time.monotonic() + _IDLE
        while state.wanted == wanted and not state.hurry and time.monotonic() < end:
            await asyncio.sleep(_TICK)

    async def _glance(self, root: Root, state: _State) -> Analysis | None:
        if state.analysis is None or state.files_changed or state.anew:
            return None
        contents = self._contents(root)
        try:
            return await self.run(lambda: root.glance(contents))
        except Exception as error:
            self._failed(error)
            return None

    async def _analyse(self, root: Root, state: _State) -> Analysis | None:
        wanted = state.wanted
        files_changed, anew = state.files_changed, state.anew
        state.files_changed = state.anew = False
        contents = self._contents(root)
        tell, end = self._progress(root) if state.analysis is None else (None, None)
        try:
            return await self.run(
                lambda: root.analyse(
                    contents,
                    tell,
                    files_changed=files_changed,
                    anew=anew,
                    stop=lambda: state.wanted != wanted,
                )
            )
        except StoppedError:
            return None
        except Exception as error:
            state.files_changed |= files_changed
            state.anew |= anew
            self._failed(error)
            return None
        finally:
            if end is not None:
                end()
