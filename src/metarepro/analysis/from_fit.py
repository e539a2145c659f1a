"""A fit from Python as an analysis result, so that figures take either."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from difflib import get_close_matches
from inspect import signature
from typing import Any

import numpy as np
from scipy.special import ndtri

from metarepro.analysis.decimals import decimals_for
from metarepro.analysis.methods import describe_fit
from metarepro.analysis.result import (
    AnalysisResult,
    SensitivityResult,
    SubgroupSummary,
    SubgroupTestResult,
    Summary,
)
from metarepro.analysis.shown_result import FigureOptions, ShownResult, ShownStudy
from metarepro.analysis.summaries import BETWEEN, summary_of, test_result, total
from metarepro.effects import effect_sizes, get_measure, to_display
from metarepro.effects.checks import is_missing, read_labels, read_numbers
from metarepro.errors import ConfigError, DataError
from metarepro.notes import Note
from metarepro.pooling import PooledFit, pool_subgroups
from metarepro.pooling.protocol import Fit
from metarepro.pooling.regression import MetaRegression
from metarepro.pooling.result_parts import DOSE_RESPONSE, MULTIVARIATE, NETWORK
from metarepro.robustness.refits import Refits

# Keywords of the input numbers, by the kind of studies they make.
_KINDS = {
    "counts": ({"e1", "n1", "e2", "n2"}, {"e", "n"}),
    "means": ({"m1", "sd1", "n1", "m2", "sd2", "n2"},),
}


def result_of(
    fit: Fit | AnalysisResult, *, measure: str = "", labels: Sequence[str] | None = None,
    inputs: Mapping[str, Sequence[float]] | None = None, participants: Sequence[int | None] | None = None,
    years: Sequence[int | None] | None = None, groups: Sequence[str] | None = None, title: str = "", outcome: str = "",
    better: str | None = None, experimental: str = "", control: str = "",
    models: Mapping[str, Fit] | None = None, columns: Mapping[str, Sequence[object]] | None = None,
) -> AnalysisResult:  # fmt: skip
    """What figures draw: an analysis result as it is, or a fit of any model with the words that it lacks.

    Parameters
    ----------
    fit : fit of one problem, or AnalysisResult
        What `pool`, `meta_regression`, `mantel_haenszel`, `peto` or `glmm` gives. Of a regression the studies are shown
        with the effects that it gives them, and nothing is pooled. An AnalysisResult takes no further word but `title`.
    measure : str
        Code of the measure, which decides scale and words; that of the fit by default, GEN for plain numbers.
    labels : sequence of str
        Names of the studies, as many as `yi` had; those of the fit by default, else "Study 1" ...
    inputs : mapping of str to sequence of float
        The columns of `metarepro.effect_sizes` (e1, n1, e2, n2; m1, sd1 ...), to be shown; those of the fit by default.
    participants, years : sequence of int
        Sizes (else from `inputs`) and years of the studies.
    groups : sequence of str
        Subgroup of each study; each is then pooled by itself, with the fit's own methods.
    title, outcome : str
    better : str
        `high` or `low`: whether more of the outcome is good. It decides which side is favoured; nothing is said of it
        when left out.
    experimental, control : str
        Names of the arms.
    models : mapping of str to fit
        Further fits of the same studies, shown below by their names.
    columns : mapping of str to sequence
        Further columns beside the studies, by their heads.

    Raises
    ------
    DataError
        When a sequence is not as long as the fit's, or the fit is a batch or has moderators.
    ConfigError
        When an AnalysisResult comes with words that it has itself, or `better` is neither high nor low.
    """
    if better not in (None, "high", "low"):
        raise ConfigError(f"better = {better!r} is not known. Allowed: high, low.")
    if isinstance(fit, AnalysisResult):
        none = {
            "labels": labels, "inputs": inputs, "participants": participants, "years": years, "groups": groups,
            "models": models, "columns": columns,
        }  # fmt: skip
        needless = [name for name, given in none.items() if given is not None]
        words = {"outcome": outcome, "experimental": experimental, "control": control}
        needless += [name for name, given in words.items() if given]
        needless += [name for name, given in (("measure", measure), ("better", better)) if given]
        if needless:
            raise ConfigError(
                f"An analysis result has its own {', '.join(needless)}. Fix: leave that out, or give a fit of "
                "metarepro.pool."
            )
        return replace(fit, title=title) if title else fit
    regression = fit if isinstance(fit, MetaRegression) else None
    if regression is not None:
        fit, fitted = regression.of_used(), _fitted(regression, measure or regression.measure)
        columns = {"Fitted by the model": fitted, **(columns or {})}
    else:
        _check_fit(fit)
    measure = measure or fit.measure
    info = get_measure(measure)
    yi, vi = fit.data
    sequences = {"labels": labels, "participants": participants, "years": years, "groups": groups}
    for name, text in sequences.items():
        if isinstance(text, str):
            raise DataError(f"{name} is the text {text!r}. Fix: give the values themselves, such as data[{text!r}].")
    summary: Summary | None = None
    numbers: Any = inputs
    if hasattr(numbers, "columns"):  # a data frame, which may have columns that are no inputs
        inputs = {name: numbers[name] for name in info.columns if name in numbers}
    if inputs is None and fit.studies is not None and set(fit.studies.inputs) == set(info.columns):
        inputs = {name: values.tolist() for name, values in fit.studies.inputs.items()}
    if labels is None and fit.studies is not None and fit.studies.labels:
        labels = fit.studies.labels
    given = {name: read_numbers(values, name).ravel().tolist() for name, values in (inputs or {}).items()}
    further = {head: ["" if is_missing(x) else str(x) for x in values] for head, values in (columns or {}).items()}
    participants, years = (_whole(x, name) for x, name in ((participants, "participants"), (years, "years")))
    if groups is not None:
        groups = [str(x) for x in read_labels(groups, "The subgroup", "name it, or leave the study out.")]
    sizes: dict[str, Sequence[object] | None] = {
        "labels": labels, "participants": participants, "years": years, "groups": groups, **given, **further
    }  # fmt: skip
    for name, values in sizes.items():
        if values is not None and len(values) != yi.size:
            raise DataError(f"{name} has {len(values)} values for {yi.size} studies. Fix: one a study, in their order.")
    if given:
        _check_inputs(measure, given, yi, vi)
    names = _labels(labels, yi.size)
    if participants is None:
        participants = _participants(given)
    kind = next((k for k, sets in _KINDS.items() if set(given) in sets), "effects")
    half = ndtri(0.5 + fit.level / 2) * np.sqrt(vi)
    ends = [to_display(measure, x) for x in (yi, yi - half, yi + half)]
    weights = np.asarray(fit.weights)
    studies = []
    for i in range(yi.size):
        estimable = bool(np.isfinite(yi[i]) and np.isfinite(vi[i]))
        numbers = [float(x[i]) if estimable else math.nan for x in ends]
        studies.append(
            ShownStudy(
                study_id=f"study{i + 1}", label=names[i],
                year=years[i] if years is not None else None, group=groups[i] if groups is not None else "",
                level="primary", timepoint_h=None, scale="",
                participants=participants[i] if participants is not None else None,
                inputs={name: values[i] for name, values in given.items()}, kind=kind, yi=float(yi[i]),
                vi=float(vi[i]), se=math.sqrt(vi[i]) if vi[i] >= 0 else math.nan, estimate=numbers[0],
                ci_low=numbers[1], ci_high=numbers[2], ci_method="normal", weight=float(weights[i]),
                estimable=estimable, notes=() if estimable else (Note("no_usable_number"),), provenance=(),
                columns={head: values[i] for head, values in further.items()},
            )
        )  # fmt: skip
    people = total([s.participants for s in studies if s.estimable])
    if regression is None:
        summary = summary_of(fit, measure, people)
    subgroups, test = _subgroups(fit, yi, vi, studies, measure) if groups is not None else ((), None)
    return ShownResult(
        id="fit", title=title or info.name[:1].upper() + info.name[1:], section="", outcome=outcome,
        outcome_label=outcome or info.name,
        better=better or "", measure=measure, rows="arms", combine="pool", experimental_label=experimental,
        control_label=control, time=None, subgroups_by="group" if groups is not None else "", studies=tuple(studies),
        left_out=(), summary=summary, subgroups=subgroups, subgroup_test=test,
        sensitivity=_models(models or {}, measure, people, yi, vi), references=(),
        methods=describe_fit(regression or fit, measure), notes=(),
        sort="given", figure=FigureOptions(models=tuple(models or ()), columns=tuple(further)),
    )  # fmt: skip


def _whole(values: Any, name: str) -> list[int | None] | None:
    """Whole numbers of studies, None where one is missing; None if there are none."""
    if values is None:
        return None
    return [None if math.isnan(x) else int(x) for x in read_numbers(values, name).ravel().tolist()]


def _fitted(regression: MetaRegression, measure: str) -> list[str]:
    """The effect that a regression gives each of its studies, as shown."""
    info = get_measure(measure)
    found = regression.predict()
    estimate, low, high = (to_display(measure, x) for x in (found.estimate, found.ci_low, found.ci_high))
    decimals = decimals_for(info, zip(estimate, low, high, strict=True))
    shown = (100 if info.percent else 1) * estimate
    return [f"{x:.{decimals}f}".replace("-", "\u2212") for x in shown]


def _check_fit(fit: Any) -> None:
    """Refuse what is no fit of one problem."""
    if not isinstance(fit, Fit) or not hasattr(fit, "data"):
        raise DataError(
            f"A figure shows an analysis result or one fit of metarepro.pool, not {type(fit).__name__}. "
            "Fix: give fit = metarepro.pool(yi, vi)."
        )
    if fit.method.model == NETWORK:
        raise DataError("A forest plot shows one pooled effect; a network has one for each pair. Fix: fit.league().")
    if fit.method.model == DOSE_RESPONSE:
        raise DataError("A forest plot shows one pooled effect, not a curve over the dose. Fix: fit.predict(doses).")
    if fit.method.model == MULTIVARIATE:
        raise DataError("A forest plot shows one pooled effect, not one for each outcome. Fix: fit.to_frame().")
    if isinstance(fit, Refits):
        raise DataError("These are many fits, not one. Fix: mr.figures.refit_rows shows a row a fit.")
    if np.ndim(fit.beta) != 0:
        raise DataError(
            "A figure shows one fit of metarepro.pool without moderators; this one has "
            f"{np.size(fit.beta)} coefficients or problems. Fix: pool one problem; for moderators give a formula to "
            "metarepro.pool."
        )


def _check_inputs(measure: str, given: Mapping[str, Sequence[float]], yi: Any, vi: Any) -> None:
    """Refuse numbers of studies that are not those behind the fit: they would stand beside other effects."""
    wanted = get_measure(measure).columns
    if set(given) != set(wanted):
        lacking, unknown = (sorted(a - b) for a, b in ((set(wanted), set(given)), (set(given), set(wanted))))
        said = [f"missing: {', '.join(lacking)}"] if lacking else []
        said += [f"unknown: {', '.join(unknown)}"] if unknown else []
        raise DataError(f"inputs of {measure} are {', '.join(wanted)}; {'; '.join(said)}. Fix: name them so.")
    found = effect_sizes(measure, **given)
    # Formulas of one measure differ by far less than this; other numbers, or another scale, by more.
    far = np.abs(found.yi - yi) > 0.1 * np.sqrt(vi) + 1e-9
    counts = [np.asarray(values) for name, values in given.items() if name[0] in "en"]
    corrected = np.any([c == 0 for c in counts], axis=0) if counts else np.zeros(yi.size, dtype=bool)
    for i in np.flatnonzero(far & ~corrected & np.isfinite(yi)):
        raise DataError(
            f"inputs of study {i + 1} give {float(found.yi[i]):.4g} on the scale that is pooled ({measure}), the fit "
            f"has {float(yi[i]):.4g}. Fix: the measure and inputs that the fit was made of, arm 1 first."
        )


def _labels(labels: Sequence[object] | None, k: int) -> list[str]:
    """A name for each study; of equal ones the second gets a number."""
    if labels is None:
        return [f"Study {i + 1}" for i in range(k)]
    seen: dict[str, int] = {}
    names = []
    for i, label in enumerate(labels):
        text = "" if is_missing(label) else " ".join(str(label).split())
        if not text:
            raise DataError(f"labels: that of study {i + 1} is empty. Fix: give each study a name.")
        seen[text] = seen.get(text, 0) + 1
        names.append(text if seen[text] == 1 else f"{text} ({seen[text]})")
    return names


def result_with(fit: Any, words: Mapping[str, Any]) -> AnalysisResult:
    """`result_of` with words given as a mapping, those that it does not know named with the nearest that it does."""
    known = [n for n, p in signature(result_of).parameters.items() if p.kind is p.KEYWORD_ONLY]
    for word in words:
        if word not in known:
            near = get_close_matches(word, known, n=1)
            hint = f"Fix: did you mean {near[0]!r}?" if near else f"Known: {', '.join(known)}."
            raise ConfigError(f"Figures take no {word!r}. {hint}")
    return result_of(fit, **words)


def _models(
    fits: Mapping[str, Fit], measure: str, people: int | None, yi: Any, vi: Any
) -> tuple[SensitivityResult, ...]:
    usable = np.isfinite(yi) & np.isfinite(vi)
    found = []
    for name, fit in fits.items():
        _check_fit(fit)
        summary = summary_of(fit, measure, people)
        if fit.tau2_method == "CE":
            # A common effect has no tau2, so no interval of it either.
            common = (replace(summary.between, low=math.nan, high=math.nan),)
            found_in = replace(summary.heterogeneity, components=common, i2_low=math.nan, i2_high=math.nan)
            summary = replace(summary, heterogeneity=found_in)
        found.append(SensitivityResult(name, name, summary, fit.k == int(usable.sum()), (), (), ""))
    return tuple(found)


def _participants(given: Mapping[str, Sequence[float]]) -> list[int] | None:
    columns = [given[n] for n in ("n", "n1", "n2") if n in given]
    if not columns or not all(math.isfinite(x) for column in columns for x in column):
        return None
    return [int(sum(sizes)) for sizes in zip(*columns, strict=True)]


def _subgroups(
    fit: Fit, yi: Any, vi: Any, studies: list[ShownStudy], measure: str
) -> tuple[tuple[SubgroupSummary, ...], SubgroupTestResult | None]:
    if not isinstance(fit, PooledFit):
        raise ConfigError(
            f"Subgroups are pooled by inverse variance, not by {fit.method.model}. Fix: leave groups out."
        )
    usable = np.array([s.estimable for s in studies])
    names = [s.group for s in studies if s.estimable]
    pooled = pool_subgroups(
        yi[usable], vi[usable], names, tau2=fit.tau2_method, ci=fit.ci_method, level=fit.level, pi=fit.pi_method
    )
    found = []
    for name, own in zip(pooled.levels, pooled.fits, strict=True):
        members = np.array([s.estimable and s.group == name for s in studies])
        people = total([s.participants for s, member in zip(studies, members, strict=True) if member])
        found.append(SubgroupSummary(name, name, summary_of(own, measure, people)))
    shared = bool(np.isfinite(pooled.test.df_residual))
    return tuple(found), test_result(pooled.test, BETWEEN[shared], pooled.test.notes)
