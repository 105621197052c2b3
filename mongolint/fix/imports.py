"""Imports that a fix needs: found if they are there, else added where isort would put them."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import libcst as cst
from libcst.helpers import get_full_name_for_node

from mongolint.facts.shapes import Row
from mongolint.fastclasses import dataclass
from mongolint.fix.nofix import NoFix
from mongolint.fix.trees import SourceFile, Tree, line_end, line_start

if TYPE_CHECKING:
    from mongolint.fix.draft import Draft

_OF_DRIVER = re.compile(r"^(?:from|import)[ \t]+(?:pymongo|motor|bson|gridfs)\b", re.MULTILINE)
# Whether a top-level package is the project's own
Own = Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class HeadImport:
    """An import statement at a module's head; ``start`` and ``end`` are those of its lines."""

    tree: Tree
    node: cst.Import | cst.ImportFrom
    package: str
    start: int
    end: int

    def key(self, own: Own) -> tuple[int, bool, str]:
        return sort_key(self.package, isinstance(self.node, cst.ImportFrom), own)


def sort_key(package: str, is_from: bool, own: Own) -> tuple[int, bool, str]:
    """isort's default order: sections, in them ``import`` before ``from``, then by name.

    ``own``: whether a package is the project's.
    """
    root = package.partition(".")[0]
    if not root:
        section = 4
    elif package == "__future__":
        section = 0
    else:
        section = 1 if root in sys.stdlib_module_names else 3 if own(root) else 2
    return section, is_from, package.lower()


def need(draft: Draft, module: int, package: str, name: str) -> str:
    """See `Draft.need`."""
    file = draft.file(module)
    imports, behind = head(file)
    below = _driver_below(draft, module, file, package, behind)
    held = _held([*imports, *below], package, name)
    if held is not None:
        return held
    wanted = name or package
    if "." in wanted:
        raise NoFix(f"{wanted} is not imported here")
    row: Row = ("from", package, name, 0) if name else ("module", package)
    if is_taken(file, wanted, row):
        raise NoFix(f"the name {wanted} means something else in this module")
    if name and _extend(draft, module, [*imports, *below], package, name):
        return name
    if below:
        line = f"from {package} import {name}\n" if name else f"import {package}\n"
        draft.insert(module, below[0].end, line, shared=True)
    else:
        _add(draft, module, file, imports, package, name)
    return wanted


def head(file: SourceFile) -> tuple[list[HeadImport], int]:
    """The imports at a module's head, and where the head ends: behind the last of them, or the docstring."""
    found: list[HeadImport] = []
    end = _behind_comments(file.text)
    for number, (start, stop) in enumerate(file.facts.parts):
        if line_start(file.text, start) != start or not _may_be_head(file.text, start):
            break
        tree = file.part(number)
        statement = tree.module.body[0]
        imports = list(_imports(tree, statement, start, line_end(file.text, stop)))
        if not imports and not _belongs_to_head(statement, first=number == 0):
            break
        found += imports
        end = line_end(file.text, stop)
    return found, end


def _behind_comments(text: str) -> int:
    """Behind a shebang and an encoding cookie."""
    end = 0
    while text.startswith("#", end):
        end = line_end(text, end + 1)
    return end


def _may_be_head(text: str, start: int) -> bool:
    return text.startswith(("import ", "from ", '"', "'", "r'", 'r"', "if ", "try:", "import\t", "from\t"), start)


def _imports(tree: Tree, statement: cst.CSTNode, start: int, end: int) -> Iterator[HeadImport]:
    if not isinstance(statement, cst.SimpleStatementLine) or len(statement.body) != 1:
        return
    node = statement.body[0]
    if isinstance(node, cst.Import):
        yield HeadImport(tree, node, get_full_name_for_node(node.names[0].name) or "", start, end)
    elif isinstance(node, cst.ImportFrom):
        package = (get_full_name_for_node(node.module) or "") if node.module else ""
        yield HeadImport(tree, node, "" if node.relative else package, start, end)


def _belongs_to_head(statement: cst.CSTNode, first: bool) -> bool:
    """A docstring, several imports on a line, or a condition or ``try`` around imports only."""
    if isinstance(statement, cst.SimpleStatementLine):
        if first and isinstance(statement.body[0], cst.Expr) and len(statement.body) == 1:
            return isinstance(statement.body[0].value, cst.SimpleString | cst.ConcatenatedString)
        return all(isinstance(small, cst.Import | cst.ImportFrom) for small in statement.body)
    if isinstance(statement, cst.If | cst.Try | cst.Else | cst.ExceptHandler):
        inner = list(statement.body.body)
        if isinstance(statement, cst.If) and statement.orelse:
            inner.append(statement.orelse)
        if isinstance(statement, cst.Try):
            inner += statement.handlers
        return all(_is_quiet(each) or _belongs_to_head(each, first=False) for each in inner)
    return False


def _is_quiet(statement: cst.CSTNode) -> bool:
    """``pass`` or ``X = None``, as they stand in for a failed import."""
    return isinstance(statement, cst.SimpleStatementLine) and all(
        isinstance(small, cst.Pass) or (isinstance(small, cst.Assign) and isinstance(small.value, cst.Name))
        for small in statement.body
    )


def _held(imports: list[HeadImport], package: str, name: str) -> str | None:
    """Under which name something is imported at the head."""
    for held in imports:
        if isinstance(held.node, cst.Import):
            for alias in held.node.names:
                if get_full_name_for_node(alias.name) == package:
                    local = alias.evaluated_alias or package
                    return f"{local}.{name}" if name else local
    for held in imports:
        if name and isinstance(held.node, cst.ImportFrom) and held.package == package:
            for alias in aliases(held.node):
                if alias.evaluated_name == name:
                    return alias.evaluated_alias or name
    return None


