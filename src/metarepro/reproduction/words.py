"""Ways of computing in words, for tables, sentences and the digest; nothing reads them back."""

from __future__ import annotations

from metarepro.pooling.method_codes import PREDICTIONS
from metarepro.reproduction.ways import BY_ARM_SIZE, COLLAPSED, COUNT_MODELS, ZERO_RULES, Formula, Options, Way

_ZERO: dict[Options, str] = dict(
    zip(
        (*ZERO_RULES, BY_ARM_SIZE, COLLAPSED),
        (
            "0.5 to all cells of tables with a zero",
            "the same, double zeros left out",
            "0.5 to the events of tables without events in an arm",
            "0.5 to all tables if one has a zero",
            "0.5 to all tables",
            "studies with a zero left out",
            "0.5 as RevMan: RD (and RR of events only) as counted, 0.5 in the variance",
            "the arm's share of the patients to tables with a zero",
            "events and sizes of all studies summed",
        ),
        strict=True,
    )
)
_J = {"exact": "exact J", "approximate": "J as 1 - 3/(4N - 9)", "none": "Cohen's d"}
_SMD_VARIANCE = {
    "LS": "variance with g", "LSd": "variance with d", "LS2": "variance with d, times J²",
    "RevMan": "variance of RevMan", "LSdf": "variance with g, df", "UB": "unbiased variance",
}  # fmt: skip
_MD_VARIANCE = {"LS": "separate variances", "HO": "pooled variance"}
_CORRECTED = {"": "", "tables": " of corrected tables", "variance": ", variance of corrected tables"}
_PROPORTIONS = {
    "PLO": "logit", "PR": "raw", "PAS": "arcsine", "PFT": "Freeman-Tukey, harmonic mean of the sizes",
}  # fmt: skip
TURNED = ", sign turned"
_PREDICTION = {"HTS": "t, k - 2 df", "t": "t, k - 1 df", "z": "normal"}


def effects_in_words(formula: Formula) -> str:
    """How effects are made of the studies' numbers."""
    options = dict(formula.options)
    if formula.correlation is not None:
        return f"crossover pairs, r = {formula.correlation:g} assumed"
    if formula.kind == "effects":
        return "SE from the interval"
    if formula.kind == "proportions":
        return _PROPORTIONS[formula.measure]
    if formula.kind == "counts":
        if formula.options in COUNT_MODELS:
            return "counts themselves"
        return "Peto" if formula.measure == "PETO" else _ZERO[formula.options]
    if formula.measure == "MD":
        return _MD_VARIANCE[options["vtype"]]
    return f"{_J[options['j']]}, {_SMD_VARIANCE[options['vtype']]}"


def method_in_words(way: Way) -> str:
    """How effects are pooled."""
    method = f"{way.tau2}, {way.ci}"
    if way.weights == "MH":
        method = f"Mantel-Haenszel{_CORRECTED[way.corrected]}{'' if way.tau2 == 'CE' else ', random (RevMan)'}"
    if way.weights == "collapsed":
        method = "one table, median-unbiased, mid-p"
    if way.weights == "shared":
        method = f"{way.tau2} shared by subgroups, {way.ci}"
    if way.weights == "GLMM":
        method = f"{_model_of_counts(way)}{'' if 'model' in dict(way.formula.options) else ' model'}, {way.ci}"
    return method + TURNED * way.turned


def _model_of_counts(way: Way) -> str:
    code = dict(way.formula.options).get("model", "")
    return f"GLMM {code}" if code else "binomial-normal"


def columns_in_words(way: Way) -> tuple[str, str, str]:
    """Effects, estimator of tau2 (or what stands for it) and interval, as columns of a table."""
    mantel_haenszel = ("" if way.tau2 == "CE" else f"{way.tau2} around ") + "Mantel-Haenszel"
    estimator = {
        "Peto": "Peto", "IV": way.tau2, "shared": f"{way.tau2} shared", "MH": mantel_haenszel, "collapsed": "one table",
        "GLMM": _model_of_counts(way),
    }[way.weights]  # fmt: skip
    return effects_in_words(way.formula) + TURNED * way.turned, estimator, way.ci


def prediction_in_words(pi: str, ci: str, way: Way) -> str:
    """Formula of a prediction interval, and whose standard error it has if not that of the way's own interval."""
    if not pi:
        return ""
    return _PREDICTION.get(pi, PREDICTIONS[pi]["name"]) + (", Wald standard error" if ci != way.ci else "")
