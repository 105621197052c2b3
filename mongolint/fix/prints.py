"""``print`` becomes a log line: the same text, at the level that the place calls for."""

from __future__ import annotations

import io
import re
import tokenize
from typing import TYPE_CHECKING

import libcst as cst

from mongolint.facts.shapes import ModuleFacts
from mongolint.fix.loggers import logger_at
from mongolint.fix.messages import Message, Part, Value, is_text, message, parts, source
from mongolint.fix.nofix import NoFix
from mongolint.fix.trees import Tree, descendants, line_end, line_start

if TYPE_CHECKING:
    from mongolint.fix.draft import Draft

_WIDTH = 120
# What was on several lines comes back on one only if it is well within any limit
_SHORT = 88


def log_instead(draft: Draft, module: int, row: int) -> None:
    """See `Draft.log_instead_of_print`."""
    tree, node = draft.call(module, row)
    printed = Printed(tree, node)
    printed.check()
    level = _level(tree, node, printed)
    if level == "exception" and any("format_exc" in value.source for value in printed.values):
        raise NoFix("logger.exception tells the traceback by itself")
    facts = draft.project.modules[module]
    scope = next(call.scope for call in facts.calls if call.row == row)
    if _is_program(facts, scope, tree.file_text) or _is_data(node):
        raise NoFix("it may be what the program is there to show")
    write(draft, module, scope, printed, level)


def _is_program(facts: ModuleFacts, scope: int, text: str) -> bool:
    """Whether somebody at a terminal reads it: the module takes arguments or answers, or is run as a script."""
    if any(name.partition(".")[0] in _TERMINAL for name, _, level in facts.imports if not level):
        return True
    asks = any(call.scope == scope and _is_question(facts, call.row) for call in facts.calls)
    return asks or (scope == 0 and text.startswith("#!")) or bool(_RUN.search(text) and "logging" not in text)


def _is_data(node: cst.Call) -> bool:
    """Whether a document as JSON is all that is printed, as for another program to read."""
    value = node.args[0].value if len(node.args) == 1 else None
    function = value.func if isinstance(value, cst.Call) else None
    name = function.attr if isinstance(function, cst.Attribute) else function
    return isinstance(name, cst.Name) and name.value == "dumps"


# A module that is run, and leaves it to nobody to say where its log lines go
_RUN = re.compile(r"^if __name__\s*==", re.MULTILINE)
_TERMINAL = frozenset(["argparse", "optparse", "getopt", "click", "typer", "fire", "docopt", "cmd", "curses"])


def _is_question(facts: ModuleFacts, row: int) -> bool:
    function = facts.nodes[facts.nodes[row][1]]
    return bool(function[0] in ("free", "from", "attr") and function[2] in ("input", "getpass"))


def write(draft: Draft, module: int, scope: int, printed: Printed, level: str) -> None:
    """Put the log call in the place of the print."""
    tree, node = printed.tree, printed.node
    start, end = tree.span(node)
    name, kind = logger_at(draft, module, scope, start)
    _check_recursion(tree, node, name)
    callee = f"{name}.{level}"
    if len(node.args) == 1 and (not printed.values or printed.is_one_text):
        # Comments and line breaks stay
        draft.replace(module, (start, tree.file_text.index("(", tree.span(node.func)[1])), callee)
        return
    text = tree.text(node)
    if _has_comment(text):
        raise NoFix("a comment inside the call would be lost")
    found = message(printed.parts, "{" if kind == "loguru" else "%", _quote(node), text)
    if found is None:
        raise NoFix(f"{kind} has no such conversion")
    step = draft.file(module).step
    draft.replace(module, (start, end), _laid_out(tree, (start, end), callee, found, step))


