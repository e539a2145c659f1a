"""The one table of effect measures: what each is, on which scale, how to show it, where it comes from.

Figures, tables and sentences take their labels, scales and null values from here and from nowhere else.
"""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from typing import Literal

from metarepro.errors import ConfigError

Display = Literal["identity", "exp", "expit", "tanh", "sin2", "square", "none"]
Inputs = Literal[
    "two_arm_counts", "diagnostic_counts", "two_arm_means", "two_arm_rates", "paired_counts", "paired_margins",
    "paired_means", "one_arm_counts", "one_arm_rates", "one_arm_means", "correlations", "generic", "hazard_ratios",
]  # fmt: skip

COLUMNS: dict[str, tuple[str, ...]] = {
    "two_arm_counts": ("e1", "n1", "e2", "n2"),
    "diagnostic_counts": ("tp", "fp", "fn", "tn"),
    "two_arm_means": ("m1", "sd1", "n1", "m2", "sd2", "n2"),
    "two_arm_rates": ("e1", "t1", "e2", "t2"),
    "paired_counts": ("a", "b", "c", "d"),
    "paired_margins": ("e1", "e2", "n", "r"),
    "paired_means": ("m1", "sd1", "m2", "sd2", "n", "r"),
    "one_arm_counts": ("e", "n"),
    "one_arm_rates": ("e", "t"),
    "one_arm_means": ("m", "sd", "n"),
    "correlations": ("r", "n"),
    "generic": ("estimate",),
    "hazard_ratios": ("hr",),
}
_CORRECTION = ("correction", "correction_to")
OPTIONS: dict[str, tuple[str, ...]] = {
    "two_arm_counts": (*_CORRECTION, "correction_cells", "drop_double_zero", "zero_cells"),
    "diagnostic_counts": _CORRECTION,
    "two_arm_means": (),
    "two_arm_rates": _CORRECTION,
    "paired_counts": _CORRECTION,
    "paired_margins": _CORRECTION,
    "paired_means": (),
    "one_arm_counts": _CORRECTION,
    "one_arm_rates": _CORRECTION,
    "one_arm_means": (),
    "correlations": (),
    "generic": ("se", "variance", "ci_low", "ci_high", "level", "p_value", "t_value"),
    "hazard_ratios": ("se", "ci_low", "ci_high", "level", "p_value"),
}


@dataclass(frozen=True)
class Measure:
    """One effect measure.

    Attributes
    ----------
    code : str
        Short name used in configurations and by the Python API.
    name, label, pooled_as : str
        Long name; short label for axes and column heads; what is pooled, as a plural for sentences.
    inputs : str
        Which numbers it is made of; `columns` are their keywords.
    display : str
        Back-transformation from the working scale: ``identity``, ``exp``, ``expit``, ``tanh``, ``sin2`` (squared
        sine), ``square``; ``none`` where there is no honest one.
    null : float or None
        Value of no effect on the display scale; None for a one-arm measure, which has none.
    ratio : bool
        Whether the display axis is logarithmic.
    percent : bool
        Whether the display value is shown as a percentage.
    decimals : int
        Decimals when printed.
    formula, variance, reference : str
        Working-scale estimate, its sampling variance, and where they come from.
    caution : str
        When not to use it.
    """

    code: str
    name: str
    label: str
    pooled_as: str
    inputs: Inputs
    display: Display
    null: float | None
    ratio: bool
    percent: bool
    decimals: int
    formula: str
    variance: str
    reference: str
    caution: str

    @property
    def columns(self) -> tuple[str, ...]:
        """Keyword columns of `effect_sizes`."""
        if self.code == "SMCR":
            return ("m1", "sd1", "m2", "n", "r")
        return ("sd1", "n1", "sd2", "n2") if self.code == "VR" else COLUMNS[self.inputs]

    @property
    def options(self) -> tuple[str, ...]:
        """Keyword options of `effect_sizes`."""
        own: dict[str, tuple[str, ...]] = {"SMD": ("vtype", "j"), "SMDH": ("vtype",), "MD": ("vtype",)}
        return own.get(self.code, OPTIONS[self.inputs])


