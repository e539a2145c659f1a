"""Counts by Bayes: the binomial likelihood itself with priors of the mean and of tau, by exact integration."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from metarepro.effects.core import EffectSizes, effect_sizes
from metarepro.effects.levels import check_level
from metarepro.errors import ConfigError, DataError
from metarepro.notes import Note
from metarepro.pooling.kernel import Array
from metarepro.pooling.models.bayes import read_prior_mu
from metarepro.pooling.models.count_kernels import Hypergeometric, Kernel, OneBinomial, Terms
from metarepro.pooling.models.given_counts import read_given_counts
from metarepro.pooling.models.posterior_fit import PosteriorFit
from metarepro.pooling.models.posteriors import Posterior, mixture
from metarepro.pooling.models.priors import TauPrior, half_normal, read_prior
from metarepro.pooling.models.random_slope import RandomSlope
from metarepro.pooling.models.tau_grid import NOTHING, Panels, gauss
from metarepro.pooling.result_parts import BAYES, Method

NAN = math.nan
COLUMNS = {"PLO": ("e", "n"), "OR": ("e1", "n1", "e2", "n2")}
# Priors where none is given. A log odds ratio beyond log(250) is unheard of (Gunhan 2020); a logit with this standard
# deviation is nearly uniform as a proportion.
PRIOR_MU = {"OR": (0.0, 2.82), "PLO": (0.0, 1.7)}
SCALES = {"OR": 0.5, "PLO": 1.0}
# Panels of mu and of log tau, and nodes of each study's integral, that are tried in turn.
RULES = ((6, 31), (10, 41), (16, 61), (24, 101))
SAME = 1e-8
# Points that are integrated at a time; log tau below which tau is 0 for every count.
CHUNK, TINY = 1500, math.log(1e-5)
LARGEST_TAU = 40.0
# Log-likelihoods of single studies are looked up between these effects; beyond them they are straight lines.
FAR, STEP = 60.0, 0.02


@dataclass(frozen=True, eq=False, repr=False)
class BayesCountsFit(PosteriorFit):
    """Result of `bayes_counts`.

    Attributes
    ----------
    mu, tau, predictive : Posterior
        Of the mean logit or log odds ratio, of the standard deviation between studies, and of a new study.
    log_marginal : float
        Logarithm of the marginal likelihood, with all binomial coefficients.
    prior_tau : TauPrior
    prior_mu : tuple of float
    beta, se, ci_low, ci_high, pi_low, pi_high : float
        As in `bayes`.
    k : int
    method : Method
    notes : tuple of Note
    studies : EffectSizes
        Effects of the single studies, with their counts.
    """

    mu: Posterior
    tau: Posterior
    predictive: Posterior
    log_marginal: float
    prior_tau: TauPrior
    prior_mu: tuple[float, float]
    k: int
    converged: bool
    method: Method
    notes: tuple[Note, ...]
    weights: Array
    studies: EffectSizes

    @property
    def data(self) -> tuple[Array, Array]:
        """Effects of the single studies and their variances."""
        return self.studies.yi, self.studies.vi


def bayes_counts(
    measure: str | EffectSizes = "PLO",
    *,
    e: ArrayLike | str | None = None,
    n: ArrayLike | str | None = None,
    e1: ArrayLike | str | None = None,
    n1: ArrayLike | str | None = None,
    e2: ArrayLike | str | None = None,
    n2: ArrayLike | str | None = None,
    prior_tau: TauPrior | None = None,
    prior_mu: tuple[float, float] | None = None,
    level: float = 0.95,
    data: Any = None,
    labels: Any = None,
) -> BayesCountsFit:
    """Pool counts by Bayes, without a normal approximation; one study, and no event at all, are no special cases.

    Parameters
    ----------
    measure : {'PLO', 'OR'}
        Proportions on the logit scale; or odds ratios, by the events of arm 1 given those of both (noncentral
        hypergeometric), so that no prior is needed for the level of each study.
    e, n, e1, n1, e2, n2 : array_like, shape (k,), or str
        Events and totals; no constant is added to any count.
    prior_tau : TauPrior, optional
        Left out: half-normal(0.5) for OR, half-normal(1) for PLO.
    prior_mu : (mean, sd), optional
        Normal prior of the mean; it is always proper, as counts of 0 alone would leave a flat one without end. Left
        out: (0, 2.82) for OR, with which odds ratios beyond 250 are unheard of (Gunhan 2020); (0, 1.7) for PLO, nearly
        uniform as a proportion.
    level : float
    data, labels
        As in `effect_sizes`, whose result may stand in place of `measure`.

    Returns
    -------
    BayesCountsFit

    Raises
    ------
    DataError
        Impossible counts, with the rows; no study with complete counts, or none that says anything of a ratio.
    ConfigError
        Another measure; a prior that is none; a prior of tau with weight beyond 40, where counts say nothing of it.

    Notes
    -----
    Each study's integral over its true effect is taken by a stretched trapezoidal rule, those over mean and tau on
    panels of Gauss-Legendre nodes, with more of both until nothing changes by more than 1e-8; a note says if it does.
    When not to use: with many events in every arm `bayes` gives the same at a fraction of the cost.

    References
    ----------
    Gunhan, Rover & Friede 2020, doi:10.1002/jrsm.1370; Stijnen, Hamza & Ozdemir 2010, doi:10.1002/sim.4040.

    Examples
    --------
    >>> fit = bayes_counts("PLO", e=[0, 1], n=[12, 15])
    >>> 0 < float(fit.display().estimate) < 0.2
    True
    """
    given: dict[str, Any] = {"e": e, "n": n, "e1": e1, "n1": n1, "e2": e2, "n2": n2}
    if isinstance(measure, EffectSizes):
        given, labels = dict(measure.inputs), measure.labels or labels
        measure = measure.measure
    if measure not in COLUMNS:
        raise ConfigError(f"measure = {measure!r} is not known for counts by Bayes. Allowed: {', '.join(COLUMNS)}.")
    check_level(level)
    prior = half_normal(SCALES[measure]) if prior_tau is None else read_prior(prior_tau)
    about = read_prior_mu(PRIOR_MU[measure] if prior_mu is None else prior_mu)
    wanted = COLUMNS[measure]
    counts = read_given_counts(measure, wanted, given, data, labels)
    counts.demand_whole("Bayes for counts")
    numbers, known, notes = counts.numbers, counts.known, list(counts.notes)
    if measure == "OR":
        with np.errstate(invalid="ignore"):
            both, everybody = numbers[0] + numbers[2], numbers[1] + numbers[3]
            silent = known & ((both == 0) | (both == everybody))
        if silent.any():
            notes.append(Note("double_zero_weightless", rows=[int(r) for r in np.flatnonzero(silent)]))
        known = known & ~silent
    if not known.any():
        raise DataError("There is no study with complete counts that say anything.")
    used = [x[known] for x in numbers]
    studies = effect_sizes(measure, **dict(zip(wanted, used, strict=True))).kept()
    names = counts.names_of(known)
    studies = studies if names is None else studies.named(names)
    kernel: Kernel = (
        OneBinomial(used[0], used[1], np.zeros(used[0].size)) if measure == "PLO" else Hypergeometric(*used)
    )
    assert about is not None
    return _fit(_Tables(kernel), studies, prior, about, level, notes)


class _Tables:
    """A kernel without levels, looked up: its values, slopes and bends on a grid, joined by polynomials of degree 5."""

    levels = False

    def __init__(self, kernel: Kernel) -> None:
        self.own, self.variance, self.level, self.constant = kernel.own, kernel.variance, kernel.level, kernel.constant
        grid = np.arange(-round(FAR / STEP), round(FAR / STEP) + 1) * STEP
        shape = (1, self.own.size, grid.size)
        found = kernel.at(np.broadcast_to(grid, shape), np.zeros(shape))
        self.h, self.first, self.second = found.h[0], found.b[0] * STEP, found.bb[0] * STEP**2
        self.size = grid.size

    def at(self, b: Array, a: Array) -> Terms:
        """Terms at effects; the slope and the bend, by which quadrature is placed, are those of the polynomial."""
        inside = np.clip(b, -FAR, FAR)
        place = (inside + FAR) / STEP
        left = np.minimum(place.astype(np.intp), self.size - 2)
        t = place - left
        row = np.arange(self.own.size)[:, None]
        y, d, c = self.h[row, left], self.first[row, left], self.second[row, left] / 2
        # What a parabola from the left misses at the right end, in value, slope and bend.
        p = self.h[row, left + 1] - y - d - c
        q = self.first[row, left + 1] - d - 2 * c
        r = self.second[row, left + 1] / 2 - c
        e, f, g = 10 * p - 4 * q + r, -15 * p + 7 * q - 2 * r, 6 * p - 3 * q + r
        value = y + t * (d + t * (c + t * (e + t * (f + t * g))))
        slope = (d + t * (2 * c + t * (3 * e + t * (4 * f + t * 5 * g)))) / STEP
        bend = (2 * c + t * (6 * e + t * (12 * f + t * 20 * g))) / STEP**2
        value = value + slope * (b - inside)
        return Terms(value, slope, np.where(b == inside, np.minimum(bend, 0.0), 0.0), a, a, a)


def _likelihoods(model: RandomSlope, mu: Array, tau: Array) -> Array:
    """Log-likelihood at every pair of a tau (row) and a mu (column)."""
    pairs_mu, pairs_tau = np.tile(mu, tau.size), np.repeat(tau, mu.size)
    parts = [model.at(pairs_mu[i : i + CHUNK], pairs_tau[i : i + CHUNK]).value for i in range(0, pairs_mu.size, CHUNK)]
    return np.concatenate(parts).reshape(tau.size, mu.size)


def _check_tail(prior: TauPrior, relative: float) -> None:
    """Refuse a prior whose tail beyond the largest tau would count; `relative` is the log-likelihood there."""
    if prior.upper <= LARGEST_TAU:
        return
    u = np.linspace(math.log(LARGEST_TAU), 350.0, 20001)
    with np.errstate(over="ignore"):
        height = prior.log_density(u) + u
    mass = float(np.logaddexp.reduce(height) + math.log(u[1] - u[0])) + relative
    if mass > math.log(1e-7):
        raise ConfigError(
            f"The prior of tau, {prior.family}, leaves weight beyond {LARGEST_TAU:g}, where counts say nothing of tau. "
            "Fix: give one with a shorter tail, such as priors.half_normal(0.5), or with an end, such as "
            "priors.uniform(5)."
        )


def _fit(
    kernel: Kernel, studies: EffectSizes, prior: TauPrior, about: tuple[float, float], level: float, notes: list[Note]
) -> BayesCountsFit:
    last = math.log(min(prior.upper, LARGEST_TAU))

    def prior_of_mu(mu: Array) -> Array:
        z = (mu - about[0]) / about[1]
        return -0.5 * z * z - math.log(about[1]) - 0.5 * math.log(2 * math.pi)

    # A first look, to see where there is any mass.
    look_u = np.append(np.linspace(-9, last, 17)[:-1], last)
    look_mu = about[0] + about[1] * np.linspace(-9, 9, 181)
    rough = RandomSlope(kernel, RULES[0][1])
    seen = _likelihoods(rough, look_mu, np.exp(look_u)) + prior_of_mu(look_mu)
    by_mu = (seen + (prior.log_density(look_u) + look_u)[:, None]).max(0)
    some = np.flatnonzero(by_mu > by_mu.max() - NOTHING)
    ends_mu = look_mu[max(some[0] - 1, 0)], look_mu[min(some[-1] + 1, look_mu.size - 1)]
    # Where tau is next to nothing only its prior changes; its own tail decides how far down it counts.
    far = np.linspace(-340.0, last, 4000)
    height = prior.log_density(far) + far + np.interp(far, look_u, seen.max(1))
    low = far[max(int(np.flatnonzero(height > height.max() - NOTHING)[0]) - 1, 0)]
    centre = float(far[int(np.argmax(height))])
    ends_w = np.arcsinh(np.array([low - centre, last - centre]))
    by_tau = np.logaddexp.reduce(seen, axis=1)
    whole = prior.log_density(far) + far + np.interp(far, look_u, by_tau)
    _check_tail(prior, float(by_tau[-1] - np.logaddexp.reduce(whole) - math.log(far[1] - far[0])))
    x, w = gauss()
    before: tuple[float, ...] = ()
    same = False
    for panels, nodes in RULES:
        model = RandomSlope(kernel, nodes, stretched=True)
        edges = np.linspace(ends_mu[0], ends_mu[1], panels + 1)
        half = np.diff(edges)[:, None] / 2
        mu, log_mu = (edges[:-1, None] + half * (1 + x)).ravel(), np.log(half * w).ravel()
        edges_w = np.linspace(ends_w[0], ends_w[1], panels + 1)
        half = np.diff(edges_w)[:, None] / 2
        stretched = (edges_w[:-1, None] + half * (1 + x)).ravel()
        u = np.minimum(centre + np.sinh(stretched), last)
        log_u = np.log(half * w).ravel() + np.log(np.cosh(stretched)) + u + prior.log_density(u)
        value = np.empty((u.size, mu.size))
        nearly_none = u < TINY
        value[~nearly_none] = _likelihoods(model, mu, np.exp(u[~nearly_none]))
        if nearly_none.any():
            value[nearly_none] = _likelihoods(model, mu, np.zeros(1))
        value += prior_of_mu(mu) + log_mu + log_u[:, None]
        top = float(value.max())
        weights = np.exp(value - top)
        total = float(weights.sum())
        weights /= total
        tau = np.exp(u)
        mean = float(weights.sum(0) @ mu)
        spread = math.sqrt(float(weights.sum(0) @ (mu - mean) ** 2))
        now = (top + math.log(total), mean / spread, math.log(spread), float(weights.sum(1) @ np.log1p(tau)))
        same = bool(before) and all(abs(a - b) < SAME * max(1, abs(a)) for a, b in zip(now, before, strict=True))
        if same:
            break
        before = now
    if not same:
        notes.append(Note("not_converged", estimator="The integral over mean and tau"))
    of_mu, of_tau = weights.sum(0), weights.sum(1)
    mu_panels, tau_panels = Panels(edges, of_mu), Panels(edges_w, of_tau)
    mu_posterior = Posterior(mean, spread, level, mu_panels.quantile, mu_panels.probability_below, mu_panels.density)

    def tau_of(at: Array) -> Array:
        return np.exp(np.minimum(centre + np.sinh(at), last))

    def stretch(value: Array) -> Array:
        with np.errstate(divide="ignore"):
            return np.arcsinh(np.log(np.maximum(value, 0.0)) - centre)

    def tau_density(value: Array) -> Array:
        at = stretch(value)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            slope = value * np.cosh(at)
            return np.where(value > 0, tau_panels.density(at) / slope, 0.0)

    mean_tau = float(of_tau @ tau)
    tau_posterior = Posterior(
        mean_tau, math.sqrt(float(of_tau @ (tau - mean_tau) ** 2)), level, lambda p: tau_of(tau_panels.quantile(p)),
        lambda v: tau_panels.probability_below(stretch(v)), tau_density,
    )  # fmt: skip
    information = model.at(np.array([mu_posterior.median]), np.array([tau_posterior.median])).information[0]
    heavy = weights > 1e-13
    row, column = np.nonzero(heavy)
    # A new study's effect: normal about mu with tau, which must not be 0.
    predictive = mixture(weights[heavy], mu[column], np.maximum(tau[row], 1e-6), level, True, True)
    return BayesCountsFit(
        mu_posterior, tau_posterior, predictive, now[0] + kernel.constant, prior, about, int(studies.yi.size), same,
        Method(BAYES, prior.family, "posterior", "posterior", level), tuple(notes),
        100 * information / information.sum(), studies,
    )  # fmt: skip
