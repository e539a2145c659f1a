"""One comparison of an analysis: made of the rows of each side, with the ids that tell it apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from metarepro.analysis.columns import cells_of, words_of
from metarepro.analysis.config import Analysis
from metarepro.analysis.selection.eligibility import ArmRow, OutcomeRow, arms_of, has_exact_p
from metarepro.analysis.selection.numbers import numbers_of
from metarepro.effects.arm_conversions import combine_arms
from metarepro.effects.registry import get_measure
from metarepro.errors import DataError, Problem
from metarepro.evidence.dataset import Dataset
from metarepro.evidence.tables import Arm, ComparisonRow, Continuous, Contrast, Dichotomous, Study
from metarepro.notes import Note

# Rows of the experimental side and of the control side; a contrast, which has both, stands on the first.
Pair = tuple[tuple[OutcomeRow, ...], tuple[ArmRow, ...]]

_KINDS = {"dichotomous": "counts", "continuous": "means", "contrasts": "contrast"}
_KINDS_OF_INPUTS = {"two_arm_counts": "counts", "one_arm_counts": "counts", "two_arm_means": "means"}


@dataclass(frozen=True)
class Comparison:
    """Numbers of a study for an analysis.

    Attributes
    ----------
    study : Study
    label : str
        Name in figures and tables.
    experimental, control : tuple of Arm
        Arms of each side.
    rows : tuple of row
        The raw rows used, experimental first.
    inputs : dict
        Keyword columns of `effect_sizes`: e1, n1, ... or estimate with se, ci_low, ci_high or p_value.
    participants : int or None
        Patients behind it; None when not read.
    group : str
        Subgroup level; empty without subgroups.
    notes : tuple of Note
    kind : str
        ``counts``, ``means``, ``contrast`` (a printed effect), ``averaged``, or a family of measures.
    components : tuple of Comparison
        Of an average its effects.
    turned : bool
        Whether its effect takes the other sign, as its scale points the other way than the others.
    """

    study: Study
    label: str
    experimental: tuple[Arm, ...]
    control: tuple[Arm, ...]
    rows: tuple[OutcomeRow, ...]
    inputs: dict[str, float]
    participants: int | None
    group: str
    notes: tuple[Note, ...]
    kind: str
    components: tuple[Comparison, ...] = ()
    turned: bool = False

    @property
    def study_id(self) -> str:
        """Id of the study."""
        return self.study.study_id

    @property
    def cluster_id(self) -> str:
        """Id of what shares patients: the cohort, or the study where it has none."""
        return self.study.cohort or self.study.study_id

    @property
    def key(self) -> tuple[str, ...]:
        """What tells comparisons of one study apart: arms, outcome, time, statistic, periods, scale."""
        outcome, time, statistic, periods, scale = visit_of(self.rows[0])
        sides = ("+".join(a.arm_id for a in side) for side in (self.experimental, self.control) if side)
        arms = arms_named(self.rows[0]) if isinstance(self.rows[0], Contrast) else " v ".join(sides)
        return (arms, outcome, f"{time:g} h" if time is not None else "", statistic, periods, scale)

    def printed_interval(self, level: float) -> tuple[float, float] | None:
        """The interval as the paper printed it, where it is a printed effect that has one of this level."""
        row = self.rows[0]
        if self.kind != "contrast" or not isinstance(row, Contrast) or row.ci_low is None or row.ci_high is None:
            return None
        if row.interval_level != 100 * level:
            return None
        # Only differences are turned.
        return (-row.ci_high, -row.ci_low) if self.turned else (row.ci_low, row.ci_high)

    @property
    def effect_id(self) -> str:
        """Id within the analysis, made of the study and `key`; the same whatever other rows there are."""
        return "/".join((self.study_id, *self.key))

    @property
    def scale(self) -> str:
        """Its rating scale, of an average all of them; empty if none is named."""
        return ", ".join(sorted({r.scale for r in self.rows if r.scale}))

    @property
    def time(self) -> float | None:
        """Its time in hours; None if none is printed, or if it averages several."""
        times = {r.timepoint_h for r in self.rows}
        return times.pop() if len(times) == 1 else None

    @property
    def level(self) -> str:
        """`primary` when every row is."""
        return _level(self.rows)


def visit_of(row: OutcomeRow) -> tuple[str, float | None, str, str, str]:
    """Outcome, time, statistic, periods and scale: rows of two arms that agree in these can be compared."""
    statistic = row.statistic if isinstance(row, Continuous) else ""
    return (row.outcome, row.timepoint_h, statistic, row.periods, row.scale)


def arms_named(row: OutcomeRow) -> str:
    """The arm of a row by its id, or both arms of a contrast."""
    return f"{row.experimental_arm} v {row.control_arm}" if isinstance(row, Contrast) else row.arm_id


def compare(analysis: Analysis, data: Dataset, study: Study, pair: Pair) -> Comparison:
    """Make a comparison of the rows of both sides; rows of several arms of a side are added up."""
    first, second = pair
    rows = (*first, *second)
    if isinstance(first[0], Contrast):
        one, two = arms_of(data, first[0])
        sides: tuple[tuple[Arm, ...], tuple[Arm, ...]] = ((one,), (two,) if two is not None else ())
        kind = "contrast"
        if isinstance(first[0], ComparisonRow):
            inputs, size, notes, kind = _of_comparison(analysis, first[0])
        else:
            inputs, size, notes = _of_contrast(analysis, study, first[0], one, two)
    else:
        kind = _KINDS[first[0].table]
        sides = (tuple(arms_of(data, r)[0] for r in first), tuple(arms_of(data, r)[0] for r in second))
        _refuse_exchanged(analysis, study, *sides)
        for side in sides:
            _refuse_shared(analysis, study, side, rows[0].periods)
        one_side = [r for r in first if not isinstance(r, Contrast)]
        inputs, size, notes = _of_arms(study, one_side, second, analysis.missing == "no_event")
    notes += [Note("stated", text=text) for text in dict.fromkeys(r.remark for r in rows if r.remark)]
    return Comparison(
        study, study.label, *sides, rows, inputs, size, _group(analysis, study, sides, rows), tuple(notes), kind
    )


def _group(analysis: Analysis, study: Study, sides: Sequence[Sequence[Arm]], rows: Sequence[OutcomeRow]) -> str:
    """Subgroup of a comparison; empty without subgroups."""
    if analysis.subgroups is None:
        return ""
    if analysis.subgroups == "control_agent":
        return words_of(dict.fromkeys(a.agent for a in sides[1]))
    if analysis.subgroups == "level":
        return _level(rows) or NOT_STATED
    return words_of(cells_of(analysis.subgroups, rows, sides[0], study)) or NOT_STATED


NOT_STATED = "not stated"


def _level(rows: Sequence[OutcomeRow]) -> str:
    levels = {r.level for r in rows}
    return "primary" if levels == {"primary"} else "secondary" if "secondary" in levels else ""


# -- counts and means by arm -------------------------------------------------------------------------------------


def _of_arms(
    study: Study, first: Sequence[ArmRow], second: Sequence[ArmRow], all_begun: bool
) -> tuple[dict[str, float], int | None, list[Note]]:
    """Inputs of one side, or of two numbered ones, of those rated or of all who began; patients; notes."""
    sides = (first, second) if second else (first,)
    added = [_added_up(side, all_begun) for side in sides]
    numbers = ("1", "2") if second else ("",)
    inputs = {f"{name}{i}": x for side, i in zip(added, numbers, strict=True) for name, x in side.items()}
    notes = [Note("arms_added_up", arms=[r.arm_id for r in side]) for side in sides if len(side) > 1]
    if lost := sum(int(_counted(r, all_begun) - _counted(r, False)) for side in sides for r in side):
        notes.append(Note("missing_as_no_event", count=lost))
    sizes = [int(side["n"]) for side in added]
    if study.design != "crossover":
        return inputs, sum(sizes), notes
    if not second:
        every = [Note("crossover_all_periods")] if first[0].periods == "all" else []
        return inputs, sum(sizes), [*notes, *every]
    if first[0].periods == "first":
        return inputs, sum(sizes), [*notes, Note("crossover_first_period")]
    # The same patients are in both arms.
    return inputs, max(sizes), [*notes, Note("crossover_as_parallel")]


def _counted(row: ArmRow, all_begun: bool) -> float:
    """Patients that count: those rated, or all who began where that is known."""
    if isinstance(row, Dichotomous):
        return float((row.all_begun if all_begun else None) or row.total or 0)
    return float(row.n or 0)


def _added_up(rows: Sequence[ArmRow], all_begun: bool) -> dict[str, float]:
    """Columns of one side, its arms taken as one group."""
    if all(isinstance(r, Dichotomous) for r in rows):
        counts = [r for r in rows if isinstance(r, Dichotomous)]
        return {"e": float(sum(r.events or 0 for r in counts)), "n": sum(_counted(r, all_begun) for r in counts)}
    means, sds, ns = ([float(getattr(r, name)) for r in rows] for name in ("mean", "sd", "n"))
    if len(rows) == 1:
        return {"m": means[0], "sd": sds[0], "n": ns[0]}
    both = combine_arms(means, sds, ns)
    return {"m": float(both.mean[0]), "sd": float(both.sd[0]), "n": float(both.n[0])}


def _refuse_exchanged(analysis: Analysis, study: Study, one: Sequence[Arm], two: Sequence[Arm]) -> None:
    """Refuse arms whose roles in their study are the other way round: the effect would have the other sign."""
    if two and all(a.role == "control" for a in one) and all(a.role == "experimental" for a in two):
        what = f"analysis {analysis.id!r} compares {study.label} the other way round than the roles of its arms say"
        roles = "; ".join(f"{a.arm_id} ({a.agent}): {a.role}, line {a.line}" for a in (*one, *two))
        fix = "Fix: correct `role`, or exchange `experimental` and `control` of the analysis."
        both = "Where two treatments are compared, both arms are experimental."
        raise DataError([Problem("E045", what, one[0].file, one[0].line, details=(f"arms: {roles}", both, fix))])


def _refuse_shared(analysis: Analysis, study: Study, arms: Sequence[Arm], periods: str) -> None:
    """Refuse to add up arms that have patients in common: each would count twice."""
    crossed = study.design == "crossover" and periods != "first"
    if len(arms) > 1 and (crossed or any(a.kind in ("pooled", "subset") for a in arms)):
        what = f"{study.label} has {len(arms)} arms that fit analysis {analysis.id!r} and may share patients"
        listed = ", ".join(f"{a.arm_id} ({a.kind})" for a in arms)
        fix = "Fix: narrow `dose_mg_per_kg` or `agent` of the analysis; such arms cannot be added up."
        raise DataError([Problem("E029", what, arms[0].file, arms[0].line, details=(f"arms: {listed}", fix))])


# -- published contrasts -----------------------------------------------------------------------------------------


def _of_contrast(
    analysis: Analysis, study: Study, row: Contrast, one: Arm, two: Arm | None
) -> tuple[dict[str, float], int | None, list[Note]]:
    """Estimate with what gives its error; patients; notes."""
    assert row.estimate is not None
    inputs = {"estimate": row.estimate}
    notes = [Note("within_patient")] if study.design == "crossover" else []
    if row.se is not None:
        inputs["se"] = row.se
    elif row.ci_low is not None and row.ci_high is not None:
        inputs |= {"ci_low": row.ci_low, "ci_high": row.ci_high, "ci_level": row.interval_level}
        notes.append(Note("se_from_interval"))
    elif analysis.se_from_p and has_exact_p(row):
        inputs["p_value"] = float(row.p_value)
        notes.append(Note("se_from_p", p=row.p_value))
    return inputs, _size(analysis, study, row, one, two), notes


def _of_comparison(analysis: Analysis, row: ComparisonRow) -> tuple[dict[str, float], int | None, list[Note], str]:
    """Numbers of a row that holds both arms: inputs, patients, notes, and what kind of numbers they are."""
    measure = get_measure(analysis.measure)
    found = numbers_of(row, measure)
    kind = "contrast" if found.is_printed else _KINDS_OF_INPUTS.get(measure.inputs, measure.inputs)
    sizes = [found.inputs.get(n, getattr(row, n)) for n in ("n1", "n2")]
    size = sizes[0] + sizes[1] if all(x is not None for x in sizes) else found.inputs.get("n", row.n)
    return found.inputs, round(size) if size is not None else None, list(found.notes), kind


def _size(analysis: Analysis, study: Study, row: Contrast, one: Arm, two: Arm | None) -> int | None:
    """Patients behind a contrast: as printed with it, else from its arms where they leave no doubt."""
    if row.n is not None or analysis.control is None:
        return row.n if row.n is not None else one.n_analysed
    if two is None or one.n_analysed is None or two.n_analysed is None:
        return None
    if study.design == "crossover":
        return one.n_analysed if one.n_analysed == two.n_analysed else None
    return one.n_analysed + two.n_analysed
