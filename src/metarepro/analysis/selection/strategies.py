"""How the eligible rows of a study become its comparisons; a row in `STRATEGIES` adds a way."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from metarepro.analysis.config import Analysis
from metarepro.analysis.selection.comparison import Comparison, Pair, arms_named, visit_of
from metarepro.analysis.selection.eligibility import OutcomeRow, kind_of, kinds_of
from metarepro.errors import ConfigError, DataError, Problem
from metarepro.evidence.tables import Continuous, Contrast, Study
from metarepro.natural_order import natural_order
from metarepro.notes import Note


@dataclass(frozen=True)
class Strategy:
    """How the eligible rows of a study become its comparisons.

    Attributes
    ----------
    pick : callable
        From the analysis, the study and every pair of rows that can be compared: those that are used, in their order.
    named : callable
        Comparisons of one study with names that tell them apart.
    steps : bool
        Whether they are steps of a treatment ladder, whose rates multiply: only arms of that kind count, fit for
        pooling or not, and patients that two of them share do not matter.
    """

    pick: Callable[[Analysis, Study, Sequence[Pair]], Sequence[Pair]]
    named: Callable[[Sequence[Comparison]], Sequence[Comparison]] = list
    steps: bool = False


def strategy_of(analysis: Analysis, several: str = "") -> Strategy:
    """The strategy of an analysis: as it says itself, or for an analysis that pools, `several`.

    Raises
    ------
    ConfigError
        There is no such strategy.
    """
    known = [name for name, strategy in STRATEGIES.items() if not strategy.steps]
    if several and several not in known:
        raise ConfigError(f"several = {several!r} is not known. Allowed: {', '.join(known)}.")
    if analysis.combine == "compound":
        return STRATEGIES["steps"]
    if analysis.several == "combine" and not several:
        return STRATEGIES["average"]
    if analysis.several == "model" and not several:
        return STRATEGIES["all"]
    return STRATEGIES[several or {"error": "choose"}.get(analysis.multi_arm, analysis.multi_arm)]


def row_order(analysis: Analysis, row: OutcomeRow) -> tuple[object, ...]:
    """Key by which rows of a study are sorted, so that nothing depends on their order in the tables."""
    outcome, time, statistic, periods, scale = visit_of(row)
    rank = (analysis.outcome.index(outcome), time if time is not None else float("inf"), statistic, periods, scale)
    rest = tuple(str(getattr(row, name)) for name in type(row).key)
    return (*rank, natural_order(arms_named(row)), rest, row.file, row.line)


def _choose(analysis: Analysis, study: Study, pairs: Sequence[Pair]) -> Sequence[Pair]:
    """The pair of the visit that counts; several arms there are refused."""
    best = _nearest(analysis, study, pairs)
    for side in (0, 1):
        rows = _side(best, side)
        if len(rows) > 1:
            raise _several_arms(analysis, study, rows)
    return best


def _combine(analysis: Analysis, study: Study, pairs: Sequence[Pair]) -> Sequence[Pair]:
    """The visit that counts, the arms of each side taken as one; nothing if both sides have an arm in common."""
    best = _nearest(analysis, study, pairs)
    one, two = _side(best, 0), tuple(r for r in _side(best, 1) if not isinstance(r, Contrast))
    if isinstance(one[0], Contrast) and len(one) > 1:
        raise _several_arms(analysis, study, one)
    return [(one, two)] if not {arms_named(r) for r in one} & {arms_named(r) for r in two} else []


def _split(analysis: Analysis, study: Study, pairs: Sequence[Pair]) -> Sequence[Pair]:
    """Every experimental arm of the visit that counts against the one control arm, which is split between them."""
    best = _nearest(analysis, study, pairs)
    controls = _side(best, 1)
    if isinstance(best[0][0][0], Contrast) and len(best) > 1:
        raise _several_arms(analysis, study, _side(best, 0))
    if len(controls) > 1:
        raise _several_arms(analysis, study, controls)
    return best


def _all(analysis: Analysis, study: Study, pairs: Sequence[Pair]) -> Sequence[Pair]:
    """Every pair: all times of the window, all scales, each arm with each; a published contrast stands for its arms."""
    firsts = [(pair, pair[0][0]) for pair in pairs]
    published = {(r.outcome, r.timepoint_h, r.scale) for _, r in firsts if isinstance(r, Contrast)}
    rest = [p for p, r in firsts if isinstance(r, Contrast) or (r.outcome, r.timepoint_h, r.scale) not in published]
    for side in (0, 1):
        _refuse_repeats(analysis, study, _side(rest, side))
    return rest


def _nearest(analysis: Analysis, study: Study, pairs: Sequence[Pair]) -> Sequence[Pair]:
    """Pairs of the visit that counts: outcome preferred first, then time nearest to the target, then the earlier.

    Of the kinds of rows the one that the analysis names first counts.
    """
    target = analysis.time.target if analysis.time else None

    def rank(pair: Pair) -> tuple[int, int, float, float, int]:
        row = pair[0][0]
        time = row.timepoint_h if row.timepoint_h is not None else float("inf")
        statistic = analysis.statistic.index(row.statistic) if isinstance(row, Continuous) else 0
        distance = abs(time - target) if target is not None and time != float("inf") else time
        scale = analysis.scale.index(row.scale) if analysis.scale else 0
        return (analysis.outcome.index(row.outcome), statistic, distance, time, scale)

    able = _preferred(analysis, pairs)
    first = min(map(rank, able))
    best = [p for p in able if rank(p) == first]
    for side in (0, 1):
        rows = _side(best, side)
        _refuse_repeats(analysis, study, rows, len({visit_of(r) for r in rows}) > 1)
    return best


def _preferred(analysis: Analysis, pairs: Sequence[Pair]) -> Sequence[Pair]:
    """Pairs of the kind of rows that the analysis names first, of those that the study has."""
    kinds = kinds_of(analysis)
    first = min(kinds.index(kind_of(pair[0][0])) for pair in pairs)
    return [p for p in pairs if kinds.index(kind_of(p[0][0])) == first]


def _average(analysis: Analysis, study: Study, pairs: Sequence[Pair]) -> Sequence[Pair]:
    """Every visit and scale of the preferred outcome, the arms of each side as one; printed effects as they are."""
    able = _preferred(analysis, pairs)
    outcome = min(analysis.outcome.index(p[0][0].outcome) for p in able)
    able = [p for p in able if analysis.outcome.index(p[0][0].outcome) == outcome]
    printed = [p for p in able if isinstance(p[0][0], Contrast)]
    _refuse_repeats(analysis, study, _side(printed, 0))
    made = list(printed)
    for visit in dict.fromkeys(visit_of(p[0][0]) for p in able if not isinstance(p[0][0], Contrast)):
        here = [p for p in able if visit_of(p[0][0]) == visit]
        one, two = _side(here, 0), tuple(r for r in _side(here, 1) if not isinstance(r, Contrast))
        for rows in (one, two):
            _refuse_repeats(analysis, study, rows)
        made += [(one, two)] if not {arms_named(r) for r in one} & {arms_named(r) for r in two} else []
    return made


def _side(pairs: Iterable[Pair], side: int) -> tuple[OutcomeRow, ...]:
    """Rows of one side, each once."""
    return tuple({id(row): row for pair in pairs for row in pair[side]}.values())


def _by_place(rows: Iterable[OutcomeRow]) -> list[OutcomeRow]:
    return sorted(rows, key=lambda row: (row.file, row.line))


def _refuse_repeats(analysis: Analysis, study: Study, rows: Sequence[OutcomeRow], visits: bool = False) -> None:
    """Refuse several rows for one quantity, and of several scales of the same patients (`visits`) each but one."""
    if visits or len({(visit_of(r), arms_named(r)) for r in rows}) < len(rows):
        what = f"{study.label} has several rows that fit analysis {analysis.id!r} equally well"
        rows = _by_place(rows)
        names = (f"{arms_named(r)}, scale {r.scale or '(none)'}, {r.timepoint_h} h, line {r.line}" for r in rows)
        fix = (
            "Fix: name scales under `scale` in the order in which they count; or several: combine; or give rows for "
            "one quantity a conflict id and choose one."
        )
        raise DataError([Problem("E031", what, rows[0].file, rows[0].line, details=(f"rows: {'; '.join(names)}", fix))])


def _several_arms(analysis: Analysis, study: Study, rows: Sequence[OutcomeRow]) -> DataError:
    """Several arms of one side; published contrasts of them cannot be added up."""
    rows = _by_place(rows)
    what = f"{study.label} has {len(rows)} arms that fit analysis {analysis.id!r}"
    instead = "." if isinstance(rows[0], Contrast) else ", or set multi_arm: combine (or split)."
    fix = f"Fix: narrow `dose_mg_per_kg` or `agent` of the analysis{instead}"
    listed = f"arms: {', '.join(arms_named(r) for r in rows)}"
    return DataError([Problem("E029", what, rows[0].file, rows[0].line, details=(listed, fix))])


def _by_difference(comparisons: Sequence[Comparison]) -> Sequence[Comparison]:
    """Names with what differs between the comparisons of a study."""
    differ = [len(set(values)) > 1 for values in zip(*(c.key for c in comparisons), strict=True)]
    if not any(differ):
        return comparisons
    names = [", ".join(x or "not stated" for x, d in zip(c.key, differ, strict=True) if d) for c in comparisons]
    return [replace(c, label=f"{c.label} ({words})") for c, words in zip(comparisons, names, strict=True)]


def _shares(comparisons: Sequence[Comparison]) -> Sequence[Comparison]:
    """Comparisons with one control arm, each with its share of the control's patients and events."""
    parts = len(comparisons)
    if parts < 2:
        return comparisons
    found = []
    for c in _by_difference(comparisons):
        inputs = {name: x / parts if name in ("e2", "n2") else x for name, x in c.inputs.items()}
        sizes = [inputs.get(name) for name in ("n1", "n2")]
        size = round(sum(x for x in sizes if x is not None)) if None not in sizes else None
        note = Note("control_split", parts=parts)
        found.append(replace(c, inputs=inputs, participants=size, notes=(*c.notes, note)))
    return found


