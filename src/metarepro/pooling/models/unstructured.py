"""The highest likelihood over an unstructured covariance of true effects, which must be positive semidefinite."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np

from metarepro.pooling.kernel import Array
from metarepro.pooling.models.blocks import Likelihood, Point, Rows

# Standard deviations that the search starts from, as multiples of a typical one, and correlations.
SPREADS, CORRELATIONS = (0.1, 1.0, 4.0), (-0.7, 0.0, 0.7)
# So many of the best starts are climbed.
CLIMBED = 5
# A smallest eigenvalue below this share of the largest is 0.
SINGULAR = 1e-9


@dataclass(frozen=True)
class Summit:
    """A maximum over covariances between studies.

    Attributes
    ----------
    between : ndarray, shape (p, p)
    point : Point
        The likelihood there, with its derivatives by variances, then covariances.
    """

    between: Array
    point: Point
    iterations: int
    converged: bool
    maxima: int

    @property
    def singular(self) -> bool:
        """Whether a variance is 0, or outcomes are perfectly correlated."""
        values = np.linalg.eigvalsh(self.between)
        return bool(values[0] <= SINGULAR * max(values[-1], np.finfo(float).tiny))


def places(size: int) -> list[tuple[int, int]]:
    """Places of the numbers of a covariance matrix: its diagonal, then what is above it."""
    return [*((i, i) for i in range(size)), *((i, j) for i in range(size) for j in range(i + 1, size))]


def cells_of(kinds: Rows, size: int) -> Array:
    """Where each number of the covariance stands in the covariance of a cluster's effects, shape (numbers, m, n, n)."""
    one = np.eye(size)[kinds]
    cells = [one[:, :, None, i] * one[:, None, :, j] for i, j in places(size)]
    return np.stack([c if i == j else c + c.swapaxes(1, 2) for c, (i, j) in zip(cells, places(size), strict=True)])


def highest_summit(likelihood: Likelihood, size: int, typical: Array) -> Summit:
    """The highest of the maxima that the best starts lead to.

    Parameters
    ----------
    likelihood : Likelihood
        Of the numbers in the order of `places`.
    size : int
        Number of outcomes.
    typical : ndarray, shape (p,)
        A typical sampling variance of each outcome.
    """
    spreads = product(SPREADS, repeat=size) if size <= 3 else ((s,) * size for s in SPREADS)
    starts = []
    for spread, r in product(spreads, CORRELATIONS if size > 1 else (0.0,)):
        # Of more than two outcomes all negative correlations do not fit together.
        r = max(r, -0.7 / max(size - 1, 1))
        d = np.array(spread) * np.sqrt(typical)
        matrix = (r + (1 - r) * np.eye(size)) * np.outer(d, d)
        half: Array = np.linalg.cholesky(matrix).astype(np.float64)
        starts.append((likelihood.at(numbers_of(matrix), derivatives=False).value, half))
    starts.sort(key=lambda pair: -pair[0])
    small = 1e-5 * float(np.sqrt(typical).min())
    found = [_settled(likelihood, _climb(likelihood, half, small), typical) for _, half in starts[:CLIMBED]]
    top = max(found, key=lambda s: s.point.value)
    different: list[Summit] = []
    for one in found:
        near = 1e-4 * (np.abs(one.between).max() + typical.min())
        if one.converged and all(np.abs(one.between - d.between).max() > near for d in different):
            different.append(one)
    return Summit(top.between, top.point, top.iterations, top.converged, max(len(different), 1))


def numbers_of(matrix: Array) -> Array:
    """The numbers of a covariance matrix in the order of `places`."""
    return np.array([matrix[i, j] for i, j in places(matrix.shape[0])])


def _settled(likelihood: Likelihood, summit: Summit, typical: Array) -> Summit:
    """A maximum on the boundary, where L only comes near to a zero, put onto it."""
    values, vectors = np.linalg.eigh(summit.between)
    near = values < 1e-9 * max(values[-1], typical.min())
    if not near.any():
        return summit
    kept: Array = np.asarray((vectors * np.where(near, 0.0, values)) @ vectors.T)
    return Summit(kept, likelihood.at(numbers_of(kept)), summit.iterations, summit.converged, 1)


def _climb(likelihood: Likelihood, half: Array, small: float) -> Summit:
    """Newton steps in the lower triangle of L, with T = L L'; entries below `small` are as good as 0."""
    size = half.shape[0]
    lower = np.tril_indices(size)
    units = []
    for i, j in zip(*lower, strict=True):
        unit = np.zeros((size, size))
        unit[i, j] = 1.0
        units.append(unit)
    second = np.array([[numbers_of(a @ b.T + b @ a.T) for b in units] for a in units])
    point = likelihood.at(numbers_of(half @ half.T))
    for number in range(300):
        slopes = np.array([numbers_of(u @ half.T + half @ u.T) for u in units])
        gradient = slopes @ point.score
        hessian = slopes @ point.information @ slopes.T - second @ point.score
        values, vectors = np.linalg.eigh(hessian)
        floor = 1e-8 * max(np.abs(values).max(), np.finfo(float).tiny)
        step = vectors @ ((vectors.T @ gradient) / np.maximum(np.abs(values), floor))
        move = np.zeros((size, size))
        move[lower] = step
        scale = max(np.abs(half).max(), small)
        done = np.abs(step).max() <= 1e-10 * scale or (np.abs(half).max() < small and np.abs(step).max() < small)
        for _ in range(50):
            ahead = half + move
            there = likelihood.at(numbers_of(ahead @ ahead.T))
            if there.value >= point.value - 1e-13 * max(1.0, abs(point.value)):
                break
            move = move / 2
        else:
            return Summit(half @ half.T, point, number, bool(np.abs(step).max() <= 1e-6 * scale), 1)
        half, point = ahead, there
        if done:
            return Summit(half @ half.T, point, number, True, 1)
    return Summit(half @ half.T, point, 300, False, 1)
