"""The raw tables: one model a table, one field a column. The data dictionary is generated from these models."""

from __future__ import annotations

from typing import Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from metarepro.evidence.bias_tools import ALL_COLUMNS, BIAS_TOOLS, ROB2, BiasTool, Judgement
from metarepro.evidence.cells import Count, Flag, Id, Label, Number
from metarepro.evidence.comparison_rows import ComparisonRow as ComparisonRow
from metarepro.evidence.contrast_rows import Contrast as Contrast
from metarepro.evidence.printed_tables import Claim as Claim
from metarepro.evidence.printed_tables import PublishedInput as PublishedInput
from metarepro.evidence.printed_tables import PublishedResult as PublishedResult
from metarepro.evidence.rows import Choosable as Choosable
from metarepro.evidence.rows import Row as Row
from metarepro.evidence.rows import Sourced as Sourced
from metarepro.evidence.rows import fail
from metarepro.evidence.times import TIME, Hours

Judged = Literal[Judgement, ""]


class Study(Sourced):
    """One row a study."""

    table: ClassVar[str] = "studies"
    key: ClassVar[tuple[str, ...]] = ("study_id",)
    takes_own: ClassVar[bool] = True

    study_id: Id = Field(description="Id used by the other tables.", min_length=1)
    label: Label = Field(description="Name in figures and tables; at most 200 characters. The id if empty.", default="")
    year: Count = Field(description="Year of publication.", default=None, ge=1900, le=2100)
    title: str = Field(description="Title of the report.", default="")
    journal: str = Field(description="Journal with volume and pages.", default="")
    doi: str = Field(description="DOI.", default="")
    pmid: str = Field(description="PubMed id.", default="")
    registration: str = Field(description="Trial registration.", default="")
    design: Literal["parallel", "crossover", "single_arm"] = Field(description="Design.", default="parallel")
    randomised: Flag = Field(
        description="Whether patients were randomised to the treatments compared here.", default=True
    )
    setting: Literal["trial", "series"] = Field(description="A trial, or a series from routine care.", default="trial")
    blinding: str = Field(description="Blinding as reported.", default="")
    anaesthesia: Flag = Field(description="Whether the drug was given under general anaesthesia.", default=False)
    population: str = Field(description="Patients, as reported.", default="")
    diagnosis: Label = Field(description="Diagnosis: MDD, BD, PTSD, mixed ...", default="")
    treatment_resistant: Literal["yes", "no", "mixed", ""] = Field(description="Treatment resistance.", default="")
    country: str = Field(description="Country; empty when not read.", default="")
    n_randomised: Count = Field(description="Patients randomised (or enrolled).", default=None)
    periods_covered: str = Field(description="Crossover: periods the extracted rows cover.", default="")
    cohort: Id = Field(description="Studies with one cohort id share participants, or may.", default="")
    overlap: Literal["known", "presumed", "possible", "none"] = Field(
        description="How sure the sharing is.", default="none"
    )
    cohort_reason: str = Field(description="Why this cohort.", default="")
    notes: str = Field(description="Remarks.", default="")

    @model_validator(mode="before")
    @classmethod
    def _named(cls, values: Any) -> Any:
        if isinstance(values, dict) and not values.get("label") and values.get("study_id"):
            return {**values, "label": values["study_id"]}
        return values


class Arm(Sourced):
    """One row an arm (or a pseudo-arm that only makes keys resolve)."""

    table: ClassVar[str] = "arms"
    key: ClassVar[tuple[str, ...]] = ("study_id", "arm_id")
    takes_own: ClassVar[bool] = True

    study_id: Id = Field(description="Study.", min_length=1)
    arm_id: Id = Field(description="Id within the study.", min_length=1)
    role: Literal["experimental", "control", ""] = Field(
        description="Role in its study; where two treatments are compared, both are experimental; empty: not stated.",
        default="",
    )
    agent: Id = Field(description="What was given, as one word that analyses filter by; the id if empty.", default="")
    kind: Literal["whole", "pooled", "subset", "first_period", "sequence", "step"] = Field(
        description="`whole` arm; `pooled` from arms; `subset` of an arm; `first_period` of a crossover; a `sequence` "
        "of treatments; a `step` of a treatment ladder.",
        default="whole",
    )
    drug: Label = Field(description="Drug as reported.", default="")
    dose_mg_per_kg: Number = Field(description="Dose in mg/kg.", default=None, ge=0, le=100)
    route: Label = Field(description="IV, IM, SC, intranasal, oral ...", default="")
    infusion_min: Number = Field(description="Duration of the infusion in minutes.", default=None, ge=0)
    n_infusions: Count = Field(description="Number of doses planned.", default=None)
    n_randomised: Count = Field(description="Patients randomised to it.", default=None)
    n_analysed: Count = Field(description="Patients analysed.", default=None)

    @model_validator(mode="before")
    @classmethod
    def _named(cls, values: Any) -> Any:
        if isinstance(values, dict) and not values.get("agent") and values.get("arm_id"):
            return {**values, "agent": values["arm_id"]}
        return values

    @model_validator(mode="after")
    def _sizes(self) -> Self:
        if self.n_randomised is not None and self.n_analysed is not None and self.n_analysed > self.n_randomised:
            raise fail(
                "E028",
                "n_analysed",
                "is larger than n_randomised",
                f"n_analysed = {self.n_analysed}, n_randomised = {self.n_randomised}",
                "Fix: one of the two is wrong, or the sizes are swapped.",
            )
        return self


