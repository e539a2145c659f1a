"""Configured analyses: which rows, which model, one result object and its JSON."""

from metarepro.analysis.config import Config, read_config
from metarepro.analysis.plan import make_plan
from metarepro.analysis.result import AnalysisResult, from_json, to_json
from metarepro.analysis.run import run_analysis

__all__ = ["AnalysisResult", "Config", "from_json", "make_plan", "read_config", "run_analysis", "to_json"]
