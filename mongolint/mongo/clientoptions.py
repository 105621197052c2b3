"""The options of a client: those it knows, those that went, and what became of them.

Data only; may not import a driver. Sources: ``pymongo.common`` of PyMongo 4.20.1 (``VALIDATORS``), with which a test
compares these tables; the docstring of ``MongoClient`` ("versionchanged 3.9", "3.12", "4.0") and ``pymongo.common`` of
PyMongo 3.13.0 for those that are gone. Tried on PyMongo 4.20.1: as a keyword, a name that the client does not know
raises ConfigurationError; in a connection string it only warns, and is dropped.
"""

from __future__ import annotations

from types import MappingProxyType

# The driver compares names without case; these are the spellings of its documentation
_NAMES = """
    appname authMechanism authMechanismProperties authOIDCAllowedHosts authSource auto_encryption_opts compressors
    connect connectTimeoutMS datetime_conversion directConnection document_class driver enableOverloadRetargeting
    enable_overload_retargeting event_listeners fsync heartbeatFrequencyMS journal loadBalanced localThresholdMS
    maxAdaptiveRetries maxConnecting maxIdleTimeMS maxPoolSize maxStalenessSeconds max_adaptive_retries minPoolSize
    password readConcernLevel readPreference readPreferenceTags read_preference replicaSet retryReads retryWrites
    serverMonitoringMode serverSelectionTimeoutMS server_api server_selector socketTimeoutMS srvAllowedHostsSuffix
    srvMaxHosts srvServiceName srv_host_validator ssl timeoutMS tls tlsAllowInvalidCertificates
    tlsAllowInvalidHostnames tlsCAFile tlsCRLFile tlsCertificateKeyFile tlsCertificateKeyFilePassword
    tlsDisableOCSPEndpointCheck tlsInsecure type_registry tz_aware tzinfo unicode_decode_error_handler username
    uuidRepresentation w wTimeoutMS waitQueueTimeoutMS zlibCompressionLevel
"""
OPTIONS = MappingProxyType({name.lower(): name for name in _NAMES.split()})
# The parameters that may be given by position, and those that are no options of the connection
POSITIONAL = ("host", "port", "document_class", "tz_aware", "connect", "type_registry")
# Motor's own (Motor 3.7.1, core.py); Flask-PyMongo hands its keywords on
MOTOR = frozenset({"io_loop"})

# Time that the client itself limits: an operation, an answer, the choice of a server, a connection
TIME_LIMITS = ("timeoutms", "sockettimeoutms", "serverselectiontimeoutms", "connecttimeoutms")

# What became of old names. Each is another name for the same, save for those below.
RENAMED = MappingProxyType(
    {
        "wtimeout": "wTimeoutMS",
        "j": "journal",
        "ssl_ca_certs": "tlsCAFile",
        "ssl_certfile": "tlsCertificateKeyFile",
        "ssl_crlfile": "tlsCRLFile",
        "ssl_pem_passphrase": "tlsCertificateKeyFilePassword",
    }
)
# The new option says the opposite
INVERTED = MappingProxyType(
    {"ssl_match_hostname": "tlsAllowInvalidHostnames", "ssl_cert_reqs": "tlsAllowInvalidCertificates"}
)
# tlsCertificateKeyFile names one file with both
JOINED = frozenset({"ssl_keyfile"})
# They went, because what they did is always so, or no longer there
REMOVED = frozenset({"socketkeepalive", "waitqueuemultiple"})
GONE = frozenset({*RENAMED, *INVERTED, *JOINED, *REMOVED})

# What people write for an option that is called otherwise
MEANT = MappingProxyType({"maxtimems": "timeoutMS", "max_time_ms": "timeoutMS"})
