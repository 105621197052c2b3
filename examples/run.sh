#!/bin/sh
# Installs mongolint into .venv and runs it over the example backend, which has faults planted in it.
set -eu
cd "$(dirname "$0")/.."
[ -x .venv/bin/python ] || python3 -m venv .venv
.venv/bin/python -m pip install --quiet --disable-pip-version-check --editable .
.venv/bin/mongolint check "$@" examples/bookshelf
