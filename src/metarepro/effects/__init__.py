"""Counts, means and printed effects -> effect sizes (yi, vi). Pure arrays, no files, no pandas."""

from metarepro.effects.core import EffectSizes, effect_sizes, to_display
from metarepro.effects.registry import MEASURES, Measure, get_measure

__all__ = ["MEASURES", "EffectSizes", "Measure", "effect_sizes", "get_measure", "to_display"]
