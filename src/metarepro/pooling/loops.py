"""One meta-analysis without moderators, in plain loops over its studies.

Run as it stands for a single small problem, where it is faster than arrays, and compiled by numba for many
(`metarepro.pooling.compiled` loads this very file a second time with `compiled` set to numba's decorator). So there
is one text of this mathematics. The array form of the same sums is `metarepro.pooling.kernel.moments`.

In all functions `y`, `v` and `w` are indexable by study; a study that is left out has `y` 0 and `v` infinite, hence
weight 0. `w` is a buffer that the functions fill.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])
compiled: Callable[[F], F] = globals().get("compiled", lambda function: function)

# A study with more than this share of all weight gets the sums that do not cancel (see `heavy_sums`).
HEAVY = 0.99
MAX_STEPS = 120
# Newton has arrived when its step is this small beside tau2 plus the typical sampling variance.
ARRIVED = 1e-14
# What is called solved if rounding keeps the step from falling further.
SOLVED = 1e-12


@compiled
def sums(y: Any, v: Any, v_min: float, tau2: float, w: Any) -> tuple[float, ...]:
    """Sums at one tau2: sum_w, sum_w2, beta, y'Py, y'PPy, y'PPPy, tr(P), tr(PP)."""
    k = len(y)
    sum_w = 0.0
    sum_wy = 0.0
    for i in range(k):
        w[i] = 1.0 / (v[i] + tau2)
        sum_w += w[i]
        sum_wy += w[i] * y[i]
    if 1.0 / (v_min + tau2) > HEAVY * sum_w:
        return heavy_sums(y, v, v_min, sum_w, w)
    beta = sum_wy / sum_w
    rss = 0.0
    y_pp_y = 0.0
    sum_wwr = 0.0
    sum_wwrwr = 0.0
    sum_w2 = 0.0
    sum_w3 = 0.0
    for i in range(k):
        weight = w[i]
        r = y[i] - beta
        wr = weight * r
        square = wr * wr
        rss += wr * r
        y_pp_y += square
        sum_wwr += weight * wr
        sum_wwrwr += weight * square
        w2 = weight * weight
        sum_w2 += w2
        sum_w3 += weight * w2
    share = sum_w2 / sum_w
    return (
        sum_w,
        sum_w2,
        beta,
        rss,
        y_pp_y,
        sum_wwrwr - sum_wwr * sum_wwr / sum_w,
        sum_w - share,
        sum_w2 - 2.0 * sum_w3 / sum_w + share * share,
    )


@compiled
def heavy_sums(y: Any, v: Any, v_min: float, sum_w: float, w: Any) -> tuple[float, ...]:
    """The same when one study has nearly all the weight, without subtracting nearly equal numbers.

    What belongs to the heaviest study is computed from the others: S - w as their sum, w r as minus the sum of theirs.
    """
    k = len(y)
    lead = 0
    for i in range(k):
        if v[i] == v_min:
            lead = i
            break
    rest = 0.0
    rest2 = 0.0
    shift = 0.0
    for i in range(k):
        if i != lead:
            rest += w[i]
            rest2 += w[i] * w[i]
            shift += w[i] * (y[i] - y[lead])
    beta = y[lead] + shift / sum_w
    lead_wr = 0.0
    sum_wwr = 0.0
    for i in range(k):
        if i != lead:
            wr = w[i] * (y[i] - beta)
            lead_wr -= wr
            sum_wwr += w[i] * wr
    mean_wr = (sum_wwr + w[lead] * lead_wr) / sum_w
    rss = lead_wr * lead_wr / w[lead]
    y_pp_y = lead_wr * lead_wr
    y_ppp_y = 0.0
    lead_wd = 0.0
    sum_w2 = rest2 + w[lead] * w[lead]
    part = w[lead] / sum_w
    tr_p = part * rest
    tr_pp = tr_p * tr_p + part * part * rest2
    for i in range(k):
        if i != lead and w[i] > 0.0:
            r = y[i] - beta
            wr = w[i] * r
            rss += wr * r
            y_pp_y += wr * wr
            distance = wr - mean_wr
            lead_wd -= w[i] * distance
            y_ppp_y += w[i] * distance * distance
            part = w[i] / sum_w
            p_ii = part * (sum_w - w[i])
            tr_p += p_ii
            tr_pp += p_ii * p_ii + part * part * (sum_w2 - w[i] * w[i])
    y_ppp_y += lead_wd * lead_wd / w[lead]
    return sum_w, sum_w2, beta, rss, y_pp_y, y_ppp_y, tr_p, tr_pp


