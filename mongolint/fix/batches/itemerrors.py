"""The error handling of each write in a loop, mapped to the errors of one unordered ``bulk_write``.

``writeErrors`` says by number which operations failed, all others were done: the same as a loop with a ``try`` around
each write. What the handler says about an item is kept with its operation until then.
"""

from __future__ import annotations

import re

import libcst as cst

from mongolint.fix.batches.expressions import may_raise, names_bound, names_read, own_nodes, spans_lines
from mongolint.fix.batches.loopsite import LoopSite, Patch
from mongolint.fix.batches.writing import collection_word
from mongolint.fix.nofix import NoFix
from mongolint.fix.trees import line_start

# What the handler may catch; a narrower class is an answer to one write, and a bulk error is none of it
_BROAD = frozenset(["Exception", "PyMongoError", "OperationFailure", "BaseException"])


class ItemErrors:
    """The ``try`` around one write in a loop.

    Raises:
        NoFix: its handler does more than to tell of the error.
    """

    def __init__(self, site: LoopSite, node: cst.Try, call: cst.Call) -> None:
        self.site = site
        self.tree = site.tree
        self.node = node
        self.call = call
        self._check()
        self.handler = node.handlers[0]
        self.name = self._error_name()
        self.items = site.names.new(f"{collection_word(site.operation)}_items")
        self.sender = site.names.new(f"write_{collection_word(site.operation)}")
        self.pending, self.kept = site.names.new("pending"), site.names.new("kept")
        bound = site.bound | names_bound([node])
        read = set().union(*(names_read(each) for each in self.handler.body.body)) if self.handler.body.body else set()
        self.needed = sorted((read & bound) - {self.name})

    def _check(self) -> None:
        node = self.node
        if len(node.handlers) != 1 or node.orelse is not None or node.finalbody is not None:
            raise NoFix("each write has its own error handling, with more than one except")
        handler = node.handlers[0]
        types = {n.value for n in own_nodes(handler.type) if isinstance(n, cst.Name)} if handler.type else set()
        if types and not types & _BROAD:
            raise NoFix(f"each write has its own except {min(types)}")
        last = node.body.body[-1]
        if self.tree.statement(self.call) is not last:
            raise NoFix("what follows a write depends on whether it succeeded")
        for each in handler.body.body:
            if any(isinstance(n, cst.Raise | cst.Return | cst.Break | cst.Yield) for n in own_nodes(each)):
                raise NoFix("an error of one write ends the loop")
            if any(isinstance(n, cst.Continue) for n in own_nodes(each)) and self._goes_on():
                raise NoFix("what follows a write depends on whether it succeeded")
        if names_bound(handler.body.body):
            raise NoFix("the error handling of each write counts or keeps something")
        if not isinstance(handler.body, cst.IndentedBlock) or spans_lines(handler, self.tree):
            raise NoFix("the error handling of each write cannot be moved as it stands")

    def _goes_on(self) -> bool:
        """Whether the loop's body has statements behind the ``try``."""
        return self.site.body[-1] is not self.node

    def _error_name(self) -> str:
        """The name of the caught error, of which a text will be left."""
        if self.handler.name is None:
            return ""
        target = self.handler.name.name
        name = target.value if isinstance(target, cst.Name) else ""
        for each in self.handler.body.body:
            for node in own_nodes(each):
                if isinstance(node, cst.Attribute) and isinstance(node.value, cst.Name) and node.value.value == name:
                    raise NoFix("the error handling of each write looks into the error")
        return name

    @property
    def keep(self) -> str:
        """What is kept of an item for its handler, as an expression; empty for nothing."""
        if len(self.needed) < 2:
            return "".join(self.needed)
        return f"({', '.join(self.needed)})"

    def rewrite(self, patch: Patch, append: str) -> None:
        """Put the new statements, ``append`` among them, in the place of the write, and drop a ``try`` left idle."""
        tree = self.tree
        statement = tree.statement(self.call)
        kept = [f"{self.items}.append({self.keep})"] if self.keep else []
        line_break = self.site.file.newline
        if (
            len(self.node.body.body) > 1
            or any(may_raise(arg.value) for arg in self.call.args)
            or self._may_be_unbound()
        ):
            indent = tree.indent(statement)
            patch.replace(*tree.span(statement), (line_break + indent).join([append, *kept]))
            return
        indent = tree.indent(self.node)
        start = tree.span(self.node)[0]
        first_line = tree.line_start(statement)
        comment = "".join(
            re.sub(r"^[ \t]*", indent, line)
            for line in re.findall(r"[^\r\n]*(?:\r\n|\r|\n)", tree.file_text[start:first_line])
            if line.strip().startswith("#")
        )
        moved = append.replace("\n" + self.site.file.step, "\n")
        text = comment.lstrip() + (indent if comment else "") + (line_break + indent).join([moved, *kept])
        patch.replace(start, tree.span(self.node)[1], text + self._tail())

    def _may_be_unbound(self) -> bool:
        """Whether an argument uses a name that some path through the body does not set."""
        used = {name for arg in self.call.args for name in names_read(arg.value)}
        plain = [node for node in self.site.body if isinstance(node, cst.SimpleStatementLine)]
        return bool(used & names_bound(self.site.body) - names_bound(plain))

    def _tail(self) -> str:
        """The line break that the span of a block may take in."""
        end = self.tree.span(self.node)[1]
        return self.site.file.newline if self.tree.file_text[end - 1 : end] in ("\n", "\r") else ""

    def definition(self, held: str, send: str) -> str:
        """The function that sends what has been collected, and tells of what failed."""
        site, step = self.site, self.site.file.step
        bulk_error = site.draft.need(site.module, "pymongo.errors", "BulkWriteError")
        failure, failed, index = site.names.new("failure"), site.names.new("failed"), site.names.new("index")
        caught = self.tree.text(self.handler.type) if self.handler.type else "Exception"
        each = f"for {index}, {self.name} in {failed}.items():" if self.name else f"for {index} in {failed}:"
        errors = f'{{error["index"]: error["errmsg"] for error in {failure}.details["writeErrors"]}}'
        kept = self.kept if self.keep else ""
        lines = [
            f"{held} = []",
            *([f"{self.items} = []"] if kept else []),
            "",
            f"{'async ' if site.awaited else ''}def {self.sender}():",
            f"{step}{self.pending} = {held}[:]",
            f"{step}{held}.clear()",
            *([f"{step}{kept} = {self.items}[:]", f"{step}{self.items}.clear()"] if kept else []),
            f"{step}try:",
            f"{step}{step}{send}",
            *(step + comment for comment in self._comments()),
            f"{step}except {caught} as {failure}:",
            f"{step}{step}{failed} = {{}}",
            f"{step}{step}if isinstance({failure}, {bulk_error}):",
            f"{step}{step}{step}{failed} = {errors}",
            f"{step}{step}if not {failed}:",
            f"{step}{step}{step}{failed} = dict.fromkeys(range(len({self.pending})), {failure})",
            f"{step}{step}{each}",
            *([f"{step}{step}{step}{self.keep} = {kept}[{index}]"] if kept else []),
            *(step * 3 + line if line else "" for line in self._body()),
            "",
        ]
        return "\n".join(lines) + "\n"

    def _comments(self) -> list[str]:
        """The comments above the ``except``."""
        return [line.comment.value for line in self.handler.leading_lines if line.comment]

    def _body(self) -> list[str]:
        """The lines of the handler's body, without their indentation."""
        tree = self.tree
        first, last = self.handler.body.body[0], self.handler.body.body[-1]
        colon = tree.span(self.handler)[0]
        begin = line_start(tree.file_text, tree.span(first)[0])
        header_end = tree.file_text.index("\n", colon) + 1
        begin = min(begin, header_end) if "#" in tree.file_text[header_end:begin] else begin
        text = tree.file_text[begin : tree.line_end(last)]
        indent = tree.indent(first)
        return [line.removeprefix(indent).rstrip() for line in text.splitlines()]
