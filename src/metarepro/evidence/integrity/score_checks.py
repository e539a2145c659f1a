"""Checks of means and standard deviations of rating scales."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator
from statistics import median

from metarepro.evidence.dataset import Dataset
from metarepro.evidence.integrity.findings import Check, Finding, Severity, Texts, finding
from metarepro.evidence.integrity.granularity import grim, grimmer, sizes_that_fit
from metarepro.evidence.integrity.medians import median_without
from metarepro.evidence.integrity.printed import decimals_of, rounded_from, shown
from metarepro.evidence.integrity.scales import find_scale, lowest_score
from metarepro.evidence.integrity.statistics import (
    baseline_imbalance,
    implausible_smd,
    sd_against_range,
    sd_looks_like_se,
    sd_looks_like_variance,
    sds_above_lowest,
)
from metarepro.evidence.tables import Continuous

_SCORES = ("baseline", "endpoint", "change")
# A mean or SD of a model, of pooled groups, or computed from a test is no statistic of whole-number scores.
_DERIVED = re.compile(
    r"\b(LS|least.squares|adjusted|model|pooled|imput\w*|sd computed|computed: (?!mean/SD of pat))", re.I
)
# Baseline scores that differ by half an SD, not by chance alone (z of 10 % level), or whatever their size at 1 %.
_LARGE_D, _SOME_Z, _CLEAR_Z = 0.5, 1.645, 2.576


def whole_scores(row: Continuous) -> bool:
    """Whether mean and SD of a row are of the patients' own whole-number scores, as far as the row says."""
    scale = find_scale(row.scale)
    of_scores = row.statistic in _SCORES and scale is not None and scale.integer
    return of_scores and not _DERIVED.search(row.derivation) and not row.outcome.startswith("time_to")


def check_granularity(dataset: Dataset, text: Texts) -> Iterator[Finding]:
    """Means and SDs that whole-number scores cannot have (GRIM and GRIMMER); one finding an arm and size."""
    means: dict[tuple[str, str, str, int], list[Continuous]] = {}
    sds: dict[tuple[str, str, str, int], list[Continuous]] = {}
    tested: Counter[tuple[str, str, str, int]] = Counter()
    for row in dataset.continuous:
        if not whole_scores(row) or row.n is None or row.mean is None or _computed(text(row, "mean")):
            continue
        key = (row.study_id, row.arm_id, row.source_id, row.n)
        tested[key] += 1
        if not grim(text(row, "mean"), row.n).possible:
            means.setdefault(key, []).append(row)
        elif (
            row.sd is not None
            and row.n >= 2
            and not _computed(text(row, "sd"))
            and not grimmer(text(row, "mean"), text(row, "sd"), row.n).possible
        ):
            sds.setdefault(key, []).append(row)
    for key, rows in means.items():
        n, first = key[3], rows[0]
        result = grim(text(first, "mean"), n)
        message = (
            f"{n} whole-number scores cannot have the mean {text(first, 'mean')}; the nearest possible are "
            f"{' and '.join(result.nearest)}."
        )
        if result.cut_off:
            message += " It fits when the further digits were cut off, not rounded."
        message += _others(rows, tested[key], "mean", text) + _other_sizes([text(r, "mean") for r in rows], n)
        message += " Another number of patients was rated, the scores are imputed, or it is a misprint."
        # One impossible mean is a misprint; all of an arm mean that its size is another one.
        severity: Severity = "warning" if 3 <= tested[key] == len(rows) else "note"
        yield finding("W012", severity, first, "mean", text(first, "mean"), message, "grim", "grim")
    for key, rows in sds.items():
        n, first = key[3], rows[0]
        result = grimmer(text(first, "mean"), text(first, "sd"), n)
        message = (
            f"{n} whole-number scores with the mean {text(first, 'mean')} cannot have the SD {text(first, 'sd')}; the "
            f"nearest possible are {' and '.join(result.nearest)}.{_others(rows, tested[key], 'sd', text)} Another "
            "number of patients was rated, the scores are imputed or prorated, or it is a misprint."
        )
        yield finding("W013", "note", first, "sd", text(first, "sd"), message, "grimmer", "grimmer")


def _computed(text: str) -> bool:
    """Whether a number has so many decimals that nobody printed it; it was made of others, such as an interval."""
    return decimals_of(text) > 5


def _others(rows: list[Continuous], tested: int, column: str, text: Texts) -> str:
    if len(rows) == 1:
        return ""
    what = "means" if column == "mean" else "SDs"
    places = ", ".join(f"{text(r, column)} (line {r.line})" for r in rows[1:])
    return f" Nor {places}: {len(rows)} of the {tested} {what} tested with this arm and size."


