"""Trial sequential analysis: has a growing meta-analysis enough information, and has it crossed a boundary?"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtr, ndtri

from metarepro.effects.core import EffectSizes
from metarepro.errors import ConfigError, DataError
from metarepro.notes import Note
from metarepro.pooling.kernel import Array
from metarepro.robustness.refits import cumulative

if TYPE_CHECKING:
    import pandas as pd

# Chances smaller than this are spent later; a boundary for them would be beyond any z.
_LEAST = 1e-14
_NODES, _MOST_PANELS = 16, 400
_FARTHEST = 40.0


@dataclass(frozen=True, eq=False)
class TrialSequential:
    """Result of `trial_sequential`: arrays with one entry for each study that was added.

    Attributes
    ----------
    labels : tuple of str
        Studies in the order in which they were added.
    beta, z : ndarray
        Cumulative effect and its test statistic, by `tau2`.
    information : ndarray
        Share of the required information, 1 where it is reached.
    boundary : ndarray
        |z| above which the result is significant at this look; infinite where no chance of error is spent yet.
    required : float
        Information that is required, as a sum of 1/vi.
    diversity : float
        D2, by which the required information grows: 1 minus the ratio of the variances of the pooled effect by a common
        and by random effects.
    delta : float
    crossed : str
        Label of the first study with which a boundary is crossed; empty if none is.
    conditional_power : float
        Chance of a significant result at the required information if the true effect is `delta`; NaN where it is
        reached.
    notes : tuple of Note
    """

    labels: tuple[str, ...]
    beta: Array
    z: Array
    information: Array
    boundary: Array
    required: float
    diversity: float
    delta: float
    crossed: str
    conditional_power: float
    notes: tuple[Note, ...]

    def to_frame(self) -> pd.DataFrame:
        """A data frame with one row a study."""
        import pandas as pd

        columns = {n: getattr(self, n) for n in ("beta", "z", "information", "boundary")}
        return pd.DataFrame(columns, index=pd.Index(self.labels, name="study"))


def trial_sequential(
    yi: ArrayLike | EffectSizes | str, vi: ArrayLike | str | None = None, *, delta: float,
    order: ArrayLike | str | None = None, alpha: float = 0.05, power: float = 0.9, diversity: float | None = None,
    data: Any = None, labels: Any = None, tau2: str | float = "DL",
) -> TrialSequential:  # fmt: skip
    """Judge a cumulative meta-analysis as a sequence of looks at growing data.

    Parameters
    ----------
    yi, vi, data, labels, order, tau2
        As in `cumulative`.
    delta : float
        The effect that would matter, on the working scale, such as log(0.8). It must be chosen before, not taken from
        the data.
    alpha : float, default 0.05
        Two-sided error of all looks together; each side spends half of it by the function of Lan and DeMets that is
        like O'Brien and Fleming's.
    power : float, default 0.9
        To find `delta`, for the required information.
    diversity : float, optional
        D2 in place of that of the studies, from 0 to below 1.

    Returns
    -------
    TrialSequential

    Raises
    ------
    DataError, ConfigError
        As `cumulative`; a delta of 0; alpha or power outside (0, 1); diversity outside [0, 1).

    Notes
    -----
    The required information, ((z(1 - alpha/2) + z(power)) / delta)^2 / (1 - D2), is that of one trial of this power.
    The boundaries are exact for independent increments, by recursive integration. When not to use: with random effects
    increments are not independent, and the boundaries hold about; as a rule for stopping trials of others.

    References
    ----------
    Wetterslev et al. 2008, doi:10.1016/j.jclinepi.2007.03.013; 2009, doi:10.1186/1471-2288-9-86 (diversity);
    Lan & DeMets 1983, doi:10.1093/biomet/70.3.659; Armitage, McPherson & Rowe 1969, doi:10.2307/2343787.

    Examples
    --------
    >>> y, v = [-0.4, -0.2, -0.5, -0.3], [0.05, 0.04, 0.03, 0.02]
    >>> found = trial_sequential(y, v, delta=-0.3, tau2="CE")
    >>> found.crossed, [round(float(b), 2) for b in found.boundary]
    ('2', [5.29, 3.43, 2.51, 1.99])
    """
    for name, value in (("alpha", alpha), ("power", power)):
        if not 0 < value < 1:
            raise ConfigError(f"{name} = {value} must lie between 0 and 1.")
    if not (math.isfinite(delta) and delta != 0):
        raise ConfigError(f"delta = {delta} must be an effect other than 0, on the working scale.")
    if diversity is not None and not 0 <= diversity < 1:
        raise ConfigError(f"diversity = {diversity} must be 0 or more, and below 1.")
    steps = cumulative(yi, vi, order=order, data=data, labels=labels, tau2=tau2, ci="z")
    # A study that is not in yet has no variance there.
    growth = np.nansum(1 / steps.data[1], axis=-1)
    common = 1 / growth[-1]
    own = max(1 - common / float(steps.se[-1]) ** 2, 0.0)
    d2 = own if diversity is None else diversity
    if d2 >= 1:
        raise DataError("The studies differ so much that no information is enough.")
    needed = ((float(ndtri(1 - alpha / 2)) + float(ndtri(power))) / delta) ** 2 / (1 - d2)
    shares = growth / needed
    boundary = spending_boundaries(np.minimum(shares, 1.0), alpha)
    z = np.asarray(steps.beta / steps.se, dtype=np.float64)
    over = np.flatnonzero(np.abs(z) > boundary)
    last = float(shares[-1])
    conditional = math.nan
    if last < 1:
        drift = math.copysign(float(ndtri(1 - alpha / 2)) + float(ndtri(power)), delta) * (1 - last)
        side = math.copysign(1.0, delta)
        rest = (float(ndtri(1 - alpha / 2)) - side * (float(z[-1]) * math.sqrt(last) + drift)) / math.sqrt(1 - last)
        conditional = float(ndtr(-rest))
    return TrialSequential(
        steps.labels, np.asarray(steps.beta), z, np.minimum(shares, 1.0), boundary, float(needed), float(d2), delta,
        steps.labels[int(over[0])] if over.size else "", conditional, steps.notes,
    )  # fmt: skip


def spending_boundaries(shares: Sequence[float] | Array, alpha: float = 0.05) -> Array:
    """Two-sided boundaries of |z| at looks with given shares of the information, by O'Brien and Fleming's spending.

    Parameters
    ----------
    shares : array_like
        Not falling, above 0, at most 1. A look that adds no information has the boundary of the one before.
    alpha : float, default 0.05

    Returns
    -------
    ndarray
        Infinite where less than 1e-14 is spent.
    """
    t = np.asarray(shares, dtype=np.float64)
    # Each side spends alpha / 2 by 2 - 2 Phi(z(1 - alpha/4) / sqrt(t)).
    spent = 4 * ndtr(-ndtri(1 - alpha / 4) / np.sqrt(t))
    found = np.full(t.size, np.inf)
    # Density of the statistic z sqrt(t) at nodes, of paths that have crossed no boundary so far.
    nodes, weights, density = np.zeros(1), np.ones(1), np.ones(1)
    before, used = 0.0, 0.0
    for i, (share, total) in enumerate(zip(t, spent, strict=True)):
        step = share - before
        if step <= 1e-12:
            found[i] = found[i - 1] if i else np.inf
            continue
        sd = math.sqrt(step)
        if total - used > _LEAST:
            found[i] = _boundary(nodes, weights * density, sd, math.sqrt(share), total - used)
            used = total
        reach = min(found[i] * math.sqrt(share), _FARTHEST * math.sqrt(share), np.abs(nodes).max() + 9 * sd)
        following = t[i + 1] - share if i + 1 < t.size else step
        new, new_weights = _rule(reach, math.sqrt(max(following, 1e-6)))
        moved = (new[:, None] - nodes) / sd
        density = np.exp(-0.5 * moved * moved) @ (weights * density) / (sd * math.sqrt(2 * math.pi))
        nodes, weights, before = new, new_weights, float(share)
    return found


def _boundary(nodes: Array, mass: Array, sd: float, root: float, chance: float) -> float:
    """The |z| beyond which paths end with this chance."""
    from scipy.optimize import brentq

    def beyond(z: float) -> float:
        return float((mass * (ndtr((nodes - z * root) / sd) + ndtr((-nodes - z * root) / sd))).sum()) - chance

    return float(brentq(beyond, 0.0, _FARTHEST, xtol=1e-12, rtol=1e-12))


def _rule(reach: float, scale: float) -> tuple[Array, Array]:
    """Gauss-Legendre panels over (-reach, reach), as narrow as the next step is."""
    x, w = np.polynomial.legendre.leggauss(_NODES)
    panels = min(max(math.ceil(reach / scale), 4), _MOST_PANELS)
    cuts = np.linspace(-reach, reach, panels + 1)
    half = np.diff(cuts) / 2
    return ((cuts[:-1] + half)[:, None] + half[:, None] * x).ravel(), (half[:, None] * w).ravel()
