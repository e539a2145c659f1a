"""One door to all effect sizes: `effect_sizes`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from metarepro.effects.checks import Array, as_columns
from metarepro.effects.counts import two_arm_counts
from metarepro.effects.generic import SPREADS, generic, hazard_ratio
from metarepro.effects.means import (
    correlation,
    mean_difference,
    one_arm_mean,
    other_two_arm_means,
    paired_means,
    standardised_mean_difference,
)
from metarepro.effects.proportions import proportion
from metarepro.effects.rates import (
    diagnostic_odds_ratio,
    one_arm_rate,
    paired_counts,
    paired_margins,
    two_arm_rates,
)
from metarepro.effects.registry import Measure, get_measure
from metarepro.errors import ConfigError


@dataclass(frozen=True, eq=False)
class EffectSizes:
    """Effect sizes of k studies.

    Attributes
    ----------
    yi, vi : ndarray
        Estimate and sampling variance on the working scale (log for ratios, logit for PLO); NaN where the study
        has no usable number, with the reason in `notes`.
    measure : str
        Code of the measure, a key of the registry.
    flags : dict of ndarray of bool
        What was done to each study, such as ``corrected`` (a constant was added) or ``dropped``.
    notes : tuple of str
        The same in words.
    """

    yi: Array
    vi: Array
    measure: str
    flags: dict[str, np.ndarray] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def info(self) -> Measure:
        """The registry's entry of this measure."""
        return get_measure(self.measure)

    def to_display(self, x: ArrayLike) -> Any:
        """Map working-scale values to the display scale: log OR to OR, logit to proportion."""
        return to_display(self.measure, x)


_BACK: dict[str, Callable[[Array], Array]] = {
    "identity": lambda x: x,
    "exp": np.exp,
    "expit": lambda x: 0.5 * (1 + np.tanh(x / 2)),
    "tanh": np.tanh,
    "sin2": lambda x: np.sin(np.clip(x, 0, np.pi / 2)) ** 2,
    "square": lambda x: np.maximum(x, 0) ** 2,
}


def to_display(measure: str, x: ArrayLike) -> Any:
    """Map working-scale values of a measure to its display scale."""
    # A copy, as some scales leave the values as they are.
    values = np.array(x, dtype=np.float64)
    kind = get_measure(measure).display
    if kind == "none":
        raise ConfigError(f"{measure} has no back-transformation. {get_measure(measure).caution}")
    with np.errstate(over="ignore"):
        # expit is written with tanh because 1 / (1 + exp(-x)) overflows for large -x. The arcsine and root scales end
        # where the proportion or rate does.
        values = _BACK[kind](values)
    return float(values) if np.ndim(x) == 0 else values


_FORTH: dict[str, Callable[[Array], Array]] = {
    "identity": lambda x: x,
    "exp": np.log,
    "expit": lambda x: np.log(x) - np.log1p(-x),
    "tanh": np.arctanh,
    "sin2": lambda x: np.arcsin(np.sqrt(x)),
    "square": np.sqrt,
}


def from_display(measure: str, x: ArrayLike) -> Any:
    """Map display-scale values of a measure to its working scale: OR to log OR, a proportion to its logit.

    The ends of a scale may be infinite (the logit of 0); what lies beyond them is NaN.

    Raises
    ------
    ConfigError
        When the measure has no display scale of its own (`to_display`).
    """
    # A copy, as some scales leave the values as they are.
    values = np.array(x, dtype=np.float64)
    kind = get_measure(measure).display
    if kind == "none":
        raise ConfigError(f"{measure} has no back-transformation. {get_measure(measure).caution}")
    with np.errstate(divide="ignore", invalid="ignore"):
        values = np.asarray(_FORTH[kind](values))
    return float(values) if np.ndim(x) == 0 else values


