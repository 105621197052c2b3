"""``print`` becomes a log line with the same text, at the right level, where that is certain."""

from __future__ import annotations

import contextlib
import io
import logging
import textwrap
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from mongolint.engine.load import Loaded, load
from mongolint.engine.mend import mend
from mongolint.engine.registry import all_rules
from mongolint.engine.run import Result, check
from mongolint.finding import Fix
from mongolint.testing import project

DRIVER = "import pymongo\n"
Lines = list[tuple[str, str]]


def fixed(code: str, folder: Path, driver: str = DRIVER) -> str:
    """The code after all fixes of the rule."""
    loaded = project({"app/service.py": code, "app/db.py": driver}, folder)
    tokens = [token for rule in all_rules() for token in rule.tokens]

    def run(loaded: Loaded) -> Result:
        result = check(loaded, {"MDB503"}, loaded.project.config, fixes=True)
        assert not result.crashes
        return result

    def reload(overlay: Mapping[str, bytes], previous: Loaded) -> Loaded:
        config = loaded.project.config
        return load([folder], config, folder, overlay=overlay, tokens=tokens, previous=previous)

    mended = mend(loaded, run, reload, unsafe=True)
    assert not mended.failures
    path = str(folder / "app" / "service.py")
    return mended.changed.get(path, textwrap.dedent(code).encode()).decode()


def reason(code: str, folder: Path) -> str:
    """Why the first print is left as it is."""
    loaded = project({"app/service.py": code, "app/db.py": DRIVER}, folder)
    result = check(loaded, {"MDB503"}, loaded.project.config, fixes=True)
    fix = result.findings[0].fix
    assert isinstance(fix, Fix)
    assert not fix.edits
    assert fix.text
    return fix.reason


