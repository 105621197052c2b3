"""What was worked out above the linker, kept in an editor from one state of a project to the next.

`held` and `held_by` are what ``functools.cached_property`` and a dict of answers are elsewhere, and on the command line
they are no more than that. In an editor each answer notes what it was made of: what it saw of modules, what the linker
told, and the other answers it asked. A new state says which of the first two differ. What was made of those is worked
out again when somebody asks; and if it comes out as it was, what was made of *it* stays as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from functools import partial, wraps
from itertools import groupby
from typing import TYPE_CHECKING, Any, Concatenate, Generic, ParamSpec, TypeVar, cast, overload

from mongolint.link.states.same import same

if TYPE_CHECKING:
    from mongolint.link.linker import Linker

# Answers of the first state, and how many times as many there may be
_FEW, _MOST_TIMES = 10_000, 3
_NONE: dict[Any, Any] = {}
# Among what is kept: the memory that keeps it, if any
_KEEPER = "keeper"
# How much is made of an answer where it pays to see at once whether it has changed
_MANY_USERS = 12
# What of a list may have changed places so that each is looked for
_MOST_APART = 50
T = TypeVar("T")
P = ParamSpec("P")
Holder = TypeVar("Holder")


class Seen:
    """What one answer is made of, while it is worked out: tokens and questions to the linker, and other answers."""

    __slots__ = ("answers", "tokens")

    def __init__(self) -> None:
        self.tokens: set[Hashable] = set()
        self.answers: dict[Answer, None] = {}

    def met(self, question: Any, answer: object | None) -> None:
        """A question was put to the linker. What it tells does not depend on who asks."""
        if question[0] != "env":  # which says itself what it is
            self.tokens.add(question)


class Answer:
    """One answer, with what it is made of.

    ``changed``: when it last came out differently; ``settled``: when it was last known to hold; by the memory's clock.
    ``doubtful``: something that it is made of may differ since; ``stale``: a token does.
    """

    __slots__ = ("changed", "doubtful", "parts", "settled", "stale", "tokens", "users", "value", "work")

    def __init__(self, work: Callable[[], Any]) -> None:
        self.work = work
        self.value: Any = None
        self.tokens: Iterable[Hashable] = ()
        self.parts: Iterable[Answer] = ()
        # None before the first of them is sorted
        self.users: set[Answer] | None = None
        self.changed = self.settled = -1
        self.doubtful = self.stale = True


class Memory:
    """The answers of one project."""

    def __init__(self, link: Linker) -> None:
        self._link = link
        # Goes on with each answer that is worked out
        self._clock = 0
        self._readers: dict[Hashable, set[Answer]] = {}
        # The answers that are among the users of others and the readers of tokens as soon as somebody has to know
        self._unsorted: list[Answer] = []
        # What may say something else by now, which nobody has asked about yet
        self._later: set[Hashable] = set()
        # How many answers there are, and were when the first state had been looked at
        self._size = 0
        self._first = 0

    @property
    def is_full(self) -> bool:
        """Whether most answers are about what is there no more."""
        return self._size > _MOST_TIMES * max(self._first, _FEW)

    def ask(self, kept: dict[Hashable, Answer], key: Hashable, work: Callable[[], Any]) -> Any:
        """The answer under a key, worked out if there is none that holds."""
        if self._later:
            later, self._later = self._later, set()
            self.forget(later)
        answer = kept.get(key)
        if answer is None:
            answer = Answer(work)
            self._work_out(answer)
            kept[key] = answer
            self._size += 1
        elif answer.doubtful:
            self._settle(answer)
        self._note(answer)
        return answer.value

    def holds(self, answer: Answer) -> bool:
        """Whether it is known that an answer holds; it is noted as asked then."""
        if answer.doubtful or self._later:
            return False
        self._note(answer)
        return True

    def _note(self, answer: Answer) -> None:
        record = self._link.record
        if type(record) is Seen:
            record.answers[answer] = None
        elif record is not None:
            # A study of the linker, of which nothing but tokens is known
            record.tokens.add(("modules",))

    def forget_later(self, tokens: Iterable[Hashable]) -> None:
        """The same as `forget`, for when somebody asks."""
        self._later.update(tokens)

    def forget(
        self, tokens: Iterable[Hashable], kept: dict[Hashable, Answer] = _NONE, known: Mapping[Hashable, object] = _NONE
    ) -> None:
        """A new state, in which these tokens and questions may say something else.

        Args:
            kept, known: answers among those ``kept`` of which it is known already how they come out.
        """
        self.sort()
        self._first = self._first or self._size
        doubted = {answer for token in tokens for answer in self._readers.get(token, ())}
        for answer in doubted:
            answer.stale = True
        for key, value in known.items():
            held = kept.get(key)
            if held is not None:
                doubted.discard(held)
                if not self._is_same(held, value):
                    doubted.update(held.users or ())
                held.settled, held.doubtful, held.stale = self._clock, False, False
        self._doubt(doubted)

    def _doubt(self, answers: Iterable[Answer]) -> None:
        """These may differ, and what is made of them.

        Where much is made of an answer, it is worked out first: mostly it comes out as it was.
        """
        pending, hubs, begun = list(answers), list[Answer](), self._clock
        while pending or hubs:
            self.sort()  # what a hub has had worked out is among the users
            if pending:
                answer = pending.pop()
                if not answer.doubtful:
                    answer.doubtful = True
                    if len(answer.users or ()) < _MANY_USERS:
                        pending.extend(answer.users or ())
                    else:
                        hubs.append(answer)
                continue
            answer = hubs.pop()
            try:
                self._settle(answer)
            except Exception:
                answer.stale = True  # whoever asks for it shall meet the error
            if answer.doubtful or answer.changed > begun:
                pending.extend(answer.users or ())

    def _settle(self, answer: Answer) -> None:
        """See whether an answer still holds: in the order in which it asked, as long as all is what it was."""
        if not answer.stale:
            for part in answer.parts:
                if part.doubtful:
                    try:
                        self._settle(part)
                    except Exception:
                        answer.stale = True  # whoever asks for it shall meet the error
                if answer.stale or part.changed > answer.settled:
                    answer.stale = True
                    break
        if answer.stale:
            self._work_out(answer)
        answer.settled, answer.doubtful = self._clock, False

    def _work_out(self, answer: Answer) -> None:
        outer, seen = self._link.record, Seen()
        self._link.record = seen
        try:
            value = answer.work()
        finally:
            self._link.record = outer
        if answer.changed >= 0:
            self.sort()
            for part in answer.parts:
                if part.users is not None:
                    part.users.discard(answer)
            for token in answer.tokens:
                self._readers[token].discard(answer)
        answer.tokens, answer.parts = seen.tokens, seen.answers
        self._unsorted.append(answer)
        if answer.changed >= 0:
            self._is_same(answer, value)
        else:
            self._clock += 1
            answer.value, answer.changed = value, self._clock
        answer.settled, answer.doubtful, answer.stale = self._clock, False, False

    def sort(self) -> None:
        """See to it that answers are found by what they are made of: before the next state, when there is time."""
        for answer in self._unsorted:
            for token in answer.tokens:
                self._readers.setdefault(token, set()).add(answer)
            for part in answer.parts:
                if part.users is None:
                    part.users = {answer}
                else:
                    part.users.add(answer)
        self._unsorted.clear()

    def _is_same(self, answer: Answer, value: object) -> bool:
        """Take a value, as the one before where both are equal."""
        self._clock += 1
        value = merged(answer.value, value)
        if value is answer.value:
            return True
        answer.value, answer.changed = value, self._clock
        return False


def merged(old: Any, new: Any) -> Any:
    """``new``, or ``old`` if both are the same. What is the same in lists and dicts stays the same object."""
    kind = type(new)
    if type(old) is not kind:
        return new
    if kind is list:
        return _merged_lists(old, new)
    if kind is dict:
        for key, value in new.items():
            new[key] = merged(old.get(key), value)
        is_same = len(old) == len(new) and all(map(same, old, new))
        return old if is_same and all(old[key] is value for key, value in new.items()) else new
    return old if same(old, new) else new


def _merged_lists(old: list[Any], new: list[Any]) -> list[Any]:
    shorter = min(len(old), len(new))
    head = 0
    while head < shorter and same(old[head], new[head]):
        new[head] = old[head]
        head += 1
    if head == len(old) == len(new):
        return old
    tail = 0
    while tail < shorter - head and same(old[-1 - tail], new[-1 - tail]):
        new[-1 - tail] = old[-1 - tail]
        tail += 1
    left = old[head : len(old) - tail]
    for place in range(head, len(new) - tail) if len(left) <= _MOST_APART else ():
        for number, each in enumerate(left):
            if same(each, new[place]):
                new[place] = left.pop(number)
                break
    return new


def of_each(
    memory: Memory | None,
    kept: dict[Hashable, Answer],
    question: Hashable,
    things: Callable[[], Iterable[Any]],
    tell: Callable[[Any], Iterable[T]],
    begin: Callable[[Any], object],
) -> Iterable[T]:
    """What there is to tell of each of some things, kept for those of each module, and for all of them.

    ``begin`` is called before it is asked about one.
    """

    def every(some: Iterable[Any]) -> Iterator[T]:
        for thing in some:
            begin(thing)
            yield from tell(thing)

    def kept_of_modules(known: Memory) -> Iterator[T]:
        for _, group in groupby(things(), key=lambda thing: getattr(thing, "module", None)):
            some = list(group)
            yield from known.ask(kept, (question, *map(id, some)), partial(told, some))

    # Tuples, for nobody knows again what is told
    def told(some: Iterable[Any]) -> tuple[T, ...]:
        return tuple(every(some))

    if memory is None:
        return every(things())
    try:
        found: tuple[T, ...] = memory.ask(kept, question, lambda: tuple(kept_of_modules(memory)))
    except Exception:
        return every(things())  # up to the one of which nothing can be told
    return found


def _memory(holder: Any) -> Memory | None:
    if not hasattr(holder, "memory"):
        holder = holder.link if hasattr(holder, "link") else holder.project.link
    memory: Memory | None = holder.memory
    return memory


class held(Generic[T]):  # noqa: N801  # used as a decorator, like ``cached_property``
    """A property that is worked out once. Its object has a ``link`` or a ``project``."""

    def __init__(self, work: Callable[[Any], T]) -> None:
        self._work = work
        self.__doc__ = work.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    @overload
    def __get__(self, holder: None, owner: type) -> held[T]: ...
    @overload
    def __get__(self, holder: object, owner: type) -> T: ...

    def __get__(self, holder: Any, owner: type) -> held[T] | T:
        if holder is None:
            return self
        kept = holder.__dict__.get("_answers")
        memory = _memory(holder) if kept is None else kept[_KEEPER]
        if memory is None:
            found = holder.__dict__[self._name] = self._work(holder)
            return found
        if kept is None:
            kept = holder.__dict__["_answers"] = {_KEEPER: memory}
        answer = kept.get(self._name)
        if answer is not None and memory.holds(answer):
            return cast(T, answer.value)
        return cast(T, memory.ask(kept, self._name, partial(self._work, holder)))


def held_by(work: Callable[Concatenate[Holder, P], T]) -> Callable[Concatenate[Holder, P], T]:
    """A method whose answer to the same arguments is worked out once, or a function of something that has a ``link``.

    What cannot be a key, an operation for example, is told apart by identity.
    """
    name = f"{work.__module__}.{work.__qualname__}"
    answer: Any = work

    @wraps(work)
    def ask(holder: Any, *given: Any) -> Any:
        kept = holder.__dict__.get(name)
        if kept is None:
            kept = holder.__dict__[name] = {_KEEPER: _memory(holder)}
        key = given
        for each in given:
            if type(each).__hash__ is None:
                key = tuple([id(each) if type(each).__hash__ is None else each for each in given])
                break
        try:
            found = kept.get(key)
        except TypeError:  # something in it is such
            key = tuple(map(id, given))
            found = kept.get(key)
        memory = kept[_KEEPER]
        if memory is None:
            if found is not None:
                return found[0]
        elif found is not None and memory.holds(found):
            return found.value
        else:
            return memory.ask(kept, key, partial(answer, holder, *given))
        # With the arguments, so that their ids stay their own
        kept[key] = found = (answer(holder, *given), given)
        return found[0]

    return cast("Callable[Concatenate[Holder, P], T]", ask)
