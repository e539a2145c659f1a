"""Global maximum of the (restricted) likelihood in tau2.

The likelihood of a random-effects model can have several maxima, and can be highest at tau2 = 0 although its slope
there is positive elsewhere, so no iteration from one starting value is safe. Here the score is scanned over the
whole range that can hold a maximum, every maximum found is polished inside its bracket, and the highest wins.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from metarepro.pooling.kernel import Array, Moments, Problems, moments

Likelihood = Literal["REML", "ML"]

POINTS_PER_DECADE = 12
MIN_POINTS, MAX_POINTS = 64, 400
MAX_POLISH = 200


@dataclass(frozen=True)
class Maximum:
    """Global maximum per problem: where, how many maxima there are, how many polishing steps, and success."""

    tau2: Array
    log_likelihood: Array
    maxima: np.ndarray
    iterations: np.ndarray
    converged: np.ndarray


def log_likelihood(m: Moments, problems: Problems, kind: Likelihood) -> Array:
    """Profile log-likelihood of tau2 at moments `m`, with its constants, as R reports it."""
    k = problems.k[:, None] if m.rss.ndim == 2 else problems.k
    if kind == "ML":
        return -0.5 * (k * np.log(2 * np.pi) + m.log_det_v + m.rss)
    if problems.x is None:
        xx: Array = np.log(problems.k)
    else:
        x = problems.x * problems.mask[..., None]
        xx = np.linalg.slogdet(np.swapaxes(x, -1, -2) @ x)[1]
    xx = xx[:, None] if m.rss.ndim == 2 else xx
    return -0.5 * ((k - problems.p) * np.log(2 * np.pi) - xx + m.log_det_v + m.log_det_xwx + m.rss)


def _score(m: Moments, kind: Likelihood) -> tuple[Array, Array]:
    """First and second derivative of the log-likelihood in tau2."""
    if kind == "REML":
        return 0.5 * (m.y_pp_y - m.tr_p), 0.5 * m.tr_pp - m.y_ppp_y
    return 0.5 * (m.y_pp_y - m.sum_w), 0.5 * m.sum_w2 - m.y_ppp_y


def upper_bound(problems: Problems) -> Array:
    """Value of tau2 beyond which the score is negative, so that no maximum lies above it.

    With S the residual sum of squares of the unweighted fit and W >= 1/(tau2 + max v):
    y'PPy <= S / tau2^2 and tr(P) >= (k - p) / (tau2 + max v), hence the positive root of
    t^2 - s^2 t - s^2 max v with s^2 = S / (k - p). It holds for ML too, where tr(W) >= tr(P).
    """
    flat = moments(problems, np.zeros(problems.k.shape), weights=problems.mask.astype(float))
    s2 = flat.rss / np.maximum(problems.k - problems.p, 1)
    v_max = np.where(problems.mask, problems.v, 0).max(-1)
    return np.asarray(0.5 * (s2 + np.sqrt(s2 * s2 + 4 * s2 * v_max)), dtype=np.float64)


def maximise(problems: Problems, kind: Likelihood) -> Maximum:
    """Global maximum of the profile likelihood in tau2 >= 0 for each problem."""
    b = problems.k.size
    top = upper_bound(problems) * (1 + 1e-9)
    v_min = np.where(problems.mask, problems.v, np.inf).min(-1)
    low = np.minimum(v_min * 1e-3, top * 1e-3)
    low = np.where(low > 0, low, v_min * 1e-3)
    top = np.maximum(top, low * 10)
    decades = float(np.max(np.log10(top / low)))
    points = int(np.clip(np.ceil(decades * POINTS_PER_DECADE), MIN_POINTS, MAX_POINTS))
    step = np.linspace(0, 1, points)
    grid = np.concatenate([np.zeros((b, 1)), low[:, None] * (top / low)[:, None] ** step], axis=1)
    score = _score(moments(problems, grid), kind)[0]
    grid, score = _refine_peaks(problems, kind, grid, score)

    # A maximum lies where the score turns from positive to not positive; tau2 = 0 is one if the score starts there.
    turns = (score[:, :-1] > 0) & (score[:, 1:] <= 0)
    boundary = score[:, 0] <= 0
    which, cell = np.nonzero(turns)
    roots, steps, good = _polish(problems.rows(which), kind, grid[which, cell], grid[which, cell + 1])

    best = np.zeros(b)
    best_ll = np.where(boundary, log_likelihood(moments(problems, best), problems, kind), -np.inf)
    iterations = np.zeros(b, dtype=int)
    converged = boundary.copy()
    if which.size:
        root_ll = log_likelihood(moments(problems.rows(which), roots), problems.rows(which), kind)
        order = np.argsort(root_ll, kind="stable")
        champion = np.full(b, -1)
        champion[which[order]] = order
        has = champion >= 0
        winner = champion[has]
        better = root_ll[winner] > best_ll[has]
        at = np.flatnonzero(has)[better]
        best[at], best_ll[at] = roots[winner[better]], root_ll[winner[better]]
        iterations[at], converged[at] = steps[winner[better]], good[winner[better]]
    maxima = turns.sum(-1) + boundary
    return Maximum(best, best_ll, maxima, iterations, converged)


def _refine_peaks(problems: Problems, kind: Likelihood, grid: Array, score: Array) -> tuple[Array, Array]:
    """Look closer where the slope nearly reaches zero without a sign change, so that no narrow maximum is missed.

    Two grid points with a negative score may hide a maximum (and a minimum) between them; then the slope on the log
    scale, t times the score, has a local peak there. The same holds for a dip between positive scores.
    """
    slope = grid * score
    inner, left, right = slope[:, 1:-1], slope[:, :-2], slope[:, 2:]
    peak = (inner <= 0) & (inner >= left) & (inner >= right)
    dip = (inner > 0) & (inner <= left) & (inner <= right)
    which, at = np.nonzero(peak | dip)
    if not which.size:
        return grid, score
    # Nine more points on each side of the peak; the rows of other problems repeat their last point.
    a, c = grid[which, at], grid[which, at + 2]
    fraction = np.linspace(0, 1, 21)[1:-1]
    fine = a[:, None] + (c - a)[:, None] * fraction
    most = int(np.bincount(which).max()) * fine.shape[1]
    extra = np.repeat(grid[:, -1:], most, axis=1)
    for problem in np.unique(which):
        values = fine[which == problem].ravel()
        extra[problem, : values.size] = values
    wide = np.sort(np.concatenate([grid, extra], axis=1), axis=1)
    return wide, _score(moments(problems, wide), kind)[0]


def _polish(problems: Problems, kind: Likelihood, a: Array, b: Array) -> tuple[Array, np.ndarray, np.ndarray]:
    """Root of the score in each bracket (a, b] to machine precision: Newton steps, bisection when they leave it."""
    a, b = a.copy(), b.copy()
    t = 0.5 * (a + b)
    steps = np.zeros(t.size, dtype=int)
    active = np.ones(t.size, dtype=bool)
    for _ in range(MAX_POLISH):
        index = np.flatnonzero(active)
        if not index.size:
            break
        s, slope = _score(moments(problems.rows(index), t[index]), kind)
        up = s > 0
        a[index] = np.where(up, t[index], a[index])
        b[index] = np.where(up, b[index], t[index])
        with np.errstate(divide="ignore", invalid="ignore"):
            newton = t[index] - s / slope
        inside = np.isfinite(newton) & (newton > a[index]) & (newton < b[index])
        new = np.where(inside, newton, 0.5 * (a[index] + b[index]))
        moved = np.abs(new - t[index])
        steps[index] += 1
        tolerance = 4e-16 * np.maximum(new, 1e-300)
        done = (moved <= tolerance) | (b[index] - a[index] <= tolerance) | (s == 0)
        t[index] = np.where(s == 0, t[index], new)
        active[index[done]] = False
    # The last Newton steps may only dance within rounding; a bracket or a step of 1e-12 is what is promised.
    good = ~active | (b - a <= 1e-12 * np.maximum(t, 1e-300))
    if not np.all(good):
        s, slope = _score(moments(problems, t), kind)
        with np.errstate(divide="ignore", invalid="ignore"):
            good |= np.abs(s / slope) <= 1e-12 * np.maximum(t, 1e-300)
    return t, steps, good


def profile_interval(problems: Problems, kind: Likelihood, drop: float) -> tuple[Array, Array, np.ndarray]:
    """Values of tau2 whose log-likelihood lies within `drop` of the maximum: lowest, highest, and number of pieces.

    With several maxima the values may form several pieces; the interval then spans them all.
    """
    best = maximise(problems, kind)
    target = best.log_likelihood - drop
    # The log-likelihood falls like -(k - p)/2 log(tau2) in the end, which bounds how far up it can stay high.
    df = np.maximum(problems.k - problems.p, 1)
    top = np.maximum(upper_bound(problems), best.tau2) * np.exp(2 * drop / df + 1)
    floor = np.where(problems.mask, problems.v, np.inf).min(-1) * 1e-3
    top = np.maximum(top, 10 * floor)
    low_end = np.minimum(floor, top * 1e-6)
    while True:
        high = log_likelihood(moments(problems, top), problems, kind) >= target
        if not high.any():
            break
        top = np.where(high, 10 * top, top)
    step = np.linspace(0, 1, MAX_POINTS)
    scan = low_end[:, None] * (top / low_end)[:, None] ** step
    grid = np.sort(np.concatenate([np.zeros((top.size, 1)), scan, best.tau2[:, None]], axis=1), axis=1)
    inside = log_likelihood(moments(problems, grid), problems, kind) >= target[:, None]
    # The maximum itself is inside by definition, whatever rounding says.
    inside |= grid == best.tau2[:, None]
    rows = np.arange(top.size)
    first = inside.argmax(1)
    last = inside.shape[1] - 1 - inside[:, ::-1].argmax(1)
    low = np.where(first == 0, 0.0, _crossing(problems, kind, target, grid[rows, first - 1], grid[rows, first]))
    high_end = _crossing(problems, kind, target, grid[rows, last + 1], grid[rows, last])
    pieces = (inside[:, 1:] & ~inside[:, :-1]).sum(1) + inside[:, 0]
    return low, high_end, pieces


def _crossing(problems: Problems, kind: Likelihood, target: Array, outside: Array, inside: Array) -> Array:
    """Where the log-likelihood crosses the target between a value outside and a value inside, to machine precision."""
    a, b = outside.copy(), inside.copy()
    t = 0.5 * (a + b)
    for _ in range(MAX_POLISH):
        m = moments(problems, t)
        gap = log_likelihood(m, problems, kind) - target
        a, b = np.where(gap < 0, t, a), np.where(gap < 0, b, t)
        slope = _score(m, kind)[0]
        with np.errstate(divide="ignore", invalid="ignore"):
            newton = t - gap / slope
        bracketed = np.isfinite(newton) & (newton > np.minimum(a, b)) & (newton < np.maximum(a, b))
        new = np.where(bracketed, newton, 0.5 * (a + b))
        moved = np.abs(new - t)
        t = new
        if (moved <= 1e-15 * np.maximum(t, 1e-300)).all() or (np.abs(a - b) <= 1e-15 * np.maximum(t, 1e-300)).all():
            break
    return t