def _other_sizes(means: list[str], n: int) -> str:
    """Sizes that would fit, if so many means would hardly fit one of the sizes tried by chance."""
    tried = range(max(n - 5, 2), n + 3)
    by_chance = sum(math.prod(min(1.0, size / 10 ** decimals_of(m)) for m in means) for size in tried)
    sizes = sizes_that_fit(means, tried[0], tried[-1]) if by_chance < 0.1 else ()
    return f" {' or '.join(map(str, sizes))} patients would fit all of them." if sizes else ""


def check_ranges(dataset: Dataset, text: Texts) -> Iterator[Finding]:
    """Means outside their scale, and SDs that the scale does not leave room for."""
    for row in dataset.continuous:
        scale = find_scale(row.scale)
        if scale is None or row.mean is None or row.statistic not in _SCORES or row.outcome.startswith("time_to"):
            continue
        span = scale.high - scale.low
        low, high = (-span, span) if row.statistic == "change" else (scale.low, scale.high)
        mean = text(row, "mean")
        bounds = rounded_from(mean)
        if bounds[1] < low or bounds[0] > high:
            message = f"{row.statistic.capitalize()} score {mean} lies outside the {scale.name}, {low} to {high}."
            yield finding("W014", "warning", row, "mean", mean, message, "range", "range")
        elif row.sd is not None and row.n is not None and row.n >= 2:
            most = sd_against_range(mean, text(row, "sd"), row.n, low, high)
            if most is not None:
                message = (
                    f"With mean {mean} on the {scale.name} ({low} to {high}) the SD of {row.n} patients is at most "
                    f"{shown(most, 2)}; {text(row, 'sd')} is printed."
                )
                yield finding("W015", "warning", row, "sd", text(row, "sd"), message, "range", "range")


def check_sd_or_se(dataset: Dataset, text: Texts) -> Iterator[Finding]:
    """SDs that look like standard errors among the rows of their scale."""
    groups: dict[tuple[str, str], list[Continuous]] = {}
    for row in dataset.continuous:
        if row.sd is None or row.n is None or row.statistic not in _SCORES or _at_an_end(row):
            continue
        scale = find_scale(row.scale)
        groups.setdefault((scale.name if scale else row.scale, row.statistic), []).append(row)
    for rows in groups.values():
        for at in sd_looks_like_se([r.sd or 0.0 for r in rows], [r.n or 1 for r in rows]):
            row = rows[at]
            assert row.sd is not None and row.n is not None
            if row.derivation.startswith("computed"):
                continue
            times = shown(row.sd * row.n**0.5, 1)
            message = (
                f"The SD {text(row, 'sd')} is far below those of the other rows of this scale; times the root of "
                f"{row.n} it is {times}, as usual there. It may be a standard error."
            )
            yield finding("W016", "warning", row, "sd", text(row, "sd"), message, "se", "sd_looks_like_se")


def check_sd_or_variance(dataset: Dataset, text: Texts) -> Iterator[Finding]:
    """SDs that look like variances beside the rows of their scale in other studies, or beside the other arms.

    A scale need not be a known one. Without one, rows of one outcome are compared.
    """
    groups: dict[tuple[str, str], list[Continuous]] = {}
    for row in dataset.continuous:
        if row.sd is not None and row.statistic != "median" and not row.outcome.startswith("time_to"):
            scale = find_scale(row.scale)
            name = scale.name if scale else row.scale or f"outcome {row.outcome}"
            groups.setdefault((name, row.statistic), []).append(row)
    for rows in groups.values():
        ordered = sorted(r.sd or 0.0 for r in rows)
        studies: dict[str, list[Continuous]] = {}
        for row in rows:
            studies.setdefault(row.study_id, []).append(row)
        for own in studies.values():
            elsewhere = len(rows) - len(own) >= 2
            for row in own:
                arms = [r.sd or 0.0 for r in own if r.arm_id != row.arm_id]
                usual = median_without(ordered, [r.sd or 0.0 for r in own]) if elsewhere else median(arms or [0.0])
                if row.sd is None or not sd_looks_like_variance(row.sd, usual):
                    continue
                message = (
                    f"The SD {text(row, 'sd')} is far above the {shown(usual, 2)} that is usual in "
                    f"{'the other studies with this scale' if elsewhere else 'the other arms'}; its square root, "
                    f"{shown(math.sqrt(row.sd), 2)}, would be as usual. It may be a variance."
                )
                yield finding("W042", "warning", row, "sd", text(row, "sd"), message, "se", "sd_looks_like_variance")


