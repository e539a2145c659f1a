"""What would change each headline: single trials, missing trials, trials without an effect, choices."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from markupsafe import Markup

from metarepro.analysis.decimals import measure_of
from metarepro.analysis.result import FEW, AnalysisResult
from metarepro.analysis.robustness_parts import MultiverseResult, RobustnessResult, WhatIf
from metarepro.effects import Measure, get_measure, to_display
from metarepro.figures.page import numbers as fmt
from metarepro.figures.page.specification_axes import runs_of, specification_axis
from metarepro.figures.page.text import counted
from metarepro.report.anchors import anchor_of
from metarepro.report.time_plot import LEFT, RIGHT, TOP
from metarepro.report.words import effect, label_of, values_of

QUESTIONS = {
    "without_lowest": "Lowest result",
    "without_highest": "Highest result",
    "trim_and_fill": "Missing trials filled in (trim and fill)",
    "pet_peese": "A trial of infinite size (PET-PEESE)",
    "limit": "A trial of infinite size (limit meta-analysis)",
    "selection": "Trials selected by their p-values (three-parameter model)",
    "large_studies": "Only trials large enough to find the effect (WAAP)",
}
# Below this many trials rules of thumb for influence mark nearly everything.
LEAST_FOR_INFLUENCE = 5
# A curve of fewer ways of computing is the list of them.
LEAST_FOR_CURVE = 8
# The curve: where its effects end, and the height of one level, in px.
BOTTOM, LEVEL = 150.0, 19.0
# How far intervals may stretch its axis, in spans of the estimates.
REACH = 1.0


def robustness_views(shown: Sequence[AnalysisResult]) -> list[dict[str, Any]]:
    """What the template shows of each headline that pools three trials or more."""
    found = []
    curve = True
    for r in shown:
        if r.robustness is None or r.summary is None or r.summary.k <= FEW:
            continue
        view = _view(r, r.robustness)
        view["curve"] = _curve(r, r.multiverse) if curve and r.multiverse else ""
        curve = curve and not view["curve"]
        found.append(view)
    return found


def _view(r: AnalysisResult, found: RobustnessResult) -> dict[str, Any]:
    m = measure_of(r)
    assert r.summary is not None
    rows = [
        {
            "what": "As it is",
            "result": effect(m, values_of(r.summary), r.id),
            "k": r.summary.k,
            "says": _says(r, r.conclusion.crosses_null, first=True),
        }
    ]
    rows += [_row(r, m, x, i) for i, x in enumerate(found.what_if)]
    marked = [x.label for x in found.influence if x.influential]
    return {
        "id": r.id, "anchor": anchor_of(r.id), "title": r.title, "label": label_of(r), "rows": rows,
        "facts": [*_facts(r, m, found), *_minimal(m, found), *_tests(found)],
        "marked": marked if len(found.influence) >= LEAST_FOR_INFLUENCE else None,
        "multiverse": _choices(r, m, r.multiverse) if r.multiverse else None,
        "notes": [str(n) for n in found.notes if n.code != "no_test_of_few"],
    }  # fmt: skip


def _row(r: AnalysisResult, m: Measure, x: WhatIf, i: int) -> dict[str, Any]:
    what = QUESTIONS[x.question]
    if x.detail is not None:
        what += f": {x.detail}"
    if x.k <= FEW:
        return {"what": what, "k": x.k, "result": "not pooled", "says": "two trials are left"}
    return {
        "what": what, "k": x.k, "says": _says(r, x.crosses_null),
        "result": effect(m, (x.estimate, x.ci_low, x.ci_high), f"{r.id}/r/{i}"),
    }  # fmt: skip


def _says(r: AnalysisResult, crosses: bool | None, first: bool = False) -> str:
    """What an interval says of a difference, and whether that is what the main one says."""
    if crosses is None:
        return ""
    words = "no difference is possible" if crosses else "excludes no difference"
    return words if first or crosses == r.conclusion.crosses_null else f"{words}: it changes"


def _facts(r: AnalysisResult, m: Measure, found: RobustnessResult) -> list[str]:
    """Trials without an effect, and bias of all trials, that would undo a result which excludes no difference."""
    if not found.tipping_bias > 0:
        return []
    facts = []
    if found.null_trials > 0:
        trials = counted(int(found.null_trials), "further trial")
        facts.append(f"{trials} of average precision without any effect would make no difference possible.")
    if get_measure(r.measure).ratio:
        by = f"a factor of {fmt.fixed(math.exp(found.tipping_bias), 2)}"
    else:
        shift = float(to_display(r.measure, found.tipping_bias))
        unit = {"SMD": " standard deviations", "RD": " percentage points"}.get(r.measure, " points")
        by = f"{fmt.fixed(100 * shift if m.percent else shift, m.decimals)}{unit}"
    return [
        *facts,
        f"So would a bias of all trials by {by}."
        if facts
        else f"A bias of all trials by {by} would make no difference possible.",
    ]


def _minimal(m: Measure, found: RobustnessResult) -> list[str]:
    """The chance that a further trial's true effect would be large enough to matter."""
    if not math.isfinite(found.reaches_minimal):
        return []
    chance, least = fmt.fixed(100 * found.reaches_minimal, 0), f"{found.minimal_difference:g}"
    return [
        f"The true effect of a further trial would reach the smallest difference that patients would notice ({least} "
        f"points) with a chance of {chance}%."
    ]