class Dichotomous(Choosable):
    """Events and totals by arm, outcome and time."""

    table: ClassVar[str] = "dichotomous"
    key: ClassVar[tuple[str, ...]] = (
        "study_id", "arm_id", "outcome", "scale", "timepoint_h", "definition", "source_id",
    )  # fmt: skip

    study_id: Id = Field(description="Study.", min_length=1)
    arm_id: Id = Field(description="Arm.", min_length=1)
    outcome: Id = Field(description="Outcome: response, remission, si_response ...", min_length=1)
    scale: Label = Field(description="Rating scale.", default="")
    definition: str = Field(description="Criterion, as reported.", default="")
    timepoint_h: Hours = Field(description=TIME, default=None, ge=0)
    events: Count = Field(description="Patients with the event.")
    total: Count = Field(
        description="Patients rated; empty when not read (never filled in from those randomised).", ge=1
    )
    randomised_n: Count = Field(description="Patients randomised to the arm, where known.", default=None, ge=1)
    treated_n: Count = Field(description="Patients who got a dose, where known.", default=None, ge=1)
    rated_n: Count = Field(
        description="Patients rated at the visit, where told apart from `total`.", default=None, ge=1
    )
    periods: Literal["all", "first", ""] = Field(description="Crossover: periods the count covers.", default="")
    schedule: Literal["single", "course", ""] = Field(
        description="After a single dose or a course of doses.", default=""
    )
    ascertainment: Literal["point", "window", "ever", "maintained"] = Field(
        description="Criterion met at the visit (`point`), at some visit of a short window ending then (`window`), at "
        "some point of the trial (`ever`), or kept by earlier responders (`maintained`).",
        default="point",
    )

    @model_validator(mode="after")
    def _counts(self) -> Self:
        if self.events is not None and self.total is not None and self.events > self.total:
            likely = round(self.events * self.total / 100)
            hint = (
                (f"Did you type the percentage? {self.events}% of {self.total} would be {likely} patients.",)
                if self.events <= 100
                else ()
            )
            raise fail(
                "E021",
                "events",
                "is larger than total",
                f"events = {self.events}, total = {self.total}",
                *hint,
                f"Fix: enter the number of patients (a whole number from 0 to {self.total}).",
            )
        begun = self.all_begun
        if begun is not None and self.total is not None and self.total > begun:
            what = f"is larger than the {begun} patients who were randomised or treated"
            raise fail("E028", "total", what, f"total = {self.total}", "Fix: check the numbers.")
        return self

    @property
    def all_begun(self) -> int | None:
        """Patients randomised, or treated where only those are known."""
        return self.randomised_n or self.treated_n


class Continuous(Choosable):
    """Means and standard deviations by arm, outcome and time."""

    table: ClassVar[str] = "continuous"
    key: ClassVar[tuple[str, ...]] = (
        "study_id", "arm_id", "outcome", "scale", "statistic", "timepoint_h", "source_id",
    )  # fmt: skip

    study_id: Id = Field(description="Study.", min_length=1)
    arm_id: Id = Field(description="Arm.", min_length=1)
    outcome: Id = Field(description="Outcome: depression, suicidal_ideation ...", min_length=1)
    scale: Label = Field(description="Rating scale.", default="")
    statistic: Literal["baseline", "endpoint", "change", "percent_change", "mean", "median"] = Field(
        description="What `mean` holds: the score at baseline or later, its change, or a mean or median of a time.",
        default="endpoint",
    )
    timepoint_h: Hours = Field(description=TIME, default=None, ge=0)
    n: Count = Field(description="Patients rated.", ge=1)
    mean: Number = Field(description="Mean (or median).", ge=-1e9, le=1e9)
    sd: Number = Field(description="Standard deviation, not standard error.", gt=0)
    periods: Literal["all", "first", ""] = Field(description="Crossover: periods covered.", default="")

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.n == 1 and self.sd is not None:
            raise fail("E013", "n", "is 1, and one patient has no SD", "Fix: check n and the SD.")
        return self


