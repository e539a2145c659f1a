"""What a review enters for a trial, against the trial's own numbers in the tables."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from metarepro.effects import effect_sizes
from metarepro.evidence.dataset import Dataset
from metarepro.evidence.integrity.findings import Check, Finding, Texts, finding
from metarepro.evidence.printed_tables import PublishedInput, PublishedResult
from metarepro.evidence.tables import Continuous
from metarepro.pooling.distributions import normal_quantile

# Visits count as the same when they lie no further apart, in hours.
_SAME_VISIT = 12.0
_Z = normal_quantile(0.975)


def check_inputs(dataset: Dataset, text: Texts) -> Iterator[Finding]:
    """Mean differences that a review enters outside every interval that the trial's own numbers give.

    One of the two is then wrong, or they are of other patients or another model; nothing says which. Compared are
    numbers of one scale and one visit, each experimental arm with each control.
    """
    results = {r.analysis_id: r for r in dataset.others.get("published_results", ()) if isinstance(r, PublishedResult)}
    for row in dataset.others.get("published_inputs", ()):
        if not isinstance(row, PublishedInput) or row.measure != "MD" or row.estimate is None:
            continue
        result = results.get(row.analysis_id)
        own = list(_own_differences(dataset, row.study_id, result)) if result else []
        if own and not any(low <= row.estimate <= high for _, low, high, _ in own):
            shown = "; ".join(
                f"{value:.2f} ({low:.2f} to {high:.2f}), {where}" for value, low, high, where in sorted(own)
            )
            message = f"The review enters {text(row, 'estimate')}. The trial's own numbers give {shown}."
            yield finding(
                "W048", "warning", row, "estimate", text(row, "estimate"), message, "entry", "input_unlike_trial"
            )


def _own_differences(
    dataset: Dataset, study_id: str, result: PublishedResult
) -> Iterator[tuple[float, float, float, str]]:
    """Estimate, 95% interval and place of the study's mean differences of the result's scale and visit."""

    def fits(row: Continuous) -> bool:
        return (
            row.study_id == study_id and row.scale in result.outcome and bool(row.scale) and row.sd is not None
            and row.timepoint_h is not None and result.timepoint_h is not None
            and abs(row.timepoint_h - result.timepoint_h) <= _SAME_VISIT
        )  # fmt: skip

    rows = [r for r in dataset.continuous if fits(r)]
    sides = {
        side: [r for r in rows if dataset.arms[r.study_id, r.arm_id].role == side]
        for side in ("experimental", "control")
    }
    for arm in sides["experimental"]:
        for control in sides["control"]:
            if arm.statistic != control.statistic or arm.source_id != control.source_id:
                continue
            es = effect_sizes("MD", m1=arm.mean, sd1=arm.sd, n1=arm.n, m2=control.mean, sd2=control.sd, n2=control.n)
            value, half = float(es.yi[0]), _Z * float(np.sqrt(es.vi[0]))
            if np.isfinite(half):
                yield value, value - half, value + half, f"{arm.file}:{arm.line} and {control.line}"


CHECKS: tuple[Check, ...] = (check_inputs,)