def _as_one(comparisons: Sequence[Comparison]) -> Sequence[Comparison]:
    """Several effects of a study as the average that they become."""
    if len(comparisons) < 2:
        return comparisons
    first = comparisons[0]
    rows = tuple({id(r): r for c in comparisons for r in c.rows}.values())
    sizes = [c.participants for c in comparisons if c.participants is not None]
    size = max(sizes) if len(sizes) == len(comparisons) else None
    one = tuple({a.arm_id: a for c in comparisons for a in c.experimental}.values())
    two = tuple({a.arm_id: a for c in comparisons for a in c.control}.values())
    group = " or ".join(dict.fromkeys(c.group for c in comparisons))
    notes = tuple(dict.fromkeys(n for c in comparisons for n in c.notes))
    made = Comparison(first.study, first.label, one, two, rows, {}, size, group, notes, "averaged", tuple(comparisons))
    return [made]


def _by_step(comparisons: Sequence[Comparison]) -> Sequence[Comparison]:
    """Names of the steps."""
    return [replace(c, label=f"{c.experimental[0].arm_id} ({c.experimental[0].drug})") for c in comparisons]


STRATEGIES = {
    "choose": Strategy(_choose),
    "combine": Strategy(_combine),
    "split": Strategy(_split, _shares),
    "average": Strategy(_average, _as_one),
    "all": Strategy(_all, _by_difference),
    "steps": Strategy(_all, _by_step, steps=True),
}
