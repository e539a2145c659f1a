"""Ways of computing a pooled result, as codes: which there are, and which of them a report's words allow."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cache
from itertools import product
from typing import Any, Literal

import numpy as np

from metarepro.effects.registry import get_measure
from metarepro.errors import DataError
from metarepro.pooling.inference import CI_METHODS
from metarepro.pooling.tau2 import ESTIMATORS
from metarepro.reproduction.printed import StudyInputs

Options = tuple[tuple[str, Any], ...]
Weights = Literal["IV", "shared", "MH", "Peto", "collapsed", "GLMM"]

TAU2 = tuple(code for code, e in ESTIMATORS.items() if e.tried)
CI = tuple(code for code, m in CI_METHODS.items() if m.tried)
# Options of `effect_sizes`, the usual ones first: what is done about zero cells; the formulas of an SMD.
TO_ZERO: Options = ()
ZERO_RULES: tuple[Options, ...] = (
    TO_ZERO,
    (("drop_double_zero", True),),
    (("correction_cells", "events"), ("drop_double_zero", True)),
    (("correction_to", "if_any_zero"),),
    (("correction_to", "all"),),
    (("correction_to", "none"),),
    (("zero_cells", "revman"),),
)
# The studies' tables summed to one; no option of `effect_sizes`.
COLLAPSED: Options = (("collapsed", True),)
BY_ARM_SIZE: Options = (("correction_cells", "by_arm_size"),)
# Models of the counts themselves; the option of `glmm`.
COUNT_MODELS: tuple[Options, ...] = tuple((("model", code),) for code in ("UM.FS", "CM.EL", "UM.RS", "CM.AL", "BB"))
PETO: Options = (("correction_to", "none"), ("drop_double_zero", True))
MD_OPTIONS: tuple[Options, ...] = ((("vtype", "LS"),), (("vtype", "HO"),))
SMD_OPTIONS: tuple[Options, ...] = tuple(
    (("j", j), ("vtype", vtype))
    for j, vtype in product(("exact", "approximate", "none"), ("LS", "LSd", "LS2", "RevMan", "LSdf", "UB"))
)
PROPORTIONS = ("PLO", "PR", "PAS", "PFT")
# Correlations that are assumed between the two periods of a crossover trial.
CORRELATIONS = (0.25, 0.5, 0.75)


@dataclass(frozen=True)
class Formula:
    """How the studies' effects are made: of which numbers, with which options of `effect_sizes`.

    `correlation` is the one that is assumed within crossover trials; None if their arms count as parallel ones.
    """

    kind: str
    measure: str
    options: Options = ()
    correlation: float | None = None

    @property
    def ratio(self) -> bool:
        """Whether the display scale is a ratio's."""
        return get_measure(self.measure).ratio


@dataclass(frozen=True)
class Way:
    """One way of computing.

    Attributes
    ----------
    formula : Formula
    weights : {'IV', 'shared', 'MH', 'Peto', 'collapsed', 'GLMM'}
        ``shared``: inverse variance with a tau2 that other subgroups share; ``GLMM``: a model of the counts.
    tau2, ci : str
        Keys of `ESTIMATORS` and `CI_METHODS` (mid-p of a collapsed table); with MH random effects are DL around the
        Mantel-Haenszel mean (RevMan).
    corrected : {'', 'tables', 'variance'}
        What of MH is made of tables that are corrected for zero cells: all, or the variance only.
    turned : bool
        Whether the arms are exchanged.
    """

    formula: Formula
    weights: Weights
    tau2: str
    ci: str
    corrected: Literal["", "tables", "variance"] = ""
    turned: bool = False


def formulas(inputs: StudyInputs, measure: str) -> list[Formula]:
    """Effect formulas in use for a measure, the usual one first.

    Raises
    ------
    DataError
        The measure cannot be made of these numbers.
    """
    kind, several = inputs.kind, inputs.columns[next(iter(inputs.columns))].ndim > 1
    if kind == "effects":
        return [Formula(kind, measure)]
    if kind == "proportions" and measure == "PR":
        return [Formula(kind, code) for code in PROPORTIONS]
    options: tuple[Options, ...] = ()
    if kind == "counts" and measure in ("OR", "RR", "RD"):
        options = ZERO_RULES
    elif kind == "means" and measure in ("MD", "SMD"):
        options = MD_OPTIONS if measure == "MD" else SMD_OPTIONS
    else:
        raise DataError(f"{measure} cannot be made of {kind}.")
    found = [Formula(kind, measure, chosen) for chosen in options]
    if measure == "OR":
        found.append(Formula(kind, "PETO", PETO))
    if kind == "counts":
        found.append(Formula(kind, measure, BY_ARM_SIZE))
    if np.any(inputs.paired) and not (kind == "counts" and several):
        found += [replace(found[0], correlation=r) for r in CORRELATIONS]
    return found


