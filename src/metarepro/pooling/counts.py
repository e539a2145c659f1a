"""Pooling counts without effect sizes in between: Mantel-Haenszel and Peto. Common-effect methods for sparse data."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from metarepro.effects.checks import Array, as_columns, check_counts
from metarepro.effects.core import EffectSizes, effect_sizes
from metarepro.effects.rates import check_rate
from metarepro.errors import ConfigError, DataError
from metarepro.notes import Note
from metarepro.pooling.fitted import read_only
from metarepro.pooling.inference import chi2_upper_tail, quantile, two_sided_p
from metarepro.pooling.protocol import MANTEL_HAENSZEL, PETO, Fit, Heterogeneity, Method


@dataclass(frozen=True, eq=False, repr=False)
class CountsFit(Fit):
    """Result of `mantel_haenszel` or `peto`.

    Attributes
    ----------
    beta, se, statistic, p_value, ci_low, ci_high : float
        Pooled effect on the working scale (log for OR, RR, IRR and Peto), its standard error, Wald test and interval;
        NaN with a note where the pooled ratio is 0, infinite or undefined.
    q, q_df, q_p, i2, h2 : float
        Heterogeneity of the single studies' effects (with their own zero-cell correction) around the pooled one.
    cmh, cmh_p : float
        Cochran-Mantel-Haenszel chi2 (1 df) of no effect, with continuity correction; NaN but for OR and IRR.
    breslow_day, breslow_day_p, tarone, tarone_p : float
        Tests of equal odds ratios, the second with Tarone's correction; NaN but for OR.
    weights : ndarray
        Percent weight of each study.
    k : int
        Studies with a usable effect of their own.
    method : Method
    notes : tuple of Note
    studies : EffectSizes
        Effects of the single studies, with their counts.
    """

    beta: float
    se: float
    statistic: float
    p_value: float
    ci_low: float
    ci_high: float
    q: float
    q_df: int
    q_p: float
    i2: float
    h2: float
    cmh: float
    cmh_p: float
    breslow_day: float
    breslow_day_p: float
    tarone: float
    tarone_p: float
    weights: Array
    k: int
    method: Method
    notes: tuple[Note, ...]
    studies: EffectSizes

    # A common effect: a normal test, no variance between studies, no prediction interval.
    df = tau2 = pi_low = pi_high = math.nan
    converged, at_boundary = True, False

    @property
    def data(self) -> tuple[Array, Array]:
        """Effects and variances of the single studies."""
        return self.studies.yi, self.studies.vi

    @property
    def heterogeneity(self) -> Heterogeneity:
        """How the single studies' effects differ."""
        nan = math.nan
        return Heterogeneity((), self.i2, nan, nan, self.h2, self.i2, self.q, self.q_df, self.q_p)

    def __post_init__(self) -> None:
        read_only(self.weights)


