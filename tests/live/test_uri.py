"""Connection strings: what of them may be shown."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from mongolint.live.uri import LiveError, Uri

SECRETIVE = (
    "mongodb://grace%40navy:p%3Aq%20r@db1:27017,db2/shop?authSource=admin&tlsCertificateKeyFilePassword=k3y"
    "&authMechanismProperties=AWS_SESSION_TOKEN:t0k3n,OTHER:x1y2"
)


def test_parts() -> None:
    uri = Uri(f" {SECRETIVE}\n")
    assert (uri.hosts, uri.database, uri.has_login) == ("db1:27017,db2", "shop", True)
    assert uri.secret == SECRETIVE
    assert "grace" not in f"{uri} {uri!r}"
    plain = Uri("mongodb+srv://cluster.example.com")
    assert (plain.hosts, plain.database, plain.has_login) == ("cluster.example.com", None, False)
    assert Uri("mongodb://h/a%2Db.c?x=y").database == "a-b"


@pytest.mark.parametrize(
    "secret", ["grace%40navy", "grace@navy", "p%3Aq%20r", "p:q r", "k3y", "AWS_SESSION_TOKEN:t0k3n", "t0k3n", "x1y2"]
)
def test_words_with_a_secret_are_withheld(secret: str) -> None:
    uri = Uri(SECRETIVE)
    assert secret not in uri.clean(f"cannot use {secret!r}")
    assert "withheld" in uri.clean(f"({secret})\nfailed")
    assert uri.clean("the shop at db1:27017\nis closed") == "the shop at db1:27017 is closed"


def test_a_short_secret_in_a_word_is_chance() -> None:
    uri = Uri("mongodb://a:e@host")
    assert uri.clean("a name cannot be resolved").startswith("(")
    assert uri.clean("name lookup failed") == "name lookup failed"
    assert "withheld" in uri.clean("bad port 'e'")


@given(st.text(min_size=1), st.text(min_size=4), st.text())
def test_no_form_of_a_password_comes_through(user: str, password: str, around: str) -> None:
    assume(len(" ".join(password.split())) > 3)
    for form in (quote(password, safe=""), quote_plus(password)):
        uri = Uri(f"mongodb://{quote_plus(user)}:{form}@host/db")
        for spelled in (password, form):
            assert uri.clean(f"{around} {spelled} {around}").startswith("(the words of the driver are withheld")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the URI has to begin with mongodb:// or mongodb+srv://"),
        ("u:pw1234@host", "the URI has to begin with mongodb:// or mongodb+srv://"),
        ("http://u:pw1234@host", "the URI has to begin with mongodb:// or mongodb+srv://"),
        ("mongodb://", "the URI names no host"),
        ("mongodb://u:pw1234@", "the URI names no host"),
        ("mongodb:///shop", "the URI names no host"),
        ("mongodb://u:pw/1234@host", "the URI has an @ after its hosts; in a user name, a password or an option"),
        ("mongodb://u:pw?1234@host", "the URI has an @ after its hosts; in a user name, a password or an option"),
    ],
)
def test_no_uri(text: str, message: str) -> None:
    with pytest.raises(LiveError) as caught:
        Uri(text)
    assert str(caught.value).startswith(message)
    assert "1234" not in str(caught.value)


def test_secrets_are_not_in_what_debuggers_show() -> None:
    uri: Any = Uri(SECRETIVE)
    assert not hasattr(uri, "__dict__")
