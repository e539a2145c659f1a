"""Pooling counts without effect sizes in between: Mantel-Haenszel and Peto. Common-effect methods for sparse data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from metarepro.effects.checks import Array
from metarepro.effects.core import EffectSizes, effect_sizes
from metarepro.effects.levels import check_level
from metarepro.errors import ConfigError, DataError
from metarepro.notes import Note
from metarepro.pooling.count_tables import TESTS, CountTables, odds_ratio_tests, rate_test, read_tables
from metarepro.pooling.engine import CHUNK
from metarepro.pooling.fitted import read_only
from metarepro.pooling.inference import chi2_upper_tail, quantile, two_sided_p
from metarepro.pooling.kernel import Mask, moments
from metarepro.pooling.problems import read_problems
from metarepro.pooling.protocol import Fit
from metarepro.pooling.result_parts import MANTEL_HAENSZEL, PETO, Heterogeneity, Method


@dataclass(frozen=True, eq=False, repr=False)
class CountsFit(Fit):
    """Result of `mantel_haenszel` or `peto`. Floats for one problem of shape (k,), arrays of the batch's shape else.

    Attributes
    ----------
    beta, se, statistic, p_value, ci_low, ci_high
        Pooled effect on the working scale (log for OR, RR, IRR and Peto), its standard error, Wald test and interval;
        NaN with a note where the pooled ratio is 0, infinite or undefined.
    q, q_df, q_p, i2, h2
        Heterogeneity of the single studies' effects (with their own zero-cell correction) around the pooled one.
    cmh, cmh_p
        Cochran-Mantel-Haenszel chi2 (1 df) of no effect, with continuity correction; NaN but for OR and IRR.
    breslow_day, breslow_day_p, tarone, tarone_p
        Tests of equal odds ratios, the second with Tarone's correction; NaN but for OR.
    weights : ndarray
        Percent weight of each study; 0 for those that a mask leaves out.
    k
        Studies with a usable effect of their own.
    method : Method
    notes : tuple of Note
    studies : EffectSizes
        Effects of the single studies, with their counts.
    """

    beta: Any
    se: Any
    statistic: Any
    p_value: Any
    ci_low: Any
    ci_high: Any
    q: Any
    q_df: Any
    q_p: Any
    i2: Any
    h2: Any
    cmh: Any
    cmh_p: Any
    breslow_day: Any
    breslow_day_p: Any
    tarone: Any
    tarone_p: Any
    weights: Array
    k: Any
    method: Method
    notes: tuple[Note, ...]
    studies: EffectSizes

    # A common effect: a normal test, no variance between studies, no prediction interval.
    df = tau2 = pi_low = pi_high = np.nan
    converged, at_boundary = True, False

    @property
    def data(self) -> tuple[Array, Array]:
        """Effects and variances of the single studies."""
        return self.studies.yi, self.studies.vi

    @property
    def heterogeneity(self) -> Heterogeneity:
        """How the single studies' effects differ."""
        nan = np.nan
        return Heterogeneity((), self.i2, nan, nan, self.h2, self.i2, self.q, self.q_df, self.q_p)

    def __post_init__(self) -> None:
        for value in self.__dict__.values():
            read_only(value)


