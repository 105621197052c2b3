"""``python -m mongolint`` and the console script."""

from __future__ import annotations

import gc
import os
import sys


def main() -> None:
    """Run the command line. The linted tree must not be importable: nothing of it is ever imported."""
    gc.disable()  # a run keeps nearly all it makes, and ends soon; the server says itself when to look for garbage
    here = os.getcwd()
    sys.path[:] = [path for path in sys.path if path not in ("", here)]
    from mongolint.engine.reading import parsers

    crew = parsers.early(sys.argv[1:])
    from mongolint.cli.main import cli

    try:
        cli(prog_name="mongolint", obj=crew)
    except SystemExit as end:
        _leave(end)


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
