"""The posterior of tau in the normal-normal model, on panels that follow it from 0 to infinity."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from metarepro.pooling.kernel import Array
from metarepro.pooling.models.priors import TauPrior

# Nodes of a panel, and how many panels are tried in turn.
NODES = 16
PANELS = (12, 24, 48, 96, 192)
# The integrals are exact enough when twice the panels change them by less, relative to the posterior's own size.
SAME = 1e-12
# log tau is looked at up to here: tau2 is still a number.
REACH = 350.0
# What lies so far below the peak, as a logarithm, counts for nothing.
NOTHING = 45.0


@dataclass(frozen=True)
class Given:
    """What is known at each of g values of tau.

    Attributes
    ----------
    mean, variance : ndarray, shape (g,)
        Of mu, given tau.
    log_likelihood : ndarray, shape (g,)
        Of tau, with mu integrated out; with a flat prior of mu its density is 1.
    """

    mean: Array
    variance: Array
    log_likelihood: Array


def given_tau(yi: Array, vi: Array, tau2: Array, prior_mu: tuple[float, float] | None) -> Given:
    """Mean and variance of mu given tau, and the likelihood of tau with mu integrated out; all in closed form."""
    total = vi + tau2[:, None]
    w = 1 / total
    precision, weighted = w.sum(-1), w @ yi
    if prior_mu is not None:
        precision = precision + prior_mu[1] ** -2
        weighted = weighted + prior_mu[0] * prior_mu[1] ** -2
    mean = weighted / precision
    square = (w * (yi - mean[:, None]) ** 2).sum(-1)
    constant = 0.5 * math.log(2 * math.pi) if prior_mu is None else -math.log(prior_mu[1])
    if prior_mu is not None:
        square = square + ((mean - prior_mu[0]) / prior_mu[1]) ** 2
    value = constant - 0.5 * (np.log(total).sum(-1) + np.log(precision) + square + yi.size * math.log(2 * math.pi))
    return Given(mean, 1 / precision, value)


@dataclass(frozen=True)
class Panels:
    """A distribution on panels of Gauss-Legendre nodes: `weights` are probabilities of the nodes, panel by panel."""

    edges: Array
    weights: Array

    @property
    def below(self) -> Array:
        """Probability below each edge."""
        found = np.concatenate([[0.0], np.cumsum(self.weights.reshape(-1, NODES).sum(-1))])
        return found / found[-1]

    def probability_below(self, x: Array) -> Array:
        """Probability of a smaller value."""
        at = np.clip(x, self.edges[0], self.edges[-1])
        panel = np.clip(np.searchsorted(self.edges, at, side="right") - 1, 0, self.edges.size - 2)
        width = self.edges[panel + 1] - self.edges[panel]
        return self.below[panel] + self._within(panel, 2 * (at - self.edges[panel]) / width - 1)

    def quantile(self, p: Array) -> Array:
        """Value below which the probability is p."""
        below = self.below
        panel = np.clip(np.searchsorted(below, p, side="right") - 1, 0, self.edges.size - 2)
        rest = p - below[panel]
        low, high = np.full(p.shape, -1.0), np.full(p.shape, 1.0)
        for _ in range(60):
            middle = (low + high) / 2
            short = self._within(panel, middle) < rest
            low, high = np.where(short, middle, low), np.where(short, high, middle)
        width = self.edges[panel + 1] - self.edges[panel]
        return self.edges[panel] + width * ((low + high) / 2 + 1) / 2

    def density(self, x: Array) -> Array:
        """Density, by the polynomial through the nodes of a panel."""
        inside = (x >= self.edges[0]) & (x <= self.edges[-1])
        at = np.clip(x, self.edges[0], self.edges[-1])
        panel = np.clip(np.searchsorted(self.edges, at, side="right") - 1, 0, self.edges.size - 2)
        width = self.edges[panel + 1] - self.edges[panel]
        heights = self.weights.reshape(-1, NODES)[panel] / gauss()[1]
        found: Any = np.polynomial.legendre.legval(
            2 * (at - self.edges[panel]) / width - 1, np.moveaxis(heights @ _series(), -1, 0), tensor=False
        )
        return np.where(inside, np.maximum(found, 0.0) * 2 / width, 0.0)

    def _within(self, panel: NDArray[np.intp], x: Array) -> Array:
        """Probability from the left edge of a panel to x in [-1, 1]: the interpolating polynomial, integrated."""
        densities = self.weights.reshape(-1, NODES)[panel] / gauss()[1]
        coefficients = np.moveaxis(densities @ _antiderivative(), -1, 0)
        found: Any = np.polynomial.legendre.legval(x, coefficients, tensor=False)
        return found


@dataclass(frozen=True)
class TauGrid:
    """Nodes of the posterior of tau with their weights, panel by panel.

    Attributes
    ----------
    panels : Panels
        The posterior in the stretched variable.
    tau, weights : ndarray, shape (g,)
        Nodes, and the posterior probability that each stands for; the weights sum to 1.
    given : Given
    log_marginal : float
        Logarithm of the integral of prior times likelihood.
    centre, stretch : float
        log tau = centre + stretch sinh(w) for the stretched variable w.
    """

    panels: Panels
    tau: Array
    weights: Array
    given: Given
    log_marginal: float
    centre: float
    stretch: float

    def tau_at(self, w: Array) -> Array:
        """Tau at stretched variables."""
        return np.exp(np.minimum(self.centre + self.stretch * np.sinh(w), REACH))

    def stretched(self, tau: Array) -> Array:
        """Stretched variables of tau."""
        with np.errstate(divide="ignore"):
            return np.arcsinh((np.log(tau) - self.centre) / self.stretch)

    def probability_below(self, tau: Array) -> Array:
        """Posterior probability of a smaller tau."""
        return self.panels.probability_below(self.stretched(np.maximum(tau, 0.0)))

    def quantile(self, p: Array) -> Array:
        """Tau below which the posterior probability is p."""
        return self.tau_at(self.panels.quantile(p))


@cache
def gauss() -> tuple[Array, Array]:
    """Nodes and weights of a panel on [-1, 1]."""
    return np.polynomial.legendre.leggauss(NODES)


@cache
def _series() -> Array:
    """Matrix from values at the nodes to Legendre coefficients."""
    x, w = gauss()
    degree = np.arange(NODES)
    found: Array = (2 * degree + 1) / 2 * np.polynomial.legendre.legvander(x, NODES - 1) * w[:, None]
    return found


@cache
def _antiderivative() -> Array:
    """Matrix from values at the nodes to Legendre coefficients of the integral from -1."""
    integrals = np.array([np.polynomial.legendre.legint(row, lbnd=-1) for row in np.eye(NODES)])
    return _series() @ integrals


def make_grid(yi: Array, vi: Array, prior: TauPrior, prior_mu: tuple[float, float] | None) -> TauGrid:
    """Panels for the posterior of tau, doubled until its integrals stand still."""
    last = min(REACH, math.log(prior.upper)) if math.isfinite(prior.upper) else REACH

    def height(u: Array) -> tuple[Array, Given]:
        given = given_tau(yi, vi, np.exp(2 * u), prior_mu)
        with np.errstate(over="ignore"):
            return prior.log_density(u) + given.log_likelihood + u, given

    # A first look around the size of the sampling errors, thin far from it.
    look = 0.5 * math.log(float(np.median(vi))) + 2 * np.sinh(np.linspace(-6, 6, 161))
    look = np.append(look[(look > -REACH) & (look < last)], last)
    seen = height(look)[0]
    peak = int(np.argmax(seen))
    mass = np.exp(seen - seen[peak]) * np.gradient(look)
    share = np.cumsum(mass) / mass.sum()
    quarter, three = np.interp([0.25, 0.75], share, look)
    centre, stretch = float(look[peak]), float(np.clip(three - quarter, 0.02, 1.0))
    some = np.flatnonzero(seen > seen[peak] - NOTHING)
    # To the right the integrals of tau and of its square end later than that of the density, where they exist.
    falls = prior.tail + yi.size - (prior_mu is None)
    power = 2.0 if falls > 3 else 1.0 if falls > 2 else 0.0
    far = np.flatnonzero(seen + power * (look - centre) > seen[peak] - NOTHING)
    low, high = look[max(some[0] - 1, 0)], look[min(far[-1] + 1, look.size - 1)]
    ends = np.arcsinh((np.array([low, high]) - centre) / stretch)
    x, w = gauss()
    before: tuple[float, ...] = ()
    for panels in PANELS:
        edges = np.linspace(ends[0], ends[1], panels + 1)
        half = np.diff(edges)[:, None] / 2
        nodes = edges[:-1, None] + half * (1 + x)
        u = np.minimum(centre + stretch * np.sinh(nodes), last)
        value, given = height(u.ravel())
        value = value + np.log(stretch * np.cosh(nodes) * half * w).ravel()
        top = float(value.max())
        weights = np.exp(value - top)
        total = float(weights.sum())
        weights /= total
        tau = np.exp(u.ravel())
        mean = float(weights @ given.mean)
        spread = math.sqrt(float(weights @ (given.variance + (given.mean - mean) ** 2)))
        now = (top + math.log(total), mean / spread, float(np.log(spread)), float(weights @ np.log1p(tau / spread)))
        if before and all(abs(a - b) < SAME * max(1, abs(a)) for a, b in zip(now, before, strict=True)):
            break
        before = now
    return TauGrid(Panels(edges, weights), tau, weights, given, now[0], centre, stretch)