_BORENSTEIN = "Borenstein et al. 2009, Introduction to Meta-Analysis, doi:10.1002/9780470743386"
_PROPORTION = "Stijnen, Hamza & Ozdemir 2010, doi:10.1002/sim.4040"
_RATE = "Bagos & Nikolopoulos 2009, doi:10.2202/1557-4679.1168"
_PAIRED = "Becker & Balagtas 1993, doi:10.2307/2532242"
_MARGINS = "Elbourne et al. 2002, doi:10.1093/ije/31.1.140; " + _PAIRED
_CHANGE = "Morris & DeShon 2002, doi:10.1037/1082-989X.7.1.105"

MEASURES: dict[str, Measure] = {
    m.code: m
    for m in (
        # -- two arms, counts --
        Measure(
            "OR", "odds ratio", "Odds ratio", "log odds ratios", "two_arm_counts", "exp", 1.0, True, False, 2,
            "log(a d / (b c))", "1/a + 1/b + 1/c + 1/d", _BORENSTEIN,
            "Not a risk ratio: with common events it is farther from 1 than the ratio of risks.",
        ),
        Measure(
            "RR", "risk ratio", "Risk ratio", "log risk ratios", "two_arm_counts", "exp", 1.0, True, False, 2,
            "log((a/n1) / (c/n2))", "1/a - 1/n1 + 1/c - 1/n2", _BORENSTEIN,
            "Not symmetric: the ratio of non-events is another number.",
        ),
        Measure(
            "RD", "risk difference", "Risk difference", "risk differences", "two_arm_counts", "identity", 0.0, False,
            True, 1, "a/n1 - c/n2", "a b / n1^3 + c d / n2^3", _BORENSTEIN,
            "Tends to vary more between populations than a ratio does.",
        ),
        Measure(
            "AS", "arcsine difference", "Arcsine difference", "arcsine differences", "two_arm_counts", "identity", 0.0,
            False, False, 3, "asin sqrt(a/n1) - asin sqrt(c/n2)", "1/(4 n1) + 1/(4 n2)",
            "Rücker et al. 2009, doi:10.1002/sim.3511",
            "Needs no correction for zero cells, but its size has no clinical meaning.",
        ),
        Measure(
            "PETO", "Peto odds ratio", "Peto odds ratio", "Peto log odds ratios", "two_arm_counts", "exp", 1.0, True,
            False, 2, "(O - E)/V, hypergeometric", "1/V", "Yusuf et al. 1985, doi:10.1016/S0033-0620(85)80003-7",
            "Biased for large effects (beyond an odds ratio of about 3) and for unbalanced arms.",
        ),
        Measure(
            "PHI", "phi coefficient", "Phi", "phi coefficients", "two_arm_counts", "identity", 0.0, False, False, 2,
            "(a d - b c) / sqrt(n1 n2 (a + c)(b + d))", "multinomial sampling (Yule 1912)",
            "Yule 1912, doi:10.2307/2340126", "The variance assumes that only the total was fixed, not the arms.",
        ),
        Measure(
            "YUQ", "Yule's Q", "Yule's Q", "Yule's Q coefficients", "two_arm_counts", "identity", 0.0, False, False, 2,
            "(OR - 1)/(OR + 1)", "(1 - Q^2)^2 (1/a + 1/b + 1/c + 1/d) / 4", "Yule 1912, doi:10.2307/2340126",
            "Nearly 1 or -1 with small cells, where its variance is too small.",
        ),
        Measure(
            "YUY", "Yule's Y", "Yule's Y", "Yule's Y coefficients", "two_arm_counts", "identity", 0.0, False, False, 2,
            "(sqrt(OR) - 1)/(sqrt(OR) + 1)", "(1 - Y^2)^2 (1/a + 1/b + 1/c + 1/d) / 16",
            "Yule 1912, doi:10.2307/2340126", "As Yule's Q.",
        ),
        Measure(
            "DOR", "diagnostic odds ratio", "Diagnostic odds ratio", "log diagnostic odds ratios", "diagnostic_counts",
            "exp", 1.0, True, False, 2, "log(tp tn / (fp fn))", "1/tp + 1/fp + 1/fn + 1/tn",
            "Glas et al. 2003, doi:10.1016/S0895-4356(03)00177-X",
            "One number for sensitivity and specificity together hides how they trade off.",
        ),
        # -- the same patients twice, counts: a both, b first only, c second only, d neither --
        Measure(
            "MPRD", "paired risk difference", "Risk difference", "paired risk differences", "paired_counts", "identity",
            0.0, False, True, 1, "(b - c)/n", "b/n^2 + c/n^2 - (b - c)^2/n^3", "May & Johnson 1997, "
            "doi:10.1002/(SICI)1097-0258(19970930)16:18<2127::AID-SIM633>3.0.CO;2-W",
            "a and d must be known: margins alone do not give its variance.",
        ),
        Measure(
            "MPRR", "paired risk ratio", "Risk ratio", "paired log risk ratios", "paired_counts", "exp", 1.0, True,
            False, 2, "log((a + b)/(a + c))", "(b + c)/((a + b)(a + c))", "Zou 2007, doi:10.1177/1740774506075667",
            "a and d must be known.",
        ),
        Measure(
            "MPOR", "marginal paired odds ratio", "Odds ratio", "marginal log odds ratios", "paired_counts", "exp", 1.0,
            True, False, 2, "log((a + b)(b + d) / ((a + c)(c + d)))",
            "1/(a+b) + 1/(c+d) + 1/(a+c) + 1/(b+d) - 2 (a d - b c) n / ((a+b)(c+d)(a+c)(b+d))", _PAIRED,
            "Comparable with the odds ratios of parallel trials; the conditional one is not.",
        ),
        Measure(
            "MPORC", "conditional paired odds ratio", "Conditional odds ratio", "conditional log odds ratios",
            "paired_counts", "exp", 1.0, True, False, 2, "log(b/c)", "1/b + 1/c", _PAIRED,
            "Farther from 1 than the marginal odds ratio; do not pool the two together.",
        ),
        # -- the same patients twice, counts of each condition and the correlation (phi) between them --
        Measure(
            "MPRDM", "paired risk difference, from margins", "Risk difference", "paired risk differences",
            "paired_margins", "identity", 0.0, False, True, 1, "(e1 - e2)/n", "MPRD's, with the table that r implies",
            _MARGINS, "r must be known or varied; 0 gives the variance of independent arms.",
        ),
        Measure(
            "MPRRM", "paired risk ratio, from margins", "Risk ratio", "paired log risk ratios", "paired_margins", "exp",
            1.0, True, False, 2, "log(e1/e2)", "MPRR's, with the table that r implies", _MARGINS,
            "r must be known or varied.",
        ),
        Measure(
            "MPORM", "marginal paired odds ratio, from margins", "Odds ratio", "marginal log odds ratios",
            "paired_margins", "exp", 1.0, True, False, 2, "log(e1 (n - e2) / (e2 (n - e1)))",
            "MPOR's, with the table that r implies", _MARGINS,
            "r must be known or varied. Comparable with the odds ratios of parallel trials.",
        ),
        # -- two arms, rates --
        Measure(
            "IRR", "incidence rate ratio", "Rate ratio", "log rate ratios", "two_arm_rates", "exp", 1.0, True, False, 2,
            "log((e1/t1) / (e2/t2))", "1/e1 + 1/e2", _RATE, "Assumes a constant rate.",
        ),
        Measure(
            "IRD", "incidence rate difference", "Rate difference", "rate differences", "two_arm_rates", "identity", 0.0,
            False, False, 3, "e1/t1 - e2/t2", "e1/t1^2 + e2/t2^2", _RATE, "Depends on the unit of time.",
        ),
        Measure(
            "IRSD", "difference of root rates", "Difference of root rates", "differences of root rates",
            "two_arm_rates", "identity", 0.0, False, False, 3, "sqrt(e1/t1) - sqrt(e2/t2)", "1/(4 t1) + 1/(4 t2)",
            _RATE, "Needs no correction for zeros, but its size has no clinical meaning.",
        ),
        # -- two arms, means --
        Measure(
            "MD", "mean difference", "Mean difference", "mean differences", "two_arm_means", "identity", 0.0, False,
            False, 2, "m1 - m2", "sd1^2/n1 + sd2^2/n2", _BORENSTEIN, "Only for studies that used one scale.",
        ),
        Measure(
            "SMD", "standardised mean difference (Hedges g)", "Hedges g", "standardised mean differences (Hedges g)",
            "two_arm_means", "identity", 0.0, False, False, 2, "J (m1 - m2) / sd_pooled, J exact (gamma functions)",
            "1/n1 + 1/n2 + g^2 / (2 (n1 + n2))", "Hedges 1981, doi:10.3102/10769986006002107",
            "Do not mix endpoint scores with change scores: their standard deviations differ in kind.",
        ),
        Measure(
            "SMDH", "standardised mean difference, unequal variances", "SMDH",
            "standardised mean differences (unequal variances)", "two_arm_means", "identity", 0.0, False, False, 2,
            "J (m1 - m2) / sqrt((sd1^2 + sd2^2)/2)",
            "J^2 (d^2 (sd1^4/df1 + sd2^4/df2) / (8 s^4) + (sd1^2/df1 + sd2^2/df2) / s^2)",
            "Bonett 2009, doi:10.1037/a0016619",
            "metafor from 4.6 on leaves out the factor J^2 (vtype='LS0'); compare versions before numbers.",
        ),
        Measure(
            "SMD1", "Glass's delta (control arm's SD)", "Glass's delta", "Glass's deltas", "two_arm_means", "identity",
            0.0, False, False, 2, "J(n2 - 1) (m1 - m2) / sd2", "1/n1 + 1/n2 + d^2 / (2 n2)",
            "Hedges 1981, doi:10.3102/10769986006002107", "Rests on the control arm's SD alone.",
        ),
        Measure(
            "ROM", "ratio of means", "Ratio of means", "log ratios of means", "two_arm_means", "exp", 1.0, True,
            False, 2, "log(m1/m2)", "sd1^2/(n1 m1^2) + sd2^2/(n2 m2^2)",
            "Hedges, Gurevitch & Curtis 1999, doi:10.2307/177062",
            "Only for scales with a true zero and means of one sign.",
        ),
        Measure(
            "VR", "variability ratio", "Variability ratio", "log variability ratios", "two_arm_means", "exp", 1.0, True,
            False, 2, "log(sd1/sd2) + 1/(2(n1-1)) - 1/(2(n2-1))", "1/(2(n1-1)) + 1/(2(n2-1))",
            "Nakagawa et al. 2015, doi:10.1111/2041-210X.12309", "Says nothing about means.",
        ),
        Measure(
            "CVR", "coefficient of variation ratio", "CV ratio", "log coefficient of variation ratios", "two_arm_means",
            "exp", 1.0, True, False, 2, "log((sd1/m1)/(sd2/m2)) + 1/(2(n1-1)) - 1/(2(n2-1))",
            "VR's + sd1^2/(n1 m1^2) + sd2^2/(n2 m2^2)", "Nakagawa et al. 2015, doi:10.1111/2041-210X.12309",
            "Only for scales with a true zero.",
        ),
        # -- the same patients twice, means --
        Measure(
            "MC", "mean change", "Mean change", "mean changes", "paired_means", "identity", 0.0, False, False, 2,
            "m1 - m2", "(sd1^2 + sd2^2 - 2 r sd1 sd2)/n", _CHANGE, "r must be known or varied.",
        ),
        Measure(
            "SMCC", "standardised mean change (SD of change)", "SMCC", "standardised mean changes (SD of change)",
            "paired_means", "identity", 0.0, False, False, 2, "J(n - 1) (m1 - m2) / sd_change", "1/n + d^2 / (2 n)",
            _CHANGE, "Not on the scale of a two-arm SMD: it divides by another SD.",
        ),
        Measure(
            "SMCR", "standardised mean change (raw SD)", "SMCR", "standardised mean changes (raw SD)", "paired_means",
            "identity", 0.0, False, False, 2, "J(n - 1) (m1 - m2) / sd1", "2 (1 - r)/n + d^2 / (2 n)",
            "Becker 1988, doi:10.1111/j.2044-8317.1988.tb00901.x", "r must be known or varied.",
        ),
        Measure(
            "ROMC", "ratio of means within patients", "Ratio of means", "log ratios of means (paired)", "paired_means",
            "exp", 1.0, True, False, 2, "log(m1/m2)",
            "sd1^2/(n m1^2) + sd2^2/(n m2^2) - 2 r sd1 sd2/(m1 m2 n)", "Lajeunesse 2011, doi:10.1890/11-0423.1",
            "Only for scales with a true zero.",
        ),
        # -- correlations --
        Measure(
            "COR", "correlation", "Correlation", "correlations", "correlations", "identity", 0.0, False, False, 2, "r",
            "(1 - r^2)^2/(n - 1)", _BORENSTEIN, "Skewed near 1 and -1; Fisher's z is not.",
        ),
        Measure(
            "ZCOR", "correlation, pooled as Fisher's z", "Correlation", "Fisher's z values", "correlations", "tanh",
            0.0, False, False, 2, "atanh(r)", "1/(n - 3)", "Fisher 1921; " + _BORENSTEIN, "Not for n of 3 or fewer.",
        ),
        # -- one arm --
        Measure(
            "PLO", "proportion, pooled as logit", "Proportion", "logit proportions", "one_arm_counts", "expit", None,
            False, True, 1, "log(e / (n - e))", "1/e + 1/(n - e)", _PROPORTION,
            "With few events the normal approximation is poor; a binomial model is better.",
        ),
        Measure(
            "PR", "raw proportion", "Proportion", "raw proportions", "one_arm_counts", "identity", None, False, True, 1,
            "e / n", "e (n - e) / n^3", _PROPORTION,
            "Intervals can leave 0 to 1, and extreme proportions get too much weight.",
        ),
        Measure(
            "PLN", "proportion, pooled as log", "Proportion", "log proportions", "one_arm_counts", "exp", None, False,
            True, 1, "log(e / n)", "1/e - 1/n", _PROPORTION, "Intervals can exceed 1.",
        ),
        Measure(
            "PAS", "proportion, pooled as arcsine", "Proportion", "arcsine proportions", "one_arm_counts", "sin2", None,
            False, True, 1, "asin sqrt(e / n)", "1/(4 n)", "Rücker et al. 2009, doi:10.1002/sim.3511",
            "With many events at 0 or n a binomial model is better.",
        ),
        Measure(
            "PFT", "proportion, Freeman-Tukey", "Freeman-Tukey value", "Freeman-Tukey values", "one_arm_counts", "none",
            None, False, False, 3, "(asin sqrt(e/(n+1)) + asin sqrt((e+1)/(n+1)))/2", "1/(4 n + 2)",
            "Freeman & Tukey 1950, doi:10.1214/aoms/1177729756",
            "Its inverse needs one n for all studies and can be far off (Schwarzer 2019, doi:10.1002/jrsm.1348), so "
            "none is offered.",
        ),
        Measure(
            "IR", "incidence rate", "Rate", "rates", "one_arm_rates", "identity", None, False, False, 3, "e/t", "e/t^2",
            _RATE, "Intervals can go below 0.",
        ),
        Measure(
            "IRLN", "incidence rate, pooled as log", "Rate", "log rates", "one_arm_rates", "exp", None, False, False, 3,
            "log(e/t)", "1/e", _RATE, "Assumes a constant rate.",
        ),
        Measure(
            "IRS", "incidence rate, pooled as root", "Rate", "root rates", "one_arm_rates", "square", None, False,
            False, 3, "sqrt(e/t)", "1/(4 t)", _RATE, "Intervals can go below 0 on the root scale.",
        ),
        Measure(
            "IRFT", "incidence rate, Freeman-Tukey", "Freeman-Tukey value", "Freeman-Tukey values", "one_arm_rates",
            "none", None, False, False, 3, "(sqrt(e/t) + sqrt((e+1)/t))/2", "1/(4 t)",
            "Freeman & Tukey 1950, doi:10.1214/aoms/1177729756", "As for PFT, no back-transformation is offered.",
        ),
        Measure(
            "MN", "mean", "Mean", "means", "one_arm_means", "identity", None, False, False, 2, "m", "sd^2/n",
            _BORENSTEIN, "Only for studies that used one scale.",
        ),
        Measure(
            "MNLN", "mean, pooled as log", "Mean", "log means", "one_arm_means", "exp", None, False, False, 2, "log(m)",
            "sd^2/(n m^2)", "Hedges, Gurevitch & Curtis 1999, doi:10.2307/177062", "Only for positive means.",
        ),
        # -- anything else --
        Measure(
            "GEN", "effect as published", "Effect", "published effects", "generic", "identity", 0.0, False, False, 2,
            "the printed estimate", "SE^2, or ((high - low) / (2 z))^2 from the printed interval",
            "Cochrane Handbook 6.3, 10.3, https://training.cochrane.org/handbook",
            "Ratios must be given on the log scale.",
        ),
        Measure(
            "HR", "hazard ratio as published", "Hazard ratio", "log hazard ratios", "hazard_ratios", "exp", 1.0, True,
            False, 2, "log of the printed ratio", "SE^2 of the log ratio, from its interval or p-value if need be",
            "Parmar, Torri & Stewart 1998, doi:10.1002/(SICI)1097-0258(19981230)17:24<2815::AID-SIM110>3.0.CO;2-8",
            "Assumes proportional hazards.",
        ),
    )
}  # fmt: skip

