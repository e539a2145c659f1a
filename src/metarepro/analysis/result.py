"""What an analysis yields: one result object, and its JSON. Figures, tables and sentences are views of it."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any

from metarepro.analysis.conclusion_parts import (
    NOTHING_CONCLUDED,
    AbsoluteEffect,
    Certainty,
    Conclusion,
    WithoutStudy,
)
from metarepro.analysis.few_studies_parts import BayesBeside
from metarepro.analysis.over_time_parts import OverTime
from metarepro.analysis.robustness_parts import MultiverseResult, RobustnessResult
from metarepro.notes import Note
from metarepro.pooling.result_parts import Component, Heterogeneity, Method
from metarepro.records import Number, from_plain, to_json_text

SCHEMA_VERSION = 7
# So many studies are shown by themselves.
FEW = 2


@dataclass(frozen=True)
class Provenance:
    """Where one raw row comes from: its table and key, what it says, and its source."""

    table: str
    key: str
    says: str
    source_id: str
    source_url: str
    locator: str
    derivation: str
    level: str


@dataclass(frozen=True)
class StudyEffect:
    """One study in one analysis. `estimate`, `ci_low`, `ci_high` are on the display scale.

    `cluster_id` names what shares participants (the cohort, or the study), `effect_id` the comparison in the analysis.
    """

    study_id: str
    label: str
    year: int | None
    group: str
    level: str
    timepoint_h: float | None
    scale: str
    participants: int | None
    inputs: dict[str, float]
    kind: str
    yi: Number
    vi: Number
    se: Number
    estimate: Number
    ci_low: Number
    ci_high: Number
    ci_method: str
    weight: Number
    estimable: bool
    notes: tuple[Note, ...]
    provenance: tuple[Provenance, ...]
    cluster_id: str = ""
    effect_id: str = ""
    moderators: dict[str, str | float | None] = field(default_factory=dict)


@dataclass(frozen=True)
class LeftOut:
    """A study with rows for the analysis that were not used.

    `elsewhere` if none is of its time, scale and kind; `overlap` if another study has the same participants.
    """

    study_id: str
    label: str
    reason: str
    elsewhere: bool = False
    overlap: bool = False


def _part(path: str) -> Any:
    """A property that reads a part of a part."""
    return property(attrgetter(path))


@dataclass(frozen=True)
class Convergence:
    """Whether the fit was solved, whether tau2 is at the end of its range, how many steps, how many maxima."""

    converged: bool = True
    at_boundary: bool = False
    iterations: int = 0
    maxima: int = 1


@dataclass(frozen=True)
class Summary:
    """A pooled result, whatever its model: `beta` ... `beta_high` on the working scale, `estimate` ... `pi_high` shown.

    Attributes
    ----------
    k : int
    participants : int or None
        None where the number of one study is unknown.
    beta, se, statistic, df, p_value, beta_low, beta_high : Number
        Estimate, test and interval on the working scale; df is NaN for a normal test.
    estimate, ci_low, ci_high, pi_low, pi_high, pi_df : Number
        Estimate, confidence and prediction interval on the display scale.
    heterogeneity : Heterogeneity
    method : Method
        How it was computed, in codes.
    convergence : Convergence
    notes : tuple of Note
    """

    k: int
    participants: int | None
    beta: Number
    se: Number
    statistic: Number
    df: Number
    p_value: Number
    beta_low: Number
    beta_high: Number
    estimate: Number
    ci_low: Number
    ci_high: Number
    pi_low: Number
    pi_high: Number
    pi_df: Number
    heterogeneity: Heterogeneity
    method: Method
    convergence: Convergence
    notes: tuple[Note, ...]

    @property
    def between(self) -> Component:
        """The variance between studies; of NaN in a model that has none."""
        return next(iter(self.heterogeneity.components), Component("between studies", math.nan))

    # What is often read, by its short name.
    tau2, tau2_se, tau2_low, tau2_high = (_part(f"between.{n}") for n in ("tau2", "se", "low", "high"))
    i2, i2_low, i2_high, i2_q = (_part(f"heterogeneity.{n}") for n in ("i2", "i2_low", "i2_high", "i2_q"))
    h2, q, q_df, q_p = (_part(f"heterogeneity.{n}") for n in ("h2", "q", "q_df", "q_p"))
    model, level = _part("method.model"), _part("method.level")
    tau2_method, ci_method, pi_method = (_part(f"method.{n}") for n in ("tau2", "ci", "pi"))


@dataclass(frozen=True)
class SubgroupSummary:
    """One subgroup."""

    group: str
    label: str
    summary: Summary


@dataclass(frozen=True)
class SubgroupTestResult:
    """Test for subgroup differences: F, or Q on chi-squared where `df_residual` is NaN."""

    statistic: Number
    df: int
    df_residual: Number
    p: Number
    method: str
    notes: tuple[Note, ...]


@dataclass(frozen=True)
class SensitivityResult:
    """The analysis with one thing changed; `summary` is None when no study is left or the change means nothing."""

    id: str
    label: str
    summary: Summary | None
    same_studies: bool
    added: tuple[str, ...]
    left_out: tuple[LeftOut, ...]
    note: str


@dataclass(frozen=True)
class Reference:
    """A printed value shown beside the analysis, not part of it."""

    label: str
    estimate: Number
    provenance: Provenance


@dataclass(frozen=True)
class Coefficient:
    """A coefficient of a meta-regression, on the working scale; `permutation_p` by exchanging the moderators."""

    name: str
    estimate: Number
    se: Number
    statistic: Number
    df: Number
    p_value: Number
    ci_low: Number
    ci_high: Number
    permutation_p: Number


@dataclass(frozen=True)
class PredictedEffect:
    """Mean effect that a meta-regression predicts, on the display scale, `at` values of the moderators in words."""

    at: str
    estimate: Number
    ci_low: Number
    ci_high: Number
    pi_low: Number
    pi_high: Number


@dataclass(frozen=True)
class RegressionResult:
    """Meta-regression of an analysis on characteristics of its studies.

    Attributes
    ----------
    formula : str
    k : int
        Studies with an effect and every moderator.
    coefficients : tuple of Coefficient
    test, test_df1, test_df2, test_p : float
        That all moderators are without effect: F with both degrees of freedom, or chi-squared where `test_df2` is NaN.
    permutation_p : float
        The same by exchanging the moderators among the studies, `arrangements` of them (all, if `exact`).
    r2, tau2, i2, q, q_df, q_p : float
        Percent of tau2 that the moderators account for; what is left.
    predictions : tuple of PredictedEffect
    bubbles : tuple of str
        Moderators with a bubble plot: the numeric ones.
    method : Method or None
        How it was fitted; the analysis itself may be pooled otherwise, as by a model of the counts.
    failed : str
        Why there is no regression; empty if there is one.
    """

    formula: str
    k: int
    coefficients: tuple[Coefficient, ...]
    test: Number
    test_df1: int
    test_df2: Number
    test_p: Number
    permutation_p: Number
    arrangements: int
    exact: bool
    r2: Number
    tau2: Number
    i2: Number
    q: Number
    q_df: int
    q_p: Number
    predictions: tuple[PredictedEffect, ...]
    bubbles: tuple[str, ...]
    notes: tuple[Note, ...]
    method: Method | None = None
    failed: str = ""


@dataclass(frozen=True)
class AnalysisResult:
    """Everything that one analysis yields.

    `sort` says how the studies are ordered; `primary` whether it is the primary analysis of its outcome; `harm` whether
    that is a harm; `bias_by_weight` is the percentage of the weight by overall judgement of the risk of bias (empty
    where the tables hold no judgement at all, or nothing is pooled).
    """

    id: str
    title: str
    section: str
    outcome: str
    outcome_label: str
    better: str
    measure: str
    rows: str
    combine: str
    experimental_label: str
    control_label: str
    time: tuple[float, float] | None
    subgroups_by: str
    studies: tuple[StudyEffect, ...]
    left_out: tuple[LeftOut, ...]
    summary: Summary | None
    subgroups: tuple[SubgroupSummary, ...]
    subgroup_test: SubgroupTestResult | None
    sensitivity: tuple[SensitivityResult, ...]
    references: tuple[Reference, ...]
    methods: str
    notes: tuple[Note, ...]
    sort: str = ""
    regression: RegressionResult | None = None
    primary: bool = False
    harm: bool = False
    bias_by_weight: dict[str, Number] = field(default_factory=dict)
    leave_one_out: tuple[WithoutStudy, ...] = ()
    absolute: AbsoluteEffect | None = None
    certainty: Certainty | None = None
    conclusion: Conclusion = NOTHING_CONCLUDED
    bayes: BayesBeside | None = None
    over_time: OverTime | None = None
    robustness: RobustnessResult | None = None
    multiverse: MultiverseResult | None = None
    schema_version: int = SCHEMA_VERSION

    @property
    def bias_unassessed(self) -> float:
        """Percent of the weight without an overall judgement of the risk of bias; NaN where nothing was judged."""
        return self.bias_by_weight.get("not_assessed", 0.0) if self.bias_by_weight else math.nan

    @property
    def is_of_few(self) -> bool:
        """Whether it pools so few studies that they are shown and no headline is made of them."""
        return self.summary is not None and 1 < self.summary.k <= FEW and self.combine == "pool"


def to_json(result: AnalysisResult) -> str:
    """JSON text of a result: numbers at full precision, a number that does not exist as null (its reason in notes)."""
    return to_json_text(result)


def from_json(text: str) -> AnalysisResult:
    """Read a result back; null becomes NaN where a number is due."""
    return from_plain(AnalysisResult, json.loads(text))


@dataclass(frozen=True)
class MadeOf:
    """Fingerprints of what results are made of: rows of the tables, settings, code."""

    rows: str
    settings: str
    code: str


@dataclass(frozen=True)
class Question:
    """Analyses of one outcome in the same trials that differ in the measure only: odds ratio, risk ratio, difference.

    The first leads. `measures_agree` is whether their intervals hold no difference alike; None where that is unknown.
    """

    analyses: tuple[str, ...]
    measures_agree: bool | None


@dataclass(frozen=True)
class Results:
    """All analyses of a project: what results.json holds."""

    title: str
    made_of: MadeOf
    analyses: tuple[AnalysisResult, ...]
    questions: tuple[Question, ...] = ()
    schema_version: int = SCHEMA_VERSION


def read_results(text: str) -> Results:
    """The content of results.json.

    Raises
    ------
    pydantic.ValidationError
        It is not what the schema says (workflow/schemas/results.schema.json).
    """
    return from_plain(Results, json.loads(text))
