"""A function or method that others call, and the head of its twin that takes many keys."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import libcst as cst

from mongolint.fix.nofix import NoFix
from mongolint.fix.trees import Tree

if TYPE_CHECKING:
    from mongolint.fix.draft import Draft

_KNOWN_DECORATORS = frozenset(["staticmethod", "override", "abstractmethod"])


class Helper:
    """One function or method of the project, by its module and scope.

    Raises:
        NoFix: it is decorated, or written in a way that a twin cannot follow.
    """

    def __init__(self, draft: Draft, module: int, scope: int) -> None:
        self.draft = draft
        self.project = draft.project
        self.module = module
        self.facts = draft.project.modules[module]
        self.scope = self.facts.scopes[scope]
        self.file = draft.file(module)
        self.tree: Tree = self.file.tree(self.scope.name_span[0])
        node = self.tree.parent(self.tree.at(self.scope.name_span, cst.Name))
        if not isinstance(node, cst.FunctionDef):
            raise NoFix("the helper is written in an unusual way")
        if any(isinstance(above, cst.FunctionDef) for above in self.tree.ancestors(node)):
            raise NoFix("the helper is defined within another function")
        self.node = node
        self.name = self.scope.name
        self.twin_name = f"{self.name}_many"
        self.is_async = node.asynchronous is not None
        self.cls = self.project.link.method_class(module, scope)
        odd = [name for name in self.decorators() if name not in _KNOWN_DECORATORS]
        if odd:
            raise NoFix(f"the helper is decorated with {odd[0]}")

    def decorators(self) -> list[str]:
        """The last names of the decorators."""
        nodes = [self.facts.nodes[row] for row in self.scope.decorators]
        return [str(node[2]) if node[0] in ("free", "from", "attr") else "a call" for node in nodes]

    @property
    def is_static(self) -> bool:
        return "staticmethod" in self.decorators()

    @property
    def parameters(self) -> list[str]:
        """The names of the parameters that a call fills by position."""
        names = [param.name for param in self.scope.params if param.kind == "positional"]
        return names[1:] if self.cls is not None and not self.is_static else names

    def plural(self, param: str) -> str:
        """The name of the twin's parameter for many keys."""
        name = f"{param}s"
        return name if name not in {p.name for p in self.scope.params} else f"{param}_list"

    @property
    def end(self) -> int:
        """Where the twin begins: behind the helper."""
        return self.tree.line_end(self.node)

    def has_twin(self, code: str) -> bool:
        """Whether the twin is there already.

        Raises:
            NoFix: something else has its name.
        """
        if self.twin_name not in self.facts.scopes[self.scope.parent].defs:
            return False
        if code.replace("\n", self.file.newline).strip() in self.file.text:
            return True
        raise NoFix(f"there is a {self.twin_name} already")

    def twin(self, param: str, body: list[str]) -> str:
        """The code of the twin with this body, blank lines before it included."""
        indent, step = self.tree.indent(self.node), self.file.step
        define = "async def" if self.is_async else "def"
        lines = [
            *(["@staticmethod"] if self.is_static else []),
            f"{define} {self.twin_name}({self._parameters(param)}){self._returns(param)}:",
            f'{step}"""What {self.name} gives for each key, by key; what it does not find is left out."""',
            *(step + line for line in body),
        ]
        return ("\n" if indent else "\n\n") + "".join(f"{indent}{line}\n" for line in lines)

    def write(self, code: str) -> None:
        """Put the twin behind the helper, unless it is there."""
        if not self.has_twin(code):
            text = self.file.text
            lead = "" if text[self.end - 1 : self.end] in ("\n", "\r") else "\n"
            self.draft.insert(self.module, self.end, lead + code, shared=True)

    def _node_of(self, param: str) -> cst.Param:
        params = self.node.params
        found = next((p for p in (*params.params, *params.kwonly_params) if p.name.value == param), None)
        if found is None:
            raise NoFix(f"the interface has no parameter {param}")
        return found

    def _parameters(self, param: str) -> str:
        """The parameters of the helper, the key's made plural."""
        params = self.node.params
        if params.star_kwarg is not None or not isinstance(params.star_arg, cst.MaybeSentinel | cst.ParamStar):
            raise NoFix("the helper takes any arguments")
        start, end = self._signature()
        text = self.tree.file_text[start:end]
        if "#" in text:
            raise NoFix("there are comments among the parameters of the helper")
        text = re.sub(r",? *$", "", re.sub(r"\s*[\r\n]\s*", " ", text).strip())
        node = self._node_of(param)
        if node.default is not None:
            raise NoFix("the helper's key may be left out")
        if node.annotation is not None:
            kind = self.tree.text(node.annotation.annotation)
            new = f"{self.plural(param)}: list[{kind}]"
            return re.sub(rf"\b{param}\s*:\s*{re.escape(kind)}", lambda _: new, text, count=1)
        return re.sub(rf"\b{param}\b", self.plural(param), text, count=1)

    def _signature(self) -> tuple[int, int]:
        text = self.tree.file_text
        start = text.index("(", self.tree.span(self.node.name)[1]) + 1
        depth, end = 1, start
        while depth:
            depth += {"(": 1, "[": 1, "{": 1, ")": -1, "]": -1, "}": -1}.get(text[end], 0)
            end += 1
        return start, end - 1

    def _returns(self, param: str) -> str:
        """The return annotation, if the helper has one."""
        if self.node.returns is None:
            return ""
        kind = re.sub(r"\s*[\r\n]\s*", " ", self.tree.text(self.node.returns.annotation))
        kind = re.sub(r"^(?:typing\.)?Optional\[(.*)\]$", r"\1", kind)
        kind = re.sub(r"\s*\|\s*None$", "", kind)
        node = self._node_of(param)
        key = self.tree.text(node.annotation.annotation) if node.annotation else "object"
        return f" -> dict[{key}, {kind}]"
