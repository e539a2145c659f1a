"""Numbers of a network plot: treatments with their studies, and which of them are compared directly."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from metarepro.errors import DataError
from metarepro.pooling.models.network_fit import NetworkFit


@dataclass(frozen=True)
class NetworkNumbers:
    """Treatments, the reference first, with the studies that have them; pairs with the studies that compare them."""

    reference: str
    studies_with: dict[str, int]
    comparisons: dict[tuple[str, str], int]
    k: int


def network_numbers(found: Any) -> NetworkNumbers:
    """Numbers of a network plot; see `metarepro.figures.network_plot` for what is refused."""
    if not isinstance(found, NetworkFit):
        raise DataError("The figure takes what network or network_from_arms gives. Fix: give one of these.")
    others = sorted(t for t in found.treatments if t != found.reference)
    studies = {t: found.studies_with[t] for t in (found.reference, *others)}
    return NetworkNumbers(found.reference, studies, found.comparisons, found.k)
