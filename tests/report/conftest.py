"""Validators for what others publish and for what mongolint does."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import xmlschema

ROOT = Path(__file__).parents[2]
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
def mongolint() -> Callable[..., str]:
    """What a command prints, run at the top of the checkout."""

    def run(*arguments: str) -> str:
        command = [sys.executable, "-m", "mongolint", *arguments]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode in (0, 1), done.stderr
        return done.stdout

    return run


@pytest.fixture(scope="session")
def junit() -> Any:
    return xmlschema.XMLSchema(PUBLISHED / "junit-10.xsd")
