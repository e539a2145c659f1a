"""A pooled result and the numbers of its studies as printed, with the values that may have been rounded to them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import cache
from typing import Any

import numpy as np

from metarepro.effects.checks import Array
from metarepro.errors import DataError
from metarepro.evidence.integrity.printed import decimals_of, rounded_from, text_of
from metarepro.pooling.kernel import Mask

# What a specification must give, and what else may be printed.
SHOWN = ("estimate", "ci_low", "ci_high")
NUMBERS = (*SHOWN, "tau2", "i2", "q")
PREDICTION = ("pi_low", "pi_high")
COUNTS = ("e1", "n1", "e2", "n2")
# What studies may be given by, each a complete set.
SETS = {
    "counts": COUNTS, "means": ("m1", "sd1", "n1", "m2", "sd2", "n2"), "effects": SHOWN, "proportions": ("e", "n"),
}  # fmt: skip
# A number with more decimals was computed, not printed, and counts as exact.
COMPUTED = 6
_WHOLE = ("e1", "n1", "e2", "n2", "e", "n")


@dataclass(frozen=True)
class PrintedResult:
    """A pooled result as printed: texts, so that their precision is known; empty for what was not printed.

    Attributes
    ----------
    measure : str
        OR, RR, RD, MD, SMD, GEN, or PR of proportions.
    estimate, ci_low, ci_high, tau2, i2, q : str
        On the display scale (ratios as ratios), i2 in percent.
    pi_low, pi_high : str
        Prediction interval.
    k : int, optional
        Number of studies.
    level : float
        Of the interval.
    model : str
        What the report says about its methods; empty if nothing.
    """

    measure: str
    estimate: str
    ci_low: str = ""
    ci_high: str = ""
    tau2: str = ""
    i2: str = ""
    q: str = ""
    pi_low: str = ""
    pi_high: str = ""
    k: int | None = None
    level: float = 0.95
    model: str = ""

    def __post_init__(self) -> None:
        for name in (*NUMBERS, *PREDICTION):
            text = str(getattr(self, name)).strip()
            object.__setattr__(self, name, text)
            # "<1" says something, but not a value.
            if text and re.match(r"[<>≤≥]", text):
                object.__setattr__(self, name, "")
        object.__setattr__(self, "model", str(self.model))
        if not self.estimate:
            raise DataError("A printed result needs an estimate.")
        low, high, estimate = (self.value(n) for n in ("ci_low", "ci_high", "estimate"))
        if (low is not None and estimate is not None and low > estimate) or (
            high is not None and estimate is not None and high < estimate
        ):
            raise DataError(
                f"The printed interval {self.ci_low} to {self.ci_high} does not hold its estimate {self.estimate}. "
                "Check the three numbers in the source."
            )

    def value(self, name: str) -> float | None:
        """A printed number; None if it was not printed."""
        text = getattr(self, name)
        return float(text) if text else None

    def agrees(self, name: str, values: Array | float, room: float = 0.0) -> Mask:
        """Which values round to a printed number."""
        return rounds_to(getattr(self, name), values, room)

    @property
    def shown(self) -> tuple[str, ...]:
        """Names of the numbers that were printed."""
        return tuple(n for n in NUMBERS if getattr(self, n))


def rounds_to(text: str, values: Array | float, room: float = 0.0) -> Mask:
    """Which values round to a printed number, or would if they were `room` off.

    A hair is allowed for the arithmetic of two programs.
    """
    low, high = _limits_of(text)
    slack = room + 1e-9 * max(abs(low), abs(high), 1e-3)
    return np.asarray((values >= low - slack) & (values <= high + slack), dtype=np.bool_)


@cache
def _limits_of(text: str) -> tuple[float, float]:
    """A printed number is compared with thousands of computed ones; its limits are worked out once."""
    low, high = rounded_from(text)
    return float(low), float(high)


@dataclass(frozen=True)
class StudyInputs:
    """Numbers of the studies behind a printed result.

    Attributes
    ----------
    kind : str
        ``counts``, ``means``, ``effects`` or ``proportions``.
    columns : dict of ndarray, shape (k,), or (s, k) for sets of them
        Those of the kind in `SETS`.
    half : dict of ndarray, shape (k,)
        How far each number may be from what was rounded to it; 0 for counts and sizes.
    labels : tuple of str
        Names of the studies.
    paired : tuple of bool, or ndarray of the columns' shape
        Which studies are crossover trials whose two arms are the same patients.
    level : float
        Of the studies' intervals.
    beside : tuple of StudyInputs
        Other subgroups, of the same kind, that share their tau2 with these studies.
    """

    kind: str
    columns: dict[str, Array]
    half: dict[str, Array]
    labels: tuple[str, ...]
    paired: tuple[bool, ...] | Mask = ()
    level: float = 0.95
    beside: tuple[StudyInputs, ...] = ()

    @property
    def k(self) -> int:
        """Number of studies."""
        return len(self.labels)

    def ends(self, study: int | None = None) -> StudyInputs | None:
        """Sets with one number (of one study) at the lower end of what was rounded to it, then each at the upper end.

        None if nothing was rounded, or an SD may have been 0.
        """
        places = [(n, i) for n, half in self.half.items() for i in np.flatnonzero(half) if study in (None, i)]
        columns = {n: np.tile(v, (2 * len(places), 1)) for n, v in self.columns.items()}
        for row, (name, i) in enumerate(places):
            columns[name][row, i] -= self.half[name][i]
            columns[name][row + len(places), i] += self.half[name][i]
        if not places or any((v <= 0).any() for n, v in columns.items() if n.startswith("sd")):
            return None
        return replace(self, columns=columns)


def room_of(ends: Array) -> float:
    """How far, to first order, the rounding of inputs may move a number, from its values for `StudyInputs.ends`."""
    half = len(ends) // 2
    return float(np.abs(ends[half:] - ends[:half]).sum()) / 2


def read_inputs(
    columns: Mapping[str, Sequence[Any]],
    labels: Sequence[str] = (),
    paired: Sequence[bool] = (),
    level: float = 0.95,
) -> StudyInputs:
    """Numbers of studies, as texts (whose precision counts) or as numbers.

    Parameters
    ----------
    columns : mapping of str to sequence
        One of the complete `SETS`.
    labels : sequence of str, optional
        Names of the studies.
    paired : sequence of bool, optional
        Which are crossover trials, both arms of the same patients: correlations are assumed for them, too.
    level : float
        Of the studies' intervals.

    Raises
    ------
    DataError
        Columns that are no complete set, of different lengths, or hold something that is no number.
    """
    kind, names = next(((kind, names) for kind, names in SETS.items() if set(columns) == set(names)), ("", ()))
    if not kind:
        sets = "; ".join(", ".join(names) for names in SETS.values())
        raise DataError(f"Inputs have the columns {', '.join(columns)}; one of these sets is needed: {sets}.")
    sizes = {len(columns[n]) for n in names}
    if len(sizes) != 1 or 0 in sizes:
        raise DataError("Inputs need at least one study, and the same number of studies in each column.")
    k = sizes.pop()
    values, half = {}, {}
    for name in names:
        texts = [v.strip() if isinstance(v, str) else text_of(float(v)) for v in columns[name]]
        try:
            values[name] = np.array([float(t) for t in texts])
            limits = [rounded_from(t) if decimals_of(t) <= COMPUTED else (0, 0) for t in texts]
        except (ValueError, DataError):
            raise DataError(f"Inputs: the column {name} holds something that is not a number.") from None
        exact = kind == "counts" or name in _WHOLE
        half[name] = np.zeros(k) if exact else np.array([float(high - low) / 2 for low, high in limits])
    named = tuple(str(x) for x in labels) or tuple(f"study {i + 1}" for i in range(k))
    if len(named) != k:
        raise DataError(f"There are {len(named)} labels for {k} studies.")
    if paired and len(paired) != k:
        raise DataError(f"`paired` has {len(paired)} entries for {k} studies.")
    return StudyInputs(kind, values, half, named, tuple(bool(x) for x in paired), level)


def as_printed(published: PrintedResult | Mapping[str, Any]) -> PrintedResult:
    """A printed result from its fields.

    Raises
    ------
    DataError
        An unknown field, or a number that is none.
    """
    if isinstance(published, PrintedResult):
        return published
    known = [f.name for f in fields(PrintedResult)]
    unknown = [n for n in published if n not in known]
    if unknown:
        raise DataError(f"A printed result has no field {', '.join(unknown)}. Fields: {', '.join(known)}.")
    try:
        values: dict[str, Any] = {k: str(v) if k in (*NUMBERS, *PREDICTION) else v for k, v in published.items()}
        return PrintedResult(**values)
    except (TypeError, ValueError) as error:
        if isinstance(error, DataError):
            raise
        raise DataError(f"A printed result holds something that is not a number: {error}.") from None
