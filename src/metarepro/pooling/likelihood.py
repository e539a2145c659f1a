"""Global maximum of the (restricted) likelihood in tau2.

The likelihood of a random-effects model can have several maxima, and can be highest at tau2 = 0 although its slope
is positive elsewhere, so no iteration from one starting value is safe. Here a maximum is found by Newton steps inside
a bracket and then proven to be the only one, by bounds on the score that hold over whole intervals; where the proof
fails, the same bounds isolate all maxima, each is polished, and the highest wins.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from metarepro.pooling import loops
from metarepro.pooling.kernel import Array, Moments, Problems, log_determinant, moments

Likelihood = Literal["REML", "ML"]

# Of the scan for the ends of a profile likelihood interval, and of the search for each end.
SCAN_POINTS = 400
MAX_CROSSING_STEPS = 200


@dataclass(frozen=True)
class Maximum:
    """Global maximum per problem: where, how many maxima there are, how many polishing steps, and success."""

    tau2: Array
    log_likelihood: Array
    maxima: np.ndarray
    iterations: np.ndarray
    converged: np.ndarray


def log_likelihood(problems: Problems, tau2: Array, kind: Likelihood, m: Moments | None = None) -> Array:
    """Profile log-likelihood at tau2 (shape (b,) or (b, g)), with its constants, as R reports it.

    `m` are the moments there, if they are at hand. The columns of a design are orthonormal, so that its own
    determinant, a constant that R's value contains, is added.
    """
    m = moments(problems, tau2) if m is None else m
    k = problems.k[:, None] if tau2.ndim == 2 else problems.k
    value = m.rss + log_determinant(problems, tau2)
    if kind == "ML":
        return -0.5 * (k * np.log(2 * np.pi) + value)
    xx = np.log(k) if problems.x is None else 0.0
    return -0.5 * ((k - problems.p) * np.log(2 * np.pi) - xx + m.log_det_xwx + value)


def upper_bound(problems: Problems, spread: Array) -> Array:
    """Value of tau2 beyond which the score is negative, so that no maximum lies above it.

    With S the residual sum of squares of the unweighted fit (`spread`) and W >= 1/(tau2 + max v):
    y'PPy <= S / tau2^2 and tr(P) >= (k - p) / (tau2 + max v), hence the positive root of
    t^2 - s^2 t - s^2 max v with s^2 = S / (k - p). It holds for ML too, where tr(W) >= tr(P).
    """
    s2 = spread / np.maximum(problems.k - problems.p, 1)
    v_max = np.where(problems.mask, problems.v, 0).max(-1)
    return np.asarray(0.5 * (s2 + np.sqrt(s2 * s2 + 4 * s2 * v_max)), dtype=np.float64)


class Curves(NamedTuple):
    """f = (y'PPy)^(-1/2) and g = 1/tr(P) (1/sum(w) for ML) with their slopes in tau2; see `loops` for what they prove.

    The score is positive exactly where f^2 < g.
    """

    f: Array
    f1: Array
    g: Array
    g1: Array

    @property
    def positive(self) -> np.ndarray:
        """Whether the score is positive."""
        return np.asarray(self.f * self.f < self.g)

    def at(self, chosen: np.ndarray) -> Curves:
        """The chosen problems."""
        return Curves(*(a[chosen] for a in self))


def _curves(m: Moments, kind: Likelihood) -> Curves:
    """Curves at the moments `m`."""
    trace, trace2 = (m.tr_p, m.tr_pp) if kind == "REML" else (m.sum_w, m.sum_w2)
    with np.errstate(divide="ignore", invalid="ignore"):
        f = 1 / np.sqrt(m.y_pp_y)
        g = 1 / trace
        return Curves(f, m.y_ppp_y * f * f * f, g, trace2 * g * g)


def maximise(problems: Problems, kind: Likelihood) -> Maximum:
    """Global maximum of the profile likelihood in tau2 >= 0 for each problem.

    Newton steps inside a bracket find one root of the score; a certificate from two or three points proves in almost
    all problems that it is the only maximum. In the others all roots are isolated by the same bounds, cell by cell, and
    the highest maximum wins.
    """
    b = problems.k.size
    df = problems.k - problems.p
    spread = _unweighted_rss(problems)
    top = upper_bound(problems, spread) * (1 + 1e-9)
    at_zero = problems.at_zero
    start = _curves(at_zero, kind)
    best, steps, converged = np.zeros(b), np.zeros(b, dtype=int), np.ones(b, dtype=bool)
    inside = start.positive & (spread > 0) & (at_zero.y_pp_y > 0)
    here = start
    index = np.flatnonzero(inside)
    if index.size:
        moment = (at_zero.rss - df) / at_zero.tr_p
        typical = df / at_zero.tr_p
        guess = np.where((moment > 0) & (moment < top), moment, 0.5 * np.minimum(top, typical))[index]
        some = problems.rows(index)
        best[index], steps[index], converged[index], curves = _polish(
            some, kind, np.zeros(index.size), top[index], guess, typical[index]
        )
        here = Curves(*(a.copy() for a in start))
        for whole, part in zip(here, curves, strict=True):
            whole[index] = part
    with np.errstate(all="ignore"):
        left = loops.all_positive(0.0, start.f, start.f1, start.g, best, here.f, here.f1, here.g)
        left = ~inside | (left & (2 * np.sqrt(here.g) * here.f1 > here.g1))
        ray = 1 / np.sqrt(spread)
        right = loops.stays_negative(here.f, here.g, here.g1, ray)
        right |= ~inside & ~((spread > 0) & (at_zero.y_pp_y > 0))
    look = np.flatnonzero(left & ~right)
    if look.size:
        far = 2 * best[look] + 0.25 * (spread / df)[look]
        there, now = _curves(moments(problems.rows(look), far), kind), here.at(look)
        with np.errstate(all="ignore"):
            right[look] = (
                ~there.positive
                & loops.all_negative(best[look], now.f, now.g, now.g1, far, there.f, there.g, there.g1)
                & loops.stays_negative(there.f, there.g, there.g1, ray[look])
            )
    maxima = np.ones(b, dtype=int)
    doubtful = np.flatnonzero(~(left & right))
    if doubtful.size:
        found = _highest_of_all(problems.rows(doubtful), kind, top[doubtful])
        best[doubtful], steps[doubtful], converged[doubtful], maxima[doubtful] = found
    return Maximum(best, log_likelihood(problems, best, kind), maxima, steps, converged)


def _unweighted_rss(problems: Problems) -> Array:
    """Residual sum of squares of the unweighted fit; effects are centred, designs orthonormal."""
    y = problems.y
    if problems.x is not None:
        y = y - (problems.x @ (np.swapaxes(problems.x, -1, -2) @ y[..., None]))[..., 0]
    return np.asarray(np.einsum("bk,bk->b", y, y), dtype=np.float64)


def _highest_of_all(
    problems: Problems, kind: Likelihood, top: Array
) -> tuple[Array, np.ndarray, np.ndarray, np.ndarray]:
    """Every maximum of the likelihood, polished; the highest for each problem, its steps, success, their number."""
    b = problems.k.size
    boundary = ~_curves(problems.at_zero, kind).positive
    which, low, high = _isolate(problems, kind, top)
    some = problems.rows(which)
    typical = ((problems.k - problems.p) / problems.at_zero.tr_p)[which]
    roots, steps, good, _ = _polish(some, kind, low, high, 0.5 * (low + high), typical)
    best, iterations, converged = np.zeros(b), np.zeros(b, dtype=int), boundary.copy()
    best_ll = np.where(boundary, log_likelihood(problems, best, kind), -np.inf)
    if which.size:
        root_ll = log_likelihood(some, roots, kind)
        order = np.argsort(root_ll, kind="stable")
        champion = np.full(b, -1)
        champion[which[order]] = order
        has = np.flatnonzero(champion >= 0)
        winner = champion[has]
        better = root_ll[winner] > best_ll[has]
        at, winner = has[better], winner[better]
        best[at], iterations[at], converged[at] = roots[winner], steps[winner], good[winner]
    return best, iterations, converged, np.bincount(which, minlength=b) + boundary


def _isolate(problems: Problems, kind: Likelihood, top: Array) -> tuple[NDArray[np.intp], Array, Array]:
    """Cells that hold exactly one maximum each, and together all of those above 0: problem, low end, high end.

    A cell is done when the bounds prove that the score keeps its sign in it, or crosses zero once; otherwise it is
    halved, on a scale that is logarithmic above the typical sampling variance. Cells of a relative width of 1e-10 are
    not split: there the likelihood is level to rounding.
    """
    b = problems.k.size
    typical = (problems.k - problems.p) / problems.at_zero.tr_p
    which: NDArray[np.intp] = np.arange(b)
    low, high = np.zeros(b), top
    at_low, at_high = _curves(moments(problems, low), kind), _curves(moments(problems, high), kind)
    found: list[tuple[NDArray[np.intp], Array, Array]] = []
    while which.size:
        up, down = at_low.positive, at_high.positive
        with np.errstate(all="ignore"):
            keeps = (
                up
                & down
                & loops.all_positive(low, at_low.f, at_low.f1, at_low.g, high, at_high.f, at_high.f1, at_high.g)
            ) | (
                ~up
                & ~down
                & loops.all_negative(low, at_low.f, at_low.g, at_low.g1, high, at_high.f, at_high.g, at_high.g1)
            )
            # The slope of sqrt(g) is g1 / (2 sqrt(g)); slopes fall from left to right.
            rises = at_high.f1 > at_low.g1 / (2 * np.sqrt(at_low.g))
            falls = at_low.f1 < at_high.g1 / (2 * np.sqrt(at_high.g))
        narrow = high - low <= 1e-10 * (high + 1e-3 * typical[which])
        peak = up & ~down & (rises | narrow)
        found.append((which[peak], low[peak], high[peak]))
        go = ~(keeps | peak | (~up & down & falls) | narrow)
        which, low, high, at_low, at_high = which[go], low[go], high[go], at_low.at(go), at_high.at(go)
        # Numbers beyond the range of floating point decide nothing; the polished maxima are reported as they are.
        go = np.isfinite(at_low.f1 + at_low.g1 + at_high.f1 + at_high.g1)
        which, low, high, at_low, at_high = which[go], low[go], high[go], at_low.at(go), at_high.at(go)
        scale = 1e-3 * typical[which]
        middle = np.sqrt((low + scale) * (high + scale)) - scale
        at_middle = _curves(moments(problems.rows(which), middle), kind)
        which = np.concatenate([which, which])
        low, high = np.concatenate([low, middle]), np.concatenate([middle, high])
        at_low, at_high = (
            Curves(*map(np.concatenate, zip(at_low, at_middle, strict=True))),
            Curves(*map(np.concatenate, zip(at_middle, at_high, strict=True))),
        )
    return tuple(np.concatenate(parts) for parts in zip(*found, strict=True))  # type: ignore[return-value] # three


def _polish(
    problems: Problems, kind: Likelihood, low: Array, high: Array, start: Array, typical: Array
) -> tuple[Array, np.ndarray, np.ndarray, Curves]:
    """Root of the score in each bracket, where it is positive at `low` and not at `high`: Newton, or halving.

    Returns the roots, the number of steps, whether each is solved to 1e-12, and the curves there.
    """
    low, high, t = low.copy(), high.copy(), start.copy()
    steps = np.zeros(t.size, dtype=int)
    good = np.zeros(t.size, dtype=bool)
    curves = Curves(*(np.empty(t.size) for _ in range(4)))
    active: NDArray[np.intp] = np.arange(t.size)
    some = problems
    for _ in range(loops.MAX_STEPS):
        if not active.size:
            break
        m = moments(some, t[active])
        trace, trace2 = (m.tr_p, m.tr_pp) if kind == "REML" else (m.sum_w, m.sum_w2)
        for whole, part in zip(curves, _curves(m, kind), strict=True):
            whole[active] = part
        at = t[active]
        # Newton on tr(P) / y'PPy - 1, which is nearly a straight line in tau2.
        with np.errstate(all="ignore"):
            step = -(trace - m.y_pp_y) / (trace * (2 * m.y_ppp_y / m.y_pp_y - trace2 / trace))
        up = m.y_pp_y > trace
        low[active] = np.where(up, at, low[active])
        high[active] = np.where(up, high[active], at)
        scale = at + typical[active]
        small = np.abs(step) <= loops.ARRIVED * scale
        done = small | (high[active] - low[active] <= loops.ARRIVED * scale)
        good[active] = done | (np.abs(step) <= loops.SOLVED * scale)
        new = at + step
        new = np.where((new > low[active]) & (new < high[active]), new, 0.5 * (low[active] + high[active]))
        going = ~done
        t[active[going]] = new[going]
        steps[active[going]] += 1
        if done.any():
            active = active[going]
            some = problems.rows(active)
    return t, steps, good, curves


def profile_interval(problems: Problems, kind: Likelihood, drop: float) -> tuple[Array, Array, np.ndarray]:
    """Values of tau2 whose log-likelihood lies within `drop` of the maximum: lowest, highest, and number of pieces.

    With several maxima the values may form several pieces; the interval then spans them all.
    """
    best = maximise(problems, kind)
    target = best.log_likelihood - drop
    # The log-likelihood falls like -(k - p)/2 log(tau2) in the end, which bounds how far up it can stay high.
    df = np.maximum(problems.k - problems.p, 1)
    top = np.maximum(upper_bound(problems, _unweighted_rss(problems)), best.tau2) * np.exp(2 * drop / df + 1)
    floor = np.where(problems.mask, problems.v, np.inf).min(-1) * 1e-3
    top = np.maximum(top, 10 * floor)
    low_end = np.minimum(floor, top * 1e-6)
    while True:
        high = log_likelihood(problems, top, kind) >= target
        if not high.any():
            break
        top = np.where(high, 10 * top, top)
    step = np.linspace(0, 1, SCAN_POINTS)
    scan = low_end[:, None] * (top / low_end)[:, None] ** step
    grid = np.sort(np.concatenate([np.zeros((top.size, 1)), scan, best.tau2[:, None]], axis=1), axis=1)
    inside = log_likelihood(problems, grid, kind) >= target[:, None]
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
    for _ in range(MAX_CROSSING_STEPS):
        m = moments(problems, t)
        gap = log_likelihood(problems, t, kind, m) - target
        a, b = np.where(gap < 0, t, a), np.where(gap < 0, b, t)
        slope = 0.5 * (m.y_pp_y - (m.tr_p if kind == "REML" else m.sum_w))
        with np.errstate(divide="ignore", invalid="ignore"):
            newton = t - gap / slope
        bracketed = np.isfinite(newton) & (newton > np.minimum(a, b)) & (newton < np.maximum(a, b))
        new = np.where(bracketed, newton, 0.5 * (a + b))
        moved = np.abs(new - t)
        t = new
        if (moved <= 1e-15 * np.maximum(t, 1e-300)).all() or (np.abs(a - b) <= 1e-15 * np.maximum(t, 1e-300)).all():
            break
    return t
