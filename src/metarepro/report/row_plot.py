"""Rows of a plot inside a table: an SVG without viewBox, x in percent, so that it is fluid and text never scales."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from metarepro.figures.page.axes import Axis, Values

# Where the axis begins and ends, in percent of the cell.
START, END = 3.0, 97.0
# Width of the narrowest plot (a card on a phone), and of a letter of its axis, in px.
NARROWEST, LETTER = 250.0, 6.0
# Where marks stand below the top of a row, in px: at the height of its first line of text.
MIDDLE = 17
# Half the side of the largest and of the smallest square, in px.
LARGEST, LEAST = 8.5, 2.4


@dataclass(frozen=True)
class RowPlot:
    """Rows that share one axis.

    Attributes
    ----------
    name : str
        Anchor of the grid that all rows use.
    axis : Axis
        That of the forest plot of the analysis.
    null : float or None
        Value of no difference, drawn in every row.
    reference : float
        The main estimate, dotted; NaN for none.
    """

    name: str
    axis: Axis
    null: float | None
    reference: float = math.nan

    def x(self, value: float) -> float:
        """Place of a value in percent, at an end of the axis if it is beyond."""
        return START + (END - START) * min(max(self.axis.share(value), 0.0), 1.0)

    def grid(self) -> Markup:
        """What all rows use: lines of the ticks, of no difference, of the main estimate."""
        lines = [_upright("gr", self.x(t)) for t in self.axis.ticks]
        if self.null is not None and not self.axis.beyond(self.null):
            lines.append(_upright("nl", self.x(self.null)))
        if math.isfinite(self.reference) and not self.axis.beyond(self.reference):
            lines.append(_upright("rf", self.x(self.reference)))
        low, high = (f"{v:.10g}" for v in (self.axis.low, self.axis.high))
        scale = f'data-low="{low}" data-high="{high}" data-log="{int(self.axis.log)}"'
        return Markup(
            f'<svg class="grid" aria-hidden="true" {scale}><defs><g id="{self.name}">{"".join(lines)}</g></defs></svg>'
        )

    def study(self, values: Values, half: float) -> Markup:
        """A square by weight on its interval; `half` is half its side in px."""
        estimate = values[0]
        mark = (
            self._arrow(estimate, "sq")
            if self.axis.beyond(estimate)
            else f'<svg class="o" x="{self.x(estimate):.1f}%"><rect class="sq" x="{-half:.1f}" y="{-half:.1f}" '
            f'width="{2 * half:.1f}" height="{2 * half:.1f}"/></svg>'
        )
        return self._row(self._interval(values, "ci") + mark)

    def single(self, values: Values, kind: str = "one") -> Markup:
        """An open circle on its interval: one study, or a result that is not pooled; `kind` is its class."""
        estimate = values[0]
        mark = (
            self._arrow(estimate, "cf")
            if self.axis.beyond(estimate)
            else f'<circle class="{kind}" cx="{self.x(estimate):.1f}%" r="5"/>'
        )
        line = {"one": "ci", "no": "cd", "sc": "sp"}[kind]
        return self._row(self._interval(values, line) + mark)

    def pooled(self, values: Values, prediction: tuple[float, float] = (math.nan, math.nan)) -> Markup:
        """A diamond, on the pale line of the prediction interval."""
        marks = self._interval((values[0], *prediction), "pi")
        estimate, low, high = (self.x(v) for v in values)
        if math.isnan(values[1]) or math.isnan(values[2]):
            return self._row(marks + f'<circle class="one" cx="{estimate:.1f}%" r="5"/>')
        width = max(high - low, 0.4)
        tip = 100 * (estimate - low) / width
        marks += (
            f'<svg class="dm" x="{low:.1f}%" y="-7" width="{width:.1f}%" height="14" viewBox="0 0 100 14" '
            f'preserveAspectRatio="none"><polygon class="dm" points="0,7 {tip:.1f},0 100,7 {tip:.1f},14"/></svg>'
        )
        for end in values[1:]:
            marks += self._arrow(end, "dm") if self.axis.beyond(end) else ""
        return self._row(marks)

    def foot(self, left: Sequence[str] = (), right: Sequence[str] = ()) -> Markup:
        """The axis: its line and labels, and words on both sides of no difference.

        Of the words on each side, the longest first, those are taken that fit a phone.
        """
        parts = [f'<line class="al" x1="{START}%" x2="{END}%" y1="1" y2="1"/>']
        for tick, label in zip(self.axis.ticks, self.axis.labels, strict=True):
            parts.append(f'<text x="{self.x(tick):.1f}%" y="16">{Markup.escape(label)}</text>')
        if self.null is not None and not self.axis.beyond(self.null):
            at = self.x(self.null)
            words = []
            if said := _fitting(left, at):
                words.append(f'<text x="-8" class="e">\u2190 {Markup.escape(said)}</text>')
            if said := _fitting(right, 100 - at):
                words.append(f'<text x="8" class="s">{Markup.escape(said)} \u2192</text>')
            parts.append(f'<svg class="o" x="{at:.1f}%" y="33">{"".join(words)}</svg>')
        return Markup(f'<svg class="rp ax" aria-hidden="true">{"".join(parts)}</svg>')

    def _row(self, marks: str) -> Markup:
        # Whole numbers without ".0": a page has hundreds of rows.
        short = re.sub(r'(?<=\d)\.0(?=%?")', "", marks)
        return Markup(f'<svg class="rp"><use href="#{self.name}"/><svg class="o" y="{MIDDLE}">{short}</svg></svg>')

    def _interval(self, values: Values, kind: str) -> str:
        low, high = values[1:]
        if math.isnan(low) or math.isnan(high):
            return ""
        line = f'<line class="{kind}" x1="{self.x(low):.1f}%" x2="{self.x(high):.1f}%"/>'
        arrow = {"ci": "cf", "pi": "pf", "sp": "sf", "cd": "cf"}[kind]
        return line + "".join(self._arrow(v, arrow) for v in (low, high) if self.axis.beyond(v))

    def _arrow(self, value: float, kind: str) -> str:
        side = self.axis.beyond(value)
        return (
            f'<svg class="o" x="{self.x(value):.1f}%"><polygon class="{kind}" points="{6 * side},0 '
            f'{-2 * side},-4.5 {-2 * side},4.5"/></svg>'
        )


def _fitting(words: Sequence[str], percent: float) -> str:
    """The first of some words that fit a share of the narrowest plot."""
    return next((w for w in words if len(w) * LETTER + 24 <= percent / 100 * NARROWEST), "")


def _upright(kind: str, x: float) -> str:
    return f'<line class="{kind}" x1="{x:.1f}%" x2="{x:.1f}%" y1="0" y2="100%"/>'