class Printed:
    """What a call of print writes."""

    def __init__(self, tree: Tree, node: cst.Call) -> None:
        self.tree = tree
        self.node = node
        self.to_stderr = False
        self.refusal = ""
        separator: str = " "
        for arg in node.args:
            if arg.star:
                self.refusal = "its arguments are unpacked"
            elif arg.keyword is not None:
                separator = self._keyword(arg.keyword.value, arg.value, separator)
        self.parts = self._joined(separator)

    @property
    def values(self) -> list[Value]:
        return [part for part in self.parts if isinstance(part, Value)]

    @property
    def is_one_text(self) -> bool:
        """Whether it is a single text that cannot be taken apart."""
        return len(self.parts) == 1 and isinstance(self.parts[0], Value) and self.parts[0].is_text

    @property
    def text(self) -> str:
        """The literal parts."""
        return " ".join(part for part in self.parts if isinstance(part, str))

    def check(self) -> None:
        """Raises: NoFix: it is no line of text."""
        if self.refusal:
            raise NoFix(self.refusal)
        if not self.values and not self.text.strip():
            raise NoFix("it prints an empty line")

    def _joined(self, separator: str) -> list[Part]:
        found: list[Part] = []
        positional = [arg for arg in self.node.args if arg.keyword is None and not arg.star]
        if len(positional) == 1 and is_text(positional[0].value):
            found = parts(self.tree, positional[0].value)
            # Columns of a table are clearer as the author wrote them
            if sum(isinstance(part, Value) and part.is_exotic for part in found) > 1:
                found = [Value(source(self.tree, positional[0].value), is_text=True)]
            return found
        for number, arg in enumerate(positional):
            if number and separator:
                found.append(separator)
            found += parts(self.tree, arg.value)
        return found

    def _keyword(self, name: str, value: cst.BaseExpression, separator: str) -> str:
        code = self.tree.text(value)
        literal = _constant(value)
        if name == "sep":
            if literal is None and code != "None":
                self.refusal = "its separator is computed"
            return separator if literal is None else literal
        if name == "end" and literal != "\n" and code != "None":
            self.refusal = "it does not end its line like others"
        if name == "flush" and code not in ("True", "False"):
            self.refusal = "whether it flushes is computed"
        if name == "file":
            self.to_stderr = code in ("sys.stderr", "stderr")
            if not self.to_stderr and code not in ("sys.stdout", "stdout", "None"):
                self.refusal = "it writes to a file"
        return separator


def _constant(node: cst.BaseExpression) -> str | None:
    if isinstance(node, cst.SimpleString | cst.ConcatenatedString):
        value = node.evaluated_value
        return value if isinstance(value, str) else None
    return None


# The level

_WARNING = re.compile(r"\b(?:warn|warning|deprecated)\b", re.IGNORECASE)
_ERROR = re.compile(
    r"\b(?:error|failed|failure|exception|fatal|cannot|can't|could not|couldn't|unable to)\b", re.IGNORECASE
)
# Texts that count or deny errors
_NO_ERROR = re.compile(
    r"\b(?:no|without|zero|0|not an?)\s+(?:error|failure|exception)|\bsuccess|\bsucceeded", re.IGNORECASE
)
_DEBUG = re.compile(r"\bDEBUG\b|\b[Dd]ebug:|\[debug\]")
# What is caught is no failure: somebody stops the program, or the answer is in the class
_NO_FAILURE = frozenset(
    [
        "KeyboardInterrupt",
        "SystemExit",
        "GeneratorExit",
        "StopIteration",
        "StopAsyncIteration",
        "CancelledError",
        "DuplicateKeyError",
        "CollectionInvalid",
        "WebSocketDisconnect",
        "ClientDisconnect",
    ]
)


def _level(tree: Tree, node: cst.Call, printed: Printed) -> str:
    handler = handler_of(tree, node)
    if handler is not None and not _catches_no_failure(handler):
        return "error" if _is_told(tree, node, handler) else "exception"
    text = printed.text
    if _ERROR.search(text) and not _NO_ERROR.search(text):
        return "error"
    if _WARNING.search(text) or printed.to_stderr:
        return "warning"
    return "debug" if _DEBUG.search(text) else "info"


def handler_of(tree: Tree, node: cst.CSTNode) -> cst.ExceptHandler | cst.ExceptStarHandler | None:
    """The ``except`` clause in whose body a node runs."""
    found = tree.nearest(node, cst.ExceptHandler, cst.ExceptStarHandler, cst.FunctionDef, cst.Lambda, cst.ClassDef)
    return found if isinstance(found, cst.ExceptHandler | cst.ExceptStarHandler) else None


