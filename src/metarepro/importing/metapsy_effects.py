"""Effects that a Metapsy table prints, recomputed from its own means and counts."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from metarepro.effects import effect_sizes, get_measure

# Digits that the databases keep.
AGREES = 1e-6
_MEANS = ("mean", "sd", "n")
_COUNTS = ("event", "totaln")
_OPTIONS = {"SMD": {"vtype": "LSd", "j": "approximate"}, "RR": {"correction_cells": "events"}}

Number = Callable[[int, str], float]


def compare_effects(lines: Sequence[int], kinds: Sequence[str], number: Number) -> tuple[str, ...]:
    """Whether `.g` and `.log_rr` follow from the numbers beside them, in sentences.

    Parameters
    ----------
    lines : sequence of int
        Physical lines, for the sentences.
    kinds : sequence of str
        outcome_type of each line.
    number : callable
        Number of a line (counted from 0) in a column; NaN if it has none.
    """
    sentences = []
    for name, spread, measure in ((".g", ".g_se", "SMD"), (".log_rr", ".log_rr_se", "RR")):
        columns = []
        for i, kind in enumerate(kinds):
            counts = kind not in ("msd", "imsd", "change")
            if counts != (measure == "RR"):
                continue
            infix = "_change" if kind == "change" else ""
            parts = _COUNTS if counts else tuple(f"{p}{infix}" for p in _MEANS)
            row = [number(i, f"{p}_arm{place}") for place in (1, 2) for p in parts]
            columns.append((i, *row, number(i, name), number(i, spread)))
        found = np.array([c for c in columns if not np.isnan(c).any()])
        if not found.size:
            continue
        columns_of = dict(zip(get_measure(measure).columns, found[:, 1:].T, strict=False))
        ours = effect_sizes(measure, **columns_of, **_OPTIONS[measure])
        theirs = found[:, -2:]
        apart = ~(np.abs(np.column_stack([ours.yi, np.sqrt(ours.vi)]) - theirs) <= AGREES * (1 + np.abs(theirs))).all(1)
        sentence = f"{name} and {spread} follow from the numbers beside them in {(~apart).sum()} of {apart.size} lines"
        if apart.any():
            which = ", ".join(str(lines[int(i)]) for i in found[apart, 0][:20])
            sentence += f"; not in line{'s' * (int(apart.sum()) > 1)} {which}"
        sentences.append(f"{sentence}.")
    return tuple(sentences)
