"""Which modules the application loads when it starts, and which only a person runs: by imports, and by name."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Literal

from mongolint.facts.shapes import ModuleFacts
from mongolint.fastclasses import NamedTuple
from mongolint.link.atoms import External, ExternalObject, FunctionRef
from mongolint.link.states.memory import held, held_by
from mongolint.project.entrypoints import Entrypoints, words
from mongolint.project.reach.programs import ends_by_itself
from mongolint.project.reach.uses import own_name

if TYPE_CHECKING:
    from mongolint.config import Config
    from mongolint.link.linker import Linker

# app: the application runs it; script: only who runs a file by hand; unknown: nobody is seen to, and somebody may
Runner = Literal["app", "script", "unknown"]


class Loaded(NamedTuple):
    """Who runs a module's own code. ``by``: the module that is run by hand."""

    runner: Runner
    by: int = -1


# Calls that keep a process running, or start another one
_SERVING = words(
    """
    run run_app run_simple serve serve_forever run_forever run_polling start_polling infinity_polling polling start
    start_consuming consume idle run_until_disconnected work worker_main execute_from_command_line listen
    execv execvp execve call check_call check_output Popen system
    """
)
# Calls that wait for what a person types
_ASKING = words("input getpass prompt confirm")
_TYPED = words("input getpass")
_TYPED_NAMES = ("builtins.input", "getpass.getpass")
# Libraries whose ``run`` ends with what it is given
_RUNNERS = ("asyncio", "anyio", "trio", "uvloop", "typer", "fire", "unittest", "pytest")
_BY_HAND = re.compile(r"(^|_)(index(es)?|migrat\w*|seed\w*|setup|init|populate|backfill|bootstrap|fixtures?)(_|$)")
_DYNAMIC = words("import_module __import__ spec_from_file_location iter_modules walk_packages import_string run_path")
_DOTTED = re.compile(r"[A-Za-z_]\w*(?:\.\w+)+(?::[\w.]+)?")
# What stands between the words of a string
_APART = re.compile(r"[/\\\s\"']+")
# Folders that hold no part of a server
_PROGRAM_FOLDERS = words("bin sbin tools examples benchmarks test testutils")
_PARSING = words("parse_args parse_known_args docopt getopt")
_MAX_DEPTH = 4
# Of a command, which a person starts for what it does
_MAX_COMMAND_DEPTH = 2