def _catches_no_failure(handler: cst.ExceptHandler | cst.ExceptStarHandler) -> bool:
    if handler.type is None:
        return False
    elements = handler.type.elements if isinstance(handler.type, cst.Tuple) else [cst.Element(handler.type)]
    names = {
        each.value.attr.value if isinstance(each.value, cst.Attribute) else getattr(each.value, "value", "")
        for each in elements
    }
    return names <= _NO_FAILURE


def _is_told(tree: Tree, node: cst.Call, handler: cst.CSTNode) -> bool:
    """Whether a line before it, which always runs before it, or print_exc() beside it tells the traceback."""
    inner: cst.CSTNode = node
    for outer in tree.ancestors(node):
        if isinstance(outer, cst.BaseSuite):
            if any(is_print_exc(statement) for statement in outer.body):
                return True
            for statement in outer.body:
                if statement is inner:
                    break
                if _tells(statement):
                    return True
        if outer is handler:
            return False
        inner = outer
    return False


def is_print_exc(statement: cst.CSTNode) -> bool:
    """``traceback.print_exc()``."""
    small = statement.body[0] if isinstance(statement, cst.SimpleStatementLine) else statement
    if not (isinstance(small, cst.Expr) and isinstance(small.value, cst.Call)) or small.value.args:
        return False
    function = small.value.func
    name = function.attr if isinstance(function, cst.Attribute) else function
    return isinstance(name, cst.Name) and name.value == "print_exc"


def _tells(statement: cst.CSTNode) -> bool:
    """Whether a statement is a print, or logs the traceback."""
    small = statement.body[0] if isinstance(statement, cst.SimpleStatementLine) else statement
    if not (isinstance(small, cst.Expr) and isinstance(small.value, cst.Call)):
        return False
    function = small.value.func
    if isinstance(function, cst.Attribute):
        return function.attr.value == "exception"
    return isinstance(function, cst.Name) and function.value == "print"


def _check_recursion(tree: Tree, node: cst.Call, name: str) -> None:
    """Raises: NoFix: the print is how log lines are written."""
    for above in tree.ancestors(node):
        if isinstance(above, cst.FunctionDef) and above.name.value in ("emit", "write", "flush", "handleError"):
            raise NoFix("it may be part of how log lines are written")
        if isinstance(above, cst.Call) and isinstance(above.func, cst.Attribute):
            base = above.func.value
            if isinstance(base, cst.Name) and base.value == name:
                raise NoFix("it may be part of how log lines are written")


# The code


def _has_comment(code: str) -> bool:
    try:
        return any(token.type == tokenize.COMMENT for token in tokenize.generate_tokens(io.StringIO(code).readline))
    except (tokenize.TokenError, SyntaxError):
        return "#" in code


def _quote(node: cst.Call) -> str:
    """The quotation mark of the first text in a call."""
    for each in descendants(node):
        if isinstance(each, cst.SimpleString | cst.FormattedString):
            return each.quote[0]
    return '"'


def _laid_out(tree: Tree, span: tuple[int, int], callee: str, found: Message, step: str) -> str:
    """The call on one line if it fits there."""
    text = tree.file_text
    first = line_start(text, span[0])
    before = text[first : span[0]]
    after = text[span[1] : line_end(text, span[1])].rstrip()
    one = f"{callee}({', '.join([found.code, *found.args])})"
    limit = _SHORT if "\n" in text[span[0] : span[1]] else _WIDTH
    if max(map(len, f"{before}{one}{after.partition('#')[0].rstrip()}".split("\n"))) <= limit:
        return one
    if len(found.lines) == 1 and not found.args:
        return one
    indent = before[: len(before) - len(before.lstrip())]
    lines = [*found.lines[:-1], f"{found.lines[-1]},", *(f"{arg}," for arg in found.args)]
    return "\n".join([f"{callee}(", *(f"{indent}{step}{line}" for line in lines), f"{indent})"])
