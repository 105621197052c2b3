"""The questions of the checklist, and the words that answer them.

Sources: the manuals of the server, its tools and its drivers; of Docker's image ``mongo``, Compose, Kubernetes, Helm
charts of Bitnami, the Atlas provider of Terraform.
"""

from __future__ import annotations

import re

from mongolint.fastclasses import NamedTuple


class Topic(NamedTuple):
    """``shows``: what answers the question; ``bears``: what only has to do with it, and ``note`` says how.

    ``near``: what has to stand within a few lines around as well. ``not_near``: what must not. ``in_ci``: a workflow
    shows it, too; else what a workflow says is true of the tests that it runs, not of more. ``unless``: where this
    stands anywhere, what only has to do with the question tells nothing. ``doubted``: what has to do with it speaks
    against what shows it elsewhere.
    """

    topic: str
    question: str
    shows: re.Pattern[str] | None
    near: re.Pattern[str] | None = None
    not_near: re.Pattern[str] | None = None
    bears: re.Pattern[str] | None = None
    note: str = ""
    in_ci: bool = False
    unless: re.Pattern[str] | None = None
    doubted: bool = False


def _words(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.MULTILINE)


def _run(tool: str) -> str:
    """A command with arguments, as a shell or a list of words has it; not its name in a list of packages."""
    return rf"""(?<![\w.-]){tool}(?:["']?\s*,\s*["']?|\s+["']?)(?:-{{1,2}}[a-zA-Z]|\$|\{{\{{)"""


# What makes something run again and again
_SCHEDULE = (
    r"\bschedule\s*[:=]|\bkind:\s*CronJob\b|\bOnCalendar=|\bOnUnitActiveSec=|\bcron(tab)?\b|@(daily|hourly|weekly)\b|"
    r"^\s*[\d*/,-]+\s+[\d*/,-]+\s+[\d*/,-]+\s+[\d*/,-]+\s+[\d*/,-]+\s"
)
_BACKUP = rf"{_run('mongodump')}|\bpbm\s+backup\b"
# Services that keep backups by themselves
_KEPT = r"\bmongodbatlas_cloud_backup_schedule\b|\bcloud_backup\s*=\s*true|\bbackup_enabled\s*=\s*true|\bPBM_AGENT\w*"
_RESTORE = rf"{_run('mongorestore')}|\bpbm\s+restore\b"
_SERVER_IMAGE = r"(?<![\w-])(?:mongo|mongodb-(?:community|enterprise)-server|bitnami/mongodb|percona-server-mongodb):"

# A server that somebody runs here, with the rest of its line
SERVER = _words(
    rf"{_SERVER_IMAGE}[\w.-]+|^\s*(?:-\s*)?image:\s*[\"']?(?:docker\.io/(?:library/)?)?mongo[\"']?\s*$|{_run('mongod')}"
)
REPLICA_SET = _words(
    r"--replSet\b|\breplicaSet=|\breplSetName\b|\breplica_set\s*=|\brs\.initiate\b|\breplSetInitiate\b|"
    r"mongodb\+srv://|\bmongodbatlas_(?:advanced_)?cluster\b|\barchitecture:\s*[\"']?replicaset\b|"
    r"\bMONGO(?:DB)?_REPLICA_SET_\w+|\bkind:\s*(?:MongoDBCommunity|PerconaServerMongoDB)\b"
)
_TOO_MUCH = r"\broot\b|AnyDatabase\b|\bdbOwner\b|\bclusterAdmin\b"

# The user that the image makes, which may do everything, where code asks for it
ROOT = _words(r"""["']MONGO_INITDB_ROOT_(?:USERNAME|PASSWORD)["']|^\s*MONGO_INITDB_ROOT_(?:USERNAME|PASSWORD)\s*:""")
ROOT_NOTE = (
    "the application asks for the user that the server's image makes as its root: if it logs in as that, whoever gets "
    "into the application may read and change everything on the server"
)

# The changelog of PyMongo: 3.13, of November 2022, is the last release before 4
DRIVER = "Does the driver still get fixes, and does it support the server that is deployed?"
DRIVER_NOTE = (
    "{} of what PyMongo 4 took away, and keep the project at PyMongo 3, whose last release is of 2022; which servers "
    "that supports, the compatibility table of the driver says"
)

# MongoDB's documentation, "MongoDB with Python"
MOTOR_NOTE = (
    "Motor is deprecated in favour of the asynchronous API of PyMongo since May 2025: it gets bug fixes until May "
    "2026, and those of critical bugs until May 2027"
)

