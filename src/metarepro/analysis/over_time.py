"""How long an effect lasts: every time of every trial in one model, as a smooth function of the time."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from metarepro.analysis.models import RHOS
from metarepro.analysis.over_time_parts import CurvePoint, OverTime, TimedEffect, UnderRho
from metarepro.analysis.selection import Comparison
from metarepro.effects import to_display
from metarepro.notes import Note
from metarepro.pooling.inference import f_upper_tail, quantile
from metarepro.pooling.kernel import Array
from metarepro.pooling.models.multilevel import MultilevelFit, multilevel
from metarepro.pooling.splines import restricted_cubic

# Trials and times that a curve needs: more trials than coefficients, and times to tell its shape.
LEAST_TRIALS, LINE_TIMES, SPLINE_TIMES = 3, 3, 6
STEPS = 41
# Knots of the spline, as shares of the effects (Harrell 2015, doi:10.1007/978-3-319-19425-7, table 2.3).
KNOTS = (0.1, 0.5, 0.9)


def over_time(
    measure: str, level: float, rho: float, comparisons: Sequence[Comparison], yi: Array, vi: Array
) -> OverTime | None:
    """Effects of trials at all their times together; None where fewer than three trials have one.

    Parameters
    ----------
    measure : str
    level, rho : float
        Coverage; assumed correlation of the sampling errors of a trial.
    comparisons : sequence of Comparison
        Every time of every trial.
    yi, vi : ndarray
        Their effects and variances on the working scale.

    Notes
    -----
    The model has random effects of trials and of times within trials, and sampling errors that correlate by `rho`
    within a trial (correlated and hierarchical effects). The mean has a cluster-robust interval (CR2), which holds
    whatever the correlation is. The curve is that of the same model with the logarithm of the time as moderator; its
    band is model-based, with t on trials minus coefficients df. When not to use: trials that last longer may differ
    from short ones in more than time, so that a curve between trials is no course of patients.

    References
    ----------
    Pustejovsky & Tipton 2022, doi:10.1007/s11121-021-01246-3; Tipton 2015, doi:10.1037/met0000011.
    """
    rows = [
        i for i, c in enumerate(comparisons)
        if np.isfinite(yi[i]) and np.isfinite(vi[i]) and c.time is not None and c.time > 0
    ]  # fmt: skip
    used = [comparisons[i] for i in rows]
    clusters = [c.cluster_id for c in used]
    if len(set(clusters)) < LEAST_TRIALS or len(rows) == len(set(clusters)):
        return None
    y, v = np.asarray(yi)[rows], np.asarray(vi)[rows]
    hours = np.array([c.time for c in used], dtype=np.float64)
    fits = {r: multilevel(y, v, cluster=clusters, rho=r, level=level) for r in sorted({*RHOS, rho})}
    results = {r: _under(measure, r, fit) for r, fit in fits.items()}
    shape, curve, test, notes = _curve(measure, level, rho, y, v, hours, clusters)
    if results[rho].df < 4:
        notes = (*notes, Note("few_robust_df", df=float(results[rho].df)))
    half = float(quantile((1 + level) / 2, np.array(np.nan))) * np.sqrt(v)
    shown = [np.atleast_1d(to_display(measure, x)) for x in (y, y - half, y + half)]
    effects = tuple(
        TimedEffect(
            c.study_id, c.study.label, c.cluster_id, c.effect_id, c.key[0], float(hours[i]), float(y[i]), float(v[i]),
            float(shown[0][i]), float(shown[1][i]), float(shown[2][i]), float(fits[rho].weights[i]),
        )
        for i, c in enumerate(used)
    )  # fmt: skip
    return OverTime(
        len(set(clusters)), effects, results[rho], tuple(r for key, r in results.items() if key != rho), shape, curve,
        *test, _methods(rho, shape), notes,
    )  # fmt: skip


def _under(measure: str, rho: float, fit: MultilevelFit) -> UnderRho:
    robust = fit.robust()
    ends = (float(to_display(measure, x)) for x in (robust.beta, robust.ci_low, robust.ci_high))
    estimate, low, high = ends
    return UnderRho(rho, estimate, low, high, robust.df, float(fit.sigma2[0]), float(fit.sigma2[-1]))


def _curve(
    measure: str, level: float, rho: float, y: Array, v: Array, hours: Array, clusters: Sequence[str]
) -> tuple[str, tuple[CurvePoint, ...], tuple[float, int, float, float], tuple[Note, ...]]:
    """The mean effect over time with its band, and the test that it does not change."""
    times, trials, nan = np.unique(hours), len(set(clusters)), math.nan
    knots = np.quantile(np.log(hours), KNOTS)
    spline = times.size >= SPLINE_TIMES and trials >= 6 and np.diff(knots).min() > 0.1
    if not spline and (times.size < LINE_TIMES or trials < 4):
        return "none", (), (nan, 0, nan, nan), (Note("too_few_for_curve", trials=trials, times=int(times.size)),)
    at = np.geomspace(times[0], times[-1], STEPS)

    def design(x: Array) -> Array:
        log_time = np.log(x)
        return restricted_cubic(log_time, knots) if spline else log_time[:, None]

    fit = multilevel(y, v, cluster=clusters, rho=rho, moderators=design(hours), level=level)
    x = np.column_stack([np.ones(STEPS), design(at)])
    mean = x @ fit.beta
    half = float(quantile((1 + level) / 2, np.array(fit.df))) * np.sqrt(np.einsum("ij,jk,ik->i", x, fit.covariance, x))
    shown = [np.atleast_1d(to_display(measure, z)) for z in (mean, mean - half, mean + half)]
    points = tuple(CurvePoint(*(float(z) for z in row)) for row in zip(at, *shown, strict=True))
    slopes, q = fit.beta[1:], fit.beta.size - 1
    statistic = float(slopes @ np.linalg.solve(fit.covariance[1:, 1:], slopes)) / q
    p = float(f_upper_tail(np.array(statistic), np.array(q), np.array(fit.df)))
    return "spline" if spline else "line", points, (statistic, q, fit.df, p), ()


def _methods(rho: float, shape: str) -> str:
    curve = {
        "spline": " The curve is a restricted cubic spline with three knots in the logarithm of time, its band t-based "
        "with trials minus coefficients df.",
        "line": " The curve is linear in the logarithm of time, its band t-based with trials minus coefficients df.",
        "none": "",
    }[shape]
    return (
        "Every time of every trial was put in one model with random effects of trials and of times within trials "
        f"(restricted maximum likelihood) and sampling errors that correlate by {rho:g} within a trial; the interval "
        f"of the mean is cluster-robust (CR2, Satterthwaite df).{curve}"
    )
