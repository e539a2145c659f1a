"""Meta-regression of an analysis on columns of the tables."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from metarepro.analysis.columns import words_of
from metarepro.analysis.config import Analysis
from metarepro.analysis.result import AnalysisResult, Coefficient, PredictedEffect, RegressionResult, StudyEffect
from metarepro.effects import get_measure, to_display
from metarepro.effects.core import EffectSizes
from metarepro.errors import ConfigError, MetareproError
from metarepro.notes import Note
from metarepro.pooling.regression import MetaRegression, meta_regression
from metarepro.robustness.permutation import permutation_test

_NOTHING = (math.nan, 0, math.nan, math.nan, math.nan, 0, False, math.nan, math.nan, math.nan, math.nan, 0, math.nan)


def regression_of(result: AnalysisResult) -> MetaRegression:
    """The fit behind `result.regression`, for figures.

    Raises
    ------
    ConfigError, DataError
        There is none, for the reason that `result.regression.failed` tells.
    """
    regression = result.regression
    if regression is None or regression.method is None:
        raise ConfigError("The analysis has no meta-regression. Fix: give it `moderators`.")
    method = regression.method
    return _fit(regression.formula, result.studies, result.measure, method.tau2, method.ci, method.level)


def regress(analysis: Analysis, studies: Sequence[StudyEffect]) -> RegressionResult | None:
    """Regress the effects of an analysis on its moderators; None where it names none.

    The studies come in the order in which they are shown, so that random arrangements do not depend on the tables.
    """
    formula = analysis.moderators
    if formula is None:
        return None
    model = analysis.model
    try:
        fit = _fit(formula, studies, analysis.measure, model.tau2, model.interval, model.level)
        of_fit, design = fit.fit, fit.design
        moved = None
        if fit.names[0] == "Intercept":
            moved = permutation_test(*of_fit.data, design[:, 1:], tau2=model.tau2, ci=model.interval)
    except MetareproError as error:
        return RegressionResult(formula, 0, (), *_NOTHING, (), (), (), failed=str(error))
    by_permutation = (
        [math.nan, *np.atleast_1d(moved.p_value)[-len(fit.names) + 1 :]] if moved else [math.nan] * len(fit.names)
    )
    df = float(of_fit.df)
    parts = (of_fit.beta, of_fit.se, of_fit.statistic, of_fit.p_value, of_fit.ci_low, of_fit.ci_high)
    coefficients = []
    for i, name in enumerate(fit.names):
        beta, se, statistic, p, low, high = (float(x[i]) for x in parts)
        if name == "Intercept" and get_measure(analysis.measure).null is None:
            # A measure of one group has no value of no effect.
            statistic = p = math.nan
        coefficients.append(Coefficient(name, beta, se, statistic, df, p, low, high, float(by_permutation[i])))
    omnibus = fit.omnibus
    return RegressionResult(
        formula, int(of_fit.k), tuple(coefficients), omnibus.statistic, omnibus.df1, omnibus.df2, omnibus.p_value,
        moved.omnibus_p if moved else math.nan, moved.arrangements if moved else 0, bool(moved and moved.exact), fit.r2,
        float(of_fit.tau2), float(of_fit.i2), float(of_fit.q), int(of_fit.q_df), float(of_fit.q_p),
        _predictions(fit, studies, analysis.measure), _numeric(fit), _notes(fit, studies), of_fit.method,
    )  # fmt: skip


def _notes(fit: MetaRegression, studies: Sequence[StudyEffect]) -> tuple[Note, ...]:
    """Remarks of a fit, with the names of the studies that are left out in the place of their rows."""
    left = [s.label for i, s in enumerate(studies) if i not in set(fit.used)]
    named = {"moderators_missing": Note("studies_without_moderators", studies=left)}
    return tuple(named.get(n.code, n) for n in fit.notes)


def _fit(
    formula: str, studies: Sequence[StudyEffect], measure: str, tau2: str, ci: str, level: float
) -> MetaRegression:
    names = list(dict.fromkeys(n for s in studies for n in s.moderators))
    values = {n: [s.moderators.get(n) for s in studies] for n in names}
    yi, vi = (np.array([getattr(s, x) for s in studies]) for x in ("yi", "vi"))
    effects = EffectSizes(yi, vi, measure, labels=tuple(s.label for s in studies))
    data = {n: _column(column) for n, column in values.items()}
    return meta_regression(effects, None, formula, data, tau2=tau2, ci=ci, level=level)


def _column(values: list[Any]) -> list[Any]:
    """A column of numbers, or of texts where one of its cells is no number."""
    if all(v is None or isinstance(v, float) for v in values):
        return [math.nan if v is None else v for v in values]
    return [None if v is None else words_of([v]) for v in values]


def _numeric(fit: MetaRegression) -> tuple[str, ...]:
    """Moderators that run along an axis as they are."""
    return tuple(m for m in fit.moderators if m in fit.names and m not in fit.categorical)


def _predictions(fit: MetaRegression, studies: Sequence[StudyEffect], measure: str) -> tuple[PredictedEffect, ...]:
    """Mean effects at the lowest, middle and highest value of each number and at each category.

    The other moderators are held at their means or at the category of the most studies.
    """
    used = [studies[i] for i in fit.used]
    usual: dict[str, Any] = {}
    wanted: dict[str, list[Any]] = {}
    for name in fit.moderators:
        column = _column([s.moderators[name] for s in used])
        if name in fit.categorical or not all(isinstance(x, float) for x in column):
            usual[name] = min(Counter(column).items(), key=lambda pair: (-pair[1], str(pair[0])))[0]
            wanted[name] = sorted(set(column), key=str)
        else:
            usual[name] = float(np.mean(column))
            wanted[name] = list(dict.fromkeys((min(column), float(np.median(column)), max(column))))
    points = [{**usual, name: value} for name, values in wanted.items() for value in values]
    found = fit.predict({name: [p[name] for p in points] for name in usual})
    ends = [found.estimate, found.ci_low, found.ci_high, found.pi_low, found.pi_high]
    shown = [np.atleast_1d(to_display(measure, x)) for x in ends]
    words = [", ".join(f"{n} {words_of([v])}" for n, v in p.items()) for p in points]
    return tuple(PredictedEffect(at, *(float(x[i]) for x in shown)) for i, at in enumerate(words))
