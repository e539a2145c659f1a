"""How the figures of each analysis look, as records of their own: a changed look makes no number anew."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from metarepro.analysis.beside_study import beside_study, tool_of
from metarepro.analysis.config import Analysis, Config
from metarepro.analysis.own_bias_tools import tools_of
from metarepro.analysis.result import AnalysisResult
from metarepro.analysis.selection import Selection
from metarepro.analysis.shown_result import ShownResult, show
from metarepro.evidence.bias_tools import ROB2, BiasTool
from metarepro.evidence.dataset import Dataset


def looks_text(config: Config, analyses: Sequence[Analysis], selections: Mapping[str, Selection], data: Dataset) -> str:
    """Records of the looks of some analyses: figure options, and what stands beside each study."""
    tools = tools_of(config.risk_of_bias)
    content = {}
    for a in analyses:
        comparisons = selections[a.id].comparisons
        tool = tool_of(a, comparisons, data, tools) if a.figure.risk_of_bias else None
        beside = (
            [[c.study_id, c.label, *beside_study(a, c, data, tool or ROB2)] for c in comparisons]
            if a.figure.columns or a.figure.risk_of_bias
            else []
        )
        content[a.id] = {"options": asdict(a.figure.options), "png": a.figure.png, "beside": beside}
        if tool is not None:
            content[a.id]["bias_tool"] = asdict(tool)
    return json.dumps(content, ensure_ascii=False, indent=1) + "\n"


def read_looks(file: str | Path) -> dict[str, Any]:
    """Records of looks, by analysis."""
    return dict(json.loads(Path(file).read_text(encoding="utf-8")))


def with_looks(result: AnalysisResult, looks: Mapping[str, Any]) -> ShownResult:
    """A result with its figure options, and with what stands beside its studies."""
    options: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in looks["options"].items()}
    beside = {(study, label): (columns, judgements) for study, label, columns, judgements in looks["beside"]}
    tool = looks.get("bias_tool")
    return show(result, beside, tool and BiasTool(**tool), **options)
