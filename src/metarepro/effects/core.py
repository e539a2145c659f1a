"""One door to all effect sizes: `effect_sizes`."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from metarepro.effects.checks import Array, as_columns, flat_columns, read_labels, read_numbers
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
from metarepro.errors import ConfigError, DataError
from metarepro.notes import Note

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False, repr=False)
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
    notes : tuple of Note
        The same in words.
    labels : tuple of str
        Names of the studies; empty if none were given.
    inputs : dict of ndarray
        The numbers that the effects are made of, by the keywords of `effect_sizes`.
    """

    yi: Array
    vi: Array
    measure: str
    flags: dict[str, np.ndarray] = field(default_factory=dict)
    notes: tuple[Note, ...] = ()
    labels: tuple[str, ...] = ()
    inputs: dict[str, Array] = field(default_factory=dict)

    @property
    def info(self) -> Measure:
        """The registry's entry of this measure."""
        return get_measure(self.measure)

    def to_display(self, x: ArrayLike) -> Any:
        """Map working-scale values to the display scale: log OR to OR, logit to proportion."""
        return to_display(self.measure, x)

    def named(self, labels: Iterable[Any]) -> EffectSizes:
        """The same with names of the studies.

        Raises
        ------
        DataError
            They are not as many as the studies.
        """
        names = tuple(str(x) for x in read_labels(labels, "The label", "name the study."))
        if len(names) != self.yi.shape[-1]:
            given = f"There {'is 1 label' if len(names) == 1 else f'are {len(names)} labels'}"
            raise DataError(f"{given} for {_studies(self.yi.shape[-1])}. Fix: one a study, in their order.")
        return replace(self, labels=names)

    def to_frame(self) -> pd.DataFrame:
        """A data frame with one row a study: its numbers, yi, vi, and the standard error."""
        import pandas as pd

        frame = pd.DataFrame({**self.inputs, "yi": self.yi, "vi": self.vi, "se": np.sqrt(self.vi)})
        if self.labels:
            frame.index = pd.Index(self.labels, name="study")
        return frame

    def of(self, rows: Any) -> EffectSizes:
        """Those of some studies, by their numbers or a mask; what was done to all of them is not said of these."""
        n = self.yi.shape[-1]
        labels = tuple(np.asarray(self.labels, dtype=object)[rows]) if self.labels else ()
        inputs = {name: x[rows] for name, x in self.inputs.items() if x.shape == (n,)}
        return EffectSizes(self.yi[rows], self.vi[rows], self.measure, labels=labels, inputs=inputs)

    def kept(self) -> EffectSizes:
        """A copy that nobody can change."""
        inputs = {n: _read_only(x) for n, x in self.inputs.items()}
        flags = {n: _read_only(x) for n, x in self.flags.items()}
        return replace(self, yi=_read_only(self.yi), vi=_read_only(self.vi), inputs=inputs, flags=flags)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, EffectSizes):
            return NotImplemented
        alike = (self.measure, self.labels, self.notes) == (other.measure, other.labels, other.notes)
        pairs: list[tuple[Array, Any]] = [(self.yi, other.yi), (self.vi, other.vi)]
        pairs += [(x, other.inputs.get(n)) for n, x in self.inputs.items()]
        return alike and all(b is not None and np.array_equal(a, b, equal_nan=True) for a, b in pairs)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        missing = int(np.isnan(self.yi).sum())
        lacking = f", {missing} without a usable number" if missing else ""
        return f"<EffectSizes {self.measure}: {_studies(self.yi.size)}{lacking}; .yi, .vi, .to_frame()>"

    def _repr_html_(self) -> str:
        return str(self.to_frame().to_html())


def _studies(count: int) -> str:
    return "1 study" if count == 1 else f"{count} studies"


def _read_only(values: np.ndarray) -> np.ndarray:
    copy = np.array(values)
    copy.setflags(write=False)
    return copy


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
    values = np.array(read_numbers(x, "x"))
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
    values = np.array(read_numbers(x, "x"))
    kind = get_measure(measure).display
    if kind == "none":
        raise ConfigError(f"{measure} has no back-transformation. {get_measure(measure).caution}")
    with np.errstate(divide="ignore", invalid="ignore"):
        values = np.asarray(_FORTH[kind](values))
    return float(values) if np.ndim(x) == 0 else values


