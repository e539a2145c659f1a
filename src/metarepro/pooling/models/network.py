"""Network meta-analysis of treatment comparisons: contrasts of studies, multi-arm covariances exact."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from metarepro.effects.checks import is_missing, read_numbers
from metarepro.effects.core import column_of
from metarepro.effects.levels import check_level
from metarepro.errors import ConfigError, DataError
from metarepro.notes import Note, list_rows
from metarepro.pooling.inference import chi2_upper_tail, quantile, two_sided_p
from metarepro.pooling.models.network_data import ArmContrasts, StudyContrasts, from_arms, from_pairs
from metarepro.pooling.models.network_equations import (
    design_columns,
    estimate_tau2,
    likelihood_of,
    mean_columns,
    refuse_parts,
    stack,
)
from metarepro.pooling.models.network_fit import NetworkFit
from metarepro.pooling.result_parts import NETWORK, Method

METHODS = ("REML", "ML", "DL", "CE")
NAN = math.nan


def network(
    yi: ArrayLike | str,
    vi: ArrayLike | str,
    treat1: Any,
    treat2: Any,
    study: Any,
    *,
    reference: str | None = None,
    method: str = "REML",
    better: str = "high",
    level: float = 0.95,
    measure: str = "GEN",
    data: Any = None,
) -> NetworkFit:
    """Compare several treatments through all studies that compare any of them.

    Parameters
    ----------
    yi, vi : array_like, shape (c,), or str
        Effects of `treat1` against `treat2` on the working scale, and their variances; or names of columns of `data`.
        A study of several arms has all its pairs.
    treat1, treat2, study : array_like, shape (c,), or str
    reference : str, optional
        Treatment that `beta` compares with; the first in the alphabet if left out.
    method : {'REML', 'ML', 'DL', 'CE'}
        Estimator of tau2; CE takes it as 0.
    better : {'high', 'low'}
        Whether a high effect is good, for `p_scores`.
    level : float
        Coverage of all intervals.
    measure : str
        Code of the measure of `yi`, for `league`.
    data : mapping or data frame, optional

    Returns
    -------
    NetworkFit

    Raises
    ------
    DataError
        A network in parts that nothing connects, with the parts; a study of several arms without all its pairs, or
        whose pairs contradict each other; missing names, impossible variances, with the rows.

    Notes
    -----
    When not to use: where studies of different comparisons differ in what changes the effect (severity, dose,
    blinding), indirect evidence is biased (transitivity). Inconsistency tests have little power.

    References
    ----------
    Lu & Ades 2004, doi:10.1002/sim.1875; White et al. 2012, doi:10.1002/jrsm.1045; Rucker 2012,
    doi:10.1002/jrsm.1058; Rucker & Schwarzer 2015, doi:10.1186/s12874-015-0060-8 (P-scores); Higgins et al. 2012,
    doi:10.1002/jrsm.1044 (design-by-treatment); Senn et al. 2013, doi:10.1177/0962280211432220.

    Examples
    --------
    >>> fit = network([-0.5, -0.2, -0.4], [0.04, 0.05, 0.06], ["a", "a", "b"], ["b", "c", "c"], [1, 2, 3])
    >>> round(fit.effect("a", "c").beta, 3)
    -0.433
    """
    named = {"yi": yi, "vi": vi, "treat1": treat1, "treat2": treat2, "study": study}
    found = {n: column_of(data, x, n) if isinstance(x, str) else x for n, x in named.items()}
    y, v = (read_numbers(found[n], n).ravel() for n in ("yi", "vi"))
    names = {n: _names(found[n], n, y.size) for n in ("treat1", "treat2", "study")}
    bad = np.flatnonzero(~np.isfinite(y) | ~(np.isfinite(v) & (v > 0)))
    if bad.size:
        raise DataError(f"yi is missing, or vi not positive, in {list_rows(bad.tolist())}. Fix: leave these rows out.")
    same = [i for i in range(y.size) if names["treat1"][i] == names["treat2"][i]]
    if same:
        raise DataError(f"treat1 and treat2 are the same in {list_rows(same)}.")
    studies = from_pairs(y, v, names["treat1"], names["treat2"], names["study"])
    return _fit(studies, reference, method, better, level, measure, ())


def network_from_arms(
    measure: str,
    *,
    study: Any,
    treatment: Any,
    reference: str | None = None,
    method: str = "REML",
    better: str = "high",
    level: float = 0.95,
    data: Any = None,
    **columns: Any,
) -> NetworkFit:
    """A network from a table of arms: one row an arm.

    Parameters
    ----------
    measure : {'OR', 'RR', 'RD', 'MD'}
    study, treatment : array_like, shape (arms,), or str
    reference, method, better, level, data
        As in `network`.
    **columns
        ``e`` and ``n`` for counts, ``m``, ``sd`` and ``n`` for means.

    Returns
    -------
    NetworkFit

    Notes
    -----
    The arms of a study share its first arm, so that their contrasts correlate; the covariance is that arm's variance.
    A study with a zero or full arm gets 1/2 added to events and non-events of all its arms; one without any event, or
    with events only, says nothing of a ratio and is left out.

    Examples
    --------
    >>> fit = network_from_arms(
    ...     "MD", study=["x", "x", "y", "y"], treatment=["a", "b", "b", "c"], m=[1, 2, 2, 4], sd=[1] * 4, n=[20] * 4,
    ... )
    >>> round(fit.effect("c", "a").beta, 2)
    3.0
    """
    given = {"study": study, "treatment": treatment, **columns}
    found = {n: column_of(data, x, n) if isinstance(x, str) else x for n, x in given.items()}
    numbers = {n: read_numbers(found[n], n).ravel() for n in columns}
    size = len(list(found["study"]))
    names = {n: _names(found[n], n, size) for n in ("study", "treatment")}
    made: ArmContrasts = from_arms(measure, names["study"], names["treatment"], numbers)
    return _fit(made.studies, reference, method, better, level, measure, made.notes)


def _names(values: Any, option: str, size: int) -> list[str]:
    found = list(values)
    if len(found) != size:
        raise DataError(f"{option} has {len(found)} entries for {size} rows.")
    missing = [i for i, x in enumerate(found) if is_missing(x) or not str(x).strip()]
    if missing:
        raise DataError(f"{option} is missing in {list_rows(missing)}.")
    return [str(x).strip() for x in found]


def _fit(
    studies: tuple[StudyContrasts, ...], reference: str | None, method: str, better: str, level: float, measure: str,
    notes: tuple[Note, ...],
) -> NetworkFit:  # fmt: skip
    check_level(level)
    for option, value, allowed in (("method", method, METHODS), ("better", better, ("high", "low"))):
        if value not in allowed:
            raise ConfigError(f"{option} = {value!r} is not known. Allowed: {', '.join(allowed)}.")
    treatments = tuple(sorted({arm for s in studies for arm in s.arms}, key=lambda t: (t.casefold(), t)))
    refuse_parts(studies, treatments)
    about = treatments[0] if reference is None else reference
    if about not in treatments:
        raise DataError(f"The network has no {about!r}. Treatments: {', '.join(treatments)}.")
    columns = mean_columns(studies, treatments, about)
    likelihood = likelihood_of(stack(studies, columns), method)
    tau2, point, tau2_se, converged = estimate_tau2(likelihood, method)
    alone = likelihood.at(np.zeros(1))
    contrasts, p = likelihood.k, len(treatments) - 1
    df = contrasts - p
    within = likelihood_of(stack(studies, design_columns(studies)), "CE")
    inside = within.at(np.zeros(1)).rss
    inside_df = contrasts - within.stacks[0].x.shape[-1]
    between, between_df = max(alone.rss - inside, 0.0), df - inside_df
    se = np.sqrt(np.diagonal(point.covariance))
    statistic = point.beta / se
    normal = np.full(p, NAN)
    half = float(quantile((1 + level) / 2, np.array(NAN))) * se

    def tail(q: float, free: int) -> float:
        return float(chi2_upper_tail(np.array(q), np.array(free))) if free > 0 else NAN

    if not converged:
        notes = (*notes, Note("not_converged", estimator=method))
    designs: dict[str, int] = {}
    for s in studies:
        designs[" : ".join(sorted(s.arms))] = designs.get(" : ".join(sorted(s.arms)), 0) + 1
    return NetworkFit(
        treatments, about, point.beta, se, statistic, two_sided_p(statistic, normal), point.beta - half,
        point.beta + half, point.covariance, tau2, tau2_se, alone.rss, df, tail(alone.rss, df), inside, inside_df,
        tail(inside, inside_df), between, between_df, tail(between, between_df),
        100 * max(0.0, 1 - df / alone.rss) if df > 0 and alone.rss > 0 else NAN, alone.rss / df if df > 0 else NAN,
        len(studies), contrasts, point.value, designs, converged, tau2 == 0, Method(NETWORK, method, "z", "t", level),
        notes, better, studies, measure,
    )  # fmt: skip
