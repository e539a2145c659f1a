"""Sentences in and under a figure, all from the result."""

from __future__ import annotations

import math
import unicodedata

from metarepro.analysis.decimals import measure_of
from metarepro.analysis.methods import BAYESIAN, CI_NAMES, MODELS_BY_COUNTS, NESTED, PI_NAMES
from metarepro.analysis.result import AnalysisResult, Summary
from metarepro.analysis.shown_result import ShownResult
from metarepro.effects import get_measure
from metarepro.figures.page import numbers as fmt
from metarepro.figures.styles import NO_BREAK, PLAIN, Style


def effect_label(result: AnalysisResult) -> str:
    """Name of the effect: the measure's, or what the studies printed where the rows are published effects."""
    if result.rows == "contrasts" and result.measure == "SMD":
        return "SMD as published"
    if result.combine == "compound":
        return "Rate"
    return get_measure(result.measure).label


def summary_label(summary: Summary) -> str:
    """Name of the pooled row: the model, in a few words."""
    if summary.model == "compound":
        return "Compounded over the steps"
    if summary.tau2_method == "none":
        return f"Common effect ({summary.model})"
    if summary.tau2_method == "CE":
        return "Common effect"
    if summary.model == BAYESIAN:
        return "Bayesian random effects"
    if summary.model == NESTED:
        return f"Random effects at two levels ({summary.tau2_method}, cluster-robust)"
    if summary.model in MODELS_BY_COUNTS and summary.model != "binomial-normal":
        return f"Random effects ({summary.model}, {CI_NAMES.get(summary.ci_method, summary.ci_method)})"
    tau2 = {"given": "\u03c4\u00b2 as given"}.get(summary.tau2_method, summary.tau2_method)
    tau2 = summary.model if summary.model == "binomial-normal" else tau2
    return f"Random effects ({tau2}, {CI_NAMES.get(summary.ci_method, summary.ci_method)})"


def level_text(result: AnalysisResult) -> str:
    """Level of the intervals in percent."""
    return f"{100 * (result.summary.level if result.summary else 0.95):g}"


def model_word(result: AnalysisResult) -> str:
    """Random or Common, for a head of a column."""
    common = result.summary is not None and result.summary.tau2_method in ("CE", "none")
    return "Common" if common else "Random"


def method_word(result: AnalysisResult) -> str:
    """How the studies were put together, for a head of a column: IV is inverse variance."""
    short = {**dict.fromkeys(MODELS_BY_COUNTS, "GLMM"), BAYESIAN: "Bayes", "Mantel-Haenszel": "M-H", "Peto": "Peto"}
    if result.summary is not None and result.summary.model in short:
        return short[result.summary.model]
    return "Peto" if result.measure == "PETO" else "IV"


def heterogeneity_line(s: Summary, style: Style = PLAIN) -> str:
    """Heterogeneity: tau2, I2, Q, each with what it needs; no line break parts a name from its number."""
    pieces = []
    if math.isfinite(s.tau2) and s.tau2_method != "CE":
        tau2 = style.statistic(style.tau2_name, _small(s.tau2))
        if style.interval_of_tau2 and math.isfinite(s.tau2_low):
            tau2 += style.number(f" ({style.joint.join((_small(s.tau2_low), _small(s.tau2_high)))})")
        pieces.append(tau2)
    if math.isfinite(s.i2):
        i2 = style.statistic(style.i2_name, f"{fmt.fixed(s.i2, style.i2_decimals)}%")
        if style.interval_of_tau2 and math.isfinite(s.i2_low) and s.tau2_method != "CE":
            ends = style.joint.join((fmt.fixed(s.i2_low, 0), fmt.fixed(s.i2_high, 0)))
            i2 += f" ({ends}%)"
        pieces.append(i2)
    if s.q_df > 0 and math.isfinite(s.q):
        name = f"LR{NO_BREAK}\u03c7\u00b2" if s.heterogeneity.test == "LRT" else style.q_name
        q, df = style.statistic(name, fmt.fixed(s.q, 2)), style.statistic("df", str(s.q_df))
        p = style.p_value(s.q_p)
        # Cochrane's order: the test between tau2 and I2, its P in brackets.
        test = f"{q}, {df} ({p})" if style.name == "cochrane" else f"{q}, {df}, {p}"
        pieces.insert(1 if style.name == "cochrane" else len(pieces), test.replace(" ", NO_BREAK))
    return f"{style.heterogeneity}: " + "; ".join(pieces)


def effect_test_line(s: Summary, style: Style = PLAIN) -> str:
    """Test of no overall effect: z, or t with its df."""
    if not (math.isfinite(s.statistic) and math.isfinite(s.p_value)):
        return ""
    name, df = ("t", f", {style.statistic('df', f'{s.df:g}')}") if math.isfinite(s.df) else ("Z", "")
    return (
        f"Test for overall effect: {style.statistic(name, fmt.fixed(s.statistic, 2))}{df}, {style.p_value(s.p_value)}"
    )


