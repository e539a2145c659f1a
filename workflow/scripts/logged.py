"""What every script does: write its output and its traceback to the rule's log."""

from __future__ import annotations

import contextlib
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def logged(path: str) -> Iterator[None]:
    """Send prints to the log; on an error of ours show its message instead of a traceback."""
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    with Path(path).open("w", encoding="utf-8") as log, contextlib.redirect_stdout(log):
        try:
            yield
        except Exception as error:  # every failure must reach the log, whatever it is
            traceback.print_exc(file=log)
            from metarepro.errors import MetareproError

            if isinstance(error, MetareproError):
                print(f"\n{error}\n", file=sys.stderr)
                sys.exit(error.exit_code)
            raise