def _tests(found: RobustnessResult) -> list[str]:
    fitting = [t for t in found.asymmetry if t.fits]
    if not fitting:
        return []
    said = "; ".join(f"{t.name} {fmt.p_value(t.p_value)}" for t in fitting)
    return [f"Do small trials show other effects? {said}."]


def _choices(r: AnalysisResult, m: Measure, found: MultiverseResult) -> dict[str, Any]:
    first, last = found.universes[0], found.universes[-1]
    n = len(found.universes)
    one = not math.isnan(found.same_direction)
    factor = found.factors[0]
    return {
        "n": n, "combinations": found.combinations, "sampled": found.seed is not None,
        "same": round(n * found.same_direction) if one else None,
        "beyond": round(n * found.excluding_null) if one else None,
        "low": effect(m, (first.estimate, math.nan, math.nan), f"{r.id}/u/0"),
        "high": effect(m, (last.estimate, math.nan, math.nan), f"{r.id}/u/{n - 1}"),
        "mover": factor.name if factor.share > 0 else "", "share": round(100 * factor.share),
        "p": fmt.p_value(found.null_p) if math.isfinite(found.null_p) else "",
    }  # fmt: skip


def _curve(r: AnalysisResult, found: MultiverseResult) -> Markup | str:
    """The specification curve: effects with intervals, the smallest first, and below them which levels each takes.

    Places across are in percent, and marks lie in a shape that stretches with the page, so that text never scales.
    """
    n = len(found.universes)
    if n < LEAST_FOR_CURVE:
        return ""
    m = measure_of(r)
    values = [(u.estimate, u.ci_low, u.ci_high) for u in found.universes]
    axis = specification_axis(m, values, BOTTOM - TOP, REACH)

    def y(value: float) -> float:
        place = axis.position(value) if math.isfinite(value) and (value > 0 or not m.ratio) else 0.0
        return BOTTOM - (BOTTOM - TOP) * min(max(place, 0.0), 1.0)

    def x(i: float) -> float:
        return LEFT + (RIGHT - LEFT) * (i + 0.5) / n

    parts = []
    for tick, label in zip(axis.ticks, axis.labels, strict=True):
        parts.append(f'<line class="gr" x1="{LEFT}%" x2="{RIGHT}%" y1="{y(tick):.1f}" y2="{y(tick):.1f}"/>')
        parts.append(f'<text class="e" x="{LEFT - 1}%" y="{y(tick) + 4:.1f}">{label}</text>')
    if m.null is not None:
        parts.append(f'<line class="nl" x1="{LEFT}%" x2="{RIGHT}%" y1="{y(m.null):.1f}" y2="{y(m.null):.1f}"/>')
    bounded = [(i, u) for i, u in enumerate(found.universes) if math.isfinite(u.ci_low) and math.isfinite(u.ci_high)]
    intervals = "".join(f"M{x(i):.1f} {y(u.ci_low):.0f}V{y(u.ci_high):.0f}" for i, u in bounded)
    dots = "".join(f"M{x(i):.1f} {y(u.estimate):.1f}h0" for i, u in enumerate(found.universes))
    marks, words, below = "", [], BOTTOM + 22
    for j, factor in enumerate(found.factors):
        words.append(f'<text class="tb" y="{below:.0f}">{Markup.escape(factor.name)}</text>')
        for level, name in enumerate(factor.levels):
            below += LEVEL
            words.append(f'<text x="2%" y="{below:.0f}">{Markup.escape(name)}</text>')
            below += 4
            taken = [i for i, u in enumerate(found.universes) if u.levels[j] == level]
            marks += "".join(f"M{x(a - 0.35):.1f} {below + 2:.0f}H{x(b + 0.35):.1f}" for a, b in runs_of(taken))
        below += 32
    below -= 16
    parts.append(
        f'<svg width="100%" height="{below:.0f}" viewBox="0 0 100 {below:.0f}" preserveAspectRatio="none">'
        f'<path class="tk2" d="{intervals}"/><path class="tp" stroke-linecap="round" d="{dots}"/>'
        f'<path class="tk3" d="{marks}"/></svg>'
    )
    if found.main >= 0:
        main = found.universes[found.main]
        parts.append(f'<circle class="mn" cx="{x(found.main):.2f}%" cy="{y(main.estimate):.1f}" r="5"/>')
    title = f"{r.title}: {n} ways of computing it, the smallest effect first; the text above has the numbers"
    return Markup(
        f'<svg class="cv" height="{below:.0f}" role="img" aria-labelledby="g-curve-{r.id}">'
        f'<title id="g-curve-{r.id}">{Markup.escape(title)}</title>{"".join((*parts, *words))}</svg>'
    )