@contextlib.contextmanager
def logged() -> Iterator[Lines]:
    """The log lines of a block: level and text."""
    lines: Lines = []

    class Collector(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append((record.levelname, record.getMessage()))

    handler = Collector()
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        yield lines
    finally:
        root.removeHandler(handler)
        root.setLevel(level)


def run(code: str) -> tuple[str, Lines]:
    """What code prints, and what it logs."""
    output = io.StringIO()
    with contextlib.redirect_stdout(output), logged() as lines:
        exec(compile(code, "service", "exec"), {"__name__": "service"})
    return output.getvalue(), lines


NAMES = """\
import decimal
import datetime
class Thing:
    name = "n"
    def __repr__(self):
        return "<thing>"
    def __str__(self):
        return "thing"
thing = Thing()
n, total, x, w = 3, 12.5, "text", 8
name, price = "Ann", 2.675
document = {"_id": 1, "a": [1, 2], "%s": "odd"}
pairs = (1, 2)
args = (1,)
items = ["a", "b"]
when = datetime.datetime(2024, 5, 6, 7, 8)
"""

# Calls, each with the code that is to take its place
SHAPES = [
    ('print("plain")', 'logger.info("plain")'),
    ("print('single')", "logger.info('single')"),
    ('print("100%")', 'logger.info("100%")'),
    ('print("100%", n)', 'logger.info("100%% %s", n)'),
    ('print(f"{n}% of {total:.1f}%")', 'logger.info("%s%% of %.1f%%", n, total)'),
    ('print("a", n, "c")', 'logger.info("a %s c", n)'),
    ("print(n)", 'logger.info("%s", n)'),
    ("print(n, x)", 'logger.info("%s %s", n, x)'),
    ('print("a", "b")', 'logger.info("a b")'),
    ('print("a", n, sep="")', 'logger.info("a%s", n)'),
    ('print("a", n, x, sep=", ")', 'logger.info("a, %s, %s", n, x)'),
    ('print("a", n, sep="%")', 'logger.info("a%%%s", n)'),
    ('print("a", n, sep=None, end="\\n", flush=True)', 'logger.info("a %s", n)'),
    ('print("a", n, file=None)', 'logger.info("a %s", n)'),
    ('print(f"{thing}, {thing!r}, {thing!s}, {thing!a}")', 'logger.info("%s, %r, %s, %a", thing, thing, thing, thing)'),
    ('print(f"{n=}, {thing = }")', 'logger.info("n=%r, thing = %r", n, thing)'),
    ('print(f"{x=!s}")', 'logger.info("x=%s", x)'),
    ('print(f"{total=:.2f}")', 'logger.info("total=%.2f", total)'),
    ('print(f"{n:05d} {n:x} {total:8.3f} {total:+.1f} {n:3d}")', None),
    ('print(f"{1234567:,}")', 'logger.info("%s", format(1234567, ","))'),
    ('print(f"{x:>10}|")', 'logger.info("%s|", format(x, ">10"))'),
    ('print(f"{x!r:>10}|")', 'logger.info("%s|", format(repr(x), ">10"))'),
    ('print(f"{x:>10}|{n:<4}|")', 'logger.info(f"{x:>10}|{n:<4}|")'),
    ('print(f"{x:>{w}}|")', 'logger.info(f"{x:>{w}}|")'),
    ('print(f"{x:>{w}}|", n)', 'logger.info("%s %s", f"{x:>{w}}|", n)'),
    ('print(f"{when:%Y-%m-%d}")', 'logger.info("%s", format(when, "%Y-%m-%d"))'),
    ('print(f"{0.25:.1%}")', 'logger.info("%s", format(0.25, ".1%"))'),
    ('print(f"{{{n}}}")', 'logger.info("{%s}", n)'),
    ('print(f"{n, x}")', 'logger.info("%s", (n, x))'),
    ('print(f"{(lambda: n)()}")', None),
    ("print(f\"{document['_id']}\")", "logger.info(\"%s\", document['_id'])"),
    ("print(f'{document[\"_id\"]}')", "logger.info('%s', document[\"_id\"])"),
    ('print(f"{str(thing)} {repr(thing)}")', 'logger.info("%s %r", thing, thing)'),
    ("print(str(thing))", 'logger.info("%s", thing)'),
    ('print(f"\\N{EM DASH} {n}".replace("a", "b"))', None),
    ('print(f"\\N{EM DASH} {n}")', 'logger.info(f"\\N{EM DASH} {n}")'),
    ('print("tab\\t" + x + "\\n")', 'logger.info("tab\\t%s\\n", x)'),
    ('print("\\033[92mok\\033[0m", n)', 'logger.info("\\x1b[92mok\\x1b[0m %s", n)'),
    ('print("\\u2713", n)', 'logger.info("\\u2713 %s", n)'),
    ('print("✓ ä", n)', 'logger.info("✓ ä %s", n)'),
    ('print("say \\"hi\\"", n)', "logger.info('say \"hi\" %s', n)"),
    ('print("it\'s", n)', 'logger.info("it\'s %s", n)'),
    ("print('it\\'s \"so\"', n)", None),
    ('print(r"raw\\d", n)', 'logger.info("raw\\\\d %s", n)'),
    ('print(rf"raw\\d {n}")', 'logger.info("raw\\\\d %s", n)'),
    ('print(b"bytes")', 'logger.info("%s", b"bytes")'),
    ('print(b"a" b"b", "c")', None),
    ('print("a" "b" f"{n}")', 'logger.info("ab%s", n)'),
    ('print("""three\nlines\n%d""" % n)', 'logger.info("three\\nlines\\n%d", n)'),
    ('print(f"""{n}\n{x}""")', 'logger.info("%s\\n%s", n, x)'),
    ('print("""kept\nas it is""")', 'logger.info("""kept\nas it is""")'),
    ('print("a\\\nb", n)', 'logger.info("ab %s", n)'),
    ('print("%s of %5.1f%%" % (n, total))', 'logger.info("%s of %5.1f%%", n, total)'),
    ('print("got %d" % n)', 'logger.info("got %d", n)'),
    ('print("got %r" % document["a"])', 'logger.info("got %r" % document["a"])'),
    ('print("%s" % args)', 'logger.info("%s" % args)'),
    ('print("%s" % document)', 'logger.info("%s", document)'),
    ('print("%s-%s" % pairs)', 'logger.info("%s-%s" % pairs)'),
    ('print("%(_id)s" % document)', 'logger.info("%(_id)s" % document)'),
    ('print("%*d" % (5, n))', 'logger.info("%*d" % (5, n))'),
    ('print("%s" % (n,), "%s")', 'logger.info("%s %%s", n)'),
    ('print("{} {!r}".format(n, x))', 'logger.info("%s %r", n, x)'),
    ('print("{1} {0}".format(n, x))', 'logger.info("%s %s", x, n)'),
    ('print("{0} {0}".format(n))', 'logger.info("%s %s", n, n)'),
    ('print("{0} {0}".format(len(x)))', 'logger.info("{0} {0}".format(len(x)))'),
    ('print("{a.name} {b[_id]}".format(a=thing, b=document))', None),
    ('print("{:.2f}".format(price))', 'logger.info("%.2f", price)'),
    ('print("{:>{}}".format(x, w))', 'logger.info("{:>{}}".format(x, w))'),
    ('print("{}".format(*items))', 'logger.info("{}".format(*items))'),
    ('print("{} {}".format(n, x), 5)', 'logger.info("%s %s %s", n, x, 5)'),
    ('print("a" + str(n) + "b" + x)', 'logger.info("a%sb%s", n, x)'),
    ('print("=" * 10)', 'logger.info("=" * 10)'),
    ('print(", ".join(items))', 'logger.info(", ".join(items))'),
    ('print("all:", ", ".join(items))', 'logger.info("all: %s", ", ".join(items))'),
    ("print(i for i in items)", None),
    ("print([i for i in items], (n := 5))", 'logger.info("%s %s", [i for i in items], (n := 5))'),
    ("print(n if n else x)", 'logger.info("%s", n if n else x)'),
    ("print(n, (1, 2), ())", 'logger.info("%s %s %s", n, (1, 2), ())'),
    ("print(document)", 'logger.info("%s", document)'),
    ("print({})", 'logger.info("%s", {})'),
    ("print(pairs)", 'logger.info("%s", pairs)'),
    ('print("a",)', None),
    ('print ("spaced", n)', 'logger.info("spaced %s", n)'),
    ('print ("spaced")', 'logger.info("spaced")'),
    ('(print("in parentheses"))', '(logger.info("in parentheses"))'),
    ('n or print("no value")', None),
    ('value = print("a", n)', 'value = logger.info("a %s", n)'),
    ("[print(i) for i in items]", '[logger.info("%s", i) for i in items]'),
    ('show = lambda v: print("v", v)\nshow(3)', 'show = lambda v: logger.info("v %s", v)\nshow(3)'),
    ('print("a"); print("b", n)', 'logger.info("a"); logger.info("b %s", n)'),
    ('if n: print("yes", n)', 'if n: logger.info("yes %s", n)'),
]


@pytest.mark.parametrize(("call", "expected"), SHAPES, ids=[call for call, _ in SHAPES])
def test_same_text(call: str, expected: str | None, tmp_path: Path) -> None:
    """The text logged is the text printed, and the code is what a person would write."""
    before = NAMES + "\ndef work():\n    global n\n" + textwrap.indent(call, "    ", _is_code(call)) + "\nwork()\n"
    after = fixed(before, tmp_path)
    printed, _ = run(before)
    left, lines = run(after)
    text = "".join(f"{message}\n" for _, message in lines)
    if "<generator" in printed:
        printed, text = printed[:20], text[:20]
    assert (text, left) == ((printed, "") if text else ("", printed))
    if expected is not None:
        assert textwrap.indent(expected, "    ", _is_code(expected)) in after


def _is_code(text: str):  # type: ignore[no-untyped-def]
    """Lines of a literal keep their place."""
    first = text.split("\n")[0]
    within = first.count('"""') == 1 or first.endswith("\\")
    return lambda line: not within or line.startswith(first)


LEFT = [
    ("print()", "an empty line"),
    ('print("")', "an empty line"),
    ('print("\\n")', "an empty line"),
    ('print("a", end="")', "does not end its line"),
    ('print("a", end=x)', "does not end its line"),
    ("print(*items)", "unpacked"),
    ("print(**items)", "unpacked"),
    ('print("a", sep=x)', "separator"),
    ('print("a", file=out)', "writes to a file"),
    ('print("a", flush=x)', "flushes"),
    ('print(\n        "a",  # why\n        x,\n    )', "comment"),
    ('console.input("more?")\n    print("a")', "there to show"),
    ("print(json.dumps(items, indent=2))", "there to show"),
    ('logger = x\n    print("a")', "means something else here"),
]


@pytest.mark.parametrize(("call", "why"), LEFT, ids=[call for call, _ in LEFT])
def test_left_alone(call: str, why: str, tmp_path: Path) -> None:
    assert why in reason(f"def work(x, items, out):\n    {call}\n", tmp_path)


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("import argparse\ndef f():\n    print('a')\n", "there to show"),
        ("#!/usr/bin/env python\nprint('a')\n", "there to show"),
        ("import logging\nprint('a')\nlogger = logging.getLogger()\n", "not defined yet"),
        ("from tools import get_logger\nlogger = get_logger()\ndef f():\n    print('a')\n", "what kind of logger"),
        ("def f(logger):\n    print('a')\n", "means something else here"),
        ("from tools import *\ndef f():\n    logger.info('b')\n    print('a')\n", "star imports"),
        ("logging = 1\ndef f():\n    print('a')\n", "logging means something else"),
        ("from sinks import Sink\nclass H(Sink):\n    def emit(self, r):\n        print(r)\n", "how log lines"),
        ("from loguru import logger\nlogger.add(lambda m: print(m))\n", "how log lines"),
        (
            "import traceback\ndef f():\n    try:\n        g()\n    except E:\n        print(traceback.format_exc())\n",
            "itself",
        ),
    ],
)
def test_module_left_alone(code: str, why: str, tmp_path: Path) -> None:
    assert why in reason(code, tmp_path)