# -- The certificate. With A = y'PPy and B = tr(P) (sum of w for ML), the score is (A - B)/2. A is a sum of terms
# -- c/(d + tau2)^2 and B of terms 1/(d + tau2), all positive, so f = A^(-1/2) and g = 1/B are increasing and concave in
# -- tau2 (power means with exponents below 1), and the score is positive exactly where f^2 < g. Concave functions lie
# -- above their chords and below their tangents; that bounds both over a whole cell from its two ends. The functions
# -- below take numbers or arrays.


@compiled
def stays_negative(f: Any, g: Any, g_slope: Any, slope: Any) -> Any:
    """No positive score to the right, if f rises at least by `slope` and g at most by `g_slope`, and f^2 >= g here.

    (f + slope x)^2 - g - g_slope x is a parabola in x: its slope at 0 is not negative, or it has no root.
    """
    lean = 2.0 * f * slope - g_slope
    return (lean >= 0.0) | (lean * lean < 4.0 * slope * slope * (f * f - g))


@compiled
def all_positive(a: Any, fa: Any, fa1: Any, ga: Any, b: Any, fb: Any, fb1: Any, gb: Any) -> Any:
    """The score is positive inside [a, b], given that it is not negative at both ends; fa1, fb1 are slopes of f.

    The tangents of f at both ends bound it from above; their squares are convex, the chord of g is straight, so it is
    enough to look at one point between, best where the tangents meet.
    """
    width = b - a
    x = width * meeting(fb - fb1 * width - fa, (fa1 - fb1) * width)
    left, right = fa + fa1 * x, fb - fb1 * (width - x)
    straight = ga + (gb - ga) * (x / width)
    return (left * left <= straight) & (right * right <= straight)


@compiled
def all_negative(a: Any, fa: Any, ga: Any, ga1: Any, b: Any, fb: Any, gb: Any, gb1: Any) -> Any:
    """The score is negative inside [a, b], given that it is not positive at both ends; ga1, gb1 are slopes of g.

    The chord of f bounds it from below, the tangents of g bound it from above, one on either side of where they meet;
    there the difference is a parabola, which has no root or is not negative where it ends.
    """
    width = b - a
    slope = (fb - fa) / width
    x = width * meeting(gb - gb1 * width - ga, (ga1 - gb1) * width)
    middle = fa + slope * x
    square = middle * middle
    lean_a, lean_b = ga1 - 2.0 * fa * slope, 2.0 * fb * slope - gb1
    four = 4.0 * slope * slope
    left = (lean_a <= 0.0) | (lean_a * lean_a < four * (fa * fa - ga))
    left |= (square >= ga + ga1 * x) & (lean_a >= 0.5 * four * x)
    right = (lean_b <= 0.0) | (lean_b * lean_b < four * (fb * fb - gb))
    right |= (square >= gb - gb1 * (width - x)) & (lean_b >= 0.5 * four * (width - x))
    return left & right


@compiled
def meeting(gap: Any, bend: Any) -> Any:
    """Where two tangents meet, gap / bend, as a part of the cell; within 0 and 1 even if rounding ate the bend."""
    part = gap / (bend + 1e-30 * abs(gap) + 1e-300)
    return (part > 0.0) * (part < 1.0) * part + (part >= 1.0)


