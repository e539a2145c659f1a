"""Levels of confidence and prediction intervals."""

from __future__ import annotations

from numbers import Real
from typing import Any

from metarepro.errors import ConfigError

# A level of intervals below this is alpha.
LEAST_LEVEL = 0.5


def check_level(level: float) -> float:
    """Refuse a level of intervals that is no number between 0 and 1, or that is alpha."""
    given: Any = level
    if isinstance(given, bool) or not isinstance(given, Real) or not 0 < level < 1:
        raise ConfigError(f"level = {level!r} must lie between 0 and 1 (0.95, not 95).")
    if level < LEAST_LEVEL:
        raise ConfigError(
            f"level = {level:g} would make {100 * level:g}% intervals. Fix: did you mean {1 - level:g}? "
            f"Allowed: {LEAST_LEVEL:g} or more, below 1."
        )
    return level
