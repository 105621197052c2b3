"""The logger of a module: the one it has, else ``logger = logging.getLogger(__name__)`` below its imports.

In a project whose modules log by loguru, its logger is imported: nobody configures ``logging`` there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mongolint.facts.shapes import ModuleFacts, Row
from mongolint.fix.imports import aliases, blank_follows, head
from mongolint.fix.nofix import NoFix
from mongolint.link.atoms import External, FunctionRef

if TYPE_CHECKING:
    from mongolint.fix.draft import Draft

_USUAL = ("logger", "log", "LOGGER", "LOG", "_logger", "_log", "logging")


def logger(draft: Draft, module: int) -> tuple[str, str]:
    """See `Draft.logger`."""
    existing = _existing(draft, module)
    if existing is None and _logs_by_loguru(draft):
        return draft.need(module, "loguru", "logger"), "loguru"
    return existing or (_define(draft, module), "logging")


def _logs_by_loguru(draft: Draft) -> bool:
    """Whether more modules of the project import loguru than ``logging``."""
    project = draft.project
    own = [facts for module, facts in enumerate(project.modules) if module not in project.tests]
    packages = [{name.partition(".")[0] for name, _, _ in facts.imports} for facts in own]
    return sum("loguru" in each for each in packages) > sum("logging" in each for each in packages)


def logger_at(draft: Draft, module: int, scope: int, offset: int) -> tuple[str, str]:
    """The logger of a module, for use at a place.

    Raises:
        NoFix: its name means something else there, or is not bound yet.
    """
    name, kind = logger(draft, module)
    facts = draft.project.modules[module]
    at_import = True
    inner = scope
    while inner > 0:
        entry = facts.scopes[inner]
        if name in entry.defs and (entry.kind != "class" or inner == scope):
            raise NoFix(f"the name {name} means something else here")
        at_import = at_import and entry.kind == "class"
        inner = entry.parent
    if at_import and _bound_at(draft, module, name) > offset:
        raise NoFix(f"{name} is not defined yet where it runs")
    return name, kind


def _bound_at(draft: Draft, module: int, name: str) -> int:
    """Behind which offset the logger can be used."""
    file = draft.file(module)
    row = file.facts.scopes[0].final.get(name)
    span = file.facts.spans.get(row) if row is not None else None
    if span is not None:
        return span[1]
    imports, end = head(file)
    bound = {alias.evaluated_alias or alias.evaluated_name for held in imports for alias in aliases(held.node)}
    return end if row is None or name in bound else len(file.text)


def _existing(draft: Draft, module: int) -> tuple[str, str] | None:
    facts = draft.project.modules[module]
    final = facts.scopes[0].final
    for name in sorted(final, key=lambda name: name not in _USUAL):
        # Others may be there to turn the log lines of a library off
        if name in _USUAL or _is_named_after_module(facts, final[name]):
            kind = _kind(draft, module, final[name], name)
            if kind:
                return name, kind
    unknown = next((name for name in _USUAL if name in final and name != "logging"), None)
    if unknown is not None:
        raise NoFix(f"it is not known what kind of logger {unknown} is")
    return None


def _is_named_after_module(facts: ModuleFacts, row: int) -> bool:
    """Whether it is ``….getLogger(__name__)``."""
    node = facts.nodes[row]
    if node[0] != "call" or not node[2]:
        return False
    given = facts.nodes[node[2][0][1]]
    return bool(given[0] == "free" and given[2] == "__name__")


def _kind(draft: Draft, module: int, row: int, name: str, depth: int = 0) -> str:
    """What kind of logger a module-level row holds; "" for none."""
    facts = draft.project.modules[module]
    node = facts.nodes[row]
    if node[0] == "typed" and node[2] is not None:
        return _kind(draft, module, node[2], name, depth)
    if node[0] == "call":
        return _made(draft, module, node[1], depth)
    if node[0] == "mutated":
        # loguru's logger.add(…)
        return _kind(draft, module, node[1], name, depth)
    if node[0] == "from":
        if (node[1], node[2], node[3]) == ("loguru", "logger", 0):
            return "loguru"
        if name in _USUAL and depth < 3:
            return _imported(draft, module, node, depth)
    return ""


def _made(draft: Draft, module: int, function: int, depth: int) -> str:
    """The kind of logger that a call makes: ``logging.getLogger(…)``, ``structlog.get_logger(…)``, a helper."""
    for atom in draft.project.link.value(module, function):
        if type(atom) is External:
            if atom.name == "logging.getLogger":
                return "logging"
            made = atom.name.startswith("structlog.") and atom.name.endswith((".get_logger", ".getLogger"))
            return "structlog" if made else ""
        if type(atom) is FunctionRef and depth < 3:
            returns = draft.project.modules[atom.module].scopes[atom.scope].returns
            kinds = {_kind(draft, atom.module, row, "logger", depth + 1) for row, _ in returns}
            return kinds.pop() if len(kinds) == 1 else ""
    return ""


def _imported(draft: Draft, module: int, node: Row, depth: int) -> str:
    """The kind of a logger that another module of the project defines."""
    link = draft.project.link
    path = link.imports.resolve(draft.project.modules[module].path, node[1], node[3])
    other = next((i for i, facts in enumerate(draft.project.modules) if facts.path == path), None)
    if other is None:
        return ""
    row = draft.project.modules[other].scopes[0].final.get(node[2])
    return _kind(draft, other, row, "logger", depth + 1) if row is not None else ""


def _define(draft: Draft, module: int) -> str:
    file = draft.file(module)
    facts = file.facts
    # What functions call so is their own affair
    name = next((name for name in ("logger", "_logger") if name not in facts.scopes[0].defs), None)
    if name is None:
        raise NoFix("the names logger and _logger mean something else in this module")
    if facts.star_imports and any(node[2] == name for _, node in facts.of_kind("free")):
        raise NoFix(f"{name} may come from one of the star imports")
    logging = draft.need(module, "logging")
    end = head(file)[1]
    text = file.text
    before = "\n" if end and text[:end].strip() else ""
    after = "" if blank_follows(text, end) else "\n"
    draft.insert(module, end, f"{before}{name} = {logging}.getLogger(__name__)\n{after}", shared=True)
    return name
