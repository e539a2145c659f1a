"""Risk-of-bias judgements as figures and tables take them; what was not assessed stays not assessed."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from metarepro.analysis.result import AnalysisResult
from metarepro.errors import DataError
from metarepro.evidence.bias_tools import BIAS_TOOLS, OVERALL, ROB2, BiasTool
from metarepro.evidence.tables import RiskOfBias

if TYPE_CHECKING:
    from metarepro.evidence.dataset import Dataset


@dataclass(frozen=True)
class Assessment:
    """Judgements of one study.

    Attributes
    ----------
    study_id, label : str
        The label is shown; the id if it is empty.
    outcome : str
        What the judgements are for; empty for all outcomes.
    judgements : dict of str to str
        By domain, d1, d2 ... and overall, each a judgement of the tool; for RoB 2 low, some, high. A domain that is
        missing or empty was not assessed.
    assessor : str
        Who judged.
    reasons : dict of str to str
        By domain.
    tool : BiasTool
        RoB 2 if left out; others: `metarepro.evidence.bias_tools.BIAS_TOOLS`.

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
    tool: BiasTool = ROB2

    def __post_init__(self) -> None:
        for domain in (*self.judgements, *self.reasons):
            self._check_domain(domain)
        for domain, judgement in self.judgements.items():
            if judgement and judgement not in self.tool.judgements:
                allowed = f"{', '.join(self.tool.judgements)}, or empty when not assessed"
                raise DataError(f"{self.name}, {domain}: {judgement!r} is no judgement. Allowed: {allowed}.")

    def _check_domain(self, domain: str) -> None:
        columns = self.tool.columns
        if domain not in columns:
            allowed = ", ".join(columns)
            raise DataError(f"{self.name}: {domain!r} is no domain of {self.tool.name}. Allowed: {allowed}.")

    @property
    def name(self) -> str:
        """The study as it is shown."""
        return self.label or self.study_id

    def judgement(self, domain: str) -> str:
        """Judgement of a domain; empty when not assessed."""
        self._check_domain(domain)
        return self.judgements.get(domain, "")

    @property
    def assessed(self) -> int:
        """How many domains, and the overall risk, were judged."""
        return sum(bool(self.judgement(d)) for d in self.tool.columns)

    @property
    def is_complete(self) -> bool:
        """Whether every domain was judged, and the overall risk where the tool judges it."""
        return all(self.judgement(d) for d in (self.tool.columns if self.tool.has_overall else self.tool.domains))

    @property
    def overall_too_low(self) -> bool:
        """Whether the overall judgement is below that of a domain, which the tool does not allow."""
        ranked = self.tool.ranked
        ranks = [ranked.index(j) for d in self.tool.columns if (j := self.judgement(d)) in ranked]
        overall = self.judgement(OVERALL)
        return self.tool.has_overall and overall in ranked and ranked.index(overall) < max(ranks)


def assessments_of(
    data: Dataset,
    studies: Iterable[str] | AnalysisResult | None = None,
    outcome: str | None = None,
    tools: Mapping[str, BiasTool] = BIAS_TOOLS,
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
    tools : mapping of str to BiasTool
        By the word in the column `tool`; `metarepro.analysis.own_bias_tools.tools_of` a configuration adds its own.

    Raises
    ------
    DataError
        When a study, or a tool, is not known.

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
        found += [assessment_of(row, label, tools) for row in own] or [Assessment(study, label, outcome or "")]
    return tuple(found)


def assessment_of(row: RiskOfBias, label: str, tools: Mapping[str, BiasTool]) -> Assessment:
    """The assessment of a row of risk_of_bias."""
    if row.tool not in tools:
        raise DataError(f"{label}: {row.tool!r} is no tool. Allowed: {', '.join(tools)}, or one of `risk_of_bias`.")
    tool = tools[row.tool]
    judgements = {d: row.judgement(d) for d in tool.columns}
    reasons = {d: reason for d in tool.columns if (reason := row.reason(d))}
    return Assessment(row.study_id, label, row.outcome, judgements, row.assessor, reasons, tool)


def by_tool(assessments: Sequence[Assessment]) -> list[tuple[BiasTool, tuple[Assessment, ...]]]:
    """Assessments by their tools. Studies that nobody assessed go with the tool that most of the others share."""
    judged = Counter(a.tool.id for a in assessments if a.assessed)
    usual = judged.most_common(1)[0][0] if judged else ROB2.id
    tools = {a.tool.id: a.tool for a in assessments if a.assessed}
    return [
        (tool, tuple(a if a.assessed else replace(a, tool=tool, judgements={}, reasons={}) for a in assessments
                     if (a.assessed and a.tool == tool) or (not a.assessed and tool.id == usual)))
        for tool in tools.values()
    ]  # fmt: skip


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
        Judgements of the tool and "" (not assessed); they sum to 100 in every domain.

    Raises
    ------
    DataError
        No assessment; assessments by several tools; a study without a weight, or with several assessments in a
        mapping; a negative or infinite weight; no weight above 0.
    """
    if not assessments:
        raise DataError("There is no assessment to count. Fix: give at least one; blank ones count as not assessed.")
    if len({a.tool.id for a in assessments}) > 1:
        raise DataError("The assessments are by several tools. Fix: count those of one tool; see `by_tool`.")
    given = _weights(assessments, weights)
    total = math.fsum(given)
    if not total > 0:
        raise DataError("All weights are 0. Fix: leave `weights` out, and each study counts the same.")
    return {
        domain: {
            judgement: 100
            * math.fsum(w for a, w in zip(assessments, given, strict=True) if a.judgement(domain) == judgement)
            / total
            for judgement in (*assessments[0].tool.judgements, "")
        }
        for domain in assessments[0].tool.columns
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