# What a report says of its method, by kind: of words of one kind ("IV or MH") any will do.
_KINDS = (
    (
        "estimator",
        (
            (r"\bREML\b|restricted maximum", "REML"), (r"\bPM\b|Paule", "PM"), (r"\bDL\b|DerSimonian", "DL"),
            (r"\bML\b", "ML"), (r"\bSJ\b|Sidik", "SJ"), (r"\bEB\b|empirical Bayes", "EB"),
            (r"\bHS\b|Hunter", "HS"), (r"\bHE\b|Hedges-Olkin", "HE"),
        ),
    ),
    ("effects", ((r"\bFE\b|fixed|common.effect", "fixed"), (r"\bRE\b|random", "random"))),
    ("weights", ((r"\bM-?H\b|Mantel", "MH"), (r"Peto", "Peto"), (r"\bIV\b|inverse.variance", "IV"),
                 (r"collapsed|summed events|crude pool", "collapsed"),
                 (r"\bGLMM\b|generali[sz]ed linear mixed|mixed[ -]effects? logistic"
                  r"|logistic mixed|random[ -]intercept logistic"
                  r"|(binomial|logistic)[ -]normal|beta-binomial|hypergeometric", "GLMM"))),
    ("interval", ((r"Hartung|Knapp|HKSJ|\bHK\b", "HK"), (r"\bt[ -]distribution|\bt test", "t"))),
)  # fmt: skip
_SHARED = re.compile(r"shar\w+ .*varian|(common|pooled|same) (tau|(between[ -]study )?varian)", re.I)
# Estimators that programs use unless told otherwise.
_USUAL = ("DL", "REML", "PM")


def tells_model_of_counts(model: str) -> bool:
    """Whether a description of the model tells one of the counts themselves."""
    return any("GLMM" in traits for traits in declared(model))


@cache
def declared(model: str) -> tuple[frozenset[str], ...]:
    """For each kind of thing that a description of a model tells, the traits that fulfil it."""
    told = (frozenset(trait for pattern, trait in traits if re.search(pattern, model, re.I)) for _, traits in _KINDS)
    return tuple(traits for traits in told if traits)


def traits_of(way: Way) -> set[str]:
    """What a way is in the terms of `declared`."""
    weights = "IV" if way.weights == "shared" else way.weights
    return {
        weights, "fixed" if way.tau2 == "CE" else "random", way.tau2, "HK" if way.ci.startswith("HK") else way.ci
    }  # fmt: skip


def lacks_declared(way: Way, model: str) -> int:
    """How many things that a description of the model tells a way does not fulfil.

    What it leaves unsaid is what programs do unless told otherwise: intervals of the normal distribution, and for
    random effects DL, REML or PM. A turned sign is nobody's way, nor is a collapsed table, a model of counts or a tau2
    shared by subgroups that is not told. Nothing else is held against a way if nothing is told.
    """
    wanted, traits = declared(model), traits_of(way)
    lacking = sum(not any_of & traits for any_of in wanted) + way.turned
    said = frozenset().union(*wanted)
    if "collapsed" in traits:
        return lacking + ("collapsed" not in said)
    lacking += way.weights == "GLMM" and "GLMM" not in said
    lacking += way.weights == "shared" and not _SHARED.search(model)
    if wanted:
        lacking += "z" not in traits and not said & {"HK", "t"}
        named = said & {trait for _, trait in _KINDS[0][1]}
        lacking += "random" in traits and not named and way.tau2 not in _USUAL and way.weights != "GLMM"
    return lacking


def unusual(way: Way) -> int:
    """How far a way is from what programs do unless told otherwise; decides between those that agree."""
    traits = traits_of(way)
    rank = 0 if "z" in traits else 2 if "HK" in traits else 4
    return rank + (0 if way.tau2 in ("DL", "CE") else 1 if way.tau2 in _USUAL else 3)
