"""`match_published`: every way of computing that yields a printed result, or what would explain it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

from metarepro.effects.checks import Array
from metarepro.errors import DataError
from metarepro.pooling.kernel import Mask
from metarepro.reproduction.mantel_haenszel import pool_counts
from metarepro.reproduction.printed import PrintedResult, StudyInputs, as_printed, read_inputs
from metarepro.reproduction.specifications import TAU2, Effects, Pooled, effect_formulas, pool_all

# What a specification must give.
SHOWN = ("estimate", "ci_low", "ci_high")
# Up to so many studies sets without two of them are tried.
MOST_FOR_PAIRS = 40


@dataclass(frozen=True)
class Specification:
    """One way of computing and what it gives, on the display scale.

    Attributes
    ----------
    measure, effects, method : str
        Measure; formula of the effects; pooling method and interval.
    left_out : tuple of str
        Studies that it leaves out.
    estimate, ci_low, ci_high, tau2, i2, q : float
    agrees, differs : tuple of str
        Names of printed numbers that it gives, and that it does not, at their printed precision.
    """

    measure: str
    effects: str
    method: str
    left_out: tuple[str, ...]
    estimate: float
    ci_low: float
    ci_high: float
    tau2: float
    i2: float
    q: float
    agrees: tuple[str, ...]
    differs: tuple[str, ...]

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
    nearest : Specification
        Of all studies, the one whose estimate and interval are nearest.
    """

    tried: int
    matches: tuple[Specification, ...]
    nearest: Specification


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
    The space is that of formulas in use: J exact, approximate or none; six variances of an SMD; six zero-cell rules;
    nine estimators of tau2 and four intervals; Mantel-Haenszel, RevMan's random effects around it, Peto; either sign.
    A match shows how the result may have been computed, not that it was: several specifications often agree at the
    printed precision. With few printed digits nearly anything matches.
    """
    given = inputs if isinstance(inputs, StudyInputs) else read_inputs(inputs, labels)
    printed = as_printed(published)
    if leave_out not in (0, 1, 2):
        raise DataError(f"leave_out = {leave_out!r} must be 0, 1 or 2.")
    tried = 0
    found: list[Specification] = []
    nearest: Specification | None = None
    for out in range(leave_out + 1):
        if given.k - out < 1 or (out == 2 and (found or given.k > MOST_FOR_PAIRS)):
            break
        sets = list(combinations(range(given.k), out))
        mask = np.ones((len(sets), given.k), dtype=bool)
        for row, gone in enumerate(sets):
            mask[row, list(gone)] = False
        for pooled in all_specifications(given, printed, mask):
            tried += len(sets)
            for index in map(int, np.flatnonzero(gives(pooled, printed))):
                found.append(specification_of(pooled, index, [given.labels[i] for i in sets[index]], printed))
            if out == 0:
                spec = specification_of(pooled, 0, [], printed)
                nearest = spec if nearest is None or apart(spec, printed) < apart(nearest, printed) else nearest
    if nearest is None:
        raise DataError("No specification can be computed from these inputs.")
    found.sort(key=lambda s: (len(s.left_out), lacks_declared(s, printed.model), len(s.differs), unusual(s)))
    return Match(tried, tuple(found), nearest)


def all_specifications(
    inputs: StudyInputs, printed: PrintedResult, mask: Mask, only: tuple[str, str] | None = None
) -> Iterator[Pooled]:
    """Results of all formulas and methods for all sets of studies, in either sign if the printed one asks for it.

    `only` is the words of one formula and one method.
    """
    for effects in effect_formulas(inputs, printed.measure):
        if only is not None and effects.words != only[0]:
            continue
        methods: tuple[str, ...] = ("CE",) if effects.measure == "PETO" else TAU2
        if only is not None:
            methods = tuple(m for m in methods if only[1].split(",")[0] == m)
        results = list(pool_all(effects, mask, printed.level, methods))
        if inputs.kind == "counts" and effects.measure != "PETO":
            results += pool_counts(inputs, effects, mask, printed.level)
        if _turned(results, printed, effects):
            results += [turned(r, effects.ratio) for r in results]
        yield from (r for r in results if only is None or r.method == only[1])


def turned(pooled: Pooled, ratio: bool) -> Pooled:
    """The same results with the arms exchanged."""
    with np.errstate(divide="ignore", invalid="ignore"):
        value, low, high = (1 / x if ratio else -x for x in (pooled.estimate, pooled.ci_high, pooled.ci_low))
    return Pooled(
        pooled.effects,
        pooled.measure,
        f"{pooled.method}, sign turned",
        value,
        low,
        high,
        pooled.tau2,
        pooled.i2,
        pooled.q,
    )


def _turned(results: list[Pooled], printed: PrintedResult, effects: Effects) -> bool:
    """Whether all results lie on the other side of no effect than the printed one."""
    null = 1.0 if effects.ratio else 0.0
    estimates = np.concatenate([r.estimate[:1] for r in results])
    value = printed.value("estimate") or 0.0
    return bool(((estimates - null) * (value - null) < 0).any())


def within(printed: PrintedResult, name: str, values: Array) -> Mask:
    """Which values round to the printed number; a hair is allowed for the arithmetic of two programs."""
    low, high = printed.limits(name)
    slack = 1e-9 * max(abs(low), abs(high), 1e-3)
    return np.asarray((values >= low - slack) & (values <= high + slack), dtype=np.bool_)


def specification_of(pooled: Pooled, row: int, left_out: list[str], printed: PrintedResult) -> Specification:
    """One row of results, and which printed numbers it gives."""
    numbers = {n: float(getattr(pooled, n)[row]) for n in ("estimate", "ci_low", "ci_high", "tau2", "i2", "q")}
    agrees = [n for n in printed.shown if within(printed, n, np.array(numbers[n]))]
    differs = [n for n in printed.shown if n not in agrees]
    return Specification(
        pooled.measure, pooled.effects, pooled.method, tuple(left_out), **numbers, agrees=tuple(agrees),
        differs=tuple(differs),
    )  # fmt: skip


def gives(pooled: Pooled, printed: PrintedResult) -> Mask:
    """Which sets of studies give the printed estimate and interval."""
    return np.logical_and.reduce([within(printed, n, getattr(pooled, n)) for n in SHOWN if getattr(printed, n)])


def apart(spec: Specification, printed: PrintedResult) -> float:
    """Largest difference of estimate and interval: of logarithms for ratios, else as a part of the interval's width."""
    ratio = printed.measure in ("OR", "RR", "HR")
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
    ("weights", ((r"\bM-?H\b|Mantel", "Mantel"), (r"Peto", "Peto"), (r"\bIV\b|inverse.variance", "IV"))),
    ("interval", ((r"Hartung|Knapp|HKSJ|\bHK\b", "HK"), (r"\bt[ -]distribution|\bt test", "t"))),
)  # fmt: skip
# Estimators that programs use unless told otherwise.
_USUAL = ("DL", "REML", "PM")


