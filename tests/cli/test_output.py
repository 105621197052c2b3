"""Colours, terminals, progress: what differs between a person and a program at the other end."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
from typing import Any

import pytest

from mongolint.cli.terminal import Progress

_STYLE = re.compile(r"\x1b\[[\d;]*m")


def test_colours(shop: Any) -> None:
    """The option wins over NO_COLOR, that over FORCE_COLOR; without any, a pipe gets none."""
    plain = shop.check()
    assert "\x1b" not in plain.out
    for arguments, env, coloured in (
        (["--color", "always"], {"NO_COLOR": "1"}, True),
        (["--color", "never"], {"FORCE_COLOR": "1"}, False),
        ([], {"FORCE_COLOR": "1"}, True),
        ([], {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
    ):
        run = shop.check(*arguments, env=env)
        assert ("\x1b[" in run.out) is coloured
        assert _STYLE.sub("", run.out) == plain.out
        assert run.code == 1
        if coloured:
            assert "\x1b[31mhigh MDB101\x1b[0m" in run.out
            assert "\x1b[34mlow MDB503\x1b[0m" in run.out
    assert "\x1b" not in shop.check("--color", "always", "--format", "json").out
    assert "\x1b[31mMDB101\x1b[0m" in shop.check("--color", "always", "--statistics").out
    assert "\x1b[31mMDB101\x1b[0m" in shop.run("rules", env={"FORCE_COLOR": "1"}).out


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo terminal")
def test_terminal(shop: Any) -> None:
    for term, coloured in (("xterm", True), ("dumb", False)):
        main, other = os.openpty()
        env = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "FORCE_COLOR")} | {"TERM": term}
        command = [sys.executable, "-m", "mongolint", "check", "shop"]
        run = subprocess.run(command, cwd=shop.root, stdout=other, stderr=subprocess.PIPE, env=env, check=False)
        os.close(other)
        shown = os.read(main, 100_000).decode()
        os.close(main)
        assert (run.returncode, run.stderr) == (1, b"")
        assert ("\x1b[31m" in shown) is coloured


def test_reader_that_stops(shop: Any) -> None:
    """``mongolint check | head`` ends without a word."""
    shop.write({f"app{number}.py": (shop.root / "shop/orders.py").read_text() for number in range(150)})
    command = [sys.executable, "-m", "mongolint", "check", "--format", "json"]
    with subprocess.Popen(command, cwd=shop.root, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stderr
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""


class Screen(io.StringIO):
    """Like a terminal that someone watches."""

    def isatty(self) -> bool:
        return True


def test_progress(monkeypatch: pytest.MonkeyPatch) -> None:
    """One line that is rewritten and at last wiped out; only on a terminal, only after a while, never in CI."""
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    screen = Screen()
    progress = Progress(stream=screen, patience=0)
    progress(50, 100)
    progress.say("checking")
    progress.close()
    progress.close()
    first, second = "mongolint: read 50 of 100 files …", "mongolint: checking …"
    assert screen.getvalue() == f"\r{first}\r{second.ljust(len(first))}\r{' ' * len(second)}\r"
    for quiet in (
        Progress(stream=io.StringIO(), patience=0),
        Progress(False, screen := Screen(), patience=0),
        Progress(stream=(patient := Screen())),
    ):
        quiet(1, 2)
        quiet.close()
    assert screen.getvalue() == patient.getvalue() == ""
    monkeypatch.setenv("CI", "true")
    Progress(stream=screen, patience=0)(1, 2)
    assert screen.getvalue() == ""
