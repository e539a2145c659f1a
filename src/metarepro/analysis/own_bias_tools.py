"""Tools of one's own that judge the risk of bias, from the configuration."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Self

from pydantic import Field, model_validator

from metarepro.analysis.parts import Label, Part, Truth, fail
from metarepro.evidence.bias_tools import BIAS_TOOLS, MOST_DOMAINS, BiasTool, Judgement, numbered


class OwnBiasTool(Part):
    """A tool that judges the risk of bias, or a set of domains, that is not among the known ones."""

    name: Label = Field(min_length=1, description="Name in figures.")
    domains: tuple[Label, ...] = Field(
        min_length=1,
        max_length=MOST_DOMAINS,
        description="Names of its domains d1, d2 ... in their order.",
    )
    judgements: tuple[Judgement, ...] = Field(
        ("low", "high", "unclear"), min_length=2, description="Its judgements, from best to worst."
    )
    overall: Truth = Field(
        False, description="Whether it judges the overall risk, which is at least as bad as the worst domain."
    )

    @model_validator(mode="after")
    def _judging(self) -> Self:
        if len(set(self.judgements)) < len(self.judgements):
            raise fail("E103", "a judgement is there twice", "Fix: each once, from best to worst.", key="judgements")
        return self


def tools_of(own: Mapping[str, OwnBiasTool]) -> dict[str, BiasTool]:
    """All tools that rows may name: the known ones, and those of the configuration."""
    return BIAS_TOOLS | {
        key: BiasTool(key, tool.name, numbered(*tool.domains), tool.judgements, "", tool.overall)
        for key, tool in own.items()
    }