class Loading:
    """Answers who runs what a module does when it is imported, or run as a script."""

    def __init__(self, link: Linker, config: Config, entrypoints: Entrypoints) -> None:
        self.link = link
        self.config = config
        self.entrypoints = entrypoints

    def of(self, module: int, context: int) -> Loaded:
        """Who runs a place outside of functions."""
        if is_main_block(self.link.modules[module], context):
            return self._main[module] if module in self._main else Loaded("unknown")
        if module in self._application:
            return Loaded("app")
        if module in self._unclear:
            return Loaded("unknown")
        scripts = self._scripts.get(module)
        return Loaded("script", scripts[0]) if scripts else Loaded("unknown")

    def is_script(self, module: int) -> bool:
        return self.config.is_script(self.link.modules[module].path)

    def asks(self, module: int, scope: int) -> bool:
        """Whether a function waits for what a person types."""
        facts = self.link.modules[module]
        called = (facts.nodes[call.row][1] for call in facts.calls if call.scope == scope)
        values = (self.link.value(module, function) for function in called if own_name(facts, function) in _TYPED)
        return any(type(atom) is External and atom.name in _TYPED_NAMES for value in values for atom in value)

    def starts(self, module: int) -> bool:
        """Whether a module makes an application, is part of one, or serves when it is run."""
        return module in self._starting

    def is_serving(self, module: int, scope: int) -> bool:
        """Whether a function runs until it is stopped: the command that starts a worker is a start of its program."""
        facts = self.link.modules[module]
        return self._serves(module, [call.row for call in facts.calls if call.scope == scope], _MAX_COMMAND_DEPTH)

    @property
    def has_application(self) -> bool:
        """Whether anything in the tree serves or works until it is stopped."""
        return bool(self._starting)

    @property
    def has_start(self) -> bool:
        """Whether the tree holds a start of a program that is no script, to compare others with."""
        return self.has_application or any(not self.is_script(module) for module in self.mains)

    # Programs that are run from a shell

    def is_program(self, module: int) -> bool:
        """Whether a file is run from a shell, does its work and ends: it says so, and no server is seen in it.

        A file that others import is none, save in a folder of such programs.
        """
        if module in self._starting or (self.has_application and module in self._application):
            return False
        if _PROGRAM_FOLDERS.intersection(os.path.relpath(self._path(module), self.config.root).split(os.sep)[:-1]):
            return True
        if module in self._imported:
            return False
        return module in self.mains or self.link.of_module(_parses_arguments, module)

    # Main blocks

    @held
    def mains(self) -> dict[int, list[int]]:
        """The calls under ``if __name__ == "__main__":`` of each module."""
        every = (module for module in range(len(self.link.modules)) if module not in self.link.tests)
        found = {module: self.link.of_module(_main_calls, module) for module in every}
        return {module: rows for module, rows in found.items() if rows}

    @held
    def _main(self) -> dict[int, Loaded]:
        return {module: self._main_of(module) for module in self.mains}

    def _main_of(self, module: int) -> Loaded:
        if module in self._starting or not (self.has_application or self.is_script(module)):
            return Loaded("app")
        return Loaded("script", module)

    @held
    def _starting(self) -> set[int]:
        """The modules that make an application, or whose main block serves."""
        found = self.entrypoints.application_modules()
        for module in range(len(self.link.modules)):
            if module not in self.link.tests and self._path(module).endswith(("/wsgi.py", "/asgi.py")):
                found.add(module)
        return found | {module for module in self.mains if self._has_serving_main(module)}

    @held_by
    def _has_serving_main(self, module: int) -> bool:
        return self._serves(module, self.mains[module])

    def _serves(self, module: int, rows: Iterable[int], depth: int = _MAX_DEPTH) -> bool:
        """Whether calls, or what they call, run until they are stopped."""
        seen: set[tuple[int, int]] = set()
        level = [(module, row) for row in rows]
        for _ in range(depth):
            following: list[tuple[int, int]] = []
            for at, row in level:
                if self._is_serving(at, row):
                    return True
                for function in self._functions(at, row):
                    key = (function.module, function.scope)
                    if key not in seen:
                        seen.add(key)
                        facts = self.link.modules[function.module]
                        if _loops_forever(facts, function.scope):
                            return True
                        calls = [call.row for call in facts.calls if call.scope == function.scope]
                        following += [(function.module, each) for each in calls]
            level = following
        return False

    def _functions(self, module: int, row: int) -> Iterator[FunctionRef]:
        """What a call runs, and what it is handed to run."""
        yield from self.link.functions_called(module, row)
        for _, given in self.link.node(module, row)[2]:
            yield from (atom for atom in self.link.value(module, given) if type(atom) is FunctionRef)

    def _is_serving(self, module: int, row: int) -> bool:
        facts = self.link.modules[module]
        function = facts.nodes[row][1]
        if own_name(facts, function) not in _SERVING:
            return False
        value = self.link.value(module, function)
        if any(type(atom) is FunctionRef for atom in value):
            return False  # what it does is looked at
        libraries = {a.name.partition(".")[0] for a in value if type(a) in (External, ExternalObject)}
        if libraries & {"subprocess", "os"} and ends_by_itself(facts, row):
            return False
        return libraries.isdisjoint(_RUNNERS)

    # Imports

    def imported_by(self, module: int) -> set[int]:
        """The modules that a module imports, directly or not; itself only if it is part of a circle."""
        return _closure(self._imports, self._imports[module])

    @held
    def _imports(self) -> list[set[int]]:
        return [self._named_by_imports(module) for module in range(len(self.link.modules))]

    @held_by
    def _named_by_imports(self, module: int) -> set[int]:
        return self._named("imports", module, self.link.modules[module].imports)

    @held_by
    def _named_in_texts(self, module: int) -> set[int]:
        return self._named("texts", module, self.link.of_module(_dotted, module))

    @held
    def _loads(self) -> list[set[int]]:
        """What each module imports, or names in a string: ``"app.tasks"``, ``"app.main:app"``."""
        return [imported | self._named_in_texts(module) for module, imported in enumerate(self._imports)]

    def _named(self, question: str, module: int, imports: Sequence[tuple[str, str, int]]) -> set[int]:
        """The modules of imports, the packages around them, and names that are modules."""
        return self.link.of_files(question, module, lambda: set(self._resolved(module, imports)))

    def _resolved(self, module: int, imports: Iterable[tuple[str, str, int]]) -> Iterator[int]:
        importer, resolve, number = self.link.modules[module].path, self.link.imports.resolve, self.link.number
        for dotted, name, level in imports:
            parts = dotted.split(".") if dotted else []
            each = [".".join(parts[:count]) for count in range(1, len(parts) + 1)] or [""]
            if name not in ("", "*"):
                each.append(f"{dotted}.{name}" if dotted else name)
            paths = (resolve(importer, one, level) for one in each)
            yield from (number[path] for path in paths if path in number)

    @held
    def _application(self) -> set[int]:
        """The modules that an application loads; in a project without one, those of its programs."""
        starting = self._starting or {module for module in self.mains if not self.is_script(module)}
        return _closure(self._loads, starting)

    @held
    def _roots(self) -> list[int]:
        """The modules outside tests that no other imports and no application loads."""
        without = self.link.tests | self._imported | self._application
        return [module for module in range(len(self.link.modules)) if module not in without]

    @held
    def _imported(self) -> set[int]:
        """The modules that others load, tests left out."""
        return {
            each
            for module, found in enumerate(self._loads)
            if module not in self.link.tests
            for each in found
            if each != module
        }

    @held
    def _unclear(self) -> set[int]:
        """The modules that somebody may load whom the model does not see."""
        roots = [module for module in self._roots if not self._is_run_by_hand(module)]
        return _closure(self._loads, roots) - self._application

    @held
    def _scripts(self) -> dict[int, list[int]]:
        """For each module that only scripts load, those scripts."""
        found: dict[int, list[int]] = {}
        for root in sorted((m for m in self._roots if self._is_run_by_hand(m)), key=self._path):
            for module in _closure(self._loads, [root]):
                found.setdefault(module, []).append(root)
        return found

    def _path(self, module: int) -> str:
        return self.link.path(module)

    def _is_run_by_hand(self, module: int) -> bool:
        """A script by its folder, its main block, or its name; not one that the application loads by name."""
        if not self.has_start or self._is_loaded_by_name(module):
            return False
        return module in self.mains or self.is_for_hand(module)

    def is_for_hand(self, module: int) -> bool:
        """Whether a module that no application loads is there to be run by a person, by its folder or its name."""
        stem = self._path(module).rpartition("/")[2].removesuffix(".py")
        by_name = _BY_HAND.search(stem.lower()) is not None and module not in self._application
        return self.is_script(module) or by_name

    def _is_loaded_by_name(self, module: int) -> bool:
        """Whether other code runs its file, or imports by name and mentions it or its folder."""
        *_, folder, name = ("", *self._path(module).split("/"))
        stem = name.removesuffix(".py")
        return any(
            other != module and (name in words or (imports and (folder in words or stem in names)))
            for other, (imports, words, names) in self._words.items()
        )

    @held
    def _words(self) -> dict[int, tuple[bool, set[str], set[str]]]:
        """What each module outside tests says of others, see the function."""
        every = range(len(self.link.modules))
        return {module: self._words_of(module) for module in every if module not in self.link.tests}

    @held_by
    def _words_of(self, module: int) -> tuple[bool, set[str], set[str]]:
        return self.link.of_module(_words, module)


