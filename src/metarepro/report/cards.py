"""Cards: a question, its answer in a sentence and a picture, how far it reaches, what would change it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from metarepro.analysis.conclusion_parts import AbsoluteEffect
from metarepro.analysis.config import Config
from metarepro.analysis.decimals import measure_of
from metarepro.analysis.page_settings import MOST_CARDS, MOST_FINDINGS, Card
from metarepro.analysis.result import FEW, AnalysisResult
from metarepro.figures.forest_plots.scale import forest_axis
from metarepro.report.anchors import anchor_of
from metarepro.report.row_plot import RowPlot
from metarepro.report.sentences import answer, what_would_change
from metarepro.report.words import (
    NOT_ASSESSED,
    Reader,
    control,
    people,
    sides,
    treatment,
    used_studies,
    values_of,
    verdict,
)

# Sentences of the settings with their quantities filled in, by their place there.
Filled = Mapping[tuple[Any, ...], Sequence[tuple[str, str]]]


def filled_text(parts: Sequence[tuple[str, str]]) -> Markup:
    """A sentence of the settings, each number with the quantity that it is."""
    return Markup("").join(
        Markup('<span data-q="{}">{}</span>').format(quantity, text) if quantity else Markup.escape(text)
        for text, quantity in parts
    )


def chosen_cards(config: Config, results: Mapping[str, AnalysisResult]) -> list[Card]:
    """Cards of the settings; without any one an outcome, with its primary analysis, else the first that pools enough.

    Rates of one arm and harms make no card of their own.
    """
    if config.page.cards:
        return list(config.page.cards)
    chosen: dict[str, AnalysisResult] = {}
    for r in results.values():
        if measure_of(r).null is None or r.harm or r.conclusion.verdict in ("no_trial", "not_pooled"):
            continue
        known = chosen.get(r.outcome)
        if known is None or (not known.primary and (r.primary or _k(r) > FEW >= _k(known))):
            chosen[r.outcome] = r
    return [
        Card(id=anchor_of(r.id), question=r.title, analysis=r.id) for r in list(chosen.values())[:MOST_CARDS]
    ]  # fmt: skip


def _k(result: AnalysisResult) -> int:
    return result.summary.k if result.summary else 0


def chosen_findings(config: Config, cards: Sequence[Card], results: Mapping[str, AnalysisResult]) -> list[str]:
    """Analyses in the summary of findings: those of the settings, else those of the cards, then harms."""
    if config.page.findings:
        return list(config.page.findings)
    harms = [r.id for r in results.values() if r.harm and measure_of(r).null is not None]
    return list(dict.fromkeys([*(c.analysis for c in cards), *harms]))[:MOST_FINDINGS]


def cards_view(
    config: Config, cards: Sequence[Card], results: Mapping[str, AnalysisResult], filled: Filled, reader: Reader,
    opens: Mapping[str, str],
) -> list[dict[str, Any]]:  # fmt: skip
    """What the template shows of the cards; `opens` is the anchor of the fold of each analysis."""
    view = []
    for number, card in enumerate(cards):
        r = results[card.analysis]
        own = filled.get(("page", "cards", number)) if card.text else None
        difference = config.outcomes[r.outcome].minimal_difference if r.outcome in config.outcomes else None
        view.append(
            {
                "card": card,
                "result": r,
                "anchor": f"card-{card.id}",
                "verdict": verdict(r),
                "sentence": filled_text(own) if own else answer(r, reader),
                "icons": _icons(r),
                "mini": _mini(r, number),
                "evidence": f"{people(r)}{_second_hand(r)}" if used_studies(r) else "no trial",
                "against": reader.explained(control(r)) if r.control_label else "",
                "when": reader.times(r),
                "certainty": _certainty(r),
                "change": what_would_change(r) if _k(r) > FEW else "",
                "difference": difference,
                "continuous": r.measure in ("MD", "SMD"),
                "opens": opens.get(r.id, anchor_of(r.id)),
            }
        )
    return view


def _second_hand(r: AnalysisResult) -> str:
    """How many of the trials have numbers that were read in another report than their own."""
    used = used_studies(r)
    read = sum(s.level == "secondary" for s in used)
    if not read:
        return ""
    which = "" if len(used) == 1 else "all " if read == len(used) else f"{read} "
    return f"; {which}read in other reports (\u2020)"


def _certainty(r: AnalysisResult) -> Markup | str:
    c = r.certainty
    return f"{c.overall} ({c.assessor})" if c is not None and c.overall else NOT_ASSESSED


def _icons(r: AnalysisResult) -> list[tuple[str, Markup]]:
    """100 dots for the control and for the treatment, of three trials or more."""
    if r.absolute is None or r.conclusion.verdict not in ("higher", "lower", "cannot_tell"):
        return []
    return [
        (f"with {control(r)}", icon_array(r.absolute, treated=False)),
        (f"with {treatment(r)}", icon_array(r.absolute, treated=True)),
    ]


def icon_array(effect: AbsoluteEffect, treated: bool) -> Markup:
    """100 dots, 5 by 20: solid to the lower limit, pale to the estimate, ringed to the upper limit."""
    if not treated:
        parts = [("i0", 0, 100), ("ic", 0, round(100 * effect.control_risk))]
    else:
        low, middle, high = (
            round(100 * min(max(x, 0.0), 1.0)) if math.isfinite(x) else 0
            for x in (effect.treated_low, effect.treated_risk, effect.treated_high)
        )
        parts = [("i0", 0, 100), ("i3", middle, high), ("i4", middle, high), ("i2", low, middle), ("i1", 0, low)]
    dots = "".join(_dots(kind, start, end) for kind, start, end in parts)
    return Markup(f'<svg class="ia" viewBox="0 0 233 59" aria-hidden="true">{dots}</svg>')


def _dots(kind: str, start: int, end: int) -> str:
    """Dots from one to another as dashed lines, one a row."""
    lines = []
    for row in range(5):
        first, last = max(start - 20 * row, 0), min(end - 20 * row, 20)
        if first < last:
            x, y = 6 + 11.6 * first, 6 + 11.6 * row
            lines.append(f'<line class="{kind}" x1="{x:.1f}" x2="{x + 11.6 * (last - first - 1) + 0.1:.1f}" '
                         f'y1="{y:.1f}" y2="{y:.1f}"/>')  # fmt: skip
    return "".join(lines)


def _mini(r: AnalysisResult, number: int) -> dict[str, Any] | None:
    """A small plot, for effects that are not of two risks, and for single trials."""
    if _icons(r) or not used_studies(r) or r.conclusion.do_not_quote:
        return None
    m, s = measure_of(r), r.summary
    plot = RowPlot(f"g-card{number}", forest_axis(r, m), m.null)
    if s is not None and s.k > FEW:
        rows = [plot.pooled(values_of(s), (s.pi_low, s.pi_high))]
    else:
        rows = [plot.single(values_of(x)) for x in used_studies(r)]
    return {"grid": plot.grid(), "rows": rows, "foot": plot.foot(*sides(r))}
