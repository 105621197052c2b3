"""Whether anything watches the commands that clients send.

Sources: PyMongo documentation, "Monitoring" (listeners) and "Logging" (the logger ``pymongo.command``, since 4.7);
OpenTelemetry, Datadog, Elastic APM, New Relic, Sentry, Logfire and AWS X-Ray: their instrumentations of PyMongo.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mongolint.facts.shapes import Row
from mongolint.link.atoms import External

if TYPE_CHECKING:
    from mongolint.project.model import Project

# Packages that listen to the driver by themselves, or by a call that takes no client
PACKAGES = ("opentelemetry", "ddtrace", "elasticapm", "newrelic", "sentry_sdk", "logfire", "aws_xray_sdk", "scout_apm")
_LISTENERS = ("monitoring", "event_loggers", "CommandListener", "CommandLogger")


def is_watched(project: Project) -> bool:
    """Whether the code does anything that shows which commands run, and how long: listeners, tracing, the profiler.

    What tests do watches no program.
    """
    for module, facts in enumerate(project.modules):
        if module in project.tests:
            continue
        if any(_tells(package, name) for package, name, level in facts.imports if not level):
            return True
        if any(_names_listener(project, module, node) for _, node in facts.of_kind("const", "call", "attr")):
            return True
    return False


def _tells(package: str, name: str) -> bool:
    if package.partition(".")[0] in PACKAGES:
        return True
    return package.startswith("pymongo") and (name in _LISTENERS or package.rpartition(".")[2] in _LISTENERS)


def _names_listener(project: Project, module: int, node: Row) -> bool:
    """A keyword ``event_listeners``, ``pymongo.monitoring`` as an attribute, the driver's logger, the profiler."""
    if node[0] == "const":
        return node[1] in ("event_listeners", "profile", "pymongo", "pymongo.command") or (
            isinstance(node[1], str) and node[1].startswith("pymongo.") and " " not in node[1]
        )
    if node[0] == "call":
        return any(keyword == "event_listeners" for keyword, _ in node[2])
    # An object of the program may have an attribute "monitoring", too
    return node[2] == "set_profiling_level" or (node[2] == "monitoring" and _is_driver(project, module, node[1]))


def _is_driver(project: Project, module: int, row: int) -> bool:
    """Whether an expression is the package of the driver."""
    return any(atom == External("pymongo") for atom in project.link.value(module, row))
