"""Options of a client that get another name, another value, or go: keywords of the call, parts of its literal URI."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import libcst as cst

from mongolint.fix.nofix import NoFix
from mongolint.fix.options import pieces
from mongolint.fix.trees import Tree, descendants

if TYPE_CHECKING:
    from mongolint.fix.draft import Draft
    from mongolint.project.clients.options import Option
    from mongolint.project.clients.sites import ClientSite

_ELSEWHERE = "the option is not written in the call that makes the client"
# What certificate options were given, and whether the certificate may be invalid
_CERTIFICATES = {"CERT_NONE": "True", "CERT_OPTIONAL": "False", "CERT_REQUIRED": "False"}


def rename(draft: Draft, site: ClientSite, option: Option, name: str) -> None:
    """See `Draft.rename_client_option`."""
    _refuse_name(draft, site, name)
    tree, call = draft.call(site.module, site.row)
    if option.source == "uri":
        _rename_in_uri(draft, site.module, tree, call, option.name, name)
        return
    keyword = _argument(call, option.name)[1].keyword
    assert keyword is not None
    draft.replace(site.module, tree.span(keyword), name)


def invert(draft: Draft, site: ClientSite, option: Option, name: str) -> None:
    """See `Draft.invert_client_option`."""
    _refuse_name(draft, site, name)
    tree, call = draft.call(site.module, site.row)
    _, arg = _argument(call, option.name)
    assert arg.keyword is not None
    value = arg.value
    if option.name == "ssl_match_hostname" and isinstance(value, cst.Name) and value.value in ("True", "False"):
        text = "False" if value.value == "True" else "True"
    elif isinstance(value, cst.Attribute) and value.attr.value in _CERTIFICATES:
        text = _CERTIFICATES[value.attr.value]
    else:
        raise NoFix("its value is known only at run time, and the new option says the opposite")
    draft.replace(site.module, tree.span(arg.keyword), name)
    draft.replace(site.module, tree.outer_span(value), text)


def remove(draft: Draft, site: ClientSite, option: Option) -> None:
    """See `Draft.remove_client_option`."""
    tree, call = draft.call(site.module, site.row)
    if option.source == "uri":
        raise NoFix("it is a part of the connection string")
    number, arg = _argument(call, option.name)
    if any(isinstance(part, cst.Call | cst.Await | cst.NamedExpr) for part in descendants(arg.value)):
        raise NoFix("its value is made by a call, which may do more")
    pieces.cut(draft, site.module, tree, call, number)


def _refuse_name(draft: Draft, site: ClientSite, name: str) -> None:
    if not draft.project.made_clients.knows_new_names(site.module):
        raise NoFix(f"{name} needs PyMongo 3.9, and this project seems to use an older one")
    if draft.project.made_clients.options(site).find(name) is not None:
        raise NoFix(f"{name} is given already")


def _argument(call: cst.Call, name: str) -> tuple[int, cst.Arg]:
    found = [(n, arg) for n, arg in enumerate(call.args) if arg.keyword is not None and arg.keyword.value == name]
    if len(found) != 1:
        raise NoFix(_ELSEWHERE)
    return found[0]


def _rename_in_uri(draft: Draft, module: int, tree: Tree, call: cst.Call, old: str, name: str) -> None:
    """Rename the option in the one literal of the call that names it."""
    pattern = re.compile(rf"(?<=[?&;]){re.escape(old)}(?==)")
    found = [
        (tree.span(part)[0] + match.start(), tree.span(part)[0] + match.end())
        for arg in call.args
        for part in descendants(arg.value)
        if isinstance(part, cst.SimpleString | cst.FormattedString)
        for match in pattern.finditer(tree.text(part))
    ]
    if len(found) != 1:
        raise NoFix("the connection string is not written in the call that makes the client")
    draft.replace(module, found[0], name)
