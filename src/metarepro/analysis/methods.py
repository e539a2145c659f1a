"""The methods sentence of an analysis, from its settings. A setting without a sentence is an error, not silence."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from metarepro.analysis.config import Analysis
from metarepro.analysis.effects import is_paired
from metarepro.analysis.models import COMMON, tau_scale
from metarepro.analysis.selection import Selection
from metarepro.effects.registry import get_measure
from metarepro.pooling.method_codes import (
    ESTIMATORS,
    ESTIMATORS_OF_COUNTS,
    INTERVALS,
    INTERVALS_OF_COUNTS,
    PREDICTIONS,
)
from metarepro.pooling.result_parts import (
    BAYES,
    BINOMIAL_NORMAL,
    DEFAULT_MODELS,
    INVERSE_VARIANCE,
    MODELS_OF_COUNTS,
    MULTILEVEL,
    MULTIVARIATE,
    Method,
)

if TYPE_CHECKING:
    from metarepro.pooling.protocol import Fit

_CI = INTERVALS | INTERVALS_OF_COUNTS
_TAU2 = ESTIMATORS | ESTIMATORS_OF_COUNTS
TAU2 = {code: str(e["phrase"]).format(weights=" with the weights 1/√v") for code, e in _TAU2.items()}
CI = {code: m["phrase"] for code, m in _CI.items()}
PI = {code: m["phrase"] for code, m in PREDICTIONS.items()}
# Short names, for figures.
TAU2_NAMES = {code: e["name"] for code, e in ESTIMATORS.items()}
CI_NAMES = {code: m["short"] for code, m in _CI.items()}
PI_NAMES = {code: m["short"] for code, m in PREDICTIONS.items()}
# Codes of models that figures name otherwise.
BAYESIAN, NESTED, MODELS_BY_COUNTS = BAYES, MULTILEVEL, MODELS_OF_COUNTS
GIVEN_TAU2 = "random effects with a τ² that is given"
OVERLAP = {
    "one_per_cohort": "of studies that share participants, or may, the largest was used",
    "keep": "studies were kept even where they may share participants",
}
CROSSOVER = {
    "all_periods": "crossover trials with counts of all periods",
    "first_period": "crossover trials with their first period only",
    "first_else_all": "crossover trials with their first period where it was read, else with all periods",
}
SMD_VARIANCE = {
    "LS": "",
    "LS2": "its large-sample variance with the uncorrected d times J²",
    "UB": "its unbiased variance",
    "AV": "its large-sample variance at the mean g",
    "LSd": "its large-sample variance with the uncorrected d",
    "LSdf": "its large-sample variance with N - 2 below g²",
    "RevMan": "its variance as RevMan has it, with N - 3.94 below g²",
}
CORRECTION_CELLS = {"all": "all cells", "events": "the events of both arms (and once to each total)"}
CORRECTION_TO = {
    "only_zero": "of tables with a zero cell",
    "if_any_zero": "of all tables, as one has a zero cell",
    "all": "of all tables",
    "none": "",
}
COUNTS_MODELS = {
    "mantel_haenszel": "by the Mantel-Haenszel method",
    "peto": "by Peto's method, from observed minus expected events and their hypergeometric variance",
}
# How RevMan's rule for zero cells departs from a correction of all cells.
REVMAN_CELLS = {
    "RD": "in the variance only, as RevMan does; the risk differences are as counted",
    "RR": "in the variance only where both arms have events only, as RevMan does",
}


def describe_methods(analysis: Analysis, selection: Selection, corrected: Any) -> str:
    """What was done, in sentences that a paper can print."""
    measure, model = get_measure(analysis.measure), analysis.model
    if analysis.combine == "compound":
        return (
            "The rates of the steps were compounded as 1 minus the product of (1 - rate), which assumes that everybody "
            "without success went on to the next step. The interval is by the delta method on log(1 - rate)."
        )
    used = selection.comparisons
    printed_only = bool(used) and all(c.kind == "contrast" for c in used)
    printed = len(used) == 1 and used[0].printed_interval(model.level) is not None
    if not used:
        return "No study has usable numbers for this analysis."
    if len(used) == 1:
        # What a paper calls an SMD need not be Hedges g.
        as_published = printed_only and analysis.measure == "SMD"
        name = "standardised mean difference as published" if as_published else measure.name
        interval = "its interval as printed" if printed else "a normal interval"
        sentences = [f"One study, {name}, with {interval}; nothing is pooled."]
    else:
        common = analysis.counts_model in COMMON
        has_pi = not common and (model.tau2 != "CE" or analysis.uses_glmm) and (len(used) > 2 or model.pi != "HTS")
        which = "Wald standard error" if analysis.uses_glmm else "standard error of the confidence interval"
        pi = f" and a {PI[model.pi]}, which uses the {which}" if has_pi else ""
        pooled = measure.pooled_as
        if printed_only and analysis.measure == "SMD":
            pooled = "standardised mean differences as published"
        sentences = [_pooling(analysis, pooled, pi)]
    if any(is_paired(analysis, c) for c in used):
        sentences.append(
            f"Crossover trials with numbers of all periods enter as pairs, with a correlation of {analysis.paired_r:g} "
            "within patients (setting paired_r)."
        )
    if any(n.code == "missing_as_no_event" for c in used for n in c.notes):
        sentences.append("Patients who were randomised or treated and not rated count as without the event.")
    cohorts = [c.study.cohort for c in used if c.study.cohort]
    shared = any(e.overlap for e in selection.left_out)
    if shared if analysis.overlap == "one_per_cohort" else len(set(cohorts)) < len(cohorts):
        sentences.append(f"{OVERLAP[analysis.overlap].capitalize()}.")
    if any(c.study.design == "crossover" for c in selection.comparisons):
        how = CROSSOVER[analysis.crossover]
        if "contrasts_for_crossover" in analysis.rows:
            how = "crossover trials with their printed within-patient contrast where one was read"
        if not printed_only:
            sentences.append(f"The analysis uses {how}.")
    if any(c.kind == "contrast" for c in selection.comparisons):
        sources = ["their printed standard error", "the one their interval gives"]
        if any("p_value" in c.inputs for c in selection.comparisons):
            sources.append("the one their p-value gives by a normal test")
        sentences.append(f"Published contrasts enter with {' or '.join(sources)}.")
    sentences += _made_of(analysis, selection)
    if corrected.any() and not analysis.uses_glmm:
        where = CORRECTION_TO[model.correction_to]
        cells = "all cells" if measure.inputs != "two_arm_counts" else CORRECTION_CELLS[model.correction_cells]
        sentence = f"{model.correction:g} was added to {cells} {where} ({int(corrected.sum())})"
        if model.zero_cells == "revman" and analysis.measure in REVMAN_CELLS:
            sentence += f", {REVMAN_CELLS[analysis.measure]}"
        own = ", for the studies' own effects" if analysis.counts_model else ""
        sentences.append(f"{sentence}{own}.")
    if model.zero_cells == "none" and measure.inputs == "two_arm_counts":
        sentences.append("Nothing was added to zero cells; a study that has no effect then is left out.")
    if analysis.measure == "SMD" and any(c.kind == "means" for c in used):
        approximate = ["J as 1 - 3/(4N - 9)"] if model.smd_correction == "approximate" else []
        formulas = [f for f in (*approximate, SMD_VARIANCE[model.smd_variance]) if f]
        if formulas:
            sentences.append(f"Hedges g was computed with {' and '.join(formulas)}.")
    if measure.inputs == "two_arm_counts" and model.zero_cells == "revman" and analysis.measure in ("OR", "RR"):
        only = ", or with events only," if analysis.measure == "OR" else ""
        sentences.append(f"Studies without events in either arm{only} would be left out, as RevMan does.")
    if measure.inputs == "two_arm_counts" and model.drop_double_zero:
        sentences.append("Studies without events in either arm, or with events only, would be left out.")
    if measure.inputs == "one_arm_counts":
        sentences.append("Each study's own interval is Wilson's.")
    return " ".join(sentences)


def _pooling(analysis: Analysis, pooled: str, pi: str) -> str:
    """How several studies were pooled; `pooled` names their effects, `pi` the prediction interval."""
    model, scale = analysis.model, tau_scale(analysis.measure, analysis.model)
    if model.method == "bayes" and scale is not None:
        return (
            f"We pooled {pooled} in a Bayesian random-effects model by exact integration, with a "
            f"half-normal({scale:g}) prior of τ and a flat prior of the mean; estimates are posterior medians, "
            "intervals central credible intervals."
        )
    if analysis.several == "model":
        return (
            f"We put all {pooled} in one model with random effects of studies and of effects within studies "
            f"(restricted maximum likelihood) and sampling errors that correlate by {analysis.rho:g} within a study; "
            "the interval is cluster-robust (CR2) with t on Satterthwaite df."
        )
    if analysis.uses_glmm and analysis.measure != "PLO":
        kind = model.glmm_model or DEFAULT_MODELS[analysis.measure]
        return (
            f"We pooled the counts by maximum likelihood ({MODELS_OF_COUNTS[kind]}; {kind}), integrated by adaptive "
            f"Gauss-Hermite quadrature, with {CI[model.glmm_ci]}{pi}; no constant was added to any count."
        )
    if analysis.uses_glmm:
        return (
            f"We pooled the counts in a binomial-normal model (logit link, random study effects, maximum likelihood by "
            f"adaptive Gauss-Hermite quadrature), with {CI[model.glmm_ci]}{pi}; no constant was added to any count. "
            "Weights are shares of the information on the pooled logit."
        )
    if analysis.counts_model in COMMON:
        return (
            f"We pooled {get_measure(analysis.effect_measure).name}s {COUNTS_MODELS[analysis.counts_model]}, as a "
            f"common effect, with {CI['z']}; no constant was added to any count for that. Q and I² are of the studies' "
            "own effects about the pooled one."
        )
    return (
        f"We pooled {pooled} by inverse variance in {TAU2[model.tau2]}, with {CI[model.interval]}{pi}; the interval of "
        "τ² is by the Q-profile method."
    )


def _made_of(analysis: Analysis, selection: Selection) -> list[str]:
    """What was done to the studies' numbers before they became effects."""
    used = [part for c in selection.comparisons for part in (c.components or (c,))]
    notes = {code: {c.study_id for c in used for n in c.notes if n.code == code} for code in _CONVERTED}
    sentences = [how.format(n=len(studies)) for code, how in _CONVERTED.items() if (studies := notes[code])]
    turned = sorted({c.scale for c in used if c.turned})
    if turned:
        sentences.append(f"Effects on {', '.join(turned)} were turned, as these scales point the other way.")
    averaged = sum(bool(c.components) for c in selection.comparisons)
    if averaged:
        sentences.append(
            f"Several effects of one study were averaged ({averaged} studies), with a correlation of {analysis.rho:g} "
            "between them."
        )
    return sentences


