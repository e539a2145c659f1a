"""One comparison in one row, as a sheet has it: the numbers of both arms, or an effect as printed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self, TypeAlias

from pydantic import Field, model_validator

from metarepro.effects.registry import MEASURES
from metarepro.evidence.cells import Id, Number
from metarepro.evidence.contrast_rows import Contrast
from metarepro.evidence.rows import fail

if TYPE_CHECKING:
    MeasureCode: TypeAlias = str
else:
    MeasureCode = Literal[(*MEASURES, "proportion", "")]

# Events and the number that they are of.
_PARTS = (("e1", "n1"), ("e2", "n2"), ("e", "n"))


class ComparisonRow(Contrast):
    """One row a comparison, as a sheet has it: numbers of both arms (1 experimental, 2 control), or a printed effect.

    Fill the columns of your measure; the others may be absent. A single group has numbers without 1 and 2.
    """

    table: ClassVar[str] = "comparisons"
    key: ClassVar[tuple[str, ...]] = (
        "study_id", "experimental_arm", "control_arm", "outcome", "scale", "timepoint_h", "measure", "periods",
        "source_id", "derivation",
    )  # fmt: skip

    experimental_arm: Id = Field(description="Arm 1; what was given, in one word.", default="experimental")
    control_arm: Id = Field(description="Arm 2; `none` where there is one group.", default="control")
    measure: MeasureCode = Field(
        description="Measure of the printed `estimate`; empty where the numbers of the arms are given.", default=""
    )
    estimate: Number = Field(description="Effect as printed: experimental minus control, or their ratio.", default=None)
    variance: Number = Field(description="Variance of the estimate (of the log for ratios).", default=None, gt=0)
    t_value: Number = Field(description="Test statistic of the estimate, estimate / SE.", default=None)
    e1: Number = Field(description="Events, arm 1.", default=None, ge=0)
    n1: Number = Field(description="Patients, arm 1.", default=None, gt=0)
    e2: Number = Field(description="Events, arm 2.", default=None, ge=0)
    n2: Number = Field(description="Patients, arm 2.", default=None, gt=0)
    t1: Number = Field(description="Person-time, arm 1.", default=None, gt=0)
    t2: Number = Field(description="Person-time, arm 2.", default=None, gt=0)
    a: Number = Field(description="Two-by-two table: events of arm 1, or pairs with both events.", default=None, ge=0)
    b: Number = Field(description="Non-events of arm 1, or pairs with the first event only.", default=None, ge=0)
    c: Number = Field(description="Events of arm 2, or pairs with the second event only.", default=None, ge=0)
    d: Number = Field(description="Non-events of arm 2, or pairs with no event.", default=None, ge=0)
    tp: Number = Field(description="True positives.", default=None, ge=0)
    fp: Number = Field(description="False positives.", default=None, ge=0)
    fn: Number = Field(description="False negatives.", default=None, ge=0)
    tn: Number = Field(description="True negatives.", default=None, ge=0)
    m1: Number = Field(description="Mean, arm 1 (or before).", default=None, ge=-1e9, le=1e9)
    sd1: Number = Field(description="SD, arm 1.", default=None, gt=0)
    se1: Number = Field(description="Standard error of the mean, arm 1; the SD is se1 √n1.", default=None, gt=0)
    m2: Number = Field(description="Mean, arm 2 (or after).", default=None, ge=-1e9, le=1e9)
    sd2: Number = Field(description="SD, arm 2.", default=None, gt=0)
    se2: Number = Field(description="Standard error of the mean, arm 2.", default=None, gt=0)
    median1: Number = Field(description="Median, arm 1; mean and SD are estimated from it.", default=None)
    q1_1: Number = Field(description="First quartile, arm 1.", default=None)
    q3_1: Number = Field(description="Third quartile, arm 1.", default=None)
    min1: Number = Field(description="Minimum, arm 1.", default=None)
    max1: Number = Field(description="Maximum, arm 1.", default=None)
    median2: Number = Field(description="Median, arm 2.", default=None)
    q1_2: Number = Field(description="First quartile, arm 2.", default=None)
    q3_2: Number = Field(description="Third quartile, arm 2.", default=None)
    min2: Number = Field(description="Minimum, arm 2.", default=None)
    max2: Number = Field(description="Maximum, arm 2.", default=None)
    e: Number = Field(description="Events, one group.", default=None, ge=0)
    t: Number = Field(description="Person-time, one group.", default=None, gt=0)
    m: Number = Field(description="Mean, one group.", default=None, ge=-1e9, le=1e9)
    sd: Number = Field(description="SD, one group.", default=None, gt=0)
    # Effective sizes of cluster trials need not be whole.
    n: Number = Field(description="Patients of one group, pairs, or behind the effect.", default=None, gt=0)  # type: ignore[assignment]
    r: Number = Field(description="Correlation: the effect, or between before and after.", default=None, ge=-1, le=1)

    @model_validator(mode="before")
    @classmethod
    def _one_group(cls, values: Any) -> Any:
        """A row without numbers of a second arm has none."""
        if not isinstance(values, Mapping) or values.get("control_arm") or values.get("estimate"):
            return values
        second = any(values.get(n) for n in ("e2", "n2", "t2", "m2", "c", "median2"))
        return values if second else {**values, "control_arm": "none"}

    @model_validator(mode="after")
    def _parts_of_totals(self) -> Self:
        for events, total in _PARTS:
            some, all_ = getattr(self, events), getattr(self, total)
            if some is not None and all_ is not None and some > all_ and self.t is None:
                likely = some * all_ / 100
                raise fail(
                    "E021", events, f"is larger than {total}", f"{events} = {some:g}, {total} = {all_:g}",
                    f"Did you type the percentage? {some:g}% of {all_:g} would be {likely:.0f} patients.",
                    f"Fix: enter the number of patients, from 0 to {all_:g}.",
                )  # fmt: skip
        return self