def aliases(node: cst.Import | cst.ImportFrom) -> list[cst.ImportAlias]:
    """What a statement imports by name."""
    return [] if isinstance(node.names, cst.ImportStar) else list(node.names)


def is_taken(file: SourceFile, name: str, row: Row = ()) -> bool:
    """Whether anything in the module binds the name. A function may bind it to ``row``, the same import."""
    nodes = file.facts.nodes
    return any(
        (name in scope.defs and not (scope.index and all(nodes[held] == row for held in scope.defs[name])))
        or (name in scope.final and name not in scope.defs)
        or any(param.name == name for param in scope.params)
        for scope in file.facts.scopes
        if scope.kind != "class"
    )


def _extend(draft: Draft, module: int, imports: list[HeadImport], package: str, name: str) -> bool:
    """Add the name to the statement that imports from the package already."""
    for held in imports:
        if isinstance(held.node, cst.ImportFrom) and held.package == package and aliases(held.node):
            _append_name(draft, module, held, name)
            return True
    return False


def _append_name(draft: Draft, module: int, held: HeadImport, name: str) -> None:
    """Put a name among those of a ``from`` import: where it belongs if they are sorted, else behind the last."""
    assert isinstance(held.node, cst.ImportFrom)
    found = aliases(held.node)
    text = draft.file(module).text
    keys = [_name_key(alias.evaluated_name) for alias in found]
    later = [alias for alias, key in zip(found, keys, strict=True) if key > _name_key(name)]
    if later and keys == sorted(keys):
        start = held.tree.span(later[0])[0]
        before = text[line_start(text, start) : start]
        draft.insert(module, start, f"{name}, " if before.strip() else f"{name},\n{before}", shared=True)
        return
    last = found[-1]
    start, end = held.tree.span(last)
    word = last.evaluated_alias or last.evaluated_name
    if isinstance(last.comma, cst.Comma):
        end = text.rindex(word, start, end) + len(word)
    before = text[line_start(text, start) : start]
    gap = " " if before.strip() else "\n" + before
    draft.insert(module, end, f",{gap}{name}", shared=True)


def _name_key(name: str) -> tuple[int, str]:
    """isort's order by type: constants, classes, others."""
    return (0 if name.isupper() and len(name) > 1 else 1 if name[:1].isupper() else 2), name


def _add(draft: Draft, module: int, file: SourceFile, imports: list[HeadImport], package: str, name: str) -> None:
    line = f"from {package} import {name}\n" if name else f"import {package}\n"

    def own(root: str) -> bool:
        return draft.project.link.imports.resolve(file.facts.path, root) is not None

    key = sort_key(package, bool(name), own)
    before = [held for held in imports if held.key(own) < key]
    after = [held for held in imports if held.key(own) > key]
    beside = [held for held in before if held.key(own)[0] == key[0]]
    if beside and before[-1] is not beside[-1]:
        # Where sections are mixed, behind the last of its own
        draft.insert(module, beside[-1].end, line, shared=True)
    elif before and (before[-1].key(own)[0] == key[0] or not after):
        at = max(held.end for held in before)
        draft.insert(module, at, line if beside else "\n" + line, shared=True)
    elif after:
        draft.insert(module, after[0].start, line if after[0].key(own)[0] == key[0] else line + "\n", shared=True)
    else:
        end = head(file)[1]
        gap = "\n" if end and file.text[:end].strip() else ""
        draft.insert(module, end, gap + line + ("" if blank_follows(file.text, end) else "\n"), shared=True)


def _driver_below(draft: Draft, module: int, file: SourceFile, package: str, behind: int) -> list[HeadImport]:
    """What is imported of the driver below the head, which ends early: at a ``load_dotenv()``, say.

    Nothing where the head imports some of the driver, or the module may use the driver before.
    """
    text = file.text
    if not _OF_DRIVER.match(f"import {package}") or _OF_DRIVER.search(text, 0, behind):
        return []
    found: list[HeadImport] = []
    for number, (start, stop) in enumerate(file.facts.parts):
        if start >= behind and _OF_DRIVER.match(text, start):
            tree = file.part(number)
            found += _imports(tree, tree.module.body[0], start, line_end(text, stop))
    operations = draft.project.operations if found else ()
    at_once = [each for each in operations if each.module == module and not each.scope]
    return [] if any(file.facts.spans[each.row][0] < found[0].start for each in at_once) else found


def blank_follows(text: str, offset: int) -> bool:
    """Whether the line that starts at an offset is blank, or there is none."""
    return not text[offset : line_end(text, offset + 1)].strip()


def need_beside(draft: Draft, module: int, local: str, name: str) -> str:
    """The name for what stands beside ``local`` in the module that it is imported from; imports it from there.

    Raises:
        NoFix: ``local`` is not imported at the module's head, or the name means something else here.
    """
    file = draft.file(module)
    for held in head(file)[0]:
        if isinstance(held.node, cst.ImportFrom):
            for alias in aliases(held.node):
                if (alias.evaluated_alias or alias.evaluated_name) == local:
                    if any((a.evaluated_alias or a.evaluated_name) == name for a in aliases(held.node)):
                        return name
                    if is_taken(file, name):
                        raise NoFix(f"the name {name} means something else in this module")
                    _append_name(draft, module, held, name)
                    return name
    raise NoFix(f"{local} is not imported at the head of the module")
