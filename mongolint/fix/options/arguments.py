"""An option of an index that goes: a keyword of a call, or an entry of a dict."""

from __future__ import annotations

from typing import TYPE_CHECKING

import libcst as cst

from mongolint.fix.nofix import NoFix
from mongolint.fix.options import pieces
from mongolint.fix.trees import descendants
from mongolint.link.atoms import Literal
from mongolint.link.rowtools import operands
from mongolint.project.catalog.options import OptionSite
from mongolint.project.model import Project

if TYPE_CHECKING:
    from mongolint.fix.draft import Draft


def remove(draft: Draft, site: OptionSite) -> None:
    """See `Draft.remove_option`."""
    facts = draft.project.modules[site.module]
    offsets = facts.spans.get(site.row)
    if offsets is None:
        raise NoFix("its place in the code is not known")
    tree = draft.file(site.module).tree(offsets[0])
    if facts.nodes[site.row][0] == "call":
        node: cst.Call | cst.Dict = tree.at(offsets, cst.Call)
    else:
        node = tree.at(offsets, cst.Dict)
        if is_read(draft.project, site.name):
            raise NoFix("other code reads the option from the dict")
        if _is_spread_elsewhere(draft.project, site):
            raise NoFix("the dict is given to other calls as well")
    number, value = _find(node, site.name)
    if any(isinstance(part, cst.Call | cst.Await | cst.NamedExpr) for part in descendants(value)):
        raise NoFix("its value is made by a call, which may do more")
    pieces.cut(draft, site.module, tree, node, number)


def _is_spread_elsewhere(project: Project, site: OptionSite) -> bool:
    """Whether a dict is the ``**options`` of a call that declares no index."""
    for module, facts in enumerate(project.modules):
        for call in facts.calls:
            spread = [row for keyword, row in facts.nodes[call.row][2] if keyword == "**"]
            value = [atom for row in spread for atom in project.link.value(module, row)]
            if any(type(atom) is Literal and atom[:2] == (site.module, site.row) for atom in value):
                if project.callee_name(module, call.row) not in ("create_index", "ensure_index", site.method):
                    return True
    return False


def _find(node: cst.Call | cst.Dict, name: str) -> tuple[int, cst.BaseExpression]:
    """Raises: NoFix: the option is given twice, so that which one counts is not clear."""
    if isinstance(node, cst.Call):
        found = [(n, a.value) for n, a in enumerate(node.args) if a.keyword is not None and a.keyword.value == name]
    else:
        found = [(n, e.value) for n, e in enumerate(node.elements) if _is_key(e, name)]
    if len(found) != 1:
        raise NoFix("the option is given twice")
    return found[0]


def _is_key(element: cst.BaseDictElement, name: str) -> bool:
    return (
        isinstance(element, cst.DictElement)
        and isinstance(element.key, cst.SimpleString)
        and element.key.evaluated_value == name
    )


def is_read(project: Project, name: str) -> bool:
    """Whether code names an option in another way than as a key of a dict: it may get it from one."""
    for facts in project.modules:
        named = {row for row, node in facts.of_kind("const") if node[1] == name}
        if named and any(named & set(operands(node)) for _, node in facts.numbered() if node[0] != "dict"):
            return True
    return False
