"""`match_published`: every way of computing that yields a printed result, or what would explain it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

import numpy as np

from metarepro.effects.registry import get_measure
from metarepro.errors import DataError
from metarepro.reproduction.printed import NUMBERS, SHOWN, PrintedResult, StudyInputs, as_printed, read_inputs
from metarepro.reproduction.specifications import Pooled, all_specifications
from metarepro.reproduction.ways import Way, lacks_declared, unusual
from metarepro.reproduction.words import effects_in_words, method_in_words

# With at most this many studies, sets without two of them are tried.
MOST_FOR_PAIRS = 40


@dataclass(frozen=True)
class Specification:
    """One way of computing and what it gives, on the display scale.

    Attributes
    ----------
    way : Way
        In codes; `measure`, `effects` and `method` say it in words.
    left_out : tuple of str
        Studies that it leaves out.
    estimate, ci_low, ci_high, tau2, i2, q : float
    agrees, differs : tuple of str
        Names of printed numbers that it gives, and that it does not, at their printed precision.
    """

    way: Way
    left_out: tuple[str, ...]
    estimate: float
    ci_low: float
    ci_high: float
    tau2: float
    i2: float
    q: float
    agrees: tuple[str, ...]
    differs: tuple[str, ...]

    @property
    def measure(self) -> str:
        """Code of the measure."""
        return self.way.formula.measure

    @property
    def effects(self) -> str:
        """Formula of the effects."""
        return effects_in_words(self.way.formula)

    @property
    def method(self) -> str:
        """Pooling method and interval."""
        return method_in_words(self.way)

    def __str__(self) -> str:
        without = f", without {', '.join(self.left_out)}" if self.left_out else ""
        return f"{self.measure} ({self.effects}), {self.method}{without}"


@dataclass(frozen=True)
class Match:
    """What `match_published` found.

    Attributes
    ----------
    tried : int
        Specifications computed.
    matches : tuple of Specification
        Those that give estimate and interval at their printed precision: of all studies first, then those that agree in
        more of the other printed numbers.
    whole : tuple of Specification
        Those of all studies, the nearest to the printed numbers first.
    """

    tried: int
    matches: tuple[Specification, ...]
    whole: tuple[Specification, ...]

    @property
    def nearest(self) -> Specification:
        """Of all studies, the one whose estimate and interval are nearest."""
        return self.whole[0]


def match_published(
    inputs: StudyInputs | Mapping[str, Sequence[Any]],
    published: PrintedResult | Mapping[str, Any],
    labels: Sequence[str] = (),
    leave_out: int = 2,
) -> Match:
    """Every specification that yields a printed pooled result.

    Parameters
    ----------
    inputs : mapping of str to sequence
        Numbers of the studies: ``e1, n1, e2, n2``, or ``m1, sd1, n1, m2, sd2, n2``, or ``estimate, ci_low, ci_high``;
        as texts if their precision matters.
    published : mapping
        ``measure`` (OR, RR, RD, MD, SMD, GEN) and the numbers as printed, as texts: ``estimate``, and ``ci_low``,
        ``ci_high``, ``tau2``, ``i2``, ``q`` where they are; see `PrintedResult`.
    labels : sequence of str, optional
        Names of the studies.
    leave_out : int, default 2
        Up to how many studies may be left out. Two are tried only if no specification with more studies matches.

    Returns
    -------
    Match

    Raises
    ------
    DataError
        Numbers that are none, an interval that does not hold its estimate, a measure that cannot be made of the inputs.

    Notes
    -----
    The space is that of formulas in use: J exact, approximate or none; six variances of an SMD; eight zero-cell rules;
    nine estimators of tau2 and four intervals, also with a tau2 that subgroups share (``beside`` of `StudyInputs`);
    Mantel-Haenszel, RevMan's random effects around it, Peto; the binomial-normal model of proportions; for odds ratios
    whose ``model`` tells of one, five models of the counts (see `glmm`); either sign.
    A match shows how the result may have been computed, not that it was: several specifications often agree at the
    printed precision. With few printed digits nearly anything matches.

    Examples
    --------
    >>> counts = {"e1": [4, 6, 3], "n1": [123, 306, 231], "e2": [11, 29, 11], "n2": [139, 303, 220]}
    >>> found = match_published(counts, {"measure": "RR", "estimate": "0.26", "ci_low": "0.14", "ci_high": "0.47"})
    >>> len(found.matches) > 0
    True
    """
    given = inputs if isinstance(inputs, StudyInputs) else read_inputs(inputs, labels)
    printed = as_printed(published)
    if leave_out not in (0, 1, 2):
        raise DataError(f"leave_out = {leave_out!r} must be 0, 1 or 2.")
    tried = 0
    found: list[Specification] = []
    whole: list[Specification] = []
    for out in range(leave_out + 1):
        if given.k - out < 1 or (out == 2 and (found or given.k > MOST_FOR_PAIRS)):
            break
        sets = list(combinations(range(given.k), out))
        mask = np.ones((len(sets), given.k), dtype=bool)
        for row, gone in enumerate(sets):
            mask[row, list(gone)] = False
        for pooled in all_specifications(given, printed, mask):
            tried += len(sets)
            for row, spec in agreeing(pooled, printed):
                found.append(replace(spec, left_out=tuple(given.labels[i] for i in sets[row])))
            if out == 0:
                whole.append(specification_of(pooled, 0, printed))
    found.sort(key=lambda s: (len(s.left_out), lacks_declared(s.way, printed.model), len(s.differs), unusual(s.way)))
    # To nine digits, so that those which differ by rounding only keep their order on every machine.
    whole.sort(key=lambda s: float(f"{apart(s, printed):.9g}"))
    return Match(tried, tuple(found), tuple(whole))


def specification_of(pooled: Pooled, row: int, printed: PrintedResult) -> Specification:
    """One row of results, and which printed numbers it gives."""
    numbers = {n: float(getattr(pooled, n)[row]) for n in NUMBERS}
    agrees = [n for n in printed.shown if printed.agrees(n, numbers[n])]
    differs = [n for n in printed.shown if n not in agrees]
    return Specification(pooled.way, (), **numbers, agrees=tuple(agrees), differs=tuple(differs))


def agreeing(
    pooled: Pooled, printed: PrintedResult, names: Sequence[str] = SHOWN
) -> Iterator[tuple[int, Specification]]:
    """Sets of studies that give the printed numbers of these names, as far as they are printed, and how."""
    rows = np.arange(pooled.estimate.size)
    for name in names:
        if getattr(printed, name):
            rows = rows[printed.agrees(name, getattr(pooled, name)[rows])]
            if not rows.size:
                return
    for row in rows.tolist():
        yield row, specification_of(pooled, row, printed)


def apart(spec: Specification, printed: PrintedResult) -> float:
    """Largest difference of estimate and interval: of logarithms for ratios, else as a part of the interval's width."""
    ratio = get_measure(printed.measure).ratio
    width = abs((printed.value("ci_high") or 0.0) - (printed.value("ci_low") or 0.0)) or 1.0
    largest = 0.0
    for name in SHOWN:
        shown, value = printed.value(name), getattr(spec, name)
        if shown is None:
            continue
        if not np.isfinite(value) or (ratio and (value <= 0 or shown <= 0)):
            return float("inf")
        largest = max(largest, abs(np.log(value / shown)) if ratio else abs(value - shown) / width)
    return largest


def gives_all(spec: Specification) -> bool:
    """Whether a specification gives the printed estimate and interval."""
    return all(n not in spec.differs for n in SHOWN)
