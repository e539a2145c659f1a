"""Study by study: the effects that a report prints against those of its own numbers."""

from __future__ import annotations

import numpy as np
from scipy.special import ndtri

from metarepro.effects.checks import Array
from metarepro.evidence.dataset import Dataset
from metarepro.evidence.integrity.printed import rounded_from
from metarepro.evidence.tables import PublishedInput
from metarepro.reproduction.printed import StudyInputs
from metarepro.reproduction.result import Numbers, PrintedNumbers, StudyReproduction, StudyVerdict
from metarepro.reproduction.specifications import Effects, effect_formulas
from metarepro.reproduction.targets import Target

SHOWN = ("estimate", "ci_low", "ci_high")


def reproduce_studies(target: Target, data: Dataset) -> tuple[StudyReproduction, ...]:
    """Each study's printed effect and interval beside those of its own numbers, by the formula that gives most of them.

    Notes
    -----
    The formula is the report's, so one is taken for all studies: the one that gives the printed effects of most.
    Verdicts: ``exact`` at the printed precision; ``rounding`` within what the rounding of means and SDs allows;
    ``differs``; ``not checkable`` where the report prints no effect of the study, or only effects.
    """
    inputs = target.inputs
    if inputs is None:
        return ()
    rows = [r for r in data.others["published_inputs"] if isinstance(r, PublishedInput)]
    own = [data.printed[r.file, r.line] for r in rows if r.analysis_id == target.row.analysis_id]
    printed = [PrintedNumbers(*(cells.get(n, "").strip() for n in SHOWN)) for cells in own]
    if inputs.kind == "effects" or not any(p.estimate for p in printed):
        return ()
    formulas = [f for f in effect_formulas(inputs, target.code) if f.yi.ndim == 1]
    best = max(formulas, key=lambda f: sum(_gives(_numbers(f, i), p) for i, p in enumerate(printed)))
    found = []
    for i, p in enumerate(printed):
        numbers = _numbers(best, i)
        found.append(
            StudyReproduction(inputs.labels[i], p, numbers, best.words, _verdict(inputs, target, best, i, numbers, p))
        )
    return tuple(found)


def _numbers(effects: Effects, study: int) -> Numbers:
    """Effect and 95 % Wald interval of a study on the display scale."""
    y, half = float(effects.yi[study]), float(ndtri(0.975) * np.sqrt(effects.vi[study]))
    values = [y, y - half, y + half]
    return Numbers(*(float(np.exp(v)) if effects.ratio else v for v in values))


def _gives(numbers: Numbers, printed: PrintedNumbers, room: Numbers | None = None) -> bool:
    """Whether numbers round to the printed ones; in either sign."""
    if not printed.estimate:
        return False
    for sign in (1, -1):
        values = [sign * getattr(numbers, n) for n in SHOWN]
        if sign < 0:
            values[1:] = values[:0:-1]
        fits = []
        for name, value in zip(SHOWN, values, strict=True):
            text = getattr(printed, name)
            if text:
                low, high = map(float, rounded_from(text))
                more = getattr(room, name) if room is not None else 0.0
                hair = 1e-9 * max(abs(low), abs(high), 1e-3)
                fits.append(low - more - hair <= value <= high + more + hair)
        if all(fits):
            return True
    return False


def _verdict(
    inputs: StudyInputs, target: Target, effects: Effects, study: int, numbers: Numbers, printed: PrintedNumbers
) -> StudyVerdict:
    if not printed.estimate or not np.isfinite(numbers.estimate):
        return "not checkable"
    if _gives(numbers, printed):
        return "exact"
    room = dict.fromkeys(SHOWN, 0.0)
    for name, half in inputs.half.items():
        if half[study]:
            ends = []
            for sign in (-1, 1):
                columns: dict[str, Array] = {n: v.copy() for n, v in inputs.columns.items()}
                columns[name][study] += sign * half[study]
                if columns[name][study] <= 0 and name.startswith("sd"):
                    return "differs"
                moved = StudyInputs(inputs.kind, columns, inputs.half, inputs.labels)
                same = [f for f in effect_formulas(moved, target.code) if f.words == effects.words]
                ends.append(_numbers((same or [effects])[0], study))
            for n in SHOWN:
                room[n] += abs(getattr(ends[1], n) - getattr(ends[0], n)) / 2
    return "rounding" if any(room.values()) and _gives(numbers, printed, Numbers(**room)) else "differs"
