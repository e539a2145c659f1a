"""Settings of the pooling model: estimators, intervals, what is done about zero cells."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal, Self, TypeAlias

from pydantic import BeforeValidator, Field, model_validator

from metarepro.analysis.models import COMMON
from metarepro.analysis.parts import Part, Real, Truth, fail
from metarepro.effects.levels import LEAST_LEVEL
from metarepro.effects.registry import MEASURES
from metarepro.pooling.conventions import CONVENTIONS, Conventions
from metarepro.pooling.method_codes import ESTIMATORS, ESTIMATORS_OF_COUNTS, INTERVALS, PREDICTIONS, usual_interval

if TYPE_CHECKING:
    EstimatorCode: TypeAlias = str
    IntervalCode: TypeAlias = str
    PredictionCode: TypeAlias = str
else:
    # The codes are the rows of the tables of methods.
    TABLES_OF_METHODS = (ESTIMATORS | ESTIMATORS_OF_COUNTS, INTERVALS, PREDICTIONS)
    EstimatorCode, IntervalCode, PredictionCode = (Literal[tuple(t)] for t in TABLES_OF_METHODS)

# Keys of options of `effect_sizes`.
_KEYS = {"vtype": "smd_variance", "j": "smd_correction"}


def settings_like(conventions: Conventions, measure: str) -> dict[str, Any]:
    """Settings of how another program makes effects of a measure."""
    return {_KEYS.get(name, name): x for name, x in conventions.options_for(MEASURES[measure]).items()}


class Model(Part):
    """The pooling model."""

    like: Literal[tuple(CONVENTIONS)] | None = Field(  # type: ignore[valid-type]
        None,
        description="Take the conventions of another program for every key below that is not given: metafor (REML, "
        "Wald, normal prediction interval), meta (REML, Wald, prediction interval with k - 1 df), revman (RevMan 5: "
        "DL, about the Mantel-Haenszel estimate for OR, RR and RD; Wald; its zero cells and its variance of SMD; "
        "subgroups with a tau2 each).",
    )

    method: Annotated[
        Literal["auto", "inverse_variance", "mantel_haenszel", "peto", "glmm", "bayes"],
        BeforeValidator(lambda word: "glmm" if word == "GLMM" else word),
    ] = Field(
        "auto",
        description="inverse_variance; or a model of the counts: mantel_haenszel (OR, RR, RD, IRR, IRD) and peto "
        "(PETO, OR), which are common effects with a normal interval, so that tau2, ci and pi do not apply; glmm, "
        "random effects by maximum likelihood (PLO, OR, IRR, IRLN; see glmm_model); or bayes, inverse variance with a "
        "prior of tau (see tau_prior). auto: glmm for PLO, inverse variance for the rest.",
    )
    glmm_model: Literal["CM.EL", "CM.AL", "UM.FS", "UM.RS", "BB"] | None = Field(
        None,
        description="Which model of the counts with glmm: conditional, exact (CM.EL, the default of OR and IRR) or "
        "approximate (CM.AL); a fixed (UM.FS) or random (UM.RS) level of each study; beta-binomial (BB). Left out for "
        "PLO and IRLN: binomial- and Poisson-normal.",
    )
    tau_prior: Real | None = Field(
        None,
        gt=0,
        description="Scale of the half-normal prior of tau, the standard deviation of true effects, for method: bayes "
        "and for the Bayesian result beside up to five studies. Left out: 0.5 for log ratios and SMD, 1 for logits and "
        "log rates; none for other measures, which then have no Bayesian result.",
    )
    glmm_ci: Literal["t", "PL", "PL-t", "z"] = Field(
        "t",
        description="Confidence interval with glmm: Wald with t (k - 1 df) or normal (z), profile likelihood with the "
        "quantile of the normal (PL) or of t (PL-t).",
    )
    tau2: EstimatorCode = Field(
        "REML",
        description="Estimator of the between-study variance; CE for a common effect; DL-MH for RevMan's random "
        "effects by Mantel-Haenszel.",
    )
    ci: IntervalCode | None = Field(
        None,
        description="Confidence interval of the pooled effect. Left out: HK-ci, the wider of Hartung-Knapp and Wald; z "
        "for a common effect.",
    )
    subgroup_tau2: Literal["common", "separate"] = Field(
        "common",
        description="Whether subgroups share one between-study variance, with an F test between them, or have their "
        "own, with Cochran's Q. Models of counts have their own.",
    )
    pi: PredictionCode = Field("HTS", description="Prediction interval.")
    level: Real = Field(0.95, ge=LEAST_LEVEL, lt=1, description="Level of all intervals, 0.95 not 95 or 0.05.")
    correction: Real = Field(0.5, ge=0, le=1, description="Added to the cells of tables with a zero.")
    correction_to: Literal["only_zero", "if_any_zero", "all", "none"] = Field(
        "only_zero", description="Which tables get the correction."
    )
    correction_cells: Literal["all", "events"] = Field(
        "all",
        description="Which cells of such a table get it: all, or the events only, so that each total grows by the "
        "correction once (two arms; as the Metapsy databases do).",
    )
    zero_cells: Literal["metafor", "revman", "none"] | None = Field(
        None,
        description="A rule for zero cells of two arms, instead of correction_to, correction_cells and drop_double_"
        "zero. metafor: estimate and variance from corrected cells; revman: as RevMan, RD as counted with the "
        "correction in the variance only; none: nothing is added, and a study that has no effect then is left out.",
    )
    smd_variance: Literal["LS", "LS2", "UB", "AV", "LSd", "LSdf", "RevMan"] = Field(
        "LS",
        description="Sampling variance of SMD: large-sample with g (LS) or with the uncorrected d, with J² (LS2) or "
        "without it (LSd, as the Metapsy databases do), unbiased (UB), with the mean g (AV), with N - 2 (LSdf) or "
        "N - 3.94 (RevMan) below g².",
    )
    smd_correction: Literal["exact", "approximate"] = Field(
        "exact", description="Small-sample correction J of SMD: by gamma functions, or 1 - 3/(4N - 9)."
    )
    drop_double_zero: Truth = Field(False, description="Whether studies without events in both arms are left out.")

    @model_validator(mode="before")
    @classmethod
    def _conventions(cls, given: Any) -> Any:
        """What the conventions of another program say where nothing is given."""
        chosen = CONVENTIONS.get(str(given.get("like"))) if isinstance(given, dict) else None
        if chosen is None:
            return given
        return {"pi": chosen.pi, "ci": chosen.ci, "tau2": chosen.tau2, "subgroup_tau2": "separate", **given}

    @property
    def interval(self) -> str:
        """Code of the confidence interval."""
        return self.ci or usual_interval(self.tau2)

    @model_validator(mode="after")
    def _defined(self) -> Self:
        if self.tau2 == "CE" and INTERVALS[self.interval]["uses_hk"] and self.method not in COMMON:
            raise fail("E103", "Hartung-Knapp needs a random-effects model, not CE", "Fix: ci: z, or another tau2.")
        by_hand = {"correction_to": "only_zero", "correction_cells": "all", "drop_double_zero": False}
        for key, usual in by_hand.items() if self.zero_cells else ():
            if getattr(self, key) != usual:
                fix = f"Fix: delete {key}, or zero_cells."
                raise fail("E103", f"zero_cells: {self.zero_cells} decides about {key}", fix, key=key)
        return self
