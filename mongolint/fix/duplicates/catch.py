"""Catches the error of a unique index around an insert, and does what the check before it does."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import libcst as cst

from mongolint.fastclasses import dataclass
from mongolint.fix.nofix import NoFix
from mongolint.fix.trees import Tree, descendants
from mongolint.project.writes import keys
from mongolint.project.writes.lookups import LookThenInsert

if TYPE_CHECKING:
    from mongolint.fix.draft import Draft

_ERROR = "DuplicateKeyError"
# Clauses that would catch it, too
_CATCHING = frozenset(
    ["BaseException", "Exception", "PyMongoError", "OperationFailure", "WriteError", "DuplicateKeyError"]
)


def catch(draft: Draft, race: LookThenInsert) -> bool:
    """Put the clause there, where what it has to do is plain; whether it did."""
    before = len(draft.edits)
    try:
        _check(draft, race)
        _Raced(draft, race).write()
    except NoFix:
        del draft.edits[before:]
        return False
    return True


def _check(draft: Draft, race: LookThenInsert) -> None:
    """Raises: NoFix: the error would not come to the insert, or it would not be clear what it says."""
    project = draft.project
    beside = [need.evidence for need in project.writes.look_then_inserts]
    if sum((each.module, each.put) == (race.module, race.put) for each in beside) > 1:
        raise NoFix("several look-ups decide about the insert")
    if project.writes.may_break_another_key(race):
        raise NoFix("another unique key may be what is refused")
    if race.insert.session:
        raise NoFix("the error ends a transaction")
    frame = race.way.frame
    module, row = race.insert.module, race.insert.row
    tracer = project.writes.tracer
    while frame is not None:
        facts = project.modules[module]
        call = tracer.call(module, row)
        for handler in keys.handlers_around(tracer, module, call.context) if call else ():
            names = {name.rpartition(".")[2] for name in keys.caught(tracer, module, handler)}
            passes = any(each.value is None and each.context == handler.context for each in facts.raises)
            if names & _CATCHING and not passes:
                raise NoFix("a helper catches the error")
        module, row, frame = frame.site_module, frame.site, frame.outer


@dataclass(frozen=True, slots=True)
class _Check:
    """The ``if`` that decides. ``look``: the statement that looks, if it is one of its own."""

    branch: cst.If
    look: cst.SimpleStatementLine | None


class Insert:
    """An insert in its tree, which gets a clause for the error; what that does, its kinds say."""

    def __init__(self, draft: Draft, module: int, put: int) -> None:
        self.draft = draft
        self.module = module
        self.put = put
        self.tree, self.call = draft.call(module, put)
        found = self.tree.statement(self.call)
        if not isinstance(found, cst.SimpleStatementLine) or len(found.body) != 1:
            raise NoFix("the insert is part of another statement")
        self.statement = found
        if _has_long_string(self.tree, found):
            raise NoFix("a text of several lines would move")

    def write(self) -> None:
        check = self._check()
        step = self.draft.file(self.module).step
        attempts = [node for node in self._around() if isinstance(node, cst.Try | cst.TryStar)]
        if len(attempts) > 1 or any(isinstance(node, cst.TryStar) for node in attempts):
            raise NoFix("the insert is tried several times over")
        if attempts:
            self._add_clause(attempts[0], check, step)
        else:
            self._wrap(check, step)

    def _around(self) -> Iterator[cst.CSTNode]:
        """What is around the insert in its function; of a ``try`` only where its body is."""
        inner: cst.CSTNode = self.statement
        for node in self.tree.ancestors(self.statement):
            if isinstance(node, cst.FunctionDef):
                return
            if not isinstance(node, cst.Try | cst.TryStar) or inner is node.body:
                yield node
            inner = node

    def _wrap(self, check: Any, step: str) -> None:
        tree, module = self.tree, self.module
        indent = tree.indent(self.statement)
        name = self.draft.need(module, "pymongo.errors", _ERROR)
        start, end = tree.line_start(self.statement), tree.line_end(self.statement)
        text = tree.file_text[start:end].replace("\r\n", "\n")
        if not text.endswith("\n"):
            raise NoFix("the file does not end with a line break")
        body = self._answer(check, indent + step)
        moved = "".join(step + line if line.strip() else line for line in text.splitlines(keepends=True))
        self.draft.replace(module, (start, end), f"{indent}try:\n{moved}{indent}except {name}:\n{body}")

    def _add_clause(self, attempt: cst.Try | cst.TryStar, check: Any, step: str) -> None:
        """Before the other clauses of the ``try`` whose body the insert is in."""
        tree, module = self.tree, self.module
        if not attempt.handlers or self._writes_more(attempt):
            raise NoFix("what else the error may come from is not clear")
        for handler in attempt.handlers:
            caught = (
                {node.value for node in descendants(handler.type) if isinstance(node, cst.Name)}
                if handler.type
                else set()
            )
            if _ERROR in caught:
                raise NoFix("the error is caught already")
        name = self.draft.need(module, "pymongo.errors", _ERROR)
        start = tree.line_start(attempt.handlers[0])
        indent = tree.indent(attempt.handlers[0])
        self.draft.insert(module, start, f"{indent}except {name}:\n{self._answer(check, indent + step)}")

    def _writes_more(self, attempt: cst.Try | cst.TryStar) -> bool:
        """Whether the body of a ``try`` writes to a database elsewhere, too."""
        project, module = self.draft.project, self.module
        rows = {span: row for row, span in project.modules[module].spans.items()}
        for node in descendants(attempt.body):
            row = rows.get(self.tree.span(node)) if isinstance(node, cst.Call) else None
            if row is None or row == self.put:
                continue
            direct = project.operation_at(module, row)
            reached = [direct] if direct else [reach.operation for reach in project.reach(module, row)]
            if any(operation.method.kind == "write" for operation in reached):
                return True
        return False

    def _check(self) -> Any:
        """What the insert depends on."""
        raise NotImplementedError

    def _answer(self, check: Any, indent: str) -> str:
        """The lines that the clause holds."""
        raise NotImplementedError


class _Raced(Insert):
    """The insert of a race: the clause does what the check does."""

    def __init__(self, draft: Draft, race: LookThenInsert) -> None:
        super().__init__(draft, race.module, race.put)
        self.race = race

    def _check(self) -> _Check:
        tree = self.tree
        look_tree, look = self.draft.call(self.race.module, self.race.look)
        if look_tree is not tree:
            raise NoFix("the look-up is elsewhere")
        holder = tree.nearest(look, cst.If, cst.SimpleStatementLine, cst.BaseCompoundStatement)
        if isinstance(holder, cst.If):
            return _Check(holder, None)
        if not isinstance(holder, cst.SimpleStatementLine) or len(holder.body) != 1:
            raise NoFix("the look-up is part of another statement")
        name = _assigned(holder)
        block = tree.parent(holder)
        statements = list(getattr(block, "body", ()))
        for each in statements[statements.index(holder) + 1 :]:
            if isinstance(each, cst.If) and name in _names(each.test):
                return _Check(each, holder)
        raise NoFix("what the look-up decides is not clear")

    def _answer(self, check: _Check, indent: str) -> str:
        if any(node is check.branch for node in self._around()):
            return self._nothing(check, indent)
        branch = check.branch.body
        if check.branch.orelse is not None or not isinstance(branch, cst.IndentedBlock):
            raise NoFix("what the check does is not clear")
        last = branch.body[-1]
        leaving = last.body[-1] if isinstance(last, cst.SimpleStatementLine) else None
        if not isinstance(leaving, cst.Raise | cst.Return | cst.Continue) or not all(map(_is_plain, branch.body)):
            raise NoFix("what the check does is not plain")
        lines = [self._moved(each, indent) for each in branch.body]
        if isinstance(leaving, cst.Raise) and leaving.exc is not None and leaving.cause is None:
            lines[-1] = self._from_none(last, leaving, indent)
        name = _assigned(check.look) if check.look is not None else None
        if name is not None and name in _names(branch):
            assert check.look is not None
            lines.insert(0, self._moved(check.look, indent))
        elif any(isinstance(node, cst.NamedExpr) for node in descendants(check.branch.test)):
            raise NoFix("what the check does depends on what it found")
        return "".join(lines)

    def _nothing(self, check: _Check, indent: str) -> str:
        """What the other way does, around which the insert is: nothing."""
        block = self.tree.parent(self.statement)
        is_last = block is check.branch.body and check.branch.body.body[-1] is self.statement
        if check.branch.orelse is not None or not is_last or not isinstance(self.statement.body[0], cst.Expr):
            raise NoFix("what follows the insert needs it")
        return f"{indent}pass  # another request inserted it first\n"

    def _from_none(self, line: cst.BaseStatement, leaving: cst.Raise, indent: str) -> str:
        tree = self.tree
        start, end = tree.span(line)[0], tree.span(leaving)[1]
        head = self._shifted(tree.file_text[start:end], tree.indent(line), indent)
        return f"{indent}{head} from None\n"

    def _moved(self, statement: cst.CSTNode, indent: str) -> str:
        """A statement with its comments at the end of the line left out."""
        tree = self.tree
        if _has_long_string(tree, statement):
            raise NoFix("a text of several lines would move")
        start, end = tree.span(statement)
        return indent + self._shifted(tree.file_text[start:end], tree.indent(statement), indent) + "\n"

    def _shifted(self, text: str, old: str, new: str) -> str:
        """The lines of a statement at another level."""
        lines = text.replace("\r\n", "\n").split("\n")
        return "\n".join([lines[0], *(new + line.removeprefix(old) for line in lines[1:])])


def _assigned(line: cst.SimpleStatementLine) -> str | None:
    """The variable that a statement assigns to, if it does nothing else."""
    small = line.body[0]
    if isinstance(small, cst.Assign) and len(small.targets) == 1:
        target = small.targets[0].target
    elif isinstance(small, cst.AnnAssign) and small.value is not None:
        target = small.target
    else:
        return None
    return target.value if isinstance(target, cst.Name) else None


def _names(node: cst.CSTNode) -> set[str]:
    return {each.value for each in descendants(node) if isinstance(each, cst.Name)}


def _is_plain(statement: cst.CSTNode) -> bool:
    """Whether a statement calls, raises or returns, and changes no variable."""
    return (
        isinstance(statement, cst.SimpleStatementLine)
        and len(statement.body) == 1
        and isinstance(statement.body[0], cst.Expr | cst.Raise | cst.Return | cst.Continue)
    )


def _has_long_string(tree: Tree, node: cst.CSTNode) -> bool:
    return any(
        "\n" in tree.text(each) or "\r" in tree.text(each)
        for each in descendants(node)
        if isinstance(each, cst.SimpleString | cst.FormattedString)
    )
