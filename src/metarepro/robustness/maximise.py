"""The highest point of a likelihood with bounds: many starts, then Newton's method; with errors and profiles."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from metarepro.pooling.kernel import Array

Likelihood = Callable[[Array], tuple[float, Array]]
Bounds = Sequence[tuple[float, float]]
# How many of the starting points are followed, and how close two maxima are one.
_FOLLOWED, _SAME = 8, 1e-5
_STEPS = 60


@dataclass(frozen=True, eq=False)
class Maximum:
    """Where a likelihood is highest.

    Attributes
    ----------
    at : ndarray, shape (p,)
    value : float
    converged : bool
        Whether the gradient vanishes there, but for parameters at their bounds.
    maxima : int
        Local maxima that were found.
    """

    at: Array
    value: float
    converged: bool
    maxima: int
    function: Likelihood
    bounds: Bounds

    def errors(self) -> Array:
        """Standard errors by the observed information; NaN for parameters at their bounds."""
        with np.errstate(all="ignore"):
            return self._errors()

    def _errors(self) -> Array:
        free = _free(self.at, self.bounds)
        found = np.full(self.at.size, np.nan)
        information = -_hessian(self.function, self.at, self.bounds, free)
        try:
            variances = np.diagonal(np.linalg.inv(information))
        except np.linalg.LinAlgError:
            return found
        found[free] = np.sqrt(np.where(variances > 0, variances, np.nan))
        return found

    def profile_end(self, which: int, side: int, drop: float) -> float:
        """Where the profile likelihood of a parameter has fallen by `drop`; infinite where it does not fall so far."""
        with np.errstate(all="ignore"):
            return self._profile_end(which, side, drop)

    def _profile_end(self, which: int, side: int, drop: float) -> float:
        start = self.at.copy()

        def height(value: float) -> float:
            bounds = list(self.bounds)
            bounds[which] = (value, value)
            ends = []
            for x in (start, self.at):
                x = x.copy()
                x[which] = value
                ends.append(_polish(self.function, x, bounds))
            best = max(ends, key=lambda e: e[1])
            start[:] = best[0]
            return best[1] - self.value + drop

        step = self.errors()[which]
        step = 0.5 * step if math.isfinite(step) and step > 0 else 0.1
        near = float(self.at[which])
        for _ in range(60):
            far = near + side * step
            if not self.bounds[which][0] <= far <= self.bounds[which][1]:
                break
            if height(far) < 0:
                return _crossing(height, near, far)
            near, step = far, step * 1.5
        return side * math.inf


def _crossing(height: Callable[[float], float], inside: float, outside: float) -> float:
    """Where a height becomes negative; by halves where a profile of several ridges jumps, which Brent refuses."""
    from scipy.optimize import brentq

    try:
        ends = sorted((inside, outside))
        return float(brentq(height, ends[0], ends[1], xtol=1e-10, rtol=1e-10))
    except ValueError:
        pass
    for _ in range(200):
        middle = (inside + outside) / 2
        if abs(outside - inside) <= 1e-10 * max(1.0, abs(middle)):
            break
        inside, outside = (middle, outside) if height(middle) >= 0 else (inside, middle)
    return (inside + outside) / 2


def maximise(function: Likelihood, starts: Sequence[Array], bounds: Bounds) -> Maximum:
    """The highest of the maxima that the best starting points lead to."""
    # Far from the data numbers overflow; such points are never the highest.
    with np.errstate(all="ignore"):
        return _maximise(function, starts, bounds)


def _maximise(function: Likelihood, starts: Sequence[Array], bounds: Bounds) -> Maximum:
    from scipy.optimize import minimize

    low, high = (np.array(x) for x in zip(*bounds, strict=True))
    points = [np.clip(s, low, high) for s in starts]
    order = sorted(points, key=lambda x: -_value(function, x))[:_FOLLOWED]

    def downhill(x: Array) -> tuple[float, Array]:
        value, gradient = function(x)
        return (-value, -gradient) if math.isfinite(value) else (1e10, np.zeros_like(x))

    rough = []
    for start in order:
        end = minimize(downhill, start, jac=True, method="L-BFGS-B", bounds=list(bounds), options={"maxiter": 300})
        rough.append((np.clip(end.x, low, high), -float(end.fun)))
    rough.sort(key=lambda e: -e[1])
    ends: list[tuple[Array, float, bool]] = []
    for point, height in rough:
        # Searches that stopped at one place are polished once.
        if not any(abs(height - e[1]) < 1e-4 and _close(point, e[0], 0.02) for e in ends):
            ends.append(_polish(function, point, bounds))
    ends.sort(key=lambda e: -e[1])
    at, value, converged = ends[0]
    tops: list[Array] = []
    for point, height, settled in ends:
        apart = not any(_close(point, t, _SAME) for t in tops)
        # A point on a ridge that is as high is no other maximum, and one that did not settle is none at all.
        if settled and (not tops or (apart and height < value - 1e-7)):
            tops.append(point)
    return Maximum(at, value, converged, max(len(tops), 1), function, bounds)


def _close(a: Array, b: Array, tolerance: float) -> bool:
    return bool(np.abs(a - b).max() <= tolerance * max(1.0, float(np.abs(b).max())))


def _value(function: Likelihood, x: Array) -> float:
    value = function(x)[0]
    return value if math.isfinite(value) else -math.inf


def _free(x: Array, bounds: Bounds) -> np.ndarray:
    return np.array([low < a < high for a, (low, high) in zip(x, bounds, strict=True)])


def _polish(function: Likelihood, x: Array, bounds: Bounds) -> tuple[Array, float, bool]:
    """Newton's method on the parameters that are not held at a bound."""
    low, high = (np.array(b) for b in zip(*bounds, strict=True))
    # A parameter that is a hair from its bound, and pushed towards it, is at it.
    value, gradient = function(x)
    near = 1e-7
    x = np.where((x - low <= near) & (gradient < 0), low, x)
    x = np.where((high - x <= near) & (gradient > 0), high, x)
    value, gradient = function(x)
    for _ in range(_STEPS):
        held = ((x <= low) & (gradient <= 0)) | ((x >= high) & (gradient >= 0))
        free = ~held
        if not free.any():
            return x, value, True
        curve = _hessian(function, x, bounds, free)
        try:
            roots = np.linalg.eigvalsh(-curve)
            shift = 0.0 if roots[0] > 1e-10 * max(roots[-1], 1.0) else 1e-3 * max(roots[-1], 1.0) - roots[0]
            step = np.linalg.solve(-curve + shift * np.eye(free.sum()), gradient[free])
        except np.linalg.LinAlgError:
            break
        size, moved = 1.0, False
        while size > 1e-8:
            trial = x.copy()
            trial[free] = np.clip(x[free] + size * step, low[free], high[free])
            new, slope = function(trial)
            if math.isfinite(new) and new >= value - 1e-13 * abs(value):
                moved = True
                break
            size /= 2
        if not moved:
            break
        change = float((np.abs(trial - x) / np.maximum(np.abs(x), 1e-3)).max())
        x, value, gradient = trial, new, slope
        if change < 1e-11:
            break
    held = ((x <= low) & (gradient <= 0)) | ((x >= high) & (gradient >= 0))
    return x, value, bool((np.abs(gradient[~held]) * np.maximum(np.abs(x[~held]), 0.01) < 1e-6).all())


def _hessian(function: Likelihood, x: Array, bounds: Bounds, free: np.ndarray) -> Array:
    """Second derivatives by central differences of the gradient, one-sided next to a bound."""
    where = np.flatnonzero(free)
    found = np.empty((where.size, where.size))
    for i, j in enumerate(where.tolist()):
        h = 1e-5 * max(abs(x[j]), 0.1)
        up, down = min(x[j] + h, bounds[j][1]), max(x[j] - h, bounds[j][0])
        above, below = x.copy(), x.copy()
        above[j], below[j] = up, down
        found[i] = (function(above)[1][where] - function(below)[1][where]) / (up - down)
    return (found + found.T) / 2