def _small(value: float) -> str:
    if not math.isfinite(value):
        return "\u2013"
    if value >= 1000:
        return f"{value:.2g}" if value >= 1e5 else fmt.fixed(value, 0)
    if 0 < value < 0.0005:
        return "<0.001"
    return fmt.fixed(value, 2 if value == 0 or value >= 0.095 else 3)


def subgroup_test_line(result: AnalysisResult, style: Style = PLAIN) -> str:
    """Test for subgroup differences."""
    t = result.subgroup_test
    assert t is not None
    if not math.isfinite(t.p):
        return "No test for subgroup differences"
    chi_squared = math.isnan(t.df_residual)
    statistic = style.statistic(style.q_name if chi_squared else "F", fmt.fixed(t.statistic, 2))
    df = style.statistic("df", str(t.df) if chi_squared else f"{t.df}, {t.df_residual:g}")
    return f"Test for subgroup differences: {statistic}, {df}, {style.p_value(t.p)}"


SORTED = {
    "given": "as given",
    "year": "by year",
    "effect": "by effect",
    "label": "by name",
    "weight": "by weight, the heaviest first",
}


def key_notes(result: AnalysisResult, arrows: bool = True, floored: int = 0) -> list[str]:
    """What a reader of the picture must know: its marks, whose numbers are marked, how many studies in which order.

    `arrows`: whether the picture has any; `floored`: how many squares would be too small to see and are drawn larger.
    """
    s = result.summary
    notes = []
    if s is not None and s.k > 1:
        larger = f"; {floored} too small to see {'is' if floored == 1 else 'are'} drawn larger" if floored else ""
        marks = f"Squares: area by weight{larger}. Diamond: pooled estimate and its interval."
        if result.combine == "compound":
            marks = "Squares: rate of each step. Diamond: compounded rate. Open diamonds: values as printed."
        elif math.isfinite(s.pi_low):
            marks += f" Bar: prediction interval ({PI_NAMES.get(s.pi_method, s.pi_method)})."
        dashed = "compounded rate" if result.combine == "compound" else "pooled estimate"
        notes.append(f"{marks}{' Arrow: beyond the axis.' if arrows else ''} Dashed: {dashed}.")
    if any(x.level == "secondary" for x in result.studies):
        notes.append("\u2020 A number was read in another report than the study's own.")
    if s is not None and s.k > 1 and result.combine == "pool":
        notes.append(f"{_studies_and_people(result, s)}.")
    if result.sort and len(result.studies) > 1:
        within = " within subgroups" if len(result.subgroups) > 1 else ""
        notes.append(f"Order of the studies: {SORTED.get(result.sort, result.sort)}{within}.")
    return notes


def footnotes(result: AnalysisResult, arrows: bool = True, floored: int = 0) -> list[str]:
    """All notes on the plot: those of `key_notes`, methods, what was left out."""
    s = result.summary
    pooled = s is not None and s.k > 1 and result.combine == "pool"
    notes = key_notes(result, arrows, floored)
    notes += [result.methods[:1].upper() + result.methods[1:]] if result.methods else []
    for note in s.notes if s is not None and s.k > 1 else ():
        # A figure shows no p-value that would be missed.
        if note.code != "no_null":
            notes.append(note)
    if result.subgroup_test is not None and result.subgroup_test.df > 0:
        notes += result.subgroup_test.notes
        if math.isfinite(result.subgroup_test.df_residual) and s is not None and s.model != "binomial-normal":
            notes.append("Subgroups share one \u03c4\u00b2; the F test between them uses Hartung-Knapp variances.")
        elif s is not None and "Hartung-Knapp" in CI_NAMES.get(s.ci_method, ""):
            notes.append("The test for subgroup differences uses model-based variances, not Hartung-Knapp ones.")
    if pooled and s is not None and s.tau2 == 0 and math.isfinite(s.pi_low):
        notes.append(
            "\u03c4\u00b2 is estimated as 0; the prediction interval is wider than the confidence interval as it "
            f"allows for how little {s.k} studies tell of it."
        )
    if result.measure == "RD" and s is not None and s.k > 1 and s.tau2_method != "CE":
        notes.append("\u03c4\u00b2 is of risk differences as proportions: its root times 100 is in percentage points.")
    if s is not None and s.model == "binomial-normal" and s.k > 1:
        notes.append("\u03c4\u00b2 is of logits; its interval is by profile likelihood.")
    kept = [f"{x.label}: {'; '.join(x.notes)}" for x in result.studies if x.notes]
    if kept and len(kept) <= 12:
        notes.append("Studies: " + ". ".join(kept) + ".")
    # Studies of other times and scales are listed in the report and in effects.csv.
    notes += filter(None, [not_used(result, 12, "effects.csv")])
    notes += list(result.notes)
    return notes


