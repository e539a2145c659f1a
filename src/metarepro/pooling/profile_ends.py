"""Ends of profile-likelihood intervals of models of counts."""

from __future__ import annotations

import math

import numpy as np

from metarepro.pooling.binomial_normal import HERMITE, STRETCHED, CountsLikelihood, Maximum, uphill
from metarepro.pooling.kernel import Array

# A confidence limit farther from the estimate than this, in logits, is no limit.
FAR = 500.0


def profile_end(model: CountsLikelihood, best: Maximum, target: float, side: int) -> float:
    """Where the log-likelihood, maximised over tau, has dropped to `target`, on one side of the maximum in beta."""
    if not model.tells_tau:
        return _end_at(model, best, target, side, 0.0)
    end, tau = _search_end(model, best, target, side)
    # Far from the maximum the nodes may not suffice; the stretched rule is the judge.
    exact = model.with_rule(STRETCHED[1], True)
    if math.isfinite(end) and abs(exact.at_one(end, tau)[0] - target) > model.same:
        end, _ = _search_end(exact, best, target, side)
    return end


def _search_end(model: CountsLikelihood, best: Maximum, target: float, side: int) -> tuple[float, float]:
    """The end, and the tau at which it is reached."""
    tau = best.tau
    # The end lies outside the end at any one tau, so that each better tau can only push it outwards.
    end = _end_at(model, best, target, side, tau)
    coarse = model if model.stretched else model.with_rule(HERMITE[0])
    for _ in range(200):
        if abs(end - best.beta) > FAR:
            return side * math.inf, tau
        taus = np.unique(np.concatenate([model.scan, [tau], tau * np.linspace(0.8, 1.25, 9)]))
        # Fewer nodes tell where to climb.
        start = float(taus[coarse.at(np.full(taus.size, end), taus).value.argmax()])
        tau, value = max((_climb(model, end, x) for x in (start, tau)), key=lambda pair: pair[1])
        if value <= target + 1e-11 * (1 + abs(target)) + 1e-3 * model.same:
            break
        end = _end_at(model, best, target, side, tau)
    return end, tau


def _climb(model: CountsLikelihood, beta: float, tau: float) -> tuple[float, float]:
    """Maximum over tau near `tau` at one beta: tau, log-likelihood."""
    value, gradient, hessian = model.at_one(beta, tau)
    for _ in range(60):
        if tau == 0:
            break
        step = uphill(float(gradient[1]), float(hessian[1, 1]), max(tau, model.scan[1]))
        if abs(step) <= 1e-10 * max(tau, model.scan[1]):
            break
        tau = max(tau + step, 0.0)
        value, gradient, hessian = model.at_one(beta, tau)
    return tau, value


def _end_at(model: CountsLikelihood, best: Maximum, target: float, side: int, tau: float) -> float:
    """Outer point where the log-likelihood at one tau, concave in beta, equals `target`; Newton from outside."""
    beta = best.beta
    reach = 1.0
    for _ in range(60):
        value, gradient, _ = model.at_one(beta + side * reach, tau)
        if value < target and gradient[0] * side < 0:
            break
        reach *= 2
    else:
        return side * math.inf
    end = beta + side * reach
    for _ in range(200):
        value, gradient, _ = model.at_one(end, tau)
        # A concave function lies below its tangents: from outside, Newton stays outside and comes nearer.
        step = (target - value) / float(gradient[0])
        end += step
        if abs(step) <= 1e-12 * (1 + abs(end)):
            break
    return end


def tau_interval(model: CountsLikelihood, best: Maximum, target: float, scan: Array) -> tuple[float, float]:
    """Ends of the values of tau whose log-likelihood, maximised over beta, is at least `target`."""
    from scipy.optimize import brentq

    def excess(tau: float) -> float:
        return float(model.best_beta(np.array([tau]), np.array([best.beta]))[1].value[0]) - target

    inside = model.scan[scan >= target]
    under, over = float(min([best.tau, *inside])), float(max([best.tau, *inside]))
    # The scan was made with fewer nodes; where it was off, the bracket moves on.
    low, high = 0.0, math.inf
    for tau in model.scan[under > model.scan][::-1]:
        if excess(float(tau)) < 0:
            low = float(brentq(excess, tau, under, xtol=1e-11)) if excess(under) > 0 else under
            break
        under = float(tau)
    for tau in model.scan[over < model.scan]:
        if excess(float(tau)) < 0:
            high = float(brentq(excess, over, tau, xtol=1e-11)) if excess(over) > 0 else over
            break
        over = float(tau)
    return low, high
