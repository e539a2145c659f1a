"""The configuration: what is analysed and how. The JSON schema is generated from these models."""

from __future__ import annotations

import re
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from metarepro.analysis.certainty_settings import CertaintySettings, ControlRisk, MinimalDifference
from metarepro.analysis.csv_settings import SharedByTable, Tables, dialects_of
from metarepro.analysis.figure_settings import FigureSettings, Panels
from metarepro.analysis.model_settings import Model, settings_like
from metarepro.analysis.models import counts_model, why_not
from metarepro.analysis.own_bias_tools import OwnBiasTool
from metarepro.analysis.page_settings import PageSettings
from metarepro.analysis.parts import (
    AnalysisId,
    Label,
    Part,
    Real,
    Remark,
    Remarks,
    SomeWords,
    Truth,
    Words,
    fail,
    one_or_more,
)
from metarepro.analysis.targets import MERGED, ReproductionSettings
from metarepro.effects.registry import MEASURES, ONE_GROUP
from metarepro.evidence.reader import Dialect
from metarepro.evidence.tables import TABLES
from metarepro.evidence.times import parse_hours
from metarepro.pooling.conventions import CONVENTIONS

Ascertainments = Annotated[tuple[Literal["point", "window", "ever", "maintained"], ...], BeforeValidator(one_or_more)]
Statistics = Annotated[tuple[Literal["endpoint", "change"], ...], BeforeValidator(one_or_more)]
Settings = Annotated[tuple[Literal["trial", "series"], ...], BeforeValidator(one_or_more)]
RowKinds = Annotated[
    tuple[Literal["arms", "comparisons", "contrasts", "contrasts_for_crossover"], ...],
    Field(min_length=1),
    BeforeValidator(one_or_more),
]
Levels = Annotated[tuple[Literal["primary", "secondary"], ...], BeforeValidator(one_or_more)]


class Range(Part):
    """A closed range."""

    low: Real = Field(alias="from", description="Lowest value that counts.")
    high: Real = Field(alias="to", description="Highest value that counts.")

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.low > self.high:
            raise fail("E103", f"from = {self.low:g} is above to = {self.high:g}", "Fix: swap them.")
        return self


def _hours(value: Any) -> Any:
    """A time with its unit in hours; other values pass through."""
    try:
        return parse_hours(value) if isinstance(value, str) and re.search("[a-z]", value) else value
    except PydanticCustomError as error:
        raise fail("E102", f"{value!r} {error.message()}", *error.context["details"]) from None  # type: ignore[index]


Time = Annotated[float, Field(strict=True), BeforeValidator(_hours)]


class OverTimeSettings(Part):
    """All times of the trials in one model."""

    low: Time = Field(alias="from", description="Earliest time that counts.")
    high: Time = Field(alias="to", description="Latest time that counts.")
    rho: Real = Field(
        0.6,
        ge=0,
        lt=1,
        description="Correlation assumed of the errors of a trial's times; others stand beside.",
    )


class Window(Range):
    """A time window in hours, or with units: 4 wk."""

    low: Time = Field(alias="from", description="Earliest time that counts.")
    high: Time = Field(alias="to", description="Latest time that counts.")
    target: Time | None = Field(None, description="Of several visits in the window, the one nearest to this counts.")
    undated: Truth = Field(False, description="Whether rows without a printed time count too.")

    @model_validator(mode="after")
    def _target_inside(self) -> Self:
        if self.target is not None and not self.low <= self.target <= self.high:
            raise fail("E103", "the target lies outside the window", "Fix: a time from `from` to `to`.", key="target")
        return self


class Arms(Part):
    """Which arms count as experimental, or as control."""

    agent: Words = Field(
        (), description="Words of the column `agent` in arms.csv; if left out, all arms that have this role."
    )
    route: Words = Field((), description="Routes; empty means any.")
    dose_mg_per_kg: Range | None = Field(None, description="Dose range; arms without a printed dose pass.")


