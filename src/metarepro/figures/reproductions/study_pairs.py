"""Printed against recomputed effects, study by study: two intervals a row, both numbers, the verdict."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING, Any

from metarepro.effects import Measure
from metarepro.errors import DataError
from metarepro.figures.page import numbers as fmt
from metarepro.figures.page.axes import Values
from metarepro.figures.page.figure import Figure, figures_of
from metarepro.figures.page.layout import Canvas, Cell, page_width, put_text
from metarepro.figures.page.look import SIZE
from metarepro.figures.page.panel import axis_of
from metarepro.figures.page.text import clean, counted
from metarepro.figures.reproductions import pairs, printed

if TYPE_CHECKING:
    from metarepro.reproduction.result import PrintedNumbers, Reproduction, StudyReproduction

TURNED = "sign turned"
MEANINGS = {
    "exact": "the recomputed numbers round to the printed ones",
    "rounding": "they do within what the rounding of the printed means and standard deviations allows",
    "differs": "they do not",
    "not checkable": "the report prints no effect of the study, or not what it would be computed from",
}


def study_pairs(reproduction: Reproduction, width_mm: float = 174.0) -> Figure:
    """Draw the printed effects of a result's studies against the recomputed ones, all in one figure.

    Parameters
    ----------
    reproduction : Reproduction
        Its `studies` are the rows, in the order of the report.
    width_mm : float
        Width at print, exactly; in a narrow column numbers and plot stand below the words. The height follows from
        the rows; more than about fifty are read better in `study_pairs_pages`.

    Returns
    -------
    matplotlib.figure.Figure
        Its data have the pooled result in the first row, then a row a study, with
        printed and recomputed numbers in full.

    Raises
    ------
    DataError
        When the report prints no effects of studies.
    ConfigError
        When `width_mm` is no width of a page.

    Notes
    -----
    Not a forest plot: nothing is weighted, and the order is that of the report. One formula is taken for all studies,
    the one that gives the printed effects of most; that others give them too is shown by `specification_strip`. For
    errors of the kind that such a comparison finds see Gøtzsche and others [1]_.

    References
    ----------
    .. [1] Gøtzsche PC, Hróbjartsson A, Maric K, Tendal B. Data extraction errors in meta-analyses that use
       standardized mean differences. JAMA 2007;298:430-7. doi:10.1001/jama.298.4.430
    """
    return study_pairs_pages(reproduction, width_mm, math.inf)[0]


def study_pairs_pages(reproduction: Reproduction, width_mm: float = 174.0, height_mm: float = 250.0) -> list[Figure]:
    """As `study_pairs`, on pages of at most `height_mm`, all with one axis."""
    r = reproduction
    rows, page = study_rows(r), page_width(width_mm)
    canvases = pairs.draw_pairs(
        [_section(r, rows)], page, height_mm, heads=("Study", ""), title=title(r), notes=_notes(r, rows),
        meanings=MEANINGS, of="studies", caption=lambda canvas, y: _caption(canvas, r, y),
    )  # fmt: skip
    return figures_of(canvases, title(r), describe(r))


def _section(r: Reproduction, rows: list[pairs.Row]) -> pairs.Section:
    measure = _measure(r)
    name = measure.label if r.code else clean(r.measure) or "Effect"
    axis = axis_of(measure, [v for row in rows for v in (row.values, row.others)])
    heading = fmt.axis_name(name, measure, "log" if axis.log else "")
    # A plain number has no line of no effect, as in the comparison of results.
    return pairs.Section(pairs.family_of(r), measure, heading, axis, rows)


def _scale(r: Reproduction) -> float:
    """Factor from printed numbers to the display scale; percentages and shares are not mixed within one table."""
    given = (r.printed, *(s.printed for s in r.studies))
    return min(printed.scale_of(dataclasses.replace(r, printed=p)) for p in given)


def _measure(r: Reproduction) -> Measure:
    """The measure, in the unit of the print."""
    return printed.measure_as_printed(r, _scale(r))


def study_rows(reproduction: Reproduction) -> list[pairs.Row]:
    """A row a study: what is printed, what was recomputed, and the verdict. Raises DataError when there is none."""
    r = reproduction
    if not r.studies:
        raise DataError(
            f"The printed result {r.id!r} has no effects of single studies to compare: its report prints none, or not "
            "the numbers they would be computed from. Add them to published_inputs.csv, or draw the pooled result by "
            "metarepro.figures.dumbbell."
        )
    scale = _scale(r)
    return [_row(r, s, number, scale) for number, s in enumerate(r.studies)]


def _row(r: Reproduction, study: StudyReproduction, number: int, scale: float) -> pairs.Row:
    n = study.recomputed
    others = (n.estimate, n.ci_low, n.ci_high)
    values = _on_display_scale(study.printed, scale)
    basis: Any = "none" if math.isnan(n.estimate) else "printed inputs"
    turned = study.verdict in ("exact", "rounding") and _turned(values[0], n.estimate)
    label = clean(study.label) or f"Study {number + 1}"
    verdict, numbers = clean(study.verdict), pairs.pair_cells(study.printed, values, others)
    return pairs.Row(
        f"s{number}", "", label, "", "", TURNED if turned else "", printed.printed_text(study.printed),
        pairs.NOT_RECOMPUTED if basis == "none" else _computed(r, study.printed, others, scale), values, others, basis,
        verdict, {"shows": "study", "study": label, **numbers, "verdict": verdict},
    )  # fmt: skip


def _on_display_scale(given: PrintedNumbers, scale: float) -> Values:
    estimate, low, high = (scale * printed.as_number(t) for t in (given.estimate, given.ci_low, given.ci_high))
    return estimate, low, high


def _turned(given: float, computed: float) -> bool:
    """Whether one is the other with its sign turned."""
    return given * computed < 0 and abs(given + computed) < abs(given - computed)


def _computed(r: Reproduction, given: PrintedNumbers, values: Values, scale: float) -> str:
    """Recomputed numbers at the printed precision, by the measure's rule where nothing is printed."""
    like = printed.at_printed_precision(given, values, scale)
    return printed.computed_text(_measure(r), values) if like is None else printed.printed_text(like)


