"""Finds rules: packages named by the entry-point group ``mongolint.rules``, every module of which may hold one.

mongolint's own rules are found the same way as a third party's. Nothing of the linted tree is imported:
entry points come from installed distributions only.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from functools import lru_cache
from importlib.metadata import entry_points
from types import ModuleType

from mongolint.rule import Example, Rule
from mongolint.selectors import RuleInfo

GROUP = "mongolint.rules"


class RegistryError(Exception):
    """Two rules of one code or name, or a rule package that cannot be imported."""


@lru_cache(maxsize=1)
def all_rules() -> tuple[Rule, ...]:
    """Every installed rule, by code."""
    found: dict[str, Rule] = {}
    names: dict[str, str] = {}
    for module in _modules():
        rule = getattr(module, "rule", None)
        if not isinstance(rule, Rule):
            continue
        rule.doc = inspect.cleandoc(module.__doc__ or "")
        if rule.code in found or rule.name in names:
            raise RegistryError(f"rule {rule.code} {rule.name} is defined twice")
        found[rule.code] = rule
        names[rule.name] = module.__name__
    return tuple(found[code] for code in sorted(found))


def _modules() -> Iterator[ModuleType]:
    for entry in sorted(entry_points(group=GROUP), key=lambda e: e.value):
        try:
            package = importlib.import_module(entry.value)
        except ImportError as error:
            raise RegistryError(f"rule package {entry.value} cannot be imported: {error}") from error
        yield package
        for info in pkgutil.walk_packages(getattr(package, "__path__", ()), package.__name__ + "."):
            yield importlib.import_module(info.name)


@lru_cache(maxsize=1)
def examples() -> dict[str, tuple[Example, ...]]:
    """The examples of each rule, by code."""
    return {
        module.rule.code: tuple(module.EXAMPLES)
        for module in _modules()
        if isinstance(getattr(module, "rule", None), Rule)
    }


def rule_infos() -> dict[str, RuleInfo]:
    """What configuration needs to know of every rule, by code."""
    return {rule.code: RuleInfo(rule.code, rule.name, rule.options) for rule in all_rules()}


def tiers() -> dict[str, str]:
    return {rule.code: rule.tier for rule in all_rules()}


def find_rule(word: str) -> Rule | None:
    """The rule of this code or name, in any case of letters."""
    return next((r for r in all_rules() if word.lower() in (r.code.lower(), r.name)), None)
