"""How far long work is, by the standard module `logging`; quiet unless asked for.

``logging.basicConfig(level="INFO")`` shows it; ``logging.getLogger("metarepro").setLevel("WARNING")`` makes it quiet
again.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

T = TypeVar("T")
# Seconds between two messages.
PAUSE = 1.0


def with_progress(what: str, parts: Sequence[T]) -> Iterable[T]:
    """The parts of some work, one by one; between them it is logged how many are done, once a second at most."""
    return parts if len(parts) < 2 else _logged(what, parts)


def _logged(what: str, parts: Sequence[T]) -> Iterator[T]:
    import logging

    log = logging.getLogger("metarepro")
    said = time.monotonic()
    for done, part in enumerate(parts):
        if time.monotonic() - said >= PAUSE:
            log.info("%s: %d of %d parts done", what, done, len(parts))
            said = time.monotonic()
        yield part
