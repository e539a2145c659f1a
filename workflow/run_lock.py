"""One run at a time in a folder, and none that a killed run stands in the way of."""

from __future__ import annotations

import os
import signal
import sys
import threading
from pathlib import Path
from typing import Any

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

_held: list[int] = []  # open as long as the process lives


def take(path: Path) -> None:
    """Lock the folder for this process, or say in one sentence who holds it and stop.

    The system takes the lock away when the process ends, however it ends. Snakemake's own lock is a file, which a
    killed run leaves behind.
    """
    if fcntl is None:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    file = os.open(path, os.O_RDWR | os.O_CREAT, 0o664)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.read(file, 20).decode("ascii", "replace").strip()
        who = f"Another run (process {holder})" if holder.isdigit() else "Another run"
        print(f"{who} is at work in {Path.cwd()}, so this one stopped; nothing was changed.", file=sys.stderr)
        sys.exit(1)
    except OSError as error:
        print(f"This file system has no locks ({error.strerror}): start no second run here.", file=sys.stderr)
    else:
        os.ftruncate(file, 0)
        os.write(file, f"{os.getpid()}\n".encode("ascii"))
    _held.append(file)


def terminate_gracefully() -> None:
    """Let Snakemake's handler of SIGTERM run beside the main thread.

    The handler takes a lock that the main thread may hold just then, and would wait for it forever.
    """
    handler = signal.getsignal(signal.SIGTERM)
    if not callable(handler):
        return

    def beside(*arguments: Any) -> None:
        threading.Thread(target=handler, args=arguments, daemon=True).start()

    signal.signal(signal.SIGTERM, beside)