class RiskOfBias(Row):
    """Risk of bias judgements, by RoB 2 unless `tool` names another. An empty judgement means not assessed."""

    table: ClassVar[str] = "risk_of_bias"
    key: ClassVar[tuple[str, ...]] = ("study_id", "outcome", "tool")

    study_id: Id = Field(description="Study.", min_length=1)
    outcome: str = Field(description="Outcome the judgement is for; empty for all.", default="")
    tool: Id = Field(
        description=f"Tool: {', '.join(BIAS_TOOLS)}, or one of `risk_of_bias` in config.yaml.", default=ROB2.id
    )
    d1: Judged = Field(description="RoB 2: randomisation process.", default="")
    d1_reason: str = Field(description="Reason.", default="")
    d2: Judged = Field(description="RoB 2: deviations from intended interventions.", default="")
    d2_reason: str = Field(description="Reason.", default="")
    d3: Judged = Field(description="RoB 2: missing outcome data.", default="")
    d3_reason: str = Field(description="Reason.", default="")
    d4: Judged = Field(description="RoB 2: measurement of the outcome.", default="")
    d4_reason: str = Field(description="Reason.", default="")
    d5: Judged = Field(description="RoB 2: selection of the reported result.", default="")
    d5_reason: str = Field(description="Reason.", default="")
    d6: Judged = Field(description="Domain 6 of tools that have one.", default="")
    d6_reason: str = Field(description="Reason.", default="")
    d7: Judged = Field(description="Domain 7 of tools that have one.", default="")
    d7_reason: str = Field(description="Reason.", default="")
    d8: Judged = Field(description="Domain 8 of tools that have one.", default="")
    d8_reason: str = Field(description="Reason.", default="")
    d9: Judged = Field(description="Domain 9 of tools that have one.", default="")
    d9_reason: str = Field(description="Reason.", default="")
    d10: Judged = Field(description="Domain 10 of tools that have one.", default="")
    d10_reason: str = Field(description="Reason.", default="")
    d11: Judged = Field(description="Domain 11 of tools that have one.", default="")
    d11_reason: str = Field(description="Reason.", default="")
    d12: Judged = Field(description="Domain 12 of tools that have one.", default="")
    d12_reason: str = Field(description="Reason.", default="")
    overall: Judged = Field(description="Overall.", default="")
    overall_reason: str = Field(description="Reason.", default="")
    assessor: str = Field(description="Who judged.", default="")

    def judgement(self, column: str) -> str:
        """Judgement of a domain or the overall one; empty when not assessed."""
        return str(getattr(self, column))

    def reason(self, column: str) -> str:
        """Reason of a judgement."""
        return str(getattr(self, f"{column}_reason"))

    @model_validator(mode="after")
    def _judged(self) -> Self:
        for name in ALL_COLUMNS:
            if self.judgement(name) and not self.reason(name):
                raise fail("E026", f"{name}_reason", f"is empty although {name} is judged", "Fix: say why.")
        wrong = self.not_by(BIAS_TOOLS[self.tool]) if self.tool in BIAS_TOOLS else None
        if wrong:
            raise fail("E014", wrong[0], wrong[1], f"Allowed: {wrong[2]}.", "Fix: one of these, or the tool in `tool`.")
        return self

    def not_by(self, tool: BiasTool) -> tuple[str, str, str] | None:
        """The first judgement that a tool does not make: its column, what is wrong, what is allowed."""
        for column in ALL_COLUMNS:
            judgement = self.judgement(column)
            if judgement and column not in tool.columns:
                return column, f"is no domain of {tool.name}", ", ".join(tool.columns)
            if judgement and judgement not in tool.judgements:
                return column, f"is no judgement of {tool.name}", ", ".join(tool.judgements)
        return None


class Source(Row):
    """Bibliography: everything a number was read in."""

    table: ClassVar[str] = "sources"
    key: ClassVar[tuple[str, ...]] = ("source_id",)

    source_id: Id = Field(description="Id used by the other tables.", min_length=1)
    authors: str = Field(description="Authors.", default="")
    year: str = Field(description="Year.", default="")
    title: str = Field(description="Title.", default="")
    journal: str = Field(description="Journal.", default="")
    volume: str = Field(description="Volume.", default="")
    pages: str = Field(description="Pages.", default="")
    doi: str = Field(description="DOI.", default="")
    pmid: str = Field(description="PubMed id.", default="")
    kind: str = Field(description="Kind of source: rct, open_label, meta_analysis, web_page ...", default="")
    cited_in: str = Field(description="Audited pages that cite it, separated by semicolons.", default="")
    citation_ok: str = Field(description="Whether they cite it correctly.", default="")
    problem: str = Field(description="What is wrong with the citation or weak in the source.", default="")
    source_url: str = Field(description="Address of what was read.", default="")
    numbers_read: Count = Field(
        description="Numbers of trials that were read in it; empty when not recorded.", default=None
    )
    numbers_entered: Count = Field(
        description="Those of them that stand in the tables of numbers; a check compares.", default=None
    )


TABLES: dict[str, type[Row]] = {
    model.table: model
    for model in (
        Study, Arm, Dichotomous, Continuous, Contrast, ComparisonRow, PublishedResult, PublishedInput, Claim,
        RiskOfBias, Source,
    )
}  # fmt: skip
REQUIRED_TABLES = ("studies",)
