"""Parsing text into a LibCST tree, with one clear error for what is not Python or too deep to read."""

from __future__ import annotations

import ast
import re
from itertools import accumulate

import libcst as cst

from mongolint.source.plainnodes import shared_blanks
from mongolint.source.syntax import ParseError, check_with_python

# CPython refuses more nested brackets than this (tokenizer.c, MAXLEVEL); LibCST's native parser has no
# limit and overflows the stack far above it.
MAX_NESTED_BRACKETS = 200

_BRACKET = re.compile(r"[\[\](){}]")
_STEP = {**dict.fromkeys("[({", 1), **dict.fromkeys("])}", -1)}


def parse(text: str) -> cst.Module:
    """The tree of a module.

    Raises:
        ParseError: the text is not Python, or nests deeper than Python itself allows.
    """
    if _may_nest_too_deep(text):
        check_with_python(text)
    try:
        with shared_blanks(cst):
            return _parse_unchecked(text)
    except cst.ParserSyntaxError as error:
        raise _better_error(text, error) from None
    except RecursionError:
        raise ParseError("too deeply nested to be read", 1, 1) from None


def _parse_unchecked(text: str) -> cst.Module:
    """Parse without LibCST's check of each node, which is for trees made by hand: an eighth of the time."""
    check = getattr(cst.CSTNode, "__post_init__", None)
    if check is None:
        return cst.parse_module(text)
    cst.CSTNode.__post_init__ = _nothing  # type: ignore[assignment, method-assign]
    try:
        return cst.parse_module(text)
    finally:
        cst.CSTNode.__post_init__ = check  # type: ignore[method-assign]


def _nothing(node: cst.CSTNode) -> None: ...


def _may_nest_too_deep(text: str) -> bool:
    depths = accumulate(map(_STEP.__getitem__, _BRACKET.findall(text)))
    return max(depths, default=0) > MAX_NESTED_BRACKETS


def _better_error(text: str, error: cst.ParserSyntaxError) -> ParseError:
    """Python's own words for a syntax error, where this Python refuses the text too."""
    try:
        compile(text, "<source>", "exec", ast.PyCF_ONLY_AST, dont_inherit=True)
    except SyntaxError as own:
        return ParseError(own.msg, own.lineno or 1, max(own.offset or 1, 1))
    except (RecursionError, MemoryError, ValueError):
        pass
    return ParseError("not valid Python", max(error.raw_line, 1), error.raw_column + 1)