def effect_sizes(measure: str, *, data: Any = None, labels: Any = None, **columns: Any) -> EffectSizes:
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
        ``estimate`` and ``se``, ``variance``, ``ci_low, ci_high`` (with ``level``), ``p_value`` or ``t_value``; ``HR``:
        ``hr`` and ``se`` (of the log ratio), ``ci_low, ci_high`` or ``p_value``. Several may be given: of each study
        the first that it has is taken.
    data : mapping of str to array_like, or data frame, optional
        Where columns are given by their names: ``effect_sizes("OR", e1="events", ..., data=frame)``.
    labels : sequence of str, or str, optional
        Names of the studies, or of their column in `data`.
    **columns
        One array of shape (k,) a column, and the options below. Two-arm counts may also be ``a, b, c, d``: events and
        non-events of arm 1, then of arm 2.
    correction : float, default 0.5
        Added to all cells of a table with a zero cell; not for AS, PHI, PETO, PAS, PFT, IRSD, IRS and IRFT.
    correction_to : {'only_zero', 'if_any_zero', 'all', 'none'}, default 'only_zero'
        Which tables get it.
    correction_cells : {'all', 'events'}, default 'all'
        Two-arm counts: which cells of such a table get it.
    drop_double_zero : bool, default False
        Whether studies without events in either arm (or with events only) are dropped.
    zero_cells : {'metafor', 'revman', 'none'}, optional
        Two-arm counts: a named rule for zero cells, instead of the three options above. ``metafor``: estimate and
        variance from corrected cells (the default of these options). ``revman``: as RevMan 5 and RevMan Web (OR, RR,
        RD). ``none``: nothing is added; a study that has no effect then is left out.
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
    named = {*info.columns, *SPREADS, *"abcd"}
    columns = {n: column_of(data, x, n) if isinstance(x, str) and n in named else x for n, x in columns.items()}
    if info.inputs == "two_arm_counts" and {"a", "b", "c", "d"} <= set(columns):
        a, b, c, d = (as_columns({n: columns.pop(n)})[n] for n in "abcd")
        columns |= {"e1": a, "n1": a + b, "e2": c, "n2": c + d}
    unknown = sorted(set(columns) - set(info.columns) - set(info.options))
    if unknown:
        allowed = ", ".join([*info.columns, *info.options])
        words = _MEANT
        if info.inputs == "two_arm_counts" and {"n1i", "n2i", "n1", "n2"} & set(columns):
            words = _MEANT | {"ai": "e1", "ci": "e2"}  # events beside totals
        meant = dict.fromkeys(words[n] for n in unknown if n in words)
        hint = f" Did you mean {', '.join(meant)}?" if meant else ""
        raise ConfigError(f"{info.code} does not take {', '.join(unknown)}.{hint} Allowed: {allowed}.")
    options = {name: columns[name] for name in columns if name not in info.columns}
    arrays: dict[str, Any]
    if info.inputs in ("generic", "hazard_ratios"):
        first = info.columns[0]
        present = {name: options[name] for name in SPREADS if options.get(name) is not None}
        arrays = as_columns({first: columns.get(first), **present})
        formula = generic if first == "estimate" else hazard_ratio
        spread = {name: x for name, x in arrays.items() if name != first}
        yi, vi, flags = formula(arrays[first], float(options.get("level", 0.95)), **spread)
    else:
        arrays = as_columns({name: columns.get(name) for name in info.columns})
        yi, vi, flags = _FORMULAS[info.inputs](info.code, **arrays, **options)
    bad = ~(np.isfinite(yi) & np.isfinite(vi) & (vi > 0))
    yi, vi = np.where(bad, np.nan, yi), np.where(bad, np.nan, vi)
    made = EffectSizes(yi, vi, info.code, flags, _notes(yi, flags, options), inputs=arrays)
    if labels is None:
        return made
    return made.named(column_of(data, labels, "labels") if isinstance(labels, str) else labels)


def refuse_fit(yi: Any) -> None:
    """Refuse a fit where the effects that it was made of are wanted."""
    if hasattr(yi, "beta") and hasattr(yi, "method"):
        raise ConfigError(
            "That is a fit. Fix: give the effect sizes, or yi and vi, that it was made of, and its tau2 and ci again."
        )


