"""What an analysis yields: one result object, and its JSON. Figures, tables and sentences are views of it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from metarepro.records import from_plain, to_plain

SCHEMA_VERSION = 3


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

    `columns` are cells that the configuration wants in figures, by their heads; `risk_of_bias` are judgements (low,
    some, high, or empty for not assessed) by domain.
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
    yi: float
    vi: float
    se: float
    estimate: float
    ci_low: float
    ci_high: float
    ci_method: str
    weight: float
    estimable: bool
    notes: tuple[str, ...]
    provenance: tuple[Provenance, ...]
    columns: dict[str, str] = field(default_factory=dict)
    risk_of_bias: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class LeftOut:
    """A study with rows for the analysis that were not used; `elsewhere` if none is of its time, scale and kind."""

    study_id: str
    label: str
    reason: str
    elsewhere: bool = False


@dataclass(frozen=True)
class Summary:
    """A pooled result: on the working scale, and (`estimate` ... `pi_high`) on the display scale.

    `model` is ``inverse variance``, ``binomial-normal`` (then `q` is the likelihood-ratio statistic of equal
    proportions) or ``compound``.
    """

    k: int
    participants: int | None
    beta: float
    se: float
    statistic: float
    df: float
    p_value: float
    beta_low: float
    beta_high: float
    estimate: float
    ci_low: float
    ci_high: float
    pi_low: float
    pi_high: float
    pi_df: float
    tau2: float
    tau2_se: float
    tau2_low: float
    tau2_high: float
    i2: float
    i2_low: float
    i2_high: float
    i2_q: float
    h2: float
    q: float
    q_df: int
    q_p: float
    tau2_method: str
    ci_method: str
    pi_method: str
    level: float
    converged: bool
    at_boundary: bool
    iterations: int
    maxima: int
    model: str
    notes: tuple[str, ...]


@dataclass(frozen=True)
class SubgroupSummary:
    """One subgroup."""

    group: str
    label: str
    summary: Summary


@dataclass(frozen=True)
class SubgroupTestResult:
    """Test for subgroup differences."""

    q: float
    df: int
    p: float
    method: str
    notes: tuple[str, ...]


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
    estimate: float
    provenance: Provenance


@dataclass(frozen=True)
class FigureOptions:
    """How the figures of an analysis look; nothing here changes a number.

    Attributes
    ----------
    style : str
        House style: plain, cochrane, bmj, jama, lancet.
    width_mm : float
        Width at print: 84, 120 or 174 mm are the usual columns.
    models : tuple of str
        Ids of sensitivity analyses whose pooled results are shown below the main one.
    columns : tuple of str
        Heads of further columns, of `StudyEffect.columns`.
    risk_of_bias : bool
        Whether judgements stand beside the studies.
    dpi : int
        Of PNG.
    title, notes : bool
        Whether they stand in the picture; journals set them beside it. They are in the text alternative in any case.
    """

    style: str = "plain"
    width_mm: float = 174.0
    models: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    risk_of_bias: bool = False
    dpi: int = 300
    title: bool = True
    notes: bool = True


@dataclass(frozen=True)
class AnalysisResult:
    """Everything that one analysis yields. `sort` says how the studies are ordered."""

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
    notes: tuple[str, ...]
    sort: str = ""
    figure: FigureOptions = FigureOptions()
    schema_version: int = SCHEMA_VERSION


def to_json(result: AnalysisResult) -> str:
    """JSON text of a result: numbers at full precision, a number that does not exist as null (its reason in notes).

    How its figures look, and what stands beside the studies in them, is no part of it.
    """
    content = to_plain(result)
    del content["figure"]
    for study in content["studies"]:
        del study["columns"], study["risk_of_bias"]
    return json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def from_json(text: str) -> AnalysisResult:
    """Read a result back; null becomes NaN where the field is a float."""
    return from_plain(AnalysisResult, json.loads(text))
