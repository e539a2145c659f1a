"""Beta-binomial model: the proportions of arms follow a beta distribution; one correlation of an arm's patients."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from metarepro.pooling.kernel import Array
from metarepro.pooling.models.count_kernels import log_choose

# The odds of the correlation from which the search starts.
STARTS = (1e-4, 0.01, 0.1, 0.6)


@dataclass(frozen=True)
class BetaBinomialFit:
    """Maximum of the likelihood.

    Attributes
    ----------
    beta : ndarray, shape (p,)
        Coefficients of the logits.
    phi : float
        rho/(1 - rho), rho the correlation of two patients of an arm; 0 at the boundary, where arms do not differ.
    covariance : ndarray, shape (p, p)
        Of the coefficients.
    value, value_binomial : float
        Log-likelihood, and that of a common proportion (phi = 0).
    converged : bool
    iterations : int
    """

    beta: Array
    phi: float
    covariance: Array
    value: float
    value_binomial: float
    converged: bool
    iterations: int


class BetaBinomial:
    """Likelihood of e of n with design x: sums over the patients one by one, which keep their digits at phi = 0."""

    def __init__(self, e: Array, n: Array, x: Array) -> None:
        self.x, self.n, self.k = x, n, e.size
        self.constant = float(log_choose(n, e).sum())
        self.parts = []
        for count in (e, n - e, n):
            sizes = count.astype(np.intp)
            which = np.repeat(np.arange(e.size), sizes)
            order = np.arange(which.size) - np.repeat(np.cumsum(sizes) - sizes, sizes)
            self.parts.append((which, order.astype(np.float64)))

    def at(self, beta: Array, phi: float) -> tuple[float, Array, Array]:
        """Value, gradient and Hessian in (beta, phi)."""
        eta = self.x @ beta
        p = np.where(eta >= 0, 1.0, np.exp(-np.abs(eta))) / (1 + np.exp(-np.abs(eta)))
        value = self.constant
        d_p, d_phi, pp, p_phi, phi_phi = (np.zeros(self.k) for _ in range(5))
        for (which, order), sign, share in zip(self.parts, (1.0, -1.0, 0.0), (p, 1 - p, np.ones(self.k)), strict=True):
            inside = share[which] + phi * order
            positive = 1.0 if sign else -1.0
            value += positive * float(np.log(inside).sum())
            first, second = order / inside, 1 / inside
            d_phi += positive * np.bincount(which, first, self.k)
            phi_phi -= positive * np.bincount(which, first * first, self.k)
            if sign:
                d_p += sign * np.bincount(which, second, self.k)
                pp -= np.bincount(which, second * second, self.k)
                p_phi -= sign * np.bincount(which, second * first, self.k)
        slope, bend = p * (1 - p), p * (1 - p) * (1 - 2 * p)
        by_eta, eta_eta, eta_phi = d_p * slope, pp * slope**2 + d_p * bend, p_phi * slope
        q = self.x.shape[1]
        hessian = np.zeros((q + 1, q + 1))
        hessian[:q, :q] = self.x.T @ (eta_eta[:, None] * self.x)
        hessian[:q, q] = hessian[q, :q] = self.x.T @ eta_phi
        hessian[q, q] = phi_phi.sum()
        return value, np.append(self.x.T @ by_eta, d_phi.sum()), hessian


def fit_beta_binomial(e: Array, n: Array, x: Array) -> BetaBinomialFit:
    """Global maximum from several starts, phi of 0 or more."""
    model = BetaBinomial(e, n, x)
    share = (e.sum() + 0.5) / (n.sum() + 1)
    start = np.zeros(x.shape[1])
    start[0] = math.log(share / (1 - share))
    none = _climb(model, start, 0.0, held=True)
    found = [none, *(_climb(model, none[0], phi) for phi in STARTS)]
    beta, phi, value, hessian, ok, number = max(found, key=lambda f: f[2])
    beta, phi, hessian = _settle(model, beta, phi, hessian)
    q = x.shape[1]
    curve = hessian if phi > 0 else hessian[:q, :q]
    covariance = np.linalg.inv(-curve)[:q, :q]
    return BetaBinomialFit(beta, phi, covariance, value, none[2], ok, number)


def _climb(
    model: BetaBinomial, beta: Array, phi: float, held: bool = False
) -> tuple[Array, float, float, Array, bool, int]:
    q = beta.size
    value, gradient, hessian = model.at(beta, phi)
    for number in range(300):
        free = np.append(np.ones(q, dtype=bool), not held and (phi > 0 or gradient[q] > 0))
        curve = -hessian[np.ix_(free, free)]
        values, vectors = np.linalg.eigh(curve)
        bend = np.maximum(np.abs(values), 1e-10 * np.abs(values).max())
        step = np.zeros(q + 1)
        step[free] = vectors @ ((vectors.T @ gradient[free]) / bend)
        step[:q] *= min(1.0, 3 / max(float(np.abs(step[:q]).max()), 1e-300))
        if np.abs(step).max() < 1e-12 * (1 + np.abs(beta).max()):
            return beta, phi, value, hessian, True, number
        for _ in range(50):
            ahead = model.at(beta + step[:q], max(phi + step[q], 0.0))
            if ahead[0] >= value - 1e-13 * (1 + abs(value)):
                break
            step = step / 2
        else:
            return beta, phi, value, hessian, bool(np.abs(step).max() < 1e-8), number
        stands = abs(ahead[0] - value) <= 1e-15 * (1 + abs(value)) and np.abs(step).max() < 1e-9
        beta, phi = beta + step[:q], max(phi + float(step[q]), 0.0)
        value, gradient, hessian = ahead
        if stands:
            return beta, phi, value, hessian, True, number
    return beta, phi, value, hessian, False, 300


def _settle(model: BetaBinomial, beta: Array, phi: float, hessian: Array) -> tuple[Array, float, Array]:
    """Newton's steps as long as they shrink: near the maximum the gradient still has digits that the value lost.

    The value is a small difference of sums over all patients, so that with 100,000 of them a climb stops early.
    """
    q = beta.size
    free = q + (phi > 0)
    last = np.inf
    for _ in range(10):
        _, gradient, hessian = model.at(beta, phi)
        step = np.zeros(q + 1)
        step[:free] = np.linalg.solve(-hessian[:free, :free], gradient[:free])
        size = float(np.abs(step).max())
        if not size < 0.5 * min(last, 1e-4) or phi + step[q] < 0:
            break
        beta, phi, last = beta + step[:q], phi + float(step[q]), size
    return beta, phi, hessian
