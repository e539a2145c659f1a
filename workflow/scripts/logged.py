"""What every script does: write its output and its traceback to the rule's log."""

from __future__ import annotations

import contextlib
import errno
import io
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def logged(path: str) -> Iterator[None]:
    """Send prints to the log; on an error of ours show its message instead of a traceback."""
    log = io.StringIO()
    try:
        with contextlib.redirect_stdout(log):
            yield
    except Exception as error:  # every failure must reach the log, whatever it is
        traceback.print_exc(file=log)
        from metarepro.errors import MetareproError
        from metarepro.output import refused

        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            error = refused(error, error.filename or "a file")
        if isinstance(error, MetareproError):
            print(f"\n{error}\n", file=sys.stderr)
            sys.exit(error.exit_code)
        raise
    finally:
        with contextlib.suppress(OSError):  # a log that a full disk does not take must not hide why the job failed
            Path(path).parent.mkdir(parents=True, exist_ok=True)
            Path(path).write_text(log.getvalue(), encoding="utf-8")
