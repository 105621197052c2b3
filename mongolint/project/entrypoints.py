"""Where frameworks start an application and let requests in: one table of decorators, base classes and registrations.

Names are matched by their last part, and by the package where the linker knows it. What is not in the table is
``unknown``: whoever gets a function that way may run it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Literal

from mongolint.fastclasses import NamedTuple
from mongolint.link.atoms import ClassRef, External, ExternalObject, FunctionRef, Instance, Value
from mongolint.link.states.memory import held, held_by
from mongolint.project.reach.uses import Use, Uses, own_name

if TYPE_CHECKING:
    from mongolint.link.linker import Linker

# start: once per process; request, event: each time somebody asks; task: by a worker or a clock; command: by hand;
# run: at once, by whoever hands it on
Kind = Literal["start", "request", "event", "task", "command", "run", "unknown"]


class Entry(NamedTuple):
    """What makes a function run from outside. ``route``: the path that requests name, where it is spelled out."""

    kind: Kind
    route: str = ""


class Application(NamedTuple):
    """The call that makes an application, and the class: ``fastapi.FastAPI``."""

    module: int
    row: int
    name: str


def words(text: str) -> frozenset[str]:
    """The words of a text: a table that can be read."""
    return frozenset(text.split())


# Applications and workers, by the class or function that makes them

_APPLICATIONS = words(
    """
    fastapi.FastAPI fastapi.applications.FastAPI starlette.applications.Starlette flask.Flask flask.app.Flask
    quart.Quart quart.app.Quart sanic.Sanic aiohttp.web.Application tornado.web.Application litestar.Litestar
    bottle.Bottle falcon.App falcon.API falcon.asgi.App connexion.App connexion.FlaskApp connexion.AsyncApp
    robyn.Robyn blacksheep.Application grpc.server grpc.aio.server
    celery.Celery faust.App huey.RedisHuey taskiq.TaskiqScheduler faststream.FastStream
    discord.Client discord.Bot discord.ext.commands.Bot discord.ext.commands.AutoShardedBot disnake.ext.commands.Bot
    telegram.ext.Updater telegram.ext.Application.builder telegram.ext.ApplicationBuilder telegram.ext.Application
    aiogram.Dispatcher pyrogram.Client telethon.TelegramClient telebot.TeleBot slack_bolt.App
    django.core.wsgi.get_wsgi_application django.core.asgi.get_asgi_application
    django.core.management.execute_from_command_line pyramid.config.Configurator
    """
)
_APPLICATION_WORDS = frozenset(name.rpartition(".")[2] for name in _APPLICATIONS)

# Decorators

_VERBS = frozenset(["get", "post", "put", "delete", "patch", "head", "options", "trace"])
_DECORATORS: Mapping[str, Kind] = {
    **dict.fromkeys(words("route api_route websocket websocket_route add_url_rule view_config"), "request"),
    **dict.fromkeys(words("before_request after_request teardown_request before_app_request"), "request"),
    **dict.fromkeys(words("after_app_request teardown_app_request teardown_appcontext middleware"), "request"),
    **dict.fromkeys(words("before_websocket on_request on_response api_view resolver field mutation"), "request"),
    **dict.fromkeys(words("exception_handler errorhandler app_errorhandler context_processor user_loader"), "request"),
    **dict.fromkeys(words("before_first_request before_app_first_request before_serving while_serving"), "start"),
    **dict.fromkeys(words("before_server_start after_server_start main_process_start main_process_ready"), "start"),
    **dict.fromkeys(words("on_event listener on_startup on_shutdown startup shutdown after_serving"), "start"),
    **dict.fromkeys(words("task shared_task periodic_task actor job scheduled_job cron crontab timer agent"), "task"),
    **dict.fromkeys(words("subscriber loop repeat_every db_task db_periodic_task"), "task"),
    **dict.fromkeys(words("event listen hybrid_command slash_command message_handler on_message"), "event"),
    **dict.fromkeys(words("callback_query_handler callback_query inline_query action message"), "event"),
    **dict.fromkeys(words("hybrid_group slash_group user_command message_command"), "event"),
    **dict.fromkeys(words("on_callback_query on_inline_query on_edited_message on_chosen_inline_result"), "event"),
    **dict.fromkeys(words("on_deleted_messages on_chat_member_updated on_chat_join_request on_poll"), "event"),
}
# Of them those that name the time themselves: nobody has to ask
_PERIODIC = words("periodic_task scheduled_job cron crontab timer loop repeat_every db_periodic_task")
# How they name it
_UNITS = ("seconds", "minutes", "hours", "days", "weeks")
# Decorators that command lines and bots have in common
_COMMANDS = frozenset(["command", "group", "callback"])
_BOT_COMMANDS = frozenset(["hybrid_command", "hybrid_group", "slash_command", "slash_group"])
# A group of commands by its name, which a client's is not
_CLI = re.compile(r"cli(?!ent)")
# Decorators that leave it to the callers when the function runs
_PLAIN = words(
    """
    staticmethod classmethod property setter getter deleter cached_property lru_cache cache cached alru_cache wraps
    contextmanager asynccontextmanager abstractmethod override overload final retry on_exception on_predicate
    deprecated validate_call typechecked no_type_check singledispatch
    """
)
_PLAIN_OF_CLASSES = words("dataclass define attrs s frozen mutable final runtime_checkable total_ordering")
_COMMAND_PACKAGES = ("click", "typer", "asyncclick", "rich_click", "flask.cli", "quart.cli", "cyclopts", "fire")
# Runners of commands whose ``task`` and ``add_task`` are named like those of queues
_TASK_RUNNERS = ("invoke", "fabric")
_BOT_PACKAGES = ("discord", "disnake", "nextcord", "telegram", "aiogram", "pyrogram", "telethon", "telebot")
# Bots start in handlers that are told apart by name
_START_EVENTS = frozenset(["on_ready", "setup_hook", "on_connect", "cog_load", "on_startup"])

# Methods that a base class of a framework runs

_REQUEST_METHODS = _VERBS | words(
    """
    dispatch dispatch_request prepare initialize open on_message on_connect on_receive list create retrieve update
    partial_update destroy process_request process_response on_get on_post on_put on_delete on_patch
    """
)
_REQUEST_BASES = words(
    """
    View MethodView APIView GenericAPIView ViewSet ModelViewSet GenericViewSet Resource HTTPEndpoint WebSocketEndpoint
    RequestHandler WebSocketHandler HTTPMethodView BaseHTTPMiddleware MiddlewareMixin AsyncWebsocketConsumer
    """
)
_HOOKS: Mapping[str, Mapping[str, Kind]] = {
    "AppConfig": {"ready": "start"},
    "BaseCommand": {"handle": "command"},
    "Task": {"run": "task"},
    **dict.fromkeys(["Client", "Bot", "AutoShardedBot", "Cog"], dict.fromkeys(_START_EVENTS, "start")),
}
# Of all these what stands before or behind every handler
_OF_EVERY_REQUEST = words(
    """
    before_request after_request teardown_request before_app_request after_app_request teardown_app_request middleware
    on_request on_response BaseHTTPMiddleware MiddlewareMixin
    """
)
# Base classes that run no method which they do not name themselves
_QUIET_BASES = ("builtins.", "abc.", "typing.", "typing_extensions.", "enum.", "pydantic.", "dataclasses.")

# Functions handed to a call or a keyword

_INJECTED = ("Depends", "Security", "Provide")
_REGISTERS: Mapping[str, Kind] = {
    **dict.fromkeys(_INJECTED, "request"),
    **dict.fromkeys(words("add_api_route add_route add_url_rule add_get add_post add_put add_delete"), "request"),
    **dict.fromkeys(words("add_patch add_head add_view add_websocket_route add_api_websocket_route"), "request"),
    **dict.fromkeys(words("Route WebSocketRoute APIRoute path re_path url route view add_resource"), "request"),
    **dict.fromkeys(words("before_request after_request add_exception_handler add_middleware"), "request"),
    **dict.fromkeys(words("add_event_handler register_listener add_startup_handler on_startup"), "start"),
    **dict.fromkeys(words("add_job add_periodic_task schedule_job do every"), "task"),
    **dict.fromkeys(words("CommandHandler MessageHandler CallbackQueryHandler InlineQueryHandler"), "event"),
    **dict.fromkeys(words("ChosenInlineResultHandler ChatMemberHandler ChatJoinRequestHandler TypeHandler"), "event"),
    **dict.fromkeys(words("PrefixHandler PollAnswerHandler PreCheckoutQueryHandler add_error_handler"), "event"),
    **dict.fromkeys(words("register_message_handler register_callback_query_handler"), "event"),
    **dict.fromkeys(words("run create_task ensure_future Thread Process Timer run_in_executor to_thread"), "run"),
    **dict.fromkeys(words("run_in_threadpool run_sync submit partial call_soon call_later add_callback"), "run"),
    **dict.fromkeys(words("call_soon_threadsafe run_until_complete gather add_task spawn start_soon map"), "run"),
}
_KEYWORDS: Mapping[str, Kind] = {
    **dict.fromkeys(words("lifespan on_startup startup before_startup after_startup post_init on_shutdown"), "start"),
    "view_func": "request",
    "dependencies": "request",
}
_START_LISTS = frozenset(["on_startup", "cleanup_ctx", "startup", "on_shutdown", "startup_hooks"])

# Functions that are run from outside by their name alone
_CONVENTIONAL = re.compile(
    r"main|cli|app|application|(create|make|build|get|init)_app(lication)?|app_factory|lifespan|lambda_handler|"
    r"(on_)?startup|on_starting|when_ready|post_fork|post_worker_init|setup_hook"
)


class Entrypoints:
    """Answers what makes a function run from outside of the project's own calls."""

    def __init__(self, link: Linker, uses: Uses) -> None:
        self.link = link
        self.uses = uses

    @held
    def applications(self) -> list[Application]:
        """Where applications are made, tests left out."""
        every = (module for module in range(len(self.link.modules)) if module not in self.link.tests)
        return [application for module in every for application in self._applications_in(module)]

    @held_by
    def _applications_in(self, module: int) -> list[Application]:
        facts = self.link.modules[module]
        return [
            Application(module, call.row, name)
            for call in facts.calls
            if own_name(facts, facts.nodes[call.row][1]) in _APPLICATION_WORDS
            for name in self._externals(self.link.value(module, facts.nodes[call.row][1]))
            if name in _APPLICATIONS
        ]

    def application_modules(self) -> set[int]:
        """The modules that make an application, define one, or hold what a framework runs."""
        found = {application.module for application in self.applications}
        for module in range(len(self.link.modules)):
            if module not in self.link.tests and module not in found and self._has_application_part(module):
                found.add(module)
        return found

    @held_by
    def _has_application_part(self, module: int) -> bool:
        return any(self._is_application_part(module, scope.index) for scope in self.link.modules[module].scopes)

    def _is_application_part(self, module: int, scope: int) -> bool:
        kind = self.link.scope(module, scope).kind
        if kind == "class":
            names = self.link.hierarchy.external_bases(ClassRef(module, scope))
            return any(name in _APPLICATIONS or name.rpartition(".")[2] in _REQUEST_BASES for name in names)
        if kind == "function" and self.link.scope(module, scope).decorators:
            entry = self._decorated(module, scope)
            return entry is not None and entry.kind in ("start", "request", "event", "task")
        return False

    def of(self, module: int, scope: int) -> Entry | None:
        """What a function's decorators, its class or its being injected make of it."""
        entry = self._decorated(module, scope) or self._hook(module, scope)
        if entry is None and (module, scope) in self._injected:
            return Entry("request")
        return entry

    def is_periodic(self, module: int, scope: int) -> bool:
        """Whether a clock runs a function again and again, as its decorator says."""
        rows = self.link.scope(module, scope).decorators
        return any(self._last_name(module, row) in _PERIODIC for row in rows)

    def interval(self, module: int, scope: int) -> str:
        """How long a clock waits between two runs, where its decorator says it in one unit: "10 seconds"."""
        facts = self.link.modules[module]
        for row in self.link.scope(module, scope).decorators:
            if facts.nodes[row][0] == "call" and self._last_name(module, row) in _PERIODIC:
                given = [(name, facts.constant(value)) for name, value in facts.nodes[row][2] if name in _UNITS]
                unit, count = given[0] if len(given) == 1 else ("", 0)
                if isinstance(count, int) and count > 0:
                    return f"{count} {unit}" if count > 1 else str(unit)[:-1]
        return ""

    def is_conventional(self, module: int, scope: int) -> bool:
        """Whether servers, consoles and extensions run a function for its name."""
        entry = self.link.scope(module, scope)
        names = {param.name for param in entry.params}
        if entry.name in ("handler", "setup"):
            return bool(names & {"event", "context", "bot", "client", "app"})
        return entry.parent == 0 and _CONVENTIONAL.fullmatch(entry.name) is not None

    def is_factory(self, module: int, scope: int) -> bool:
        """Whether servers make the application by a function, ``gunicorn "shop.main:create_app()"``, as scripts may."""
        if not self.is_conventional(module, scope):
            return False
        made = (self.link.call_at(module, each.row) for each in self.applications if each.module == module)
        return any(call is not None and call.scope == scope for call in made)

    # Decorators

    def _decorated(self, module: int, scope: int) -> Entry | None:
        entries = [self._decorator(module, row, scope) for row in self.link.scope(module, scope).decorators]
        found = [entry for entry in entries if entry is not None]
        return next((entry for entry in found if entry.kind != "unknown"), found[0] if found else None)

    def _decorator(self, module: int, row: int, scope: int) -> Entry | None:
        facts = self.link.modules[module]
        args: tuple[tuple[str | None, int], ...] = ()
        node = facts.nodes[row]
        if node[0] == "call":
            args, row = node[2], node[1]
        name = own_name(facts, row)
        if name in _PLAIN:
            return None
        texts = [facts.constant(given) for _, given in args]
        route = next((text for text in texts if isinstance(text, str)), "")
        packages = list(self._packages(module, row))
        if name in _COMMANDS:
            return Entry(self._of_command(module, row, packages))
        if name == "task" and _starts(packages, _TASK_RUNNERS):
            return Entry("command")
        if self.link.scope(module, scope).name in _START_EVENTS and name in ("event", "listen", "listener"):
            return Entry("start")
        if name == "connect":
            return Entry("start" if _starts(packages, ("celery",)) else "unknown")
        if name in _VERBS:
            return Entry("request" if route.startswith("/") or not route else "unknown", route)
        if name == "on" and _starts(packages, _BOT_PACKAGES):
            return Entry("event")
        return Entry(_DECORATORS.get(name, "unknown"), route)

    def _of_command(self, module: int, row: int, packages: list[str], depth: int = 4) -> Kind:
        """What ``command`` is: a command line's (click, Typer, Flask's ``app.cli``), or what users ask of a bot."""
        facts = self.link.modules[module]
        if _starts(packages, _COMMAND_PACKAGES):
            return "command"
        if _starts(packages, _BOT_PACKAGES):
            return "event"
        base = facts.nodes[row]
        if base[0] != "attr":
            return "unknown"
        groups = [atom for atom in self.link.value(module, base[1]) if type(atom) is FunctionRef]
        for kind in (self._of_group(group, depth - 1) for group in groups if depth):
            if kind != "unknown":
                return kind
        return "command" if _CLI.search(own_name(facts, base[1]).lower()) else "unknown"

    def _of_group(self, group: FunctionRef, depth: int) -> Kind:
        """What the commands of a group are: what makes the group says."""
        facts = self.link.modules[group.module]
        for row in self.link.scope(group.module, group.scope).decorators:
            node = facts.nodes[row]
            made = node[1] if node[0] == "call" else row
            name = own_name(facts, made)
            if name in _COMMANDS:
                return self._of_command(group.module, made, list(self._packages(group.module, made)), depth)
            if name in _BOT_COMMANDS:
                return "event"
        return "unknown"

    def _packages(self, module: int, row: int) -> Iterator[str]:
        """The names outside of the project of a decorator, or of what it is an attribute of, with its classes."""
        yield from self._externals(self.link.value(module, row))
        node = self.link.node(module, row)
        if node[0] == "attr":
            value = self.link.value(module, node[1])
            yield from self._externals(value)
            for cls in (ClassRef(*atom[:2]) for atom in value if type(atom) is Instance):
                yield from self.link.hierarchy.external_bases(cls)

    def _externals(self, value: Value) -> Iterator[str]:
        return (atom.name for atom in value if type(atom) in (External, ExternalObject))

    # Base classes

    def _hook(self, module: int, scope: int) -> Entry | None:
        cls = self.link.method_class(module, scope)
        if cls is None:
            return None
        name = self.link.scope(module, scope).name
        bases = [base for base in self.link.hierarchy.external_bases(cls) if not base.startswith(_QUIET_BASES)]
        for base in bases:
            last = base.rpartition(".")[2]
            if last in _REQUEST_BASES and name in _REQUEST_METHODS:
                return Entry("request")
            if name in _HOOKS.get(last, {}):
                return Entry(_HOOKS[last][name])
        if name.startswith("__"):
            decorators = self.link.scope(*cls).decorators
            odd = any(self._last_name(module, row) not in _PLAIN_OF_CLASSES for row in decorators)
            return Entry("unknown") if odd else None
        return Entry("unknown") if bases else None

    def is_of_every_request(self, module: int, scope: int) -> bool:
        """Whether a function stands before or behind every handler: a middleware, or a hook."""
        cls = self.link.method_class(module, scope)
        bases = self.link.hierarchy.external_bases(cls) if cls is not None else ()
        names = {base.rpartition(".")[2] for base in bases}
        names.update(self._last_name(module, row) for row in self.link.scope(module, scope).decorators)
        return bool(names & _OF_EVERY_REQUEST)

    def _last_name(self, module: int, row: int) -> str:
        facts = self.link.modules[module]
        node = facts.nodes[row]
        return own_name(facts, node[1] if node[0] == "call" else row)

    @held
    def _injected(self) -> set[tuple[int, int]]:
        """Constructors of classes that a bare ``Depends()`` makes for an annotated parameter."""
        return {each for module in range(len(self.link.modules)) for each in self._injected_in(module)}

    @held_by
    def _injected_in(self, module: int) -> set[tuple[int, int]]:
        facts, found = self.link.modules[module], set[tuple[int, int]]()
        for scope in facts.scopes:
            for param in scope.params:
                node = facts.nodes[param.default] if param.default is not None else ("none",)
                if node[0] == "call" and not node[2] and own_name(facts, node[1]) in _INJECTED:
                    hint = self.link.annotated(module, param.annotation) if param.annotation is not None else ()
                    found.update(self._constructors(hint))
        return found

    def _constructors(self, value: Value) -> Iterator[tuple[int, int]]:
        for atom in value:
            init = self.link.hierarchy.find(ClassRef(*atom[:2]), "__init__") if hasattr(atom, "init") else None
            if init is not None:
                yield init.module, init.scope

    # Registrations

    def registered(self, use: Use) -> Entry | None:
        """What handing a function on makes of it; None where it is called, or only kept."""
        if use.called:
            return None
        facts = self.link.modules[use.module]
        if use.row == use.operand:
            is_kept = any(store.value == use.row and store.name == "lifespan_context" for store in facts.stores)
            return Entry("start") if is_kept else None
        held, row = use.operand, use.row
        for _ in range(4):
            node = facts.nodes[row]
            if node[0] == "call":
                return self._registration(use.module, row, held)
            if node[0] not in ("seq", "dict", "star", "await"):
                return None
            held, row = row, next(self.uses.parents(use.module).users(row), row)
            if held == row:
                return None
        return None

    def _registration(self, module: int, row: int, held: int) -> Entry | None:
        facts = self.link.modules[module]
        _, function, args = facts.nodes[row]
        keyword = next((keyword for keyword, given in args if given == held), None)
        texts = [facts.constant(given) for _, given in args]
        route = next((text for text in texts if isinstance(text, str)), "")
        if keyword is not None and keyword in _KEYWORDS:
            return Entry(_KEYWORDS[keyword])
        node = facts.nodes[function]
        if node[0] == "call":  # app.get("/users")(handler)
            inner = self._decorator(module, function, 0)
            return inner if inner is not None and inner.kind != "unknown" else None
        name = own_name(facts, function)
        if name == "add_task" and _starts(self._packages(module, function), _TASK_RUNNERS):
            return Entry("command")
        if node[0] == "attr" and name in ("append", "extend", "insert", "add"):
            return Entry("start") if own_name(facts, node[1]) in _START_LISTS else None
        if name == "connect" and _starts(list(self._packages(module, function)), ("celery",)):
            return Entry("start")
        if name in _VERBS:
            return Entry("request", route) if route.startswith("/") else None
        if name == "add_event_handler" and route not in ("", "startup", "shutdown"):
            return Entry("event")
        return Entry(_REGISTERS[name], route) if name in _REGISTERS else None


def _starts(names: Iterable[str], packages: tuple[str, ...]) -> bool:
    return any(name == package or name.startswith(f"{package}.") for name in names for package in packages)
