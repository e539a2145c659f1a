"""What the pooled result of an analysis owes to single studies, and what it would be if studies are missing."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from metarepro.analysis.conclusion_parts import LEAST_OF_FUNNEL, WithoutStudy
from metarepro.analysis.config import Analysis, Outcome
from metarepro.analysis.leave_one_out import crosses
from metarepro.analysis.models import needs_tables
from metarepro.analysis.result import FEW, Summary
from metarepro.analysis.robustness_parts import AsymmetryResult, Question, RobustnessResult, StudyInfluence, WhatIf
from metarepro.analysis.selection import Comparison
from metarepro.effects import EffectSizes, get_measure, to_display
from metarepro.notes import Note
from metarepro.pooling.kernel import Array


def robustness(
    analysis: Analysis,
    comparisons: Sequence[Comparison],
    yi: Array,
    vi: Array,
    summary: Summary | None,
    without: Sequence[WithoutStudy],
    outcome: Outcome,
) -> RobustnessResult | None:
    """All checks of an analysis of three studies or more; None of fewer.

    Parameters
    ----------
    analysis : Analysis
    comparisons : sequence of Comparison
        Those with an effect; `yi`, `vi` are theirs, on the working scale.
    summary : Summary or None
        The pooled result.
    without : sequence of WithoutStudy
        Leave-one-out.
    outcome : Outcome
        What is good for patients, and the smallest difference that they would notice.
    """
    if summary is None or analysis.combine != "pool" or summary.k <= FEW or len(yi) <= FEW:
        return None
    from metarepro.robustness.influence import diagnose

    notes = []
    plain = by_inverse_variance(analysis)
    tau2 = analysis.model.tau2 if plain else "REML"
    if not plain:
        notes.append(Note("robustness_by_inverse_variance"))
    columns = diagnose(yi, vi, None, tau2)
    rows = tuple(
        StudyInfluence(c.study_id, c.study.label, **{n: x[i].item() for n, x in columns.items() if n != "rstandard"})
        for i, c in enumerate(comparisons)
    )
    asymmetry, missing = _missing(analysis, comparisons, yi, vi, tau2, notes)
    null_trials, tipping = _until_null(analysis, yi, vi, summary, tau2 if plain else None)
    minimal = _minimal(analysis, summary, outcome)
    what_if = (*_extremes(without), *missing)
    return RobustnessResult(rows, asymmetry, what_if, null_trials, tipping, tuple(notes), *minimal)


def by_inverse_variance(analysis: Analysis) -> bool:
    """Whether effects with their variances are all that the model takes."""
    model = analysis.model
    other = needs_tables(model) or analysis.counts_model or model.method == "bayes" or analysis.several == "model"
    return not other


def _extremes(without: Sequence[WithoutStudy]) -> tuple[WhatIf, ...]:
    """The studies without which the effect is lowest and highest."""
    known = [w for w in without if math.isfinite(w.estimate)]
    if not known:
        return ()
    low, high = min(known, key=lambda w: w.estimate), max(known, key=lambda w: w.estimate)
    ends: tuple[tuple[Question, WithoutStudy], ...] = (("without_lowest", low), ("without_highest", high))
    return tuple(
        WhatIf(q, w.k, w.estimate, w.ci_low, w.ci_high, w.crosses_null, Note("without_study", study=w.label))
        for q, w in ends
    )


def _missing(
    analysis: Analysis, comparisons: Sequence[Comparison], yi: Array, vi: Array, tau2: str, notes: list[Note]
) -> tuple[tuple[AsymmetryResult, ...], tuple[WhatIf, ...]]:
    """Tests of asymmetry and what corrected effects would be, for ten studies or more; of fewer the reason why not."""
    k = len(yi)
    if k < LEAST_OF_FUNNEL:
        notes.append(Note("no_test_of_few", k=k, least=LEAST_OF_FUNNEL))
        return (), ()
    from metarepro.robustness.small_study_tests import small_study_tests

    found = small_study_tests(_effect_sizes(analysis, comparisons, yi, vi))
    notes += list(found.notes)
    tests = tuple(
        AsymmetryResult(t.code, t.name, t.statistic, float(t.df), t.p_value, t.fits, t.reason) for t in found.tests
    )
    if get_measure(analysis.measure).null is None:
        # A rate has no p-value by which studies could be selected, and its error goes with its size.
        notes.append(Note("no_correction_of_rates"))
        return tests, ()
    return tests, tuple(_corrected(analysis, yi, vi, tau2, notes))


def _effect_sizes(analysis: Analysis, comparisons: Sequence[Comparison], yi: Array, vi: Array) -> EffectSizes:
    """Effects with their numbers, where all comparisons have the same ones."""
    names = set.intersection(*(set(c.inputs) for c in comparisons)) if comparisons else set()
    wanted = [n for n in ("e1", "n1", "e2", "n2", "n", "e") if n in names]
    inputs: dict[str, Array] = {str(n): np.array([c.inputs[n] for c in comparisons], dtype=np.float64) for n in wanted}
    return EffectSizes(yi, vi, analysis.measure, inputs=inputs)


def _corrected(analysis: Analysis, yi: Array, vi: Array, tau2: str, notes: list[Note]) -> list[WhatIf]:
    from metarepro.robustness.asymmetry import INSTEAD
    from metarepro.robustness.pet_peese import pet_peese, uwls
    from metarepro.robustness.selection_model import selection_model
    from metarepro.robustness.trim_and_fill import trim_and_fill

    level, k = analysis.model.level, len(yi)
    filled = trim_and_fill(yi, vi, tau2=tau2, ci=analysis.model.interval, level=level)
    rows: list[tuple[Question, int, Any, Note | None]] = [
        ("trim_and_fill", k + filled.k0, filled.fit, Note("studies_filled", count=filled.k0)),
        ("large_studies", (large := uwls(yi, vi, adequate=True, level=level)).k, large, None),
    ]
    if analysis.measure in INSTEAD:
        notes.append(Note("no_correction_of_dependent_errors", measure=get_measure(analysis.measure).name))
    else:
        at_zero = pet_peese(yi, vi, level=level)
        rows.append(("pet_peese", k, at_zero.fit, Note("chosen_of_pet_peese", chosen=at_zero.chosen)))
    selected = selection_model(yi, vi, level=level)
    if math.isfinite(selected.beta):
        rows.append(("selection", k, selected, None))
    return [_what_if(analysis, question, studies, fit, detail) for question, studies, fit, detail in rows]


def _what_if(analysis: Analysis, question: Question, k: int, fit: Any, detail: Note | None) -> WhatIf:
    estimate, low, high = (float(to_display(analysis.measure, x)) for x in (fit.beta, fit.ci_low, fit.ci_high))
    return WhatIf(question, k, estimate, low, high, crosses(get_measure(analysis.measure).null, low, high), detail)


def _minimal(analysis: Analysis, summary: Summary, outcome: Outcome) -> tuple[float, float]:
    """The smallest difference that patients would notice, and the chance that a new study's true effect reaches it."""
    if outcome.minimal_difference is None or analysis.measure != "MD" or summary.method.pi == "NNF":
        return math.nan, math.nan
    from metarepro.pooling.predictive_chance import chance_of

    minimal, lower = float(outcome.minimal_difference.value), outcome.better == "low"
    predicted = (summary.estimate, summary.pi_low, summary.pi_high)
    threshold, direction = (-minimal, "below") if lower else (minimal, "above")
    return minimal, float(chance_of(predicted, summary.pi_df, summary.level, threshold, direction))


def _until_null(analysis: Analysis, yi: Array, vi: Array, summary: Summary, tau2: str | None) -> tuple[float, float]:
    """Trials without an effect, and shift of all effects, until the interval holds no difference."""
    info = get_measure(analysis.measure)
    if info.null is None or not (summary.beta_low <= summary.beta_high):
        return math.nan, math.nan
    null = math.log(info.null) if info.ratio else float(info.null)
    shift = max(summary.beta_low - null, null - summary.beta_high, 0.0)
    if tau2 is None:
        return math.nan, shift
    from metarepro.robustness.fail_safe import fail_safe_n

    level, ci = analysis.model.level, analysis.model.interval
    trials = float(fail_safe_n(yi - null, vi, kind="general", alpha=1 - level, tau2=tau2, ci=ci).n)
    return trials if math.isfinite(trials) else math.nan, shift
