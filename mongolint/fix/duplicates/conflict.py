"""Tells the client of a request that another one was quicker, where a unique index refuses an insert."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mongolint.fix.duplicates.catch import Insert
from mongolint.fix.nofix import NoFix
from mongolint.project.updates.numbers.numbered import Numbered

if TYPE_CHECKING:
    from mongolint.fix.draft import Draft

_ERROR = "HTTPException"
_PACKAGES = ("fastapi", "fastapi.exceptions", "starlette.exceptions")


def answer(draft: Draft, found: Numbered) -> None:
    """See `Draft.answer_conflict`."""
    facts = draft.project.modules[found.module]
    packages = [node[1] for _, node in facts.of_kind("from") if node[1] in _PACKAGES and node[2] == _ERROR]
    if not packages:
        raise NoFix("what its caller expects then is not clear")
    _Conflict(draft, found, draft.need(found.module, packages[0], _ERROR)).write()


class _Conflict(Insert):
    """The insert of a number, with a clause that answers 409."""

    def __init__(self, draft: Draft, found: Numbered, error: str) -> None:
        super().__init__(draft, found.module, found.row)
        self.found = found
        self.error = error

    def _check(self) -> Any:
        return None

    def _answer(self, check: Any, indent: str) -> str:
        detail = f"another request took the next {self.found.field}"
        return f'{indent}raise {self.error}(status_code=409, detail="{detail}") from None\n'
