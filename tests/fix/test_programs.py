"""What the fix of MDB101 may do to real loops: each program of ``programs/`` runs before and after it, on a server.

A program is a module with ``run()``, written for `AsyncMongoClient`; the texts for `MongoClient` and Motor are derived
from it. What stands below ``# --- seed`` is not shown to mongolint: ``seed(db)`` fills the database, and ``again(ns)``,
if there is one, runs after ``run()`` with the program's names. ``# --- file: NAME`` lines split a program into modules;
the last one has ``run()``. A list ``trace`` at module level is compared too. The comments at the top say what to
expect:

    expect: fixed    all is fixed (but for ``left`` findings), and the program does the same
            display  nothing is changed, and each finding says what to do
            silent   no finding
            low      no finding, or one of low severity
            equal    whatever is changed, the program does the same
    says: a, b       words of the findings; writes, omits: words of the new text, and of what it has none
    commands: 13 -> 2, or "any"; default: fewer if fixed, not more if equal
    raises: A -> B   the error changes its type; default: same type and message
    logs: count      the messages may differ; default: they do not
    left: n          findings after the fix
    flavours: sync async motor; newline: crlf; indent: tabs; run: no (it needs what is not installed)

One program: ``pytest tests/fix -k 07_lookup_then_update-sync``.
"""

from __future__ import annotations

import asyncio
import difflib
import inspect
import logging
import re
import sys
import uuid
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

import pymongo
import pytest
from bson import ObjectId
from pymongo import monitoring
from pymongo.database import Database

from mongolint.engine.load import Loaded, load
from mongolint.engine.mend import applicable, mend
from mongolint.engine.registry import all_rules
from mongolint.engine.run import Result, check
from mongolint.finding import Applicability, Finding, Fix, Severity
from mongolint.testing import project

CODE = "MDB101"
PROGRAMS = sorted((Path(__file__).parent / "programs").glob("*.py"))
FLAVOURS = ("sync", "async", "motor") if find_spec("motor") else ("sync", "async")
EXPECTATIONS = ("fixed", "display", "silent", "low", "equal")
OPTIONS = frozenset(
    ["expect", "says", "writes", "omits", "commands", "raises", "logs", "left", "flavours", "newline", "indent", "run"]
)
Texts = dict[str, str]

_HEADER = re.compile(r"(?:# (?!---)[^\n]*\n)+")
_FILE = re.compile(r"^# --- file: (\S+)\n", re.MULTILINE)
_SEED = "# --- seed\n"


@dataclass(frozen=True)
class Program:
    name: str
    options: dict[str, str]
    files: Texts
    seed: str
    flavour: str = "async"

    @property
    def expect(self) -> str:
        return self.options["expect"]

    @property
    def leads(self) -> bool:
        """Whether this is the first of the program's flavours."""
        return self.options.get("flavours", "sync").split()[0] == self.flavour

    def words(self, option: str) -> list[str]:
        return [word.strip() for word in self.options.get(option, "").split(",") if word.strip()]

    def flavoured(self, flavour: str) -> Program:
        """The program for one driver."""
        change = _CHANGES[flavour]
        files = {name: _dressed(change(text), self.options) for name, text in self.files.items()}
        return replace(self, files=files, seed=change(self.seed), flavour=flavour)


def read(path: Path) -> Program:
    """A program, as it is written: for the asynchronous driver."""
    code, seed = path.read_text(encoding="utf-8").split(_SEED)
    header = _HEADER.match(code)
    assert header, f"{path.name} does not begin with what to expect"
    options = dict(line[2:].split(": ", 1) for line in header[0].splitlines())
    assert options["expect"] in EXPECTATIONS, f"{path.name}: {options}"
    assert options.keys() <= OPTIONS, f"{path.name}: {options.keys() - OPTIONS}"
    first, *others = _FILE.split(code[header.end() :])
    files = dict(zip(others[::2], others[1::2], strict=True)) if others else {"shop.py": first}
    return Program(path.stem, options, files, seed)


# Drivers


def _sync(text: str) -> str:
    """The same for the synchronous driver: without ``await`` and the brackets that were there for it."""
    while (at := text.find("(await ")) >= 0:
        end = _closing(text, at)
        call = text[at - 1].isidentifier() or text[at - 1] in ")]"
        inside = text[at + len("(await ") : end]
        text = text[:at] + (f"({inside})" if call else inside) + text[end + 1 :]
    text = re.sub(r"\b(await|async) ", "", text)
    return text.replace("AsyncMongoClient", "MongoClient")


def _closing(text: str, start: int) -> int:
    """Where the bracket that opens at ``start`` closes."""
    depth = 0
    for offset in range(start, len(text)):
        depth += {"(": 1, ")": -1}.get(text[offset], 0)
        if not depth:
            return offset
    raise AssertionError("a bracket is not closed")


