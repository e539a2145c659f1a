"""The one table of effect measures: what each is, on which scale, how to show it, where it comes from.

Figures, tables and sentences take their labels, scales and null values from here and from nowhere else.
"""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from typing import Literal

from metarepro.errors import ConfigError

Display = Literal["identity", "exp", "expit"]
Inputs = Literal["two_arm_counts", "two_arm_means", "one_arm_counts", "generic"]


@dataclass(frozen=True)
class Measure:
    """One effect measure.

    Attributes
    ----------
    code : str
        Short name used in configurations and by the Python API.
    name, label : str
        Long name; short label for axes and column heads.
    inputs : str
        Which numbers it is made of: two-arm counts, two-arm means, one-arm counts, or a published estimate.
    display : str
        Back-transformation from the working scale: ``identity``, ``exp`` or ``expit``.
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


_COUNTS = "Borenstein et al. 2009, Introduction to Meta-Analysis, ch. 5, doi:10.1002/9780470743386"

MEASURES: dict[str, Measure] = {
    m.code: m
    for m in (
        Measure(
            "OR", "odds ratio", "Odds ratio", "two_arm_counts", "exp", 1.0, True, False, 2,
            "log(a d / (b c))", "1/a + 1/b + 1/c + 1/d", _COUNTS,
            "Not a risk ratio: with common events it is farther from 1 than the ratio of risks.",
        ),
        Measure(
            "RR", "risk ratio", "Risk ratio", "two_arm_counts", "exp", 1.0, True, False, 2,
            "log((a/n1) / (c/n2))", "1/a - 1/n1 + 1/c - 1/n2", _COUNTS,
            "Not symmetric: the ratio of non-events is another number.",
        ),
        Measure(
            "RD", "risk difference", "Risk difference", "two_arm_counts", "identity", 0.0, False, True, 1,
            "a/n1 - c/n2", "a b / n1^3 + c d / n2^3", _COUNTS,
            "Tends to vary more between populations than a ratio does.",
        ),
        Measure(
            "MD", "mean difference", "Mean difference", "two_arm_means", "identity", 0.0, False, False, 2,
            "m1 - m2", "sd1^2/n1 + sd2^2/n2",
            "Borenstein et al. 2009, Introduction to Meta-Analysis, ch. 4, doi:10.1002/9780470743386",
            "Only for studies that used one scale.",
        ),
        Measure(
            "SMD", "standardised mean difference (Hedges g)", "Hedges g", "two_arm_means", "identity", 0.0, False,
            False, 2, "J (m1 - m2) / sd_pooled, J exact (gamma functions)", "1/n1 + 1/n2 + g^2 / (2 (n1 + n2))",
            "Hedges 1981, doi:10.3102/10769986006002107",
            "Do not mix endpoint scores with change scores: their standard deviations differ in kind.",
        ),
        Measure(
            "PLO", "proportion, pooled as logit", "Proportion", "one_arm_counts", "expit", None, False, True, 1,
            "log(e / (n - e))", "1/e + 1/(n - e)",
            "Stijnen, Hamza & Ozdemir 2010, doi:10.1002/sim.4040",
            "With few events the normal approximation is poor; a binomial model is better.",
        ),
        Measure(
            "PR", "raw proportion", "Proportion", "one_arm_counts", "identity", None, False, True, 1,
            "e / n", "e (n - e) / n^3",
            "Stijnen, Hamza & Ozdemir 2010, doi:10.1002/sim.4040",
            "Intervals can leave 0 to 1, and extreme proportions get too much weight.",
        ),
        Measure(
            "GEN", "effect as published", "Effect", "generic", "identity", 0.0, False, False, 2,
            "the printed estimate", "SE^2, or ((high - low) / (2 z))^2 from the printed interval",
            "Cochrane Handbook 6.3, 10.3, https://training.cochrane.org/handbook",
            "Ratios must be given on the log scale.",
        ),
    )
}  # fmt: skip

ALIASES = {"odds_ratio": "OR", "risk_ratio": "RR", "risk_difference": "RD", "mean_difference": "MD", "hedges_g": "SMD"}


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