class Population(Part):
    """Which studies and rows take part."""

    diagnosis: Words = Field((), description="Diagnoses; empty means any.")
    randomised: Truth | None = Field(None, description="Only randomised studies (true), or only others (false).")
    anaesthesia: Truth | None = Field(None, description="false leaves out studies under general anaesthesia.")
    setting: Settings = Field((), description="trial, series; empty means both.")
    level: Levels = Field((), description="primary, secondary; empty means both.")
    studies: Words = Field((), description="Only these studies.")
    exclude_studies: Words = Field((), description="Not these studies.")
    where: dict[str, Annotated[tuple[str | Real | int, ...], BeforeValidator(one_or_more)]] = Field(
        default_factory=dict, description="Columns, your own ones too, with the words or numbers that take part."
    )


Missing = Literal["left_out", "no_event"]


class Sensitivity(Part):
    """One change to an analysis, refitted beside it."""

    id: AnalysisId = Field(description="Id.")
    label: Label = Field(description="Name in tables.")
    population: dict[str, Any] = Field(default_factory=dict, description="Keys of `population` that differ.")
    model: dict[str, Any] = Field(default_factory=dict, description="Keys of `model` that differ.")
    ascertainment: Ascertainments | None = Field(None, description="Replaces the analysis's `ascertainment`.")
    statistic: Statistics | None = Field(None, description="Replaces the analysis's `statistic`.")
    overlap: Literal["one_per_cohort", "keep"] | None = Field(None, description="Replaces the analysis's `overlap`.")
    crossover: Literal["all_periods", "first_period", "first_else_all"] | None = Field(
        None, description="Replaces the analysis's `crossover`."
    )
    missing: Missing | None = Field(None, description="Replaces the analysis's `missing`.")
    paired_r: Real | None = Field(None, gt=-1, lt=1, description="Replaces the analysis's `paired_r`.")


