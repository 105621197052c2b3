"""The user's own configuration, beside that of projects: which projects may bring rules along, which are run.

``~/.config/mongolint/config.toml``, or below ``$XDG_CONFIG_HOME``. No file of a project can say the same.
"""

from __future__ import annotations

import os
from pathlib import Path

from mongolint.config import toml
from mongolint.config.errors import ConfigError
from mongolint.config.kinds import At, Texts
from mongolint.selectors import did_you_mean

ALLOW = "allow-local-rules"


def user_file() -> Path:
    """Where the user's own configuration is, whether there is one or not."""
    base = os.environ.get("XDG_CONFIG_HOME", "")
    folder = Path(base) if os.path.isabs(base) else Path(os.path.expanduser("~"), ".config")
    return folder / "mongolint" / "config.toml"


def allows_local_rules(root: Path) -> bool:
    """Whether the user lets the project in this directory bring rules along.

    Raises:
        ConfigError: a mistake in the user's configuration.
    """
    file = user_file()
    if not file.is_file():
        return False
    held = toml.read(file)
    for key in held.data:
        if key != ALLOW:
            message = f"unknown option {key!r}{did_you_mean(key, [ALLOW])}"
            raise ConfigError(message, held.path, held.line((key,)))

    def raise_at(message: str, path: tuple[str, ...]) -> ConfigError:
        return ConfigError(message, held.path, held.line(path))

    real = Path(os.path.realpath(root))
    for folder in Texts().read(held.data.get(ALLOW, []), At((ALLOW,), {}, raise_at)):
        allowed = os.path.expanduser(folder)
        if not os.path.isabs(allowed):
            raise raise_at(f"{ALLOW!r} has to hold absolute directories, not {folder!r}", (ALLOW,))
        if real.is_relative_to(os.path.realpath(allowed)):
            return True
    return False
