"""Whatever a test of the model lists or explains is what the JSON schemas of these commands say."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from mongolint.engine import explained, listing


@pytest.fixture(autouse=True)
def schemas(schema_of: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch) -> None:
    for module, maker, name in ((listing, "_query", "queries"), (explained, "_operation", "explain")):
        monkeypatch.setattr(module, maker, _checked(getattr(module, maker), schema_of(name)))


def _checked(make: Callable[..., Any], schema: Any) -> Callable[..., Any]:
    def made(*arguments: Any) -> Any:
        item = make(*arguments)
        schema.validate([json.loads(json.dumps(item))])
        return item

    return made
