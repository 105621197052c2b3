"""What a text is made of, so that it can be logged: literal parts and values, and the lazy message that they make."""

from __future__ import annotations

import ast
import re
import string
import warnings
from collections.abc import Iterable, Iterator, Sequence

import libcst as cst

from mongolint.fastclasses import dataclass
from mongolint.fix.trees import Tree, descendants

# Format specifications that mean the same in %-formatting, for all that accepts them
_SAME = re.compile(r"[+ ]?0?\d*(?:[dxXo]|\.\d+[feEgG])")


@dataclass(frozen=True, slots=True)
class Value:
    """Something that is rendered into the text.

    ``conversion`` and ``spec`` as in ``{…!r:>10}``; ``percent``: the whole conversion where %-formatting wrote it;
    ``is_text``: certainly a str, so it can be the message itself.
    """

    source: str
    conversion: str = ""
    spec: str = ""
    percent: str = ""
    is_text: bool = False

    @property
    def is_exotic(self) -> bool:
        """Whether %-formatting has nothing like its specification."""
        return bool(self.spec) and not (not self.conversion and _SAME.fullmatch(self.spec))


# None: here the author went on with another literal, on another line
Part = str | Value | None


@dataclass(frozen=True, slots=True)
class Message:
    """What a logging method is called with: the message, in one and in the author's literals, and its arguments."""

    code: str
    lines: tuple[str, ...]
    args: tuple[str, ...]


def parts(tree: Tree, node: cst.BaseExpression) -> list[Part]:
    """What an expression renders, taken apart as far as that changes no character of it."""
    taken = _taken_apart(tree, node)
    return [Value(source(tree, node), is_text=is_text(node))] if taken is None else taken


def source(tree: Tree, node: cst.BaseExpression) -> str:
    """The code of an expression, fit to be an argument."""
    code = tree.text(node).replace("\r\n", "\n")
    if isinstance(node, cst.Tuple | cst.GeneratorExp | cst.NamedExpr | cst.Yield):
        return f"({code})"
    return code


def is_text(node: cst.BaseExpression) -> bool:
    """Whether an expression gives a str, whatever its names stand for."""
    if isinstance(node, cst.SimpleString | cst.ConcatenatedString):
        while isinstance(node, cst.ConcatenatedString):
            node = node.left
        return "b" not in node.prefix.lower()
    if isinstance(node, cst.BinaryOperation):
        if isinstance(node.operator, cst.Modulo):
            return is_text(node.left)
        return isinstance(node.operator, cst.Add | cst.Multiply) and (is_text(node.left) or is_text(node.right))
    if isinstance(node, cst.Call) and isinstance(node.func, cst.Attribute):
        return node.func.attr.value in ("format", "join") and is_text(node.func.value)
    return isinstance(node, cst.FormattedString)


def _taken_apart(tree: Tree, node: cst.BaseExpression) -> list[Part] | None:
    """The parts of an expression; None for one that is a value as it stands."""
    if isinstance(node, cst.SimpleString):
        text = _evaluated(node.value)
        return [text] if isinstance(text, str) else None
    if isinstance(node, cst.FormattedString):
        return _interpolated(tree, node)
    if isinstance(node, cst.ConcatenatedString):
        left, right = _taken_apart(tree, node.left), _taken_apart(tree, node.right)
        return None if left is None or right is None else [*left, *_break(tree, node), *right]
    if isinstance(node, cst.BinaryOperation):
        if isinstance(node.operator, cst.Modulo):
            return _percent(tree, node)
        return _added(tree, node) if isinstance(node.operator, cst.Add) else None
    if isinstance(node, cst.Call):
        return _formatted(tree, node) or _rendered(tree, node)
    return None


def _evaluated(literal: str) -> object:
    try:
        with warnings.catch_warnings():
            # An escape that is none, as "\d": what it means is clear
            warnings.simplefilter("ignore")
            return ast.literal_eval(literal)
    except (SyntaxError, ValueError):
        return None


def _rendered(tree: Tree, node: cst.Call) -> list[Part] | None:
    """``str(x)`` and ``repr(x)``."""
    if isinstance(node.func, cst.Name) and node.func.value in ("str", "repr") and len(node.args) == 1:
        arg = node.args[0]
        if arg.keyword is None and not arg.star:
            return [Value(source(tree, arg.value), "r" if node.func.value == "repr" else "")]
    return None


def _added(tree: Tree, node: cst.BinaryOperation) -> list[Part] | None:
    """``"a" + b``: whatever is added to a text is a text."""
    sides = [_taken_apart(tree, side) for side in (node.left, node.right)]
    if sides == [None, None]:
        return None
    left, right = (
        [Value(source(tree, side))] if taken is None else taken
        for side, taken in zip((node.left, node.right), sides, strict=True)
    )
    return [*left, *_break(tree, node), *right]