def effect_sizes(measure: str, **columns: Any) -> EffectSizes:
    """Effect sizes and their sampling variances from study summaries.

    Parameters
    ----------
    measure : str
        ``OR RR RD AS PETO PHI YUQ YUY``: ``e1, n1, e2, n2`` (events and totals, arm 1 experimental, arm 2 control);
        ``IRR IRD IRSD``: ``e1, t1, e2, t2`` (person-time); ``MD SMD SMDH SMD1 ROM CVR``: ``m1, sd1, n1, m2, sd2, n2``;
        ``VR``: ``sd1, n1, sd2, n2``; ``MPRD MPRR MPOR MPORC``: ``a, b, c, d`` (pairs with the event under both
        conditions, the first only, the second only, neither); ``MPRDM MPRRM MPORM``: ``e1, e2, n, r`` (events under
        each condition and their correlation phi); ``DOR``: ``tp, fp, fn, tn``; ``MC SMCC ROMC``:
        ``m1, sd1, m2, sd2, n, r``; ``SMCR``: ``m1, sd1, m2, n, r``; ``COR ZCOR``: ``r, n``;
        ``PLO PR PLN PAS PFT``: ``e, n``; ``IR IRLN IRS IRFT``: ``e, t``; ``MN MNLN``: ``m, sd, n``; ``GEN``:
        ``estimate`` and one of ``se``, ``variance``, ``ci_low, ci_high`` (with ``level``), ``p_value``, ``t_value``;
        ``HR``: ``hr`` and one of ``se`` (of the log ratio), ``ci_low, ci_high``, ``p_value``.
    **columns
        One array of shape (k,) a column, and the options below.
    correction : float, default 0.5
        Added to all cells of a table with a zero cell; not for AS, PHI, PAS, PFT, IRSD, IRS and IRFT.
    correction_to : {'only_zero', 'if_any_zero', 'all', 'none'}, default 'only_zero'
        Which tables get it.
    correction_cells : {'all', 'events'}, default 'all'
        Two-arm counts: which cells of such a table get it.
    drop_double_zero : bool, default False
        Whether studies without events in either arm (or with events only) are dropped.
    vtype : {'LS', 'LS2', 'UB', 'AV', 'LSd'}, default 'LS'
        Variance formula of SMD.
    j : {'exact', 'approximate'}, default 'exact'
        Small-sample correction of SMD.

    Returns
    -------
    EffectSizes

    Raises
    ------
    DataError
        Impossible numbers (events above total, a negative SD, ...), with the rows.
    ConfigError
        Unknown measure or option.

    Examples
    --------
    >>> es = effect_sizes("OR", e1=[12, 5], n1=[17, 20], e2=[3, 4], n2=[17, 21])
    >>> es.to_display(es.yi).round(2)
    array([11.2 ,  1.42])
    """
    info = get_measure(measure)
    unknown = sorted(set(columns) - set(info.columns) - set(info.options))
    if unknown:
        allowed = ", ".join([*info.columns, *info.options])
        raise ConfigError(f"{info.code} does not take {', '.join(unknown)}. Allowed: {allowed}.")
    options = {name: columns[name] for name in columns if name not in info.columns}
    if info.inputs in ("generic", "hazard_ratios"):
        first = info.columns[0]
        present = {name: options[name] for name in SPREADS if options.get(name) is not None}
        published = as_columns({first: columns.get(first), **present})
        formula = generic if first == "estimate" else hazard_ratio
        yi, vi, flags = formula(published.pop(first), float(options.get("level", 0.95)), **published)
    else:
        arrays: dict[str, Any] = as_columns({name: columns.get(name) for name in info.columns})
        yi, vi, flags = _FORMULAS[info.inputs](info.code, **arrays, **options)
    bad = ~(np.isfinite(yi) & np.isfinite(vi) & (vi > 0))
    yi, vi = np.where(bad, np.nan, yi), np.where(bad, np.nan, vi)
    return EffectSizes(yi, vi, info.code, flags, _notes(yi, flags, options))


def _two_arm_means(measure: str, **numbers: Any) -> tuple[Array, Array, dict[str, np.ndarray]]:
    if measure == "SMD":
        return standardised_mean_difference(**numbers)
    return mean_difference(**numbers) if measure == "MD" else other_two_arm_means(measure, **numbers)


_FORMULAS: dict[str, Callable[..., tuple[Array, Array, dict[str, np.ndarray]]]] = {
    "two_arm_counts": two_arm_counts,
    "diagnostic_counts": diagnostic_odds_ratio,
    "two_arm_means": _two_arm_means,
    "two_arm_rates": two_arm_rates,
    "paired_counts": paired_counts,
    "paired_margins": paired_margins,
    "paired_means": paired_means,
    "one_arm_counts": proportion,
    "one_arm_rates": one_arm_rate,
    "one_arm_means": one_arm_mean,
    "correlations": correlation,
}


def _notes(yi: Array, flags: dict[str, np.ndarray], options: dict[str, Any]) -> tuple[str, ...]:
    notes = []
    corrected = flags.get("corrected")
    if corrected is not None and corrected.any():
        amount = options.get("correction", 0.5)
        which = "all cells" if options.get("correction_cells", "all") == "all" else "the events"
        notes.append(f"{amount:g} added to {which} of {_rows(corrected)}.")
    dropped = flags.get("dropped")
    if dropped is not None and dropped.any():
        notes.append(f"Double-zero studies dropped: {_rows(dropped)}.")
    missing = np.isnan(yi) & ~(dropped if dropped is not None else np.zeros(yi.shape, dtype=bool))
    if missing.any():
        notes.append(f"No effect size, because a number is missing or not estimable: {_rows(missing)}.")
    return tuple(notes)


def _rows(chosen: np.ndarray) -> str:
    rows = np.flatnonzero(chosen)
    return f"row{'s' * (rows.size > 1)} {', '.join(str(int(r)) for r in rows)}"
