"""Files that are there whole or not at all."""

from __future__ import annotations

import errno
from pathlib import Path

from metarepro.errors import MetareproError


def write_whole(path: Path, content: str | bytes) -> None:
    """Write a file through a temporary one beside it, so that an interruption leaves no half of it under its name.

    The temporary file always has the same name: what a killed process leaves of it, the next one writes over.

    Raises
    ------
    MetareproError
        One sentence when the system does not take the file, such as when the disk is full; nothing of it is left then.
    """
    half = path.with_name(f".{path.name}.part")
    try:
        half.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
        half.replace(path)
    except BaseException as error:
        half.unlink(missing_ok=True)
        if not isinstance(error, OSError):
            raise
        raise refused(error, str(path)) from error


def refused(error: OSError, what: str) -> MetareproError:
    """Say in one sentence why the system did not take something."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return MetareproError(
            f"The disk is full: {what} was not written; make space and run again, what is finished is kept."
        )
    return MetareproError(f"{what} could not be written: {error.strerror or error}.")