def _break(tree: Tree, node: cst.ConcatenatedString | cst.BinaryOperation) -> list[Part]:
    """Where the author went on in the next line."""
    between = tree.file_text[tree.span(node.left)[1] : tree.span(node.right)[0]]
    return [None] if "\n" in between else []


# f-strings


def _interpolated(tree: Tree, node: cst.FormattedString) -> list[Part] | None:
    found: list[Part] = []
    for piece in node.parts:
        if isinstance(piece, cst.FormattedStringText):
            text = _literal_text(node, piece.value)
            if text is None:
                return None
            found.append(text)
        elif isinstance(piece, cst.FormattedStringExpression):
            field = _field(tree, node, piece)
            if field is None:
                return None
            found += field
    return found


def _literal_text(node: cst.FormattedString, code: str) -> str | None:
    if "\\N{" in code:
        return None
    code = code.replace("{{", "{").replace("}}", "}")
    if "r" in node.prefix.lower():
        return code.replace("\r\n", "\n")
    text = _evaluated(f"{node.quote}{code}{node.quote}")
    return text if isinstance(text, str) else None


def _field(tree: Tree, node: cst.FormattedString, piece: cst.FormattedStringExpression) -> list[Part] | None:
    code = source(tree, piece.expression)
    if "#" in code and "\n" in code:
        return None
    spec = ""
    for each in piece.format_spec or ():
        text = _literal_text(node, each.value) if isinstance(each, cst.FormattedStringText) else None
        if text is None:
            return None
        spec += text
    conversion = piece.conversion or ""
    label: list[Part] = []
    if piece.equal is not None:
        bare = piece.with_changes(conversion=None, format_spec=None)
        label = [cst.Module([]).code_for_node(bare)[1:-1]]
        if "\n" in str(label[0]):
            return None
        conversion = conversion or ("" if piece.format_spec else "r")
    if conversion in ("", "s") and not spec:
        inner = _rendered(tree, piece.expression) if isinstance(piece.expression, cst.Call) else None
        return [*label, *(inner or [Value(code)])]
    return [*label, Value(code, conversion, spec)]


# str.format

_FIELD = re.compile(r"(\w*)((?:\.[A-Za-z_]\w*|\[[^\[\]]+\])*)")
_ACCESS = re.compile(r"\.(\w+)|\[([^\]]+)\]")


def _formatted(tree: Tree, node: cst.Call) -> list[Part] | None:
    if not (isinstance(node.func, cst.Attribute) and node.func.attr.value == "format"):
        return None
    template = _template(node.func.value)
    if template is None or any(arg.star for arg in node.args):
        return None
    given = {arg.keyword.value if arg.keyword else str(number): arg.value for number, arg in enumerate(node.args)}
    found: list[Part] = []
    used: list[str] = []
    try:
        for text, name, spec, conversion in string.Formatter().parse(template):
            found.append(text)
            if name is None:
                continue
            match = _FIELD.fullmatch(name)
            key = (match[1] or str(len(used))) if match else ""
            if match is None or key not in given or "{" in (spec or ""):
                return None
            used.append(key)
            found.append(Value(_reached(tree, given[key], match[2]), conversion or "", spec or ""))
    except ValueError:
        return None
    # Each argument is computed once, in its order, as before
    if used != list(given) and not (set(used) == set(given) and all(_is_plain(each) for each in given.values())):
        return None
    return found


def _template(node: cst.BaseExpression) -> str | None:
    """The text of a literal; None for all else, and where values are interpolated."""
    if isinstance(node, cst.SimpleString):
        text = _evaluated(node.value)
        return text if isinstance(text, str) else None
    if isinstance(node, cst.ConcatenatedString):
        left, right = _template(node.left), _template(node.right)
        return None if left is None or right is None else left + right
    return None


def _reached(tree: Tree, node: cst.BaseExpression, access: str) -> str:
    """``0.name[key]`` as an expression."""
    code = source(tree, node)
    if access and not isinstance(node, cst.Name | cst.Attribute | cst.Call | cst.Subscript):
        code = f"({code})"
    for attribute, key in _ACCESS.findall(access):
        code += f".{attribute}" if attribute else f"[{key}]" if key.isdigit() else f"[{key!r}]"
    return code


def _is_plain(node: cst.BaseExpression) -> bool:
    """Whether an expression can be computed again, and in any order."""
    return all(isinstance(each, cst.Name | cst.Attribute | cst.BaseNumber | cst.SimpleString) for each in _inside(node))


