"""Where the display and the working scale of a measure end."""

from __future__ import annotations

import math

from metarepro.effects import Measure, from_display

# No ratio beyond this is shown.
FARTHEST_RATIO = 1e100
_ENDS = {"expit": (0.0, 1.0), "sin2": (0.0, 1.0), "tanh": (-1.0, 1.0), "square": (0.0, math.inf)}


def limits_of_scale(measure: Measure) -> tuple[float, float]:
    """Ends of the display scale of a measure: 0 and 1 for proportions, minus and plus infinity for differences."""
    if measure.inputs == "one_arm_counts" and measure.display != "none":
        # A log proportion has no lower end.
        return (1 / FARTHEST_RATIO if measure.display == "exp" else 0.0, 1.0)
    if measure.display == "exp":
        return (1 / FARTHEST_RATIO, FARTHEST_RATIO)
    if measure.inputs == "one_arm_rates":
        return (0.0, math.inf)
    return _ENDS.get(measure.display, (-math.inf, math.inf))


def working_limits(measure: Measure) -> tuple[float, float]:
    """Ends of the working scale of a measure."""
    low, high = (float(from_display(measure.code, end)) for end in limits_of_scale(measure))
    return low, high
