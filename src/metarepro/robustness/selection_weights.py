"""How likely a study is selected by its p-value: weight functions, and the chance of selection with derivatives."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from scipy.special import log_ndtr, ndtr, ndtri

from metarepro.pooling.kernel import Array

# Weight functions of p other than steps are constant beyond these z, where p is 0 or 1 for every purpose; those that
# would be infinite at p = 0 or 1 are constant from p = 1e-5, as without a bound the chance of selection may not exist.
_FAR, _TRUNCATED = 9.0, float(ndtri(1 - 1e-5))
_NODES = 12
_ROOT = np.sqrt(2 * np.pi)


@dataclass(frozen=True)
class WeightFunction:
    """A family of weight functions.

    Attributes
    ----------
    label : str
        In words.
    parameters : int
        How many; 0 where the cuts say it.
    null : tuple of float
        Parameters of no selection.
    upper : float
        Bound of the parameters.
    starts : tuple of float
        Values to start from.
    """

    label: str
    parameters: int
    null: tuple[float, ...]
    upper: float
    starts: tuple[float, ...]
    # log weight and its derivatives by the parameters, at p given as (log p, log (1 - p)).
    log_weight: Callable[[Array, Array, Array], tuple[Array, Array]] | None = None
    truncated: bool = False


def _beta(d: Array, lp: Array, lq: Array) -> tuple[Array, Array]:
    return (d[0] - 1) * lp + (d[1] - 1) * lq, np.stack([lp, lq], -1)


def _half_normal(d: Array, lp: Array, lq: Array) -> tuple[Array, Array]:
    square = np.exp(2 * lp)
    return -d[0] * square, -square[..., None]


def _negative_exponential(d: Array, lp: Array, lq: Array) -> tuple[Array, Array]:
    p = np.exp(lp)
    return -d[0] * p, -p[..., None]


def _logistic(d: Array, lp: Array, lq: Array) -> tuple[Array, Array]:
    p = np.exp(lp)
    x = d[0] * p
    return np.log(2.0) - x - np.log1p(np.exp(-x)), (-p + p / (1 + np.exp(x)))[..., None]


def _power(d: Array, lp: Array, lq: Array) -> tuple[Array, Array]:
    return d[0] * lq, lq[..., None]


STEP = "step"
KINDS = {
    STEP: WeightFunction("steps of the p-value", 0, (), 1e4, (0.1, 0.5, 1.0, 3.0)),
    "beta": WeightFunction("beta weights", 2, (1.0, 1.0), 50.0, (0.3, 1.0, 3.0), _beta, truncated=True),
    "half-normal": WeightFunction("half-normal weights", 1, (0.0,), 1e3, (0.0, 1.0, 5.0, 20.0), _half_normal),
    "negative-exponential": WeightFunction(
        "negative exponential weights", 1, (0.0,), 1e3, (0.0, 1.0, 5.0, 20.0), _negative_exponential
    ),
    "logistic": WeightFunction("logistic weights", 1, (0.0,), 1e3, (0.0, 1.0, 5.0, 20.0), _logistic),
    "power": WeightFunction("power weights", 1, (0.0,), 1e3, (0.0, 1.0, 5.0, 20.0), _power),
}


class Selection:
    """Likelihood of effects that were selected, as a function of (mu, tau2, parameters of the weights).

    Effects are oriented so that the expected direction is upwards; p is one-sided in it.

    Parameters
    ----------
    y, v : ndarray, shape (k,)
    kind : str
        A key of `KINDS`.
    cuts : sequence of float
        Ends of the steps, ascending; for ``step``.
    """

    def __init__(self, y: Array, v: Array, kind: str, cuts: Sequence[float] = ()) -> None:
        self.y, self.v, self.function = y, v, KINDS[kind]
        self.error = np.sqrt(v)
        z = y / self.error
        if kind == STEP:
            self.edges = ndtri(1 - np.asarray(cuts, dtype=np.float64))
            self.interval = np.searchsorted(np.asarray(cuts), ndtr(-z), side="left")
            self.counts = np.bincount(self.interval, minlength=len(cuts) + 1)
            self.parameters = len(cuts)
        else:
            end = _TRUNCATED if self.function.truncated else _FAR
            self.nodes, self.sizes = _rule(end)
            self.end = end
            cut = np.clip(z, -end, end)
            self.own = (log_ndtr(-cut), log_ndtr(cut))
            self.at_nodes = (log_ndtr(-self.nodes), log_ndtr(self.nodes))
            self.at_ends = tuple(np.array([x(-s * end) for s in (-1, 1)]) for x in (log_ndtr, lambda t: log_ndtr(-t)))
            self.parameters = self.function.parameters

    @property
    def null(self) -> Array:
        """Parameters of no selection."""
        return np.array(self.function.null or (1.0,) * self.parameters, dtype=np.float64)

    def log_likelihood(self, at: Array) -> tuple[float, Array]:
        """Value and gradient at (mu, tau2, parameters)."""
        mu, tau2, d = at[0], at[1], at[2:]
        variance = self.v + tau2
        s = np.sqrt(variance)
        r = (self.y - mu) / s
        chance, by_mu, by_tau2, by_d = (self._steps if self.function.log_weight is None else self._smooth)(mu, s, d)
        weight, own_by_d = self._own(d)
        if not (chance > 0).all():
            # Nothing would be selected there, to the last digit.
            return -np.inf, np.zeros(at.size)
        value = (-0.5 * r * r - np.log(s * _ROOT)).sum() + weight - np.log(chance).sum()
        gradient = np.empty(at.size)
        gradient[0] = (r / s).sum() - (by_mu / chance).sum()
        gradient[1] = ((r * r - 1) / (2 * variance)).sum() - (by_tau2 / chance).sum()
        gradient[2:] = own_by_d - (by_d / chance[:, None]).sum(0)
        return float(value), gradient

    def _own(self, d: Array) -> tuple[float, Array]:
        """Sum of the log weights of the studies."""
        if self.function.log_weight is None:
            return float((self.counts[1:] * np.log(d)).sum()), self.counts[1:] / d
        value, by_d = self.function.log_weight(d, *self.own)
        return float(value.sum()), by_d.sum(0)

    def _steps(self, mu: float, s: Array, d: Array) -> tuple[Array, Array, Array, Array]:
        u = (self.edges * self.error[:, None] - mu) / s[:, None]
        # Chance of a p-value up to each cut, falling as u rises.
        above, density = ndtr(-u), np.exp(-0.5 * u * u) / _ROOT
        w = np.concatenate([[1.0], d])
        step = w[:-1] - w[1:]
        chance = w[-1] + above @ step
        inside = np.diff(np.concatenate([above, np.ones((s.size, 1))], -1), axis=-1)
        return chance, (density / s[:, None]) @ step, (density * u / (2 * s * s)[:, None]) @ step, inside

    def _smooth(self, mu: float, s: Array, d: Array) -> tuple[Array, Array, Array, Array]:
        assert self.function.log_weight is not None
        u = (self.nodes * self.error[:, None] - mu) / s[:, None]
        f = np.exp(-0.5 * u * u) / _ROOT * (self.error / s)[:, None] * self.sizes
        log_w, by_d = self.function.log_weight(d, *self.at_nodes)
        w = np.exp(log_w)
        ends, ends_by_d = self.function.log_weight(d, *self.at_ends)
        tails = np.exp(ends)
        edge = (np.array([-self.end, self.end]) * self.error[:, None] - mu) / s[:, None]
        mass = np.stack([ndtr(edge[:, 0]), ndtr(-edge[:, 1])], -1)
        density = np.exp(-0.5 * edge * edge) / _ROOT * np.array([-1.0, 1.0])
        chance = f @ w + mass @ tails
        by_mu = (f * u) @ w / s + (density / s[:, None]) @ tails
        by_tau2 = ((f * (u * u - 1)) @ w + (density * edge) @ tails) / (2 * s * s)
        return chance, by_mu, by_tau2, f @ (w[:, None] * by_d) + mass @ (tails[:, None] * ends_by_d)


@cache
def _rule(end: float) -> tuple[Array, Array]:
    """Gauss-Legendre panels of about one unit: the density of z is never narrower than a standard normal one."""
    x, w = np.polynomial.legendre.leggauss(_NODES)
    cuts = np.linspace(-end, end, int(np.ceil(2 * end)) + 1)
    half = np.diff(cuts) / 2
    nodes = (cuts[:-1] + half)[:, None] + half[:, None] * x
    return nodes.ravel(), (half[:, None] * w).ravel()