class Analysis(Part):
    """One analysis: which rows, which measure, which model."""

    id: AnalysisId = Field(description="Id: lower case letters, digits, dash, underscore; names the output folder.")
    title: Label = Field(min_length=1, description="Title in figures and report; at most 200 characters.")
    section: Label = Field("Analyses", description="Heading in the report.")
    outcome: SomeWords = Field(description="Outcomes, preferred first.")
    measure: str = Field(description="Effect measure, a code of the registry.")
    rows: RowKinds = Field(
        ("arms", "comparisons"),
        description="Which rows count, preferred first, one word or several: arms (dichotomous, continuous), "
        "comparisons (one row a comparison), contrasts (printed effects), contrasts_for_crossover (those of crossover "
        "trials, and arms).",
    )
    combine: Literal["pool", "compound"] = Field(
        "pool", description="Pool the studies, or compound step rates: 1 minus the product of (1 - rate)."
    )
    time: Window | None = Field(None, description="Time window in hours after the dose.")
    experimental: Arms = Field(Arms(), description="Experimental arms.")
    control: Arms | None = Field(None, description="Control arms; none for one-arm measures.")
    scale: Words = Field((), description="Rating scales, preferred first; empty means any.")
    statistic: Statistics = Field(("endpoint",), description="Means: endpoint, change.")
    schedule: Literal["single", "course"] | None = Field(None, description="After a single dose, or a course.")
    ascertainment: Ascertainments = Field(
        ("point",), description="How the outcome was met: point, window, ever, maintained."
    )
    crossover: Literal["all_periods", "first_period", "first_else_all"] = Field(
        "first_else_all", description="Rows of crossover trials that count."
    )
    paired_r: Real | None = Field(
        None,
        gt=-1,
        lt=1,
        description="Correlation of the outcome within a patient under both treatments, by which crossover trials with "
        "numbers of all periods enter OR, RR, RD and MD as pairs; left out: as if parallel, which is marked.",
    )
    missing: Missing = Field(
        "left_out",
        description="Patients who were not rated: left out as in `total`; or counted as without the event (no_event) "
        "wherever `randomised_n` or `treated_n` is known.",
    )
    overlap: Literal["one_per_cohort", "keep"] = Field(
        "one_per_cohort", description="Of studies that share participants, keep the largest, or all."
    )
    multi_arm: Literal["error", "combine", "split"] = Field(
        "error",
        description="Several arms of one side of a study: stop; take them as one; or compare each experimental arm "
        "with its share of the one control arm.",
    )
    se_from_p: Truth = Field(False, description="Contrasts with only an exact p-value: take the SE from it.")
    population: Population = Field(Population(), description="Which studies and rows take part.")
    several: Literal["choose", "combine", "model"] = Field(
        "choose",
        description="Several rows of a study that all fit. choose: one by the order of `outcome`, the nearest time, "
        "the order of `scale`; rows that are still equal are refused. combine: arms of a side are taken as one, and "
        "effects of one study that are left (times, scales) are averaged with the correlation `rho`. model: all "
        "enter, with their study as cluster.",
    )
    rho: Real = Field(
        0.5,
        gt=-1,
        lt=1,
        description="Correlation of effects of one study that are averaged; with several: model, of their errors.",
    )
    turn_scales: Truth = Field(
        True, description="SMD over scales of opposite direction: known scales are turned so that high is worse."
    )
    higher_is_better: Words = Field((), description="Scales that metarepro does not know, on which high is good.")
    higher_is_worse: Words = Field((), description="Scales that metarepro does not know, on which high is bad.")
    subgroups: str | None = Field(
        None,
        min_length=1,
        description="Column that makes the subgroups: control_agent, setting, diagnosis, design, level, or any other, "
        "your own ones too.",
    )
    moderators: str | None = Field(
        None, min_length=1, description="Meta-regression: a formula of columns, your own ones too, as `year + C(dose)`."
    )
    sort: Literal["year", "effect", "label", "weight"] = Field("year", description="Order of studies.")
    over_time: OverTimeSettings | None = Field(
        None, description="All times of the trials in one model beside the analysis, as a curve over time."
    )
    model: Model = Field(Model(), description="The pooling model.")
    figure: FigureSettings = Field(FigureSettings(), description="How its forest plot looks.")
    sensitivity: tuple[Sensitivity, ...] | None = Field(None, description="Replaces the default sensitivity list.")
    notes: Remarks = Field((), description="Remarks printed with the analysis, one text or several.")
    do_not_quote: Remark = Field("", description="Why its result must not be quoted; empty: it may.")
    certainty: CertaintySettings | None = Field(None, description="Certainty by GRADE, as people judged it.")
    control_risk: ControlRisk | None = Field(
        None, description="Risk under control for absolute effects; left out: control arms of the trials added up."
    )

    @property
    def one_arm(self) -> bool:
        """Whether the measure is of one group, or of the same patients twice, so that there is no control arm."""
        return MEASURES[self.measure].inputs in ONE_GROUP

    @property
    def uses_glmm(self) -> bool:
        """Whether the counts themselves are pooled, by the binomial-normal model."""
        return self.counts_model == "glmm"

    @property
    def counts_model(self) -> str:
        """The model of the counts that pools it: glmm, mantel_haenszel, peto; empty for inverse variance."""
        return counts_model(self.measure, self.model.method, self.combine)

    @property
    def effect_measure(self) -> str:
        """Measure of the studies' own effects: that of the analysis, but PETO where Peto's method pools odds ratios."""
        return "PETO" if self.counts_model == "peto" else self.measure

    @model_validator(mode="before")
    @classmethod
    def _conventions_of_measure(cls, given: Any) -> Any:
        """What another program does with effects of this measure, where the analysis says nothing of it."""
        model = given.get("model") if isinstance(given, dict) else None
        if not isinstance(model, dict) or str(model.get("like")) not in CONVENTIONS:
            return given
        chosen, measure = CONVENTIONS[str(model["like"])], str(given.get("measure"))
        if measure not in MEASURES:
            return given
        return {**given, "model": {"tau2": chosen.tau2_for(measure), **settings_like(chosen, measure), **model}}

    @model_validator(mode="after")
    def _possible(self) -> Self:
        allowed = [m for m, info in MEASURES.items() if info.display != "none"]
        if self.measure not in allowed:
            near = get_close_matches(self.measure.upper(), allowed, n=1, cutoff=0.4)
            hint = f"Fix: did you mean {near[0]!r}?" if near else "Fix: use one of these."
            raise fail(
                "E102", f"measure {self.measure!r} is unknown", f"Allowed: {', '.join(allowed)}", hint, key="measure"
            )
        one_arm = self.one_arm
        if one_arm and self.control is not None:
            raise fail(
                "E103",
                f"{self.measure} is a one-arm measure and takes no control",
                "Fix: delete `control`.",
                key="control",
            )
        if not one_arm and self.control is None:
            if self.experimental.agent:
                fix = "Fix: add `control: {agent: ...}`."
                raise fail("E103", f"{self.measure} needs a control", fix, key="measure")
            object.__setattr__(self, "control", Arms())
        if one_arm and set(self.rows) - {"arms", "comparisons"} and self.combine == "pool":
            raise fail("E103", "one-arm measures take rows: arms or comparisons only", "Fix: delete `rows`.")
        if self.combine == "compound" and self.measure != "PR":
            raise fail("E103", "combine: compound needs measure: PR", "Fix: measure: PR.")
        if self.several == "model" and (self.model.method not in ("auto", "inverse_variance") or self.uses_glmm):
            what = f"several: model is a model of effects, which {self.counts_model or self.model.method} has none of"
            raise fail("E103", what, "Fix: model: {method: inverse_variance}.", key="several")
        if self.several == "model" and self.moderators:
            raise fail("E103", "several: model has no meta-regression", "Fix: delete `moderators`.", key="moderators")
        if self.measure == "SMD" and "arms" in self.rows and len(self.statistic) > 1:
            raise fail(
                "E103", "an SMD must not mix endpoint and change scores: their SDs differ in kind",
                "Fix: keep one of them in `statistic`.", key="statistic",
            )  # fmt: skip
        same = self.control is not None and self.control == self.experimental and self.experimental.agent
        if same and "arms" in self.rows:
            raise fail("E103", "experimental and control arms are the same", "Fix: name the control.", key="control")
        if fault := why_not(self.measure, self.model, self.rows, self.moderators):
            raise fail("E103", *fault[:2], key=fault[2])
        if self.uses_glmm and self.model.pi == "NNF":
            raise fail("E103", "pi: NNF needs method: inverse_variance", "Fix: pi: HTS, or that method.", key="model")
        if self.subgroups == "control_agent" and self.control is None:
            raise fail("E103", "subgroups: control_agent needs a control", "Fix: another column.")
        return self


