"""Fixes where clients are made: options renamed, inverted and deleted, a client made once."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Any

import pymongo
import pytest

from mongolint.engine.load import Loaded, load
from mongolint.engine.mend import mend
from mongolint.engine.run import Result, check
from mongolint.finding import Applicability, Fix
from mongolint.testing import project


def fix(code: str, rule: str, root: Path) -> tuple[str, str]:
    """The code after the fixes of a rule, and why the first finding that is left cannot be fixed."""

    def look(loaded: Loaded) -> Result:
        return check(loaded, {rule}, loaded.project.config, fixes=True)

    def reload(changed: Any, previous: Loaded) -> Loaded:
        return load([root], previous.project.config, root, overlay=changed, jobs=1, previous=previous)

    mended = mend(project(code, root), look, reload, unsafe=True)
    assert not mended.failures
    left = [finding.fix.reason for finding in mended.result.findings if isinstance(finding.fix, Fix)]
    return next((text.decode() for text in mended.changed.values()), code), next(iter(left), "")


OPTIONS = {
    "keyword": ("MongoClient(wtimeout=5)", "MongoClient(wTimeoutMS=5)"),
    "case is kept elsewhere": ("MongoClient(URI, J=True, w=1)", "MongoClient(URI, journal=True, w=1)"),
    "literal uri": ("MongoClient('mongodb://a/?j=true&w=1')", "MongoClient('mongodb://a/?journal=true&w=1')"),
    "f-string": ("MongoClient(f'mongodb://{H}/?wtimeout=5')", "MongoClient(f'mongodb://{H}/?wTimeoutMS=5')"),
    "no host name": ("MongoClient(ssl_match_hostname=False)", "MongoClient(tlsAllowInvalidHostnames=True)"),
    "a host name": ("MongoClient(ssl_match_hostname=True)", "MongoClient(tlsAllowInvalidHostnames=False)"),
    "no certificate": ("MongoClient(ssl_cert_reqs=ssl.CERT_NONE)", "MongoClient(tlsAllowInvalidCertificates=True)"),
    "a certificate": ("MongoClient(ssl_cert_reqs=ssl.CERT_OPTIONAL)", "MongoClient(tlsAllowInvalidCertificates=False)"),
    "gone": ("MongoClient(URI, socketKeepAlive=True)", "MongoClient(URI)"),
    "gone, in front": ("MongoClient(waitQueueMultiple=3, w=1)", "MongoClient(w=1)"),
    "one file": ("MongoClient(ssl_certfile='a.pem')", "MongoClient(tlsCertificateKeyFile='a.pem')"),
}
LEFT = {
    "two files": ("MongoClient(ssl_certfile='a', ssl_keyfile='b')", "one file with both"),
    "at run time": ("MongoClient(ssl_match_hostname=H)", "known only at run time"),
    "in a dict": ("MongoClient(**{'wtimeout': 5})", "not written in the call"),
    "uri elsewhere": ("MongoClient(OLD)", "not written in the call"),
    "given as well": ("MongoClient(wtimeout=5, wTimeoutMS=6)", "given already"),
}
HEAD = """\
import ssl

from pymongo import MongoClient

