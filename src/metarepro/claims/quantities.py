"""The quantities that rules may name."""

from __future__ import annotations

from collections.abc import Callable

from metarepro.claims.grammar import Call
from metarepro.claims.lookups import PARTS, Library, UnknownNameError, Value, nearest_of
from metarepro.claims.result_quantities import (
    PER_HUNDRED,
    certainty,
    extreme,
    per_hundred,
    pooled,
    printed,
    says,
    verdict,
)
from metarepro.claims.row_quantities import (
    arm_column,
    attainable,
    cited,
    cited_trials,
    contrast,
    counts,
    score,
    share,
    source_column,
    study_column,
)
from metarepro.evidence.tables import Claim

Lookup = Callable[[Library, Call, Claim], Value]
_CELL = "study, arm, outcome, hours (or none)"
# Least and most arguments, what looks it up, how it is written.
QUANTITIES: dict[str, tuple[int, int, Lookup, str]] = {
    "pooled": (1, 3, pooled, f"analysis, part (one of {', '.join(PARTS)}), subgroup"),
    "per100": (2, 2, per_hundred, f"analysis, part ({', '.join(PER_HUNDRED)})"),
    "says": (1, 1, says, "analysis"),
    "certainty": (1, 1, certainty, "analysis"),
    "lowest": (1, 1, extreme, "analysis"),
    "highest": (1, 1, extreme, "analysis"),
    "rate": (4, 4, counts, _CELL),
    "events": (4, 4, counts, _CELL),
    "total": (4, 4, counts, _CELL),
    "score": (5, 5, score, f"{_CELL}, statistic"),
    "contrast": (4, 5, contrast, f"{_CELL}, part (estimate, ci_low, ci_high)"),
    "study": (2, 2, study_column, "study, column of studies"),
    "arm": (3, 3, arm_column, "study, arm, column of arms"),
    "source": (2, 2, source_column, "source, column of sources"),
    "cited": (1, 1, cited, "kind of source, or all"),
    "cited_trials": (1, 1, cited_trials, "agent"),
    "share": (3, 3, share, "column of arms, value, agent"),
    "attainable": (2, 2, attainable, "percentage as printed, patients"),
    "printed": (1, 2, printed, "printed result, part (estimate, ci_low, ci_high, k, n_total)"),
    "verdict": (1, 1, verdict, "printed result"),
}


def look_up(library: Library, call: Call, claim: Claim) -> Value:
    """Value of a quantity in the rule of a claim.

    Raises
    ------
    UnknownNameError
        There is no such quantity, analysis, row or column; or several rows fit.
    """
    if call.name not in QUANTITIES:
        raise UnknownNameError(f"there is no quantity {call.name!r}{nearest_of(call.name, QUANTITIES)}", call)
    least, most, function, usage = QUANTITIES[call.name]
    if not least <= len(call.arguments) <= most:
        raise UnknownNameError(f"{call.name} takes: {usage}", call)
    return function(library, call, claim)
