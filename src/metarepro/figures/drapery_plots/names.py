"""Names of studies above the peaks of their curves: measured, in order, with leaders that cross nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from metarepro.figures.drapery_plots.plan import DraperyPlan
from metarepro.figures.page.look import MARGIN, SMALL
from metarepro.figures.page.text import clean, shorten, text_width

# Lines of names above the plot, at most, and how far apart leaders stand.
MOST_TIERS, APART = 16, 4.2


@dataclass(frozen=True)
class Flag:
    """A study's name above its peak, on a line that is counted from the plot upwards."""

    index: int
    text: str
    left: float
    right: float
    peak: float
    anchor: float
    tier: int


def place_flags(plan: DraperyPlan, left: float, width: float, canvas_width: float) -> tuple[list[Flag], int]:
    """Names above the peaks, in the order of the estimates, where neither they nor their leaders cross.

    From both sides inwards, so that names lean away from the middle; returns also how many found no place.
    """
    axis = plan.axis
    peaks = [(i, left + width * axis.position(s.estimate)) for i, (s, _) in enumerate(plan.studies)]
    inside = sorted(((i, x) for i, x in peaks if left <= x <= left + width), key=lambda p: (p[1], p[0]))
    middle = len(inside) // 2
    lefts, rights = inside[:middle][:MOST_TIERS], inside[middle:][-MOST_TIERS:]
    anchors = _apart([x for _, x in (*lefts, *rights)], left, left + width)
    named = [(i, x, anchor) for (i, x), anchor in zip((*lefts, *rights), anchors, strict=True)]
    first, last = named[: len(lefts)], named[len(lefts) :][::-1]
    order = [side for pair in zip(first, last, strict=False) for side in pair] + last[len(first) :]
    flags: list[Flag] = []
    for index, x, anchor in order:
        text = shorten(clean(plan.studies[index][0].label), 0.4 * canvas_width, SMALL)
        flag = _fitting(index, text, x, anchor, (index, x) in lefts, canvas_width, flags)
        if flag is not None:
            flags.append(flag)
    return flags, len(plan.studies) - len(flags)


def _apart(places: Sequence[float], low: float, high: float) -> list[float]:
    """Rising places moved as little as needed to stand `APART`, from `low` to `high`."""
    step = min(APART, (high - low) / max(len(places) - 1, 1))
    # What is left after taking the steps out must rise; its best rising fit pools neighbours to their mean.
    blocks: list[tuple[float, int]] = []
    for number, place in enumerate(places):
        blocks.append((place - number * step, 1))
        while len(blocks) > 1 and blocks[-2][0] >= blocks[-1][0]:
            (b, m), (a, n) = blocks.pop(), blocks.pop()
            blocks.append(((a * n + b * m) / (n + m), n + m))
    level = [value for value, count in blocks for _ in range(count)]
    end = high - (len(places) - 1) * step
    return [min(max(v, low), end) + number * step for number, v in enumerate(level)]


def _fitting(
    index: int, text: str, peak: float, x: float, leans_left: bool, canvas_width: float, flags: list[Flag]
) -> Flag | None:
    width = text_width(text, SMALL)
    starts = [x - width + 2, x - width / 2, x - 2]
    for start in starts if leans_left else reversed(starts):
        kept = min(max(start, MARGIN), canvas_width - MARGIN - width)
        if not kept - 1 <= x <= kept + width + 1:
            continue
        for tier in range(MOST_TIERS):
            flag = Flag(index, text, kept, kept + width, peak, x, tier)
            if not any(_clash(flag, other) for other in flags):
                return flag
    return None


def _clash(a: Flag, b: Flag) -> bool:
    """Whether names overlap, or one's leader runs through the other."""
    if a.tier == b.tier:
        return a.left < b.right + 3 and b.left < a.right + 3
    low, high = (a, b) if a.tier < b.tier else (b, a)
    return low.left - 1.5 < high.anchor < low.right + 1.5