def _words(facts: ModuleFacts, index: int) -> tuple[bool, set[str], set[str]]:
    """Whether a module imports by name, the words of its strings, and those of them that may be a module's name.

    ``"/<id>/update"`` is a route, and no module ``update``.
    """
    imports = any(own_name(facts, facts.nodes[call.row][1]) in _DYNAMIC for call in facts.calls)
    texts = [node[1] for _, node in facts.of_kind("const") if _is_line(node)]
    words = {word for text in texts for word in _APART.split(text)}
    names = {part for text in texts if not _APART.search(text) for part in text.split(".")}
    return imports, words | {part for word in words for part in word.split(".")}, names


def _dotted(facts: ModuleFacts, index: int) -> list[tuple[str, str, int]]:
    """The names of modules in the strings of a module."""
    return [(node[1].partition(":")[0], "", 0) for _, node in facts.of_kind("const") if _is_dotted(node)]


def _main_calls(facts: ModuleFacts, index: int) -> list[int]:
    return [call.row for call in facts.calls if call.scope == 0 and is_main_block(facts, call.context)]


def _parses_arguments(facts: ModuleFacts, index: int) -> bool:
    """Whether a file reads its command line: itself, or in a function of its own."""
    if any(call.scope == 0 and own_name(facts, facts.nodes[call.row][1]) in _PARSING for call in facts.calls):
        return True
    return any(reads_arguments(node) for node in facts.body(facts.scopes[0]))


def reads_arguments(node: tuple[object, ...]) -> bool:
    """Whether a row is ``sys.argv``."""
    return node[0] in ("attr", "from", "free") and node[2] == "argv"


def _closure(edges: list[set[int]], start: Iterable[int]) -> set[int]:
    found = set(start)
    pending = list(found)
    while pending:
        new = edges[pending.pop()] - found
        found |= new
        pending.extend(new)
    return found


def _is_line(node: tuple[object, ...]) -> bool:
    """A string that is no docstring or text of several lines."""
    return node[0] == "const" and type(node[1]) is str and "\n" not in node[1]


def _is_dotted(node: tuple[object, ...]) -> bool:
    return _is_line(node) and _DOTTED.fullmatch(str(node[1])) is not None


def _loops_forever(facts: ModuleFacts, scope: int) -> bool:
    """Whether a function goes on and on: one that asks a person ends when it has its answer."""
    endless = {
        number
        for number, loop in enumerate(facts.loops)
        if loop.scope == scope and loop.kind == "while" and facts.constant(loop.iterable) in (True, 1)
    }
    asking = [call for call in facts.calls if endless and own_name(facts, facts.nodes[call.row][1]) in _ASKING]
    return bool(endless - {entry.ref for call in asking for entry in facts.chain(call.context) if entry.kind == "loop"})


def is_main_block(facts: ModuleFacts, context: int) -> bool:
    """Whether code stands under ``if __name__ == "__main__":``."""
    return any(entry.kind == "then" and _is_main_test(facts, entry.ref) for entry in facts.chain(context))


def _is_main_test(facts: ModuleFacts, row: int) -> bool:
    node = facts.nodes[row]
    if node[0] != "compare":
        return False
    sides = [facts.nodes[r] for r in node[2]]
    return any(n[0] == "free" and n[2] == "__name__" for n in sides)
