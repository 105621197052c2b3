"""What is wrong with a configuration, and where."""

from __future__ import annotations

from pathlib import Path


class ConfigError(Exception):
    """A mistake in a configuration file, or in selectors given elsewhere (then ``file`` is None).

    ``message`` is one line; `str` puts the place before it, as far as it is known.
    """

    def __init__(
        self, message: str, file: Path | None = None, line: int | None = None, column: int | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.file = file
        self.line = line
        self.column = column

    def __str__(self) -> str:
        return ": ".join([*self._place(), self.message])

    def _place(self) -> list[str]:
        numbers = [str(number) for number in (self.line, self.column) if number is not None]
        return [":".join([str(self.file), *numbers])] if self.file is not None else []
