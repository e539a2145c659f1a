"""What messages tell the user to type."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

# How the user calls the command: ./run sets it.
COMMAND = os.environ.get("METAREPRO_COMMAND", "metarepro")


def directory_option(folder: Path) -> str:
    """The option that names a folder, as a shell takes it."""
    return f" --directory {shlex.quote(str(folder))}"
