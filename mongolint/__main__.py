"""``python -m mongolint`` and the console script."""

from __future__ import annotations

import os
import sys


def main() -> None:
    """Run the command line. The linted tree must not be importable: nothing of it is ever imported."""
    here = os.getcwd()
    sys.path[:] = [path for path in sys.path if path not in ("", here)]
    from mongolint.cli.main import cli

    cli(prog_name="mongolint")


if __name__ == "__main__":
    main()