class Outcome(Part):
    """How an outcome reads."""

    label: Label = Field(description="Name in figures; at most 200 characters.")
    better: Literal["high", "low"] = Field(description="Whether more of it is good for the patient.")
    primary: AnalysisId | None = Field(None, description="Its primary analysis; the others are variants of it.")
    harm: Truth = Field(False, description="Whether it is a harm, which the summary of findings must name.")
    minimal_difference: MinimalDifference | None = Field(
        None, description="The smallest difference that patients would notice; left out: not set."
    )


class AuditedDocument(Part):
    """A page or paper whose claims are audited."""

    title: Label = Field(min_length=1, description="Title, by which every output names it.")
    kind: Label = Field("", description="What it is: clinic web page, newspaper article.")
    author: Label = Field("", description="Who wrote it, as it says.")
    date: Label = Field("", description="Its date, as it says.")
    address: str = Field("", description="Where it was read.")
    text: str = Field(
        "",
        max_length=200,
        description="File with its text, in the folder of the tables: each `quote` of claims.csv must stand in it.",
    )


class Accepted(Part):
    """A finding of the trustworthiness checks that is meant as it is."""

    code: str = Field(pattern=r"^W\d{3}$", description="Its code, such as W012.")
    study: str = Field(min_length=1, description="Its study (or review), by id.")
    column: str = Field("", description="Its column; empty for all columns.")
    reason: Remark = Field(min_length=1, description="Why it is accepted; printed in the report.")


class MultiverseSettings(Part):
    """Every combination of the sensitivity analyses of an analysis."""

    of: Literal["primary", "all", "none"] = Field(
        "primary",
        description="Which analyses: the primary one of each outcome (the first where none is named), all, none.",
    )
    most: int = Field(500, ge=2, le=10_000, description="Combinations that are pooled; of more, a random sample.")
    seed: int = Field(1, ge=0, description="Of the sample.")


