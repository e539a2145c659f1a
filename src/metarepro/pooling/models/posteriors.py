"""Posterior distributions: mixtures of normals, and that of tau on its grid; their moments, quantiles, intervals."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from metarepro.pooling.kernel import Array
from metarepro.pooling.models.tau_grid import TauGrid

# Components with less weight change no digit.
LIGHT = 1e-19


@dataclass(frozen=True)
class Posterior:
    """A posterior distribution.

    Attributes
    ----------
    mean, sd : float
        NaN where the prior is so heavy-tailed that they do not exist.
    median, ci_low, ci_high : float
        Median and the central interval: as much probability below as above.
    """

    mean: float
    sd: float
    level: float
    _quantile: Callable[[Array], Array]
    _below: Callable[[Array], Array]
    _density: Callable[[Array], Array]
    _lowest: float = -math.inf
    _bounded: bool = True

    @cached_property
    def _central(self) -> Array:
        side = (1 - self.level) / 2
        return self._quantile(np.array([0.5, side, 1 - side]))

    @property
    def median(self) -> float:
        """Half of the probability is below."""
        return float(self._central[0])

    @property
    def ci_low(self) -> float:
        """Lower end of the central interval."""
        return float(self._central[1])

    @property
    def ci_high(self) -> float:
        """Upper end of the central interval."""
        return float(self._central[2])

    def probability_below(self, x: Any) -> Any:
        """Probability of a smaller value, at each `x`."""
        found = self._below(np.atleast_1d(np.asarray(x, dtype=np.float64)))
        return float(found[0]) if np.ndim(x) == 0 else found

    def quantile(self, p: Any) -> Any:
        """Value below which the probability is `p`."""
        found = self._quantile(np.atleast_1d(np.asarray(p, dtype=np.float64)))
        return float(found[0]) if np.ndim(p) == 0 else found

    def density(self, x: Any) -> Any:
        """Density at each `x`."""
        found = self._density(np.atleast_1d(np.asarray(x, dtype=np.float64)))
        return float(found[0]) if np.ndim(x) == 0 else found

    @cached_property
    def mode(self) -> float:
        """Where the density is highest."""
        x = self._quantile(np.linspace(0.001, 0.999, 200))
        if math.isfinite(self._lowest) and self._bounded:
            x = np.concatenate([[self._lowest], x])
        top = int(np.argmax(self._density(x)))
        if top == 0 and math.isfinite(self._lowest):
            return self._lowest
        low, high = x[top - 1], x[min(top + 1, x.size - 1)]
        for _ in range(3):
            x = np.linspace(low, high, 401)
            top = int(np.argmax(self._density(x)))
            low, high = x[max(top - 1, 0)], x[min(top + 1, 400)]
        # A parabola through three points does the rest; much closer points differ by rounding only.
        step = (high - low) / 2
        a, b, c = self._density(np.array([x[top] - step, x[top], x[top] + step]))
        bend = a - 2 * b + c
        return float(x[top] + (0.5 * step * (a - c) / bend if bend < 0 else 0.0))

    @cached_property
    def shortest(self) -> tuple[float, float]:
        """Ends of the shortest interval of the level."""
        spare = 1 - self.level

        def ends(p: float) -> Array:
            return self._quantile(np.array([p, p + self.level]))

        def falls(p: float) -> bool:
            low, high = self._density(ends(p))
            return bool(low >= high)

        if math.isfinite(self._lowest) and self._bounded:
            top = self._quantile(np.array([self.level]))
            if self._density(np.array([self._lowest]))[0] >= self._density(top)[0]:
                return self._lowest, float(top[0])
        a, b = 0.0, spare
        for _ in range(55):
            middle = (a + b) / 2
            a, b = (a, middle) if falls(middle) else (middle, b)
        low, high = ends((a + b) / 2)
        return float(low), float(high)

    def __repr__(self) -> str:
        return f"<median {self.median:.4g}, {100 * self.level:g}% interval {self.ci_low:.4g} to {self.ci_high:.4g}>"


def mixture(weights: Array, means: Array, sds: Array, level: float, has_mean: bool, has_sd: bool) -> Posterior:
    """A mixture of normal distributions as a posterior."""
    from scipy.special import ndtr

    heavy = weights > LIGHT
    w, m, s = weights[heavy], means[heavy], sds[heavy]
    mean = float(w @ m)
    variance = float(w @ (s * s + (m - mean) ** 2))

    def below(x: Array) -> Array:
        return ndtr((x[:, None] - m) / s) @ w

    def density(x: Array) -> Array:
        z = (x[:, None] - m) / s
        return np.exp(-0.5 * z * z) / s @ w / math.sqrt(2 * math.pi)

    def quantile(p: Array) -> Array:
        return solve_quantile(p, below, density, m, s)

    return Posterior(
        mean if has_mean else math.nan, math.sqrt(variance) if has_sd else math.nan, level, quantile, below, density
    )


def solve_quantile(
    p: Array, below: Callable[[Array], Array], density: Callable[[Array], Array], means: Array, sds: Array
) -> Array:
    """Quantiles of a mixture, by Newton steps kept inside a bracket."""
    from scipy.special import ndtri

    with np.errstate(invalid="ignore"):
        reach = np.clip(ndtri(p), -40, 40)
    each = means + reach[:, None] * sds
    low, high = each.min(-1), each.max(-1)
    x = (low + high) / 2
    centre = np.median(each, axis=-1)
    x = np.where((centre > low) & (centre < high), centre, x)
    for _ in range(100):
        off = below(x) - p
        low, high = np.where(off < 0, x, low), np.where(off < 0, high, x)
        slope = density(x)
        with np.errstate(divide="ignore", invalid="ignore"):
            newton = x - off / slope
        inside = (newton > low) & (newton < high)
        new = np.where(inside, newton, (low + high) / 2)
        size = np.abs(new - x)
        x = new
        if (size <= 4e-16 * np.maximum(np.abs(x), sds.min())).all() or ((high - low) <= 1e-15 * np.abs(x)).all():
            break
    return x


def posterior_of_tau(
    grid: TauGrid, log_density: Callable[[Array], Array], level: float, moments: int, bounded: bool
) -> Posterior:
    """The posterior of tau; `moments` says how many exist, `bounded` whether the density is finite at 0."""
    mean = float(grid.weights @ grid.tau)
    variance = float(grid.weights @ (grid.tau - mean) ** 2)

    def density(x: Array) -> Array:
        return np.where(x < 0, 0.0, np.exp(log_density(np.maximum(x, 0.0))))

    return Posterior(
        mean if moments >= 1 else math.nan,
        math.sqrt(variance) if moments >= 2 else math.nan,
        level,
        grid.quantile,
        grid.probability_below,
        density,
        0.0,
        bounded,
    )
