"""Words and numbers of the page: treatments, people, times, verdicts. Numbers carry where they stand in the results."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from markupsafe import Markup, escape

from metarepro.analysis.decimals import measure_of
from metarepro.analysis.result import AnalysisResult, StudyEffect, Summary
from metarepro.effects import Measure
from metarepro.effects.absolute import MOVED
from metarepro.evidence.times import HOURS_OF
from metarepro.figures.page import numbers as fmt
from metarepro.figures.wording import effect_label

NOT_ASSESSED = Markup('<span class="na">not assessed</span>')
NOT_COMPUTED = Markup('<span class="na">not computed</span>')


@dataclass(frozen=True)
class Reader:
    """How the page speaks: the unit of times, and what agents are for those who do not know them.

    `meaning` is by the name of an agent as figures print it.
    """

    time_unit: str = "auto"
    meaning: Mapping[str, str] = field(default_factory=dict)

    def explained(self, label: str) -> str:
        """Names of agents with what they are: 'saline or midazolam (a sedative)'."""
        for name, words in self.meaning.items():
            label = " or ".join(f"{part} ({words})" if part == name else part for part in label.split(" or "))
        return label

    def times(self, result: AnalysisResult) -> str:
        """When the outcome was measured, over the studies that are used."""
        hours = sorted({s.timepoint_h for s in result.studies if s.estimable and s.timepoint_h is not None})
        if not hours:
            return "time not printed"
        untimed = any(s.estimable and s.timepoint_h is None for s in result.studies)
        return self.span(hours[0], hours[-1]) + (" or not printed" if untimed else "")

    def span(self, low: float, high: float) -> str:
        """'24 hours', '2 to 4 days', '4 hours to 3 days'."""
        if high == 0:
            return "at once"
        (first, unit), (last, other) = (self._said(h) for h in (low, high))
        if (first, unit) == (last, other):
            return f"{first} {unit}"
        return f"{first}{'' if unit.rstrip('s') == other.rstrip('s') else f' {unit}'} to {last} {other}"

    def at(self, hours: float) -> str:
        """One time in words."""
        return " ".join(self._said(hours))

    def _said(self, hours: float) -> tuple[str, str]:
        unit = self.time_unit
        if unit == "auto":
            unit = "min" if 0 < hours < 1 else "d" if hours >= 48 and hours % 24 == 0 else "h"
        number = f"{round(hours / HOURS_OF[unit], 2):g}"
        return number, _UNITS[unit] + ("" if number == "1" else "s")


_UNITS = {"min": "minute", "h": "hour", "d": "day", "wk": "week", "mo": "month"}


def treatment(result: AnalysisResult) -> str:
    """Name of the treatment."""
    return result.experimental_label or "the treatment"


def control(result: AnalysisResult) -> str:
    """Name of what it is compared with."""
    return result.control_label or "control"


def is_binary(result: AnalysisResult) -> bool:
    """Whether the effect is one of two risks."""
    return result.measure in MOVED


def used_studies(result: AnalysisResult) -> list[StudyEffect]:
    """Studies with an effect."""
    return [s for s in result.studies if s.estimable]


def in_unit_of(measure: Measure) -> str:
    """What follows a number of this measure in a sentence: ' points' of risk differences, '%' of rates."""
    if not measure.percent:
        return ""
    return " percentage points" if measure.code == "RD" else "%"


def effect(measure: Measure, values: tuple[float, float, float], where: str) -> Markup:
    """An estimate with its interval; `where` they stand in the results."""
    estimate, low, high = values
    text = escape(fmt.effect(measure, estimate))
    if not (math.isnan(low) or math.isnan(high)):
        text += Markup(' <span class="c">({})</span>').format(fmt.interval(measure, low, high))
    return Markup('<span data-e="{}">{}</span>').format(where, text)


def values_of(s: Summary | StudyEffect) -> tuple[float, float, float]:
    """Estimate and ends of the interval."""
    return s.estimate, s.ci_low, s.ci_high


def main_effect(result: AnalysisResult) -> Markup:
    """The main result of an analysis, an en dash where there is none."""
    if result.summary is None:
        return Markup("\u2013")
    return effect(measure_of(result), values_of(result.summary), result.id)


def number(value: float, text: str, where: str) -> Markup:
    """A number that stands in the results, as text."""
    return Markup('<span data-v="{}">{}</span>').format(where, text) if math.isfinite(value) else Markup("\u2013")


def per_hundred(value: float, where: str) -> Markup:
    """A share as so many of 100."""
    return number(value, fmt.fixed(100 * value, 0), where)


def people(result: AnalysisResult) -> str:
    """Trials and people: '5 trials, 169 people'."""
    s = result.summary
    k = s.k if s else 0
    counted = f"{k} {unit_of_evidence(result)}{'' if k == 1 else 's'}"
    if s is None or s.participants is None:
        return f"{counted}, number of people not known" if k else counted
    return f"{counted}, {fmt.count(s.participants)} people"


def unit_of_evidence(result: AnalysisResult) -> str:
    """What is pooled: trials, groups of one arm, or studies."""
    if result.conclusion.verdict == "no_control":
        return "group"
    return "trial" if result.control_label else "study"


def plural(n: int, word: str) -> str:
    """A number with its word."""
    if n == 1:
        return f"1 {word}"
    return f"{n} {word[:-1]}ies" if word.endswith("y") else f"{n} {word}s"


# Verdicts as glyph, words and class; {more} is the direction in words, {with} ' with ketamine'.
VERDICTS: dict[str, tuple[str, str, str]] = {
    "higher": ("\u25b2", "{more}{with}", "v1"),
    "lower": ("\u25bc", "{more}{with}", "v1"),
    "cannot_tell": ("\u25c7", "Cannot tell yet", "v0"),
    "one_trial": ("\u25cb", "One trial only", "v0"),
    "two_agree": ("\u25c7", "Two trials, both the same way", "v0"),
    "two_cross": ("\u25c7", "Two trials cannot tell", "v0"),
    "two_disagree": ("\u25c7", "Two trials disagree", "v0"),
    "no_trial": ("\u2013", "No trial measured this", "vn"),
    "no_control": ("\u25cb", "Without a control group", "v0"),
    "not_pooled": ("\u2013", "Not pooled", "vn"),
}


def direction(result: AnalysisResult, higher: bool) -> str:
    """More or fewer for events, higher or lower for the rest."""
    if is_binary(result):
        return "more" if higher else "fewer"
    return "higher" if higher else "lower"


def verdict(result: AnalysisResult) -> Markup:
    """The verdict as a paragraph: a glyph and words, so that colour is not needed."""
    c = result.conclusion
    glyph, words, kind = VERDICTS[c.verdict]
    more = direction(result, c.verdict == "higher").capitalize()
    named = f" with {treatment(result)}" if result.experimental_label else ""
    if c.do_not_quote:
        glyph, words, kind = "\u2013", "Do not quote", "vn"
    good = (c.verdict == "higher") == (result.better == "high")
    value = f": {'better' if good else 'worse'}" if result.better in ("high", "low") else ""
    words = words.replace("{more}", more).replace("{with}", named + value)
    return Markup('<p class="vd {}"><span aria-hidden="true">{}</span> {}</p>').format(kind, glyph, words)


def label_of(result: AnalysisResult) -> str:
    """Name of the effect, in the words of figures."""
    return effect_label(result)


def level_of(result: AnalysisResult) -> str:
    """'95% interval'."""
    level = result.summary.level if result.summary else 0.95
    return f"{100 * level:g}% interval"


def sides(result: AnalysisResult) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Words left and right of no difference, the longest first: 'fewer'; 'more with ketamine (better)', 'more'."""
    if not (result.control_label and result.experimental_label):
        return (), ()
    low, high = (direction(result, side) for side in (False, True))
    marks = {"high": ("", " (better)"), "low": (" (better)", "")}.get(result.better, ("", ""))
    right = f"{high} with {result.experimental_label}{marks[1]}", f"{high}{marks[1]}", high
    return (f"{low}{marks[0]}", low), right
