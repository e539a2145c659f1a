"""Settings of what people judge: certainty of the evidence, risk under control, difference that patients notice."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from metarepro.analysis.conclusion_parts import CertaintyLevel, Downgrade
from metarepro.analysis.parts import Label, Part, Real, Remark, fail


class Judgement(Part):
    """One domain of GRADE."""

    judgement: Downgrade = Field(description="not serious, serious, very serious.")
    reason: Remark = Field(min_length=1, description="Why; printed on the page.")


class CertaintySettings(Part):
    """Certainty of the evidence by GRADE: people judge it, and what the data say stands beside."""

    overall: CertaintyLevel | Literal[""] = Field("", description="high, moderate, low, very low; empty: not assessed.")
    reason: Remark = Field("", description="Why; required with `overall`.")
    assessor: Label = Field("", description="Initials of who judged; required with `overall`.")
    risk_of_bias: Judgement | None = Field(None, description="Left out: not assessed.")
    inconsistency: Judgement | None = Field(None, description="Left out: not assessed.")
    indirectness: Judgement | None = Field(None, description="Left out: not assessed.")
    imprecision: Judgement | None = Field(None, description="Left out: not assessed.")
    publication_bias: Judgement | None = Field(None, description="Left out: not assessed.")

    @model_validator(mode="after")
    def _signed(self) -> Self:
        for key in ("reason", "assessor") if self.overall else ():
            if not getattr(self, key):
                raise fail("E103", f"overall: {self.overall} has no {key}", f"Fix: add `{key}`.", key="overall")
        return self


class ControlRisk(Part):
    """Risk under control for the absolute effects, instead of that of the control arms added up."""

    risk: Real = Field(gt=0, lt=1, description="As a share: 0.2 for 20 of 100.")
    source: Remark = Field(min_length=1, description="Where it comes from; printed beside the numbers.")


class MinimalDifference(Part):
    """The smallest difference that patients would notice."""

    value: Real = Field(gt=0, description="On the scale of the outcome.")
    reason: Remark = Field(min_length=1, description="Where it comes from; printed on the page.")
    assessor: Label = Field(min_length=1, description="Initials of who set it.")