LEVELS = [
    ("print('all well')", "INFO"),
    ("print('WARNING: disk')", "WARNING"),
    ("print('request failed')", "ERROR"),
    ("print('could not load')", "ERROR"),
    ("print('no errors, 3 errors')", "INFO"),
    ("print('found no error')", "INFO"),
    ("print('saved successfully, failed: 0')", "INFO"),
    ("print('DEBUG: x')", "DEBUG"),
    ("import sys\nprint('on stderr', file=sys.stderr)", "WARNING"),
    ("import sys\nprint('failed', file=sys.stderr)", "ERROR"),
    ("try:\n    1 / 0\nexcept ZeroDivisionError as e:\n    print(f'failed: {e}')", "ERROR exc"),
    ("try:\n    1 / 0\nexcept ZeroDivisionError:\n    print('nothing')", "ERROR exc"),
    ("try:\n    1 / 0\nexcept ZeroDivisionError:\n    def f():\n        print('nothing')\n    f()", "INFO"),
    ("try:\n    1 / 0\nexcept ZeroDivisionError:\n    f = lambda: print('nothing')\n    f()", "INFO"),
    (
        "import traceback\ntry:\n    1 / 0\nexcept ZeroDivisionError as e:\n    print(f'failed: {e}')\n"
        "    traceback.print_exc()",
        "ERROR",
    ),
    ("try:\n    1\nfinally:\n    print('done')", "INFO"),
    ("try:\n    1\nexcept ValueError:\n    pass\nelse:\n    print('done')", "INFO"),
    ("try:\n    raise KeyboardInterrupt\nexcept (KeyboardInterrupt, SystemExit):\n    print('bye')", "INFO"),
]


