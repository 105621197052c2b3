"""Options: where they are written, what they may hold, which rules and files they name.

May not know rules beyond their codes, names and option defaults, nor read any file but those that hold options.
"""

from mongolint.config.errors import ConfigError
from mongolint.config.kinds import check_selectors
from mongolint.config.places import load, load_project, options_file, project_root
from mongolint.config.reading import load_file
from mongolint.config.schema import DEFAULT_EXCLUDE, FORMATS, INDEX_SOURCES, OPTIONS, Config, Option, Origin
from mongolint.selectors import RuleInfo, did_you_mean, resolve_selection

__all__ = [
    "DEFAULT_EXCLUDE",
    "FORMATS",
    "INDEX_SOURCES",
    "OPTIONS",
    "Config",
    "ConfigError",
    "Option",
    "Origin",
    "RuleInfo",
    "check_selectors",
    "did_you_mean",
    "load",
    "load_file",
    "load_project",
    "options_file",
    "project_root",
    "resolve_selection",
]
