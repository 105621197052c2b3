"""``python -m mongolint`` and the console script."""

from __future__ import annotations

import gc
import os
import site
import sys


def main() -> None:
    """Run the command line. The linted tree must not be importable: nothing of it is ever imported."""
    gc.disable()  # a run keeps nearly all it makes, and ends soon; the server says itself when to look for garbage
    _leave_out(os.getcwd())
    from mongolint.engine.reading import parsers

    crew = parsers.early(sys.argv[1:])
    from mongolint.cli.main import cli

    try:
        cli(prog_name="mongolint", obj=crew)
    except SystemExit as end:
        _leave(end)


def _leave_out(here: str) -> None:
    """Import nothing from the working directory, unless it is where modules are installed."""
    installed = (os.path.dirname(os.__file__), *site.getsitepackages())
    begin = sys.path[0] in ("", here)  # put there by ``python -m``
    sys.path[:] = [path for path in sys.path[begin:] if path not in ("", here) or path in installed]


def _leave(end: SystemExit) -> None:
    """End the process at once: to free the model piece by piece takes a tenth of a run, and serves nobody."""
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:
        raise end from None  # a closed pipe: as the interpreter ends
    if end.code is None or isinstance(end.code, int):
        os._exit(end.code or 0)
    raise end


if __name__ == "__main__":
    main()
