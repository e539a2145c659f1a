"""Counts of two arms with random levels and random effects of the studies (UM.RS): a double integral a study."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import product

import numpy as np

from metarepro.pooling.binomial_normal import hermite_rule
from metarepro.pooling.kernel import Array
from metarepro.pooling.models.count_kernels import Kernel, Terms

# Nodes a dimension that are tried in turn.
NODES = (15, 25, 35, 45, 61)
SAME = 1e-9
# Standard deviations from which the search starts.
STARTS = (0.1, 0.5, 1.5)


@dataclass(frozen=True)
class LevelsFit:
    """Maximum of the likelihood: mean level and effect, with their standard deviations sigma and tau."""

    alpha: float
    beta: float
    sigma: float
    tau: float
    value: float
    covariance: Array
    nodes: int
    converged: bool
    iterations: int
    maxima: int
    information: Array


class RandomLevels:
    """The likelihood of (alpha, beta, sigma, tau); sigma and tau count by their size, so that 0 is no boundary."""

    def __init__(self, kernel: Kernel, nodes: int) -> None:
        self.kernel, self.nodes = kernel, nodes

    def at(self, p: Array) -> tuple[float, Array, Array, Array]:
        """Value, gradient, Hessian; and what each study knows of beta."""
        alpha, beta, sigma, tau = p
        u, v, root = self._mode(p)
        x, log_w = hermite_rule(self.nodes)
        x1, x2 = np.repeat(x, x.size), np.tile(x, x.size)
        z1 = u[:, None] + root[:, 0, 0, None] * x1 + root[:, 0, 1, None] * x2
        z2 = v[:, None] + root[:, 1, 1, None] * x2
        weight = np.repeat(log_w, x.size) + np.tile(log_w, x.size)
        terms = self.kernel.at((beta + tau * z2)[None], (alpha + sigma * z1)[None])
        t = Terms(*(np.squeeze(part, 0) for part in terms))
        inside = t.h - 0.5 * (z1 * z1 + z2 * z2) + weight
        top = inside.max(-1, keepdims=True)
        posterior = np.exp(inside - top)
        total = posterior.sum(-1, keepdims=True)
        posterior /= total
        value = (top + np.log(total))[:, 0] + np.log(root[:, 0, 0] * root[:, 1, 1])
        by = (np.ones_like(z1), np.ones_like(z1), z1, z2)
        of_level = (True, False, True, False)
        scores = [(t.a if level else t.b) * z for level, z in zip(of_level, by, strict=True)]
        means = np.stack([(posterior * s).sum(-1) for s in scores])
        gradient = means.sum(-1)
        hessian = np.zeros((4, 4))
        each = np.zeros(u.size)
        for i, j in product(range(4), range(4)):
            if j < i:
                continue
            kinds = of_level[i] + of_level[j]
            bend = t.aa if kinds == 2 else t.bb if kinds == 0 else t.ab
            second = (posterior * (scores[i] * scores[j] + bend * by[i] * by[j])).sum(-1) - means[i] * means[j]
            hessian[i, j] = hessian[j, i] = second.sum()
            if i == j == 1:
                each = -second
        return float(value.sum()), gradient, hessian, each

    def _mode(self, p: Array) -> tuple[Array, Array, Array]:
        """Modes of both standardised random effects, and the upper triangular root of their spread."""
        alpha, beta, sigma, tau = p
        k = self.kernel.own.size
        u, v = np.zeros(k), np.zeros(k)
        for _ in range(200):
            terms = self.kernel.at((beta + tau * v)[None, :, None], (alpha + sigma * u)[None, :, None])
            t = Terms(*(part[0, :, 0] for part in terms))
            uu, vv, uv = 1 - sigma**2 * t.aa, 1 - tau**2 * t.bb, -sigma * tau * t.ab
            g1, g2 = sigma * t.a - u, tau * t.b - v
            determinant = uu * vv - uv * uv
            s1, s2 = (vv * g1 - uv * g2) / determinant, (uu * g2 - uv * g1) / determinant
            long = np.maximum(1, np.maximum(np.abs(s1), np.abs(s2)) / 2)
            u, v = u + s1 / long, v + s2 / long
            if max(np.abs(s1).max(), np.abs(s2).max()) < 1e-9:
                break
        c11, c22, c12 = vv / determinant, uu / determinant, -uv / determinant
        root = np.zeros((k, 2, 2))
        root[:, 1, 1] = np.sqrt(c22)
        root[:, 0, 1] = c12 / root[:, 1, 1]
        root[:, 0, 0] = np.sqrt(np.maximum(c11 - root[:, 0, 1] ** 2, 1e-300))
        return u, v, root


def fit_levels(kernel: Kernel) -> LevelsFit:
    """Global maximum from several starts, with nodes added until it does not change any more."""
    weights = 1 / kernel.variance
    alpha, beta = (float(weights @ x / weights.sum()) for x in (kernel.level, kernel.own))
    coarse = RandomLevels(kernel, NODES[0])
    found = [_climb(coarse, np.array([alpha, beta, s, t])) for s, t in product(STARTS, STARTS)]
    # At tau = 0, or sigma = 0, the slope vanishes by symmetry: such a point is left only if the likelihood rises there.
    best = max(found, key=lambda f: f[1])
    different: list[Array] = []
    for p, _, ok, _ in found:
        if ok and all(np.abs(np.abs(p) - np.abs(q)).max() > 1e-3 * (1 + np.abs(q).max()) for q in different):
            different.append(p)
    before, iterations = best[1], best[3]
    same = False
    for nodes in NODES[1:]:
        model = RandomLevels(kernel, nodes)
        p, value, ok, more = _climb(model, best[0])
        iterations += more
        same = abs(value - before) < SAME * (1 + 1e-4 * abs(kernel.constant))
        best, before = (p, value, ok, more), value
        if same:
            break
    p, value, ok, _ = best
    _, _, hessian, each = model.at(p)
    free = np.array([True, True, abs(p[2]) > 1e-6, abs(p[3]) > 1e-6])
    covariance = np.full((4, 4), np.nan)
    covariance[np.ix_(free, free)] = np.linalg.inv(-hessian[np.ix_(free, free)])
    sigma, tau = (0.0 if abs(x) <= 1e-6 else abs(float(x)) for x in p[2:])
    return LevelsFit(
        float(p[0]), float(p[1]), sigma, tau, value, covariance, nodes, ok and same, iterations, max(len(different), 1),
        each,
    )  # fmt: skip


def _climb(model: RandomLevels, start: Array) -> tuple[Array, float, bool, int]:
    """Newton steps uphill; where the likelihood does not bend down, along its slope."""
    p = start.astype(np.float64).copy()
    value, gradient, hessian, _ = model.at(p)
    for number in range(200):
        values, vectors = np.linalg.eigh(-hessian)
        bend = np.maximum(np.abs(values), 1e-8 * np.abs(values).max())
        step = vectors @ ((vectors.T @ gradient) / bend)
        step *= min(1.0, 1.0 / max(np.abs(step).max(), 1e-300))
        if np.abs(step).max() < 1e-10 * (1 + np.abs(p).max()):
            return p, value, True, number
        for _ in range(40):
            ahead = model.at(p + step)
            if ahead[0] >= value - 1e-13 * (1 + abs(value)):
                break
            step = step / 2
        else:
            return p, value, bool(np.abs(gradient).max() < 1e-6), number
        stands = abs(ahead[0] - value) <= 1e-14 * (1 + abs(value)) and np.abs(step).max() < 1e-8
        # Very near to 0 a standard deviation is 0.
        p = np.where((np.arange(4) > 1) & (np.abs(p + step) < 1e-9), 0.0, p + step)
        value, gradient, hessian, _ = model.at(p) if (p == 0).any() else ahead
        if stands or abs(p[2]) > 50 or abs(p[3]) > 50 or math.isnan(value):
            return p, value, bool(stands), number
    return p, value, False, 200
