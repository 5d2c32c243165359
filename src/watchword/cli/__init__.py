"""Floor 9: the command line."""

from __future__ import annotations

import sys
from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command that the arguments (those of the process where there are none) name; the exit code."""
    try:
        from watchword.cli.run import run
    except ModuleNotFoundError as missing:
        if missing.name != "click":
            raise
        print("The command line needs an extra: pip install 'watchword[server]'", file=sys.stderr)
        return 1
    return run(sys.argv[1:] if arguments is None else arguments)