@compiled
def likelihood_maximum(
    y: Any, v: Any, k: int, v_min: float, v_max: float, restricted: bool, at_zero: tuple[float, ...], w: Any
) -> tuple[float, int, bool, bool, tuple[float, ...]]:
    """Candidate for the maximum of the (restricted) likelihood.

    Returns tau2, the number of steps, whether it is solved, whether it is certified to be the only maximum, and the
    sums there. `at_zero` are the sums at tau2 = 0.
    """
    mean = 0.0
    for i in range(len(y)):
        mean += y[i]
    mean /= k
    spread = 0.0
    for i in range(len(y)):
        if v[i] < math.inf:
            spread += (y[i] - mean) * (y[i] - mean)
    if spread <= 0.0 or at_zero[4] <= 0.0:
        return 0.0, 0, True, True, at_zero
    b = at_zero[6] if restricted else at_zero[0]
    d = at_zero[7] if restricted else at_zero[1]
    f0 = 1.0 / math.sqrt(at_zero[4])
    f0_slope = at_zero[5] * f0 * f0 * f0
    g0 = 1.0 / b
    ray = 1.0 / math.sqrt(spread)
    typical = (k - 1) * g0
    s2 = spread / (k - 1)
    at = at_zero
    steps = 0
    tau2, f, g, g_slope = 0.0, f0, g0, d * g0 * g0
    solved = True
    if f0 * f0 < g0:
        low = 0.0
        # No maximum lies above this (see likelihood.upper_bound).
        high = 0.5 * (s2 + math.sqrt(s2 * s2 + 4.0 * s2 * v_max)) * (1.0 + 1e-9)
        moment = (at_zero[3] - (k - 1)) / at_zero[6]
        tau2 = moment if 0.0 < moment < high else 0.5 * min(high, typical)
        solved = False
        a = c = 1.0
        while steps < MAX_STEPS:
            at = sums(y, v, v_min, tau2, w)
            a, c = at[4], at[5]
            b = at[6] if restricted else at[0]
            d = at[7] if restricted else at[1]
            # Newton on B/A - 1, which is nearly a straight line in tau2.
            step = -(b - a) / (b * (2.0 * c / a - d / b))
            if a > b:
                low = tau2
            else:
                high = tau2
            scale = tau2 + typical
            if abs(step) <= ARRIVED * scale or high - low <= ARRIVED * scale:
                solved = True
                break
            solved = abs(step) <= SOLVED * scale
            new = tau2 + step
            if not (low < new < high):  # true for NaN too
                new = 0.5 * (low + high)
            tau2 = new
            steps += 1
        f = 1.0 / math.sqrt(a)
        g = 1.0 / b
        f_slope = c * f * f * f
        g_slope = d * g * g
        # A maximum: f comes from below the root of g. And no other on its left.
        if not (2.0 * math.sqrt(g) * f_slope > g_slope and all_positive(0.0, f0, f0_slope, g0, tau2, f, f_slope, g)):
            return tau2, steps, solved, False, at
    if stays_negative(f, g, g_slope, ray):
        return tau2, steps, solved, True, at
    # One look further to the right settles most of the rest.
    far = 2.0 * tau2 + 0.25 * s2
    beyond = sums(y, v, v_min, far, w)
    if beyond[4] <= 0.0:
        return tau2, steps, solved, False, at
    f_far = 1.0 / math.sqrt(beyond[4])
    g_far = 1.0 / (beyond[6] if restricted else beyond[0])
    g_far_slope = (beyond[7] if restricted else beyond[1]) * g_far * g_far
    certified = (
        f_far * f_far >= g_far
        and all_negative(tau2, f, g, g_slope, far, f_far, g_far, g_far_slope)
        and stays_negative(f_far, g_far, g_far_slope, ray)
    )
    return tau2, steps, solved, certified, at


@compiled
def solve_q(
    y: Any, v: Any, v_min: float, target: float, at_zero: tuple[float, ...], w: Any
) -> tuple[float, int, bool, tuple[float, ...]]:
    """Root of Q(tau2) = target, 0 where Q(0) is below it: tau2, steps, solved, sums. Newton cannot overshoot."""
    tau2 = 0.0
    steps = 0
    at = at_zero
    if at[3] <= target:
        return 0.0, 0, True, at
    while steps < 1000:
        step = (at[3] - target) / at[4]
        if step <= 1e-15 * tau2:
            return tau2, steps, True, at
        tau2 += step
        steps += 1
        at = sums(y, v, v_min, tau2, w)
    return tau2, steps, False, at


