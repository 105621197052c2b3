"""What rules ask of clients: the questions of `mongolint.project.clients`, each answered once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mongolint.link import functions
from mongolint.link.atoms import External, const
from mongolint.link.states.memory import held, held_by
from mongolint.mongo.clientoptions import TIME_LIMITS
from mongolint.mongo.drivers import TIMEOUT_CONTEXTS
from mongolint.project.clients import driverversion, extensions, monitoring, options, percall, removed, timezones
from mongolint.project.clients.extensions import ExtensionSite
from mongolint.project.clients.options import Fate, Option, Options
from mongolint.project.clients.percall import PerCall
from mongolint.project.clients.removed import RemovedCall

if TYPE_CHECKING:
    from mongolint.project.clients.sites import ClientSite
    from mongolint.project.model import Project
    from mongolint.project.operations import Operation


class Clients:
    """Answers for one project."""

    def __init__(self, project: Project) -> None:
        self.project = project

    @held_by
    def options(self, site: ClientSite) -> Options:
        """The options that a client is made with."""
        return options.read(self.project, site)

    def gives_up(self, operation: Operation) -> bool:
        """Whether each client that an operation may run through waits for an answer only for some time."""
        made = {c.database.client for c in operation.collections if c.database.client is not None}
        if not made and self._extension_gives_up:
            return True
        places = {(client.module, client.row) for client in made if client.row >= 0}
        every = self.project.clients
        sites = [site for site in every if (site.module, site.row) in places or (not places and len(every) == 1)]
        return bool(sites) and all(self.options(site).limits("socketTimeoutMS") for site in sites)

    def knows_timeout(self, module: int) -> bool:
        """Whether nothing says that the driver is older than ``timeoutMS`` and ``pymongo.timeout``."""
        return self._has(module, driverversion.TIMEOUT)

    def knows_limit_of_find(self, module: int) -> bool:
        """Whether nothing says that the driver is older than ``find(…, max_time_ms=…)``."""
        return self._has(module, driverversion.FIND_LIMIT)

    @held_by
    def _has(self, module: int, since: driverversion.Releases) -> bool:
        # Calls that are gone may never run, or fail: what gets installed is for the requirements to say
        return driverversion.is_new(self.project, module, since) and (
            not self._calls_removed or driverversion.is_surely_new(self.project, module, since)
        )

    @held
    def _calls_removed(self) -> bool:
        return any(operation.method.removed for operation in self.project.operations)

    def knows_new_names(self, module: int) -> bool:
        """Whether nothing says that the driver is older than the names that replaced other options of clients."""
        return driverversion.is_new(self.project, module, driverversion.NEW_NAMES)

    @held
    def extensions(self) -> list[tuple[int, int]]:
        """The calls at which Flask-PyMongo makes a client of the application's configuration."""
        return [(module, row) for module, row in extensions.sites(self.project) if not self.project.is_script(module)]

    @held
    def _extension_gives_up(self) -> bool:
        return extensions.gives_up(self.project)

    @held
    def unlimited_extensions(self) -> list[ExtensionSite]:
        """Where Flask-PyMongo makes a client that nothing limits in time."""
        return [each for each in extensions.unlimited(self.project) if not self.project.is_script(each.module)]

    def knows_transactions(self, module: int) -> bool:
        """Whether nothing says that the driver is older than ``start_transaction``."""
        return driverversion.is_new(self.project, module, driverversion.TRANSACTIONS)

    def unknown(self, site: ClientSite) -> list[Option]:
        """The options that no client has."""
        return options.unknown(self.options(site), site.flavour)

    def may_be_limited(self, operation: Operation) -> bool:
        """Whether an operation of which no client is known may run within a time limit that code elsewhere sets."""
        return self._sets_limits and all(made.database.client is None for made in operation.collections)

    @held
    def _sets_limits(self) -> bool:
        """Whether code outside of tests limits all that runs within: ``with pymongo.timeout(5):``."""
        link, tests = self.project.link, self.project.tests
        called = {name.rpartition(".")[2] for name in TIMEOUT_CONTEXTS}
        places = ((m, row) for name in called for m, row in link.gathered(functions.CALLS, name) if m not in tests)
        return any(
            type(atom) is External and atom.name in TIMEOUT_CONTEXTS
            for module, row in places
            for atom in link.value(module, link.node(module, row)[1])
        )

    def is_meant_to_limit(self, module: int, row: int) -> bool:
        """Whether the client made at ``row`` is given an option that it does not know, and that is meant as a limit."""
        sites = [site for site in self.project.clients if (site.module, site.row) == (module, row)]
        names = [self.nearest(option) for site in sites for option in self.unknown(site)]
        return any(name.lower() in TIME_LIMITS for name in names)

    def gone(self, site: ClientSite) -> list[Option]:
        """The options that clients had once."""
        return options.gone(self.options(site))

    def nearest(self, option: Option) -> str:
        """The option that an unknown one is meant for; "" where none is near."""
        return options.nearest(option.name)

    def fate(self, option: Option) -> Fate:
        """What became of an option that clients had once."""
        return options.fate(option.name)

    def is_on(self, option: Option) -> bool:
        """Whether an option is switched on, for certain."""
        return option.value == (const(True),)

    def per_call(self, site: ClientSite) -> PerCall | None:
        """How a client is made anew each time; None where it is not."""
        return percall.per_call(self.project, site)

    def is_by_hand(self, place: ClientSite | Operation) -> bool:
        """Whether a person runs what makes a client, or an operation: a script, a migration, a test."""
        project, module = self.project, place.module
        if module in project.tests or project.is_script(module):
            return True
        return project.reachability.loading.is_for_hand(module)

    @held
    def removed_calls(self) -> list[RemovedCall]:
        """The calls of what PyMongo 4 no longer has, where surely no older one gets installed."""
        return list(removed.find(self.project))

    @held
    def watched(self) -> bool:
        """Whether anything watches the commands of clients."""
        return monitoring.is_watched(self.project)

    @held
    def aware_uses(self) -> dict[ClientSite, timezones.AwareUse]:
        """The clients that read dates without a time zone, which code compares with dates that have one."""
        return timezones.find(self.project)
