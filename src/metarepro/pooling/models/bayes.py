"""Few studies: the normal-normal model in full, with a prior for tau, by exact integration instead of sampling."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from metarepro.effects.core import EffectSizes
from metarepro.effects.levels import check_level
from metarepro.errors import ConfigError
from metarepro.notes import Note
from metarepro.pooling.fitted import read_only
from metarepro.pooling.given_effects import one_set
from metarepro.pooling.kernel import Array
from metarepro.pooling.models.posterior_fit import PosteriorFit
from metarepro.pooling.models.posteriors import Posterior, mixture, posterior_of_tau
from metarepro.pooling.models.priors import TauPrior, half_normal, read_prior
from metarepro.pooling.models.tau_grid import TauGrid, given_tau, make_grid
from metarepro.pooling.result_parts import BAYES, Method

if TYPE_CHECKING:
    import pandas as pd

NAN = math.nan


@dataclass(frozen=True, eq=False, repr=False)
class BayesFit(PosteriorFit):
    """Result of `bayes`.

    Attributes
    ----------
    mu, tau, predictive : Posterior
        Of the mean effect, of the standard deviation between studies and of the true effect of a new study; each with
        `mean`, `sd`, `median`, `mode`, `ci_low`, `ci_high` (central interval), `shortest` and `probability_below(x)`.
    log_marginal : float
        Logarithm of the marginal likelihood; NaN with a flat prior of mu, which has no density.
    log_marginal_tau0, log_marginal_mu0 : float
        The same with tau = 0, and with mu = 0 (which has one with a flat prior, too).
    prior_tau : TauPrior
    prior_mu : tuple of float or None
        Mean and standard deviation; None for a flat prior.
    beta, se, ci_low, ci_high, pi_low, pi_high : float
        What figures and tables show: median of mu (the same on every scale), its standard deviation, the central
        intervals of mu and of the predictive distribution.
    k : int
    method : Method
    notes : tuple of Note
    """

    mu: Posterior
    tau: Posterior
    predictive: Posterior
    log_marginal: float
    log_marginal_tau0: float
    prior_tau: TauPrior
    prior_mu: tuple[float, float] | None
    k: int
    method: Method
    notes: tuple[Note, ...]
    _grid: TauGrid
    _yi: Array
    _vi: Array
    studies: EffectSizes | None = None

    converged = True

    @property
    def data(self) -> tuple[Array, Array]:
        """Effects and variances."""
        return self._yi.copy(), self._vi.copy()

    @cached_property
    def weights(self) -> Array:
        """Percent by which each study's effect enters the posterior mean of mu; a prior of mu takes the rest."""
        total = self._vi + self._grid.tau[:, None] ** 2
        shares = self._grid.given.variance[:, None] / total
        found = 100 * self._grid.weights @ shares
        return read_only(100 * found / found.sum())

    @cached_property
    def shrinkage(self) -> dict[str, Array]:
        """True effect of each study, drawn towards the mean: arrays `mean`, `sd`, `median`, `ci_low`, `ci_high`."""
        found = [self.study(i) for i in range(self.k)]
        names = ("mean", "sd", "median", "ci_low", "ci_high")
        return {n: read_only(np.array([getattr(p, n) for p in found])) for n in names}

    def study(self, i: int) -> Posterior:
        """Posterior of the true effect of study `i`, counted from 0."""
        tau2, given = self._grid.tau**2, self._grid.given
        share = self._vi[i] / (self._vi[i] + tau2)
        means = share * given.mean + (1 - share) * self._yi[i]
        variance = share * tau2 + share**2 * given.variance
        return mixture(self._grid.weights, means, np.sqrt(variance), self.level, True, True)

    @cached_property
    def log_marginal_mu0(self) -> float:
        """Logarithm of the marginal likelihood with mu = 0."""
        # A prior of mu that is all at 0 leaves the residuals about 0: the same integral over tau.
        at_zero = (0.0, 1e-9 * math.sqrt(float(self._vi.min())))
        return make_grid(self._yi, self._vi, self.prior_tau, at_zero).log_marginal

    @property
    def log_bayes_factor_heterogeneity(self) -> float:
        """Natural logarithm of the Bayes factor of tau > 0 against tau = 0."""
        return self.log_marginal - self.log_marginal_tau0

    @property
    def log_bayes_factor_effect(self) -> float:
        """Natural logarithm of the Bayes factor of a free mu against mu = 0; it depends much on the prior of mu."""
        return self.log_marginal - self.log_marginal_mu0


