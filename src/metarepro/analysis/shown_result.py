"""A result as figures show it: the same numbers, with options of the figures and what stands beside the studies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from metarepro.analysis.result import AnalysisResult, StudyEffect
from metarepro.evidence.bias_tools import ROB2, BiasTool

# What stands beside a study: cells of further columns by their heads, judgements of bias by domain.
Beside = tuple[dict[str, str], dict[str, str]]


@dataclass(frozen=True)
class FigureOptions:
    """How the figures of an analysis look; nothing here changes a number.

    Attributes
    ----------
    style : str
        House style: plain, cochrane, bmj, jama, lancet.
    width_mm : float
        Width at print: 84, 120 or 174 mm are the usual columns.
    models : tuple of str
        Ids of sensitivity analyses whose pooled results are shown below the main one.
    columns : tuple of str
        Heads of further columns, of `ShownStudy.columns`.
    risk_of_bias : bool
        Whether judgements stand beside the studies.
    dpi : int
        Of PNG.
    title, notes : bool
        Whether they stand in the picture; journals set them beside it. They are in the text alternative in any case.
    also : tuple of str
        Further figures.
    """

    style: str = "plain"
    width_mm: float = 174.0
    models: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    risk_of_bias: bool = False
    dpi: int = 300
    title: bool = True
    notes: bool = True
    also: tuple[str, ...] = ()


@dataclass(frozen=True)
class ShownStudy(StudyEffect):
    """One study, with cells of further columns by their heads, and judgements of bias by domain.

    A judgement is a word of the tool, or empty for not assessed.
    """

    columns: dict[str, str] = field(default_factory=dict)
    risk_of_bias: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class ShownResult(AnalysisResult):
    """A result that figures draw; its judgements of bias are those of one tool."""

    studies: tuple[ShownStudy, ...]
    figure: FigureOptions = FigureOptions()
    bias_tool: BiasTool = ROB2


def show(
    result: AnalysisResult,
    beside: Mapping[tuple[str, str], Beside] | None = None,
    bias_tool: BiasTool | None = None,
    **options: Any,
) -> ShownResult:
    """Prepare a result for its figures.

    Parameters
    ----------
    result : AnalysisResult
        One that is prepared already keeps its options but for those given.
    beside : mapping, optional
        What stands beside studies, by their id and label.
    bias_tool : BiasTool, optional
        That made the judgements of bias.
    **options
        Fields of `FigureOptions`.
    """
    if not isinstance(result, ShownResult):
        own = {f.name: getattr(result, f.name) for f in fields(result)}
        own["studies"] = tuple(ShownStudy(**_fields_of(s)) for s in result.studies)
        result = ShownResult(**own)
    studies = result.studies
    if beside:
        cells = [beside.get((s.study_id, s.label), (s.columns, s.risk_of_bias)) for s in studies]
        studies = tuple(replace(s, columns=c, risk_of_bias=r) for s, (c, r) in zip(studies, cells, strict=True))
    figure, tool = replace(result.figure, **options), bias_tool or result.bias_tool
    return replace(result, studies=studies, figure=figure, bias_tool=tool)


def _fields_of(study: StudyEffect) -> dict[str, Any]:
    return {f.name: getattr(study, f.name) for f in fields(study)}
