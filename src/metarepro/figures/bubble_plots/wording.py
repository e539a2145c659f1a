"""Sentences under a bubble plot, and its text alternative."""

from __future__ import annotations

import math
from typing import Any

from metarepro.analysis.bubble_numbers import BubbleNumbers
from metarepro.analysis.methods import TAU2, describe_interval
from metarepro.figures.page import numbers as fmt
from metarepro.figures.page.text import clean, counted

# Cochrane Handbook 10.11.5.1: at least so many studies for each characteristic modelled.
FEWEST = 10


def default_title(b: BubbleNumbers) -> str:
    """Name of a picture that was given none."""
    return f"{b.measure.label} by {b.axis_label}"


def number(value: float, digits: int = 3) -> str:
    """A number of any size with so many digits that count."""
    if not math.isfinite(value):
        return fmt.fixed(value, 0)
    if value == 0:
        return "0"
    size = math.floor(math.log10(abs(value)))
    if size >= 9 or size < -6:
        return f"{value:.{digits - 1}e}".replace("e-", f"e{fmt.MINUS}").replace("e+", "e").replace("-", fmt.MINUS)
    return fmt.fixed(value, max(0, digits - 1 - size))


def plain(value: Any) -> str:
    """A value of a moderator as people write it."""
    if isinstance(value, int | float):
        return f"{value:.6g}".replace("-", fmt.MINUS)
    return clean(value)


def few_studies(b: BubbleNumbers) -> str:
    """A warning where there are fewer studies than ten for each moderator."""
    moderators = len(b.regression.moderators)
    k = b.regression.fit.k
    if k / moderators >= FEWEST:
        return ""
    per = f"{counted(k)} for {counted(moderators, 'moderator')}"
    return (
        f"Few studies: {per}. Typical advice is at least {FEWEST} for each characteristic modelled, and even these can "
        "be too few (Cochrane Handbook, 10.11.5.1)."
    )


def notes(b: BubbleNumbers, floored: int, unlabelled: int, shortened: int, arrows: int, cut: bool) -> list[str]:
    """All notes: warning, model, slope and test, what is held, marks, what is left out."""
    fit, line = b.regression.fit, b.line
    level = f"{100 * fit.level:g}%"
    found = [few_studies(b)]
    terms = " + ".join(t for t in b.regression.terms if t != "1")
    ci = describe_interval(fit.ci_method, fit.df)
    found.append(
        f"Meta-regression of {b.measure.pooled_as} on {clean(terms)}, inverse variance: {TAU2[fit.tau2_method]}, {ci}; "
        f"{fit.k} studies. {heterogeneity(b)}"
    )
    found.append(f"{slope_words(b)}{test_words(b)}{r2_words(b)}")
    if b.held:
        held = "; ".join(f"{clean(name)} = {plain(value)} ({how})" for name, value, how in b.held)
        found.append(f"The line is drawn at {held}. Circles are as observed, not adjusted for other moderators.")
    low, high = float(line.x[0]), float(line.x[-1])
    percent = b.weights[b.weights > 0]
    marks = f"Circle: a study, its area by its weight in this model ({percent.min():.1f}% to {percent.max():.1f}%)"
    if floored:
        marks += f"; {floored} would be too small to see and {'is' if floored == 1 else 'are'} drawn larger"
    marks += f". Line: mean effect, from the lowest to the highest value of the studies ({plain(low)} to {plain(high)})"
    marks += f", nothing is drawn beyond. Band: its {level} confidence interval."
    if line.has_prediction:
        left = fit.k - fit.beta.size
        used = {"HTS": f"t, {left - 1} df", "t": f"t, {left} df", "z": "normal"}.get(fit.pi_method, "")
        marks += f" Dashes: {level} prediction interval of the true effect of a new study ({used})."
    elif fit.tau2_method == "CE":
        marks += " A common-effect model has no prediction interval."
    else:
        marks += " The prediction interval does not exist with so few studies, or for this method."
    found.append(marks)
    if cut:
        found.append("Where a band or line leaves the axis it is cut there.")
    if arrows:
        found.append(f"Triangle at the edge: {arrows} {_studies(arrows)} beyond the axis.")
    if unlabelled:
        found.append(f"{unlabelled} {_studies(unlabelled)} without a label, for lack of room; all are in the table.")
    if shortened:
        found.append(f"{shortened} long {'label is' if shortened == 1 else 'labels are'} cut short (\u2026).")
    found += [clean(n) for n in b.regression.notes if n.code != "no_r2"]
    found.append("What holds between studies need not hold between patients.")
    return [n for n in found if n]


