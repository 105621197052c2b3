"""Validators for what others publish and for what mongolint does."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import xmlschema

PUBLISHED = Path(__file__).parent / "schemas"


@pytest.fixture(scope="session")
def valid_by() -> Callable[[str, Any], None]:
    """Fails where a document is not what the published schema of that name allows."""
    held: dict[str, Any] = {}

    def check(name: str, document: Any) -> None:
        if name not in held:
            schema = json.loads((PUBLISHED / f"{name}.json").read_text(encoding="utf-8"))
            kind = jsonschema.validators.validator_for(schema)
            held[name] = kind(schema, format_checker=kind.FORMAT_CHECKER)
        wrong = [f"{error.json_path}: {error.message[:300]}" for error in held[name].iter_errors(document)]
        assert not wrong

    return check


@pytest.fixture(scope="session")
def junit() -> Any:
    return xmlschema.XMLSchema(PUBLISHED / "junit-10.xsd")
