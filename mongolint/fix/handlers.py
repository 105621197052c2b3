"""``except`` clauses: the class that was meant, and a log line for the error that went no further."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import libcst as cst

from mongolint.facts.shapes import Offsets
from mongolint.fastclasses import dataclass
from mongolint.fix import prints
from mongolint.fix.limits import add_keyword
from mongolint.fix.loggers import logger_at
from mongolint.fix.messages import quoted
from mongolint.fix.nofix import NoFix
from mongolint.fix.trees import Tree, descendants, line_end, line_start
from mongolint.project.handlers import ExceptSite

if TYPE_CHECKING:
    from mongolint.fix.draft import Draft

_ID_ERRORS = frozenset(["InvalidId", "BSONError", "ValueError"])
_COLON = re.compile(r"[\s)\\]*:")
_INTERRUPTS = re.compile(r"\b(?:KeyboardInterrupt|SystemExit|CancelledError|GeneratorExit|BaseException|exc_info)\b")


@dataclass(frozen=True, slots=True)
class _Clause:
    """An ``except`` clause in its tree. ``colon``: the offset behind its colon."""

    draft: Draft
    site: ExceptSite
    tree: Tree
    node: cst.ExceptHandler
    attempt: cst.Try
    colon: int

    @property
    def start(self) -> int:
        return self.tree.span(self.node)[0]

    @property
    def indent(self) -> str:
        text = self.tree.file_text
        return text[line_start(text, self.start) : self.start]

    @property
    def earlier(self) -> list[cst.ExceptHandler]:
        """The clauses before it."""
        handlers = list(self.attempt.handlers)
        return handlers[: handlers.index(self.node)]


def catch(draft: Draft, site: ExceptSite) -> None:
    """See `Draft.name_error_class`."""
    clause = _clause(draft, site)
    text = clause.tree.text(clause.node)
    if any(_names(handler) & {"Exception", "BaseException"} for handler in clause.earlier):
        raise NoFix("a clause before it catches Exception, so this one is for what interrupts the program")
    if _INTERRUPTS.search(text) or any(isinstance(each, cst.Yield) for each in descendants(clause.attempt.body)):
        raise NoFix("it may be meant for what interrupts the program")
    if _may_exit(clause):
        raise NoFix("it also stops an exit() of what it calls")
    _narrow(clause, ids=True)


def log(draft: Draft, site: ExceptSite) -> None:
    """See `Draft.log_error`."""
    clause = _clause(draft, site)
    if site.catches == "bare" and _may_exit(clause):
        raise NoFix("it also stops an exit() of what it calls")
    if _says_duplicate(clause):
        draft.title = "catch what the answer says"
        draft.reason = "other errors now rise"
        _set_class(clause, draft.need(site.module, "pymongo.errors", "DuplicateKeyError"))
        return
    if _is_for_existing(clause):
        _catch_existing(clause)
        return
    if _expects_none(clause):
        _catch_database_first(clause)
        return
    copied = _invalid_id(clause)
    narrow = _narrow(clause, ids=not copied)
    draft.reason = "other errors now rise" if narrow else "an error of the database is now told in the log"
    if site.calls and draft.project.driver_call_kind(site.calls[0]) == "read" and draft.project.returns_in(site):
        draft.reason += "; callers still get what the clause returns, and may take it for missing data"
    _tell(clause, _what(clause))
    if copied:
        draft.insert(site.module, line_start(clause.tree.file_text, clause.start), copied)


def log_it(draft: Draft, site: ExceptSite, what: str) -> None:
    """See `Draft.log_it`."""
    _tell(_clause(draft, site), what)


def log_and_raise(draft: Draft, site: ExceptSite, what: str) -> None:
    """See `Draft.log_and_raise`."""
    clause = _clause(draft, site)
    if not site.logs:
        _tell(clause, what)
    _raise(clause)


def tell_more(draft: Draft, site: ExceptSite) -> None:
    """See `Draft.log_detail`."""
    facts = draft.project.modules[site.module]
    contexts = {call.row: call.context for call in facts.calls}
    # Of lines that follow one another, the first one tells
    first = {contexts[row]: row for row in reversed(site.vague)}
    for row in first.values():
        tree, call = draft.call(site.module, row)
        function = call.func
        assert isinstance(function, cst.Attribute)
        if function.attr.value == "error":
            # The same level, with the traceback, in logging, loguru and structlog alike
            draft.replace(site.module, tree.span(function.attr), "exception")
        elif any(name.partition(".")[0] == "loguru" for name, _, _ in facts.imports):
            raise NoFix("loguru takes no exc_info")
        else:
            draft.title = "log the traceback with it"
            add_keyword(draft, site.module, row, "exc_info", "True")


def _clause(draft: Draft, site: ExceptSite) -> _Clause:
    start = site.handler.span[0]
    tree = draft.file(site.module).tree(start)
    for node in descendants(tree.module):
        if isinstance(node, cst.ExceptStarHandler) and tree.span(node)[0] == start:
            raise NoFix("except* catches groups of errors")
        if isinstance(node, cst.ExceptHandler) and tree.span(node)[0] == start:
            attempt = tree.parent(node)
            assert isinstance(attempt, cst.Try)
            text = tree.file_text
            behind = node.name.name if node.name else node.type
            at = tree.span(behind)[1] if behind is not None else start + len("except")
            colon = _COLON.match(text, at)
            if colon is None or text[line_start(text, start) : start].strip():
                raise NoFix("its place in the code was not found again")
            return _Clause(draft, site, tree, node, attempt, colon.end())
    raise NoFix("its place in the code was not found again")


def _may_exit(clause: _Clause) -> bool:
    """Whether the ``try`` calls ``exit()``, itself or in a function of the project that it calls."""
    project, module = clause.draft.project, clause.site.module
    rows = {offsets: row for row, offsets in project.modules[module].spans.items()}
    for node in descendants(clause.attempt.body):
        row = rows.get(clause.tree.span(node)) if isinstance(node, cst.Call) else None
        if row is None:
            continue
        if project.callee_name(module, row) in _EXITS:
            return True
        for function in project.link.functions_called(module, row):
            calls = project.modules[function.module].calls
            inner = (call.row for call in calls if call.scope == function.scope)
            if any(project.callee_name(function.module, each) in _EXITS for each in inner):
                return True
    return False


_EXITS = frozenset(["exit", "_exit", "quit"])


def _names(handler: cst.ExceptHandler) -> set[str]:
    """The last names of the classes that a clause catches."""
    if handler.type is None:
        return {"BaseException"}
    return {each.value for each in descendants(handler.type) if isinstance(each, cst.Name)}


# The class


def _narrow(clause: _Clause, *, ids: bool) -> bool:
    """Name the errors of the driver where nothing else can fail, else Exception where nothing is named.

    ``ids``: values that are no ObjectId are answered here too.
    """
    site, draft = clause.site, clause.draft
    if site.catches not in ("bare", "broad"):
        return False
    names: list[str] = []
    if _only_driver_fails(clause):
        told = any(_names(handler) & _ID_ERRORS for handler in clause.earlier)
        if ids and not told and _makes_id(clause.attempt.body):
            names += [draft.need(site.module, "bson.errors", "InvalidId"), "TypeError"]
        if any(not call.chain for call in site.calls):
            names.append(draft.need(site.module, "pymongo.errors", "PyMongoError"))
    if not names and site.catches == "broad":
        return False
    names = names or ["Exception"]
    _set_class(clause, f"({', '.join(names)})" if len(names) > 1 else names[0])
    return True


def _set_class(clause: _Clause, name: str) -> None:
    node, tree = clause.node, clause.tree
    if node.type is None:
        end = clause.start + len("except")
        clause.draft.replace(clause.site.module, (end, clause.colon - 1), f" {name}")
        return
    start, end = tree.span(node.type)
    for _ in node.type.lpar:
        start = tree.file_text.rindex("(", 0, start)
        end = tree.file_text.index(")", end) + 1
    gap = "" if tree.file_text[start - 1].isspace() else " "
    clause.draft.replace(clause.site.module, (start, end), gap + name)


_STATEMENTS = (cst.SimpleStatementLine, cst.Expr, cst.Assign, cst.AnnAssign, cst.Return, cst.Pass)
_FLOW = (cst.If, cst.For, cst.While, cst.Break, cst.Continue)
_LITERALS = (cst.Dict, cst.List, cst.Tuple, cst.ListComp, cst.DictComp, cst.BaseNumber, cst.BaseString, cst.Ellipsis)
_SELECTED = (cst.Name, cst.Attribute, cst.Await, cst.Comparison, cst.BooleanOperation, cst.UnaryOperation, cst.IfExp)
# Functions that fail on nothing that they are given here, and methods of cursors that only build or fetch
_SURE_FUNCTIONS = frozenset(["ObjectId", "dict", "list", "str", "bool", "repr", "len", "print", "isinstance"])
_SURE_METHODS = frozenset(["find", "sort", "limit", "skip", "max_time_ms", "batch_size", "hint", "to_list", "utcnow"])
_LOG_METHODS = frozenset(["debug", "info", "warning", "error", "exception"])


def _only_driver_fails(clause: _Clause) -> bool:
    """Whether only driver calls, and the making of an ObjectId, can reasonably fail in the body."""
    site, tree = clause.site, clause.tree
    spans = clause.draft.project.modules[site.module].spans
    direct = {spans.get(call.row) for call in site.calls if not call.chain}
    return all(_is_sure(tree, node, direct) for node in descendants(clause.attempt.body))


def _is_sure(tree: Tree, node: cst.CSTNode, direct: set[Offsets | None]) -> bool:
    """Whether a node, what is below it left out, is a driver call or fails only by a mistake."""
    if isinstance(node, cst.Call):
        function = node.func
        if tree.span(node) in direct:
            return True
        if isinstance(function, cst.Name):
            return function.value in _SURE_FUNCTIONS or function.value.endswith("ObjectId")
        return isinstance(function, cst.Attribute) and (
            function.attr.value in _SURE_METHODS
            or (function.attr.value in _LOG_METHODS and isinstance(function.value, cst.Name))
        )
    if isinstance(node, cst.AssignTarget | cst.For | cst.CompFor):
        return isinstance(node.target, cst.Name | cst.Attribute)
    if isinstance(node, cst.Subscript):
        # The collection that a driver method is called on
        owner = tree.parent(node)
        return isinstance(owner, cst.Attribute) and isinstance(tree.parent(owner), cst.Call)
    if isinstance(node, cst.BaseExpression | cst.BaseSmallStatement | cst.BaseCompoundStatement):
        return isinstance(node, (*_STATEMENTS, *_FLOW, *_LITERALS, *_SELECTED))
    return True


# What the answer says

_DUPLICATE = re.compile(r"duplicate|already|exist", re.IGNORECASE)


def _says_duplicate(clause: _Clause) -> bool:
    """Whether the answer to any error is that the document exists already."""
    site, project = clause.site, clause.draft.project
    names = {project.callee_name(call.module, call.row) for call in site.calls if not call.chain}
    body = clause.tree.file_text[clause.colon : clause.tree.span(clause.node)[1]]
    literals = re.sub(r"#.*", "", body)
    return (
        names == {"insert_one"}
        and not any(call.chain for call in site.calls)
        and site.catches != "driver"
        and not site.prints
        and _DUPLICATE.search(literals) is not None
        and "not exist" not in literals
        and _only_driver_fails(clause)
    )


def _is_for_existing(clause: _Clause) -> bool:
    """Whether a clause passes over it that a collection exists already, as it does each time but the first."""
    site, project = clause.site, clause.draft.project
    names = {project.callee_name(call.module, call.row) for call in site.calls if not call.chain}
    return (
        names == {"create_collection"}
        and site.catches in ("bare", "broad")
        and not any(_names(handler) & {"CollectionInvalid"} for handler in clause.earlier)
        and _plain_answer(clause) is not None
        and clause.tree.file_text[clause.tree.line_end(clause.node) - 1] in "\r\n"
        and _only_driver_fails(clause)
    )


def _catch_existing(clause: _Clause) -> None:
    """The clause catches just that; one behind it logs what else may be, and does the same."""
    draft, site, tree = clause.draft, clause.site, clause.tree
    answer = _plain_answer(clause)
    assert answer is not None
    others = draft.need(site.module, "pymongo.errors", "PyMongoError")
    name, _ = logger_at(draft, site.module, site.scope, clause.start)
    line = f"{name}.exception({quoted(_what(clause), _quote(tree.file_text), frozenset(tree.file_text))})"
    body = [line] if isinstance(answer, cst.Pass) else [line, tree.text(answer)]
    lead = clause.indent + draft.file(site.module).step
    added = "".join(f"{lead}{each}\n" for each in body)
    _set_class(clause, draft.need(site.module, "pymongo.errors", "CollectionInvalid"))
    draft.insert(site.module, tree.line_end(clause.node), f"{clause.indent}except {others}:\n{added}")
    draft.title = "catch a collection that exists apart, and log other errors"
    draft.reason = "errors that are none of the database now rise"


def _plain_answer(clause: _Clause) -> cst.CSTNode | None:
    """The only statement of a clause, if it just leaves it and asks nothing."""
    statements = [small for line in clause.node.body.body for small in getattr(line, "body", [line])]
    if len(statements) != 1 or not isinstance(statements[0], cst.Return | cst.Pass | cst.Continue):
        return None
    name = clause.site.handler.name
    if name and re.search(rf"\b{name}\b", clause.tree.text(statements[0])):
        return None
    return None if any(isinstance(each, cst.Call | cst.Await) for each in descendants(statements[0])) else statements[0]


def _expects_none(clause: _Clause) -> bool:
    """Whether a clause answers for a result without documents, too: ``list(cursor)[0]`` finds none each day."""
    site, tree, body = clause.site, clause.tree, clause.node.body
    spans = clause.draft.project.modules[site.module].spans
    direct = {spans.get(call.row) for call in site.calls if not call.chain}
    calls = [each for each in descendants(clause.attempt.body) if isinstance(each, cst.Call)]
    return (
        site.catches in ("bare", "broad")
        and any(tree.span(each) in direct for each in calls)
        and any(_is_by_number(each) for each in descendants(clause.attempt.body))
        and not any(_names(handler) & {"PyMongoError"} for handler in clause.earlier)
        and isinstance(body, cst.IndentedBlock)
        and all(isinstance(line, cst.SimpleStatementLine) for line in body.body)
        and not (site.handler.name and re.search(rf"\b{site.handler.name}\b", tree.text(body)))
        and _print(clause) is None
    )


def _is_by_number(node: cst.CSTNode) -> bool:
    """``found[0]``."""
    index = node.slice[0].slice if isinstance(node, cst.Subscript) and len(node.slice) == 1 else None
    number = index.value if isinstance(index, cst.Index) else None
    return isinstance(number.expression if isinstance(number, cst.UnaryOperation) else number, cst.Integer)


def _catch_database_first(clause: _Clause) -> None:
    """A clause before it logs the errors of the database, and does the same."""
    draft, site, tree = clause.draft, clause.site, clause.tree
    text, first = tree.file_text, clause.node.body.body[0]
    error = draft.need(site.module, "pymongo.errors", "PyMongoError")
    name, _ = logger_at(draft, site.module, site.scope, clause.start)
    line = f"{name}.exception({quoted(_what(clause, of_driver=True), _quote(text), frozenset(text))})"
    body = text[line_start(text, tree.span(first)[0]) : line_end(text, tree.span(clause.node)[1])].rstrip()
    small = first.body[0] if isinstance(first, cst.SimpleStatementLine) else first
    kept = "" if len(clause.node.body.body) == 1 and _is_empty(small) else f"{body}\n".replace("\r\n", "\n")
    added = f"{clause.indent}except {error}:\n{tree.indent(first)}{line}\n{kept}"
    draft.insert(site.module, line_start(text, clause.start), added)
    draft.title = "catch errors of the database apart, and log them"
    draft.reason = "an error of the database is now told in the log"


def _invalid_id(clause: _Clause) -> str:
    """A clause of its own for ids that are none, with the answer that they had; "" where there is no need."""
    node, site, tree = clause.node, clause.site, clause.tree
    if site.catches == "driver" or not _makes_id(clause.attempt.body):
        return ""
    if any(_names(handler) & _ID_ERRORS for handler in clause.earlier):
        return ""
    if _plain_answer(clause) is None:
        return ""
    name = clause.draft.need(site.module, "bson.errors", "InvalidId")
    body = tree.file_text[clause.colon : line_end(tree.file_text, tree.span(node)[1])]
    clause.draft.title = "catch ids that are none apart, and log the error"
    return f"{clause.indent}except ({name}, TypeError):{body.rstrip()}\n".replace("\r\n", "\n")


def _makes_id(body: cst.CSTNode) -> bool:
    """Whether an ObjectId is made of something that may be none."""
    for node in descendants(body):
        if isinstance(node, cst.Call) and len(node.args) == 1:
            function = node.func
            name = function.attr if isinstance(function, cst.Attribute) else function
            if isinstance(name, cst.Name) and name.value.endswith("ObjectId"):
                return isinstance(node.args[0].value, cst.Name | cst.Attribute | cst.Subscript)
    return False


# The log line


def _tell(clause: _Clause, what: str) -> None:
    """Log the error first thing in the body, or in the place of what prints it. ``what``: the text of the line."""
    draft, site, tree = clause.draft, clause.site, clause.tree
    printed = _print(clause)
    if printed is not None:
        told = any(prints.is_print_exc(line) for line in clause.node.body.body)
        prints.write(draft, site.module, site.scope, printed, "error" if told else "exception")
        return
    name, _ = logger_at(draft, site.module, site.scope, clause.start)
    line = f"{name}.exception({quoted(what, _quote(tree.file_text), frozenset(tree.file_text))})"
    body = clause.node.body
    if isinstance(body, cst.SimpleStatementSuite):
        _unfold(clause, body, line)
        return
    first = body.body[0]
    if isinstance(first, cst.SimpleStatementLine) and len(first.body) == 1:
        small = first.body[0]
        if _is_empty(small) or prints.is_print_exc(small):
            draft.replace(site.module, tree.span(small), line)
            return
    draft.insert(site.module, line_end(tree.file_text, clause.colon), f"{tree.indent(first)}{line}\n")


def _raise(clause: _Clause) -> None:
    """``raise`` at the end of the body, in the place of a statement that leaves it otherwise."""
    draft, site, tree, body = clause.draft, clause.site, clause.tree, clause.node.body
    if isinstance(body, cst.SimpleStatementSuite):
        last: cst.CSTNode = body.body[-1]
        if site.logs or not _is_empty(last):
            raise NoFix("its body shares the line")
        # What was there is the log line now, on a line of its own
        draft.insert(site.module, tree.line_end(last), f"{clause.indent}{draft.file(site.module).step}raise\n")
        return
    line = body.body[-1]
    last = line.body[-1] if isinstance(line, cst.SimpleStatementLine) else line
    if isinstance(last, cst.Return | cst.Continue | cst.Break):
        draft.replace(site.module, tree.span(last), "raise")
        return
    end = tree.line_end(line)
    if tree.file_text[end - 1] not in "\r\n":
        raise NoFix("the file does not end with a line break")
    indent = tree.indent(tree.statement(body.body[0]))
    if _is_empty(last) and len(body.body) > 1:
        draft.replace(site.module, tree.span(last), "raise")
    else:
        draft.insert(site.module, end, f"{indent}raise\n")


def _unfold(clause: _Clause, body: cst.SimpleStatementSuite, line: str) -> None:
    """``except X: return None`` gets a body of its own."""
    draft, site, tree = clause.draft, clause.site, clause.tree
    indent = clause.indent + draft.file(site.module).step
    if len(body.body) == 1 and _is_empty(body.body[0]):
        start, end = clause.colon, tree.span(body.body[0])[1]
        draft.replace(site.module, (start, end), f"\n{indent}{line}")
        return
    draft.replace(site.module, (clause.colon, tree.span(body.body[0])[0]), f"\n{indent}{line}\n{indent}")


def _is_empty(small: cst.CSTNode) -> bool:
    """``pass`` or ``...``."""
    return isinstance(small, cst.Pass) or (isinstance(small, cst.Expr) and isinstance(small.value, cst.Ellipsis))


def _print(clause: _Clause) -> prints.Printed | None:
    """The first print that always runs in the body, if it is one that can be logged."""
    tree, module = clause.tree, clause.site.module
    spans = clause.draft.project.modules[module].spans
    builtin = {spans.get(call.row) for where, call in clause.draft.project.builtin_calls("print") if where == module}
    for line in clause.node.body.body:
        for small in getattr(line, "body", ()) if isinstance(line, cst.SimpleStatementLine) else [line]:
            if isinstance(small, cst.Expr) and isinstance(small.value, cst.Call) and tree.span(small.value) in builtin:
                printed = prints.Printed(tree, small.value)
                try:
                    printed.check()
                except NoFix:
                    return None
                return printed
    return None


def _what(clause: _Clause, *, of_driver: bool = False) -> str:
    """What failed, in words: the driver calls if nothing else can (``of_driver``: be caught), else where it was."""
    site, project = clause.site, clause.draft.project
    found = dict.fromkeys(project.driver_call_name(call) for call in site.calls)
    # Methods of cursors go without saying
    names = [name for name in found if " on " in name] or list(found)
    if len(names) <= 2 and (of_driver or _only_driver_fails(clause)):
        return f"{' or '.join(names)} failed"
    function = project.modules[site.module].scopes[site.scope]
    named = function.kind == "function" and function.name != "<lambda>"
    return f"error in {function.name}" if named else f"{names[0]} failed"


def _quote(text: str) -> str:
    return "'" if text.count("'") > 2 * text.count('"') else '"'
