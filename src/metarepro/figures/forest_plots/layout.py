"""Where the columns of a forest plot stand: measured, and folded under the labels where the page is too narrow."""

from __future__ import annotations

import re
from dataclasses import dataclass

from metarepro.figures.forest_plots.columns import Column, Fold
from metarepro.figures.forest_plots.rows import Row
from metarepro.figures.page.layout import MM
from metarepro.figures.page.look import GAP, LEADING, MARGIN, ROW, SIZE, SMALL
from metarepro.figures.page.text import text_width, wrap
from metarepro.figures.styles import NO_BREAK

LABEL_MIN, LABEL_MAX = 90.0, 190.0
# Room for one light of risk of bias.
LIGHT_PITCH = 9.5
SMALL_LEADING = 8.2


@dataclass(frozen=True)
class Attempt:
    """How much is folded, and the least that labels and plot then need."""

    folded: frozenset[Fold]
    stacked: bool
    label: float
    plot: float
    gap: float


ATTEMPTS = (
    Attempt(frozenset(), False, LABEL_MIN, 150.0, GAP),
    Attempt(frozenset(), False, 72.0, 105.0, 7.0),
    Attempt(frozenset(), False, 72.0, 95.0, 5.5),
    Attempt(frozenset({"user"}), False, 72.0, 105.0, 7.0),
    Attempt(frozenset({"user", "data"}), False, 72.0, 90.0, 7.0),
    Attempt(frozenset({"user", "data", "weight"}), False, 66.0, 66.0, 5.0),
    Attempt(frozenset({"user", "data", "weight"}), True, 62.0, 58.0, 4.0),
    Attempt(frozenset({"user", "data", "weight", "effect"}), True, 60.0, 58.0, 4.0),
)
# From this width on (two columns of a journal) the plot has a third of it.
WIDE = 170 * MM
# Least room beside the plot, where arrows reach.
_ARROW = 6.0


@dataclass
class Placement:
    """Columns with their places, the plot between them, and rows wrapped to them."""

    width: float
    label: float
    left: list[Column]
    right: list[Column]
    lights: list[str]
    lights_left: float
    plot_left: float
    plot_width: float
    note_width: float
    attempt: Attempt

    @property
    def columns(self) -> list[Column]:
        """All columns that are shown."""
        return [*self.left, *self.right]


def place(
    rows: list[Row], left: list[Column], right: list[Column], lights: list[str], width: float, head: str
) -> Placement:
    """Place the columns in a width, and wrap the rows to it; what has no room is folded."""
    tried = []
    for number, attempt in enumerate(ATTEMPTS):
        fits, placement = _try(attempt, rows, left, right, lights, width, head)
        if not fits and number + 1 < len(ATTEMPTS):
            continue
        tried.append((sum(r.height for r in rows), placement))
        # Whether intervals stand beside or below their estimates is a matter of which page is the shorter.
        if number + 1 == len(ATTEMPTS) or ATTEMPTS[number + 1].folded != attempt.folded:
            break
        if attempt.stacked == ATTEMPTS[number + 1].stacked:
            break
    best = min(tried, key=lambda t: t[0])[1]
    return _try(best.attempt, rows, left, right, lights, width, head)[1]


def _try(
    attempt: Attempt, rows: list[Row], left: list[Column], right: list[Column], lights: list[str], width: float,
    head: str,
) -> tuple[bool, Placement]:  # fmt: skip
    """Place and wrap with so much folded; whether it fits."""
    shown_left, shown_right = ([c for c in cs if c.fold not in attempt.folded] for cs in (left, right))
    shown_lights = lights if "user" not in attempt.folded else lights[-1:]
    _measure(rows, [*shown_left, *shown_right], attempt)
    _widen_for_spans(shown_left, attempt.gap)
    beside = max(attempt.gap, _ARROW)
    further = lights or any(c.fold == "user" for c in left)  # who asks for more columns takes the room from the plot
    third = width >= WIDE and attempt is not ATTEMPTS[-1] and not further
    plot = max(attempt.plot, width / 3) if third else attempt.plot
    needed = 2 * MARGIN + attempt.gap + sum(c.width + c.before + attempt.gap for c in shown_left) + beside
    needed += beside + sum(c.width + attempt.gap for c in shown_right)
    needed += len(shown_lights) * LIGHT_PITCH if shown_lights else -attempt.gap if shown_right else 0.0
    natural = max(_natural_label(rows, head), _widest_folded(rows, attempt.folded), _folded_line(rows, attempt.folded))
    least = min(max(attempt.label, text_width(head, SIZE, "bold")), natural)
    free = width - needed - plot
    label = max(min(natural, LABEL_MAX, free), min(least, natural))
    placement = Placement(
        width, label, shown_left, shown_right, shown_lights, 0.0, 0.0, max(width - needed - label, 20.0), 0.0, attempt
    )
    _set_places(placement)
    for row in rows:
        wrap_row(row, placement)
    return needed + least + plot <= width, placement


def _natural_label(rows: list[Row], head: str) -> float:
    widths = [
        text_width(r.label, SIZE, "bold" if r.bold else "normal") + r.indent
        for r in rows
        if r.kind != "note" and r.label
    ]
    return min(max([*widths, text_width(head, SIZE, "bold")]), LABEL_MAX)