def mantel_haenszel(
    e1: ArrayLike,
    n1: ArrayLike | None = None,
    e2: ArrayLike | None = None,
    n2: ArrayLike | None = None,
    *,
    t1: ArrayLike | None = None,
    t2: ArrayLike | None = None,
    measure: str = "OR",
    level: float = 0.95,
    cmh_correction: bool = True,
) -> CountsFit:
    """Mantel-Haenszel pooled effect.

    Parameters
    ----------
    e1, n1, e2, n2 : array_like, shape (k,)
        Events and totals of arms 1 and 2 (OR, RR, RD).
    t1, t2 : array_like, shape (k,)
        Person-times instead of totals (IRR, IRD).
    measure : {'OR', 'RR', 'RD', 'IRR', 'IRD'}
    level : float
        Coverage of the interval.
    cmh_correction : bool
        Continuity correction of the Cochran-Mantel-Haenszel test.

    Returns
    -------
    CountsFit

    Notes
    -----
    No constant is added for the pooling, so studies with a zero cell need no repair; double-zero studies count in the
    estimate for RD and IRD only, and never in Q. The single studies' effects behind Q get 1/2 as usual. When not to
    use: with heterogeneous effects, as the model is a common effect.

    References
    ----------
    Mantel & Haenszel 1959, doi:10.1093/jnci/22.4.719; Robins, Breslow & Greenland 1986, doi:10.2307/2531052 (OR);
    Greenland & Robins 1985, doi:10.2307/2530643 (RR, IRR, IRD); Sato, Greenland & Robins 1989, doi:10.2307/2531784
    (RD); Breslow & Day 1980; Tarone 1985, doi:10.1093/biomet/72.1.91.
    """
    if measure in ("IRR", "IRD"):
        rates: Any = as_columns({"e1": e1, "t1": t1, "e2": e2, "t2": t2})
        rates = _complete(rates)
        check_rate(rates["e1"], rates["t1"], "1")
        check_rate(rates["e2"], rates["t2"], "2")
        estimate, variance, weight = _rates(measure, **rates)
        # A study without events in either arm says nothing about heterogeneity.
        tells = (rates["e1"] > 0) | (rates["e2"] > 0)
        if not tells.any():
            raise DataError("There is no study with an event.")
        es = effect_sizes(measure, **rates)
        es = replace(es, yi=np.where(tells, es.yi, np.nan))
        told = {n: x[tells] for n, x in rates.items()}
        tests = _rate_test(cmh_correction, **told) if measure == "IRR" else {}
        return _assemble(MANTEL_HAENSZEL, estimate, variance, weight, es, level, tests)
    if measure not in ("OR", "RR", "RD"):
        raise ConfigError(f"measure = {measure!r} is not known for Mantel-Haenszel. Allowed: OR, RR, RD, IRR, IRD.")
    counts: Any = _complete(as_columns({"e1": e1, "n1": n1, "e2": e2, "n2": n2}))
    check_counts(counts["e1"], counts["n1"], "e1", "n1")
    check_counts(counts["e2"], counts["n2"], "e2", "n2")
    a, m1, c, m2 = counts["e1"], counts["n1"], counts["e2"], counts["n2"]
    b, d, n = m1 - a, m2 - c, m1 + m2
    tests = {}
    with np.errstate(divide="ignore", invalid="ignore"):
        if measure == "OR":
            r, s = a * d / n, b * c / n
            p, q = (a + d) / n, (b + c) / n
            estimate = _log(r.sum()) - _log(s.sum())
            variance = (
                (p * r).sum() / (2 * r.sum() ** 2)
                + (p * s + q * r).sum() / (2 * r.sum() * s.sum())
                + (q * s).sum() / (2 * s.sum() ** 2)
            )
            weight = s
            tests = _or_tests(a, m1, c, m2, r.sum() / s.sum(), cmh_correction)
        elif measure == "RR":
            r, s = a * m2 / n, c * m1 / n
            estimate = _log(r.sum()) - _log(s.sum())
            variance = ((m1 * m2 * (a + c) - a * c * n) / n**2).sum() / (r.sum() * s.sum())
            weight = s
        else:
            weight = m1 * m2 / n
            estimate = ((a * m2 - c * m1) / n).sum() / weight.sum()
            p = (c * m1**2 - a * m2**2 + m1 * m2 * (m2 - m1) / 2) / n**2
            q = (a * d + b * c) / (2 * n)
            variance = (estimate * p.sum() + q.sum()) / weight.sum() ** 2
    es = effect_sizes(measure, **counts, drop_double_zero=True)
    return _assemble(MANTEL_HAENSZEL, estimate, variance, weight, es, level, tests)


def peto(e1: ArrayLike, n1: ArrayLike, e2: ArrayLike, n2: ArrayLike, level: float = 0.95) -> CountsFit:
    """Peto's one-step pooled log odds ratio.

    When not to use: effects beyond an odds ratio of about 3, or arms of very different size; a note warns of both.
    Double-zero studies carry no information and weigh nothing.

    References
    ----------
    Yusuf et al. 1985, doi:10.1016/S0033-0620(85)80003-7; Greenland & Salvan 1990, doi:10.1002/sim.4780090304.
    """
    counts: Any = _complete(as_columns({"e1": e1, "n1": n1, "e2": e2, "n2": n2}))
    check_counts(counts["e1"], counts["n1"], "e1", "n1")
    check_counts(counts["e2"], counts["n2"], "e2", "n2")
    a, m1, c, m2 = counts["e1"], counts["n1"], counts["e2"], counts["n2"]
    n = m1 + m2
    v = m1 * m2 * (a + c) * (n - a - c) / (n * n * (n - 1))
    if v.sum() == 0:
        raise DataError("Peto's method needs events, and non-events, in at least one study.")
    estimate = (a - m1 * (a + c) / n).sum() / v.sum()
    # The studies behind Q need no correction for zero cells either: O - E and V exist.
    es = effect_sizes("PETO", **counts, correction_to="none", drop_double_zero=True)
    fit = _assemble(PETO, estimate, 1 / v.sum(), v, es, level, {})
    cautions = []
    if abs(fit.beta) > 1:
        cautions.append(Note("peto_large"))
    if ((m1 / m2 > 2) | (m2 / m1 > 2)).any():
        cautions.append(Note("peto_uneven"))
    return replace(fit, notes=(*fit.notes, *cautions))


def _complete(columns: dict[str, Array]) -> dict[str, Array]:
    """Rows without a missing number."""
    known = np.all([np.isfinite(c) for c in columns.values()], axis=0)
    if not known.any():
        raise DataError("There is no study with complete counts.")
    return {name: column[known] for name, column in columns.items()}


def _log(x: float) -> float:
    return math.log(x) if x > 0 else -math.inf