def _studies(count: int) -> str:
    return "study is" if count == 1 else "studies are"


def heterogeneity(b: BubbleNumbers) -> str:
    """What is left between studies with the moderators in the model."""
    fit = b.regression.fit
    pieces = [] if fit.tau2_method == "CE" else [f"\u03c4\u00b2 {number(float(fit.tau2))}"]
    if math.isfinite(fit.i2):
        pieces.append(f"I\u00b2 {fmt.fixed(float(fit.i2), 0)}%")
    if fit.q_df > 0:
        pieces.append(f"Q {fmt.fixed(float(fit.q), 2)}, df {int(fit.q_df)}, {fmt.p_value(float(fit.q_p))}")
    return f"Left between studies: {'; '.join(pieces)}." if pieces else ""


def slope_words(b: BubbleNumbers) -> str:
    """The slope on the working scale, and as a factor where the display scale is a ratio."""
    if b.slope is None:
        return ""
    scale = f" on the {name} scale" if (name := fmt.working_scale(b.measure)) else ""
    value, low, high = b.slope
    level = f"{100 * b.regression.fit.level:g}%"
    interval = f" ({level} CI {number(low)} to {number(high)})" if math.isfinite(low) else ""
    return f"Slope per unit of {b.axis_label}: {number(value)}{interval}{scale}. "


def test_words(b: BubbleNumbers) -> str:
    """Test of the moderator on the axis."""
    test = b.test
    if not math.isfinite(test.statistic):
        words = "not defined, as the standard errors are 0"
    elif math.isnan(test.df2):
        words = f"\u03c7\u00b2 {fmt.fixed(test.statistic, 2)}, df {test.df1}, {fmt.p_value(test.p_value)}"
    else:
        words = f"F {fmt.fixed(test.statistic, 2)}, df {test.df1} and {test.df2:g}, {fmt.p_value(test.p_value)}"
    return f"Test of {clean(b.moderator)}: {words}. "


def r2_words(b: BubbleNumbers) -> str:
    """Share of the heterogeneity that the moderators account for."""
    r2 = b.regression.r2
    if not math.isfinite(r2):
        return "R\u00b2 does not exist here."
    whose = "the moderators account" if len(b.regression.moderators) > 1 else "it accounts"
    return f"R\u00b2 {fmt.fixed(r2, 0)}%: share of \u03c4\u00b2 that {whose} for, very uncertain in few studies."


def describe(b: BubbleNumbers, title: str) -> str:
    """Text alternative: what it shows, the line at both ends, every study."""
    m, line, level = b.measure, b.line, f"{100 * b.regression.fit.level:g}%"
    ends = []
    for i in (0, -1):
        text = f"at {plain(float(line.x[i]))}: {fmt.effect(m, line.estimate[i])}"
        if math.isfinite(line.ci_low[i]):
            text += f" ({level} confidence interval {fmt.interval(m, line.ci_low[i], line.ci_high[i])}"
            if math.isfinite(line.pi_low[i]):
                text += f", prediction interval {fmt.interval(m, line.pi_low[i], line.pi_high[i])}"
            text += ")"
        ends.append(text)
    unit = f" ({fmt.unit(m)})" if fmt.unit(m) else ""
    studies = "; ".join(
        f"{label}: {b.axis_label} {plain(float(x))}, {fmt.effect(m, e)}, weight {w:.1f}%"
        for label, x, e, w in zip(b.labels, b.x, b.estimates, b.weights, strict=True)
    )
    warning = f" {few_studies(b)}" if few_studies(b) else ""
    return (
        f"Bubble plot. {title}. {m.label}{unit} against {b.axis_label}, {len(b.labels)} studies. Mean effect "
        f"{'; '.join(ends)}. {slope_words(b)}{test_words(b)}{r2_words(b)}{warning} Studies: {studies}."
    )
