"""Models of the tables of what others printed: pooled results, the numbers of their studies, claims under audit."""

from __future__ import annotations

import re
from typing import ClassVar, Self

from pydantic import Field, model_validator

from metarepro.evidence.cells import Count, Id, Label, Number, without_exponent
from metarepro.evidence.p_values import PValue
from metarepro.evidence.rows import Row, Sourced, fail


class PublishedResult(Sourced):
    """A pooled result as printed: a target of the reproduction."""

    table: ClassVar[str] = "published_results"
    key: ClassVar[tuple[str, ...]] = ("analysis_id",)
    as_printed: ClassVar[frozenset[str]] = frozenset(
        ("estimate", "ci_low", "ci_high", "p_value", "i2", "tau2", "q", "pi_low", "pi_high")
    )

    review_id: Id = Field(description="Review.", min_length=1)
    analysis_id: Id = Field(description="Id of the result.", min_length=1)
    outcome: Label = Field(description="Outcome.", default="")
    comparison: Label = Field(description="Comparison.", default="")
    timepoint_h: Number = Field(description="Hours.", ge=0, default=None)
    measure: Label = Field(description="Measure as printed.", default="")
    model: Label = Field(description="Model as printed.", default="")
    software: str = Field(description="Software as printed.", default="")
    k: Count = Field(description="Studies.", default=None)
    n_total: Count = Field(description="Participants.", default=None)
    estimate: str = Field(description="Estimate as printed, so that its precision is known.", default="")
    ci_low: str = Field(description="Lower end as printed.", default="")
    ci_high: str = Field(description="Upper end as printed.", default="")
    p_value: PValue = Field(description="p as printed: 0.03, <0.001; a remark in brackets after it.", default="")
    i2: str = Field(description="I2 as printed.", default="")
    tau2: str = Field(description="tau2 as printed.", default="")
    q: str = Field(description="Q as printed.", default="")
    pi_low: str = Field(description="Prediction interval, lower end as printed.", default="")
    pi_high: str = Field(description="Prediction interval, upper end as printed.", default="")
    notes: str = Field(description="Remarks.", default="")

    @model_validator(mode="after")
    def _printed(self) -> Self:
        for name in ("estimate", "ci_low", "ci_high", "pi_low", "pi_high", "i2", "tau2", "q"):
            text = getattr(self, name).strip()
            if name in ("i2", "tau2", "q"):
                text = text.lstrip("<>\u2264\u2265")
            if re.fullmatch(rf"{PRINTED_NUMBER.pattern}[eE][+-]?\d+", text):
                raise fail(
                    "E011", name, "is written with an exponent, not as printed",
                    "Allowed: digits with a decimal point, a sign. They tell how the number was rounded.",
                    f"Fix: write {without_exponent(text)}, with the digits that are printed.",
                )  # fmt: skip
            if text and not PRINTED_NUMBER.fullmatch(text):
                raise fail(
                    "E011", name, "is not a number as printed", "Allowed: digits with a decimal point, a sign.",
                    "Fix: write the number only; remarks belong into `notes`.",
                )  # fmt: skip
        interval_holds("ci_low", "ci_high", self.estimate, self.ci_low, self.ci_high)
        interval_holds("pi_low", "pi_high", self.estimate, self.pi_low, self.pi_high)
        return self


PRINTED_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)", re.ASCII)


def interval_holds(
    low_name: str, high_name: str, estimate: str | float | None, low: str | float | None, high: str | float | None
) -> None:
    """Refuse an interval as printed that has one end only, or does not hold its estimate."""
    values = [float(x) if x not in ("", None) else None for x in (estimate, low, high)]
    if (values[1] is None) != (values[2] is None):
        name = low_name if values[1] is None else high_name
        raise fail("E010", name, "is empty although the other end is given", "Fix: enter both ends, or none.")
    if values[0] is None or values[1] is None or values[2] is None:
        return
    if not values[1] <= values[0] <= values[2]:
        raise fail(
            "E027", "estimate", "lies outside its interval", f"estimate = {estimate}, interval {low} to {high}",
            "Is a sign lost, or are the ends swapped? Fix: check the three numbers in the source.",
            f"If it prints them so, leave {low_name} and {high_name} empty and say it in `notes`.",
        )  # fmt: skip


