"""What Python itself says of a text, without a tree."""

from __future__ import annotations

import ast
import warnings


class ParseError(Exception):
    """Text that is not Python. ``line`` and ``column`` are 1-based."""

    def __init__(self, message: str, line: int, column: int) -> None:
        super().__init__(message)
        self.message = message
        self.line = line
        self.column = column


def python_error(text: str) -> ParseError | None:
    """What Python itself has against a text. It sees more than a parser: ``await`` outside of ``async def``."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(text, "<source>", "exec", dont_inherit=True)
    except SyntaxError as error:
        return ParseError(error.msg, error.lineno or 1, max(error.offset or 1, 1))
    except (RecursionError, MemoryError, ValueError) as error:
        return ParseError(str(error), 1, 1)
    return None


def check_with_python(text: str) -> None:
    """Raise what Python itself says of a text whose brackets seem to nest too deep."""
    try:
        compile(text, "<source>", "exec", ast.PyCF_ONLY_AST, dont_inherit=True)
    except SyntaxError as error:
        raise ParseError(error.msg, error.lineno or 1, error.offset or 1) from None
    except (RecursionError, MemoryError, ValueError):
        raise ParseError("too deeply nested to be read", 1, 1) from None
