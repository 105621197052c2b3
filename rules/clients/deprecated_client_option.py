"""An option of a client that PyMongo 4 no longer has.

What it flags
    ``wtimeout``, ``j``, ``ssl_ca_certs``, ``ssl_certfile``, ``ssl_keyfile``, ``ssl_crlfile``, ``ssl_pem_passphrase``,
    ``ssl_match_hostname``, ``ssl_cert_reqs``, ``socketKeepAlive`` and ``waitQueueMultiple``, as keywords of a client or
    in a connection string in the code.

Why it hurts
    PyMongo 4 raises ConfigurationError for the keyword, so the application does not start after the upgrade; of a
    connection string it drops the option with a warning, be it the one that checks certificates.

What it leaves alone
    Subclasses of a client, which may take options of their own.

Fix and its safety
    The new name (all since PyMongo 3.9), where it means the same. Safe. Unsafe where the new option says the
    opposite (``ssl_match_hostname``, ``ssl_cert_reqs``), or where PyMongo 3 still does what an option says that nothing
    replaces. ``ssl_certfile`` beside ``ssl_keyfile`` is left to a person: ``tlsCertificateKeyFile`` names one file with
    both.

Sources
    PyMongo documentation, ``MongoClient`` ("Changed in version" 3.9, 3.12, 4.0) and "PyMongo 4 Migration Guide".
"""

from collections.abc import Iterator
from dataclasses import replace

from mongolint.rule import Applicability, Bad, ClientSite, Draft, Finding, Good, NoFix, Project, Rule, Severity

rule = Rule("MDB304", "deprecated-client-option", Severity.MEDIUM, fix=Applicability.SAFE, in_tests=True)
_FILES = ("ssl_certfile", "ssl_keyfile")
_TOGETHER = "put key and certificate into one file, and name it by tlsCertificateKeyFile"
_REMOVED = {
    "socketkeepalive": "is always on in PyMongo 4",
    "waitqueuemultiple": "does nothing in PyMongo 4",
}


@rule.on(ClientSite)
def check(client: ClientSite, project: Project) -> Iterator[Finding]:
    gone = project.made_clients.gone(client)
    names = {option.name for option in gone}
    for option in gone:
        fate = project.made_clients.fate(option)

        def write(draft: Draft, option=option, fate=fate) -> None:  # type: ignore[no-untyped-def]
            if (set(_FILES) <= names and option.name in _FILES) or fate.kind == "joined":
                raise NoFix("tlsCertificateKeyFile names one file with both")
            if fate.kind == "inverted":
                draft.invert_client_option(client, option, fate.name)
            elif fate.kind == "removed":
                draft.remove_client_option(client, option)
            else:
                draft.rename_client_option(client, option, fate.name)

        what = _REMOVED.get(option.name.lower(), "is gone since PyMongo 4")
        where = "drops it from the connection string with a warning" if option.source == "uri" else "refuses it"
        form = {"joined": _TOGETHER, "removed": "delete it", "inverted": f"write {fate.name}, which says the opposite"}
        todo = form.get(fate.kind, f"write {fate.name}")
        which = "" if option.name.lower() == "waitqueuemultiple" else f", which {where}"
        repair = rule.repair(todo if fate.kind != "joined" else "name one file", write, text=todo)
        if fate.kind == "inverted":
            repair = replace(repair, applicability=Applicability.UNSAFE, reason="it says the opposite of the old one")
        elif fate.kind == "removed" and not project.made_clients.is_on(option):
            repair = replace(repair, applicability=Applicability.UNSAFE, reason="PyMongo 3 still does what it says")
        yield rule.finding(project.token(client.module, client.row), f"{option.name} {what}{which}; {todo}", fix=repair)


EXAMPLES = [
    Bad(
        """\
        import ssl

        from pymongo import MongoClient

        client = MongoClient(
            "mongodb://localhost",
            timeoutMS=5000,
            tls=True,
            ssl_ca_certs="ca.pem",
            ssl_cert_reqs=ssl.CERT_REQUIRED,
            ssl_match_hostname=False,
            j=True,
            socketKeepAlive=True,
        )
        """,
        at=("MongoClient",) * 5,
        message="ssl_ca_certs is gone since PyMongo 4, which refuses it; write tlsCAFile",
        fixed="""\
        import ssl

        from pymongo import MongoClient

        client = MongoClient(
            "mongodb://localhost",
            timeoutMS=5000,
            tls=True,
            tlsCAFile="ca.pem",
            tlsAllowInvalidCertificates=False,
            tlsAllowInvalidHostnames=True,
            journal=True,
        )
        """,
    ),
    Bad(
        """\
        from pymongo import MongoClient

        first = MongoClient("mongodb://localhost/?wtimeout=500&w=2", timeoutMS=5000)
        second = MongoClient(ssl_certfile="cert.pem", ssl_keyfile="key.pem", timeoutMS=5000)
        """,
        at=("MongoClient", "MongoClient", "MongoClient"),
        message="wtimeout is gone since PyMongo 4, which drops it from the connection string with a warning",
        fixed="""\
        from pymongo import MongoClient

        first = MongoClient("mongodb://localhost/?wTimeoutMS=500&w=2", timeoutMS=5000)
        second = MongoClient(ssl_certfile="cert.pem", ssl_keyfile="key.pem", timeoutMS=5000)
        """,
    ),
    Good(
        """\
        import requests
        from pymongo import MongoClient

        client = MongoClient(tls=True, tlsCAFile="ca.pem", journal=True, wTimeoutMS=500, timeoutMS=5000)
        session = requests.Session()
        session.mount("https://", object(), ssl_ca_certs="ca.pem")
        """,
        why="the new names; the old ones in another call",
    ),
]
