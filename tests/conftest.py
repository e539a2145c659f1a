"""What several tests need: the reference numbers, the default project, results of every analysis."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from metarepro.analysis import read_config, run_analysis
from metarepro.analysis.result import AnalysisResult
from metarepro.evidence import read_dataset

ROOT = Path(__file__).parent.parent
REFERENCE = json.loads((ROOT / "tests/data/metafor_reference.json").read_text())


def agree(ours: float, theirs: float | None, tolerance: float) -> bool:
    """Equal to a relative tolerance, or both about zero, or both missing."""
    if theirs is None:
        return not math.isfinite(ours)
    return math.isclose(ours, theirs, rel_tol=tolerance, abs_tol=1e-12)


@pytest.fixture(scope="session")
def config():
    """The default configuration."""
    return read_config(ROOT / "config.yaml")


@pytest.fixture(scope="session")
def data():
    """The default tables."""
    return read_dataset(ROOT / "data/raw")


@pytest.fixture(scope="session")
def results(config, data) -> dict[str, AnalysisResult]:
    """Results of every default analysis."""
    return {a.id: run_analysis(config, a, data) for a in config.analyses}
