"""Numbers of radial, L'Abbe and GOSH plots, and of the panel of influence."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtri

from metarepro.analysis.decimals import decimals_for, measure_of
from metarepro.analysis.result import AnalysisResult
from metarepro.analysis.robustness_numbers import diagnosed
from metarepro.effects import Measure, from_display, get_measure, to_display
from metarepro.effects.absolute import MOVED
from metarepro.errors import ConfigError, DataError
from metarepro.pooling.fit import fit_effects
from metarepro.pooling.inference import chi2_quantile
from metarepro.robustness.gosh import Gosh
from metarepro.robustness.p_values import PCurve

# Columns and rows into which subsets are counted.
CELLS = (48, 30)
LABBE = ("OR", "RR", "RD")
# Diagnostics of a panel of influence, those that say most first.
DIAGNOSTICS = {
    "rstudent": "Residual", "dffits": "DFFITS", "tau2_deleted": "tau\u00b2 without it", "cook": "Cook's distance",
    "covariance_ratio": "Covariance ratio", "weight": "Weight (%)",
}  # fmt: skip


@dataclass(frozen=True)
class RadialPoint:
    """A study: its precision, its effect in units of its error, and whether it lies outside the band."""

    label: str
    estimate: float
    precision: float
    standardised: float
    outside: bool


@dataclass(frozen=True)
class RadialNumbers:
    """Points, the pooled effect on the working scale as slope, tau2 in the errors, and half the width of the band."""

    measure: Measure
    level: float
    points: tuple[RadialPoint, ...]
    lost: int
    beta: float
    pooled: tuple[float, float, float]
    tau2: float
    half: float


def radial_numbers(result: AnalysisResult) -> RadialNumbers:
    """Numbers of a radial plot; see `metarepro.figures.radial` for what is refused."""
    s = result.summary
    used = [x for x in result.studies if x.estimable and math.isfinite(x.yi) and math.isfinite(x.vi) and x.vi > 0]
    if s is None or not math.isfinite(s.beta) or len(used) < 2:
        raise DataError(
            f"{result.title!r} has no radial plot: it needs two studies with an effect and a standard error, and a "
            "finite pooled estimate."
        )
    found = [c.tau2 for c in s.heterogeneity.components]
    tau2 = found[0] if found and math.isfinite(found[0]) else 0.0
    half = float(ndtri((1 + s.level) / 2))
    points = []
    for x in used:
        se = math.sqrt(x.vi + tau2)
        points.append(RadialPoint(x.label, x.estimate, 1 / se, x.yi / se, abs(x.yi - s.beta) > half * se))
    pooled = (s.estimate, s.ci_low, s.ci_high)
    return RadialNumbers(
        measure_of(result), s.level, tuple(points), len(result.studies) - len(used), s.beta, pooled, tau2, half
    )


@dataclass(frozen=True)
class LabbeRow:
    """A study: shares with the event in the control and the experimental arm, patients, weight in percent."""

    label: str
    control: float
    experimental: float
    patients: int
    weight: float


@dataclass(frozen=True)
class LabbeNumbers:
    """Studies, and the share in the experimental arm that the pooled effect gives for each share in the control arm."""

    measure: Measure
    level: float
    rows: tuple[LabbeRow, ...]
    lost: int
    pooled: tuple[float, float, float]
    curve: tuple[tuple[float, float], ...]


def labbe_numbers(result: AnalysisResult) -> LabbeNumbers:
    """Numbers of a L'Abbe plot; see `metarepro.figures.labbe` for what is refused."""
    if result.measure not in LABBE:
        raise ConfigError(
            f"{result.title!r} has no L'Abbe plot: it shows events of two arms. Allowed measures: {', '.join(LABBE)}."
        )
    needed = ("e1", "n1", "e2", "n2")
    used = [s for s in result.studies if all(n in s.inputs for n in needed) and s.inputs["n1"] and s.inputs["n2"]]
    if len(used) < 2 or result.summary is None or not math.isfinite(result.summary.beta):
        raise DataError(f"{result.title!r} has no L'Abbe plot: it needs two studies with counts of both arms.")
    rows = []
    for s in used:
        e1, n1, e2, n2 = (s.inputs[n] for n in needed)
        weight = s.weight if math.isfinite(s.weight) else 0.0
        rows.append(LabbeRow(s.label, e2 / n2, e1 / n1, round(n1 + n2), weight))
    moved = [(p, MOVED[result.measure](p, result.summary.estimate)) for p in (i / 200 for i in range(201))]
    # A share that is held at 0 or 1 is not where the effect leads; no event stays none by a ratio.
    curve = [(p, q) for p, q in moved if 0 < q < 1 or (p == q == 0 and result.measure != "RD")]
    pooled = (result.summary.estimate, result.summary.ci_low, result.summary.ci_high)
    return LabbeNumbers(
        measure_of(result), result.summary.level, tuple(rows), len(result.studies) - len(used), pooled, tuple(curve)
    )


@dataclass(frozen=True)
class GoshCell:
    """How many subsets lie in a cell (its corners on the axes), and the share of them that hold the named study."""

    effect: tuple[float, float]
    i2: tuple[float, float]
    subsets: int
    with_study: float


@dataclass(frozen=True)
class GoshNumbers:
    """Cells on the working scale and in percent; the fit of all studies; without and with the study, mean effects."""

    measure: Measure
    cells: tuple[GoshCell, ...]
    effects: tuple[float, float]
    subsets: int
    exact: bool
    study: str
    whole: tuple[float, float] | None
    means: tuple[float, float] | None