URI = 'mongodb://a'
OLD = 'mongodb://a/?j=true'
H = 'a'
client = """


@pytest.mark.parametrize(("before", "after"), OPTIONS.values(), ids=OPTIONS)
def test_deprecated_options(before: str, after: str, tmp_path: Path) -> None:
    code, left = fix(f"{HEAD}{before}\n", "MDB304", tmp_path)
    assert (code, left) == (f"{HEAD}{after}\n", "")


@pytest.mark.parametrize(("before", "reason"), LEFT.values(), ids=LEFT)
def test_deprecated_options_that_are_left(before: str, reason: str, tmp_path: Path) -> None:
    code, left = fix(f"{HEAD}{before}\n", "MDB304", tmp_path)
    assert code == f"{HEAD}{before}\n"
    assert reason in left


SAFE = {
    "wtimeout=5": True,
    "ssl_ca_certs='a'": True,
    "socketKeepAlive=True": True,
    "socketKeepAlive=False": False,
    "waitQueueMultiple=3": False,
    "ssl_match_hostname=False": False,
}


@pytest.mark.parametrize(("given", "safe"), SAFE.items(), ids=SAFE)
def test_how_safe(given: str, safe: bool, tmp_path: Path) -> None:
    loaded = project(f"{HEAD}MongoClient({given})\n", tmp_path)
    found = check(loaded, {"MDB304"}, loaded.project.config, fixes=True).findings
    assert isinstance(found[0].fix, Fix)
    assert found[0].fix.applicability is (Applicability.SAFE if safe else Applicability.UNSAFE)


REQUIRED = {"pymongo==3.8.0": False, "pymongo>=3.8": True, "motor==2.0": False, "pymongo==3.9.0": True, "": True}


@pytest.mark.parametrize(("line", "changed"), REQUIRED.items(), ids=REQUIRED)
def test_the_driver_has_to_know_the_new_name(line: str, changed: bool, tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text(line + "\n")
    code, left = fix(f"{HEAD}MongoClient(wtimeout=5)\n", "MDB304", tmp_path)
    assert ("wTimeoutMS" in code) is changed
    assert ("older one" in left) is not changed


@pytest.mark.parametrize("after", [after for _, after in OPTIONS.values() if "pem" not in after])
def test_the_driver_takes_what_is_written(after: str) -> None:
    call = after.replace("MongoClient(", "MongoClient(connect=False, tls=True, ").replace("URI, ", "host=URI, ")
    call = call.replace("tls=True, URI", "tls=True, host=URI").replace("tls=True, 'mongo", "tls=True, host='mongo")
    call = call.replace("tls=True, f'", "tls=True, host=f'")
    names = {"MongoClient": pymongo.MongoClient, "URI": "mongodb://a", "H": "a", "ssl": ssl}
    eval(call, names).close()


UNKNOWN = {
    "another spelling": ("MongoClient(max_pool_size=5)", "MongoClient(maxPoolSize=5)"),
    "in a uri": ("MongoClient('mongodb://a/?maxPoolSiz=5&w=1')", "MongoClient('mongodb://a/?maxPoolSize=5&w=1')"),
    "milliseconds": ("MongoClient(socketTimeout=500)", "MongoClient(socketTimeoutMS=500)"),
    "seconds": ("MongoClient(socketTimeout=5)", "MongoClient(socketTimeout=5)"),
    "nothing near": ("MongoClient(slave_okay=True)", "MongoClient(slave_okay=True)"),
    "given as well": ("MongoClient(max_pool_size=5, maxPoolSize=6)", "MongoClient(max_pool_size=5, maxPoolSize=6)"),
}


@pytest.mark.parametrize(("before", "after"), UNKNOWN.values(), ids=UNKNOWN)
def test_unknown_options(before: str, after: str, tmp_path: Path) -> None:
    code, _ = fix(f"{HEAD}{before}\n", "MDB303", tmp_path)
    assert code == f"{HEAD}{after}\n"


WEB = "from flask import Flask\nfrom pymongo import MongoClient\n\napp = Flask(__name__)\nURI = 'mongodb://a'\n"
HOISTED = {
    "decorated": (
        "@app.get('/')\n@app.get('/b')\ndef show():\n    client = MongoClient(URI)\n    return client.a.b.find_one()\n",
        "client = MongoClient(URI)\n\n\n@app.get('/')\n@app.get('/b')\ndef show():\n    return client.a.b.find_one()\n",
    ),
    "helper": (
        "def load():\n    # all of it\n    client = MongoClient(\n        URI,\n        timeoutMS=5,  # s\n    )\n"
        "    return client.a.b.find_one()\n\n\n@app.get('/')\ndef show():\n    return load()\n",
        "client = MongoClient(\n    URI,\n    timeoutMS=5,  # s\n)\n\n\ndef load():\n    # all of it\n"
        "    return client.a.b.find_one()\n\n\n@app.get('/')\ndef show():\n    return load()\n",
    ),
}
UNMOVED = {
    "closed": ("client = MongoClient(URI)\nclient.close()\nreturn 1", "closes it"),
    "with": ("with MongoClient(URI) as client:\n    return client.a.b.find_one()", "statement of its own"),
    "at once": ("return MongoClient(URI).a.b.find_one()", "statement of its own"),
    "comment": ("client = MongoClient(URI)  # new\nreturn client.a.b.find_one()", "comment"),
    "made here": ("uri = URI + '/x'\nclient = MongoClient(uri)\nreturn client.a.b.find_one()", "made in the function"),
    "twice": ("client = MongoClient(URI)\nclient = client.a\nreturn client.b.find_one()", "more than once"),
    "name taken": ("app = MongoClient(URI)\nreturn app.a.b.find_one()", "another app"),
    "inner": ("client = MongoClient(URI)\ndef f():\n    return client\nreturn f()", "inner function"),
}


@pytest.mark.parametrize(("before", "after"), HOISTED.values(), ids=HOISTED)
def test_hoisted(before: str, after: str, tmp_path: Path) -> None:
    code, _ = fix(f"{WEB}\n\n{before}", "MDB302", tmp_path)
    assert code == f"{WEB}\n\n{after}"


@pytest.mark.parametrize(("body", "reason"), UNMOVED.values(), ids=UNMOVED)
def test_not_hoisted(body: str, reason: str, tmp_path: Path) -> None:
    lines = "".join(f"    {line}\n" for line in body.splitlines())
    before = f"{WEB}\n\n@app.get('/')\ndef show():\n{lines}"
    code, left = fix(before, "MDB302", tmp_path)
    assert code == before
    assert reason in left


COMMENTED = {
    "the last": ("    w=1  # all\n", "    w=1,  # all\n    timeoutMS=5000\n"),
    "with a comma": ("    w=1,  # all\n", "    w=1,  # all\n    timeoutMS=5000,\n"),
    "none": ("    w=1\n", "    w=1,\n    timeoutMS=5000\n"),
}


@pytest.mark.parametrize(("before", "after"), COMMENTED.values(), ids=COMMENTED)
def test_a_comment_stays_with_its_argument(before: str, after: str, tmp_path: Path) -> None:
    code, left = fix(f"{HEAD}MongoClient(\n    URI,\n{before})\n", "MDB301", tmp_path)
    assert (code, left) == (f"{HEAD}MongoClient(\n    URI,\n{after})\n", "")
