"""Selection models: the pooled effect when studies were selected by their p-values."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from metarepro.effects.core import EffectSizes
from metarepro.effects.levels import check_level
from metarepro.errors import ConfigError, DataError
from metarepro.notes import Note
from metarepro.pooling.fit import fit_effects
from metarepro.pooling.given_effects import one_set
from metarepro.pooling.inference import chi2_quantile, chi2_upper_tail, quantile, two_sided_p
from metarepro.pooling.kernel import Array
from metarepro.robustness.evidence import check_alternative, direction_of, notes_of_few
from metarepro.robustness.maximise import Maximum, maximise
from metarepro.robustness.selection_weights import KINDS, STEP, Selection


@dataclass(frozen=True, eq=False)
class SelectionFit:
    """Result of `selection_model`, on the working scale.

    Attributes
    ----------
    beta, se, statistic, p_value, ci_low, ci_high : float
        Mean of the true effects of all studies, selected or not, with its normal test and interval.
    tau2, tau2_se : float
        Variance of true effects.
    delta, delta_se : ndarray
        Parameters of the weights. Steps: how likely a study of each further interval of p is selected, relative to the
        first; the first is 1 and not listed.
    log_likelihood : float
    lrt, lrt_df, lrt_p : float
        Likelihood-ratio test of no selection.
    unselected : float
        The mean by maximum likelihood without selection.
    kind, alternative : str
    steps : tuple of float
    counts : tuple of int
        Studies in each interval of p; with steps.
    at_boundary : bool
        Whether tau2 is 0 because it may not be negative.
    converged : bool
    maxima : int
        Local maxima that were found.
    k : int
    notes : tuple of Note
    """

    beta: float
    se: float
    statistic: float
    p_value: float
    ci_low: float
    ci_high: float
    tau2: float
    tau2_se: float
    delta: Array
    delta_se: Array
    log_likelihood: float
    lrt: float
    lrt_df: int
    lrt_p: float
    unselected: float
    kind: str
    alternative: str
    steps: tuple[float, ...]
    counts: tuple[int, ...]
    at_boundary: bool
    converged: bool
    maxima: int
    k: int
    level: float
    notes: tuple[Note, ...]
    _likelihood: Selection
    _maximum: Maximum
    _scale: float

    @cached_property
    def profile_interval(self) -> tuple[float, float]:
        """Interval of the mean by profile likelihood; infinite where the data do not bound it."""
        found = self._maximum
        if not math.isfinite(self.log_likelihood):
            return math.nan, math.nan
        drop = float(chi2_quantile(self.level, np.array(1.0))) / 2
        sign = 1.0 if self.alternative == "greater" else -1.0
        ends = sorted(float(sign * self._scale * found.profile_end(0, side, drop)) for side in (-1, 1))
        return ends[0], ends[1]


def selection_model(
    yi: ArrayLike | EffectSizes | str, vi: ArrayLike | str | None = None, *, kind: str = STEP,
    steps: Sequence[float] | float = (0.025,), alternative: str | None = None, tau2: str | float = "ML",
    data: Any = None, labels: Any = None, level: float = 0.95,
) -> SelectionFit:  # fmt: skip
    """Pool effects that were selected by their p-values, by maximum likelihood.

    Parameters
    ----------
    yi, vi, data, labels
        As in `pool`: effects and variances of shape (k,), `EffectSizes`, or names of columns of `data`.
    kind : {'step', 'beta', 'half-normal', 'negative-exponential', 'logistic', 'power'}
        How the chance of being selected depends on the one-sided p-value.
    steps : sequence of float, default (0.025,)
        Ends of the steps. One at 0.025 is the three-parameter model (3PSM), 0.025 and 0.5 the four-parameter one.
    alternative : {'greater', 'less'}, optional
        The direction that is selected for; by default that of the common-effect mean.
    tau2 : 'ML' or float, default 'ML'
        Estimated, or taken as it is; 0 for a common effect.
    level : float, default 0.95
        Of the intervals.

    Returns
    -------
    SelectionFit
        NaN with a note where an interval of p holds no study, as its weight is then not estimable, and where there are
        not more studies than parameters.

    Raises
    ------
    DataError, ConfigError
        As `pool`; fewer than three studies; steps outside (0, 1); an unknown option.

    Notes
    -----
    The maximum is sought from a grid of starting points and polished by Newton's method; the number of local maxima
    found is reported. Beta weights are constant for p below 1e-5 and above 1 - 1e-5, as in metafor. When not to use:
    with fewer than about ten studies the weights are hardly estimated (three-parameter model; more parameters need
    more); where selection was not by p-values.

    References
    ----------
    Vevea & Hedges 1995, doi:10.1007/BF02294384; Citkowicz & Vevea 2017, doi:10.1037/met0000119 (beta);
    Preston, Ashby & Smyth 2004, doi:10.1111/j.1365-2753.2003.00473.x (half-normal and others).

    Examples
    --------
    >>> y, v = [0.6, 0.5, 0.8, 0.3, 0.1, 0.9, 0.7], [0.04, 0.03, 0.09, 0.04, 0.02, 0.1, 0.06]
    >>> fit = selection_model(y, v)
    >>> round(fit.beta, 2), round(float(fit.delta[0]), 2)
    (0.34, 0.22)
    """
    cuts = _check(kind, steps, alternative, tau2)
    check_level(level)
    _, y, v, known, notes = one_set(yi, vi, data, labels, "selection_model")
    y, v = y[known], v[known]
    k = int(y.size)
    if k < 3:
        raise DataError(f"A selection model needs at least 3 studies with a usable effect; there are {k}.")
    direction, sign = direction_of(alternative, y, v)
    scale = float(np.sqrt(np.median(v)))
    likelihood = Selection(sign * y / scale, v / scale**2, kind, cuts)
    given = None if isinstance(tau2, str) else float(tau2) / scale**2
    counts = tuple(likelihood.counts.tolist()) if kind == STEP else ()
    remarks = [*notes, *notes_of_few(k)]
    if 0 in counts:
        remarks.append(Note("empty_interval", where=_where(cuts, counts.index(0))))
        return _nothing(likelihood, kind, direction, cuts, counts, k, level, remarks)
    unknown = 1 + (given is None) + likelihood.parameters
    if k <= unknown:
        remarks.append(Note("test_needs_studies", name="A selection model of this kind", least=unknown + 1, k=k))
        return _nothing(likelihood, kind, direction, cuts, counts, k, level, remarks)
    unselected, base = _without(likelihood, given)
    found = maximise(likelihood.log_likelihood, _starts(likelihood, unselected, given), _bounds(likelihood, given))
    return _result(likelihood, found, unselected, base, sign, scale, kind, direction, cuts, counts, level, remarks)


def _check(kind: str, steps: Any, alternative: str | None, tau2: str | float) -> tuple[float, ...]:
    if kind not in KINDS:
        raise ConfigError(f"kind = {kind!r} is not known. Allowed: {', '.join(KINDS)}.")
    check_alternative(alternative)
    if isinstance(tau2, str) and tau2 != "ML":
        raise ConfigError(f"tau2 = {tau2!r} is not known here. Allowed: ML, or a number.")
    if not isinstance(tau2, str) and not (math.isfinite(tau2) and tau2 >= 0):
        raise ConfigError(f"tau2 = {tau2!r} must be 0 or more.")
    if kind != STEP:
        return ()
    cuts = tuple(sorted(float(x) for x in np.atleast_1d(np.asarray(steps, dtype=np.float64)) if x != 1))
    if not cuts or cuts[0] <= 0 or cuts[-1] >= 1 or len(set(cuts)) < len(cuts):
        raise ConfigError(f"steps = {steps!r} must be different p-values between 0 and 1.")
    return cuts


def _where(cuts: tuple[float, ...], empty: int) -> str:
    if empty == 0:
        return f"of {cuts[0]:g} or less"
    return f"above {cuts[-1]:g}" if empty == len(cuts) else f"between {cuts[empty - 1]:g} and {cuts[empty]:g}"


def _without(likelihood: Selection, given: float | None) -> tuple[Array, float]:
    """Mean, tau2 and log-likelihood without selection."""
    fit = fit_effects(likelihood.y, likelihood.v, "ML" if given is None else given, "z")
    at = np.array([fit.beta, fit.tau2])
    r2 = (likelihood.y - at[0]) ** 2 / (likelihood.v + at[1])
    return at, float(-0.5 * (r2 + np.log(2 * np.pi * (likelihood.v + at[1]))).sum())


def _starts(likelihood: Selection, unselected: Array, given: float | None) -> list[Array]:
    """Starting points: means from the pooled one to its opposite, small to large tau2, weak to strong selection."""
    mean, tau2 = unselected
    means = {float(mean), 0.0, float(mean) / 2, float(mean) - 2.0, -float(mean)}
    between = {given} if given is not None else {0.0, float(tau2), float(tau2) / 4 + 0.05, 3 * float(tau2) + 0.5}
    some = likelihood.function.starts
    weights = (
        product(some, repeat=likelihood.parameters)
        if likelihood.parameters <= 2
        else ((s,) * likelihood.parameters for s in some)
    )
    rest = [likelihood.null, *(np.array(w) for w in weights)]
    return [np.concatenate([[m, t], w]) for m, t, w in product(means, between, rest)]


def _bounds(likelihood: Selection, given: float | None) -> list[tuple[float, float]]:
    lowest = 0.0 if likelihood.function.null and likelihood.function.null[0] == 0 else 1e-8
    between = (0.0, 1e6) if given is None else (given, given)
    return [(-1e4, 1e4), between, *[(lowest, likelihood.function.upper)] * likelihood.parameters]


def _result(
    likelihood: Selection, found: Maximum, unselected: Array, base: float, sign: float, scale: float, kind: str,
    direction: str, cuts: tuple[float, ...], counts: tuple[int, ...], level: float, notes: list[Note],
) -> SelectionFit:  # fmt: skip
    k, at, error = likelihood.y.size, found.at, found.errors()
    beta, se = sign * scale * at[0], scale * error[0]
    statistic = float(beta / se)
    half = float(quantile((1 + level) / 2, np.array(np.nan))) * se
    df = likelihood.parameters
    lrt = max(2 * (found.value - base), 0.0)
    upper = likelihood.function.upper
    if (at[2:] > 0.999 * upper).any():
        notes.append(Note("selection_edge", name="delta"))
    if found.maxima > 1:
        notes.append(Note("selection_several_maxima"))
    if not found.converged:
        notes.append(Note("not_converged", estimator="The selection model"))
    return SelectionFit(
        float(beta), float(se), statistic, float(two_sided_p(np.array(statistic), np.array(np.nan))),
        float(beta - half), float(beta + half), float(scale**2 * at[1]), float(scale**2 * error[1]), at[2:], error[2:],
        found.value - k * math.log(scale), lrt, df, float(chi2_upper_tail(np.array(lrt), np.array(float(df)))),
        float(sign * scale * unselected[0]), kind, direction, cuts, counts, bool(at[1] == 0), found.converged,
        found.maxima, int(k), level, tuple(notes), likelihood, found, scale,
    )  # fmt: skip


def _nothing(
    likelihood: Selection, kind: str, direction: str, cuts: tuple[float, ...], counts: tuple[int, ...], k: int,
    level: float, notes: list[Note],
) -> SelectionFit:  # fmt: skip
    nan, none = math.nan, np.full(likelihood.parameters, np.nan)
    empty = Maximum(np.full(2 + likelihood.parameters, nan), nan, False, 0, likelihood.log_likelihood, [])
    return SelectionFit(
        nan, nan, nan, nan, nan, nan, nan, nan, none, none, nan, nan, likelihood.parameters, nan, nan, kind, direction,
        cuts, counts, False, False, 0, k, level, tuple(notes), likelihood, empty, 1.0,
    )  # fmt: skip
