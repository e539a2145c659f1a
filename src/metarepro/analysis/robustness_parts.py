"""How far an analysis depends on single studies, on studies that may be missing and on choices: the numbers."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from metarepro.notes import Note
from metarepro.records import Number

Question = Literal[
    "without_lowest", "without_highest", "trim_and_fill", "pet_peese", "limit", "selection", "large_studies",
]  # fmt: skip


# A test of asymmetry below this p-value says that small trials differ (`metarepro.small_study_tests` counts so, too).
SMALL_TRIALS = 0.1


@dataclass(frozen=True)
class StudyInfluence:
    """Deletion diagnostics of one study, on the working scale; see `metarepro.influence`."""

    study_id: str
    label: str
    rstudent: Number
    dffits: Number
    cook: Number
    covariance_ratio: Number
    tau2_deleted: Number
    q_deleted: Number
    hat: Number
    weight: Number
    dfbetas: Number
    q_contribution: Number
    overall_influence: Number
    influential: bool


@dataclass(frozen=True)
class AsymmetryResult:
    """A test of funnel-plot asymmetry; `reason` says why it does not fit here, and is empty where it does."""

    code: str
    name: str
    statistic: Number
    df: Number
    p_value: Number
    fits: bool
    reason: str


@dataclass(frozen=True)
class WhatIf:
    """The pooled effect if things were otherwise, on the display scale.

    Attributes
    ----------
    question : str
        What is otherwise: a study left out (``without_lowest``, ``without_highest``: the ones without which the effect
        is lowest and highest), studies filled, small studies discounted, a selection by p-values.
    k : int
        Studies; with ``trim_and_fill`` the filled ones too.
    estimate, ci_low, ci_high : float
    crosses_null : bool or None
        Whether the interval holds no difference; None where there is none.
    detail : Note or None
        The study, or how many were filled.
    """

    question: Question
    k: int
    estimate: Number
    ci_low: Number
    ci_high: Number
    crosses_null: bool | None
    detail: Note | None


@dataclass(frozen=True)
class Universe:
    """One specification of a multiverse: the level of each factor, studies, result on the display scale."""

    levels: tuple[int, ...]
    k: int
    estimate: Number
    ci_low: Number
    ci_high: Number


@dataclass(frozen=True)
class Factor:
    """A choice and its levels, the configured one first; `share` of the variance of the effects that goes with it."""

    name: str
    levels: tuple[str, ...]
    share: Number


@dataclass(frozen=True)
class MultiverseResult:
    """Every combination of the choices of an analysis.

    Attributes
    ----------
    factors : tuple of Factor
        The one that moves the result most first.
    universes : tuple of Universe
        By effect, the smallest first. Levels are those of `factors`.
    main : int
        Which of them is the configured analysis; -1 where it is not among them.
    combinations : int
        Of all levels.
    left_out : dict of str to int
        Combinations that are not pooled, by reason.
    seed : int or None
        Of the sample of combinations; None where all are pooled.
    same_direction, excluding_null : float
        Shares of the universes with the direction of the main result, and whose interval excludes no difference on its
        side.
    null_p : float
        How often as many universes would exclude no difference if no trial had an effect (flipped signs); NaN where the
        universes are not pooled by inverse variance.
    """

    factors: tuple[Factor, ...]
    universes: tuple[Universe, ...]
    main: int
    combinations: int
    left_out: dict[str, int]
    seed: int | None
    same_direction: Number
    excluding_null: Number
    null_p: Number


@dataclass(frozen=True)
class RobustnessResult:
    """What the result of an analysis owes to single studies and to what may be missing.

    Attributes
    ----------
    influence : tuple of StudyInfluence
        In the order of the studies.
    asymmetry : tuple of AsymmetryResult
    what_if : tuple of WhatIf
    null_trials : float
        Trials of average precision without an effect that would make the interval hold no difference; 0 where it does,
        NaN for a measure without a value of no difference, and for models that are not refitted.
    tipping_bias : float
        Shift of all effects, on the working scale, at which the interval touches no difference; NaN as above.
    notes : tuple of Note
        What is not computed and why.
    minimal_difference, reaches_minimal : float
        The smallest difference that patients would notice, of mean differences where the settings name it; the chance
        that the true effect of a new study is at least as good.
    """

    influence: tuple[StudyInfluence, ...]
    asymmetry: tuple[AsymmetryResult, ...]
    what_if: tuple[WhatIf, ...]
    null_trials: Number
    tipping_bias: Number
    notes: tuple[Note, ...]
    minimal_difference: Number = math.nan
    reaches_minimal: Number = math.nan
