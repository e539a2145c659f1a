"""Study by study: the effects that a report prints against those of its own numbers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from metarepro.effects.checks import Array
from metarepro.evidence.dataset import Dataset
from metarepro.evidence.tables import PublishedInput
from metarepro.pooling.inference import quantile
from metarepro.reproduction.printed import SHOWN, StudyInputs, room_of, rounds_to
from metarepro.reproduction.result import Numbers, PrintedNumbers, StudyReproduction, StudyVerdict
from metarepro.reproduction.specifications import Effects, all_effects, effects_by, on_display
from metarepro.reproduction.targets import Target
from metarepro.reproduction.ways import Formula
from metarepro.reproduction.words import effects_in_words


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
    candidates = [(e.formula, _numbers(e)) for e in all_effects(inputs, target.code)]
    formula, best = max(candidates, key=lambda c: sum(_gives(n, p) for n, p in zip(c[1], printed, strict=True)))
    words = effects_in_words(formula)
    verdicts = [_verdict(inputs, formula, i, n, p) for i, (n, p) in enumerate(zip(best, printed, strict=True))]
    return tuple(
        StudyReproduction(label, p, numbers, words, verdict)
        for label, p, numbers, verdict in zip(inputs.labels, printed, best, verdicts, strict=True)
    )


def _numbers(effects: Effects) -> list[Numbers]:
    """Effects and 95 % Wald intervals of the studies on the display scale."""
    return [Numbers(*map(float, values)) for values in zip(*_intervals(effects), strict=True)]


def _intervals(effects: Effects) -> list[Array]:
    half = quantile(0.975, np.array(np.nan)) * np.sqrt(effects.vi)
    return on_display(effects.formula.measure, effects.yi, effects.yi - half, effects.yi + half, sizes=effects.n)


def _gives(numbers: Numbers, printed: PrintedNumbers, room: Sequence[float] = (0.0, 0.0, 0.0)) -> bool:
    """Whether numbers round to the printed ones; in either sign."""
    texts = [(getattr(printed, n), more) for n, more in zip(SHOWN, room, strict=True)]
    signs = (
        (numbers.estimate, numbers.ci_low, numbers.ci_high),
        (-numbers.estimate, -numbers.ci_high, -numbers.ci_low),
    )
    return bool(printed.estimate) and any(
        all(not text or rounds_to(text, value, more) for (text, more), value in zip(texts, values, strict=True))
        for values in signs
    )


def _verdict(
    inputs: StudyInputs, formula: Formula, study: int, numbers: Numbers, printed: PrintedNumbers
) -> StudyVerdict:
    if not printed.estimate or not np.isfinite(numbers.estimate):
        return "not checkable"
    if _gives(numbers, printed):
        return "exact"
    ends = inputs.ends(study)
    if ends is None:
        return "differs"
    room = [room_of(x[:, study]) for x in _intervals(effects_by(formula, ends))]
    return "rounding" if _gives(numbers, printed, room) else "differs"