def bayes(
    yi: ArrayLike | EffectSizes | str,
    vi: ArrayLike | str | None = None,
    prior_tau: TauPrior | None = None,
    prior_mu: tuple[float, float] | None = None,
    level: float = 0.95,
    *,
    data: Any = None,
    labels: Any = None,
) -> BayesFit:
    """Pool effects by Bayes: yi ~ normal(theta_i, vi), theta_i ~ normal(mu, tau^2), with a prior of tau.

    Parameters
    ----------
    yi, vi : array_like, shape (k,), or str
        Effects and sampling variances on the working scale, or names of columns of `data`, or what `effect_sizes`
        gives in the place of `yi`. Studies that lack a number are left out, with a note.
    prior_tau : TauPrior
        From `metarepro.priors`. Left out: half-normal(0.5), which is weakly informative for log ratios and
        standardized mean differences (Rover et al. 2021). On any other scale, such as a mean difference in points,
        give one: 0.5 would mean half a point.
    prior_mu : (mean, sd), optional
        Normal prior of mu. Left out: flat.
    level : float
        Coverage of all intervals.
    data, labels
        As in `pool`.

    Returns
    -------
    BayesFit

    Raises
    ------
    DataError
        Impossible effects or variances, with the rows; no study.
    ConfigError
        A prior that is none.

    Notes
    -----
    Given tau everything is normal, so that mu is integrated out in closed form. What is left is one integral over tau,
    taken on panels of Gauss-Legendre nodes in a stretched logarithm of tau, which are doubled until it changes by less
    than 1e-12; nothing is sampled, so that the same data always give the same digits. One study is allowed: its result
    is then mostly the prior of tau. When not to use: with counts of 0 or of all patients, where effects are not normal;
    and where no one can say which tau are plausible, since with fewer than five studies the prior decides much (compare
    several by `prior_sensitivity`).

    References
    ----------
    Rover 2020, doi:10.18637/jss.v093.i06; Rover et al. 2021, doi:10.1002/jrsm.1475 (priors of tau).

    Examples
    --------
    >>> fit = bayes([-0.9, -0.4, -1.1], [0.04, 0.09, 0.05])
    >>> round(fit.mu.median, 3), round(fit.tau.median, 3)
    (-0.847, 0.258)
    """
    check_level(level)
    prior = half_normal(0.5) if prior_tau is None else read_prior(prior_tau)
    about = read_prior_mu(prior_mu)
    studies, y, v, known, notes = one_set(yi, vi, data, labels, "bayes")
    return _fit(y[known], v[known], prior, about, level, notes, studies.kept() if known.all() else None)


def read_prior_mu(prior_mu: Any) -> tuple[float, float] | None:
    """A normal prior of the mean; None for a flat one.

    Raises
    ------
    ConfigError
        It is none.
    """
    if prior_mu is None:
        return None
    try:
        mean, sd = (float(x) for x in prior_mu)
    except (TypeError, ValueError):
        mean = sd = NAN
    if not (math.isfinite(mean) and math.isfinite(sd) and sd > 0):
        raise ConfigError(f"prior_mu = {prior_mu!r} must be a mean and a standard deviation above 0, or None for flat.")
    return mean, sd


def _fit(
    y: Array, v: Array, prior: TauPrior, about: tuple[float, float] | None, level: float, notes: tuple[Note, ...],
    studies: EffectSizes | None,
) -> BayesFit:  # fmt: skip
    grid = make_grid(y, v, prior, about)
    # The density of tau falls like tau^(-falls): moments below falls - 1 exist.
    falls = prior.tail + y.size - (1 if about is None else 0)
    of_tau = 2 if falls > 3 else 1 if falls > 2 else 0
    flat = about is None
    mean_mu, sd_mu = not flat or of_tau >= 1, not flat or of_tau >= 2

    def log_density(tau: Array) -> Array:
        with np.errstate(divide="ignore"):
            u = np.log(tau)
        found = given_tau(y, v, tau * tau, about).log_likelihood - grid.log_marginal
        with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
            height = prior.log_density(np.where(tau > 0, u, -700.0))
        return found + np.where((tau == 0) & (prior.at_zero == 0), -np.inf, height)

    given = grid.given
    mu = mixture(grid.weights, given.mean, np.sqrt(given.variance), level, mean_mu, sd_mu)
    new = np.sqrt(given.variance + grid.tau**2)
    predictive = mixture(grid.weights, given.mean, new, level, mean_mu and of_tau >= 1, of_tau >= 2)
    tau = posterior_of_tau(grid, log_density, level, of_tau, math.isfinite(prior.at_zero))
    at_zero = float(given_tau(y, v, np.zeros(1), about).log_likelihood[0])
    if not mean_mu:
        notes = (*notes, Note("posterior_without_mean"))
    method = Method(BAYES, prior.family, "posterior", "posterior", level)
    return BayesFit(
        mu, tau, predictive, NAN if flat else grid.log_marginal, NAN if flat else at_zero, prior, about,
        int(y.size), method, notes, grid, y, v, studies,
    )  # fmt: skip


def prior_sensitivity(
    yi: ArrayLike | EffectSizes, vi: ArrayLike | None = None, priors: Any = None, prior_mu: Any = None,
    level: float = 0.95,
) -> pd.DataFrame:  # fmt: skip
    """The result under several priors of tau, a row each.

    Parameters
    ----------
    yi, vi, prior_mu, level
        As in `bayes`.
    priors : sequence of TauPrior, optional
        Left out: half-normal of 0.25, 0.5 and 1, half-Cauchy(0.5), uniform(0, 4).

    Returns
    -------
    pandas.DataFrame
        Median and interval of mu, of tau, and of a new study, and the probability that mu is below 0; by prior.

    Examples
    --------
    >>> table = prior_sensitivity([-0.9, -0.6, -1.1], [0.06, 0.1, 0.15])
    >>> len(table)
    5
    """
    import pandas as pd

    from metarepro.pooling.models import priors as known

    chosen = priors if priors is not None else (
        known.half_normal(0.25), known.half_normal(0.5), known.half_normal(1.0), known.half_cauchy(0.5),
        known.uniform(4.0),
    )  # fmt: skip
    rows = {}
    for prior in chosen:
        fit = bayes(yi, vi, prior, prior_mu, level)
        rows[str(prior)] = {
            "mu": fit.mu.median, "mu_low": fit.mu.ci_low, "mu_high": fit.mu.ci_high,
            "tau": fit.tau.median, "tau_low": fit.tau.ci_low, "tau_high": fit.tau.ci_high,
            "pi_low": fit.pi_low, "pi_high": fit.pi_high, "probability_below_0": fit.probability_below(0.0),
        }  # fmt: skip
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("prior")
