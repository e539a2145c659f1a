"""Files that are there whole or not at all."""

from __future__ import annotations

import contextlib
import errno
from pathlib import Path

from metarepro.errors import MetareproError


def write_whole(path: Path, content: str | bytes) -> None:
    """Write a file through a temporary one beside it, so that an interruption leaves no half of it under its name.

    The temporary file always has the same name: what a killed process leaves of it, the next one writes over.

    Raises
    ------
    MetareproError
        One sentence when the system does not take the file, such as when the disk is full or cannot be written to, or a
        file stands where a folder should be; nothing of it is left then.
    """
    half = path.with_name(f".{path.name}.part")
    try:
        half.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
        half.replace(path)
    except BaseException as error:
        with contextlib.suppress(OSError):  # where nothing can be written there is nothing to take away
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
    if error.errno in (errno.EROFS, errno.EACCES, errno.EPERM):
        return MetareproError(
            f"{what} could not be written: {error.strerror}. Fix: allow writing there, or take another folder."
        )
    in_the_way = next((p for p in Path(what).parents if p.exists() and not p.is_dir()), None)
    if in_the_way is not None:
        return MetareproError(
            f"{what} could not be written: {in_the_way} is a file, not a folder. Fix: rename it, or take it away."
        )
    if Path(what).is_dir():
        return MetareproError(
            f"{what} could not be written: it is a folder, not a file. Fix: rename it, or take it away."
        )
    if error.errno == errno.ENOENT:
        return MetareproError(f"{what} could not be written: its folder is not there. Fix: make the folder.")
    return MetareproError(f"{what} could not be written: {error.strerror or error}.")
