"""All printed results of the tables: recomputed, matched, judged."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from metarepro.analysis.config import Analysis, Config, with_settings
from metarepro.analysis.targets import ReproductionSettings, TargetSettings
from metarepro.evidence.dataset import Dataset
from metarepro.evidence.integrity.printed import decimals_of
from metarepro.reproduction.match import Specification, gives_all, match_published
from metarepro.reproduction.prediction import prediction_formula
from metarepro.reproduction.printed import SHOWN, PrintedResult, StudyInputs
from metarepro.reproduction.result import (
    Basis,
    Numbers,
    PrintedNumbers,
    Reproduction,
    Resynthesis,
    SpecificationResult,
)
from metarepro.reproduction.resynthesis import OwnRows, own_inputs, resynthesise
from metarepro.reproduction.studies import reproduce_studies
from metarepro.reproduction.targets import Target, read_targets
from metarepro.reproduction.verdicts import Judgement, judge
from metarepro.reproduction.ways import lacks_declared
from metarepro.reproduction.words import columns_in_words, prediction_in_words

GROUPS: dict[Basis, str] = {
    "printed inputs": "Recomputed from the study numbers that the report prints",
    "own rows": "Beside our own trial rows",
    "none": "Not recomputed",
}
MOST_EXPLANATIONS = 8
# What a reproduction has from the row of its printed result as it is.
SAME = (
    "outcome", "comparison", "timepoint_h", "measure", "model", "k", "source_id", "source_url", "locator", "level",
    "notes", "file", "line",
)  # fmt: skip


def reproduce(config: Config, data: Dataset, printed: Sequence[Reproduction] | None = None) -> tuple[Reproduction, ...]:
    """Judge every row of published_results.csv.

    Parameters
    ----------
    config : Config
        Its `reproduction` says which analysis of ours stands beside a result, and what must come out.
    data : Dataset
    printed : sequence of Reproduction, optional
        From `reproduce_printed`, when that has been done; done here if left out.

    Returns
    -------
    tuple of Reproduction
        In the order of the table.

    Notes
    -----
    Where a report prints the numbers of its studies, they decide. Where it does not, an analysis of our own trial rows
    may stand beside it; the verdict is then ``not checkable``, unless our rows have the same number of trials and of
    patients as the report, so that they are its inputs in all likelihood.
    """
    done = {r.id: r for r in (reproduce_printed(config.reproduction, data) if printed is None else printed)}
    return tuple(done.get(t.row.analysis_id) or reproduce_beside(t, config, data) for t in read_targets(data))


def reproduce_printed(settings: ReproductionSettings, data: Dataset) -> tuple[Reproduction, ...]:
    """Judge the printed results whose reports print the numbers of their studies; our own trial rows play no part.

    Parameters
    ----------
    settings : ReproductionSettings
    data : Dataset
        The tables of printed results; the others may be empty.
    """
    own = {t.result: t for t in settings.targets}
    targets = read_targets(data)
    inputs = {t.row.analysis_id: t.inputs for t in targets if t.inputs is not None}
    return tuple(
        _put_together(target, own.get(name), data, _with_subgroups(name, inputs, own.get(name)), settings.tolerance)
        for target in targets
        if (name := target.row.analysis_id) in inputs
    )


def _with_subgroups(name: str, inputs: Mapping[str, StudyInputs], settings: TargetSettings | None) -> StudyInputs:
    """Numbers of the studies of a printed result, with those of the subgroups that share its tau2."""
    beside = settings.shares_tau2_with if settings else ()
    return replace(inputs[name], beside=tuple(inputs[other] for other in beside))


def analysis_beside(target: Target, config: Config) -> tuple[TargetSettings | None, Analysis | None]:
    """The settings of a printed result, and the analysis of ours beside it with the changes that they make to it."""
    settings = next((t for t in config.reproduction.targets if t.result == target.row.analysis_id), None)
    if settings is None or settings.analysis is None:
        return settings, None
    analysis = next(a for a in config.analyses if a.id == settings.analysis)
    return settings, with_settings(analysis, settings.changes)


def reproduce_beside(target: Target, config: Config, data: Dataset) -> Reproduction:
    """Judge a printed result of which no study numbers are printed, beside our own rows if an analysis is set there."""
    row, beside, inputs = target.row, None, None
    settings, analysis = analysis_beside(target, config)
    if settings is not None and analysis is not None:
        own = OwnRows(analysis, _until(target, settings, data), settings.turned)
        beside = resynthesise(target, own, config, data)
        same = row.k is not None and beside.k == row.k and beside.participants == row.n_total is not None
        inputs = own_inputs(own, data) if same else None
    return _put_together(target, settings, data, inputs, config.reproduction.tolerance, beside)


def _until(target: Target, settings: TargetSettings, data: Dataset) -> int | None:
    """Last year of trials that the report can have had."""
    year = data.sources[target.row.source_id].year
    named = re.search(r"(19|20)\d\d", target.row.review_id)
    return settings.until or (int(year) if year.isdigit() else int(named.group()) if named else None)


def _judge(target: Target, inputs: StudyInputs | None, beside: Resynthesis | None, tolerance: float) -> Judgement:
    row = target.row
    if target.printed is None or target.matched is None:
        what = f"{row.measure or 'What it pools'} is no effect that can be recomputed from trial arms."
        return Judgement("not checkable", what if row.estimate else "The report prints no single pooled number for it.")
    if inputs is not None:
        judged = judge(inputs, target.matched, tolerance=tolerance)
        if beside is None:
            return judged
        trials = f"{beside.k} trial{'s' * (beside.k != 1)} and {beside.participants} patients"
        return replace(judged, reason=f"Our rows have the report's {trials}. {judged.reason}")
    known = " (only names and sizes of some)" if target.listed else ""
    reason = f"The report does not print the numbers of its studies{known}."
    if beside is None:
        return Judgement("not checkable", f"{reason} No trial rows of ours fit it.")
    if not beside.k:
        until = f" published by {beside.until}" if beside.until else ""
        return Judgement("not checkable", f"{reason} We have no usable rows of trials{until} for it.")
    if is_too_few(target, beside):
        return Judgement(
            "not checkable",
            f"{reason} Our rows hold {beside.k} of its {row.k} trials, fewer than half: too few to stand beside it.",
        )
    of = f" of its {row.k}" if row.k else ""
    return Judgement("not checkable", f"{reason} Our rows hold {beside.k}{of} trials: {beside.agreement}.")


def is_too_few(target: Target, beside: Resynthesis) -> bool:
    """Whether fewer than half of the trials of a report are among ours, so that ours says nothing of it."""
    return target.row.k is not None and 0 < 2 * beside.k < target.row.k


def _put_together(
    target: Target,
    settings: TargetSettings | None,
    data: Dataset,
    inputs: StudyInputs | None,
    tolerance: float,
    beside: Resynthesis | None = None,
) -> Reproduction:
    row, printed, matched = target.row, target.printed, target.matched
    inputs = inputs if printed else None
    judged = _judge(target, inputs, beside, tolerance)
    if beside is not None and inputs is None and is_too_few(target, beside):
        beside = None
    basis: Basis = "own rows" if beside and (beside.k or inputs) else "printed inputs" if inputs else "none"
    specs: Sequence[Specification] = ()
    shown: list[SpecificationResult] = []
    recomputed = beside.numbers if beside is not None and beside.k else None
    if inputs and matched:
        specs = (judged.match or match_published(inputs, matched, leave_out=0)).whole
        # To nine digits, so that those which differ by rounding only keep their order.
        shown = [_shown(s, matched, inputs) for s in sorted(specs, key=lambda s: float(f"{s.estimate:.9g}"))]
    if judged.match and matched:
        agreeing = [m for m in judged.match.matches if not m.left_out]
        own = [s for s in specs if not lacks_declared(s.way, matched.model)]
        recomputed = _numbers((agreeing or own or specs)[0])
    value = printed.value("estimate") if printed else None
    estimate = None if value is None else target.unit * value
    difference = recomputed.estimate - estimate if recomputed and estimate is not None else math.nan
    same: dict[str, Any] = {name: getattr(row, name) for name in SAME}
    return Reproduction(
        id=row.analysis_id,
        review=row.review_id,
        label=review_label(row.review_id),
        group=GROUPS[basis],
        code=target.code,
        participants=row.n_total,
        printed=PrintedNumbers(row.estimate, row.ci_low, row.ci_high),
        basis=basis,
        k_inputs=inputs.k if inputs else beside.k if beside else 0,
        verdict=judged.verdict,
        reason=judged.reason,
        recomputed=recomputed,
        rounded=_rounded(recomputed, printed, target.unit),
        difference=difference,
        relative=difference / abs(estimate) if estimate else math.nan,
        tried=len(specs),
        agreeing=sum(s.agrees for s in shown),
        specifications=tuple(shown),
        explanations=_explanations(judged),
        studies=reproduce_studies(target, data),
        resynthesis=beside,
        must=settings.must or "" if settings else "",
        **same,
    )


def review_label(review: str) -> str:
    """Name of a review by its id: `newport2015` is Newport 2015, `esk_spray2025` Esk spray 2025."""
    found = re.fullmatch(r"([a-z]+)((?:19|20)\d\d)[a-z]?", review)
    if not found:
        words = re.sub(r"(?<=[a-z])(?=(?:19|20)\d\d)", " ", review.replace("_", " "))
        return words[:1].upper() + words[1:]
    name = found.group(1).capitalize()
    name = f"Mc{name[2:].capitalize()}" if name.startswith("Mc") else name
    return f"{name} {found.group(2)}"


def _rounded(recomputed: Numbers | None, printed: PrintedResult | None, unit: float) -> PrintedNumbers:
    """Recomputed numbers in the unit and with as many decimals as the printed ones."""
    texts = []
    for name in SHOWN:
        text = getattr(printed, name) if printed else ""
        value = getattr(recomputed, name) / unit if recomputed else math.nan
        decimals = decimals_of(text or (printed.estimate if printed else ""))
        shown = f"{value:.{decimals}f}" if math.isfinite(value) else ""
        texts.append(shown.lstrip("-") if shown and float(shown) == 0 else shown)
    return PrintedNumbers(*texts)


def _numbers(spec: Specification) -> Numbers:
    return Numbers(spec.estimate, spec.ci_low, spec.ci_high)


def _shown(spec: Specification, printed: PrintedResult, inputs: StudyInputs) -> SpecificationResult:
    agrees, own = gives_all(spec), not lacks_declared(spec.way, printed.model)
    prediction = prediction_in_words(*prediction_formula(inputs, printed, spec.way), spec.way) if agrees else ""
    return SpecificationResult(
        spec.measure, *columns_in_words(spec.way), numbers=_numbers(spec), own=own, agrees=agrees, prediction=prediction
    )


def _explanations(judged: Judgement) -> tuple[str, ...]:
    """What would explain a mismatch: changed studies first, then studies left out."""
    if judged.verdict == "exact" or judged.match is None:
        return ()
    words = [f"{e.study}, {e.change}: {e.specifications[0]}" for e in judged.explanations]
    words += [str(m) for m in judged.match.matches]
    return tuple(dict.fromkeys(words))[:MOST_EXPLANATIONS]
