"""Made-up reproductions and audited claims for the tests of their figures."""

from __future__ import annotations

import math
from typing import Any

from metarepro.claims.result import AuditedClaim
from metarepro.reproduction.result import Numbers, PrintedNumbers, Reproduction, Resynthesis, SpecificationResult

NAN = math.nan
HOSTILE = '<script>alert(1)</script> & $x^2$ $\\foo$ "quotes" {{ 7*7 }} \u4e2d\x07'
LONG = "Von Müller-Lüdenscheidt, Ångström-Öberg and Château-Renault, the second report. " * 4


def reproduction(number: int = 0, **fields: Any) -> Reproduction:
    """BCG 0.49 (0.34 to 0.70), recomputed exactly, unless told otherwise."""
    values: dict[str, Any] = {
        "id": f"r{number}", "review": "colditz1994", "label": "Colditz 1994", "group": "Vaccines", "outcome": "tuberculosis",
        "comparison": "BCG vs none", "timepoint_h": 24.0, "measure": "RR", "code": "RR", "model": "REML", "k": 13, "participants": 357347,
        "printed": PrintedNumbers("0.49", "0.34", "0.70"), "basis": "printed inputs", "k_inputs": 13, "verdict": "exact",
        "reason": "", "recomputed": Numbers(0.4894, 0.3441, 0.6962), "rounded": PrintedNumbers("0.49", "0.34", "0.70"),
        "difference": -0.0006, "relative": -0.001, "tried": 72, "agreeing": 7, "specifications": (), "explanations": (), "studies": (),
        "resynthesis": None, "must": "", "source_id": "", "source_url": "", "locator": "", "level": "", "notes": "", "file": "", "line": 0,
    }  # fmt: skip
    return Reproduction(**{**values, **fields})


def resynthesis(estimate: float, low: float, high: float, k: int = 3) -> Resynthesis:
    """An analysis of our own rows."""
    return Resynthesis("a", "A", None, k, 100, Numbers(estimate, low, high), (), "", "", 0, 0, NAN, NAN, "")


def specification(estimate: float, half: float = 0.2, **fields: Any) -> SpecificationResult:
    """One way of computing a ratio."""
    numbers = Numbers(estimate, estimate * math.exp(-half), estimate * math.exp(half))
    values: dict[str, Any] = {
        "measure": "RR",
        "effects": "as they are",
        "tau2": "REML",
        "interval": "z",
        "numbers": numbers,
        "own": False,
        "agrees": False,
    }
    return SpecificationResult(**{**values, **fields})


def claim(number: int = 0, **fields: Any) -> AuditedClaim:
    """A claim that is supported by a rule."""
    values: dict[str, Any] = {
        "id": f"c{number}", "document": "page_1", "page": "The first page", "claim": f"Claim {number} about ketamine.", "kind": "rate",
        "claimed": "67%", "by": "rule", "verdict": "supported", "in_short": f"The trials say so, number {number}.", "reason": "",
        "rule": "", "holds": 0, "specifications": 0, "held_in": (), "failed_in": (), "evidence": (), "cited": (), "sources": (), "recorded": "",
        "file": "", "line": number,
    }  # fmt: skip
    return AuditedClaim(**{**values, **fields})


def marks(canvas: Any, start: str) -> list[Any]:
    """Marks whose name starts with a text."""
    return [m for m in canvas.marks if m.name.startswith(start)]


def said(canvas: Any) -> list[str]:
    """All texts of a picture."""
    return [t.text for t in canvas.texts]
