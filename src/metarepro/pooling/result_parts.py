"""What results of every fit are made of: how they were computed, in codes, and how true effects differ."""

from __future__ import annotations

import math
from dataclasses import dataclass

from metarepro.records import Number

INVERSE_VARIANCE, BINOMIAL_NORMAL, COMPOUND = "inverse variance", "binomial-normal", "compound"
MANTEL_HAENSZEL, PETO = "Mantel-Haenszel", "Peto"
BAYES, MULTILEVEL, NETWORK, LOCATION_SCALE = "Bayes", "multilevel", "network", "location-scale"
DOSE_RESPONSE, MULTIVARIATE = "dose-response", "multivariate"
# Models of counts by their codes, in words.
MODELS_OF_COUNTS = {
    BINOMIAL_NORMAL: "random effects, binomial-normal model",
    "PN": "random effects, Poisson-normal model",
    "CM.EL": "random effects, conditional on the events of both arms (exact likelihood)",
    "CM.AL": "random effects, conditional on the events of both arms (approximate likelihood)",
    "UM.FS": "random effects, a fixed level of its own for each study",
    "UM.RS": "random effects and random levels of the studies",
    "BB": "beta-binomial model",
}
# The model of counts of each measure that is taken if none is named.
DEFAULT_MODELS = {"PLO": BINOMIAL_NORMAL, "IRLN": "PN", "OR": "CM.EL", "IRR": "CM.EL"}
# Intervals by profile likelihood.
PROFILES = ("PL", "PL-t")


@dataclass(frozen=True)
class Method:
    """How a result was computed, in codes; whoever shows them finds words in the tables that the codes are keys of.

    Attributes
    ----------
    model : str
        ``inverse variance``, ``Mantel-Haenszel``, ``Peto``, ``binomial-normal`` or ``compound``.
    tau2, ci, pi : str
        Estimator of tau2, confidence and prediction interval; ``none`` where the model has no such thing.
    level : float
        Coverage of the intervals.
    weights : str
        ``model`` for those of the model, ``given`` for the user's own.
    """

    model: str
    tau2: str
    ci: str
    pi: str
    level: float

    @property
    def by_profile(self) -> bool:
        """Whether the confidence interval is by profile likelihood."""
        return self.ci in PROFILES

    weights: str = "model"


@dataclass(frozen=True)
class Component:
    """A variance of true effects: between studies, or at another level; with its standard error and interval."""

    name: str
    tau2: Number
    se: Number = math.nan
    low: Number = math.nan
    high: Number = math.nan


@dataclass(frozen=True)
class Heterogeneity:
    """How true effects differ.

    Attributes
    ----------
    components : tuple of Component
        Variances, the outermost first; one, ``between studies``, in a two-level model.
    i2, i2_low, i2_high, h2 : float
        I2 in percent, with its interval, and H2.
    i2_q : float
        I2 by its other definition, 100 max(0, (Q - df)/Q).
    q, q_df, q_p : float
        Test of equal effects, as `test` says.
    test : str
        ``Q`` for Cochran's, ``LRT`` for the likelihood-ratio test.
    interval : str
        Method behind the intervals of tau2 and I2: ``QP`` (Q-profile) or ``PL`` (profile likelihood).
    """

    components: tuple[Component, ...]
    i2: Number
    i2_low: Number
    i2_high: Number
    h2: Number
    i2_q: Number
    q: Number
    q_df: int
    q_p: Number
    test: str = "Q"
    interval: str = "QP"