# -- words -------------------------------------------------------------------------------------------------------


def title(reproduction: Reproduction) -> str:
    """The review, and what the result is about."""
    r = reproduction
    named = ": ".join(p for p in (clean(r.label) or clean(r.id), printed.subject(r)) if p)
    return f"{named}. Printed and recomputed effects of the studies"


def _pooled(r: Reproduction) -> tuple[str, dict[str, Cell]]:
    """The pooled result in words, and its row of the data."""
    n, scale, verdict = r.recomputed, _scale(r), clean(r.verdict)
    others = (math.nan,) * 3
    if r.basis == "printed inputs" and n is not None:
        others = (n.estimate, n.ci_low, n.ci_high)
    text = f"Pooled result: printed {printed.printed_text(r.printed)}"
    if not math.isnan(others[0]):
        text += f", recomputed {_computed(r, r.printed, others, scale)}"
    numbers = pairs.pair_cells(r.printed, _on_display_scale(r.printed, scale), others)
    return f"{text}: {verdict}.", {"shows": "pooled", "study": "", **numbers, "verdict": verdict}


def _caption(canvas: Canvas, r: Reproduction, y: float) -> float:
    text, cells = _pooled(r)
    with canvas.data_row(**cells):
        return put_text(canvas, text, y + 2 - SIZE * 1.3, leading=SIZE * 1.3) + 2 + SIZE * 1.3


def _notes(r: Reproduction, rows: list[pairs.Row]) -> list[str]:
    formulas = list(dict.fromkeys(clean(s.formula) for s in r.studies if s.formula))
    marks = "Hollow circle: as printed. Filled circle: recomputed from the numbers that the report prints of the study."
    marks += " Lines: intervals, the recomputed ones 95% by the normal distribution. Arrow: it goes on."
    if printed.measure_of(r).null is not None and r.code:
        marks += " Vertical line: no effect."
    if any(printed.NONE in row.printed for row in rows):
        marks += f" {printed.NONE}: not printed."
    if _measure(r).percent and _scale(r) == 1:
        marks += f" {pairs.SHARES}"
    found = [f"{marks} Recomputed numbers have as many decimals as the printed ones."]
    if formulas:
        many = "Formulas" if len(formulas) > 1 else "Formula"
        found.append(
            f"{many} of the effects: {'; '.join(formulas)}. It is one for all studies, the one that gives the printed "
            "numbers of most."
        )
    if any(row.own == TURNED for row in rows):
        found.append(
            "Sign turned: the same number with the other sign, where the report subtracts the other way round."
        )
    return found


def describe(reproduction: Reproduction) -> str:
    """Text alternative: how many of each verdict, the pooled result, then every study."""
    rows = study_rows(reproduction)
    counts = ", ".join(f"{n} {word}" for word in MEANINGS if (n := sum(row.verdict == word for row in rows)))
    lines = []
    for row in rows:
        again = row.recomputed if row.basis == "none" else f"recomputed {row.recomputed}"
        turned = f" ({row.own})" if row.own else ""
        lines.append(f"{row.name}: printed {row.printed}; {again}{turned}; {row.verdict}.")
    how = counted(len(rows)) + (f": {counts}" if counts else "")
    said = " ".join([*lines, *_notes(reproduction, rows)])
    return f"{title(reproduction)}. {_pooled(reproduction)[0]} {how}. {said}"
