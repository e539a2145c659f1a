"""Names of users as names of files: short, safe on every system, no two alike."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Sequence

_LONGEST = 80
# What Windows keeps for devices, with any ending.
RESERVED = re.compile(r"con|prn|aux|nul|com\d|lpt\d", re.IGNORECASE)
# The second page of a figure is NAME-2.
PAGE = re.compile(r"(.+)-\d{1,3}")


def file_stems(names: Sequence[str]) -> dict[str, str]:
    """A stem of a file for each name, from letters, digits, '-' and '_'.

    A name that is too long, reserved, like another one but for case and marks, or like a page of another one gets the
    start of its SHA-256 after it. The stem of a name does not depend on the order of the names.

    Parameters
    ----------
    names : sequence of str
        All names of one folder.
    """
    plain = {name: re.sub(r"[^A-Za-z0-9_-]", "-", name)[:_LONGEST] for name in names}
    often = Counter(stem.casefold() for stem in plain.values())
    return {name: f"{stem}-{_mark(name)}" if _needs(name, stem, often) else stem for name, stem in plain.items()}


def _needs(name: str, stem: str, often: Counter[str]) -> bool:
    page = PAGE.fullmatch(stem.casefold())
    return (
        len(name) > _LONGEST
        or not stem.strip("-")
        or often[stem.casefold()] > 1
        or RESERVED.fullmatch(stem) is not None
        or (page is not None and page[1] in often)
    )


def _mark(name: str) -> str:
    return "x" + hashlib.sha256(name.encode()).hexdigest()[:8]
