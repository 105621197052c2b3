"""Finds rules: packages named by the entry-point group ``mongolint.rules``, every module of which may hold one.

mongolint's own rules are found the same way as a third party's. Of the linted tree nothing is imported, unless the
user lets a project bring rules along (`use_local`): a project's own file cannot.
"""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import os
import pkgutil
import re
import sys
from collections.abc import Collection, Iterator
from functools import lru_cache
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType

from mongolint.config.places import project_file
from mongolint.config.reading import local_rules
from mongolint.config.user import allows_local_rules, user_file
from mongolint.engine.rulebook.packages import GROUP, rule_packages
from mongolint.rule import Example, Rule
from mongolint.selectors import RuleInfo

OWN_PREFIX = "MDB"
_CODE = re.compile(r"[A-Z]{2,}[0-9]{3,}")
_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
# Directories with rules of linted projects that the user allows, each with the project's
_local: dict[Path, Path] = {}
# The project that brought a rule along, by code
_homes: dict[str, Path] = {}


class RegistryError(Exception):
    """Two rules of one code or name, or a rule package that cannot be imported: one line that names the package."""


@lru_cache(maxsize=1)
def all_rules() -> tuple[Rule, ...]:
    """Every installed rule, by code.

    Raises:
        RegistryError: no rule runs as long as one package is broken, because nobody would notice that its are missing.
    """
    found: dict[str, Rule] = {}
    homes: dict[str, str] = {}
    for module in _modules():
        rule = getattr(module, "rule", None)
        if not isinstance(rule, Rule):
            continue
        rule.doc = inspect.cleandoc(module.__doc__ or "")
        for word in (rule.code, rule.name):
            if word in homes:
                places = f"{_place(homes[word])} and {_place(module.__name__)}"
                raise RegistryError(f"rule {word} is defined twice: by {places}")
            homes[word] = module.__name__
        _check(rule, module.__name__)
        folder = _folder_of(module.__name__)
        if folder is not None:
            _homes[rule.code] = _local[folder]
        found[rule.code] = rule
    return tuple(found[code] for code in sorted(found))


def _check(rule: Rule, module: str) -> None:
    wrong = ""
    if not _CODE.fullmatch(rule.code):
        wrong = "a code is capital letters and at least three digits, as SHOP001"
    elif not _NAME.fullmatch(rule.name):
        wrong = "a name is small words with hyphens between, as print-call"
    elif rule.code.startswith(OWN_PREFIX) and not module.startswith(GROUP + "."):
        wrong = f"codes with {OWN_PREFIX} are mongolint's own"
    if wrong:
        raise RegistryError(f"rule {rule.code} {rule.name} of {_place(module)}: {wrong}")


def _place(module: str) -> str:
    folder = _folder_of(module)
    return f"{module.rpartition('.')[2]} in {folder}" if folder else module


def _modules() -> Iterator[ModuleType]:
    for package, called in rule_packages():
        yield from _walk(package, called)
    for folder in _local:
        name = _local_name(folder)
        if name not in sys.modules:
            spec = ModuleSpec(name, None, is_package=True)
            spec.submodule_search_locations = [str(folder)]
            sys.modules[name] = importlib.util.module_from_spec(spec)
        yield from _walk(name, f"local rules in {folder}")


def _walk(package: str, what: str) -> Iterator[ModuleType]:
    """A module and all below it. Whatever goes wrong in somebody else's code becomes one line."""
    name = package
    try:
        module = importlib.import_module(name)
        yield module
        for info in pkgutil.walk_packages(getattr(module, "__path__", ()), package + "."):
            name = info.name
            yield importlib.import_module(name)
    except (Exception, SystemExit) as error:
        reason = " ".join(str(error).split())
        message = f"{what} cannot be imported: {_place(name)}: {type(error).__name__}: {reason}"
        raise RegistryError(message.rstrip(": ")) from error


@lru_cache(maxsize=1)
def examples() -> dict[str, tuple[Example, ...]]:
    """The examples of each rule, by code."""
    return {
        module.rule.code: tuple(getattr(module, "EXAMPLES", ()))
        for module in _modules()
        if isinstance(getattr(module, "rule", None), Rule)
    }


def rule_infos() -> dict[str, RuleInfo]:
    """What configuration needs to know of every rule, by code."""
    return {
        rule.code: RuleInfo(rule.code, rule.name, rule.options, rule.preview, _homes.get(rule.code))
        for rule in all_rules()
    }


def tiers() -> dict[str, str]:
    return {rule.code: rule.tier for rule in all_rules()}


def tokens_of(codes: Collection[str]) -> list[str]:
    """What makes a file worth reading as code to any of these rules."""
    return [token for rule in all_rules() if rule.code in codes for token in rule.tokens]


def find_rule(word: str) -> Rule | None:
    """The rule of this code or name, in any case of letters."""
    return next((r for r in all_rules() if word.lower() in (r.code.lower(), r.name)), None)


def use_local(start: Path, *, allowed: bool = False, file: Path | None = None) -> str:
    """Find the rules, too, that the project around a path brings along, if the user lets it.

    Args:
        allowed: by the command line; else the user's own configuration says so.
        file: the configuration, where it is not the project's.

    Returns:
        A line for the user where there are such rules and they may not be loaded; else nothing.

    Raises:
        ConfigError: a mistake in the project's configuration, or in the user's.
        RegistryError: a directory is not there, or not in the project, or what is in it is broken.
    """
    file = file or project_file(start)
    if file is None:
        return ""
    root = Path(os.path.realpath(file.parent))
    for folder, origin in local_rules(file):
        place = f"{origin.file}:{origin.line}"
        if not (allowed or allows_local_rules(root)):
            return (
                f"{place}: 'local-rules' are not loaded, because they would run code of this project; "
                f"allow it with --allow-local-rules, or for good in {user_file()}"
            )
        real = Path(os.path.realpath(folder))
        if not real.is_relative_to(root):
            raise RegistryError(f"{place}: 'local-rules' lead out of the project: {folder}")
        if not real.is_dir():
            raise RegistryError(f"{place}: 'local-rules': no such directory: {folder}")
        if real not in _local:
            _take(real, root)
    return ""


def _take(folder: Path, root: Path) -> None:
    """Add a directory of local rules; one that is broken is left out again."""
    _local[folder] = root
    caches = (all_rules, examples)
    for cache in caches:
        cache.cache_clear()
    try:
        all_rules()
    except RegistryError:
        del _local[folder]
        for cache in caches:
            cache.cache_clear()
        raise


def _local_name(folder: Path) -> str:
    return f"mongolint_local_rules_{str(folder).encode().hex()}"


def _folder_of(module: str) -> Path | None:
    """The directory that a module of local rules was loaded from."""
    return next((folder for folder in _local if module.split(".")[0] == _local_name(folder)), None)