def mantel_haenszel(
    e1: ArrayLike | EffectSizes | str,
    n1: ArrayLike | None = None,
    e2: ArrayLike | None = None,
    n2: ArrayLike | None = None,
    *,
    t1: ArrayLike | None = None,
    t2: ArrayLike | None = None,
    measure: str = "OR",
    level: float = 0.95,
    cmh_correction: bool = True,
    mask: ArrayLike | None = None,
    rd_variance: str = "SGR",
    zero_cells: str = "none",
    data: Any = None,
    labels: Any = None,
) -> CountsFit:
    """Mantel-Haenszel pooled effect.

    Parameters
    ----------
    e1, n1, e2, n2 : array_like, shape (k,) or (..., k), or str
        Events and totals of arms 1 and 2 (OR, RR, RD), or names of columns of `data`. In the place of `e1` alone may
        stand what `effect_sizes` gives, with its counts, measure and names.
    t1, t2 : array_like, shape (k,) or (..., k)
        Person-times instead of totals (IRR, IRD).
    measure : {'OR', 'RR', 'RD', 'IRR', 'IRD'}
    level : float
        Coverage of the interval.
    cmh_correction : bool
        Continuity correction of the Cochran-Mantel-Haenszel test.
    mask : array_like of bool, shape (..., k), optional
        Studies to use in each problem; leading axes make a batch.
    rd_variance : {'SGR', 'GR'}, default 'SGR'
        Variance of a risk difference: of Sato, Greenland & Robins, which holds for many small studies, too, or the
        earlier one of Greenland & Robins, which RevMan has.
    zero_cells : {'none', 'revman'}, default 'none'
        ``revman`` adds 1/2 to all cells of tables with a zero for OR and RR, as RevMan does (its printed weights and
        totals show it), and takes its variance of a risk difference.
    data : mapping of str to array_like, or data frame, optional
        Where columns are given by their names.
    labels : sequence of str, or str, optional
        Names of the studies, or of their column in `data`.

    Returns
    -------
    CountsFit

    Notes
    -----
    No constant is added for the pooling unless asked for, so studies with a zero cell need no repair; double-zero
    studies count in the estimate for RD and IRD only, and never in Q. The single studies' effects behind Q get 1/2 as
    usual. When not to use: with heterogeneous effects, as the model is a common effect.

    References
    ----------
    Mantel & Haenszel 1959, doi:10.1093/jnci/22.4.719; Robins, Breslow & Greenland 1986, doi:10.2307/2531052 (OR);
    Greenland & Robins 1985, doi:10.2307/2530643 (RR, IRR, IRD, RD with ``GR``); Sato, Greenland & Robins 1989,
    doi:10.2307/2531784 (RD); Breslow & Day 1980; Tarone 1985, doi:10.1093/biomet/72.1.91.

    Examples
    --------
    >>> from metarepro import effect_sizes
    >>> es = effect_sizes("OR", e1=[4, 6], n1=[123, 306], e2=[11, 29], n2=[139, 303])
    >>> round(float(mantel_haenszel(es).display().estimate), 3)
    0.241
    """
    columns: dict[str, Any] = {"e1": e1, "n1": n1, "e2": e2, "n2": n2, "t1": t1, "t2": t2}
    if isinstance(e1, EffectSizes):
        columns, measure, labels = dict(e1.inputs), e1.measure, e1.labels or labels
    if measure not in ("OR", "RR", "RD", "IRR", "IRD"):
        raise ConfigError(f"measure = {measure!r} is not known for Mantel-Haenszel. Allowed: OR, RR, RD, IRR, IRD.")
    if rd_variance not in ("SGR", "GR"):
        raise ConfigError(f"rd_variance = {rd_variance!r} is not known. Allowed: SGR, GR.")
    if zero_cells not in ("none", "revman"):
        raise ConfigError(f"zero_cells = {zero_cells!r} is not known for Mantel-Haenszel. Allowed: none, revman.")
    rd_variance = "GR" if zero_cells == "revman" else rd_variance
    rate = measure in ("IRR", "IRD")
    wanted = ("e1", "t1", "e2", "t2") if rate else ("e1", "n1", "e2", "n2")
    tables, names = read_tables({n: columns.get(n) for n in wanted}, mask, data, labels)
    revman = zero_cells == "revman" and not rate
    options = {"zero_cells": "revman"} if revman else {} if rate else {"drop_double_zero": True}
    es = effect_sizes(measure, **tables.given, **options, labels=names)
    if revman and measure != "RD":
        tables = _with_halves(tables, measure)
    if rate:
        # A study without events in either arm says nothing about heterogeneity.
        telling = tables.given["e1"] + tables.given["e2"] > 0
        if not telling.any():
            raise DataError("There is no study with an event.")
        es = replace(es, yi=np.where(telling, es.yi, np.nan), vi=np.where(telling, es.vi, np.nan))

    def fit(t: CountTables, yi: Array, vi: Array) -> CountsFit:
        estimate, variance, weight = _rates(measure, t) if rate else _pooled(measure, t, rd_variance)
        tests = {}
        if measure == "OR":
            tests = odds_ratio_tests(t, np.exp(estimate), cmh_correction)
        elif measure == "IRR":
            tests = rate_test(t, cmh_correction)
        return _assemble(MANTEL_HAENSZEL, estimate, variance, weight, yi, vi, es, level, tests, t)

    found = _in_chunks(fit, tables, es)
    return (
        replace(found, notes=(*found.notes, *_without_information(es, measure))) if measure in ("OR", "RR") else found
    )