# MongoDB's lifecycle schedules: when the support of a server ended, that of later ones is a question for them
ENDED = {
    "3.6": "April 2021",
    "4.0": "April 2022",
    "4.2": "April 2023",
    "4.4": "February 2024",
    "5.0": "October 2024",
    "6.0": "July 2025",
}
ENDED_NOTE = "MongoDB ended the support of {} in {}: what is found later is not mended there"

TOPICS = (
    Topic(
        "backup",
        "Is a backup taken regularly, and who would notice that it stopped?",
        _words(f"{_BACKUP}|{_KEPT}"),
        near=_words(f"{_SCHEDULE}|{_KEPT}"),
        bears=_words(_BACKUP),
        note="a dump is taken, but nothing shows that it is taken regularly",
        in_ci=True,
    ),
    Topic(
        "restore",
        "Has a restore been tried, and how long does it take?",
        _words(_RESTORE),
        near=_words(_SCHEDULE),
        bears=_words(_RESTORE),
        note="a restore is written down; whether it has been tried is not shown",
        in_ci=True,
    ),
    Topic(
        "replica set",
        "Does production run a replica set? Transactions and change streams need one.",
        REPLICA_SET,
        bears=SERVER,
        note="a server is started, and no line of the repository makes it a member of a replica set: if "
        "production runs like that, the server is a standalone and refuses transactions and change streams",
    ),
    Topic(
        "monitoring",
        "Does anything watch slow queries, connections and replication lag?",
        _words(r"\bmongodb[_-]exporter\b|\bmongodbatlas_alert_configuration\b|\bmongodb\.d/conf\b"),
        bears=_words(
            r"\bevent_listeners\s*=|\bmonitoring\.register\(|\bPymongoInstrumentor\b|\bset_?[pP]rofiling_?[lL]evel\b"
        ),
        note="the commands of the driver are watched; that somebody watches the server is not shown",
    ),
    Topic(
        "health",
        "Does a health check of the application ask the database?",
        None,
        bears=_words(r"""(?:mongosh?\b|command\W|--eval).*\bping\b|adminCommand\(.*\bping\b"""),
        near=_words(r"\bhealthcheck:|Probe:|\bHEALTHCHECK\b"),
        note="the server itself is asked whether it is up; no check of the application is seen to do so",
    ),
    Topic(
        "version",
        "Which server version is deployed? How long it is supported, MongoDB's lifecycle schedules say.",
        _words(rf"{_SERVER_IMAGE}\d[\w.-]*|\bmongo_db_major_version\s*=\s*\"\d"),
        bears=_words(rf"{_SERVER_IMAGE}(?!\d)[\w.-]+|^\s*(?:-\s*)?image:\s*[\"']?mongo[\"']?\s*$"),
        note="no version is named: what is deployed changes with the next pull",
    ),
    Topic(
        "login",
        "Does the server ask for a login?",
        _words(
            r"""\bmongod\b.*--auth\b|^\s*-?\s*["']?--auth["']?\s*$|\bMONGO_INITDB_ROOT_USERNAME(?:_FILE)?\b|"""
            r"\bauthorization:\s*[\"']?enabled\b|\bmongodbatlas_database_user\b|\bMONGODB_ROOT_PASSWORD(?:_FILE)?\b"
        ),
        bears=SERVER,
        unless=_words(r"\bmongodb(?:\+srv)?://[^/\s\"'@]+@|--keyFile\b|\bkeyFile:"),
        note="a server is started, and no line of the repository makes it ask for a login: started like that, it lets "
        "whoever reaches its port read and change everything",
    ),
    Topic(
        "encryption",
        "Are connections to the database encrypted, and is the certificate of the server checked?",
        _words(
            r"\b(?:tls|ssl)=true\b|\btls\s*=\s*True\b|\btlsCAFile\b\s*[\"']?\s*[=:]|mongodb\+srv://|"
            r"--tlsMode[=\s]+[\"']?requireTLS\b|^\s*mode:\s*[\"']?requireTLS\b"
        ),
        bears=_words(
            r"\b(?:tlsAllowInvalid(?:Certificates|Hostnames)|tlsInsecure)\b[\"']?\s*[=:]\s*[Tt]rue\b|"
            r"\bssl_cert_reqs\b[\"']?\s*[=:]\s*(?:ssl\.)?CERT_NONE\b"
        ),
        note="a client is made that does not check whose certificate it gets: whoever gets between it and the server "
        "can read what is sent, and change it",
        doubted=True,
    ),
    Topic(
        "rights",
        "Does each service log in as a user of its own, with no more rights than it needs?",
        None,
        bears=_words(r"\bdb\.createUser\(|\bcreateUser:|\bmongodbatlas_database_user\b"),
        note="a user is made; that each service has one of its own, which may do no more than it has to, is not shown",
    ),
)
