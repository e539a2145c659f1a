"""Where a raw row comes from, and what it says, in words."""

from __future__ import annotations

from metarepro.analysis.result import Provenance
from metarepro.evidence.tables import Choosable, ComparisonRow, Continuous, Contrast, Dichotomous


def provenance(row: Choosable) -> Provenance:
    """Where a raw row comes from, and what it says, in words."""
    key = [getattr(row, "study_id", "")]
    if isinstance(row, Contrast):
        key += [f"{row.experimental_arm} v {row.control_arm}"]
        says = f"{row.measure} {row.estimate:g}" if row.estimate is not None else row.measure
        if row.ci_low is not None and row.ci_high is not None:
            says += f" ({row.ci_low:g} to {row.ci_high:g})"
        if row.se is not None:
            says += f", SE {row.se:g}"
        if row.p_value:
            says += f", p {row.p_value}"
        if isinstance(row, ComparisonRow):
            says = ", ".join(x for x in (says, *_numbers(row)) if x)
    elif isinstance(row, Dichotomous):
        key += [row.arm_id]
        says = f"{row.events if row.events is not None else '?'}/{row.total if row.total is not None else '?'}"
    else:
        assert isinstance(row, Continuous)
        key += [row.arm_id, row.statistic]
        whole = row.mean is not None and row.sd is not None and row.n is not None and row.poolable
        says = f"n {row.n}, mean {row.mean:g}, SD {row.sd:g}" if whole else "incomplete"
    outcome, scale, time = (getattr(row, n) for n in ("outcome", "scale", "timepoint_h"))
    key += [outcome, *([scale] if scale else []), *([f"{time:g} h"] if time is not None else [])]
    return Provenance(
        row.table, " / ".join(key), says, row.source_id, row.source_url, row.locator, row.derivation, row.level
    )


def _numbers(row: ComparisonRow) -> list[str]:
    """The numbers of both arms, or of one group, with the names of their columns."""
    names = [n for n in ComparisonRow.__annotations__ if n not in ("table", "key", "estimate", "measure")]
    return [f"{n} {x:g}" for n in names if isinstance(x := getattr(row, n), float)]
