"""Effects however they are given, for every model: what `effect_sizes` makes, arrays, or names of columns."""

from __future__ import annotations

from typing import Any

import numpy as np

from metarepro.effects.checks import flat_columns, read_numbers
from metarepro.effects.core import EffectSizes, column_of, refuse_fit, split_effects
from metarepro.errors import ConfigError, DataError
from metarepro.notes import Note, list_rows
from metarepro.pooling.kernel import Array, Mask
from metarepro.pooling.problems import read_problems


def studies_of(yi: Any, vi: Any, se: Any = None, measure: str = "", labels: Any = None) -> EffectSizes:
    """What is pooled, as effect sizes.

    Raises
    ------
    DataError, ConfigError
        No effects, or variances given twice or not at all.
    """
    refuse_fit(yi)
    if isinstance(yi, EffectSizes):
        if vi is not None or se is not None or (measure and measure != yi.measure):
            raise ConfigError("Effect sizes have their own variances and measure. Fix: leave vi, se and measure out.")
        return yi if labels is None else yi.named(labels)
    if yi is None:
        raise DataError("There is no yi. Fix: give effects, or what effect_sizes gives.")
    if (vi is None) == (se is None):
        raise DataError("Give the sampling variances vi, or the standard errors se, and not both.")
    if se is not None:
        yi, error = flat_columns(read_numbers(yi, "yi"), read_numbers(se, "se"))
        bad = np.flatnonzero(~((error > 0) | np.isnan(error)))
        if bad.size:
            raise DataError(f"se is not positive in {list_rows(bad.tolist())}. Fix: give standard errors, above 0.")
        vi = error**2
    made = EffectSizes(*split_effects(yi, vi), measure or "GEN")
    return made if labels is None else made.named(labels)


def one_set(
    yi: Any, vi: Any, data: Any, labels: Any, model: str
) -> tuple[EffectSizes, Array, Array, Mask, tuple[Note, ...]]:
    """One set of studies, checked: effect sizes, their yi and vi, which are known, and notes.

    Parameters
    ----------
    model : str
        What the caller is, for the message about a batch.

    Raises
    ------
    DataError
        Impossible effects or variances, with the rows; no study; a batch.
    """
    named = {"yi": yi, "vi": vi, "labels": labels}
    found = {n: column_of(data, x, n) if isinstance(x, str) else x for n, x in named.items()}
    studies = studies_of(found["yi"], found["vi"], labels=found["labels"])
    _, shape, notes = read_problems(studies.yi, studies.vi)
    if shape != ():
        raise DataError(f"{model} takes one set of studies, not a batch. Fix: call it for each.")
    y, v = (
        x.ravel() for x in np.broadcast_arrays(*(np.asarray(x, dtype=np.float64) for x in (studies.yi, studies.vi)))
    )
    known = np.isfinite(y) & np.isfinite(v)
    return studies, y, v, known, (*studies.notes, *notes)
