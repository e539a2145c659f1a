"""A test of coefficients with few clusters: the cluster wild bootstrap."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from metarepro.errors import ConfigError, DataError
from metarepro.pooling.inference import check_whole
from metarepro.pooling.kernel import Array
from metarepro.progress import with_progress

if TYPE_CHECKING:
    from metarepro.pooling.models.robust import RobustFit

# Numbers that are held at a time.
CHUNK = 2_000_000


@dataclass(frozen=True)
class WildBootstrap:
    """Result of `wild_bootstrap`.

    Attributes
    ----------
    statistic : float
        Wald statistic of the coefficients that are tested, with the robust covariance of the fit.
    p_value : float
    draws : int
        Patterns of signs that were looked at.
    exact : bool
        Whether these are all there are, 2 to the number of clusters; the p-value cannot be below two of them then.
    """

    statistic: float
    p_value: float
    draws: int
    exact: bool


def wild_bootstrap(
    fit: RobustFit, columns: Sequence[int] | None = None, draws: int = 1999, seed: int = 1
) -> WildBootstrap:
    """Test that coefficients are all 0, by turning the signs of whole clusters' residuals.

    Parameters
    ----------
    fit : RobustFit
        What ``fit.robust(cluster=...)`` gives.
    columns : sequence of int, optional
        Numbers of the coefficients, from 0. Left out: all but the intercept, or the mean itself if there is no other.
    draws : int, default 1999
        Random patterns of signs; all of them where they are not more.
    seed : int

    Returns
    -------
    WildBootstrap

    Raises
    ------
    ConfigError
        A column that the fit does not have, no draws.

    Notes
    -----
    The residuals of the fit without these coefficients are multiplied by 1 or -1, one sign a cluster (Rademacher),
    added to its fitted values and refitted with the same weights; the p-value is the share of patterns whose Wald
    statistic is no smaller. In the simulations of Joshi et al. it keeps its level with 10 to 40 clusters and has more
    power than the HTZ test of several coefficients.

    When not to use: below about six clusters there are so few patterns that no p-value can be small.

    References
    ----------
    Cameron, Gelbach & Miller 2008, doi:10.1162/rest.90.3.414; Joshi, Pustejovsky & Beretvas 2022,
    doi:10.1002/jrsm.1554.

    Examples
    --------
    >>> from metarepro import pool
    >>> fit = pool([0.3, 0.2, 0.6, 0.8, 0.4, 0.5], [0.02] * 6).robust(cluster=["a", "a", "b", "c", "d", "e"])
    >>> wild_bootstrap(fit).p_value
    0.0625
    """
    if not hasattr(fit, "_bread"):
        raise ConfigError(
            "The wild bootstrap needs a cluster-robust fit. Fix: wild_bootstrap(fit.robust(cluster=...))."
        )
    check_whole("draws", draws, 1)
    check_whole("seed", seed, 0)
    beta = np.atleast_1d(fit.beta)
    given = (list(range(1, beta.size)) or [0]) if columns is None else np.ravel(np.asarray(columns)).tolist()
    chosen = list(dict.fromkeys(given))
    if not chosen or any(isinstance(c, bool) or c not in range(beta.size) for c in chosen):
        raise ConfigError(f"columns = {given} must be one or more numbers from 0 to {beta.size - 1}.")
    bread, pick = fit._bread, np.eye(beta.size)[chosen]
    # Coefficients without those that are tested, under the same weights.
    through = bread @ pick.T
    null = beta - through @ np.linalg.solve(pick @ through, beta[chosen])
    plain, adjusted, back = [], [], []
    for c in fit._clusters:
        residual = c.residual + c.x @ (beta - null)
        plain.append(np.einsum("mip,mi->mp", np.linalg.solve(c.total, c.x), residual))
        adjusted.append(np.einsum("mip,mi->mp", c.a, residual))
        back.append(np.einsum("mip,miq->mpq", c.a, c.x))
    score, own, pulled = np.concatenate(plain), np.concatenate(adjusted), np.concatenate(back)

    def statistics(signs: Any) -> Array:
        change = signs @ score @ bread
        scores = signs[:, :, None] * own - np.einsum("mpq,dq->dmp", pulled, change)
        half = np.einsum("dmp,pq->dmq", scores, bread @ pick.T)
        covariance = np.einsum("dmq,dmr->dqr", half, half)
        tested = change[:, chosen]
        # The factor of CR1 and CR1p is the same for all patterns.
        return np.einsum("dq,dq->d", tested, np.linalg.solve(covariance, tested[..., None])[..., 0])

    try:
        observed = float(statistics(np.ones((1, len(score))))[0])
    except np.linalg.LinAlgError:
        raise DataError("The residuals of the clusters are all 0: there is no error to test with.") from None
    clusters = len(score)
    exact = 2**clusters <= draws + 1
    number = 2**clusters if exact else draws
    rng = np.random.default_rng(seed)
    step, as_large = max(CHUNK // (clusters * beta.size), 1), 0
    for first in with_progress("patterns of signs", range(0, number, step)):
        several = range(first, min(first + step, number))
        if exact:
            signs = 1.0 - 2.0 * (np.array(several)[:, None] >> np.arange(clusters) & 1)
        else:
            signs = 1.0 - 2.0 * rng.integers(0, 2, size=(len(several), clusters))
        as_large += int((statistics(signs) >= observed * (1 - 1e-9)).sum())
    p = as_large / number if exact else (as_large + 1) / (number + 1)
    return WildBootstrap(float(observed / fit._factor), p, number, exact)