def gosh_numbers(found: Gosh, measure: str, study: str) -> GoshNumbers:
    """Numbers of a GOSH plot; see `metarepro.figures.gosh_plot` for what is refused."""
    if not isinstance(found, Gosh):
        raise DataError("The figure takes what gosh gives. Fix: gosh_plot(mr.gosh(es)).")
    if study and study not in found.labels:
        raise ConfigError(f"study = {study!r} is not among the studies. Allowed: {'; '.join(found.labels)}.")
    several = (found.k > 1) & np.isfinite(found.beta) & np.isfinite(found.i2)
    beta, i2 = found.beta[several], found.i2[several]
    chosen = found.subsets[several, found.labels.index(study)] if study else np.zeros(beta.size, dtype=bool)
    low, high = float(beta.min()), float(beta.max())
    if not high > low:
        low, high = low - 0.5, high + 0.5
    across = np.minimum(((beta - low) / (high - low) * CELLS[0]).astype(int), CELLS[0] - 1)
    up = np.minimum((i2 / 100 * CELLS[1]).astype(int), CELLS[1] - 1)
    flat = across * CELLS[1] + up
    counts = np.bincount(flat, minlength=CELLS[0] * CELLS[1])
    holding = np.bincount(flat[chosen], minlength=counts.size)
    step = (high - low) / CELLS[0], 100 / CELLS[1]
    cells = tuple(
        GoshCell(
            (low + i * step[0], low + (i + 1) * step[0]), (j * step[1], (j + 1) * step[1]), int(counts[c]),
            float(holding[c] / counts[c]),
        )
        for c in np.flatnonzero(counts).tolist()
        for i, j in (divmod(c, CELLS[1]),)
    )  # fmt: skip
    row = np.flatnonzero(found.subsets[several].all(-1))
    whole = (float(beta[row[0]]), float(i2[row[0]])) if row.size else None
    means = (float(beta[~chosen].mean()), float(beta[chosen].mean())) if study else None
    info = get_measure(measure or "GEN")
    shown = to_display(info.code, np.quantile(beta, [0.05, 0.5, 0.95])).tolist()
    info = replace(info, decimals=decimals_for(info, [(shown[1], shown[0], shown[2])]))
    return GoshNumbers(info, cells, (low, high), int(beta.size), found.exact, study, whole, means)


def check_p_curve(found: Any) -> None:
    """Refuse what is no p-curve, or one without a significant study."""
    if not isinstance(found, PCurve):
        raise DataError("The figure takes what p_curve gives. Fix: p_curve_plot(mr.p_curve(es)).")
    if not found.significant:
        raise DataError("No study is significant, so there is no p-curve.")


def display_of(measure: Measure, values: Sequence[float]) -> list[float]:
    """Values of the working scale as they are shown."""
    return [float(to_display(measure.code, v)) for v in values]


def null_of(measure: Measure) -> float | None:
    """No effect on the working scale, where the measure has such a value."""
    return None if measure.null is None else float(from_display(measure.code, measure.null))


@dataclass(frozen=True)
class Diagnostic:
    """A deletion diagnostic of each study; `limits` are where rules of thumb begin, `usual` what it is without it."""

    code: str
    label: str
    values: tuple[float, ...]
    limits: tuple[float, ...]
    usual: float


@dataclass(frozen=True)
class InfluenceNumbers:
    """Names of the studies, which a rule of thumb marks, and their diagnostics, those that say most first."""

    labels: tuple[str, ...]
    influential: tuple[bool, ...]
    diagnostics: tuple[Diagnostic, ...]


def influence_numbers(
    yi: Any, vi: ArrayLike | str | None, data: Any, labels: Any, tau2: str | float
) -> InfluenceNumbers:
    """Numbers of an influence panel; see `metarepro.figures.influence_panel`."""
    if isinstance(yi, AnalysisResult):
        if yi.robustness is None or yi.summary is None:
            raise DataError(f"{yi.title!r} has no influence panel: it takes three studies or more that are pooled.")
        own = yi.robustness.influence
        names = tuple(x.label for x in own)
        columns = {n: tuple(float(getattr(x, n)) for x in own) for n in DIAGNOSTICS}
        marked = tuple(x.influential for x in own)
        components = yi.summary.heterogeneity.components
        whole = components[0].tau2 if components else math.nan
    else:
        names, found, y, v = diagnosed(yi, vi, data, labels, tau2, "influence_panel")
        columns = {n: tuple(found[n].tolist()) for n in DIAGNOSTICS}
        marked = tuple(bool(x) for x in found["influential"])
        whole = float(fit_effects(y, v, tau2, "z").tau2)
    k = len(names)
    dffits = 3 * math.sqrt(1 / (k - 1))
    limits = {
        "rstudent": (-float(ndtri(0.975)), float(ndtri(0.975))), "dffits": (-dffits, dffits), "tau2_deleted": (),
        "cook": (float(chi2_quantile(0.5, np.array(1.0))),), "covariance_ratio": (), "weight": (300 / k,),
    }  # fmt: skip
    usual = {"tau2_deleted": whole, "covariance_ratio": 1.0, "weight": 100 / k}
    found_ones = (Diagnostic(n, DIAGNOSTICS[n], columns[n], limits[n], usual.get(n, 0.0)) for n in DIAGNOSTICS)
    return InfluenceNumbers(names, marked, tuple(found_ones))