def check_skewness(dataset: Dataset, text: Texts) -> Iterator[Finding]:
    """End scores, and times, whose SD shows that they crowd at their lowest possible value; one finding a study."""
    groups: dict[tuple[str, ...], list[Continuous]] = {}
    for row in dataset.continuous:
        time = row.outcome.startswith("time_to") and row.statistic == "mean"
        lowest = 0 if time else lowest_score(row.scale) if row.statistic == "endpoint" else None
        if lowest is None or row.mean is None or row.sd is None or row.mean < lowest:
            continue
        if sds_above_lowest(text(row, "mean"), text(row, "sd"), lowest) < 1:
            groups.setdefault((row.study_id, row.source_id, row.outcome, row.scale), []).append(row)
    for rows in groups.values():
        row = rows[0]
        lowest = lowest_score(row.scale) or 0
        assert row.mean is not None and row.sd is not None
        distance = shown((row.mean - lowest) / row.sd, 2)
        others = ", ".join(f"{text(r, 'mean')} (SD {text(r, 'sd')}, line {r.line})" for r in rows[1:])
        message = (
            f"The mean {text(row, 'mean')} lies {distance} SDs of {text(row, 'sd')} above "
            f"the lowest possible value, {lowest}; below 1 is strong evidence of skew."
            + (f" So it is with {others}." if others else "")
            + " Means of few patients are then not normal; look for medians, logs or the patients' own data."
        )
        yield finding("W044", "note", row, "mean", text(row, "mean"), message, "skew", "sds_above_lowest")


def check_differences(dataset: Dataset, text: Texts) -> Iterator[Finding]:
    """Differences of arms: too large after treatment, or there before it."""
    for one, other in _pairs(dataset):
        assert one.mean is not None and other.mean is not None and one.sd and other.sd and one.n and other.n
        gap = baseline_imbalance(one.mean, one.sd, one.n, other.mean, other.sd, other.n)
        numbers = (
            f"{text(one, 'mean')} (SD {text(one, 'sd')}, n = {one.n}) v {text(other, 'mean')} "
            f"(SD {text(other, 'sd')}, n = {other.n}, line {other.line})"
        )
        if implausible_smd(gap.d):
            message = (
                f"{numbers} is a difference of {shown(abs(gap.d), 1)} SDs, more than treatments or chance bring about. "
                "A misprinted mean, or an SE in the place of an SD."
            )
            yield finding("W020", "warning", one, "mean", text(one, "mean"), message, "se", "implausible_smd")
        elif one.statistic == "baseline" and (
            (abs(gap.d) >= _LARGE_D and abs(gap.z) >= _SOME_Z) or abs(gap.z) >= _CLEAR_Z
        ):
            message = (
                f"Before treatment the arms differ: {numbers}, {shown(abs(gap.d), 2)} SDs, z = "
                f"{shown(abs(gap.z), 2)}. Chance does this now and then; end scores then mislead, and changes do, too, "
                "by regression to the mean."
            )
            yield finding("W021", "note", one, "mean", text(one, "mean"), message, "baseline", "baseline_imbalance")


def _pairs(dataset: Dataset) -> Iterator[tuple[Continuous, Continuous]]:
    """Experimental and control rows of one study, scale, score, time and source, of patients who are not the same."""
    full = [r for r in dataset.continuous if r.mean is not None and r.sd and r.n and r.statistic in _SCORES]
    visits: dict[tuple[object, ...], list[Continuous]] = {}
    for row in full:
        visits.setdefault(_visit(row), []).append(row)
    for one in full:
        study, arm = dataset.studies[one.study_id], dataset.arms[(one.study_id, one.arm_id)]
        if not study.randomised or arm.role != "experimental" or arm.kind == "subset":
            continue
        if study.design == "crossover" and one.periods != "first" and one.statistic == "baseline":
            continue
        # Where every arm is experimental, each pair is taken once.
        alone = all(a.role == "experimental" for a in dataset.arms_of[one.study_id])
        for other in visits[_visit(one)]:
            if other.arm_id == one.arm_id:
                continue
            role = dataset.arms[(other.study_id, other.arm_id)].role
            if role != "experimental" or (alone and other.line > one.line):
                yield one, other


def _visit(row: Continuous) -> tuple[object, ...]:
    return row.study_id, row.source_id, row.outcome, row.scale, row.statistic, row.timepoint_h, row.periods


def _at_an_end(row: Continuous) -> bool:
    """Whether a mean is so close to an end of its scale that a small SD is no wonder."""
    scale = find_scale(row.scale)
    if scale is None or row.mean is None or row.statistic == "change":
        return False
    room = (scale.high - scale.low) / 12
    return row.mean < scale.low + room or row.mean > scale.high - room


CHECKS: tuple[Check, ...] = (
    check_granularity, check_ranges, check_sd_or_se, check_sd_or_variance, check_skewness, check_differences,
)  # fmt: skip
