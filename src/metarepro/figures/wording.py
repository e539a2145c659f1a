"""Sentences in and under a figure, all from the result."""

from __future__ import annotations

import math

from metarepro.analysis.result import AnalysisResult, Summary
from metarepro.effects import get_measure
from metarepro.figures import numbers as fmt

CI_NAMES = {
    "PL": "profile likelihood",
    "z": "Wald",
    "t": "t",
    "HK": "Hartung-Knapp",
    "HK-adhoc": "Hartung-Knapp, not narrower than Wald",
}
PI_NAMES = {"HTS": "t, k \u2212 2 df", "t": "t, k \u2212 1 df", "z": "normal", "NNF": "bootstrap"}


def effect_label(result: AnalysisResult) -> str:
    """Name of the effect: the measure's, or what the studies printed where the rows are published effects."""
    if result.rows == "contrasts" and result.measure == "SMD":
        return "SMD as published"
    if result.combine == "compound":
        return "Rate"
    return get_measure(result.measure).label


def summary_label(summary: Summary) -> str:
    """Name of the pooled row: the model, in a few words."""
    if summary.tau2_method == "none":
        return "Compounded over the steps"
    if summary.tau2_method == "CE":
        return "Common effect"
    if summary.model == "binomial-normal":
        return f"Random effects (binomial-normal, {CI_NAMES[summary.ci_method]})"
    return f"Random effects ({summary.tau2_method}, {CI_NAMES.get(summary.ci_method, summary.ci_method)})"


def heterogeneity_line(s: Summary) -> str:
    """Heterogeneity: tau2, I2, Q, each with what it needs."""
    parts = []
    if math.isfinite(s.tau2) and s.tau2_method != "CE":
        parts.append(f"\u03c4\u00b2 {_small(s.tau2)} ({_small(s.tau2_low)} to {_small(s.tau2_high)})")
    if math.isfinite(s.i2):
        i2 = f"I\u00b2 {fmt.fixed(s.i2, 0)}%"
        if math.isfinite(s.i2_low) and s.tau2_method != "CE":
            i2 += f" ({fmt.fixed(s.i2_low, 0)} to {fmt.fixed(s.i2_high, 0)}%)"
        parts.append(i2)
    if s.q_df > 0:
        name = "LR \u03c7\u00b2" if s.model == "binomial-normal" else "Q"
        parts.append(f"{name} {fmt.fixed(s.q, 2)}, df {s.q_df}, {fmt.p_value(s.q_p)}")
    return "Heterogeneity: " + "; ".join(parts)


def _small(value: float) -> str:
    if not math.isfinite(value):
        return "\u2013"
    if value >= 1000:
        return f"{value:.2g}" if value >= 1e5 else fmt.fixed(value, 0)
    if 0 < value < 0.0005:
        return "<0.001"
    return fmt.fixed(value, 2 if value == 0 or value >= 0.095 else 3)


def subgroup_test_line(result: AnalysisResult) -> str:
    """Test for subgroup differences."""
    t = result.subgroup_test
    assert t is not None
    return f"Test for subgroup differences: Q {fmt.fixed(t.q, 2)}, df {t.df}, {fmt.p_value(t.p)}"


def footnotes(result: AnalysisResult) -> list[str]:
    """Notes under the plot: methods, marks, what was left out."""
    notes = [result.methods]
    s = result.summary
    if s is not None and s.k > 1:
        marks = "Squares: area by weight. Diamond: pooled estimate and its interval."
        if result.combine == "compound":
            marks = "Squares: rate of each step. Diamond: compounded rate. Open diamonds: values as printed."
        elif math.isfinite(s.pi_low):
            marks += f" Bar: prediction interval ({PI_NAMES[s.pi_method]})."
        dashed = "compounded rate" if result.combine == "compound" else "pooled estimate"
        notes.append(f"{marks} Arrow: the interval goes on. Dashed: {dashed}.")
    if any(x.level == "secondary" for x in result.studies):
        notes.append("\u2020 A number was read in another report than the study's own.")
    for note in s.notes if s is not None and s.k > 1 else ():
        notes.append(note)
    if result.subgroup_test is not None and result.subgroup_test.df > 0:
        notes += result.subgroup_test.notes
    kept = [f"{x.label}: {'; '.join(x.notes)}" for x in result.studies if x.notes]
    if kept and len(kept) <= 12:
        notes.append("Studies: " + ". ".join(kept) + ".")
    # Studies of other times and scales are told in the report and in effects.csv.
    left_out = [x for x in result.left_out if not x.elsewhere]
    if left_out and len(left_out) <= 12:
        notes.append("Not used: " + ". ".join(f"{x.label}: {x.reason}" for x in left_out) + ".")
    elif left_out:
        notes.append(f"Not used: {len(left_out)} studies; effects.csv says why.")
    notes += list(result.notes)
    return notes


def headline(result: AnalysisResult) -> str:
    """The result in one sentence."""
    m, s = get_measure(result.measure), result.summary
    if s is None:
        return "No study has usable numbers for this analysis."
    unit = "%" if m.percent and m.code != "RD" else " percentage points" if m.percent else ""
    effect = fmt.with_interval(m, s.estimate, s.ci_low, s.ci_high)
    people = f", {fmt.count(s.participants)} patients" if s.participants else ""
    name = effect_label(result) if m.inputs != "one_arm_counts" else result.outcome_label
    level = f"{100 * s.level:g}%"
    of_patients = " of patients" if m.inputs == "one_arm_counts" and m.percent else ""
    if result.combine == "compound":
        return f"{name} compounded over {s.k} steps: {effect}{unit} ({level} confidence interval in brackets)."
    if s.k == 1:
        return f"One study{people}: {name} {effect}{unit}{of_patients} ({level} confidence interval in brackets)."
    sentence = f"{name} {effect}{unit}{of_patients} ({level} confidence interval in brackets), {s.k} studies{people}"
    if math.isfinite(s.pi_low):
        sentence += f"; a new study's true effect is predicted from {fmt.interval(m, s.pi_low, s.pi_high)}{unit}"
    return sentence + "."


def describe_figure(result: AnalysisResult) -> str:
    """Text alternative of the forest plot: what it shows, then the result, then each study."""
    m = get_measure(result.measure)
    studies = "; ".join(
        f"{s.label}: {fmt.with_interval(m, s.estimate, s.ci_low, s.ci_high) if s.estimable else 'not estimable'}"
        for s in result.studies
    )
    return f"Forest plot. {result.title}. {headline(result)} Studies: {studies or 'none'}."
