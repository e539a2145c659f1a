"""Which tests of asymmetry fit a set of studies, what each says, and what they say together."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from metarepro.effects.core import EffectSizes
from metarepro.notes import Note
from metarepro.pooling.given_effects import one_set
from metarepro.robustness.asymmetry import AsymmetryTest, RankTest, begg, egger, pustejovsky_rodgers
from metarepro.robustness.asymmetry_of_counts import arcsine_test, harbord, macaskill, peters
from metarepro.robustness.evidence import notes_of_few

if TYPE_CHECKING:
    import pandas as pd

# Below this ratio of the largest to the smallest standard error there is nothing to regress on.
_SIMILAR = 1.5
# Level of tests of asymmetry.
LEVEL = 0.1


@dataclass(frozen=True)
class _Row:
    """A test: what calls it, which inputs it needs, and for which measures it keeps its level."""

    name: str
    call: Callable[[EffectSizes], AsymmetryTest | RankTest]
    needs: tuple[str, ...] = ()
    fits: Callable[[str, bool], bool] = lambda measure, counts: True


_STANDARDISED = ("SMD", "SMDH", "SMD1")


def _independent(measure: str, counts: bool) -> bool:
    """Whether the standard error does not depend on the effect."""
    return not counts and measure not in _STANDARDISED and measure not in ("PLO", "PR", "PLN", "PAS", "PFT")


_COUNTS = ("e1", "n1", "e2", "n2")
TESTS = {
    "egger": _Row("Egger, with tau2", egger, fits=_independent),
    "egger_wls": _Row("Egger, as printed first", lambda es: egger(es, model="wls"), fits=_independent),
    "begg": _Row("Begg and Mazumdar", begg, fits=_independent),
    "harbord": _Row("Harbord", harbord, _COUNTS, lambda measure, counts: counts),
    "peters": _Row("Peters", peters, _COUNTS, lambda measure, counts: counts),
    "macaskill": _Row("Macaskill", macaskill, _COUNTS, lambda measure, counts: False),
    "arcsine": _Row("arcsine difference", arcsine_test, _COUNTS, lambda measure, counts: counts),
    "pustejovsky_rodgers": _Row(
        "Pustejovsky and Rodgers", pustejovsky_rodgers, ("n1", "n2"), lambda measure, counts: measure in _STANDARDISED
    ),
    "size": _Row(
        "regression on 1/n", lambda es: egger(es, predictor="1/n"), ("n",), lambda measure, counts: measure != "GEN"
    ),
}  # fmt: skip


@dataclass(frozen=True)
class SmallStudyTest:
    """One test: its numbers, and why it does not fit here; `reason` is empty where it does."""

    code: str
    name: str
    statistic: float
    df: float
    p_value: float
    limit: float
    fits: bool
    reason: str


@dataclass(frozen=True)
class SmallStudyTests:
    """Result of `small_study_tests`.

    Attributes
    ----------
    tests : tuple of SmallStudyTest
    k : int
    fitting, positive : int
        Tests that fit, and how many of these have p < 0.1.
    notes : tuple of Note
        Why no test fits, where none does.
    """

    tests: tuple[SmallStudyTest, ...]
    k: int
    fitting: int
    positive: int
    notes: tuple[Note, ...]

    def to_frame(self) -> pd.DataFrame:
        """A data frame with one row a test."""
        import pandas as pd

        frame = pd.DataFrame([vars(t) for t in self.tests]).set_index("code")
        frame.index.name = "test"
        return frame


def small_study_tests(
    yi: ArrayLike | EffectSizes | str, vi: ArrayLike | str | None = None, *, data: Any = None, labels: Any = None
) -> SmallStudyTests:
    """All tests of funnel-plot asymmetry that the studies' numbers allow, and which of them to believe.

    Parameters
    ----------
    yi, vi, data, labels
        As in `pool`. `EffectSizes` bring the counts and sizes that some tests need.

    Returns
    -------
    SmallStudyTests
        A test fits where it keeps its level: not Egger's and Begg's with counts, standardised mean differences and
        proportions, not any with fewer than ten studies or with standard errors that are alike.

    Raises
    ------
    DataError
        As `pool`.

    References
    ----------
    Sterne et al. 2011, doi:10.1136/bmj.d4002; Page et al. 2021, chapter 13 of the Cochrane Handbook.

    Examples
    --------
    >>> small_study_tests([0.1, 0.3, 0.35, 0.9], [0.01, 0.03, 0.05, 0.2]).fitting
    0
    """
    studies, _, v, known, _ = one_set(yi, vi, data, labels, "small_study_tests")
    k = int(known.sum())
    errors = np.sqrt(v[known])
    counts = all(n in studies.inputs for n in _COUNTS)
    notes = notes_of_few(k)
    if not notes and errors.max() < _SIMILAR * errors.min():
        notes.append(Note("similar_precision"))
    found = []
    for code, row in TESTS.items():
        if any(n not in studies.inputs and not (n == "n" and "n1" in studies.inputs) for n in row.needs):
            continue
        result = row.call(studies)
        suits = row.fits(studies.measure, counts)
        reason = (
            str(notes[0]) if notes else "" if suits else str(Note("test_errs", name=row.name, measure=studies.measure))
        )
        found.append(
            SmallStudyTest(
                code, row.name, getattr(result, "statistic", getattr(result, "tau", math.nan)),
                getattr(result, "df", math.nan), result.p_value, getattr(result, "limit", math.nan),
                not reason and math.isfinite(result.p_value), reason,
            )
        )  # fmt: skip
    fitting = [t for t in found if t.fits]
    return SmallStudyTests(tuple(found), k, len(fitting), sum(t.p_value < LEVEL for t in fitting), tuple(notes))
