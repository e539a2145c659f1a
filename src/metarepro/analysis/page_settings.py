"""Settings of the page: its question, first sentences and cards, with the conditions that make them true."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from metarepro.analysis.parts import AnalysisId, Label, Part, Remark, one_or_more

Guard = Annotated[str, Field(min_length=1, max_length=2000)]
MOST_CARDS, MOST_SENTENCES, MOST_FINDINGS = 6, 4, 7


class GuardedSentence(Part):
    """A sentence of yours, with the condition that makes it true."""

    text: Remark = Field(min_length=1, description="The sentence; quantities in braces are filled in at each run.")
    when: Guard = Field(
        description="Condition in the grammar of claims (docs/claims.md): `pooled(ID, ci_high) < 0 and ...`. The run "
        "stops where it does not hold."
    )


class Card(Part):
    """A question with the answer of one analysis."""

    id: AnalysisId = Field(description="Id, by which links find the card.")
    question: Label = Field(min_length=1, description="The question, as a reader would ask it.")
    analysis: AnalysisId = Field(description="The analysis that answers it.")
    text: Remark = Field("", description="Answer in a sentence of yours; left out: made from the numbers.")
    when: Guard | None = Field(None, description="Condition that makes `text` and `remark` true; required with `text`.")
    remark: Remark = Field("", description="What a reader must know beside; a text without numbers.")


class PageSettings(Part):
    """The page; what is left out is made from the analyses."""

    question: Label = Field("", description="Headline of the page; left out: the title.")
    lede: tuple[GuardedSentence, ...] = Field(
        (), max_length=MOST_SENTENCES, description="First sentences, four at most."
    )
    cards: tuple[Card, ...] = Field(
        (), max_length=MOST_CARDS, description="Six at most; left out: one an outcome, with its primary analysis."
    )
    findings: Annotated[tuple[AnalysisId, ...], BeforeValidator(one_or_more)] = Field(
        (), max_length=MOST_FINDINGS,
        description="Rows of the summary of findings, seven at most; left out: those of the cards, then harms.",
    )  # fmt: skip
    updated: Label = Field("", description="Date of the data, in words.")
    meaning: dict[str, Label] = Field(
        default_factory=dict, description="What an agent is, for readers who do not know it: `midazolam: a sedative`."
    )
    tables: Annotated[tuple[Literal["docx", "xlsx", "latex", "markdown"], ...], BeforeValidator(one_or_more)] = Field(
        (), description="Further formats of results/tables, beside CSV."
    )
