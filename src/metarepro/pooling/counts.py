"""Pooling counts without effect sizes in between: Mantel-Haenszel and Peto. Common-effect methods for sparse data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from metarepro.effects.checks import Array
from metarepro.effects.core import EffectSizes
from metarepro.effects.levels import check_level
from metarepro.errors import ConfigError, DataError
from metarepro.pooling.count_formulas import pooled_counts, pooled_peto, pooled_rates
from metarepro.pooling.count_tables import CountTables, read_tables
from metarepro.pooling.counts_result import CountsFit, StudyOptions, in_chunks
from metarepro.pooling.result_parts import MANTEL_HAENSZEL, PETO, Method


def mantel_haenszel(
    e1: ArrayLike | EffectSizes | str,
    n1: ArrayLike | None = None,
    e2: ArrayLike | None = None,
    n2: ArrayLike | None = None,
    *,
    t1: ArrayLike | None = None,
    t2: ArrayLike | None = None,
    measure: str | None = None,
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
    measure : {'OR', 'RR', 'RD', 'IRR', 'IRD'}, optional
        Left out: that of the effect sizes if these are given, else OR.
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
        columns, measure, labels = dict(e1.inputs), measure or e1.measure, e1.labels or labels
    measure = measure or "OR"
    if measure not in ("OR", "RR", "RD", "IRR", "IRD"):
        raise ConfigError(f"measure = {measure!r} is not known for Mantel-Haenszel. Allowed: OR, RR, RD, IRR, IRD.")
    if rd_variance not in ("SGR", "GR"):
        raise ConfigError(f"rd_variance = {rd_variance!r} is not known. Allowed: SGR, GR.")
    if zero_cells not in ("none", "revman"):
        raise ConfigError(f"zero_cells = {zero_cells!r} is not known for Mantel-Haenszel. Allowed: none, revman.")
    if not isinstance(cmh_correction, bool | np.bool_):
        raise ConfigError(f"cmh_correction = {cmh_correction!r} must be True or False.")
    rd_variance = "GR" if zero_cells == "revman" else rd_variance
    rate = measure in ("IRR", "IRD")
    wanted = ("e1", "t1", "e2", "t2") if rate else ("e1", "n1", "e2", "n2")
    tables, names = read_tables({n: columns.get(n) for n in wanted}, mask, data, labels)
    revman = zero_cells == "revman" and not rate
    options = {"zero_cells": "revman"} if revman else {} if rate else {"drop_double_zero": True}
    if revman and measure != "RD":
        tables = _with_halves(tables, measure)
    if rate and not (tables.given["e1"] + tables.given["e2"] > 0).any():
        raise DataError("There is no study with an event.")

    def compute(t: CountTables) -> tuple[Any, Any, Array]:
        return pooled_rates(measure, t) if rate else pooled_counts(measure, t, rd_variance)

    made = StudyOptions(options, names)
    return _fit(MANTEL_HAENSZEL, measure, compute, tables, made, level, cmh_correction)


def _fit(
    model: str, measure: str, compute: Callable[[CountTables], tuple[Any, Any, Array]], tables: CountTables,
    studies: StudyOptions, level: float, cmh_correction: bool = True,
) -> CountsFit:  # fmt: skip
    check_level(level)
    found: tuple[Any, Any, Array] = in_chunks(compute, tables)
    estimate, variance, weight = found
    with np.errstate(invalid="ignore"):
        se = np.sqrt(variance)
    known = np.isfinite(estimate) & np.isfinite(variance)
    if not known.all():
        estimate, se = np.where(known, estimate, np.nan), np.where(known, se, np.nan)
    if tables.used.ndim == 1:
        estimate, se = float(estimate), float(se)
    method = Method(model, "none", "z", "none", level)
    fit = CountsFit(estimate, se, method, measure, weight, tables, studies, cmh_correction)
    if studies.labels is not None:
        # Names that do not fit are told now.
        _ = fit.studies
    return fit


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
    made = StudyOptions({"correction_to": "none", "drop_double_zero": True}, names)
    fit = _fit(PETO, "PETO", pooled_peto, tables, made, level)
    if np.isnan(fit.beta).all():
        raise DataError("Peto's method needs events, and non-events, in at least one study.")
    return fit
