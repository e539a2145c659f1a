"""Times of the tables: hours, or a number with its unit."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import BeforeValidator
from pydantic_core import PydanticCustomError

from metarepro.evidence.cells import parse_number

TIME = (
    "Hours after a single dose, or after the start of a course; or with a unit: 6 wk (min, h, d, wk, mo). Empty when "
    "no time is printed."
)
# A month is a twelfth of a year of 365.25 days.
HOURS_OF = {"min": 1 / 60, "h": 1.0, "d": 24.0, "wk": 168.0, "mo": 730.5}
_WORDS = {
    "minute": "min", "minutes": "min", "hr": "h", "hrs": "h", "hour": "h", "hours": "h", "day": "d", "days": "d",
    "w": "wk", "wks": "wk", "week": "wk", "weeks": "wk", "month": "mo", "months": "mo", "mos": "mo",
}  # fmt: skip
_WITH_UNIT = re.compile(r"([+-]?(?:\d+(?:[.,]\d*)?|[.,]\d+)) ?([A-Za-z]+)")


def parse_hours(text: Any) -> Any:
    """A time in hours, from a number or a number with its unit; None when empty."""
    written = _WITH_UNIT.fullmatch(text.strip()) if isinstance(text, str) else None
    if written is None:
        return parse_number(text)
    unit = written[2].lower()
    if unit not in HOURS_OF:
        meant = _WORDS.get(unit)
        fix = f"Fix: write {written[1]} {meant}." if meant else "Fix: write hours, or one of these units."
        raise PydanticCustomError(
            "E011", "has a unit that is not known", {"details": [f"Allowed: hours, or {', '.join(HOURS_OF)}.", fix]}
        )
    value = float(parse_number(written[1].replace(",", ".")))
    # 0.1 mo and the like have no exact number of hours; whole hours stay whole.
    return round(value * HOURS_OF[unit], 9)


def in_unit(hours: float, unit: str = "auto") -> str:
    """A time as a reader wants it: hours, days, weeks or months; `auto` takes days for whole days from two on."""
    if unit == "auto":
        unit = "d" if hours >= 48 and hours % 24 == 0 else "h"
    return f"{round(hours / HOURS_OF[unit], 2):g} {unit}"


Hours = Annotated[float | None, BeforeValidator(parse_hours)]