def split_effects(yi: Any, vi: Any) -> tuple[Array, Array]:
    """Effects and variances as arrays, given as such or as effect sizes."""
    refuse_fit(yi)
    if isinstance(yi, EffectSizes):
        if vi is not None:
            raise ConfigError("Effect sizes have their own variances. Fix: leave vi out.")
        return yi.yi, yi.vi
    if vi is None:
        raise DataError("The sampling variances vi are missing. Fix: give yi and vi, or effect sizes.")
    effects, variances = flat_columns(read_numbers(yi, "yi"), read_numbers(vi, "vi"))
    return effects, variances


def columns_of(data: Any, columns: dict[str, Any]) -> dict[str, Any]:
    """Columns of which those given by a name are looked up in the data."""
    return {n: column_of(data, x, n) if isinstance(x, str) else x for n, x in columns.items()}


def column_of(data: Any, name: str, option: str) -> Any:
    """A column of a mapping or data frame by its name.

    Raises
    ------
    DataError
        There is no data, or no such column; the message suggests the nearest.
    """
    if data is None:
        raise DataError(f"{option} = {name!r} names a column, but there is no data. Fix: give data=.")
    try:
        return data[name]
    except (KeyError, IndexError, TypeError, ValueError):
        table = hasattr(data, "columns") or hasattr(data, "keys")
        if not table:
            raise DataError("data is no table of columns. Fix: give a data frame, or a dictionary of lists.") from None
        known = [str(c) for c in getattr(data, "columns", data)]
        near = get_close_matches(name, known, n=1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise DataError(f"data has no column {name!r}.{hint} Columns: {', '.join(known)}.") from None


# What other programs call the columns and options.
_MEANT = {
    "ai": "a", "bi": "b", "ci": "c", "di": "d", "n1i": "n1", "n2i": "n2", "x1i": "e1", "x2i": "e2", "t1i": "t1",
    "t2i": "t2", "m1i": "m1", "m2i": "m2", "sd1i": "sd1", "sd2i": "sd2", "xi": "e", "ni": "n", "ri": "r", "mi": "m",
    "sdi": "sd", "ti": "t", "sei": "se", "add": "correction", "to": "correction_to", "drop00": "drop_double_zero",
    "event_e": "e1", "n_e": "n1", "event_c": "e2", "n_c": "n2", "mean_e": "m1", "sd_e": "sd1", "mean_c": "m2",
    "sd_c": "sd2", "incr": "correction", "method_smd": "vtype", "slab": "labels", "studlab": "labels",
}  # fmt: skip


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


def _notes(yi: Array, flags: dict[str, np.ndarray], options: dict[str, Any]) -> tuple[Note, ...]:
    notes = []
    corrected = flags.get("corrected")
    if corrected is not None and corrected.any():
        amount, cells = options.get("correction", 0.5), options.get("correction_cells", "all")
        as_counted = flags.get("as_counted", np.zeros(corrected.shape, dtype=bool))
        for chosen, where in ((corrected & ~as_counted, cells), (as_counted, "variance")):
            if chosen.any():
                notes.append(Note("corrected", amount=amount, cells=where, rows=_rows(chosen)))
    dropped = flags.get("dropped")
    if dropped is not None and dropped.any():
        notes.append(Note("double_zero_dropped", rows=_rows(dropped)))
    on_logs = flags.get("log_interval")
    if on_logs is not None and on_logs.any():
        notes.append(Note("interval_of_ratio", rows=_rows(on_logs)))
    missing = np.isnan(yi) & ~(dropped if dropped is not None else np.zeros(yi.shape, dtype=bool))
    uncorrected = flags.get("uncorrected")
    if uncorrected is not None and uncorrected.any():
        notes.append(Note("zero_cell_left_out", rows=_rows(uncorrected)))
        missing &= ~uncorrected
    if missing.any():
        notes.append(Note("no_effect", rows=_rows(missing)))
    return tuple(notes)


def _rows(chosen: np.ndarray) -> list[int]:
    return [int(r) for r in np.flatnonzero(chosen)]
