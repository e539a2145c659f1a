"""Common-effect and DerSimonian-Laird fits without moderators, many problems side by side.

These two need no iteration, so that their cost is that of dividing and adding. The loops therefore take one study of
several problems at a time ("lanes"), which a processor does at once. Like `loops`, this file is run as it stands (one
lane, for a single small problem) and compiled by numba (`metarepro.pooling.compiled`).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])
compiled: Callable[[F], F] = globals().get("compiled", lambda function: function)

# A problem in which a study has more than this share of all weight is left to the sums that do not cancel.
HEAVY = 0.99
# Problems side by side: enough to keep the processor busy, few enough for its first cache.
LANES = 32
METHODS = {"CE": 0, "DL": 1}
# What `fit_lanes` writes, in this order.
COLUMNS = (
    "k", "centre", "size", "v_min", "v_max", "beta", "variance", "rss", "q", "tr_p", "tau2", "tau2_se", "certified",
)  # fmt: skip
# Where they begin in the buffer that `fit_lanes` writes, and the sums that it needs besides.
K, MEAN, SIZE, V_MIN, V_MAX, BETA, VARIANCE, RSS, Q, TR_P, TAU2, TAU2_SE, CERTIFIED, SUM_W, SUM_W2, SUM_W3, SUM_WY = (
    range(0, 17 * LANES, LANES)
)
LINE = 17 * LANES


@compiled
def fit_lanes(method: int, y: Any, v: Any, w: Any, studies: int, lanes: int, line: Any) -> None:
    """Fit `lanes` problems of `studies` studies, of which those with `v` infinite and `y` 0 are left out.

    `y`, `v` and `w` (a buffer) hold study i of lane j at i * LANES + j; `line` (a buffer of size LINE) holds column c
    of lane j at c * LANES + j. `y` is centred on the way. A lane is not `certified`, and must be done otherwise, if
    one study has nearly all the weight, or something is not finite or not positive.
    """
    for j in range(lanes):
        line[K + j] = line[MEAN + j] = line[SIZE + j] = line[V_MAX + j] = 0.0
        line[V_MIN + j] = math.inf
    for i in range(studies):
        for j in range(lanes):
            at = i * LANES + j
            line[MEAN + j] += y[at]
            line[SIZE + j] = max(line[SIZE + j], abs(y[at]))
            line[V_MIN + j] = min(line[V_MIN + j], v[at])
            finite = v[at] < math.inf
            line[K + j] += 1.0 if finite else 0.0
            line[V_MAX + j] = max(line[V_MAX + j], v[at] if finite else 0.0)
    for j in range(lanes):
        line[MEAN + j] = line[MEAN + j] / line[K + j] if line[K + j] > 0.0 else math.nan
        line[SUM_W + j] = line[SUM_W2 + j] = line[SUM_W3 + j] = line[SUM_WY + j] = line[RSS + j] = 0.0
    for i in range(studies):
        for j in range(lanes):
            at = i * LANES + j
            y[at] -= line[MEAN + j]
            weight = 1.0 / v[at]
            w[at] = weight
            square = weight * weight
            line[SUM_W + j] += weight
            line[SUM_W2 + j] += square
            line[SUM_W3 + j] += square * weight
            line[SUM_WY + j] += weight * y[at]
    for j in range(lanes):
        line[BETA + j] = line[SUM_WY + j] / line[SUM_W + j]
    for i in range(studies):
        for j in range(lanes):
            at = i * LANES + j
            r = y[at] - line[BETA + j]
            line[RSS + j] += w[at] * r * r
    for j in range(lanes):
        share = line[SUM_W2 + j] / line[SUM_W + j]
        line[Q + j] = line[RSS + j]
        line[TR_P + j] = line[SUM_W + j] - share
        sound = line[V_MIN + j] > 0.0 and abs(line[MEAN + j]) < math.inf
        line[CERTIFIED + j] = 1.0 if sound and line[V_MIN + j] * line[SUM_W + j] * HEAVY > 1.0 else 0.0
        line[TAU2 + j] = 0.0
        line[TAU2_SE + j] = math.nan
        line[VARIANCE + j] = 1.0 / line[SUM_W + j]
        if method == 1 and line[CERTIFIED + j] > 0.0:
            df = line[K + j] - 1.0
            tr_p = line[TR_P + j]
            tr_pp = line[SUM_W2 + j] - 2.0 * line[SUM_W3 + j] / line[SUM_W + j] + share * share
            tau2 = max((line[Q + j] - df) / tr_p, 0.0)
            line[TAU2 + j] = tau2
            # tr(P S P S) for P at 0 and S = V + tau2 I, because P V P = P.
            line[TAU2_SE + j] = math.sqrt(2.0 * (df + 2.0 * tau2 * tr_p + tau2 * tau2 * tr_pp)) / tr_p
    if method == 0:
        return
    for j in range(lanes):
        line[SUM_W + j] = line[SUM_WY + j] = line[RSS + j] = 0.0
    for i in range(studies):
        for j in range(lanes):
            at = i * LANES + j
            weight = 1.0 / (v[at] + line[TAU2 + j])
            w[at] = weight
            line[SUM_W + j] += weight
            line[SUM_WY + j] += weight * y[at]
    for j in range(lanes):
        line[BETA + j] = line[SUM_WY + j] / line[SUM_W + j]
        line[VARIANCE + j] = 1.0 / line[SUM_W + j]
    for i in range(studies):
        for j in range(lanes):
            at = i * LANES + j
            r = y[at] - line[BETA + j]
            line[RSS + j] += w[at] * r * r


@compiled
def fit_rows(method: int, y: Any, v: Any, mask: Any, out: Any, buffers: Any) -> None:
    """`fit_lanes` for all rows of `y` and `v`, and columns of `out`; `mask` may have no column.

    A row with a missing or infinite effect or variance is not `certified` either. `buffers` are three of
    studies * LANES numbers, and one of LINE.
    """
    part_y, part_v, part_w, line = buffers
    rows, studies = y.shape
    masked = mask.shape[1] > 0
    for first in range(0, rows, LANES):
        lanes = min(LANES, rows - first)
        for j in range(lanes):
            for i in range(studies):
                part_y[i * LANES + j] = y[first + j, i]
                part_v[i * LANES + j] = v[first + j, i]
        # Lanes that are not needed hold a problem that can be done.
        for j in range(lanes, LANES):
            for i in range(studies):
                part_y[i * LANES + j] = 0.0
                part_v[i * LANES + j] = 1.0
        if masked:
            for j in range(lanes):
                for i in range(studies):
                    if not mask[first + j, i]:
                        part_y[i * LANES + j] = 0.0
                        part_v[i * LANES + j] = math.inf
        fit_lanes(method, part_y, part_v, part_w, studies, LANES, line)
        for c in range(out.shape[0]):
            for j in range(lanes):
                out[c, first + j] = line[c * LANES + j]
        for j in range(lanes):
            expected = 0 if masked else studies
            for i in range(mask.shape[1]):
                expected += mask[first + j, i]
            if line[K + j] != expected:
                out[12, first + j] = 0.0
