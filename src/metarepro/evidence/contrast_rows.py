"""Effects between arms as a report prints them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, ClassVar, Literal, Self, TypeAlias

from pydantic import Field, model_validator

from metarepro.effects.registry import MEASURES
from metarepro.evidence.cells import Count, Id, Label, Number
from metarepro.evidence.p_values import PValue
from metarepro.evidence.rows import Choosable, fail
from metarepro.evidence.times import TIME, Hours

if TYPE_CHECKING:
    PrintedMeasure: TypeAlias = str
else:
    PrintedMeasure = Literal["MD", "SMD", "OR", "RR", "RD", "HR", "IRR", "GEN", "proportion"]


class Contrast(Choosable):
    """Published effects between arms."""

    table: ClassVar[str] = "contrasts"
    key: ClassVar[tuple[str, ...]] = (
        "study_id", "experimental_arm", "control_arm", "outcome", "scale", "timepoint_h", "measure", "source_id",
        "derivation",
    )  # fmt: skip

    as_printed: ClassVar[frozenset[str]] = frozenset(("p_value",))

    study_id: Id = Field(description="Study.", min_length=1)
    experimental_arm: Id = Field(description="Arm 1.", min_length=1)
    control_arm: Id = Field(description="Arm 2; `own_baseline` or `none` when there is no control.", min_length=1)
    outcome: Id = Field(description="Outcome.", min_length=1)
    scale: Label = Field(description="Rating scale.", default="")
    timepoint_h: Hours = Field(description=TIME, default=None, ge=0)
    measure: PrintedMeasure = Field(description="Measure of the estimate; GEN for one of its own kind.")
    estimate: Number = Field(description="Experimental minus control (or their ratio), as printed.")
    ci_low: Number = Field(description="Lower end of the printed interval.", default=None)
    ci_high: Number = Field(description="Upper end.", default=None)
    ci_level: Number = Field(description="Its level in percent; 95 if empty.", default=None, gt=50, lt=100)
    se: Number = Field(description="Standard error (of the log for ratios).", default=None, gt=0)
    p_value: PValue = Field(description="p-value as printed: 0.03, <0.001; a remark in brackets after it.", default="")
    n: Count = Field(
        None, description="Patients (pairs in a crossover) behind the contrast; empty when not read.", ge=1
    )
    periods: Literal["all", "first", ""] = Field(description="Crossover: periods covered.", default="")

    @property
    def interval_level(self) -> float:
        """Level of the printed interval in percent: 95 where the table does not say it."""
        return self.ci_level or 95.0

    @model_validator(mode="after")
    def _interval(self) -> Self:
        low, high, estimate = self.ci_low, self.ci_high, self.estimate
        ratio = self.measure in MEASURES and MEASURES[self.measure].ratio
        for name, value in (("estimate", estimate), ("ci_low", low), ("ci_high", high)):
            if ratio and value is not None and value <= 0:
                raise fail(
                    "E013", name, f"must be above 0, as {self.measure} is a ratio", "Is it the logarithm of the ratio?",
                    "Fix: enter the ratio, not its log.",
                )  # fmt: skip
        if low is None or high is None:
            return self
        if low >= high:
            raise fail(
                "E027", "ci_low", "is not below ci_high", f"ci_low = {low:g}, ci_high = {high:g}",
                "Fix: are the two swapped?",
            )  # fmt: skip
        if estimate is not None and not low <= estimate <= high:
            raise fail(
                "E027", "estimate", "lies outside its interval",
                f"estimate = {estimate:g}, interval {low:g} to {high:g}",
                "Is a sign lost, or one number on the log scale? Fix: check the three numbers.",
            )  # fmt: skip
        if self.se is not None and self.measure != "proportion" and self.interval_level == 95:
            width = math.log(high / low) if ratio else high - low
            times = width / (2 * 1.96 * self.se)
            if not 0.7 <= times <= 1.4:
                variance = 0.7 <= width / (2 * 1.96 * math.sqrt(self.se)) <= 1.4
                raise fail(
                    "E027", "se", "does not fit the interval",
                    f"the interval is {times:.2g} times as wide as se = {self.se:g} makes it"
                    + (", on the log scale" if ratio else ""),
                    f"Is it the variance? Fix: enter its square root, {math.sqrt(self.se):.3g}." if variance
                    else "Fix: check both.",
                )  # fmt: skip
        return self
