"""What changed since the run before, as the page shows it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from metarepro.analysis.result import AnalysisResult
from metarepro.changes import setting_text
from metarepro.effects import get_measure
from metarepro.report.anchors import anchor_of
from metarepro.report.words import plural


def changes_view(changes: Mapping[str, Any] | None, results: Sequence[AnalysisResult]) -> dict[str, Any] | None:
    """What the template shows; None if there was no run before, or nothing to show."""
    if changes is None or not changes["compared"]:
        return None
    measures = {r.id: get_measure(r.measure) for r in results}
    numbers = []
    for n in changes["numbers"]:
        measure = measures.get(n["analysis"])
        shown = [_changed_number(n["number"], measure, n[side]) for side in ("old", "new")]
        share = f"{n['percent']:+.2g}%".replace("-", "\u2212") if n["percent"] is not None else ""
        numbers.append(
            {**n, "label": _NUMBER_NAMES.get(n["number"], n["number"]), "shown": shown, "share": share,
             "anchor": anchor_of(n["analysis"])}
        )  # fmt: skip
    settings = [{**s, "shown": [setting_text(s[side]) for side in ("old", "new")]} for s in changes["settings"]]
    view = {**changes, "numbers": numbers, "settings": settings}
    moved = {n["analysis"] for n in numbers} | set(changes["others"])
    if not any(view[part] for part in ("rows", "settings", "figures", "added", "removed")) and not moved:
        return None
    counts = [(len(view["rows"]), "data row"), (len(settings), "setting"), (len(view["figures"]), "figure")]
    analyses = f"numbers of {len(moved)} analys{'is' if len(moved) == 1 else 'es'}"
    words = [plural(n, word) for n, word in counts if n]
    view["summary"] = ", ".join([*words, *([analyses] if moved else [])]) or "analyses added or removed"
    return view


_NUMBER_NAMES = {
    "k": "studies", "ci_low": "interval, low", "ci_high": "interval, high", "pi_low": "prediction interval, low",
    "pi_high": "prediction interval, high", "tau2": "τ²", "i2": "I²", "p_value": "P",
}  # fmt: skip


def _changed_number(name: str, measure: Any, value: float | None) -> str:
    """A number with more digits than elsewhere, so that a small change shows."""
    if value is None:
        return "\u2013"
    if measure is not None and measure.percent and name in ("estimate", "ci_low", "ci_high", "pi_low", "pi_high"):
        return f"{100 * value:.4g}%".replace("-", "\u2212")
    return f"{value:.5g}".replace("-", "\u2212")
