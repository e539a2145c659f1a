"""House styles of journals: how numbers are written, what columns are called, where they stand, how marks look.

A style changes nothing else: the same numbers, the same layout engine. Sources: Cochrane's forest plots (RevMan), the
BMJ's, JAMA's and the Lancet's published figures and their instructions to authors; none of them certifies a figure.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from metarepro.effects import Measure
from metarepro.errors import ConfigError
from metarepro.figures.page import numbers as fmt
from metarepro.figures.page.look import BLUE, INK
from metarepro.figures.page.numbers import MINUS

StyleName = Literal["plain", "cochrane", "bmj", "jama", "lancet"]
NO_BREAK = "\u00a0"


@dataclass(frozen=True)
class Style:
    """A house style.

    `joint` stands between the ends of an interval, `signed_joint` where an end is negative; `equals` between a
    statistic and its value. Rules of P: `plain` 0.031 and 0.23; `jama` .03 without the zero; `two` 0.03 but 0.004;
    `lancet` p=0·031, down to <0·0001. In `effect_head`, `{level}` is the level in percent, `{model}` Common or
    Random, `{method}` IV, Peto or GLMM. `merged_counts`: events and total in one column. `numbers_first`: weight
    and effect stand before the plot. `interval_of_tau2`: intervals of tau2 and I2 are printed with them. `square`
    and `diamond` are colours. `favours` is the word before the arm that an effect favours; `total` names the pooled
    row (`{level}`), which else names its model.
    """

    name: StyleName
    brackets: tuple[str, str] = ("(", ")")
    joint: str = " to "
    signed_joint: str = " to "
    point: str = "."
    p_rule: Literal["plain", "jama", "two", "lancet"] = "plain"
    equals: str = NO_BREAK
    study_head: str = "Study"
    weight_head: str = "Weight (%)"
    effect_head: str = "({level}% CI)"
    favours: str = "Favours"
    total: str = ""
    merged_counts: bool = True
    numbers_first: bool = False
    heterogeneity: str = "Heterogeneity"
    tau2_name: str = "\u03c4\u00b2"
    q_name: str = "Q"
    i2_name: str = "I\u00b2"
    i2_decimals: int = 0
    interval_of_tau2: bool = True
    square: str = BLUE
    diamond: str = INK

    def number(self, text: str) -> str:
        """A number with the style's decimal point."""
        return text.replace(".", self.point)

    def weight(self, text: str) -> str:
        """A weight in percent, with the sign where the head of its column has none."""
        return self.number(text) + ("" if "%" in self.weight_head else "%")

    def effect(self, measure: Measure, value: float) -> str:
        """A display-scale effect."""
        return self.number(fmt.effect(measure, value))

    def ends(self, measure: Measure, low: float, high: float) -> str:
        """The ends of an interval, without brackets; one that holds every ratio there is is named so."""
        if fmt.is_unbounded(measure, low, high):
            return fmt.interval(measure, low, high)
        texts = [fmt.effect(measure, v) for v in (low, high)]
        signed = any(t.startswith((MINUS, "<", ">")) for t in texts)
        return self.number((self.signed_joint if signed else self.joint).join(texts))

    def interval(self, measure: Measure, low: float, high: float) -> str:
        """An interval in its brackets."""
        return f"{self.brackets[0]}{self.ends(measure, low, high)}{self.brackets[1]}"

    def with_interval(self, measure: Measure, value: float, low: float, high: float) -> str:
        """An effect and its interval; without it when it has none."""
        if math.isnan(low) or math.isnan(high):
            return self.effect(measure, value)
        return f"{self.effect(measure, value)} {self.interval(measure, low, high)}"

    def p_value(self, p: float) -> str:
        """A p-value with its sign."""
        if not math.isfinite(p):
            return "P not defined"
        if self.p_rule == "plain" and _not_significant_by_rounding(p, 3 if p < 0.0995 else 2) is None:
            return fmt.p_value(p).replace(" ", NO_BREAK)
        floor, letter = (0.0001, "p") if self.p_rule == "lancet" else (0.001, "P")
        if p < floor:
            text = (
                f"{letter}{self.equals}<{self.equals}{floor:g}" if self.equals == NO_BREAK else f"{letter}<{floor:.4g}"
            )
        else:
            text = f"{letter}{self._is()}{self._p_digits(p)}"
        if self.p_rule == "jama":
            # JAMA: no zero before the point, and nothing is certain to be 1.
            return f"{letter}{NO_BREAK}>{NO_BREAK}.99" if p > 0.99 else text.replace(f"{NO_BREAK}0.", f"{NO_BREAK}.")
        return self.number(text)

    def _is(self) -> str:
        return f"{NO_BREAK}={NO_BREAK}" if self.equals == NO_BREAK else "="

    def _p_digits(self, p: float) -> str:
        if self.p_rule == "lancet":
            decimals = 4 if p < 0.001 else 3 if p < 0.0995 else 2
        elif self.p_rule == "plain":
            decimals = 3 if p < 0.0995 else 2
        else:
            decimals = 3 if p < 0.00995 else 2
        return _not_significant_by_rounding(p, decimals) or f"{p:.{decimals}f}"

    def statistic(self, name: str, value: str) -> str:
        """A statistic and its value, which no line break parts."""
        sign = NO_BREAK if self.equals == NO_BREAK and self.name == "plain" else self._is()
        return f"{name}{sign}{self.number(value)}"


def _not_significant_by_rounding(p: float, decimals: int) -> str | None:
    """A P below 0.05 that would be printed as 0.05, with as many decimals as it takes; None if it would not."""
    if p >= 0.05 or float(f"{p:.{decimals}f}") < 0.05:
        return None
    while float(text := f"{p:.{decimals}f}") >= 0.05 and decimals < 17:
        decimals += 1
    return text


STYLES: dict[str, Style] = {
    style.name: style
    for style in (
        Style("plain"),
        Style(
            "cochrane", brackets=("[", "]"), joint=", ", signed_joint=", ", p_rule="two",
            study_head="Study or subgroup",
            weight_head="Weight", effect_head="{method}, {model}, {level}% CI", merged_counts=False, numbers_first=True,
            tau2_name="Tau\u00b2", q_name="Chi\u00b2", interval_of_tau2=False, total="Total ({level}% CI)",
        ),
        Style(
            "bmj", p_rule="two", equals="", total="Total ({level}% CI)", weight_head="Weight (%)",
            heterogeneity="Test for heterogeneity",
            interval_of_tau2=False, square=INK, diamond=INK,
        ),
        Style(
            "jama", joint="-", p_rule="jama", study_head="Source", weight_head="Weight, %",
            effect_head="({level}% CI)", favours="Favors", square="#1f4e79", diamond="#1f4e79", numbers_first=True,
        ),
        Style(
            "lancet", joint="\u2013", point="\u00b7", p_rule="lancet", equals="", weight_head="Weight",
            effect_head="({level}% CI)", square="#4d4d4d", diamond="#00468b",
        ),
    )
}  # fmt: skip
PLAIN = STYLES["plain"]


def get_style(name: str | Style) -> Style:
    """A style by its name."""
    if isinstance(name, Style):
        return name
    if name not in STYLES:
        raise ConfigError(f"There is no style {name!r}. Styles: {', '.join(STYLES)}.")
    return STYLES[name]