def _motor(text: str) -> str:
    text = re.sub(r"from pymongo import (.*)AsyncMongoClient", _motor_import, text)
    text = re.sub(r"await (\S+\.aggregate\()", r"\1", text)
    text = text.replace("async with client.start_session(", "async with await client.start_session(")
    text = text.replace("async with await session.start_transaction(", "async with session.start_transaction(")
    return text.replace("AsyncMongoClient", "AsyncIOMotorClient")


def _motor_import(match: re.Match[str]) -> str:
    assert not match[1], "import other names of pymongo in a statement of their own"
    return "from motor.motor_asyncio import AsyncMongoClient"


def _asynchronous(text: str) -> str:
    return text


_CHANGES = {"sync": _sync, "async": _asynchronous, "motor": _motor}


def _dressed(text: str, options: Mapping[str, str]) -> str:
    if options.get("indent") == "tabs":
        text = re.sub(r"^(?: {4})+", lambda match: "\t" * (len(match[0]) // 4), text, flags=re.MULTILINE)
    return text.replace("\n", "\r\n") if options.get("newline") == "crlf" else text


# Fixing


@dataclass
class Fixed:
    findings: list[Finding]
    after: Texts
    left: list[Finding]
    problems: list[str]

    @property
    def said(self) -> str:
        """All that a user is told."""
        parts = [f.message for f in self.findings]
        for finding in self.findings:
            if isinstance(finding.fix, Fix):
                parts += [finding.fix.title, finding.fix.text, finding.fix.reason]
        return "\n".join(parts)


def fix(files: Texts, root: Path) -> Fixed:
    """Find and fix until nothing is left to be fixed, in memory."""
    loaded = project(files, root)
    first = _check(loaded)
    mended = mend(loaded, _check, partial(_load, root), unsafe=True)
    after = {name: mended.changed.get(str(root / name), text.encode()).decode() for name, text in files.items()}
    problems = [*first.crashes, *mended.failures, *mended.result.crashes]
    if mended.changed:
        # Read from nothing but the new texts: a second run has nothing to do
        again = _check(_load(root, mended.changed, None))
        problems += [f"a second run would change line {f.span.line}" for f in again.findings if applicable(f, True)]
    return Fixed(first.findings, after, mended.result.findings, problems)


def _check(loaded: Loaded) -> Result:
    return check(loaded, {CODE}, loaded.project.config, fixes=True)


def _load(root: Path, overlay: Mapping[str, bytes], previous: Loaded | None) -> Loaded:
    tokens = [token for rule in all_rules() for token in rule.tokens]
    config = previous.project.config if previous else project({}, root).project.config
    return load([root], config, root, overlay=overlay, tokens=tokens, jobs=1, previous=previous)


# Running


class Counter(monitoring.CommandListener):
    """Counts the commands on one database. A listener of the process cannot be taken out again, so it is idle then."""

    def __init__(self) -> None:
        self.database = ""
        self.commands: list[str] = []

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        # When a cursor is thrown away depends on the garbage collector
        if event.database_name == self.database and event.command_name not in ("killCursors", "endSessions"):
            self.commands.append(event.command_name)

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
        pass

    def failed(self, event: monitoring.CommandFailedEvent) -> None:
        pass


@dataclass
class Server:
    uri: str
    client: pymongo.MongoClient[dict[str, Any]]
    counter: Counter


@dataclass
class Outcome:
    """What a run did, as far as it can be compared."""

    result: Any = None
    again: Any = None
    trace: Any = None
    error: tuple[str, str] = ("", "")
    logs: list[str] = field(default_factory=list)
    content: dict[str, list[Any]] = field(default_factory=dict)
    commands: list[str] = field(default_factory=list)


class _Records(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.messages.append(record.getMessage())


def execute(program: Program, files: Texts, server: Server, monkeypatch: pytest.MonkeyPatch) -> Outcome:
    """Run the program on a database of its own."""
    db = server.client[f"p{uuid.uuid4().hex}"]
    seed: dict[str, Any] = {}
    exec(compile(program.seed, f"{program.name} seed", "exec"), seed)
    seed["seed"](db)
    monkeypatch.setenv("MONGO_URI", server.uri)
    monkeypatch.setenv("MONGO_DB", db.name)
    outcome, records = Outcome(), _Records()
    logging.getLogger().addHandler(records)
    server.counter.database, server.counter.commands = db.name, []
    try:
        asyncio.run(_execute(program.name, files, seed.get("again"), outcome))
    finally:
        server.counter.database = ""
        logging.getLogger().removeHandler(records)
    outcome.commands = server.counter.commands
    outcome.logs = records.messages
    outcome.content = _content(db)
    server.client.drop_database(db.name)
    return Outcome(**{name: _plain(value, db.name) for name, value in vars(outcome).items()})


async def _execute(name: str, files: Texts, again: Callable[..., Any] | None, outcome: Outcome) -> None:
    modules = {file.removesuffix(".py").replace("/", "."): text for file, text in files.items()}
    known = {module: sys.modules.pop(module, None) for module in modules}
    spaces: list[dict[str, Any]] = []
    try:
        for module, text in modules.items():
            sys.modules[module] = ModuleType(module)
            spaces.append(vars(sys.modules[module]))
            exec(compile(text, f"{name} {module}", "exec"), spaces[-1])
        names = {key: value for space in spaces for key, value in space.items()}
        await _call(outcome, names, again)
    finally:
        for space in spaces:
            if "client" in space:
                await _value(space["client"].close())
        for module, old in known.items():
            sys.modules.pop(module, None)
            if old:
                sys.modules[module] = old


async def _call(outcome: Outcome, names: dict[str, Any], again: Callable[..., Any] | None) -> None:
    try:
        outcome.result = await _value(names["run"]())
        if again:
            outcome.again = await _value(again(names))
    except Exception as error:
        outcome.error = (type(error).__name__, str(error))
    outcome.trace = names.get("trace")


async def _value(result: Any | Awaitable[Any]) -> Any:
    return await result if inspect.isawaitable(result) else result


def _content(db: Database[dict[str, Any]]) -> dict[str, list[Any]]:
    # A collection that is empty and one that does not exist are the same to a program
    every = {name: list(db[name].find()) for name in sorted(db.list_collection_names())}
    return {name: sorted((_plain(d, db.name) for d in documents), key=repr) for name, documents in every.items()}


def _plain(value: Any, database: str) -> Any:
    """A value that can be compared with that of another run: without new ids, the database and own classes."""
    plain = partial(_plain, database=database)
    if isinstance(value, dict):
        return {plain(key): plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(map(plain, value)) if type(value) in (list, tuple) else [type(value).__name__, *value]
    if isinstance(value, set | frozenset):
        return sorted(map(plain, value), key=repr)
    if isinstance(value, str):
        value = re.sub(r"\b[0-9a-f]{24}\b", lambda match: str(_plain_id(ObjectId(match[0]))), value)
        return value.replace(database, "<db>")
    if isinstance(value, ObjectId):
        return _plain_id(value)
    if type(value).__module__ in ("builtins", "datetime", "bson.decimal128", "uuid"):
        return value
    return (type(value).__name__, plain(vars(value))) if hasattr(value, "__dict__") else repr(value)


def _plain_id(value: ObjectId) -> ObjectId | str:
    """Ids of the seed are small numbers; what the run made itself is new each time."""
    return "<new id>" if value.generation_time.year > 2020 else value


# Judging


def _diff(before: Texts, after: Texts) -> str:
    lines: list[str] = []
    for name, text in before.items():
        lines += difflib.unified_diff(text.splitlines(), after[name].splitlines(), name, name, "", "", 3, "")
    return "\n".join(lines) or "(nothing changed)"


def _judge_findings(program: Program, before: Texts, fixed: Fixed) -> Iterator[str]:
    """What is wrong with what was found and written."""
    yield from fixed.problems
    changed, expect = fixed.after != before, program.expect
    found = fixed.findings
    if expect == "silent" and found:
        yield "there are findings"
    if expect == "low" and any(f.severity is not Severity.LOW for f in found):
        yield "a finding is not of low severity"
    if expect in ("display", "silent") and changed:
        yield "the code was changed"
    if expect in ("fixed", "display") and not found:
        yield f"{CODE} finds nothing"
    if expect == "fixed" and not changed:
        yield "nothing was fixed"
    if expect == "fixed" and changed and len(fixed.left) != int(program.options.get("left", "0")):
        yield f"{len(fixed.left)} findings are left"
    if expect == "display":
        yield from (f"line {f.span.line} does not say what to do" for f in found if not _shown(f))
    yield from (f"{word!r} is not said" for word in program.words("says") if word.lower() not in fixed.said.lower())
    if changed:
        text = "".join(fixed.after.values())
        yield from (f"{word!r} is not in the new text" for word in program.words("writes") if word not in text)
        yield from (f"{word!r} is in the new text" for word in program.words("omits") if word in text)


def _shown(finding: Finding) -> bool:
    shown = finding.fix
    return isinstance(shown, Fix) and shown.applicability is Applicability.DISPLAY and bool(shown.text or shown.reason)


def _judge_runs(program: Program, before: Outcome, after: Outcome) -> Iterator[str]:
    """What the fixed program does otherwise."""
    for name in ("result", "again", "trace", "content"):
        old, new = getattr(before, name), getattr(after, name)
        if old != new or repr(old) != repr(new):
            yield f"{name} differs:\n    before: {old}\n    after:  {new}"
    if program.options.get("logs") == "count":
        if len(before.logs) != len(after.logs):
            yield f"logs: {before.logs}, then {after.logs}"
    elif before.logs != after.logs:
        yield f"logs: {before.logs}, then {after.logs}"
    if "raises" in program.options:
        if after.error[0] != program.options["raises"].split(" -> ")[1]:
            yield f"raises {after.error}"
    elif before.error != after.error:
        yield f"raised {before.error}, then {after.error}"
    promised = program.options.get("commands", "")
    counts = len(before.commands), len(after.commands)
    shown = f"commands: {_runs(before.commands)}, then {_runs(after.commands)}"
    if "->" in promised:
        if counts[1] != int(promised.split("->")[1]):
            yield f"{shown}; promised was {promised}"
    elif promised != "any" and (counts[1] > counts[0] or (program.expect == "fixed" and counts[0] == counts[1])):
        yield shown


def _judge_before(program: Program, before: Outcome) -> Iterator[str]:
    """What is wrong with the program itself: it must do what its author thinks."""
    expected = program.options.get("raises", " -> ").split(" -> ")[0]
    if expected and expected != before.error[0]:
        yield f"the program raises {before.error}"
    promised = program.options.get("commands", "")
    if "->" in promised and len(before.commands) != int(promised.split("->")[0]):
        yield f"the program takes {_runs(before.commands)}"


def _runs(commands: list[str]) -> str:
    counts = {name: commands.count(name) for name in dict.fromkeys(commands)}
    return f"{len(commands)} ({', '.join(f'{count} {name}' for name, count in counts.items())})"


def _report(program: Program, before: Texts, fixed: Fixed, wrong: list[str]) -> str:
    shown = [f"  {f.span.file}:{f.span.line} {f.severity.value}: {f.message}{_fix_line(f)}" for f in fixed.findings]
    findings = "\n".join(shown) or "  no findings"
    left = "".join(f"\n  left: {f.span.file}:{f.span.line} {f.message}{_fix_line(f)}" for f in fixed.left)
    if fixed.after == before:
        left = ""
    problems = "\n".join(f"* {each}" for each in wrong)
    return f"{program.name}, {program.options}:\n{problems}\n{findings}{left}\n{_diff(before, fixed.after)}"


def _fix_line(finding: Finding) -> str:
    known = finding.fix
    if not isinstance(known, Fix):
        return "\n    no fix"
    return f"\n    {known.applicability.value}: {known.title} | {known.reason} | {known.text[:400]}"


# Tests


@pytest.fixture(scope="module")
def counter() -> Counter:
    listener = Counter()
    monitoring.register(listener)
    return listener


@pytest.fixture(scope="module")
def server(mongod_uri: str, counter: Counter) -> Iterator[Server]:
    # Waiting for the journal of every single write would take most of the time
    uri = f"{mongod_uri}&w=1&journal=false"
    client: pymongo.MongoClient[dict[str, Any]] = pymongo.MongoClient(uri)
    with client:
        yield Server(uri, client, counter)


def _cases() -> Iterator[Any]:
    for path in PROGRAMS:
        program = read(path)
        # Beyond section 7 of the contract, what holds for one asynchronous driver holds for the other
        usual = FLAVOURS if program.name < "41" and program.expect in ("fixed", "equal") else FLAVOURS[:2]
        for flavour in program.options.get("flavours", " ".join(usual)).split():
            if flavour in FLAVOURS:
                yield pytest.param(program.flavoured(flavour), id=f"{program.name}-{flavour}")


@pytest.mark.parametrize("program", list(_cases()))
def test_program(program: Program, tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    before = program.files
    fixed = fix(before, tmp_path)
    wrong = list(_judge_findings(program, before, fixed))
    # That a program does what its author thinks is known from one driver
    if program.options.get("run") != "no" and (fixed.after != before or program.leads):
        wrong += _run_both(program, fixed, server, monkeypatch)
    if wrong:
        pytest.fail(_report(program, before, fixed, wrong), pytrace=False)


def _run_both(program: Program, fixed: Fixed, server: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    first = execute(program, program.files, server, monkeypatch)
    yield from _judge_before(program, first)
    if fixed.after == program.files:
        return
    try:
        for name, text in fixed.after.items():
            compile(text, name, "exec")
    except SyntaxError as error:
        yield f"the new text does not compile: {error}"
        return
    yield from _judge_runs(program, first, execute(program, fixed.after, server, monkeypatch))