# The methods that `fit` knows, with the number that compiled code is told.
METHODS = {"CE": 0, "PM": 1, "EB": 1, "REML": 2, "ML": 3, "DL": 4}
# What `fit` writes, in this order.
COLUMNS = (
    "k", "centre", "size", "v_min", "v_max", "beta", "variance", "rss", "q", "tr_p", "tau2", "tau2_se",
    "iterations", "converged", "certified",
)  # fmt: skip


@compiled
def fit(method: int, y: Any, v: Any, k: int, v_min: float, v_max: float, w: Any, out: Any) -> None:
    """One fit of `k` studies; `y` is centred. Writes `out` from its place "beta" on."""
    df = k - 1
    at_zero = sums(y, v, v_min, 0.0, w)
    at = at_zero
    tau2 = math.nan
    se = math.nan
    steps = 0
    solved = True
    certified = True
    if method == 0:
        tau2 = 0.0
    elif df > 0 and method == 4:
        tr_p, tr_pp = at_zero[6], at_zero[7]
        tau2 = max((at_zero[3] - df) / tr_p, 0.0)
        # tr(P S P S) for P at 0 and S = V + tau2 I, because P V P = P.
        se = math.sqrt(2.0 * (df + 2.0 * tau2 * tr_p + tau2 * tau2 * tr_pp)) / tr_p
        at = sums(y, v, v_min, tau2, w)
    elif df > 0 and method == 1:
        tau2, steps, solved, at = solve_q(y, v, v_min, float(df), at_zero, w)
        se = math.sqrt(2.0 * k * k / df) / at[0]
    elif df > 0:
        tau2, steps, solved, certified, at = likelihood_maximum(y, v, k, v_min, v_max, method == 2, at_zero, w)
        se = math.sqrt(2.0 / (at[7] if method == 2 else at[1]))
    out[5], out[6], out[7] = at[2], 1.0 / at[0], at[3]
    out[8], out[9] = at_zero[3], at_zero[6]
    out[10], out[11], out[12] = tau2, se, steps
    out[13] = 1.0 if solved else 0.0
    out[14] = 1.0 if certified else 0.0


@compiled
def fit_row(method: int, y: Any, v: Any, out: Any, w: Any) -> bool:
    """`fit` of one problem, whose `y` it centres.

    False, and nothing to be used, if an effect is missing or infinite, a variance is not positive, or there is no
    study.
    """
    k = 0
    total = 0.0
    v_min = math.inf
    v_max = 0.0
    size = 0.0
    bad = 0
    for i in range(len(y)):
        total += y[i]
        size = max(size, abs(y[i]))
        bad += not v[i] > 0.0
        v_min = min(v_min, v[i])
        if v[i] < math.inf:
            k += 1
            v_max = max(v_max, v[i])
    if bad > 0 or k == 0 or not abs(total) < math.inf:
        return False
    mean = total / k
    for i in range(len(y)):
        y[i] = y[i] - mean if v[i] < math.inf else 0.0
    out[0], out[1], out[2], out[3], out[4] = k, mean, size, v_min, v_max
    fit(method, y, v, k, v_min, v_max, w, out)
    return True


@compiled
def fit_rows(method: int, y: Any, v: Any, mask: Any, out: Any, buffers: Any) -> None:
    """`fit_row` for each row of `y` and `v`, and column of `out`; `mask` may have no column.

    Rows that `fit_row` refuses, and those with an infinite variance, are not certified. `buffers` are four arrays,
    for a row of `y`, `v` and weights and a column of `out`: views of rows would cost more than the fit of a small
    problem.
    """
    part_y, part_v, part_w, line = buffers
    masked = mask.shape[1] > 0
    for row in range(y.shape[0]):
        for i in range(y.shape[1]):
            part_y[i] = y[row, i]
            part_v[i] = v[row, i]
        for i in range(mask.shape[1]):
            if not mask[row, i]:
                part_y[i] = 0.0
        good = True
        for i in range(y.shape[1]):
            taken = not masked or mask[row, i]
            if taken and not part_v[i] < math.inf:
                good = False
            if not taken:
                part_v[i] = math.inf
        if not good or not fit_row(method, part_y, part_v, line, part_w):
            line[14] = 0.0
        for c in range(len(line)):
            out[c, row] = line[c]