class Config(Part):
    """The whole configuration."""

    title: Label = Field(min_length=1, description="Title of the report; at most 200 characters.")
    authors: Remark = Field("", description="Who made it.")
    data: str = Field("data/raw", description="Folder of the tables, inside the project.")
    csv: Tables = Field(Tables(), description="How the tables are written.")
    source: SharedByTable = Field(SharedByTable(), description="Where all numbers were read, unless a row says it.")
    outcomes: dict[str, Outcome] = Field(description="How each outcome reads.")
    time_unit: Literal["auto", "h", "d", "wk", "mo"] = Field(
        "auto", description="Unit of times on the page; auto: hours, and days for whole days from two on."
    )
    agents: dict[str, Label] = Field(default_factory=dict, description="How each agent reads in figures.")
    model: Model = Field(Model(), description="Default pooling model.")
    figure: FigureSettings = Field(FigureSettings(), description="How forest plots look by default.")
    sensitivity: tuple[Sensitivity, ...] = Field((), description="Default sensitivity analyses.")
    multiverse: MultiverseSettings = Field(
        MultiverseSettings(), description="Every combination of the sensitivity analyses, as choices."
    )
    accept: tuple[Accepted, ...] = Field((), description="Findings of the trustworthiness checks that are accepted.")
    risk_of_bias: dict[str, OwnBiasTool] = Field(
        default_factory=dict, description="Tools of your own that judge the risk of bias, by the word in `tool`."
    )
    documents: dict[str, AuditedDocument] = Field(
        default_factory=dict, description="Audited pages by the word in the column `document` of claims.csv."
    )
    reproduction: ReproductionSettings = Field(ReproductionSettings(), description="How printed results are judged.")
    page: PageSettings = Field(PageSettings(), description="Question, first sentences and cards of the page.")
    panels: tuple[Panels, ...] = Field((), description="Figures of several analyses side by side.")
    analyses: tuple[Analysis, ...] = Field(min_length=1, description="The analyses.")

    @property
    def dialects(self) -> dict[str, Dialect]:
        """How each table is written; the others under the empty name."""
        return dialects_of(self.csv, self.source)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        named: dict[str, list[str]] = {"csv": [*self.csv.tables], "source": [*self.source.tables]}
        for key, tables in named.items():
            unknown = [n for n in tables if n not in TABLES]
            if not unknown:
                continue
            near = get_close_matches(unknown[0], TABLES, n=1, cutoff=0.4)
            hint = f"Fix: did you mean {near[0]!r}?" if near else f"Tables: {', '.join(TABLES)}."
            raise fail("E102", f"there is no table {unknown[0]!r}", hint, key=key)
        folder = self.data
        if folder.startswith(("/", "~")) or ".." in Path(folder).parts or re.search(r"[\\:\0-\x1f]", folder):
            raise fail("E102", f"{folder!r} leads out of the project", "Fix: a folder below this one.", key="data")
        if re.search(r"[{}*?\[\]]", folder):
            fix = "Fix: rename the folder; letters, digits, '-', '_' and '/' are safe."
            raise fail("E102", "a folder name with brackets, '*' or '?' stands for several folders", fix, key="data")
        if not folder.strip() or Path(folder).parts[:1] == ("results",):
            fix = "Fix: another folder, such as data/raw."
            raise fail("E102", f"{folder!r} is where results are written, or no folder", fix, key="data")
        return self


def with_settings(analysis: Analysis, changes: dict[str, Any]) -> Analysis:
    """The analysis with other settings; of its population and its model only the keys that are given change."""
    values = analysis.model_dump(by_alias=True)
    for name, value in changes.items():
        merge = name in MERGED and isinstance(value, dict)
        values[name] = {**values[name], **value} if merge else value
    return Analysis.model_validate(values)


def changed(analysis: Analysis, change: Sensitivity) -> Analysis:
    """The analysis with one sensitivity change applied."""
    values = analysis.model_dump(by_alias=True)
    values["population"] = {**values["population"], **change.population}
    values["model"] = {**values["model"], **change.model}
    for name in ("ascertainment", "statistic", "overlap", "crossover", "missing", "paired_r"):
        if getattr(change, name) is not None:
            values[name] = getattr(change, name)
    return Analysis.model_validate(values)


def config_schema() -> dict[str, Any]:
    """JSON schema of the configuration, for editors and outsiders."""
    schema = Config.model_json_schema(by_alias=True)
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    return schema