def declared_words(model: str) -> list[set[str]]:
    """For each kind of thing that a description of a model tells, the words of our methods that fulfil it."""
    told = [{word for pattern, word in words if re.search(pattern, model, re.I)} for _, words in _KINDS]
    return [words for words in told if words]


def traits_of(spec: Specification) -> set[str]:
    """Words that a specification fulfils."""
    first, _, ci = spec.method.replace(", sign turned", "").partition(", ")
    traits = {"turned"} if "turned" in spec.method else set()
    if first.startswith("Mantel-Haenszel"):
        return traits | {"Mantel", "z"} | ({"random", "DL"} if ci.startswith("random") else {"fixed"})
    if spec.measure == "PETO":
        return traits | {"Peto", "fixed", ci}
    return traits | {"IV", first, ci.removesuffix("-adhoc"), "fixed" if first == "CE" else "random"}


def lacks_declared(spec: Specification, model: str) -> int:
    """How many things that a description of the model tells a specification does not fulfil.

    What it leaves unsaid is what programs do unless told otherwise: intervals of the normal distribution, and for
    random effects DL, REML or PM. A turned sign is nobody's way. Nothing is held against a specification if nothing is
    told.
    """
    wanted, traits = declared_words(model), traits_of(spec)
    lacking = sum(not words & traits for words in wanted) + ("turned" in traits)
    if wanted:
        said = set().union(*wanted)
        lacking += "z" not in traits and not said & {"HK", "t"}
        named = said & {word for _, word in _KINDS[0][1]}
        lacking += "random" in traits and not named and not traits & set(_USUAL)
    return lacking


def unusual(spec: Specification) -> int:
    """How far a specification is from what programs do unless told otherwise; decides between those that agree."""
    traits = traits_of(spec)
    rank = 0 if "z" in traits else 2 if "HK" in traits else 4
    return rank + (0 if traits & {"DL", "CE", "Mantel", "Peto"} else 1 if traits & set(_USUAL) else 3)


def gives_all(spec: Specification) -> bool:
    """Whether a specification gives the printed estimate and interval."""
    return all(n not in spec.differs for n in SHOWN)
