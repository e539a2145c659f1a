"""What all checks for missing evidence share: how many studies are few, and the direction that is selected for."""

from __future__ import annotations

from metarepro.errors import ConfigError
from metarepro.notes import Note
from metarepro.pooling.kernel import Array

# Below this many studies the checks have little power.
FEW = 10
ALTERNATIVES = ("greater", "less")


def notes_of_few(k: int) -> list[Note]:
    """The remark that so few studies tell little; none for enough."""
    return [Note("test_of_few", k=k)] if k < FEW else []


def check_alternative(alternative: str | None) -> None:
    """Refuse an unknown direction; None, the default of the caller, is none."""
    if alternative is not None and alternative not in ALTERNATIVES:
        raise ConfigError(f"alternative = {alternative!r} is not known. Allowed: {', '.join(ALTERNATIVES)}.")


def direction_of(alternative: str | None, y: Array, v: Array) -> tuple[str, float]:
    """The expected direction and its sign; that of the common-effect mean where none is given."""
    check_alternative(alternative)
    direction = alternative or ("greater" if (y / v).sum() >= 0 else "less")
    return direction, 1.0 if direction == "greater" else -1.0