class PublishedInput(Sourced):
    """A study's data as a review printed them."""

    table: ClassVar[str] = "published_inputs"
    key: ClassVar[tuple[str, ...]] = ("analysis_id", "study_id")

    review_id: Id = Field(description="Review.", min_length=1)
    analysis_id: Id = Field(description="Result of published_results.csv.", min_length=1)
    study_id: Id = Field(description="Study; it need not be in studies.csv.", min_length=1)
    study_label: Label = Field(description="Name as printed.", default="")
    measure: str = Field(description="Measure as printed.", default="")
    exp_events: Count = Field(description="Events, arm 1.", default=None)
    exp_total: Count = Field(description="Total, arm 1.", default=None)
    ctl_events: Count = Field(description="Events, arm 2.", default=None)
    ctl_total: Count = Field(description="Total, arm 2.", default=None)
    exp_mean: Number = Field(description="Mean, arm 1.", default=None)
    exp_sd: Number = Field(description="SD, arm 1.", default=None)
    exp_n: Count = Field(description="n, arm 1.", default=None)
    ctl_mean: Number = Field(description="Mean, arm 2.", default=None)
    ctl_sd: Number = Field(description="SD, arm 2.", default=None)
    ctl_n: Count = Field(description="n, arm 2.", default=None)
    estimate: Number = Field(description="Study's estimate as printed.", default=None)
    ci_low: Number = Field(description="Lower end.", default=None)
    ci_high: Number = Field(description="Upper end.", default=None)
    weight_pct: Number = Field(description="Weight in percent.", default=None)

    @model_validator(mode="after")
    def _possible(self) -> Self:
        for arm in ("exp", "ctl"):
            events, total = getattr(self, f"{arm}_events"), getattr(self, f"{arm}_total")
            if events is not None and total is not None and events > total:
                raise fail(
                    "E021", f"{arm}_events", f"is larger than {arm}_total", f"events = {events}, total = {total}",
                    "Fix: one of the two is wrong, or it is a percentage.",
                )  # fmt: skip
            sd = getattr(self, f"{arm}_sd")
            if sd is not None and sd <= 0:
                raise fail("E013", f"{arm}_sd", "must be above 0", "Fix: leave it empty if it is not printed.")
        interval_holds("ci_low", "ci_high", self.estimate, self.ci_low, self.ci_high)
        return self


class Claim(Row):
    """A claim of an audited page."""

    table: ClassVar[str] = "claims"
    key: ClassVar[tuple[str, ...]] = ("claim_id",)

    claim_id: Id = Field(description="Id.", min_length=1)
    document: Id = Field(description="Audited page, a row of sources.csv.", min_length=1)
    quote: str = Field(description="The claim word for word, as the page has it.", default="")
    paraphrase: str = Field(description="The claim in other words.", default="")
    claim_type: str = Field(description="Kind: rate, duration, attribution ...", default="")
    quantity: str = Field(description="What is claimed.", default="")
    value_low: str = Field(description="Claimed value or its lower end, as printed.", default="")
    value_high: str = Field(description="Upper end, as printed.", default="")
    unit: str = Field(description="Unit.", default="")
    cited_sources: str = Field(description="Sources the page cites for it, separated by semicolons.", default="")
    evidence_needed: str = Field(description="What would decide it.", default="")
    what_source_says: str = Field(description="What the source was found to say.", default="")
    source_url: str = Field(description="Addresses read.", default="")
    locator: str = Field(description="Place in them.", default="")
    verdict: str = Field(description="Verdict recorded by the extractor.", default="")
    reason: str = Field(description="Its reason.", default="")
    rule: str = Field(
        description="How data decide it: `condition -> verdict`, separated by semicolons; see docs/claims.md. "
        "Empty: the recorded verdict stands.",
        default="",
    )
    finding: str = Field(
        description="What the data show, in a sentence; quantities in braces are computed at each run.", default=""
    )
