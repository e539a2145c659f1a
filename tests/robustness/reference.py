"""Reference numbers of R metafor and of independent code, as `tests/data/README.md` says."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from tests.conftest import ROOT

REFERENCE = json.loads((ROOT / "tests/data/robustness_reference.json").read_text())
TAU2 = {"EE": "CE", "FE": "CE"}


def estimator(method: str) -> str:
    return TAU2.get(method, method)


def numbers(values: list[Any]) -> np.ndarray:
    return np.array([np.nan if x is None else x for x in values], dtype=float)


def effects(case: dict[str, Any]) -> tuple[np.ndarray, np.ndarray]:
    return numbers(case["yi"]), numbers(case["vi"])


def direction(case: dict[str, Any]) -> str:
    return "greater" if case["expected_direction"] > 0 else "less"


def close(ours: Any, theirs: Any, rtol: float = 1e-6) -> None:
    theirs = numbers(np.atleast_1d(np.asarray(theirs, dtype=object)).tolist())
    np.testing.assert_allclose(np.atleast_1d(np.asarray(ours, dtype=float)), theirs, rtol=rtol, atol=1e-9)
