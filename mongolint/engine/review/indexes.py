"""The indexes that are required, by priority."""

from __future__ import annotations

from typing import Any

from mongolint.engine.listing import suggestions
from mongolint.engine.load import Loaded

Record = dict[str, Any]

# 1: the data goes wrong without it; 2: a query reads the whole collection; 3: documents that ended stay; 4: it helps
_PRIORITY = {"unique": 1, "query": 2, "expiry": 3, "weak": 4}


def required(loaded: Loaded) -> list[Record]:
    """What `indexes suggest` lists, the most pressing first."""
    found = [{"priority": _PRIORITY[each["why"]], **each} for each in suggestions(loaded)]
    for each in found:
        known = loaded.project.fields.of(each["collection"])
        keys = [known.fields[name] for name, _ in each["keys"] if name in known.fields and name != "_id"]
        lost = [field.name for field in keys if not field.written]
        if lost and not known.open:
            each["reason"] += f"; but no write that the code shows stores {', '.join(lost)}: look at the name first"
    return sorted(found, key=lambda each: (each["priority"], -len(each["serves"]), each["collection"], each["keys"]))
