"""The verdict on an analysis, what would change it, what the data say of its certainty: computed once, as codes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import get_args

from metarepro.analysis.certainty_settings import CertaintySettings
from metarepro.analysis.conclusion_parts import (
    LEAST_OF_FUNNEL,
    Certainty,
    CertaintyDomain,
    Conclusion,
    Domain,
    Verdict,
    WithoutStudy,
)
from metarepro.analysis.leave_one_out import crosses
from metarepro.analysis.result import FEW, SensitivityResult, StudyEffect, Summary
from metarepro.effects import Measure
from metarepro.notes import Note


def conclude(
    measure: Measure, combine: str, summary: Summary | None, studies: Sequence[StudyEffect],
    sensitivity: Sequence[SensitivityResult], without: Sequence[WithoutStudy], stated: str,
) -> Conclusion:  # fmt: skip
    """The conclusion of an analysis.

    Parameters
    ----------
    measure : Measure
    combine : str
        ``pool`` or ``compound``.
    summary : Summary or None
    studies, sensitivity, without : sequence
        Studies, sensitivity analyses, leave-one-out.
    stated : str
        Why the result must not be quoted, from the configuration; empty if it may be.
    """
    crossing = None if summary is None or combine != "pool" else crosses(measure.null, summary.ci_low, summary.ci_high)
    reasons = [Note("stated", text=stated)] if stated else []
    pooled = summary is not None and summary.k > FEW and combine == "pool"
    if pooled and summary is not None and not math.isfinite(summary.ci_high - summary.ci_low):
        reasons.append(Note("interval_without_end"))
    compared: dict[str, bool] = {}
    if pooled and crossing is not None:
        for x in sensitivity:
            if x.summary is not None and x.summary.k > FEW:
                other = crosses(measure.null, x.summary.ci_low, x.summary.ci_high)
                if other is not None:
                    compared[f"sensitivity:{x.id}"] = other
        for w in without:
            if w.k > FEW and w.crosses_null is not None:
                compared[f"without:{w.study_id}"] = w.crosses_null
    moved = tuple(name for name, other in compared.items() if other != crossing)
    verdict = _verdict(measure, combine, summary, studies, crossing)
    return Conclusion(verdict, crossing, tuple(reasons), len(compared), moved)


def _verdict(
    measure: Measure, combine: str, summary: Summary | None, studies: Sequence[StudyEffect], crossing: bool | None
) -> Verdict:
    if summary is None:
        return "not_pooled" if any(s.estimable for s in studies) else "no_trial"
    if combine != "pool":
        return "not_pooled"
    if measure.null is None:
        return "no_control"
    used = [s for s in studies if s.estimable]
    if summary.k == 1:
        return "one_trial"
    if summary.k <= FEW:
        crossed = [crosses(measure.null, s.ci_low, s.ci_high) for s in used]
        sides = {s.estimate > measure.null for s in used}
        if all(crossed):
            return "two_cross"
        return "two_agree" if not any(crossed) and len(sides) == 1 else "two_disagree"
    if crossing is None or crossing:
        return "cannot_tell"
    return "higher" if summary.estimate > measure.null else "lower"


def judge_certainty(
    settings: CertaintySettings | None, measure: Measure, summary: Summary | None, bias: Mapping[str, float]
) -> Certainty | None:
    """GRADE's domains: the judgements as they were given, and beside each what the data say; None for one-arm rates.

    Parameters
    ----------
    settings : CertaintySettings or None
        Judgements of people; None: nothing is assessed.
    bias : mapping of str to float
        Percent of the weight by overall judgement of the risk of bias.
    """
    if measure.null is None:
        return None
    given = settings or CertaintySettings()
    facts = _facts(measure, summary, bias)
    domains = []
    for domain in get_args(Domain):
        judgement = getattr(given, domain)
        word, reason = (judgement.judgement, judgement.reason) if judgement else ("", "")
        domains.append(CertaintyDomain(domain, word, reason, facts.get(domain)))
    return Certainty(given.overall, given.reason, given.assessor, tuple(domains))


def _facts(measure: Measure, summary: Summary | None, bias: Mapping[str, float]) -> dict[str, Note]:
    facts: dict[str, Note] = {}
    if bias:
        facts["risk_of_bias"] = Note("bias_by_weight", shares=dict(bias))
    if summary is None:
        return facts
    if summary.k > FEW and math.isfinite(summary.i2):
        inside = crosses(measure.null, summary.pi_low, summary.pi_high)
        facts["inconsistency"] = Note("grade_spread", i2=round(summary.i2, 1), prediction_crosses=inside)
    if summary.k > FEW:
        facts["imprecision"] = Note(
            "grade_imprecision", crosses=crosses(measure.null, summary.ci_low, summary.ci_high),
            participants=summary.participants,
        )  # fmt: skip
    facts["publication_bias"] = Note("grade_funnel", k=summary.k, least=LEAST_OF_FUNNEL)
    return facts
