"""Pooling models by their codes: which measures each is defined for, and what else it needs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from metarepro.effects.registry import get_measure
from metarepro.pooling.method_codes import ESTIMATORS_OF_COUNTS

# Models of the counts themselves, with the measures that they pool.
POOLS: dict[str, tuple[str, ...]] = {
    "glmm": ("PLO", "OR", "IRR", "IRLN"),
    "mantel_haenszel": ("OR", "RR", "RD", "IRR", "IRD"),
    "peto": ("PETO", "OR"),
}
NAMES = {
    "glmm": "a model of the counts",
    "mantel_haenszel": "Mantel-Haenszel",
    "peto": "Peto's method",
    "DL-MH": "tau2: DL-MH",
}
# Common effects: no tau2, a normal interval, no prediction interval.
COMMON = ("mantel_haenszel", "peto")
_ABOUT_MANTEL_HAENSZEL = ("OR", "RR", "RD")
_REVMAN = ("OR", "RR", "RD", "PETO")


# Scales of a half-normal prior of tau that is weakly informative, by the scale on which a measure is pooled: log ratios
# and standardized mean differences (Rover et al. 2021, doi:10.1002/jrsm.1475), logits of proportions and log rates.
BAYES_SCALES = {
    **dict.fromkeys(("OR", "RR", "PETO", "IRR", "ROM", "SMD"), 0.5), **dict.fromkeys(("PLO", "PLN", "IRLN"), 1.0),
}  # fmt: skip
# Correlations of the errors of a study that stand beside the one of the settings, where all its effects are modelled.
RHOS = (0.2, 0.4, 0.6, 0.8, 0.9)
# With so many studies or fewer the Bayesian result stands beside the main one.
FEW_FOR_BAYES = 5


def tau_scale(measure: str, model: Any) -> float | None:
    """Scale of the prior of tau: as given, or what is usual for the measure; None where nothing is."""
    if model.tau_prior is not None:
        return float(model.tau_prior)
    return BAYES_SCALES.get(measure)


def counts_model(measure: str, method: str, combine: str) -> str:
    """The model of counts that pools an analysis; empty for inverse variance, and where nothing is pooled."""
    if combine != "pool":
        return ""
    chosen = ("glmm" if measure == "PLO" else "") if method == "auto" else method
    return chosen if chosen in POOLS else ""


def needs_tables(model: Any) -> str:
    """Name of what needs the table of counts of every study; empty if effects will do."""
    return NAMES[model.method] if model.method in (*COMMON, "glmm") else NAMES.get(model.tau2, "")


def why_not(measure: str, model: Any, rows: Sequence[str], moderators: str | None) -> tuple[str, str, str] | None:
    """Why a model cannot pool an analysis: the fault, its mend and the key that it is about; None if it can."""
    method, kinds = model.method, get_measure(measure).inputs
    allowed = POOLS.get(method, ())
    if allowed and measure not in allowed:
        fix = f"Fix: measure: {allowed[0]}."
        if len(allowed) > 1:
            fix = f"Fix: method: inverse_variance, or measure: {' or '.join(allowed)}."
        return f"method: {method} pools {', '.join(allowed)}, not {measure}", fix, "measure"
    if method == "glmm" and measure != "PLO" and model.glmm_ci not in ("t", "z"):
        return f"glmm_ci: {model.glmm_ci} is for proportions (PLO)", "Fix: glmm_ci: t, or z.", "model"
    if method == "bayes" and tau_scale(measure, model) is None:
        why = f"method: bayes needs a prior of tau on the scale of {measure}"
        return why, "Fix: tau_prior, the standard deviation of true effects that would be large.", "model"
    if method == "bayes" and moderators:
        return "method: bayes has no meta-regression", "Fix: method: inverse_variance.", "moderators"
    about = model.tau2 if model.tau2 in ESTIMATORS_OF_COUNTS else ""
    if about and measure not in _ABOUT_MANTEL_HAENSZEL:
        known = ", ".join(_ABOUT_MANTEL_HAENSZEL)
        return f"tau2: {about} is defined for {known}, not {measure}", "Fix: tau2: DL.", "measure"
    if model.zero_cells == "revman" and kinds == "two_arm_counts" and measure not in _REVMAN:
        known = ", ".join(_REVMAN)
        return f"zero_cells: revman is a rule for {known}, not {measure}", "Fix: zero_cells: metafor.", "measure"
    needs = needs_tables(model)
    if needs and moderators:
        return f"{needs} has no meta-regression", "Fix: method: inverse_variance with tau2: REML.", "moderators"
    if needs and not set(rows) - {"contrasts"}:
        return f"{needs} needs counts, which printed effects lack", "Fix: rows: arms or comparisons.", "rows"
    return None