def _widest_folded(rows: list[Row], folded: frozenset[Fold]) -> float:
    """Room that numbers under the labels need: a number is never broken (a long word of a user's may be)."""
    pieces = [
        (piece, row.indent)
        for row in rows
        for name in folded & {"effect", "data", "weight"}
        for piece in row.folded.get(name, "").replace(NO_BREAK, " ").split(" ")
    ]
    return max((text_width(f"{piece};", SMALL) + indent for piece, indent in pieces), default=0.0)


def _folded_line(rows: list[Row], folded: frozenset[Fold]) -> float:
    """Room in which most lines under the labels stand in one."""
    widths = sorted(text_width("; ".join(_folded_words(r, folded)), SMALL) + r.indent for r in rows if r.folded)
    return min(widths[3 * len(widths) // 4], LABEL_MAX) if widths else 0.0


def _folded_words(row: Row, folded: frozenset[Fold]) -> list[str]:
    return [row.folded[f] for f in ("effect", "data", "user", "weight") if f in folded and row.folded.get(f)]


def _measure(rows: list[Row], columns: list[Column], attempt: Attempt) -> None:
    for column in columns:
        column.lines = {}
        stacked = attempt.stacked and column.key == "effect"
        widths = [0.0]
        for number, row in enumerate(rows):
            text = row.cells.get(column.key, "")
            lines = _stack(text) if stacked else [text] if text else []
            column.lines[number] = lines
            widths += [text_width(t, SIZE, "bold" if row.bold else "normal") for t in lines]
        column.point = 0.0
        if column.key == "effect" and not stacked:
            entries = [(line, r.bold) for number, r in enumerate(rows) for line in column.lines[number]]
            leads = [before_point(*entry) for entry in entries]
            column.point = max(leads, default=0.0)
            widths += [
                column.point - lead + text_width(line, SIZE, "bold" if bold else "normal")
                for (line, bold), lead in zip(entries, leads, strict=True)
            ]
        room = max(widths) if stacked else 1e9
        column.header = [line for head in column.heads for line in wrap(head, max(room, 40.0), SIZE, "bold")]
        widths += [text_width(t, SIZE, "bold") for t in column.header if t]
        column.width = max(widths, default=0.0)
        column.before = 0.0


def before_point(text: str, bold: bool) -> float:
    """Width of a number before its decimal point; of a text without a number at its start nothing is aligned."""
    found = re.match(r"[<>]?[-\u2212]?\d[\d\u2009,]*", text)
    return text_width(found.group(), SIZE, "bold" if bold else "normal") if found else 0.0


def _stack(text: str) -> list[str]:
    """Estimate over interval."""
    cut = min((i for i in (text.find(" ("), text.find(" [")) if i > 0), default=-1)
    return [text] if cut < 0 else [text[:cut], text[cut + 1 :]]


def _widen_for_spans(columns: list[Column], gap: float) -> None:
    """A spanning head needs its width from the columns below it."""
    spans = list(dict.fromkeys(c.span for c in columns if c.span))
    first = spans[0] if spans else ""
    for span in spans:
        members = [c for c in columns if c.span == span]
        have = sum(c.width for c in members) + gap * (len(members) - 1)
        need = text_width(span, SIZE, "bold")
        # The arms stand a little farther apart than the columns of one arm.
        members[0].before = max(need - have, 0.0 if span == first else 3.0)


def _set_places(p: Placement) -> None:
    gap = p.attempt.gap
    x = MARGIN + p.label + gap
    for column in p.left:
        column.x = x + column.before / 2
        x += column.before + column.width + gap
    p.note_width = x - gap - MARGIN
    beside = max(gap, _ARROW)
    p.plot_left = x - gap + beside
    x = p.plot_left + p.plot_width + beside + gap
    for column in p.right:
        column.x = x
        x += column.width + gap
    p.lights_left = x


def wrap_row(row: Row, p: Placement) -> None:
    """Break the texts of a row to the width of its place, and take its height."""
    if row.kind == "note":
        row.lines, row.small = [], wrap(row.label, max(p.note_width - row.indent, 60.0), SMALL)
        row.height = ROW + (len(row.small) - 1) * LEADING
        return
    weight = "bold" if row.bold else "normal"
    room = p.label - row.indent
    row.lines = wrap(row.label, room, SIZE, weight)
    words = _folded_words(row, p.attempt.folded)
    row.small = wrap("; ".join(words), room, SMALL) if words else []
    label = ROW + (max(len(row.lines), 1) - 1) * LEADING + len(row.small) * SMALL_LEADING
    cells = max((len(cell_lines(c, row)) for c in p.columns), default=1)
    row.height = max(label, ROW + (max(cells, 1) - 1) * LEADING)


def cell_lines(column: Column, row: Row) -> list[str]:
    """Lines of a cell: one, or two where estimates stand over their intervals."""
    text = row.cells.get(column.key, "")
    if text and any(len(v) > 1 for v in column.lines.values()):
        return _stack(text)
    return [text] if text else []
