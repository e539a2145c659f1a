"""Permutation tests: p-values that need no distribution of the true effects."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import permutations
from math import factorial

import numpy as np
from numpy.typing import ArrayLike

from metarepro.effects.checks import read_numbers
from metarepro.effects.core import EffectSizes, split_effects
from metarepro.errors import DataError
from metarepro.pooling.fit import PooledFit, fit_effects
from metarepro.pooling.inference import check_whole
from metarepro.pooling.kernel import Array

# Statistics this close, relatively, count as ties.
TIE = 1e-9
# Without a number of draws, all arrangements are used up to this many.
EXACT_LIMIT = 50_000


@dataclass(frozen=True, eq=False)
class PermutationTest:
    """Result of `permutation_test`.

    Attributes
    ----------
    p_value : float or ndarray, shape (p,)
        Two-sided, for the pooled effect or each coefficient.
    omnibus_p : float
        For all moderators together (for the pooled effect: the same as `p_value`).
    statistic : float or ndarray
        Observed test statistics.
    exact : bool
        Whether all arrangements were used.
    arrangements : int
        How many; with draws, without the observed one.
    seed : int or None
        Of the draws; None if exact.
    fit : PooledFit
        The observed fit.
    """

    p_value: float | Array
    omnibus_p: float
    statistic: float | Array
    exact: bool
    arrangements: int
    seed: int | None
    fit: PooledFit


def permutation_test(
    yi: ArrayLike | EffectSizes,
    vi: ArrayLike | None = None,
    moderators: ArrayLike | None = None,
    *,
    tau2: str = "REML",
    ci: str | None = None,
    draws: int | None = None,
    seed: int = 1,
) -> PermutationTest:
    """Test the pooled effect by flipping signs, or moderators by permuting them among studies.

    Parameters
    ----------
    yi, vi : array_like, shape (k,), or EffectSizes
        Effects and sampling variances on the working scale, or what `effect_sizes` gives.
    moderators : array_like, shape (k,) or (k, p), optional
        As in `pool`; whole rows are permuted.
    tau2, ci
        As in `pool`; the test statistic is that of the fit.
    draws : int, optional
        Number of random arrangements. By default all of them (2^k sign patterns, k! permutations) if they are at most
        50,000, and 10,000 random ones otherwise.
    seed : int
        Of the random arrangements.

    Returns
    -------
    PermutationTest
        With random arrangements p = (1 + as extreme) / (1 + draws), which is never 0.

    Raises
    ------
    DataError, ConfigError
        As `pool`; fewer than 2 studies; draws below 1.

    Notes
    -----
    Ties count as extreme, within 1e-9 relative, because arrangements that differ by rounding only are the same.
    When not to use: with fewer than 6 studies no two-sided p below 0.05 is possible for the pooled effect.

    References
    ----------
    Follmann & Proschan 1999, doi:10.1111/j.0006-341X.1999.00732.x; Higgins & Thompson 2004, doi:10.1002/sim.1752;
    Phipson & Smyth 2010, doi:10.2202/1544-6115.1585.

    Examples
    --------
    >>> round(permutation_test([0.2, 0.4, 0.3, 0.5, 0.6, 0.1, 0.35], [0.04] * 7).p_value, 3)
    0.016
    """
    y, v = split_effects(yi, vi)
    observed = fit_effects(y, v, tau2, ci, moderators=moderators)
    if y.ndim != 1 or np.ndim(moderators if moderators is not None else 0) > 2:
        raise DataError("A permutation test takes one problem, yi of shape (k,), moderators of shape (k,) or (k, p).")
    known = np.isfinite(y) & np.isfinite(v)
    y, v = y[known], v[known]
    k = y.size
    least = 1e-12 * float(np.abs(y).max(initial=0.0))
    if k < 2:
        raise DataError("A permutation test needs at least 2 studies.")
    if draws is not None:
        check_whole("draws", draws, 1)
    check_whole("seed", seed, 0)
    total = 2**k if moderators is None else factorial(k)
    exact = draws is None and total <= EXACT_LIMIT
    number = 10_000 if draws is None else draws
    random = np.random.default_rng(seed)
    if moderators is None:
        if exact:
            signs = 1.0 - 2.0 * ((np.arange(total)[:, None] >> np.arange(k)) & 1)
        else:
            signs = random.choice([-1.0, 1.0], (number, k))
        fits = fit_effects(y * signs, v, tau2, ci)
        there, here = _size(fits, least)[:, None], np.atleast_1d(_size(observed, least))
        omnibus_there, omnibus_here = there[:, 0], here[0]
    else:
        x = read_numbers(moderators, "moderators")
        x = (x[:, None] if x.ndim == 1 else x)[known]
        order = (
            np.array(list(permutations(range(k))))
            if exact
            else random.permuted(np.tile(np.arange(k), (number, 1)), axis=1)
        )
        fits = fit_effects(y, v, tau2, ci, moderators=x[order])
        there, here = _size(fits, least), _size(observed, least)
        omnibus_there, omnibus_here = _omnibus(fits, least), float(_omnibus(observed, least))
    p_value = _share(there, here, exact)
    omnibus = _share(omnibus_there[:, None], np.array([omnibus_here]), exact)[0]
    return PermutationTest(
        p_value=float(p_value[0]) if moderators is None else p_value,
        omnibus_p=float(omnibus),
        statistic=observed.statistic,
        exact=exact,
        arrangements=total if exact else number,
        seed=None if exact else seed,
        fit=observed,
    )


def _size(fits: PooledFit, least: float) -> Array:
    """Size of the statistics of each coefficient, as `_without_error` has it where there is no standard error."""
    size, beta = (np.abs(np.asarray(x, dtype=np.float64)) for x in (fits.statistic, fits.beta))
    return np.where(np.isnan(size), _without_error(beta, least), size)


def _without_error(beta: Array, least: float) -> Array:
    """The statistic of a coefficient without a standard error (equal effects, Hartung-Knapp): infinite, or 0 of 0.

    A coefficient that does not exist, or is no larger than `least`, which is noise, is no sign of an effect.
    """
    return np.where(np.nan_to_num(beta) > least, np.inf, 0.0)


def _share(there: Array, here: Array, exact: bool) -> Array:
    """Share of arrangements at least as extreme as the observed one. An infinite statistic ties with itself."""
    extreme = (there >= here * (1 - TIE)).sum(0)
    return np.asarray(extreme / there.shape[0] if exact else (1 + extreme) / (1 + there.shape[0]), dtype=np.float64)


def _omnibus(fit: PooledFit, least: float) -> Array:
    """Wald statistic of all coefficients but the first."""
    beta, covariance = fit.beta[..., 1:], fit.covariance[..., 1:, 1:]
    known = np.isfinite(covariance).all((-2, -1))
    safe = np.where(known[..., None, None], covariance, np.eye(beta.shape[-1]))
    wald = (beta * np.linalg.solve(safe, beta[..., None])[..., 0]).sum(-1)
    largest = np.abs(np.nan_to_num(beta)).max(-1, initial=0.0)
    return np.asarray(np.where(known, wald, _without_error(largest, least)), dtype=np.float64)
