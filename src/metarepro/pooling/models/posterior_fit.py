"""What every fit by Bayes reads from its posteriors."""

from __future__ import annotations

import math
from typing import Any

from metarepro.pooling.models.posteriors import Posterior
from metarepro.pooling.protocol import Fit
from metarepro.pooling.result_parts import Component, Heterogeneity

NAN = math.nan


class PosteriorFit(Fit):
    """A fit whose estimate is a posterior median and whose intervals are central posterior intervals."""

    mu: Posterior
    tau: Posterior
    predictive: Posterior
    k: int

    statistic = df = p_value = NAN
    at_boundary = False

    @property
    def beta(self) -> float:
        """Posterior median of mu."""
        return self.mu.median

    @property
    def se(self) -> float:
        """Posterior standard deviation of mu."""
        return self.mu.sd

    @property
    def ci_low(self) -> float:
        """Lower end of the central interval of mu."""
        return self.mu.ci_low

    @property
    def ci_high(self) -> float:
        """Upper end of the central interval of mu."""
        return self.mu.ci_high

    @property
    def pi_low(self) -> float:
        """Lower end of the central interval of the effect of a new study."""
        return self.predictive.ci_low

    @property
    def pi_high(self) -> float:
        """Upper end of the central interval of the effect of a new study."""
        return self.predictive.ci_high

    @property
    def tau2(self) -> float:
        """Square of the posterior median of tau."""
        return self.tau.median**2

    def probability_below(self, x: Any) -> Any:
        """Posterior probability that the mean effect is below `x`, on the working scale."""
        return self.mu.probability_below(x)

    @property
    def heterogeneity(self) -> Heterogeneity:
        """How true effects differ: tau2 at the posterior median of tau, with its central interval; no test."""
        low, high = self.tau.ci_low**2, self.tau.ci_high**2
        component = Component("between studies", self.tau2, NAN, low, high)
        return Heterogeneity((component,), NAN, NAN, NAN, NAN, NAN, NAN, max(self.k - 1, 0), NAN, "none", "posterior")