@pytest.mark.parametrize(("code", "level"), LEVELS, ids=[code for code, _ in LEVELS])
def test_level(code: str, level: str, tmp_path: Path) -> None:
    after = fixed("def work():\n" + textwrap.indent(code, "    ") + "\n\nwork()\n", tmp_path)
    _, lines = run(after)
    assert [line[0] for line in lines] == [level.split()[0]]
    assert (".exception(" in after) == level.endswith("exc")


def test_one_traceback(tmp_path: Path) -> None:
    """What follows in the same clause does not tell the traceback again; another branch does."""
    code = """\
        def work(x):
            try:
                load()
            except ValueError as e:
                print("first", e)
                print("second")
                if x:
                    print("third")
            except KeyError:
                if x:
                    print("a")
                else:
                    print("b")
    """
    after = fixed(code, tmp_path)
    assert after.count("logger.exception(") == 3
    assert after.count("logger.error(") == 2


HEADS = [
    ("", "import logging\n\nlogger = logging.getLogger(__name__)\n\n"),
    (
        '"""What."""\n\nfrom __future__ import annotations\n\nimport os\nfrom bson import ObjectId\n',
        '"""What."""\n\nfrom __future__ import annotations\n\nimport logging\nimport os\nfrom bson import ObjectId\n'
        "\nlogger = logging.getLogger(__name__)\n\n",
    ),
    (
        "# -*- coding: utf-8 -*-\n# Licence\n\n# more\nimport os\n",
        "# -*- coding: utf-8 -*-\n# Licence\n\n# more\nimport logging\nimport os\n"
        "\nlogger = logging.getLogger(__name__)\n\n",
    ),
    (
        "#!/usr/bin/env python\n# -*- coding: utf-8 -*-\n",
        "#!/usr/bin/env python\n# -*- coding: utf-8 -*-\n\nimport logging\n\nlogger = logging.getLogger(__name__)\n\n",
    ),
    ('"""What."""\n', '"""What."""\n\nimport logging\n\nlogger = logging.getLogger(__name__)\n\n'),
    ("import logging as log_module\n", "import logging as log_module\n\nlogger = log_module.getLogger(__name__)\n\n"),
    ("import logging\nLOG = logging.getLogger('x')\n", None),
    ("from logging import getLogger\nlog: object = getLogger('x')\n", None),
]


