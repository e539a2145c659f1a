"""Medians of what is left when a few values are taken out, without sorting the rest anew."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence


def median_without(ordered: Sequence[float], taken: Sequence[float]) -> float:
    """Median of sorted values without some of them.

    Parameters
    ----------
    ordered : sequence of float
        All values, sorted.
    taken : sequence of float
        Those left out; each is among them, as often as it is named.
    """
    places: list[int] = []
    for value in sorted(taken):
        at = bisect_left(ordered, value)
        places.append(max(at, places[-1] + 1) if places else at)

    def rank(number: int) -> float:
        for place in places:
            number += place <= number
        return ordered[number]

    left = len(ordered) - len(taken)
    return rank(left // 2) if left % 2 else (rank(left // 2 - 1) + rank(left // 2)) / 2