def _with_halves(t: CountTables, measure: str) -> CountTables:
    """Tables with 1/2 in all cells of those that have a zero, unless they say nothing of the ratio."""
    none, every = t.e1 + t.e2 == 0, (t.e1 == t.n1) & (t.e2 == t.n2)
    zero = (t.e1 == 0) | (t.e2 == 0) | (t.e1 == t.n1) | (t.e2 == t.n2)
    add = np.where(t.used & zero & ~none & ~(every & (measure == "OR")), 0.5, 0.0)
    return replace(t, e1=t.e1 + add, e2=t.e2 + add, n1=t.n1 + 2 * add, n2=t.n2 + 2 * add)


def peto(
    e1: ArrayLike | EffectSizes | str,
    n1: ArrayLike | None = None,
    e2: ArrayLike | None = None,
    n2: ArrayLike | None = None,
    level: float = 0.95,
    mask: ArrayLike | None = None,
    data: Any = None,
    labels: Any = None,
) -> CountsFit:
    """Peto's one-step pooled log odds ratio.

    Parameters
    ----------
    e1, n1, e2, n2 : array_like, shape (k,) or (..., k), or str
        Events and totals of arms 1 and 2, or what `effect_sizes` gives, as in `mantel_haenszel`.
    level : float
        Coverage of the interval.
    mask : array_like of bool, shape (..., k), optional
        Studies to use in each problem; leading axes make a batch.
    data, labels
        As in `mantel_haenszel`.

    Returns
    -------
    CountsFit

    Notes
    -----
    When not to use: effects beyond an odds ratio of about 3, or arms of very different size; a note warns of both.
    Double-zero studies carry no information and weigh nothing.

    References
    ----------
    Yusuf et al. 1985, doi:10.1016/S0033-0620(85)80003-7; Greenland & Salvan 1990, doi:10.1002/sim.4780090304.

    Examples
    --------
    >>> from metarepro import effect_sizes
    >>> es = effect_sizes("OR", e1=[4, 6], n1=[123, 306], e2=[11, 29], n2=[139, 303])
    >>> round(float(peto(es).display().estimate), 3)
    0.289
    """
    columns: dict[str, Any] = {"e1": e1, "n1": n1, "e2": e2, "n2": n2}
    if isinstance(e1, EffectSizes):
        columns, labels = {n: e1.inputs.get(n) for n in columns}, e1.labels or labels
    tables, names = read_tables(columns, mask, data, labels)
    # The studies behind Q need no correction for zero cells either: O - E and V exist.
    es = effect_sizes("PETO", **tables.given, correction_to="none", drop_double_zero=True, labels=names)

    def fit(t: CountTables, yi: Array, vi: Array) -> CountsFit:
        n, events = t.n1 + t.n2, t.e1 + t.e2
        with np.errstate(divide="ignore", invalid="ignore"):
            v = np.where(t.used, t.n1 * t.n2 * events * (n - events) / (n * n * (n - 1)), 0.0)
            total = v.sum(-1)
            estimate, variance = t.sum(t.e1 - t.n1 * events / n) / total, 1 / total
        return _assemble(PETO, estimate, variance, v, yi, vi, es, level, {}, t)

    found = _in_chunks(fit, tables, es)
    if not np.any(found.weights):
        raise DataError("Peto's method needs events, and non-events, in at least one study.")
    cautions = [*_without_information(es, "PETO")]
    if (np.abs(found.beta) > 1).any():
        cautions.append(Note("peto_large"))
    if (tables.used & ((tables.n1 / tables.n2 > 2) | (tables.n2 / tables.n1 > 2))).any():
        cautions.append(Note("peto_uneven"))
    return replace(found, notes=(*found.notes, *cautions))


