"""The configuration of the reproduction: which of our analyses stands beside a printed result, what must come out."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from metarepro.analysis.parts import AnalysisId, Part, Real, Truth, Words

MERGED = ("population", "model")


class TargetSettings(Part):
    """One printed result."""

    result: str = Field(min_length=1, description="Id of the printed result: `analysis_id` of published_results.csv.")
    analysis: AnalysisId | None = Field(
        None, description="Analysis of ours that is set beside it, where the report prints no numbers of its studies."
    )
    changes: dict[str, Any] = Field(
        default_factory=dict,
        description="Keys of that analysis that differ here; of `population` and `model` only the keys given.",
    )
    until: int | None = Field(
        None, ge=1900, le=2100, description="Last year of our trials; the year of the report if left out."
    )
    turned: Truth = Field(False, description="Whether the report prints the difference with the other sign.")
    shares_tau2_with: Words = Field(
        (),
        description="Other printed results, of subgroups that share one variance between studies with this one; the "
        "numbers of their studies are printed too.",
    )
    must: Literal["exact", "rounding", "within tolerance", "differs but explained"] | None = Field(
        None, description="Verdict that must come out; else the run ends with exit code 5."
    )


class ReproductionSettings(Part):
    """How printed results are judged."""

    tolerance: Real = Field(
        0.01,
        gt=0,
        lt=1,
        description="What counts as `within tolerance`: of ratios on the log scale, else as a part of the interval's "
        "width.",
    )
    targets: tuple[TargetSettings, ...] = Field(
        (), description="Printed results about which there is something to say; the others are judged as they are."
    )