@pytest.mark.parametrize(("head", "expected"), HEADS, ids=[head for head, _ in HEADS])
def test_head(head: str, expected: str | None, tmp_path: Path) -> None:
    """The logger is defined below the imports, and only where there is none."""
    code = f"{head}\n\ndef work():\n    print('a')\n" if head else "def work():\n    print('a')\n"
    after = fixed(code, tmp_path)
    compile(after, "service", "exec")
    if expected is None:
        assert after.startswith(head)
        assert after.count("ogger") == code.count("ogger")
        assert "print" not in after
    else:
        assert after.startswith(expected)
        assert "logger.info('a')" in after


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        ('print(f"got {n} of {{x}} {total:,}")', 'logger.info("got {} of {{x}} {:,}", n, total)'),
        ('print("{x}")', 'logger.info("{x}")'),
        ('print("100%", n)', 'logger.info("100% {}", n)'),
        ('print("%s %r" % (n, x))', 'logger.info("{} {!r}", n, x)'),
        ("print(x)", 'logger.info("{}", x)'),
    ],
)
def test_loguru(call: str, expected: str, tmp_path: Path) -> None:
    after = fixed(f"from loguru import logger\n\ndef work(n, total, x):\n    {call}\n", tmp_path)
    assert expected in after


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        ("from loguru import logger\n", 'from loguru import logger\n\ndef work(n):\n    logger.info("got {}", n)\n'),
        ("import logging\nfrom loguru import logger\n", 'logger.info("got %s", n)'),
    ],
)
def test_the_project_logs_by_loguru(other: str, expected: str, tmp_path: Path) -> None:
    after = fixed('import os\n\ndef work(n):\n    print("got", n)\n', tmp_path, DRIVER + other)
    assert expected in after


def test_loguru_has_no_such_conversion(tmp_path: Path) -> None:
    code = 'from loguru import logger\n\ndef work(n):\n    print("%5d" % n, n)\n'
    assert "no such conversion" in reason(code, tmp_path)


@pytest.mark.parametrize("package", ["structlog", "structlog.stdlib"])
def test_structlog(package: str, tmp_path: Path) -> None:
    code = f'import {package}\n\nlog = {package}.get_logger()\n\n\ndef work(n):\n    print(f"got {{n}}")\n'
    assert 'log.info("got %s", n)' in fixed(code, tmp_path)


def test_logger_of_the_project(tmp_path: Path) -> None:
    """A helper of the project that returns a logger is looked into."""
    files = """\
        import logging

        def get_logger(name):
            return logging.getLogger(name)

        logger = get_logger("x")

        def work():
            print("a")
    """
    after = fixed(files, tmp_path)
    assert 'logger.info("a")' in after
    assert after.count("logger =") == 1


def test_logger_of_a_library(tmp_path: Path) -> None:
    """A logger under another name is used if it is the module's own."""
    code = "import logging\nnoisy = logging.getLogger('pymongo')\nmine = logging.getLogger(__name__)\n"
    code += "def f():\n    print(1)\n"
    assert 'mine.info("%s", 1)' in fixed(code, tmp_path)
    assert 'logger.info("%s", 1)' in fixed(code.replace("(__name__)", "('x')"), tmp_path)


def test_long_lines(tmp_path: Path) -> None:
    """What does not fit comes one argument a line, the author's pieces of text on lines of their own."""
    code = """\
        def work(some_value, another_value):
            print(
                f"the first part of a message that says {some_value} "
                f"and the second part of it that says {another_value}",
                flush=True,
            )
            print(
                f"short {some_value}",
                flush=True,
            )
    """
    expected = """\
        def work(some_value, another_value):
            logger.info(
                "the first part of a message that says %s "
                "and the second part of it that says %s",
                some_value,
                another_value,
            )
            logger.info("short %s", some_value)
    """
    assert textwrap.dedent(expected) in fixed(code, tmp_path)


def test_crlf(tmp_path: Path) -> None:
    code = 'import os\r\n\r\ndef work(n):\r\n    print("a", [\r\n        n,\r\n    ])\r\n    print(f"""{n}\r\n!""")\r\n'
    after = fixed(code, tmp_path)
    assert "\n" not in after.replace("\r\n", "")
    assert "\r\r" not in after
    assert 'logger.info("%s\\n!", n)' in after