def _without_information(es: EffectSizes, measure: str) -> tuple[Note, ...]:
    """Studies that say nothing of a ratio, named; risk ratios count those with events only."""
    dropped = es.flags.get("dropped")
    if dropped is not None and measure == "RR":
        dropped = dropped & (es.inputs["e1"] == 0)
    rows = np.flatnonzero(dropped).tolist() if dropped is not None and dropped.ndim == 1 else []
    return (Note("double_zero_weightless", rows=rows),) if rows else ()


def _in_chunks(fit: Callable[[CountTables, Array, Array], CountsFit], t: CountTables, es: EffectSizes) -> CountsFit:
    """Fits of tables and the studies' own effects; a batch is done in parts that fit the processor's cache."""
    shape, k = t.used.shape[:-1], t.used.shape[-1]
    if t.used.size <= CHUNK or not shape:
        return replace(fit(t, es.yi, es.vi), studies=es.kept())
    columns, used = [x.reshape(-1, k) for x in (t.e1, t.n1, t.e2, t.n2)], t.used.reshape(-1, k)
    own = [x if x.ndim == 1 else x.reshape(-1, k) for x in (es.yi, es.vi)]
    parts = []
    for first in range(0, len(used), max(CHUNK // k, 1)):
        rows = slice(first, first + max(CHUNK // k, 1))
        e1, n1, e2, n2 = (x[rows] for x in columns)
        yi, vi = (x if x.ndim == 1 else x[rows] for x in own)
        parts.append(fit(CountTables({}, e1, n1, e2, n2, used[rows]), yi, vi))
    notes = tuple(dict.fromkeys(note for part in parts for note in part.notes))
    together: dict[str, Any] = {"notes": notes, "studies": es.kept()}
    for name, value in parts[0].__dict__.items():
        if isinstance(value, np.ndarray):
            joined = np.concatenate([getattr(part, name) for part in parts])
            together[name] = joined.reshape((*shape, k) if name == "weights" else shape)
    return replace(parts[0], **together)


@dataclass(frozen=True)
class AroundFit:
    """Random effects by DerSimonian and Laird, with Q around a given mean; arrays of the batch's shape."""

    beta: Array
    se: Array
    tau2: Array
    q: Array
    k: Array


def dersimonian_laird_around(yi: Array, vi: Array, mean: Array, mask: Mask) -> AroundFit:
    """Random effects with Q, and so tau2, around another pooled mean, such as that of Mantel and Haenszel.

    RevMan 5 and Stata's metan pool counts so when asked for Mantel-Haenszel and random effects.

    Parameters
    ----------
    yi, vi : ndarray, shape (k,) or (b, k)
        Effects of the single studies; those that are missing are left out.
    mean : ndarray, shape (b,)
    mask : ndarray of bool, shape (b, k)

    References
    ----------
    DerSimonian & Laird 1986, doi:10.1016/0197-2456(86)90046-2; Deeks, Altman & Bradburn 2001,
    doi:10.1002/9780470693926.ch15.
    """
    used = mask & np.isfinite(yi) & np.isfinite(vi)
    # A set without any study is computed with made-up ones and blanked.
    empty: Mask = np.asarray(~used.any(-1))
    shown = used | empty[:, None]
    problems, _, _ = read_problems(np.where(used, yi, 0.0), np.where(used, vi, 1.0), mask=shown)
    zero = problems.at_zero
    off = mean - problems.centre[:, 0] - zero.beta[:, 0]
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        q = zero.rss + zero.sum_w * off**2
        tau2 = np.maximum(0, (q - (problems.k - 1)) / zero.tr_p)
        m = moments(problems, tau2)
    found = (m.beta[:, 0] + problems.centre[:, 0], np.sqrt(m.xwx_inv[:, 0, 0]), tau2, q)
    beta, se, tau2, q = (np.where(empty, np.nan, x) for x in found)
    return AroundFit(beta, se, tau2, q, np.where(empty, 0, problems.k))


def _log_ratio(over: Any, under: Any) -> Any:
    return np.log(over) - np.log(under)


def _pooled(measure: str, t: CountTables, rd_variance: str) -> tuple[Any, Any, Array]:
    """Estimate, variance and the studies' weights."""
    a, m1, c, m2 = t.e1, t.n1, t.e2, t.n2
    b, d, n = m1 - a, m2 - c, m1 + m2
    with np.errstate(divide="ignore", invalid="ignore"):
        if measure == "OR":
            r, s, p, q = a * d / n, b * c / n, (a + d) / n, (b + c) / n
            sum_r, sum_s = t.sum(r), t.sum(s)
            variance = (
                t.sum(p * r) / (2 * sum_r**2)
                + t.sum(p * s + q * r) / (2 * sum_r * sum_s)
                + t.sum(q * s) / (2 * sum_s**2)
            )
            return _log_ratio(sum_r, sum_s), variance, s
        if measure == "RR":
            sum_r, s = t.sum(a * m2 / n), c * m1 / n
            sum_s = t.sum(s)
            return _log_ratio(sum_r, sum_s), t.sum((m1 * m2 * (a + c) - a * c * n) / n**2) / (sum_r * sum_s), s
        weight = m1 * m2 / n
        total = t.sum(weight)
        estimate = t.sum((a * m2 - c * m1) / n) / total
        if rd_variance == "GR":
            terms = t.sum((a * b * m2**3 + c * d * m1**3) / (m1 * m2 * n**2))
        else:
            p = (c * m1**2 - a * m2**2 + m1 * m2 * (m2 - m1) / 2) / n**2
            terms = estimate * t.sum(p) + t.sum((a * d + b * c) / (2 * n))
        return estimate, terms / total**2, weight


def _rates(measure: str, tables: CountTables) -> tuple[Any, Any, Array]:
    e1, t1, e2, t2 = tables.e1, tables.n1, tables.e2, tables.n2
    t, total = t1 + t2, tables.sum
    with np.errstate(divide="ignore", invalid="ignore"):
        if measure == "IRR":
            sum_r, s = total(e1 * t2 / t), (e2 * t1 / t)
            sum_s = total(s)
            return _log_ratio(sum_r, sum_s), total((e1 + e2) * t1 * t2 / t**2) / (sum_r * sum_s), s
        weight = t1 * t2 / t
        estimate = total((e1 * t2 - e2 * t1) / t) / total(weight)
        return estimate, total((e1 * t2**2 + e2 * t1**2) / t**2) / total(weight) ** 2, weight


def _assemble(
    model: str, estimate: Any, variance: Any, weight: Array, yi: Array, vi: Array, studies: EffectSizes, level: float,
    tests: dict[str, Any], t: CountTables,
) -> CountsFit:  # fmt: skip
    check_level(level)
    notes: tuple[Note, ...] = ()
    unknown = ~(np.isfinite(estimate) & np.isfinite(variance))
    estimate, variance = (np.where(unknown, np.nan, x) for x in (estimate, variance))
    if unknown.any():
        notes = (Note("ratio_undefined"),)
    if (variance <= 0).any():
        notes = (*notes, Note("no_events"))
    known = np.isfinite(yi) & t.used
    k = known.sum(-1)
    df, weight = k - 1, np.where(t.used, weight, 0.0)
    normal = np.full(np.shape(estimate), np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        se = np.sqrt(variance)
        statistic = np.asarray(estimate / se)
        half = float(quantile((1 + level) / 2, np.array(np.nan))) * se
        q = np.where(known, (yi - np.asarray(estimate)[..., None]) ** 2 / vi, 0.0).sum(-1)
        q = np.where(unknown, np.nan, q)
        total = weight.sum(-1, keepdims=True)
        numbers = {
            "beta": estimate, "se": se, "statistic": statistic, "p_value": two_sided_p(statistic, normal),
            "ci_low": estimate - half, "ci_high": estimate + half, "q": q, "q_df": df,
            "q_p": chi2_upper_tail(q, df), "i2": np.where(df > 0, 100 * (1 - df / np.maximum(q, df)), np.nan),
            "h2": np.where(df > 0, q / df, np.nan), "k": k, **{n: tests.get(n, normal) for n in TESTS},
        }  # fmt: skip
        weights = np.where(total > 0, 100 * weight / total, 0.0)
    if t.used.ndim == 1:
        numbers = {name: np.asarray(value).item() for name, value in numbers.items()}
    method = Method(model, "none", "z", "none", level)
    return CountsFit(**numbers, weights=weights, method=method, notes=notes, studies=studies)
