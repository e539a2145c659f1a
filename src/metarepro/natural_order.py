"""The order in which people sort names."""

from __future__ import annotations

import re


def natural_order(text: str) -> list[tuple[int, str]]:
    """Key of a text by which numbers in it count as numbers: Study 2 before Study 10."""
    parts = re.split(r"(\d+)", text.casefold())
    return [(int(p), "") if p.isdecimal() and len(p) < 18 else (-1, p) for p in parts]
