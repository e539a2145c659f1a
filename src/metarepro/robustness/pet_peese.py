"""Means by least squares that allow for small-study effects or for underpowered studies: PET-PEESE, UWLS, WAAP."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from metarepro.effects.core import EffectSizes
from metarepro.effects.levels import check_level
from metarepro.notes import Note
from metarepro.pooling.given_effects import one_set
from metarepro.pooling.inference import quantile, two_sided_p
from metarepro.pooling.kernel import Array
from metarepro.robustness.evidence import direction_of, notes_of_few
from metarepro.robustness.weighted_line import fit_line

# Standard error below which a study has 80 % power to find the mean: |mean| / (1.96 + 0.84).
ADEQUATE = 2.8


@dataclass(frozen=True)
class WeightedMean:
    """A mean by least squares weighted by 1/vi with a free scale; NaN, with the reason in `notes`, where there is none.

    Attributes
    ----------
    method : str
        ``PET``, ``PEESE``, ``UWLS`` or ``WAAP-UWLS``.
    beta, se, statistic, df, p_value, ci_low, ci_high : float
        On the working scale, by t.
    slope, slope_se : float
        Of PET on the standard error, of PEESE on the variance.
    k : int
        Studies used.
    notes : tuple of Note
    """

    method: str
    beta: float
    se: float
    statistic: float
    df: int
    p_value: float
    ci_low: float
    ci_high: float
    slope: float
    slope_se: float
    k: int
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True)
class PetPeese:
    """Result of `pet_peese`.

    Attributes
    ----------
    pet, peese : WeightedMean
    chosen : str
        ``PEESE`` where PET finds an effect in the expected direction, one-sided at 5 %, otherwise ``PET``.
    alternative : str
        The expected direction.
    notes : tuple of Note
    """

    pet: WeightedMean
    peese: WeightedMean
    chosen: str
    alternative: str
    notes: tuple[Note, ...]

    @property
    def fit(self) -> WeightedMean:
        """The one that is chosen."""
        return self.peese if self.chosen == "PEESE" else self.pet


def pet_peese(
    yi: ArrayLike | EffectSizes | str, vi: ArrayLike | str | None = None, *, alternative: str | None = None,
    data: Any = None, labels: Any = None, level: float = 0.95,
) -> PetPeese:  # fmt: skip
    """The effect at a standard error of 0, by the precision-effect test and estimate.

    Parameters
    ----------
    yi, vi, data, labels
        As in `pool`: effects and variances of shape (k,), `EffectSizes`, or names of columns of `data`.
    alternative : {'greater', 'less'}, optional
        The expected direction; by default that of the common-effect mean.
    level : float, default 0.95
        Of the intervals.

    Returns
    -------
    PetPeese

    Raises
    ------
    DataError, ConfigError
        As `pool`; an unknown direction.

    Notes
    -----
    When not to use: below ten studies, or where all studies are small: the line is then extended far beyond the data
    (Stanley 2017, doi:10.1177/1948550617693062). Where true effects differ much, the estimate is biased and its
    interval far too narrow. For odds ratios and standardised mean differences, whose errors depend on the effect, it
    corrects where there is nothing to correct.

    References
    ----------
    Stanley & Doucouliagos 2014, doi:10.1002/jrsm.1095.

    Examples
    --------
    >>> found = pet_peese([0.1, 0.3, 0.35, 0.9], [0.01, 0.03, 0.05, 0.2])
    >>> found.chosen, round(found.fit.beta, 3)
    ('PET', -0.124)
    """
    check_level(level)
    _, y, v, known, notes = one_set(yi, vi, data, labels, "pet_peese")
    y, v = y[known], v[known]
    direction, sign = direction_of(alternative, y, v)
    pet, peese = _at_zero("PET", y, v, np.sqrt(v), level), _at_zero("PEESE", y, v, v, level)
    found = sign * pet.statistic > 0 and pet.p_value / 2 < 0.05
    remarks = (*notes, *notes_of_few(int(y.size)))
    return PetPeese(pet, peese, "PEESE" if found else "PET", direction, remarks)


def uwls(
    yi: ArrayLike | EffectSizes | str, vi: ArrayLike | str | None = None, *, adequate: bool = False,
    data: Any = None, labels: Any = None, level: float = 0.95,
) -> WeightedMean:  # fmt: skip
    """The unrestricted weighted least squares mean: the common-effect estimate with a scale from the data.

    Parameters
    ----------
    yi, vi, data, labels
        As in `pet_peese`.
    adequate : bool, default False
        WAAP-UWLS: only studies with a power of 80 % to find the UWLS mean, where there are two or more.
    level : float, default 0.95

    Returns
    -------
    WeightedMean

    Raises
    ------
    DataError
        As `pool`.

    Notes
    -----
    When not to use: where the mean of the true effects of all studies, small ones included, is asked for: `pool`.

    References
    ----------
    Stanley & Doucouliagos 2015, doi:10.1002/sim.6481; Stanley, Doucouliagos & Ioannidis 2017, doi:10.1002/sim.7228.

    Examples
    --------
    >>> round(uwls([0.1, 0.3, 0.35, 0.9], [0.01, 0.03, 0.05, 0.2]).beta, 3)
    0.199
    """
    check_level(level)
    _, y, v, known, notes = one_set(yi, vi, data, labels, "uwls")
    y, v = y[known], v[known]
    mean = _mean("UWLS", y, v, level, list(notes))
    if not adequate:
        return mean
    strong = np.sqrt(v) <= abs(mean.beta) / ADEQUATE
    if strong.sum() < 2:
        return _mean("UWLS", y, v, level, [*notes, Note("two_adequate", k=int(strong.sum()))])
    return _mean("WAAP-UWLS", y[strong], v[strong], level, list(notes))


def _mean(method: str, y: Array, v: Array, level: float, notes: list[Note]) -> WeightedMean:
    k, total = int(y.size), (1 / v).sum()
    beta = float((y / v).sum() / total)
    if k < 2:
        return _result(method, beta, math.nan, 0, (math.nan, math.nan), level, k, [*notes, _few("UWLS", 2, k)])
    se = float(np.sqrt(((y - beta) ** 2 / v).sum() / (k - 1) / total))
    return _result(method, beta, se, k - 1, (math.nan, math.nan), level, k, notes)


def _at_zero(method: str, y: Array, v: Array, x: Array, level: float) -> WeightedMean:
    line, k = fit_line(y, x, 1 / v), int(y.size)
    if line is None:
        same = Note("same_predictor", name=method, predictor="the standard error")
        note = _few(method, 3, k) if k < 3 else same
        return _result(method, math.nan, math.nan, 0, (math.nan, math.nan), level, k, [note])
    return _result(
        method, line.intercept, line.intercept_se, line.df, (line.slope, line.slope_se), level, k, []
    )  # fmt: skip


def _few(name: str, least: int, k: int) -> Note:
    return Note("test_needs_studies", name=name, least=least, k=k)


def _result(
    method: str, beta: float, se: float, df: int, slope: tuple[float, float], level: float, k: int, notes: list[Note]
) -> WeightedMean:
    with np.errstate(divide="ignore", invalid="ignore"):
        statistic = float(np.divide(beta, se))
    freedom = np.array(float(df))
    p_value = float(two_sided_p(np.array(statistic), freedom)) if df else math.nan
    half = float(quantile((1 + level) / 2, freedom)) * se if df else math.nan
    return WeightedMean(method, beta, se, statistic, df, p_value, beta - half, beta + half, *slope, k, tuple(notes))
