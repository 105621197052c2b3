"""A new index, written as a neighbour is: the arguments of a call, or an element of a list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import libcst as cst

from mongolint.fix.declarations.keys import Piece, Style, exploded, layout
from mongolint.fix.declarations.sites import Site, given_name, options, outer_text
from mongolint.fix.nofix import NoFix
from mongolint.fix.options.arguments import is_read
from mongolint.link.atoms import External, FunctionRef
from mongolint.mongo.drivers import INDEX_MODELS
from mongolint.project.advice.patterns import Keys
from mongolint.project.writes.needs import plain as literal

if TYPE_CHECKING:
    from mongolint.fix.draft import Draft

_SHORT, _LONG = 88, 120
_DRIVER_CALLS = ("create_index", "ensure_index")


class SpecWriter:
    """Writes an index on ``collection`` in the form of a site."""

    def __init__(
        self, draft: Draft, style: Style, collection: str, keys: Keys, taken: set[str], wanted: Mapping[str, Any]
    ) -> None:
        self.draft = draft
        # Options that the index has to have
        self.wanted = wanted
        self.style = style
        self.collection = collection
        self.keys = keys
        self.name = style.name(collection, keys, taken)
        if style.is_named and self.name in taken:
            raise NoFix(f"an index named {self.name} is declared already")

    def write(self, site: Site, indent: str, *, function: str = "", before: str = "") -> str:
        """The new spec. ``function``: what to call in the place of the site's function; ``before``: ``await``."""
        file = self.draft.file(site.module)
        limit = _LONG if self.style.longest > _SHORT else _SHORT
        spec = site.spec
        for name in self.wanted:
            if not self._takes(site, name):
                raise NoFix(f"what declares the indexes may not take {name}")
        if spec is site.keys:
            piece = self._keys(site)
            return layout(before + piece.before, [Piece(part) for part in piece.parts], piece.after, indent, "", _LONG)
        if isinstance(spec, cst.Call):
            head = before + (function or site.tree.text(spec.func)) + "("
            if not self._is_driver_call(site, spec) and self._is_new_to(site, spec):
                raise NoFix("the function that declares indexes may not take several fields")
            return layout(head, self._arguments(site, spec), ")", indent, file.step, limit)
        if isinstance(spec, cst.Dict):
            pieces = self._entries(site, spec)
            write = exploded if "\n" in site.tree.text(spec) else layout
            return write("{", pieces, "}", indent, file.step, limit)
        assert isinstance(spec, cst.Tuple)
        pieces = self._items(site, spec)
        return layout("(", pieces, ",)" if len(pieces) == 1 else ")", indent, file.step, limit)

    def _keys(self, site: Site) -> Piece:
        before, parts, after = self.style.keys(self.draft, site.module, self.keys)
        return Piece(before, tuple(parts), after)

    def _quoted(self) -> str:
        return self.style.string(self.name)

    def _arguments(self, site: Site, call: cst.Call) -> list[Piece]:
        pieces: list[Piece] = []
        for arg in call.args:
            keyword = f"{arg.keyword.value}=" if arg.keyword is not None else ""
            if arg.star:
                raise NoFix("the declared indexes get more options while the program runs")
            if arg.value is site.keys:
                piece = self._keys(site)
                pieces.append(Piece(keyword + piece.before, piece.parts, piece.after))
            elif not keyword:
                pieces.append(Piece(self._positional(site, arg.value)))
            elif keyword == "session=":
                pieces.append(Piece(keyword + outer_text(site.tree, arg.value)))
        known = [key for key, _ in options(call)]
        may_drop = self._is_driver_call(site, call) or self._takes_any(site, call, known)
        return [*pieces, *map(Piece, self._options(site, known, "{}={}", may_drop))]

    def _takes_any(self, site: Site, call: cst.Call, known: Sequence[str]) -> bool:
        """Whether a call is one of a function of the project that needs none of these keywords."""
        function = self._function(site, call)
        if function is None:
            return False
        params = self.draft.project.link.scope(function.module, function.scope).params
        return not any(param.name in known and param.default is None for param in params)

    def _function(self, site: Site, call: cst.Call) -> FunctionRef | None:
        """The function of the project that a call runs."""
        project = self.draft.project
        facts = project.modules[site.module]
        offsets = site.tree.span(call)
        row = next((row for row, span in facts.spans.items() if span == offsets), None)
        if row is None or facts.nodes[row][0] != "call":
            return None
        callees = project.link.value(site.module, facts.nodes[row][1])
        return callees[0] if len(callees) == 1 and type(callees[0]) is FunctionRef else None

    def _is_driver_call(self, site: Site, call: cst.Call) -> bool:
        """Whether every option of a call may be left out."""
        project = self.draft.project
        if isinstance(call.func, cst.Attribute) and call.func.attr.value in _DRIVER_CALLS:
            return True
        row = site.declared.spelled.row
        node = project.modules[site.module].nodes[row]
        callee = project.link.value(site.module, node[1]) if node[0] == "call" else ()
        return any(type(atom) is External and atom.name in INDEX_MODELS for atom in callee)

    def _is_new_to(self, site: Site, call: cst.Call) -> bool:
        """Whether a function of the project has only been given the names of single fields so far."""
        calls = [each.spec for each in self.style.sites if not isinstance(each.keys, cst.SimpleString)]
        known = any(isinstance(each, cst.Call) and each.func.deep_equals(call.func) for each in calls)
        return not known and bool(self._keys(site).before)

    def _options(self, site: Site, known: Sequence[str], form: str, all_optional: bool) -> list[str]:
        """The options that the new spec takes over; ``known`` are those of the site."""
        found: list[str] = []
        siblings = [dict(options(each)) for each in site.siblings]
        for key in known:
            values = [each[key] for each in siblings if key in each]
            if key in ("keys", "key_or_list", "key", "session") or key in self.wanted:
                continue
            if key == "background" and (all_optional or not is_read(self.draft.project, key)):
                continue  # without effect
            if key == "name":
                if self.style.is_named:
                    found.append(form.format(key, self._quoted()))
            elif not all_optional and len(values) == len(siblings):
                neutral = [v for v in values if isinstance(v, cst.Name) and v.value in ("False", "None")]
                if not neutral:
                    raise NoFix(f"every declared index has {key}, and what the new one needs is not clear")
                found.append(form.format(key, site.tree.text(neutral[0])))
        found += [form.format(key, literal(value, self.style.quote)) for key, value in self.wanted.items()]
        if self.style.is_named and "name" not in known:
            found.append(form.format("name", self._quoted()))
        return found

    def _takes(self, site: Site, name: str) -> bool:
        """Whether an option that is written beside the keys of a site gets into the index."""
        spec = site.spec
        if isinstance(spec, cst.Call):
            if self._is_driver_call(site, spec):
                return True
            function = self._function(site, spec)
            return function is not None and any(
                param.name == name or param.kind == "**"
                for param in self.draft.project.link.scope(function.module, function.scope).params
            )
        has_place = isinstance(spec, cst.Dict) or any(
            isinstance(element.value, cst.Dict) and element.value is not site.keys
            for element in (spec.elements if isinstance(spec, cst.Tuple) else ())
        )
        if spec is site.keys or not has_place:
            return False
        node = self.draft.project.link.node(site.declared.module, site.declared.row)
        known = any(name in dict(options(each)) for each in site.siblings)
        return known or any(keyword == "**" for keyword, _ in node[2]) or is_read(self.draft.project, name)

    def _positional(self, site: Site, value: cst.BaseExpression) -> str:
        """A value that says by its place what it is: the collection, the name, or an option that is off."""
        if isinstance(value, cst.SimpleString):
            if value.evaluated_value == site.declared.collection_name:
                return self.style.string(self.collection)
            if value.evaluated_value == site.declared.options.get("name"):
                return self._quoted()
        elif isinstance(value, cst.Name) and value.value in ("False", "None"):
            return value.value
        elif self.collection == site.declared.collection_name and isinstance(
            value, cst.Name | cst.Attribute | cst.Subscript
        ):
            return site.tree.text(value)
        raise NoFix("what each declared index is made of is not clear")

    def _entries(self, site: Site, spec: cst.Dict) -> list[Piece]:
        pieces: list[Piece] = []
        plain: list[str] = []
        for element in spec.elements:
            if not isinstance(element, cst.DictElement) or not isinstance(element.key, cst.SimpleString):
                raise NoFix("what each declared index is made of is not clear")
            if element.value is site.keys:
                piece = self._keys(site)
                pieces.append(Piece(f"{site.tree.text(element.key)}: {piece.before}", piece.parts, piece.after))
            elif isinstance(element.value, cst.SimpleString) and (
                element.value.evaluated_value == site.declared.collection_name
            ):
                pieces.append(Piece(f"{site.tree.text(element.key)}: {self.style.string(self.collection)}"))
            else:
                plain.append(str(element.key.evaluated_value))
        form = f"{self.style.quote}{{}}{self.style.quote}: {{}}"
        return [*pieces, *map(Piece, self._options(site, plain, form, False))]

    def _items(self, site: Site, spec: cst.Tuple) -> list[Piece]:
        pieces: list[Piece] = []
        for element in spec.elements:
            if element.value is site.keys:
                pieces.append(self._keys(site))
            elif isinstance(element.value, cst.Dict):
                known = [key for key, _ in options(element.value)]
                form = f"{self.style.quote}{{}}{self.style.quote}: {{}}"
                named = given_name(spec) is not None or not self.style.is_named
                found = self._options(site, known, form, False) if known or named else []
                pieces.append(Piece("{" + ", ".join(found) + "}"))
            else:
                pieces.append(Piece(self._positional(site, element.value)))
        return pieces