_CONVERTED = {
    "sd_from_se": "SDs were computed from standard errors of means ({n} studies).",
    "mean_from_quantiles": "Means and SDs were estimated from medians with quartiles or ranges ({n} studies; Luo 2018, "
    "doi:10.1177/0962280216669183; Wan 2014, doi:10.1186/1471-2288-14-135).",
}


def describe_interval(code: str, df: float) -> str:
    """A confidence interval in a few words, with its degrees of freedom."""
    return str(_CI[code]["brief"]).format(df=f"{df:g} df")


def _model(method: Method) -> str:
    if method.tau2 not in TAU2:
        return GIVEN_TAU2
    given = method.weights == "given"
    return str(ESTIMATORS[method.tau2]["phrase"]).format(weights="") if given else TAU2[method.tau2]


def _weighted(method: Method) -> str:
    return "inverse variance" if method.weights == "model" else "weights as given"


def describe_fit(fit: Fit, measure: str) -> str:
    """How a fit from Python was made, in a sentence for the note under a figure."""
    name, method = get_measure(measure).name, fit.method
    name = f"{name[:1].upper()}{name[1:]}"
    if terms := ", ".join(t for t in getattr(fit, "terms", ()) if t != "1"):
        ci = describe_interval(method.ci, fit.df)
        model = f"meta-regression on {terms}: {_model(method)}"
        return f"{name}, {model}, {ci}; intervals of studies are normal."
    if method.model == INVERSE_VARIANCE:
        parts = [f"{name}, {_weighted(method)}: {_model(method)}"]
    elif method.model == BINOMIAL_NORMAL:
        parts = [f"{name}, binomial-normal model of the counts"]
    elif method.model == BAYES:
        prior = getattr(fit, "prior_tau", "")
        return f"{name}, Bayesian random effects, prior of τ {prior}; intervals of studies are normal."
    elif method.model in MODELS_OF_COUNTS:
        parts = [f"{name}, {MODELS_OF_COUNTS[method.model]}"]
    elif method.model == MULTIVARIATE:
        how = "common effects" if method.tau2 == "CE" else f"unstructured random effects ({method.tau2})"
        parts = [f"{name}, several outcomes of the same studies in one model, {how}"]
    elif method.model == MULTILEVEL:
        parts = [f"{name}, random effects at nested levels ({method.tau2})"]
    else:
        parts = [f"{name}, {method.model}: a common-effect model"]
    if fit.k > 1 or method.model != INVERSE_VARIANCE:
        parts.append(CI.get(method.ci, f"cluster-robust {method.ci} intervals"))
    if method.pi in PI and math.isfinite(fit.pi_low):
        parts.append(PI[method.pi])
    return ", ".join(parts) + "; intervals of studies are normal."
