"""Are there more significant studies than their power lets expect?"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtr, ndtri

from metarepro.effects.core import EffectSizes
from metarepro.errors import ConfigError
from metarepro.notes import Note
from metarepro.pooling.fit import fit_effects
from metarepro.pooling.given_effects import one_set
from metarepro.pooling.inference import chi2_upper_tail
from metarepro.pooling.kernel import Array
from metarepro.robustness.evidence import check_alternative, notes_of_few


@dataclass(frozen=True, eq=False)
class ExcessSignificance:
    """Result of `excess_significance`.

    Attributes
    ----------
    observed : int
        Significant studies.
    expected : float
        Sum of the powers.
    power : ndarray, shape (k,)
        Of each study, if the true effect is `theta`.
    statistic, p_value : float
        Chi-squared of the difference, 1 df, and the p-value for an excess: half that of a difference.
    exact_p : float
        Probability of as many or more significant studies, by the exact distribution of a sum of unequal chances.
    theta : float
    notes : tuple of Note
    """

    observed: int
    expected: float
    power: Array
    statistic: float
    p_value: float
    exact_p: float
    theta: float
    notes: tuple[Note, ...]


def excess_significance(
    yi: ArrayLike | EffectSizes | str, vi: ArrayLike | str | None = None, *, theta: float | None = None,
    alpha: float = 0.05, alternative: str | None = None, data: Any = None, labels: Any = None, tau2: str | float = "CE",
) -> ExcessSignificance:  # fmt: skip
    """Compare the number of significant studies with the number to expect from their power.

    Parameters
    ----------
    yi, vi, data, labels
        As in `pool`: effects and variances of shape (k,), `EffectSizes`, or names of columns of `data`.
    theta : float, optional
        The true effect on the working scale; by default the pooled one by `tau2`, a common effect by default.
    alpha : float, default 0.05
        Level of the studies' tests.
    alternative : {'greater', 'less'}, optional
        For one-sided tests; two-sided by default.
    tau2
        As in `pool`.

    Returns
    -------
    ExcessSignificance

    Raises
    ------
    DataError, ConfigError
        As `pool`; a level outside (0, 1), an unknown direction.

    Notes
    -----
    When not to use: where true effects differ, as the power of a study is then not that at the mean; below ten studies;
    with exactly one significant study more than expected, which says nothing.

    References
    ----------
    Ioannidis & Trikalinos 2007, doi:10.1177/1740774507079441; the exact p-value: Hong 2013,
    doi:10.1016/j.csda.2012.10.006.

    Examples
    --------
    >>> found = excess_significance([0.4, 0.5, 0.45, 0.6], [0.04, 0.06, 0.05, 0.08])
    >>> found.observed, round(found.expected, 2)
    (4, 2.07)
    """
    if not 0 < alpha < 1:
        raise ConfigError(f"alpha = {alpha} must lie between 0 and 1.")
    check_alternative(alternative)
    _, y, v, known, notes = one_set(yi, vi, data, labels, "excess_significance")
    y, error = y[known], np.sqrt(v[known])
    k = int(y.size)
    effect = float(fit_effects(y, v[known], tau2).beta) if theta is None else float(theta)
    z, true = y / error, effect / error
    if alternative is None:
        limit = float(ndtri(1 - alpha / 2))
        power, significant = ndtr(true - limit) + ndtr(-true - limit), np.abs(z) >= limit
    else:
        limit, sign = float(ndtri(1 - alpha)), 1.0 if alternative == "greater" else -1.0
        power, significant = ndtr(sign * true - limit), sign * z >= limit
    observed, expected = int(significant.sum()), float(power.sum())
    with np.errstate(divide="ignore", invalid="ignore"):
        statistic = float(
            np.divide((observed - expected) ** 2, expected) + np.divide((observed - expected) ** 2, k - expected)
        )
    both = float(chi2_upper_tail(np.array(statistic), np.array(1.0))) if math.isfinite(statistic) else math.nan
    p_value = both / 2 if observed > expected else 1 - both / 2
    remarks = (*notes, *notes_of_few(k))
    return ExcessSignificance(
        observed, expected, power, statistic, p_value, float(_chances(power)[observed:].sum()), effect, remarks
    )


def _chances(power: Array) -> Array:
    """Probability of each number of significant studies (Poisson binomial distribution)."""
    chances = np.zeros(power.size + 1)
    chances[0] = 1.0
    for p in power:
        chances[1:] = chances[1:] * (1 - p) + chances[:-1] * p
        chances[0] *= 1 - p
    return chances
