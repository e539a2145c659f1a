"""Configured analyses: which rows, which model, one result object and its JSON."""

from typing import TYPE_CHECKING

from metarepro._lazy import lazy

if TYPE_CHECKING:
    from metarepro.analysis.config import Config
    from metarepro.analysis.config_file import read_config
    from metarepro.analysis.flow import Flow, make_flow, read_flow
    from metarepro.analysis.from_fit import result_of
    from metarepro.analysis.result import AnalysisResult, from_json, to_json
    from metarepro.analysis.risk_of_bias import Assessment, assessments_of, judgement_shares, weights_of
    from metarepro.analysis.run import run_analysis
    from metarepro.analysis.study_flow import flow_of
    from metarepro.analysis.time_course import time_courses

__getattr__ = lazy(
    __name__,
    {
        "Config": "metarepro.analysis.config",
        "read_config": "metarepro.analysis.config_file",
        "Flow": "metarepro.analysis.flow",
        "flow_of": "metarepro.analysis.study_flow",
        "make_flow": "metarepro.analysis.flow",
        "read_flow": "metarepro.analysis.flow",
        "result_of": "metarepro.analysis.from_fit",
        "AnalysisResult": "metarepro.analysis.result",
        "from_json": "metarepro.analysis.result",
        "to_json": "metarepro.analysis.result",
        "Assessment": "metarepro.analysis.risk_of_bias",
        "assessments_of": "metarepro.analysis.risk_of_bias",
        "judgement_shares": "metarepro.analysis.risk_of_bias",
        "weights_of": "metarepro.analysis.risk_of_bias",
        "run_analysis": "metarepro.analysis.run",
        "time_courses": "metarepro.analysis.time_course",
    },
)
__all__ = [
    "AnalysisResult",
    "Assessment",
    "Config",
    "Flow",
    "assessments_of",
    "flow_of",
    "from_json",
    "judgement_shares",
    "make_flow",
    "read_config",
    "read_flow",
    "result_of",
    "run_analysis",
    "time_courses",
    "to_json",
    "weights_of",
]
