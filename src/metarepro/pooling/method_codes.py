"""Codes and words of all methods without their formulas: configuration, sentences and figures need no more.

methods.json is generated from the tables in `tau2`, `inference` and `glmm_fit` (`python -m metarepro.analysis.schema`),
so that a formula may change without anything being drawn again that does not depend on it.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

FILE = Path(__file__).parent / "methods.json"
_WORDS: dict[str, dict[str, dict[str, Any]]] = json.loads(FILE.read_text(encoding="utf-8"))
# By code: estimators of tau2, confidence intervals (those of counts alone apart), prediction intervals.
ESTIMATORS, INTERVALS, PREDICTIONS = (_WORDS[name] for name in ("tau2", "ci", "pi"))
INTERVALS_OF_COUNTS = _WORDS["ci_of_counts"]
ESTIMATORS_OF_COUNTS = _WORDS.get("tau2_of_counts", {})


def usual_interval(estimator: str) -> str:
    """Code of the interval where none is asked for: the wider of Hartung-Knapp and Wald; Wald for a common effect."""
    return "z" if estimator == "CE" else "HK-ci"
