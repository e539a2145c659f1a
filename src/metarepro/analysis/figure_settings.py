"""Settings of figures in the configuration."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from metarepro.analysis.parts import AnalysisId, Label, Labels, Part, Real, Truth, Words, fail, one_or_more
from metarepro.analysis.shown_result import FigureOptions

_TABLES = ("studies", "arms", "rows")


class UserColumn(Part):
    """A column of the tables that stands beside the studies in a forest plot."""

    head: str = Field(min_length=1, max_length=40, description="Its head in the figure.")
    source: str = Field(
        alias="from",
        description="Table and column, your own ones too: studies.diagnosis, arms.dose_mg_per_kg (of the experimental "
        "arm), rows.COLUMN (of the numbers used).",
    )

    @model_validator(mode="after")
    def _exists(self) -> Self:
        table, _, column = self.source.partition(".")
        if table not in _TABLES or not column:
            fix = "Fix: studies.COLUMN, arms.COLUMN, or rows.COLUMN of the table of numbers; as studies.diagnosis."
            raise fail("E102", f"{self.source!r} names no column of studies, arms or rows", fix, key="from")
        return self


class FigureSettings(Part):
    """How forest plots look; nothing here changes a number."""

    style: Literal["plain", "cochrane", "bmj", "jama", "lancet"] = Field(
        "plain", description="House style: formats, heads, columns and marks."
    )
    width_mm: Real = Field(
        174.0, ge=84, le=400, description="Width at print in mm, at least 84; 84, 120 and 174 are the usual columns."
    )
    models: Words = Field((), description="Ids of sensitivity analyses shown below the pooled result.")
    columns: tuple[UserColumn, ...] = Field((), description="Further columns beside the studies.")
    risk_of_bias: Truth = Field(False, description="Judgements of risk_of_bias beside the studies.")
    dpi: Literal[300, 600] = Field(300, description="Of PNG: 300 for pages, 600 for line art.")
    png: Literal["forest", "all", "none"] = Field(
        "forest", description="Which figures are written as PNG too: forest plots, all figures of the analysis, none."
    )
    also: tuple[
        Literal[
            "leave_one_out", "baujat", "influence", "radial", "labbe", "specification_curve", "sensitivity", "orchard"
        ],
        ...,
    ] = Field(
        (),
        description="Further figures of an analysis that pools three studies or more: leave_one_out, baujat, "
        "influence, radial, labbe (of two arms' counts), specification_curve (of an analysis with a multiverse), "
        "sensitivity (one row a sensitivity analysis), orchard (of five studies or more; meant for thirty and more).",
    )
    title: Truth = Field(True, description="Whether the title stands in the picture.")
    notes: Truth = Field(True, description="Whether the notes do; forest.alt.txt has them in any case.")

    @model_validator(mode="after")
    def _heads_differ(self) -> Self:
        heads = [c.head for c in self.columns]
        twice = next((h for i, h in enumerate(heads) if h in heads[:i]), None)
        if twice is not None:
            raise fail("E103", f"two columns have the head {twice!r}", "Fix: rename one.", key="columns")
        return self

    @property
    def options(self) -> FigureOptions:
        """The same as part of a result."""
        heads = tuple(c.head for c in self.columns)
        return FigureOptions(
            self.style,
            self.width_mm,
            self.models,
            heads,
            self.risk_of_bias,
            self.dpi,
            self.title,
            self.notes,
            self.also,
        )


class Panels(Part):
    """Several analyses side by side in one figure: outcomes, or times of one outcome."""

    id: AnalysisId = Field(description="Id; names the files in results/panels/.")
    title: Label = Field(min_length=1, description="Title of the figure; at most 200 characters.")
    analyses: Annotated[tuple[AnalysisId, ...], BeforeValidator(one_or_more)] = Field(
        min_length=2, description="Ids of the analyses, a panel each."
    )
    heads: Labels = Field((), description="Heads of the panels; the titles of the analyses if left out.")
    width_mm: Real = Field(174.0, ge=84, le=400, description="Width at print in mm, at least 84.")
    style: Literal["plain", "cochrane", "bmj", "jama", "lancet"] = Field("plain", description="House style.")
    dpi: Literal[300, 600] = Field(300, description="Of PNG.")

    @model_validator(mode="after")
    def _as_many(self) -> Self:
        if self.heads and len(self.heads) != len(self.analyses):
            what = f"{len(self.heads)} heads for {len(self.analyses)} analyses"
            raise fail("E103", what, "Fix: one head an analysis, or none.", key="heads")
        return self