def _rates(measure: str, e1: Array, t1: Array, e2: Array, t2: Array) -> tuple[float, float, Array]:
    t = t1 + t2
    with np.errstate(divide="ignore", invalid="ignore"):
        if measure == "IRR":
            r, s = (e1 * t2 / t), (e2 * t1 / t)
            variance = ((e1 + e2) * t1 * t2 / t**2).sum() / (r.sum() * s.sum())
            return _log(r.sum()) - _log(s.sum()), variance, s
        weight = t1 * t2 / t
        estimate = ((e1 * t2 - e2 * t1) / t).sum() / weight.sum()
        variance = ((e1 * t2**2 + e2 * t1**2) / t**2).sum() / weight.sum() ** 2
        return estimate, variance, weight


def _rate_test(correction: bool, e1: Array, t1: Array, e2: Array, t2: Array) -> dict[str, float]:
    """Cochran-Mantel-Haenszel test for person-time data."""
    t, e = t1 + t2, e1 + e2
    variance = (e * t1 * t2 / t**2).sum()
    if variance == 0:
        return {}
    cmh = max(abs((e1 - e * t1 / t).sum()) - 0.5 * correction, 0) ** 2 / variance
    return {"cmh": float(cmh), "cmh_p": float(chi2_upper_tail(np.array(cmh), np.array(1.0)))}


def _or_tests(a: Array, m1: Array, c: Array, m2: Array, odds_ratio: float, correction: bool) -> dict[str, float]:
    """Cochran-Mantel-Haenszel, Breslow-Day and Tarone tests."""
    n, events = m1 + m2, a + c
    # Studies of one patient, without events or with events only say nothing here.
    tells = (n > 1) & (events > 0) & (events < n)
    a, m1, m2, n, events = a[tells], m1[tells], m2[tells], n[tells], events[tells]
    if not a.size:
        return {}
    expected = m1 * events / n
    variance = m1 * m2 * events * (n - events) / (n * n * (n - 1))
    distance = abs((a - expected).sum())
    cmh = max(distance - 0.5 * correction, 0) ** 2 / variance.sum()
    found = {"cmh": float(cmh), "cmh_p": float(chi2_upper_tail(np.array(cmh), np.array(1.0)))}
    if not (0 < odds_ratio < math.inf):
        return found
    # Fitted events under one odds ratio: the root of a quadratic that lies inside its bounds.
    x, y, z = 1 - odds_ratio, (m2 - events) + odds_ratio * (m1 + events), -odds_ratio * m1 * events
    # The stable form of the root (-y + sqrt(y^2 - 4 x z)) / (2 x); it holds for an odds ratio of 1 (x = 0) too.
    fitted = -2 * z / (y + np.sqrt(y * y - 4 * x * z))
    inverse = 1 / fitted + 1 / (m1 - fitted) + 1 / (events - fitted) + 1 / (m2 - events + fitted)
    bd = ((a - fitted) ** 2 * inverse).sum()
    tarone = bd - (a - fitted).sum() ** 2 / (1 / inverse).sum()
    df = np.array(a.size - 1.0)
    found |= {"breslow_day": float(bd), "breslow_day_p": float(chi2_upper_tail(np.array(bd), df))}
    return found | {"tarone": float(tarone), "tarone_p": float(chi2_upper_tail(np.array(tarone), df))}


def _assemble(
    model: str, estimate: float, variance: float, weight: Array, studies: EffectSizes, level: float,
    tests: dict[str, float],
) -> CountsFit:  # fmt: skip
    yi, vi = studies.yi, studies.vi
    if not 0 < level < 1:
        raise ConfigError(f"level = {level!r} must lie between 0 and 1 (0.95, not 95).")
    notes: tuple[Note, ...] = ()
    if not (math.isfinite(estimate) and math.isfinite(variance)):
        estimate = variance = math.nan
        notes = (Note("ratio_undefined"),)
    elif variance <= 0:
        notes = (Note("no_events"),)
    known = np.isfinite(yi)
    se, normal = math.sqrt(variance), np.array(math.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        statistic = np.asarray(np.divide(estimate, se))
    half = float(quantile((1 + level) / 2, normal)) * se
    q = float((((yi - estimate) ** 2) / vi)[known].sum()) if math.isfinite(estimate) else math.nan
    k = int(known.sum())
    df = k - 1
    nan = math.nan
    return CountsFit(
        beta=float(estimate),
        se=se,
        statistic=float(statistic),
        p_value=float(two_sided_p(statistic, normal)),
        ci_low=float(estimate - half),
        ci_high=float(estimate + half),
        q=q,
        q_df=df,
        q_p=float(chi2_upper_tail(np.array(q), np.array(df))),
        i2=100 * (1 - df / max(q, df)) if df > 0 and math.isfinite(q) else nan,
        h2=q / df if df > 0 else nan,
        weights=100 * weight / weight.sum() if weight.sum() > 0 else np.zeros(weight.size),
        k=k,
        method=Method(model, "none", "z", "none", level),
        notes=notes,
        studies=studies.kept(),
        **{
            name: tests.get(name, nan)
            for name in ("cmh", "cmh_p", "breslow_day", "breslow_day_p", "tarone", "tarone_p")
        },
    )