def not_used(result: AnalysisResult, most: int, file: str) -> str:
    """Studies with rows for an analysis that it does not pool, and why; their number if there are more than `most`."""
    left_out = [x for x in result.left_out if not x.elsewhere]
    if len(left_out) > most:
        return f"Not used: {len(left_out)} studies; {file} says why."
    return "Not used: " + ". ".join(f"{x.label}: {x.reason}" for x in left_out) + "." if left_out else ""


def _studies_and_people(result: AnalysisResult, s: Summary) -> str:
    if not s.participants:
        return f"{s.k} studies"
    used = [x.inputs for x in result.studies if x.estimable]
    arms = sum(i.get("n", i.get("n1", 0.0) + i.get("n2", 0.0)) for i in used)
    # Patients of a crossover trial stand in both arms.
    once = " (those of crossover trials counted once)" if arms > s.participants else ""
    return f"{s.k} studies, {fmt.count(s.participants)} participants{once}"


def nothing_pooled(result: AnalysisResult) -> str:
    """Why there is no pooled result."""
    if any(s.estimable for s in result.studies):
        return "Nothing is pooled: the regression gives each study its own effect."
    return "No study has usable numbers for this analysis."


def headline(result: AnalysisResult) -> str:
    """The result in one sentence; of two studies what each of them found."""
    m, s = measure_of(result), result.summary
    if s is None:
        return nothing_pooled(result)
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
    if result.is_of_few:
        # What two studies give together is no headline: their common interval is of 1 degree of freedom.
        each = [
            f"{fmt.with_interval(m, x.estimate, x.ci_low, x.ci_high)}{unit} in {x.label}"
            for x in result.studies
            if x.estimable
        ]
        return (
            f"Two studies{people}, too few for a pooled headline: {name} {' and '.join(each)} ({level} confidence "
            f"intervals in brackets).{_unassessed(result)}"
        )
    sentence = f"{name} {effect}{unit}{of_patients} ({level} confidence interval in brackets), {s.k} studies{people}"
    if math.isfinite(s.pi_low):
        if fmt.is_unbounded(m, s.pi_low, s.pi_high):
            sentence += "; nothing can be predicted of a new study's true effect"
        else:
            sentence += f"; a new study's true effect is predicted from {fmt.interval(m, s.pi_low, s.pi_high)}{unit}"
    return f"{sentence}.{_unassessed(result)}"


def _unassessed(result: AnalysisResult) -> str:
    """How much of the weight has no overall judgement of its risk of bias; empty if all of it has one."""
    share = result.bias_unassessed
    if math.isnan(share) or share < 0.5:
        return ""
    how_much = "any study" if share > 99.5 else f"{fmt.fixed(share, 0)}% of the weight"
    return f" The overall risk of bias was not assessed for {how_much}."


def describe_figure(result: AnalysisResult) -> str:
    """Text alternative of the forest plot: what it shows, then the result, then each study."""
    m = measure_of(result)
    studies = "; ".join(
        f"{s.label}: {fmt.with_interval(m, s.estimate, s.ci_low, s.ci_high) if s.estimable else 'not estimable'}"
        for s in result.studies
    )
    pieces = [f"Forest plot. {result.title}. {headline(result)} Studies: {studies or 'none'}."]
    if result.summary is not None and result.summary.k > 1 and result.combine == "pool":
        pieces.append(f"{heterogeneity_line(result.summary)}.")
    if result.subgroup_test is not None and result.subgroup_test.df > 0:
        pieces.append(f"{subgroup_test_line(result)}.")
    pooled = [(g.label, g.summary) for g in result.subgroups if len(result.subgroups) > 1 and g.summary.k > 1]
    known = {x.id: x for x in result.sensitivity}
    chosen = result.figure.models if isinstance(result, ShownResult) else ()
    models = [known[name] for name in chosen if name in known]
    for head, rows in (("Subgroups", pooled), ("Other models", [(x.label, x.summary) for x in models if x.summary])):
        if rows:
            words = (f"{name}: {fmt.with_interval(m, s.estimate, s.ci_low, s.ci_high)}" for name, s in rows)
            pieces.append(f"{head}: {'; '.join(words)}.")
    if result.references:
        pieces.append(
            "Printed: " + "; ".join(f"{r.label}: {fmt.effect(m, r.estimate)}" for r in result.references) + "."
        )
    return written(" ".join(pieces))


def written(text: str) -> str:
    """A text in one line, without the control characters that no file of text or XML can hold."""
    line = " ".join(text.split())
    return "".join(c if unicodedata.category(c) not in ("Cc", "Cs", "Cn") else "\ufffd" for c in line)