def _inside(node: cst.BaseExpression) -> Iterator[cst.CSTNode]:
    return (each for each in descendants(node) if isinstance(each, cst.BaseExpression))


# %-formatting

_CONVERSION = re.compile(r"%(?P<key>\([^)]*\))?[#0\- +]*(?P<width>\*|\d+)?(?:\.(\*|\d+))?[hlL]?(?P<kind>.)", re.DOTALL)
_KINDS = "diouxXeEfFgGcrsa"
# Names of what may well be a tuple, which % would take apart
_TUPLES = frozenset(["args", "row", "rows", "pair", "tuple", "values", "params", "data", "t"])


def _percent(tree: Tree, node: cst.BinaryOperation) -> list[Part] | None:
    template = _template(node.left)
    if template is None:
        return None
    wanted = [match for match in _CONVERSION.finditer(template) if match["kind"] != "%"]
    values = _operands(tree, node.right, len(wanted))
    if values is None or any(match["key"] or "*" in match[0] or match["kind"] not in _KINDS for match in wanted):
        return None
    found: list[Part] = []
    done = 0
    for match in _CONVERSION.finditer(template):
        found.append(template[done : match.start()])
        found.append("%" if match["kind"] == "%" else Value(values.pop(0), percent=match[0]))
        done = match.end()
    return [*found, template[done:]]


def _operands(tree: Tree, node: cst.BaseExpression, count: int) -> list[str] | None:
    """The values at the right of ``%``; None if they cannot be told from here."""
    if isinstance(node, cst.Tuple):
        if len(node.elements) != count or any(isinstance(each, cst.StarredElement) for each in node.elements):
            return None
        return [source(tree, each.value) for each in node.elements]
    name = node.attr.value if isinstance(node, cst.Attribute) else node.value if isinstance(node, cst.Name) else None
    is_single = name is not None or isinstance(
        node, cst.SimpleString | cst.FormattedString | cst.BaseNumber | cst.List | cst.Dict | cst.BinaryOperation
    )
    if isinstance(node, cst.Call) and isinstance(node.func, cst.Name):
        is_single = node.func.value in ("str", "repr", "len", "int", "float", "type", "sorted", "list", "dict", "sum")
    return [source(tree, node)] if count == 1 and is_single and name not in _TUPLES else None


# The message


def message(found: Sequence[Part], style: str, quote: str, known: Iterable[str]) -> Message | None:
    """The parts as a lazy message.

    Args:
        style: how the logger takes arguments: "%" or "{".
        quote: the quotation mark that the author uses.
        known: the characters that may be written as they are.
    Returns:
        None for %-conversions that the style does not have.
    """
    values = [part for part in found if isinstance(part, Value)]
    if len(found) == 1 and values and values[0].is_text:
        return Message(values[0].source, (values[0].source,), ())
    if style == "{" and any(value.percent not in ("", "%s", "%r") for value in values):
        return None
    lines = [""]
    args: list[str] = []
    for part in found:
        if part is None:
            lines.append("")
        elif isinstance(part, Value):
            placeholder, arg = _braces(part) if style == "{" else _percents(part)
            lines[-1] += placeholder
            args.append(arg)
        else:
            lines[-1] += _escaped(part, style) if values else part
    chars = frozenset(known)
    text = "".join(lines)
    return Message(quoted(text, quote, chars), tuple(quoted(line, quote, chars) for line in lines if line), tuple(args))


def _escaped(text: str, style: str) -> str:
    return text.replace("%", "%%") if style == "%" else text.replace("{", "{{").replace("}", "}}")


def _percents(value: Value) -> tuple[str, str]:
    if value.percent:
        return value.percent, value.source
    if not value.is_exotic:
        return f"%{value.spec or value.conversion or 's'}", value.source
    function = {"r": "repr", "s": "str", "a": "ascii", "": ""}[value.conversion]
    inner = f"{function}({value.source})" if function else value.source
    return "%s", f"format({inner}, {quoted(value.spec, chr(34), frozenset(value.spec))})"


def _braces(value: Value) -> tuple[str, str]:
    conversion = "r" if value.percent == "%r" else value.conversion
    return f"{{{'!' if conversion else ''}{conversion}{':' if value.spec else ''}{value.spec}}}", value.source


def quoted(text: str, quote: str, known: frozenset[str]) -> str:
    """A literal for a text."""
    if quote in text and (other := "'" if quote == '"' else '"') not in text:
        quote = other
    return quote + "".join(_char(char, quote, known) for char in text) + quote


def _char(char: str, quote: str, known: frozenset[str]) -> str:
    if char in (quote, "\\"):
        return "\\" + char
    if char.isprintable() and (char.isascii() or char in known):
        return char
    return char.encode("unicode_escape", "surrogatepass").decode()
