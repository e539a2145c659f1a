"""Risk-of-bias judgements (RoB 2) as figures and tables take them; what was not assessed stays not assessed."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from metarepro.analysis.result import AnalysisResult
from metarepro.errors import DataError
from metarepro.evidence.tables import RiskOfBias

if TYPE_CHECKING:
    from metarepro.evidence.dataset import Dataset

# Names of the domains of RoB 2 (Sterne et al. 2019, doi:10.1136/bmj.l4898).
DOMAINS: dict[str, str] = {
    "d1": "Bias arising from the randomisation process",
    "d2": "Bias due to deviations from intended interventions",
    "d3": "Bias due to missing outcome data",
    "d4": "Bias in measurement of the outcome",
    "d5": "Bias in selection of the reported result",
    "overall": "Overall risk of bias",
}
# From best to worst; empty means not assessed.
JUDGEMENTS = ("low", "some", "high", "")


@dataclass(frozen=True)
class Assessment:
    """Judgements of one study.

    Attributes
    ----------
    study_id, label : str
        The label is shown; the id if it is empty.
    outcome : str
        What the judgements are for; empty for all outcomes.
    judgements : dict of str to {"low", "some", "high", ""}
        By domain: d1 to d5 and overall. A domain that is missing or empty was not assessed.
    assessor : str
        Who judged.
    reasons : dict of str to str
        By domain.

    Raises
    ------
    DataError
        For a domain or a judgement that is none.
    """

    study_id: str
    label: str = ""
    outcome: str = ""
    judgements: Mapping[str, str] = field(default_factory=dict)
    assessor: str = ""
    reasons: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for domain in (*self.judgements, *self.reasons):
            if domain not in DOMAINS:
                raise DataError(f"{self.name}: {domain!r} is no domain of RoB 2. Allowed: {', '.join(DOMAINS)}.")
        for domain, judgement in self.judgements.items():
            if judgement not in JUDGEMENTS:
                raise DataError(
                    f"{self.name}, {domain}: {judgement!r} is no judgement. Allowed: low, some, high, or empty when "
                    "not assessed."
                )

    @property
    def name(self) -> str:
        """The study as it is shown."""
        return self.label or self.study_id

    def judgement(self, domain: str) -> str:
        """Judgement of a domain; empty when not assessed."""
        if domain not in DOMAINS:
            raise DataError(f"{domain!r} is no domain of RoB 2. Allowed: {', '.join(DOMAINS)}.")
        return self.judgements.get(domain, "")

    @property
    def assessed(self) -> int:
        """How many of the six were judged."""
        return sum(bool(self.judgement(d)) for d in DOMAINS)

    @property
    def overall_too_low(self) -> bool:
        """Whether the overall judgement is below that of a domain, which RoB 2 does not allow."""
        overall = self.judgement("overall")
        worst = max((JUDGEMENTS.index(j) for d in DOMAINS if (j := self.judgement(d))), default=0)
        return bool(overall) and JUDGEMENTS.index(overall) < worst


def assessments_of(
    data: Dataset, studies: Iterable[str] | AnalysisResult | None = None, outcome: str | None = None
) -> tuple[Assessment, ...]:
    """Assessments from the table risk_of_bias; a study without a row there is one that was not assessed.

    Parameters
    ----------
    data : Dataset
    studies : iterable of str or AnalysisResult, optional
        Ids of the studies, or the analysis whose studies are meant, in that order; if left out the randomised
        ones of the table studies (RoB 2 is for randomised trials), and others with a row in risk_of_bias.
    outcome : str, optional
        Only judgements for this outcome; where a study has none, those for all outcomes. If left out every row
        counts, and a study may have several; with an analysis its own outcome is taken.

    Raises
    ------
    DataError
        When a study is not in the tables.

    References
    ----------
    Sterne JAC et al. (2019). RoB 2: a revised tool for assessing risk of bias in randomised trials. BMJ 366:l4898.
    doi:10.1136/bmj.l4898
    """
    if isinstance(studies, AnalysisResult):
        outcome = studies.outcome if outcome is None else outcome
        studies = [s.study_id for s in studies.studies]
    rows = [row for row in data.others.get("risk_of_bias", ()) if isinstance(row, RiskOfBias)]
    if studies is None:
        judged = {row.study_id for row in rows}
        studies = [s.study_id for s in data.studies.values() if s.randomised or s.study_id in judged]
    ids = list(dict.fromkeys(studies))
    found = []
    for study in ids:
        if study not in data.studies:
            raise DataError(f"The study {study!r} is not in studies.csv. Fix: one of its study_id.")
        own = [row for row in rows if row.study_id == study]
        if outcome is not None:
            own = [r for r in own if r.outcome == outcome] or [r for r in own if not r.outcome]
        label = data.studies[study].label
        found += [
            Assessment(
                study, label, row.outcome, {d: getattr(row, d) for d in DOMAINS}, row.assessor,
                {d: reason for d in DOMAINS if (reason := getattr(row, f"{d}_reason"))},
            )
            for row in own
        ] or [Assessment(study, label, outcome or "")]  # fmt: skip
    return tuple(found)


def weights_of(result: AnalysisResult) -> dict[str, float]:
    """Percent weights of an analysis by study id; 0 for a study that could not be pooled."""
    weights: dict[str, float] = {}
    for study in result.studies:
        own = study.weight if study.estimable and math.isfinite(study.weight) else 0.0
        weights[study.study_id] = weights.get(study.study_id, 0.0) + own
    return weights


def judgement_shares(
    assessments: Sequence[Assessment], weights: Mapping[str, float] | Sequence[float] | None = None
) -> dict[str, dict[str, float]]:
    """Share of the weight, in percent, that each judgement has in each domain; those not assessed are a share, too.

    Parameters
    ----------
    assessments : sequence of Assessment
    weights : mapping of study id to float, or sequence of float, optional
        On any scale; each assessment counts 1 if left out.

    Returns
    -------
    dict of domain to dict of judgement to float
        Judgements "low", "some", "high", "" (not assessed); they sum to 100 in every domain.

    Raises
    ------
    DataError
        No assessment; a study without a weight, or with several assessments in a mapping; a negative or infinite
        weight; no weight above 0.
    """
    if not assessments:
        raise DataError("There is no assessment to count. Fix: give at least one; blank ones count as not assessed.")
    given = _weights(assessments, weights)
    total = math.fsum(given)
    if not total > 0:
        raise DataError("All weights are 0. Fix: leave `weights` out, and each study counts the same.")
    return {
        domain: {
            judgement: 100
            * math.fsum(w for a, w in zip(assessments, given, strict=True) if a.judgement(domain) == judgement)
            / total
            for judgement in JUDGEMENTS
        }
        for domain in DOMAINS
    }


def _weights(assessments: Sequence[Assessment], weights: Mapping[str, float] | Sequence[float] | None) -> list[float]:
    if weights is None:
        return [1.0] * len(assessments)
    if isinstance(weights, Mapping):
        counts = Counter(a.study_id for a in assessments)
        for a in assessments:
            if a.study_id not in weights:
                raise DataError(f"{a.name} has no weight. Fix: weights of every study, 0 if it counts for nothing.")
            if counts[a.study_id] > 1:
                raise DataError(
                    f"{a.name} has {counts[a.study_id]} assessments, and its weight would count as often. Fix: take "
                    "those of one outcome."
                )
        found = [float(weights[a.study_id]) for a in assessments]
    else:
        found = [float(w) for w in weights]
        if len(found) != len(assessments):
            raise DataError(f"{len(found)} weights for {len(assessments)} assessments. Fix: one each, in their order.")
    for a, w in zip(assessments, found, strict=True):
        if not (math.isfinite(w) and w >= 0):
            raise DataError(f"The weight of {a.name} is {w:g}. Allowed: a finite number, 0 or more.")
    return found
