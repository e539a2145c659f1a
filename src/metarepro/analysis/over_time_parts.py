"""Results of an analysis at all times in one model."""

from __future__ import annotations

from dataclasses import dataclass

from metarepro.notes import Note
from metarepro.records import Number


@dataclass(frozen=True)
class TimedEffect:
    """One effect of one trial at one time; `arms` compared, `estimate`, `ci_low`, `ci_high` on the display scale."""

    study_id: str
    label: str
    cluster_id: str
    effect_id: str
    arms: str
    hours: Number
    yi: Number
    vi: Number
    estimate: Number
    ci_low: Number
    ci_high: Number
    weight: Number


@dataclass(frozen=True)
class UnderRho:
    """The mean over all times with one assumed correlation of the sampling errors of a trial.

    Attributes
    ----------
    rho : float
    estimate, ci_low, ci_high, df : float
        On the display scale, with the cluster-robust (CR2) interval, t with Satterthwaite df.
    between, within : float
        Variance of true effects between trials, and between the times of a trial.
    """

    rho: Number
    estimate: Number
    ci_low: Number
    ci_high: Number
    df: Number
    between: Number
    within: Number


@dataclass(frozen=True)
class CurvePoint:
    """Mean effect at one time, on the display scale."""

    hours: Number
    estimate: Number
    ci_low: Number
    ci_high: Number


@dataclass(frozen=True)
class OverTime:
    """All effects of all trials over time in one model.

    Attributes
    ----------
    trials : int
        Clusters: trials, or cohorts that share patients.
    effects : tuple of TimedEffect
    main : UnderRho
    grid : tuple of UnderRho
        Other correlations.
    shape : str
        Of the curve: ``spline`` (restricted cubic in the logarithm of time, three knots), ``line``, or ``none`` where
        too few trials or times are there for one.
    curve : tuple of CurvePoint
    change, change_df1, change_df2, change_p : float
        F test that the effect does not change with time.
    methods : str
    notes : tuple of Note
    """

    trials: int
    effects: tuple[TimedEffect, ...]
    main: UnderRho
    grid: tuple[UnderRho, ...]
    shape: str
    curve: tuple[CurvePoint, ...]
    change: Number
    change_df1: int
    change_df2: Number
    change_p: Number
    methods: str
    notes: tuple[Note, ...]
