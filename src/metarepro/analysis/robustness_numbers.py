"""Numbers of the figures of robustness: rows of refits, coordinates of a Baujat plot, specification curves."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from metarepro.analysis.decimals import decimals_for, measure_of
from metarepro.analysis.result import AnalysisResult
from metarepro.effects import Measure, get_measure, to_display
from metarepro.errors import ConfigError, DataError
from metarepro.pooling.fit import fit_effects
from metarepro.pooling.given_effects import one_set
from metarepro.pooling.kernel import Array
from metarepro.robustness.influence import diagnose
from metarepro.robustness.multiverse import Multiverse
from metarepro.robustness.refits import Refits, row_name

KINDS = ("leave_one_out", "cumulative", "sensitivity")
ALL = "All studies"


@dataclass(frozen=True)
class RefitRow:
    """One fit on the display scale: its name, its studies, estimate and interval."""

    label: str
    k: int
    values: tuple[float, float, float]


@dataclass(frozen=True)
class RefitNumbers:
    """Rows of a plot of refits; `whole` is the fit of all studies, or the analysis itself."""

    measure: Measure
    level: float
    rows: tuple[RefitRow, ...]
    whole: RefitRow


def refit_numbers(refits: Any, kind: str, measure: str) -> RefitNumbers:
    """Rows of refits on the display scale; see `metarepro.figures.refit_rows` for what is refused."""
    if kind not in KINDS:
        raise ConfigError(f"kind = {kind!r} is not known. Allowed: {', '.join(KINDS)}.")
    if isinstance(refits, AnalysisResult):
        return _of_result(refits, kind)
    if not isinstance(refits, Refits):
        raise DataError(
            "The figure takes what leave_one_out or cumulative gives, or an analysis of a project. Fix: give one of "
            "these."
        )
    if refits.kind != kind:
        raise ConfigError(
            f"These fits are of {refits.kind}, not of {kind}. Fix: kind={refits.kind!r}, or leave it out."
        )
    code = measure or refits.measure
    found = np.column_stack([np.atleast_1d(to_display(code, x)) for x in (refits.beta, refits.ci_low, refits.ci_high)])
    if not np.isfinite(found[:, 0]).any():
        raise DataError("There is no fit with an estimate.")
    rows = [
        RefitRow(label, int(k), _triple(values))
        for label, k, values in zip(refits.labels, refits.k, found, strict=True)
    ]
    whole = replace(rows[-1], label=ALL) if kind == "cumulative" else _of_all(refits, code)
    info = get_measure(code)
    decimals = decimals_for(info, [r.values for r in (*rows, whole)])
    return RefitNumbers(replace(info, decimals=decimals), refits.level, tuple(rows), whole)


def _of_result(result: AnalysisResult, kind: str) -> RefitNumbers:
    """Leave-one-out of an analysis of a project, or what its sensitivity analyses give."""
    s = result.summary
    if kind == "sensitivity":
        return _of_sensitivity(result)
    if kind != "leave_one_out" or s is None or not result.leave_one_out:
        raise DataError(f"{result.title!r} has no such plot: it takes the leave-one-out of three studies or more.")
    rows = [RefitRow(w.label, w.k, (w.estimate, w.ci_low, w.ci_high)) for w in result.leave_one_out]
    whole = RefitRow(ALL, s.k, (s.estimate, s.ci_low, s.ci_high))
    return RefitNumbers(measure_of(result), s.level, tuple(rows), whole)


def _of_sensitivity(result: AnalysisResult) -> RefitNumbers:
    main = result.summary
    found = [(x.label, x.summary) for x in result.sensitivity if x.summary is not None]
    if main is None or not found:
        raise DataError(f"{result.title!r} has no such plot: it has no sensitivity analysis with a result.")
    rows = [RefitRow(label, s.k, (s.estimate, s.ci_low, s.ci_high)) for label, s in found]
    whole = RefitRow("As it stands", main.k, (main.estimate, main.ci_low, main.ci_high))
    return RefitNumbers(measure_of(result), main.level, tuple(rows), whole)


def _triple(values: Any) -> tuple[float, float, float]:
    return float(values[0]), float(values[1]), float(values[2])


def _of_all(refits: Refits, code: str) -> RefitRow:
    """The fit of all studies: each is in all fits but one, so that its numbers stand in one of the first two."""
    y, v = (np.where(np.isfinite(x[0]), x[0], x[1]) for x in refits.data)
    known, m = np.isfinite(y), refits.method
    fit = fit_effects(y[known], v[known], m.tau2, m.ci, m.level, pi="z")
    values = [to_display(code, x) for x in (fit.beta, fit.ci_low, fit.ci_high)]
    return RefitRow(ALL, int(fit.k), _triple(values))


def diagnosed(
    yi: Any, vi: ArrayLike | str | None, data: Any, labels: Any, tau2: str | float, what: str
) -> tuple[tuple[str, ...], dict[str, np.ndarray], Array, Array]:
    """Names of the studies with a usable effect, their deletion diagnostics, effects and variances."""
    studies, y, v, known, _ = one_set(yi, vi, data, labels, what)
    rows = np.flatnonzero(known)
    names = tuple(row_name(studies, int(i)) if studies.labels else f"Study {i + 1}" for i in rows)
    return names, diagnose(y[rows], v[rows], None, tau2), y[rows], v[rows]


@dataclass(frozen=True)
class BaujatNumbers:
    """Names of the studies, what each adds to heterogeneity, and how far it moves the pooled effect."""

    labels: tuple[str, ...]
    q_contribution: tuple[float, ...]
    overall_influence: tuple[float, ...]


def baujat_numbers(yi: Any, vi: ArrayLike | str | None, data: Any, labels: Any, tau2: str | float) -> BaujatNumbers:
    """Coordinates of a Baujat plot; see `metarepro.figures.baujat`."""
    if isinstance(yi, AnalysisResult):
        if yi.robustness is None:
            raise DataError(f"{yi.title!r} has no Baujat plot: it takes three studies or more that are pooled.")
        own = yi.robustness.influence
        return BaujatNumbers(
            tuple(x.label for x in own),
            tuple(x.q_contribution for x in own),
            tuple(x.overall_influence for x in own),
        )
    names, found, _, _ = diagnosed(yi, vi, data, labels, tau2, "baujat")
    across, up = (
        tuple(x if math.isfinite(x) else 0.0 for x in found[n].tolist())
        for n in ("q_contribution", "overall_influence")
    )
    return BaujatNumbers(names, across, up)


@dataclass(frozen=True)
class CurveRow:
    """One specification: the level of each factor, its studies, estimate and interval on the display scale."""

    levels: tuple[int, ...]
    k: int
    values: tuple[float, float, float]


@dataclass(frozen=True)
class CurveNumbers:
    """Specifications of a multiverse, the smallest effect first; `main` is the row of the primary one, or -1."""

    measure: Measure
    level: float
    factors: tuple[tuple[str, tuple[str, ...]], ...]
    rows: tuple[CurveRow, ...]
    main: int


def curve_numbers(found: Any, measure: str, most: int) -> CurveNumbers:
    """Rows of a specification curve; see `metarepro.figures.specification_curve` for what is refused."""
    if isinstance(found, AnalysisResult):
        if found.multiverse is None:
            raise DataError(f"{found.title!r} has no multiverse. Fix: multiverse: {{of: all}} in the configuration.")
        m, level = found.multiverse, found.summary.level if found.summary else 0.95
        factors = tuple((f.name, f.levels) for f in m.factors)
        rows = [CurveRow(u.levels, u.k, (u.estimate, u.ci_low, u.ci_high)) for u in m.universes]
        main, code = m.main, found.measure
    elif isinstance(found, Multiverse):
        level, code = found.level, measure or "GEN"
        shares = found.variance_shares()
        names = list(found.factors)
        order = [names.index(n) for n in shares if len(found.factors[n]) > 1]
        factors = tuple((names[j], found.factors[names[j]]) for j in order)
        shown = np.column_stack([to_display(code, x) for x in (found.beta, found.ci_low, found.ci_high)])
        by_effect = np.argsort(found.beta, kind="stable").tolist()
        rows = [
            CurveRow(tuple(found.choices[i, order].tolist()), int(found.k[i]), _triple(shown[i])) for i in by_effect
        ]
        main = by_effect.index(found.primary) if found.primary >= 0 else -1
    else:
        raise DataError("The figure takes what multiverse gives, or an analysis result. Fix: give one of these.")
    if len(rows) > most:
        raise ConfigError(
            f"{len(rows):,} specifications are more than most = {most}. Fix: a larger most, or fewer choices."
        )
    info = get_measure(code)
    return CurveNumbers(
        replace(info, decimals=decimals_for(info, [r.values for r in rows])), level, factors, tuple(rows), main
    )
