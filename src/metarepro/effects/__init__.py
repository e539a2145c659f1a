"""Counts, means and printed effects -> effect sizes (yi, vi). Pure arrays, no files, no pandas."""

from typing import TYPE_CHECKING

from metarepro._lazy import lazy

if TYPE_CHECKING:
    from metarepro.effects.core import EffectSizes, effect_sizes, from_display, to_display
    from metarepro.effects.registry import MEASURES, Measure, get_measure

__getattr__ = lazy(
    __name__,
    {
        "EffectSizes": "metarepro.effects.core",
        "effect_sizes": "metarepro.effects.core",
        "from_display": "metarepro.effects.core",
        "to_display": "metarepro.effects.core",
        "MEASURES": "metarepro.effects.registry",
        "Measure": "metarepro.effects.registry",
        "get_measure": "metarepro.effects.registry",
    },
)
__all__ = [
    "MEASURES",
    "EffectSizes",
    "Measure",
    "effect_sizes",
    "from_display",
    "get_measure",
    "to_display",
]