ALIASES = {
    "odds_ratio": "OR", "risk_ratio": "RR", "risk_difference": "RD", "mean_difference": "MD", "hedges_g": "SMD",
    "rate_ratio": "IRR", "ratio_of_means": "ROM", "fisher_z": "ZCOR", "lnRR": "ROM",
    "hazard_ratio": "HR", "diagnostic_odds_ratio": "DOR",
}  # fmt: skip
# Measures of one group of patients, or of the same patients twice: there is no control arm.
ONE_GROUP = frozenset(
    ("one_arm_counts", "one_arm_rates", "one_arm_means", "correlations", "paired_counts", "paired_margins",
     "paired_means", "diagnostic_counts")
)  # fmt: skip
# Raw tables of arms that feed a measure; every measure can be fed by comparisons.csv.
ARM_TABLES = {
    "two_arm_counts": "dichotomous", "one_arm_counts": "dichotomous", "two_arm_means": "continuous",
    "one_arm_means": "continuous",
}  # fmt: skip


def get_measure(code: str) -> Measure:
    """Look a measure up by its code or readable name.

    Raises
    ------
    ConfigError
        When the code is unknown; the message names the nearest known one.
    """
    found = MEASURES.get(ALIASES.get(code, code))
    if found is None:
        near = get_close_matches(str(code).upper(), MEASURES, n=1, cutoff=0.5)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise ConfigError(f"Unknown effect measure {code!r}.{hint} Known: {', '.join(MEASURES)}.")
    return found
